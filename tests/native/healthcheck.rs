//! `gatewright healthcheck`, by which container engines see that the service answers.

use std::path::Path;

use gatewright_tests::host::{Host, native};

use super::refused;

fn check(folder: &Path, settings: &[(&str, &str)]) -> std::process::Command {
    let mut command = native(folder, &["healthcheck"]);
    command.envs(settings.iter().copied());
    command
}

#[test]
fn a_health_check_finds_the_service_by_its_settings() {
    for path in ["", "/id"] {
        let base = format!("https://auth.example.com{path}");
        let mut host = Host::start(&[("PUBLIC_BASE_URL", &base)]);
        let (_, port) = host.base().rsplit_once(':').unwrap();
        let (folder, all) = (host.folder().to_owned(), format!("0.0.0.0:{port}"));
        let settings = [("LISTEN", &*all), ("PUBLIC_BASE_URL", &*base)];
        assert!(check(&folder, &settings).status().unwrap().success());

        let elsewhere = [
            ("LISTEN", &*all),
            ("PUBLIC_BASE_URL", "https://x.example/y"),
        ];
        let said = refused(check(&folder, &elsewhere));
        assert!(said.contains("/y/healthz answers \"HTTP/1.1 404"), "{said}");

        host.kill();
        let said = refused(check(&folder, &settings));
        assert!(said.contains("no answer from http://127.0.0.1:"), "{said}");
    }
}
