//! Secrets of 32 bytes: boxed, so that moving one leaves no copy behind; wiped when dropped; never printed.

use std::fmt;

use zeroize::Zeroizing;

use crate::chance::Chance;

/// How many bytes every secret of the keyring has.
pub(crate) const LENGTH: usize = 32;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(Box<Zeroizing<[u8; LENGTH]>>);

        impl $name {
            /// Draws a new one.
            pub fn random(chance: &mut dyn Chance) -> Self {
                let mut secret = Self(Box::new(Zeroizing::new([0; LENGTH])));
                chance.fill(secret.0.as_mut_slice());
                secret
            }

            /// Copies one from where it was unwrapped.
            pub fn from_bytes(bytes: &[u8; LENGTH]) -> Self {
                let mut secret = Self(Box::new(Zeroizing::new([0; LENGTH])));
                secret.0.copy_from_slice(bytes);
                secret
            }

            /// The bytes, for whoever derives from them or wraps them.
            pub fn expose(&self) -> &[u8; LENGTH] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(‹32 bytes›)"))
            }
        }
    };
}

secret! {
    /// The secret that a root wraps and from which every app's key is derived.
    KeyringSecret
}

secret! {
    /// The random secret of one epoch of one field: its field key is derived from it, and from nothing else.
    EpochSecret
}

secret! {
    /// The random secret of one subject of one app: without it, nothing that was sealed for the subject opens.
    SubjectSecret
}
