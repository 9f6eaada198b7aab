//! Key derivation: HKDF-SHA-256 (RFC 5869) with an `info` that no two lists of parts share.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The first part of every `info`.
const DOMAIN: &[u8] = b"rempart/v1";

/// Encodes a list of parts so that no other list has the same encoding: their count, then each with its length in
/// front, all lengths as eight bytes, most significant first.
pub fn encode(parts: &[&[u8]]) -> Vec<u8> {
    let bytes: usize = parts.iter().map(|part| 8 + part.len()).sum();
    let mut encoded = Vec::with_capacity(8 + bytes);
    encoded.extend_from_slice(&(parts.len() as u64).to_be_bytes());
    for part in parts {
        encoded.extend_from_slice(&(part.len() as u64).to_be_bytes());
        encoded.extend_from_slice(part);
    }
    encoded
}

/// Derives `N` bytes for one purpose: HKDF-SHA-256 over `secret` without salt, `info` being the encoding of
/// `"rempart/v1"`, `purpose` and `parts`.
///
/// # Panics
/// When `N` exceeds the 8,160 bytes that HKDF-SHA-256 can give: a mistake in this program, seen at its first run.
pub fn derive<const N: usize>(secret: &[u8], purpose: &str, parts: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let mut all = Vec::with_capacity(2 + parts.len());
    all.extend_from_slice(&[DOMAIN, purpose.as_bytes()]);
    all.extend_from_slice(parts);
    let mut derived = Zeroizing::new([0; N]);
    let expanded = Hkdf::<Sha256>::new(None, secret).expand(&encode(&all), derived.as_mut_slice());
    assert!(expanded.is_ok(), "a key longer than HKDF can give");
    derived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_share_an_encoding() {
        let lists: [&[&[u8]]; 6] = [
            &[],
            &[b""],
            &[b"", b""],
            &[b"ab"],
            &[b"a", b"b"],
            &[b"", b"ab"],
        ];
        for (i, one) in lists.iter().enumerate() {
            for other in lists.iter().skip(i + 1) {
                assert_ne!(encode(one), encode(other));
            }
        }
    }

    #[test]
    fn purposes_and_parts_give_other_keys() {
        let secret = [7; 32];
        let one = derive::<32>(&secret, "field-match", &[b"crm", b"name"]);
        assert_ne!(
            *one,
            *derive::<32>(&secret, "field-sealed", &[b"crm", b"name"])
        );
        assert_ne!(
            *one,
            *derive::<32>(&secret, "field-match", &[b"crmn", b"ame"])
        );
        assert_ne!(
            *one,
            *derive::<32>(&[8; 32], "field-match", &[b"crm", b"name"])
        );
    }
}
