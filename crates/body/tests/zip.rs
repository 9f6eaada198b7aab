//! Archives: members at places change, all others stay as they are packed, at every chunking; what could be read in
//! two ways is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use std::io::{Cursor, Read, Write};

use body::content_type::ContentType;
use body::{ErrorKind, Format, Limits, PlaceId, Plan, Rewriter, Selected};
use harness::{Marker, Rewritten, cut, feed, limits, mark, places};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const SHEET: &str = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}";
const WORD: &str = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}";

const OPENPYXL: &[u8] = include_bytes!("vectors/zip/openpyxl.xlsx");
const PIPED: &[u8] = include_bytes!("vectors/zip/piped.xlsx");
const DOCX: &[u8] = include_bytes!("vectors/zip/python-docx.docx");
const JAVA: &[u8] = include_bytes!("vectors/zip/java.zip");

/// A plan of XML in members.
fn document(members: &[(&str, &str)]) -> Plan {
    let selected = members.iter().map(|(member, selector)| {
        let inside = Plan::compile(Format::Xml, [(*selector, PlaceId(0))]).unwrap();
        Selected::body(member, inside)
    });
    Plan::compile(Format::Zip, selected).unwrap()
}

fn sheet() -> Plan {
    document(&[("xl/worksheets/*.xml", &format!("//{SHEET}t"))])
}

fn texts(members: &[&str]) -> Plan {
    Plan::compile(Format::Zip, places(members)).unwrap()
}

fn rewriter(plan: &Plan, limits: Limits) -> Box<dyn Rewriter> {
    let content_type =
        ContentType::parse(b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    plan.rewriter(content_type.as_ref(), limits).unwrap()
}

/// Rewrites an archive whole, and asserts that it becomes the same in every cut in two and byte by byte (I4).
fn rewrite(plan: &Plan, archive: &[u8]) -> Result<Rewritten, ErrorKind> {
    rewrite_by(plan, archive, 1)
}

fn rewrite_by(plan: &Plan, archive: &[u8], step: usize) -> Result<Rewritten, ErrorKind> {
    let run = |chunks: Vec<&[u8]>| feed(rewriter(plan, limits()), Marker::default(), chunks);
    let whole = run(vec![archive]);
    for at in (0..=archive.len()).step_by(step) {
        let (before, after) = archive.split_at(at);
        assert_eq!(run(vec![before, after]), whole, "cut at {at}");
    }
    assert_eq!(run(archive.chunks(1).collect()), whole, "byte by byte");
    whole
}

/// What an independent reader finds: each member's name, how it is packed, and what it holds.
fn read(archive: &[u8]) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let mut reader = ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..reader.len())
        .map(|number| {
            let mut packed = Vec::new();
            let mut raw = reader.by_index_raw(number).unwrap();
            raw.read_to_end(&mut packed).unwrap();
            drop(raw);
            let mut member = reader.by_index(number).unwrap();
            let mut plain = Vec::new();
            member.read_to_end(&mut plain).unwrap();
            (member.name().unwrap().into_owned(), packed, plain)
        })
        .collect()
}

/// Asserts that all members but those are packed as they were, and gives what those hold.
fn changed(came: &[u8], left: &[u8], members: &[&str]) -> Vec<String> {
    let (came, left) = (read(came), read(left));
    assert_eq!(came.len(), left.len());
    let mut plain = Vec::new();
    for (before, after) in came.into_iter().zip(left) {
        assert_eq!(before.0, after.0);
        if members.contains(&before.0.as_str()) {
            plain.push(String::from_utf8(after.2).unwrap());
        } else {
            assert_eq!(before, after, "I3");
        }
    }
    plain
}

fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    body::escape::Escape::Xml.write(mark(text).as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn i03_a_workbook_keeps_all_but_its_cells() {
    for archive in [OPENPYXL, PIPED] {
        let done = rewrite(&sheet(), archive).unwrap();
        assert_eq!(
            done.texts(),
            [
                "Nom",
                "RAMQ",
                "Visites",
                "Anne Tremblay & fils",
                "TREM 8051 1234",
                "René Côté",
                "COTR 7502 0191"
            ]
        );
        let sheets = changed(archive, &done.body, &["xl/worksheets/sheet1.xml"]);
        assert!(sheets[0].contains(&format!("<is><t>{}</t></is>", escaped("René Côté"))));
        assert!(!sheets[0].contains("<t>TREM"));
    }
}

#[test]
fn i03_a_document_keeps_all_but_its_text() {
    let plan = document(&[("word/document.xml", &format!("//{WORD}t"))]);
    let done = rewrite_by(&plan, DOCX, 499).unwrap();
    assert_eq!(
        done.texts(),
        ["Dossier", "Patiente : ", "Anne Tremblay", " <confidentiel>"]
    );
    let text = changed(DOCX, &done.body, &["word/document.xml"]);
    assert!(text[0].contains(&escaped("Anne Tremblay")));
}

#[test]
fn values_may_be_whole_members() {
    let done = rewrite(&texts(&["NOTES/*"]), JAVA).unwrap();
    assert_eq!(done.texts(), ["Anne Tremblay", "René Côté"]);
    let members = ["notes/stored.txt", "notes/deflated.txt", "notes/empty.txt"];
    assert_eq!(
        changed(JAVA, &done.body, &members),
        [mark("Anne Tremblay"), mark("René Côté"), String::new()]
    );
    let same = rewrite(&texts(&["absent.txt"]), JAVA).unwrap();
    assert_eq!(same.body, JAVA);
}

#[test]
fn what_is_kept_holds_the_same() {
    let editor = Marker {
        keep: true,
        ..Marker::default()
    };
    let done = feed(rewriter(&sheet(), limits()), editor, OPENPYXL.chunks(7)).unwrap();
    let plain = |archive| {
        read(archive)
            .into_iter()
            .map(|(name, _, plain)| (name, plain))
    };
    assert!(plain(&done.body).eq(plain(OPENPYXL)));
}

#[test]
fn holes_hold_back_the_directory() {
    let editor = Marker {
        pending: true,
        ..Marker::default()
    };
    let done = feed(rewriter(&sheet(), limits()), editor, OPENPYXL.chunks(100)).unwrap();
    let sheets = changed(OPENPYXL, &done.body, &["xl/worksheets/sheet1.xml"]);
    assert!(sheets[0].contains("<is><t>answer12</t></is>"));
}

/// An archive of one stored member.
fn small(name: &str, text: &str) -> Vec<u8> {
    small_with(&[(name, text)])
}

fn small_with(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, text) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The archive with bytes replaced.
fn put(archive: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    archive[at..at + bytes.len()].copy_from_slice(bytes);
    archive
}

#[test]
fn i05_what_two_programs_read_differently_is_refused() {
    let plan = texts(&["a.txt"]);
    let good = small("a.txt", "Ann");
    assert_eq!(rewrite(&plan, &good).unwrap().texts(), ["Ann"]);
    let central = memchr_of(&good, b"PK\x01\x02");
    let end = memchr_of(&good, b"PK\x05\x06");
    let same = "a directory that says what the members say";
    let comment = |text: &[u8]| {
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [put(&good, end + 20, &length), text.to_vec()].concat()
    };
    for (what, archive, expected) in [
        (
            "another name in the directory",
            put(&good, central + 46, b"b"),
            same,
        ),
        (
            "another case in the directory",
            put(&good, central + 46, b"A"),
            same,
        ),
        ("another offset", put(&good, central + 42, b"\x01"), same),
        ("another checksum", put(&good, central + 16, b"\x01"), same),
        ("another length", put(&good, central + 24, b"\x02"), same),
        ("another method", put(&good, central + 10, b"\x08"), same),
        ("another count", put(&good, end + 10, b"\x02"), same),
        ("another beginning", put(&good, end + 16, b"\x01"), same),
        ("another disk", put(&good, end + 4, b"\x01"), same),
        ("an end in the comment", comment(b"PK\x05\x06"), same),
        (
            "bytes behind the end",
            [&good[..], b"x"].concat(),
            "nothing after the archive's end",
        ),
        (
            "bytes before the beginning",
            [b"MZ\0\0", &good[..]].concat(),
            "a record of an archive without ZIP64",
        ),
        (
            "bytes between records",
            [&good[..central], b"xxxx", &good[central..]].concat(),
            "a record of an archive without ZIP64",
        ),
        (
            "a member behind the directory",
            [&good[..end], &good[..central], &good[end..]].concat(),
            "no member after the directory",
        ),
        (
            "a member that the directory lacks",
            [
                &good[..central],
                &small("b.txt", "x")[..central - 2],
                &good[central..],
            ]
            .concat(),
            same,
        ),
        (
            "an encrypted place",
            put(&good, 6, b"\x01"),
            "a member that is not encrypted",
        ),
        (
            "an odd method",
            put(&good, 8, b"\x0e"),
            "a member that is stored or deflated",
        ),
        (
            "a stored member of unknown length",
            put(&good, 6, b"\x08"),
            "a member whose size stands before it",
        ),
        (
            "ZIP64",
            put(&good, 22, &[0xff; 4]),
            "an archive without ZIP64",
        ),
        (
            "two of one name",
            small_with(&[("b.txt", "x"), ("B.TXT", "y")]),
            "members with different names",
        ),
        (
            "a cut archive",
            good[..good.len() - 1].to_vec(),
            "the archive's end",
        ),
        ("nothing", Vec::new(), "the archive's end"),
        (
            "a name with two readings",
            small("x\\a.txt", "Ann"),
            "a member's name that all programs read alike",
        ),
        (
            "a name that leads out",
            small("../a.txt", "Ann"),
            "a member's name that all programs read alike",
        ),
    ] {
        let refused = Err(ErrorKind::Syntax { expected });
        assert_eq!(rewrite(&plan, &archive), refused, "{what}");
    }
    let damaged = Err(ErrorKind::Coding {
        why: "a member of the archive is damaged",
    });
    assert_eq!(rewrite(&plan, &put(&good, 14, b"\x01")), damaged);
}

#[test]
fn i13_bombs_and_long_values_are_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("a.txt", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(&vec![b' '; 4 << 20]).unwrap();
    let bomb = writer.finish().unwrap().into_inner();
    let limits = Limits {
        ratio: 100,
        ..limits()
    };
    let run = |plan: &Plan, limits| feed(rewriter(plan, limits), Marker::default(), [&bomb[..]]);
    assert_eq!(
        run(&texts(&["a.txt"]), limits),
        Err(ErrorKind::Coding {
            why: "the archive becomes too much"
        })
    );
    let limits = Limits {
        value: 1 << 20,
        ratio: 10_000,
        ..harness::limits()
    };
    assert_eq!(
        run(&texts(&["a.txt"]), limits),
        Err(ErrorKind::ValueTooLong { limit: 1 << 20 })
    );
    assert_eq!(run(&texts(&["b.txt"]), limits).unwrap().body, bomb);
}

#[test]
fn names_that_cannot_hold_are_refused() {
    for (names, error) in [
        (&["a", "A"][..], "this place is named twice"),
        (
            &["a/**"],
            "a member's name, such as `word/document.xml` or `xl/worksheets/*.xml`, expected here",
        ),
        (
            &["/a"],
            "a member's name, such as `word/document.xml` or `xl/worksheets/*.xml`, expected here",
        ),
    ] {
        let (at, refused) = Plan::compile(Format::Zip, places(names)).unwrap_err();
        assert_eq!(
            (at, refused.to_string()),
            (names.len() - 1, error.to_owned())
        );
    }
}

fn memchr_of(bytes: &[u8], what: &[u8]) -> usize {
    bytes
        .windows(what.len())
        .position(|window| window == what)
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i04_an_independent_reader_finds_what_was_written(
        members in prop::collection::vec((any::<bool>(), "[a-zé \r\n]{0,200}", any::<bool>()), 0..6),
        offsets in prop::collection::vec(0..4096usize, 0..6),
    ) {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let mut expected = Vec::new();
        for (number, (protects, text, stored)) in members.iter().enumerate() {
            let method = if *stored { CompressionMethod::Stored } else { CompressionMethod::Deflated };
            let folder = if *protects { "p" } else { "q" };
            let name = format!("{folder}/{number}.txt");
            writer.start_file(&name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            let left = if *protects && !text.is_empty() { mark(text) } else { text.clone() };
            expected.push((name, left.into_bytes()));
        }
        let archive = writer.finish().unwrap().into_inner();
        let plan = texts(&["p/*.txt"]);
        let done = feed(rewriter(&plan, limits()), Marker::default(), cut(&archive, &offsets)).unwrap();
        let found: Vec<_> = read(&done.body).into_iter().map(|(name, _, plain)| (name, plain)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn i05_damage_never_panics_and_is_the_same_at_every_chunking(
        at in 0..JAVA.len(),
        byte in any::<u8>(),
        size in 1..64usize,
    ) {
        let archive = put(JAVA, at, &[byte]);
        let plan = texts(&["notes/*"]);
        let whole = feed(rewriter(&plan, limits()), Marker::default(), [&archive[..]]);
        let parts = feed(rewriter(&plan, limits()), Marker::default(), archive.chunks(size));
        prop_assert_eq!(whole, parts);
    }
}
