//! The fast walk through what no selector leads into.
//!
//! It takes whole tokens only and judges none: where a token is cut by the end of the bytes, is wrong, or goes
//! too deep, it stops before it and leaves it to the walk that can tell (and that says what is wrong). So it does
//! before a key that may be known, and before the end of what a selector does lead into.

use super::number;
use super::places::mark;
use super::string;

/// Between which tokens the walk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    Value,
    FirstElement,
    Element,
    FirstKey,
    Key,
    Colon,
    After,
}

/// The object or array that the walk stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    pub(super) object: bool,
    /// The marks of the keys that may be known.
    pub(super) keys: u64,
}

/// The objects and arrays that are open.
pub(super) trait Open {
    /// Opens one; says whether it may be that deep.
    fn open(&mut self, object: bool) -> bool;

    /// Whether no selector leads into the innermost.
    fn may_close(&self) -> bool;

    /// Closes the innermost; gives the one around it, where that may be skipped in turn.
    fn close(&mut self) -> Option<Around>;
}

/// Where a walk stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped {
    pub(super) at: usize,
    pub(super) between: Between,
    /// At a key that may be known: the offset after it, and whether it must be decoded.
    pub(super) key: Option<(usize, bool)>,
}

/// Walks on from `at`, inside an object or an array.
#[inline]
pub(super) fn skip(
    bytes: &[u8],
    mut at: usize,
    mut between: Between,
    mut around: Around,
    open: &mut impl Open,
) -> Stopped {
    loop {
        at = past_space(bytes, at);
        let stopped = Stopped {
            at,
            between,
            key: None,
        };
        let Some(byte) = bytes.get(at).copied() else {
            return stopped;
        };
        match between {
            Between::After if byte == b',' => {
                at += 1;
                between = if around.object {
                    Between::Key
                } else {
                    Between::Element
                };
            }
            Between::FirstKey | Between::Key if byte == b'"' => {
                match members(bytes, &mut at, between, around.keys) {
                    Ok(next) => between = next,
                    Err(stopped) => return stopped,
                }
            }
            Between::Colon if byte == b':' => {
                at += 1;
                between = Between::Value;
            }
            Between::After | Between::FirstKey | Between::FirstElement
                if byte == if around.object { b'}' } else { b']' } =>
            {
                if !open.may_close() {
                    return stopped;
                }
                at += 1;
                between = Between::After;
                match open.close() {
                    Some(outer) => around = outer,
                    None => {
                        return Stopped {
                            at,
                            between,
                            key: None,
                        };
                    }
                }
            }
            Between::After | Between::FirstKey | Between::Key | Between::Colon => return stopped,
            Between::Value | Between::Element | Between::FirstElement => match byte {
                b'{' | b'[' => {
                    let object = byte == b'{';
                    if !open.open(object) {
                        return stopped;
                    }
                    at += 1;
                    around = Around { object, keys: 0 };
                    between = if object {
                        Between::FirstKey
                    } else {
                        Between::FirstElement
                    };
                }
                _ => {
                    let Some(end) = scalar(bytes, at, byte) else {
                        return stopped;
                    };
                    at = end;
                    between = Between::After;
                }
            },
        }
    }
}

/// Walks from the key at `at` over members whose values are no objects and no arrays, as long as nothing but the
/// grammar's own bytes stands between them; gives what comes next.
///
/// # Errors
/// Where the whole walk stops: at a key that may be known, or that does not stand whole here.
#[inline]
fn members(
    bytes: &[u8],
    at: &mut usize,
    mut between: Between,
    keys: u64,
) -> Result<Between, Stopped> {
    loop {
        let stopped = |key| Stopped {
            at: *at,
            between,
            key,
        };
        let (end, escaped) = string::end(bytes, *at + 1).ok_or_else(|| stopped(None))?;
        let key = bytes.get(*at + 1..end - 1).unwrap_or_default();
        if keys != 0 && (escaped || keys & mark(key) != 0) {
            return Err(stopped(Some((end, escaped))));
        }
        *at = end;
        if bytes.get(*at) != Some(&b':') {
            return Ok(Between::Colon);
        }
        *at = past_space(bytes, *at + 1);
        let value = bytes.get(*at).and_then(|byte| scalar(bytes, *at, *byte));
        let Some(end) = value else {
            return Ok(Between::Value);
        };
        *at = end;
        if bytes.get(*at) != Some(&b',') {
            return Ok(Between::After);
        }
        *at += 1;
        between = Between::Key;
        if bytes.get(*at) != Some(&b'"') {
            return Ok(between);
        }
    }
}

/// The offset after the string, number or word that begins at `at`, where all of it stands here.
#[inline]
fn scalar(bytes: &[u8], at: usize, byte: u8) -> Option<usize> {
    match byte {
        b'"' => string::end(bytes, at + 1).map(|(end, _)| end),
        b'-' | b'0'..=b'9' => number::end(bytes, at),
        b't' => word(bytes, at, b"true"),
        b'f' => word(bytes, at, b"false"),
        b'n' => word(bytes, at, b"null"),
        _ => None,
    }
}

#[inline]
fn word(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let end = at + word.len();
    (bytes.get(at..end) == Some(word)).then_some(end)
}

const SPACES: [u8; 8] = [b' '; 8];

/// The offset of the first byte at or after `at` that is no white space, or the end.
#[inline]
pub(super) fn past_space(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b'!'..) => return at,
            Some(b' ' | b'\r' | b'\t') => at += 1,
            Some(b'\n') => {
                at += 1;
                while bytes.get(at..).and_then(|rest| rest.first_chunk()) == Some(&SPACES) {
                    at += SPACES.len();
                }
            }
            _ => return at,
        }
    }
}
