//! What must hold of the commands: the same work beside a gateway and alone, and what is destroyed is gone.

use std::path::Path;

use keys::{KeyId, SubjectNames};

use super::request::{Answer, Request, State};
use super::{Work, pages};
use crate::cli::{HomeArgs, KeysRestoreArgs, KeysVerifyPagesArgs};
use crate::home::Home;
use crate::keyring::{self, Opened};
use crate::root::Handed;
use crate::settings;

const POLICY: &str = r#"
[app]
id = "crm"
title = "CRM"
hosts = ["crm.example"]
operator = { name = "CRM", jurisdiction = "US" }

[fields.name]
class = "personal"
treatment = "sealed"

[fields.number]
class = "personal"
treatment = "match"
epoch = "pinned"

[[routes]]
match = "POST /people"
body = "json"
protect = [{ at = "$.name", field = "name" }, { at = "$.number", field = "number" }]
"#;

/// A home with a keyring of two fields, and one subject's key.
struct Place {
    _folder: tempfile::TempDir,
    home: Home,
    opened: Opened,
    plan: policy::Plan,
    subject_key: KeyId,
}

fn args(folder: &Path) -> HomeArgs {
    HomeArgs {
        home: Some(folder.to_owned()),
        config: None,
    }
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::named(&args(&folder.path().join("home"))).unwrap();
        home.make(|home| {
            keyring::create(home, &settings::Keys::default(), &Handed::default())?;
            Ok(())
        })
        .unwrap();
        let settings = settings::read(home.settings()).unwrap();
        let mut opened = keyring::open(&home, &settings).unwrap();
        opened
            .ensure([("crm", "name"), ("crm", "number")].into_iter())
            .unwrap();
        let secret = opened.keyring().app_secret("crm", SubjectNames::PURPOSE);
        let subject = SubjectNames::derive(&secret, "crm").name(b"4711");
        let (subject_key, _) = opened
            .change(|keyring, chance| keyring.ensure_subject("crm", "name", subject, chance))
            .unwrap();
        let source = policy::Source::new("crm.toml", POLICY);
        Self {
            plan: policy::compile(&[source]).unwrap().plan,
            _folder: folder,
            home,
            opened,
            subject_key,
        }
    }

    fn asks(&mut self, request: &Request) -> miette::Result<Answer> {
        let journal = journal::Journal::open(&self.home.journal()).unwrap();
        Work {
            opened: &mut self.opened,
            plan: &self.plan,
            journal: &journal,
        }
        .carry_out(request)
    }

    fn journal(&self) -> String {
        std::fs::read_to_string(self.home.journal()).unwrap()
    }

    fn backup(&mut self) -> Vec<std::path::PathBuf> {
        let out = self.home.folder().join("pages");
        let request = Request::Backup {
            threshold: 2,
            shares: 3,
            out,
        };
        match self.asks(&request).unwrap() {
            Answer::BackedUp(made) => made.files,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn i10_a_rotation_starts_epochs_where_there_can_be_two_and_says_where_not() {
    let mut place = Place::new();
    let request = Request::Rotate {
        app: None,
        field: None,
    };
    let Answer::Rotated(rotated) = place.asks(&request).unwrap() else {
        panic!("another answer");
    };
    assert_eq!(rotated.started.len(), 1);
    assert_eq!(
        (&*rotated.started[0].field, rotated.started[0].epoch),
        ("name", 2)
    );
    assert_eq!(rotated.skipped.len(), 1);
    assert!(rotated.skipped[0].why.contains("pinned"));
    assert!(place.journal().contains("\"rotated\""));
    let Answer::Listed(listed) = place.asks(&Request::List).unwrap() else {
        panic!("another answer");
    };
    let states: Vec<State> = listed.epochs.iter().map(|epoch| epoch.state).collect();
    assert_eq!(states, [State::Live, State::Current, State::Current]);
    let unknown = Request::Rotate {
        app: Some("fhir".into()),
        field: None,
    };
    place.asks(&unknown).unwrap_err();
}

#[test]
fn a_backup_is_one_private_file_a_share_and_makes_a_home_that_opens_everything() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut place = Place::new();
    let files = place.backup();
    assert_eq!(files.len(), 3);
    let names = std::fs::read_dir(place.home.folder().join("pages")).unwrap();
    assert_eq!(names.count(), 3, "a file a share and nothing else");
    for file in &files {
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let mut said = Vec::new();
    let pages = files[1..].to_vec();
    pages::verify(
        &KeysVerifyPagesArgs {
            pages: pages.clone(),
        },
        &mut said,
    )
    .unwrap();
    assert!(
        String::from_utf8(said)
            .unwrap()
            .contains("every wrap opens: 2 epochs, 1 subjects")
    );

    let other = tempfile::tempdir().unwrap();
    let restore = KeysRestoreArgs {
        home: args(&other.path().join("home")),
        words: false,
        passphrase: false,
        pages,
    };
    pages::restore(&restore, &mut Vec::new()).unwrap();
    let home = Home::existing(&restore.home).unwrap();
    let settings = settings::read(home.settings()).unwrap();
    let back = keyring::open(&home, &settings).unwrap();
    for epoch in place.opened.keyring().epochs() {
        assert_eq!(
            back.keyring().epoch_secret(epoch.key_id).unwrap().expose(),
            place
                .opened
                .keyring()
                .epoch_secret(epoch.key_id)
                .unwrap()
                .expose()
        );
    }
    back.keyring().field_secret(place.subject_key).unwrap();
    assert!(
        std::fs::read_to_string(home.journal())
            .unwrap()
            .contains("\"restored\"")
    );
    let error = pages::restore(&restore, &mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().starts_with("there is a home at"),
        "{error}"
    );
}

#[test]
fn a_dry_run_says_what_would_go_and_which_backups_hold_it_and_destroys_nothing() {
    let mut place = Place::new();
    place.backup();
    let request = |dry_run| Request::ShredSubject {
        subject: "4711".into(),
        app: None,
        dry_run,
    };
    for dry_run in [true, false] {
        let Answer::Shredded(shredded) = place.asks(&request(dry_run)).unwrap() else {
            panic!("another answer");
        };
        assert_eq!(shredded.done, !dry_run);
        assert_eq!(shredded.keys.len(), 1);
        assert_eq!(shredded.keys[0].key_id, place.subject_key.to_string());
        assert_eq!(shredded.backups.len(), 1);
        assert_eq!(place.journal().contains("shredded-subject"), !dry_run);
        let opens = place
            .opened
            .keyring()
            .field_secret(place.subject_key)
            .is_ok();
        assert_eq!(opens, dry_run);
    }
    assert!(
        !place.journal().contains("4711"),
        "the journal names a pseudonym"
    );
    place.asks(&request(false)).unwrap_err();
}

#[test]
fn an_epoch_that_was_shredded_does_not_open_and_is_in_no_later_backup() {
    let mut place = Place::new();
    let request = |dry_run| Request::ShredEpoch {
        app: "crm".into(),
        field: "name".into(),
        epoch: 1,
        dry_run,
    };
    let Answer::Shredded(shredded) = place.asks(&request(false)).unwrap() else {
        panic!("another answer");
    };
    assert_eq!((shredded.keys.len(), shredded.subject_keys), (1, 1));
    assert_eq!(shredded.backups, []);
    place
        .opened
        .keyring()
        .field_secret(place.subject_key)
        .unwrap_err();
    assert!(place.journal().contains("shredded-epoch"));
    place.asks(&request(true)).unwrap_err();
    place.backup();
    let Answer::Listed(listed) = place.asks(&Request::List).unwrap() else {
        panic!("another answer");
    };
    assert_eq!(listed.epochs[0].state, State::Destroyed);
    assert_eq!(listed.epochs[0].backup, None);
    assert!(listed.epochs[1].backup.is_some());
    // The next value of the field finds a new epoch.
    place.opened.ensure([("crm", "name")].into_iter()).unwrap();
    let last = place.opened.keyring().epochs().last();
    assert!(last.is_some_and(|epoch| epoch.current && epoch.epoch == 2));
}
