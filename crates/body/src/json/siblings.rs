//! Siblings: which values of a body belong to a place, and to which element of it they are bound.
//!
//! Two selectors that begin with the same steps mean the same element as far as they do:
//! `$.patients[*].mrn` beside `$.patients[*].name` is the number of that patient. The deepest object or array that
//! both lead into is the element they share. A body with siblings is walked twice, and the first walk finds them:
//! [`Scout`] looks ahead, at most `lookahead` beyond the value that waits.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::pass::Pass;
use super::path::{Path, Step};
use super::places::Places;
use super::stream::Stream;
use super::value::{Captured, Scalar};
use crate::edit::PlaceId;
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::selector::{Reason, SelectorError, Which};
use crate::{Limits, ahead};

/// Where the shared element stands, as seen from a value in it: a depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// So many steps into the body.
    FromBody(usize),
    /// So many steps out from the value.
    FromValue(usize),
}

impl Level {
    /// The depth of the shared element where the value itself stands at `depth`.
    pub(super) fn depth(self, depth: usize) -> Option<usize> {
        match self {
            Self::FromBody(steps) => Some(steps),
            Self::FromValue(steps) => depth.checked_sub(steps),
        }
    }
}

/// One sibling of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bond {
    /// Its number among the selectors of the scout.
    sibling: PlaceId,
    /// The shared element, as seen from the place.
    level: Level,
}

/// The siblings of all places of a body.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Siblings {
    bonds: Vec<(PlaceId, Vec<Bond>)>,
    /// What the scout looks for, and the elements that each is shared in, as seen from it.
    paths: Vec<(Path, Vec<Level>)>,
    /// What the scout is led by.
    pub(super) tree: Option<Arc<Places>>,
}

impl Siblings {
    /// Whether a place has siblings.
    pub(super) fn has(&self, place: PlaceId) -> bool {
        self.bonds.iter().any(|(known, _)| *known == place)
    }

    /// The elements that a sibling is shared in, as seen from it.
    pub(super) fn levels(&self, sibling: PlaceId) -> &[Level] {
        self.paths
            .get(usize::from(sibling.0))
            .map_or(&[], |(_, levels)| levels)
    }

    /// Binds the siblings of a place to it.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(super) fn add(
        &mut self,
        place: PlaceId,
        path: &Path,
        texts: &[&str],
    ) -> Result<(), SelectorError> {
        let mut bonds = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let which = Which::Beside(number);
            let whole = |reason| SelectorError::new(reason, 0..text.len()).of(which);
            let sibling = Path::parse(text).map_err(|error| error.of(which))?;
            let (level, seen) = shared(path, &sibling).map_err(whole)?;
            bonds.push(Bond {
                sibling: self
                    .number(sibling, seen)
                    .ok_or_else(|| whole(Reason::TooMany))?,
                level,
            });
        }
        if !bonds.is_empty() {
            self.bonds.push((place, bonds));
        }
        Ok(())
    }

    fn number(&mut self, path: Path, level: Level) -> Option<PlaceId> {
        let known = self.paths.iter().position(|(known, _)| *known == path);
        let index = known.unwrap_or(self.paths.len());
        if known.is_none() {
            self.paths.push((path, Vec::new()));
        }
        if let Some((_, levels)) = self.paths.get_mut(index)
            && !levels.contains(&level)
        {
            levels.push(level);
        }
        u16::try_from(index).ok().map(PlaceId)
    }

    /// Makes the scout's tree, when all siblings are bound.
    ///
    /// # Errors
    /// The place whose sibling lies inside, or around, another, and the number of that sibling.
    pub(super) fn finish(&mut self) -> Result<(), (PlaceId, usize, Reason)> {
        if self.paths.is_empty() {
            return Ok(());
        }
        let paths = self.paths.iter().zip(0..);
        let paths = paths.map(|((path, _), id)| (path.clone(), PlaceId(id)));
        let mut tree = Places::compile(paths.collect()).map_err(|(index, reason)| {
            let named = self.bonds.iter().find_map(|(place, bonds)| {
                let is_it = |bond: &Bond| usize::from(bond.sibling.0) == index;
                bonds.iter().position(is_it).map(|number| (*place, number))
            });
            let (place, number) = named.unwrap_or((PlaceId(0), 0));
            (place, number, reason)
        })?;
        tree.siblings.paths.clone_from(&self.paths);
        self.tree = Some(Arc::new(tree));
        Ok(())
    }
}

/// The element that a place and its sibling share, as seen from each.
fn shared(place: &Path, sibling: &Path) -> Result<(Level, Level), Reason> {
    let pairs = place.segments.iter().zip(&sibling.segments);
    let common = pairs.take_while(|(one, other)| one == other).count();
    let (shared, rest) = place.segments.split_at(common);
    let other = sibling.segments.get(common..).unwrap_or_default();
    if rest.is_empty() || other.is_empty() {
        return Err(Reason::Nested);
    }
    if other.iter().any(|step| step.deep || step.step == Step::Any) {
        return Err(Reason::Unsupported {
            what: "a sibling of which there may be many",
            remedy: "begin both selectors with the same steps, down to the element that they share",
        });
    }
    if shared.iter().all(|step| !step.deep) {
        let level = Level::FromBody(common);
        return Ok((level, level));
    }
    if rest.iter().any(|step| step.deep) {
        return Err(Reason::Unsupported {
            what: "a second `..` behind the element that is shared with a sibling",
            remedy: "name each step from there",
        });
    }
    Ok((Level::FromValue(rest.len()), Level::FromValue(other.len())))
}

impl Stream {
    /// Takes a sibling that has ended.
    #[cold]
    pub(super) fn capture(
        &mut self,
        place: PlaceId,
        scalar: Scalar,
        pass: &Pass<'_>,
    ) -> Result<(), ErrorKind> {
        let raw = std::mem::take(&mut self.raw);
        let whole = if raw.is_empty() {
            pass.token_to(pass.at)
        } else {
            &raw
        };
        let Some(captured) = &mut self.captured else {
            return Ok(());
        };
        let levels = self.places.siblings.levels(place).iter();
        let depth = self.walk.depth().saturating_sub(1);
        let shared = levels.filter_map(|level| level.depth(depth));
        let shared = shared.filter_map(|depth| Some((depth, self.walk.start(depth)?)));
        let shared = shared.collect();
        captured.take(place, whole, scalar, shared, pass.offset(), &self.limits)
    }
}

/// Walks ahead of the rewriter, finds the siblings, and writes nothing.
pub(crate) struct Scout {
    stream: Stream,
}

impl Scout {
    /// A scout for one body, if its places have siblings.
    pub(super) fn new(places: &Places, limits: Limits) -> Option<Self> {
        let tree = places.siblings.tree.as_ref()?;
        let limits = Limits {
            value: limits.lookahead,
            ..limits
        };
        let mut stream = Stream::new(Arc::clone(tree), limits);
        stream.captured = Some(Captured::default());
        Some(Self { stream })
    }
}

impl ahead::Walker for Stream {
    type Scout = Scout;

    fn walk(
        &mut self,
        bytes: &Bytes,
        editor: &mut dyn crate::Editor,
        out: &mut Out,
    ) -> Result<Option<ahead::Pause>, Error> {
        out.begin(bytes);
        self.chunk(bytes, editor, out)
    }

    fn siblings(&self, scout: &Scout) -> Option<ahead::Values> {
        let place = self.waiting?;
        let (_, bonds) = self
            .places
            .siblings
            .bonds
            .iter()
            .find(|(known, _)| *known == place)?;
        let value = |bond: &Bond| {
            let depth = bond.level.depth(self.walk.depth().saturating_sub(1))?;
            let start = self.walk.start(depth)?;
            scout.value(bond.sibling, depth, start)
        };
        bonds.iter().map(value).collect()
    }

    fn resume(&mut self, siblings: ahead::Values) {
        self.ready = Some(siblings);
    }

    fn end(&mut self, editor: &mut dyn crate::Editor, out: &mut Out) -> Result<(), Error> {
        self.end_body(editor, out)
    }

    fn held(&self) -> usize {
        crate::Rewriter::held(self)
    }
}

impl Scout {
    /// The value of a sibling in the element at `depth` that begins at `start`; nothing as long as it may come.
    fn value(
        &self,
        sibling: PlaceId,
        depth: usize,
        start: u64,
    ) -> Option<Option<Zeroizing<Vec<u8>>>> {
        let captured = self.stream.captured.as_ref()?;
        if let Some(value) = captured.find(sibling, depth, start) {
            return Some(value);
        }
        let undecided = self.stream.hold.is_deciding_around(start);
        let open = self.stream.walk.start(depth) == Some(start);
        (!undecided && !open).then_some(None)
    }
}

impl ahead::Scout<Stream> for Scout {
    fn look(&mut self, bytes: &Bytes) -> Result<(), Error> {
        let mut nowhere = Out::new();
        nowhere.begin(bytes);
        self.stream
            .chunk(bytes, &mut ahead::Nobody, &mut nowhere)
            .map(drop)
    }

    fn forget(&mut self, walker: &Stream, offset: u64) {
        if let Some(captured) = &mut self.stream.captured {
            captured.forget(&walker.walk, offset);
        }
    }

    fn held(&self) -> usize {
        let captured = self.stream.captured.as_ref().map_or(0, Captured::held);
        crate::Rewriter::held(&self.stream) + captured
    }
}
