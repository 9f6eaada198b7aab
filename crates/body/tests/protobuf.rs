//! Protocol Buffers and gRPC: what a second writer writes is rewritten at its places and nowhere else.
#![allow(
    clippy::unwrap_used,
    reason = "tests stop at what they did not foresee"
)]

mod harness;

use body::content_type::ContentType;
use body::selector::Reason;
use body::{ErrorKind, Format, Limits, PlaceId, Plan, Rewriter};
use harness::{Marker, at_every_split, feed, mark, places};
use proptest::prelude::*;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Person {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint64, tag = "2")]
    id: u64,
    #[prost(message, repeated, tag = "3")]
    phones: Vec<Phone>,
    #[prost(fixed32, tag = "4")]
    code: u32,
    #[prost(double, tag = "5")]
    weight: f64,
    #[prost(bytes, tag = "2000")]
    photo: Vec<u8>,
    #[prost(map = "string, string", tag = "7")]
    notes: std::collections::HashMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct Phone {
    #[prost(string, tag = "1")]
    number: String,
    #[prost(int32, tag = "2")]
    kind: i32,
    #[prost(message, optional, boxed, tag = "3")]
    other: Option<Box<Phone>>,
}

fn plan(format: Format, selectors: &[&str]) -> Plan {
    Plan::compile(format, places(selectors)).unwrap()
}

fn rewriter(plan: &Plan, limits: Limits) -> Box<dyn Rewriter> {
    let name = match plan.format() {
        Format::Grpc => "application/grpc",
        _ => "application/x-protobuf",
    };
    let content_type = ContentType::parse(name.as_bytes());
    plan.rewriter(content_type.as_ref(), limits).unwrap()
}

const PATHS: [&str; 4] = ["1", "3.1", "3.3.1", "7.2"];

fn rewritten(body: &[u8]) -> Result<harness::Rewritten, ErrorKind> {
    let plan = plan(Format::Protobuf, &PATHS);
    at_every_split(|| rewriter(&plan, Limits::default()), body)
}

fn person() -> Person {
    let phone = |number: &str, other| Phone {
        number: number.to_owned(),
        kind: -1,
        other,
    };
    Person {
        name: "Zoé".to_owned(),
        id: 1 << 40,
        phones: vec![
            phone("418", Some(Box::new(phone("514", None)))),
            phone("", None),
            phone("450", None),
        ],
        code: 7,
        weight: 1.5,
        photo: vec![0xFF; 200],
        notes: [("key".to_owned(), "note".to_owned())].into(),
    }
}

fn marked(person: &Person) -> Person {
    let mut person = person.clone();
    let change = |text: &mut String| {
        if !text.is_empty() {
            *text = mark(text);
        }
    };
    change(&mut person.name);
    for phone in &mut person.phones {
        change(&mut phone.number);
        if let Some(other) = &mut phone.other {
            change(&mut other.number);
        }
    }
    person.notes.values_mut().for_each(change);
    person
}

#[test]
fn i03_i04_values_at_paths_are_replaced_and_lengths_follow() {
    let rewritten = rewritten(&person().encode_to_vec()).unwrap();
    assert_eq!(rewritten.texts(), ["Zoé", "418", "514", "450", "note"]);
    let after = Person::decode(rewritten.body.as_slice()).unwrap();
    assert_eq!(after, marked(&person()));
}

#[test]
fn a_hole_is_filled_before_the_lengths_around_it_are_known() {
    let plan = plan(Format::Protobuf, &PATHS);
    let editor = Marker {
        pending: true,
        ..Marker::default()
    };
    let body = person().encode_to_vec();
    let left = feed(rewriter(&plan, Limits::default()), editor, body.chunks(5)).unwrap();
    let after = Person::decode(left.body.as_slice()).unwrap();
    assert_eq!(after.name, "answer4");
    assert_eq!(after.phones[0].other.as_ref().unwrap().number, "answer3");
    assert_eq!(after.photo, person().photo);
}

#[test]
fn i03_what_is_unknown_is_kept_and_what_stands_twice_is_protected_twice() {
    // An unknown field, a tag and a length spelled longer than they must be, a name that comes again.
    let body = [
        &[0x98, 0x06, 0x01][..],
        &[0x8A, 0x00, 0x81, 0x00, b'a'],
        &[0xA2, 0x06, 0x02, 0x01, 0x02],
        &[0x0A, 0x01, b'b'],
        &[0x0A, 0x00],
    ]
    .concat();
    let rewritten = rewritten(&body).unwrap();
    assert_eq!(rewritten.texts(), ["a", "b"]);
    let (a, b) = (mark("a"), mark("b"));
    let length = u8::try_from(a.len()).unwrap();
    let expected = [
        &[0x98, 0x06, 0x01][..],
        &[0x8A, 0x00, length],
        a.as_bytes(),
        &[0xA2, 0x06, 0x02, 0x01, 0x02],
        &[0x0A, length],
        b.as_bytes(),
        &[0x0A, 0x00],
    ]
    .concat();
    assert_eq!(rewritten.body, expected);
}

#[test]
fn i05_what_cannot_be_read_is_refused() {
    let syntax = |body: &[u8]| {
        let error = rewritten(body).unwrap_err();
        assert!(
            matches!(error, ErrorKind::Syntax { .. }),
            "{body:?}: {error:?}"
        );
    };
    syntax(&[0x0A]);
    syntax(&[0x0A, 0x02, b'a']);
    syntax(&[0x08, 0x01]);
    syntax(&[0x0D, 0, 0, 0, 0]);
    syntax(&[0x00, 0x01]);
    syntax(&[0x13, 0x14]);
    syntax(&[0x16]);
    syntax(&[
        0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01,
    ]);
    // A message on the way to a place that is none: a packed list, a text, one cut short.
    syntax(&[0x1A, 0x02, 0x0A, 0x05]);
    syntax(&[0x1A, 0x03, 0x01, 0x02, 0x03]);
    syntax(&[0x1A, 0x02, 0x08, 0x01]);
    syntax(&[0x18, 0x01]);
    assert_eq!(
        rewritten(&[0x0A, 0x01, 0xFF]).unwrap_err(),
        ErrorKind::Charset
    );
    let limits = Limits {
        value: 10,
        ..Limits::default()
    };
    let plan = plan(Format::Protobuf, &["1"]);
    let body = Person {
        name: "longer than ten".to_owned(),
        ..Person::default()
    };
    let left = feed(
        rewriter(&plan, limits),
        Marker::default(),
        [body.encode_to_vec().as_slice()],
    );
    assert_eq!(left.unwrap_err(), ErrorKind::ValueTooLong { limit: 10 });
}

#[test]
fn nesting_is_followed_to_a_limit() {
    let path = vec!["3"; 20].join(".");
    let plan = plan(Format::Protobuf, &[&path]);
    let mut body = vec![0x1A, 0x01, b'a'];
    for _ in 1..20 {
        body = [&[0x1A, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
    }
    let of = |depth| {
        let limits = Limits {
            depth,
            ..Limits::default()
        };
        feed(
            rewriter(&plan, limits),
            Marker::default(),
            [body.as_slice()],
        )
    };
    assert_eq!(of(64).unwrap().texts(), ["a"]);
    assert_eq!(of(10).unwrap_err(), ErrorKind::Depth { limit: 10 });
}

#[test]
fn paths_are_numbers_and_name_one_thing_once() {
    let fault = |selectors: &[&str]| {
        let (index, error) = Plan::compile(Format::Protobuf, places(selectors)).unwrap_err();
        (index, error.at, error.reason)
    };
    for selector in ["", "a", "1.", ".1", "0", "01", "1..2", "536870912", "1.*"] {
        let (_, _, reason) = fault(&[selector]);
        assert!(matches!(reason, Reason::Expected { .. }), "{selector}");
    }
    assert_eq!(fault(&["1.2", "1.2"]), (1, 0..3, Reason::Twice));
    assert_eq!(fault(&["1.2", "1"]), (1, 0..1, Reason::Nested));
    assert_eq!(fault(&["1", "1.2"]), (1, 0..3, Reason::Nested));
    assert!(Plan::compile(Format::Protobuf, [("536870911", PlaceId(0))]).is_ok());
}

/// A message as gRPC sends it.
fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag], &length[..], message].concat()
}

#[test]
fn i04_each_message_of_a_grpc_stream_is_rewritten() {
    let plan = plan(Format::Grpc, &PATHS);
    let small = Person {
        id: 3,
        ..Person::default()
    };
    let body = [
        framed(0, &person().encode_to_vec()),
        framed(0, b""),
        framed(0, &small.encode_to_vec()),
        framed(0, &person().encode_to_vec()),
    ]
    .concat();
    let rewritten = at_every_split(|| rewriter(&plan, Limits::default()), &body).unwrap();
    let mut rest = rewritten.body.as_slice();
    let mut messages = Vec::new();
    while let Some((prefix, behind)) = rest.split_first_chunk::<5>() {
        assert_eq!(prefix[0], 0);
        let length = u32::from_be_bytes(prefix[1..].try_into().unwrap());
        let (message, behind) = behind.split_at(usize::try_from(length).unwrap());
        messages.push(Person::decode(message).unwrap());
        rest = behind;
    }
    let marked = marked(&person());
    assert_eq!(messages, [marked.clone(), Person::default(), small, marked]);
    assert!(rest.is_empty());
}

#[test]
fn i05_a_grpc_stream_that_cannot_be_read_is_refused() {
    let plan = plan(Format::Grpc, &["1"]);
    let of = |body: &[u8]| at_every_split(|| rewriter(&plan, Limits::default()), body);
    let whole = framed(0, b"\x0a\x01a");
    assert!(of(&whole).is_ok());
    for end in 1..whole.len() {
        let error = of(&whole[..end]).unwrap_err();
        assert!(
            matches!(error, ErrorKind::Syntax { .. }),
            "{end}: {error:?}"
        );
    }
    assert!(matches!(
        of(&framed(1, b"\x0a\x01a")).unwrap_err(),
        ErrorKind::Coding { .. }
    ));
    assert!(matches!(
        of(&framed(0x80, b"x")).unwrap_err(),
        ErrorKind::Syntax { .. }
    ));
    // A field that the message cuts does not go on in the next one.
    let cut = [framed(0, b"\x0a\x02a"), framed(0, b"b")].concat();
    assert!(matches!(of(&cut).unwrap_err(), ErrorKind::Syntax { .. }));
    let long = [&[0, 0xFF, 0xFF, 0xFF, 0xFF][..], b"x"].concat();
    assert!(matches!(
        of(&long).unwrap_err(),
        ErrorKind::ValueTooLong { .. }
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_second_reader_finds_the_replaced_values_and_no_other_change(
        name in "[a-zé]{0,300}",
        id in any::<u64>(),
        numbers in prop::collection::vec("[0-9]{0,200}", 0..5),
        photo in prop::collection::vec(any::<u8>(), 0..400),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        let phones = numbers.iter().map(|number| Phone {
            number: number.clone(),
            kind: 1,
            other: Some(Box::new(Phone { number: number.clone(), ..Phone::default() })),
        });
        let person = Person { name, id, phones: phones.collect(), photo, ..Person::default() };
        let body = person.encode_to_vec();
        let plan = plan(Format::Protobuf, &PATHS);
        let chunks = harness::cut(&body, &cuts);
        let left = feed(rewriter(&plan, Limits::default()), Marker::default(), chunks).unwrap();
        prop_assert_eq!(Person::decode(left.body.as_slice()).unwrap(), marked(&person));
    }

    #[test]
    fn what_the_second_reader_refuses_at_a_place_is_refused(
        body in prop::collection::vec(any::<u8>(), 0..24),
    ) {
        let plan = plan(Format::Protobuf, &["1"]);
        let ours = feed(rewriter(&plan, Limits::default()), Marker::default(), [body.as_slice()]);
        if let Ok(left) = ours
            && let Ok(before) = Person::decode(body.as_slice())
        {
            let after = Person::decode(left.body.as_slice()).unwrap();
            let name = if before.name.is_empty() { String::new() } else { mark(&before.name) };
            prop_assert_eq!(after.name, name);
            prop_assert_eq!(after.phones, before.phones);
        }
    }
}
