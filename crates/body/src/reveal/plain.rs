//! Plain text: a value is written as it is, unless its token is part of a URL.

use super::machine::Standing;
use super::run::Run;

#[derive(Default)]
pub(super) struct Plain {
    run: Run,
}

impl Plain {
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        self.run.advance(bytes);
    }

    pub(super) fn standing(&self) -> Standing {
        if self.run.is_url() {
            Standing::Url
        } else {
            Standing::Open
        }
    }
}
