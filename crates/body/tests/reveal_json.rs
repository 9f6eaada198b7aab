//! What is revealed in JSON, checked by a parser that shares no code with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use body::reveal::Counts;
use proptest::prelude::*;
use reveal_support::{HOSTILE, PIECES, Toy, chunked, fill, reveal, token};
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// The value at `pointer` of the revealed document, and the document with that value taken out.
fn at(document: &[u8], pointer: &str) -> (Value, Value) {
    let mut whole: Value = serde_json::from_slice(document).unwrap();
    let value = whole.pointer_mut(pointer).unwrap().take();
    (value, whole)
}

#[test]
fn i08_hostile_values_come_back_equal_and_change_nothing_else() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let page = format!(
            r#"{{"a":"{}","b":["x",{{"c":1}}],"d":"é"}}"#,
            toy.seal(value)
        );
        let revealed = chunked(JSON, page.as_bytes(), &mut toy);
        let (found, rest) = at(&revealed, "/a");
        assert_eq!(found, json!(value));
        assert_eq!(rest, json!({"a": null, "b": ["x", {"c": 1}], "d": "é"}));
        assert!(!revealed.contains(&b'<'), "inert in a script element");
    }
}

#[test]
fn i08_json_in_a_json_string_is_escaped_once_a_level() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let innermost = format!(r#"{{"n":"{}","m":[1]}}"#, toy.seal(value));
        let inner = json!({ "inner": innermost, "k": 2 }).to_string();
        let page = json!([{ "outer": inner }]).to_string();
        let revealed = chunked(JSON, page.as_bytes(), &mut toy);
        let (outer, _) = at(&revealed, "/0/outer");
        let (inner, rest) = at(outer.as_str().unwrap().as_bytes(), "/inner");
        assert_eq!(rest, json!({"inner": null, "k": 2}));
        let innermost: Value = serde_json::from_str(inner.as_str().unwrap()).unwrap();
        assert_eq!(innermost, json!({"n": value, "m": [1]}));
    }
}

#[test]
fn escaped_quotes_in_prose_are_not_json() {
    let mut toy = Toy::default();
    let page = json!({ "t": format!("he said \"{}\" twice", toy.seal("a\"b")) }).to_string();
    let revealed = chunked(JSON, page.as_bytes(), &mut toy);
    assert_eq!(at(&revealed, "/t").0, json!("he said \"a\"b\" twice"));
}

#[test]
fn numbers_and_booleans_come_back_without_quotes() {
    for (page, expected) in [
        (r#"{"a":"T"}"#, r#"{"a":42}"#),
        (r#"{"a": "T" , "b":1}"#, r#"{"a": 42 , "b":1}"#),
        (r#"["T","T"]"#, "[42,42]"),
        (r#""T""#, "42"),
        (r#"{"T":1}"#, r#"{"42":1}"#),
        (r#"{"T" : 1}"#, r#"{"42" : 1}"#),
        (r#"{"a":"T kg"}"#, r#"{"a":"42 kg"}"#),
        (r#"{"a":"TT"}"#, r#"{"a":"4242"}"#),
        (r#"{"a":"xT"}"#, r#"{"a":"x42"}"#),
        (r#"{"a":"{\"b\":\"T\"}"}"#, r#"{"a":"{\"b\":42}"}"#),
        (r#"{"a":"{\"T\":\"b\"}"}"#, r#"{"a":"{\"42\":\"b\"}"}"#),
        (r#"{"a":"said \"T\""}"#, r#"{"a":"said \"42\""}"#),
    ] {
        let mut toy = Toy::default();
        let page = page.replace('T', &toy.seal_number("42"));
        let revealed = chunked(JSON, page.as_bytes(), &mut toy);
        assert_eq!(String::from_utf8(revealed).unwrap(), expected);
    }
}

#[test]
fn a_number_that_json_cannot_spell_stays_a_string() {
    let mut toy = Toy::default();
    let page = format!(r#"{{"a":"{}"}}"#, toy.seal_number("1,5"));
    assert_eq!(chunked(JSON, page.as_bytes(), &mut toy), br#"{"a":"1,5"}"#);
}

#[test]
fn tokens_in_urls_stay() {
    for page in [
        r#"{"u":"https://a.example/x?y=T"}"#,
        r#"{"u":"http:\/\/a.example\/T"}"#,
        r#"{"u":"see https://a.example/T now"}"#,
    ] {
        let mut toy = Toy::default();
        let page = page.replace('T', &toy.seal("x"));
        let (revealed, counts) = reveal(JSON, &[page.as_bytes()], &mut toy);
        assert_eq!(String::from_utf8(revealed).unwrap(), page);
        assert_eq!(
            counts,
            Counts {
                left_in_url: 1,
                ..Counts::default()
            }
        );
        assert_eq!(toy.opened(), 0, "what stays is not opened");
    }
}

#[test]
fn what_does_not_open_stays() {
    let mut toy = Toy::default();
    let page = format!(r#"{{"a":"{}","b":"q12","c":"q123zz"}}"#, token(999_999));
    assert_eq!(chunked(JSON, page.as_bytes(), &mut toy), page.as_bytes());
}

#[test]
fn neighbouring_bytes_that_are_not_utf_8_stay() {
    let mut toy = Toy::default();
    let page = [
        b"{\"a\":\"\xff\xfe".as_slice(),
        toy.seal("\"").as_bytes(),
        b"\xc3\"}",
    ]
    .concat();
    assert_eq!(
        chunked(JSON, &page, &mut toy),
        b"{\"a\":\"\xff\xfe\\\"\xc3\"}"
    );
}

#[test]
fn i08_html_in_a_json_string_is_escaped_for_both_readers() {
    for (page, expected) in [
        (r#"{"h":"<p>T</p>"}"#, r"<p>&lt;i&gt;&#39;&quot;</p>"),
        (r#"{"h":"T<br>"}"#, r"&lt;i&gt;&#39;&quot;<br>"),
        (r#"{"h":"\u003cp\u003eT"}"#, r"<p>&lt;i&gt;&#39;&quot;"),
        (r#"{"h":"a&nbsp;T"}"#, r"a&nbsp;&lt;i&gt;&#39;&quot;"),
        (r#"{"h":"T &amp; co"}"#, r"&lt;i&gt;&#39;&quot; &amp; co"),
        (
            r#"{"h":"<a title=\"T\">"}"#,
            "<a title=\"&lt;i&gt;&#39;&quot;\">",
        ),
        (r#"{"h":"a < b T"}"#, "a < b <i>'\""),
        (r#"{"h":"T","i":"<p>"}"#, "<i>'\""),
        (r#"{"i":"<p>","h":"T"}"#, "<i>'\""),
    ] {
        let mut toy = Toy::default();
        let page = page.replace('T', &toy.seal("<i>'\""));
        let revealed = chunked(JSON, page.as_bytes(), &mut toy);
        assert_eq!(at(&revealed, "/h").0, json!(expected), "{page}");
    }
}

#[test]
fn i08_an_address_in_angle_brackets_is_no_tag() {
    for (page, address, expected) in [
        ("T <m@x.example>", "", "O'B <m@x.example>"),
        ("T <A>", "m@x.example", "O'B <m@x.example>"),
        (
            "T <A>",
            "img src=x onerror=alert(1)",
            "O'B <&#105;mg src=x onerror=alert(1)>",
        ),
        ("T <A>", "script", "O'B <&#115;cript>"),
        (
            "T \\u003cA\\u003e, T",
            "m@x.example",
            "O'B <m@x.example>, O'B",
        ),
        ("<b>T</b>", "", "<b>O&#39;B</b>"),
    ] {
        for later in [false, true] {
            let mut toy = Toy::default();
            toy.later = later;
            let page = page
                .replace('T', &toy.seal("O'B"))
                .replace('A', &toy.seal(address));
            let page = format!("{{\"a\":\"{page}\"}}");
            assert_eq!(
                at(&chunked(JSON, page.as_bytes(), &mut toy), "/a").0,
                json!(expected),
                "{page}"
            );
        }
    }
}

#[test]
fn urls_in_html_in_a_json_string_stay() {
    let mut toy = Toy::default();
    let page = r#"{"h":"<a href=\"/x?q=T\">y</a>"}"#.replace('T', &toy.seal("x"));
    let (revealed, counts) = reveal(JSON, &[page.as_bytes()], &mut toy);
    assert_eq!(String::from_utf8(revealed).unwrap(), page);
    assert_eq!(counts.left_in_url, 1);
}

#[test]
fn html_in_json_in_a_json_string_is_escaped_for_all_three() {
    let mut toy = Toy::default();
    let inner =
        json!({ "h": format!("<p>{}</p>", toy.seal("<i>\"\\")), "k": toy.seal("<i>") }).to_string();
    let page = json!({ "outer": inner }).to_string();
    let revealed = chunked(JSON, page.as_bytes(), &mut toy);
    let inner = at(&revealed, "/outer").0;
    let inner: Value = serde_json::from_str(inner.as_str().unwrap()).unwrap();
    assert_eq!(inner, json!({"h": "<p>&lt;i&gt;&quot;\\</p>", "k": "<i>"}));
}

#[test]
fn beyond_the_lookahead_html_is_assumed() {
    let limits = body::Limits {
        lookahead: 100,
        ..body::Limits::default()
    };
    let mut toy = Toy::default();
    let page = format!(r#"{{"h":"{}{}"}}"#, toy.seal("<"), "x".repeat(200));
    let chunks: Vec<&[u8]> = page.as_bytes().chunks(7).collect();
    let (split, _) = reveal_support::reveal_within(limits, JSON, &chunks, &mut toy);
    let (whole, _) = reveal_support::reveal_within(limits, JSON, &[page.as_bytes()], &mut toy);
    assert_eq!(split, whole);
    assert!(split.starts_with(br#"{"h":"\u0026lt;x"#));
}

#[test]
fn values_that_come_later_are_written_where_they_belong() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        toy.later = true;
        let page = format!(
            r#"{{"a":"{}","b":["<p>{}","{}"]}}"#,
            toy.seal(value),
            toy.seal("&"),
            toy.seal_number("7")
        );
        let revealed = chunked(JSON, page.as_bytes(), &mut toy);
        let found: Value = serde_json::from_slice(&revealed).unwrap();
        assert_eq!(found, json!({"a": value, "b": ["<p>&amp;", 7]}));
    }
}

/// Whether two documents are alike but for the text in them; JSON in a string of the first must be alike too.
fn alike(page: &Value, revealed: &Value) -> bool {
    match (page, revealed) {
        (Value::String(page), Value::String(revealed)) => match serde_json::from_str::<Value>(page)
        {
            Ok(inner) if inner.is_object() || inner.is_array() => {
                serde_json::from_str(revealed).is_ok_and(|revealed| alike(&inner, &revealed))
            }
            _ => true,
        },
        (Value::Array(page), Value::Array(revealed)) => {
            page.len() == revealed.len()
                && page
                    .iter()
                    .zip(revealed)
                    .all(|(page, revealed)| alike(page, revealed))
        }
        (Value::Object(page), Value::Object(revealed)) => {
            let same = |(key, value): (&String, &Value)| {
                revealed
                    .get(key)
                    .is_some_and(|revealed| alike(value, revealed))
            };
            page.len() == revealed.len() && page.iter().all(same)
        }
        (page, revealed) => page == revealed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn i08_no_document_changes_its_shape(
        strings in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 1..8), 4),
        values in prop::collection::vec(prop::sample::select(HOSTILE), 3),
        depth in 0..3_usize,
    ) {
        let mut toy = Toy::default();
        let tokens: Vec<String> = values.iter().map(|value| toy.seal(value)).collect();
        let strings: Vec<String> = strings.iter().map(|pieces| fill(pieces, &tokens)).collect();
        let mut page = json!([{ "a": strings[0], "b": [strings[1], 2] }, strings[2], { "c": { "d": strings[3] } }]);
        for _ in 0..depth {
            page = json!({ "a": page.to_string(), "b": strings[0] });
        }
        let (revealed, _) = reveal(JSON, &[page.to_string().as_bytes()], &mut toy);
        let found: Value = serde_json::from_slice(&revealed).unwrap();
        prop_assert!(alike(&page, &found), "{} became {}", page, String::from_utf8_lossy(&revealed));
    }
}
