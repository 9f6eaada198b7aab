//! A statement with its literals replaced.

use std::ops::Range;

use zeroize::Zeroizing;

use super::lexer::expected;
use super::literal::Spelling;
use super::site::{Or, Site};
use crate::edit::{Comparison, Edit, Editor, Found};
use crate::error::Error;
use crate::escape::Escape;
use crate::out::Out;

/// Asks the editor about each site, and writes the statement as it says.
///
/// # Errors
/// Where the editor refuses, and where the language has no spelling for what it gives.
pub(super) fn rewrite(
    statement: &str,
    mut sites: Vec<Site>,
    editor: &mut dyn Editor,
    out: &mut Out,
) -> Result<(), Error> {
    sites.sort_by_key(|site| site.at.start);
    let mut writer = Writer {
        statement,
        out,
        done: 0,
    };
    let mut ordinal = 0;
    for site in sites.iter().filter(|site| !site.text.is_empty()) {
        // A comparison that is written several times has one literal.
        if site.at.start < writer.done {
            return Err(expected("one literal in a comparison", site.at.start));
        }
        let mut replacement = Zeroizing::new(Vec::new());
        let found = Found {
            place: site.place,
            ordinal,
            value_type: site.value_type,
            text: &site.text,
            beside: &[],
            comparison: site.comparison,
        };
        ordinal = ordinal.saturating_add(1);
        let edit = editor.value(found, &mut replacement)?;
        let spelling = match edit {
            Edit::Keep => continue,
            Edit::Spelled | Edit::PendingSpelled(_) => site.spelling.shedding(),
            Edit::Replace | Edit::Pending(_) | Edit::Nested => site.spelling,
        };
        match edit {
            Edit::Keep => {}
            Edit::Replace | Edit::Spelled => {
                let mut others = Vec::new();
                if site.or.is_some() && asks_for_all(site.comparison) {
                    editor.alternatives(site.place, &site.text, &mut others);
                }
                let mut texts = others.iter().chain([&*replacement]);
                if !texts.all(|text| spelling.can_spell(text)) {
                    return Err(expected(SPELLED, site.at.start));
                }
                match &site.or {
                    Some(or) if !others.is_empty() => {
                        writer.all(site, or, spelling, &replacement, &others);
                    }
                    _ => {
                        writer.keep_to(site.at.start);
                        writer.spell(spelling, &replacement);
                    }
                }
            }
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => {
                writer.keep_to(site.at.start);
                writer.out.hole(ask, Escape::Literal(spelling));
            }
            Edit::Nested => {
                writer.keep_to(site.at.start);
                writer.out.nest(editor.nested(), Escape::Literal(spelling));
            }
        }
        writer.done = writer.done.max(site.at.end);
    }
    writer.keep_to(statement.len());
    Ok(())
}

/// What is asked of a token that the language has no spelling for.
const SPELLED: &str = "a token that can be spelled here";

/// Whether what is compared so is equal to any of the texts by which the app may know it.
fn asks_for_all(comparison: Comparison) -> bool {
    matches!(
        comparison,
        Comparison::Equal | Comparison::NotEqual | Comparison::OneOf | Comparison::NotOneOf
    )
}

struct Writer<'a> {
    statement: &'a str,
    out: &'a mut Out,
    /// Up to where the statement is in the output.
    done: usize,
}

impl Writer<'_> {
    fn keep_to(&mut self, end: usize) {
        if self.done < end {
            self.copy(self.done..end);
            self.done = end;
        }
    }

    fn copy(&mut self, range: Range<usize>) {
        let kept = self.statement.get(range).unwrap_or_default();
        self.out.write(kept.as_bytes());
    }

    fn spell(&mut self, spelling: Spelling, text: &[u8]) {
        let mut written = Zeroizing::new(Vec::with_capacity(text.len() + 4));
        Escape::Literal(spelling).write(text, &mut written);
        self.out.write(&written);
    }

    /// Writes a comparison for each of the texts.
    fn all(&mut self, site: &Site, or: &Or, spelling: Spelling, first: &[u8], others: &[Vec<u8>]) {
        if let Some((operator, several)) = &or.operator {
            self.keep_to(operator.start);
            self.out.write(several.as_bytes());
            self.done = operator.end;
        }
        self.keep_to(or.whole.start);
        self.out.write(or.open.as_bytes());
        let texts = std::iter::once(first).chain(others.iter().map(Vec::as_slice));
        for (number, text) in texts.enumerate() {
            if number > 0 {
                self.out.write(or.between.as_bytes());
            }
            self.copy(or.whole.start..site.at.start);
            self.spell(spelling, text);
            self.copy(site.at.end..or.whole.end);
        }
        self.out.write(or.close.as_bytes());
        self.done = or.whole.end;
    }
}
