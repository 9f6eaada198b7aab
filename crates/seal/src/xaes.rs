//! XAES-256-GCM (<https://c2sp.org/XAES-256-GCM>): AES-256-GCM with a nonce of 24 bytes, of which 12 derive the
//! message's own key by a CMAC-based KDF (NIST SP 800-108r1 §4.1), so that random nonces may be drawn for 2^80
//! messages. Three block encryptions more than GCM, one of which is done once.

use aes::Aes256Enc;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use dbl::Dbl;
use zeroize::Zeroizing;

use crate::gcm::{self, Gcm};

/// Bytes of the nonce, the salt of a `sealed` token.
pub(crate) const SALT: usize = 24;
/// Bytes of the tag.
pub(crate) const TAG: usize = gcm::TAG;

type Block = aes::Block;

/// A key that is ready for use: the schedule and the CMAC subkey are computed.
pub(crate) struct Xaes {
    cipher: Aes256Enc,
    /// `K1` of CMAC (NIST SP 800-38B §6.1).
    subkey: Zeroizing<[u8; 16]>,
}

impl Xaes {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let cipher = Aes256Enc::new(key.into());
        let mut block = Block::default();
        cipher.encrypt_block(&mut block);
        Self {
            cipher,
            subkey: Zeroizing::new(block.dbl().into()),
        }
    }

    /// Encrypts `text` in place and gives the tag; nothing beyond GCM's limit of 64 GiB.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; SALT],
        associated: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; TAG]> {
        let (cipher, nonce) = self.message(nonce)?;
        cipher.seal(&nonce, associated, text)
    }

    /// Decrypts `text` in place, and says whether it is authentic; when it is not, the caller wipes `text`.
    #[must_use]
    pub(crate) fn open(
        &self,
        nonce: &[u8; SALT],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> bool {
        self.message(nonce)
            .is_some_and(|(cipher, nonce)| cipher.open(&nonce, associated, text, tag))
    }

    /// The message's own cipher, and the nonce that is left for it.
    fn message(&self, nonce: &[u8; SALT]) -> Option<(Gcm, [u8; gcm::NONCE])> {
        let mut key = Zeroizing::new([0; 32]);
        let (blocks, _) = Array::slice_as_chunks_mut(key.as_mut_slice());
        for (counter, block) in (1..).zip(blocks.iter_mut()) {
            let block: &mut Block = block;
            block[1] = counter;
            block[2] = b'X';
            block[4..].copy_from_slice(&nonce[..12]);
            block
                .iter_mut()
                .zip(self.subkey.iter())
                .for_each(|(byte, key)| *byte ^= key);
        }
        self.cipher.encrypt_blocks(blocks);
        let mut rest = [0; gcm::NONCE];
        rest.copy_from_slice(&nonce[12..]);
        Some((Gcm::new(&key)?, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &[u8; SALT] = b"ABCDEFGHIJKLMNOPQRSTUVWX";
    const PLAIN: &[u8; 12] = b"XAES-256-GCM";

    /// The two published vectors; in the first the subkey has no carry, in the second it has.
    #[test]
    fn the_published_vectors_hold() {
        let vectors: [(u8, &[u8], &str); 2] = [
            (
                1,
                b"",
                "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
            ),
            (
                3,
                b"c2sp.org/XAES-256-GCM",
                "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
            ),
        ];
        for (key, associated, expected) in vectors {
            let xaes = Xaes::new(&[key; 32]);
            let mut text = *PLAIN;
            let tag = xaes.seal(NONCE, associated, &mut text).unwrap();
            let hex: String = text
                .iter()
                .chain(&tag)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(hex, expected);
            assert!(xaes.open(NONCE, associated, &mut text, &tag));
            assert_eq!(&text, PLAIN);
        }
    }
}
