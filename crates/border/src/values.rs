//! Values that a plan finds in a text that is there whole: read, and left as they are.

use body::plan::Described;
use body::{Edit, Editor, Error, ErrorKind, Found, Limits, Out, PlaceId};
use bytes::Bytes;

/// What stands at each place of a plan.
#[derive(Default)]
pub(crate) struct Values(Vec<(PlaceId, Vec<u8>)>);

impl Values {
    /// Reads them.
    ///
    /// # Errors
    /// A text that does not parse, or has two values at one place.
    pub fn read(plan: &body::Plan, text: &Bytes, limits: Limits) -> Result<Self, Error> {
        let (mut found, mut out) = (Self::default(), Out::new());
        let mut rewriter = plan.inner(&Described::default(), limits)?;
        rewriter.push(text, &mut found, &mut out)?;
        rewriter.finish(&mut found, &mut out)?;
        Ok(found)
    }

    /// The value at a place.
    pub fn at(&self, place: PlaceId) -> Option<&[u8]> {
        let mut values = self.0.iter();
        let found = values.find(|(known, _)| *known == place);
        found.map(|(_, value)| value.as_slice())
    }
}

impl Editor for Values {
    fn value(&mut self, found: Found<'_>, _: &mut Vec<u8>) -> Result<Edit, Error> {
        if self.at(found.place).is_some() {
            return Err(Error::new(ErrorKind::Ambiguous, 0));
        }
        self.0.push((found.place, found.text.to_vec()));
        Ok(Edit::Keep)
    }
}
