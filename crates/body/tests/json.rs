//! JSON bodies: what is at places changes and nothing else does, at every chunking; what is no JSON is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use std::sync::Arc;

use body::json::{Path, Places, Stream};
use body::{ErrorKind, Limits, PlaceId, Rewriter, ValueType};
use harness::{Marker, Rewritten, at_every_split, cut, feed, mark};
use proptest::prelude::*;
use serde_json::Value;

fn compile(selectors: &[&str]) -> Arc<Places> {
    let paths = selectors
        .iter()
        .zip(0..)
        .map(|(text, id)| (Path::parse(text).unwrap(), PlaceId(id)));
    Arc::new(Places::compile(paths.collect()).unwrap())
}

fn stream(places: &Arc<Places>, limits: Limits) -> Box<dyn Rewriter> {
    Box::new(Stream::new(Arc::clone(places), limits))
}

fn rewrite_within(selectors: &[&str], body: &[u8], limits: Limits) -> Result<Rewritten, ErrorKind> {
    let places = compile(selectors);
    at_every_split(|| stream(&places, limits), body)
}

fn rewrite(selectors: &[&str], body: &str) -> Result<Rewritten, ErrorKind> {
    rewrite_within(selectors, body.as_bytes(), Limits::default())
}

fn texts(selectors: &[&str], body: &str) -> Vec<String> {
    rewrite(selectors, body)
        .unwrap()
        .seen
        .into_iter()
        .map(|(_, _, text)| text)
        .collect()
}

#[test]
fn i03_all_but_the_values_at_places_stays_as_it_came() {
    let body = " {\"a\" :\t{\"name\":\"Ann\\u00e9e\",\"n\":1.50e+3 ,\"x\":\"\\u0041\\/\"},\r\n \"b\":[ ] } ";
    let done = rewrite(&["$.a.name", "$.b[*]"], body).unwrap();
    assert_eq!(done.texts(), ["Année"]);
    let expected = body.replace(
        "\"Ann\\u00e9e\"",
        &serde_json::to_string(&mark("Année")).unwrap(),
    );
    assert_eq!(done.text(), expected);
}

#[test]
fn numbers_and_booleans_are_reported_in_their_spelling_and_nothing_for_null_and_empty() {
    let body = r#"{"a":[1.50,true,false,null,"","x",-0]}"#;
    let done = rewrite(&["$.a[*]"], body).unwrap();
    let seen: Vec<_> = done
        .seen
        .iter()
        .map(|(_, kind, text)| (*kind, text.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (ValueType::Number, "1.50"),
            (ValueType::Boolean, "true"),
            (ValueType::Boolean, "false"),
            (ValueType::String, "x"),
            (ValueType::Number, "-0"),
        ]
    );
    let value: Value = serde_json::from_slice(&done.body).unwrap();
    assert_eq!(value["a"][0], mark("1.50"));
    assert_eq!(
        (&value["a"][3], &value["a"][4]),
        (&Value::Null, &Value::from(""))
    );
}

#[test]
fn a_place_may_be_the_whole_body() {
    assert_eq!(texts(&["$"], " 12 "), ["12"]);
    assert_eq!(texts(&["$"], "12"), ["12"]);
    assert_eq!(texts(&["$"], "\"a\""), ["a"]);
    assert_eq!(rewrite(&["$"], "[]"), Err(ErrorKind::NotALeaf));
}

#[test]
fn steps_lead_where_the_standard_says() {
    let body =
        r#"{"a":[{"b":"1","c":{"b":"2"}},{"b":"3"}],"b":"4","d":{"x":{"b":"5"},"0":{"b":"6"}}}"#;
    assert_eq!(texts(&["$.a[*].b"], body), ["1", "3"]);
    assert_eq!(texts(&["$.a[1].b"], body), ["3"]);
    assert_eq!(texts(&["$.d[0].b"], body), Vec::<String>::new());
    assert_eq!(texts(&["$.d['0'].b"], body), ["6"]);
    assert_eq!(texts(&["$.d.*.b"], body), ["5", "6"]);
    assert_eq!(texts(&["$..b"], body), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(texts(&["$..c.b", "$..d..b"], body), ["2", "5", "6"]);
    assert_eq!(texts(&["$..[1].b"], body), ["3"]);
    assert_eq!(texts(&["$.*[0].b"], body), ["1"]);
}

#[test]
fn the_first_place_of_the_policy_counts_where_two_meet() {
    let done = rewrite(&["$.a[0]", "$.a[*]"], r#"{"a":["x","y"]}"#).unwrap();
    let ids: Vec<_> = done.seen.iter().map(|(id, _, _)| *id).collect();
    assert_eq!(ids, [0, 1]);
}

const IDENTIFIER: &str = "$.identifier[?@.system == 'urn:ramq'].value";

#[test]
fn what_decides_may_stand_before_or_after_the_value() {
    for element in [
        r#"{"system":"urn:ramq","value":"T"}"#,
        r#"{"value":"T","system":"urn:ramq"}"#,
        r#"{"x":[{"system":"no"}],"value":"T","s\u0079stem":"urn:r\u0061mq","y":{}}"#,
    ] {
        let body = format!(
            r#"{{"identifier":[{{"value":"no"}},{element},7,[],{{"system":"urn:x","value":"n"}}]}}"#
        );
        assert_eq!(texts(&[IDENTIFIER], &body), ["T"], "{body}");
    }
}

#[test]
fn several_filters_and_other_places_share_an_element() {
    let selectors = [
        IDENTIFIER,
        "$.identifier[?@.system == 'urn:chart'].value",
        "$.identifier[*].note",
        "$..secret",
    ];
    let body = r#"{"identifier":[{"value":"1","note":"n1","system":"urn:chart","secret":"s"},
        {"note":"n2","system":"urn:ramq","value":"2"},{"note":"n3","value":"3"}]}"#;
    let done = rewrite(&selectors, body).unwrap();
    let seen: Vec<_> = done
        .seen
        .iter()
        .map(|(id, _, text)| (*id, text.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (1, "1"),
            (2, "n1"),
            (3, "s"),
            (2, "n2"),
            (0, "2"),
            (2, "n3")
        ]
    );
}

#[test]
fn filters_compare_every_type_and_all_must_hold() {
    let body = r#"[{"k":1.0,"v":"a"},{"k":"1","v":"b"},{"v":"c","k":true},{"k":null,"v":"d"},{"k":{"z":10e-1},"v":"e"}]"#;
    assert_eq!(texts(&["$[?@.k == 1].v"], body), ["a"]);
    assert_eq!(texts(&["$[?@.k == '1'].v"], body), ["b"]);
    assert_eq!(texts(&["$[?@.k == true].v"], body), ["c"]);
    assert_eq!(texts(&["$[?@.k == null].v"], body), ["d"]);
    assert_eq!(texts(&["$[?@.k.z == 1].v"], body), ["e"]);
    assert_eq!(texts(&["$[?@.k == 1 && @.v == 'a'].v"], body), ["a"]);
    assert_eq!(
        texts(&["$[?@.k == 1 && @.v == 'b'].v"], body),
        Vec::<String>::new()
    );
}

#[test]
fn filters_stand_within_filters_and_under_descent() {
    let body = r#"{"e":[{"r":{"i":[{"v":"1","s":"x"},{"v":"2","s":"y"}],"i2":0},"t":"P"},
        {"r":{"i":[{"v":"3","s":"x"}]},"t":"Q"}]}"#;
    assert_eq!(texts(&["$.e[?@.t == 'P'].r.i[?@.s == 'x'].v"], body), ["1"]);
    assert_eq!(texts(&["$..i[?@.s == 'x'].v"], body), ["1", "3"]);
    assert_eq!(texts(&["$..e[?@.t == 'Q']..v"], body), ["3"]);
    assert_eq!(
        texts(&["$.e[?@.t == 'P'].r[?@.none == 1].v"], body),
        Vec::<String>::new()
    );
}

#[test]
fn filters_choose_among_members_of_an_object_too() {
    let body = r#"{"p":{"one":{"v":"1","k":"x"},"two":{"k":"y","v":"2"}}}"#;
    assert_eq!(texts(&["$.p[?@.k == 'x'].v"], body), ["1"]);
}

#[test]
fn a_key_that_stands_twice_is_refused_only_where_it_matters() {
    let twice = Err(ErrorKind::DuplicateKey);
    assert_eq!(
        rewrite(&["$.a.b"], r#"{"a":{"b":"1","\u0062":"2"}}"#),
        twice
    );
    assert_eq!(
        rewrite(&["$.a.b"], r#"{"a":{"b":null},"c":0,"a":{}}"#),
        twice
    );
    assert_eq!(rewrite(&["$..b"], r#"{"a":{"b":"1","b":"1"}}"#), twice);
    assert_eq!(
        rewrite(
            &[IDENTIFIER],
            r#"{"identifier":[{"system":"a","system":"b"}]}"#
        ),
        twice
    );
    assert_eq!(
        rewrite(
            &[IDENTIFIER],
            r#"{"identifier":[{"system":"urn:ramq","x":1,"system":"b"}]}"#
        ),
        twice
    );
    assert!(
        rewrite(
            &["$.a.b"],
            r#"{"x":1,"x":2,"a":{"c":1,"c":2,"b":"v"},"b":1,"b":2}"#
        )
        .is_ok()
    );
    assert!(rewrite(&["$.a[*].b"], r#"{"a":[{"b":"1"},{"b":"2"}]}"#).is_ok());
}

#[test]
fn many_names_in_one_object_are_each_known() {
    let selectors: Vec<_> = (0..130).map(|n| format!("$.k{n}")).collect();
    let selectors: Vec<_> = selectors.iter().map(String::as_str).collect();
    assert_eq!(
        rewrite(&selectors, r#"{"k0":"a","k64":"b","k129":"c"}"#)
            .unwrap()
            .texts(),
        ["a", "b", "c"]
    );
    assert_eq!(
        rewrite(&selectors, r#"{"k129":"a","k1":"b","k129":"c"}"#),
        Err(ErrorKind::DuplicateKey)
    );
}

#[test]
fn i05_an_object_or_array_at_a_leafs_place_is_refused() {
    for body in [r#"{"a":{}}"#, r#"{"a":[]}"#, r#"{"a":["x"]}"#] {
        assert_eq!(rewrite(&["$.a"], body), Err(ErrorKind::NotALeaf));
    }
}

#[test]
fn i05_half_a_surrogate_pair_is_refused_at_a_place_and_passes_elsewhere() {
    let body = r#"{"a":"x\ud83dy","b\udc00":1}"#;
    assert_eq!(rewrite(&["$.a"], body), Err(ErrorKind::Charset));
    assert_eq!(rewrite(&["$.b", "$.c"], body).unwrap().text(), body);
}

#[test]
fn i05_other_charsets_are_refused() {
    let utf16: Vec<u8> = "{\"a\":1}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let utf16_big: Vec<u8> = "{\"a\":1}"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let cases: [&[u8]; 7] = [
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        &utf16,
        &utf16_big,
        b"{\"a\":\"\xe9\"}",
        b"{\"a\":\"\xc3\"}",
        b"{\0}",
    ];
    for body in cases {
        assert_eq!(
            rewrite_within(&["$.a"], body, Limits::default()),
            Err(ErrorKind::Charset),
            "{body:?}"
        );
    }
}

#[test]
fn i13_limits_are_kept_and_say_so() {
    let limits = Limits {
        value: 10,
        lookahead: 40,
        depth: 4,
        ..Limits::default()
    };
    let within =
        |selectors: &[&str], body: &str| rewrite_within(selectors, body.as_bytes(), limits);
    assert!(within(&["$.a"], r#"{"a":"12345678"}"#).is_ok());
    assert_eq!(
        within(&["$.a"], r#"{"a":"123456789"}"#),
        Err(ErrorKind::ValueTooLong { limit: 10 })
    );
    assert!(within(&["$.a"], r#"{"b":"1234567890123456789"}"#).is_ok());
    assert!(within(&["$.a"], "[[[[]]]]").is_ok());
    assert_eq!(
        within(&["$.a"], "[[[[[]]]]]"),
        Err(ErrorKind::Depth { limit: 4 })
    );
    let far = r#"[{"v":"1","x":"123456789012345678901234567890","k":1}]"#;
    assert_eq!(
        within(&["$[?@.k == 1].v"], far),
        Err(ErrorKind::Lookahead { limit: 40 })
    );
    let near = r#"[{"k":1,"v":"1","x":"123456789012345678901234567890"}]"#;
    assert!(within(&["$[?@.k == 1].v"], near).is_ok());
}

#[test]
fn holes_stand_between_quotes() {
    let places = compile(&["$.a", "$.b"]);
    let editor = Marker {
        pending: true,
        ..Marker::default()
    };
    let body: &[u8] = br#"{"a":"xyz","b":12}"#;
    let done = feed(stream(&places, Limits::default()), editor, body.chunks(2)).unwrap();
    assert_eq!(done.text(), r#"{"a":"answer3","b":"answer2"}"#);
}

/// After the cases of JSONTestSuite: each is refused.
#[test]
fn i05_what_is_no_json_is_refused() {
    let cases: &[&[u8]] = &[
        b"",
        b" ",
        b"{",
        b"}",
        b"[",
        b"]",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[1",
        b"[1,",
        b"{\"a\"}",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"{\"a\" 1}",
        b"{a:1}",
        b"{'a':1}",
        b"{1:1}",
        b"{\"a\":1 \"b\":2}",
        b"{\"a\":1]",
        b"[1}",
        b"{}}",
        b"[][]",
        b"{}x",
        b"1 2",
        b"01",
        b"-",
        b"-01",
        b"+1",
        b".5",
        b"1.",
        b"1.e1",
        b"1e",
        b"1e+",
        b"0x1",
        b"1_0",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"tru",
        b"True",
        b"truee",
        b"nul",
        b"falsy",
        b"\"",
        b"\"a",
        b"\"\\\"",
        b"\"\\x\"",
        b"\"\\u12\"",
        b"\"\\u12g4\"",
        b"\"a\nb\"",
        b"\"\t\"",
        b"\"\x00\"",
        b"'a'",
        b"/**/1",
        b"1//",
        b"[1]\x0c",
        b"\x0b1",
        b"\"\\\n\"",
        b"{\"a\":1,,\"b\":2}",
        b"{,}",
        b"[,]",
        b"{\"a\":\"b\":1}",
        b"\"a\"b",
        b"\\u0031",
        b"[\"a\",\n4,\n1,1",
        b"-x",
        b"1e1.5",
        b"1eE2",
        b"--1",
    ];
    for case in cases {
        assert!(
            serde_json::from_slice::<Value>(case).is_err(),
            "the oracle takes {case:?}"
        );
        for selectors in [
            &["$"][..],
            &["$.a", "$[*].b"],
            &["$..k"],
            &["$[?@.a == 1].b", "$.a[?@.b == 1].c"],
        ] {
            let done = rewrite_within(selectors, case, Limits::default());
            assert!(
                done.is_err(),
                "{:?} by {selectors:?}: {done:?}",
                String::from_utf8_lossy(case)
            );
        }
    }
}

/// Values with keys that the selectors below know.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-4000..4000i32).prop_map(|number| Value::from(f64::from(number) / 8.0)),
        "[abx\"\\\\\u{7}é😀 ]{0,6}".prop_map(Value::from),
        Just(Value::from("x")),
    ];
    leaf.prop_recursive(5, 60, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[abckv]|ab", inner, 0..5).prop_map(|members| Value::from(
                members.into_iter().collect::<serde_json::Map<_, _>>()
            )),
        ]
    })
}

/// Marks the values at a path, by the tree: the oracle for the walk.
fn mark_tree(value: &mut Value, steps: &[&str], seen: &mut Vec<String>) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        let text = match &*value {
            Value::Array(_) | Value::Object(_) => return false,
            Value::Null => return true,
            Value::String(text) if text.is_empty() => return true,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        *value = Value::from(mark(&text));
        seen.push(text);
        return true;
    };
    let matches = |key: &str, child: &Value| match step.strip_prefix('?') {
        Some(_) => child.get("k") == Some(&Value::from("x")),
        None => *step == "*" || *step == key,
    };
    match value {
        Value::Object(members) => members
            .iter_mut()
            .filter(|(key, child)| matches(key, child))
            .all(|(_, child)| mark_tree(child, rest, seen)),
        Value::Array(elements) => elements
            .iter_mut()
            .filter(|child| matches("", child))
            .all(|child| mark_tree(child, rest, seen)),
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i03_i04_the_walk_edits_what_the_tree_says(
        value in values(),
        path in prop::sample::select(vec![
            ("$.a", "a"), ("$.a.b", "a b"), ("$[*].v", "* v"), ("$.*.*", "* *"), ("$.a[?@.k == 'x'].v", "a ? v"),
            ("$[?@.k == 'x'][?@.k == 'x'].v", "? ? v"), ("$[?@.k == 'x'].a.v", "? a v"), ("$.a[*].b", "a * b"),
        ]),
        pretty: bool,
        offsets in prop::collection::vec(0..4096usize, 0..8),
    ) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let steps: Vec<_> = path.1.split(' ').collect();
        let (mut expected, mut seen) = (value, Vec::new());
        let leaf = mark_tree(&mut expected, &steps, &mut seen);
        let places = compile(&[path.0]);
        let whole = feed(stream(&places, Limits::default()), Marker::default(), [text.as_bytes()]);
        let split = feed(stream(&places, Limits::default()), Marker::default(), cut(text.as_bytes(), &offsets));
        prop_assert_eq!(&whole, &split);
        prop_assert_eq!(whole.is_ok(), leaf);
        if let Ok(done) = whole {
            prop_assert_eq!(serde_json::from_slice::<Value>(&done.body).unwrap(), expected);
            prop_assert_eq!(done.texts(), seen);
        }
    }

    #[test]
    fn i04_i05_what_the_oracle_refuses_is_refused(
        value in values(),
        edits in prop::collection::vec((0..4096usize, any::<prop::sample::Index>(), 0..4u8), 0..3),
        offsets in prop::collection::vec(0..4096usize, 0..6),
    ) {
        const POOL: &[u8] = b"{}[]:,\"\\/u0a-+.eE1tfn \n\t\0\x1f\x80\xc3\xa9\xff";
        let mut text = serde_json::to_vec(&value).unwrap();
        for (at, byte, how) in edits {
            let at = at % (text.len() + 1);
            let byte = POOL[byte.index(POOL.len())];
            match how {
                0 if at < text.len() => text[at] = byte,
                1 if at < text.len() => { text.remove(at); }
                2 => text.truncate(at),
                _ => text.insert(at, byte),
            }
        }
        let oracle = std::str::from_utf8(&text)
            .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
        let places = compile(&["$.zz", "$[?@.zz == 1].yy"]);
        let whole = feed(stream(&places, Limits::default()), Marker::default(), [text.as_slice()]);
        let split = feed(stream(&places, Limits::default()), Marker::default(), cut(&text, &offsets));
        prop_assert_eq!(&whole, &split);
        prop_assert_eq!(whole.is_ok(), oracle, "{:?}", String::from_utf8_lossy(&text));
        if let Ok(done) = whole {
            prop_assert_eq!(done.body, text);
        }
    }
}
