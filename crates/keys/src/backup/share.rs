//! A share of the keyring secret: Shamir's scheme over GF(2^8), byte by byte, and its 32 words.

use std::fmt;

use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use crate::backup::{BackupError, words};
use crate::chance::Chance;
use crate::hex;
use crate::secret::{KeyringSecret, LENGTH};

/// The version of the share's bytes.
const VERSION: u8 = 1;
/// Version, number, threshold, backup id and the share itself.
const SAID: usize = 7 + LENGTH;
/// With the code behind it.
const BYTES: usize = SAID + CHECK;
const CHECK: usize = 5;
/// How many words a share takes.
pub(crate) const COUNT: usize = BYTES * 8 / 11;

/// Names one backup of a keyring: drawn at random, the same on each of its pages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BackupId(pub(crate) [u8; 4]);

impl BackupId {
    /// Reads the eight hexadecimal digits that [`fmt::Display`] writes.
    pub fn from_text(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackupId({self})")
    }
}

/// One share of the secret, wiped when dropped and never printed but as words.
pub struct Share {
    pub(crate) id: BackupId,
    pub(crate) number: u8,
    pub(crate) threshold: u8,
    value: Box<Zeroizing<[u8; LENGTH]>>,
}

impl Share {
    /// Which backup it belongs to.
    pub fn backup(&self) -> BackupId {
        self.id
    }

    /// Its number, from 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// How many shares of its backup give the secret.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// Reads a share from its words, as they stand on its page or were typed.
    ///
    /// # Errors
    /// Which word is wrong, if one is: [`BackupError::UnknownWord`], [`BackupError::WrongWord`],
    /// [`BackupError::SwappedWords`]; otherwise [`BackupError::WordCount`], [`BackupError::WrongWords`], or
    /// [`BackupError::ShareVersion`].
    pub fn from_words(text: &str) -> Result<Self, BackupError> {
        let numbers = words::read(text)?;
        if numbers.len() != COUNT {
            return Err(BackupError::WordCount(numbers.len()));
        }
        let bytes = words::to_bytes::<BYTES>(&numbers);
        if !fits(&bytes) {
            return Err(wrong_word(&numbers));
        }
        let [version, number, threshold, a, b, c, d, ..] = *bytes;
        if version != VERSION {
            return Err(BackupError::ShareVersion(version));
        }
        if number == 0 || threshold < 2 {
            return Err(BackupError::WrongWords);
        }
        let mut value = Box::new(Zeroizing::new([0; LENGTH]));
        value.copy_from_slice(&bytes[7..SAID]);
        Ok(Self {
            id: BackupId([a, b, c, d]),
            number,
            threshold,
            value,
        })
    }

    /// The numbers of its words in the list.
    pub(crate) fn words(&self) -> Zeroizing<Vec<u16>> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..3].copy_from_slice(&[VERSION, self.number, self.threshold]);
        bytes[3..7].copy_from_slice(&self.id.0);
        bytes[7..SAID].copy_from_slice(self.value.as_slice());
        let check = check(&bytes[..SAID]);
        bytes[SAID..].copy_from_slice(&check);
        words::from_bytes(bytes.as_slice())
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Share({} of backup {}, ‹32 bytes›)",
            self.number, self.id
        )
    }
}

/// Splits the secret into `shares` shares of which `threshold` give it back.
pub(crate) fn split(
    secret: &KeyringSecret,
    id: BackupId,
    threshold: u8,
    shares: u8,
    chance: &mut dyn Chance,
) -> Result<Vec<Share>, BackupError> {
    let refused = BackupError::Plan { threshold, shares };
    if threshold < 2 || shares < threshold {
        return Err(refused);
    }
    let split = Gf256::split_bytes(
        usize::from(threshold),
        usize::from(shares),
        secret.expose(),
        Source(chance),
    );
    let split = Zeroizing::new(split.map_err(|_| refused.clone())?);
    split
        .iter()
        .map(|bytes| match bytes.split_first() {
            Some((&number, value)) if value.len() == LENGTH => {
                let mut share = Share {
                    id,
                    number,
                    threshold,
                    value: Box::new(Zeroizing::new([0; LENGTH])),
                };
                share.value.copy_from_slice(value);
                Ok(share)
            }
            _ => Err(refused.clone()),
        })
        .collect()
}

/// Puts the secret together again. Nothing here says whether it is the right one: the caller compares.
///
/// # Errors
/// [`BackupError::OtherBackup`], [`BackupError::SameShare`], [`BackupError::TooFew`].
pub(crate) fn combine(shares: &[Share]) -> Result<KeyringSecret, BackupError> {
    let first = shares.first().ok_or(BackupError::TooFew {
        given: 0,
        threshold: 2,
    })?;
    for (place, share) in shares.iter().enumerate() {
        if (share.id, share.threshold) != (first.id, first.threshold) {
            return Err(BackupError::OtherBackup {
                expected: first.id,
                found: share.id,
            });
        }
        if shares[..place]
            .iter()
            .any(|other| other.number == share.number)
        {
            return Err(BackupError::SameShare(share.number));
        }
    }
    let threshold = usize::from(first.threshold);
    let enough = shares.get(..threshold).ok_or(BackupError::TooFew {
        given: shares.len(),
        threshold,
    })?;
    let bytes = enough.iter().map(|share| {
        let mut bytes = Vec::with_capacity(1 + LENGTH);
        bytes.push(share.number);
        bytes.extend_from_slice(share.value.as_slice());
        bytes
    });
    let bytes: Zeroizing<Vec<Vec<u8>>> = Zeroizing::new(bytes.collect());
    // Numbers are not zero and all different: there is nothing that it could refuse.
    let secret = Gf256::combine_bytes(&*bytes).map_err(|_| BackupError::WrongSecret)?;
    let secret = Zeroizing::new(secret);
    let secret = <&[u8; LENGTH]>::try_from(secret.as_slice());
    secret
        .map(KeyringSecret::from_bytes)
        .map_err(|_| BackupError::WrongSecret)
}

fn check(said: &[u8]) -> [u8; CHECK] {
    let digest: [u8; 32] = Sha256::new_with_prefix("rempart-share")
        .chain_update(said)
        .finalize()
        .into();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

fn fits(bytes: &[u8; BYTES]) -> bool {
    let (said, code) = bytes.split_at(SAID);
    check(said).ct_eq(code).into()
}

/// Finds the word that is wrong: the only one in whose place another makes the code right. 65,000 tries against 40 bits
/// of code find a wrong place once in ten million times.
fn wrong_word(numbers: &[u16]) -> BackupError {
    let mut tried = Zeroizing::new(numbers.to_vec());
    let right = |tried: &[u16]| fits(&words::to_bytes(tried));
    for place in 1..numbers.len() {
        tried.swap(place - 1, place);
        if right(&tried) {
            return BackupError::SwappedWords(place);
        }
        tried.swap(place - 1, place);
    }
    for (place, meant) in numbers.iter().enumerate() {
        for other in 0..words::WORDS {
            tried[place] = other;
            if right(&tried) {
                return BackupError::WrongWord(place + 1);
            }
        }
        tried[place] = *meant;
    }
    BackupError::WrongWords
}

/// Our source of chance, as the sharing crate asks for one.
struct Source<'a>(&'a mut dyn Chance);

impl TryRng for Source<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = Zeroizing::new([0; 4]);
        self.0.fill(bytes.as_mut_slice());
        Ok(u32::from_be_bytes(*bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = Zeroizing::new([0; 8]);
        self.0.fill(bytes.as_mut_slice());
        Ok(u64::from_be_bytes(*bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Source<'_> {}
