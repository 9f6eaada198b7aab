//! The embedded root: a key in a file beside the keyring, for trying, and for machines whose disk is the boundary
//! anyway.

use std::path::Path;

use zeroize::Zeroizing;

use crate::chance::Chance;
use crate::file::{StoreError, whole};
use crate::hex;

/// What wraps: 32 bytes that only the root gives.
pub(crate) struct RootKey(Box<Zeroizing<[u8; 32]>>);

/// The file of the key.
const FILE: &str = "root.key";
/// The line in it before the key.
const START: &str = "rempart-root-1:";

impl RootKey {
    /// All zeros, to be filled in place.
    pub(crate) fn empty() -> Self {
        Self(Box::new(Zeroizing::new([0; 32])))
    }

    /// The key in `directory`, made where there is none. One that is there without a keyring wraps nothing and comes
    /// from an interrupted creation, or belongs to a keyring that was moved away: it is used, never replaced.
    pub(crate) fn in_directory(
        directory: &Path,
        chance: &mut dyn Chance,
    ) -> Result<Self, StoreError> {
        match Self::read(directory) {
            Err(StoreError::Absent { .. }) => {
                let mut key = Self::empty();
                chance.fill(key.as_mut());
                whole::write_new(&directory.join(FILE), &key.to_text(), chance)?;
                Ok(key)
            }
            read => read,
        }
    }

    /// The key in `directory`.
    pub(crate) fn read(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        let text = whole::read(&path)?;
        Self::from_text(&text).ok_or(StoreError::RootKey { path })
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        self.0.as_mut_slice()
    }

    /// The one line of `root.key`.
    fn to_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(self.0.as_slice()));
        Zeroizing::new([START, &digits, "\n"].concat())
    }

    fn from_text(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(START)?.trim_end();
        let mut key = Self::empty();
        hex::decode_into(digits, key.as_mut())?;
        Some(key)
    }
}
