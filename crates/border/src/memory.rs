//! The memory of `stable` fields: which token a value was last revealed from, so that the value that comes back
//! unchanged gets that token again and the app sees no change (`protect(reveal(x)) = x`).
//!
//! A memory is named by field, value and resource under a key of the app, and the token is sealed: whoever reads
//! the store learns neither. It is bounded and may be lost; then a value gets a new token, and still opens.

use std::sync::{Arc, Mutex, PoisonError};

use seal::{FieldKey, Repeat, StableKey};

use crate::Effect;
use crate::ask::MemoryName;

/// The most that one answer is remembered of: a list of thousands is no edit form.
const MOST: usize = 4096;

/// Bytes of the longest token that is remembered: of a value of 32 KiB. What waits to be written is bounded by it.
const LONGEST: usize = 64 << 10;

/// What an exchange reveals of `stable` fields, for its caller to keep.
#[derive(Clone)]
pub(crate) struct Memory {
    app: String,
    resource: String,
    key: Option<Arc<StableKey>>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    waiting: Vec<Effect>,
    count: usize,
}

impl Memory {
    /// The memory of one exchange about this resource.
    pub fn new(app: &str, resource: &str, key: Option<Arc<StableKey>>) -> Self {
        Self {
            app: app.to_owned(),
            resource: resource.to_owned(),
            key,
            kept: Arc::default(),
        }
    }

    /// The name of what was revealed as this value; nothing where the app has no key.
    pub fn name(&self, field: &str, value: &[u8]) -> Option<MemoryName> {
        let key = self.key.as_ref()?;
        Some(key.name(field, &self.resource, &line_ends(value)))
    }

    /// Opens what was remembered under a name.
    pub fn open(&self, name: &MemoryName, sealed: &[u8]) -> Option<Vec<u8>> {
        self.key.as_ref()?.open(name, sealed)
    }

    /// Remembers that `token` was revealed as `value`. The salt is made from what is remembered under a key of the
    /// field, so that a page read twice says the same twice.
    pub fn remember(&self, field: &str, value: &[u8], token: &[u8], of: &FieldKey) {
        let Some((key, name)) = self.key.as_ref().zip(self.name(field, value)) else {
            return;
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.count >= MOST || token.len() > LONGEST {
            return;
        }
        kept.count += 1;
        let mut salt = Repeat::new(of, &[b"memory", &name, token]);
        kept.waiting.push(Effect::Remember {
            app: self.app.clone(),
            name,
            sealed: key.seal(&name, token, &mut salt),
        });
    }

    /// What was remembered since the last call.
    pub fn take(&self) -> Vec<Effect> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut kept.waiting)
    }
}

/// Whether two texts are one to whoever edits them: a form sends every line end as CRLF (HTML, "constructing the
/// entry list").
pub(crate) fn same_text(one: &[u8], other: &[u8]) -> bool {
    line_ends(one) == line_ends(other)
}

/// The text with LF for its line ends.
fn line_ends(text: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
    let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if(|next| **next == b'\n');
                plain.push(b'\n');
            }
            byte => plain.push(*byte),
        }
    }
    plain
}
