//! Content lines: iCalendar (RFC 5545 §3.1) and vCard (RFC 6350 §3.2).
//!
//! In a line's value a revealed value is escaped as TEXT, so that it adds no line and no component. Tokens in names
//! and parameters stay, and in values that are coded. A token that was folded over two lines is not found.

use super::machine::{Standing, Verdict};
use super::name::Name;
use super::run::Run;
use crate::escape::Escape;

#[derive(Default)]
pub(super) struct Lines {
    at: At,
    /// A line has ended, unless white space follows.
    line_ended: bool,
    /// The start of the value.
    start: Name,
    /// The parameter being read, and whether one said that the value is coded.
    parameter: Name,
    coded: bool,
    /// After a backslash that escapes what follows.
    escaped: bool,
    run: Run,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// In the name or a parameter.
    #[default]
    Head,
    /// In a quoted parameter.
    Quoted,
    Value,
}

impl Lines {
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.byte(*byte));
    }

    pub(super) fn standing(&self) -> Standing {
        match self.at {
            At::Head | At::Quoted => Standing::Leave,
            // After the end of a line a name begins; a backslash would join with the value's own.
            At::Value if self.coded || self.line_ended || self.escaped => Standing::Leave,
            At::Value if self.run.is_url() => Standing::Url,
            At::Value => Standing::Open,
        }
    }

    pub(super) fn spot(&self) -> Verdict {
        let start = self.start.start();
        let is_address = start.starts_with(b"mailto:") || start.starts_with(b"tel:");
        Verdict::escape(if is_address {
            Escape::Percent
        } else {
            Escape::LineText
        })
    }

    fn byte(&mut self, byte: u8) {
        match (std::mem::take(&mut self.line_ended), byte) {
            (_, b'\r' | b'\n') => self.line_ended = true,
            // Folded: the line goes on.
            (true, b' ' | b'\t') => {}
            (true, _) => {
                *self = Self::default();
                self.in_line(byte);
            }
            (false, _) => self.in_line(byte),
        }
    }

    fn in_line(&mut self, byte: u8) {
        match (self.at, byte) {
            (At::Head, b'"') => self.at = At::Quoted,
            (At::Quoted, b'"') => self.at = At::Head,
            (At::Quoted, _) => {}
            (At::Head, b';' | b':') => {
                let parameter = self.parameter.get();
                let encoding =
                    parameter.starts_with(b"encoding=") && !parameter.ends_with(b"=8bit");
                self.coded |= encoding || matches!(parameter, b"quoted-printable" | b"base64");
                self.parameter.clear();
                if byte == b':' {
                    self.at = At::Value;
                }
            }
            (At::Head, _) => self.parameter.push(byte),
            (At::Value, _) => {
                self.start.push(byte);
                self.escaped = byte == b'\\' && !self.escaped;
                self.run.step(byte);
            }
        }
    }
}
