//! The keyring's life beside a gateway that goes on: rotation, backup, restoring elsewhere, destruction.

use std::fs;
use std::path::Path;

use e2e::{Protocols, curl, run};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{App, url};

const VALUE: &str = "Marie-Ève Lafrenière";

/// Runs `rempart keys`, which must succeed, and gives back what it printed.
fn keys(arguments: &[&str], home: &Path) -> String {
    let home = home.display().to_string();
    let done = run(&[&["keys"], arguments, &["--home", &home]].concat());
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "keys {arguments:?}: {stderr}");
    String::from_utf8(done.stdout).expect("text")
}

/// The key ids that `keys list` tells of.
fn listed(home: &Path) -> Vec<(String, String)> {
    let list: Value = serde_json::from_str(&keys(&["list", "--json"], home)).expect("JSON");
    let epochs = list["epochs"].as_array().expect("a list").iter();
    epochs
        .map(|epoch| (epoch["key_id"].to_string(), epoch["state"].to_string()))
        .collect()
}

/// Has the gateway protect a value, and gives back the token that the SaaS got.
fn token(app: &App) -> String {
    let body = json!({ "note": VALUE }).to_string();
    assert_eq!(
        curl(&app.gateway, &["--json", &body, &url("/people")]).status,
        201
    );
    let held: Value = serde_json::from_slice(&app.origin.last().body).expect("JSON");
    held["note"].as_str().expect("a token").to_owned()
}

/// What a client sees where the SaaS holds this text.
fn seen(app: &App, held: &str) -> String {
    app.origin
        .store("/pages/one", "text/plain; charset=utf-8", held.to_owned());
    curl(&app.gateway, &[&url("/pages/one")]).text()
}

#[test]
fn i10_a_rotation_beside_a_gateway_stops_nothing_and_old_tokens_still_open() {
    let app = App::start(Protocols::Both);
    let home = app.gateway.home();
    let old = token(&app);
    let said = keys(&["rotate", "--field", "note"], &home);
    assert!(said.contains("crm/note: epoch 2"), "{said}");
    let new = token(&app);
    assert_ne!(old[..12], new[..12], "the new token names another key");
    assert_eq!(
        seen(&app, &format!("{old} {new}")),
        format!("{VALUE} {VALUE}")
    );
    app.nothing_leaked();
}

#[test]
fn a_backup_beside_a_gateway_asks_nothing_and_brings_every_key_back_elsewhere() {
    let app = App::start(Protocols::Both);
    let home = app.gateway.home();
    assert!(app.gateway.said().contains("no backup"), "the start warns");
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("pages");
    keys(&["backup", "--out", &out.display().to_string()], &home);
    let mut pages: Vec<String> = fs::read_dir(&out)
        .expect("pages")
        .map(|page| page.expect("a page").path().display().to_string())
        .collect();
    assert_eq!(pages.len(), 5, "a file a share");
    pages.sort();
    let doctor = run(&["doctor", "--home", &home.display().to_string()]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("holds every key"));

    let chosen: Vec<&str> = [1, 2, 4].iter().map(|page| pages[*page].as_str()).collect();
    let restored = folder.path().join("home");
    keys(&[&["restore"], &chosen[..]].concat(), &restored);
    assert_eq!(listed(&restored), listed(&home));
    let said = keys(&["verify"], &restored);
    assert!(said.contains("every wrap opens"), "{said}");
    let two = run(&[
        "keys",
        "restore",
        "--home",
        "/nonexistent/home",
        chosen[0],
        chosen[1],
    ]);
    let stderr = String::from_utf8_lossy(&two.stderr);
    assert!(!two.status.success());
    assert!(
        stderr.contains("3 shares are needed, and 2 were given"),
        "{stderr}"
    );
}

#[test]
fn what_was_shredded_beside_a_gateway_is_not_revealed_again() {
    let app = App::start(Protocols::Both);
    let home = app.gateway.home();
    let old = token(&app);
    assert_eq!(seen(&app, &old), VALUE);
    let epoch = ["shred", "--app", "crm", "--field", "note", "--epoch", "1"];
    let would = keys(&[&epoch[..], &["--dry-run"]].concat(), &home);
    assert!(would.contains("would become unreadable"), "{would}");
    assert_eq!(seen(&app, &old), VALUE, "nothing was destroyed");
    keys(&[&epoch[..], &["--yes"]].concat(), &home);
    assert!(!seen(&app, &old).contains(VALUE));
    let new = token(&app);
    assert_eq!(seen(&app, &new), VALUE, "the field has a new key");
    let journal = fs::read_to_string(home.join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("\"shredded-epoch\""), "{journal}");
}
