//! What begins with `<!` or `<?`, and where it ends (XML 1.0 §2.5–§2.8).
//!
//! Comments that another reader could end elsewhere, document types and what else could change what a text means are
//! refused.

use super::name::{get, is_space, may_start};
use super::tag::{Expected, Tag};
use super::value::CDATA;
use crate::charset;

/// The longest XML declaration.
const DECLARATION: usize = 1024;

/// What begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// More bytes decide.
    Undecided,
    Comment,
    Cdata,
    /// An instruction, after its `<?`.
    Instruction,
    /// The XML declaration, up to this offset.
    Declaration(usize),
}

impl Opening {
    /// Reads what begins with `bytes`; `first` says whether they stand at the beginning.
    ///
    /// # Errors
    /// It must not stand here.
    pub(super) fn read(bytes: &[u8], first: bool) -> Result<Self, Expected> {
        let rest = bytes.get(2..).unwrap_or_default();
        if bytes.get(1) == Some(&b'?') {
            return instruction(bytes, rest, first);
        }
        for (opening, text) in [(Self::Comment, &b"--"[..]), (Self::Cdata, get(CDATA, 2..9))] {
            if rest.starts_with(text) {
                return Ok(opening);
            }
            if text.starts_with(rest) {
                return Ok(Self::Undecided);
            }
        }
        Err(match rest.first() {
            Some(b'D' | b'd') => "no document type",
            _ => "a comment or a CDATA section after `<!`",
        })
    }

    /// How many bytes of it open it.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Undecided => 0,
            Self::Comment => 4,
            Self::Cdata => CDATA.len(),
            Self::Instruction => 2,
            Self::Declaration(end) => end,
        }
    }
}

fn instruction(bytes: &[u8], rest: &[u8], first: bool) -> Result<Opening, Expected> {
    let Some(begin) = rest.first() else {
        return Ok(Opening::Undecided);
    };
    if !may_start(*begin) {
        return Err("the name of an instruction after `<?`");
    }
    let near = get(rest, 0..rest.len().min(3));
    let reserved = near
        .iter()
        .zip(b"xml")
        .all(|(byte, own)| byte.to_ascii_lowercase() == *own);
    if !reserved {
        return Ok(Opening::Instruction);
    }
    let Some(next) = rest.get(3) else {
        return Ok(Opening::Undecided);
    };
    if may_start(*next) || matches!(next, b'-' | b'.' | b':' | b'0'..=b'9') {
        return Ok(Opening::Instruction);
    }
    if !first || near != b"xml" || !is_space(*next) {
        return Err("the XML declaration at the beginning only");
    }
    let near = get(bytes, 0..bytes.len().min(DECLARATION));
    match memchr::memmem::find(near, b"?>") {
        Some(at) => Ok(Opening::Declaration(at + 2)),
        None if near.len() == DECLARATION => Err("the end of the XML declaration"),
        None => Ok(Opening::Undecided),
    }
}

/// Checks an XML declaration (§2.8). Whether the encoding it names is the body's is seen where the body is decoded
/// ([`crate::charset`]); in a text it means nothing, and only must not be one in which other bytes are markup.
///
/// # Errors
/// It is malformed, of another version, or names an encoding that is not read.
pub(super) fn declaration(declaration: &[u8]) -> Result<(), Expected> {
    const WHOLE: Expected = "an XML declaration of version 1.0";
    let inner = get(declaration, 2..declaration.len().saturating_sub(2));
    let tag_bytes = [b"<", inner, b"/>"].concat();
    let mut tag = Tag::default();
    if tag.read(&tag_bytes) != Ok(true) || tag.end != tag_bytes.len() {
        return Err(WHOLE);
    }
    let mut attributes = tag.attributes.iter().map(|attribute| {
        let value = get(&tag_bytes, attribute.value.clone());
        (attribute.name.whole(&tag_bytes), value)
    });
    if attributes.next() != Some((b"version", b"1.0")) {
        return Err(WHOLE);
    }
    let mut next = attributes.next();
    if let Some((b"encoding", label)) = next {
        let label = std::str::from_utf8(label).unwrap_or_default();
        if charset::encoding(label).is_err() {
            return Err("an encoding that is read");
        }
        next = attributes.next();
    }
    match next {
        None | Some((b"standalone", b"yes" | b"no")) if attributes.next().is_none() => Ok(()),
        _ => Err(WHOLE),
    }
}

/// How far the end of a comment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Nothing but hyphens so far.
    first: bool,
    hyphens: u8,
}

impl Comment {
    pub(super) const BEGIN: Self = Self {
        first: true,
        hyphens: 0,
    };

    /// Gives the offset after the comment's end.
    ///
    /// # Errors
    /// What other readers would take for its end.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Expected> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match (byte, self.hyphens) {
                (b'>', 2) => return Ok(Some(at + 1)),
                (_, 2) => return Err("no `--` in a comment"),
                (b'>', _) if self.first => return Err("no `>` at the beginning of a comment"),
                (b'-', _) => {
                    self.hyphens += 1;
                    at += 1;
                }
                _ => {
                    self.first = false;
                    self.hyphens = 0;
                    let rest = bytes.get(at..).unwrap_or_default();
                    at += memchr::memchr(b'-', rest).unwrap_or(rest.len());
                }
            }
        }
        Ok(None)
    }
}

/// Where a section ends whose end is a `>` after `before`; `tail` are the last two bytes of it that came before.
/// Gives the offset after the end.
pub(super) fn section_end(bytes: &[u8], before: &[u8], tail: &mut [u8; 2]) -> Option<usize> {
    for at in memchr::memchr_iter(b'>', bytes) {
        if last_two(get(bytes, 0..at), *tail).ends_with(before) {
            return Some(at + 1);
        }
    }
    *tail = last_two(bytes, *tail);
    None
}

/// The last two bytes of `tail` and `bytes`.
fn last_two(bytes: &[u8], tail: [u8; 2]) -> [u8; 2] {
    match (bytes, tail) {
        ([.., one, two], _) => [*one, *two],
        ([two], [_, one]) => [one, *two],
        ([], tail) => tail,
    }
}
