//! What must hold of a keyring in a directory: there whole or not at all, for its owner and its root alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use keys::KeyringError;
use keys::file::{FileStore, Passphrase, Root, RootKind, StoreError, SystemChance};
use support::Counter;

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_saved_is_there_after_opening_again() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("keys");
    let mut chance = SystemChance::new().unwrap();
    assert!(!FileStore::exists(&directory));
    let (mut store, mut keyring) =
        FileStore::create(&directory, Root::KeyFile, &mut chance).unwrap();
    assert!(keyring.ensure_field("crm", "name", &mut chance).unwrap());
    store.save(&mut keyring, &mut chance).unwrap();

    assert!(FileStore::exists(&directory));
    assert_eq!(
        FileStore::root_kind_in(&directory).unwrap(),
        RootKind::KeyFile
    );
    let (_, back) = FileStore::open(&directory, Root::KeyFile).unwrap();
    let id = back.epochs().next().unwrap().key_id;
    assert_eq!(
        back.epoch_secret(id).unwrap().expose(),
        keyring.epoch_secret(id).unwrap().expose()
    );

    assert_eq!(
        names(&directory),
        ["keyring.json", "root.key"],
        "nothing else is left behind"
    );
    assert_eq!(
        fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for name in names(&directory) {
        assert_eq!(
            fs::metadata(directory.join(name))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
    }
}

#[test]
fn a_passphrase_opens_what_it_made_and_no_other_does() {
    let home = tempfile::tempdir().unwrap();
    let right = Passphrase::new("quatre mots bien choisis".to_owned());
    let (store, keyring) =
        FileStore::create(home.path(), Root::Passphrase(&right), &mut Counter(1)).unwrap();
    assert_eq!(store.root_kind(), RootKind::Passphrase);
    assert_eq!(names(home.path()), ["keyring.json"]);
    let (_, back) = FileStore::open(home.path(), Root::Passphrase(&right)).unwrap();
    assert_eq!(back.secret().expose(), keyring.secret().expose());

    let wrong = Passphrase::new("quatre mots mal choisis".to_owned());
    let error = FileStore::open(home.path(), Root::Passphrase(&wrong)).unwrap_err();
    assert!(matches!(error, StoreError::WrongRoot { .. }));
    let error = FileStore::open(home.path(), Root::KeyFile).unwrap_err();
    assert!(matches!(
        error,
        StoreError::OtherRoot {
            expected: RootKind::Passphrase
        }
    ));
    assert_eq!(error.hint(), "give the passphrase");
    assert_eq!(format!("{wrong:?}"), "Passphrase(‹secret›)");

    // What a changed file asks for is refused before it is tried.
    let path = home.path().join("keyring.json");
    let text = fs::read_to_string(&path).unwrap().replacen(
        "\"memory_kib\": 65536",
        "\"memory_kib\": 4294967295",
        1,
    );
    fs::write(&path, text).unwrap();
    let error = FileStore::open(home.path(), Root::Passphrase(&right)).unwrap_err();
    assert!(matches!(
        error,
        StoreError::Derivation {
            memory_kib: u32::MAX,
            ..
        }
    ));
}

#[test]
fn files_that_others_may_open_are_refused_with_the_command_that_mends_them() {
    let home = tempfile::tempdir().unwrap();
    FileStore::create(home.path(), Root::KeyFile, &mut Counter(1)).unwrap();
    for name in ["root.key", "keyring.json"] {
        let path = home.path().join(name);
        for mode in [0o640, 0o604, 0o660, 0o777] {
            set_mode(&path, mode);
            let error = FileStore::open(home.path(), Root::KeyFile).unwrap_err();
            assert!(matches!(&error, StoreError::Mode { mode: found, .. } if *found == mode));
            assert!(
                error
                    .hint()
                    .starts_with(&format!("chmod 600 {}", path.display()))
            );
        }
        set_mode(&path, 0o600);
    }
    FileStore::open(home.path(), Root::KeyFile).unwrap();
}

#[test]
fn a_keyring_is_never_replaced_by_a_new_one() {
    let home = tempfile::tempdir().unwrap();
    FileStore::create(home.path(), Root::KeyFile, &mut Counter(1)).unwrap();
    let before = fs::read(home.path().join("keyring.json")).unwrap();
    let error = FileStore::create(home.path(), Root::KeyFile, &mut Counter(2)).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }));
    assert_eq!(fs::read(home.path().join("keyring.json")).unwrap(), before);
}

#[test]
fn a_creation_that_stopped_after_its_root_key_may_be_tried_again() {
    let home = tempfile::tempdir().unwrap();
    FileStore::create(home.path(), Root::KeyFile, &mut Counter(1)).unwrap();
    let key = fs::read(home.path().join("root.key")).unwrap();
    fs::remove_file(home.path().join("keyring.json")).unwrap();
    assert!(matches!(
        FileStore::open(home.path(), Root::KeyFile),
        Err(StoreError::Absent { .. })
    ));
    FileStore::create(home.path(), Root::KeyFile, &mut Counter(2)).unwrap();
    assert_eq!(fs::read(home.path().join("root.key")).unwrap(), key);
    FileStore::open(home.path(), Root::KeyFile).unwrap();
}

#[test]
fn a_file_that_was_changed_or_cut_does_not_open() {
    let home = tempfile::tempdir().unwrap();
    let mut chance = Counter(1);
    let (mut store, mut keyring) =
        FileStore::create(home.path(), Root::KeyFile, &mut chance).unwrap();
    keyring.ensure_field("crm", "name", &mut chance).unwrap();
    store.save(&mut keyring, &mut chance).unwrap();
    let path = home.path().join("keyring.json");
    let text = fs::read_to_string(&path).unwrap();
    let open = |text: &str| {
        fs::write(&path, text).unwrap();
        FileStore::open(home.path(), Root::KeyFile)
            .map(|_| ())
            .unwrap_err()
    };
    assert!(matches!(
        open(&text.replacen("\"crm\"", "\"crn\"", 1)),
        StoreError::Keyring(KeyringError::Changed)
    ));
    assert!(matches!(
        open(&text.replacen("\"version\": 1", "\"version\": 7", 1)),
        StoreError::Version { version: 7, .. }
    ));
    assert!(matches!(
        open(&text[..text.len() / 2]),
        StoreError::Unreadable { .. }
    ));
    assert!(matches!(open(""), StoreError::Unreadable { .. }));
    // Every digit of the wrap counts.
    for name in ["salt", "commitment", "secret", "tag"] {
        let start = text.find(&format!("\"{name}\": \"")).unwrap() + name.len() + 5;
        let mut changed = text.clone().into_bytes();
        changed[start] = if changed[start] == b'0' { b'1' } else { b'0' };
        let error = open(std::str::from_utf8(&changed).unwrap());
        assert!(matches!(error, StoreError::WrongRoot { .. }), "{name}");
    }
    fs::write(&path, &text).unwrap();
    fs::write(home.path().join("root.key"), "rempart-root-1:00\n").unwrap();
    assert!(matches!(
        FileStore::open(home.path(), Root::KeyFile),
        Err(StoreError::RootKey { .. })
    ));
}

#[test]
fn a_credential_is_a_passphrase_that_can_be_typed() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("keys");
    let credential = home.path().join("rempart");
    let mut chance = SystemChance::new().unwrap();
    let error = Passphrase::from_credential(&credential).unwrap_err();
    assert!(error.is_away(), "{error:?}");
    fs::write(&credential, "too short\n").unwrap();
    let error = Passphrase::from_credential(&credential).unwrap_err();
    assert!(
        !error.is_away() && !error.to_string().contains("too short"),
        "{error:?}"
    );

    fs::write(&credential, "nBk0ZfXq3m1p/8u2\n").unwrap();
    let handed = Passphrase::from_credential(&credential).unwrap();
    FileStore::create(&directory, Root::Passphrase(&handed), &mut chance).unwrap();
    let typed = Passphrase::new("nBk0ZfXq3m1p/8u2".to_owned());
    FileStore::open(&directory, Root::Passphrase(&typed)).unwrap();
}

#[test]
fn a_descriptor_is_read_once_and_closed() {
    use std::io::Write as _;
    use std::os::fd::IntoRawFd as _;
    let (read, mut write) = std::io::pipe().unwrap();
    writeln!(write, "nBk0ZfXq3m1p/8u2").unwrap();
    drop(write);
    // From here on nobody owns it, as with one that was inherited.
    let number = u16::try_from(read.into_raw_fd()).unwrap();
    let pipe = || fs::read_link(format!("/dev/fd/{number}")).ok();
    let before = pipe();
    Passphrase::from_descriptor(number).unwrap();
    // Another test may have the number by now, never the pipe.
    assert!(before.is_some() && pipe() != before);
    let error = Passphrase::from_descriptor(u16::MAX).unwrap_err();
    assert!(error.is_away(), "{error:?}");
}
