//! Messages of mail on their way back: the fields of their heads and what is behind them, as another parser reads them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use body::reveal::Counts;
use mail_parser::{Message, MessageParser};
use reveal_support::{HOSTILE, Toy, chunked, reveal, show};

const TYPE: &str = "message/rfc822";

fn parse(message: &[u8]) -> Message<'_> {
    let head = message.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    for line in message[..head].split(|byte| *byte == b'\n') {
        assert!(line.len() <= 998 && line.is_ascii(), "{}", show(line));
        assert!(!line.trim_ascii().is_empty(), "{}", show(message));
        if memchr::memmem::find(line, b"=?").is_some() {
            assert!(line.len() <= 120, "{}", show(line));
        }
    }
    MessageParser::default().parse(message).unwrap()
}

/// A value as it may stand in a field: controls are blanks.
fn inert(value: &str) -> String {
    let inert = |c: char| if c.is_control() { ' ' } else { c };
    value.chars().map(inert).collect()
}

/// The names of the fields of a head.
fn names(message: &[u8]) -> Vec<String> {
    let head = message.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&message[..head]).unwrap();
    let lines = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']));
    lines
        .map(|line| line.split_once(':').unwrap().0.to_owned())
        .collect()
}

/// The ways in which a subject may spell this text.
fn spellings(text: &str, token: &str) -> Vec<String> {
    let fold = text.replace(' ', "\r\n ");
    let (left, right) = token.split_at(5);
    let cut = text.replace(token, &format!("{left}\r\n {right}"));
    let q: String = text.bytes().map(|b| format!("={b:02X}")).collect();
    let b = STANDARD.encode(text);
    let middle = text.find(token).unwrap() + 4;
    let (one, other) = text.split_at(middle);
    vec![
        text.to_owned(),
        fold,
        cut,
        format!("=?UTF-8?Q?{q}?="),
        format!("=?utf-8?q?{}?=", text.replace(' ', "_")),
        format!("=?iso-8859-1*fr?B?{b}?="),
        format!(
            "=?utf-8?B?{}?=\r\n\t=?utf-8?B?{}?=",
            STANDARD.encode(one),
            STANDARD.encode(other)
        ),
    ]
}

#[test]
fn i08_a_subject_is_revealed_however_it_is_spelled() {
    for later in [false, true] {
        for value in HOSTILE {
            let mut toy = Toy::default();
            let t = toy.seal(value);
            toy.later = later;
            let text = format!("Re: the file of {t} (2)");
            for subject in spellings(&text, &t) {
                let message = format!(
                    "Received: by {t}\r\nSubject: {subject}\r\nMessage-ID: <{t}@x.example>\r\n\r\nHello {t}\r\n"
                );
                let revealed = chunked(TYPE, message.as_bytes(), &mut toy);
                assert_eq!(names(&revealed), ["Received", "Subject", "Message-ID"]);
                let read = parse(&revealed);
                let url = value.contains("://");
                let expected = inert(&text.replace(&t, value));
                assert_eq!(
                    read.subject().unwrap(),
                    expected,
                    "{url} {}",
                    show(&revealed)
                );
                assert_eq!(read.message_id().unwrap(), format!("{t}@x.example"));
                assert!(show(&revealed).ends_with(&show(format!("Hello {value}\r\n").as_bytes())));
            }
        }
    }
}

#[test]
fn i08_a_name_stays_a_name() {
    for later in [false, true] {
        for value in HOSTILE {
            let mut toy = Toy::default();
            let t = toy.seal(value);
            let address = toy.seal("zoe@example.org");
            toy.later = later;
            for name in [
                t.clone(),
                format!("\"{t}\""),
                format!("=?utf-8?Q?{t}?="),
                format!("\"a \\\" ({t})\""),
            ] {
                let message = format!(
                    "From: {name} <{address}>\r\nTo: {address}, {name}<b@x.example>,\r\n c@x.example (by {t}),{name} <{t}>\r\n\r\nx\r\n"
                );
                let revealed = chunked(TYPE, message.as_bytes(), &mut toy);
                assert_eq!(names(&revealed), ["From", "To"]);
                let read = parse(&revealed);
                let plain = if name.contains('(') {
                    format!("a \" ({value})")
                } else {
                    (*value).to_owned()
                };
                let from = read.from().unwrap().first().unwrap();
                assert_eq!(
                    from.address().unwrap(),
                    "zoe@example.org",
                    "{}",
                    show(&revealed)
                );
                assert_eq!(
                    from.name().unwrap_or_default().trim(),
                    inert(&plain).trim(),
                    "{}",
                    show(&revealed)
                );
                let to: Vec<&str> = read
                    .to()
                    .unwrap()
                    .iter()
                    .map(|to| to.address().unwrap())
                    .collect();
                assert_eq!(
                    to,
                    ["zoe@example.org", "b@x.example", "c@x.example", &t],
                    "{}",
                    show(&revealed)
                );
            }
        }
    }
}

#[test]
fn the_parts_of_a_message_and_messages_in_it_are_revealed() {
    let mut toy = Toy::default();
    let t = toy.seal("Zoé");
    let inner = format!(
        "Subject: inner {t}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}=\r\n{}\r\n",
        &t[..6],
        &t[6..]
    );
    let message = format!(
        "MIME-Version: 1.0\r\nSubject: outer {t}\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-MD5: AAAA\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Description: {t}\r\n\r\n{inner}\r\n--b--\r\n",
        STANDARD.encode(format!("Hello {t}"))
    );
    let revealed = chunked(TYPE, message.as_bytes(), &mut toy);
    let read = MessageParser::default().parse(&revealed).unwrap();
    assert_eq!(read.subject().unwrap(), "outer Zoé");
    assert!(read.header("Content-MD5").is_none());
    assert_eq!(read.body_text(0).unwrap(), "Hello Zoé");
    let nested = read.attachment(0).unwrap().message().unwrap();
    assert_eq!(nested.subject().unwrap(), "inner Zoé");
    assert_eq!(nested.body_text(0).unwrap().trim(), "Zoé");
    let part =
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: q123000000\r\n\r\nx\r\n--b--\r\n";
    let revealed = chunked("multipart/mixed; boundary=b", part.as_bytes(), &mut toy);
    assert!(show(&revealed).contains("Subject: =?utf-8?B?Wm/DqQ==?="));
}

#[test]
fn i03_a_message_in_which_nothing_opens_leaves_as_it_came() {
    let mut toy = Toy::default();
    toy.seal("x");
    for message in [
        "Subject: q123999999 =?utf-8?Q?q123?=\r\nTo: \"q123999999\" <a@x.example>,\r\n =?x-none?B?cTEyM?= <b\r\n\r\nx\r\n",
        "Subject: =?utf-8?B?/w==?= q123000000\n\nx",
        "Subject: https://x.example/?a=q123000000\n\nq1230",
        "Subject q123000000\r\n\r\n",
        "Subject: q123000000",
        "\r\n\r\n",
        "",
    ] {
        let revealed = chunked(TYPE, message.as_bytes(), &mut toy);
        assert_eq!(show(&revealed), show(message.as_bytes()));
    }
    let message = format!("X: {}\r\n\r\nq123000000", "y".repeat(70_000));
    let (revealed, counts) = reveal(TYPE, &[message.as_bytes()], &mut toy);
    assert_eq!(revealed, message.as_bytes());
    assert_eq!(
        counts,
        Counts {
            unread: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn a_message_in_base64_is_read_as_one() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let t = toy.seal(value);
        let message = format!(
            "Received: by x ????????\r\nMIME-Version: 1.0\r\nSubject: {t}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}=\r\n{}\r\n--b--\r\n",
            &t[..6],
            &t[6..]
        );
        let json = format!("{{\"raw\":\"{}\"}}", URL_SAFE.encode(&message));
        let revealed = chunked("application/json", json.as_bytes(), &mut toy);
        let json: serde_json::Value = serde_json::from_slice(&revealed).unwrap();
        let message = URL_SAFE_NO_PAD
            .decode(json["raw"].as_str().unwrap().trim_end_matches('='))
            .unwrap();
        let read = parse(&message);
        assert_eq!(read.subject().unwrap(), inert(value));
        assert_eq!(
            show(read.part(1).unwrap().contents()),
            show(value.as_bytes())
        );
    }
}
