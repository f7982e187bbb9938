//! Facts that several files have to repeat.

use std::collections::BTreeSet;

use gatewright::native_settings;
use gatewright_tests::repository;

use crate::dockerfile::Dockerfile;
use crate::read;

/// Settings of other programs in the same files.
const OTHERS: [&str; 4] = ["CMD", "DOMAIN", "POSTGRES_PASSWORD", "POSTGRES_USER"];

/// Returns the files for deployments.
fn files() -> Vec<String> {
    let is_one = |path: &String| {
        let compose = path.starts_with("compose.");
        let deploy = path.starts_with("deploy/");
        path == "Dockerfile" || compose || deploy
    };
    let files: Vec<_> = repository::files().into_iter().filter(is_one).collect();
    assert!(files.len() > 8, "{files:?}");
    files
}

/// Returns the lines of a file that aren't comments.
fn lines(path: &str) -> Vec<String> {
    let text = read(path);
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// Returns the values that follow a name in these files.
fn values(name: &str) -> BTreeSet<String> {
    let lines = files().into_iter().flat_map(|path| lines(&path));
    let values = lines.filter_map(|line| {
        let (_, rest) = line.split_once(name)?;
        let is_end = |c: char| c.is_whitespace() || c == ',';
        rest.split(is_end).next().map(str::to_owned)
    });
    values.collect()
}

/// Returns the words that can be the name of a setting: three capital letters and more.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        word.len() > 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.bytes().all(plain)
    })
}

#[test]
fn every_setting_in_the_files_exists() {
    let mut known: BTreeSet<_> = native_settings().map(|setting| setting.name).collect();
    known.extend(OTHERS);
    let mut found = 0;
    for path in files().iter().filter(|path| path.ends_with(".yaml")) {
        for line in lines(path) {
            let Some((key, _)) = line.split_once(':') else {
                continue;
            };
            // `NAME: value`, and in Kubernetes `- name: NAME`.
            let listed = line.strip_prefix("- name: ");
            for name in names(key).chain(listed.into_iter().flat_map(names)) {
                assert!(known.contains(name), "{path}: {name} in {line}");
                found += 1;
            }
        }
    }
    assert!(found > 15, "{found}");
    for (name, _) in Dockerfile::read().environment() {
        assert!(known.contains(name), "{name}");
    }
}

#[test]
fn the_files_have_the_user_of_the_image() {
    let dockerfile = Dockerfile::read();
    let (user, group) = dockerfile.user();
    let numbers = [("runAsUser: ", user), ("runAsGroup: ", group)];
    for (name, number) in numbers {
        assert_eq!(values(name), [number.to_owned()].into(), "{name}");
    }
    assert_eq!(values("--chown="), [format!("{user}:{group}")].into());
}

#[test]
fn the_files_write_to_the_folder_of_the_image() {
    let folder = Dockerfile::read().one("WORKDIR").to_owned();
    assert_eq!(values("WorkingDirectory="), [folder.clone()].into());
    let parent = values("StateDirectory=").into_iter();
    let parent: BTreeSet<_> = parent.map(|name| format!("/var/lib/{name}")).collect();
    assert_eq!(parent, [folder.clone()].into());
    assert!(read("compose.sqlite.yaml").contains(&format!("gatewright:{folder}\"")));
}

/// A process that is killed while requests are in progress loses them.
#[test]
fn the_files_wait_longer_than_the_service_for_its_requests() {
    let setting = native_settings().find(|row| row.name == "SHUTDOWN_TIMEOUT_SECONDS");
    let needed: u32 = setting.unwrap().default.unwrap().parse().unwrap();
    for name in [
        "TimeoutStopSec=",
        "stop_grace_period: ",
        "terminationGracePeriodSeconds: ",
    ] {
        let found = values(name);
        assert!(!found.is_empty(), "{name}");
        for seconds in found {
            let seconds: u32 = seconds.trim_end_matches('s').parse().unwrap();
            assert!(seconds > needed + 5, "{name}{seconds}");
        }
    }
}

#[test]
fn caddy_knows_the_hosts_of_the_compose_file_and_they_trust_it() {
    let compose = read("compose.yaml");
    let dockerfile = Dockerfile::read();
    let environment = dockerfile.environment();
    let listen = environment.iter().find(|(name, _)| *name == "LISTEN");
    let (_, port) = listen.unwrap().1.rsplit_once(':').unwrap();
    let caddy = lines("deploy/Caddyfile");
    let hosts = caddy
        .iter()
        .find_map(|line| line.strip_prefix("reverse_proxy "));
    let hosts: Vec<_> = hosts.unwrap().trim_end_matches(" {").split(' ').collect();
    assert_eq!(hosts.len(), 2);
    for host in hosts {
        let name = host.strip_suffix(&format!(":{port}")).unwrap();
        assert!(
            compose.contains(&format!("\n  {name}: *gatewright\n")),
            "{name}"
        );
    }
    assert!(dockerfile.one("EXPOSE") == port && compose.contains("/etc/caddy/Caddyfile:ro"));
    assert_eq!(values("containerPort: "), [port.to_owned()].into());
    let proxy = values("ipv4_address: ").into_iter().next().unwrap();
    assert!(compose.contains(&format!("TRUSTED_PROXIES: {proxy}\n")));
}

/// A file that Git ignores, such as one with secrets, stays out of the image's build.
#[test]
fn docker_ignores_what_git_ignores() {
    let docker = lines(".dockerignore");
    for line in lines(".gitignore") {
        let path = match line.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None => format!("**/{line}"),
        };
        assert!(docker.contains(&path), "{path}");
    }
}
