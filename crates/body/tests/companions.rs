//! Companions on their way out: put beside the value they belong to, wherever that is, at every chunking.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::selector::Reason;
use body::{
    AskId, Edit, Editor, Error, ErrorKind, Format, Found, Limits, Out, PlaceId, Plan, Selected,
    Which,
};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Writes a stand-in for each value and the value itself into its companion.
#[derive(Default)]
struct Stand {
    value: String,
    ask: bool,
    asked: Vec<String>,
}

impl Editor for Stand {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        self.value = std::str::from_utf8(found.text).unwrap().to_owned();
        if self.value == "keep" {
            return Ok(Edit::Keep);
        }
        replacement.extend_from_slice(b"1900");
        Ok(Edit::Spelled)
    }

    fn companion(&mut self, _: PlaceId, text: &mut Vec<u8>) -> Result<Edit, Error> {
        if self.value == "alone" {
            return Ok(Edit::Keep);
        }
        let token = format!("t:{}", self.value);
        if self.ask {
            self.asked.push(token);
            return Ok(Edit::Pending(AskId(self.asked.len() as u32 - 1)));
        }
        text.extend_from_slice(token.as_bytes());
        Ok(Edit::Replace)
    }
}

const WRITE: &str = r#"{"url":"u","s":"{token}"}"#;

fn plan(places: &[(&str, &str, &str)]) -> Result<Plan, (usize, Which, Reason)> {
    let selected = places
        .iter()
        .zip(0..)
        .map(|((at, to, write), id)| Selected {
            companion: (!to.is_empty()).then_some((*to, *write)),
            ..Selected::new(at, PlaceId(id))
        });
    Plan::compile(Format::Json, selected)
        .map_err(|(index, error)| (index, error.which, error.reason))
}

fn run<'a>(
    plan: &Plan,
    limits: Limits,
    ask: bool,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<String, ErrorKind> {
    let kind: &[u8] = match plan.format() {
        Format::Form => b"application/x-www-form-urlencoded",
        _ => b"application/json",
    };
    let kind = ContentType::parse(kind).unwrap();
    let mut rewriter = plan.rewriter(Some(&kind), limits).unwrap();
    let mut editor = Stand {
        ask,
        ..Stand::default()
    };
    let mut out = Out::new();
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
        rewriter
            .push(&Bytes::copy_from_slice(chunk), &mut editor, &mut out)
            .map_err(|error| error.kind)?;
        drain(&mut out, &editor.asked);
        assert!(
            out.len() <= limits.lookahead + 2 * chunk.len() + 256,
            "a gap holds {}",
            out.len()
        );
    }
    rewriter
        .finish(&mut editor, &mut out)
        .map_err(|error| error.kind)?;
    drain(&mut out, &editor.asked);
    assert!(out.is_empty());
    Ok(String::from_utf8(body).unwrap())
}

/// The outcome, the same at every cut in two, byte by byte, and where asks bring the tokens.
fn split(plan: &Plan, limits: Limits, body: &str) -> Result<String, ErrorKind> {
    let bytes = body.as_bytes();
    let whole = run(plan, limits, false, [bytes]);
    assert_eq!(run(plan, limits, true, [bytes]), whole);
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

fn json(places: &[(&str, &str, &str)], body: &str) -> Result<String, ErrorKind> {
    split(&plan(places).unwrap(), Limits::default(), body)
}

const BIRTH: &[(&str, &str, &str)] = &[("$.birthDate", "$.extension[+]", WRITE)];

#[test]
fn i04_a_companion_goes_to_the_end_of_its_list_on_either_side() {
    for (before, after) in [
        (
            r#"{"birthDate":"d","extension":[{"url":"x"}]}"#,
            r#"{"birthDate":1900,"extension":[{"url":"x"},{"url":"u","s":"t:d"}]}"#,
        ),
        (
            r#"{"extension":[ 1 ],"birthDate":"d"}"#,
            r#"{"extension":[ 1 ,{"url":"u","s":"t:d"}],"birthDate":1900}"#,
        ),
        (
            r#"{"extension":[ ] , "birthDate":"d"}"#,
            r#"{"extension":[ {"url":"u","s":"t:d"}] , "birthDate":1900}"#,
        ),
        (
            r#"{"birthDate":"d" , "x":[]}"#,
            r#"{"birthDate":1900 , "x":[],"extension":[{"url":"u","s":"t:d"}]}"#,
        ),
        (
            r#"{"extension":null,"birthDate":"d"}"#,
            r#"{"extension":[{"url":"u","s":"t:d"}],"birthDate":1900}"#,
        ),
        (
            r#"{"birthDate":"a\"b","extension":null}"#,
            r#"{"birthDate":1900,"extension":[{"url":"u","s":"t:a\"b"}]}"#,
        ),
    ] {
        assert_eq!(json(BIRTH, before).unwrap(), after);
    }
}

#[test]
fn i03_nothing_is_put_where_nothing_was_replaced() {
    for body in [
        r#"{"extension":[1],"birthDate":null}"#,
        r#"{"extension":null,"birthDate":""}"#,
        r#"{"extension":[{"a":[]}, {}],"birthDate":"keep", "x":{}}"#,
        r#"{"extension":"text","birthDate":"keep"}"#,
        r#"{"extension":[]}"#,
        r#"{"birthDate":"keep"}"#,
        r#"{}"#,
        r#"[{"birthDate":"d"}]"#,
    ] {
        assert_eq!(json(BIRTH, body).unwrap(), body);
    }
    assert_eq!(
        json(BIRTH, r#"{"extension":null,"birthDate":"alone"}"#).unwrap(),
        r#"{"extension":null,"birthDate":1900}"#
    );
}

#[test]
fn a_member_takes_a_companion_only_where_nothing_stands() {
    let places: &[(&str, &str, &str)] = &[("$.p[*].born", "$.p[*].note", r#""see {token}.""#)];
    for (before, after) in [
        (
            r#"{"p":[{"born":"d"}]}"#,
            r#"{"p":[{"born":1900,"note":"see t:d."}]}"#,
        ),
        (
            r#"{"p":[{"note":"","born":"d"}]}"#,
            r#"{"p":[{"note":"see t:d.","born":1900}]}"#,
        ),
        (
            r#"{"p":[{"born":"d","note":null},{"note":"mine","born":"keep"},{"note":"","born":null}]}"#,
            r#"{"p":[{"born":1900,"note":"see t:d."},{"note":"mine","born":"keep"},{"note":"","born":null}]}"#,
        ),
    ] {
        assert_eq!(json(places, before).unwrap(), after);
    }
    for taken in [
        r#"{"p":[{"born":"d","note":"mine"}]}"#,
        r#"{"p":[{"note":"mine","born":"d"}]}"#,
        r#"{"p":[{"note":0,"born":"d"}]}"#,
        r#"{"p":[{"note":{},"born":"d"}]}"#,
        r#"{"p":[{"born":"d","note":[]}]}"#,
    ] {
        assert_eq!(
            json(places, taken),
            Err(ErrorKind::CompanionTaken),
            "{taken}"
        );
    }
    assert_eq!(
        json(BIRTH, r#"{"extension":{},"birthDate":"d"}"#),
        Err(ErrorKind::CompanionTaken)
    );
}

#[test]
fn what_leads_there_is_made_where_it_is_absent() {
    let places: &[(&str, &str, &str)] = &[
        ("$.born", "$.meta.more.list[+]", r#""{token}""#),
        ("$.died.on", "$.meta.more.list[+]", r#"{"d":"{token}"}"#),
    ];
    for (before, after) in [
        (
            r#"{"born":"b","died":{"on":"d"}}"#,
            r#"{"born":1900,"died":{"on":1900},"meta":{"more":{"list":["t:b",{"d":"t:d"}]}}}"#,
        ),
        (
            r#"{"meta":{},"died":{"on":"d"},"born":"b"}"#,
            r#"{"meta":{"more":{"list":[{"d":"t:d"},"t:b"]}},"died":{"on":1900},"born":1900}"#,
        ),
        (
            r#"{"meta":{"more":{"x":1}, "y":2},"born":"b"}"#,
            r#"{"meta":{"more":{"x":1,"list":["t:b"]}, "y":2},"born":1900}"#,
        ),
        (
            r#"{"born":"b","meta":{"more":null}}"#,
            r#"{"born":1900,"meta":{"more":{"list":["t:b"]}}}"#,
        ),
        (
            r#"{"died":{"on":"d"},"meta":{"more":{"list":[]}},"born":"b"}"#,
            r#"{"died":{"on":1900},"meta":{"more":{"list":[{"d":"t:d"},"t:b"]}},"born":1900}"#,
        ),
    ] {
        assert_eq!(json(places, before).unwrap(), after);
    }
    let taken = r#"{"born":"b","meta":{"more":[]}}"#;
    assert_eq!(json(places, taken), Err(ErrorKind::CompanionTaken));
}

#[test]
fn companions_stand_under_filters_and_descent() {
    let places: &[(&str, &str, &str)] = &[(
        "$..person[?@.kind == 'p'].born",
        "$..person[?@.kind == 'p'].list[+]",
        r#""{token}""#,
    )];
    assert_eq!(
        json(
            places,
            r#"{"a":{"person":[{"born":"b","kind":"p"},{"born":"c","kind":"q"},{"list":[1],"kind":"p","born":"d"}]}}"#
        )
        .unwrap(),
        r#"{"a":{"person":[{"born":1900,"kind":"p","list":["t:b"]},{"born":"c","kind":"q"},{"list":[1,"t:d"],"kind":"p","born":1900}]}}"#
    );
}

#[test]
fn a_gap_is_held_no_longer_than_lookahead() {
    let limits = Limits {
        lookahead: 64,
        ..Limits::default()
    };
    let plan = plan(BIRTH).unwrap();
    let far = format!(
        r#"{{"extension":[],"x":"{}","birthDate":"d"}}"#,
        "x".repeat(64)
    );
    assert_eq!(
        split(&plan, limits, &far),
        Err(ErrorKind::Lookahead { limit: 64 })
    );
    let after = format!(
        r#"{{"birthDate":"d","x":"{0}","extension":[],"y":"{0}"}}"#,
        "x".repeat(300)
    );
    let written = after
        .replace("[]", r#"[{"url":"u","s":"t:d"}]"#)
        .replace("\"d\"", "1900");
    assert_eq!(split(&plan, limits, &after).unwrap(), written);
    let early = format!(
        r#"{{"extension":[],"birthDate":"keep","x":"{}"}}"#,
        "x".repeat(300)
    );
    assert_eq!(split(&plan, limits, &early).unwrap(), early);
}

#[test]
fn what_cannot_be_written_or_found_again_does_not_load() {
    let refused = |at: &str, to: &str, write: &str| {
        let (index, which, _) = plan(&[(at, to, write)]).unwrap_err();
        assert_eq!(index, 0);
        which
    };
    for to in [
        "$.a",
        "$",
        "$.a.b",
        "$.l[*].x",
        "$.l[0][+]",
        "$..x[+]",
        "$.x[+].y",
        "x",
    ] {
        assert_eq!(refused("$.a", to, WRITE), Which::CompanionAt, "{to}");
    }
    assert_eq!(refused("$.a[*].b", "$.x[+]", WRITE), Which::CompanionAt);
    for write in [
        "{token}",
        r#"{"a":1}"#,
        r#"{"{token}":1}"#,
        r#"{"a":"{token}","b":"{token}"}"#,
        r#"{"a":"{token}""#,
        r#"{"a":{token}}"#,
        r#""\{token}""#,
    ] {
        assert_eq!(
            refused("$.a", "$.x[+]", write),
            Which::CompanionWrite,
            "{write}"
        );
    }
    assert_eq!(
        plan(&[("$.a", "$.x", WRITE), ("$.b", "$.x", WRITE)]).unwrap_err(),
        (1, Which::CompanionAt, Reason::Twice)
    );
    assert_eq!(
        plan(&[("$.a", "$.x", WRITE), ("$.x", "", "")]).unwrap_err(),
        (0, Which::CompanionAt, Reason::Nested)
    );
    assert!(plan(&[("$.a", "$.m.x[+]", WRITE), ("$.b", "$.m.y", WRITE)]).is_err());
}

fn form_plan(format: Format, places: &[(&str, &str, &str)]) -> Result<Plan, Which> {
    let selected = places
        .iter()
        .zip(0..)
        .map(|((at, to, write), id)| Selected {
            companion: Some((*to, *write)),
            ..Selected::new(at, PlaceId(id))
        });
    Plan::compile(format, selected).map_err(|(_, error)| error.which)
}

#[test]
fn i04_a_form_gets_a_field_of_its_own_or_fills_an_empty_one() {
    let places = [("born", "note", "see {token}"), ("died", "m[x]", "{token}")];
    let plan = form_plan(Format::Form, &places).unwrap();
    let form = |body: &str| split(&plan, Limits::default(), body);
    for (before, after) in [
        ("born=b&x=1", "born=1900&x=1&note=see+t%3Ab"),
        ("born=b&x=1&", "born=1900&x=1&note=see+t%3Ab"),
        ("note=&born=b", "note=see+t%3Ab&born=1900"),
        ("born=b&note=&y", "born=1900&note=see+t%3Ab&y"),
        (
            "died=d&born=b",
            "died=1900&born=1900&note=see+t%3Ab&m%5Bx%5D=t%3Ad",
        ),
        ("note=mine&born=", "note=mine&born="),
        ("note=mine&born=keep", "note=mine&born=keep"),
        ("note=&x=1", "note=&x=1"),
        ("", ""),
    ] {
        assert_eq!(form(before).unwrap(), after);
    }
    for taken in [
        "note=mine&born=b",
        "born=b&note=mine",
        "born=b&born=c",
        "note&born=b",
        "born=b&note",
    ] {
        assert_eq!(form(taken), Err(ErrorKind::CompanionTaken), "{taken}");
    }
    let limits = Limits {
        lookahead: 40,
        ..Limits::default()
    };
    let far = format!("note=&x={}&born=b", "x".repeat(40));
    assert_eq!(
        split(&plan, limits, &far),
        Err(ErrorKind::Lookahead { limit: 40 })
    );
    assert_eq!(
        form_plan(Format::Multipart, &places).unwrap_err(),
        Which::CompanionAt
    );
    for (at, to, write, which) in [
        ("a[*]", "b", "{token}", Which::CompanionAt),
        ("a", "a", "{token}", Which::CompanionAt),
        ("a", "b", "token", Which::CompanionWrite),
    ] {
        assert_eq!(
            form_plan(Format::Form, &[(at, to, write)]).unwrap_err(),
            which
        );
    }
}

/// What the rewriter should make of an element, by a tree.
fn expected(element: &mut Value) -> Option<()> {
    let object = element.as_object_mut()?;
    let mut tokens = Vec::new();
    for key in ["born", "died"] {
        let text = match object.get(key) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => continue,
        };
        if text != "keep" {
            object.insert(key.into(), json!(1900));
            tokens.push(json!({"url": "u", "s": format!("t:{text}")}));
        }
    }
    if !tokens.is_empty() {
        let list = object.entry("list").or_insert(Value::Null);
        if list.is_null() || *list == json!("") {
            *list = json!([]);
        }
        list.as_array_mut()?.append(&mut tokens);
    }
    Some(())
}

fn members() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        3 => "[a-zé\"\\\\]{1,5}".prop_map(Value::from),
        1 => Just(json!("keep")),
        1 => Just(json!("")),
        1 => (0..2000u32).prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let list = prop_oneof![
        Just(json!([])),
        Just(json!([1, {"list": []}])),
        Just(Value::Null),
        Just(json!("")),
        Just(json!("taken")),
        Just(json!({})),
    ];
    let member = prop_oneof![
        ("(born|died|x|é)", value).boxed(),
        (Just("list".to_owned()), list).boxed(),
    ];
    proptest::collection::vec(member, 0..6).prop_map(|members| {
        // The order of a set of members: those that come twice keep the first place.
        Value::Object(members.into_iter().collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn i04_what_is_put_is_what_a_tree_would_hold(
        mut elements in proptest::collection::vec(members(), 0..5),
        cuts in proptest::collection::vec(0..500usize, 0..10),
        pretty: bool,
        ask: bool,
    ) {
        let plan = plan(&[
            ("$[*].born", "$[*].list[+]", WRITE),
            ("$[*].died", "$[*].list[+]", WRITE),
        ]).unwrap();
        let body = if pretty {
            serde_json::to_string_pretty(&elements).unwrap()
        } else {
            serde_json::to_string(&elements).unwrap()
        };
        let cut = run(&plan, Limits::default(), ask, harness::cut(body.as_bytes(), &cuts));
        let whole = run(&plan, Limits::default(), false, [body.as_bytes()]);
        prop_assert_eq!(&cut, &whole);
        let wanted: Option<()> = elements.iter_mut().map(expected).collect();
        match (wanted, cut) {
            (Some(()), Ok(text)) => {
                let got: Vec<Value> = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(sorted(got), sorted(elements));
            }
            (None, Err(ErrorKind::CompanionTaken)) => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

/// Tokens are appended in the order of the body, which the tree does not keep.
fn sorted(mut elements: Vec<Value>) -> Vec<Value> {
    for element in &mut elements {
        if let Some(Value::Array(list)) = element.get_mut("list") {
            list.sort_by_key(Value::to_string);
        }
    }
    elements
}
