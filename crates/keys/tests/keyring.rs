//! What must hold of a keyring, wherever it is kept.

mod support;

use keys::{Catalogue, Chance, EpochSecret, Keyring, KeyringError, KeyringSecret};
use support::Counter;

fn keyring() -> (Keyring, Counter) {
    let mut chance = Counter(1);
    let mut keyring = Keyring::create(&mut chance);
    for (app, field) in [("crm", "name"), ("crm", "note"), ("fhir", "name")] {
        assert_eq!(keyring.ensure_field(app, field, &mut chance), Ok(true));
    }
    (keyring, chance)
}

/// The keyring written down and read back.
fn again(keyring: &Keyring, catalogue: Catalogue) -> Result<Keyring, KeyringError> {
    Keyring::from_catalogue(
        KeyringSecret::from_bytes(keyring.secret().expose()),
        catalogue,
    )
}

#[test]
fn a_field_gets_one_epoch_however_often_it_is_asked_for() {
    let (mut keyring, mut chance) = keyring();
    assert_eq!(keyring.ensure_field("crm", "name", &mut chance), Ok(false));
    let epochs: Vec<_> = keyring
        .epochs()
        .map(|e| (e.app, e.field, e.epoch, e.current, e.live))
        .collect();
    assert_eq!(
        epochs,
        [
            ("crm", "name", 1, true, true),
            ("crm", "note", 1, true, true),
            ("fhir", "name", 1, true, true)
        ]
    );
}

#[test]
fn i10_a_new_epoch_leaves_the_old_ones_open() {
    let (mut keyring, mut chance) = keyring();
    let old = keyring.epochs().next().unwrap().key_id;
    let secret = *keyring.epoch_secret(old).unwrap().expose();
    let new = keyring.start_epoch("crm", "name", &mut chance).unwrap();
    let state = |id| {
        keyring
            .epochs()
            .find(|e| e.key_id == id)
            .map(|e| (e.epoch, e.current, e.live))
    };
    assert_eq!(state(old), Some((1, false, true)));
    assert_eq!(state(new), Some((2, true, true)));
    assert_eq!(keyring.epoch_secret(old).unwrap().expose(), &secret);
    assert_ne!(keyring.epoch_secret(new).unwrap().expose(), &secret);
}

#[test]
fn a_destroyed_epoch_is_gone_from_what_is_written_down_and_its_field_gets_a_new_one() {
    let (mut keyring, mut chance) = keyring();
    let id = keyring.epochs().next().unwrap().key_id;
    keyring.destroy_epoch(id).unwrap();
    assert_eq!(
        keyring.epoch_secret(id).err(),
        Some(KeyringError::Destroyed(id))
    );
    let text = keyring.catalogue().to_json();
    assert_eq!(text.matches("\"wrapped\"").count(), 2);
    let mut keyring = again(&keyring, Catalogue::from_json(&text).unwrap()).unwrap();
    assert_eq!(
        keyring.epoch_secret(id).err(),
        Some(KeyringError::Destroyed(id))
    );
    assert_eq!(keyring.ensure_field("crm", "name", &mut chance), Ok(true));
    let current: Vec<_> = keyring
        .epochs()
        .filter(|e| e.current && e.app == "crm")
        .map(|e| e.epoch)
        .collect();
    assert_eq!(current, [1, 2]);
}

#[test]
fn what_is_written_down_reads_back_and_gives_the_same_keys() {
    let (keyring, _) = keyring();
    let text = keyring.catalogue().to_json();
    let back = again(&keyring, Catalogue::from_json(&text).unwrap()).unwrap();
    for epoch in keyring.epochs() {
        let one = keyring.epoch_secret(epoch.key_id).unwrap();
        assert_eq!(
            one.expose(),
            back.epoch_secret(epoch.key_id).unwrap().expose()
        );
    }
    assert_eq!(
        keyring.app_secret("crm", "pointer"),
        back.app_secret("crm", "pointer")
    );
    assert_eq!(back.catalogue().to_json(), text);
}

/// Something that is done to the written entries.
type Change<'a> = &'a dyn Fn(&mut Vec<serde_json::Value>);

#[test]
fn an_entry_that_was_changed_exchanged_or_removed_is_noticed() {
    let (keyring, _) = keyring();
    let text = keyring.catalogue().to_json();
    let changes: [Change<'_>; 5] = [
        &|entries| entries.swap(0, 1),
        &|entries| drop(entries.pop()),
        &|entries| entries[0]["epoch"] = 2.into(),
        &|entries| entries[0]["field"] = "note2".into(),
        &|entries| {
            let wrapped = entries[0]["wrapped"].take();
            entries[0]["wrapped"] = entries[1]["wrapped"].take();
            entries[1]["wrapped"] = wrapped;
        },
    ];
    for change in changes {
        let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
        change(document["epochs"].as_array_mut().unwrap());
        let catalogue = Catalogue::from_json(&document.to_string()).unwrap();
        assert_eq!(
            again(&keyring, catalogue).err(),
            Some(KeyringError::Changed)
        );
    }
    let other = KeyringSecret::random(&mut Counter(9));
    let catalogue = Catalogue::from_json(&text).unwrap();
    assert_eq!(
        Keyring::from_catalogue(other, catalogue).err(),
        Some(KeyringError::Changed)
    );
}

#[test]
fn a_catalogue_of_another_version_or_shape_is_refused() {
    let (keyring, _) = keyring();
    let text = keyring.catalogue().to_json();
    let later =
        Catalogue::from_json(&text.replacen("\"version\": 2", "\"version\": 3", 1)).unwrap();
    assert_eq!(again(&keyring, later).err(), Some(KeyringError::Version(3)));
    let odd = text.replacen("\"epochs\"", "\"eqochs\"", 1);
    assert!(matches!(
        Catalogue::from_json(&odd),
        Err(KeyringError::Unreadable { line: 7, .. })
    ));
}

#[test]
fn a_taken_name_is_drawn_again_and_a_source_that_repeats_itself_is_noticed() {
    struct Always(u8);
    impl Chance for Always {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }
    let mut keyring = Keyring::create(&mut Always(1));
    keyring.start_epoch("crm", "name", &mut Always(2)).unwrap();
    assert_eq!(
        keyring.start_epoch("crm", "note", &mut Always(2)),
        Err(KeyringError::Chance)
    );
    assert_eq!(keyring.epochs().count(), 1);
}

#[test]
fn apps_and_purposes_have_secrets_of_their_own() {
    let (keyring, _) = keyring();
    let one = keyring.app_secret("crm", "pointer");
    assert_eq!(one, keyring.app_secret("crm", "pointer"));
    assert_ne!(one, keyring.app_secret("fhir", "pointer"));
    assert_ne!(one, keyring.app_secret("crm", "stable"));
}

#[test]
fn i12_no_secret_is_printed() {
    let (keyring, mut chance) = keyring();
    assert_eq!(format!("{keyring:?}"), "Keyring(‹3 epochs, 0 subjects›)");
    assert_eq!(
        format!("{:?}", keyring.secret()),
        "KeyringSecret(‹32 bytes›)"
    );
    assert_eq!(
        format!("{:?}", EpochSecret::random(&mut chance)),
        "EpochSecret(‹32 bytes›)"
    );
}
