//! The fast walk through what no selector leads into.
//!
//! It takes whole tokens only and judges none: where a token is cut by the end of the bytes, is wrong, or goes
//! too deep, it stops before it and leaves it to the walk that can tell (and that says what is wrong).

use super::number::Number;
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

/// The objects and arrays that are open inside the value that is skipped.
pub(super) trait Open {
    /// Opens one; says whether it may be that deep.
    fn open(&mut self, object: bool) -> bool;

    /// Closes the innermost; gives whether the one around it is an object, and nothing where the walk leaves
    /// what may be skipped.
    fn close(&mut self) -> Option<bool>;
}

/// Walks on from `at`, inside an object or an array; gives where the walk stopped.
pub(super) fn skip(
    bytes: &[u8],
    mut at: usize,
    mut between: Between,
    mut object: bool,
    open: &mut impl Open,
) -> (usize, Between) {
    loop {
        at = past_space(bytes, at);
        let Some(byte) = bytes.get(at).copied() else {
            return (at, between);
        };
        match between {
            Between::After => match byte {
                b',' => {
                    at += 1;
                    between = if object {
                        Between::Key
                    } else {
                        Between::Element
                    };
                    continue;
                }
                b'}' if object => {}
                b']' if !object => {}
                _ => return (at, between),
            },
            Between::FirstKey | Between::Key if byte == b'"' => {
                let Some((end, _)) = string::end(bytes, at + 1) else {
                    return (at, between);
                };
                at = end;
                between = Between::Colon;
                if bytes.get(at) == Some(&b':') {
                    at += 1;
                    between = Between::Value;
                }
                continue;
            }
            Between::FirstKey if byte == b'}' => {}
            Between::FirstElement if byte == b']' => {}
            Between::Colon if byte == b':' => {
                at += 1;
                between = Between::Value;
                continue;
            }
            Between::FirstKey | Between::Key | Between::Colon => return (at, between),
            Between::Value | Between::Element | Between::FirstElement => {
                match byte {
                    b'{' | b'[' => {
                        let inner = byte == b'{';
                        if !open.open(inner) {
                            return (at, between);
                        }
                        at += 1;
                        object = inner;
                        between = if inner {
                            Between::FirstKey
                        } else {
                            Between::FirstElement
                        };
                    }
                    _ => {
                        let Some(end) = scalar(bytes, at, byte) else {
                            return (at, between);
                        };
                        at = end;
                        between = Between::After;
                    }
                }
                continue;
            }
        }
        at += 1;
        between = Between::After;
        match open.close() {
            Some(outer) => object = outer,
            None => return (at, between),
        }
    }
}

/// The offset after the string, number or word that begins at `at`, where all of it stands here.
#[inline]
fn scalar(bytes: &[u8], at: usize, byte: u8) -> Option<usize> {
    match byte {
        b'"' => string::end(bytes, at + 1).map(|(end, _)| end),
        b'-' | b'0'..=b'9' => {
            let mut number = Number::Start;
            let end = number.read(bytes, at);
            (end < bytes.len() && number.is_complete()).then_some(end)
        }
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
