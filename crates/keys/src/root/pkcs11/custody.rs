//! What a token says of its key: the evidence that the key never left it.

use std::fmt;

use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;

use super::TokenError;

/// What a token says of its key (PKCS#11 §4.8 and §4.10). What it does not say counts against the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Custody {
    /// It was made in the token (`CKA_LOCAL`).
    pub local: bool,
    /// Its value cannot be read (`CKA_SENSITIVE`).
    pub sensitive: bool,
    /// It never could (`CKA_ALWAYS_SENSITIVE`).
    pub always_sensitive: bool,
    /// It cannot be wrapped out of the token (not `CKA_EXTRACTABLE`).
    pub unextractable: bool,
    /// It never could (`CKA_NEVER_EXTRACTABLE`).
    pub never_extractable: bool,
    /// It wraps and unwraps, and neither encrypts nor decrypts: whoever has the session cannot use it to read what it
    /// wrapped without going through an unwrap.
    pub wraps_only: bool,
}

impl Custody {
    /// Reads it back from the token.
    pub(super) fn of(session: &Session, key: ObjectHandle) -> Result<Self, TokenError> {
        let asked = [
            AttributeType::Local,
            AttributeType::Sensitive,
            AttributeType::AlwaysSensitive,
            AttributeType::Extractable,
            AttributeType::NeverExtractable,
            AttributeType::Wrap,
            AttributeType::Unwrap,
            AttributeType::Encrypt,
            AttributeType::Decrypt,
        ];
        let told = session
            .get_attributes(key, &asked)
            .map_err(TokenError::at("say what its key may do"))?;
        let says = |attribute| told.contains(&attribute);
        Ok(Self {
            local: says(Attribute::Local(true)),
            sensitive: says(Attribute::Sensitive(true)),
            always_sensitive: says(Attribute::AlwaysSensitive(true)),
            unextractable: says(Attribute::Extractable(false)),
            never_extractable: says(Attribute::NeverExtractable(true)),
            wraps_only: says(Attribute::Wrap(true))
                && says(Attribute::Unwrap(true))
                && says(Attribute::Encrypt(false))
                && says(Attribute::Decrypt(false)),
        })
    }

    /// Whether the token keeps the key to itself as it stands.
    pub fn is_kept(&self) -> bool {
        self.sensitive && self.unextractable
    }

    /// Whether it always did, from the key's first moment on.
    pub fn was_always_kept(&self) -> bool {
        self.is_kept() && self.local && self.always_sensitive && self.never_extractable
    }
}

impl fmt::Display for Custody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = [
            (self.local, "made in the token"),
            (self.sensitive, "cannot be read"),
            (self.always_sensitive, "never could be"),
            (self.unextractable, "cannot be extracted"),
            (self.never_extractable, "never could be"),
            (self.wraps_only, "wraps and unwraps only"),
        ];
        for (index, (holds, words)) in told.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let not = if *holds { "" } else { "NOT " };
            write!(f, "{comma}{not}{words}")?;
        }
        Ok(())
    }
}
