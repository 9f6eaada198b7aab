//! AES-SIV (RFC 5297) with a key of 64 bytes, for associated strings that never change.
//!
//! A token's is its field's identity, so what S2V (§2.4) computes before it sees the plaintext is computed once, and
//! both key schedules are ready: sealing a short value is one CMAC and one CTR keystream. A library that takes
//! key and associated data on each call does twice the work; it is the oracle of the tests here.

use aes::cipher::{InnerIvInit, KeyInit, StreamCipherCore};
use aes::{Aes256Enc, Block};
use cmac::digest::common::InnerInit;
use cmac::{Cmac, Mac};
use ctr::{CtrCore, flavors::Ctr128BE};
use dbl::Dbl;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// Bytes of the synthetic IV, which is the tag.
pub(crate) const TAG: usize = 16;

/// A key and its associated strings, ready for use.
pub(crate) struct Siv {
    authenticate: Aes256Enc,
    encrypt: Aes256Enc,
    /// `D` of S2V after the associated strings.
    state: Zeroizing<[u8; 16]>,
}

impl Siv {
    pub(crate) fn new(key: &[u8; 64], associated: &[&[u8]]) -> Self {
        let mut half = Zeroizing::new([0; 32]);
        half.copy_from_slice(&key[..32]);
        let authenticate = Aes256Enc::new((&*half).into());
        half.copy_from_slice(&key[32..]);
        let encrypt = Aes256Enc::new((&*half).into());
        let mut state = code(&authenticate, &[&[0; 16]]);
        for part in associated {
            state = double(&state);
            xor(&mut state, &code(&authenticate, &[part]));
        }
        Self {
            authenticate,
            encrypt,
            state: Zeroizing::new(state),
        }
    }

    /// Encrypts `text` in place and gives the synthetic IV.
    pub(crate) fn seal(&self, text: &mut [u8]) -> [u8; TAG] {
        let tag = self.synthesise(text);
        self.keystream(&tag, text);
        tag
    }

    /// Decrypts `text` in place and says whether it is authentic; when it is not, the caller wipes `text`.
    pub(crate) fn open(&self, text: &mut [u8], tag: &[u8; TAG]) -> Choice {
        self.keystream(tag, text);
        self.synthesise(text).ct_eq(tag)
    }

    /// The last step of S2V, which takes in the plaintext.
    fn synthesise(&self, plain: &[u8]) -> [u8; TAG] {
        match plain.len().checked_sub(16) {
            Some(before) => {
                let (head, tail) = plain.split_at(before);
                let mut end = *self.state;
                xor(&mut end, tail);
                code(&self.authenticate, &[head, &end])
            }
            None => {
                let mut end = double(&self.state);
                xor(&mut end, plain);
                end[plain.len()] ^= 0x80;
                code(&self.authenticate, &[&end])
            }
        }
    }

    /// AES-CTR from the synthetic IV with the two bits cleared that §2.5 names.
    fn keystream(&self, tag: &[u8; TAG], text: &mut [u8]) {
        let mut counter = *tag;
        counter[8] &= 0x7f;
        counter[12] &= 0x7f;
        CtrCore::<_, Ctr128BE>::inner_iv_init(&self.encrypt, (&counter).into())
            .apply_keystream_partial(text.into());
    }
}

/// CMAC (NIST SP 800-38B) over the parts, one behind the other.
pub(crate) fn code(cipher: &Aes256Enc, parts: &[&[u8]]) -> [u8; 16] {
    let mut code = Cmac::inner_init(cipher);
    for part in parts {
        code.update(part);
    }
    code.finalize().into_bytes().into()
}

/// Multiplication by x in the field of §2.3.
fn double(block: &[u8; 16]) -> [u8; 16] {
    Block::from(*block).dbl().into()
}

fn xor(into: &mut [u8], other: &[u8]) {
    into.iter_mut()
        .zip(other)
        .for_each(|(byte, with)| *byte ^= with);
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_siv::siv::Aes256Siv;
    use proptest::prelude::*;

    proptest! {
        /// Two implementations of RFC 5297 agree, at every length around its block.
        #[test]
        fn the_same_as_an_implementation_of_its_own(
            key in proptest::collection::vec(any::<u8>(), 64),
            associated in proptest::collection::vec(any::<u8>(), 0..70),
            plain in proptest::collection::vec(any::<u8>(), 0..70),
        ) {
            let key: [u8; 64] = key.try_into().unwrap();
            let expected = Aes256Siv::new(&key.into()).encrypt([&associated], &plain).unwrap();
            let siv = Siv::new(&key, &[&associated]);
            let mut text = plain.clone();
            let tag = siv.seal(&mut text);
            prop_assert_eq!(&expected[..TAG], &tag);
            prop_assert_eq!(&expected[TAG..], &text);
            prop_assert!(bool::from(siv.open(&mut text, &tag)));
            prop_assert_eq!(text, plain);
        }
    }
}
