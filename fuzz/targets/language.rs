//! Statements of query languages and GraphQL documents: what is kept is the statement's, what leaves is a statement
//! again in which only tokens are compared, and no value that was replaced stands there as often as before.
#![no_main]

use body::content_type::ContentType;
use body::language::Language;
use body::{Edit, Editor, Error, Format, Found, Limits, Out, PlaceId, Plan};
use bytes::Bytes;
use fuzz::check;
use libfuzzer_sys::fuzz_target;

/// Longer values than other targets have: a statement is one.
const LIMITS: Limits = Limits {
    value: 4096,
    ..fuzz::LIMITS
};

/// What every language spells as it is.
const TOKEN: &str = "q7tok";

/// What a literal that had no quotes may get.
const QUOTES: [char; 2] = ['"', '\''];

/// Puts one token for every value, or two.
#[derive(Default)]
struct Seal {
    found: Vec<String>,
    others: bool,
}

impl Editor for Seal {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        self.found
            .push(String::from_utf8(found.text.to_vec()).expect("a value is text"));
        replacement.extend_from_slice(TOKEN.as_bytes());
        Ok(Edit::Replace)
    }

    fn alternatives(&mut self, _: PlaceId, _: &[u8], others: &mut Vec<Vec<u8>>) {
        if self.others {
            others.push(TOKEN.as_bytes().to_vec());
        }
    }
}

fn seal(plan: &Plan, statement: &str, others: bool) -> Result<(String, Vec<String>), Error> {
    let mut seal = Seal {
        others,
        ..Seal::default()
    };
    let mut out = Out::new();
    let mut rewriter = plan.rewriter(Some(&kind(plan)), LIMITS)?;
    rewriter.push(
        &Bytes::copy_from_slice(statement.as_bytes()),
        &mut seal,
        &mut out,
    )?;
    rewriter.finish(&mut seal, &mut out)?;
    let bytes: Vec<u8> = std::iter::from_fn(|| out.take()).flatten().collect();
    Ok((String::from_utf8(bytes).expect("text"), seal.found))
}

fn kind(plan: &Plan) -> ContentType {
    let kind = match plan.format() {
        Format::GraphqlDocument => "application/graphql",
        _ => "text/plain",
    };
    ContentType::parse(kind.as_bytes()).expect("a type")
}

fuzz_target!(|data: &[u8]| {
    let Some((&which, rest)) = data.split_first() else {
        return;
    };
    let Ok(statement) = std::str::from_utf8(rest) else {
        return;
    };
    let which = usize::from(which) % (Language::ALL.len() + 1);
    let (format, selectors): (Format, &[&str]) = match Language::ALL.get(which) {
        None => (Format::GraphqlDocument, &["a(b)", "c(d.**)"]),
        Some(language) => (
            Format::Query(*language),
            match language {
                Language::Sosl => &["a", "FIND"],
                Language::Gmail => &["a", "*"],
                _ => &["a", "b"],
            },
        ),
    };
    let places = selectors.iter().zip(0..).map(|(at, id)| (*at, PlaceId(id)));
    let plan = Plan::compile(format, places).expect("a plan");
    let kind = kind(&plan);
    // Some languages have no spelling for what that writes; whether they read does not hang on it elsewhere.
    let spells = !matches!(
        format,
        Format::Query(
            Language::Sysparm
                | Language::Xero
                | Language::Redcap
                | Language::Gmail
                | Language::Kql
                | Language::Gviz
        )
    );
    if spells {
        let rewriter = || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter");
        let _ = check(rewriter, rest, rest.len() % 7 + 1);
    }
    let Ok((left, found)) = seal(&plan, statement, false) else {
        return;
    };
    if found.is_empty() {
        assert_eq!(
            left, statement,
            "I3: nothing changes where nothing is found"
        );
        return;
    }
    // With one token for each value, all else stands in its order, but for quotes around what had none.
    let mut rest = statement;
    for kept in left.split(TOKEN) {
        let opened = kept.strip_suffix(QUOTES).unwrap_or(kept);
        let closed = kept.strip_prefix(QUOTES).unwrap_or(kept);
        let both = opened.strip_prefix(QUOTES).unwrap_or(opened);
        let ends = [kept, opened, closed, both].map(|text| Some(rest.find(text)? + text.len()));
        let end = ends.into_iter().flatten().min();
        let end = end.expect("I3: what is kept is the statement's");
        rest = rest.get(end..).expect("the rest");
    }
    let plain = |value: &&String| {
        value.len() > 3
            && !statement.contains(['\\', '%', '+'])
            && !value.contains(['q', 'k', '\'', '"', '\n'])
    };
    for value in found.iter().filter(plain) {
        let count = |text: &str| text.matches(value.as_str()).count();
        assert!(count(&left) < count(statement), "I1: no value leaves");
    }
    for others in [false, true] {
        let (left, _) = seal(&plan, statement, others).expect("a statement");
        let (_, tokens) = seal(&plan, &left, false).expect("what leaves is a statement");
        assert!(
            tokens.iter().all(|token| token == TOKEN),
            "I1: only tokens are compared"
        );
    }
});
