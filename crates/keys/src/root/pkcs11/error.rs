//! What can go wrong with a token, and what to do about it.

use std::path::PathBuf;

use cryptoki::error::{Error, RvError};

/// Why a token did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The library that speaks to the token cannot be used.
    #[error("the PKCS#11 module {path} cannot be used")]
    Module {
        /// The library.
        path: PathBuf,
        /// Why.
        source: Error,
    },
    /// No slot holds the token.
    #[error("no token answers to {key}")]
    NoToken {
        /// What was looked for.
        key: String,
    },
    /// Several slots hold such a token.
    #[error("several tokens answer to {key}")]
    ManyTokens {
        /// What was looked for.
        key: String,
    },
    /// The token has no such key.
    #[error("the token has no key {key}")]
    NoKey {
        /// What was looked for.
        key: String,
    },
    /// The token has several.
    #[error("the token has several keys {key}")]
    ManyKeys {
        /// What was looked for.
        key: String,
    },
    /// The token asks for a PIN, and the URI names no file that holds it.
    #[error("the token asks for a PIN, and `pin-source` is missing")]
    PinNeeded,
    /// The PIN is not the one.
    #[error("the token does not take the PIN")]
    PinRefused,
    /// Too many wrong PINs were given.
    #[error("the token is locked after wrong PINs")]
    PinLocked,
    /// The token cannot wrap keys as RFC 3394 does.
    #[error("the token does not have the mechanism CKM_AES_KEY_WRAP (0x2109)")]
    NoMechanism,
    /// The key can be read out of the token.
    #[error("the key {key} may leave its token: it is extractable, or not sensitive")]
    NotKept {
        /// Which key.
        key: String,
    },
    /// The token said no to something that should work.
    #[error("the token did not {step}")]
    Step {
        /// What was tried.
        step: &'static str,
        /// What it said.
        source: Error,
    },
}

impl TokenError {
    /// For `map_err`: what was tried. A PIN that was refused is told apart, since to try it again locks the token.
    pub(super) fn at(step: &'static str) -> impl Fn(Error) -> Self {
        move |source| match source {
            Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid,
                _,
            ) => Self::PinRefused,
            Error::Pkcs11(RvError::PinLocked, _) => Self::PinLocked,
            source => Self::Step { step, source },
        }
    }

    /// Whether the token may answer later with nothing changed here. Never with a PIN that it refused.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Module { .. } | Self::NoToken { .. } | Self::Step { .. } => true,
            Self::ManyTokens { .. }
            | Self::NoKey { .. }
            | Self::ManyKeys { .. }
            | Self::PinNeeded
            | Self::PinRefused
            | Self::PinLocked
            | Self::NoMechanism
            | Self::NotKept { .. } => false,
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Module { .. } => {
                "see whether `module-path` names the library of the token's maker, and what that library needs itself"
            }
            Self::NoToken { .. } => {
                "plug the token in, or see in its maker's tool under which label it is known"
            }
            Self::ManyTokens { .. } => "add `serial=…` to the URI",
            Self::NoKey { .. } => {
                "a new home makes its key with `rempart init --root pkcs11:…`; an existing one needs the key it was made under"
            }
            Self::ManyKeys { .. } => "give each key of the token a label of its own",
            Self::PinNeeded => "add `pin-source=file:/…` to the URI",
            Self::PinRefused => {
                "put the right PIN into the file of `pin-source`, then restart or send SIGHUP: it is not tried again by itself"
            }
            Self::PinLocked => "unlock the token with its maker's tool",
            Self::NoMechanism => "use a token that wraps by RFC 3394",
            Self::NotKept { .. } => "name another key, and let Rempart make it in the token",
            Self::Step { .. } => "look at the token with its maker's tool, and at that library's log",
        }
        .to_owned()
    }
}
