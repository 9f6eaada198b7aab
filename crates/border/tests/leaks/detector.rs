//! Looks for a text in bytes, in every encoding that it could stand in, one inside another.
//!
//! It shares no code with the product: every decoder here is its own, and lenient where the product is strict. It
//! unfolds bytes into all that they might be read as and searches each reading.

use std::collections::HashSet;
use std::io::Read as _;

/// How deep readings stand in one another.
const DEPTH: usize = 7;
/// The most readings of one message.
const MOST: usize = 4000;

/// Whether `needle`, ASCII letters and digits in lower case, stands somewhere in `bytes`.
pub fn holds(bytes: &[u8], needle: &str) -> bool {
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut todo = vec![(bytes.to_vec(), 0)];
    while let Some((reading, depth)) = todo.pop() {
        if has(&reading, needle.as_bytes()) {
            return true;
        }
        if depth == DEPTH || seen.len() > MOST || !seen.insert(reading.clone()) {
            continue;
        }
        for next in readings(&reading) {
            if !next.is_empty() && next != reading {
                todo.push((next, depth + 1));
            }
        }
    }
    false
}

fn has(bytes: &[u8], needle: &[u8]) -> bool {
    bytes
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle))
}

fn readings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![
        percent(bytes),
        json(bytes),
        entities(bytes),
        quoted_printable(bytes),
        without_nulls(bytes),
        hex(bytes),
        without(bytes, b"\r\n "),
    ];
    all.extend(base64_runs(bytes));
    all.extend(compressed(bytes));
    all
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let space = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
    let spaced: Vec<u8> = bytes.iter().map(space).collect();
    escaped(&spaced, b'%')
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes)
        .replace("=\r\n", "")
        .replace("=\n", "");
    escaped(text.as_bytes(), b'=')
}

/// `mark`, then two hexadecimal digits.
fn escaped(bytes: &[u8], mark: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == mark);
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// Every escape of JSON undone once.
fn json(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (byte, next) = (bytes[at], bytes.get(at + 1));
        at += 1;
        let Some(next) = next.filter(|_| byte == b'\\') else {
            out.push(byte);
            continue;
        };
        at += 1;
        let code = bytes.get(at..at + 4).filter(|_| *next == b'u');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()) {
            Some(code) => {
                let character = char::from_u32(code).unwrap_or('?');
                out.extend(character.to_string().bytes());
                at += 4;
            }
            None => out.push(match next {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => *other,
            }),
        }
    }
    out
}

fn entities(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("&#") {
        out.push_str(&rest[..at]);
        let body = &rest[at + 2..];
        let end = body.find(';').unwrap_or(body.len());
        let code = body.get(..end).unwrap_or_default();
        let number = match code.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => code.parse().ok(),
        };
        match number.and_then(char::from_u32) {
            Some(character) => {
                out.push(character);
                rest = body.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push_str("&#");
                rest = body;
            }
        }
    }
    out.push_str(rest);
    let out = out
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    out.replace("<![CDATA[", "")
        .replace("]]>", "")
        .replace("&amp;", "&")
        .into_bytes()
}

/// UTF-16 of either order, for texts that are mostly ASCII.
fn without_nulls(bytes: &[u8]) -> Vec<u8> {
    without(bytes, b"\0")
}

fn without(bytes: &[u8], unwanted: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .copied()
        .filter(|byte| !unwanted.contains(byte))
        .collect()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in bytes
        .split(|byte| !byte.is_ascii_hexdigit())
        .filter(|run| run.len() >= 16)
    {
        for pair in run.chunks(2) {
            let pair = std::str::from_utf8(pair).ok();
            out.extend(pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()));
        }
        out.push(b' ');
    }
    out
}

/// What each run of base64 characters stands for, at each of its four beginnings.
fn base64_runs(bytes: &[u8]) -> Vec<Vec<u8>> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let mut all = Vec::new();
    let joined = without(bytes, b"\r\n");
    for run in joined
        .split(|byte| value(*byte).is_none())
        .filter(|run| run.len() >= 12)
    {
        for begin in 0..4 {
            let mut out = Vec::with_capacity(run.len() * 3 / 4);
            for group in run[begin..].chunks(4) {
                let bits = group
                    .iter()
                    .filter_map(|byte| value(*byte))
                    .fold(0_u32, |bits, value| bits << 6 | u32::from(value));
                let bits = bits << (6 * (4 - group.len()));
                out.extend_from_slice(&bits.to_be_bytes()[1..group.len().max(1)]);
            }
            all.push(out);
        }
    }
    all
}

fn compressed(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut take = |reader: &mut dyn std::io::Read| {
        let mut out = Vec::new();
        // What could be read before a fault counts too.
        let _ = reader.take(1 << 20).read_to_end(&mut out);
        if !out.is_empty() {
            all.push(out);
        }
    };
    for at in 0..bytes.len().saturating_sub(3) {
        let rest = &bytes[at..];
        if rest.starts_with(&[0x1f, 0x8b, 8]) {
            take(&mut flate2::read::MultiGzDecoder::new(rest));
        } else if rest.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            if let Ok(mut reader) = zstd::stream::Decoder::new(rest) {
                take(&mut reader);
            }
        } else if rest.starts_with(b"PK\x03\x04") && rest.len() > 30 {
            let name = usize::from(u16::from_le_bytes([rest[26], rest[27]]));
            let extra = usize::from(u16::from_le_bytes([rest[28], rest[29]]));
            if let Some(member) = rest.get(30 + name + extra..) {
                take(&mut flate2::read::DeflateDecoder::new(member));
            }
        } else if at == 0 && rest[0] == 0x78 {
            take(&mut flate2::read::ZlibDecoder::new(rest));
        }
    }
    if bytes.len() > 3 {
        take(&mut brotli::Decompressor::new(bytes, 4096));
    }
    all
}
