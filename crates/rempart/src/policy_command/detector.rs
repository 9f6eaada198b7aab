//! Looks for a value in bytes, in every encoding that bodies use. Shares no code with what is tested.

/// In which encoding `value` stands in `bytes`, if it does.
pub fn find(bytes: &[u8], value: &str) -> Option<&'static str> {
    if value.is_empty() {
        return None;
    }
    let lower = bytes.to_ascii_lowercase();
    let raw = value.to_lowercase().into_bytes();
    if super::contains(&lower, &value.to_ascii_lowercase().into_bytes())
        || super::contains(&lower, &raw)
    {
        return Some("as it is");
    }
    if super::contains(
        &unescape_percent(&lower),
        &value.to_ascii_lowercase().into_bytes(),
    ) {
        return Some("percent-encoded");
    }
    if super::contains(
        &unescape_json(bytes).to_ascii_lowercase(),
        &value.to_ascii_lowercase().into_bytes(),
    ) {
        return Some("in JSON escapes");
    }
    if super::contains(&lower, hex(value).as_bytes()) {
        return Some("in hex");
    }
    let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide_big: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    if super::contains(bytes, &wide) || super::contains(bytes, &wide_big) {
        return Some("in UTF-16");
    }
    base64_alignments(value.as_bytes())
        .iter()
        .any(|needle| super::contains(bytes, needle))
        .then_some("in base64")
}

fn unescape_percent(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = digits
            .filter(|_| *first == b'%')
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte, first) {
            (Some(byte), _) => {
                out.push(byte.to_ascii_lowercase());
                rest = after.get(2..).unwrap_or_default();
            }
            (None, b'+') => {
                out.push(b' ');
                rest = after;
            }
            (None, _) => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

fn unescape_json(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find("\\u") {
        out.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        let code = after
            .get(..4)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        match code {
            Some(character) => {
                out.push(character);
                rest = &after[4..];
            }
            None => {
                out.push_str("\\u");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.replace("\\/", "/").replace("\\\"", "\"").into_bytes()
}

fn hex(value: &str) -> String {
    value.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The characters that `value` surely becomes inside base64, at each of the three ways it can lie.
fn base64_alignments(value: &[u8]) -> Vec<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |bits: &[u8]| -> Vec<u8> {
        bits.chunks_exact(3)
            .flat_map(|three| {
                let number = three
                    .iter()
                    .fold(0usize, |number, byte| number << 8 | usize::from(*byte));
                [18, 12, 6, 0].map(|shift| {
                    DIGITS
                        .get(number >> shift & 63)
                        .copied()
                        .unwrap_or_default()
                })
            })
            .collect()
    };
    (0..3)
        .filter_map(|skip| value.get(skip..))
        .map(encode)
        .filter(|needle| needle.len() >= 8)
        .flat_map(|needle| {
            let url = needle
                .iter()
                .map(|digit| match digit {
                    b'+' => b'-',
                    b'/' => b'_',
                    other => *other,
                })
                .collect();
            [needle, url]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_seen() {
        let value = "Gagné Tremblay";
        assert!(find("x Gagné Tremblay y".as_bytes(), value).is_some());
        assert!(find(b"n=Gagn%C3%A9+Tremblay", value).is_some());
        assert!(find(br#"{"n":"Gagn\u00e9 Tremblay"}"#, value).is_some());
        assert!(find(hex(value).as_bytes(), value).is_some());
        assert!(
            find(
                &value
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>(),
                value
            )
            .is_some()
        );
        // `printf 'ab: Gagné Tremblay!' | base64`
        assert_eq!(
            find(b"YWI6IEdhZ27DqSBUcmVtYmxheSE=", value),
            Some("in base64")
        );
        assert_eq!(find(b"nothing of that", value), None);
    }
}
