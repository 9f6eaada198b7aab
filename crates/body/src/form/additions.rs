//! The companions of a form on their way out: a field of its own at the end, or in the stead of an empty one.

use super::beside::{Beside, Companion};
use crate::Limits;
use crate::companion::Token;
use crate::error::ErrorKind;
use crate::escape::Escape;
use crate::out::{GapId, Out, Piece};

/// The field of a companion.
#[derive(Debug, Default)]
struct Field {
    /// Whether its value was met, so that no gap is needed any more.
    met: bool,
    token: Option<Token>,
    point: Point,
}

#[derive(Debug, Default)]
enum Point {
    /// It was not met: the end of the form.
    #[default]
    Absent,
    /// It is there and empty: a gap was left, at this offset.
    Gap(GapId, u64),
    /// It is there and empty; all is decided.
    Passed,
    /// It holds something else.
    Taken,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Additions {
    fields: Vec<Field>,
}

impl Additions {
    /// The field of this number, made where it was not met.
    fn field(&mut self, number: usize) -> Option<&mut Field> {
        let length = self.fields.len().max(number + 1);
        self.fields.resize_with(length, Field::default);
        self.fields.get_mut(number)
    }

    /// The value was passed, with this token for its companion.
    ///
    /// # Errors
    /// [`ErrorKind::CompanionTaken`], [`ErrorKind::Lookahead`].
    pub(super) fn pass(
        &mut self,
        number: usize,
        companion: &Companion,
        token: Option<Token>,
        offset: u64,
        limits: &Limits,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        self.reaches(offset, limits)?;
        let Some(field) = self.field(number) else {
            return Ok(());
        };
        field.met = true;
        if let Some(token) = token {
            let free = matches!(field.point, Point::Absent | Point::Gap(..));
            if !free || field.token.is_some() {
                return Err(ErrorKind::CompanionTaken);
            }
            field.token = Some(token);
        }
        if let Point::Gap(gap, _) = field.point {
            out.close(gap, field.pieces(companion));
            field.point = Point::Passed;
        }
        Ok(())
    }

    /// The field is there and holds something.
    ///
    /// # Errors
    /// [`ErrorKind::CompanionTaken`].
    pub(super) fn take(&mut self, number: usize) -> Result<(), ErrorKind> {
        let Some(field) = self.field(number) else {
            return Ok(());
        };
        if field.token.is_some() {
            return Err(ErrorKind::CompanionTaken);
        }
        field.point = Point::Taken;
        Ok(())
    }

    /// The field is there and empty.
    ///
    /// # Errors
    /// [`ErrorKind::CompanionTaken`] where it stands a second time.
    pub(super) fn arrive(
        &mut self,
        number: usize,
        beside: &Beside,
        offset: u64,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let companion = beside.companions.get(number);
        let Some(field) = self.field(number) else {
            return Ok(());
        };
        if !matches!(field.point, Point::Absent) {
            return match field.token {
                Some(_) => Err(ErrorKind::CompanionTaken),
                None => Ok(()),
            };
        }
        field.point = if field.met {
            if let Some(companion) = companion {
                field
                    .pieces(companion)
                    .into_iter()
                    .for_each(|piece| out.piece(piece));
            }
            Point::Passed
        } else {
            Point::Gap(out.gap(), offset)
        };
        Ok(())
    }

    /// Whether all gaps may stay open up to this offset of the body.
    ///
    /// # Errors
    /// [`ErrorKind::Lookahead`].
    pub(super) fn reaches(&self, offset: u64, limits: &Limits) -> Result<(), ErrorKind> {
        let limit = limits.lookahead;
        let far = |field: &Field| match field.point {
            Point::Gap(_, from) => offset.saturating_sub(from) > limit as u64,
            _ => false,
        };
        if self.fields.iter().any(far) {
            return Err(ErrorKind::Lookahead { limit });
        }
        Ok(())
    }

    /// The form ends; `parted` says that nothing stands before its next field.
    ///
    /// # Errors
    /// [`ErrorKind::Lookahead`].
    pub(super) fn finish(
        &mut self,
        beside: &Beside,
        mut parted: bool,
        offset: u64,
        limits: &Limits,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        self.reaches(offset, limits)?;
        for (field, companion) in self.fields.iter_mut().zip(&beside.companions) {
            match field.point {
                Point::Absent if field.token.is_some() => {
                    if !std::mem::take(&mut parted) {
                        out.write(b"&");
                    }
                    let mut name = Vec::new();
                    Escape::Form.write(&companion.at, &mut name);
                    out.write(&name);
                    out.write(b"=");
                    field
                        .pieces(companion)
                        .into_iter()
                        .for_each(|piece| out.piece(piece));
                }
                Point::Gap(gap, _) => out.close(gap, Vec::new()),
                Point::Absent | Point::Passed | Point::Taken => {}
            }
        }
        Ok(())
    }
}

impl Field {
    fn pieces(&self, companion: &Companion) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let Some(token) = &self.token else {
            return pieces;
        };
        let text = |text: &str, pieces: &mut Vec<Piece>| {
            let mut written = Vec::new();
            Escape::Form.write(text.as_bytes(), &mut written);
            pieces.push(Piece::Bytes(written));
        };
        text(&companion.write.before, &mut pieces);
        token.write(Escape::Form, &mut pieces);
        text(&companion.write.after, &mut pieces);
        pieces
    }
}
