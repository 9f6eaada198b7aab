//! Bytes as lower-case hexadecimal text, the form in which the keyring's file holds them.

use serde::{Deserialize, Deserializer, Serializer};

/// Writes `bytes` as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Reads exactly as many bytes as `bytes` takes; nothing where the text is not exactly that. Where they are secret,
/// they stand nowhere else.
pub(crate) fn decode_into(text: &str, bytes: &mut [u8]) -> Option<()> {
    let digits = text.as_bytes();
    if digits.len() != bytes.len() * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(())
}

/// Reads exactly `N` bytes.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    decode_into(text, &mut bytes).map(|()| bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

/// For `#[serde(with = "hex")]`.
pub(crate) fn serialize<S: Serializer, const N: usize>(
    bytes: &[u8; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode(bytes))
}

/// For `#[serde(with = "hex")]`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&text).ok_or_else(|| {
        serde::de::Error::custom(format_args!("expected {N} bytes in lower-case hexadecimal"))
    })
}

/// For `#[serde(with = "hex::key_id")]`: the eight digits in which a key's name is also printed.
pub(crate) mod key_id {
    use serde::{Deserializer, Serializer};

    use crate::id::KeyId;

    pub(crate) fn serialize<S: Serializer>(
        key_id: &KeyId,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        super::serialize(&key_id.to_bytes(), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<KeyId, D::Error> {
        super::deserialize(deserializer).map(KeyId::from_bytes)
    }
}

/// For `#[serde(with = "hex::subject_name")]`.
pub(crate) mod subject_name {
    use serde::{Deserializer, Serializer};

    use crate::id::SubjectName;

    pub(crate) fn serialize<S: Serializer>(
        name: &SubjectName,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        super::serialize(&name.0, serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SubjectName, D::Error> {
        super::deserialize(deserializer).map(SubjectName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_nothing_else_does() {
        assert_eq!(encode(&[0, 0x7f, 0xff]), "007fff");
        assert_eq!(decode(&encode(&[0, 0x7f, 0xff])), Some([0, 0x7f, 0xff]));
        for wrong in ["", "0", "000", "0g", "0A", "é"] {
            assert_eq!(decode::<1>(wrong), None, "{wrong}");
        }
    }
}
