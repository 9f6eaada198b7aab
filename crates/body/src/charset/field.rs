//! The part of a form that names its charset: it passes, and is looked at.

use bytes::Bytes;

use crate::Rewriter;
use crate::edit::Editor;
use crate::error::{Error, ErrorKind};
use crate::out::Out;

/// No label is longer.
const LONGEST: usize = 256;

/// The content of a part that is called [`super::FIELD`].
#[derive(Default)]
pub(crate) struct Field {
    label: Vec<u8>,
}

impl Rewriter for Field {
    fn push(&mut self, chunk: &Bytes, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        out.keep(0..chunk.len());
        self.label.extend_from_slice(chunk);
        if self.label.len() > LONGEST {
            let limit = LONGEST;
            return Err(Error::new(ErrorKind::ValueTooLong { limit }, 0));
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Editor, _: &mut Out) -> Result<(), Error> {
        super::field(&self.label).map_err(|kind| Error::new(kind, 0))
    }

    fn held(&self) -> usize {
        self.label.capacity()
    }
}
