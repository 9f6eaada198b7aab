//! Base64 (RFC 4648 §4 and §5) around one value or one body.
//!
//! The alphabet, the padding and the line breaks (MIME, RFC 2045 §6.8) are kept: what is written has padding if what
//! came had it, and lines of the same length. What decoders read differently is refused: characters of neither
//! alphabet, a length that no bytes give, bits that are not zero behind the last byte, padding in the middle; so are lines
//! of different lengths, which could not be written again.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use zeroize::Zeroizing;

use crate::content::Content;
use crate::content_type::ContentType;
use crate::edit::{Editor, Opened, PlaceId};
use crate::error::{Error, ErrorKind};
use crate::out::{Out, Transform};
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter, text};

/// Which two characters stand for 62 and 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// `+` and `/`.
    Standard,
    /// `-` and `_`.
    Url,
}

/// Padding is looked at here, since only the end of a body may have it.
const BARE: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::RequireNone)
    .with_decode_allow_trailing_bits(false);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, BARE);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, BARE);

impl Alphabet {
    fn engine(self) -> &'static GeneralPurpose {
        match self {
            Self::Standard => &STANDARD,
            Self::Url => &URL_SAFE,
        }
    }

    /// Whether it is written with padding where what came cannot tell.
    pub(crate) fn pads(self) -> bool {
        self == Self::Standard
    }
}

/// The place of a body in base64.
#[derive(Debug)]
struct Place(PlaceId, Alphabet);

/// Reads the one selector.
pub(crate) fn compile(
    selected: &[Selected<'_>],
    alphabet: Alphabet,
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    text::whole(selected).map(|place| Arc::new(Place(place, alphabet)) as Arc<dyn Grammar>)
}

impl Grammar for Place {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Stream::new(self, None, limits)))
    }
}

/// A rewriter for what a container encodes in base64 at a place of its own (RFC 2045 §6.8), with the content type that
/// it gives.
pub(crate) fn transfer(
    place: PlaceId,
    content_type: Option<ContentType>,
    limits: Limits,
) -> Box<dyn Rewriter> {
    let place = Place(place, Alphabet::Standard);
    Box::new(Stream::new(&place, content_type, limits))
}

/// A rewriter for a body in base64 that goes through `inside` once it is decoded.
pub(crate) fn around(
    alphabet: Alphabet,
    inside: Box<dyn Rewriter>,
    limits: Limits,
) -> Box<dyn Rewriter> {
    let mut stream = Stream::new(&Place(PlaceId(0), alphabet), None, limits);
    stream.inside = Some(inside);
    Box::new(stream)
}

impl Stream {
    fn new(place: &Place, content_type: Option<ContentType>, limits: Limits) -> Self {
        Self {
            place: place.0,
            alphabet: place.1,
            content_type,
            limits,
            inside: None,
            content: None,
            characters: Zeroizing::default(),
            lines: None,
            column: 0,
            breaks: 0,
            line_end: b"",
            returned: false,
            padding: 0,
            padded: Arc::default(),
            ordinal: 0,
            offset: 0,
        }
    }
}

/// How long lines are where one alone stands (RFC 2045 §6.8).
const MIME_LINE: usize = 76;

/// A line that is longer is taken for text without lines: RFC 2045 has 76 characters, RFC 7468 64.
const LONGEST_LINE: usize = 1024;

const BASE64: ErrorKind = ErrorKind::Syntax {
    expected: "base64 in one spelling",
};

/// How lines are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// They are not.
    None,
    /// After so many characters, by this.
    After(usize, &'static [u8]),
}

/// Decodes characters of one alphabet, without breaks and padding: whole groups, or the last ones.
pub(crate) fn decode(alphabet: Alphabet, characters: &[u8]) -> Option<Vec<u8>> {
    alphabet.engine().decode(characters).ok()
}

struct Stream {
    place: PlaceId,
    alphabet: Alphabet,
    /// What is said of the content.
    content_type: Option<ContentType>,
    limits: Limits,
    /// What it goes through, where that is not for the editor to say.
    inside: Option<Box<dyn Rewriter>>,
    content: Option<Content>,
    /// Characters that are not decoded yet, without line breaks.
    characters: Zeroizing<Vec<u8>>,
    /// How the text is laid out, once that is known.
    lines: Option<Lines>,
    /// The characters of the line that is being read, or was read last.
    column: usize,
    /// The line breaks behind those, and how each is written.
    breaks: usize,
    line_end: &'static [u8],
    /// Whether the last character was a carriage return, which only a line feed may follow.
    returned: bool,
    padding: usize,
    /// Tells the writer whether what came had padding.
    padded: Arc<OnceLock<bool>>,
    ordinal: u32,
    offset: u64,
}

impl Stream {
    /// Takes the characters of a chunk; line breaks are left out, padding is counted.
    fn read(&mut self, chunk: &[u8]) -> Result<(), ErrorKind> {
        for line in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match line.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (line, false),
            };
            let carriage = std::mem::take(&mut self.returned);
            if carriage && !(text.is_empty() && ends) {
                return Err(BASE64);
            }
            let text = match text.strip_suffix(b"\r") {
                Some(text) => {
                    self.returned = true;
                    text
                }
                None => text,
            };
            if !text.is_empty() && self.breaks > 0 {
                self.begin_line()?;
            }
            let data = text.len() - text.iter().rev().take_while(|byte| **byte == b'=').count();
            let (data, padding) = text.split_at(data);
            if self.padding > 0 && !data.is_empty() {
                return Err(BASE64);
            }
            self.padding += padding.len();
            self.column += text.len();
            self.characters.extend_from_slice(data);
            if ends {
                let carriage = std::mem::take(&mut self.returned) || carriage;
                self.end_line(if carriage { b"\r\n" } else { b"\n" })?;
            }
        }
        if self.lines.is_none() && self.column > LONGEST_LINE {
            self.lines = Some(Lines::None);
        }
        Ok(())
    }

    /// A line begins behind another one, which was as long as all are but the last.
    fn begin_line(&mut self) -> Result<(), ErrorKind> {
        let before = Lines::After(self.column, self.line_end);
        let is_line = (1..=LONGEST_LINE).contains(&self.column);
        if self.breaks > 1 || !is_line || *self.lines.get_or_insert(before) != before {
            return Err(BASE64);
        }
        (self.breaks, self.column) = (0, 0);
        Ok(())
    }

    fn end_line(&mut self, end: &'static [u8]) -> Result<(), ErrorKind> {
        if !self.line_end.is_empty() && self.line_end != end {
            return Err(BASE64);
        }
        self.line_end = end;
        self.breaks += 1;
        Ok(())
    }

    /// The layout, where all of the text is here: one line alone does not say how long lines are.
    fn settle(&mut self) -> Result<(), ErrorKind> {
        let alone = match self.breaks {
            1.. if self.column <= MIME_LINE => Lines::After(MIME_LINE, self.line_end),
            _ => Lines::None,
        };
        match *self.lines.get_or_insert(alone) {
            Lines::After(length, _) if self.column > length => Err(BASE64),
            _ => Ok(()),
        }
    }

    /// Decodes whole groups, and at the end what is left.
    fn decode(&mut self, last: bool, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let whole = if last {
            self.characters.len()
        } else {
            self.characters.len() / 4 * 4
        };
        let Some(ready) = self
            .characters
            .get(..whole)
            .filter(|ready| !ready.is_empty())
        else {
            return Ok(());
        };
        let decoded = self.alphabet.engine().decode(ready);
        let decoded = decoded.map_err(|_| Error::new(BASE64, self.offset))?;
        self.characters.drain(..whole);
        let content = match &mut self.content {
            Some(content) => content,
            None => {
                out.enter(Box::new(Writer::new(
                    self.alphabet,
                    self.lines.unwrap_or(Lines::None),
                    Arc::clone(&self.padded),
                )));
                let opened = Opened {
                    place: self.place,
                    content_type: self.content_type.as_ref(),
                };
                let content = match self.inside.take() {
                    Some(inside) => Content::Body(inside),
                    None => Content::begin(opened, editor, &self.limits)?,
                };
                self.content.insert(content)
            }
        };
        content.push(&Bytes::from(decoded), editor, out)
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        self.read(chunk)
            .map_err(|kind| Error::new(kind, self.offset))?;
        self.offset += chunk.len() as u64;
        if self.lines.is_some() {
            self.decode(false, editor, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let missing = self.characters.len() % 4;
        let fits = match (missing, self.padding) {
            (1, _) => false,
            (_, 0) => true,
            (missing, padding) => missing > 0 && missing + padding == 4,
        };
        if !fits || self.returned {
            return Err(Error::new(BASE64, self.offset));
        }
        let pads = match missing {
            0 => self.alphabet.pads(),
            _ => self.padding > 0,
        };
        // The cell is this stream's: nobody has set it before.
        let _ = self.padded.set(pads);
        self.settle()
            .map_err(|kind| Error::new(kind, self.offset))?;
        self.decode(true, editor, out)?;
        if let Some(content) = self.content.take() {
            content.finish(&mut self.ordinal, editor, out)?;
            out.leave();
        }
        for _ in 0..self.breaks {
            out.write(self.line_end);
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.characters.capacity() + self.content.as_ref().map_or(0, Content::held)
    }
}

/// Encodes what stands inside.
pub(crate) struct Writer {
    alphabet: Alphabet,
    lines: Lines,
    column: usize,
    /// Up to two bytes that do not make a group yet.
    rest: Zeroizing<Vec<u8>>,
    padded: Arc<OnceLock<bool>>,
}

impl Writer {
    /// An encoder; before it ends, `padded` is told whether it pads.
    pub(crate) fn new(alphabet: Alphabet, lines: Lines, padded: Arc<OnceLock<bool>>) -> Self {
        Self {
            alphabet,
            lines,
            column: 0,
            rest: Zeroizing::default(),
            padded,
        }
    }

    fn write(&mut self, encoded: &[u8], out: &mut Vec<u8>) {
        let Lines::After(length, end) = self.lines else {
            return out.extend_from_slice(encoded);
        };
        let mut encoded = encoded;
        while !encoded.is_empty() {
            if self.column == length {
                out.extend_from_slice(end);
                self.column = 0;
            }
            let (now, later) = encoded.split_at(encoded.len().min(length - self.column));
            out.extend_from_slice(now);
            self.column += now.len();
            encoded = later;
        }
    }
}

impl Transform for Writer {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() / 3 * 3;
        let encoded = self
            .alphabet
            .engine()
            .encode(self.rest.get(..whole).unwrap_or_default());
        self.rest.drain(..whole);
        self.write(encoded.as_bytes(), out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut encoded = self.alphabet.engine().encode(&*self.rest);
        if self.padded.get().copied().unwrap_or(self.alphabet.pads()) {
            while !encoded.len().is_multiple_of(4) {
                encoded.push('=');
            }
        }
        self.write(encoded.as_bytes(), out);
        Ok(())
    }
}
