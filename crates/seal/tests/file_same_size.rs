//! The layout `same-size`: the length is kept, what stays home brings the file back, and nothing else opens.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "some of it serves the tests of tokens")]
mod support;

use std::collections::HashMap;

use proptest::prelude::*;
use seal::FieldKey;
use seal::file::same_size::{Fingerprint, Opener, Record, SHORTEST, Sealer, SegmentKey, Span};
use seal::file::{FileError, SEGMENT};
use support::{Counter, field_key};

const KIB: usize = 1 << 10;

fn key() -> FieldKey {
    field_key("drive", "document", 1)
}

fn segment_key() -> SegmentKey {
    SegmentKey::derive(&[5; 32], "drive")
}

fn plain(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| (i % 251) as u8 ^ (i >> 8) as u8)
        .collect()
}

/// A vault: sealed records by fingerprint.
#[derive(Default)]
struct Vault(HashMap<Fingerprint, Vec<Vec<u8>>>);

impl Vault {
    fn keep(&mut self, records: Vec<Record>) {
        for record in records {
            let sealed = segment_key().seal(&record, &mut Counter::new(3)).unwrap();
            self.0.entry(record.fingerprint).or_default().push(sealed);
        }
    }

    fn bring(&self, fingerprint: Fingerprint) -> Option<Vec<Record>> {
        let kept = self.0.get(&fingerprint)?.iter();
        kept.map(|sealed| segment_key().open(fingerprint, sealed))
            .collect()
    }
}

fn seal_in(pieces: &[&[u8]], seed: u64, vault: &mut Vault) -> Vec<u8> {
    let (mut out, mut records) = (Vec::new(), Vec::new());
    let mut sealer = Sealer::begin(&key(), &mut Counter::new(seed)).unwrap();
    for piece in pieces {
        sealer
            .push(piece, &segment_key(), &mut out, &mut records)
            .unwrap();
    }
    sealer
        .finish(&segment_key(), &mut out, &mut records)
        .unwrap();
    vault.keep(records);
    out
}

/// What came back; `None` where the vault knows nothing of a segment.
fn open_from(
    vault: &Vault,
    span: Option<&Span>,
    fetched: &[u8],
    ends: bool,
) -> Option<Result<Vec<u8>, FileError>> {
    let first = span.map_or(0, Span::first);
    let (before, segments) = fetched.split_at(span.map_or(0, Span::before));
    let mut before = before.to_vec();
    let mut opener = None;
    let mut out = Vec::new();
    let count = segments.len().div_ceil(SEGMENT);
    for (i, segment) in segments.chunks(SEGMENT).enumerate() {
        let records = match vault.bring(segment_key().fingerprint(&before, segment)) {
            Some(records) => records,
            // The file began with a segment of ours: what follows must be one, too.
            None if opener.is_some() => Vec::new(),
            None => return None,
        };
        before = segment.to_vec();
        let opener = opener.get_or_insert_with(|| Opener::new(&key(), &records[0], first).unwrap());
        let mut text = segment.to_vec();
        if let Err(error) = opener.open(&records, ends && i + 1 == count, &mut text) {
            assert!(text.iter().all(|&byte| byte == 0), "nothing is left of it");
            return Some(Err(error));
        }
        out.extend_from_slice(&text);
    }
    Some(Ok(out))
}

fn open(vault: &Vault, sealed: &[u8]) -> Option<Result<Vec<u8>, FileError>> {
    open_from(vault, None, sealed, true)
}

#[test]
fn i10_the_length_is_kept_and_the_file_comes_back() {
    let lengths = [
        0,
        SHORTEST,
        31,
        32,
        33,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        SEGMENT + 31,
        SEGMENT + 32,
        256 * KIB,
        320 * KIB,
        320 * KIB + 5,
        4096 * KIB,
    ];
    for length in lengths {
        let mut vault = Vault::default();
        let sealed = seal_in(&[&plain(length)], 7, &mut vault);
        assert_eq!(sealed.len(), length);
        assert_eq!(
            vault.0.len(),
            length.div_ceil(SEGMENT),
            "a record a segment"
        );
        assert_eq!(
            open(&vault, &sealed),
            Some(Ok(plain(length))),
            "{length} bytes"
        );
    }
}

#[test]
fn too_few_bytes_to_be_known_by_are_refused() {
    for length in 1..SHORTEST {
        let (mut out, mut records) = (Vec::new(), Vec::new());
        let mut sealer = Sealer::begin(&key(), &mut Counter::new(1)).unwrap();
        sealer
            .push(&plain(length), &segment_key(), &mut out, &mut records)
            .unwrap();
        let refused = FileError::TooShort {
            least: SHORTEST,
            found: length,
        };
        assert_eq!(
            sealer.finish(&segment_key(), &mut out, &mut records),
            Err(refused)
        );
        assert!(out.is_empty() && records.is_empty());
    }
}

#[test]
fn chunks_that_protocols_fix_leave_whole_at_once() {
    for chunk in [256 * KIB, 320 * KIB, 4096 * KIB] {
        let file = plain(2 * chunk);
        let (mut out, mut records) = (Vec::new(), Vec::new());
        let mut sealer = Sealer::begin(&key(), &mut Counter::new(7)).unwrap();
        for (i, piece) in file.chunks(chunk).enumerate() {
            sealer
                .push(piece, &segment_key(), &mut out, &mut records)
                .unwrap();
            assert_eq!(
                out.len(),
                (i + 1) * chunk,
                "nothing of a chunk is held back"
            );
        }
        let mut vault = Vault::default();
        vault.keep(records);
        assert!(
            matches!(open(&vault, &out), Some(Err(FileError::Segment { .. }))),
            "an upload that did not end"
        );
        let mut records = Vec::new();
        sealer
            .finish(&segment_key(), &mut out, &mut records)
            .unwrap();
        vault.keep(records);
        assert_eq!(open(&vault, &out), Some(Ok(file)));
    }
}

#[test]
fn i04_the_pieces_a_file_comes_in_change_nothing() {
    let file = plain(2 * SEGMENT + 40);
    let mut vault = Vault::default();
    let whole = seal_in(&[&file], 7, &mut vault);
    let kept = vault.0.len();
    for border in [20, SEGMENT, 2 * SEGMENT] {
        for split in border - 20..border + 20 {
            let (front, back) = file.split_at(split);
            assert_eq!(seal_in(&[front, back], 7, &mut vault), whole);
            assert_eq!(vault.0.len(), kept, "the same records");
        }
    }
}

#[test]
fn one_flipped_bit_anywhere_never_opens() {
    let mut vault = Vault::default();
    let sealed = seal_in(&[&plain(45)], 7, &mut vault);
    for byte in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[byte] ^= 1 << bit;
            let opened = open(&vault, &changed);
            let expected = if byte < 32 {
                None
            } else {
                Some(Err(FileError::Segment { segment: 0 }))
            };
            assert_eq!(opened, expected, "bit {bit} of byte {byte}");
        }
    }
}

#[test]
fn a_changed_record_does_not_open_and_none_serves_another_segment() {
    let mut vault = Vault::default();
    seal_in(&[&plain(2 * SEGMENT)], 7, &mut vault);
    let prints: Vec<Fingerprint> = vault.0.keys().copied().collect();
    let all = vault
        .0
        .iter()
        .flat_map(|(print, kept)| kept.iter().map(move |sealed| (*print, sealed)));
    for (print, sealed) in all {
        for byte in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            assert_eq!(segment_key().open(print, &changed), None, "byte {byte}");
        }
        assert_eq!(segment_key().open(print, &sealed[1..]), None);
        for &other in prints.iter().filter(|&&other| other != print) {
            assert_eq!(segment_key().open(other, sealed), None);
        }
        assert_eq!(
            SegmentKey::derive(&[5; 32], "mail").open(print, sealed),
            None
        );
    }
}

#[test]
fn cut_reordered_appended_and_spliced_files_are_refused() {
    let mut vault = Vault::default();
    let sealed = seal_in(&[&plain(3 * SEGMENT + 100)], 7, &mut vault);
    let other = seal_in(&[&plain(3 * SEGMENT + 100)], 8, &mut vault);
    let parts: Vec<&[u8]> = sealed.chunks(SEGMENT).collect();
    let foreign: Vec<&[u8]> = other.chunks(SEGMENT).collect();
    let arrangements: [&[&[u8]]; 9] = [
        &[parts[0], parts[1], parts[2]],
        &[parts[0], parts[1], parts[2], &parts[3][..99]],
        &[parts[0], parts[1], parts[2], &parts[3][..40]],
        &[parts[1], parts[0], parts[2], parts[3]],
        &[parts[0], parts[2], parts[3]],
        &[parts[1], parts[2], parts[3]],
        &[parts[0], foreign[1], parts[2], parts[3]],
        &[parts[0], parts[1], parts[2], foreign[3]],
        &[parts[0], parts[1], parts[2], parts[2]],
    ];
    for (i, arrangement) in arrangements.iter().enumerate() {
        let opened = open(&vault, &arrangement.concat());
        assert!(
            matches!(opened, Some(Err(FileError::Segment { .. }))),
            "arrangement {i}"
        );
    }
    // What is appended to the last segment makes it another one.
    let longer = [&sealed[..], &[0; 9]].concat();
    assert!(matches!(
        open(&vault, &longer),
        Some(Err(FileError::Segment { segment: 3 }))
    ));
    // A segment behind the last one, known or not.
    let full = seal_in(&[&plain(2 * SEGMENT)], 9, &mut vault);
    assert_eq!(
        open(&vault, &[&full[..], &[0; 99]].concat()),
        Some(Err(FileError::Segment { segment: 2 }))
    );
    assert!(matches!(
        open(&vault, &[&full[..], parts[0]].concat()),
        Some(Err(FileError::Segment { segment: 2 }))
    ));
}

#[test]
fn i09_a_file_of_another_field_does_not_open() {
    let mut vault = Vault::default();
    let sealed = seal_in(&[&plain(100)], 7, &mut vault);
    let records = vault
        .bring(segment_key().fingerprint(&[], &sealed))
        .unwrap();
    for other in [
        field_key("drive", "photo", 1),
        field_key("mail", "document", 1),
        field_key("drive", "document", 2),
    ] {
        let mut opener = Opener::new(&other, &records[0], 0).unwrap();
        let refused = Err(FileError::Segment { segment: 0 });
        assert_eq!(opener.open(&records, true, &mut sealed.clone()), refused);
        let mut out = sealed.clone();
        assert_eq!(
            opener.open(&records, true, &mut out),
            refused,
            "and it stays so"
        );
        assert!(out.iter().all(|&byte| byte == 0));
    }
}

#[test]
fn every_range_around_the_borders_opens_alone() {
    for tail in [1, 5, 31, 32, 300, SEGMENT] {
        let file = plain(2 * SEGMENT + tail);
        let mut vault = Vault::default();
        let sealed = seal_in(&[&file], 7, &mut vault);
        let marks = [
            0,
            1,
            SEGMENT - 1,
            SEGMENT,
            SEGMENT + 1,
            2 * SEGMENT - 1,
            2 * SEGMENT,
            file.len() - 1,
            file.len(),
        ];
        for start in marks {
            for end in marks {
                let Ok(span) = Span::of(start as u64..end as u64) else {
                    assert!(start >= end);
                    continue;
                };
                let fetched = span.fetched();
                let until = (fetched.end as usize).min(sealed.len());
                let bytes = &sealed[fetched.start as usize..until];
                let opened = open_from(&vault, Some(&span), bytes, until == sealed.len())
                    .unwrap()
                    .unwrap();
                let skip = start - span.start() as usize;
                assert_eq!(
                    opened[skip..skip + end - start],
                    file[start..end],
                    "{start}..{end} of {tail}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn i10_any_file_comes_back_with_its_length(
        length in SHORTEST..3 * SEGMENT,
        split in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let file = plain(length);
        let mut vault = Vault::default();
        let (front, back) = file.split_at(split.index(length));
        let sealed = seal_in(&[front, back], seed, &mut vault);
        prop_assert_eq!(sealed.len(), length);
        prop_assert_eq!(open(&vault, &sealed), Some(Ok(file)));
    }

    #[test]
    fn a_flipped_bit_never_opens(length in SHORTEST..2 * SEGMENT + 40, at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut vault = Vault::default();
        let mut sealed = seal_in(&[&plain(length)], 7, &mut vault);
        sealed[at.index(length)] ^= 1 << bit;
        prop_assert!(!matches!(open(&vault, &sealed), Some(Ok(_))));
    }
}
