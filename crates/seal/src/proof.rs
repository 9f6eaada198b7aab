//! Published vectors, against the primitives as this crate uses them: Wycheproof's for what it has, NIST's and
//! C2SP's for the rest. Both implementations of AES-256-GCM are held to the same ones.

use aes::Aes256Enc;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sha3::Shake128;
use sha3::digest::{ExtendableOutput, Update, XofReader};
use wycheproof::{aead, hkdf as hkdf_vectors, mac};

use crate::gcm::{self, NONCE, TAG};
use crate::siv::{Siv, code};
use crate::xaes::{SALT, Xaes};

/// Seals and opens in place, as one of the implementations of AES-256-GCM does.
trait Cipher: Sized {
    fn make(key: &[u8; 32]) -> Self;
    fn encrypt(&self, nonce: &[u8; NONCE], associated: &[u8], text: &mut [u8]) -> [u8; TAG];
    fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> bool;
}

macro_rules! cipher {
    ($type:ty) => {
        impl Cipher for $type {
            fn make(key: &[u8; 32]) -> Self {
                Self::new(key).unwrap()
            }

            fn encrypt(
                &self,
                nonce: &[u8; NONCE],
                associated: &[u8],
                text: &mut [u8],
            ) -> [u8; TAG] {
                self.seal(nonce, associated, text).unwrap()
            }

            fn decrypt(
                &self,
                nonce: &[u8; NONCE],
                associated: &[u8],
                text: &mut [u8],
                tag: &[u8; TAG],
            ) -> bool {
                self.open(nonce, associated, text, tag)
            }
        }
    };
}

#[cfg(feature = "aws-lc")]
cipher!(gcm::aws_lc::Gcm);
cipher!(gcm::portable::Gcm);

fn wycheproof_gcm<C: Cipher>() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut tried = 0;
    for group in &set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in &group.tests {
            let cipher = C::make(test.key.as_slice().try_into().unwrap());
            let nonce = test.nonce.as_slice().try_into().unwrap();
            let tag = test.tag.as_slice().try_into().unwrap();
            let mut text = test.ct.to_vec();
            let opened = cipher.decrypt(nonce, &test.aad, &mut text, tag);
            assert_eq!(opened, !test.result.must_fail(), "{}", test.tc_id);
            if opened {
                assert_eq!(text, test.pt.as_slice(), "{}", test.tc_id);
                assert_eq!(&cipher.encrypt(nonce, &test.aad, &mut text), tag);
                assert_eq!(text, test.ct.as_slice(), "{}", test.tc_id);
            }
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

#[cfg(feature = "aws-lc")]
#[test]
fn wycheproof_aes_256_gcm_of_aws_lc() {
    wycheproof_gcm::<gcm::aws_lc::Gcm>();
}

#[test]
fn wycheproof_aes_256_gcm_of_the_portable_build() {
    wycheproof_gcm::<gcm::portable::Gcm>();
}

/// Its vectors have two associated strings, the second being the nonce; a token has one.
#[test]
fn wycheproof_aes_siv() {
    let set = aead::TestSet::load(aead::TestName::AesSivCmac).unwrap();
    let mut tried = 0;
    for group in set.test_groups.iter().filter(|group| group.key_size == 512) {
        for test in &group.tests {
            let key = test.key.as_slice().try_into().unwrap();
            let siv = Siv::new(key, &[&test.aad, &test.nonce]);
            let tag = test.tag.as_slice().try_into().unwrap();
            let mut text = test.ct.to_vec();
            let opened = bool::from(siv.open(&mut text, tag));
            assert_eq!(opened, !test.result.must_fail(), "{}", test.tc_id);
            if opened {
                assert_eq!(text, test.pt.as_slice(), "{}", test.tc_id);
                assert_eq!(&siv.seal(&mut text), tag, "{}", test.tc_id);
                assert_eq!(text, test.ct.as_slice(), "{}", test.tc_id);
            }
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

/// The code that `match` is made of.
#[test]
fn wycheproof_aes_cmac() {
    let set = mac::TestSet::load(mac::TestName::AesCmac).unwrap();
    let mut tried = 0;
    let groups = set.test_groups.iter();
    for group in groups.filter(|group| (group.key_size, group.tag_size) == (256, 128)) {
        for test in &group.tests {
            let key: &[u8; 32] = test.key.as_slice().try_into().unwrap();
            let same = code(&Aes256Enc::new(key.into()), &[&test.msg]) == test.tag.as_slice();
            assert_eq!(same, !test.result.must_fail(), "{}", test.tc_id);
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn wycheproof_hmac_sha256() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut tried = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let mut code = Hmac::<Sha256>::new_from_slice(&test.key).unwrap();
            Mac::update(&mut code, &test.msg);
            let ours = code.finalize().into_bytes();
            let same = ours[..group.tag_size / 8] == *test.tag.as_slice();
            assert_eq!(same, !test.result.must_fail(), "{}", test.tc_id);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn wycheproof_hkdf_sha256() {
    let set = hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap();
    let mut tried = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let salt = (!test.salt.is_empty()).then_some(test.salt.as_slice());
            let mut ours = vec![0; test.size];
            let made = Hkdf::<Sha256>::new(salt, &test.ikm).expand(&test.info, &mut ours);
            assert_eq!(made.is_err(), test.result.must_fail(), "{}", test.tc_id);
            if made.is_ok() {
                assert_eq!(ours, test.okm.as_slice(), "{}", test.tc_id);
            }
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

/// NIST SP 800-38A, F.5.5: the counter mode under `match`.
#[test]
fn nist_aes_256_ctr() {
    let key = unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let counter = unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    let mut text = unhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
         30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
    );
    let expected = unhex(
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5\
         2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6",
    );
    Ctr128BE::<aes::Aes256>::new_from_slices(&key, &counter)
        .unwrap()
        .apply_keystream(&mut text);
    assert_eq!(text, expected);
}

/// C2SP's accumulated vectors: ten thousand keys, nonces, texts and associated data from SHAKE-128, and the hash of
/// what they make.
#[test]
fn c2sp_xaes_256_gcm_accumulated() {
    let mut source = Shake128::default().finalize_xof();
    let mut made = Shake128::default();
    let mut draw = |length: usize| {
        let mut drawn = vec![0; length];
        source.read(&mut drawn);
        drawn
    };
    for _ in 0..10_000 {
        let key: [u8; 32] = draw(32).try_into().unwrap();
        let nonce: [u8; SALT] = draw(SALT).try_into().unwrap();
        let length = usize::from(draw(1)[0]);
        let plain = draw(length);
        let length = usize::from(draw(1)[0]);
        let associated = draw(length);
        let xaes = Xaes::new(&key);
        let mut text = plain.clone();
        let tag = xaes.seal(&nonce, &associated, &mut text).unwrap();
        made.update(&text);
        made.update(&tag);
        assert!(xaes.open(&nonce, &associated, &mut text, &tag));
        assert_eq!(text, plain);
    }
    let mut hash = [0; 32];
    made.finalize_xof().read(&mut hash);
    assert_eq!(
        hash.as_slice(),
        unhex("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939")
    );
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
