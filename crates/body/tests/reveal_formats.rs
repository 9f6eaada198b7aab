//! What is revealed in CSV, forms, XML, event streams, multipart bodies and plain text, checked by second parsers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use body::Limits;
use body::reveal::Counts;
use proptest::prelude::*;
use reveal_support::{HOSTILE, PIECES, Toy, chunked, fill, reveal, show};

/// The rows of a CSV file as the `csv` crate reads them.
fn rows(file: &[u8], separator: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(file);
    reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

/// A value as a spreadsheet is shown it at the start of a cell.
fn disarmed(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{value}")
    } else {
        value.to_owned()
    }
}

#[test]
fn i08_a_value_in_a_cell_adds_no_cell_and_no_row() {
    for separator in [',', ';', '\t'] {
        for (file, alone) in [
            ("a,b,c\nT,2,3\n4,T,6\n7,8,T\n", true),
            ("T,b,c\r\n1,T,T\r\n", true),
            ("a,b\n\"T\",\"x T\"\n", false),
            ("a,b\nx T,T y\nT,T", false),
            ("a,b\nT T,\"T\"\"T\"\n", false),
            ("\"x,y\",b\nT,1\n", true),
            ("a,b\n5\" T,T 5\"\n", false),
            ("\u{feff}\"a,1\",b\nT,1\n", true),
        ] {
            for value in HOSTILE {
                let mut toy = Toy::default();
                let token = toy.seal(value);
                let file = file
                    .replace(',', &separator.to_string())
                    .replace('T', &token);
                let revealed = chunked("text/csv", file.as_bytes(), &mut toy);
                let mut expected = rows(file.as_bytes(), separator as u8);
                for cell in expected.iter_mut().flatten() {
                    // Tokens after a stray quote in a bare cell stay.
                    let stray = cell
                        .find('"')
                        .is_some_and(|at| at < cell.find(&token).unwrap_or(0))
                        && !cell.contains("\"q");
                    if !stray {
                        let rest = cell.strip_prefix(&token).map(|rest| disarmed(value) + rest);
                        *cell = rest.unwrap_or_else(|| cell.clone()).replace(&token, value);
                    }
                }
                assert_eq!(
                    rows(&revealed, separator as u8),
                    expected,
                    "{} with {value:?}",
                    show(file.as_bytes())
                );
                if alone && value.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    let bare = file.replace(&token, value);
                    assert_eq!(
                        show(&revealed),
                        show(bare.as_bytes()),
                        "quoted only where it must be"
                    );
                }
                toy.later = true;
                let (later, _) = reveal("text/csv", &[file.as_bytes()], &mut toy);
                assert_eq!(rows(&later, separator as u8), expected, "filled later");
            }
        }
    }
}

#[test]
fn numbers_are_not_formulas() {
    let mut toy = Toy::default();
    let file = format!("a,b\n{},{}\n", toy.seal_number("-12.5"), toy.seal("-12.5"));
    assert_eq!(
        chunked("text/csv", file.as_bytes(), &mut toy),
        b"a,b\n-12.5,'-12.5\n"
    );
}

#[test]
fn a_cell_too_long_to_be_quoted_keeps_its_tokens() {
    let mut toy = Toy::default();
    let file = format!(
        "a,b\n{}{},{}\n",
        "x".repeat(5000),
        toy.seal("a,b"),
        toy.seal("c")
    );
    let chunks: Vec<&[u8]> = file.as_bytes().chunks(11).collect();
    let (revealed, counts) = reveal("text/csv", &chunks, &mut toy);
    assert_eq!(
        counts,
        Counts {
            revealed: 1,
            left_in_place: 1,
            ..Counts::default()
        }
    );
    assert_eq!(reveal("text/csv", &[file.as_bytes()], &mut toy).0, revealed);
}

#[test]
fn a_first_line_without_end_is_judged_by_its_start() {
    let mut toy = Toy::default();
    let file = format!("{}{}", "a;b;".repeat(3000), toy.seal("x;y"));
    let chunks: Vec<&[u8]> = file.as_bytes().chunks(13).collect();
    let (revealed, _) = reveal("text/csv", &chunks, &mut toy);
    assert!(revealed.ends_with(b";\"x;y\""));
    assert_eq!(reveal("text/csv", &[file.as_bytes()], &mut toy).0, revealed);
}

#[test]
fn i08_a_value_in_a_form_adds_no_pair() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let form = format!("a=1&b={}&c=x+{}y&d", toy.seal(value), toy.seal(value));
        let revealed = chunked(
            "application/x-www-form-urlencoded",
            form.as_bytes(),
            &mut toy,
        );
        let pairs: Vec<(String, String)> = form_urlencoded::parse(&revealed).into_owned().collect();
        let expected = [
            ("a", "1"),
            ("b", value),
            ("c", &format!("x {value}y")),
            ("d", ""),
        ];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        let serialised: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        assert!(
            String::from_utf8(revealed)
                .unwrap()
                .starts_with(&format!("a=1&b={serialised}&c"))
        );
    }
    let mut toy = Toy::default();
    let form = format!("u=https%3A%2F%2Fa.example%2F{}", toy.seal("x"));
    assert_eq!(
        chunked(
            "application/x-www-form-urlencoded",
            form.as_bytes(),
            &mut toy
        ),
        form.as_bytes()
    );
}

/// The events of an XML document: names, attributes and text (CDATA joined to the text around it), `change` applied
/// to values.
fn events(document: &[u8], change: &dyn Fn(&str) -> String) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_reader(document);
    let mut events = Vec::new();
    let mut text = String::new();
    loop {
        let event = reader.read_event().unwrap();
        let piece = match &event {
            Event::Text(piece) => Some(str::to_owned(piece)),
            Event::CData(piece) => Some(str::to_owned(piece)),
            Event::GeneralRef(name) => Some(
                quick_xml::escape::unescape(&format!("&{};", &**name))
                    .unwrap()
                    .into_owned(),
            ),
            _ => None,
        };
        match piece {
            Some(piece) => text.push_str(&piece),
            None if !text.is_empty() => {
                events.push(format!("text {:?}", change(&std::mem::take(&mut text))))
            }
            None => {}
        }
        match event {
            Event::Eof => return events,
            Event::Start(tag) | Event::Empty(tag) => {
                let attributes: Vec<String> = tag
                    .attributes()
                    .map(|attribute| {
                        let attribute = attribute.unwrap();
                        let value = &attribute.value;
                        format!(
                            "{}={:?}",
                            attribute.key.as_ref(),
                            change(&quick_xml::escape::unescape(value).unwrap())
                        )
                    })
                    .collect();
                events.push(format!("start {} {attributes:?}", tag.name().as_ref()));
            }
            Event::End(tag) => events.push(format!("end {}", tag.name().as_ref())),
            Event::Comment(_) => events.push("comment".to_owned()),
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {}
            other => events.push(format!("{other:?}")),
        }
    }
}

#[test]
fn i08_a_value_in_xml_adds_no_node() {
    for document in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a><b c=\"~\" d='~'>x ~</b><!-- y --><e/></a>",
        "<a><![CDATA[~]]></a>",
        "<a>x<![CDATA[a ] ~ ]]]>~</a>",
        "<!DOCTYPE a [<!ENTITY x \"y>]\">]><a>~</a>",
        "<soap:a xmlns:soap='urn:x'><b>~</b></soap:a>",
    ] {
        for value in HOSTILE {
            let mut toy = Toy::default();
            let token = toy.seal(value);
            let document = document.replace('~', &token);
            let revealed = chunked(
                "application/xml; charset=utf-8",
                document.as_bytes(),
                &mut toy,
            );
            let expected = events(document.as_bytes(), &|text| text.replace(&token, value));
            assert_eq!(
                events(&revealed, &str::to_owned),
                expected,
                "{document} with {value:?}"
            );
        }
    }
}

#[test]
fn html_in_xml_is_escaped_for_both_readers() {
    for (document, expected) in [
        ("<a><![CDATA[<p>~</p>]]></a>", "<p>&lt;i&gt;</p>"),
        ("<a><![CDATA[~<br>]]></a>", "&lt;i&gt;<br>"),
        ("<a>&lt;p&gt;~&lt;/p&gt;</a>", "<p>&lt;i&gt;</p>"),
        ("<a>~ &amp;nbsp; x</a>", "&lt;i&gt; &nbsp; x"),
        ("<a>Smith &amp; ~</a>", "Smith & <i>"),
    ] {
        let mut toy = Toy::default();
        let revealed = chunked(
            "text/xml; charset=utf-8",
            document.replace('~', &toy.seal("<i>")).as_bytes(),
            &mut toy,
        );
        assert_eq!(
            events(&revealed, &str::to_owned)[1],
            format!("text {expected:?}"),
            "{document}"
        );
    }
}

#[test]
fn where_nothing_can_be_escaped_in_xml_tokens_stay() {
    for document in [
        "<a><!-- ~ --></a>",
        "<?x ~?><a/>",
        "<~/>",
        "<a ~='1'/>",
        "<svg><script>a='~'</script><style>~</style></svg>",
        "<a href='/x?q=~'/>",
        "<a>https://a.example/~</a>",
        "<a onclick=\"f('~')\" style='~'/>",
        "<!DOCTYPE a [<!ENTITY x \"~\">]><a/>",
    ] {
        let mut toy = Toy::default();
        let document = document.replace('~', &toy.seal("x"));
        assert_eq!(
            show(&chunked("image/svg+xml", document.as_bytes(), &mut toy)),
            show(document.as_bytes())
        );
        assert_eq!(toy.opened(), 0);
    }
}

/// The data of the events in a stream, as WHATWG HTML §9.2.6 reads them.
fn data(stream: &[u8]) -> Vec<String> {
    let text = String::from_utf8(stream.to_vec())
        .unwrap()
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    text.split("\n\n")
        .map(|event| {
            let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
            lines
                .map(|line| line.strip_prefix(' ').unwrap_or(line))
                .collect::<Vec<_>>()
                .join("\n")
        })
        .filter(|data| !data.is_empty())
        .collect()
}

#[test]
fn i08_a_value_in_an_event_adds_no_event() {
    for value in HOSTILE {
        for end in ["\n", "\r\n", "\r"] {
            let mut toy = Toy::default();
            let stream = format!(
                ": c\nid: {t}\ndata: x {t}\n\nevent: e\ndata:{{\"a\":\ndata: \"{t}\"}}\n\ndata: {t}\ndata: y\n\n",
                t = toy.seal(value)
            )
            .replace('\n', end);
            let revealed = chunked("text/event-stream", stream.as_bytes(), &mut toy);
            let found = data(&revealed);
            // The stream cannot tell one kind of line break from another.
            let plain = value.replace("\r\n", "\n").replace('\r', "\n");
            assert_eq!(found.len(), 3);
            assert_eq!(found[0], format!("x {plain}"));
            let json: serde_json::Value = serde_json::from_str(&found[1]).unwrap();
            assert_eq!(json, serde_json::json!({ "a": value }));
            assert_eq!(found[2], format!("{plain}\ny"));
            assert!(revealed.starts_with(format!(": c{end}id: q123").as_bytes()));
        }
    }
}

#[test]
fn an_event_is_complete_when_its_blank_line_has_come() {
    let mut toy = Toy::default();
    let stream = format!(
        "data: {{\"n\": \"{}\"}}\n\ndata: \"{}\"\n\ndata: a{}\n\n",
        toy.seal_number("4"),
        toy.seal_number("5"),
        toy.seal("<x")
    );
    let mut reveal = body::reveal::Reveal::new(
        reveal_support::medium("text/event-stream"),
        Limits::default(),
    );
    let mut out = body::Out::new();
    reveal.push(&stream.into(), &mut toy, &mut out);
    assert_eq!(reveal.held(), 0);
    assert_eq!(
        out.take().unwrap(),
        "data: {\"n\": 4}\n\ndata: 5\n\ndata: a<x\n\n"
    );
}

#[test]
fn each_part_is_revealed_by_its_own_type() {
    let value = "a\"<b>,é\r\n--bound\r\nx";
    let mut toy = Toy::default();
    let t = toy.seal(value);
    let parts = [
        "Content-Type: application/json\r\n\r\n{\"a\":\"~\"}",
        "content-type: text/html; charset=utf-8\r\nX: ~\r\n\r\n<p title='~'>",
        "Content-Disposition: form-data; name=\"~\"\r\n\r\n~",
        "Content-Type: text/csv\r\n\r\na,b\r\n1,~",
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n~",
        "Content-Type: image/png\r\n\r\n~",
        "Content-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":\"~\"}",
        "Content-Type: text/plain; charset=utf-16\r\n\r\n~",
        "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n~",
        "Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n\r\n~\r\n--inner--",
    ];
    let body: String = parts
        .iter()
        .map(|part| format!("--bound\r\n{part}\r\n"))
        .collect();
    let body = format!("preamble ~\r\n{body}--bound--\r\nepilogue ~\r\n").replace('~', &t);
    let revealed = chunked("multipart/mixed; boundary=bound", body.as_bytes(), &mut toy);
    let json = "{\"a\":\"a\\\"\\u003cb\\u003e,é\\r\\n-- bound\\r\\nx\"}";
    let plain = "a\"<b>,é\r\n-- bound\r\nx";
    let expected = [
        format!("Content-Type: application/json\r\n\r\n{json}"),
        format!(
            "content-type: text/html; charset=utf-8\r\nX: {t}\r\n\r\n<p title='a&quot;&lt;b&gt;,é&#13;\n-- bound&#13;\nx'>"
        ),
        format!("Content-Disposition: form-data; name=\"{t}\"\r\n\r\n{plain}"),
        "Content-Type: text/csv\r\n\r\na,b\r\n1,\"a\"\"<b>,é\r\n-- bound\r\nx\"".to_owned(),
        parts[4].replace('~', &t),
        parts[5].replace('~', &t),
        format!(
            "Content-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{json}"
        ),
        parts[7].replace('~', &t),
        "Content-Type: text/plain; charset=iso-8859-1\r\n\r\na\"<b>,\u{e9}\r\n-- bound\r\nx"
            .to_owned(),
        format!(
            "Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n\r\n{plain}\r\n--inner--"
        ),
    ];
    let mut whole = format!("preamble {t}\r\n").into_bytes();
    for (index, part) in expected.iter().enumerate() {
        whole.extend_from_slice(b"--bound\r\n");
        match index {
            8 => whole.extend(part.chars().map(|c| u8::try_from(u32::from(c)).unwrap())),
            _ => whole.extend_from_slice(part.as_bytes()),
        }
        whole.extend_from_slice(b"\r\n");
    }
    whole.extend_from_slice(format!("--bound--\r\nepilogue {t}\r\n").as_bytes());
    assert_eq!(show(&revealed), show(&whole));
    let (_, counts) = reveal(
        "multipart/mixed; boundary=bound",
        &[body.as_bytes()],
        &mut toy,
    );
    assert_eq!((counts.revealed, counts.unread), (7, 2));
}

#[test]
fn i08_a_value_in_a_script_body_stays_in_its_string() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let body = format!(
            "callback({{\"a\":\"{t}\",'b':'{t}'}}); // {t}\n{t}",
            t = toy.seal(value)
        );
        let (revealed, counts) = reveal(
            "application/javascript; charset=utf-8",
            &[body.as_bytes()],
            &mut toy,
        );
        assert_eq!((counts.revealed, counts.left_in_place), (2, 2));
        assert_eq!(
            chunked(
                "application/javascript; charset=utf-8",
                body.as_bytes(),
                &mut toy
            ),
            revealed
        );
        let text = String::from_utf8(revealed).unwrap();
        assert_eq!(text.matches('"').count(), 4);
        assert_eq!(text.matches('\'').count(), 4);
        assert_eq!(text.lines().count(), 2);
    }
}

#[test]
fn plain_text_is_written_as_it_is() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let text = format!(
            "a {}\r\nb{} https://a.example/{}",
            toy.seal(value),
            toy.seal(value),
            toy.seal(value)
        );
        let expected = format!(
            "a {value}\r\nb{value} https://a.example/{}",
            reveal_support::token(2)
        );
        assert_eq!(
            show(&chunked("text/plain", text.as_bytes(), &mut toy)),
            show(expected.as_bytes())
        );
    }
}

#[test]
fn what_the_charset_cannot_hold_is_counted() {
    let mut toy = Toy::default();
    let text = format!("caf\u{e9} {}", toy.seal("\u{e9}漢"));
    let text: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let (revealed, counts) = reveal("text/plain; charset=windows-1252", &[&text], &mut toy);
    assert_eq!(revealed, b"caf\xe9 \xe9?");
    assert_eq!(
        counts,
        Counts {
            revealed: 1,
            charset_lossy: 1,
            ..Counts::default()
        }
    );
    let (same, counts) = reveal("text/plain; charset=utf-16le", &[&text], &mut toy);
    assert_eq!(same, text);
    assert_eq!(counts.unread, 1);
}

#[test]
fn styles_keep_their_tokens() {
    let mut toy = Toy::default();
    let sheet = format!("a::after {{ content: \"{}\" }}", toy.seal("x"));
    assert_eq!(
        chunked("text/css", sheet.as_bytes(), &mut toy),
        sheet.as_bytes()
    );
}

/// The lines of a calendar or card, unfolded, and their values without escapes.
fn lines(card: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(card.to_vec())
        .unwrap()
        .replace("\r\n ", "");
    text.lines()
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            let escapes = [("\\n", "\n"), ("\\;", ";"), ("\\,", ","), ("\0", "\\")];
            let value = escapes
                .iter()
                .fold(value.replace("\\\\", "\0"), |text, (from, to)| {
                    text.replace(from, to)
                });
            (name.to_owned(), value)
        })
        .collect()
}

#[test]
fn i08_a_value_in_a_card_adds_no_line() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let t = toy.seal(value);
        let card = format!(
            "BEGIN:VCARD\r\nN:{t}\r\nX;P=\"a:{t}\";Q={t}:y{t}\r\nNOTE:x\r\n  {t}\r\nKEY;ENCODING=b:{t}\r\nU:https://a.example/{t}\r\nEND:VCARD\r\n"
        );
        let revealed = chunked("text/vcard", card.as_bytes(), &mut toy);
        // A card knows one kind of line break.
        let plain = value.replace("\r\n", "\n").replace('\r', "\n");
        let expected = [
            ("BEGIN", "VCARD"),
            ("N", &plain),
            ("X;P=\"a", &format!("{t}\";Q={t}:y{plain}")),
            ("NOTE", &format!("x {plain}")),
            ("KEY;ENCODING=b", &t),
            ("U", &format!("https://a.example/{t}")),
            ("END", "VCARD"),
        ];
        assert_eq!(
            lines(&revealed),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}

#[test]
fn i08_a_body_without_a_type_never_becomes_html() {
    for (body, revealed) in [
        ("~", false),
        (" \n~ <p>", false),
        ("<p>~</p>", true),
        ("{\"a\":\"~\"}", true),
        ("x ~", true),
    ] {
        let mut toy = Toy::default();
        let body = body.replace('~', &toy.seal("<script>"));
        let found = chunked("", body.as_bytes(), &mut toy);
        assert_eq!(found != body.as_bytes(), revealed, "{body}");
        let text = String::from_utf8(found).unwrap();
        assert!(
            !text.contains("<script>") || text.starts_with('x'),
            "{text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn i08_no_xml_document_changes_its_shape(
        texts in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 0..6), 4),
        values in prop::collection::vec(prop::sample::select(HOSTILE), 3),
        charset in prop::sample::select(vec!["text/xml", "text/xml; charset=utf-8"]),
    ) {
        let mut toy = Toy::default();
        let tokens: Vec<String> = values.iter().map(|value| toy.seal(value)).collect();
        let texts: Vec<String> = texts.iter().map(|pieces| fill(pieces, &tokens)).collect();
        let escaped: Vec<_> = texts.iter().map(quick_xml::escape::escape).collect();
        let cdata = texts[3].replace("]]>", "]]]]><![CDATA[>");
        let page = format!(
            "<a><b c=\"{}\" d='{}'>{}<i/>x</b><e><![CDATA[{cdata}]]></e><f>{}</f></a>",
            escaped[0], escaped[1], escaped[2], tokens[0]
        );
        let (revealed, _) = reveal(charset, &[page.as_bytes()], &mut toy);
        let shape = |document: &[u8]| -> Vec<String> {
            events(document, &|_| String::new()).into_iter().filter(|event| !event.starts_with("text")).collect()
        };
        prop_assert_eq!(shape(&revealed), shape(page.as_bytes()), "{} became {}", page, show(&revealed));
    }

    #[test]
    fn i08_no_table_changes_its_shape(
        cells in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 0..5), 12),
        values in prop::collection::vec(prop::sample::select(HOSTILE), 3),
        separator in prop::sample::select(vec![b',', b';', b'\t']),
        quoting in prop::sample::select(vec![csv::QuoteStyle::Necessary, csv::QuoteStyle::Always]),
    ) {
        let mut toy = Toy::default();
        let tokens: Vec<String> = values.iter().map(|value| toy.seal(value)).collect();
        let cells: Vec<String> = cells.iter().map(|pieces| fill(pieces, &tokens)).collect();
        let mut writer = csv::WriterBuilder::new().delimiter(separator).quote_style(quoting).from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).unwrap();
        for row in cells.chunks(3) {
            writer.write_record(row).unwrap();
        }
        let file = writer.into_inner().unwrap();
        let (revealed, _) = reveal("text/csv", &[&file], &mut toy);
        let shape = |file: &[u8]| rows(file, separator).iter().map(Vec::len).collect::<Vec<_>>();
        prop_assert_eq!(shape(&revealed), shape(&file), "{} became {}", show(&file), show(&revealed));
    }
}
