//! What only all routes of a file together can tell of a field: whether what it leaves in the app can ever come
//! back, and whether every place says what its treatment needs.

use std::ops::Range;

use crate::diagnostic::Severity;
use crate::plan::FieldIndex;
use crate::read::fields::NamedField;
use crate::read::places::Spot;
use crate::read::routes::ReadRoute;
use crate::read::section::Faults;
use crate::route::{Part, Place};
use crate::token_length;
use crate::treatment::{Dates, Treatment};

/// A place of any route, and where it stands.
type At<'r> = (&'r Place, &'r Spot);

/// Reports what is missing.
pub(crate) fn check(fields: &[NamedField<'_>], routes: &[ReadRoute], faults: &mut Faults<'_>) {
    for (index, named) in fields.iter().enumerate() {
        if !named.sound {
            continue;
        }
        let across = Across {
            named,
            index: FieldIndex(index),
            routes,
        };
        across.lengths(faults);
        if across.places().next().is_none() {
            continue;
        }
        match &named.field.treatment {
            Treatment::Sealed { .. } => across.stand_in_of_sealed(faults),
            Treatment::Date(Dates::StandIn) => across.companions(faults),
            Treatment::Date(Dates::Shift { .. }) => {
                across.subjects(faults);
                across.revealed(faults);
                across.one_epoch(faults);
            }
            Treatment::Format(_) => {
                across.tweaks(faults);
                across.revealed(faults);
                across.one_epoch(faults);
            }
            Treatment::Vault(pointing) if !pointing.shape.has_prefix() => across.revealed(faults),
            Treatment::Match | Treatment::Words { .. } => across.apart(faults),
            Treatment::Vault(_) | Treatment::Mask | Treatment::Block | Treatment::Pass => {}
        }
    }
}

/// One field, and every place where it stands.
struct Across<'a, 't> {
    named: &'a NamedField<'t>,
    index: FieldIndex,
    routes: &'a [ReadRoute],
}

impl<'a> Across<'a, '_> {
    fn places(&self) -> impl Iterator<Item = At<'a>> {
        self.routes.iter().flat_map(|read| self.written(read))
    }

    /// The places of requests of one route.
    fn written<'r>(&self, read: &'r ReadRoute) -> impl Iterator<Item = At<'r>> + use<'r> {
        let field = self.index;
        let places = read.route.places.iter().zip(&read.spots);
        places.filter(move |(place, _)| place.field == field)
    }

    /// The places of answers of one route.
    fn shown<'r>(&self, read: &'r ReadRoute) -> impl Iterator<Item = At<'r>> + use<'r> {
        let field = self.index;
        let places = read.reveals.iter().map(|(place, spot)| (place, spot));
        places.filter(move |(place, _)| place.field == field)
    }

    fn reveals(&self) -> impl Iterator<Item = At<'a>> {
        self.routes.iter().flat_map(|read| self.shown(read))
    }

    fn name(&self) -> &str {
        self.named.name.value
    }

    /// Whether each value goes to a neighbour, and something else stands in its place.
    fn always_accompanied(&self) -> bool {
        let mut places = self.places().peekable();
        places.peek().is_some() && places.all(|(place, _)| place.companion.is_some())
    }

    fn lengths(&self, faults: &mut Faults<'_>) {
        let field = &self.named.field;
        if let (Some(max), Some(span)) = (field.max, &self.named.max) {
            token_length::check(field, max, self.always_accompanied(), span.clone(), faults);
        }
    }

    fn stand_in_of_sealed(&self, faults: &mut Faults<'_>) {
        let Some(text) = &self.named.stand_in else {
            return;
        };
        if self.places().all(|(place, _)| place.companion.is_none()) {
            let message = "`stand-in` stands where a value went to its companion, and no place of the field has one";
            let help = "take it out, or give the places a `companion`";
            faults.error("policy::idle-key", text.span.clone(), message, help);
        }
    }

    fn companions(&self, faults: &mut Faults<'_>) {
        for (place, spot) in self.places() {
            if place.part != Part::Body || spot.says_companion {
                continue;
            }
            let message = format!(
                "`{}` leaves the same date for all: at `{}` the true one would be lost",
                self.name(),
                place.at
            );
            let help =
                "say where it goes: `companion = { at = \"$.notes[+]\", write = '\"{token}\"' }`";
            faults.error("policy::no-companion", spot.at.clone(), message, help);
        }
    }

    fn subjects(&self, faults: &mut Faults<'_>) {
        let places = self.places().chain(self.reveals());
        for (place, spot) in places.filter(|(place, _)| place.subject.is_none()) {
            let message = format!(
                "`{}` is shifted by its subject's own number of days, and `{}` does not say whose it is",
                self.name(),
                place.at
            );
            let help = "say it with `subject = \"$.id\"` or `subject = \"{id}\"`, on the place or on the field";
            faults.error("policy::no-subject", spot.at.clone(), message, help);
        }
    }

    /// Values of two subjects are under two keys: a search for one of them finds those of its own subject only.
    fn apart(&self, faults: &mut Faults<'_>) {
        let mut kept = self.places().filter(|(place, _)| place.part == Part::Body);
        let asked = self.places().find(|(place, _)| place.part == Part::Query);
        let Some((place, spot)) = asked.filter(|_| kept.any(|(place, _)| place.subject.is_some()))
        else {
            return;
        };
        let message = format!(
            "`{}` is sealed under a key of each subject: a search at `{}` finds at most what is its own subject's",
            self.name(),
            place.at
        );
        let help = "take `subject` from the field, or the place from `query`";
        faults.warning("policy::subject-search", spot.at.clone(), message, help);
    }

    /// A stand-in made with a tweak opens only with the same one.
    fn tweaks(&self, faults: &mut Faults<'_>) {
        let all = || self.places().chain(self.reveals());
        if all().all(|(place, _)| place.tweak.is_none()) {
            return;
        }
        for (place, spot) in all().filter(|(place, _)| place.tweak.is_none()) {
            let message = format!(
                "other places of `{}` say a `tweak`, and `{}` does not: what they leave would not open here, nor be found",
                self.name(),
                place.at
            );
            let help = "say the same `tweak` at every place of the field, in requests and answers, or at none";
            faults.error("policy::uneven-tweak", spot.at.clone(), message, help);
        }
    }

    /// What has no prefix comes back at declared places only.
    fn revealed(&self, faults: &mut Faults<'_>) {
        if self.reveals().next().is_none() {
            let message = format!(
                "what `{}` leaves has no prefix to be found by, and no route says where it comes back",
                self.name()
            );
            let help = format!(
                "write `reveal = [{{ at = \"…\", field = \"{}\" }}]` on the routes whose answers hold it",
                self.name()
            );
            let span = self.named.name.span.clone();
            faults.error("policy::no-reveal", span, message, help);
            return;
        }
        for read in self.routes {
            let mut written = self.written(read);
            let Some((place, spot)) = written.find(|(place, _)| place.part == Part::Body) else {
                continue;
            };
            if self.shown(read).next().is_some() {
                continue;
            }
            let message = format!(
                "this route writes `{}` and does not reveal it: its answers show the stand-in, and one that is sent \
                 back from there is taken for a value",
                place.at
            );
            let help = "add the place to the route's `reveal` if its answers hold it; nothing to do otherwise";
            note("policy::unrevealed", &spot.at, message, help, faults);
        }
    }

    fn one_epoch(&self, faults: &mut Faults<'_>) {
        let message = format!(
            "`{}` keeps one epoch for ever: what it leaves cannot say which key made it, and `rempart keys rotate` \
             skips it",
            self.name()
        );
        let help = "nothing to do; moving it to another key is an export and an import";
        note(
            "policy::one-epoch",
            &self.named.name.span,
            message,
            help,
            faults,
        );
    }
}

fn note(
    code: &'static str,
    span: &Range<usize>,
    message: String,
    help: &str,
    faults: &mut Faults<'_>,
) {
    faults.add(Severity::Note, code, Some(span.clone()), message, help);
}
