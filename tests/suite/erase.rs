//! `rempart vault erase`: what a pointer stands for is told first, deleted when that is asked for, and recorded.

use std::fs;
use std::process::Output;

use e2e::{Protocols, curl, run};

use crate::common::{App, CODE, person, url};

#[test]
fn an_erased_value_is_revealed_no_more_and_the_journal_says_so() {
    let app = App::start(Protocols::Both);
    let path = url("/people/7");
    let put = curl(&app.gateway, &["-X", "PUT", "--json", &person(), &path]);
    assert_eq!(put.status, 201);
    let stored = app.origin.stored("/people/7").expect("it is stored");
    let stored: serde_json::Value = serde_json::from_slice(&stored).expect("JSON");
    let pointer = stored["code"].as_str().expect("a pointer");
    let revealed = || curl(&app.gateway, &[&path]).json()["code"].clone();

    let told = erase(&app, &[pointer]);
    assert!(told.status.success(), "{told:?}");
    assert!(said(&told).contains("a value of code"), "{told:?}");
    assert!(said(&told).contains("Nothing was erased"), "{told:?}");
    assert_eq!(revealed(), CODE);

    // One that is no pointer of this app stops all.
    let mut wrong = pointer.to_owned();
    let last = wrong.pop();
    wrong.push(if last == Some('2') { '3' } else { '2' });
    let refused = erase(&app, &["--yes", pointer, &wrong]);
    assert!(!refused.status.success(), "{refused:?}");
    assert_eq!(revealed(), CODE);

    let erased = erase(&app, &["--yes", &pointer.to_uppercase()]);
    assert!(erased.status.success(), "{erased:?}");
    assert!(said(&erased).contains("1 value erased"), "{erased:?}");
    assert!(said(&erased).contains("Copies of the vault"), "{erased:?}");
    assert_ne!(revealed(), CODE);
    let journal = fs::read_to_string(app.gateway.home().join("journal.jsonl")).expect("a journal");
    let record = journal.lines().find(|line| line.contains("erased"));
    let record = record.expect("the journal tells of it");
    assert!(
        record.contains("\"field\":\"code\"") && !record.contains(CODE),
        "{record}"
    );

    let again = erase(&app, &["--yes", pointer]);
    assert!(said(&again).contains("erased already"), "{again:?}");
    app.nothing_leaked();
}

fn erase(app: &App, rest: &[&str]) -> Output {
    let home = app.gateway.home().display().to_string();
    let mut arguments = vec!["vault", "erase", "--home", &home, "--app", "crm"];
    arguments.extend(rest);
    run(&arguments)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
