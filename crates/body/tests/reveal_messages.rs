//! Messages of Protocol Buffers on their way back: what opens at their places is read by a second reader, and what is
//! no message, or not whole, passes as it came.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::reveal::At;
use body::{AskId, Edit, Editor, Error, Format, Found, Limits, Out, Plan};
use bytes::Bytes;
use harness::places;
use proptest::prelude::*;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Record {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    notes: Vec<Note>,
    #[prost(uint64, tag = "3")]
    id: u64,
    #[prost(bytes, tag = "4")]
    photo: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Note {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    text: String,
    #[prost(message, optional, boxed, tag = "3")]
    answer: Option<Box<Note>>,
}

const PATHS: [&str; 3] = ["1", "2.2", "2.3.2"];

/// Opens what begins with `q`, now or later, to something of another length.
#[derive(Default)]
struct Opener {
    later: bool,
    asked: Vec<Vec<u8>>,
    nested: Out,
}

fn opened(text: &str) -> String {
    text.replace('q', &"é<\0>".repeat(60))
}

impl Editor for Opener {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        let text = std::str::from_utf8(found.text).unwrap();
        if !text.starts_with('q') {
            return Ok(Edit::Keep);
        }
        if !self.later {
            replacement.extend_from_slice(opened(text).as_bytes());
            return Ok(Edit::Replace);
        }
        self.asked.push(opened(text).into_bytes());
        let ask = AskId(u32::try_from(self.asked.len()).unwrap() - 1);
        self.nested.hole(ask, body::escape::Escape::Plain);
        Ok(Edit::Nested)
    }

    fn nested(&mut self) -> Out {
        std::mem::take(&mut self.nested)
    }
}

fn reveal(format: Format, limits: Limits, later: bool, chunks: &[&[u8]]) -> Vec<u8> {
    let plan = Plan::compile(format, places(&PATHS)).unwrap();
    let mut at = At::new(&plan, limits).unwrap();
    let mut opener = Opener {
        later,
        ..Opener::default()
    };
    let (mut out, mut revealed) = (Out::new(), Vec::new());
    for chunk in chunks {
        at.push(&Bytes::copy_from_slice(chunk), &mut opener, &mut out);
    }
    at.finish(&mut opener, &mut out);
    out.fill(|ask, plain| {
        plain.extend_from_slice(&opener.asked[ask.0 as usize]);
        true
    });
    while let Some(piece) = out.take() {
        revealed.extend_from_slice(&piece);
    }
    assert!(out.is_empty() && out.fault().is_none());
    revealed
}

fn alike(format: Format, body: &[u8]) -> Vec<u8> {
    let limits = Limits::default();
    let whole = reveal(format, limits, false, &[body]);
    for at in 0..=body.len() {
        let split = reveal(format, limits, false, &[&body[..at], &body[at..]]);
        assert_eq!(split, whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(reveal(format, limits, false, &bytes), whole);
    assert_eq!(reveal(format, limits, true, &[body]), whole);
    whole
}

fn record() -> Record {
    let note = |text: &str, answer| Note {
        kind: -1,
        text: text.to_owned(),
        answer,
    };
    Record {
        name: "q1".to_owned(),
        notes: vec![
            note("q", Some(Box::new(note("q2", None)))),
            note("kept", Some(Box::new(note("", None)))),
        ],
        id: 7,
        photo: b"q\xff".repeat(30),
    }
}

fn revealed() -> Record {
    let mut record = record();
    record.name = opened("q1");
    record.notes[0].text = opened("q");
    record.notes[0].answer.as_mut().unwrap().text = opened("q2");
    record
}

fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[flag][..], &length.to_be_bytes(), message].concat()
}

#[test]
fn i02_what_opens_in_a_message_is_read_by_its_reader() {
    let body = record().encode_to_vec();
    let read = Record::decode(alike(Format::Protobuf, &body).as_slice()).unwrap();
    assert_eq!(read, revealed());
}

#[test]
fn i02_what_opens_in_a_stream_of_messages_is_read_and_all_else_passes() {
    let message = record().encode_to_vec();
    let trailers = frame(0x80, b"grpc-status: 0\r\ngrpc-message: q\r\n");
    let compressed = frame(1, &message);
    let foreign = frame(0, b"q is no message");
    let body = [
        frame(0, &message),
        compressed.clone(),
        foreign.clone(),
        frame(0, b""),
        frame(0, &message),
        trailers.clone(),
    ]
    .concat();
    let read = alike(Format::Grpc, &body);
    let one = frame(0, &revealed().encode_to_vec());
    let expected = [
        one.clone(),
        compressed,
        foreign,
        frame(0, b""),
        one,
        trailers,
    ]
    .concat();
    assert!(read == expected);
}

#[test]
fn i03_what_holds_nothing_that_opens_passes_as_it_came() {
    let mut record = record();
    record.name = "kept".to_owned();
    record.notes[0] = record.notes[1].clone();
    let message = record.encode_to_vec();
    assert_eq!(alike(Format::Protobuf, &message), message);
    let body = frame(0, &message);
    assert_eq!(alike(Format::Grpc, &body), body);
    for foreign in [
        &b"<html>q</html>"[..],
        b"\x0b\x0c",
        b"\xff\xff\xff\xff\xff\xff",
        b"\x0a\xffq",
    ] {
        assert_eq!(alike(Format::Protobuf, foreign), foreign);
        assert_eq!(alike(Format::Grpc, foreign), foreign);
    }
}

#[test]
fn a_message_that_was_cut_short_stays_short() {
    let message = record().encode_to_vec();
    let body = frame(0, &message);
    for end in 0..body.len() {
        let read = alike(Format::Grpc, &body[..end]);
        if read.len() >= 5 {
            let told = u32::from_be_bytes(read[1..5].try_into().unwrap());
            assert!(read.len() < 5 + told as usize, "cut at {end}");
        }
    }
}

#[test]
fn what_is_longer_than_the_longest_value_passes() {
    let limits = Limits {
        value: 64,
        ..Limits::default()
    };
    let mut long = record();
    long.notes[1].text = "x".repeat(100);
    let message = long.encode_to_vec();
    for size in [1, 9, 1000] {
        let chunks: Vec<&[u8]> = message.chunks(size).collect();
        let read = reveal(Format::Protobuf, limits, false, &chunks);
        let read = Record::decode(read.as_slice()).unwrap();
        assert_eq!(read.name, opened("q1"));
        assert_eq!(read.notes[1], long.notes[1]);
    }
    let body = frame(0, &message);
    assert_eq!(reveal(Format::Grpc, limits, false, &[&body]), body);
}

proptest! {
    #[test]
    fn nothing_panics_and_every_cut_gives_the_same(
        bytes in proptest::collection::vec(prop_oneof![Just(0x0a_u8), Just(0x12), Just(2), Just(b'q'), any::<u8>()], 0..80),
        size in 1_usize..20,
    ) {
        for format in [Format::Protobuf, Format::Grpc] {
            let whole = reveal(format, Limits::default(), false, &[&bytes]);
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(reveal(format, Limits::default(), false, &chunks), whole);
        }
    }
}
