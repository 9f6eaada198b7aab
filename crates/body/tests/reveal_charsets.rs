//! Answers in other charsets than UTF-8: what a value becomes in each, read back by other means.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod reveal_support;

use body::reveal::Counts;
use encoding_rs::Encoding;
use reveal_support::{Toy, chunked, reveal};

/// Text in a charset. UTF-16 is written by the standard library.
fn spelled(label: &str, text: &str) -> Vec<u8> {
    match label {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => Encoding::for_label(label.as_bytes())
            .unwrap()
            .encode(text)
            .0
            .into_owned(),
    }
}

fn read(label: &str, bytes: &[u8]) -> String {
    let (text, _, malformed) = Encoding::for_label(label.as_bytes()).unwrap().decode(bytes);
    assert!(!malformed);
    text.into_owned()
}

const MARKS: [(&str, &[u8]); 2] = [("utf-16le", b"\xff\xfe"), ("utf-16be", b"\xfe\xff")];

#[test]
fn a_table_in_utf_16_is_revealed() {
    let mut toy = Toy::default();
    let [name, formula, token] = ["Ève \u{1f600}", "=1+\"1\"", "q123999999"].map(|value| {
        if value.starts_with('q') {
            value.to_owned()
        } else {
            toy.seal(value)
        }
    });
    let table = format!("nom;note\r\n{name};\"{formula}\"\r\nété;{token}\r\n");
    for (label, mark) in MARKS {
        let page = [mark, &spelled(label, &table)].concat();
        for later in [false, true] {
            toy.later = later;
            let sure = ["text/csv", "text/csv; charset=utf-16"];
            let named = format!("text/csv; charset={label}");
            for content_type in sure.into_iter().chain([named.as_str()]) {
                let revealed = chunked(content_type, &page, &mut toy);
                assert!(revealed.starts_with(mark));
                let text = read(label, &revealed);
                let mut reader = csv::ReaderBuilder::new()
                    .delimiter(b';')
                    .from_reader(text.as_bytes());
                let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
                assert_eq!(rows[0], vec!["Ève \u{1f600}", "'=1+\"1\""]);
                assert_eq!(rows[1], vec!["été", "q123999999"]);
            }
        }
        // Without the mark the content type says it.
        let bare = spelled(label, &table);
        let revealed = chunked(&format!("text/csv; charset={label}"), &bare, &mut toy);
        assert!(read(label, &revealed).contains("Ève"));
    }
}

#[test]
fn pages_and_json_in_utf_16_are_revealed_in_their_escapes() {
    let mut toy = Toy::default();
    let hostile = "\"><script>é 漢";
    let html = format!(
        "<p title=\"{}\">{}</p>",
        toy.seal(hostile),
        toy.seal(hostile)
    );
    let json = format!("{{\"a\":\"{}\"}}", toy.seal(hostile));
    let xml = format!(
        "<?xml version='1.0' encoding='UTF-16'?><a>{}</a>",
        toy.seal(hostile)
    );
    for (label, mark) in MARKS {
        for later in [false, true] {
            toy.later = later;
            let page = |text: &str| [mark, &spelled(label, text)].concat();
            let text = read(label, &chunked("text/html", &page(&html), &mut toy));
            let escaped = "&quot;&gt;&lt;script&gt;é 漢";
            assert_eq!(text, format!("<p title=\"{escaped}\">{escaped}</p>"));
            let text = read(label, &chunked("application/json", &page(&json), &mut toy));
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["a"], hostile);
            let text = read(label, &chunked("text/xml", &page(&xml), &mut toy));
            assert!(text.ends_with(&format!("<a>{escaped}</a>")));
        }
    }
}

#[test]
fn charsets_of_east_asia_are_revealed_and_what_they_lack_is_named() {
    let mut toy = Toy::default();
    // The second byte of this character is a backslash, and of the next a quote's neighbour.
    let page = format!("<p title='表'>ソ{}</p>", toy.seal("日é<"));
    for label in ["shift_jis", "euc-jp", "gbk", "big5", "euc-kr"] {
        let page = if label == "shift_jis" || label == "euc-jp" {
            page.clone()
        } else {
            page.replace(['表', 'ソ'], "日")
        };
        for later in [false, true] {
            toy.later = later;
            let revealed = chunked(
                &format!("text/html; charset={label}"),
                &spelled(label, &page),
                &mut toy,
            );
            let text = read(label, &revealed);
            assert!(
                text.contains("日é&lt;") || text.contains("日&#233;&lt;"),
                "{label}: {text}"
            );
        }
    }
    toy.later = false;
    let text = spelled("shift_jis", &format!("ソ{}", toy.seal("日é")));
    let (revealed, counts) = reveal("text/plain; charset=shift_jis", &[&text], &mut toy);
    assert_eq!(read("shift_jis", &revealed), "ソ日?");
    assert_eq!((counts.revealed, counts.charset_lossy), (1, 1));
}

#[test]
fn a_mark_says_more_than_the_content_type() {
    let mut toy = Toy::default();
    let token = toy.seal("é漢");
    let page = ["\u{feff}", &token].concat();
    for content_type in [
        "text/plain; charset=iso-8859-1",
        "text/html",
        "text/csv; charset=utf-16",
    ] {
        let revealed = chunked(content_type, page.as_bytes(), &mut toy);
        assert_eq!(revealed, "\u{feff}é漢".as_bytes(), "{content_type}");
    }
    for short in [
        &b""[..],
        b"\xef",
        b"\xef\xbb",
        b"\xff",
        b"\xfe\xff",
        b"\xef\xbbx",
    ] {
        assert_eq!(chunked("text/plain", short, &mut toy), short);
    }
}

#[test]
fn what_cannot_be_read_passes_with_all_that_follows() {
    let mut toy = Toy::default();
    let (first, second) = (toy.seal("x"), toy.seal("y"));
    let half = [
        spelled("utf-16le", &first),
        b"\0\xdc".to_vec(),
        spelled("utf-16le", &second),
    ];
    let revealed = chunked("text/plain; charset=utf-16le", &half.concat(), &mut toy);
    let kept = [spelled("utf-16le", "x"), half[1].clone(), half[2].clone()];
    assert_eq!(revealed, kept.concat());
    // A spelling that an encoder does not write, and a character that is cut short.
    for (label, odd) in [
        ("shift_jis", &b"\xed\x40"[..]),
        ("gbk", b"\x81"),
        ("utf-16be", b"\0"),
    ] {
        let page = [spelled(label, &first), odd.to_vec()].concat();
        let content_type = format!("text/plain; charset={label}");
        let revealed = chunked(&content_type, &page, &mut toy);
        assert_eq!(
            revealed,
            [spelled(label, "x"), odd.to_vec()].concat(),
            "{label}"
        );
        let (_, counts) = reveal(&content_type, &[&page], &mut toy);
        let expected = Counts {
            revealed: 1,
            unread: 1,
            ..Counts::default()
        };
        assert_eq!(counts, expected);
    }
    let switching = [b"\x1b$B".to_vec(), first.into_bytes()].concat();
    let (same, counts) = reveal("text/plain; charset=iso-2022-jp", &[&switching], &mut toy);
    assert_eq!((same, counts.unread), (switching, 1));
}

#[test]
fn single_bytes_are_written_where_they_stand() {
    let mut toy = Toy::default();
    let value = "é€漢";
    for (content_type, label, before, expected) in [
        (
            "text/csv; charset=windows-1252",
            "windows-1252",
            "a,",
            "a,é€?",
        ),
        (
            "text/html; charset=windows-1252",
            "windows-1252",
            "<p>",
            "<p>é€&#28450;",
        ),
        (
            "text/xml; charset=iso-8859-15",
            "iso-8859-15",
            "<a>",
            "<a>é€&#28450;",
        ),
        (
            "text/html",
            "windows-1252",
            "<meta charset=latin1><p>",
            "<meta charset=latin1><p>&#233;&#8364;&#28450;",
        ),
        (
            "text/xml",
            "iso-8859-1",
            "<?xml version='1.0' encoding='latin1'?><a>",
            "<?xml version='1.0' encoding='latin1'?><a>&#233;&#8364;&#28450;",
        ),
        (
            "text/calendar; charset=windows-1252",
            "windows-1252",
            "X:",
            "X:é€?",
        ),
    ] {
        let page = [spelled(label, before), toy.seal(value).into_bytes()].concat();
        let revealed = chunked(content_type, &page, &mut toy);
        assert_eq!(read(label, &revealed), expected, "{content_type}");
    }
}
