//! The fields of a head of mail (RFC 5322 §3.6) that people write in: what the message is about, and whom it is from
//! and to. Tokens in every other field stay.
//!
//! A token may stand in an encoded-word, and a fold may cut it once. Only what a field with a token in it has changes:
//! an unstructured field is written anew, of one with addresses the names and addresses with tokens.

use zeroize::Zeroizing;

use super::words::{self, Kind, Write};
use crate::escape::Escape;
use crate::out::Out;
use crate::reveal::run::Run;
use crate::reveal::tokens::{Counts, Measure, Opened, Tokens};

/// Writes a head with the tokens in its fields opened; nothing where none is. `leaves_out` names lines that stay out
/// of a head that changes.
pub(super) fn reveal(
    head: &[u8],
    leaves_out: &dyn Fn(&[u8]) -> bool,
    tokens: &mut dyn Tokens,
    counts: &mut Counts,
) -> Option<Out> {
    // Encoded-words and folds hide tokens.
    let hides = memchr::memmem::find(head, b"=?").is_some()
        || memchr::memchr2_iter(b' ', b'\t', head)
            .any(|at| at.checked_sub(1).and_then(|at| head.get(at)) == Some(&b'\n'));
    if !hides && tokens.find(head, 0).is_none() {
        return None;
    }
    let ends_with_return = head.ends_with(b"\r\n");
    let mut fields = Fields {
        tokens,
        line_end: if ends_with_return { b"\r\n" } else { b"\n" },
        out: Out::new(),
        counts: Counts::default(),
    };
    let mut rest = head;
    while !rest.is_empty() {
        let (field, behind) = rest.split_at(length(rest));
        let name = field.get(..memchr::memchr(b':', field).unwrap_or_default());
        if !name.is_some_and(leaves_out) {
            fields.field(field);
        }
        rest = behind;
    }
    counts.add(fields.counts);
    (fields.counts.revealed + fields.counts.marked > 0).then_some(fields.out)
}

/// How long the field is that the lines begin with, its folded lines and its end included.
fn length(lines: &[u8]) -> usize {
    let ends = memchr::memchr_iter(b'\n', lines);
    let mut ends = ends.filter(|at| !matches!(lines.get(at + 1), Some(b' ' | b'\t')));
    ends.next().map_or(lines.len(), |at| at + 1)
}

struct Fields<'a> {
    tokens: &'a mut dyn Tokens,
    line_end: &'static [u8],
    out: Out,
    counts: Counts,
}

impl Fields<'_> {
    fn field(&mut self, field: &[u8]) {
        let colon = memchr::memchr(b':', field).unwrap_or_default();
        let name = field.get(..colon).unwrap_or_default().trim_ascii();
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix(b"resent-").unwrap_or(&name);
        let is_text = match name {
            b"subject" | b"comments" | b"keywords" | b"content-description" | b"thread-topic" => {
                true
            }
            b"from" | b"sender" | b"reply-to" | b"to" | b"cc" | b"bcc" => false,
            _ => return self.out.write(field),
        };
        let body = field.get(colon + 1..).unwrap_or_default();
        let value = body.trim_ascii();
        let blanks = body.len() - body.trim_ascii_start().len();
        let (before, rest) = field.split_at(colon + 1 + blanks);
        let behind = rest.get(value.len()..).unwrap_or_default();
        self.out.write(before);
        let column =
            memchr::memrchr(b'\n', before).map_or(before.len(), |at| before.len() - at - 1);
        let joined = self.join(value);
        if is_text {
            let text: Vec<u8> = joined
                .iter()
                .filter(|byte| !matches!(byte, b'\r' | b'\n'))
                .copied()
                .collect();
            if !self.text(&text, Kind::Text, column) {
                self.out.write(value);
            }
        } else {
            self.addresses(&joined, column);
        }
        self.out.write(behind);
    }

    /// Takes the folds out that cut a token.
    fn join(&mut self, value: &[u8]) -> Vec<u8> {
        let mut joined = Vec::with_capacity(value.len());
        let mut rest = value;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(at + 1);
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            joined.extend_from_slice(text);
            let next = behind.get(1..).unwrap_or_default();
            if !self.is_cut(&joined, next) {
                joined.extend_from_slice(line.get(text.len()..).unwrap_or_default());
                joined.extend_from_slice(behind.get(..1).unwrap_or_default());
            }
            rest = next;
        }
        joined.extend_from_slice(rest);
        joined
    }

    /// Whether a token begins in what stands before a fold and ends behind it.
    fn is_cut(&self, before: &[u8], next: &[u8]) -> bool {
        let start = before.iter().rposition(u8::is_ascii_whitespace);
        let word = before
            .get(start.map_or(0, |at| at + 1)..)
            .unwrap_or_default();
        let end = next.iter().position(u8::is_ascii_whitespace);
        let both = [
            word,
            next.get(..end.unwrap_or(next.len())).unwrap_or_default(),
        ]
        .concat();
        let mut from = 0;
        while let Some(at) = self.tokens.find(&both, from).filter(|at| *at < word.len()) {
            let whole = |bytes: &[u8]| match self.tokens.measure(bytes, true) {
                Measure::Whole(length) => Some(at + length),
                Measure::Cut(_) | Measure::More(_) | Measure::No => None,
            };
            let alone = whole(word.get(at..).unwrap_or_default());
            let joined = whole(both.get(at..).unwrap_or_default());
            if alone.is_none() && joined.is_some_and(|end| end > word.len()) {
                return true;
            }
            from = at + 1;
        }
        false
    }

    /// Goes over a list of addresses: the names and addresses in it.
    fn addresses(&mut self, list: &[u8], column: usize) {
        let mut at = 0;
        let mut column = column;
        while let Some(rest) = list.get(at..).filter(|rest| !rest.is_empty()) {
            let length = match rest {
                [b'(', ..] => comment(rest),
                [b'<', ..] => {
                    let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
                    self.out.write(b"<");
                    self.item(rest.get(1..end).unwrap_or_default(), Kind::Address, column);
                    at += end;
                    continue;
                }
                [b, ..] if b.is_ascii_whitespace() || b",;:>)".contains(b) => 1,
                _ => {
                    let end = phrase(rest);
                    let item = rest.get(..end).unwrap_or_default();
                    let named = matches!(rest.get(end..), Some([b'<' | b':', ..]));
                    let text = item.trim_ascii_end();
                    let kind = if named || text.starts_with(b"=?") || text.starts_with(b"\"") {
                        Kind::Phrase
                    } else {
                        Kind::Address
                    };
                    let after_blank =
                        at == 0 || list.get(at - 1).is_some_and(u8::is_ascii_whitespace);
                    if !after_blank {
                        column = LONGEST_COLUMN;
                    }
                    let opened = self.item(text, kind, column);
                    if opened && named && text.len() == item.len() {
                        self.out.write(b" ");
                    }
                    self.out.write(item.get(text.len()..).unwrap_or_default());
                    at += end;
                    continue;
                }
            };
            self.out.write(rest.get(..length).unwrap_or_default());
            at += length;
            // Behind the first, a name that needs encoding stands on a line of its own.
            column = LONGEST_COLUMN;
        }
    }

    /// Writes a name or an address; says whether a token was opened in it.
    fn item(&mut self, item: &[u8], kind: Kind, column: usize) -> bool {
        let opened = match kind {
            Kind::Phrase => self.text(&unquote(item), kind, column),
            Kind::Address | Kind::Text => self.text(item, kind, column),
        };
        if !opened {
            self.out.write(item);
        }
        opened
    }

    /// Writes a text anew; says whether a token was opened in it. If not, nothing is written.
    fn text(&mut self, came: &[u8], kind: Kind, column: usize) -> bool {
        let Some(text) = words::read(came) else {
            return false;
        };
        let text = text.as_bytes();
        let mut inner = Out::new();
        let mut run = Run::default();
        let mut plain = Zeroizing::new(Vec::new());
        let (mut done, mut from, mut opened) = (0, 0, 0);
        while let Some(at) = self.tokens.find(text, from) {
            let rest = text.get(at..).unwrap_or_default();
            let length = match self.tokens.measure(rest, true) {
                Measure::Whole(length) | Measure::Cut(length) => length.min(rest.len()),
                Measure::More(_) | Measure::No => 0,
            };
            if length == 0 {
                from = at + 1;
                continue;
            }
            from = at + length;
            run.advance(text.get(done..at).unwrap_or_default());
            inner.write(text.get(done..at).unwrap_or_default());
            done = at;
            if run.is_url() {
                self.counts.left_in_url += 1;
                continue;
            }
            plain.clear();
            match self
                .tokens
                .open(rest.get(..length).unwrap_or_default(), &mut plain)
            {
                Opened::Leave => continue,
                Opened::Value(_) => {
                    inner.write(&plain);
                    self.counts.revealed += 1;
                }
                Opened::Pending(ask, _) => {
                    inner.hole(ask, Escape::Plain);
                    self.counts.revealed += 1;
                }
                Opened::Mark => {
                    inner.write(&plain);
                    self.counts.marked += 1;
                }
            }
            opened += 1;
            run = Run::default();
            done = from;
        }
        if opened == 0 {
            return false;
        }
        inner.write(text.get(done..).unwrap_or_default());
        self.out.enter(Box::new(Write {
            kind,
            came: came.to_vec(),
            line_end: self.line_end,
            column,
            text: Zeroizing::default(),
        }));
        self.out.absorb(inner);
        self.out.leave();
        true
    }
}

/// A column behind which nothing fits.
const LONGEST_COLUMN: usize = 76;

/// How long the name or address is that the bytes begin with.
fn phrase(bytes: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in bytes.iter().enumerate() {
        if !quoted && b",;:<>()".contains(byte) {
            return at;
        }
        quoted ^= *byte == b'"' && !escaped;
        escaped = quoted && *byte == b'\\' && !escaped;
    }
    bytes.len()
}

/// How long the comment is that the bytes begin with.
fn comment(bytes: &[u8]) -> usize {
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    bytes.len()
}

/// The text of a name: without quotes, and on one line.
fn unquote(name: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(name.len());
    let (mut quoted, mut escaped) = (false, false);
    for byte in name {
        match byte {
            b'\r' | b'\n' => {}
            _ if std::mem::take(&mut escaped) => text.push(*byte),
            b'"' => quoted = !quoted,
            b'\\' if quoted => escaped = true,
            _ => text.push(*byte),
        }
    }
    text
}
