//! Documents of office programs on their way back: tokens in their members are revealed, and another reader of
//! archives finds everything else as it was.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use body::Limits;
use proptest::prelude::*;
use reveal_support::{HOSTILE, Toy, reveal, reveal_within, show};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// How a member is packed.
#[derive(Clone, Copy, Debug)]
enum How {
    Stored,
    Deflated,
    Wide,
}

fn archive(members: &[(&str, Vec<u8>, How)], streamed: bool) -> Vec<u8> {
    let fill = |writer: &mut dyn FnMut(&str, &[u8], SimpleFileOptions)| {
        for (name, content, how) in members {
            let options = SimpleFileOptions::default();
            let options = match how {
                How::Stored => options.compression_method(CompressionMethod::Stored),
                How::Deflated => options.compression_method(CompressionMethod::Deflated),
                How::Wide => options
                    .compression_method(CompressionMethod::Deflated)
                    .large_file(true),
            };
            writer(name, content, options);
        }
    };
    if streamed {
        let mut writer = ZipWriter::new_stream(Vec::new());
        fill(&mut |name, content, options| {
            writer.start_file(name, options).unwrap();
            writer.write_all(content).unwrap();
        });
        return writer.finish().unwrap().into_inner();
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    fill(&mut |name, content, options| {
        writer.start_file(name, options).unwrap();
        writer.write_all(content).unwrap();
    });
    writer.finish().unwrap().into_inner()
}

/// What another reader finds; it checks every checksum.
fn members(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut member = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            member.read_to_end(&mut content).unwrap();
            (member.name().unwrap().into_owned(), content)
        })
        .collect()
}

/// The text of the first element called `t`.
fn text(xml: &[u8]) -> String {
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Text(piece) => text.push_str(&piece),
            quick_xml::events::Event::GeneralRef(name) => {
                let reference = format!("&{};", &*name);
                text.push_str(&quick_xml::escape::unescape(&reference).unwrap());
            }
            quick_xml::events::Event::Eof => return text,
            _ => {}
        }
    }
}

fn xml(text: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><sst><si><t xml:space=\"preserve\">{text}</t></si></sst>")
        .into_bytes()
}

fn workbook(token: &str, streamed: bool) -> Vec<u8> {
    let noise: Vec<u8> = (0..3000_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
    archive(
        &[
            ("[Content_Types].xml", xml("plain"), How::Deflated),
            ("xl/media/image1.png", noise.clone(), How::Deflated),
            ("xl/sharedStrings.xml", xml(token), How::Deflated),
            ("xl/empty.xml", Vec::new(), How::Deflated),
            (
                "xl/media/image2.png",
                noise,
                if streamed { How::Deflated } else { How::Stored },
            ),
            (
                "docProps/core.xml",
                xml(token),
                if streamed { How::Deflated } else { How::Stored },
            ),
            ("xl/worksheets/sheet1.xml", xml("plain"), How::Deflated),
        ],
        streamed,
    )
}

#[test]
fn i08_values_come_back_in_the_members_of_a_document() {
    for streamed in [false, true] {
        for later in [false, true] {
            for value in HOSTILE {
                let mut toy = Toy::default();
                let came = workbook(&toy.seal(value), streamed);
                toy.later = later;
                let (revealed, counts) = reveal(TYPE, &[&came], &mut toy);
                assert_eq!((counts.revealed, counts.left_in_place), (2, 0));
                let (before, after) = (members(&came), members(&revealed));
                for (name, content) in &before {
                    if name == "xl/sharedStrings.xml" || name == "docProps/core.xml" {
                        let shown = value.replace("\r\n", "\n").replace('\r', "\n");
                        let read = text(&after[name]).replace("\r\n", "\n").replace('\r', "\n");
                        assert_eq!(read, shown, "{name}");
                    } else {
                        assert_eq!(&after[name], content, "{name}");
                    }
                }
                assert_eq!(before.len(), after.len());
            }
        }
    }
}

#[test]
fn i04_a_document_is_revealed_alike_however_it_is_cut() {
    for streamed in [false, true] {
        let mut toy = Toy::default();
        let came = workbook(&toy.seal("O'Brien & <Fils>"), streamed);
        let (whole, counts) = reveal(TYPE, &[&came], &mut toy);
        for at in (0..=came.len()).filter(|at| at % 7 == 0 || *at < 1500) {
            let (split, again) = reveal(TYPE, &[&came[..at], &came[at..]], &mut toy);
            assert!(split == whole, "split at {at}");
            assert_eq!(again, counts);
        }
        for size in [1, 5, 333] {
            let chunks: Vec<&[u8]> = came.chunks(size).collect();
            assert!(reveal(TYPE, &chunks, &mut toy).0 == whole, "in {size}s");
        }
    }
}

#[test]
fn i03_a_document_in_which_nothing_opens_leaves_as_it_came() {
    for streamed in [false, true] {
        let mut toy = Toy::default();
        for token in ["plain", "q123999999"] {
            let came = workbook(token, streamed);
            let (revealed, counts) = reveal(TYPE, &[&came], &mut toy);
            assert!(revealed == came);
            assert_eq!(counts.revealed, 0);
        }
    }
}

#[test]
fn i03_documents_of_real_programs_leave_as_they_came() {
    let documents: [&[u8]; 3] = [
        include_bytes!("vectors/zip/openpyxl.xlsx"),
        include_bytes!("vectors/zip/piped.xlsx"),
        include_bytes!("vectors/zip/python-docx.docx"),
    ];
    for came in documents {
        let mut toy = Toy::default();
        assert!(reveal(TYPE, &[came], &mut toy).0 == came);
        // Written anew, since no member is short enough to be held.
        let limits = Limits {
            lookahead: 16,
            ..Limits::default()
        };
        let (again, _) = reveal_within(limits, TYPE, &[came], &mut toy);
        assert!(again != came);
        assert_eq!(members(&again), members(came));
    }
}

#[test]
fn long_members_stream_and_those_behind_wide_numbers_pass() {
    let limits = Limits {
        lookahead: 1 << 10,
        ..Limits::default()
    };
    let mut toy = Toy::default();
    let token = toy.seal("Tremblay");
    let rows: String = (0..20_000_u32)
        .map(|n| format!("<c>{}</c>", n.wrapping_mul(2_654_435_761)))
        .collect();
    let long = format!("<sheet>{rows}<c>{token}</c></sheet>").into_bytes();
    let came = archive(
        &[
            ("a.xml", xml(&token), How::Deflated),
            ("wide.xml", xml(&token), How::Wide),
            ("b/sheet.xml", long.clone(), How::Deflated),
            ("c.xml", xml("plain"), How::Deflated),
        ],
        false,
    );
    let (revealed, counts) = reveal_within(limits, TYPE, &[&came], &mut toy);
    assert_eq!(counts.revealed, 2);
    let after = members(&revealed);
    let text = String::from_utf8(long).unwrap().replace(&token, "Tremblay");
    assert!(after["b/sheet.xml"] == text.as_bytes());
    assert_eq!(after["wide.xml"], xml(&token));
    assert_eq!(after["a.xml"], xml("Tremblay"));
    assert_eq!(after["c.xml"], xml("plain"));
    let chunks: Vec<&[u8]> = came.chunks(100).collect();
    assert!(reveal_within(limits, TYPE, &chunks, &mut toy).0 == revealed);
}

#[test]
fn a_document_in_a_document_is_revealed() {
    let mut toy = Toy::default();
    let token = toy.seal("Tremblay");
    let inner = workbook(&token, false);
    let came = archive(
        &[
            ("word/embeddings/sheet.xlsx", inner.clone(), How::Stored),
            ("word/document.xml", xml(&token), How::Deflated),
        ],
        false,
    );
    let (revealed, counts) = reveal(TYPE, &[&came], &mut toy);
    assert_eq!(counts.revealed, 3);
    let outer = members(&revealed);
    assert_eq!(outer["word/document.xml"], xml("Tremblay"));
    let found = members(&outer["word/embeddings/sheet.xlsx"]);
    assert_eq!(found["xl/sharedStrings.xml"], xml("Tremblay"));
    assert_eq!(found.len(), members(&inner).len());
}

#[test]
fn what_is_no_archive_passes_as_it_came() {
    let mut toy = Toy::default();
    let token = toy.seal("Tremblay");
    let came = workbook("plain", false);
    let mut behind = came.clone();
    behind.extend_from_slice(token.as_bytes());
    let before = [b"MZ".as_slice(), &came].concat();
    for body in [
        Vec::new(),
        b"PK".to_vec(),
        b"PK\x03\x04".to_vec(),
        format!("<html>{token}</html>").into_bytes(),
        came[..came.len() / 2].to_vec(),
        before,
        behind,
    ] {
        assert_eq!(show(&reveal(TYPE, &[&body], &mut toy).0), show(&body));
    }
}

#[test]
fn a_member_that_is_damaged_is_never_whole() {
    let mut toy = Toy::default();
    let limits = Limits {
        lookahead: 256,
        ..Limits::default()
    };
    let text: String = (0..4000_u32)
        .map(|n| format!("<c>{}</c>", n.wrapping_mul(2_654_435_761)))
        .collect();
    let members = [
        ("a.xml", text.into_bytes(), How::Deflated),
        ("b.xml", xml(&toy.seal("Tremblay")), How::Deflated),
    ];
    let came = archive(&members, false);
    for at in (40..8000).step_by(97) {
        let mut damaged = came.clone();
        damaged[at] ^= 0x55;
        let (revealed, _) = reveal_within(limits, TYPE, &[&damaged], &mut toy);
        let mut archive = ZipArchive::new(Cursor::new(revealed)).unwrap();
        let mut content = Vec::new();
        assert!(
            archive
                .by_index(0)
                .unwrap()
                .read_to_end(&mut content)
                .is_err(),
            "at {at}"
        );
        content.clear();
        archive
            .by_index(1)
            .unwrap()
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(content, xml("Tremblay"), "at {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics_and_is_the_same_at_every_chunking(
        at in 0_usize..6000,
        byte: u8,
        cut in 0_usize..8000,
        size in 1_usize..700,
        streamed: bool,
        lookahead in prop_oneof![Just(16_usize), Just(64 << 10)],
    ) {
        let limits = Limits { lookahead, ..Limits::default() };
        let mut toy = Toy::default();
        let mut body = workbook(&toy.seal("Tremblay"), streamed);
        if let Some(damaged) = body.get_mut(at) {
            *damaged = byte;
        }
        body.truncate(cut.max(1));
        let (whole, _) = reveal_within(limits, TYPE, &[&body], &mut toy);
        let chunks: Vec<&[u8]> = body.chunks(size).collect();
        let (again, _) = reveal_within(limits, TYPE, &chunks, &mut toy);
        prop_assert!(again == whole);
    }
}
