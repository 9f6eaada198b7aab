//! What must hold of a root at a key service: the protocol to the letter, and nothing believed that does not fit.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

// The one service of the tests; those from end to end have it too, and use more of it.
#[path = "../../../tests/harness/kms.rs"]
mod kms;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use keys::file::{Custodian, FileStore, Root, RootError, RootKind, StoreError, SystemChance};
use keys::root::transit::{Access, AccessToken, Address, Transit, TransitError};
use kms::{ACCESS, Kms, Mood};

fn access() -> Access {
    Access {
        token: AccessToken::Given(ACCESS.to_owned().into()),
        namespace: None,
        authorities: None,
    }
}

fn root(kms: &Kms) -> Transit {
    root_with(kms, access())
}

fn root_with(kms: &Kms, access: Access) -> Transit {
    Transit::new(kms.root().parse::<Address>().unwrap(), access).unwrap()
}

fn opens(directory: &Path, root: &Transit) -> Result<(), StoreError> {
    FileStore::open(directory, Root::Custodian(root)).map(drop)
}

#[test]
fn a_keyring_opens_under_its_service() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("keys");
    let mut chance = SystemChance::new().unwrap();
    let kms = Kms::start();
    kms.set_namespace("north/clinics");
    let root = root_with(
        &kms,
        Access {
            namespace: Some("north/clinics".to_owned()),
            ..access()
        },
    );
    let (_, keyring) = FileStore::create(&directory, Root::Custodian(&root), &mut chance).unwrap();
    assert_eq!(
        FileStore::root_kind_in(&directory).unwrap(),
        RootKind::Transit
    );
    assert_eq!(
        FileStore::root_key_in(&directory).unwrap(),
        Some(kms.root())
    );
    let (_, back) = FileStore::open(&directory, Root::Custodian(&root)).unwrap();
    assert_eq!(back.secret().expose(), keyring.secret().expose());
    assert_eq!(kms.faults(), [""; 0]);
}

#[test]
fn after_a_rotation_the_wrap_is_made_anew_and_the_old_one_is_no_longer_needed() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("keys");
    let file = directory.join("keyring.json");
    let mut chance = SystemChance::new().unwrap();
    let kms = Kms::start();
    let root = root(&kms);
    let (mut store, keyring) =
        FileStore::create(&directory, Root::Custodian(&root), &mut chance).unwrap();
    let before = fs::read_to_string(&file).unwrap();
    assert!(!store.renew(&root, &keyring, &mut chance).unwrap());
    assert_eq!(fs::read_to_string(&file).unwrap(), before);

    kms.rotate();
    assert!(store.renew(&root, &keyring, &mut chance).unwrap());
    let after = fs::read_to_string(&file).unwrap();
    assert!(before.contains("vault:v1:") && after.contains("vault:v2:"));
    assert!(!after.contains("vault:v1:"));
    opens(&directory, &root).unwrap();
    assert!(!store.renew(&root, &keyring, &mut chance).unwrap());

    // A service that would lose the secret in the rewrap is found out before the old wrap goes.
    kms.rotate();
    kms.set(Mood::Lying);
    let error = store.renew(&root, &keyring, &mut chance).unwrap_err();
    assert!(
        matches!(error, StoreError::Root(RootError::Other)),
        "{error:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), after);
    assert_eq!(kms.faults(), [""; 0]);
}

#[test]
fn a_service_that_is_away_is_told_from_one_that_refuses() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("keys");
    let mut chance = SystemChance::new().unwrap();
    let kms = Kms::start();
    let root = root(&kms);
    FileStore::create(&directory, Root::Custodian(&root), &mut chance).unwrap();
    for (mood, away, words) in [
        (Mood::Down, true, "cannot be reached"),
        (Mood::Sealed, true, "Vault is sealed"),
        (Mood::Denying, true, "permission denied"),
        (Mood::Failing, true, "1 error occurred:"),
        (Mood::Nonsense, true, "not JSON"),
        (Mood::Elsewhere, false, "307"),
        (Mood::Lying, false, "another secret"),
    ] {
        kms.set(mood);
        let error = opens(&directory, &root).unwrap_err();
        assert_eq!(error.is_away(), away, "{mood:?}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(words), "{mood:?}: {text}");
        assert!(!text.contains(['\n', '\t']), "{text:?}");
        assert!(!error.hint().is_empty());
    }
    kms.set(Mood::Well);
    opens(&directory, &root).unwrap();
    assert_eq!(kms.faults(), [""; 0]);
}

#[test]
fn a_keyring_that_another_service_wrapped_does_not_open() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("keys");
    let mut chance = SystemChance::new().unwrap();
    let (own, other) = (Kms::start(), Kms::start());
    FileStore::create(&directory, Root::Custodian(&root(&own)), &mut chance).unwrap();
    // The other one knows a wrap of that very name, for another secret.
    root(&other)
        .wrap(&keys::KeyringSecret::random(&mut chance))
        .unwrap();
    let error = opens(&directory, &root(&other)).unwrap_err();
    assert!(
        matches!(error, StoreError::Root(RootError::Other)),
        "{error:?}"
    );
    assert!(!error.is_away());
}

#[test]
fn the_token_of_access_is_read_anew_each_time_and_must_not_be_everybodys() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("token");
    let mut chance = SystemChance::new().unwrap();
    let secret = keys::KeyringSecret::random(&mut chance);
    let kms = Kms::start();
    let root = root_with(
        &kms,
        Access {
            token: AccessToken::File(file.clone()),
            ..access()
        },
    );
    let error = root.wrap(&secret).unwrap_err();
    assert!(matches!(error, RootError::Handed(_)) && error.is_away());

    fs::write(&file, "hvs.expired\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = root.wrap(&secret).unwrap_err();
    assert!(
        matches!(error, RootError::Transit(TransitError::Denied { .. })) && error.is_away(),
        "{error:?}"
    );

    fs::write(&file, format!("{ACCESS}\n")).unwrap();
    let wrapped = root.wrap(&secret).unwrap();
    assert_eq!(root.unwrap(&wrapped).unwrap().expose(), secret.expose());

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let error = root.wrap(&secret).unwrap_err();
    assert!(matches!(error, RootError::Handed(_)) && !error.is_away());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "two\nlines\n").unwrap();
    let error = root.wrap(&secret).unwrap_err();
    assert!(
        matches!(error, RootError::Transit(TransitError::Header)),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("lines"));
}

#[test]
fn what_no_service_wrapped_is_not_sent_to_one() {
    let kms = Kms::start();
    for wrapped in ["", "vault:v1:", "0123456789abcdef"] {
        let error = root(&kms).unwrap(wrapped).unwrap_err();
        assert!(matches!(error, RootError::NotItsWrap(RootKind::Transit)));
    }
    assert_eq!(kms.asked("decrypt"), 0);
}

/// Everything that any crate logs by `log`, at every level.
struct Heard(Mutex<String>);

impl log::Log for Heard {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut heard = self.0.lock().unwrap();
        writeln!(heard, "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

#[test]
fn neither_the_secret_nor_the_token_of_access_is_logged_at_any_level() {
    static HEARD: Heard = Heard(Mutex::new(String::new()));
    log::set_logger(&HEARD).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let kms = Kms::start();
    let root = root(&kms);
    let secret = keys::KeyringSecret::from_bytes(b"thirty-two characters of secrecy");
    let wrapped = root.wrap(&secret).unwrap();
    root.unwrap(&wrapped).unwrap();
    let heard = HEARD.0.lock().unwrap();
    assert!(heard.contains("ureq"), "nothing was heard:\n{heard}");
    for line in heard.lines() {
        // A dump of bytes has sixteen of them a line.
        for planted in ["thirty-two", "dGhpcnR5", "hvs.only", "6876 732e", "6447"] {
            assert!(!line.contains(planted), "{line}");
        }
    }
}
