//! Base64 in an answer: a token in what it holds is revealed as what that is, and the rest stays to the byte.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use body::Limits;
use proptest::prelude::*;
use reveal_support::{HOSTILE, Toy, chunked, reveal, reveal_within, show};
use serde_json::{Value, json};

/// Base64 in lines of this length.
fn lines(encoded: &str, length: usize, end: &str) -> String {
    let characters: Vec<char> = encoded.chars().collect();
    let lines: Vec<String> = characters
        .chunks(length)
        .map(|line| line.iter().collect())
        .collect();
    lines.join(end)
}

#[test]
fn i08_what_base64_holds_is_escaped_as_what_it_is() {
    for value in HOSTILE {
        for before in ["", "x", "xy"] {
            let mut toy = Toy::default();
            let token = toy.seal(value);
            let message = format!("{{\"a{before}\":\"{token}\",\"b\":[1,\"é\"]}}");
            let answer = format!("{{\"data\":\"{}\",\"n\":1}}", STANDARD.encode(&message));
            let revealed = chunked("application/json", answer.as_bytes(), &mut toy);
            let outer: Value = serde_json::from_slice(&revealed).unwrap();
            let inner = STANDARD.decode(outer["data"].as_str().unwrap()).unwrap();
            let inner: Value = serde_json::from_slice(&inner).unwrap();
            assert_eq!(inner, json!({format!("a{before}"): value, "b": [1, "é"]}));
            toy.later = true;
            let (later, _) = reveal("application/json", &[answer.as_bytes()], &mut toy);
            assert_eq!(show(&later), show(&revealed), "filled later");
        }
    }
}

#[test]
fn alphabet_padding_and_line_breaks_are_kept() {
    let mut toy = Toy::default();
    let text = format!(
        "Subject: >>>???\n\n{}, {} \u{ff}\u{ff}",
        toy.seal("Zoé"),
        toy.seal("Roy")
    );
    let expected = "Subject: >>>???\n\nZoé, Roy \u{ff}\u{ff}";
    let long = |text: &str| text.repeat(4);
    let answers = |text: &str| {
        [
            (
                "application/json",
                format!("[\"{}\"]", STANDARD.encode(text)),
            ),
            (
                "application/json",
                format!("[\"{}\"]", STANDARD_NO_PAD.encode(text)),
            ),
            (
                "application/json",
                format!("[\"{}\"]", URL_SAFE.encode(text)),
            ),
            (
                "application/json",
                format!("[\"{}\"]", URL_SAFE_NO_PAD.encode(text)),
            ),
            (
                "application/json",
                format!(
                    "[\"{}\\n\"]",
                    lines(&STANDARD.encode(long(text)), 60, "\\n")
                ),
            ),
            (
                "application/json",
                format!(
                    "[\"{}\"]",
                    lines(&STANDARD.encode(long(text)), 76, "\\r\\n")
                ),
            ),
            (
                "application/json",
                format!("[\"data:text/plain;base64,{}\"]", STANDARD.encode(text)),
            ),
            ("text/xml", format!("<a>{}</a>", STANDARD.encode(text))),
            (
                "text/xml",
                format!(
                    "<a>\n{}\n</a>",
                    lines(&STANDARD.encode(long(text)), 64, "\n")
                ),
            ),
        ]
    };
    for ((medium, answer), (_, expected)) in answers(&text).into_iter().zip(answers(expected)) {
        let revealed = chunked(medium, answer.as_bytes(), &mut toy);
        assert_eq!(show(&revealed), show(expected.as_bytes()));
    }
}

#[test]
fn what_is_no_text_in_base64_is_untouched() {
    let mut toy = Toy::default();
    let token = toy.seal("x");
    for bytes in [
        [
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(),
            token.as_bytes(),
        ]
        .concat(),
        [b"PK\x03\x04".as_slice(), token.as_bytes()].concat(),
    ] {
        let answer = format!("{{\"image\":\"{}\"}}", STANDARD.encode(&bytes));
        let revealed = chunked("application/json", answer.as_bytes(), &mut toy);
        assert_eq!(show(&revealed), show(answer.as_bytes()));
    }
    for answer in [
        format!("[\"{}=x\"]", STANDARD.encode(format!("{token}!"))),
        format!("[\"{}A\"]", STANDARD_NO_PAD.encode(format!("a{token}b"))),
        format!(
            "[\"ab\\n{}\\ncd\\n{}\"]",
            STANDARD.encode(&token),
            STANDARD.encode(&token)
        ),
        "[\"AAAAcTEyM\\nAAAA\\u0041cTEyMxMjxMTIz\\/\\\\/ExMj\"]".to_owned(),
    ] {
        let revealed = chunked("application/json", answer.as_bytes(), &mut toy);
        assert!(serde_json::from_slice::<Value>(&revealed).is_ok());
    }
}

#[test]
fn base64_in_base64_is_followed() {
    let mut toy = Toy::default();
    let mail = STANDARD.encode(format!("Bonjour {}", toy.seal("\"Zoé\"")));
    let message = format!("{{\"to\":\"{}\",\"mail\":\"{mail}\"}}", toy.seal("Zoé"));
    let answer = format!("{{\"message\":\"{}\"}}", URL_SAFE_NO_PAD.encode(message));
    let revealed = chunked("application/json", answer.as_bytes(), &mut toy);
    let outer: Value = serde_json::from_slice(&revealed).unwrap();
    let inner = URL_SAFE_NO_PAD
        .decode(outer["message"].as_str().unwrap())
        .unwrap();
    let inner: Value = serde_json::from_slice(&inner).unwrap();
    let mail = STANDARD.decode(inner["mail"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(mail).unwrap(), "Bonjour \"Zoé\"");
}

#[test]
fn a_long_run_is_revealed_as_it_comes() {
    let limits = Limits {
        lookahead: 256,
        ..Limits::default()
    };
    for (first, more) in [(10, true), (900, false)] {
        let mut toy = Toy::default();
        let token = toy.seal("É<\"");
        let text = format!("{}{token}{}{token}.", "a ".repeat(first), "b ".repeat(2000));
        let answer = format!("{{\"data\":\"{}\"}}", STANDARD.encode(&text));
        let (whole, counts) =
            reveal_within(limits, "application/json", &[answer.as_bytes()], &mut toy);
        for size in [1, 7, 64, 300, 1000] {
            let parts: Vec<&[u8]> = answer.as_bytes().chunks(size).collect();
            let (again, _) = reveal_within(limits, "application/json", &parts, &mut toy);
            assert_eq!(show(&again), show(&whole), "{size}");
        }
        let outer: Value = serde_json::from_slice(&whole).unwrap();
        let inner = STANDARD.decode(outer["data"].as_str().unwrap()).unwrap();
        let expected = if more {
            text.replace(&token, "É<\"")
        } else {
            text
        };
        assert_eq!(String::from_utf8(inner).unwrap(), expected);
        assert_eq!(counts.revealed, if more { 2 } else { 0 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the strings of an answer hold, the output is the same at every chunking, and JSON.
    #[test]
    fn i04_runs_read_the_same_at_every_chunking(
        pieces in proptest::collection::vec(0..16_usize, 0..24),
        size in 1..40_usize,
        lookahead in prop_oneof![Just(64 << 10), Just(64_usize)],
    ) {
        let mut toy = Toy::default();
        let token = toy.seal("Z\"é");
        let coded = [
            STANDARD.encode(&token),
            STANDARD_NO_PAD.encode(format!("a{token}")),
            URL_SAFE.encode(format!("ab{token}c>>>???")),
            STANDARD.encode(format!("{{\"a\":\"{token}\"}}")),
        ];
        let words = [
            &coded[0], &coded[1], &coded[2], &coded[3], "\",\"", "\\n", "\\r\\n", "\\/", "=", "==",
            "A", "AAAA", " ", "\\u0041", &token, "\\\\",
        ];
        let inside: String = pieces.iter().map(|piece| words[*piece]).collect();
        let answer = format!("[\"{inside}\"]");
        let limits = Limits { lookahead, ..Limits::default() };
        let (whole, _) = reveal_within(limits, "application/json", &[answer.as_bytes()], &mut toy);
        prop_assert!(serde_json::from_slice::<Value>(&whole).is_ok(), "{}", show(&whole));
        let parts: Vec<&[u8]> = answer.as_bytes().chunks(size).collect();
        let (again, _) = reveal_within(limits, "application/json", &parts, &mut toy);
        prop_assert_eq!(show(&again), show(&whole), "{}", answer);
    }
}
