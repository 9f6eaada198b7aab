//! What must hold of a root in a token: its key is made there and stays there, and only it opens the keyring.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "support/token.rs"]
mod token;

use keys::file::{Custodian, FileStore, Root, RootError, RootKind, StoreError, SystemChance};
use keys::root::pkcs11::{Pkcs11, TokenError, Uri};
use token::{Token, with_token, write_pin};

fn root(token: &Token, object: &str) -> Pkcs11 {
    Pkcs11::new(token.uri(object).parse::<Uri>().unwrap())
}

#[test]
fn the_key_is_made_in_the_token_and_never_leaves_it() {
    with_token(
        "the_key_is_made_in_the_token_and_never_leaves_it",
        |token| {
            let mut chance = SystemChance::new().unwrap();
            let root = root(token, "keyring");
            let (custody, made) = root.ensure_key(&mut chance).unwrap();
            assert!(
                made && custody.was_always_kept() && custody.wraps_only,
                "{custody}"
            );
            let (again, made) = root.ensure_key(&mut chance).unwrap();
            assert!(!made, "the key that is there is used");
            assert_eq!(again, custody);
            assert_eq!(root.custody().unwrap(), custody);
            assert_eq!(
                custody.to_string(),
                "made in the token, cannot be read, never could be, cannot be extracted, never could be, wraps and unwraps only"
            );
        },
    );
}

#[test]
fn a_keyring_opens_under_its_token_and_under_no_other_key() {
    with_token(
        "a_keyring_opens_under_its_token_and_under_no_other_key",
        |token| {
            let mut chance = SystemChance::new().unwrap();
            let directory = token.folder().join("keys");
            let (own, other) = (root(token, "keyring"), root(token, "other"));
            own.ensure_key(&mut chance).unwrap();
            other.ensure_key(&mut chance).unwrap();
            let (mut store, mut keyring) =
                FileStore::create(&directory, Root::Custodian(&own), &mut chance).unwrap();
            keyring.ensure_field("crm", "name", &mut chance).unwrap();
            store.save(&mut keyring, &mut chance).unwrap();
            assert_eq!(
                FileStore::root_kind_in(&directory).unwrap(),
                RootKind::Pkcs11
            );
            assert_eq!(
                FileStore::root_key_in(&directory).unwrap().as_deref(),
                Some("pkcs11:token=Rempart%27s%20token;object=keyring")
            );

            let (mut store, back) = FileStore::open(&directory, Root::Custodian(&own)).unwrap();
            let id = back.epochs().next().unwrap().key_id;
            assert_eq!(
                back.epoch_secret(id).unwrap().expose(),
                keyring.epoch_secret(id).unwrap().expose()
            );
            assert!(
                !store.renew(&own, &back, &mut chance).unwrap(),
                "a key has no versions"
            );

            let error = FileStore::open(&directory, Root::Custodian(&other)).unwrap_err();
            assert!(
                matches!(
                    error,
                    StoreError::Root(RootError::Pkcs11(TokenError::Step { .. }))
                ),
                "{error:?}"
            );
            let error = FileStore::open(&directory, Root::KeyFile).unwrap_err();
            assert!(
                matches!(
                    error,
                    StoreError::OtherRoot {
                        expected: RootKind::Pkcs11
                    }
                ),
                "{error:?}"
            );
        },
    );
}

#[test]
fn a_token_that_is_unplugged_is_away_and_opens_again_when_it_is_back() {
    with_token(
        "a_token_that_is_unplugged_is_away_and_opens_again_when_it_is_back",
        |token| {
            let mut chance = SystemChance::new().unwrap();
            let directory = token.folder().join("keys");
            let own = root(token, "keyring");
            own.ensure_key(&mut chance).unwrap();
            FileStore::create(&directory, Root::Custodian(&own), &mut chance).unwrap();

            let unplugged = token.folder().join("unplugged");
            std::fs::rename(token.tokens(), &unplugged).unwrap();
            std::fs::create_dir(token.tokens()).unwrap();
            let error = FileStore::open(&directory, Root::Custodian(&own)).unwrap_err();
            assert!(error.is_away(), "{error:?}");
            assert!(!error.hint().is_empty());
            std::fs::remove_dir(token.tokens()).unwrap();
            std::fs::rename(&unplugged, token.tokens()).unwrap();
            FileStore::open(&directory, Root::Custodian(&own)).unwrap();
        },
    );
}

#[test]
fn a_pin_that_is_refused_is_not_tried_again_by_itself() {
    with_token(
        "a_pin_that_is_refused_is_not_tried_again_by_itself",
        |token| {
            let own = root(token, "keyring");
            write_pin(&token.pin_file(), "000000");
            let error = own.custody().unwrap_err();
            assert!(
                matches!(error, RootError::Pkcs11(TokenError::PinRefused)),
                "{error:?}"
            );
            assert!(!error.is_away());

            std::fs::remove_file(token.pin_file()).unwrap();
            let error = own.custody().unwrap_err();
            assert!(
                matches!(error, RootError::Handed(_)) && error.is_away(),
                "{error:?}"
            );

            write_pin(&token.pin_file(), token::PIN);
            let error = own.custody().unwrap_err();
            assert!(
                matches!(error, RootError::Pkcs11(TokenError::NoKey { .. })),
                "{error:?}"
            );
            assert!(
                !error.is_away(),
                "a key that is not there does not come by waiting"
            );
        },
    );
}

#[test]
fn a_key_that_may_leave_its_token_is_no_root() {
    with_token("a_key_that_may_leave_its_token_is_no_root", |token| {
        use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Module};
        use cryptoki::mechanism::Mechanism;
        use cryptoki::object::Attribute;
        use cryptoki::session::UserType;
        let module = Module::new(token::module()).unwrap();
        module
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .unwrap();
        let slot = module.get_slots_with_initialized_token().unwrap()[0];
        let session = module.open_rw_session(slot).unwrap();
        session
            .login(UserType::User, Some(&token::PIN.to_owned().into()))
            .unwrap();
        let template = [
            Attribute::ValueLen(32.into()),
            Attribute::Token(true),
            Attribute::Extractable(true),
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
            Attribute::Label(b"loose".to_vec()),
        ];
        session
            .generate_key(&Mechanism::AesKeyGen, &template)
            .unwrap();
        drop(session);
        module.finalize().unwrap();

        let error = root(token, "loose")
            .ensure_key(&mut SystemChance::new().unwrap())
            .unwrap_err();
        assert!(
            matches!(error, RootError::Pkcs11(TokenError::NotKept { .. })),
            "{error:?}"
        );
    });
}

#[test]
fn what_no_token_wrapped_is_not_unwrapped() {
    with_token("what_no_token_wrapped_is_not_unwrapped", |token| {
        let own = root(token, "keyring");
        own.ensure_key(&mut SystemChance::new().unwrap()).unwrap();
        for wrapped in ["", "vault:v1:abc", &"0".repeat(78)] {
            let error = own.unwrap(wrapped).unwrap_err();
            assert!(
                matches!(error, RootError::NotItsWrap(RootKind::Pkcs11)),
                "{error:?}"
            );
        }
        own.unwrap(&"0".repeat(80)).unwrap_err();
    });
}
