//! Bytes as lines of text that survive a printer: base64, each line with a code of its own, so that a damaged one is
//! named, and the digest of all of it at the end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::backup::BackupError;
use crate::hex;

/// Bytes a line: 72 characters of base64.
const LINE: usize = 54;

/// The word before the digest.
const DIGEST: &str = "sha256";

/// Writes `bytes` as lines, each with its line end.
pub(crate) fn write(bytes: &[u8]) -> String {
    let lines = bytes.len().div_ceil(LINE);
    let mut text = String::with_capacity(lines * 78 + 80);
    for (place, line) in bytes.chunks(LINE).enumerate() {
        let start = text.len();
        STANDARD.encode_string(line, &mut text);
        let code = code(place + 1, &text[start..]);
        text.push(' ');
        text.push_str(&code);
        text.push('\n');
    }
    text.push_str(DIGEST);
    text.push(' ');
    text.push_str(&digest(bytes));
    text.push('\n');
    text
}

/// Reads what [`write()`] wrote, with any white space around its lines.
pub(crate) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    for (place, line) in lines.enumerate() {
        let damaged = BackupError::Line(place + 1);
        let (text, said) = line.split_once(' ').ok_or(damaged.clone())?;
        if text == DIGEST {
            return if said == digest(&bytes) {
                Ok(bytes)
            } else {
                Err(BackupError::Digest)
            };
        }
        if said.trim_start() != code(place + 1, text) {
            return Err(damaged);
        }
        STANDARD.decode_vec(text, &mut bytes).map_err(|_| damaged)?;
    }
    Err(BackupError::NoKeyring)
}

/// The code of the line of this number.
fn code(number: usize, text: &str) -> String {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(number.to_string())
        .chain_update(":")
        .chain_update(text)
        .finalize()
        .into();
    hex::encode(&digest[..2])
}

fn digest(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    hex::encode(&digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_line_is_named_and_a_missing_one_is_noticed() {
        let bytes: Vec<u8> = (0..200).collect();
        let text = write(&bytes);
        assert_eq!(read(text.lines()).unwrap(), bytes);
        let lines: Vec<&str> = text.lines().collect();
        let changed = format!("A{}", &lines[2][1..]);
        let damaged = [lines[0], lines[1], &changed, lines[3], lines[4]];
        assert_eq!(read(damaged.into_iter()), Err(BackupError::Line(3)));
        let exchanged = [lines[1], lines[0]];
        assert_eq!(read(exchanged.into_iter()), Err(BackupError::Line(1)));
        assert_eq!(
            read([lines[0], lines[4]].into_iter()),
            Err(BackupError::Digest)
        );
        assert_eq!(
            read(lines[..4].iter().copied()),
            Err(BackupError::NoKeyring)
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_back(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(read(write(&bytes).lines()).unwrap(), bytes);
        }
    }
}
