//! The text of a field of mail: encoded-words (RFC 2047) read and written, lines folded (RFC 5322 §2.2.3).

use std::sync::Arc;

use encoding_rs::Encoding;
use zeroize::Zeroizing;

use crate::base64::{Alphabet, Lines, Writer, decode};
use crate::error::Error;
use crate::out::Transform;

/// How long a line may be that holds an encoded-word (RFC 2047 §2).
const LONGEST_LINE: usize = 76;

/// So many bytes make an encoded-word that is no longer than 75 characters.
const LONGEST_WORD: usize = 45;

/// What an encoded-word has beside its text.
const AROUND_WORD: usize = 12;

/// A word that is longer is encoded: a line may have 998 characters (RFC 5322 §2.1.1).
const LONGEST_PLAIN: usize = 900;

/// Undoes the encoded-words in a text; nothing where one is of no charset that is read, or the text is not UTF-8.
pub(super) fn read(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let mut read = String::with_capacity(text.len());
    // Writers cut characters: words that follow one another are decoded as one.
    let mut open: Option<(&'static Encoding, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let (word, length) = match word(from) {
            Some((encoding, bytes, length)) => (Some((encoding, bytes)), length),
            None => (None, 2),
        };
        let is_gap = before.bytes().all(|byte| byte.is_ascii_whitespace());
        match (&mut open, word) {
            (Some((known, bytes)), Some((encoding, more))) if is_gap && *known == encoding => {
                bytes.extend_from_slice(&more);
            }
            (_, word) => {
                let after_word = open.is_some();
                close(&mut open, &mut read)?;
                if !(after_word && is_gap && word.is_some()) {
                    read.push_str(before);
                }
                if word.is_none() {
                    read.push_str("=?");
                }
                open = word;
            }
        }
        rest = from.get(length..)?;
    }
    close(&mut open, &mut read)?;
    read.push_str(rest);
    Some(read)
}

/// Ends words that were decoded as one.
fn close(open: &mut Option<(&'static Encoding, Vec<u8>)>, read: &mut String) -> Option<()> {
    if let Some((encoding, bytes)) = open.take() {
        let (text, malformed) = encoding.decode_without_bom_handling(&bytes);
        if malformed {
            return None;
        }
        read.push_str(&text);
    }
    Some(())
}

/// Reads the encoded-word that the text begins with: its charset, its bytes, and how long it is.
fn word(text: &str) -> Option<(&'static Encoding, Vec<u8>, usize)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, coding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let encoded = rest.get(..rest.find("?=")?)?;
    if encoded.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return None;
    }
    // RFC 2231 §5: a language may follow the charset.
    let label = charset.split('*').next()?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    let bytes = match coding {
        "B" | "b" => decode(Alphabet::Standard, encoded.trim_end_matches('=').as_bytes())?,
        "Q" | "q" => unquote(encoded.as_bytes()),
        _ => return None,
    };
    let length = "=????=".len() + charset.len() + coding.len() + encoded.len();
    Some((encoding, bytes, length))
}

/// Undoes the `Q` encoding (RFC 2047 §4.2).
fn unquote(encoded: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut at = 0;
    while let Some(byte) = encoded.get(at) {
        let escape = digit(encoded.get(at + 1)).zip(digit(encoded.get(at + 2)));
        let escape = escape.and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
        match (byte, escape) {
            (b'=', Some(escaped)) => {
                bytes.push(escaped);
                at += 3;
            }
            (b'_', _) => {
                bytes.push(b' ');
                at += 1;
            }
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    bytes
}

/// What a text is in its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// All of an unstructured field.
    Text,
    /// A name before an address.
    Phrase,
    /// An address.
    Address,
}

/// Writes a text in a field once all of it has come, what fills its holes with it.
pub(super) struct Write {
    pub(super) kind: Kind,
    /// What stood there, which stays where the text is no address.
    pub(super) came: Vec<u8>,
    pub(super) line_end: &'static [u8],
    /// How much stands on the line before it.
    pub(super) column: usize,
    pub(super) text: Zeroizing<Vec<u8>>,
}

impl Transform for Write {
    fn push(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> Result<(), Error> {
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        // A control character has no meaning in a field, and a line break one that is another's.
        let inert = |character: char| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        };
        let text = Zeroizing::new(String::from_utf8_lossy(&self.text).into_owned());
        let text: Zeroizing<String> = Zeroizing::new(text.chars().map(inert).collect());
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let longest = text.split(' ').map(str::len).max().unwrap_or_default();
        let is_plain = printable && !text.contains("=?") && longest <= LONGEST_PLAIN;
        match self.kind {
            Kind::Address if is_address(&text) => out.extend_from_slice(text.as_bytes()),
            Kind::Address => out.extend_from_slice(&self.came),
            Kind::Text if is_plain && text.trim_ascii().len() == text.len() => {
                self.fold(&text, out);
            }
            Kind::Phrase if is_plain => {
                let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
                let escaped = Zeroizing::new(format!("\"{escaped}\""));
                self.fold(&escaped, out);
            }
            Kind::Text | Kind::Phrase => self.encode(&text, out)?,
        }
        Ok(())
    }
}

impl Write {
    /// Writes text in lines that begin with a blank of its own and more.
    fn fold(&self, text: &str, out: &mut Vec<u8>) {
        let mut column = self.column;
        let mut rest = text;
        while !rest.is_empty() {
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            let word = rest.get(blanks..).and_then(|word| word.find(' '));
            let length = word.map_or(rest.len(), |word| blanks + word);
            let (now, later) = rest.split_at(length);
            if blanks > 0 && length > blanks && column + length > LONGEST_LINE {
                out.extend_from_slice(self.line_end);
                column = 0;
            }
            out.extend_from_slice(now.as_bytes());
            column += length;
            rest = later;
        }
    }

    /// Writes text as encoded-words.
    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut column = self.column;
        let mut rest = text;
        let mut is_first = true;
        while !rest.is_empty() || is_first {
            let room = LONGEST_LINE.saturating_sub(column + AROUND_WORD) / 4 * 3;
            // The first may have too little room left, and stand on a line of its own.
            let room = if is_first && room >= 8 {
                room
            } else {
                LONGEST_WORD
            };
            let fits = room.min(LONGEST_WORD).min(rest.len());
            let cut = (0..=fits).rev().find(|at| rest.is_char_boundary(*at));
            let (now, later) = rest.split_at(cut.unwrap_or(rest.len()));
            if !is_first || column + AROUND_WORD + now.len().div_ceil(3) * 4 > LONGEST_LINE {
                out.extend_from_slice(self.line_end);
                out.push(b' ');
                column = 1;
            }
            out.extend_from_slice(b"=?utf-8?B?");
            let mut writer = Writer::new(Alphabet::Standard, Lines::None, Arc::default());
            writer.push(now.as_bytes(), out)?;
            writer.finish(out)?;
            out.extend_from_slice(b"?=");
            is_first = false;
            rest = later;
        }
        Ok(())
    }
}

/// Whether it is an address and nothing else (RFC 5322 §3.4.1, a dot-atom on either side).
fn is_address(text: &str) -> bool {
    let is_atom = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
    };
    let parts = text.split_once('@');
    parts.is_some_and(|(local, domain)| is_atom(local) && is_atom(domain))
        && text.len() <= LONGEST_PLAIN
}
