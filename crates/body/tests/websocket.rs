//! Frames: every case of the standard that must pass or must fail, at every split, and beside a second reader.
#![allow(
    clippy::unwrap_used,
    reason = "tests stop at what they did not foresee"
)]

use std::io::{self, Read, Write};

use body::websocket::{Control, Event, Fault, Frames, Head, Kind, Opcode, Sender, mask};
use bytes::BytesMut;
use proptest::prelude::*;
use tungstenite::protocol::{Role, WebSocket};
use tungstenite::{Error, Message};

/// What a reader makes of bytes: messages and control frames, in order.
#[derive(Clone, Debug, PartialEq)]
enum Came {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Vec<u8>),
}

type Outcome = (Vec<Came>, Option<Fault>);

fn read<'a>(sender: Sender, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut frames = Frames::new(sender);
    let (mut came, mut whole) = (Vec::new(), Vec::new());
    let mut kind = Kind::Text;
    for chunk in chunks {
        frames.buffer().extend_from_slice(chunk);
        loop {
            match frames.next_event() {
                Ok(None) => break,
                Ok(Some(Event::Frame { kind: of, .. })) => kind = of,
                Ok(Some(Event::Payload(bytes))) => {
                    assert!(!bytes.is_empty());
                    whole.extend_from_slice(&bytes);
                }
                Ok(Some(Event::End { last: false })) => {}
                Ok(Some(Event::End { last: true })) => came.push(match kind {
                    Kind::Text => Came::Text(std::mem::take(&mut whole)),
                    Kind::Binary => Came::Binary(std::mem::take(&mut whole)),
                }),
                Ok(Some(Event::Control(control))) => came.push(match control {
                    Control::Close(payload) => Came::Close(payload.to_vec()),
                    Control::Ping(payload) => Came::Ping(payload.to_vec()),
                    Control::Pong(payload) => Came::Pong(payload.to_vec()),
                }),
                Err(fault) => return (came, Some(fault)),
            }
        }
    }
    (came, None)
}

fn at_every_split(sender: Sender, bytes: &[u8]) -> Outcome {
    let whole = read(sender, [bytes]);
    for at in 0..=bytes.len() {
        let (left, right) = bytes.split_at(at);
        assert_eq!(read(sender, [left, right]), whole, "cut at {at}");
    }
    assert_eq!(read(sender, bytes.chunks(1)), whole, "byte by byte");
    whole
}

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame: `first` is its first byte.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        length @ 126..=0xFFFF => {
            bytes.push(0xFE);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0xFF);
            bytes.extend(u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(KEY);
    let keys = KEY.iter().cycle();
    bytes.extend(payload.iter().zip(keys).map(|(byte, key)| byte ^ key));
    bytes
}

fn text(text: &str) -> Came {
    Came::Text(text.as_bytes().to_vec())
}

#[test]
fn i04_the_examples_of_the_standard_are_read() {
    // RFC 6455 §5.7.
    let hello = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    let masked_hello = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    let fragmented = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
    let ping = [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    let of = |sender, bytes: &[u8]| at_every_split(sender, bytes);
    assert_eq!(of(Sender::Server, &hello), (vec![text("Hello")], None));
    assert_eq!(
        of(Sender::Client, &masked_hello),
        (vec![text("Hello")], None)
    );
    assert_eq!(of(Sender::Server, &fragmented), (vec![text("Hello")], None));
    assert_eq!(
        of(Sender::Server, &ping),
        (vec![Came::Ping(b"Hello".to_vec())], None)
    );
    for length in [256_usize, 65_536] {
        let payload = vec![7; length];
        let frame = masked(0x82, &payload);
        assert_eq!(
            read(Sender::Client, frame.chunks(1000)),
            (vec![Came::Binary(payload)], None)
        );
    }
}

#[test]
fn i04_what_must_pass_passes_and_what_must_fail_fails() {
    let cat = |frames: &[(u8, &[u8])]| -> Vec<u8> {
        let frames = frames.iter();
        frames
            .flat_map(|(first, payload)| masked(*first, payload))
            .collect()
    };
    let close = |code: u16, reason: &[u8]| [&code.to_be_bytes()[..], reason].concat();
    let passes: &[(&str, Vec<u8>, Vec<Came>)] = &[
        ("an empty text", cat(&[(0x81, b"")]), vec![text("")]),
        (
            "controls between parts",
            cat(&[
                (0x01, b"a"),
                (0x89, b"?"),
                (0x00, b"b"),
                (0x8A, b""),
                (0x80, b"c"),
            ]),
            vec![
                Came::Ping(b"?".to_vec()),
                Came::Pong(Vec::new()),
                text("abc"),
            ],
        ),
        (
            "a character cut by frames",
            cat(&[(0x01, &[0xF0, 0x9F]), (0x80, &[0x98, 0x80])]),
            vec![text("😀")],
        ),
        (
            "empty parts",
            cat(&[(0x02, b""), (0x00, b""), (0x80, b"")]),
            vec![Came::Binary(Vec::new())],
        ),
        (
            "binary that is not text",
            cat(&[(0x82, b"\xff\xfe")]),
            vec![Came::Binary(b"\xff\xfe".to_vec())],
        ),
        (
            "the longest control frame",
            cat(&[(0x89, &[1; 125])]),
            vec![Came::Ping(vec![1; 125])],
        ),
        (
            "a bare close",
            cat(&[(0x88, b"")]),
            vec![Came::Close(Vec::new())],
        ),
        (
            "a close, after which nothing counts",
            cat(&[(0x88, &close(3000, "é".as_bytes())), (0xFF, b"?")]),
            vec![Came::Close(close(3000, "é".as_bytes()))],
        ),
        (
            "two messages",
            cat(&[(0x81, b"a"), (0x82, b"b")]),
            vec![text("a"), Came::Binary(b"b".to_vec())],
        ),
    ];
    for (name, bytes, expected) in passes {
        let (came, fault) = at_every_split(Sender::Client, bytes);
        assert_eq!((&came, fault), (expected, None), "{name}");
    }

    let unmasked = vec![0x81, 0x01, b'a'];
    let head = |second: u8, length: &[u8]| [&[0x82, second][..], length].concat();
    let mut fails = vec![
        ("RSV1", masked(0xC1, b"a"), Fault::ReservedBit),
        ("RSV2", masked(0xA1, b"a"), Fault::ReservedBit),
        ("RSV3", masked(0x91, b"a"), Fault::ReservedBit),
        ("RSV1 on a ping", masked(0xC9, b""), Fault::ReservedBit),
        (
            "a ping in parts",
            masked(0x09, b"a"),
            Fault::FragmentedControl,
        ),
        (
            "a close in parts",
            masked(0x08, b""),
            Fault::FragmentedControl,
        ),
        ("a long ping", masked(0x89, &[1; 126]), Fault::LongControl),
        (
            "a continuation of nothing",
            masked(0x80, b"a"),
            Fault::NothingToContinue,
        ),
        (
            "a text in a text",
            cat(&[(0x01, b"a"), (0x81, b"b")]),
            Fault::Interrupted,
        ),
        (
            "a binary in a text",
            cat(&[(0x01, b"a"), (0x02, b"b")]),
            Fault::Interrupted,
        ),
        (
            "a continuation after the end",
            cat(&[(0x01, b"a"), (0x80, b"b"), (0x80, b"c")]),
            Fault::NothingToContinue,
        ),
        ("no mask", unmasked, Fault::Masking),
        (
            "a length too long for itself",
            head(0xFE, &[0, 125]),
            Fault::Length,
        ),
        (
            "the same in eight bytes",
            head(0xFF, &65_535_u64.to_be_bytes()),
            Fault::Length,
        ),
        (
            "a negative length",
            head(0xFF, &u64::MAX.to_be_bytes()),
            Fault::Length,
        ),
        (
            "text that is Latin-1",
            masked(0x81, b"caf\xe9"),
            Fault::Charset,
        ),
        (
            "text with a surrogate",
            masked(0x81, b"\xed\xa0\x80"),
            Fault::Charset,
        ),
        (
            "text that is cut",
            masked(0x81, "é".as_bytes().split_at(1).0),
            Fault::Charset,
        ),
        (
            "text that goes on wrongly",
            cat(&[(0x01, b"\xc3"), (0x80, b"a")]),
            Fault::Charset,
        ),
        (
            "a close of one byte",
            masked(0x88, b"\x03"),
            Fault::CloseCode,
        ),
        (
            "a reason that is not text",
            masked(0x88, &close(1000, b"\xff")),
            Fault::Charset,
        ),
    ];
    for opcode in [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        fails.push(("an opcode", masked(0x80 | opcode, b""), Fault::Opcode));
    }
    for code in [
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535,
    ] {
        fails.push(("a code", masked(0x88, &close(code, b"")), Fault::CloseCode));
    }
    for (name, bytes, expected) in &fails {
        let (_, fault) = at_every_split(Sender::Client, bytes);
        assert_eq!(fault, Some(*expected), "{name}");
    }
    for code in (1000..=1003)
        .chain(1007..=1014)
        .chain([3000, 3999, 4000, 4999])
    {
        let (came, fault) = at_every_split(Sender::Client, &masked(0x88, &close(code, b"")));
        assert_eq!((came.len(), fault), (1, None), "{code}");
    }
    let server = [0x81, 0x85, 1, 2, 3, 4, 0, 0, 0, 0, 0];
    assert_eq!(
        at_every_split(Sender::Server, &server).1,
        Some(Fault::Masking)
    );
}

/// A stream that gives bytes and swallows what is written.
struct Given<'a>(&'a [u8]);

impl Read for Given<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Given<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite reads of a client's bytes, and whether it found a fault.
fn second_reader(bytes: &[u8]) -> (Vec<Came>, bool) {
    let mut socket = WebSocket::from_raw_socket(Given(bytes), Role::Server, None);
    let mut came = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => came.push(Came::Text(text.as_bytes().to_vec())),
            Ok(Message::Binary(bytes)) => came.push(Came::Binary(bytes.to_vec())),
            Ok(Message::Ping(bytes)) => came.push(Came::Ping(bytes.to_vec())),
            Ok(Message::Pong(bytes)) => came.push(Came::Pong(bytes.to_vec())),
            // What it makes of a code that must not be sent.
            Ok(Message::Close(Some(close))) if close.reason.as_str() == "Protocol violation" => {
                return (came, true);
            }
            Ok(Message::Close(close)) => {
                let close = close.map(|close| {
                    let code = u16::from(close.code).to_be_bytes();
                    [&code[..], close.reason.as_bytes()].concat()
                });
                came.push(Came::Close(close.unwrap_or_default()));
                return (came, false);
            }
            Ok(Message::Frame(_)) => {}
            // The bytes end, in a frame or before one.
            Err(Error::Io(_) | Error::ConnectionClosed) => return (came, false),
            Err(Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => {
                return (came, false);
            }
            Err(_) => return (came, true),
        }
    }
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x81_u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A]),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        "[a-zé😀]{0,20}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..200),
    ];
    (first, payload).prop_map(|(first, payload)| masked(first, &payload))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_second_reader_reads_the_same(
        frames in prop::collection::vec(frame(), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = frames.concat();
        let at = cut.index(bytes.len() + 1);
        let (came, fault) = read(Sender::Client, [&bytes[..at], &bytes[at..]]);
        let (expected, faulty) = second_reader(&bytes);
        prop_assert_eq!(came, expected);
        prop_assert_eq!(fault.is_some(), faulty, "{:?}", fault);
    }

    #[test]
    fn what_is_written_is_read_by_the_second_reader(
        payload in prop::collection::vec(any::<u8>(), 0..70_000),
        key in any::<[u8; 4]>(),
    ) {
        let head = Head {
            last: true,
            opcode: Opcode::Binary,
            length: payload.len() as u64,
            key: Some(key),
        };
        let mut bytes = BytesMut::new();
        head.write(&mut bytes);
        let start = bytes.len();
        bytes.extend_from_slice(&payload);
        mask(&mut bytes[start..], key, 0);
        prop_assert_eq!(second_reader(&bytes), (vec![Came::Binary(payload)], false));
    }
}
