//! The editor of a request: decides what each value at a place becomes, by its field's treatment.
//!
//! A value that is already a token of its place's field passes as it is; tokens inside a longer value are opened
//! before the whole is sealed, so that nothing is sealed twice. What needs the vault leaves a hole and an ask.

use std::collections::HashMap;
use std::sync::Arc;

use body::{AskId, Edit, Editor, Error, ErrorKind, Found, ValueType};
use policy::{Field, Part, Place, PointerShape, Pointing, Treatment, normalise};
use seal::PointerId;
use zeroize::Zeroizing;

use crate::border::Inner;
use crate::counts::Counts;
use crate::tokens::{Glued, Stands, look};
use crate::{Answer, Ask, Asked, Refusal, RefusalCode};

/// What a masked value is replaced by.
const MASK: &[u8] = b"***";

/// Decides about every value of one request; keeps the asks and the refusal.
pub(crate) struct Sealer {
    pub border: Arc<Inner>,
    pub app: usize,
    pub route: usize,
    pub pattern: usize,
    pub counts: Arc<Counts>,
    chance: Box<dyn seal::Chance + Send>,
    asks: Vec<Ask>,
    waiting: HashMap<AskId, Waiting>,
    filled: HashMap<AskId, Vec<u8>>,
    next: u32,
    seen: Vec<bool>,
    refusal: Option<Box<Refusal>>,
}

/// What is to be done with an answer.
enum Waiting {
    /// The pointer goes into the hole of the same id.
    Pointer { place: usize },
    /// A row that `hole`'s value needs before it can be sealed.
    Part { hole: AskId },
    /// A value glued together from text and rows; sealed when the last row is there.
    Whole {
        place: usize,
        value_type: ValueType,
        glued: Glued,
    },
}

impl Sealer {
    pub fn new(
        border: Arc<Inner>,
        app: usize,
        (route, pattern): (usize, usize),
        counts: Arc<Counts>,
        chance: Box<dyn seal::Chance + Send>,
    ) -> Self {
        let places = border
            .route(app, route)
            .map_or(0, |route| route.places.len());
        Self {
            border,
            app,
            route,
            pattern,
            counts,
            chance,
            asks: Vec::new(),
            waiting: HashMap::new(),
            filled: HashMap::new(),
            next: 0,
            seen: vec![false; places],
            refusal: None,
        }
    }

    /// The questions since the last call.
    pub fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    /// What stopped the last step, in full.
    pub fn refusal(&mut self, error: &Error) -> Box<Refusal> {
        self.refusal
            .take()
            .unwrap_or_else(|| Box::new(self.unreadable(error)))
    }

    /// The first place that must be there and was not.
    pub fn missing(&self) -> Option<Refusal> {
        let route = self.border.route(self.app, self.route)?;
        let (_, place) = self
            .seen
            .iter()
            .zip(&route.places)
            .find(|(seen, place)| place.required && !**seen)?;
        let refusal = Refusal::new(
            RefusalCode::MissingPlace,
            "a place that the policy requires is not in the request",
            "send the value, or take `required` from the place in the policy",
        );
        Some(self.named(refusal, place))
    }

    /// Takes an answer; what it completes stands in [`Sealer::fill`] afterwards, and new asks may have come.
    pub fn answer(&mut self, answer: Answer) -> Result<(), Box<Refusal>> {
        let (id, row) = match answer {
            Answer::Kept { id, pointer } => return self.kept(id, pointer),
            Answer::Row { id, field, sealed } => (id, Some((field, sealed))),
            Answer::Gone { id } => (id, None),
        };
        let Some(Waiting::Part { hole }) = self.take_waiting(id) else {
            return Ok(());
        };
        let app = self.app;
        let opened = row.and_then(|(field, sealed)| self.border.open_row(app, &field, &sealed));
        let Some(Waiting::Whole { glued, .. }) = self.waiting.get_mut(&hole) else {
            return Ok(());
        };
        glued.bring(id, opened.map(|opened| opened.plain));
        if !glued.complete() {
            return Ok(());
        }
        let Some(Waiting::Whole {
            place,
            value_type,
            glued,
        }) = self.take_waiting(hole)
        else {
            return Ok(());
        };
        self.treat_late(hole, place, value_type, &glued.text())
    }

    /// Whether the hole of `ask` can be filled, and with what.
    pub fn fill(&mut self, ask: AskId, out: &mut Vec<u8>) -> bool {
        let filled = self.filled.remove(&ask);
        filled.is_some_and(|plain| {
            out.extend_from_slice(&plain);
            true
        })
    }

    fn kept(&mut self, id: AskId, pointer: u64) -> Result<(), Box<Refusal>> {
        let Some(Waiting::Pointer { place }) = self.take_waiting(id) else {
            return Ok(());
        };
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.route, place) else {
            return Ok(());
        };
        let known = border.pointer_key(self.app).zip(PointerId::new(pointer));
        let Some((key, pointer)) = known else {
            return Err(self.away(place));
        };
        self.filled
            .insert(id, key.text(&field.name, pointer).to_vec());
        Ok(())
    }

    fn take_waiting(&mut self, id: AskId) -> Option<Waiting> {
        self.waiting.remove(&id)
    }

    fn ask(&mut self) -> AskId {
        let id = AskId(self.next);
        self.next += 1;
        id
    }

    /// Treats a value whose parts had to be fetched first.
    fn treat_late(
        &mut self,
        hole: AskId,
        place: usize,
        kind: ValueType,
        text: &[u8],
    ) -> Result<(), Box<Refusal>> {
        let mut replacement = Vec::new();
        match self.treat(place, kind, text, &mut replacement, Some(hole))? {
            Edit::Replace => {
                self.filled.insert(hole, replacement);
            }
            Edit::Pending(_) => {}
            _ => {
                self.filled.insert(hole, text.to_vec());
            }
        }
        Ok(())
    }

    /// Applies the treatment of a place's field to a value without tokens in it. `hole` is the ask of the hole
    /// that already stands for it, if one does.
    fn treat(
        &mut self,
        index: usize,
        value_type: ValueType,
        text: &[u8],
        replacement: &mut Vec<u8>,
        hole: Option<AskId>,
    ) -> Result<Edit, Box<Refusal>> {
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.route, index) else {
            return Ok(Edit::Keep);
        };
        match &field.treatment {
            Treatment::Pass => return Ok(Edit::Keep),
            Treatment::Block | Treatment::Words { .. } | Treatment::Date(_) => {
                return Err(self.blocked(place));
            }
            Treatment::Mask => replacement.extend_from_slice(MASK),
            Treatment::Sealed { commit } => {
                let key = self.key(place)?;
                seal::seal_sealed(
                    &key,
                    kind(value_type),
                    text,
                    seal::Sealing {
                        commit: *commit,
                        ..seal::Sealing::default()
                    },
                    &mut *self.chance,
                    replacement,
                )
                .map_err(|error| self.unsealable(place, &error))?;
            }
            Treatment::Match => {
                self.check_type(place, field, value_type)?;
                let key = self.key(place)?;
                let text = std::str::from_utf8(text).map_err(|_| self.not_text(place))?;
                let normal = normalise(text, &field.normalise);
                let normal = normal.as_ref().map_or(text, |normal| normal.as_str());
                seal::seal_match(&key, normal.as_bytes(), replacement)
                    .map_err(|error| self.unsealable(place, &error))?;
                if field
                    .max
                    .is_some_and(|max| replacement.len() > max as usize)
                {
                    return self.point(index, normal, replacement, hole);
                }
            }
            Treatment::Vault(Pointing {
                shape: PointerShape::Token,
                equality: false,
            }) => {
                self.check_type(place, field, value_type)?;
                let key = self.key(place)?;
                let mut sealed = Vec::new();
                seal::seal_sealed(
                    &key,
                    kind(value_type),
                    text,
                    seal::Sealing::default(),
                    &mut *self.chance,
                    &mut sealed,
                )
                .map_err(|error| self.unsealable(place, &error))?;
                let first = PointerId::random(&mut *self.chance);
                self.counts.protect(place.field.0);
                return Ok(self.keep(index, field, first, sealed, hole));
            }
            Treatment::Vault(_) => return Err(self.blocked(place)),
        }
        if let Some(max) = field.max.filter(|max| replacement.len() > *max as usize) {
            return Err(self.too_long(place, max, replacement.len()));
        }
        self.counts.protect(place.field.0);
        Ok(Edit::Replace)
    }

    /// A `match` value whose token its column does not take: an equality pointer, decided by its length alone, so
    /// that equal values stay equal. Kept as its own token, which is equal for equal values.
    ///
    /// In a head, which waits for nobody, the pointer that was tried first is asked for: the right one unless
    /// another value of the app had that 40-bit identity before.
    fn point(
        &mut self,
        index: usize,
        normal: &str,
        token: &mut Vec<u8>,
        hole: Option<AskId>,
    ) -> Result<Edit, Box<Refusal>> {
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.route, index) else {
            return Ok(Edit::Keep);
        };
        let max = field.max.unwrap_or(u32::MAX);
        if seal::POINTER_LEN > max as usize {
            return Err(self.too_long(place, max, token.len()));
        }
        let Some(key) = border.pointer_key(self.app) else {
            return Err(self.away(place));
        };
        let first = key.equal_id(&field.name, normal.as_bytes(), 0);
        self.counts.protect(place.field.0);
        let sealed = std::mem::take(token);
        if place.part == Part::Body {
            return Ok(self.keep(index, field, first, sealed, hole));
        }
        token.extend_from_slice(&key.text(&field.name, first));
        Ok(Edit::Replace)
    }

    /// Asks for a value to be kept at home.
    fn keep(
        &mut self,
        index: usize,
        field: &Field,
        first: PointerId,
        sealed: Vec<u8>,
        hole: Option<AskId>,
    ) -> Edit {
        let id = hole.unwrap_or_else(|| self.ask());
        let app = self
            .border
            .app(self.app)
            .map(|app| app.id.clone())
            .unwrap_or_default();
        self.waiting.insert(id, Waiting::Pointer { place: index });
        self.asks.push(Ask {
            id,
            what: Asked::Keep {
                app,
                field: field.name.clone(),
                first: first.get(),
                sealed,
            },
        });
        Edit::Pending(id)
    }

    fn key(&self, place: &Place) -> Result<Arc<seal::FieldKey>, Box<Refusal>> {
        self.border
            .current_key(self.app, place.field)
            .cloned()
            .ok_or_else(|| self.away(place))
    }
}

impl Editor for Sealer {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        self.decide(found, replacement).map_err(|refusal| {
            self.refusal = Some(refusal);
            Error::new(ErrorKind::Stopped, 0)
        })
    }
}

impl Sealer {
    fn decide(
        &mut self,
        found: Found<'_>,
        replacement: &mut Vec<u8>,
    ) -> Result<Edit, Box<Refusal>> {
        let index = usize::from(found.place.0);
        if let Some(seen) = self.seen.get_mut(index) {
            *seen = true;
        }
        let border = Arc::clone(&self.border);
        let Some((_, field)) = border.place(self.app, self.route, index) else {
            return Ok(Edit::Keep);
        };
        if matches!(
            field.treatment,
            Treatment::Pass | Treatment::Block | Treatment::Mask
        ) {
            return self.treat(index, found.value_type, found.text, replacement, None);
        }
        match look(&border, self.app, field, found.text) {
            Stands::Alone => self.treat(index, found.value_type, found.text, replacement, None),
            Stands::Token => Ok(Edit::Keep),
            Stands::Glued(glued) if glued.complete() => {
                self.treat(index, found.value_type, &glued.text(), replacement, None)
            }
            Stands::Glued(mut glued) => {
                let hole = self.ask();
                let app = border
                    .app(self.app)
                    .map(|app| app.id.clone())
                    .unwrap_or_default();
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
                let whole = Waiting::Whole {
                    place: index,
                    value_type: found.value_type,
                    glued,
                };
                self.waiting.insert(hole, whole);
                Ok(Edit::Pending(hole))
            }
        }
    }
}

/// The body's word for a type in the token's.
fn kind(value_type: ValueType) -> seal::ValueType {
    match value_type {
        ValueType::String => seal::ValueType::String,
        ValueType::Number => seal::ValueType::Number,
        ValueType::Boolean => seal::ValueType::Boolean,
    }
}

/// A value for a person to read in memory only.
pub(crate) type Plain = Zeroizing<Vec<u8>>;
