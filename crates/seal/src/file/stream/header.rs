//! What stands in front of a sealed file.
//!
//! ```text
//! 8 bytes     1        1      4       32    32
//! 8f rempart  version  suite  key id  salt  commitment to the file's key
//! ```
//!
//! The first byte begins no UTF-8 text, so that no text is taken for a sealed file.

use keys::KeyId;

use super::{COMMITMENT, FileError, SALT};

const MAGIC: &[u8; 8] = b"\x8frempart";
const VERSION: u8 = 1;
/// AES-256-GCM and HKDF-SHA-256.
const SUITE: u8 = 1;

/// The header of a sealed file: which key opens it, and what makes its own key of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    key_id: KeyId,
    pub(super) salt: [u8; SALT],
    pub(super) commitment: [u8; COMMITMENT],
}

impl Header {
    /// Bytes of a header.
    pub const LEN: usize = MAGIC.len() + 2 + 4 + SALT + COMMITMENT;

    pub(super) fn new(key_id: KeyId, salt: [u8; SALT], commitment: [u8; COMMITMENT]) -> Self {
        Self {
            key_id,
            salt,
            commitment,
        }
    }

    /// Whether these bytes are the beginning of a sealed file, as far as they go.
    pub fn may_begin(bytes: &[u8]) -> bool {
        bytes.iter().zip(MAGIC).all(|(byte, magic)| byte == magic)
    }

    /// Reads the header from the first bytes of a file; what follows it is not looked at.
    ///
    /// # Errors
    /// [`FileError::NotSealed`], [`FileError::Short`], or [`FileError::Version`].
    pub fn parse(bytes: &[u8]) -> Result<Self, FileError> {
        if bytes.is_empty() || !Self::may_begin(bytes) {
            return Err(FileError::NotSealed);
        }
        let short = FileError::Short { found: bytes.len() };
        let (_, rest) = bytes.split_first_chunk::<8>().ok_or(short)?;
        let (&[version, suite], rest) = rest.split_first_chunk().ok_or(short)?;
        if (version, suite) != (VERSION, SUITE) {
            return Err(FileError::Version { version, suite });
        }
        let (key_id, rest) = rest.split_first_chunk().ok_or(short)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(short)?;
        let commitment = rest.first_chunk().ok_or(short)?;
        Ok(Self {
            key_id: KeyId::from_bytes(*key_id),
            salt: *salt,
            commitment: *commitment,
        })
    }

    /// The key that the file is sealed under.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The header as it is written.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let parts: [&[u8]; 5] = [
            MAGIC,
            &[VERSION, SUITE],
            &self.key_id.to_bytes(),
            &self.salt,
            &self.commitment,
        ];
        let mut at = 0;
        for part in parts {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        bytes
    }
}
