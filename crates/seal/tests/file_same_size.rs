//! The layout `same-size`: the length is kept, the pieces come as they like, what stays home brings the file back, and
//! nothing else opens.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "some of it serves the tests of tokens")]
mod support;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use proptest::prelude::*;
use seal::file::same_size::{Fingerprint, Opener, Record, SHORTEST, Sealer, SegmentKey};
use seal::file::{FileError, SEGMENT};
use seal::{EpochSecret, FieldKey, KeyId};
use support::field_key;

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

/// A vault: sealed records by fingerprint, each once.
#[derive(Clone, Default)]
struct Vault(HashMap<Fingerprint, BTreeSet<Vec<u8>>>);

impl Vault {
    fn keep(&mut self, records: Vec<Record>) {
        for record in records {
            let sealed = segment_key().seal(&record).unwrap();
            self.0.entry(record.fingerprint).or_default().insert(sealed);
        }
    }

    fn bring(&self, fingerprint: Fingerprint) -> Vec<Record> {
        let kept = self.0.get(&fingerprint).into_iter().flatten();
        kept.map(|sealed| segment_key().open(fingerprint, sealed).unwrap())
            .collect()
    }

    fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }
}

/// Seals one piece of an upload, as one request carries it.
fn piece(
    key: &FieldKey,
    upload: &str,
    offset: usize,
    chunks: &[&[u8]],
    vault: &mut Vault,
) -> Result<Vec<u8>, FileError> {
    let (mut out, mut records) = (Vec::new(), Vec::new());
    let transfer = segment_key().transfer(key.field(), upload.as_bytes());
    let mut sealer = Sealer::begin(key, transfer, offset as u64)?;
    for chunk in chunks {
        sealer.push(chunk, &segment_key(), &mut out, &mut records)?;
    }
    sealer.finish(&segment_key(), &mut out, &mut records)?;
    vault.keep(records);
    Ok(out)
}

fn seal_in(upload: &str, file: &[u8], vault: &mut Vault) -> Vec<u8> {
    piece(&key(), upload, 0, &[file], vault).unwrap()
}

/// The field's key of a later epoch.
fn rotated() -> FieldKey {
    let secret = EpochSecret::from_bytes(&[0x43; 32]);
    FieldKey::derive(&secret, KeyId(5), "drive", "document", 2)
}

/// The keys that live.
fn keys(wanted: KeyId) -> Option<Arc<FieldKey>> {
    let all = [key(), rotated()];
    all.into_iter().find(|key| key.id() == wanted).map(Arc::new)
}

/// What came back from the segment `first` on; `None` where the vault knows nothing of the file.
fn open_from(vault: &Vault, first: usize, sealed: &[u8]) -> Option<Result<Vec<u8>, FileError>> {
    let begins = vault.bring(segment_key().fingerprint(sealed));
    let mut opener = Opener::new(&begins, u32::try_from(first).unwrap())?;
    let mut out = Vec::new();
    let records = |opener: &Opener| match opener.next() {
        0 => begins.clone(),
        next => vault.bring(opener.place(&segment_key(), next).unwrap()),
    };
    for segment in sealed.chunks(SEGMENT).skip(first) {
        let mut text = segment.to_vec();
        if let Err(error) = opener.open(&records(&opener), keys, &mut text) {
            assert!(text.iter().all(|&byte| byte == 0), "nothing is left of it");
            return Some(Err(error));
        }
        out.extend_from_slice(&text);
    }
    let behind = records(&opener);
    Some(opener.finish(&behind).map(|()| out))
}

fn open(vault: &Vault, sealed: &[u8]) -> Option<Result<Vec<u8>, FileError>> {
    open_from(vault, 0, sealed)
}

fn opens_to(vault: &Vault, sealed: &[u8], file: &[u8]) -> bool {
    open(vault, sealed).is_some_and(|opened| opened.is_ok_and(|plain| plain == file))
}

#[test]
fn i10_the_length_is_kept_and_the_file_comes_back() {
    let lengths = [
        SHORTEST,
        31,
        32,
        33,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        SEGMENT + 31,
        256 * KIB,
        320 * KIB,
        320 * KIB + 5,
        4096 * KIB,
    ];
    for length in lengths {
        let mut vault = Vault::default();
        let sealed = seal_in("u", &plain(length), &mut vault);
        assert_eq!(sealed.len(), length);
        assert!(sealed != plain(length));
        assert_eq!(vault.len(), length.div_ceil(SEGMENT), "a record a segment");
        assert!(opens_to(&vault, &sealed, &plain(length)), "{length}");
    }
    assert!(seal_in("u", &[], &mut Vault::default()).is_empty());
}

#[test]
fn too_few_bytes_to_be_known_by_are_refused_and_a_short_end_is_not() {
    for length in 1..SHORTEST {
        let mut vault = Vault::default();
        let refused = FileError::TooShort {
            least: SHORTEST,
            found: length,
        };
        let sealed = piece(&key(), "u", 0, &[&plain(length)], &mut vault);
        assert_eq!(sealed, Err(refused));
        assert_eq!(vault.len(), 0);
        let mut sealed = piece(&key(), "u", 0, &[&plain(SEGMENT)], &mut vault).unwrap();
        sealed.extend(piece(&key(), "u", SEGMENT, &[&plain(length)], &mut vault).unwrap());
        assert!(matches!(open(&vault, &sealed), Some(Ok(_))), "{length}");
    }
}

#[test]
fn chunks_that_protocols_fix_leave_whole_at_once() {
    for chunk in [256 * KIB, 320 * KIB, 4096 * KIB] {
        let (mut out, mut records) = (Vec::new(), Vec::new());
        let transfer = segment_key().transfer("document", b"u");
        let mut sealer = Sealer::begin(&key(), transfer, 0).unwrap();
        sealer
            .push(&plain(chunk), &segment_key(), &mut out, &mut records)
            .unwrap();
        assert_eq!(out.len(), chunk, "nothing of a chunk is held back");
    }
}

#[test]
fn i04_the_chunks_a_piece_comes_in_change_nothing() {
    let file = plain(2 * SEGMENT + 40);
    let mut vault = Vault::default();
    let whole = seal_in("u", &file, &mut vault);
    for border in [20, SEGMENT, 2 * SEGMENT] {
        for split in border - 20..border + 20 {
            let (front, back) = file.split_at(split);
            let again = piece(&key(), "u", 0, &[front, back], &mut vault).unwrap();
            assert!(again == whole);
            assert_eq!(vault.len(), 3, "the same records");
        }
    }
}

#[test]
fn a_piece_that_begins_within_a_segment_is_refused() {
    for found in [1, SEGMENT - 1, SEGMENT + 1] {
        let sealed = piece(&key(), "u", found, &[b"text"], &mut Vault::default());
        let found = found as u64;
        assert_eq!(sealed, Err(FileError::Offset { found }));
    }
    let beyond = Sealer::begin(
        &key(),
        segment_key().transfer("document", b"u"),
        seal::file::LONGEST,
    );
    assert_eq!(beyond.err(), Some(FileError::TooLong));
}

#[test]
fn other_content_at_the_same_place_shares_no_keystream_and_what_is_stored_opens() {
    let (one, mut other) = (plain(SEGMENT + 500), plain(SEGMENT + 500));
    other[3] ^= 1;
    other[SEGMENT + 499] ^= 1;
    let mut vault = Vault::default();
    let first = seal_in("u", &one, &mut vault);
    let second = seal_in("u", &other, &mut vault);
    assert_eq!(vault.len(), 4, "both stay known");
    let streams = |sealed: &[u8], plain: &[u8]| -> Vec<u8> {
        sealed.iter().zip(plain).map(|(a, b)| a ^ b).collect()
    };
    let (first_stream, second_stream) = (streams(&first, &one), streams(&second, &other));
    for (a, b) in first_stream.chunks(16).zip(second_stream.chunks(16)) {
        assert!(a.len() < 16 || a != b, "a block of two texts");
    }
    assert!(opens_to(&vault, &first, &one));
    assert!(opens_to(&vault, &second, &other));
    // An app may have taken the one piece before and the other after.
    let mixed = [&first[..SEGMENT], &second[SEGMENT..]].concat();
    let expected = [&one[..SEGMENT], &other[SEGMENT..]].concat();
    assert!(opens_to(&vault, &mixed, &expected));
}

#[test]
fn two_uploads_of_one_file_have_nothing_in_common() {
    let file = plain(SEGMENT + 500);
    let mut vault = Vault::default();
    let one = seal_in("u", &file, &mut vault);
    let other = seal_in("v", &file, &mut vault);
    let equal = one.chunks(16).zip(other.chunks(16));
    assert!(equal.into_iter().all(|(a, b)| a.len() < 16 || a != b));
    let key_of_other = SegmentKey::derive(&[5; 32], "mail");
    assert_ne!(
        key_of_other.transfer("document", b"u"),
        segment_key().transfer("document", b"u")
    );
    assert_ne!(
        segment_key().transfer("photo", b"u"),
        segment_key().transfer("document", b"u")
    );
}

#[test]
fn keys_may_be_rotated_in_the_middle_of_an_upload() {
    let file = plain(3 * SEGMENT);
    let mut vault = Vault::default();
    let mut sealed = Vec::new();
    for (i, part) in file.chunks(SEGMENT).enumerate() {
        let key = if i == 1 { rotated() } else { key() };
        sealed.extend(piece(&key, "u", i * SEGMENT, &[part], &mut vault).unwrap());
    }
    assert!(opens_to(&vault, &sealed, &file));
}

#[test]
fn one_flipped_bit_anywhere_never_opens() {
    let mut vault = Vault::default();
    let sealed = seal_in("u", &plain(45), &mut vault);
    for byte in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[byte] ^= 1 << bit;
            let opened = open(&vault, &changed);
            let refused = Some(Err(FileError::Segment { segment: 0 }));
            let expected = if byte < 32 { None } else { refused };
            assert_eq!(opened, expected, "bit {bit} of byte {byte}");
        }
    }
}

#[test]
fn a_changed_record_does_not_open_and_none_serves_another_segment() {
    let mut vault = Vault::default();
    seal_in("u", &plain(2 * SEGMENT), &mut vault);
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
        let of_another = SegmentKey::derive(&[5; 32], "mail");
        assert_eq!(of_another.open(print, sealed), None);
    }
}

#[test]
fn cut_reordered_appended_and_spliced_files_are_refused() {
    let mut vault = Vault::default();
    let sealed = seal_in("u", &plain(3 * SEGMENT + 100), &mut vault);
    let other = seal_in("v", &plain(3 * SEGMENT + 100), &mut vault);
    let parts: Vec<&[u8]> = sealed.chunks(SEGMENT).collect();
    let foreign: Vec<&[u8]> = other.chunks(SEGMENT).collect();
    let arrangements: [&[&[u8]]; 10] = [
        &[parts[0]],
        &[parts[0], parts[1], parts[2]],
        &[parts[0], parts[1], parts[2], &parts[3][..99]],
        &[parts[0], parts[1], parts[2], &parts[3][..40]],
        &[parts[0], parts[2], parts[3]],
        &[parts[0], parts[2], parts[1], parts[3]],
        &[parts[0], foreign[1], parts[2], parts[3]],
        &[parts[0], parts[1], parts[2], foreign[3]],
        &[parts[0], parts[1], parts[2], parts[2]],
        &[parts[0], parts[1], parts[2], parts[3], &[0; 9]],
    ];
    for (i, arrangement) in arrangements.iter().enumerate() {
        let opened = open(&vault, &arrangement.concat());
        let refused = matches!(opened, Some(Err(FileError::Segment { .. })));
        assert!(refused, "arrangement {i}");
    }
    // What does not begin as a file does is none.
    assert_eq!(open(&vault, &[parts[1], parts[2], parts[3]].concat()), None);
    let full = seal_in("w", &plain(2 * SEGMENT), &mut vault);
    let refused = Some(Err(FileError::Segment { segment: 2 }));
    assert_eq!(open(&vault, &[&full[..], &[0; 99]].concat()), refused);
    assert_eq!(open(&vault, &[&full[..], parts[0]].concat()), refused);
}

#[test]
fn i09_a_file_of_another_field_does_not_open() {
    let mut vault = Vault::default();
    let sealed = seal_in("u", &plain(100), &mut vault);
    let records = vault.bring(segment_key().fingerprint(&sealed));
    for other in [
        field_key("drive", "photo", 1),
        field_key("mail", "document", 1),
        field_key("drive", "document", 2),
    ] {
        let other = Arc::new(other);
        let mut opener = Opener::new(&records, 0).unwrap();
        let refused = Err(FileError::Segment { segment: 0 });
        let mut out = sealed.clone();
        let key = |_| Some(Arc::clone(&other));
        assert_eq!(opener.open(&records, key, &mut out), refused);
        assert!(out.iter().all(|&byte| byte == 0));
        let again = opener.open(&records, keys, &mut sealed.clone());
        assert_eq!(again, refused, "and it stays so");
    }
    let mut opener = Opener::new(&records, 0).unwrap();
    let destroyed = opener.open(&records, |_| None, &mut sealed.clone());
    assert_eq!(destroyed, Err(FileError::Segment { segment: 0 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn i10_any_pieces_in_any_order_sent_again_or_not_give_the_file_back(
        length in SHORTEST..6 * SEGMENT,
        cuts in prop::collection::btree_set(1_usize..6, 0..5),
        order in any::<prop::sample::Index>(),
        again in any::<prop::sample::Index>(),
        first in 0_usize..6,
    ) {
        let file = plain(length);
        let mut edges = vec![0];
        edges.extend(cuts.iter().map(|cut| cut * SEGMENT).filter(|&cut| cut < length));
        edges.push(length);
        let mut pieces: Vec<_> = edges.windows(2).map(|edge| edge[0]..edge[1]).collect();
        pieces.rotate_left(order.index(edges.len() - 1));
        let repeated = pieces[again.index(pieces.len())].clone();
        pieces.push(repeated);
        let mut vault = Vault::default();
        let mut stored = vec![0; length];
        for at in &pieces {
            let sealed = piece(&key(), "u", at.start, &[&file[at.clone()]], &mut vault).unwrap();
            prop_assert_eq!(sealed.len(), at.len(), "as many bytes");
            let sent_before = stored[at.clone()].iter().any(|&byte| byte != 0);
            prop_assert!(!sent_before || stored[at.clone()] == sealed, "the same bytes");
            stored[at.clone()].copy_from_slice(&sealed);
        }
        prop_assert_eq!(vault.len(), length.div_ceil(SEGMENT), "a record a segment");
        let first = first.min((length - 1) / SEGMENT);
        let opened = open_from(&vault, first, &stored);
        prop_assert!(opened.is_some_and(|plain| plain.is_ok_and(|plain| plain == file[first * SEGMENT..])));
    }

    #[test]
    fn a_flipped_bit_never_opens(length in SHORTEST..2 * SEGMENT + 40, at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut vault = Vault::default();
        let mut sealed = seal_in("u", &plain(length), &mut vault);
        sealed[at.index(length)] ^= 1 << bit;
        prop_assert!(!matches!(open(&vault, &sealed), Some(Ok(_))));
    }
}
