//! The layout `stream`: what was sealed opens in any pieces and any range, and what was tampered with does not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "some of it serves the tests of tokens")]
mod support;

use proptest::prelude::*;
use seal::FieldKey;
use seal::file::stream::{Header, Opener, SEALED_SEGMENT, Sealer, Span, plain_len, sealed_len};
use seal::file::{FileError, LONGEST, SEGMENT};
use support::{Counter, field_key, subject_key};

/// Lengths on both sides of every border that there is.
const LENGTHS: [usize; 9] = [
    0,
    1,
    31,
    SEGMENT - 1,
    SEGMENT,
    SEGMENT + 1,
    2 * SEGMENT,
    2 * SEGMENT + 17,
    3 * SEGMENT - 1,
];

fn key() -> FieldKey {
    field_key("drive", "document", 1)
}

fn plain(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| (i % 251) as u8 ^ (i >> 8) as u8)
        .collect()
}

fn seal_in(pieces: &[&[u8]], seed: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sealer = Sealer::begin(&key(), &mut Counter::new(seed), &mut out).unwrap();
    for piece in pieces {
        sealer.push(piece, &mut out).unwrap();
    }
    sealer.finish(&mut out).unwrap();
    out
}

fn seal(plain: &[u8]) -> Vec<u8> {
    seal_in(&[plain], 7)
}

/// Opens in pieces; what was given out before an error comes with it.
fn open_in(pieces: &[&[u8]], sealed: &[u8]) -> (Vec<u8>, Result<(), FileError>) {
    let mut out = Vec::new();
    let opened = Header::parse(sealed)
        .and_then(|header| Opener::whole(&key(), &header))
        .and_then(|mut opener| {
            for piece in pieces {
                opener.push(piece, &mut out)?;
            }
            opener.finish(&mut out)
        });
    (out, opened)
}

fn open(sealed: &[u8]) -> (Vec<u8>, Result<(), FileError>) {
    open_in(&[sealed.get(Header::LEN..).unwrap_or_default()], sealed)
}

fn header(sealed: &[u8]) -> Header {
    Header::parse(sealed).unwrap()
}

fn open_span(sealed: &[u8], span: &Span) -> (Vec<u8>, Result<(), FileError>) {
    let mut out = Vec::new();
    let at = span.sealed();
    let end = (at.end as usize).min(sealed.len());
    let opened = Opener::range(&key(), &header(sealed), span).and_then(|mut opener| {
        opener.push(&sealed[at.start as usize..end], &mut out)?;
        opener.finish(&mut out)
    });
    (out, opened)
}

#[test]
fn i10_a_sealed_file_opens_and_has_the_length_that_the_formula_says() {
    for length in LENGTHS {
        let sealed = seal(&plain(length));
        assert_eq!(sealed_len(length as u64), Ok(sealed.len() as u64));
        assert_eq!(plain_len(sealed.len() as u64), Ok(length as u64));
        assert_eq!(open(&sealed), (plain(length), Ok(())), "{length} bytes");
        assert_eq!(header(&sealed).key_id(), key().id());
    }
}

#[test]
fn lengths_that_no_sealed_file_has_are_told() {
    let real: Vec<u64> = LENGTHS
        .iter()
        .map(|&length| sealed_len(length as u64).unwrap())
        .collect();
    for sealed in 0..Header::LEN as u64 + 16 {
        assert_eq!(plain_len(sealed), Err(FileError::Length { found: sealed }));
    }
    // A second segment that would hold nothing: its tag alone, or less.
    let one = sealed_len(SEGMENT as u64).unwrap();
    for more in 1..=16 {
        assert_eq!(
            plain_len(one + more),
            Err(FileError::Length { found: one + more })
        );
    }
    assert_eq!(plain_len(one + 17), Ok(SEGMENT as u64 + 1));
    assert!(real.windows(2).all(|two| two[0] < two[1]));
    assert_eq!(plain_len(sealed_len(LONGEST).unwrap()), Ok(LONGEST));
    assert_eq!(sealed_len(LONGEST + 1), Err(FileError::TooLong));
    assert!(plain_len(u64::MAX).is_err());
}

#[test]
fn i04_the_pieces_a_file_comes_in_change_nothing() {
    let borders = |from: usize| (from.saturating_sub(18)..from + 18).collect::<Vec<_>>();
    let file = plain(2 * SEGMENT + 40);
    let whole = seal(&file);
    for split in [borders(20), borders(SEGMENT), borders(2 * SEGMENT)].concat() {
        let (front, back) = file.split_at(split);
        assert_eq!(
            seal_in(&[front, back], 7),
            whole,
            "sealed in two at {split}"
        );
    }
    let segments = &whole[Header::LEN..];
    for split in [
        borders(20),
        borders(SEALED_SEGMENT),
        borders(2 * SEALED_SEGMENT),
    ]
    .concat()
    {
        let (front, back) = segments.split_at(split);
        assert_eq!(
            open_in(&[front, back], &whole),
            (file.clone(), Ok(())),
            "opened in two at {split}"
        );
    }
}

#[test]
fn two_files_of_the_same_bytes_have_nothing_in_common() {
    let (one, other) = (seal_in(&[&plain(99)], 1), seal_in(&[&plain(99)], 2));
    assert_eq!(one[..14], other[..14], "what names the key");
    let equal = one[14..]
        .iter()
        .zip(&other[14..])
        .filter(|(a, b)| a == b)
        .count();
    assert!(equal < 10, "{equal} bytes are equal");
}

#[test]
fn one_flipped_bit_anywhere_never_opens() {
    let sealed = seal(&plain(45));
    for byte in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[byte] ^= 1 << bit;
            let (given, opened) = open(&changed);
            assert!(
                opened.is_err() && given.is_empty(),
                "bit {bit} of byte {byte}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_stops_at_its_segment() {
    let file = plain(3 * SEGMENT + 5);
    let sealed = seal(&file);
    for at in [
        0,
        1,
        15,
        16,
        SEGMENT / 2,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 15,
    ] {
        let mut changed = sealed.clone();
        changed[Header::LEN + SEALED_SEGMENT + at] ^= 0x10;
        let (given, opened) = open(&changed);
        assert_eq!(opened, Err(FileError::Segment { segment: 1 }));
        assert_eq!(given, file[..SEGMENT], "only what was authentic");
    }
}

#[test]
fn a_file_that_is_cut_short_anywhere_is_refused() {
    let file = plain(2 * SEGMENT);
    let sealed = seal(&file);
    let segment = Header::LEN + SEALED_SEGMENT;
    let cuts = (0..Header::LEN + 40)
        .chain(segment - 20..segment + 20)
        .chain(sealed.len() - 40..sealed.len());
    for cut in cuts {
        let (given, opened) = open(&sealed[..cut]);
        assert!(opened.is_err(), "cut at {cut}");
        assert!(file.starts_with(&given));
        assert!(given.len() < file.len());
    }
}

#[test]
fn a_file_that_goes_on_is_refused() {
    let file = plain(SEGMENT + 9);
    let sealed = seal(&file);
    let other = seal_in(&[&plain(SEGMENT)], 8);
    for more in [
        &[0][..],
        &[0; 16],
        &[0; 17],
        &[0; SEALED_SEGMENT],
        &other[Header::LEN..],
        &sealed[Header::LEN..],
    ] {
        let (given, opened) = open(&[&sealed, more].concat());
        assert!(opened.is_err(), "{} bytes more", more.len());
        assert!(given.len() <= SEGMENT);
    }
    // A whole last segment, and something behind it.
    let sealed = seal(&plain(SEGMENT));
    let (given, opened) = open(&[&sealed[..], &[0; 30]].concat());
    assert_eq!(
        (given.len(), opened),
        (0, Err(FileError::Segment { segment: 0 }))
    );
}

#[test]
fn segments_in_another_order_or_of_another_file_are_refused() {
    let sealed = seal(&plain(4 * SEGMENT));
    let other = seal_in(&[&plain(4 * SEGMENT)], 8);
    let (head, rest) = sealed.split_at(Header::LEN);
    let parts: Vec<&[u8]> = rest.chunks(SEALED_SEGMENT).collect();
    let foreign: Vec<&[u8]> = other[Header::LEN..].chunks(SEALED_SEGMENT).collect();
    let arrangements: [&[&[u8]]; 8] = [
        &[parts[1], parts[0], parts[2], parts[3]],
        &[parts[0], parts[2], parts[1], parts[3]],
        &[parts[0], parts[1], parts[3], parts[2]],
        &[parts[0], parts[0], parts[1], parts[2], parts[3]],
        &[parts[0], parts[1], parts[3]],
        &[parts[1], parts[2], parts[3]],
        &[parts[0], foreign[1], parts[2], parts[3]],
        &[parts[0], parts[1], parts[2], foreign[3]],
    ];
    for (i, arrangement) in arrangements.iter().enumerate() {
        let (_, opened) = open(&[head, &arrangement.concat()].concat());
        assert!(
            matches!(opened, Err(FileError::Segment { .. })),
            "arrangement {i}"
        );
    }
    let (_, opened) = open(&[&other[..Header::LEN], rest].concat());
    assert_eq!(
        opened,
        Err(FileError::Segment { segment: 0 }),
        "the header of another file"
    );
}

#[test]
fn i09_a_file_of_another_field_app_epoch_or_subject_does_not_open() {
    let sealed = seal(&plain(70));
    for other in [
        field_key("drive", "photo", 1),
        field_key("mail", "document", 1),
        field_key("drive", "document", 2),
        subject_key("drive", "document", 1, 1),
    ] {
        let opened = Opener::whole(&other, &header(&sealed));
        assert_eq!(opened.map(drop), Err(FileError::Key));
    }
}

#[test]
fn a_header_that_is_none_says_what_it_is() {
    let sealed = seal(b"");
    assert_eq!(Header::parse(b""), Err(FileError::NotSealed));
    assert_eq!(Header::parse(b"%PDF-1.7"), Err(FileError::NotSealed));
    assert_eq!(
        Header::parse(&sealed[..9]),
        Err(FileError::Short { found: 9 })
    );
    assert_eq!(
        Header::parse(&sealed[..77]),
        Err(FileError::Short { found: 77 })
    );
    assert_eq!(header(&sealed).to_bytes(), sealed[..Header::LEN]);
    let mut later = sealed.clone();
    later[8] = 2;
    assert_eq!(
        Header::parse(&later),
        Err(FileError::Version {
            version: 2,
            suite: 1
        })
    );
    assert!(Header::may_begin(&sealed[..3]) && !Header::may_begin(b"rem"));
}

#[test]
fn after_an_error_nothing_more_comes_out() {
    let mut sealed = seal(&plain(2 * SEGMENT));
    let good = sealed.clone();
    sealed[Header::LEN] ^= 1;
    let mut out = Vec::new();
    let mut opener = Opener::whole(&key(), &header(&sealed)).unwrap();
    let refused = Err(FileError::Segment { segment: 0 });
    assert_eq!(opener.push(&sealed[Header::LEN..], &mut out), refused);
    assert_eq!(opener.push(&good[Header::LEN..], &mut out), refused);
    assert_eq!(opener.finish(&mut out), refused);
    assert!(out.is_empty());
}

#[test]
fn every_range_around_the_borders_opens_alone() {
    let file = plain(2 * SEGMENT + 300);
    let sealed = seal(&file);
    let marks: Vec<usize> = [0, 1, SEGMENT, 2 * SEGMENT, file.len()]
        .iter()
        .flat_map(|&mark: &usize| [mark.saturating_sub(1), mark, mark + 1])
        .collect();
    for &start in &marks {
        for &end in &marks {
            let range = start as u64..end as u64;
            let Ok(span) = Span::of(range.clone()) else {
                assert!(start >= end);
                continue;
            };
            let known = span.clone().within(sealed.len() as u64);
            if start >= file.len() {
                assert_eq!(known, Err(FileError::Range));
                continue;
            }
            let known = known.unwrap();
            let expected = &file[start..end.min(file.len())];
            assert_eq!(known.plain(), start as u64..(start + expected.len()) as u64);
            assert_eq!(
                open_span(&sealed, &known),
                (expected.to_vec(), Ok(())),
                "{range:?}"
            );
            assert!(known.sealed().end <= sealed.len() as u64);
            assert_eq!(
                known.sealed().start,
                span.sealed().start,
                "what is asked for before the length is known"
            );
        }
    }
}

#[test]
fn a_range_that_is_cut_or_moved_is_refused() {
    let file = plain(3 * SEGMENT + 7);
    let sealed = seal(&file);
    let length = sealed.len() as u64;
    let inner = Span::of(SEGMENT as u64..2 * SEGMENT as u64)
        .unwrap()
        .within(length)
        .unwrap();
    let at = inner.sealed();
    let (start, end) = (at.start as usize, at.end as usize);
    let refused = |bytes: &[u8], span: &Span| {
        let mut out = Vec::new();
        let mut opener = Opener::range(&key(), &header(&sealed), span).unwrap();
        let opened = opener
            .push(bytes, &mut out)
            .and_then(|()| opener.finish(&mut out));
        assert!(opened.is_err() && out.is_empty());
    };
    refused(&sealed[start..end - 1], &inner);
    refused(&sealed[start + 1..end], &inner);
    refused(&[], &inner);
    refused(
        &sealed[start - SEALED_SEGMENT..end - SEALED_SEGMENT],
        &inner,
    );
    // The server says that the file ends where a segment ends.
    let shorter = sealed_len(2 * SEGMENT as u64).unwrap();
    let ended = Span::of(SEGMENT as u64..2 * SEGMENT as u64)
        .unwrap()
        .within(shorter)
        .unwrap();
    assert!(ended.ends());
    refused(&sealed[start..end], &ended);
    // Or that it goes on behind its end.
    let longer = sealed_len(9 * SEGMENT as u64).unwrap();
    let tail = Span::of(3 * SEGMENT as u64..3 * SEGMENT as u64 + 7)
        .unwrap()
        .within(longer)
        .unwrap();
    refused(&sealed[tail.sealed().start as usize..], &tail);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn i10_any_file_in_any_pieces_opens_in_any_pieces(
        length in 0..3 * SEGMENT,
        seed in any::<u64>(),
        seal_cuts in prop::collection::vec(0..3 * SEGMENT, 0..6),
        open_cuts in prop::collection::vec(0..3 * SEALED_SEGMENT, 0..6),
    ) {
        let file = plain(length);
        let sealed = seal_in(&pieces(&file, &seal_cuts), seed);
        prop_assert_eq!(sealed.len() as u64, sealed_len(length as u64).unwrap());
        let segments = &sealed[Header::LEN..];
        prop_assert_eq!(open_in(&pieces(segments, &open_cuts), &sealed), (file, Ok(())));
    }

    #[test]
    fn any_range_opens_to_its_bytes(length in 1..3 * SEGMENT, start in 0..3 * SEGMENT, size in 1..2 * SEGMENT) {
        let start = start % length;
        let file = plain(length);
        let sealed = seal(&file);
        let span = Span::of(start as u64..(start + size) as u64).unwrap().within(sealed.len() as u64).unwrap();
        let expected = file[start..(start + size).min(length)].to_vec();
        prop_assert_eq!(open_span(&sealed, &span), (expected, Ok(())));
    }

    #[test]
    fn every_length_has_one_sealed_length(sealed in any::<u64>(), plain in 0..=LONGEST) {
        prop_assert_eq!(plain_len(sealed_len(plain).unwrap()), Ok(plain));
        if let Ok(plain) = plain_len(sealed % (LONGEST + (LONGEST >> 4))) {
            prop_assert_eq!(sealed_len(plain), Ok(sealed % (LONGEST + (LONGEST >> 4))));
        }
    }

    #[test]
    fn a_damaged_file_gives_out_nothing_that_was_not_in_it(
        length in 0..2 * SEGMENT + 100,
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let file = plain(length);
        let mut sealed = seal(&file);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        let (given, opened) = open(&sealed);
        prop_assert!(opened.is_err());
        prop_assert!(file.starts_with(&given));
    }
}

/// The bytes, cut at these places.
fn pieces<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|&cut| cut.min(bytes.len())).collect();
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts {
        pieces.push(&bytes[from..cut]);
        from = cut;
    }
    pieces.push(&bytes[from..]);
    pieces
}
