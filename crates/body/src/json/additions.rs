//! Companions on their way out: which are open, where they go, and what is left open in the output until they are
//! known.
//!
//! For each element that is open, each of its places for companions is at one point of the body: the end of its
//! array; or, where there is none, the end of the innermost object on the way to it; or a `null` in its stead. When
//! the walk comes to that point and all values have passed, what is to be written is written; else a gap is left in
//! the output, no longer than `lookahead`, and closed as soon as they have.

use super::companions::Insert;
use super::places::{NodeId, Places};
use super::string;
use crate::Limits;
use crate::companion::Token;
use crate::edit::PlaceId;
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::{GapId, Out, Piece};

/// What is written at a point.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// Another member of the object that so many names lead to.
    Member { level: usize, comma: bool },
    /// More elements of the array.
    Elements { comma: bool },
    /// A value in the stead of this one, which so many names lead to.
    Value { level: usize, original: Box<[u8]> },
}

#[derive(Debug)]
enum Point {
    /// The walk has not come there.
    Ahead,
    /// A gap was left there, at this offset of the body.
    Gap(GapId, u64, Shape),
    /// All is written.
    Passed,
    /// Something else stands there.
    Taken,
}

/// A place for companions in an open element.
#[derive(Debug)]
struct Addition {
    insert: usize,
    /// The depth of the element.
    depth: usize,
    /// How many names the walk has followed from it.
    level: usize,
    /// How many values with a companion have not been met.
    awaited: usize,
    tokens: Vec<(PlaceId, Token)>,
    point: Point,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Additions {
    open: Vec<Addition>,
}

impl Additions {
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// An object or array at `next` opens at this depth.
    ///
    /// # Errors
    /// [`ErrorKind::CompanionTaken`].
    pub(super) fn open(
        &mut self,
        places: &Places,
        next: &[NodeId],
        object: bool,
        depth: usize,
    ) -> Result<(), ErrorKind> {
        for (number, level) in next.iter().flat_map(|id| &places.node(*id).sites) {
            let Some(insert) = places.companions.inserts.get(*number) else {
                continue;
            };
            if *level == 0 {
                if object {
                    self.open.push(Addition {
                        insert: *number,
                        depth,
                        level: 0,
                        awaited: insert.places,
                        tokens: Vec::new(),
                        point: Point::Ahead,
                    });
                }
                continue;
            }
            let whole = *level == insert.names.len();
            let fits = if whole {
                insert.append && !object
            } else {
                object
            };
            if let Some(addition) = self.at(*number, depth, *level) {
                if fits {
                    addition.level = *level;
                } else {
                    addition.take()?;
                }
            }
        }
        Ok(())
    }

    /// A value that is no object and no array stands at `next`; `original` is its spelling where it stands for
    /// nothing.
    ///
    /// # Errors
    /// [`ErrorKind::CompanionTaken`], [`ErrorKind::Lookahead`].
    pub(super) fn value(
        &mut self,
        places: &Places,
        next: &[NodeId],
        original: Option<&[u8]>,
        at: Place,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let mut written = false;
        for (number, level) in next.iter().flat_map(|id| &places.node(*id).sites) {
            let Some(addition) = self.at(*number, at.depth, *level) else {
                continue;
            };
            match original {
                Some(original) => {
                    let shape = Shape::Value {
                        level: *level,
                        original: original.into(),
                    };
                    addition.arrive(places, shape, at, out);
                    written = true;
                }
                None => addition.take()?,
            }
        }
        if let Some(original) = original.filter(|_| !written) {
            out.write(original);
        }
        Ok(())
    }

    /// Whether anything ends with the object or array at this depth.
    pub(super) fn ends(&self, depth: usize) -> bool {
        let mut open = self.open.iter();
        open.any(|addition| addition.depth == depth || addition.depth + addition.level == depth)
    }

    /// The object or array at this depth ends; `empty` says that nothing stands in it.
    ///
    /// # Errors
    /// [`ErrorKind::Lookahead`].
    pub(super) fn close(
        &mut self,
        places: &Places,
        empty: bool,
        at: Place,
        limits: &Limits,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        for addition in &mut self.open {
            if addition.depth + addition.level != at.depth
                || !matches!(addition.point, Point::Ahead)
            {
                continue;
            }
            let Some(insert) = places.companions.inserts.get(addition.insert) else {
                continue;
            };
            let comma = !empty;
            let level = addition.level;
            let shape = if level == insert.names.len() {
                Shape::Elements { comma }
            } else {
                Shape::Member { level, comma }
            };
            if level == 0 {
                // With its element, the last of its values has passed.
                addition.awaited = 0;
            }
            addition.arrive(places, shape, at, out);
        }
        while let Some(mut last) = self.open.pop_if(|last| last.depth == at.depth) {
            last.awaited = 0;
            last.settle(places, at.offset, limits, out)?;
        }
        Ok(())
    }

    /// A value at a place with a companion was passed, with this token.
    ///
    /// # Errors
    /// [`ErrorKind::CompanionTaken`], [`ErrorKind::Lookahead`].
    pub(super) fn pass(
        &mut self,
        places: &Places,
        place: PlaceId,
        token: Option<Token>,
        at: Place,
        limits: &Limits,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let Some(companion) = places.companions.of(place) else {
            return Ok(());
        };
        let Some(addition) = self.at(companion.insert, at.depth, companion.steps) else {
            return Ok(());
        };
        addition.awaited = addition.awaited.saturating_sub(1);
        if let Some(token) = token {
            addition.tokens.push((place, token));
            if matches!(addition.point, Point::Taken) {
                return Err(ErrorKind::CompanionTaken);
            }
        }
        addition.settle(places, at.offset, limits, out)
    }

    /// Whether all gaps may stay open up to this offset of the body.
    ///
    /// # Errors
    /// [`ErrorKind::Lookahead`].
    pub(super) fn reaches(&self, offset: u64, limits: &Limits) -> Result<(), Error> {
        self.open.iter().try_for_each(|addition| {
            let reached = addition.reaches(offset, limits);
            reached.map_err(|kind| Error::new(kind, offset))
        })
    }

    /// The innermost place for companions that stands so many steps around what stands at `depth`.
    fn at(&mut self, insert: usize, depth: usize, steps: usize) -> Option<&mut Addition> {
        let element = depth.checked_sub(steps)?;
        self.open
            .iter_mut()
            .rev()
            .find(|addition| addition.insert == insert && addition.depth == element)
    }
}

/// Where the walk stands: how many objects and arrays are open around, and the offset in the body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) depth: usize,
    pub(super) offset: u64,
}

impl Addition {
    /// Something else stands where the companion goes.
    fn take(&mut self) -> Result<(), ErrorKind> {
        self.point = Point::Taken;
        if self.tokens.is_empty() {
            Ok(())
        } else {
            Err(ErrorKind::CompanionTaken)
        }
    }

    /// The walk has come to its point.
    fn arrive(&mut self, places: &Places, shape: Shape, at: Place, out: &mut Out) {
        if self.awaited == 0 {
            for piece in self.pieces(places, &shape) {
                out.piece(piece);
            }
            self.point = Point::Passed;
        } else {
            self.point = Point::Gap(out.gap(), at.offset, shape);
        }
    }

    /// Closes its gap, if nothing is awaited any more.
    fn settle(
        &mut self,
        places: &Places,
        offset: u64,
        limits: &Limits,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        self.reaches(offset, limits)?;
        if self.awaited == 0
            && let Point::Gap(gap, _, shape) = &self.point
        {
            out.close(*gap, self.pieces(places, shape));
            self.point = Point::Passed;
        }
        Ok(())
    }

    fn reaches(&self, offset: u64, limits: &Limits) -> Result<(), ErrorKind> {
        let limit = limits.lookahead;
        match &self.point {
            Point::Gap(_, from, _) if offset.saturating_sub(*from) > limit as u64 => {
                Err(ErrorKind::Lookahead { limit })
            }
            _ => Ok(()),
        }
    }

    fn pieces(&self, places: &Places, shape: &Shape) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let Some(insert) = places.companions.inserts.get(self.insert) else {
            return pieces;
        };
        match shape {
            Shape::Value { original, .. } if self.tokens.is_empty() => {
                pieces.push(Piece::Bytes(original.to_vec()));
            }
            _ if self.tokens.is_empty() => {}
            Shape::Value { level, .. } => self.wrapped(places, insert, *level, &mut pieces),
            Shape::Member { level, comma } => {
                let mut head = Vec::new();
                head.extend(comma.then_some(b','));
                if let Some(name) = insert.names.get(*level) {
                    string::write(name.as_bytes(), &mut head);
                }
                head.push(b':');
                pieces.push(Piece::Bytes(head));
                self.wrapped(places, insert, level + 1, &mut pieces);
            }
            Shape::Elements { comma } => {
                pieces.extend(comma.then(|| Piece::Bytes(b",".to_vec())));
                self.joined(places, &mut pieces);
            }
        }
        pieces
    }

    /// The companions, in what must stand around them from where so many names have led.
    fn wrapped(&self, places: &Places, insert: &Insert, level: usize, pieces: &mut Vec<Piece>) {
        let names = insert.names.get(level..).unwrap_or_default();
        let mut head = Vec::new();
        for name in names {
            head.push(b'{');
            string::write(name.as_bytes(), &mut head);
            head.push(b':');
        }
        head.extend(insert.append.then_some(b'['));
        pieces.push(Piece::Bytes(head));
        self.joined(places, pieces);
        let mut tail = Vec::new();
        tail.extend(insert.append.then_some(b']'));
        tail.resize(tail.len() + names.len(), b'}');
        pieces.push(Piece::Bytes(tail));
    }

    fn joined(&self, places: &Places, pieces: &mut Vec<Piece>) {
        for (index, (place, token)) in self.tokens.iter().enumerate() {
            let Some(companion) = places.companions.of(*place) else {
                continue;
            };
            let comma = if index > 0 { "," } else { "" };
            let before = [comma, &*companion.write.before].concat();
            pieces.push(Piece::Bytes(before.into_bytes()));
            token.write(Escape::Json, pieces);
            pieces.push(Piece::Bytes(companion.write.after.as_bytes().to_vec()));
        }
    }
}
