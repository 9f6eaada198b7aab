//! What must hold of subjects: each with keys of its own, written down before they are used, gone when shredded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use keys::file::{FileStore, Root, StoreError, SystemChance};
use keys::{KeyId, Keyring, KeyringError, SubjectName, SubjectNames};
use support::Counter;

fn name(keyring: &Keyring, app: &str, identity: &str) -> SubjectName {
    let secret = keyring.app_secret(app, SubjectNames::PURPOSE);
    SubjectNames::derive(&secret, app).name(identity.as_bytes())
}

/// A keyring in a directory, with two fields and three children.
fn made(directory: &Path) -> (FileStore, Keyring, Vec<KeyId>) {
    let mut chance = Counter(7);
    let (mut store, mut keyring) =
        FileStore::create(directory, Root::KeyFile, &mut chance).unwrap();
    keyring.ensure_field("crm", "name", &mut chance).unwrap();
    keyring.ensure_field("crm", "note", &mut chance).unwrap();
    store.save(&mut keyring, &mut chance).unwrap();
    let mut ids = Vec::new();
    for child in ["41", "42", "43"] {
        for field in ["name", "note"] {
            let child = name(&keyring, "crm", child);
            let (id, made) = keyring
                .ensure_subject("crm", field, child, &mut chance)
                .unwrap();
            assert!(made);
            ids.push(id);
        }
        store.save(&mut keyring, &mut chance).unwrap();
    }
    (store, keyring, ids)
}

fn open(directory: &Path) -> Result<Keyring, StoreError> {
    FileStore::open(directory, Root::KeyFile).map(|(_, keyring)| keyring)
}

fn log(directory: &Path) -> std::path::PathBuf {
    directory.join("subjects.log")
}

#[test]
fn a_subject_has_one_secret_and_a_key_in_each_epoch() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut keyring, ids) = made(home.path());
    let child = name(&keyring, "crm", "41");
    let again = keyring.ensure_subject("crm", "name", child, &mut Counter(8));
    assert_eq!(again, Ok((ids[0], false)));

    let one = keyring.field_secret(ids[0]).unwrap();
    let two = keyring.field_secret(ids[1]).unwrap();
    assert_eq!((one.view.field, two.view.field), ("name", "note"));
    assert_ne!(one.epoch.expose(), two.epoch.expose());
    let (one, two) = (one.subject.unwrap(), two.subject.unwrap());
    assert_eq!((one.0, two.0), (child, child));
    assert_eq!(one.1.expose(), two.1.expose());
    let other = keyring.field_secret(ids[2]).unwrap().subject.unwrap();
    assert_ne!(one.1.expose(), other.1.expose());

    let epoch = keyring.start_epoch("crm", "name", &mut Counter(9)).unwrap();
    let (new, made) = keyring
        .ensure_subject("crm", "name", child, &mut Counter(10))
        .unwrap();
    assert!(made && new != ids[0] && new != epoch);
    let secret = keyring.field_secret(new).unwrap().subject.unwrap();
    assert_eq!(secret.1.expose(), one.1.expose());
}

#[test]
fn what_is_saved_of_subjects_is_there_after_opening_again_without_a_new_keyring_file() {
    let home = tempfile::tempdir().unwrap();
    let (_, keyring, ids) = made(home.path());
    let text = fs::read_to_string(home.path().join("keyring.json")).unwrap();
    assert!(
        !text.contains("\"subjects\": 3"),
        "written before there were any"
    );
    let back = open(home.path()).unwrap();
    assert_eq!(back.subject_count(), keyring.subject_count());
    back.check_wraps().unwrap();
    for id in ids {
        let (one, other) = (
            keyring.field_secret(id).unwrap(),
            back.field_secret(id).unwrap(),
        );
        assert_eq!(one.epoch.expose(), other.epoch.expose());
        let (one, other) = (one.subject.unwrap(), other.subject.unwrap());
        assert_eq!((one.0, one.1.expose()), (other.0, other.1.expose()));
    }
}

#[test]
fn a_write_that_was_cut_short_at_any_byte_loses_only_what_was_not_saved() {
    let home = tempfile::tempdir().unwrap();
    let (mut store, mut keyring, ids) = made(home.path());
    let before = fs::read(log(home.path())).unwrap();
    let child = name(&keyring, "crm", "44");
    let mut chance = Counter(11);
    let (new, _) = keyring
        .ensure_subject("crm", "name", child, &mut chance)
        .unwrap();
    store.save(&mut keyring, &mut chance).unwrap();
    let after = fs::read(log(home.path())).unwrap();
    assert!(after.starts_with(&before));

    for cut in before.len()..=after.len() {
        fs::write(log(home.path()), &after[..cut]).unwrap();
        let back = open(home.path()).unwrap();
        for id in &ids {
            back.field_secret(*id).unwrap();
        }
        assert_eq!(back.field_secret(new).is_ok(), cut == after.len(), "{cut}");
    }
    // What the file system may leave of a write that it did not finish.
    for junk in [&b"\0\0\0\0"[..], b"\xff\xfe", b"{\"app\":"] {
        fs::write(log(home.path()), [&after[..], junk].concat()).unwrap();
        let (mut store, mut back) = FileStore::open(home.path(), Root::KeyFile).unwrap();
        back.field_secret(new).unwrap();
        let child = name(&back, "crm", "45");
        let mut chance = SystemChance::new().unwrap();
        let (id, _) = back
            .ensure_subject("crm", "name", child, &mut chance)
            .unwrap();
        store.save(&mut back, &mut chance).unwrap();
        open(home.path()).unwrap().field_secret(id).unwrap();
    }
}

#[test]
fn a_line_that_was_changed_exchanged_or_taken_out_is_named() {
    let home = tempfile::tempdir().unwrap();
    made(home.path());
    let text = fs::read_to_string(log(home.path())).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let damaged = |lines: &[&str]| {
        fs::write(log(home.path()), lines.join("\n") + "\n").unwrap();
        match open(home.path()) {
            Err(StoreError::Keyring(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    for place in 0..lines.len() {
        let mut changed = lines.clone();
        let line = changed.remove(place);
        if place + 1 < lines.len() {
            assert_eq!(damaged(&changed), KeyringError::LogLine(place + 1));
        }
        // Its last digit belongs to the chain, and every other one to what the chain is over.
        let digit = if line.contains("0\"}") {
            "1\"}"
        } else {
            "0\"}"
        };
        let other = format!("{}{digit}", &line[..line.len() - 3]);
        changed.insert(place, &other);
        assert_eq!(damaged(&changed), KeyringError::LogLine(place + 1));
    }
    let mut exchanged = lines.clone();
    exchanged.swap(2, 3);
    assert_eq!(damaged(&exchanged), KeyringError::LogLine(3));
    let twice = [&lines[..3], &lines[2..]].concat();
    assert_eq!(damaged(&twice), KeyringError::LogLine(4));
}

#[test]
fn a_log_that_is_gone_or_shorter_than_the_catalogue_knew_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let (mut store, mut keyring, _) = made(home.path());
    let mut chance = Counter(12);
    keyring.start_epoch("crm", "name", &mut chance).unwrap();
    store.save(&mut keyring, &mut chance).unwrap();
    let text = fs::read_to_string(log(home.path())).unwrap();
    for kept in [0, 1, 4] {
        let cut: String = text
            .lines()
            .take(kept)
            .map(|line| format!("{line}\n"))
            .collect();
        fs::write(log(home.path()), cut).unwrap();
        assert!(matches!(
            open(home.path()),
            Err(StoreError::Keyring(KeyringError::LogCut { .. }))
        ));
    }
    fs::remove_file(log(home.path())).unwrap();
    let error = open(home.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the log of subjects holds 0 secrets and 0 keys, and held 3 and 6 before"
    );
}

#[test]
fn a_shredded_subject_opens_nowhere_and_a_new_one_of_its_name_has_other_keys() {
    let home = tempfile::tempdir().unwrap();
    let (mut store, mut keyring, ids) = made(home.path());
    let child = name(&keyring, "crm", "42");
    let before = fs::read_to_string(log(home.path())).unwrap();
    let wrap = before.lines().nth(4).unwrap();
    let secret = &wrap[wrap.find("\"secret\":\"").unwrap() + 10..][..64];
    // A write that was cut short earlier left a copy beside.
    let leftover = home.path().join("subjects.log.0123456789abcdef");
    fs::write(&leftover, &before).unwrap();

    assert!(keyring.shred_subject("crm", child));
    assert!(!keyring.shred_subject("crm", child), "once is enough");
    assert!(!keyring.shred_subject("fhir", child));
    store.save(&mut keyring, &mut Counter(13)).unwrap();
    assert!(!leftover.exists());
    for entry in fs::read_dir(home.path()).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(secret), "the wrap is in no file");
    }

    for mut keyring in [keyring, open(home.path()).unwrap()] {
        for id in &ids[2..4] {
            assert_eq!(
                keyring.field_secret(*id).err(),
                Some(KeyringError::Destroyed(*id))
            );
        }
        for id in [&ids[..2], &ids[4..]].concat() {
            keyring.field_secret(id).unwrap();
        }
        let (new, made) = keyring
            .ensure_subject("crm", "name", child, &mut SystemChance::new().unwrap())
            .unwrap();
        assert!(made && !ids.contains(&new));
        let keys: Vec<_> = keyring.keys_of_subject("crm", child).collect();
        assert_eq!(
            keys.iter().map(|key| key.2).collect::<Vec<_>>(),
            [false, false, true]
        );
    }
}

#[test]
fn a_subject_that_came_back_is_there_after_the_log_was_written_anew() {
    let home = tempfile::tempdir().unwrap();
    let (mut store, mut keyring, ids) = made(home.path());
    let mut chance = Counter(14);
    let child = name(&keyring, "crm", "42");
    keyring.shred_subject("crm", child);
    let (new, _) = keyring
        .ensure_subject("crm", "note", child, &mut chance)
        .unwrap();
    store.save(&mut keyring, &mut chance).unwrap();
    keyring.shred_subject("crm", name(&keyring, "crm", "41"));
    store.save(&mut keyring, &mut chance).unwrap();
    let back = open(home.path()).unwrap();
    back.field_secret(new).unwrap();
    for id in &ids[..4] {
        assert_eq!(
            back.field_secret(*id).err(),
            Some(KeyringError::Destroyed(*id))
        );
    }
}

#[test]
fn an_epoch_that_is_destroyed_takes_its_subjects_keys_with_it_and_gets_a_new_one() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut keyring, ids) = made(home.path());
    let epoch = keyring.field_secret(ids[0]).unwrap().view.key_id;
    keyring.destroy_epoch(epoch).unwrap();
    assert_eq!(
        keyring.field_secret(ids[0]).err(),
        Some(KeyringError::Destroyed(ids[0]))
    );
    keyring.field_secret(ids[1]).unwrap();
    let child = name(&keyring, "crm", "41");
    let (new, made) = keyring
        .ensure_subject("crm", "name", child, &mut Counter(15))
        .unwrap();
    assert!(made);
    assert_eq!(keyring.field_secret(new).unwrap().view.epoch, 2);
}

#[test]
fn files_beside_that_a_crash_left_do_not_matter() {
    let home = tempfile::tempdir().unwrap();
    let (_, _, ids) = made(home.path());
    for name in [
        "keyring.json.0011223344556677",
        "subjects.log.0011223344556677",
    ] {
        fs::write(home.path().join(name), "half a wri").unwrap();
    }
    open(home.path()).unwrap().field_secret(ids[0]).unwrap();
}

#[test]
fn a_keyring_of_version_1_opens_and_is_saved_as_the_version_of_today() {
    let home = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-1");
    for (name, file) in [
        ("keyring.json", "keyring.json"),
        ("root.key", "root-key.txt"),
    ] {
        let path = home.path().join(name);
        fs::copy(fixture.join(file), &path).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let known = |keyring: &Keyring| {
        let hex = |bytes: &[u8; 32]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(
            hex(keyring.secret().expose()),
            "34ce2de34e0186073928d2fdd5d14189060fc558c59e865c65079aa68b9ee4e9"
        );
        let secret = keyring.epoch_secret(KeyId(0xf87b_9518)).unwrap();
        assert_eq!(
            hex(secret.expose()),
            "9a7dd8de4d9c772655ff9ced5c67cb84100996d93f2d48ef4e70a2eed70af1a7"
        );
        let gone = KeyId(0xc11a_fdda);
        assert_eq!(
            keyring.epoch_secret(gone).err(),
            Some(KeyringError::Destroyed(gone))
        );
        keyring.check_wraps().unwrap();
    };
    let mut chance = SystemChance::new().unwrap();
    let (mut store, mut keyring) = FileStore::open(home.path(), Root::KeyFile).unwrap();
    known(&keyring);
    assert_eq!(keyring.epochs().count(), 4);

    let child = name(&keyring, "crm", "41");
    let (id, _) = keyring
        .ensure_subject("crm", "name", child, &mut chance)
        .unwrap();
    keyring.ensure_field("crm", "phone", &mut chance).unwrap();
    store.save(&mut keyring, &mut chance).unwrap();
    let back = open(home.path()).unwrap();
    known(&back);
    back.field_secret(id).unwrap();
    let text = fs::read_to_string(home.path().join("keyring.json")).unwrap();
    assert!(text.contains("\"catalogue\": {\n    \"version\": 2"));
}
