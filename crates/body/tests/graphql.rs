//! GraphQL: values in variables and in documents, and the documents that are refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;
mod language_support;

use body::content_type::ContentType;
use body::{Comparison, ErrorKind, Format, Limits, PlaceId, Plan, Selected};
use bytes::Bytes;
use harness::{at_every_split, mark};
use language_support::Tokens;
use serde_json::{Value, json};

fn plan(selectors: &[&str]) -> Plan {
    let selected = selectors
        .iter()
        .zip(0..)
        .map(|(at, id)| Selected::new(at, PlaceId(id)));
    Plan::compile(Format::Graphql, selected).unwrap()
}

fn rewrite(plan: &Plan, kind: &str, body: &str, editor: &mut Tokens) -> Result<String, ErrorKind> {
    let kind = ContentType::parse(kind.as_bytes()).unwrap();
    let mut rewriter = plan.rewriter(Some(&kind), Limits::default()).unwrap();
    let mut out = body::Out::new();
    rewriter
        .push(&Bytes::copy_from_slice(body.as_bytes()), editor, &mut out)
        .and_then(|()| rewriter.finish(editor, &mut out))
        .map_err(|error| error.kind)?;
    let pieces: Vec<u8> = std::iter::from_fn(|| out.take()).flatten().collect();
    Ok(String::from_utf8(pieces).unwrap())
}

/// What leaves of a document by itself.
fn document(selectors: &[&str], text: &str, editor: &mut Tokens) -> Result<String, ErrorKind> {
    rewrite(&plan(selectors), "application/graphql", text, editor)
}

#[test]
fn variables_and_arguments_are_places_of_one_body() {
    let plan = plan(&[
        "$.variables.input.name",
        "createContact(input.lastName)",
        "Contact(where.LastName.eq)",
        "note(text)",
        "Contact(where.Kind.eq)",
    ]);
    let query = "mutation M($input: In = {n: 1}, $k: [Id!]!) { a: createContact(input: {lastName: \"O\\\"Hara\", age: 3, tags: [RED]}, id: $k) @include(if: true) { ...F id } } \
                 fragment F on Contact { note(text: \"\"\"\n    two\n    lines\n  \"\"\") uiapi { query { Contact(where: {LastName: {eq: \"Roy\"}, Kind: {eq: \"x\"}}) { edges } } } } # done";
    let body = json!({"query": query, "variables": {"input": {"name": "Ada", "other": "kept"}}, "operationName": "M"});
    let kind = ContentType::parse(b"application/json").unwrap();
    let rewriter = || plan.rewriter(Some(&kind), Limits::default()).unwrap();
    for body in [body.to_string(), json!([body, body]).to_string()] {
        let done = at_every_split(rewriter, body.as_bytes()).unwrap();
        let texts = done.texts();
        assert!(texts.len() >= 5 && texts.len() % 5 == 0);
        assert_eq!(texts[..5], ["O\"Hara", "two\nlines", "Roy", "x", "Ada"]);
        let left: Value = serde_json::from_slice(&done.body).unwrap();
        let left = left.get(0).unwrap_or(&left);
        assert_eq!(
            left["variables"],
            json!({"input": {"name": mark("Ada"), "other": "kept"}})
        );
        let left = left["query"].as_str().unwrap();
        for text in ["O\"Hara", "two\nlines", "Roy", "x"] {
            let spelled = serde_json::to_string(&mark(text)).unwrap();
            assert!(left.contains(&spelled), "{left}");
        }
        assert!(!left.contains("\"\"\"") && left.ends_with("# done"));
    }
}

#[test]
fn a_persisted_query_has_variables_only() {
    let plan = plan(&["$.variables.n"]);
    let body = r#"{"variables":{"n":"Ada"},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab"}},"query":null}"#;
    let left = rewrite(&plan, "application/json", body, &mut Tokens::default());
    assert_eq!(left.as_deref(), Ok(body.replace("Ada", "tok").as_str()));
}

#[test]
fn filters_say_how_they_compare_and_ask_for_all_tokens() {
    let all = &["Contact(where.**)"];
    let text = "{ Contact(where: {and: [{A: {eq: \"a\"}}, {B: {in: [\"b\", \"c\"]}}], C: {ne: \"d\"}, D: {like: \"e%\"}, E: {gt: 5}, F: {in: \"f\"}, G: \"g\"}) { id } }";
    let mut editor = Tokens {
        others: vec!["old"],
        ..Tokens::default()
    };
    let left = document(all, text, &mut editor).unwrap();
    assert_eq!(
        left,
        "{ Contact(where: {and: [{A: {in: [\"tok\", \"old\"]}}, {B: {in: [\"tok\", \"old\", \"tok\", \"old\"]}}], C: {nin: [\"tok\", \"old\"]}, D: {like: \"tok\"}, E: {gt: \"tok\"}, F: {in: [\"tok\", \"old\"]}, G: \"tok\"}) { id } }"
    );
    let how: Vec<_> = editor.seen.iter().map(|(_, how, _)| *how).collect();
    use Comparison::{Contains, Equal, NotEqual, OneOf, Order, Stored};
    assert_eq!(
        how,
        [
            Equal, OneOf, OneOf, NotEqual, Contains, Order, OneOf, Stored
        ]
    );
}

#[test]
fn i05_a_string_that_no_selector_names_is_refused() {
    let named = &["a.b(x)", "c(y.*.z)", "*(first)", "@include(why)"];
    let passes = [
        "{ a { b(x: \"v\") } }",
        "query Q { z: b { a { n: b(x: \"v\") } } }",
        "{ q(first: \"v\") @include(why: \"v\") }",
        "subscription { c(y: [{k: {z: \"v\"}}, {l: {z: [\"v\"]}}]) }",
        "fragment F on T { b(x: \"v\") }",
        "{ other(n: 1, e: ENUM, b: true, s: \"\", v: $v) }",
        "query($v: [String!] = null @d) { a }",
    ];
    for text in passes {
        let left = document(named, text, &mut Tokens::default()).unwrap();
        assert_eq!(left, text.replace("\"v\"", "\"tok\""));
    }
    let refused = [
        "{ b(x: \"v\") }",
        "{ a { b(y: \"v\") } }",
        "{ c(y: {k: {w: \"v\"}}) }",
        "{ q @include(other: \"v\") }",
        "query($v: String = \"v\") { a }",
        "{ a(x: {y: [\"v\"]}) }",
        "fragment F on T { b(y: \"v\") }",
        "{ a { b(x: \"v } }",
        "{ a { b(x: 'v') } }",
        "{ a { b(x \"v\") } }",
        "{ a ",
        "{ }",
        "{ a { b(x: \"\\q\") } }",
        "type T { a: Int }",
        "a",
    ];
    for text in refused {
        let left = document(named, text, &mut Tokens::default());
        assert!(
            matches!(left, Err(ErrorKind::Syntax { .. })),
            "{text}: {left:?}"
        );
    }
    let object = document(named, "{ a { b(x: {y: 1}) } }", &mut Tokens::default());
    assert_eq!(object, Err(ErrorKind::NotALeaf));
    let deep = "{ a ".repeat(200) + &"}".repeat(200);
    let left = document(named, &deep, &mut Tokens::default());
    assert!(matches!(left, Err(ErrorKind::Depth { .. })));
}

#[test]
fn selectors_are_read_strictly() {
    let fault = |at: &str| {
        let selected = [
            Selected::new("$.variables.a", PlaceId(0)),
            Selected::new(at, PlaceId(1)),
        ];
        Plan::compile(Format::Graphql, selected).unwrap_err()
    };
    for bad in [
        "",
        "a",
        "a()",
        "a(b",
        "a(b..c)",
        "a(**.b)",
        "(b)",
        "a b(c)",
        "$.",
        "$.variables.a",
    ] {
        assert_eq!(fault(bad).0, 1, "{bad}");
    }
    let inside = Plan::compile(Format::Base64, [("*", PlaceId(3))]).unwrap();
    let selected = [
        Selected::body("$.variables.file", inside.clone()),
        Selected::body("f(x)", inside),
    ];
    let plan = Plan::compile(Format::Graphql, selected).unwrap();
    let body = r#"{"query":"{ f(x: \"YWI=\") }","variables":{"file":"YWI="}}"#;
    let mut editor = Tokens::default();
    let left = rewrite(&plan, "application/json", body, &mut editor);
    assert_eq!(left.as_deref(), Ok(body.replace("YWI=", "dG9r").as_str()));
    assert_eq!(editor.seen.len(), 2);
}

#[test]
fn a_fault_of_a_selector_lies_within_its_text() {
    for text in ["$", "$.\u{e}n", "$.variables.", "$.a[", "$.variables.n x"] {
        let Err((0, error)) = Plan::compile(Format::Graphql, [(text, PlaceId(0))]) else {
            panic!("{text} is refused");
        };
        assert!(error.at.end <= text.len(), "{text}: {:?}", error.at);
    }
}
