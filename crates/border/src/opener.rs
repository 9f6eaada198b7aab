//! The side of a response that knows tokens: finds, measures and opens them, for this app's fields only (I9).

use std::collections::HashMap;
use std::sync::Arc;

use body::AskId;
use body::reveal::{Measure, Opened, Tokens};

use crate::border::Inner;
use crate::counts::Counts;
use crate::sealer::Plain;
use crate::{Answer, Ask, Asked};

/// What stands where a token was cut short by the app: never guessed, never gibberish.
const CUT: &[u8] = b"[...]";

/// Opens what one response brings.
pub(crate) struct Opener {
    border: Arc<Inner>,
    app: usize,
    counts: Arc<Counts>,
    asks: Vec<Ask>,
    filled: HashMap<AskId, Plain>,
    next: u32,
}

impl Opener {
    pub fn new(border: Arc<Inner>, app: usize, counts: Arc<Counts>) -> Self {
        Self {
            border,
            app,
            counts,
            asks: Vec::new(),
            filled: HashMap::new(),
            next: 0,
        }
    }

    pub fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    /// Takes an answer: the row's value, or the pointer as it stood where the row does not open.
    pub fn answer(&mut self, answer: Answer) {
        let (id, row) = match answer {
            Answer::Row { id, field, sealed } => (id, Some((field, sealed))),
            Answer::Gone { id } | Answer::Kept { id, .. } => (id, None),
        };
        let opened =
            row.and_then(|(field, sealed)| self.border.open_row(self.app, &field, &sealed));
        let plain = match opened {
            Some(opened) => {
                if let Some(field) = opened.field {
                    self.counts.reveal(field);
                }
                opened.plain
            }
            None => {
                self.counts.unopened();
                Plain::new(CUT.to_vec())
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
}

impl Tokens for Opener {
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.border.scanner.find(bytes, from)
    }

    fn measure(&self, bytes: &[u8], last: bool) -> Measure {
        match seal::measure(bytes, last) {
            seal::Measure::Whole(length) => Measure::Whole(length),
            seal::Measure::More(length) => Measure::More(length),
            seal::Measure::Cut(length) => Measure::Cut(length),
            seal::Measure::No => Measure::No,
        }
    }

    fn open(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Opened {
        if let Some((pointer, of)) = self.border.pointer(self.app, token) {
            let Some(app) = self.border.app(self.app) else {
                return Opened::Leave;
            };
            let kind = of.value_type;
            let id = AskId(self.next);
            self.next += 1;
            self.asks.push(Ask {
                id,
                what: Asked::Bring {
                    app: app.id.clone(),
                    pointer: pointer.id.get(),
                },
            });
            return Opened::Pending(id, kind);
        }
        if let Some(opened) = self.border.open(self.app, token) {
            plain.extend_from_slice(&opened.plain);
            if let Some(field) = opened.field {
                self.counts.reveal(field);
            }
            return Opened::Value(opened.value_type);
        }
        self.counts.unopened();
        if self.border.is_cut(self.app, token) {
            plain.extend_from_slice(CUT);
            return Opened::Mark;
        }
        Opened::Leave
    }
}
