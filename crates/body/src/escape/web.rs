//! The escapes themselves, one function a context.

use crate::edit::ValueType;

/// RFC 8259 §7.
pub(super) fn json(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\0'..='\x1f' | '<' | '>' | '&' | '\x7f' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
            }
            _ => push(character, out),
        }
    }
}

/// A whole JSON string's place: bare where the type and the spelling allow it.
pub(super) fn json_whole(text: &str, value_type: ValueType, out: &mut Vec<u8>) {
    let bare = match value_type {
        ValueType::Number => is_number(text.as_bytes()),
        ValueType::Boolean => matches!(text, "true" | "false"),
        ValueType::String => false,
    };
    if bare {
        out.extend_from_slice(text.as_bytes());
    } else {
        out.push(b'"');
        json(text, out);
        out.push(b'"');
    }
}

/// Whether `text` is a number as RFC 8259 §6 spells it.
pub(crate) fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 { None } else { text.get(count..) }
    }
    fn whole(text: &[u8]) -> Option<()> {
        let text = text.strip_prefix(b"-").unwrap_or(text);
        let mut rest = match text {
            [b'0', rest @ ..] => rest,
            _ => digits(text)?,
        };
        if let Some(fraction) = rest.strip_prefix(b".") {
            rest = digits(fraction)?;
        }
        if let [b'e' | b'E', exponent @ ..] = rest {
            rest = digits(match exponent {
                [b'+' | b'-', exponent @ ..] => exponent,
                _ => exponent,
            })?;
        }
        rest.is_empty().then_some(())
    }
    whole(text).is_some()
}

/// Text, RCDATA and quoted attributes. A raw CR would be read as LF, a raw NUL dropped.
pub(super) fn html(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '&' => out.extend_from_slice(b"&amp;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\'' => out.extend_from_slice(b"&#39;"),
            '\r' => out.extend_from_slice(b"&#13;"),
            '\0' => push('\u{fffd}', out),
            _ => push(character, out),
        }
    }
}

/// Text directly after a `<`. A name with an `@` in it is no element's, and without blanks it has no attributes.
pub(super) fn html_after_less(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.chars();
    if text.contains('@')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._+-@".contains(&b))
    {
        out.extend_from_slice(text.as_bytes());
    } else if let Some(first) = rest.next() {
        out.extend_from_slice(format!("&#{};", u32::from(first)).as_bytes());
        html(rest.as_str(), out);
    }
}

/// An unquoted attribute. It must not become empty, or the next attribute would be its value.
pub(super) fn html_unquoted(text: &str, out: &mut Vec<u8>) {
    if text.is_empty() {
        out.extend_from_slice(b"&#32;");
    }
    for character in text.chars() {
        match character {
            '\0' => push('\u{fffd}', out),
            _ if character.is_ascii_alphanumeric() || !character.is_ascii() => push(character, out),
            _ => out.extend_from_slice(format!("&#{};", u32::from(character)).as_bytes()),
        }
    }
}

/// Inside a string or template literal, and harmless in HTML whatever surrounds the script.
pub(super) fn script(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            ' ' | '_' | '-' | '.' | ',' | ':' | '@' => push(character, out),
            '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes())
            }
            _ if character.is_ascii_alphanumeric() || !character.is_ascii() => push(character, out),
            _ => out.extend_from_slice(format!("\\x{:02x}", u32::from(character)).as_bytes()),
        }
    }
}

/// XML 1.0 §2.4; characters that XML cannot hold (§2.2) become U+FFFD.
pub(super) fn xml(text: &str, attribute: bool, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '&' => out.extend_from_slice(b"&amp;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\'' => out.extend_from_slice(b"&#39;"),
            '\r' => out.extend_from_slice(b"&#13;"),
            '\n' if attribute => out.extend_from_slice(b"&#10;"),
            '\t' if attribute => out.extend_from_slice(b"&#9;"),
            '\n' | '\t' => push(character, out),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => push('\u{fffd}', out),
            _ => push(character, out),
        }
    }
}

/// XML 1.0 §2.7. A trailing `]` or `]]` is split from what the page writes after it, and a leading `>` from what
/// stands before, whatever the page brings: both are written between two sections.
pub(super) fn cdata(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            ']' => out.extend_from_slice(b"]]>&#93;<![CDATA["),
            '>' => out.extend_from_slice(b"]]>&gt;<![CDATA["),
            '\r' => out.extend_from_slice(b"]]>&#13;<![CDATA["),
            '\n' | '\t' => push(character, out),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => push('\u{fffd}', out),
            _ => push(character, out),
        }
    }
}

/// The WHATWG `application/x-www-form-urlencoded` serialiser.
pub(super) fn form(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b' ' => out.push(b'+'),
            b'*' | b'-' | b'.' | b'_' => out.push(byte),
            _ if byte.is_ascii_alphanumeric() => out.push(byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
}

/// An address in a URL: unreserved characters and `@`, `+` stand, so that an address stays readable.
pub(super) fn percent(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' | b'@' | b'+' => out.push(byte),
            _ if byte.is_ascii_alphanumeric() => out.push(byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
}

/// A quoted parameter as browsers write it; other control characters, which no header holds, as U+FFFD.
pub(super) fn parameter(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"%22"),
            '\r' => out.extend_from_slice(b"%0D"),
            '\n' => out.extend_from_slice(b"%0A"),
            '\t' => out.push(b'\t'),
            _ if character.is_ascii_control() => push(char::REPLACEMENT_CHARACTER, out),
            _ => push(character, out),
        }
    }
}

/// RFC 8187 §3.2.1: what is no `attr-char` is percent-encoded.
pub(super) fn extended(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(byte),
            _ if byte.is_ascii_alphanumeric() => out.push(byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
}

/// RFC 4180 §2.7, and the apostrophe that keeps a spreadsheet from computing. A value that begins with apostrophes of
/// its own before a formula gets one more, so that taking one off gives it back.
pub(super) fn cell(
    text: &str,
    starts: bool,
    quoted: bool,
    value_type: ValueType,
    out: &mut Vec<u8>,
) {
    let number = value_type == ValueType::Number && is_number(text.as_bytes());
    let formula = text.trim_start_matches('\'');
    if starts && !number && formula.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        out.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' && quoted {
            out.push(b'"');
        }
        out.push(byte);
    }
}

/// A whole cell, quoted where a reader could take its text for more than one, or trim it.
pub(super) fn cell_whole(
    text: &str,
    separator: u8,
    quoted: bool,
    inert: bool,
    value_type: ValueType,
    out: &mut Vec<u8>,
) {
    let parts = |byte| byte == separator || b"\"\r\n,;\t|".contains(&byte);
    let trimmed = text.starts_with(' ') || text.ends_with(' ');
    let quoted = quoted || trimmed || text.bytes().any(parts);
    if quoted {
        out.push(b'"');
    }
    cell(text, inert, quoted, value_type, out);
    if quoted {
        out.push(b'"');
    }
}

/// WHATWG HTML §9.2.6: CRLF, LF and CR each end a line.
pub(super) fn event_data(text: &str, out: &mut Vec<u8>) {
    let mut after_return = false;
    for byte in text.bytes() {
        match byte {
            b'\n' if after_return => {}
            b'\n' | b'\r' => out.extend_from_slice(b"\ndata: "),
            b'\0' => push('\u{fffd}', out),
            _ => out.push(byte),
        }
        after_return = byte == b'\r';
    }
}

/// RFC 5545 §3.3.11.
pub(super) fn line_text(text: &str, out: &mut Vec<u8>) {
    let mut after_return = false;
    for character in text.chars() {
        match character {
            '\n' if after_return => {}
            '\n' | '\r' => out.extend_from_slice(b"\\n"),
            '\\' | ';' | ',' => {
                out.push(b'\\');
                push(character, out);
            }
            '\t' => out.push(b'\t'),
            '\0'..='\x1f' | '\x7f' => push('\u{fffd}', out),
            _ => push(character, out),
        }
        after_return = character == '\r';
    }
}

/// RFC 2046 §5.1.1: the delimiter must not appear inside a part. A space parts the boundary from its hyphens.
pub(super) fn part(text: &[u8], boundary: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, boundary).filter(|_| !boundary.is_empty()) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        out.push(b' ');
        let (inside, after) = from.split_at(boundary.len());
        out.extend_from_slice(inside);
        rest = after;
    }
    out.extend_from_slice(rest);
}

fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
