//! Forms: values at places change, all else stays, at every chunking; what has two readings is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::{ErrorKind, Format, Limits, Plan, Rewriter};
use harness::{Marker, Rewritten, at_every_split, cut, feed, limits, mark, places};
use proptest::prelude::*;

fn plan(selectors: &[&str]) -> Plan {
    Plan::compile(Format::Form, places(selectors)).unwrap()
}

fn rewriter(plan: &Plan, limits: Limits) -> Box<dyn Rewriter> {
    let content_type = ContentType::parse(b"application/x-www-form-urlencoded; charset=UTF-8");
    plan.rewriter(content_type.as_ref(), limits).unwrap()
}

fn rewrite(selectors: &[&str], body: &[u8]) -> Result<Rewritten, ErrorKind> {
    let plan = plan(selectors);
    at_every_split(|| rewriter(&plan, limits()), body)
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn i03_all_but_the_values_at_places_stays_as_it_came() {
    let body = b"a=%7e~&&person%5Bname%5D=Ann%C3%A9e+T&x&=y&person[name]=&b=%zz&n%61me=1&";
    let done = rewrite(&["person[name]", "name"], body).unwrap();
    assert_eq!(done.texts(), ["Année T", "1"]);
    let expected = format!(
        "a=%7e~&&person%5Bname%5D={}&x&=y&person[name]=&b=%zz&n%61me={}&",
        encoded(&mark("Année T")),
        encoded(&mark("1"))
    );
    assert_eq!(done.text(), expected);
}

#[test]
fn each_value_of_a_repeated_name_is_protected() {
    assert_eq!(
        rewrite(&["a"], b"a=1&a=2&a=1").unwrap().texts(),
        ["1", "2", "1"]
    );
}

#[test]
fn a_star_names_a_family() {
    let done = rewrite(
        &["items[*][name]"],
        b"items[0][name]=a&items%5B1%5D[name]=b&items[0][age]=3",
    )
    .unwrap();
    assert_eq!(done.texts(), ["a", "b"]);
}

#[test]
fn i05_what_has_two_readings_is_refused() {
    let syntax = Err(ErrorKind::Syntax {
        expected: "two hexadecimal digits after `%`",
    });
    assert_eq!(rewrite(&["a"], b"a=%zz"), syntax);
    assert_eq!(rewrite(&["a"], b"a=%4"), syntax);
    assert_eq!(rewrite(&["a"], b"%u0061=x"), syntax);
    assert_eq!(rewrite(&["a"], b"a=%e9"), Err(ErrorKind::Charset));
    assert_eq!(
        rewrite(&["pr\u{e9}nom"], b"pr%e9nom=x"),
        Err(ErrorKind::Charset)
    );
    assert_eq!(
        rewrite(&["pr\u{e9}nom"], b"pr\xe9nom=x"),
        Err(ErrorKind::Charset)
    );
}

#[test]
fn i13_limits_are_kept_and_say_so() {
    let plan = plan(&["a"]);
    let limits = Limits {
        value: 4,
        lookahead: 6,
        ..Limits::default()
    };
    let within = |body: &[u8]| at_every_split(|| rewriter(&plan, limits), body);
    assert!(within(b"a=1234&bbbbbb=12345678").is_ok());
    assert_eq!(
        within(b"a=12345"),
        Err(ErrorKind::ValueTooLong { limit: 4 })
    );
    assert_eq!(within(b"bbbbbbb=1"), Err(ErrorKind::Lookahead { limit: 6 }));
}

#[test]
fn holes_are_filled_where_they_stand() {
    let plan = plan(&["a"]);
    let editor = Marker {
        pending: true,
        ..Marker::default()
    };
    let done = feed(
        rewriter(&plan, limits()),
        editor,
        b"x=1&a=abc&y=2&a=d".chunks(3),
    )
    .unwrap();
    assert_eq!(done.text(), "x=1&a=answer3&y=2&a=answer1");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i04_an_independent_parser_reads_what_was_written(
        pairs in prop::collection::vec(("[ab]|a\\[[xé]?\\]", "[a-c&=+% é😀]{0,5}"), 0..6),
        offsets in prop::collection::vec(0..4096usize, 0..6),
    ) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let plan = plan(&["a", "a[*]"]);
        let whole = feed(rewriter(&plan, limits()), Marker::default(), [body.as_bytes()]).unwrap();
        let split = feed(rewriter(&plan, limits()), Marker::default(), cut(body.as_bytes(), &offsets)).unwrap();
        prop_assert_eq!(&whole, &split);
        let read: Vec<_> = form_urlencoded::parse(&whole.body).into_owned().collect();
        let expected: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| if name == "b" || value.is_empty() { (name, value) } else { (name, mark(&value)) })
            .collect();
        prop_assert_eq!(read, expected);
    }
}

#[test]
fn i05_a_field_that_overrides_the_method_is_refused_unless_it_is_a_place() {
    for field in [
        "_method=PUT",
        "%5fmethod=PUT",
        "_met%68od",
        "$httpMethod=x",
        "%24httpMethod=x",
    ] {
        for body in [field.to_owned(), format!("a=1&{field}&name=b")] {
            let refused = rewrite(&["name"], body.as_bytes());
            assert_eq!(refused, Err(ErrorKind::MethodOverride), "{body}");
        }
    }
    let body = b"_methods=a&method=b&a_method=c&httpMethod=d&name=e";
    assert_eq!(rewrite(&["name"], body).unwrap().texts(), ["e"]);
    let done = rewrite(&["name", "_method"], b"_method=PUT&name=a");
    assert_eq!(done.unwrap().texts(), ["PUT", "a"]);
}
