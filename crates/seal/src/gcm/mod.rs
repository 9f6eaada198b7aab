//! AES-256-GCM (NIST SP 800-38D) with a nonce of 96 bits and a tag of 128: one interface, two implementations.
//!
//! A message's own key is set up for one message, so what counts here is a key and a short text together; for files
//! it is the long text. aws-lc-rs is ahead in both (`docs/adr/0013`) and serves by default. Without the feature
//! `aws-lc` RustCrypto's does: no C, on every target that Rust has. They make the same bytes; the tests hold each
//! against the other and against published vectors.

#[cfg(feature = "aws-lc")]
pub(crate) mod aws_lc;
#[cfg(any(test, not(feature = "aws-lc")))]
pub(crate) mod portable;

#[cfg(feature = "aws-lc")]
pub(crate) use aws_lc::Gcm;
#[cfg(not(feature = "aws-lc"))]
pub(crate) use portable::Gcm;

/// Bytes of a nonce.
pub(crate) const NONCE: usize = 12;
/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

#[cfg(all(test, feature = "aws-lc"))]
mod tests {
    use super::{aws_lc, portable};
    use proptest::prelude::*;

    proptest! {
        /// Two implementations agree at every length around the blocks that each takes at a time.
        #[test]
        fn both_make_the_same_bytes(
            key: [u8; 32],
            nonce: [u8; 12],
            associated in proptest::collection::vec(any::<u8>(), 0..80),
            plain in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            let (mut one, mut other) = (plain.clone(), plain.clone());
            let first = aws_lc::Gcm::new(&key).unwrap();
            let second = portable::Gcm::new(&key).unwrap();
            let tag = first.seal(&nonce, &associated, &mut one).unwrap();
            prop_assert_eq!(second.seal(&nonce, &associated, &mut other), Some(tag));
            prop_assert_eq!(&one, &other);
            prop_assert!(first.open(&nonce, &associated, &mut other, &tag));
            prop_assert!(second.open(&nonce, &associated, &mut one, &tag));
            prop_assert_eq!(&one, &plain);
            prop_assert_eq!(&other, &plain);
        }
    }
}
