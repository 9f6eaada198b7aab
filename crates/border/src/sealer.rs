//! The editor of a request: decides what each value at a place becomes, and keeps what is still to be known for it.
//!
//! A value that is already a token of its place's field passes as it is; tokens inside a longer value are opened
//! before the whole is sealed, so that nothing is sealed twice. On its way a value may have to wait for the rows
//! of pointers in it, for the token it was last revealed from (`stable`), for its subject's key, and for the
//! pointer that stands for it: each leaves a hole and an ask. What is done at the end is in `treat`.

mod answers;
mod files;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use body::batch;
use body::{AskId, Edit, Editor, Error, ErrorKind, Found, PlaceId, Rewriter};
use policy::{Part, Treatment};

use crate::batch::Address;
use crate::border::Inner;
use crate::counts::Counts;
use crate::file::{Keeping, Piece, PieceFault};
use crate::memory::Memory;
use crate::tokens::{Glued, Stands, look};
use crate::treat::answers;
use crate::under::Under;
use crate::value::{Parameters, Plain, Value};
use crate::{Ask, Asked, Refusal, RefusalCode, SubjectKey};

/// Decides about every value of one request; keeps the asks and the refusal.
pub(crate) struct Sealer {
    pub border: Arc<Inner>,
    pub app: usize,
    /// The request whose values are met now, and its number.
    pub(crate) under: Under,
    number: usize,
    /// The other ones of the message, each at its number.
    others: Vec<Option<Under>>,
    pub counts: Arc<Counts>,
    pub(crate) chance: Box<dyn seal::Chance + Send>,
    /// What the client calls this request, so that the same one sent again carries the same bytes.
    pub(crate) retry: Option<Vec<u8>>,
    asks: Vec<Ask>,
    waiting: HashMap<AskId, Waiting>,
    filled: HashMap<AskId, Vec<u8>>,
    /// Where the message goes, where requests may stand in it.
    pub(crate) address: Option<Address>,
    /// What a request inside did not have, although it must.
    missing: Option<Refusal>,
    /// Which piece of a file the body is, where it is one.
    piece: Option<Result<Piece, PieceFault>>,
    /// What of it is to be kept at home.
    keeping: Keeping,
    /// The keys of subjects for the files at these places of the request, by its number.
    of_files: HashMap<(usize, usize), Arc<SubjectKey>>,
    /// The value whose companion is asked for next.
    last: Option<(Value, Plain)>,
    next: u32,
    refusal: Option<Box<Refusal>>,
}

/// What one exchange knows before its values are met.
pub(crate) struct Known {
    pub chance: Box<dyn seal::Chance + Send>,
    pub retry: Option<Vec<u8>>,
    pub memory: Memory,
    pub parameters: Parameters,
    pub address: Option<Address>,
    pub piece: Option<Result<Piece, PieceFault>>,
}

/// What is to be done with an answer.
enum Waiting {
    /// The pointer goes into the hole of the same id.
    Pointer(Value),
    /// A row that `hole`'s value needs before it can be sealed.
    Part { hole: AskId },
    /// A value glued together from text and rows; sealed when the last row is there.
    Whole { value: Value, glued: Glued },
    /// A value that may have been revealed before.
    Recalled { value: Value, text: Plain },
    /// A value whose subject has no key at hand.
    Subject { value: Value, text: Plain },
    /// The key that a file at this place would need.
    File { place: usize },
    /// The bytes behind the hole of the same id leave.
    Segments,
}

/// What a value became, or the ask that it waits for.
pub(crate) type Outcome = Result<Edit, Box<Refusal>>;

impl Sealer {
    pub fn new(
        border: Arc<Inner>,
        app: usize,
        at: (usize, usize),
        counts: Arc<Counts>,
        known: Known,
    ) -> Self {
        let under = Under::new(&border, app, at, known.memory, known.parameters);
        Self {
            border,
            app,
            under,
            number: 0,
            others: vec![None],
            counts,
            chance: known.chance,
            retry: known.retry,
            asks: Vec::new(),
            waiting: HashMap::new(),
            filled: HashMap::new(),
            address: known.address,
            piece: known.piece,
            keeping: Keeping::default(),
            missing: None,
            of_files: HashMap::new(),
            last: None,
            next: 0,
            refusal: None,
        }
    }

    /// The questions since the last call.
    pub fn take_asks(&mut self) -> Vec<Ask> {
        for (id, segments) in self.keeping.take() {
            let app = self.border.app_id(self.app);
            let what = Asked::KeepSegments { app, segments };
            self.wait(Some(id), what, Waiting::Segments);
        }
        std::mem::take(&mut self.asks)
    }

    /// What stopped the last step, in full.
    pub fn refusal(&mut self, error: &Error) -> Box<Refusal> {
        self.refusal
            .take()
            .unwrap_or_else(|| Box::new(self.unreadable(error)))
    }

    /// Says which of the route's places this message may have.
    pub fn expect(&mut self, places: Range<usize>) {
        self.under.expect(places);
    }

    /// How many questions there are since they were last taken.
    pub(crate) fn waiting_asks(&self) -> usize {
        self.asks.len()
    }

    /// The first place that must be there and was not, in the message's own request or one inside.
    pub fn missing(&mut self) -> Option<Refusal> {
        self.note_missing();
        self.missing.take()
    }

    /// Notes what the current request does not have, although it must.
    pub(crate) fn note_missing(&mut self) {
        if self.missing.is_some() {
            return;
        }
        let border = Arc::clone(&self.border);
        let Some(place) = self.under.missing(&border, self.app) else {
            return;
        };
        let refusal = Refusal::new(
            RefusalCode::MissingPlace,
            "a place that the policy requires is not in the request",
            "send the value, or take `required` from the place in the policy",
        );
        self.missing = Some(self.named(refusal, place));
    }

    /// Goes on with the values of the request of this number.
    pub(crate) fn turn_to(&mut self, number: usize) {
        if number == self.number {
            return;
        }
        let Some(next) = self.others.get_mut(number).and_then(Option::take) else {
            return;
        };
        let now = std::mem::replace(&mut self.under, next);
        if let Some(place) = self.others.get_mut(self.number) {
            *place = Some(now);
        }
        self.number = number;
    }

    /// Goes on with the values of another request of the message.
    pub(crate) fn turn_to_new(&mut self, under: Under) {
        self.others.push(Some(under));
        self.turn_to(self.others.len() - 1);
    }

    /// Whether the hole of `ask` can be filled, and with what.
    pub fn fill(&mut self, ask: AskId, out: &mut Vec<u8>) -> bool {
        let filled = self.filled.remove(&ask);
        filled.is_some_and(|plain| {
            out.extend_from_slice(&plain);
            true
        })
    }

    fn ask(&mut self) -> AskId {
        let id = AskId(self.next);
        self.next += 1;
        id
    }

    /// Asks for a value that waits, in the hole that stands for it or a new one.
    fn wait(&mut self, hole: Option<AskId>, what: Asked, waiting: Waiting) -> Edit {
        let id = hole.unwrap_or_else(|| self.ask());
        self.waiting.insert(id, waiting);
        self.asks.push(Ask { id, what });
        Edit::Pending(id)
    }

    /// Begins with a value without tokens in it: as it was revealed, if it is remembered.
    pub(crate) fn enter(
        &mut self,
        value: Value,
        text: &[u8],
        replacement: &mut Vec<u8>,
    ) -> Outcome {
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.under.route, value.place) else {
            return Ok(Edit::Keep);
        };
        // A value with a companion is remembered by that: what stands at its own place is the same for all.
        let remembered = place.companion.is_some() == value.is_companion;
        let name = (field.stable && remembered && !value.is_asked)
            .then(|| self.under.memory.name(&field.name, text))
            .flatten();
        let Some(name) = name else {
            return self.with_subject(value, text, replacement);
        };
        let what = Asked::Recall {
            app: border.app_id(self.app),
            name,
        };
        let text = Plain::new(text.to_vec());
        Ok(self.wait(value.hole, what, Waiting::Recalled { value, text }))
    }

    /// Goes on once the key is at hand: the field's own, or its subject's.
    fn with_subject(&mut self, value: Value, text: &[u8], replacement: &mut Vec<u8>) -> Outcome {
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.under.route, value.place) else {
            return Ok(Edit::Keep);
        };
        if place.subject.is_none() {
            return self.treat(value, text, None, replacement);
        }
        let subject = value
            .subject
            .as_ref()
            .ok_or_else(|| self.subjectless(place))?;
        let name = border.subject_name(self.app, subject);
        let name = name.ok_or_else(|| self.away(place))?;
        if let Some(key) = border.subject_key(self.app, &field.name, name) {
            return self.treat(value, text, Some(&key), replacement);
        }
        if place.part != Part::Body {
            return Err(self.away(place));
        }
        let what = Asked::Subject {
            app: border.app_id(self.app),
            field: field.name.clone(),
            subject: name,
        };
        let text = Plain::new(text.to_vec());
        Ok(self.wait(value.hole, what, Waiting::Subject { value, text }))
    }

    /// Asks for a value to be kept at home; its pointer goes where the value stood.
    pub(crate) fn keep(&mut self, value: Value, what: Asked) -> Edit {
        self.wait(value.hole, what, Waiting::Pointer(value))
    }

    fn decide(&mut self, found: &Found<'_>, replacement: &mut Vec<u8>) -> Outcome {
        let index = usize::from(found.place.0);
        self.under.see(index);
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.under.route, index) else {
            return Ok(Edit::Keep);
        };
        let value = Value::new(
            found,
            place,
            self.number,
            &self.under.parameters,
            |at, text| border.beside(self.app, self.under.route, at, text),
        );
        if !answers(&field.treatment, found.comparison) {
            return Err(self.unsearchable(place, field, found.comparison));
        }
        self.last = place
            .companion
            .is_some()
            .then(|| (value.clone(), Plain::new(found.text.to_vec())));
        if matches!(
            field.treatment,
            Treatment::Pass | Treatment::Block | Treatment::Mask
        ) {
            return self.treat(value, found.text, None, replacement);
        }
        match look(&border, self.app, field, found.text) {
            Stands::Alone => self.enter(value, found.text, replacement),
            Stands::Token => {
                self.last = None;
                Ok(Edit::Keep)
            }
            Stands::Glued(glued) if glued.complete() => {
                self.enter(value, &glued.text(), replacement)
            }
            Stands::Glued(glued) => Ok(self.gather(value, glued)),
        }
    }

    /// Asks for the rows of the pointers in a value.
    fn gather(&mut self, value: Value, mut glued: Glued) -> Edit {
        let hole = self.ask();
        let app = self.border.app_id(self.app);
        for pointer in glued.pointers() {
            let id = self.ask();
            *pointer.1 = Some(id);
            self.waiting.insert(id, Waiting::Part { hole });
            self.asks.push(Ask {
                id,
                what: Asked::Bring {
                    app: app.clone(),
                    pointer: pointer.0,
                },
            });
        }
        self.waiting.insert(hole, Waiting::Whole { value, glued });
        Edit::Pending(hole)
    }

    fn stop(&mut self, refusal: Box<Refusal>) -> Error {
        self.refusal = Some(refusal);
        Error::new(ErrorKind::Stopped, 0)
    }
}

impl Editor for Sealer {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        self.decide(&found, replacement)
            .map_err(|refusal| self.stop(refusal))
    }

    fn file(&mut self, place: PlaceId) -> Result<Option<Box<dyn Rewriter>>, Error> {
        self.seal_file(usize::from(place.0))
            .map_err(|refusal| self.stop(refusal))
    }

    fn request(&mut self, head: &batch::Head<'_>) -> Result<batch::Decision, Error> {
        self.begin_inside(head)
            .map_err(|refusal| self.stop(refusal))
    }

    fn request_ended(&mut self) {
        self.end_inside();
    }

    fn companion(&mut self, _place: PlaceId, text: &mut Vec<u8>) -> Result<Edit, Error> {
        let Some((value, plain)) = self.last.take() else {
            return Ok(Edit::Keep);
        };
        self.accompany(value, &plain, text)
            .map_err(|refusal| self.stop(refusal))
    }

    fn alternatives(&mut self, place: PlaceId, value: &[u8], others: &mut Vec<Vec<u8>>) {
        self.other_epochs(place, value, others);
    }
}
