//! What each treatment makes of a value: one arm each, and nothing else decides.

use std::sync::Arc;

use body::{Comparison, Edit, PlaceId, ValueType};
use policy::{Dates, Field, Place, PointerShape, Pointing, Treatment, normalise};
use seal::{Chance, FieldKey, Pad, PointerId, Repeat};

use crate::sealer::{Outcome, Sealer};
use crate::value::{Plain, Value};
use crate::{Asked, Refusal, SubjectKey, pointers};

/// What a masked value, and one that went to its companion, is replaced by.
const MASK: &[u8] = b"***";

impl Sealer {
    /// Applies the treatment of a place's field to a value without tokens in it. `subject` has its
    /// subject's keys, where it has one.
    pub(crate) fn treat(
        &mut self,
        value: Value,
        text: &[u8],
        subject: Option<&SubjectKey>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.under.route, value.place) else {
            return Ok(Edit::Keep);
        };
        match &field.treatment {
            Treatment::Pass => return Ok(Edit::Keep),
            Treatment::Block => return Err(self.blocked(place)),
            Treatment::Mask => out.extend_from_slice(MASK),
            _ if value.is_companion => {
                let key = self.key(place, subject)?;
                self.seal(&key, place, field, &value, text, out)?;
                return Ok(Edit::Replace);
            }
            Treatment::Date(Dates::StandIn) => out.extend_from_slice(stand_in(field)),
            Treatment::Sealed { .. } if place.companion.is_some() => {
                out.extend_from_slice(stand_in(field));
            }
            Treatment::Sealed { .. } => {
                let key = self.key(place, subject)?;
                let text = self.normal(place, field, text)?;
                self.seal(&key, place, field, &value, &text, out)?;
            }
            Treatment::Words { .. } => {
                let key = self.key(place, subject)?;
                let text = self.normal(place, field, text)?;
                self.words(place, field, &value, &text, &key, out)?;
            }
            Treatment::Match => {
                self.check_type(place, field, value.value_type)?;
                let key = self.key(place, subject)?;
                let normal = self.normal(place, field, text)?;
                seal::seal_match(&key, &normal, out)
                    .map_err(|error| self.unsealable(place, &error))?;
                self.counts.met(place.field.0, out);
                if field.max.is_some_and(|max| out.len() > max as usize) {
                    out.clear();
                    let pointing = Pointing {
                        shape: PointerShape::Token,
                        equality: true,
                    };
                    return self.point(value, &pointing, &normal, &key, out);
                }
            }
            Treatment::Vault(pointing) => {
                self.check_type(place, field, value.value_type)?;
                let key = self.key(place, subject)?;
                let normal = self.normal(place, field, text)?;
                return self.point(value, pointing, &normal, &key, out);
            }
            Treatment::Format(_) => {
                let edit = self.format(place, &value, text, out)?;
                self.fits(place, field, out)?;
                self.counts.protect(place.field.0);
                return Ok(edit);
            }
            Treatment::Date(Dates::Shift { days }) => {
                let key = subject.ok_or_else(|| self.subjectless(place))?;
                let name = key.field.subject().ok_or_else(|| self.away(place))?;
                let date = self.text(place, text)?;
                let shifted = seal::date::shift(&key.shift, *days, &name.0, date)
                    .map_err(|error| self.unfit(place, &error))?;
                out.extend_from_slice(shifted.as_bytes());
            }
        }
        self.fits(place, field, out)?;
        self.counts.protect(place.field.0);
        Ok(Edit::Replace)
    }

    /// A `sealed` token of a value; in a request with an idempotency key always the same one.
    fn seal(
        &mut self,
        key: &FieldKey,
        place: &Place,
        field: &Field,
        value: &Value,
        text: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Box<Refusal>> {
        let sealing = field.sealing();
        let sealed = self.with_chance(key, place, field, value, text, |chance| {
            seal::seal_sealed(key, kind(value.value_type), text, sealing, chance, out)
        });
        sealed.map_err(|error| self.unsealable(place, &error))
    }

    /// Gives `with` its chance: the exchange's, or where the request has an idempotency key one that is a function
    /// of all that the token is made from, so that the request sent again carries the same bytes.
    fn with_chance<R>(
        &mut self,
        key: &FieldKey,
        place: &Place,
        field: &Field,
        value: &Value,
        text: &[u8],
        with: impl FnOnce(&mut dyn Chance) -> R,
    ) -> R {
        let Some(retry) = &self.retry else {
            return with(&mut *self.chance);
        };
        let options = options(field, value);
        let ordinal = value.ordinal.to_be_bytes();
        let parts: [&[u8]; 5] = [retry, place.at.as_bytes(), &ordinal, &options, text];
        with(&mut Repeat::new(key, &parts))
    }

    fn words(
        &mut self,
        place: &Place,
        field: &Field,
        value: &Value,
        text: &[u8],
        key: &FieldKey,
        out: &mut Vec<u8>,
    ) -> Result<(), Box<Refusal>> {
        let text = self.text(place, text)?;
        if value.is_asked {
            // What is looked for: its words alone.
            for (position, word) in seal::words::query(key, text).iter().enumerate() {
                if position > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(word);
            }
            return Ok(());
        }
        let sealing = field.sealing();
        let sealed = self.with_chance(key, place, field, value, text.as_bytes(), |chance| {
            seal::words::seal_words(key, kind(value.value_type), text, sealing, chance, out)
        });
        sealed.map_err(|error| self.unsealable(place, &error))
    }

    /// A value that stays at home: asks for it to be kept, under a pointer of this shape. A `match` value whose
    /// token its column does not take goes here too, decided by its length alone, so that equal values stay equal.
    ///
    /// Where it is looked for, nothing is kept: the pointer that was tried first is asked for, the right one unless
    /// another value of the app had that identity before.
    fn point(
        &mut self,
        value: Value,
        pointing: &Pointing,
        normal: &[u8],
        key: &Arc<FieldKey>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.under.route, value.place) else {
            return Ok(Edit::Keep);
        };
        let Some(pointer) = border.pointer_key(self.app) else {
            return Err(self.away(place));
        };
        let length = pointers::length(&pointing.shape);
        if let Some(max) = field.max.filter(|max| length > *max as usize) {
            return Err(self.too_long(place, max, length));
        }
        let space = pointers::space(&pointing.shape);
        let first = if pointing.equality {
            pointer.equal_id_in(&field.name, normal, 0, &space)
        } else {
            self.with_chance(key, place, field, &value, normal, |chance| {
                PointerId::random_in(&space, chance)
            })
        };
        let first = first.get();
        self.counts.protect(place.field.0);
        if value.is_asked {
            if !pointing.equality {
                return Err(self.unaskable(place));
            }
            let text = pointers::text(pointer, &field.name, &pointing.shape, first);
            out.extend_from_slice(&text.ok_or_else(|| self.away(place))?);
            return Ok(Edit::Replace);
        }
        let mut sealed = Vec::new();
        if pointing.equality {
            // The row is found again by its bytes, so it keeps its key as long as that lives: a rotation changes
            // what stands in the app, and a pointer says nothing of any key.
            let earliest = self.border.earlier_keys(self.app, place.field).last();
            let key = earliest.filter(|_| key.subject().is_none()).unwrap_or(key);
            seal::seal_match(key, normal, &mut sealed)
                .map_err(|error| self.unsealable(place, &error))?;
        } else {
            self.seal(key, place, field, &value, normal, &mut sealed)?;
        }
        let spelled = field.value_type == ValueType::Number
            && matches!(pointing.shape, PointerShape::Digits(_));
        let keep = Asked::Keep {
            app: border.app_id(self.app),
            field: field.name.clone(),
            first,
            space,
            sealed,
        };
        Ok(match self.keep(value, keep) {
            Edit::Pending(id) if spelled => Edit::PendingSpelled(id),
            edit => edit,
        })
    }

    fn format(&mut self, place: &Place, value: &Value, text: &[u8], out: &mut Vec<u8>) -> Outcome {
        let border = Arc::clone(&self.border);
        let key = border.format_key(self.app, place.field);
        let key = key.ok_or_else(|| self.away(place))?;
        if place.tweak.is_some() && value.tweak.is_none() {
            return Err(self.tweakless(place));
        }
        let tweak = value.tweak.as_ref().map_or(&[][..], |tweak| tweak);
        let text = self.text(place, text)?;
        let formed = seal::format::seal(key, text, tweak);
        let formed = formed.map_err(|error| self.unfit(place, &error))?;
        out.extend_from_slice(formed.as_bytes());
        Ok(match value.value_type {
            ValueType::Number => Edit::Spelled,
            _ => Edit::Replace,
        })
    }

    /// What goes to the companion of the value that was just replaced.
    pub(crate) fn accompany(
        &mut self,
        mut value: Value,
        text: &Plain,
        out: &mut Vec<u8>,
    ) -> Outcome {
        value.is_companion = true;
        value.hole = None;
        self.enter(value, text, out)
    }

    /// The tokens of a value under the field's earlier keys, for a search that can ask for several.
    pub(crate) fn other_epochs(&self, place: PlaceId, value: &[u8], others: &mut Vec<Vec<u8>>) {
        let border = &self.border;
        let Some((place, field)) = border.place(self.app, self.under.route, usize::from(place.0))
        else {
            return;
        };
        if field.treatment != Treatment::Match {
            return;
        }
        let Ok(normal) = self.normal(place, field, value) else {
            return;
        };
        for key in border.earlier_keys(self.app, place.field) {
            let mut token = Vec::new();
            let sealed = seal::seal_match(key, &normal, &mut token);
            // One that its column does not take stands there as a pointer, which is the same in every epoch.
            if sealed.is_ok() && field.max.is_none_or(|max| token.len() <= max as usize) {
                others.push(token);
            }
        }
    }

    /// The key that seals: the subject's where there is one, else the field's.
    fn key(
        &self,
        place: &Place,
        subject: Option<&SubjectKey>,
    ) -> Result<Arc<FieldKey>, Box<Refusal>> {
        let own = || self.border.current_key(self.app, place.field);
        let key = subject.map(|subject| &subject.field).or_else(own).cloned();
        key.ok_or_else(|| self.away(place))
    }

    fn text<'a>(&self, place: &Place, text: &'a [u8]) -> Result<&'a str, Box<Refusal>> {
        std::str::from_utf8(text).map_err(|_| self.not_text(place))
    }

    /// The value after the steps that its field declares.
    fn normal(&self, place: &Place, field: &Field, text: &[u8]) -> Result<Plain, Box<Refusal>> {
        if field.normalise.is_empty() && !matches!(field.treatment, Treatment::Match) {
            return Ok(Plain::new(text.to_vec()));
        }
        let text = self.text(place, text)?;
        let normal = normalise(text, &field.normalise);
        Ok(match normal {
            Some(normal) => Plain::new(normal.as_bytes().to_vec()),
            None => Plain::new(text.as_bytes().to_vec()),
        })
    }

    fn fits(&self, place: &Place, field: &Field, out: &[u8]) -> Result<(), Box<Refusal>> {
        let length = || String::from_utf8_lossy(out).chars().count();
        match field.max {
            Some(max) if out.len() > max as usize && length() > max as usize => {
                Err(self.too_long(place, max, length()))
            }
            _ => Ok(()),
        }
    }
}

/// Whether what a treatment leaves in the app can answer a query that compares with it so.
pub(crate) fn answers(treatment: &Treatment, comparison: Comparison) -> bool {
    match treatment {
        // Nothing is compared, or the value itself.
        Treatment::Pass | Treatment::Mask | Treatment::Block => true,
        _ if comparison == Comparison::Stored => true,
        Treatment::Words { .. } => comparison == Comparison::Contains,
        Treatment::Sealed { .. } | Treatment::Date(Dates::StandIn) => false,
        Treatment::Vault(pointing) if !pointing.equality => false,
        Treatment::Match
        | Treatment::Format(_)
        | Treatment::Vault(_)
        | Treatment::Date(Dates::Shift { .. }) => matches!(
            comparison,
            Comparison::Equal | Comparison::NotEqual | Comparison::OneOf | Comparison::NotOneOf
        ),
    }
}

/// What stands at the place of a value that went to its companion.
fn stand_in(field: &Field) -> &[u8] {
    field.stand_in.as_deref().map_or(MASK, str::as_bytes)
}

/// What else than its text a token is made from, spelled so that no two are alike.
fn options(field: &Field, value: &Value) -> [u8; 8] {
    let sealing = field.sealing();
    let (pad, length) = match sealing.pad {
        Pad::Classes => (0, 0),
        Pad::Multiple(step) => (1, step),
        Pad::Fixed(length) => (2, length),
    };
    let [a, b, c, d] = length.to_be_bytes();
    let value_type = match value.value_type {
        ValueType::String => 0,
        ValueType::Number => 1,
        ValueType::Boolean => 2,
    };
    let flags = u8::from(sealing.commit) | u8::from(value.is_companion) << 1;
    [flags, pad, a, b, c, d, value_type, 0]
}

/// The body's word for a type in the token's.
fn kind(value_type: ValueType) -> seal::ValueType {
    match value_type {
        ValueType::String => seal::ValueType::String,
        ValueType::Number => seal::ValueType::Number,
        ValueType::Boolean => seal::ValueType::Boolean,
    }
}
