//! The side of a response that knows tokens: finds, measures and opens them, for this app's fields only (I9).
//!
//! What has a prefix is opened wherever it stands. What has none ([`policy::Route::reveal`]) is opened at the places
//! that its route names, where this is the editor of the answer.

use std::collections::HashMap;
use std::sync::Arc;

use body::reveal::{Measure, Medium, Opened, Reveal, Tokens};
use body::{AskId, Edit, Editor, Error, Found, Out, ValueType};
use bytes::Bytes;
use policy::{Dates, Field, PointerShape, Treatment};

use crate::border::Inner;
use crate::counts::Counts;
use crate::memory::Memory;
use crate::value::{Parameters, Plain, Value};
use crate::{Answer, Ask, Asked, pointers};

/// What stands where a token was cut short by the app: never guessed, never gibberish.
const CUT: &[u8] = b"[...]";

/// Opens what one response brings.
pub(crate) struct Opener {
    border: Arc<Inner>,
    app: usize,
    route: Option<usize>,
    counts: Arc<Counts>,
    memory: Memory,
    parameters: Parameters,
    asks: Vec<Ask>,
    waiting: HashMap<AskId, Waiting>,
    filled: HashMap<AskId, Plain>,
    next: u32,
    /// What became of the text at a place.
    nested: Out,
}

/// What an answer is awaited for.
struct Waiting {
    /// What stands there as long as nothing is known, and what is remembered to have been revealed.
    token: Vec<u8>,
    /// The field that the row must be of.
    field: String,
    /// What is shown where the row is gone.
    otherwise: Otherwise,
}

/// What is shown where a pointer leads to nothing.
#[derive(Clone, Copy)]
enum Otherwise {
    /// The mark of what cannot be opened.
    Mark,
    /// What stood there: it was never sure to be a pointer.
    Token,
}

impl Opener {
    pub fn new(
        border: Arc<Inner>,
        (app, route): (usize, Option<usize>),
        counts: Arc<Counts>,
        memory: Memory,
        parameters: Parameters,
    ) -> Self {
        Self {
            border,
            app,
            route,
            counts,
            memory,
            parameters,
            asks: Vec::new(),
            waiting: HashMap::new(),
            filled: HashMap::new(),
            next: 0,
            nested: Out::new(),
        }
    }

    pub fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    /// The same where no answer can be waited for: pointers stay.
    pub fn at_once(&mut self) -> AtOnce<'_> {
        AtOnce(self)
    }

    /// Takes an answer: the row's value, or what is shown where there is none.
    pub fn answer(&mut self, answer: Answer) {
        let id = answer.id();
        let Some(waiting) = self.waiting.remove(&id) else {
            return;
        };
        let row = match answer {
            Answer::Row { field, sealed, .. } if field == waiting.field => Some(sealed),
            _ => None,
        };
        let opened = row.and_then(|sealed| self.border.open_row(self.app, &waiting.field, &sealed));
        let plain = match opened {
            Some(opened) => {
                self.revealed(opened.field, &opened.plain, &waiting.token);
                opened.plain
            }
            None => {
                self.counts.unopened();
                match waiting.otherwise {
                    Otherwise::Mark => Plain::new(CUT.to_vec()),
                    Otherwise::Token => Plain::new(waiting.token),
                }
            }
        };
        self.filled.insert(id, plain);
    }

    /// Whether the hole of `ask` can be filled, and with what.
    pub fn fill(&mut self, ask: AskId, out: &mut Vec<u8>) -> bool {
        let filled = self.filled.remove(&ask);
        filled.is_some_and(|plain| {
            out.extend_from_slice(&plain);
            true
        })
    }

    /// Counts a value that is shown, and remembers its token where the field is `stable`.
    fn revealed(&self, field: Option<usize>, plain: &[u8], token: &[u8]) {
        let Some(index) = field else { return };
        self.counts.reveal(index);
        let field = self
            .border
            .app(self.app)
            .and_then(|app| app.fields.get(index));
        if let Some(field) = field.filter(|field| field.stable)
            && let Some(key) = self.border.current_key(self.app, policy::FieldIndex(index))
        {
            self.memory.remember(&field.name, plain, token, key);
        }
    }

    fn bring(&mut self, pointer: u64, waiting: Waiting) -> AskId {
        let id = AskId(self.next);
        self.next += 1;
        self.waiting.insert(id, waiting);
        self.asks.push(Ask {
            id,
            what: Asked::Bring {
                app: self.border.app_id(self.app),
                pointer,
            },
        });
        id
    }

    /// What a value without prefix at a place of the answer stands for.
    fn at_place(&mut self, found: &Found<'_>, out: &mut Vec<u8>) -> Option<Edit> {
        let border = Arc::clone(&self.border);
        let route = self.route?;
        let reveal = border.route(self.app, route)?.reveal.as_ref()?;
        let place = reveal.places.get(usize::from(found.place.0))?;
        let field = border.app(self.app)?.field(place.field)?;
        if field.treatment.has_prefix() {
            return self.in_text(found.text);
        }
        let value = Value::new(found, place, 0, &self.parameters, |at, text| {
            border.beside(self.app, route, at, text)
        });
        let opened = match &field.treatment {
            Treatment::Format(_) => {
                let key = border.format_key(self.app, place.field)?;
                let tweak = value.tweak.as_ref().map_or(&[][..], |tweak| tweak);
                let text = std::str::from_utf8(found.text).ok()?;
                seal::format::open(key, text, tweak).ok()?
            }
            Treatment::Date(Dates::Shift { days }) => {
                let text = std::str::from_utf8(found.text).ok()?;
                let whose = value.subject.as_ref()?;
                let name = border.subject_name(self.app, whose)?;
                let key = border.subject_key(self.app, &field.name, name)?;
                seal::date::unshift(&key.shift, *days, &name.0, text).ok()?
            }
            Treatment::Vault(pointing) if !pointing.shape.has_prefix() => {
                return self.at_pointer(field, &pointing.shape, found);
            }
            _ => return None,
        };
        self.counts.reveal(place.field.0);
        out.extend_from_slice(opened.as_bytes());
        Some(spelled(found.value_type))
    }

    /// Opens the tokens in a text at a place of a format in which nothing else finds them.
    fn in_text(&mut self, text: &[u8]) -> Option<Edit> {
        let limits = self.border.limits.body;
        let mut reveal = Reveal::new(Medium::default(), limits);
        let mut out = Out::new();
        reveal.push(&Bytes::copy_from_slice(text), self, &mut out);
        reveal.finish(self, &mut out);
        let counts = reveal.counts();
        (counts.revealed + counts.marked > 0).then(|| {
            self.nested = out;
            Edit::Nested
        })
    }

    fn at_pointer(
        &mut self,
        field: &Field,
        shape: &PointerShape,
        found: &Found<'_>,
    ) -> Option<Edit> {
        let key = self.border.pointer_key(self.app)?;
        let pointer = pointers::read(key, &field.name, shape, found.text)?;
        let id = self.bring(
            pointer,
            Waiting {
                token: found.text.to_vec(),
                field: field.name.clone(),
                otherwise: Otherwise::Token,
            },
        );
        Some(match found.value_type {
            ValueType::Number => Edit::PendingSpelled(id),
            _ => Edit::Pending(id),
        })
    }
}

/// A number stays one.
fn spelled(found: ValueType) -> Edit {
    match found {
        ValueType::Number => Edit::Spelled,
        _ => Edit::Replace,
    }
}

impl Editor for Opener {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        let edit = self.at_place(&found, replacement);
        if edit.is_none() {
            replacement.clear();
        }
        Ok(edit.unwrap_or(Edit::Keep))
    }

    fn nested(&mut self) -> Out {
        std::mem::take(&mut self.nested)
    }
}

impl Tokens for Opener {
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.border.scanner.find(bytes, from)
    }

    fn find_coded(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.border.scanner.find_coded(bytes, from)
    }

    fn measure(&self, bytes: &[u8], last: bool) -> Measure {
        match self.border.measure(self.app, bytes, last) {
            seal::Measure::Whole(length) => Measure::Whole(length),
            seal::Measure::More(length) => Measure::More(length),
            seal::Measure::Cut(length) => Measure::Cut(length),
            seal::Measure::No => Measure::No,
        }
    }

    fn open(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Opened {
        let border = Arc::clone(&self.border);
        if let Some((pointer, of)) = border.pointer(self.app, token) {
            let waiting = Waiting {
                token: token.to_vec(),
                field: of.name.clone(),
                otherwise: Otherwise::Mark,
            };
            let id = self.bring(pointer.id.get(), waiting);
            return Opened::Pending(id, of.value_type);
        }
        if let Some(opened) = border.open(self.app, token) {
            border.show(self.app, &opened, plain);
            self.revealed(opened.field, &opened.plain, token);
            return Opened::Value(opened.value_type);
        }
        self.counts.unopened();
        if border.is_cut(self.app, token) {
            plain.extend_from_slice(CUT);
            return Opened::Mark;
        }
        Opened::Leave
    }

    fn companion(&mut self, number: usize, token: &[u8], plain: &mut Vec<u8>) -> Opened {
        let border = Arc::clone(&self.border);
        let field = border
            .companions(self.app)
            .and_then(|companions| companions.fields.get(number));
        let Some(opened) = border.open(self.app, token) else {
            return Opened::Leave;
        };
        if field.map(|field| field.0) != opened.field {
            return Opened::Leave;
        }
        plain.extend_from_slice(&opened.plain);
        self.revealed(opened.field, &opened.plain, token);
        Opened::Value(opened.value_type)
    }
}

/// Opens what needs no answer from the vault.
pub(crate) struct AtOnce<'a>(&'a mut Opener);

impl Tokens for AtOnce<'_> {
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.0.find(bytes, from)
    }

    fn measure(&self, bytes: &[u8], last: bool) -> Measure {
        self.0.measure(bytes, last)
    }

    fn open(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Opened {
        if self.0.border.pointer(self.0.app, token).is_some() {
            return Opened::Leave;
        }
        Tokens::open(self.0, token, plain)
    }
}
