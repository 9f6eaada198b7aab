//! The headers of an answer that hold names and remarks: file names in `Content-Disposition` (RFC 6266, RFC 8187), and
//! what an app keeps for its clients in headers of its own (`X-…`, `…-Meta-…`, JSON in a header).
//!
//! Every other header is the protocol's (addresses, cookies, validators, policies): there tokens stay. A value is
//! written in printable ASCII or in what the header has for more, so that it never ends a header, adds a parameter,
//! or leads out of the folder that a file is saved in.

use zeroize::Zeroizing;

use super::tokens::{Measure, Opened, Tokens};
use crate::escape::{Charset, Escape};

/// Characters that stand in an extended value as they are (RFC 8187 §3.2.1, `attr-char`).
const PLAIN: &[u8] = b"!#$&+-.^_`|~";

/// The value of a header with the tokens in it revealed; nothing where all of it stays as it came.
pub fn header(name: &str, value: &[u8], tokens: &mut dyn Tokens) -> Option<Vec<u8>> {
    let name = name.to_ascii_lowercase();
    if name == "content-disposition" {
        return disposition(value, tokens);
    }
    if !(name.starts_with("x-") || name.contains("-meta-") || is_json(value)) {
        return None;
    }
    if is_json(value) {
        return replace(value, tokens, &|plain, out| {
            Escape::Json
                .in_charset(Charset::Undeclared)
                .write(plain, out);
            true
        });
    }
    let is_url = memchr::memmem::find(value, b"://").is_some() || value.starts_with(b"/");
    if is_url {
        return None;
    }
    let is_percent = !value.contains(&b' ') && percent_encoded(value);
    if is_percent {
        return replace(value, tokens, &|plain, out| {
            extended(plain, out);
            true
        });
    }
    replace(value, tokens, &|plain, out| {
        let printable = plain.iter().all(|b| (b' '..=b'~').contains(b));
        if printable {
            out.extend_from_slice(plain);
        }
        printable
    })
}

fn is_json(value: &[u8]) -> bool {
    matches!(value, [b'{', .., b'}'] | [b'[', .., b']'])
}

fn percent_encoded(value: &[u8]) -> bool {
    let mut found = memchr::memchr_iter(b'%', value).peekable();
    found.peek().is_some()
        && found.all(|at| {
            let digits = value.get(at + 1..at + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        })
}

/// Writes the value of every token in `text` that `write` can write.
fn replace(
    text: &[u8],
    tokens: &mut dyn Tokens,
    write: &dyn Fn(&[u8], &mut Vec<u8>) -> bool,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut done, mut from) = (0, 0);
    let mut plain = Zeroizing::new(Vec::new());
    while let Some(at) = tokens.find(text, from) {
        let rest = text.get(at..)?;
        let length = match tokens.measure(rest, true) {
            Measure::Whole(length) | Measure::Cut(length) => length.min(rest.len()),
            Measure::More(_) | Measure::No => 0,
        };
        if length == 0 {
            from = at + 1;
            continue;
        }
        from = at + length;
        plain.clear();
        let opened = tokens.open(rest.get(..length)?, &mut plain);
        if !matches!(opened, Opened::Value(_) | Opened::Mark) {
            continue;
        }
        let before = out.len();
        out.extend_from_slice(text.get(done..at)?);
        if write(&plain, &mut out) {
            done = from;
        } else {
            out.truncate(before);
        }
    }
    (done > 0).then(|| {
        out.extend_from_slice(text.get(done..).unwrap_or_default());
        out
    })
}

/// A parameter of `Content-Disposition`.
struct Parameter<'a> {
    whole: &'a [u8],
    name: String,
    value: &'a [u8],
}

fn disposition(value: &[u8], tokens: &mut dyn Tokens) -> Option<Vec<u8>> {
    let parameters = parameters(value);
    let has_extended = parameters.iter().any(|one| one.name == "filename*");
    let mut out = Vec::new();
    let mut changed = false;
    for (index, parameter) in parameters.iter().enumerate() {
        if index > 0 {
            out.push(b';');
        }
        let written = match parameter.name.as_str() {
            "filename" | "name" => file_name(parameter, !has_extended, tokens),
            "filename*" => extended_name(parameter, tokens),
            _ => None,
        };
        changed |= written.is_some();
        out.extend_from_slice(written.as_deref().unwrap_or(parameter.whole));
    }
    changed.then_some(out)
}

/// The type and the parameters of a header, parted at the semicolons outside quotes.
fn parameters(value: &[u8]) -> Vec<Parameter<'_>> {
    let mut parameters = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for at in 0..=value.len() {
        let byte = value.get(at);
        let ends = byte.is_none() || (byte == Some(&b';') && !quoted);
        if ends {
            let whole = value.get(start..at).unwrap_or_default();
            let equals = memchr::memchr(b'=', whole).unwrap_or(whole.len());
            let name = whole.get(..equals).unwrap_or_default();
            parameters.push(Parameter {
                whole,
                name: String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase(),
                value: whole.get(equals + 1..).unwrap_or_default().trim_ascii(),
            });
            start = at + 1;
        }
        quoted ^= byte == Some(&b'"') && !escaped;
        escaped = quoted && byte == Some(&b'\\') && !escaped;
    }
    parameters
}

/// `filename="…"`, and the extended parameter where the name is not all ASCII and there is none.
fn file_name(parameter: &Parameter<'_>, extends: bool, tokens: &mut dyn Tokens) -> Option<Vec<u8>> {
    let quoted = parameter.value.strip_prefix(b"\"");
    let quoted = quoted.and_then(|value| value.strip_suffix(b"\""));
    let source = quoted.unwrap_or(parameter.value);
    let whole = Zeroizing::new(replace(source, tokens, &|plain, out| {
        safe_name(plain, out);
        true
    })?);
    let mut out = Vec::with_capacity(whole.len() * 2 + 32);
    let space: &[u8] = if parameter.whole.starts_with(b" ") {
        b" "
    } else {
        b""
    };
    out.extend_from_slice(space);
    out.extend_from_slice(parameter.name.as_bytes());
    out.extend_from_slice(b"=\"");
    for character in String::from_utf8_lossy(&whole).chars() {
        out.push(
            u8::try_from(character)
                .ok()
                .filter(u8::is_ascii)
                .unwrap_or(b'?'),
        );
    }
    out.push(b'"');
    if extends && parameter.name == "filename" && !whole.is_ascii() {
        out.extend_from_slice(b"; filename*=UTF-8''");
        extended(&whole, &mut out);
    }
    Some(out)
}

/// `filename*=UTF-8''…`.
fn extended_name(parameter: &Parameter<'_>, tokens: &mut dyn Tokens) -> Option<Vec<u8>> {
    let is_utf8 = parameter
        .value
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"utf-8''"));
    if !is_utf8 {
        return None;
    }
    replace(parameter.whole, tokens, &|plain, out| {
        let mut name = Zeroizing::new(Vec::with_capacity(plain.len()));
        safe_name(plain, &mut name);
        extended(&name, out);
        true
    })
}

/// A file name that leads nowhere and ends nothing.
fn safe_name(plain: &[u8], out: &mut Vec<u8>) {
    for character in String::from_utf8_lossy(plain).chars() {
        let safe = match character {
            '"' | '\\' | '/' | ':' | '*' | '?' | '<' | '>' | '|' | ';' => '_',
            // Formatting characters turn the end of a name around (`gpj.exe`).
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '_',
            '\u{2028}' | '\u{2029}' => '_',
            _ if character.is_control() => '_',
            other => other,
        };
        out.extend_from_slice(safe.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn extended(plain: &[u8], out: &mut Vec<u8>) {
    for byte in plain {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
}
