//! Companions on their way back: the value returns to its place, the companion goes, the rest of the answer stays.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use std::sync::Arc;

use body::content_type::ContentType;
use body::reveal::{Companions, Measure, Medium, Opened, Reveal, Tokens};
use body::{
    AskId, Edit, Editor, Error, Format, Found, Limits, Out, PlaceId, Plan, Selected, ValueType,
};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Companions' tokens are `q` and a number, which name a value in a list and the companion it is of.
#[derive(Clone, Default)]
struct Tray {
    values: Vec<(usize, String, ValueType)>,
    later: bool,
    place: usize,
}

impl Tray {
    fn seal(&mut self, number: usize, value: &str) -> String {
        self.values
            .push((number, value.to_owned(), ValueType::String));
        format!("q{}", self.values.len() - 1)
    }

    fn get(&self, token: &[u8]) -> Option<(usize, &(usize, String, ValueType))> {
        let text = std::str::from_utf8(token).ok()?.strip_prefix('q')?;
        let index = text.parse().ok()?;
        Some((index, self.values.get(index)?))
    }
}

impl Tokens for Tray {
    fn find(&self, _: &[u8], _: usize) -> Option<usize> {
        None
    }

    fn measure(&self, _: &[u8], _: bool) -> Measure {
        Measure::No
    }

    fn open(&mut self, _: &[u8], _: &mut Vec<u8>) -> Opened {
        Opened::Leave
    }

    fn companion(&mut self, number: usize, token: &[u8], plain: &mut Vec<u8>) -> Opened {
        let later = self.later;
        match self.get(token) {
            Some((index, (known, value, value_type))) if *known == number => {
                if later {
                    return Opened::Pending(AskId(index as u32), *value_type);
                }
                plain.extend_from_slice(value.as_bytes());
                Opened::Value(*value_type)
            }
            _ => Opened::Leave,
        }
    }
}

/// Seals every value into its companion.
impl Editor for Tray {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        self.place = usize::from(found.place.0);
        let text = std::str::from_utf8(found.text).unwrap().to_owned();
        self.values.push((self.place, text, found.value_type));
        replacement.extend_from_slice(b"1900-01-01");
        Ok(Edit::Replace)
    }

    fn companion(&mut self, _: PlaceId, text: &mut Vec<u8>) -> Result<Edit, Error> {
        text.extend_from_slice(format!("q{}", self.values.len() - 1).as_bytes());
        Ok(Edit::Replace)
    }
}

type Rule<'a> = (&'a str, &'a str, &'a str);

const URL: &str = r#"{"url":"u","s":"{token}"}"#;
const RULES: &[Rule<'_>] = &[
    ("$.born", "$.extension[+]", URL),
    (
        "$.died.on",
        "$.extension[+]",
        r#"{"url":"d","s":"{token}"}"#,
    ),
    ("$.name", "$.meta.note", r#""name: {token}.""#),
];

fn companions(rules: &[Rule<'_>]) -> Arc<Companions> {
    let rules = rules
        .iter()
        .map(|(place, at, write)| (Format::Json, *place, *at, *write));
    Arc::new(Companions::compile(rules).unwrap())
}

fn run<'a>(
    rules: &[Rule<'_>],
    limits: Limits,
    tray: &Tray,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (String, u64) {
    let medium = Medium::of("application/json", None, None).unwrap();
    let mut reveal = Reveal::new(medium, limits).with_companions(companions(rules));
    let mut tray = tray.clone();
    let mut out = Out::new();
    let mut body = Vec::new();
    let mut drain = |out: &mut Out, tray: &Tray| {
        out.fill(|ask, plain| {
            plain.extend_from_slice(tray.values[ask.0 as usize].1.as_bytes());
            true
        });
        while let Some(piece) = out.take() {
            body.extend_from_slice(&piece);
        }
    };
    for chunk in chunks {
        reveal.push(&Bytes::copy_from_slice(chunk), &mut tray, &mut out);
        drain(&mut out, &tray);
        assert!(
            reveal.held() <= 2 * limits.lookahead + 4 * chunk.len() + 1024,
            "held: {}",
            reveal.held()
        );
    }
    reveal.finish(&mut tray, &mut out);
    drain(&mut out, &tray);
    assert!(out.is_empty());
    (String::from_utf8(body).unwrap(), reveal.counts().revealed)
}

/// What comes of an answer, the same at every cut in two, byte by byte, and where asks bring the values.
fn split(rules: &[Rule<'_>], limits: Limits, tray: &Tray, body: &str) -> (String, u64) {
    let bytes = body.as_bytes();
    let whole = run(rules, limits, tray, [bytes]);
    let later = Tray {
        later: true,
        ..tray.clone()
    };
    for at in 0..=bytes.len() {
        let cut = run(rules, limits, &later, [&bytes[..at], &bytes[at..]]);
        assert_eq!(cut, whole, "cut at {at} of {body}");
    }
    assert_eq!(
        run(rules, limits, tray, bytes.chunks(1)),
        whole,
        "byte by byte: {body}"
    );
    whole
}

fn tray() -> Tray {
    let mut tray = Tray::default();
    for (number, value) in [(0, "B\"0"), (0, "B1"), (1, "D2"), (2, "N3")] {
        tray.seal(number, value);
    }
    tray.values.push((0, "1.50".into(), ValueType::Number));
    tray
}

fn back(body: &str) -> String {
    split(RULES, Limits::default(), &tray(), body).0
}

#[test]
fn i02_a_value_returns_to_its_place_and_the_companion_goes() {
    for (stored, shown) in [
        (
            r#"{"born":"x","extension":[{"url":"u","s":"q0"}]}"#,
            r#"{"born":"B\"0"}"#,
        ),
        (
            r#"{"extension":[{"url":"u","s":"q0"}],"born":"x", "a":1}"#,
            r#"{"born":"B\"0", "a":1}"#,
        ),
        (
            r#"{ "extension" : [ { "id":"9", "s" : "q0" , "url" : "u" } ] , "born" : null }"#,
            r#"{ "born" : "B\"0" }"#,
        ),
        (
            r#"{"a":0 , "extension":[{"url":"x"}, {"url":"u","s":"q1"} ,{"url":"y"}], "born":"x"}"#,
            r#"{"a":0 , "extension":[{"url":"x"}, {"url":"y"}], "born":"B1"}"#,
        ),
        (
            r#"{"born":"x","extension":[{"url":"x"}, {"url":"u","s":"q1"}],"z":[]}"#,
            r#"{"born":"B1","extension":[{"url":"x"}],"z":[]}"#,
        ),
        (
            r#"{"extension":[{"url":"d","s":"q2"},{"url":"u","s":"q1"}],"died":{"on":"x"},"born":"x"}"#,
            r#"{"died":{"on":"D2"},"born":"B1"}"#,
        ),
        (
            r#"{"born":"x","extension":[{"url":"d","s":"q2"},{"url":"u","s":"q1"}]}"#,
            r#"{"born":"B1","extension":[{"url":"d","s":"q2"}]}"#,
        ),
        (
            r#"{"born":0,"extension":[{"url":"u","s":"q4"}]}"#,
            r#"{"born":1.50}"#,
        ),
        (
            r#"{"name":"x","meta":{"note":"name: q3."},"extension":[]}"#,
            r#"{"name":"N3","extension":[]}"#,
        ),
        (
            r#"{"name":"x","born":"x","extension":[{"url":"u","s":"q1"}] , "meta":{"note":"name: q3."}}"#,
            r#"{"name":"N3","born":"B1"}"#,
        ),
        (
            r#"{"meta":{"note":"name: q3."},"extension":[{"url":"u","s":"q1"}],"born":"x","name":"x"}"#,
            r#"{"born":"B1","name":"N3"}"#,
        ),
        (
            r#"{"meta":{"v":1,"note":"name: q3."},"name":"x"}"#,
            r#"{"meta":{"v":1},"name":"N3"}"#,
        ),
    ] {
        assert_eq!(back(stored), shown);
    }
}

#[test]
fn an_answer_may_hold_many_at_any_depth() {
    assert_eq!(
        back(
            r#"{"entry":[{"resource":{"born":"x","extension":[{"url":"u","s":"q0"}]}},{"resource":{"extension":[{"s":"q1","url":"u"}],"born":"x"}},{"born":"mine"}],"total":3}"#
        ),
        r#"{"entry":[{"resource":{"born":"B\"0"}},{"resource":{"born":"B1"}},{"born":"mine"}],"total":3}"#
    );
    assert_eq!(
        back("{\"born\":\"x\",\"extension\":[{\"url\":\"u\",\"s\":\"q0\"}]}\n{\"born\":1}\n"),
        "{\"born\":\"B\\\"0\"}\n{\"born\":1}\n"
    );
}

#[test]
fn i03_what_is_not_whole_or_not_ours_stays_as_it_came() {
    for body in [
        // Another field's token, no token, another shape.
        r#"{"born":"x","extension":[{"url":"u","s":"q2"}]}"#,
        r#"{"born":"x","extension":[{"url":"u","s":"q99"}]}"#,
        r#"{"born":"x","extension":[{"url":"v","s":"q0"}]}"#,
        r#"{"born":"x","extension":{"url":"u","s":"q0"}}"#,
        // The place is absent, no value, or stands twice.
        r#"{"extension":[{"url":"u","s":"q0"}]}"#,
        r#"{"born":{},"extension":[{"url":"u","s":"q0"}]}"#,
        r#"{"born":"x","born":"y","extension":[{"url":"u","s":"q0"}]}"#,
        r#"{"x":{"born":"x"},"extension":[{"url":"u","s":"q0"}]}"#,
        // Nothing to do.
        r#" [ {"born" : "x", "extension" : [ ] } , 1, null,true , "a\"b\\" ] "#,
        // No JSON, or none any more.
        "<p>born</p>",
        r#"{"born":"x","extension":[{"url":"u","s":"q0"]}"#,
        r#"{"born":"x","extension":[{"url":"u","s":"q0"}"#,
        r#"{"born":"x" "#,
        "",
    ] {
        assert_eq!(back(body), body);
    }
}

#[test]
fn of_companions_that_stand_twice_one_returns() {
    assert_eq!(
        back(
            r#"{"born":"x","extension":[{"url":"u","s":"q99"},{"url":"u","s":"q1"},{"url":"u","s":"q0"}]}"#
        ),
        r#"{"born":"B\"0","extension":[{"url":"u","s":"q99"},{"url":"u","s":"q1"}]}"#
    );
    assert_eq!(
        back(
            r#"{"born":"x","extension":[{"url":"u","s":"q1"}],"extension":[{"url":"u","s":"q0"}]}"#
        ),
        r#"{"born":"B1","extension":[{"url":"u","s":"q0"}]}"#
    );
    // Within one another, each stands for its own object.
    assert_eq!(
        back(
            r#"{"born":"x","extension":[{"url":"u","s":"q1","born":"y","extension":[{"url":"u","s":"q0"}]}]}"#
        ),
        r#"{"born":"B1"}"#
    );
}

#[test]
fn i13_no_more_than_lookahead_is_held() {
    let limits = Limits {
        lookahead: 80,
        ..Limits::default()
    };
    let far = |filler: usize| {
        format!(
            r#"{{"born":"x","f":"{}","extension":[{{"url":"u","s":"q0"}}],"y":"{}"}}"#,
            "f".repeat(filler),
            "y".repeat(400)
        )
    };
    let (near, revealed) = split(RULES, limits, &tray(), &far(10));
    assert!(
        near.starts_with(r#"{"born":"B\"0","f""#) && !near.contains("q0"),
        "{near}"
    );
    assert_eq!(revealed, 1);
    assert_eq!(split(RULES, limits, &tray(), &far(90)), (far(90), 0));
    for filler in 20..90 {
        split(RULES, limits, &tray(), &far(filler));
    }
}

#[test]
fn fields_of_a_form_return_in_json() {
    let rule = (Format::Form, "name", "metadata[true_name]", "{token}");
    let companions = Companions::compile([rule]).unwrap();
    let medium = Medium::of("application/json", None, None).unwrap();
    let mut reveal = Reveal::new(medium, Limits::default()).with_companions(Arc::new(companions));
    let mut tray = Tray::default();
    tray.seal(0, "N");
    let mut out = Out::new();
    let body = Bytes::from_static(br#"{"name":"-","metadata":{"true_name":"q0"}}"#);
    reveal.push(&body, &mut tray, &mut out);
    reveal.finish(&mut tray, &mut out);
    assert_eq!(out.take().unwrap(), r#"{"name":"N"}"#);
    assert!(Companions::compile([(Format::Form, "a[]", "b", "{token}")]).is_err());
    assert!(Companions::compile([(Format::Text, "*", "b", "{token}")]).is_err());
}

fn protected(body: &str, tray: &mut Tray) -> String {
    let selected = RULES.iter().zip(0..).map(|((at, to, write), id)| Selected {
        companion: Some((*to, *write)),
        ..Selected::new(at, PlaceId(id))
    });
    let plan = Plan::compile(Format::Json, selected).unwrap();
    let kind = ContentType::parse(b"application/json").unwrap();
    let mut rewriter = plan.rewriter(Some(&kind), Limits::default()).unwrap();
    let mut out = Out::new();
    rewriter
        .push(&Bytes::copy_from_slice(body.as_bytes()), tray, &mut out)
        .unwrap();
    rewriter.finish(tray, &mut out).unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = out.take() {
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).unwrap()
}

fn people() -> impl Strategy<Value = Value> {
    let text = || {
        prop_oneof![
            "[a-z\"\\\\é/]{1,8}".prop_map(Value::from),
            (0..99u32).prop_map(Value::from)
        ]
    };
    let extension = prop_oneof![
        Just(json!([{"url": "x"}])),
        Just(json!([1, {"url": "u", "s": "mine"}])),
    ];
    (
        proptest::option::of(text()),
        proptest::option::of(text()),
        proptest::option::of(text()),
        proptest::option::of(extension),
        proptest::option::of(text()),
    )
        .prop_map(|(born, died, name, extension, version)| {
            let mut person = json!({"kind": "person"});
            let members = [("born", born), ("name", name), ("extension", extension)];
            for (key, value) in members {
                if let Some(value) = value {
                    person[key] = value;
                }
            }
            if let Some(died) = died {
                person["died"] = json!({"on": died});
            }
            if let Some(version) = version {
                person["meta"] = json!({"v": version});
            }
            person
        })
}

/// The text of a tree with the members of each object in an order of its own.
fn shuffled(value: &Value, seed: u64, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            let by = |key: &str| {
                key.bytes().fold(seed, |hash, byte| {
                    (hash ^ u64::from(byte))
                        .wrapping_mul(0x0000_0100_0000_01b3)
                        .rotate_left(11)
                })
            };
            members.sort_by_key(|(key, _)| by(key));
            out.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if index == 0 { " " } else { " ,\n" });
                out.push_str(&json!(key).to_string());
                out.push_str(" : ");
                shuffled(value, seed, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (index, value) in elements.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                shuffled(value, seed, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn i02_what_was_protected_and_stored_anew_comes_back_equal(
        people in proptest::collection::vec(people(), 1..4),
        seed: u64,
        cuts in proptest::collection::vec(0..900usize, 0..10),
        later: bool,
    ) {
        let mut tray = Tray { later, ..Tray::default() };
        let mut entries = Vec::new();
        for person in &people {
            let sent = protected(&person.to_string(), &mut tray);
            let mut stored: Value = serde_json::from_str(&sent).unwrap();
            stored["id"] = json!(entries.len());
            entries.push(json!({"resource": stored}));
        }
        let mut answer = String::new();
        shuffled(&json!({"entry": entries, "total": people.len()}), seed, &mut answer);
        let (shown, _) = run(RULES, Limits::default(), &tray, harness::cut(answer.as_bytes(), &cuts));
        let shown: Value = serde_json::from_str(&shown).unwrap();
        for (index, person) in people.iter().enumerate() {
            let mut wanted = person.clone();
            wanted["id"] = json!(index);
            prop_assert_eq!(&shown["entry"][index]["resource"], &wanted);
        }
    }

    #[test]
    fn i04_a_hostile_answer_comes_out_the_same_at_every_chunking(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just(r#""born":"x""#), Just(r#""born":"#), Just(r#""name":1"#), Just(","), Just(","), Just("{"),
                Just("}"), Just("["), Just("]"), Just(r#""extension":["#), Just(r#"{"url":"u","s":"q0"}"#),
                Just(r#"{"url":"u","s":"q1"}"#), Just(r#""meta":{"#), Just(r#""note":"name: q3.""#), Just("\""),
                Just("\\"), Just(" "), Just("null"), Just(r#"{"born":"x","extension":[{"url":"u","s":"q0"}]}"#),
                Just(r#"{"extension":[{"url":"u","s":"q0"}],"a":[1],"born":7}"#),
            ],
            0..16,
        ),
        cuts in proptest::collection::vec(0..200usize, 0..6),
        lookahead in 8..90usize,
    ) {
        let body = pieces.concat();
        let limits = Limits { lookahead, ..Limits::default() };
        let whole = run(RULES, limits, &tray(), [body.as_bytes()]);
        prop_assert_eq!(&run(RULES, limits, &tray(), harness::cut(body.as_bytes(), &cuts)), &whole);
        prop_assert_eq!(&run(RULES, limits, &tray(), body.as_bytes().chunks(1)), &whole);
        if serde_json::from_str::<Value>(&body).is_ok() {
            let shown = serde_json::from_str::<Value>(&whole.0);
            prop_assert!(shown.is_ok(), "{} became {}", body, whole.0);
        }
    }
}
