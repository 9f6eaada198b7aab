//! Multipart bodies beyond the fields of a form: parts by number, files that stream, names of files, base64.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::{
    Edit, Editor, Error, ErrorKind, Format, Found, Limits, Out, PlaceId, Plan, Rewriter, Selected,
};
use bytes::Bytes;
use harness::{Marker, Rewritten, at_every_split, feed, limits, mark};

const FORM: &str = "multipart/form-data; boundary=\"b=1\"";
const RELATED: &str = "multipart/related; boundary=\"b=1\"";

fn rewriter(plan: &Plan, kind: &str) -> Box<dyn Rewriter> {
    let content_type = ContentType::parse(kind.as_bytes());
    plan.rewriter(content_type.as_ref(), limits()).unwrap()
}

fn plan(selectors: &[&str]) -> Plan {
    Plan::compile(Format::Multipart, harness::places(selectors)).unwrap()
}

fn json(selectors: &[&str]) -> Plan {
    Plan::compile(Format::Json, harness::places(selectors)).unwrap()
}

/// A body of parts, each a head and a content.
fn parts(parts: &[(&str, &str)]) -> String {
    let part = |(head, content): &(&str, &str)| {
        let head = head.replace('\n', "\r\n");
        format!("--b=1\r\n{head}\r\n\r\n{content}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--b=1--\r\n"
}

fn rewrite(plan: &Plan, kind: &str, body: &str) -> Result<Rewritten, ErrorKind> {
    at_every_split(|| rewriter(plan, kind), body.as_bytes())
}

fn named(parameters: &str) -> String {
    format!("Content-Disposition: form-data; {parameters}")
}

#[test]
fn parts_without_names_are_chosen_by_their_number() {
    let plan = Plan::compile(
        Format::Multipart,
        [
            Selected::body("#1", json(&["$.name"])),
            Selected::new("#2", PlaceId(1)),
        ],
    )
    .unwrap();
    let body = |name: &str, text: &str| {
        parts(&[
            (
                "Content-Type: application/json; charset=UTF-8",
                &format!("{{\"name\": {name}, \"parents\": []}}"),
            ),
            ("Content-Type: text/plain", text),
            ("Content-Type: text/plain", "third"),
        ])
    };
    let done = rewrite(&plan, RELATED, &body("\"a\"", "b")).unwrap();
    assert_eq!(done.texts(), ["a", "b"]);
    let written = serde_json::to_string(&mark("a")).unwrap();
    assert_eq!(done.text(), body(&written, &mark("b")));
}

#[test]
fn every_part_may_be_a_place_and_names_come_first() {
    let plan = plan(&["*", "#2", "c"]);
    let heads = ["name=a", "name=b", "name=c"].map(named);
    let body = parts(&heads.each_ref().map(|head| (head.as_str(), "x")));
    let done = rewrite(&plan, FORM, &body).unwrap();
    let places: Vec<u16> = done.seen.iter().map(|(place, ..)| *place).collect();
    assert_eq!(places, [0, 1, 2]);
    for twice in [["*", "*"], ["#1", "#01"], ["a @filename", "a @filename"]] {
        assert!(Plan::compile(Format::Multipart, harness::places(&twice)).is_err());
    }
    assert!(Plan::compile(Format::Multipart, harness::places(&["#0"])).is_err());
}

#[test]
fn names_of_files_give_way_and_their_extensions_stay() {
    let plan = plan(&["files @filename", "* @filename"]);
    let head = |name: &str| named(&format!("name=files; {name}; x=y")) + "\nX-Other: z";
    let spelled = |text: &str| text.replace('"', "%22").replace('\n', "%0A");
    let extended = |text: &str| {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        format!("UTF-8''{}", text.bytes().map(byte).collect::<String>())
    };
    let both = format!(
        "filename=\"{}.pdf\"; filename*={}.pdf",
        spelled(&mark("É")),
        extended(&mark("É"))
    );
    for (name, text, written) in [
        (
            "filename=\"Tremblay-labo.pdf\"",
            "Tremblay-labo",
            format!("filename=\"{}.pdf\"", spelled(&mark("Tremblay-labo"))),
        ),
        (
            "filename=note",
            "note",
            format!("filename=\"{}\"", spelled(&mark("note"))),
        ),
        (
            "filename=\"a%22b.Roy\"",
            "a\"b.Roy",
            format!("filename=\"{}\"", spelled(&mark("a\"b.Roy"))),
        ),
        (
            "FileName*=utf-8'fr'%C3%89.pdf",
            "É",
            format!("FileName*={}.pdf", extended(&mark("É"))),
        ),
        (
            "filename=\"E_.pdf\"; filename*=UTF-8''%C3%89.pdf",
            "É",
            both,
        ),
    ] {
        let done = rewrite(&plan, FORM, &parts(&[(&head(name), "\0\u{1}")])).unwrap();
        assert_eq!(done.texts(), [text]);
        assert_eq!(
            done.text(),
            parts(&[(&head(&written), "\0\u{1}")]),
            "{name}"
        );
    }
    let none = parts(&[(&named("name=files"), "x"), (&head("filename=\"\""), "")]);
    assert_eq!(rewrite(&plan, FORM, &none).unwrap().texts(), [""; 0]);
}

#[test]
fn i05_a_file_name_that_stands_elsewhere_too_is_refused() {
    let plan = plan(&["* @filename"]);
    for head in [
        named("name=a; filename=b; filename=c"),
        named("name=a; filename*0=b; filename*1=c"),
        named("name=a; filename*=utf-16''%00b"),
        named("name=a; filename=b") + "\nContent-Type: application/pdf; name=\"Tremblay.pdf\"",
        named("name=a; filename=b") + "\nContent-Type: application/pdf; NAME*=utf-8''b",
    ] {
        let done = rewrite(&plan, FORM, &parts(&[(&head, "x")]));
        assert!(matches!(done, Err(ErrorKind::Syntax { .. })), "{head}");
    }
    let elsewhere = Plan::compile(Format::Multipart, harness::places(&["n"])).unwrap();
    let head = named("name=a; filename*0=b; filename*1=c");
    assert!(rewrite(&elsewhere, FORM, &parts(&[(&head, "x")])).is_ok());
}

#[test]
fn an_answer_may_take_a_file_names_place() {
    let plan = plan(&["f @filename", "f"]);
    let body = |name: &str, content: &str| {
        let head =
            named(&format!("name=f; filename=\"{name}.txt\"")) + "\nContent-Type: text/plain";
        parts(&[(&head, content)])
    };
    let editor = Marker {
        pending: true,
        ..Marker::default()
    };
    let whole = body("abc", "x");
    let done = feed(rewriter(&plan, FORM), editor, [whole.as_bytes()]).unwrap();
    assert_eq!(done.text(), body("answer3", "answer1"));
}

#[test]
fn base64_is_undone_and_written_again() {
    let head = "Content-Type: application/json\nContent-Transfer-Encoding: BASE64";
    let plan = Plan::compile(
        Format::Multipart,
        [
            Selected::new("#1", PlaceId(0)),
            Selected::body("#2", json(&["$.a"])),
        ],
    )
    .unwrap();
    let encode = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let body = |first: &str, second: &str| {
        parts(&[
            ("Content-Transfer-Encoding: base64", &encode(first)),
            (head, &encode(&format!("{{\"a\":{second}}}"))),
        ])
    };
    let done = rewrite(&plan, RELATED, &body("un", "\"deux\"")).unwrap();
    assert_eq!(done.texts(), ["un", "deux"]);
    let second = serde_json::to_string(&mark("deux")).unwrap();
    assert_eq!(done.text(), body(&mark("un"), &second));
    let odd = parts(&[("Content-Transfer-Encoding: base64", "dW4")]).replace("dW4", "dW5=");
    assert!(rewrite(&plan, RELATED, &odd).is_err());
    let quoted = parts(&[("Content-Transfer-Encoding: quoted-printable", "a=20b")]);
    assert!(matches!(
        rewrite(&plan, RELATED, &quoted),
        Err(ErrorKind::Coding { .. })
    ));
}

#[test]
fn what_measures_a_content_goes_with_it() {
    let plan = Plan::compile(
        Format::Multipart,
        [
            Selected::new("a", PlaceId(0)),
            Selected::body("b", json(&["$.x"])),
        ],
    )
    .unwrap();
    let measures = "Content-Length: 3\nDigest: sha-256=x\n";
    let body = |measures: [&str; 3], a: &str| {
        let field = |name: &str, before: &str| {
            before.to_owned() + &named(&format!("name={name}")) + "\nX: y\nContent-MD5: q"
        };
        let whole = parts(&[
            (&field("a", measures[0]), a),
            (&field("b", measures[1]), "{}"),
            (&field("c", measures[2]), "..."),
        ]);
        let mut left = whole.replace("\r\nContent-MD5: q", "");
        if a == "old" {
            left = whole;
        } else {
            let last = left.rfind("X: y").unwrap() + 4;
            left.insert_str(last, "\r\nContent-MD5: q");
        }
        left
    };
    let before = body([measures; 3], "old");
    let run = |chunks: usize| {
        let chunks = before.as_bytes().chunks(chunks);
        feed(rewriter(&plan, FORM), Marker::default(), chunks).unwrap()
    };
    let expected = body(["", "", measures], &mark("old"));
    for chunks in [1, 7, 4096] {
        assert_eq!(run(chunks).text(), expected);
    }
    let kept = Marker {
        keep: true,
        ..Marker::default()
    };
    let done = feed(rewriter(&plan, FORM), kept, [before.as_bytes()]).unwrap();
    assert!(
        done.text()
            .contains("name=a\r\nX: y\r\nContent-MD5: q\r\n\r\nold")
    );
}

#[test]
fn i13_a_file_streams_whatever_its_length() {
    let plan = Plan::compile(
        Format::Multipart,
        [Selected::body("f", json(&["$[*].name"]))],
    )
    .unwrap();
    let kind = ContentType::parse(FORM.as_bytes());
    let mut rewriter = plan.rewriter(kind.as_ref(), limits()).unwrap();
    let mut editor = Marker::default();
    let mut out = Out::new();
    let mut length = 0;
    let mut push = |bytes: Vec<u8>, out: &mut Out| {
        rewriter
            .push(&Bytes::from(bytes), &mut editor, out)
            .unwrap();
        while let Some(piece) = out.take() {
            length += piece.len();
        }
        assert!(rewriter.held() < 64 << 10, "held: {}", rewriter.held());
    };
    let head = named("name=f; filename=a.json") + "\nContent-Type: application/json";
    push(
        format!("--b=1\r\n{}\r\n\r\n[0", head.replace('\n', "\r\n")).into(),
        &mut out,
    );
    let row = format!(",{{\"name\":\"x\",\"y\":\"{}\"}}", "\\r\\n--b".repeat(100));
    let rows = row.repeat(64);
    for _ in 0..300 {
        push(rows.clone().into_bytes(), &mut out);
    }
    push(b"]\r\n--b=1--\r\n".to_vec(), &mut out);
    assert!(length > 300 * rows.len());
    assert_eq!(editor.seen.len(), 300 * 64);
}

#[test]
fn i05_a_delimiter_after_a_line_feed_alone_is_refused_wherever_it_stands() {
    let plan = plan(&["note"]);
    let bare = "\n--b=1\r\nContent-Disposition: form-data; name=note\r\n\r\nsecret";
    let passing = parts(&[(&named("name=x"), bare)]);
    let value = parts(&[(&named("name=note"), bare)]);
    let preamble = bare.to_owned() + "\r\n" + &parts(&[]);
    for body in [passing, value, preamble] {
        let done = rewrite(&plan, FORM, &body);
        assert!(matches!(done, Err(ErrorKind::Syntax { .. })), "{body}");
    }
    for inside in [
        "\r--b=1", "\n--b", "\r\n--b=", "--b=1", "\r\r\n-", "\n\n--b=",
    ] {
        let content = format!("a{inside}");
        let body = parts(&[
            (&named("name=x"), &content),
            (&named("name=note"), &content),
        ]);
        assert_eq!(rewrite(&plan, FORM, &body).unwrap().texts(), [content]);
    }
}

#[test]
fn lines_may_end_as_python_writes_them_but_all_must() {
    let plan = plan(&["#1"]);
    let body = |value: &str| {
        let heads = ["Content-Type: text/plain", "X: y"];
        let body = parts(&[(heads[0], value), (heads[1], "a\rb"), ("Z: z", "c")]);
        body.replace("\r\n", "\n")
    };
    let done = rewrite(&plan, RELATED, &body("one")).unwrap();
    assert_eq!(done.text(), body(&mark("one")));
    let whole = body("one");
    let breaks = whole.match_indices('\n').map(|(at, _)| at);
    for at in breaks.filter(|at| *at + 1 < whole.len()) {
        let mut mixed = whole.clone();
        mixed.insert(at, '\r');
        let done = rewrite(&plan, RELATED, &mixed);
        assert!(matches!(done, Err(ErrorKind::Syntax { .. })), "{mixed:?}");
    }
    let form = body("one");
    assert!(rewrite(&plan, FORM, &form).is_err());
}

#[test]
fn a_value_that_begins_with_the_delimiter_is_not_written() {
    struct Hostile;
    impl Editor for Hostile {
        fn value(&mut self, _: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
            replacement.extend_from_slice(b"--b=1--");
            Ok(Edit::Replace)
        }
    }
    let mut rewriter = rewriter(&plan(&["note"]), FORM);
    let body = parts(&[(&named("name=note"), "x")]);
    let done = rewriter.push(&body.into_bytes().into(), &mut Hostile, &mut Out::new());
    assert!(matches!(done.unwrap_err().kind, ErrorKind::Syntax { .. }));
}

#[test]
fn names_that_only_some_servers_take_for_a_place_are_refused() {
    let plan = plan(&["note", "tags[*]"]);
    for name in [
        "Note",
        "note[]",
        "\" note\"",
        "tags",
        "TAGS[1]",
        "utf8; name*=utf-8''note",
    ] {
        let body = parts(&[(&named(&format!("name={name}")), "x")]);
        assert!(rewrite(&plan, FORM, &body).is_err(), "{name}");
    }
    let body = parts(&[(&named("name*=utf-8''no%74e"), "x")]);
    assert_eq!(rewrite(&plan, FORM, &body).unwrap().texts(), ["x"]);
}

#[test]
fn multipart_may_stand_in_a_part() {
    let inner = plan(&["*", "* @filename"]);
    let plan = Plan::compile(Format::Multipart, [Selected::body("files", inner)]).unwrap();
    let inside = |name: &str, text: &str| {
        format!(
            "--in\r\nContent-Disposition: file; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--in--"
        )
    };
    let head = named("name=files") + "\nContent-Type: multipart/mixed; boundary=in";
    let before = parts(&[(&head, &inside("n.txt", "one"))]);
    let done = rewrite(&plan, FORM, &before).unwrap();
    assert_eq!(done.texts(), ["n", "one"]);
    let name = mark("n").replace('"', "%22").replace('\n', "%0A") + ".txt";
    assert_eq!(done.text(), parts(&[(&head, &inside(&name, &mark("one")))]));
    let limits = Limits {
        value: 2,
        ..Limits::default()
    };
    let kind = ContentType::parse(FORM.as_bytes());
    let short = plan.rewriter(kind.as_ref(), limits).unwrap();
    let done = feed(short, Marker::default(), [before.as_bytes()]);
    assert_eq!(done, Err(ErrorKind::ValueTooLong { limit: 2 }));
}

#[test]
fn i01_a_file_in_a_part_is_asked_for_and_goes_through_what_is_given() {
    /// Turns every bit over.
    struct Turned;
    impl Rewriter for Turned {
        fn push(&mut self, chunk: &Bytes, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
            out.write(&chunk.iter().map(|byte| !byte).collect::<Vec<u8>>());
            Ok(())
        }
        fn finish(&mut self, _: &mut dyn Editor, _: &mut Out) -> Result<(), Error> {
            Ok(())
        }
        fn held(&self) -> usize {
            0
        }
    }
    struct Sealing(Vec<u16>);
    impl Editor for Sealing {
        fn value(&mut self, _: Found<'_>, _: &mut Vec<u8>) -> Result<Edit, Error> {
            Ok(Edit::Keep)
        }
        fn file(&mut self, place: PlaceId) -> Result<Option<Box<dyn Rewriter>>, Error> {
            self.0.push(place.0);
            Ok(Some(Box::new(Turned)))
        }
    }
    let file = |id| Plan::compile(Format::File, [("*", PlaceId(id))]).unwrap();
    let plan = Plan::compile(
        Format::Multipart,
        [
            Selected::body("f", file(3)),
            Selected::body("g", file(4)),
            Selected::body("e", file(5)),
        ],
    )
    .unwrap();
    let heads = ["f", "g", "e"].map(|name| named(&format!("name={name}; filename=x")));
    let heads = [
        &heads[0],
        &(heads[1].clone() + "\nContent-Transfer-Encoding: base64"),
        &heads[2],
    ];
    let encode = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    // The bytes that are no text would not stand in a `str`: these turn into one another.
    let (plain, turned) = ("\u{0}\u{1}z", [0xff_u8, 0xfe, 0x85]);
    let before = parts(&[
        (heads[0], plain),
        (heads[1], &encode(b"in base64")),
        (heads[2], ""),
    ]);
    let turned_text: Vec<u8> = b"in base64".iter().map(|byte| !byte).collect();
    let marker = "\u{fffd}\u{fffd}";
    let after = parts(&[
        (heads[0], marker),
        (heads[1], &encode(&turned_text)),
        (heads[2], ""),
    ]);
    let at = after.find(marker).unwrap();
    let mut expected = after.clone().into_bytes();
    expected.splice(at..at + marker.len(), turned);
    for size in [1, 5, before.len()] {
        let (mut rewriter, mut editor) = (rewriter(&plan, FORM), Sealing(Vec::new()));
        let (mut out, mut done) = (Out::new(), Vec::new());
        for piece in before.as_bytes().chunks(size) {
            let piece = Bytes::copy_from_slice(piece);
            rewriter.push(&piece, &mut editor, &mut out).unwrap();
        }
        rewriter.finish(&mut editor, &mut out).unwrap();
        while let Some(piece) = out.take() {
            done.extend_from_slice(&piece);
        }
        assert_eq!(editor.0, [3, 4], "an empty file passes");
        assert_eq!(done, expected);
    }
}

#[test]
fn i05_a_name_hidden_in_a_disposition_is_refused() {
    for disposition in [
        "form-dat name=\"note\"",
        "attachment,name=\"note\"",
        "form-data; x=\"a; name=note\"",
        "form-data; name=\"x\"; y=\";filename=a.pdf;\"",
        "form-data; name=\"x\"; y=\"\tfilename* = UTF-8''a.pdf\"",
        "",
    ] {
        let body = format!("--b=1\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--b=1--\r\n");
        let done = rewrite(&plan(&["note"]), RELATED, &body);
        assert!(
            matches!(done, Err(ErrorKind::Syntax { .. })),
            "{disposition}"
        );
    }
}
