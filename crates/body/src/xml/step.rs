//! The walk through a piece, markup by markup.
//!
//! Markup that stands whole in the piece is taken at once; what its end cuts is held, and taken when the rest has
//! come. What is wrong in a tag is said only once its end is known, so that it is the same at every chunking.

use zeroize::Zeroizing;

use super::markup::{Comment, Opening, declaration, section_end};
use super::name::{get, is_space};
use super::stream::{Content, State, Stream, syntax};
use super::tag::{Expected, Scan, end_tag};
use crate::edit::{Editor, PlaceId};
use crate::error::ErrorKind;
use crate::out::Out;

/// How many bytes of a piece are first joined to a tag that was cut.
const FIRST_STEP: usize = 256;

/// The byte-order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Stream {
    /// Takes a piece that begins and ends between characters.
    pub(super) fn run(
        &mut self,
        piece: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        if !self.held.is_empty() {
            self.resume(piece, editor, out)?;
        }
        while let Some(rest) = piece.get(self.at..).filter(|rest| !rest.is_empty()) {
            match self.state {
                State::Text => {
                    let less = memchr::memchr(b'<', rest);
                    let length = less.unwrap_or(rest.len());
                    self.text(get(rest, 0..length))?;
                    self.pass(length, out);
                    if less.is_some() {
                        self.markup(piece, editor, out)?;
                    }
                }
                State::Comment(mut comment) => {
                    let end = comment.end(rest).map_err(syntax)?;
                    self.pass(end.unwrap_or(rest.len()), out);
                    self.state = end.map_or(State::Comment(comment), |_| State::Text);
                }
                State::Instruction(mut tail) => {
                    let end = section_end(rest, b"?", &mut tail);
                    self.pass(end.unwrap_or(rest.len()), out);
                    self.state = end.map_or(State::Instruction(tail), |_| State::Text);
                }
                State::Cdata(mut tail) => {
                    let end = section_end(rest, b"]]", &mut tail);
                    self.pass(end.unwrap_or(rest.len()), out);
                    self.state = end.map_or(State::Cdata(tail), |_| State::Text);
                }
            }
        }
        if self.held.is_empty() {
            self.save(piece)?;
        }
        Ok(())
    }

    /// Passes the next `length` bytes, or leaves them to the content they are of.
    #[inline]
    fn pass(&mut self, length: usize, out: &mut Out) {
        if self.content.is_none() {
            out.keep(self.at..self.at + length);
        }
        self.at += length;
    }

    /// Checks text: around the root element stands none.
    #[inline]
    fn text(&mut self, text: &[u8]) -> Result<(), ErrorKind> {
        if self.walk.depth() > 0 {
            return Ok(());
        }
        let mut text = text;
        if self.offset == 0
            && self.at == 0
            && let Some(rest) = text.strip_prefix(MARK)
        {
            self.start = MARK.len() as u64;
            text = rest;
        }
        if self.inside || text.iter().all(|byte| is_space(*byte)) {
            Ok(())
        } else {
            Err(syntax("one root element and nothing around it"))
        }
    }

    /// Takes what begins at a `<` of this piece, or holds it where its end is not here.
    #[inline]
    fn markup(
        &mut self,
        piece: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        self.fits(self.at)?;
        let at = self.at;
        let bytes = piece.get(at..).unwrap_or_default();
        match bytes.get(1) {
            Some(b'/') => match end_tag(bytes, self.walk.name().unwrap_or_default()) {
                Ok(Some(end)) => {
                    self.is_short(end)?;
                    self.close(piece, editor, out)?;
                    out.keep(at..at + end);
                    self.at = at + end;
                    return Ok(());
                }
                Ok(None) => {}
                Err(expected) => self.is_open(bytes, expected)?,
            },
            Some(b'!' | b'?') => {
                let opening =
                    Opening::read(bytes, self.offset + at as u64 == self.start).map_err(syntax)?;
                if opening != Opening::Undecided {
                    let opened = get(bytes, 0..opening.length());
                    self.opens(opening, opened)?;
                    self.pass(opening.length(), out);
                    return Ok(());
                }
            }
            Some(_) => match self.tag.read(bytes) {
                Ok(true) => {
                    self.is_short(self.tag.end)?;
                    let place = self.enter(bytes)?;
                    self.attributes(bytes, Some(at), editor, out)?;
                    self.at = at + self.tag.end;
                    self.begin(place);
                    return Ok(());
                }
                Ok(false) => {}
                Err(expected) => self.is_open(bytes, expected)?,
            },
            None => {}
        }
        self.hold(piece)
    }

    /// Says what is wrong with a tag, unless it may not have ended: then nothing is said before its end has come.
    #[cold]
    fn is_open(&self, bytes: &[u8], expected: Expected) -> Result<(), ErrorKind> {
        let mut scan = Scan::default();
        let near = get(bytes, 0..bytes.len().min(self.longest()));
        match scan.end(near).map_err(syntax)? {
            Some(_) => Err(syntax(expected)),
            None => Ok(()),
        }
    }

    /// The longest tag.
    fn longest(&self) -> usize {
        self.limits.value.saturating_add(self.limits.lookahead)
    }

    #[inline]
    fn is_short(&self, length: usize) -> Result<(), ErrorKind> {
        if length > self.longest() {
            let limit = self.limits.value;
            return Err(ErrorKind::ValueTooLong { limit });
        }
        Ok(())
    }

    /// Holds the markup that begins here and goes on in the next piece.
    fn hold(&mut self, piece: &[u8]) -> Result<(), ErrorKind> {
        let bytes = piece.get(self.at..).unwrap_or_default();
        self.save(get(piece, 0..self.at))?;
        self.held.extend_from_slice(bytes);
        self.at = piece.len();
        self.scan = Scan::default();
        self.is_short(bytes.len())
    }

    /// Keeps what the content has of this piece.
    fn save(&mut self, piece: &[u8]) -> Result<(), ErrorKind> {
        self.fits(piece.len())?;
        if let Some(content) = &mut self.content {
            let here = piece.get(content.from..).unwrap_or_default();
            content.raw.extend_from_slice(here);
            content.from = 0;
        }
        Ok(())
    }

    /// Whether the content, which has come to `at` of this piece, is not too long.
    #[inline]
    fn fits(&self, at: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.value;
        match &self.content {
            Some(content) if content.raw.len() + at.saturating_sub(content.from) > limit => {
                Err(ErrorKind::ValueTooLong { limit })
            }
            _ => Ok(()),
        }
    }

    /// Goes on with the markup that is held.
    fn resume(
        &mut self,
        piece: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        while let Some(rest) = piece.get(self.at..).filter(|rest| !rest.is_empty()) {
            if matches!(self.held.get(1), None | Some(b'!' | b'?')) {
                self.held.extend_from_slice(get(rest, 0..1));
                self.at += 1;
                if self.held.len() > 2 && self.reopen(out)? {
                    return Ok(());
                }
                continue;
            }
            let step = self.held.len().max(FIRST_STEP).min(rest.len());
            self.held.extend_from_slice(get(rest, 0..step));
            self.at += step;
            let near = get(&self.held, 0..self.held.len().min(self.longest()));
            if let Some(end) = self.scan.end(near).map_err(syntax)? {
                self.at -= self.held.len() - end;
                self.held.truncate(end);
                let held = std::mem::take(&mut self.held);
                let done = self.held_tag(&held, editor, out);
                if done.is_err() {
                    self.held = held;
                }
                return done;
            }
            self.is_short(self.held.len())?;
        }
        Ok(())
    }

    /// Whether what is held begins with `<!` or `<?` and says by now what it is.
    fn reopen(&mut self, out: &mut Out) -> Result<bool, ErrorKind> {
        let from = (self.offset + self.at as u64).saturating_sub(self.held.len() as u64);
        let opening = Opening::read(&self.held, from == self.start).map_err(syntax)?;
        if opening == Opening::Undecided {
            return Ok(false);
        }
        let held = std::mem::take(&mut self.held);
        if let Err(kind) = self.opens(opening, &held) {
            self.held = held;
            return Err(kind);
        }
        if let State::Instruction(tail) = &mut self.state
            && let [.., one, two] = held.get(2..).unwrap_or_default()
        {
            *tail = [*one, *two];
        } else if let (State::Instruction(tail), Some(last)) = (&mut self.state, held.get(2)) {
            *tail = [0, *last];
        }
        match &mut self.content {
            Some(content) => {
                content.raw.extend_from_slice(&held);
                content.from = self.at;
            }
            None => out.write(&held),
        }
        Ok(true)
    }

    /// Takes a tag that was held, up to its end.
    fn held_tag(
        &mut self,
        held: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        if held.get(1) == Some(&b'/') {
            let name = self.walk.name().unwrap_or_default();
            end_tag(held, name).map_err(syntax)?;
            self.close(&[], editor, out)?;
            out.write(held);
            return Ok(());
        }
        self.tag.read(held).map_err(syntax)?;
        let place = self.enter(held)?;
        self.attributes(held, None, editor, out)?;
        self.begin(place);
        Ok(())
    }

    /// Takes what `<!` or `<?` opens.
    fn opens(&mut self, opening: Opening, bytes: &[u8]) -> Result<(), ErrorKind> {
        let outside = self.walk.depth() == 0 && !self.inside;
        self.state = match opening {
            Opening::Cdata if outside => {
                return Err(syntax("one root element and nothing around it"));
            }
            Opening::Cdata => State::Cdata([0; 2]),
            _ if self.content.is_some() => {
                return Err(syntax(
                    "no comment and no instruction in the text of a protected place",
                ));
            }
            Opening::Comment => State::Comment(Comment::BEGIN),
            Opening::Instruction => State::Instruction([0; 2]),
            Opening::Declaration(_) => {
                declaration(bytes).map_err(syntax)?;
                State::Text
            }
            Opening::Undecided => State::Text,
        };
        Ok(())
    }

    /// Opens the element of the tag that was read.
    #[inline]
    fn enter(&mut self, bytes: &[u8]) -> Result<Option<PlaceId>, ErrorKind> {
        if self.content.is_some() {
            return Err(ErrorKind::NotALeaf);
        }
        if self.walk.depth() == 0 {
            if self.rooted && !self.inside {
                return Err(syntax("one root element and nothing around it"));
            }
            self.rooted = true;
        }
        self.walk
            .enter(bytes, &self.tag, &self.places, &self.limits)
    }

    /// Begins the content of the element that was opened, or closes it where it is empty.
    #[inline]
    fn begin(&mut self, place: Option<PlaceId>) {
        if self.tag.empty {
            self.walk.leave();
        } else if let Some(place) = place {
            self.content = Some(Content {
                place,
                raw: Zeroizing::default(),
                from: self.at,
            });
        }
    }
}
