//! Values that come back at named places: stand-ins that no scan can find, in an answer.
//!
//! A [`Plan`] is run over the answer with an [`Editor`] that opens. Bytes outside places stay as they came; nothing
//! fails: what is no value passes, and from where the answer is not of its format all passes as it came. Values are
//! written in the format's own escape, as the scan for tokens would write them.
//!
//! It is the first of two stages. The scan goes over what it has written:
//!
//! ```text
//! at.push(&chunk, &mut editor, &mut middle);
//! reveal.push_from(&mut middle, &mut tokens, &mut out);     // and so on; at the end:
//! at.finish(&mut editor, &mut middle);
//! reveal.push_from(&mut middle, &mut tokens, &mut out);
//! reveal.finish(&mut tokens, &mut out);
//! ```
//!
//! Holes go through to `out`, so that one place fills them all; the editor and the tokens must number their asks
//! apart.

use bytes::Bytes;

use crate::edit::{Edit, Editor, Found, PlaceId};
use crate::error::Error;
use crate::out::Out;
use crate::plan::Plan;
use crate::{Limits, Rewriter};

/// Reveals one answer at named places. See the module.
pub struct At {
    rewriter: Box<dyn Rewriter>,
    revealed: u64,
}

impl std::fmt::Debug for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "At({} revealed, ‹{} bytes›)", self.revealed, self.held())
    }
}

impl At {
    /// Begins an answer that is of the plan's format, in UTF-8. Nothing for a format of which no answer is read so
    /// (multipart). What messages of Protocol Buffers become is no text: it goes out at once, without the second stage.
    #[must_use]
    pub fn new(plan: &Plan, limits: Limits) -> Option<Self> {
        let rewriter = plan.lenient(limits)?;
        Some(Self {
            rewriter,
            revealed: 0,
        })
    }

    /// Takes the next chunk. What is decided is written to `middle` before this returns. An error of the editor keeps
    /// the value it was asked for.
    pub fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, middle: &mut Out) {
        let mut counting = Counting {
            editor,
            revealed: &mut self.revealed,
        };
        let passed = self.rewriter.push(chunk, &mut counting, middle);
        debug_assert!(passed.is_ok(), "nothing fails on the way back");
    }

    /// Ends the answer.
    pub fn finish(&mut self, editor: &mut dyn Editor, middle: &mut Out) {
        let mut counting = Counting {
            editor,
            revealed: &mut self.revealed,
        };
        let ended = self.rewriter.finish(&mut counting, middle);
        debug_assert!(ended.is_ok(), "nothing fails on the way back");
    }

    /// How many values were revealed, or will be when their asks are answered.
    #[must_use]
    pub fn revealed(&self) -> u64 {
        self.revealed
    }

    /// Bytes held at the moment, beside a constant.
    #[must_use]
    pub fn held(&self) -> usize {
        self.rewriter.held()
    }
}

/// Counts what an editor changes.
struct Counting<'a> {
    editor: &'a mut dyn Editor,
    revealed: &'a mut u64,
}

impl Editor for Counting<'_> {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        let edit = self.editor.value(found, replacement)?;
        *self.revealed += u64::from(edit != Edit::Keep);
        Ok(edit)
    }

    fn nested(&mut self) -> Out {
        self.editor.nested()
    }

    fn companion(&mut self, place: PlaceId, text: &mut Vec<u8>) -> Result<Edit, Error> {
        self.editor.companion(place, text)
    }
}
