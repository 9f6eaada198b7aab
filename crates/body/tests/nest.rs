//! Bodies that stand in one another.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod harness;

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan, Rewriter, Selected};
use harness::{Marker, at_every_split, feed, limits, mark};
use proptest::prelude::*;

fn plan<'a>(format: Format, selected: impl IntoIterator<Item = Selected<'a>>) -> Plan {
    Plan::compile(format, selected).unwrap()
}

fn rewriter(plan: &Plan, content_type: &str) -> Box<dyn Rewriter> {
    let content_type = ContentType::parse(content_type.as_bytes());
    plan.rewriter(content_type.as_ref(), limits()).unwrap()
}

/// A form with JSON in a field, in which a member is base64 of JSON again, and one a plain value.
fn form() -> Plan {
    let innermost = plan(Format::Json, [Selected::new("$.note", PlaceId(2))]);
    let base64 = plan(Format::Base64, [Selected::body("*", innermost)]);
    let json = plan(
        Format::Json,
        [
            Selected::new("$.name", PlaceId(1)),
            Selected::body("$.data", base64),
        ],
    );
    plan(
        Format::Form,
        [
            Selected::new("id", PlaceId(0)),
            Selected::body("payload", json),
        ],
    )
}

fn encode(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn decode(text: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
    String::from_utf8(bytes.unwrap()).unwrap()
}

fn written(name: &str, note: &str) -> String {
    let inner = serde_json::json!({"note": note, "kept": 1}).to_string();
    let outer = serde_json::json!({"name": name, "data": encode(&inner), "b": [true]});
    form_urlencoded::Serializer::new(String::new())
        .append_pair("id", "7")
        .append_pair("payload", &outer.to_string())
        .append_pair("z", "")
        .finish()
}

/// What an independent reader finds at the places of [`form`].
fn read(body: &[u8]) -> (String, String, String) {
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let outer: serde_json::Value = serde_json::from_str(&fields[1].1).unwrap();
    let inner = decode(outer["data"].as_str().unwrap());
    let inner: serde_json::Value = serde_json::from_str(&inner).unwrap();
    assert_eq!(
        (&inner["kept"], &outer["b"]),
        (&1.into(), &serde_json::json!([true]))
    );
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (
        fields[0].1.clone(),
        text(&outer["name"]),
        text(&inner["note"]),
    )
}

#[test]
fn i04_json_in_a_form_with_base64_of_json_in_it() {
    let rewritten = at_every_split(
        || rewriter(&form(), "application/x-www-form-urlencoded"),
        written("Tremblay", "élevé & <b>").as_bytes(),
    )
    .unwrap();
    assert_eq!(rewritten.texts(), ["7", "élevé & <b>", "Tremblay"]);
    assert_eq!(
        read(&rewritten.body),
        (mark("7"), mark("Tremblay"), mark("élevé & <b>"))
    );
}

#[test]
fn answers_that_are_awaited_are_written_in_every_layer() {
    let pending = Marker {
        pending: true,
        ..Marker::default()
    };
    let body = written("Tremblay", "note");
    let plan = form();
    let rewritten = feed(
        rewriter(&plan, "application/x-www-form-urlencoded"),
        pending,
        [body.as_bytes()],
    )
    .unwrap();
    let answer = |text: &str| format!("answer{}", text.len());
    assert_eq!(
        read(&rewritten.body),
        (answer("7"), answer("Tremblay"), answer("note"))
    );
}

#[test]
fn i05_what_does_not_parse_inside_is_refused() {
    for payload in [
        "{",
        "{\"data\":\"YQ=\"}",
        "{\"data\":\"e30 =\"}",
        "{\"data\":[]}",
    ] {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", payload)
            .finish();
        let plan = form();
        let rewriter = rewriter(&plan, "application/x-www-form-urlencoded");
        assert!(
            feed(rewriter, Marker::default(), [body.as_bytes()]).is_err(),
            "{payload}"
        );
    }
}

/// Base64 as a whole body: the layout is kept.
fn whole(text: &str, alphabet: Format) -> Result<String, body::ErrorKind> {
    let plan = plan(alphabet, [Selected::new("*", PlaceId(0))]);
    let rewritten = at_every_split(|| plan.rewriter(None, limits()).unwrap(), text.as_bytes())?;
    Ok(rewritten.text().to_owned())
}

#[test]
fn i03_base64_keeps_its_alphabet_its_padding_and_its_lines() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let text = "ééé?>~ and more".repeat(9);
    let marked = mark(&text);
    assert_eq!(
        whole(&STANDARD.encode(&text), Format::Base64).unwrap(),
        STANDARD.encode(&marked)
    );
    let odd = format!("{text}!");
    assert_eq!(
        whole(&STANDARD_NO_PAD.encode(&odd), Format::Base64).unwrap(),
        STANDARD_NO_PAD.encode(mark(&odd))
    );
    assert_eq!(
        whole(&URL_SAFE_NO_PAD.encode(&text), Format::Base64Url).unwrap(),
        URL_SAFE_NO_PAD.encode(&marked)
    );
    let lines = |text: &str| {
        let encoded = STANDARD.encode(text);
        let lines = encoded.as_bytes().chunks(76);
        let lines: Vec<&str> = lines
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        lines.join("\r\n") + "\r\n"
    };
    assert_eq!(
        whole(&lines(&text), Format::Base64).unwrap(),
        lines(&marked)
    );
}

#[test]
fn i03_one_line_of_base64_does_not_say_how_long_lines_are() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let value = "abc";
    let encoded = STANDARD.encode(mark(value));
    assert!(encoded.len() < 76);
    for end in ["", "\n", "\r\n", "\r\n\r\n"] {
        let came = STANDARD.encode(value) + end;
        assert_eq!(whole(&came, Format::Base64).unwrap(), encoded.clone() + end);
    }
    assert_eq!(whole("\n\n", Format::Base64).unwrap(), "\n\n");
    for uneven in [
        "YWJj\nYWJjYWJj",
        "YWJj\nYWJj\r\nYQ==",
        "YWJj\n\nYWJj",
        "\nYWJj",
        "YWJjYWJj\nYWJj\nYQ==",
    ] {
        assert!(whole(uneven, Format::Base64).is_err(), "{uneven:?}");
    }
}

#[test]
fn i05_base64_that_is_read_in_two_ways_is_refused() {
    for text in [
        "YQ", "YR==", "Y", "YQ=", "YQ==YQ==", "Y Q=", "Y-Q=", "YQ==\r", "Y\rQ==",
    ] {
        let result = whole(text, Format::Base64);
        assert_eq!(result.is_ok(), text == "YQ", "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn i04_any_value_at_any_depth_and_cut(
        name in "\\PC{1,40}", note in "\\PC{1,40}", cuts in proptest::collection::vec(0usize..4000, 0..6)
    ) {
        let body = written(&name, &note);
        let plan = form();
        let rewriter = rewriter(&plan, "application/x-www-form-urlencoded");
        let pieces = harness::cut(body.as_bytes(), &cuts);
        let rewritten = feed(rewriter, Marker::default(), pieces).unwrap();
        prop_assert_eq!(read(&rewritten.body), (mark("7"), mark(&name), mark(&note)));
    }
}
