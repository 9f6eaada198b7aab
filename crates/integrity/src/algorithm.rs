//! The digests that apps use, fed in pieces.

use crc_fast::CrcAlgorithm;
use sha2::Digest as _;

use crate::blocks::Blocks;

/// A digest or a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RFC 1321.
    Md5,
    /// FIPS 180-4.
    Sha1,
    /// FIPS 180-4.
    Sha256,
    /// FIPS 180-4.
    Sha512,
    /// CRC-32 of ISO-HDLC (zip, gzip), big-endian.
    Crc32,
    /// CRC-32C (RFC 3720 §12.1), big-endian.
    Crc32c,
    /// CRC-64/NVME, big-endian.
    Crc64Nvme,
    /// Dropbox's: SHA-256 of the SHA-256 of each block of 4 MiB.
    Blocks,
}

/// A digest being computed.
pub struct Hasher(State);

enum State {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
    Crc(crc_fast::Digest, usize),
    Blocks(Blocks),
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher(‹state›)")
    }
}

impl Hasher {
    /// Begins a digest.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        let crc = |algorithm, length| State::Crc(crc_fast::Digest::new(algorithm), length);
        Self(match algorithm {
            Algorithm::Md5 => State::Md5(md5::Md5::default()),
            Algorithm::Sha1 => State::Sha1(sha1::Sha1::default()),
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::default()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::default()),
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc, 4),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi, 4),
            Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme, 8),
            Algorithm::Blocks => State::Blocks(Blocks::default()),
        })
    }

    /// The length of the digest. Bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        match &self.0 {
            State::Md5(_) => 16,
            State::Sha1(_) => 20,
            State::Sha256(_) | State::Blocks(_) => 32,
            State::Sha512(_) => 64,
            State::Crc(_, length) => *length,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Md5(state) => state.update(bytes),
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
            State::Crc(state, _) => state.update(bytes),
            State::Blocks(state) => state.update(bytes),
        }
    }

    /// The digest.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Md5(state) => state.finalize().to_vec(),
            State::Sha1(state) => state.finalize().to_vec(),
            State::Sha256(state) => state.finalize().to_vec(),
            State::Sha512(state) => state.finalize().to_vec(),
            State::Blocks(state) => state.finish(),
            State::Crc(state, length) => {
                let all = state.finalize().to_be_bytes();
                all.iter().skip(all.len() - length).copied().collect()
            }
        }
    }
}
