//! The files of a request: the keys that they may need are asked for before they come.

use std::sync::Arc;

use body::Rewriter;
use policy::{Beside, Place, Treatment};
use seal::FieldKey;

use super::{Sealer, Waiting};
use crate::file::{FileSealer, PieceFault, PieceSealer};
use crate::{Asked, Refusal};

impl Sealer {
    /// Asks for what files may need: a file does not wait in the middle, as a value does.
    pub fn foresee(&mut self) -> Result<(), Box<Refusal>> {
        let border = Arc::clone(&self.border);
        let places = border
            .route(self.app, self.under.route)
            .map(|route| &route.places);
        for (index, place) in places.into_iter().flatten().enumerate() {
            let (true, Some(Beside::Parameter(name))) = (place.is_file, &place.subject) else {
                continue;
            };
            let Some((_, field)) = border.place(self.app, self.under.route, index) else {
                continue;
            };
            let whose = self.under.parameters.get(name);
            let whose = whose.ok_or_else(|| self.subjectless(place))?;
            let subject = border.subject_name(self.app, &whose);
            let subject = subject.ok_or_else(|| self.away(place))?;
            if let Some(key) = border.subject_key(self.app, &field.name, subject) {
                self.of_files.insert((self.number, index), key);
                continue;
            }
            let what = Asked::Subject {
                app: border.app_id(self.app),
                field: field.name.clone(),
                subject,
            };
            self.wait(None, what, Waiting::File { place: index });
        }
        Ok(())
    }

    /// What seals the file at this place; nothing where its field passes.
    pub(super) fn seal_file(
        &mut self,
        index: usize,
    ) -> Result<Option<Box<dyn Rewriter>>, Box<Refusal>> {
        self.under.see(index);
        let border = Arc::clone(&self.border);
        let Some((place, field)) = border.place(self.app, self.under.route, index) else {
            return Ok(None);
        };
        match field.treatment {
            Treatment::Pass => return Ok(None),
            Treatment::Block => return Err(self.blocked(place)),
            _ => {}
        }
        let key = match (&place.subject, self.of_files.get(&(self.number, index))) {
            (None, _) => border.current_key(self.app, place.field),
            (Some(_), key) => key.map(|key| &key.field),
        };
        let key = Arc::clone(key.ok_or_else(|| self.away(place))?);
        let route = border.route(self.app, self.under.route);
        if route.is_some_and(|route| route.pieces.is_some()) {
            let sealer = self.seal_piece(place, &key)?;
            self.counts.protect(place.field.0);
            return Ok(Some(Box::new(sealer)));
        }
        let sealer = FileSealer::new(Arc::clone(&border), self.app, key, &mut *self.chance);
        let sealer = sealer.map_err(|_| self.away(place))?;
        self.counts.protect(place.field.0);
        Ok(Some(Box::new(sealer)))
    }

    /// What seals the piece of a file that this message's body is.
    fn seal_piece(&self, place: &Place, key: &FieldKey) -> Result<PieceSealer, Box<Refusal>> {
        // What is told in the message's head says nothing of a request inside.
        let piece = self.piece.as_ref().filter(|_| self.number == 0);
        let piece = piece.ok_or_else(|| self.misplaced(place, &PieceFault::Inside))?;
        let piece = piece
            .as_ref()
            .map_err(|fault| self.misplaced(place, fault))?;
        let segments = self.border.segment_key(self.app);
        let segments = segments.ok_or_else(|| self.away(place))?;
        PieceSealer::new(key, segments, piece, self.keeping.clone())
            .map_err(|error| self.misplaced(place, &error))
    }
}
