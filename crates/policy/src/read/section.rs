//! A table of a policy file, read key by key. Every wrong key, type and absence is reported where it stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::nearest::nearest;

/// The faults of one file, as they are found.
#[derive(Debug)]
pub(crate) struct Faults<'s> {
    pub(crate) source: &'s Source,
    pub(crate) list: Vec<Diagnostic>,
}

impl<'s> Faults<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        Self {
            source,
            list: Vec::new(),
        }
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Error, code, Some(span), message, help);
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, Some(span), message, help);
    }

    pub(crate) fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.list.push(Diagnostic::new(
            severity,
            code,
            self.source,
            span,
            message,
            help,
        ));
    }

    /// A word that is none of `known`.
    pub(crate) fn unknown_word(&mut self, what: &str, word: &Text<'_>, known: &[&str]) {
        let all = known.join("`, `");
        let help = match nearest(word.value, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? Known: `{all}`"),
            None if known.len() == 1 => format!("write `{all}`"),
            None => format!("write one of `{all}`"),
        };
        let message = format!("`{}` is not {what}", word.value);
        self.error("policy::unknown-word", word.span.clone(), message, help);
    }

    /// What the language has and this version does not.
    pub(crate) fn later(&mut self, what: &str, span: Range<usize>, remedy: &str) {
        let message = format!("{what} is not in this version");
        self.error("policy::not-in-this-version", span, message, remedy);
    }
}

/// A string of the file.
#[derive(Clone, Debug)]
pub(crate) struct Text<'t> {
    pub(crate) value: &'t str,
    pub(crate) span: Range<usize>,
}

impl Text<'_> {
    /// The bytes of the file that bytes `at` of the value stand in; the whole string where escapes or triple
    /// quotes hide them.
    pub(crate) fn inner(&self, source: &Source, at: Range<usize>) -> Range<usize> {
        let start = self.span.start + 1;
        let plain = source.text.get(start..self.span.end.saturating_sub(1)) == Some(self.value);
        if plain && at.end <= self.value.len() {
            start + at.start..start + at.end
        } else {
            self.span.clone()
        }
    }
}

/// The keys a table takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    pub(crate) known: &'static [&'static str],
    /// Keys of the language that this version has not, each with what to do.
    pub(crate) later: &'static [(&'static str, &'static str)],
}

/// A table and what it is called.
#[derive(Clone, Debug)]
pub(crate) struct Section<'t> {
    table: &'t DeTable<'t>,
    pub(crate) span: Range<usize>,
    what: &'static str,
}

impl<'t> Section<'t> {
    /// Takes a table, and reports the keys that do not belong there.
    pub(crate) fn open(
        table: &'t DeTable<'t>,
        span: Range<usize>,
        what: &'static str,
        keys: Keys,
        faults: &mut Faults<'_>,
    ) -> Self {
        for (key, _) in table {
            let name: &str = key.get_ref();
            if keys.known.contains(&name) {
                continue;
            }
            if let Some((_, remedy)) = keys.later.iter().find(|(later, _)| *later == name) {
                faults.later(&format!("`{name}`"), key.span(), remedy);
                continue;
            }
            let takes = keys.known.join("`, `");
            let help = match nearest(name, keys.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? {what} takes `{takes}`"),
                None => format!("{what} takes `{takes}`"),
            };
            let message = format!("{what} has no key `{name}`");
            faults.error("policy::unknown-key", key.span(), message, help);
        }
        Self { table, span, what }
    }

    fn get(&self, wanted: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table
            .iter()
            .find(|(key, _)| key.get_ref() == wanted)
            .map(|(_, value)| value)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Where the key stands, to point at the key and not at its value.
    pub(crate) fn key_span(&self, wanted: &str) -> Range<usize> {
        self.table
            .iter()
            .find(|(key, _)| key.get_ref() == wanted)
            .map_or_else(|| self.span.clone(), |(key, _)| key.span())
    }

    pub(crate) fn missing(&self, key: &str, help: &str, faults: &mut Faults<'_>) {
        let message = format!("{} needs `{key}`", self.what);
        faults.error("policy::missing-key", self.span.clone(), message, help);
    }

    pub(crate) fn text(&self, key: &str, faults: &mut Faults<'_>) -> Option<Text<'t>> {
        let value = self.get(key)?;
        let text = as_text(value);
        if text.is_none() {
            wrong_type(key, "a string", value, faults);
        }
        text
    }

    /// As [`Section::text`]; its absence is reported too.
    pub(crate) fn needed_text(
        &self,
        key: &str,
        help: &str,
        faults: &mut Faults<'_>,
    ) -> Option<Text<'t>> {
        if !self.has(key) {
            self.missing(key, help, faults);
        }
        self.text(key, faults)
    }

    /// One string, or a list of them.
    pub(crate) fn texts(&self, key: &str, faults: &mut Faults<'_>) -> Vec<Text<'t>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        match value.get_ref() {
            DeValue::Array(items) => items
                .iter()
                .filter_map(|item| {
                    let text = as_text(item);
                    if text.is_none() {
                        wrong_type(key, "a list of strings", item, faults);
                    }
                    text
                })
                .collect(),
            _ => match as_text(value) {
                Some(text) => vec![text],
                None => {
                    wrong_type(key, "a string or a list of strings", value, faults);
                    Vec::new()
                }
            },
        }
    }

    pub(crate) fn flag(&self, key: &str, faults: &mut Faults<'_>) -> bool {
        let Some(value) = self.get(key) else {
            return false;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            wrong_type(key, "`true` or `false`", value, faults);
            false
        })
    }

    /// A number from 1 to the largest `u32`, and where it stands.
    pub(crate) fn number(&self, key: &str, faults: &mut Faults<'_>) -> Option<(u32, Range<usize>)> {
        let value = self.get(key)?;
        let number = value.get_ref().as_integer().and_then(|integer| {
            u32::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .filter(|number| *number > 0)
        });
        if number.is_none() {
            wrong_type(key, "a whole number greater than 0", value, faults);
        }
        Some((number?, value.span()))
    }

    /// `true`, `false` or a string.
    pub(crate) fn flag_or_text(&self, key: &str, faults: &mut Faults<'_>) -> FlagOrText<'t> {
        let Some(value) = self.get(key) else {
            return FlagOrText::Flag(false);
        };
        match (value.get_ref().as_bool(), as_text(value)) {
            (Some(flag), _) => FlagOrText::Flag(flag),
            (None, Some(text)) => FlagOrText::Text(text),
            (None, None) => {
                wrong_type(key, "`true`, `false` or a string", value, faults);
                FlagOrText::Flag(false)
            }
        }
    }

    /// A number as [`Section::number`] reads it, or a string.
    pub(crate) fn number_or_text(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
    ) -> Option<NumberOrText<'t>> {
        let value = self.get(key)?;
        match as_text(value) {
            Some(text) => Some(NumberOrText::Text(text)),
            None => {
                let (number, span) = self.number(key, faults)?;
                Some(NumberOrText::Number(number, span))
            }
        }
    }

    /// A string or a table.
    pub(crate) fn text_or_table(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
    ) -> Option<TextOrTable<'t>> {
        let value = self.get(key)?;
        match (as_text(value), as_table(value)) {
            (Some(text), _) => Some(TextOrTable::Text(text)),
            (None, Some(table)) => Some(TextOrTable::Table(table)),
            (None, None) => {
                wrong_type(key, "a string or a table", value, faults);
                None
            }
        }
    }

    /// A table under `key`.
    pub(crate) fn table(&self, key: &str, faults: &mut Faults<'_>) -> Option<TableAt<'t>> {
        let value = self.get(key)?;
        let table = as_table(value);
        if table.is_none() {
            wrong_type(key, "a table", value, faults);
        }
        table
    }

    /// A list of tables under `key`.
    pub(crate) fn tables(&self, key: &str, faults: &mut Faults<'_>) -> Vec<TableAt<'t>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            wrong_type(key, "a list of tables", value, faults);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| {
                let table = as_table(item);
                if table.is_none() {
                    wrong_type(key, "a list of tables", item, faults);
                }
                table
            })
            .collect()
    }
}

/// What [`Section::flag_or_text`] found.
#[derive(Clone, Debug)]
pub(crate) enum FlagOrText<'t> {
    Flag(bool),
    Text(Text<'t>),
}

/// What [`Section::number_or_text`] found.
#[derive(Clone, Debug)]
pub(crate) enum NumberOrText<'t> {
    Number(u32, Range<usize>),
    Text(Text<'t>),
}

/// What [`Section::text_or_table`] found.
#[derive(Clone, Debug)]
pub(crate) enum TextOrTable<'t> {
    Text(Text<'t>),
    Table(TableAt<'t>),
}

/// A table and where it stands.
pub(crate) type TableAt<'t> = (&'t DeTable<'t>, Range<usize>);

/// The entries of a table that are tables, in the order of the file.
pub(crate) fn named_tables<'t>(
    table: &'t DeTable<'t>,
    faults: &mut Faults<'_>,
) -> Vec<(Text<'t>, TableAt<'t>)> {
    let mut entries = Vec::new();
    for (key, value) in table {
        let name = Text {
            value: key.get_ref(),
            span: key.span(),
        };
        match as_table(value) {
            Some(inner) => entries.push((name, inner)),
            None => wrong_type(name.value, "a table", value, faults),
        }
    }
    entries.sort_by_key(|(name, _)| name.span.start);
    entries
}

/// The entries of a table that are strings, in the order of the file.
pub(crate) fn named_texts<'t>(
    table: &'t DeTable<'t>,
    faults: &mut Faults<'_>,
) -> Vec<(Text<'t>, Text<'t>)> {
    let mut entries = Vec::new();
    for (key, value) in table {
        let name = Text {
            value: key.get_ref(),
            span: key.span(),
        };
        match as_text(value) {
            Some(text) => entries.push((name, text)),
            None => wrong_type(name.value, "a string", value, faults),
        }
    }
    entries.sort_by_key(|(name, _)| name.span.start);
    entries
}

fn as_text<'t>(value: &'t Spanned<DeValue<'t>>) -> Option<Text<'t>> {
    let span = value.span();
    value.get_ref().as_str().map(|value| Text { value, span })
}

fn as_table<'t>(value: &'t Spanned<DeValue<'t>>) -> Option<TableAt<'t>> {
    let span = value.span();
    value.get_ref().as_table().map(|table| (table, span))
}

fn wrong_type(key: &str, wanted: &str, value: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) {
    let message = format!("`{key}` cannot be this {}", value.get_ref().type_str());
    faults.error(
        "policy::wrong-type",
        value.span(),
        message,
        format!("write {wanted}"),
    );
}
