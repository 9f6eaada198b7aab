//! Plans: which bodies a plan takes, what its selectors may be; texts and queries, which need little more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::query::{self, Syntax};
use body::selector::Reason;
use body::{Error, ErrorKind, Format, Limits, PlaceId, Plan, Rewriter, Selected};
use harness::{Marker, at_every_split, limits, mark, places};

fn take(plan: &Plan, content_type: &str) -> Result<Box<dyn Rewriter>, ErrorKind> {
    let content_type = ContentType::parse(content_type.as_bytes());
    plan.rewriter(content_type.as_ref(), Limits::default())
        .map_err(|error| error.kind)
}

#[test]
fn formats_are_spelled_as_in_policies() {
    for format in Format::ALL.iter().copied() {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    assert!("JSON".parse::<Format>().is_err());
}

#[test]
fn selectors_are_read_by_their_format() {
    let compile = |format, texts: &[&str]| {
        Plan::compile(format, places(texts))
            .map_err(|(index, error)| (index, error.at, error.reason))
    };
    assert!(compile(Format::Json, &["$.a", "$.b"]).is_ok());
    assert_eq!(
        compile(Format::Json, &["$.a", "$.b", "$.a"]),
        Err((2, 0..3, Reason::Twice))
    );
    assert!(
        matches!(compile(Format::Json, &["$.a", "$.b[-1]"]), Err((1, range, _)) if range == (4..6))
    );
    assert!(matches!(compile(Format::Form, &["a[*"]), Err((0, range, _)) if range == (2..3)));
    assert_eq!(
        compile(Format::Multipart, &["a", "a"]),
        Err((1, 0..1, Reason::Twice))
    );
    assert!(compile(Format::Text, &["*"]).is_ok());
    assert!(matches!(compile(Format::Text, &["$"]), Err((0, _, _))));
    assert!(matches!(
        compile(Format::Text, &["*", "*"]),
        Err((1, _, Reason::Twice))
    ));
}

#[test]
fn i05_a_body_must_be_declared_as_what_the_route_protects() {
    let json = Plan::compile(Format::Json, places(&["$.a"])).unwrap();
    for good in [
        "application/json",
        "text/json;charset=UTF-8",
        "application/fhir+json; charset=\"utf-8\"",
    ] {
        assert!(take(&json, good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "text/plain",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "application/json, a/b",
    ] {
        assert_eq!(
            take(&json, bad).err(),
            Some(ErrorKind::ContentType),
            "{bad}"
        );
    }
    assert!(matches!(
        take(&json, "application/json; charset=utf-16").err(),
        Some(ErrorKind::Encoding { .. })
    ));
    let multipart = Plan::compile(Format::Multipart, places(&["a"])).unwrap();
    for bad in [
        "multipart/form-data",
        "multipart/byteranges; boundary=x",
        "multipart/form-data; boundary=\"\"",
    ] {
        assert_eq!(
            take(&multipart, bad).err(),
            Some(ErrorKind::ContentType),
            "{bad}"
        );
    }
    assert!(take(&multipart, "multipart/form-data; boundary=x").is_ok());
}

#[test]
fn a_text_is_one_value() {
    let plan = Plan::compile(Format::Text, places(&["*"])).unwrap();
    let rewrite = |body: &[u8]| at_every_split(|| take(&plan, "text/plain").unwrap(), body);
    let done = rewrite("été\n".as_bytes()).unwrap();
    assert_eq!(
        (done.texts(), done.text()),
        (vec!["été\n"], mark("été\n").as_str())
    );
    assert_eq!(rewrite(b"").unwrap().body, b"");
    for foreign in [&b"\xe9t\xe9"[..], b"a\0", b"\xef\xbb\xbf\xef\xbb\xbfa"] {
        assert_eq!(rewrite(foreign), Err(ErrorKind::Charset));
    }
}

fn query(
    selectors: &[(&str, Syntax)],
    text: &str,
) -> Result<(Vec<String>, Option<String>), ErrorKind> {
    let selectors = selectors
        .iter()
        .zip(0..)
        .map(|((name, syntax), id)| (Selected::new(name, PlaceId(id)), *syntax));
    let places = query::Places::compile(selectors).unwrap();
    let mut editor = Marker::default();
    let done =
        query::rewrite(text, &places, &mut editor, limits()).map_err(|Error { kind, .. }| kind)?;
    let text = done.map(|mut out| {
        let mut bytes = Vec::new();
        while let Some(piece) = body::Out::take(&mut out) {
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).unwrap()
    });
    Ok((
        editor.seen.into_iter().map(|(_, _, text)| text).collect(),
        text,
    ))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn i03_a_query_changes_at_its_places_only() {
    let plain = [("name", Syntax::Plain), ("f[*]", Syntax::Plain)];
    let (seen, text) = query(&plain, "a=%41&name=J%C3%A9+B&&f%5Bx%5D=1&name=").unwrap();
    assert_eq!(seen, ["Jé B", "1"]);
    let expected = format!(
        "a=%41&name={}&&f%5Bx%5D={}&name=",
        encoded(&mark("Jé B")),
        encoded(&mark("1"))
    );
    assert_eq!(text, Some(expected));
    assert_eq!(query(&plain, "a=1&name"), Ok((vec![], None)));
    assert_eq!(query(&plain, ""), Ok((vec![], None)));
    assert_eq!(query(&plain, "name=%e9").err(), Some(ErrorKind::Charset));
    assert!(query(&plain, "n%u0061me=x").is_err() && query(&plain, "name=%").is_err());
}

/// Knows every value by two texts.
struct Twofold;

impl body::Editor for Twofold {
    fn value(
        &mut self,
        _: body::Found<'_>,
        replacement: &mut Vec<u8>,
    ) -> Result<body::Edit, Error> {
        replacement.extend_from_slice(b"new");
        Ok(body::Edit::Replace)
    }

    fn alternatives(&mut self, _: PlaceId, value: &[u8], others: &mut Vec<Vec<u8>>) {
        others.push([b"old,", value].concat());
    }
}

#[test]
fn a_search_asks_for_all_that_a_value_is_known_by_where_it_can_say_or() {
    let ask = |syntax, text| {
        let places = query::Places::compile([(Selected::new("id", PlaceId(0)), syntax)]).unwrap();
        let mut out = query::rewrite(text, &places, &mut Twofold, limits())
            .unwrap()
            .unwrap();
        let pieces: Vec<u8> = std::iter::from_fn(|| out.take()).flatten().collect();
        String::from_utf8(pieces).unwrap()
    };
    assert_eq!(
        ask(Syntax::FhirToken, "id=urn%3ax%7Ca,b&y=1"),
        "id=urn%3ax%7Cnew,urn%3ax%7Cold%5C%2Ca,new,old%5C%2Cb&y=1"
    );
    assert_eq!(ask(Syntax::Plain, "id=a"), "id=new");
}

#[test]
fn a_token_search_is_protected_behind_its_systems() {
    let token = [("identifier", Syntax::FhirToken)];
    let mark = |text: &str| encoded(&mark(text).replace('\\', "\\\\"));
    let (seen, text) = query(&token, "identifier=urn%3aramq%7CT%2CE,urn:x|&x=urn|1").unwrap();
    assert_eq!(seen, ["T", "E"]);
    assert_eq!(
        text,
        Some(format!(
            "identifier=urn%3aramq%7C{}%2C{},urn:x|&x=urn|1",
            mark("T"),
            mark("E")
        ))
    );
    let (seen, _) = query(
        &token,
        "identifier:not=a%5C%2Cb&identifier:of-type=s|MR|7&identifier:missing=true",
    )
    .unwrap();
    assert_eq!(seen, ["a,b", "7"]);
    assert!(query(&token, "identifier:text=Jo").is_err());
    assert_eq!(
        query(&[("identifier", Syntax::Plain)], "identifier:not=x"),
        Ok((vec![], None))
    );
}
