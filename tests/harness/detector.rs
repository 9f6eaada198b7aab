//! Looks for a value in bytes, in every encoding that a value is known to hide in.
//!
//! It shares no line with what it checks: where the border writes an escape, this undoes all of them and looks.

use std::path::Path;

/// A value that must not stand somewhere.
pub struct Hidden<'a>(pub &'a str);

impl Hidden<'_> {
    /// The encoding in which the value stands in `bytes`, if it does.
    ///
    /// # Panics
    /// Where the value is so short that it would be found by chance.
    #[must_use]
    pub fn within(&self, bytes: &[u8]) -> Option<String> {
        let needle = self.0.as_bytes();
        assert!(
            needle.len() >= 5,
            "too short to look for: it would be found by chance"
        );
        for (name, plain) in readings(bytes) {
            for (kind, form) in forms(self.0) {
                if contains(&plain, &form) {
                    return Some(format!("{kind}, {name}"));
                }
            }
        }
        None
    }

    /// # Panics
    /// Where the value stands in `bytes`.
    pub fn must_not_stand_in(&self, bytes: &[u8], what: &str) {
        if let Some(how) = self.within(bytes) {
            let shown =
                String::from_utf8_lossy(bytes.get(..bytes.len().min(4000)).unwrap_or(bytes))
                    .into_owned();
            panic!("{:?} stands in {what} ({how}):\n{shown}", self.0);
        }
    }
}

/// The bytes of every file below a folder, each with its path.
#[must_use]
pub fn all_files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return files;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(all_files(&path)),
            Ok(kind) if kind.is_file() => {
                files.extend(std::fs::read(&path).map(|bytes| (path, bytes)))
            }
            Ok(_) | Err(_) => {}
        }
    }
    files
}

/// The bytes as they are, and as every reader would undo them.
fn readings(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let percent = undo_percent(bytes);
    let json = undo_json(bytes);
    vec![
        ("as it came", bytes.to_vec()),
        ("JSON escapes in percent-encoding", undo_json(&percent)),
        ("percent-encoding in JSON escapes", undo_percent(&json)),
        ("percent-encoding", percent),
        ("JSON escapes", json),
        ("HTML references", undo_html(bytes)),
        ("quoted-printable", undo_quoted_printable(bytes)),
    ]
}

/// The shapes that a value's own bytes take without escapes.
fn forms(value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = value.as_bytes();
    let mut forms = vec![
        ("plain", bytes.to_vec()),
        ("lower case", value.to_lowercase().into_bytes()),
        ("upper case", value.to_uppercase().into_bytes()),
        (
            "hexadecimal",
            bytes
                .iter()
                .flat_map(|byte| format!("{byte:02x}").into_bytes())
                .collect(),
        ),
        (
            "hexadecimal",
            bytes
                .iter()
                .flat_map(|byte| format!("{byte:02X}").into_bytes())
                .collect(),
        ),
        (
            "UTF-16",
            value.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        (
            "UTF-16",
            value.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
    ];
    for before in 0..3 {
        forms.push(("base64", base64(bytes, before, b'+', b'/')));
        forms.push(("base64url", base64(bytes, before, b'-', b'_')));
    }
    forms
}

/// The characters of base64 that `bytes` alone decide when `before` bytes stand before it.
fn base64(bytes: &[u8], before: usize, sixty_two: u8, sixty_three: u8) -> Vec<u8> {
    let mut padded = vec![0; before];
    padded.extend_from_slice(bytes);
    let bits = |index: usize| {
        padded
            .get(index / 8)
            .map_or(0, |byte| (byte >> (7 - index % 8)) & 1)
    };
    let first = (before * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    (first..last)
        .map(|character| {
            let value = (0..6).fold(0_u8, |value, bit| (value << 1) | bits(character * 6 + bit));
            match value {
                0..=25 => b'A' + value,
                26..=51 => b'a' + value - 26,
                52..=61 => b'0' + value - 52,
                62 => sixty_two,
                _ => sixty_three,
            }
        })
        .collect()
}

fn undo_percent(bytes: &[u8]) -> Vec<u8> {
    undo(bytes, |rest| match rest {
        [b'%', high, low, ..] => Some((vec![(digit(*high)? << 4) | digit(*low)?], 3)),
        [b'+', ..] => Some((vec![b' '], 1)),
        _ => None,
    })
}

fn undo_quoted_printable(bytes: &[u8]) -> Vec<u8> {
    undo(bytes, |rest| match rest {
        [b'=', b'\r', b'\n', ..] => Some((Vec::new(), 3)),
        [b'=', high, low, ..] => Some((vec![(digit(*high)? << 4) | digit(*low)?], 3)),
        _ => None,
    })
}

fn undo_json(bytes: &[u8]) -> Vec<u8> {
    undo(bytes, |rest| {
        let (unit, used) = json_unit(rest)?;
        if let Some((low, more)) = rest
            .get(used..)
            .and_then(json_unit)
            .filter(|_| (0xd800..0xdc00).contains(&unit))
        {
            let text = String::from_utf16(&[unit, low]).ok()?;
            return Some((text.into_bytes(), used + more));
        }
        let text = String::from_utf16(&[unit]).ok()?;
        Some((text.into_bytes(), used))
    })
}

/// One UTF-16 unit that stands escaped, and how many bytes spell it.
fn json_unit(rest: &[u8]) -> Option<(u16, usize)> {
    match rest {
        [b'\\', b'u', a, b, c, d, ..] => {
            let unit = [a, b, c, d].into_iter().try_fold(0_u16, |unit, &hex| {
                Some((unit << 4) | u16::from(digit(hex)?))
            })?;
            Some((unit, 6))
        }
        [b'\\', other @ (b'"' | b'\\' | b'/'), ..] => Some((u16::from(*other), 2)),
        [b'\\', b'n', ..] => Some((10, 2)),
        [b'\\', b't', ..] => Some((9, 2)),
        _ => None,
    }
}

fn undo_html(bytes: &[u8]) -> Vec<u8> {
    undo(bytes, |rest| {
        let end = rest.iter().take(12).position(|&byte| byte == b';')?;
        let name = std::str::from_utf8(rest.get(..end)?)
            .ok()?
            .strip_prefix('&')?;
        let character = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = name.strip_prefix('#')?;
                let code = number
                    .strip_prefix(['x', 'X'])
                    .map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
                char::from_u32(code.ok()?)?
            }
        };
        Some((character.to_string().into_bytes(), end + 1))
    })
}

/// Copies `bytes`, writing for each escape that `read` knows what it stands for.
fn undo(bytes: &[u8], read: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, others)) = rest.split_first() {
        if let Some((written, used)) = read(rest) {
            plain.extend(written);
            rest = rest.get(used..).unwrap_or_default();
        } else {
            plain.push(first);
            rest = others;
        }
    }
    plain
}

fn digit(character: u8) -> Option<u8> {
    char::from(character)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let Some(&first) = needle.first() else {
        return false;
    };
    bytes.iter().enumerate().any(|(at, &byte)| {
        byte == first && bytes.get(at..).is_some_and(|rest| rest.starts_with(needle))
    })
}

#[cfg(test)]
mod tests {
    use super::Hidden;

    #[test]
    fn a_value_is_found_in_every_encoding() {
        let value = "Zoé Tremblay";
        for planted in [
            "{\"a\":\"Zoé Tremblay\"}".as_bytes().to_vec(),
            b"{\"a\":\"Zo\\u00e9 \\u0054remblay\"}".to_vec(),
            b"name=Zo%C3%A9+Tremblay&x=1".to_vec(),
            b"q=%7B%22a%22%3A%22Zo%5Cu00e9%20Tremblay%22%7D".to_vec(),
            b"<p>Zo&#xe9; Tremblay</p>".to_vec(),
            b"<p>Zo&#233; Tremblay</p>".to_vec(),
            b"Zo=C3=A9 Trem=\r\nblay".to_vec(),
            b"zo\xc3\xa9 tremblay".to_vec(),
            "{\"a\":\"Zoé Tremblay\"}"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            "Zoé Tremblay"
                .bytes()
                .flat_map(|byte| format!("{byte:02x}").into_bytes())
                .collect(),
            // "Zoé Tremblay" behind none, one and two bytes.
            b"Wm/DqSBUcmVtYmxheQ==".to_vec(),
            b"LlpvwqkgWm/DqSBUcmVtYmxheQ".to_vec(),
            b"eFpvw6kgVHJlbWJsYXk=".to_vec(),
            b"eHhab8OpIFRyZW1ibGF5".to_vec(),
            b"eHhab8OpIFRyZW1ibGF5"
                .iter()
                .copied()
                .chain(*b"xx")
                .collect(),
        ] {
            assert!(
                Hidden(value).within(&planted).is_some(),
                "not found in {}",
                String::from_utf8_lossy(&planted)
            );
        }
        assert_eq!(
            Hidden(value).within(b"{\"a\":\"r0000aaaa\"} Zoe Trembla"),
            None
        );
    }
}
