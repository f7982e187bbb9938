//! Help, and the commands that explain and check settings.

use std::path::Path;

use gatewright::{native_settings, summary};
use gatewright_tests::host::native;

use super::refused;

fn output(folder: &Path, arguments: &[&str]) -> String {
    let output = native(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn without_arguments_the_program_says_how_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = native(folder.path(), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    for part in [
        "gatewright serve",
        "gatewright admin create",
        "gatewright config",
        "--help",
        "docs",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.lines().count() <= 10, "{said}");
}

#[test]
fn help_is_short_first_and_complete_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str]| output(folder.path(), arguments);
    let (short, long) = (help(&["-h"]), help(&["--help"]));
    for command in [
        "Run a service:",
        "  serve ",
        "Administer users and access:",
        "  user ",
        "Move data:",
        "  import ",
    ] {
        assert!(
            short.contains(command) && long.contains(command),
            "{command}: {short}"
        );
    }
    assert!(long.contains("Examples:") && !short.contains("Examples:"));

    let flags = |help: &str| help.matches("\n      --").count();
    let (short, long) = (help(&["serve", "-h"]), help(&["serve", "--help"]));
    assert!(flags(&short) <= 10, "{short}");
    assert!(
        short.contains("--listen") && short.contains("--help` lists them by task"),
        "{short}"
    );
    let mut rest = long.as_str();
    for setting in native_settings().filter(|setting| !setting.secret) {
        let flag = format!("\n      {} ", gatewright::flag_name(setting.name));
        let (before, after) = rest
            .split_once(&flag)
            .unwrap_or_else(|| panic!("{flag}: {long}"));
        let heading = format!("\n{}:", setting.group.title());
        let first = native_settings().find(|other| other.group == setting.group && !other.secret);
        assert_eq!(
            before.contains(&heading),
            first == Some(setting),
            "{}",
            setting.name
        );
        rest = after;
    }
}

#[test]
fn config_lists_the_settings_and_explains_one() {
    let folder = tempfile::tempdir().unwrap();
    let list = output(folder.path(), &["config"]);
    for setting in native_settings() {
        let line = list
            .lines()
            .find(|line| line.trim_start().split(' ').next() == Some(setting.name));
        assert!(line.unwrap().ends_with(&summary(setting)), "{line:?}");
    }
    let one = output(folder.path(), &["config", "PROFILE_FIELDS"]);
    for part in [
        "PROFILE_FIELDS\n",
        "Form: ",
        "Default:   []",
        "Example:   PROFILE_FIELDS='[{",
        "Hosts:     native host",
    ] {
        assert!(one.contains(part), "{part}: {one}");
    }
    assert_eq!(output(folder.path(), &["config", "--profile-fields"]), one);
    assert_eq!(output(folder.path(), &["config", "profile-fields"]), one);
    let said = refused(native(folder.path(), &["config", "smtp-hots"]));
    assert!(
        said.contains("there is no setting SMTP_HOTS: did you mean SMTP_HOST,"),
        "{said}"
    );
}

#[test]
fn config_check_reports_every_problem_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = "JWT_ALGORITHM=none\nSECRET_KEY=much-too-short\nEMAIL_PROVIDER=smtp\n";
    std::fs::write(folder.path().join(".env"), file).unwrap();
    let mut command = native(folder.path(), &["config", "check", "--threads=99"]);
    command.env("COOKIE_DOMAIN", "example.com");
    let said = refused(command);
    for part in [
        "6 settings are not accepted",
        "JWT_ALGORITHM: \"none\" is not accepted (set in .env)\n    accepted: EdDSA, ES256",
        "    example:  JWT_ALGORITHM=ES256\n",
        "SECRET_KEY: the value is not accepted (set in .env)\n    accepted: at least 32 bytes",
        "THREADS: \"99\" is not accepted (set as --threads)\n    accepted: 0 to 64",
        "COOKIE_DOMAIN: ",
        "(set in the environment)",
        "EMAIL_FROM: not set, but EMAIL_PROVIDER smtp requires it",
        "SMTP_HOST: not set, but EMAIL_PROVIDER smtp requires it",
        "`gatewright config NAME`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("much-too-short"), "{said}");
    // A start stops at the first one, and names the command that reports all.
    let said = refused(native(folder.path(), &["serve", "--listen", "127.0.0.1:0"]));
    assert!(
        said.contains("`gatewright config check` reports every problem"),
        "{said}"
    );
    std::fs::write(folder.path().join(".env"), "").unwrap();
    assert_eq!(
        output(folder.path(), &["config", "check"]),
        "every setting is accepted\n"
    );
    assert!(!folder.path().join("data").exists());
}
