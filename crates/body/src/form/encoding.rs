//! The percent encoding of forms (WHATWG URL §5.1, §5.2), read strictly: what a server could read in another way
//! is not read.

use crate::error::ErrorKind;

/// What a percent sequence must look like.
const PERCENT: ErrorKind = ErrorKind::Syntax {
    expected: "two hexadecimal digits after `%`",
};

/// Whether `raw` stands for itself.
pub(crate) fn is_bare(raw: &[u8]) -> bool {
    memchr::memchr2(b'%', b'+', raw).is_none()
}

/// Appends what `raw` stands for.
///
/// # Errors
/// [`ErrorKind::Syntax`] where a percent sequence is malformed, [`ErrorKind::Charset`] where the result is not
/// UTF-8.
pub(crate) fn decode(raw: &[u8], text: &mut Vec<u8>) -> Result<(), ErrorKind> {
    let from = text.len();
    let mut rest = raw;
    while let Some((byte, length)) = next(rest)? {
        text.push(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    let decoded = text.get(from..).unwrap_or_default();
    std::str::from_utf8(decoded)
        .map(|_| ())
        .map_err(|_| ErrorKind::Charset)
}

/// What `raw` stands for, where that takes no more than `room`, which browsers' `a%5Bb%5D` does; nothing where it is
/// longer or malformed.
pub(crate) fn decode_short<'a>(raw: &'a [u8], room: &'a mut [u8]) -> Option<&'a [u8]> {
    if is_bare(raw) {
        return Some(raw);
    }
    let (mut rest, mut length) = (raw, 0);
    while let Some((byte, spelled)) = next(rest).ok()? {
        *room.get_mut(length)? = byte;
        length += 1;
        rest = rest.get(spelled..)?;
    }
    room.get(..length)
}

/// The first byte that `raw` stands for, and how many bytes spell it.
///
/// # Errors
/// [`ErrorKind::Syntax`] where a percent sequence is malformed.
pub(crate) fn next(raw: &[u8]) -> Result<Option<(u8, usize)>, ErrorKind> {
    match raw {
        [] => Ok(None),
        [b'+', ..] => Ok(Some((b' ', 1))),
        [b'%', high, low, ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => Ok(Some((high << 4 | low, 3))),
            _ => Err(PERCENT),
        },
        [b'%', ..] => Err(PERCENT),
        [byte, ..] => Ok(Some((*byte, 1))),
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
