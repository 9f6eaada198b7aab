//! Mail on its way back: parts in the encodings of MIME, as another parser reads them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use body::Limits;
use body::reveal::Counts;
use mail_parser::MessageParser;
use reveal_support::{HOSTILE, Toy, chunked, reveal, reveal_within, show};

const TYPE: &str = "multipart/mixed; boundary=b";

/// Quoted-printable of whole lines, a soft line break every so many characters, as some writers cut it.
fn quoted(text: &str, every: usize, line_end: &str) -> String {
    let mut written = String::new();
    for line in text.split_inclusive('\n') {
        let (line, ends) = match line.strip_suffix('\n') {
            Some(line) => (line, true),
            None => (line, false),
        };
        for (number, byte) in line.bytes().enumerate() {
            if number > 0 && number % every == 0 {
                written += &format!("={line_end}");
            }
            match byte {
                b'!'..=b'<' | b'>'..=b'~' => written.push(char::from(byte)),
                _ => written += &format!("={byte:02X}"),
            }
        }
        if ends {
            written += line_end;
        }
    }
    written
}

/// Base64 in lines of so many characters.
fn lines(text: &[u8], length: usize, line_end: &str) -> String {
    let encoded = STANDARD.encode(text);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(length)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join(line_end)
}

/// A body of one part, and one behind it that stays.
fn part(head: &str, content: &str) -> String {
    format!("--b\r\n{head}\r\n\r\n{content}\r\n--b\r\nX: y\r\n\r\nstays\r\n--b--\r\n")
}

/// The contents of the parts as another parser decodes them; each line of the body is short.
fn read(body: &[u8]) -> Vec<Vec<u8>> {
    for line in body.split(|byte| *byte == b'\n') {
        assert!(line.trim_ascii_end().len() <= 76, "{}", show(line));
    }
    let head = format!("MIME-Version: 1.0\r\nContent-Type: {TYPE}\r\n\r\n");
    let message = [head.as_bytes(), body].concat();
    let message = MessageParser::default().parse(&message).unwrap();
    let parts = message.parts.iter().skip(1);
    parts.map(|part| part.contents().to_vec()).collect()
}

#[test]
fn i08_what_soft_line_breaks_cut_is_revealed_in_lines_of_their_length() {
    let head =
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: Quoted-Printable";
    for later in [false, true] {
        for value in HOSTILE {
            let mut toy = Toy::default();
            let t = toy.seal(value);
            toy.later = later;
            let page =
                |value: &str| format!("<p>à {value} =\u{20}\n-- \n{value}</p>{}\n", "x".repeat(90));
            let body = part(head, &quoted(&page(&t), 7, "\r\n"));
            let revealed = chunked(TYPE, body.as_bytes(), &mut toy);
            let expected = {
                let whole = page(&t).replace('\n', "\r\n");
                reveal("text/html; charset=utf-8", &[whole.as_bytes()], &mut toy).0
            };
            let parts = read(&revealed);
            assert_eq!(parts.len(), 2);
            assert_eq!(show(&parts[0]), show(&expected));
            assert_eq!(parts[1], b"stays");
        }
    }
}

#[test]
fn i08_base64_is_written_in_its_lines() {
    let head = "content-type: text/plain\r\ncontent-transfer-encoding: base64";
    for (length, line_end) in [(76, "\r\n"), (60, "\r\n"), (76, "\n")] {
        for value in HOSTILE {
            let mut toy = Toy::default();
            let t = toy.seal(value);
            let text = |value: &str| format!("{} {value} é {value}\r\n--b--\r\n", "x".repeat(99));
            let body = part(head, &lines(text(&t).as_bytes(), length, line_end));
            let parts = read(&chunked(TYPE, body.as_bytes(), &mut toy));
            assert_eq!(show(&parts[0]), show(text(value).as_bytes()));
            assert_eq!(parts[1], b"stays");
        }
    }
}

#[test]
fn a_coded_part_is_read_in_its_own_charset_and_format() {
    let mut toy = Toy::default();
    let t = toy.seal("Zoë \"x\"");
    let utf16: Vec<u8> = format!("a {t} b")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let head = "Content-Transfer-Encoding: base64\r\nContent-Type: ";
    let body = part(
        &format!("{head}text/plain; charset=utf-16le"),
        &lines(&utf16, 76, "\r\n"),
    );
    let revealed = chunked(TYPE, body.as_bytes(), &mut toy);
    let expected: Vec<u8> = "a Zoë \"x\" b"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(show(&revealed).contains(&show(lines(&expected, 76, "").as_bytes())));

    let latin = part(
        "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=iso-8859-1",
        &format!("=E9 {t}"),
    );
    let revealed = chunked(TYPE, latin.as_bytes(), &mut toy);
    assert!(
        String::from_utf8_lossy(&revealed).contains("=E9 Zo=EB \"x\""),
        "{}",
        show(&revealed)
    );

    let json = format!("{{\"a\":\"{t}\"}}");
    let body = part(
        &format!("{head}application/json"),
        &lines(json.as_bytes(), 76, "\r\n"),
    );
    let parts = read(&chunked(TYPE, body.as_bytes(), &mut toy));
    let json: serde_json::Value = serde_json::from_slice(&parts[0]).unwrap();
    assert_eq!(json["a"], "Zoë \"x\"");
}

#[test]
fn i03_a_coded_part_in_which_nothing_opens_leaves_as_it_came() {
    let mut toy = Toy::default();
    let base64 = lines(b"q123999999 and so on, and on, and on", 20, "\r\n");
    for (coding, content) in [
        (
            "quoted-printable",
            "a=3d=\r\n=C3=a9 =4A \t\r\nq123=\r\n999999=zz=\r\n=".to_owned(),
        ),
        ("quoted-printable", String::new()),
        ("base64", format!("\r\n{base64}\r\n\r\n")),
        ("base64", "no base64 at all, q123 !\r\n=\r\nAA".to_owned()),
        ("base64", String::new()),
        ("x-uuencode", "q123000000".to_owned()),
    ] {
        let body = part(&format!("Content-Transfer-Encoding: {coding}"), &content);
        let revealed = chunked(TYPE, body.as_bytes(), &mut toy);
        assert_eq!(show(&revealed), show(body.as_bytes()));
    }
    let counts = reveal(
        TYPE,
        &[part("Content-Transfer-Encoding: base64", &base64).as_bytes()],
        &mut toy,
    )
    .1;
    assert_eq!(counts, Counts::default());
}

#[test]
fn a_long_coded_part_is_not_held_whole() {
    let limits = Limits {
        value: 1 << 10,
        ..Limits::default()
    };
    let mut toy = Toy::default();
    let t = toy.seal("Tremblay");
    let text = |value: &str| format!("{}{value}\r\n", "line after line\r\n".repeat(999));
    for (coding, content) in [
        (
            "quoted-printable",
            quoted(&text(&t).replace("\r\n", "\n"), 70, "\r\n"),
        ),
        ("base64", lines(text(&t).as_bytes(), 76, "\r\n")),
    ] {
        let body = part(&format!("Content-Transfer-Encoding: {coding}"), &content);
        let chunks: Vec<&[u8]> = body.as_bytes().chunks(100).collect();
        let (revealed, counts) = reveal_within(limits, TYPE, &chunks, &mut toy);
        assert_eq!(counts.revealed, 1);
        assert_eq!(show(&read(&revealed)[0]), show(text("Tremblay").as_bytes()));
    }
}
