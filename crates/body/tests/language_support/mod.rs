//! What the tests of query languages share: an editor that puts a token, and says what was compared.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part"
)]

use body::language::Language;
use body::{
    Comparison, Edit, Editor, Error, ErrorKind, Format, Found, Limits, Out, PlaceId, Plan, Selected,
};
use bytes::Bytes;

/// Puts `tok` for every value, and knows it by so many tokens.
#[derive(Debug, Default)]
pub struct Tokens {
    pub others: Vec<&'static str>,
    pub token: Option<String>,
    pub seen: Vec<(u16, Comparison, String)>,
}

impl Editor for Tokens {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        assert_eq!(found.ordinal as usize, self.seen.len());
        assert!(!found.text.is_empty());
        let text = std::str::from_utf8(found.text).unwrap().to_owned();
        self.seen.push((found.place.0, found.comparison, text));
        replacement.extend_from_slice(self.token.as_deref().unwrap_or("tok").as_bytes());
        Ok(Edit::Replace)
    }

    fn alternatives(&mut self, _: PlaceId, _: &[u8], others: &mut Vec<Vec<u8>>) {
        others.extend(self.others.iter().map(|other| other.as_bytes().to_vec()));
    }
}

pub fn plan(language: Language, fields: &[&str]) -> Plan {
    let selected = fields
        .iter()
        .zip(0..)
        .map(|(at, id)| Selected::new(at, PlaceId(id)));
    Plan::compile(Format::Query(language), selected).unwrap()
}

/// What leaves of a statement.
pub fn rewrite(plan: &Plan, statement: &str, editor: &mut dyn Editor) -> Result<String, ErrorKind> {
    let kind = body::content_type::ContentType::parse(b"text/plain").unwrap();
    let mut rewriter = plan.rewriter(Some(&kind), Limits::default()).unwrap();
    let mut out = Out::new();
    let chunk = Bytes::copy_from_slice(statement.as_bytes());
    rewriter
        .push(&chunk, editor, &mut out)
        .and_then(|()| rewriter.finish(editor, &mut out))
        .map_err(|error| error.kind)?;
    let pieces: Vec<u8> = std::iter::from_fn(|| out.take()).flatten().collect();
    Ok(String::from_utf8(pieces).unwrap())
}
