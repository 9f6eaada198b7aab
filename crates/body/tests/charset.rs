//! Bodies in other charsets than UTF-8: rewritten in the charset they came in, or refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::{Error, ErrorKind, Format, Out, Plan, Rewriter};
use bytes::Bytes;
use encoding_rs::Encoding;
use harness::{Marker, Rewritten, at_every_split, feed, limits, mark, places};
use proptest::prelude::*;

fn take(plan: &Plan, content_type: &str) -> Result<Box<dyn Rewriter>, ErrorKind> {
    let content_type = ContentType::parse(content_type.as_bytes());
    plan.rewriter(content_type.as_ref(), limits())
        .map_err(|Error { kind, .. }| kind)
}

fn plan(format: Format, selector: &str) -> Plan {
    Plan::compile(format, places(&[selector])).unwrap()
}

/// What becomes of a body at every split, where each value becomes `answer` and its length.
fn rewrite(plan: &Plan, content_type: &str, body: &[u8]) -> Result<Rewritten, ErrorKind> {
    take(plan, content_type)?;
    let pending = || Marker {
        pending: true,
        ..Marker::default()
    };
    let run = |chunks: Vec<&[u8]>| feed(take(plan, content_type).unwrap(), pending(), chunks);
    let whole = run(vec![body]);
    for at in 0..=body.len() {
        let split = run(vec![&body[..at], &body[at..]]);
        assert_eq!(split, whole, "cut at {at} of {body:?}");
    }
    assert_eq!(run(body.chunks(1).collect()), whole);
    let keep = Marker {
        keep: true,
        ..Marker::default()
    };
    let kept = feed(take(plan, content_type).unwrap(), keep, body.chunks(3));
    if whole.is_ok() {
        assert_eq!(kept.unwrap().body, body, "what an editor keeps is kept");
    }
    whole
}

/// Text in a charset. UTF-16 is written by the standard library.
fn spelled(label: &str, text: &str) -> Vec<u8> {
    match label {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, missing) = encoding.encode(text);
            assert!(!missing, "{label}");
            bytes.into_owned()
        }
    }
}

fn is_encoding(result: &Result<Rewritten, ErrorKind>) -> bool {
    matches!(result, Err(ErrorKind::Encoding { .. }))
}

/// Charsets with a text that they hold.
const CHARSETS: &[(&str, &str)] = &[
    ("iso-8859-1", "Été à Gaspé"),
    ("windows-1252", "Été – 5 €"),
    ("iso-8859-15", "œuvre €"),
    ("macintosh", "été"),
    ("koi8-r", "Привет"),
    ("windows-1256", "سلام"),
    ("shift_jis", "日本語 ソ表"),
    ("euc-jp", "日本語"),
    ("gbk", "中文"),
    ("gb18030", "中文 😀"),
    ("big5", "中文功"),
    ("euc-kr", "한국어"),
    ("x-user-defined", "abc"),
];

#[test]
fn i03_json_is_rewritten_in_its_charset() {
    let plan = plan(Format::Json, "$.n");
    for (label, text) in CHARSETS {
        let around = |value: &str| {
            let json = format!("{{\"{text}\":1,\"n\":\"{value}\",\"x\":\"{text}\"}}");
            spelled(label, &json)
        };
        let content_type = format!("application/json; charset={label}");
        let done = rewrite(&plan, &content_type, &around(text)).unwrap();
        assert_eq!(done.texts(), [*text], "{label}");
        let answer = format!("answer{}", text.len());
        assert_eq!(done.body, around(&answer), "{label}");
    }
}

#[test]
fn i03_text_is_rewritten_in_its_charset_and_keeps_its_mark() {
    let plan = plan(Format::Text, "*");
    let text = "Été 😀\n";
    let marks: [(&str, &[u8]); 3] = [
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16le", b"\xff\xfe"),
        ("utf-16be", b"\xfe\xff"),
    ];
    for (label, mark) in marks {
        let unordered = if label == "utf-8" { label } else { "utf-16" };
        let body = [mark, &spelled(label, text)].concat();
        for content_type in [
            "text/plain".to_owned(),
            format!("text/plain; charset={label}"),
            format!("text/plain; charset=\"{unordered}\""),
        ] {
            let done = rewrite(&plan, &content_type, &body).unwrap();
            assert_eq!(done.texts(), [text]);
            let answer = format!("answer{}", text.len());
            assert_eq!(done.body, [mark, &spelled(label, &answer)].concat());
        }
    }
    for label in ["utf-16le", "utf-16be"] {
        let content_type = format!("text/plain; charset={label}");
        let done = rewrite(&plan, &content_type, &spelled(label, text)).unwrap();
        assert_eq!(done.texts(), [text]);
    }
    let empty = rewrite(&plan, "text/plain", b"\xff\xfe").unwrap();
    assert_eq!(
        (empty.seen.len(), empty.body.as_slice()),
        (0, &b"\xff\xfe"[..])
    );
    assert_eq!(
        rewrite(&plan, "text/plain; charset=latin1", b"")
            .unwrap()
            .body,
        b""
    );
}

#[test]
fn what_says_two_things_or_cannot_be_kept_is_refused() {
    let text = plan(Format::Text, "*");
    let refused: &[(&str, &[u8])] = &[
        ("text/plain; charset=iso-8859-1", b"\xef\xbb\xbfa"),
        ("text/plain; charset=utf-8", b"\xff\xfea\0"),
        ("text/plain; charset=utf-16be", b"\xff\xfea\0"),
        ("text/plain; charset=utf-16", b"a\0b\0"),
        ("text/plain", b"\xff\xfe\0\0a\0\0\0"),
        ("text/plain", b"\0\0\xfe\xff\0\0\0a"),
        ("text/plain; charset=no-such", b"a"),
        ("text/plain; charset=utf-7", b"+AGE-"),
        ("text/plain; charset=iso-2022-jp", b"\x1b$BF|K\\\x1b(B"),
        ("text/plain; charset=hz-gb-2312", b"a"),
        // Another spelling than the encoder's.
        ("text/plain; charset=shift_jis", b"a\xed\x40"),
    ];
    for (content_type, body) in refused {
        let result = rewrite(&text, content_type, body);
        assert!(is_encoding(&result), "{content_type}: {result:?}");
    }
    let malformed: &[(&str, &[u8])] = &[
        ("text/plain; charset=utf-16le", b"a\0b"),
        ("text/plain; charset=utf-16le", b"\0\xdca\0"),
        ("text/plain; charset=shift_jis", b"\x93"),
        ("text/plain; charset=windows-1253", b"\xd2"),
        ("text/plain; charset=utf-8", b"\xe9t\xe9"),
        ("text/plain", b"a\0b\0"),
        ("text/plain; charset=us-ascii", b"\xe9t\xe9"),
    ];
    for (content_type, body) in malformed {
        let result = rewrite(&text, content_type, body);
        assert_eq!(result, Err(ErrorKind::Charset), "{content_type}");
    }
}

#[test]
fn i05_json_is_not_read_past_a_mark_or_in_utf_16() {
    let json = plan(Format::Json, "$.n");
    let body = "{\"n\":\"x\"}";
    for label in ["utf-16", "utf-16le", "utf-16be", "utf-32", "utf-7"] {
        let result = rewrite(&json, &format!("application/json; charset={label}"), b"{}");
        assert!(is_encoding(&result), "{label}");
    }
    for bytes in [
        ["\u{feff}", body].concat().into_bytes(),
        spelled("utf-16le", body),
        spelled("utf-16be", body),
        [b"\xff\xfe", spelled("utf-16le", body).as_slice()].concat(),
        body.chars()
            .flat_map(|c| u32::from(c).to_be_bytes())
            .collect(),
    ] {
        for content_type in ["application/json", "application/json; charset=iso-8859-1"] {
            assert!(rewrite(&json, content_type, &bytes).is_err());
        }
    }
}

#[test]
fn formats_of_bytes_are_utf_8() {
    for (format, content_type) in [
        (
            Format::Form,
            "application/x-www-form-urlencoded; charset=iso-8859-1",
        ),
        (
            Format::Multipart,
            "multipart/form-data; boundary=x; charset=utf-16",
        ),
    ] {
        let refused = take(&plan(format, "a"), content_type).err();
        assert!(
            matches!(refused, Some(ErrorKind::Encoding { .. })),
            "{content_type}"
        );
    }
}

#[test]
fn a_part_is_rewritten_in_its_own_charset() {
    let plan = Plan::compile(Format::Multipart, places(&["a", "b"])).unwrap();
    let part = |name: &str, label: &str, text: &[u8]| {
        let head = format!("Content-Disposition: form-data; name=\"{name}\"");
        let kind = format!("Content-Type: text/plain; charset={label}");
        [
            b"--x\r\n",
            head.as_bytes(),
            b"\r\n",
            kind.as_bytes(),
            b"\r\n\r\n",
            text,
            b"\r\n",
        ]
        .concat()
    };
    let body = |first: &[u8], second: &[u8]| {
        let latin = part("a", "iso-8859-1", first);
        let wide = part("b", "utf-16be", second);
        [
            latin,
            wide,
            part("c", "koi8-r", b"\xf0"),
            b"--x--\r\n".to_vec(),
        ]
        .concat()
    };
    let content_type = "multipart/form-data; boundary=x";
    let sent = body(b"\xe9t\xe9", &spelled("utf-16be", "\u{2d0d}é"));
    let done = rewrite(&plan, content_type, &sent).unwrap();
    assert_eq!(done.texts(), ["été", "\u{2d0d}é"]);
    assert_eq!(done.body, body(b"answer5", &spelled("utf-16be", "answer5")));
    let twice = body(b"\xe9", b"\xff\xfe\0x");
    assert!(is_encoding(&rewrite(&plan, content_type, &twice)));
}

#[test]
fn a_form_may_say_that_it_is_utf_8_only() {
    let form = plan(Format::Form, "a");
    let kind = "application/x-www-form-urlencoded";
    for good in [
        "_charset_=UTF-8&a=x",
        "a=x&_charset_",
        "_charset_=&a=x",
        "a=x&%5fcharset%5F=utf8",
    ] {
        assert_eq!(
            rewrite(&form, kind, good.as_bytes()).unwrap().texts(),
            ["x"],
            "{good}"
        );
    }
    for bad in [
        "_charset_=iso-8859-1&a=x",
        "a=x&_charset_=Windows-1252",
        "a=x&_ch%61rset_=x&b",
    ] {
        assert!(is_encoding(&rewrite(&form, kind, bad.as_bytes())), "{bad}");
    }
    let multipart = plan(Format::Multipart, "a");
    let kind = "multipart/form-data; boundary=x";
    let body = |label: &str| {
        let part = "--x\r\nContent-Disposition: form-data; name=_charset_\r\n\r\n";
        format!("{part}{label}\r\n--x--\r\n").into_bytes()
    };
    assert!(rewrite(&multipart, kind, &body("utf-8")).is_ok());
    assert!(is_encoding(&rewrite(&multipart, kind, &body("latin1"))));
}

#[test]
fn what_the_charset_lacks_is_not_sent_as_something_else() {
    let plan = plan(Format::Text, "*");
    let run = |content_type| {
        let rewriter = take(&plan, content_type).unwrap();
        feed(rewriter, Marker::default(), [&b"\xe9"[..]])
    };
    assert!(is_encoding(&run("text/plain; charset=iso-8859-1")));
    let utf_16 = take(&plan, "text/plain; charset=utf-16le").unwrap();
    let done = feed(utf_16, Marker::default(), [&b"\xe9\0"[..]]).unwrap();
    assert_eq!(done.body, spelled("utf-16le", &mark("é")));
}

#[test]
fn i04_the_first_fault_is_told_at_every_split() {
    // The JSON is broken before its charset is.
    let plan = plan(Format::Json, "$.n");
    let body = b"{\"a\":!,\"n\":\"\x93\xfa\xed\x40\"}";
    let result = at_every_split(
        || take(&plan, "application/json; charset=shift_jis").unwrap(),
        body,
    );
    assert!(
        matches!(result, Err(ErrorKind::Syntax { .. })),
        "{result:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn i03_any_bytes_are_kept_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        label in prop::sample::select(vec![
            "utf-8", "utf-16le", "utf-16be", "iso-8859-1", "windows-1253", "shift_jis", "euc-jp",
            "gbk", "gb18030", "big5", "euc-kr", "iso-2022-jp",
        ]),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
    ) {
        let plan = plan(Format::Text, "*");
        let content_type = format!("text/plain; charset={label}");
        let Ok(rewriter) = take(&plan, &content_type) else { return Ok(()) };
        let keep = || Marker { keep: true, ..Marker::default() };
        let done = feed(rewriter, keep(), harness::cut(&bytes, &cuts));
        let whole = feed(take(&plan, &content_type).unwrap(), keep(), [bytes.as_slice()]);
        prop_assert_eq!(&done, &whole);
        if let Ok(done) = done {
            prop_assert_eq!(done.body, bytes);
        }
    }
}

#[test]
fn i04_a_fault_is_told_where_it_is_however_characters_are_cut() {
    let body = [&spelled("gb18030", "😀中 text 😀")[..], b"\xff\xff more"].concat();
    let content_type = ContentType::parse(b"text/plain; charset=gb18030").unwrap();
    let plan = Plan::compile(Format::Text, places(&["*"])).unwrap();
    let fault = |size: usize| {
        let mut rewriter = plan.rewriter(Some(&content_type), limits()).unwrap();
        let (mut editor, mut out) = (Marker::default(), Out::new());
        let mut pushed = body
            .chunks(size)
            .map(|piece| rewriter.push(&Bytes::copy_from_slice(piece), &mut editor, &mut out));
        pushed.find_map(Result::err).unwrap()
    };
    let at = body.len() - b"\xff\xff more".len();
    for size in 1..=body.len() {
        assert_eq!(fault(size).offset, at as u64, "in pieces of {size}");
    }
}
