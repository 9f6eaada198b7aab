//! The command as an operator meets it: a home is made once and by whom it should be, and errors say what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use e2e::{Setup, run};
use tempfile::TempDir;

use crate::common::POLICY;

#[test]
fn up_makes_a_home_that_is_its_owners_and_says_how_to_go_on() {
    let gateway = Setup::new().policy("crm.toml", POLICY).start();
    let mode = fs::metadata(gateway.home())
        .expect("a home")
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "the home is its owner's alone: {mode:o}");
    let said = gateway.said();
    for what in [
        gateway.proxy.to_string(),
        gateway.console.to_string(),
        "crm.saas.example".to_owned(),
    ] {
        assert!(said.contains(&what), "{what} is told of:\n{said}");
    }
    let root = gateway.root();
    assert!(
        root.starts_with("-----BEGIN CERTIFICATE-----")
            && root.trim_end().ends_with("-----END CERTIFICATE-----"),
        "{root}"
    );
    let doctor = run(&["doctor", "--home", &gateway.home().display().to_string()]);
    let found = format!(
        "{}{}",
        String::from_utf8_lossy(&doctor.stdout),
        String::from_utf8_lossy(&doctor.stderr)
    );
    assert!(
        found.to_lowercase().contains("root"),
        "a root that lies in a file is warned of: {found}"
    );
}

#[test]
fn the_root_stays_the_same_when_it_is_started_again() {
    let mut gateway = Setup::new().policy("crm.toml", POLICY).start();
    let before = gateway.root();
    gateway.kill_and_restart();
    assert_eq!(gateway.root(), before);
}

#[test]
fn a_command_that_needs_a_home_makes_none() {
    let folder = TempDir::with_prefix("rempart-none-").expect("a folder");
    let home = folder.path().join("home");
    for command in [vec!["ca", "show"], vec!["doctor"]] {
        let mut arguments = command.clone();
        let path = home.display().to_string();
        arguments.extend(["--home", &path]);
        let ended = run(&arguments);
        assert!(!ended.status.success(), "{command:?}");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned()
            + &String::from_utf8_lossy(&ended.stdout);
        assert!(
            said.contains("rempart up") || said.contains("rempart init"),
            "{command:?} says what to do: {said}"
        );
        assert!(!home.exists(), "{command:?}");
    }
}

#[test]
fn policy_check_shows_file_line_text_and_remedy() {
    let folder = TempDir::with_prefix("rempart-policies-").expect("a folder");
    let file = folder.path().join("crm.toml");
    fs::write(
        &file,
        POLICY.replacen("treatment = \"match\"", "treatment = \"mtach\"", 1),
    )
    .expect("a file");
    let line = POLICY
        .lines()
        .position(|line| line.contains("treatment = \"match\""))
        .expect("it stands")
        + 1;
    let path = folder.path().display().to_string();
    let ended = run(&["policy", "check", &path]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned()
        + &String::from_utf8_lossy(&ended.stdout);
    assert!(!ended.status.success(), "{said}");
    for what in ["crm.toml", &line.to_string(), "mtach", "match"] {
        assert!(said.contains(what), "{what}: {said}");
    }
    fs::write(&file, POLICY).expect("a file");
    let ended = run(&["policy", "check", &path]);
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

#[test]
fn settings_that_nobody_knows_are_refused() {
    let folder = TempDir::with_prefix("rempart-settings-").expect("a folder");
    let file = folder.path().join("rempart.toml");
    fs::write(&file, "[upstream]\nextra_root = []\n").expect("a file");
    let home = folder.path().join("home").display().to_string();
    let ended = run(&[
        "up",
        "--home",
        &home,
        "--config",
        &file.display().to_string(),
        "--listen",
        "127.0.0.1:0",
        "--console",
        "127.0.0.1:0",
    ]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        !ended.status.success() && said.contains("extra_root"),
        "{said}"
    );
}
