//! What the editor of a request does with the answers to what it asked.

use body::{AskId, Edit};
use policy::{PointerShape, Treatment};

use super::{Outcome, Sealer, Waiting};
use crate::memory::same_text;
use crate::value::{Plain, Value};
use crate::{Answer, Refusal, pointers};

impl Sealer {
    /// Takes an answer; what it completes stands in [`Sealer::fill`] afterwards, and new asks may have come.
    pub fn answer(&mut self, answer: Answer) -> Result<(), Box<Refusal>> {
        let id = answer.id();
        let Some(waiting) = self.waiting.remove(&id) else {
            return Ok(());
        };
        let number = self.number;
        let done = self.take_answer(id, waiting, answer);
        self.turn_to(number);
        done
    }

    fn take_answer(
        &mut self,
        id: AskId,
        waiting: Waiting,
        answer: Answer,
    ) -> Result<(), Box<Refusal>> {
        if let Waiting::Pointer(value)
        | Waiting::Recalled { value, .. }
        | Waiting::Subject { value, .. } = &waiting
        {
            self.turn_to(value.request);
        }
        match waiting {
            Waiting::Pointer(value) => self.kept(id, &value, &answer),
            Waiting::Part { hole } => self.brought(id, hole, answer),
            Waiting::Recalled { value, text } => self.recalled(id, value, &text, answer),
            Waiting::Subject { value, text } => match answer {
                Answer::Subject { key, .. } => {
                    self.go_on(id, value, &text, |sealer, value, text, out| {
                        sealer.treat(value, text, Some(&key), out)
                    })
                }
                _ => Err(self.away_at(value.place)),
            },
            Waiting::File { place } => match answer {
                Answer::Subject { key, .. } => {
                    self.of_files.insert((self.number, place), key);
                    Ok(())
                }
                _ => Err(self.away_at(place)),
            },
            Waiting::Segments => match answer {
                Answer::SegmentsKept { .. } => {
                    self.filled.insert(id, Vec::new());
                    Ok(())
                }
                _ => Err(self.unkept()),
            },
            // Its parts are asked for, not the whole.
            whole @ Waiting::Whole { .. } => {
                self.waiting.insert(id, whole);
                Ok(())
            }
        }
    }

    /// The text of a pointer that was kept for the value at this place.
    fn pointer_text(&self, place: usize, pointer: u64) -> Option<Vec<u8>> {
        let (_, field) = self.border.place(self.app, self.under.route, place)?;
        let key = self.border.pointer_key(self.app)?;
        let shape = match &field.treatment {
            Treatment::Vault(pointing) => &pointing.shape,
            _ => &PointerShape::Token,
        };
        pointers::text(key, &field.name, shape, pointer)
    }

    fn kept(&mut self, id: AskId, value: &Value, answer: &Answer) -> Result<(), Box<Refusal>> {
        let Answer::Kept { pointer, .. } = answer else {
            return Err(self.away_at(value.place));
        };
        let text = self.pointer_text(value.place, *pointer);
        let text = text.ok_or_else(|| self.away_at(value.place))?;
        self.filled.insert(id, text);
        Ok(())
    }

    fn brought(&mut self, id: AskId, hole: AskId, answer: Answer) -> Result<(), Box<Refusal>> {
        let opened = match answer {
            Answer::Row { field, sealed, .. } => self.border.open_row(self.app, &field, &sealed),
            _ => None,
        };
        let Some(Waiting::Whole { glued, .. }) = self.waiting.get_mut(&hole) else {
            return Ok(());
        };
        glued.bring(id, opened.map(|opened| opened.plain));
        if !glued.complete() {
            return Ok(());
        }
        match self.waiting.remove(&hole) {
            Some(Waiting::Whole { value, glued }) => {
                self.turn_to(value.request);
                self.go_on(hole, value, &glued.text(), Self::enter)
            }
            _ => Ok(()),
        }
    }

    /// The token that a value was last revealed from takes its place if it still is that value's.
    fn recalled(
        &mut self,
        id: AskId,
        value: Value,
        text: &Plain,
        answer: Answer,
    ) -> Result<(), Box<Refusal>> {
        if let Answer::Recalled { sealed, .. } = answer
            && let Some(token) = self.recollection(&value, text, &sealed)
        {
            if let Some((place, _)) = self.border.place(self.app, self.under.route, value.place) {
                self.counts.protect(place.field.0);
            }
            self.filled.insert(id, token);
            return Ok(());
        }
        self.go_on(id, value, text, Self::with_subject)
    }

    fn recollection(&self, value: &Value, text: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (_, field) = self.border.place(self.app, self.under.route, value.place)?;
        let token = self
            .under
            .memory
            .open(&self.under.memory.name(&field.name, text)?, sealed)?;
        if self.border.is_pointer_of(self.app, field, &token) {
            return Some(token);
        }
        let opened = self.border.open(self.app, &token)?;
        let same = opened.key.field() == field.name
            && opened.value_type == value.value_type
            && same_text(&opened.plain, text);
        same.then_some(token)
    }

    /// Goes on with a value for which a hole stands.
    fn go_on(
        &mut self,
        hole: AskId,
        mut value: Value,
        text: &Plain,
        step: impl FnOnce(&mut Self, Value, &[u8], &mut Vec<u8>) -> Outcome,
    ) -> Result<(), Box<Refusal>> {
        value.hole = Some(hole);
        let mut replacement = Vec::new();
        match step(self, value, text, &mut replacement)? {
            Edit::Replace | Edit::Spelled => {
                self.filled.insert(hole, replacement);
            }
            Edit::Keep => {
                self.filled.insert(hole, text.to_vec());
            }
            // It waits again, under the same id.
            _ => {}
        }
        Ok(())
    }
}
