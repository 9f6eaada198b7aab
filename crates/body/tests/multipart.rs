//! Multipart bodies: the contents of named text parts change, all else stays, at every chunking.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::{ErrorKind, Format, Limits, Plan, Rewriter};
use harness::{Marker, Rewritten, at_every_split, cut, feed, limits, mark, places};
use proptest::prelude::*;

fn rewriter(limits: Limits) -> Box<dyn Rewriter> {
    let plan = Plan::compile(Format::Multipart, places(&["note", "tags[*]"])).unwrap();
    let content_type = ContentType::parse(b"multipart/form-data; boundary=\"b=1\"");
    plan.rewriter(content_type.as_ref(), limits).unwrap()
}

fn rewrite(body: &str) -> Result<Rewritten, ErrorKind> {
    at_every_split(|| rewriter(limits()), body.replace('\n', "\r\n").as_bytes())
}

/// A body of one part with this head.
fn part(head: &str, content: &str) -> String {
    format!("--b=1\n{head}\n\n{content}\n--b=1--\n")
}

const NOTE: &str = "Content-Disposition: form-data; name=\"note\"";

#[test]
fn i03_all_but_the_contents_at_places_stays_as_it_came() {
    let body = format!(
        "\n\n--b=1 \t\n{NOTE}\n\nline\nline\n--b=\n--b=1\n\
         content-disposition: form-data; name=file; filename=\"a.bin\"\nContent-Type: application/octet-stream\n\n\
         \u{1}\n--b=\n--b=1\n{NOTE}\n\n\n--b=1\nX: y\n\n\n--b=1\n\n\n--b=1\n\
         Content-Disposition: form-data; name=\"tags[]\"\nContent-Type: text/plain; charset=utf-8\n\nété\n--b=1--epilogue\n--b="
    );
    let done = rewrite(&body).unwrap();
    assert_eq!(done.texts(), ["line\r\nline\r\n--b=", "été"]);
    let expected = body.replace('\n', "\r\n").replacen(
        "line\r\nline\r\n--b=",
        &mark("line\r\nline\r\n--b="),
        1,
    );
    assert_eq!(done.text(), expected.replacen("été", &mark("été"), 1));
}

#[test]
fn files_that_no_place_names_pass_whatever_they_hold() {
    let head = "Content-Disposition: form-data; name=\"x\"; filename=\"note\"\nContent-Transfer-Encoding: base64";
    assert_eq!(rewrite(&part(head, "AAAA")).unwrap().texts(), [""; 0]);
}

#[test]
fn a_file_at_a_place_must_be_text() {
    let file = |kind: &str| rewrite(&part(&format!("{NOTE}; filename=\"a\"{kind}"), "x"));
    assert_eq!(file("\nContent-Type: text/csv").unwrap().texts(), ["x"]);
    assert_eq!(file(""), Err(ErrorKind::ContentType));
    assert_eq!(
        file("\nContent-Type: image/png"),
        Err(ErrorKind::ContentType)
    );
}

#[test]
fn i05_a_part_at_a_place_must_be_text_as_it_says() {
    let with = |line: &str, content: &str| rewrite(&part(&format!("{NOTE}\n{line}"), content));
    assert!(with("Content-Transfer-Encoding: 8BIT", "x").is_ok());
    assert!(matches!(
        with("Content-Transfer-Encoding: quoted-printable", "x"),
        Err(ErrorKind::Coding { .. })
    ));
    assert!(matches!(
        with("Content-Type: text/plain; charset=utf-16", "x"),
        Err(ErrorKind::Encoding { .. })
    ));
    assert_eq!(
        with("Content-Type: application/json", "{}"),
        Err(ErrorKind::ContentType)
    );
    assert_eq!(with("X: y", "\u{feff}x"), Err(ErrorKind::Charset));
    assert_eq!(with("X: y", "x\0"), Err(ErrorKind::Charset));
    let latin: Vec<u8> = part(NOTE, "x")
        .replace('\n', "\r\n")
        .bytes()
        .map(|b| if b == b'x' { 0xe9 } else { b })
        .collect();
    assert_eq!(
        at_every_split(|| rewriter(limits()), &latin),
        Err(ErrorKind::Charset)
    );
}

#[test]
fn i05_what_has_no_clear_end_is_refused() {
    for body in [
        String::new(),
        "--b=1".into(),
        "--b=1\n".into(),
        part(NOTE, "x").replace("--b=1--", ""),
        part(NOTE, "x").replace("--b=1--", "--b=1-"),
        part(NOTE, "x").replace("--b=1--", "--b=12--"),
        format!(" {}", part(NOTE, "x")).replace("--b=1--", "--b=1"),
        part(
            "Content-Disposition: form-data; name=\"note\";\n filename=x",
            "x",
        ),
        // The next part is content of this one to readers that want a line break before the delimiter.
        format!("--b=1\n{NOTE}\n\n--b=1\n\nsecret\n--b=1--\n"),
        // Readers that look for the delimiter anywhere, or on to the end, find a part here.
        format!("--x--b=1\n{NOTE}\n\nsecret\n--b=1--\n"),
        format!("This is a message in parts.\n{}", part(NOTE, "x")),
        format!("{}--b=1\n{NOTE}\n\nsecret\n--b=1--\n", part(NOTE, "x")),
        // A reader that looks for `name=` finds a field here.
        part("Content-Disposition: form-data; nam name=\"note\"", "x"),
        part("Content-Disposition: form-data; =x; name=\"kept\"", "x"),
        part("Content-Disposition: form-data; x=\"; Name =note;\"", "x"),
    ] {
        assert!(
            matches!(rewrite(&body), Err(ErrorKind::Syntax { .. })),
            "{body}"
        );
    }
    let bare = part(NOTE, "x");
    assert!(at_every_split(|| rewriter(limits()), bare.as_bytes()).is_err());
}

#[test]
fn i13_limits_are_kept_and_say_so() {
    let within = |content: &str| {
        let body = part(NOTE, content).replace('\n', "\r\n");
        at_every_split(
            || {
                rewriter(Limits {
                    value: 4,
                    ..Limits::default()
                })
            },
            body.as_bytes(),
        )
    };
    assert!(within("1234").is_ok());
    assert_eq!(within("12345"), Err(ErrorKind::ValueTooLong { limit: 4 }));
    let long = part(&format!("X: {}", "y".repeat(20_000)), "x").replace('\n', "\r\n");
    let done = feed(
        rewriter(limits()),
        Marker::default(),
        long.as_bytes().chunks(100),
    );
    assert!(matches!(done, Err(ErrorKind::Syntax { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i03_i04_contents_that_look_like_delimiters_are_contents(
        parts in prop::collection::vec((any::<bool>(), "(\r|\n|\r\n|-|--b|=|1x|a)*"), 1..5),
        offsets in prop::collection::vec(0..4096usize, 0..10),
    ) {
        prop_assume!(parts.iter().all(|(_, content)| !content.contains("--b=1")));
        let write = |edit: &dyn Fn(bool, &str) -> String| {
            let mut body = String::new();
            for (named, content) in &parts {
                let name = if *named { "note" } else { "other" };
                let head = format!("Content-Disposition: form-data; name=\"{name}\"");
                body.push_str(&format!("--b=1\r\n{head}\r\n\r\n{}\r\n", edit(*named, content)));
            }
            body + "--b=1--\r\n"
        };
        let body = write(&|_, content| content.to_owned());
        let done = feed(rewriter(limits()), Marker::default(), cut(body.as_bytes(), &offsets)).unwrap();
        let marked = |named: bool, content: &str| if named && !content.is_empty() { mark(content) } else { content.to_owned() };
        prop_assert_eq!(done.text(), write(&marked));
    }
}
