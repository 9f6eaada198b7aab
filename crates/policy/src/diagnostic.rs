//! What is wrong with a policy's text: file, place, message and remedy.
//!
//! The command draws these; this module only says where and why. A policy that cannot do what it says does not
//! load, so an [`Severity::Error`] anywhere means that no plan is made (I14).

use std::ops::Range;

/// One policy file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What to call it in messages: its path.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A source of this name and text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing to mend.
    Note,
    /// It works, and probably not as meant.
    Warning,
    /// The policy does not load.
    Error,
}

/// One fault of a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The [`Source::name`].
    pub source: String,
    /// The bytes of the text that are meant; none where the fault is that something is absent altogether.
    pub span: Option<Range<usize>>,
    /// A stable name of the kind of fault.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// How bad it is.
    pub severity: Severity,
    line: usize,
    column: usize,
}

impl Diagnostic {
    /// A fault at `span` of `source`.
    #[must_use]
    pub fn new(
        severity: Severity,
        code: &'static str,
        source: &Source,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (line, column) = position(&source.text, span.as_ref().map_or(0, |span| span.start));
        Self {
            source: source.name.clone(),
            span,
            code,
            message: message.into(),
            help: help.into(),
            severity,
            line,
            column,
        }
    }

    /// The line that the span begins in, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The character of that line that the span begins at, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }
}

impl std::fmt::Display for Diagnostic {
    /// `policies/fhir.toml:12:9: error: … (policy::unknown-key)`, and the remedy on a second line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(
            f,
            "{}:{}:{}: {severity}: {} ({})\n  help: {}",
            self.source, self.line, self.column, self.message, self.code, self.help
        )
    }
}

/// Line and column of byte `at`, both from 1; the column counts characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        assert_eq!(position("é = 1\nab", 0), (1, 1));
        assert_eq!(position("é = 1\nab", 2), (1, 2));
        assert_eq!(position("é = 1\nab", 8), (2, 2));
        assert_eq!(position("a", 99), (1, 2));
    }
}
