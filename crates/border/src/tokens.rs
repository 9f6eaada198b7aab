//! What stands in a value on its way out: no token, one that may pass, or tokens glued into longer text.

use body::AskId;
use policy::Field;

use crate::border::Inner;
use crate::value::Plain;

/// What [`look`] found.
pub(crate) enum Stands {
    /// No token that opens here: the text is a value like any other.
    Alone,
    /// The whole text is one token of the place's own field: it passes as it is.
    Token,
    /// Tokens of this app stand inside longer text.
    Glued(Glued),
}

/// Text with opened tokens in it, and vault rows that are still to be brought.
pub(crate) struct Glued {
    parts: Vec<Part>,
}

enum Part {
    Text(Plain),
    Row {
        pointer: u64,
        ask: Option<AskId>,
        written: Vec<u8>,
    },
}

impl Glued {
    /// Whether every part is known.
    pub fn complete(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The pointers whose rows are missing, each with the place for its ask.
    pub fn pointers(&mut self) -> impl Iterator<Item = (u64, &mut Option<AskId>)> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Row { pointer, ask, .. } => Some((*pointer, ask)),
            Part::Text(_) => None,
        })
    }

    /// Brings the row of an ask; a row that is gone leaves the pointer as it was written.
    pub fn bring(&mut self, id: AskId, plain: Option<Plain>) {
        for part in &mut self.parts {
            if let Part::Row {
                ask: Some(ask),
                written,
                ..
            } = part
                && *ask == id
            {
                *part = Part::Text(plain.unwrap_or_else(|| Plain::new(std::mem::take(written))));
                return;
            }
        }
    }

    /// The whole, as far as it is known.
    pub fn text(&self) -> Plain {
        let mut whole = Plain::default();
        for part in &self.parts {
            match part {
                Part::Text(text) => whole.extend_from_slice(text),
                Part::Row { written, .. } => whole.extend_from_slice(written),
            }
        }
        whole
    }
}

/// Looks for tokens in `text`, a value at a place of `field`.
pub(crate) fn look(border: &Inner, app: usize, field: &Field, text: &[u8]) -> Stands {
    let mut parts = Vec::new();
    let mut done = 0;
    let mut from = 0;
    while let Some(start) = border.scanner.find(text, from) {
        let Some(rest) = text.get(start..) else { break };
        let seal::Measure::Whole(length) = border.measure(app, rest, true) else {
            from = start + 1;
            continue;
        };
        let end = start + length;
        let Some(token) = text.get(start..end) else {
            break;
        };
        from = start + 1;
        let whole = start == 0 && end == text.len();
        let part = if let Some((pointer, of)) = border.pointer(app, token) {
            if whole && of.name == field.name {
                return Stands::Token;
            }
            Part::Row {
                pointer: pointer.id.get(),
                ask: None,
                written: token.to_vec(),
            }
        } else {
            if whole && border.is_token_of(app, field, token) {
                return Stands::Token;
            }
            match border.open(app, token) {
                Some(opened) => Part::Text(opened.plain),
                None => continue,
            }
        };
        if let Some(before) = text.get(done..start).filter(|before| !before.is_empty()) {
            parts.push(Part::Text(Plain::new(before.to_vec())));
        }
        parts.push(part);
        done = end;
        from = end;
    }
    if parts.is_empty() {
        return Stands::Alone;
    }
    if let Some(after) = text.get(done..).filter(|after| !after.is_empty()) {
        parts.push(Part::Text(Plain::new(after.to_vec())));
    }
    Stands::Glued(Glued { parts })
}
