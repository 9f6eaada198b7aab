//! The parameters of a part's `Content-Disposition` (RFC 7578 §4.2, RFC 8187), and the ways in which servers read them.

use crate::error::ErrorKind;

/// What a parameter must be like whose readings disagree otherwise.
pub(super) const ONE_READING: ErrorKind = ErrorKind::Syntax {
    expected: "a name that can be read in one way only",
};

const EXTENDED: ErrorKind = ErrorKind::Syntax {
    expected: "a parameter in UTF-8 or ISO-8859-1 (RFC 8187)",
};

/// The length of a parameter's value at the beginning of `text`, and that value without its quotes, its escapes kept.
///
/// # Errors
/// [`ErrorKind::Syntax`] where it has no clear end.
pub(super) fn value(text: &[u8]) -> Result<(usize, &[u8]), ErrorKind> {
    let malformed = |expected| ErrorKind::Syntax { expected };
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = memchr::memchr(b';', text).unwrap_or(text.len());
        let value = text.get(..end).unwrap_or_default().trim_ascii_end();
        let odd = |byte: &u8| *byte == b'"' || byte.is_ascii_whitespace();
        if value.is_empty() || value.iter().any(odd) {
            return Err(malformed("a parameter's value"));
        }
        return Ok((value.len(), value));
    };
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', quoted.get(at..).unwrap_or_default())
            .ok_or(malformed("a closing quote"))?;
        if quoted.get(at) == Some(&b'"') {
            let text = quoted.get(..at).unwrap_or_default();
            return match hides_name(text) {
                true => Err(ONE_READING),
                false => Ok((at + 2, text)),
            };
        }
        // A backslash before a quote escapes it, or the two readings part here: before anything but the end of
        // the parameter both go on alike.
        let escapes_quote = quoted.get(at + 1) == Some(&b'"');
        let ends_here = quoted.get(at + 2).is_none_or(|byte| *byte == b';');
        if escapes_quote && ends_here {
            return Err(ONE_READING);
        }
        at += 2;
    }
}

/// Whether a quoted text is a parameter `name` or `filename` to readers that look for one without minding quotes.
fn hides_name(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    memchr::memmem::find_iter(&lower, b"name").any(|at| {
        let before = lower.get(..at).unwrap_or_default();
        let before = before.strip_suffix(b"file").unwrap_or(before).last();
        let rest = lower.get(at + 4..).unwrap_or_default();
        let rest = rest.strip_prefix(b"*").unwrap_or(rest).trim_ascii_start();
        before.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b';')
            && rest.first() == Some(&b'=')
    })
}

/// Decodes an extended value: `UTF-8''%C3%A9`.
///
/// # Errors
/// [`ErrorKind::Syntax`] where it is none.
pub(super) fn extended(value: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    let mut pieces = value.splitn(3, |byte| *byte == b'\'');
    let (Some(charset), Some(_), Some(text)) = (pieces.next(), pieces.next(), pieces.next()) else {
        return Err(EXTENDED);
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let mut digit = || char::from(*rest.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(EXTENDED);
        };
        bytes.push(u8::try_from(high << 4 | low).map_err(|_| EXTENDED)?);
    }
    if charset.eq_ignore_ascii_case(b"utf-8") {
        std::str::from_utf8(&bytes).map_err(|_| EXTENDED)?;
        Ok(bytes)
    } else if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        let text: String = bytes.into_iter().map(char::from).collect();
        Ok(text.into_bytes())
    } else {
        Err(EXTENDED)
    }
}

/// The name as each server may take it: a backslash is an escape to some and a character to others, and so are the
/// percent sequences that browsers write for quotes and line breaks.
pub(super) fn readings(name: &[u8]) -> Vec<Vec<u8>> {
    if memchr::memchr2(b'\\', b'%', name).is_none() {
        return vec![name.to_vec()];
    }
    let unescaped = unescape(name);
    vec![
        name.to_vec(),
        browsers(name),
        browsers(&unescaped),
        unescaped,
    ]
}

/// A file's name as whoever chose it would know it: what browsers and curl write for quotes and line breaks is undone,
/// and other backslashes stay, as in a path.
pub(super) fn file_name(spelled: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(spelled.len());
    let mut bytes = spelled.iter().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'\\', Some(next @ (b'"' | b'\\'))) => {
                read.push(**next);
                bytes.next();
            }
            _ => read.push(*byte),
        }
    }
    browsers(&read)
}

/// The name as a reader of quoted strings takes it (RFC 9110 §5.6.4).
fn unescape(name: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => read.extend(bytes.next()),
            _ => read.push(*byte),
        }
    }
    read
}

/// The name as a reader takes it that undoes what browsers write (WHATWG HTML §4.10.21.8).
fn browsers(name: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        let escaped = [(b"%22", b'"'), (b"%0D", b'\r'), (b"%0A", b'\n')];
        let found = escaped
            .iter()
            .find(|(spelling, _)| rest.starts_with(*spelling));
        match found {
            Some((spelling, byte)) => {
                read.push(*byte);
                rest = rest.get(spelling.len()..).unwrap_or_default();
            }
            None => {
                read.push(*first);
                rest = after;
            }
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_values_are_decoded() {
        assert_eq!(extended(b"UTF-8''%c3%a9t%C3%A9"), Ok("été".into()));
        assert_eq!(extended(b"iso-8859-1'fr'%E9"), Ok("é".into()));
        for value in [
            &b"%C3%A9"[..],
            b"utf-8'%C3%A9",
            b"utf-8''%C3",
            b"utf-8''%4",
            b"utf-8''%+1",
            b"utf-16''%00a",
        ] {
            assert!(extended(value).is_err());
        }
    }

    #[test]
    fn file_names_lose_what_clients_escape() {
        assert_eq!(file_name(b"a%22b\\\"c.pdf"), b"a\"b\"c.pdf");
        assert_eq!(file_name(b"C:\\x\\y.pdf"), b"C:\\x\\y.pdf");
        assert_eq!(file_name(b"a%0D%0Ab%20"), b"a\r\nb%20");
    }
}
