//! Frames of a client, in two pieces: what a second reader makes of them is what ours makes, and what is written
//! again is read the same.
#![no_main]

use std::io::{self, Read, Write};

use body::websocket::{Control, Event, Fault, Frames, Head, Kind, Sender, mask};
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use tungstenite::error::ProtocolError;
use tungstenite::protocol::{Role, WebSocket};
use tungstenite::{Error, Message};

/// A message or a control frame: its opcode and its payload.
type Came = (u8, Vec<u8>);

fn read(chunks: [&[u8]; 2]) -> (Vec<Came>, Option<Fault>, BytesMut) {
    let mut frames = Frames::new(Sender::Client);
    let (mut came, mut whole, mut again) = (Vec::new(), Vec::new(), BytesMut::new());
    let (mut opcode, mut key, mut done) = (1, None, 0);
    for chunk in chunks {
        frames.buffer().extend_from_slice(chunk);
        loop {
            match frames.next_event() {
                Ok(None) => break,
                Ok(Some(Event::Frame { kind, head })) => {
                    opcode = if kind == Kind::Text { 1 } else { 2 };
                    head.write(&mut again);
                    (key, done) = (head.key, 0);
                }
                Ok(Some(Event::Payload(bytes))) => {
                    whole.extend_from_slice(&bytes);
                    let start = again.len();
                    again.extend_from_slice(&bytes);
                    mask(&mut again[start..], key.expect("a client's key"), done);
                    done += bytes.len() as u64;
                }
                Ok(Some(Event::End { last })) => {
                    if last {
                        came.push((opcode, std::mem::take(&mut whole)));
                    }
                }
                Ok(Some(Event::Control(control))) => {
                    let code = match control {
                        Control::Close(_) => 8,
                        Control::Ping(_) => 9,
                        Control::Pong(_) => 10,
                    };
                    let (opcode, payload) = control.into_parts();
                    let head = Head {
                        last: true,
                        opcode,
                        length: payload.len() as u64,
                        key: Some([0; 4]),
                    };
                    head.write(&mut again);
                    again.extend_from_slice(&payload);
                    came.push((code, payload.to_vec()));
                }
                Err(fault) => return (came, Some(fault), again),
            }
        }
    }
    (came, None, again)
}

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

/// What tungstenite reads, and whether it found a fault; nothing where it refuses a length for its size.
fn second_reader(bytes: &[u8]) -> Option<(Vec<Came>, bool)> {
    let mut socket = WebSocket::from_raw_socket(Given(bytes), Role::Server, None);
    let mut came = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => came.push((1, text.as_bytes().to_vec())),
            Ok(Message::Binary(bytes)) => came.push((2, bytes.to_vec())),
            Ok(Message::Ping(bytes)) => came.push((9, bytes.to_vec())),
            Ok(Message::Pong(bytes)) => came.push((10, bytes.to_vec())),
            // What it makes of a code that must not be sent.
            Ok(Message::Close(Some(close))) if close.reason.as_str() == "Protocol violation" => {
                return Some((came, true));
            }
            Ok(Message::Close(close)) => {
                let close = close.map(|close| {
                    let code = u16::from(close.code).to_be_bytes();
                    [&code[..], close.reason.as_bytes()].concat()
                });
                came.push((8, close.unwrap_or_default()));
                return Some((came, false));
            }
            Ok(Message::Frame(_)) => {}
            Err(
                Error::Io(_)
                | Error::ConnectionClosed
                | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
            ) => return Some((came, false)),
            Err(Error::Capacity(_)) => return None,
            Err(_) => return Some((came, true)),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, bytes)) = data.split_first() else {
        return;
    };
    let at = usize::from(size).min(bytes.len());
    let (came, fault, again) = read([&bytes[..at], &bytes[at..]]);
    let (whole, same, _) = read([bytes, &[]]);
    assert_eq!((&came, fault), (&whole, same), "the same at every split");
    // A code that was registered after the standard, which the second reader does not know.
    let is_bad_gateway =
        |(opcode, payload): &Came| *opcode == 8 && payload.starts_with(b"\x03\xf6");
    if came.last().is_some_and(is_bad_gateway) {
        return;
    }
    // What the standard forbids and the second reader lets pass.
    if matches!(fault, Some(Fault::Length | Fault::LongControl)) {
        return;
    }
    let Some((expected, faulty)) = second_reader(bytes) else {
        return;
    };
    // It finds the fault of a head when all of the head is there, and of a text at the end of its message.
    if fault.is_none() || faulty {
        assert_eq!(came, expected);
    } else {
        assert!(expected.starts_with(&came) || came.starts_with(&expected));
    }
    assert!(
        fault.is_some() || !faulty,
        "a fault that only the second reader finds"
    );
    let (reread, refound, _) = read([&again, &[]]);
    assert_eq!(reread, came);
    assert!(refound.is_none() || refound == fault);
});
