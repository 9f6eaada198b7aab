//! Finds tokens in a response and writes their values in the escape of the place where each stands.
//!
//! What a token looks like and what it opens to is the [`Tokens`] side's business; where it stands is this
//! module's. Nothing here fails: what cannot be opened stays as it is, and a limit that is reached passes the
//! rest unopened.
//!
//! [`Reveal`] searches each chunk for the tokens' prefix. The bytes between tokens are kept as they came, without
//! a copy; a machine for the [`Format`] goes over them to know where the next token stands. The machine of JSON
//! looks at little more than each chunk's last string, so that a body without tokens costs the search alone.
//!
//! Held between chunks are the bytes of a token that may go on, what decides its escape (the rest of a JSON
//! string, the first line of a CSV file) up to `Limits::lookahead`, and the few bytes before it that its value may
//! take back (the quotes around a number, the start of a cell).

mod archive;
mod at;
mod coded;
mod companions;
mod container;
mod content;
mod csv;
mod deltas;
mod edits;
mod events;
mod form;
mod header;
mod html;
mod json;
mod lines;
mod machine;
mod medium;
mod multipart;
mod name;
mod part;
mod peek;
mod plain;
mod recode;
mod reference;
mod restore;
mod run;
mod scan;
mod script;
mod site;
mod stream;
mod tokens;
mod transfer;
mod unescape;
mod window;
mod xml;

use std::sync::Arc;

use bytes::Bytes;

pub use at::At;
pub use companions::Companions;
pub use header::header;
pub use medium::{Format, Medium};
pub use tokens::{Counts, Measure, Opened, Tokens};

use crate::Limits;
use crate::escape::Escape;
use crate::out::{AskId, Out, Taken};
use container::{Container, Setting};
use recode::Recode;
use restore::Restore;
use scan::Scan;
use stream::Stream;

/// Reveals one body. See the module.
pub struct Reveal {
    scan: Scan,
    setting: Setting,
    /// Takes the body apart, where it is one that holds others; then nothing else is done here.
    container: Option<Box<dyn Container>>,
    /// Brings companions back, before anything else.
    restore: Option<Box<Restore>>,
    /// What that has written and the scan has not gone over.
    middle: Out,
    /// How many of the companions that it brought back are counted.
    restored: u64,
    /// Goes before the scan where the body is a stream of messages.
    messages: Option<Box<Stream>>,
    /// Goes around everything where the charset asks for it, or may.
    recode: Option<Recode>,
    /// How often the rest of a body passed because of its charset.
    unread: u64,
}

impl std::fmt::Debug for Reveal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reveal({:?}, ‹{} bytes›)", self.counts(), self.held())
    }
}

impl Reveal {
    /// Begins a body of this medium.
    #[must_use]
    pub fn new(medium: Medium, limits: Limits) -> Self {
        Self::within(&medium, Setting::outermost(limits))
    }

    /// Begins a body that stands in another.
    fn within(medium: &Medium, setting: Setting) -> Self {
        let limits = setting.limits;
        let mut scan = Scan::inside(medium, limits, setting.runs());
        scan.around(setting.around().clone());
        Self {
            scan,
            container: container::of(medium, &setting),
            restore: None,
            middle: Out::new(),
            restored: 0,
            // What stands in another's bytes is read as they are.
            messages: Stream::of(medium, limits)
                .filter(|_| setting.is_bare())
                .map(Box::new),
            recode: Recode::of(medium).filter(|_| setting.is_bare()),
            unread: 0,
            setting,
        }
        .with_restore()
    }

    /// Begins what stands in so many runs of base64, its charset known.
    fn in_runs(medium: &Medium, limits: Limits, runs: u8) -> Self {
        Self {
            recode: None,
            ..Self::within(medium, Setting::in_runs(limits, runs))
        }
    }

    /// Begins a body that this takes apart.
    fn through(container: Box<dyn Container>, setting: Setting) -> Self {
        Self {
            container: Some(container),
            ..Self::within(&Medium::default(), setting)
        }
    }

    /// Brings back companions, too, where the body is JSON, or in what is JSON inside it.
    #[must_use]
    pub fn with_companions(mut self, companions: Arc<Companions>) -> Self {
        self.setting.companions = Some(companions);
        if let Some(container) = &mut self.container {
            container.with_companions(&self.setting);
        }
        self.with_restore()
    }

    fn with_restore(mut self) -> Self {
        let companions = self.setting.companions.as_ref();
        let companions = companions.filter(|known| self.scan.is_json() && !known.is_empty());
        self.restore = companions
            .map(|companions| Box::new(Restore::new(Arc::clone(companions), self.setting.limits)));
        self
    }

    /// Takes the next chunk. What is decided is written to `out` before this returns.
    pub fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        if let Some(container) = &mut self.container {
            return container.push(chunk, tokens, out);
        }
        match self.recode.take() {
            Some(mut recode) => {
                let stays = recode.push(chunk, self, tokens, out);
                self.recode = stays.then_some(recode);
            }
            None => self.push_text(chunk, tokens, out),
        }
    }

    /// Takes text in which ASCII is ASCII.
    fn push_text(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        match &mut self.restore {
            Some(restore) => {
                restore.push(chunk, tokens, &mut self.middle);
                self.scan_middle(tokens, out);
            }
            None => self.scan(chunk, tokens, out),
        }
    }

    /// Takes all that stands in the output of an earlier stage ([`At`]): bytes as [`Reveal::push`] does, and holes,
    /// which go to `out` with their asks.
    pub fn push_from(&mut self, earlier: &mut Out, tokens: &mut dyn Tokens, out: &mut Out) {
        while let Some(taken) = earlier.take_piece() {
            if let Taken::Hole(..) = &taken {
                // That stage found it in text that is ASCII: there is nothing to decode.
                self.push_held(tokens, out);
            }
            match (taken, &mut self.restore) {
                (Taken::Bytes(bytes), _) => self.push(&bytes, tokens, out),
                (Taken::Hole(ask, escape), Some(restore)) => restore.hole(ask, escape, tokens),
                (Taken::Hole(ask, escape), None) => self.scan_hole(ask, escape, tokens, out),
            }
        }
    }

    /// Scans what the companions' stage has written.
    fn scan_middle(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        while let Some(taken) = self.middle.take_piece() {
            match taken {
                Taken::Bytes(bytes) => self.scan(&bytes, tokens, out),
                Taken::Hole(ask, escape) => self.scan_hole(ask, escape, tokens, out),
            }
        }
        if let Some(restore) = &self.restore {
            self.restored = restore.restored();
        }
    }

    fn scan(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        match &mut self.messages {
            Some(messages) => messages.push(chunk, &mut self.scan, tokens, out),
            None => self.scan.push(chunk, tokens, out),
        }
    }

    fn scan_hole(&mut self, ask: AskId, escape: Escape, tokens: &mut dyn Tokens, out: &mut Out) {
        if let Some(messages) = &mut self.messages {
            messages.flush(&mut self.scan, tokens, out);
        }
        self.scan.hole(ask, escape, tokens, out);
    }

    /// Takes what may have been the beginning of a byte-order mark, and is not.
    fn push_held(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        if let Some(held) = self.recode.take().map(Recode::into_held) {
            self.push_text(&held, tokens, out);
        }
    }

    /// Ends the body.
    pub fn finish(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        if let Some(container) = &mut self.container {
            return container.finish(tokens, out);
        }
        match self.recode.take() {
            Some(recode) => recode.finish(self, tokens, out),
            None => self.finish_text(tokens, out),
        }
    }

    fn finish_text(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        if let Some(restore) = &mut self.restore {
            restore.finish(&mut self.middle);
            self.scan_middle(tokens, out);
        }
        if let Some(messages) = &mut self.messages {
            messages.flush(&mut self.scan, tokens, out);
        }
        self.scan.finish(tokens, out);
    }

    /// Bytes held at the moment, beside a constant.
    #[must_use]
    pub fn held(&self) -> usize {
        let restore = self.restore.as_ref().map_or(0, |restore| restore.held());
        let messages = self.messages.as_ref().map_or(0, |messages| messages.held());
        let recode = self.recode.as_ref().map_or(0, Recode::held);
        let container = self.container.as_ref();
        let container = container.map_or(0, |container| container.held());
        restore + messages + recode + container + self.scan.held()
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.scan.counts();
        counts.revealed += self.restored;
        counts.unread += self.unread;
        if let Some(messages) = &self.messages {
            counts.add(messages.counts());
        }
        if let Some(container) = &self.container {
            counts.add(container.counts());
        }
        counts
    }
}
