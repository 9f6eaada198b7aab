//! Token searches of FHIR R4 (Search, §3.1.1.4.10 token, §3.1.1.4.5 escaping): `code`, `system|code`, `|code`,
//! several joined by `,` for 'or'. A backslash takes the meaning from `,`, `|`, `$` and itself.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::error::ErrorKind;

/// One alternative of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// Where the alternative begins, with its system.
    pub(crate) start: usize,
    /// Where the code itself stands.
    pub(crate) code: Range<usize>,
}

/// Where the codes stand in a decoded parameter whose name has this modifier (with its `:`, or nothing).
///
/// # Errors
/// Where the modifier makes of the parameter something else than codes.
pub(crate) fn values(text: &[u8], modifier: &[u8]) -> Result<Vec<Code>, ErrorKind> {
    let systems = match modifier {
        b"" | b":not" => 1,
        // System and code of the type, then the value.
        b":of-type" => 2,
        b":missing" => return Ok(Vec::new()),
        _ => {
            return Err(ErrorKind::Syntax {
                expected: "a token search without this modifier",
            });
        }
    };
    let mut values = Vec::new();
    let mut start = 0;
    let mut from = 0;
    let mut bars = 0;
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'|' if bars < systems => {
                bars += 1;
                from = at + 1;
            }
            b',' => {
                values.push(Code {
                    start,
                    code: from..at,
                });
                start = at + 1;
                from = start;
                bars = 0;
            }
            _ => {}
        }
    }
    values.push(Code {
        start,
        code: from..text.len(),
    });
    Ok(values)
}

/// The code that this text stands for.
pub(crate) fn unescape(text: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if !text.contains(&b'\\') {
        return text;
    }
    let mut read = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.as_slice().first()) {
            (b'\\', Some(next @ (b'\\' | b',' | b'|' | b'$'))) => {
                read.push(*next);
                bytes.next();
            }
            _ => read.push(*byte),
        }
    }
    read
}

/// A code as it is spelled in a search.
pub(crate) fn escape(code: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    let special = |byte: &u8| matches!(byte, b'\\' | b',' | b'|' | b'$');
    if !code.iter().any(special) {
        return code;
    }
    let mut written = Zeroizing::new(Vec::with_capacity(code.len() + 4));
    for byte in code.iter() {
        if special(byte) {
            written.push(b'\\');
        }
        written.push(*byte);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str, modifier: &str) -> Vec<String> {
        let ranges = values(text.as_bytes(), modifier.as_bytes()).unwrap();
        let read = |range: Range<usize>| unescape(Zeroizing::new(text.as_bytes()[range].to_vec()));
        ranges
            .into_iter()
            .map(|code| String::from_utf8(read(code.code).to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn codes_stand_behind_their_systems() {
        assert_eq!(codes("TREM", ""), ["TREM"]);
        assert_eq!(
            codes("urn:ramq|TREM,|b,c,urn:x|", ":not"),
            ["TREM", "b", "c", ""]
        );
        assert_eq!(codes("urn\\|x|a\\,b\\\\|c", ""), ["a,b\\|c"]);
        assert_eq!(codes("http://t|MR|446053", ":of-type"), ["446053"]);
        assert_eq!(codes("true", ":missing"), Vec::<String>::new());
        assert!(values(b"x", b":text").is_err());
    }

    #[test]
    fn what_is_escaped_reads_back() {
        for code in ["", "a", "a,b|c$d\\e", "\\\\"] {
            let escaped = escape(Zeroizing::new(code.as_bytes().to_vec()));
            assert_eq!(*unescape(escaped), code.as_bytes());
        }
    }
}
