//! Values that come back at named places of an answer: what is no value, or no answer of the format, passes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::reveal::{At, Measure, Medium, Opened, Reveal, Tokens};
use body::{
    AskId, Edit, Editor, Error, ErrorKind, Format, Found, Limits, Out, PlaceId, Plan, Selected,
};
use bytes::Bytes;
use proptest::prelude::*;

/// Opens every value: a number to the next, a text to itself in brackets with its siblings.
#[derive(Default)]
struct Next {
    later: bool,
    asked: Vec<String>,
}

impl Editor for Next {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        let text = std::str::from_utf8(found.text).unwrap();
        let mut plain = match text.parse::<u32>() {
            Ok(number) => (u64::from(number) + 1).to_string(),
            Err(_) if text == "stop" => return Err(Error::new(ErrorKind::Stopped, 0)),
            // What has a prefix is the scan's.
            Err(_) if matches!(text, "keep" | "q1") => return Ok(Edit::Keep),
            Err(_) => format!("<{text}>"),
        };
        for sibling in found.beside.iter().copied().flatten() {
            plain += std::str::from_utf8(sibling).unwrap();
        }
        if self.later {
            self.asked.push(plain);
            return Ok(Edit::PendingSpelled(AskId(self.asked.len() as u32 - 1)));
        }
        replacement.extend_from_slice(plain.as_bytes());
        Ok(Edit::Spelled)
    }
}

/// `q1` is a token.
struct Scan;

impl Tokens for Scan {
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let at = bytes[from..].iter().position(|byte| *byte == b'q')?;
        Some(from + at)
    }

    fn measure(&self, bytes: &[u8], last: bool) -> Measure {
        match bytes {
            [b'q', b'1', ..] => Measure::Whole(2),
            [b'q'] if !last => Measure::More(2),
            _ => Measure::No,
        }
    }

    fn open(&mut self, _: &[u8], plain: &mut Vec<u8>) -> Opened {
        plain.extend_from_slice(b"\"T\"");
        Opened::Value(body::ValueType::String)
    }
}

fn plan(format: Format, places: &[(&str, &[&str])]) -> Plan {
    let selected = places.iter().zip(0..).map(|((at, beside), id)| Selected {
        beside: beside.to_vec(),
        ..Selected::new(at, PlaceId(id))
    });
    Plan::compile(format, selected).unwrap()
}

fn run<'a>(
    plan: &Plan,
    limits: Limits,
    later: bool,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> String {
    let essence = match plan.format() {
        Format::Json => "application/json",
        Format::Form => "application/x-www-form-urlencoded",
        _ => "text/plain",
    };
    let medium = Medium::of(essence, None, None).unwrap();
    let mut reveal = Reveal::new(medium, limits);
    let mut at = At::new(plan, limits).unwrap();
    let mut editor = Next {
        later,
        ..Next::default()
    };
    let (mut middle, mut out) = (Out::new(), Out::new());
    let mut body = Vec::new();
    let mut drain = |out: &mut Out, asked: &[String]| {
        out.fill(|ask, plain| {
            plain.extend_from_slice(asked[ask.0 as usize].as_bytes());
            true
        });
        while let Some(piece) = out.take() {
            body.extend_from_slice(&piece);
        }
    };
    for chunk in chunks {
        at.push(&Bytes::copy_from_slice(chunk), &mut editor, &mut middle);
        reveal.push_from(&mut middle, &mut Scan, &mut out);
        drain(&mut out, &editor.asked);
        assert!(
            at.held() <= 16 * (limits.lookahead + chunk.len() + 1024),
            "held: {}",
            at.held()
        );
    }
    at.finish(&mut editor, &mut middle);
    reveal.push_from(&mut middle, &mut Scan, &mut out);
    assert!(middle.is_empty());
    reveal.finish(&mut Scan, &mut out);
    drain(&mut out, &editor.asked);
    assert!(out.is_empty());
    String::from_utf8(body).unwrap()
}

fn split(plan: &Plan, limits: Limits, body: &str) -> String {
    let bytes = body.as_bytes();
    let whole = run(plan, limits, false, [bytes]);
    for at in 0..=bytes.len() {
        let cut = run(plan, limits, at % 2 == 0, [&bytes[..at], &bytes[at..]]);
        assert_eq!(cut, whole, "cut at {at} of {body}");
    }
    assert_eq!(
        run(plan, limits, false, bytes.chunks(1)),
        whole,
        "byte by byte: {body}"
    );
    whole
}

const PLACES: &[(&str, &[&str])] = &[
    ("$..chart", &[]),
    ("$.identifier[?@.system == 'c'].value", &["$.id"]),
];

fn json(body: &str) -> String {
    split(&plan(Format::Json, PLACES), Limits::default(), body)
}

#[test]
fn i02_a_value_is_written_where_its_stand_in_stood_in_its_type() {
    for (stored, shown) in [
        (r#"{"chart":41,"x":"41"}"#, r#"{"chart":42,"x":"41"}"#),
        (
            r#"{"chart": "a\"b" ,"x":41}"#,
            r#"{"chart": "\u003ca\"b\u003e" ,"x":41}"#,
        ),
        (
            r#"{"identifier":[{"value":7,"system":"c"},{"system":"d","value":7}],"id":5}"#,
            r#"{"identifier":[{"value":85,"system":"c"},{"system":"d","value":7}],"id":5}"#,
        ),
        (
            r#"{"identifier":[{"value":"7","system":"c"}]}"#,
            r#"{"identifier":[{"value":8,"system":"c"}]}"#,
        ),
        // The scan goes over what is left.
        (
            r#"{"note":"q1","chart":1,"q1":"q"}"#,
            r#"{"note":"\"T\"","chart":2,"\"T\"":"q"}"#,
        ),
        (
            r#"{"chart":"keep","a":{"chart":null}}"#,
            r#"{"chart":"keep","a":{"chart":null}}"#,
        ),
        ("7", "7"),
    ] {
        assert_eq!(json(stored), shown);
    }
}

#[test]
fn i03_what_is_no_value_or_no_json_passes() {
    for body in [
        r#"{"chart":{},"x":1}"#,
        r#"{"chart":"stop"}"#,
        r#"{"chart":"\ud800"}"#,
        r#"{"chart":"cut"#,
        r#"{"x":tru, "chart":1}"#,
        "{\"chart\":\"a\u{1}b\"}",
        r#"{"identifier":[{"value":7,"system":"#,
        "<html>chart</html>",
        "",
    ] {
        assert_eq!(json(body), body);
    }
    assert_eq!(
        json(r#"{"chart":1,"chart":1} x {"chart":1}"#),
        r#"{"chart":2,"chart":1} x {"chart":1}"#
    );
    assert_eq!(
        json(r#"{"chart":1,"x":{]"chart":1"#),
        r#"{"chart":2,"x":{]"chart":1"#
    );
}

#[test]
fn i03_bytes_that_are_no_text_pass() {
    let plan = plan(Format::Json, PLACES);
    for body in [
        &b"{\"chart\":\"\xff\",\"a\":1}"[..],
        b"{\"chart\":1,\"\xc3",
        b"\xff",
    ] {
        for size in 1..=body.len() {
            let mut at = At::new(&plan, Limits::default()).unwrap();
            let (mut middle, mut seen) = (Out::new(), Vec::new());
            for chunk in body.chunks(size) {
                at.push(
                    &Bytes::copy_from_slice(chunk),
                    &mut Next::default(),
                    &mut middle,
                );
            }
            at.finish(&mut Next::default(), &mut middle);
            while let Some(piece) = middle.take() {
                seen.extend_from_slice(&piece);
            }
            let shown = body
                .escape_ascii()
                .to_string()
                .replace("\\\"chart\\\":1", "\\\"chart\\\":2");
            assert_eq!(seen.escape_ascii().to_string(), shown);
        }
    }
}

#[test]
fn beyond_a_limit_values_pass() {
    let limits = Limits {
        lookahead: 40,
        value: 20,
        depth: 4,
        ..Limits::default()
    };
    let plan = plan(Format::Json, PLACES);
    let long = format!(r#"{{"chart":"{}","a":{{"chart":1}}}}"#, "x".repeat(30));
    assert_eq!(split(&plan, limits, &long), long.replace(":1}", ":2}"));
    let far = format!(
        r#"{{"id":1,"identifier":[{{"value":7,"x":"{}","system":"c","chart":1}}],"chart":1}}"#,
        "x".repeat(40)
    );
    assert_eq!(
        split(&plan, limits, &far),
        far.replace(r#""chart":1"#, r#""chart":2"#)
    );
    let sibling = format!(
        r#"{{"identifier":[{{"value":7,"system":"c"}}],"x":"{}","id":1}}"#,
        "x".repeat(40)
    );
    assert_eq!(split(&plan, limits, &sibling), sibling.replace(":7", ":8"));
    let deep = r#"{"chart":1,"a":[[[[{"chart":1}]]]],"chart":1}"#;
    assert_eq!(split(&plan, limits, deep), deep.replacen(":1", ":2", 1));
}

#[test]
fn forms_and_texts_are_answers_too() {
    let form = plan(Format::Form, &[("a", &["b"])]);
    let shown = |body: &str| split(&form, Limits::default(), body);
    assert_eq!(shown("x=1&a=1&b=2"), "x=1&a=22&b=2");
    assert_eq!(shown("a=1&c=%"), "a=2&c=%");
    assert_eq!(shown("a=%zz&%=1&a=1"), "a=%zz&%=1&a=2");
    assert_eq!(shown(";a=1&a=5;a=6"), ";a=1&a=%3C5%3Ba%3D6%3E");
    let text = plan(Format::Text, &[("*", &[])]);
    assert_eq!(split(&text, Limits::default(), "41"), "42");
    assert_eq!(split(&text, Limits::default(), "a\0b"), "a\0b");
    let limits = Limits {
        value: 3,
        ..Limits::default()
    };
    assert_eq!(split(&text, limits, "12345"), "12345");
    let parts = plan(Format::Multipart, &[("a", &[])]);
    assert!(At::new(&parts, Limits::default()).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn i04_no_answer_fails_and_none_comes_out_another_by_its_chunks(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just(r#""chart":1"#), Just(r#""chart":"#), Just("{"), Just("}"), Just("["), Just("]"), Just(","),
                Just(r#""identifier":["#), Just(r#"{"value":7,"system":"c"}"#), Just(r#""id":3"#), Just("\""),
                Just("\\"), Just("12"), Just("nul"), Just("l"), Just(" "), Just(r#"{"chart":"é","x":[true]}"#),
                Just(r#"{"system":"c","y":"zzzzzzzzzzzzzzzzzz","value":"v"}"#), Just("\"q1\""),
            ],
            0..14,
        ),
        cuts in proptest::collection::vec(0..200usize, 0..6),
        lookahead in 8..90usize,
    ) {
        let body = pieces.concat();
        let limits = Limits { lookahead, ..Limits::default() };
        let plan = plan(Format::Json, PLACES);
        let whole = run(&plan, limits, false, [body.as_bytes()]);
        prop_assert_eq!(&run(&plan, limits, true, harness::cut(body.as_bytes(), &cuts)), &whole);
        prop_assert_eq!(&run(&plan, limits, false, body.as_bytes().chunks(1)), &whole);
    }
}
