//! A root in a PKCS#11 token: an AES-256 key that is made in the token, never leaves it, and only wraps and unwraps.
//!
//! The mechanism is `CKM_AES_KEY_WRAP` (0x2109), RFC 3394: 32 bytes need no padding, which spares the question of what
//! each maker understands by the padded variants. The keyring secret is brought into the token as a session object
//! to be wrapped, and comes back as one that may be read; both are gone with the session.

mod custody;
mod error;
mod token;
mod uri;

use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use zeroize::Zeroize as _;

pub use custody::Custody;
pub use error::TokenError;
pub use uri::{Uri, UriError};

use crate::chance::Chance;
use crate::hex;
use crate::root::{Custodian, RootError, RootKind};
use crate::secret::KeyringSecret;
use token::{Visit, visit};

/// 32 bytes in the wrap of RFC 3394: eight more.
const WRAPPED: usize = 40;

/// A root in a PKCS#11 token.
#[derive(Clone, Debug)]
pub struct Pkcs11 {
    uri: Uri,
}

impl Pkcs11 {
    /// The root that `uri` names. Nothing is asked of the token yet.
    pub fn new(uri: Uri) -> Self {
        Self { uri }
    }

    /// Makes the key in the token where it has none of that name, and says what the token says of it; true when it
    /// was made.
    ///
    /// # Errors
    /// Why it was not, or that the one which is there may leave the token.
    pub fn ensure_key(&self, chance: &mut dyn Chance) -> Result<(Custody, bool), RootError> {
        let mut id = [0; 16];
        chance.fill(&mut id);
        visit(&self.uri, |visit| {
            if !visit.wraps()? {
                return Err(TokenError::NoMechanism.into());
            }
            let (key, made) = match self.key(visit) {
                Err(TokenError::NoKey { .. }) => (self.make(visit, id)?, true),
                found => (found?, false),
            };
            let custody = Custody::of(&visit.session, key)?;
            if custody.is_kept() {
                Ok((custody, made))
            } else {
                Err(TokenError::NotKept {
                    key: self.uri.to_string(),
                }
                .into())
            }
        })
    }

    /// What the token says of the key.
    ///
    /// # Errors
    /// Why it says nothing.
    pub fn custody(&self) -> Result<Custody, RootError> {
        visit(&self.uri, |visit| {
            Ok(Custody::of(&visit.session, self.key(visit)?)?)
        })
    }

    /// The one key of this name.
    fn key(&self, visit: &Visit<'_>) -> Result<ObjectHandle, TokenError> {
        let found = visit
            .session
            .find_objects(&[
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::Token(true),
                Attribute::Label(self.uri.object.clone().into_bytes()),
            ])
            .map_err(TokenError::at("look for its key"))?;
        match found.as_slice() {
            [key] => Ok(*key),
            [] => Err(TokenError::NoKey {
                key: self.uri.to_string(),
            }),
            _ => Err(TokenError::ManyKeys {
                key: self.uri.to_string(),
            }),
        }
    }

    fn make(&self, visit: &Visit<'_>, id: [u8; 16]) -> Result<ObjectHandle, TokenError> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::ValueLen(32.into()),
            Attribute::Label(self.uri.object.clone().into_bytes()),
            Attribute::Id(id.to_vec()),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
            Attribute::Encrypt(false),
            Attribute::Decrypt(false),
            Attribute::Sign(false),
            Attribute::Verify(false),
        ];
        visit
            .session
            .generate_key(&Mechanism::AesKeyGen, &template)
            .map_err(TokenError::at("make a key"))
    }
}

impl Custodian for Pkcs11 {
    fn kind(&self) -> RootKind {
        RootKind::Pkcs11
    }

    fn name(&self) -> String {
        self.uri.to_string()
    }

    fn wrap(&self, secret: &KeyringSecret) -> Result<String, RootError> {
        visit(&self.uri, |visit| {
            let key = self.key(visit)?;
            let mut template = passing();
            template.push(Attribute::Value(secret.expose().to_vec()));
            let object = visit.session.create_object(&template);
            wipe(&mut template);
            let object = object.map_err(TokenError::at("take the keyring secret in"))?;
            let wrapped = visit
                .session
                .wrap_key(&Mechanism::AesKeyWrap, key, object)
                .map_err(TokenError::at("wrap"))?;
            if wrapped.len() == WRAPPED {
                Ok(hex::encode(&wrapped))
            } else {
                Err(RootError::NotItsWrap(RootKind::Pkcs11))
            }
        })
    }

    fn unwrap(&self, wrapped: &str) -> Result<KeyringSecret, RootError> {
        let wrapped =
            hex::decode::<WRAPPED>(wrapped).ok_or(RootError::NotItsWrap(RootKind::Pkcs11))?;
        visit(&self.uri, |visit| {
            let key = self.key(visit)?;
            let object = visit
                .session
                .unwrap_key(&Mechanism::AesKeyWrap, key, &wrapped, &passing())
                .map_err(TokenError::at("unwrap"))?;
            let mut told = visit
                .session
                .get_attributes(object, &[AttributeType::Value])
                .map_err(TokenError::at("give the keyring secret back"))?;
            let secret = told.first().and_then(|attribute| match attribute {
                Attribute::Value(bytes) => bytes.as_slice().try_into().ok(),
                _ => None,
            });
            let secret = secret.map(KeyringSecret::from_bytes);
            wipe(&mut told);
            secret.ok_or(RootError::Other)
        })
    }

    /// A key of a token has no versions: a new one is another key, and the keyring is wrapped for it by hand.
    fn renew(&self, _: &str) -> Result<Option<String>, RootError> {
        Ok(None)
    }
}

impl Visit<'_> {
    /// Whether the token wraps as RFC 3394 does.
    fn wraps(&self) -> Result<bool, TokenError> {
        self.module
            .get_mechanism_list(self.slot)
            .map(|list| list.contains(&MechanismType::AES_KEY_WRAP))
            .map_err(TokenError::at("list its mechanisms"))
    }
}

/// What the keyring secret is while it passes through a token: an object of the session, which may be read.
fn passing() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]
}

fn wipe(attributes: &mut [Attribute]) {
    for attribute in attributes {
        if let Attribute::Value(bytes) = attribute {
            bytes.zeroize();
        }
    }
}
