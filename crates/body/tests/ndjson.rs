//! NDJSON: values at places of each line change, all else stays, at every chunking; a line that is no JSON document is
//! refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::reveal::At;
use body::{ErrorKind, Format, Out, Plan, Rewriter, Selected, ValueType};
use bytes::Bytes;
use harness::{Marker, Rewritten, at_every_split, cut, feed, limits, mark, places};
use proptest::prelude::*;
use serde_json::{Value, json};

fn plan(selectors: &[&str]) -> Plan {
    Plan::compile(Format::Ndjson, places(selectors)).unwrap()
}

fn rewriter(plan: &Plan) -> Box<dyn Rewriter> {
    let content_type = ContentType::parse(b"application/fhir+ndjson");
    plan.rewriter(content_type.as_ref(), limits()).unwrap()
}

fn rewrite(selectors: &[&str], body: &str) -> Result<Rewritten, ErrorKind> {
    let plan = plan(selectors);
    at_every_split(|| rewriter(&plan), body.as_bytes())
}

#[test]
fn i03_all_but_the_values_at_places_stays_as_it_came() {
    let body = "\n{\"n\":\"Roy\", \"x\":1e2}\r\n \t\r\n[]\n{\"n\" : 5}\n\n\"n\"\n {\"n\":null} \n{\"n\":\"Zo\\u00e9\"}";
    let done = rewrite(&["$.n"], body).unwrap();
    let value = |text: &str| serde_json::to_string(&mark(text)).unwrap();
    let expected = body
        .replace("\"Roy\"", &value("Roy"))
        .replace(" 5}", &format!(" {}}}", value("5")))
        .replace("\"Zo\\u00e9\"", &value("Zoé"));
    assert_eq!(done.text(), expected);
    assert_eq!(done.seen[1], (0, ValueType::Number, "5".to_owned()));
}

#[test]
fn i05_a_line_is_one_document() {
    for body in [
        "{\"n\":1}\n{\n\"n\":2}\n",
        "{\"n\":1} {\"n\":2}\n",
        "{\"n\":1}\r{\"n\":2}\n",
        "{\"n\":\"a\nb\"}\n",
        "{\"n\":1",
        "{}\n\u{feff}{}\n",
    ] {
        assert!(rewrite(&["$.n"], body).is_err(), "{body:?}");
    }
    let twice = "{\"n\":1}\n{\"n\":2,\"n\":3}\n";
    assert_eq!(rewrite(&["$.n"], twice), Err(ErrorKind::DuplicateKey));
    let plan = plan(&["$.n"]);
    let cut_character = at_every_split(|| rewriter(&plan), b"{\"x\":\"\xc3\n\xa9\"}");
    assert!(cut_character.is_err());
}

#[test]
fn an_error_says_where_in_the_body_it_is() {
    let plan = plan(&["$.n"]);
    let mut rewriter = rewriter(&plan);
    let body = Bytes::from_static(b"{\"n\":1}\n{\"n\":]}\n");
    let error = rewriter.push(&body, &mut Marker::default(), &mut Out::new());
    assert_eq!(error.unwrap_err().offset, 13);
}

#[test]
fn values_with_siblings_wait_for_those_of_their_line() {
    let selected = Selected {
        beside: vec!["$.id"],
        ..Selected::new("$.n", body::PlaceId(0))
    };
    let plan = Plan::compile(Format::Ndjson, [selected]).unwrap();
    let body = "\n{\"n\":\"a\",\"id\":1}\r\n{\"n\":\"b\"}\n \n{\"id\":3,\"n\":\"c\"}";
    let done = at_every_split(|| rewriter(&plan), body.as_bytes()).unwrap();
    assert_eq!(done.texts(), ["a", "b", "c"]);
    let broken = "{\"n\":\"a\",\"id\":1\n}";
    assert!(at_every_split(|| rewriter(&plan), broken.as_bytes()).is_err());
}

#[test]
fn siblings_and_bodies_inside_belong_to_their_line() {
    let body = "{\"k\":\"a\",\"v\":\"1\"}\n{\"v\":\"2\",\"k\":\"b\"}\n{\"v\":\"3\",\"k\":\"a\"}\n";
    let filtered =
        "[{\"k\":\"a\",\"v\":\"1\"}]\n[{\"v\":\"2\",\"k\":\"b\"}]\n\n[{\"v\":\"3\",\"k\":\"a\"}]\n";
    let done = rewrite(&["$[?@.k == 'a'].v"], filtered).unwrap();
    assert_eq!(done.texts(), ["1", "3"]);
    let inside = Plan::compile(Format::Json, places(&["$.x"])).unwrap();
    let plan = Plan::compile(Format::Ndjson, [Selected::body("$.v", inside)]).unwrap();
    assert!(at_every_split(|| rewriter(&plan), body.as_bytes()).is_ok());
    let body = "{\"v\":\"{\\\"x\\\":\\\"Roy\\\"}\"}\n{\"v\":\"{\\\"x\\\":\\\"Anne\\\"}\"}\n";
    let done = at_every_split(|| rewriter(&plan), body.as_bytes()).unwrap();
    assert_eq!(done.texts(), ["Roy", "Anne"]);
}

#[test]
fn in_answers_a_line_that_is_no_json_passes_and_the_next_is_read() {
    let body = b"{\"n\":1}\noops \"\n{\"n\":\"x\"}\n{\"n\":\"y";
    let value = |text: &str| {
        let mut written = Vec::new();
        body::escape::Escape::JsonWhole(ValueType::String)
            .write(mark(text).as_bytes(), &mut written);
        String::from_utf8(written).unwrap()
    };
    let expected = format!(
        "{{\"n\":{}}}\noops \"\n{{\"n\":{}}}\n{{\"n\":\"y",
        value("1"),
        value("x")
    );
    for size in 1..=body.len() {
        let mut at = At::new(&plan(&["$.n"]), limits()).unwrap();
        let mut editor = Marker::default();
        let mut out = Out::new();
        let mut written = Vec::new();
        for piece in body.chunks(size) {
            at.push(&Bytes::copy_from_slice(piece), &mut editor, &mut out);
        }
        at.finish(&mut editor, &mut out);
        while let Some(piece) = out.take() {
            written.extend_from_slice(&piece);
        }
        assert_eq!(String::from_utf8(written).unwrap(), expected, "by {size}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i04_an_independent_parser_reads_what_was_written(
        values in prop::collection::vec(prop::option::of("[a-c\"\\\\ \n é😀]{1,5}"), 0..8),
        offsets in prop::collection::vec(0..4096usize, 0..8),
        returns in any::<bool>(),
    ) {
        let end = if returns { "\r\n" } else { "\n" };
        let line = |value: &Option<String>| match value {
            Some(value) => json!({"n": value, "x": [value, {"n": value}]}).to_string(),
            None => String::new(),
        };
        let body: String = values.iter().map(|value| line(value) + end).collect();
        let plan = plan(&["$.n"]);
        let whole = feed(rewriter(&plan), Marker::default(), [body.as_bytes()]).unwrap();
        let split = feed(rewriter(&plan), Marker::default(), cut(body.as_bytes(), &offsets)).unwrap();
        prop_assert_eq!(&whole, &split);
        let read: Vec<Value> = serde_json::Deserializer::from_slice(&whole.body)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let expected: Vec<Value> = values
            .iter()
            .flatten()
            .map(|value| json!({"n": mark(value), "x": [value, {"n": value}]}))
            .collect();
        prop_assert_eq!(read, expected);
        prop_assert_eq!(whole.text().matches(end).count(), values.len());
    }
}
