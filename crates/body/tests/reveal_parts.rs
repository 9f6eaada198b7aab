//! The answers to a batch, and other parts whose heads tell of their content: what they tell stays true.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use std::collections::BTreeMap;

use body::Limits;
use body::reveal::Counts;
use reveal_support::{HOSTILE, Toy, chunked, reveal, reveal_within, show};

const TYPE: &str = "multipart/mixed; boundary=batch_x1";

/// A head as another reader sees it, and what is behind it.
fn message(bytes: &[u8]) -> (String, BTreeMap<String, String>, &[u8]) {
    let end = bytes.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let first = head.starts_with("HTTP/").then(|| lines.next().unwrap());
    let fields = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_lowercase(), value.to_owned())
    });
    (
        first.unwrap_or_default().to_owned(),
        fields.collect(),
        &bytes[end + 4..],
    )
}

/// The parts of a body with CRLF line ends.
fn parts(body: &[u8]) -> Vec<&[u8]> {
    let delimiter = b"--batch_x1";
    let mut ends: Vec<usize> = body
        .windows(delimiter.len())
        .enumerate()
        .filter(|(at, window)| window == delimiter && (*at == 0 || body[at - 1] == b'\n'))
        .map(|(at, _)| at)
        .collect();
    let last = ends.pop().unwrap();
    assert!(body[last..].starts_with(b"--batch_x1--"));
    let starts: Vec<usize> = ends.iter().map(|at| at + delimiter.len()).collect();
    ends.remove(0);
    ends.push(last);
    starts
        .into_iter()
        .zip(ends)
        .map(|(from, to)| &body[from..to - 2])
        .collect()
}

/// As Dynamics and Google answer: each answer with the length of its body.
fn batch(token: &str) -> String {
    let json = format!("{{\"name\":\"{token}\",\"n\":1}}");
    let answers = [
        format!(
            "Content-Type: application/http\r\nContent-ID: <response-1>\r\n\r\nHTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\nVary: X\r\n\r\n{json}",
            json.len()
        ),
        "Content-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
            .to_owned(),
        format!(
            "Content-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {}\r\nContent-MD5: AAAA\r\nContent-Type: text/html\r\n\r\n<p>{token}</p>\r\n",
            token.len() + 7
        ),
        "Content-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Type: application/json\r\n\r\n{\"a\":1}"
            .to_owned(),
    ];
    let parts: String = answers
        .iter()
        .map(|answer| format!("--batch_x1\r\n{answer}\r\n"))
        .collect();
    format!("{parts}--batch_x1--\r\n")
}

#[test]
fn the_length_of_an_answer_in_a_batch_is_true_once_it_is_revealed() {
    for later in [false, true] {
        for value in HOSTILE {
            let mut toy = Toy::default();
            let body = batch(&toy.seal(value));
            toy.later = later;
            let revealed = chunked(TYPE, body.as_bytes(), &mut toy);
            let parts = parts(&revealed);
            assert_eq!(parts.len(), 4, "{}", show(&revealed));
            let mut read = Vec::new();
            for part in parts {
                let (_, head, inner) = message(part);
                assert_eq!(head["content-type"], "application/http");
                let (status, head, body) = message(inner);
                let length: usize = head["content-length"].parse().unwrap();
                // One app ends a body with a line break that it does not count.
                assert_eq!(length, body.trim_ascii_end().len(), "{}", show(part));
                read.push((status, head, body));
            }
            let json: serde_json::Value = serde_json::from_slice(read[0].2).unwrap();
            assert_eq!(json["name"], **value);
            assert_eq!(read[0].1["vary"], "X");
            assert_eq!(read[1].2, b"");
            assert!(!read[2].1.contains_key("content-md5"));
            assert_eq!(read[3].2, b"{\"a\":1}");
        }
    }
}

#[test]
fn i03_a_batch_in_which_nothing_opens_leaves_as_it_came() {
    let mut toy = Toy::default();
    let body = batch("q123999999").replace("Content-Length: 7", "CONTENT-Length:  7 ");
    assert_eq!(
        show(&chunked(TYPE, body.as_bytes(), &mut toy)),
        show(body.as_bytes())
    );
    assert_eq!(
        reveal(TYPE, &[body.as_bytes()], &mut toy).1,
        Counts::default()
    );
}

#[test]
fn i13_a_part_longer_than_the_longest_value_leaves_without_its_length() {
    let limits = Limits {
        value: 1 << 10,
        ..Limits::default()
    };
    let mut toy = Toy::default();
    let text = format!("{} {}", toy.seal("Tremblay"), "x".repeat(4 << 10));
    let body = format!(
        "--batch_x1\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nX: y\r\n\r\n{text}\r\n--batch_x1--",
        text.len()
    );
    let (revealed, _) = reveal_within(limits, TYPE, &[body.as_bytes()], &mut toy);
    let expected = format!(
        "--batch_x1\r\nContent-Type: text/plain\r\nX: y\r\n\r\nTremblay {}\r\n--batch_x1--",
        "x".repeat(4 << 10)
    );
    assert_eq!(show(&revealed), show(expected.as_bytes()));
    for size in [1, 7, 1000] {
        let chunks: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
        assert_eq!(reveal_within(limits, TYPE, &chunks, &mut toy).0, revealed);
    }
    // One that passes unread is held for nothing and keeps what it says.
    let body = body.replace("text/plain", "image/png");
    let (passed, _) = reveal_within(limits, TYPE, &[body.as_bytes()], &mut toy);
    assert_eq!(show(&passed), show(body.as_bytes()));
}

#[test]
fn what_only_begins_like_a_delimiter_is_content() {
    let mut toy = Toy::default();
    let t = toy.seal("Tremblay");
    let body = format!(
        "--batch_x1\r\n\r\n--batch_x1y {t}\r\n--batch_x1 -\r\n--batch_x1-\r\n--batch_x \r\n{t}\r\n--batch_x1 \t\r\n\r\n{t}\r\n--batch_x1--  \r\n{t}"
    );
    let revealed = chunked(TYPE, body.as_bytes(), &mut toy);
    let expected = body.replace(&t, "Tremblay");
    let epilogue = expected.len() - "Tremblay".len();
    assert_eq!(
        show(&revealed),
        show(format!("{}{t}", &expected[..epilogue]).as_bytes())
    );
}
