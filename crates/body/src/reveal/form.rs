//! `application/x-www-form-urlencoded` (WHATWG URL §5): every value is written in the same serialisation.

use super::machine::Standing;
use super::name::Name;

/// Where in a form the bytes so far end: the start of the name or value that is open.
#[derive(Default)]
pub(super) struct Form {
    start: Name,
}

impl Form {
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        let rest = match bytes.iter().rposition(|b| matches!(b, b'&' | b'=')) {
            Some(at) => {
                self.start.clear();
                bytes.get(at + 1..).unwrap_or_default()
            }
            None => bytes,
        };
        // As much as it takes to know a scheme.
        let missing = 24_usize.saturating_sub(self.start.start().len());
        rest.iter().take(missing).for_each(|b| self.start.push(*b));
    }

    /// A value that is an absolute URL stays one.
    pub(super) fn standing(&self) -> Standing {
        let start = self.start.start();
        let is_url = ["https%3a%2f%2f", "http%3a%2f%2f", "https://", "http://"]
            .iter()
            .any(|url| start.starts_with(url.as_bytes()));
        if is_url {
            Standing::Url
        } else {
            Standing::Open
        }
    }
}
