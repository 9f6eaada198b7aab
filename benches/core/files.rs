//! What sealing and opening a file of 1 MB cost, beside the bare primitive on the same bytes: every row in turn, so that
//! what else the machine does meets all of them.

use std::hint::black_box;
use std::time::Duration;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use keys::file::SystemChance;
use keys::{EpochSecret, KeyId};
use seal::FieldKey;
use seal::file::SEGMENT;
use seal::file::{same_size, stream};

use crate::processor_time;

/// Bytes of the file.
const FILE: usize = 1 << 20;
/// How often each row is measured, in turn with the others.
const ROUNDS: usize = 40;
/// Runs between two looks at the clock.
const RUNS: u32 = 20;

type Work = Box<dyn FnMut()>;

pub(crate) fn run() {
    let mut rows: Vec<(&str, Work)> = vec![
        (
            "bare AES-256-GCM seal, one message (aws-lc-rs)",
            bare_seal(FILE),
        ),
        (
            "bare AES-256-GCM seal, segments of 64 KiB (aws-lc-rs)",
            bare_seal(SEGMENT),
        ),
        (
            "bare AES-256-GCM seal, segments of 64 KiB (aes-gcm)",
            other_seal(),
        ),
        ("seal, `stream`", seal_stream()),
        ("open, `stream`", open_stream()),
        ("seal, `same-size`, with its records", seal_same_size()),
    ];
    let mut best = vec![Duration::MAX; rows.len()];
    for _ in 0..ROUNDS {
        for ((_, work), best) in rows.iter_mut().zip(&mut best) {
            work();
            let began = processor_time();
            for _ in 0..RUNS {
                work();
            }
            *best = (*best).min(processor_time() - began);
        }
    }
    println!("\na file of 1 MiB");
    let rate = |best: &Duration| (FILE as f64 * f64::from(RUNS)) / best.as_secs_f64() / 1e9;
    let bare = best.first().map_or(1.0, rate);
    for ((name, _), best) in rows.iter().zip(&best) {
        let rate = rate(best);
        println!(
            "  {name:<56}{rate:>9.2} GB/s{:>7.0} % of the first",
            100.0 * rate / bare
        );
    }
}

fn chance() -> SystemChance {
    SystemChance::new().expect("the system's chance")
}

fn key() -> FieldKey {
    FieldKey::derive(
        &EpochSecret::from_bytes(&[7; 32]),
        KeyId(0x0102_0304),
        "app",
        "field",
        1,
    )
}

/// The bare primitive in place, in messages of so many bytes.
fn bare_seal(message: usize) -> Work {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("a key"));
    let mut text = vec![b'a'; FILE];
    Box::new(move || {
        for part in black_box(&mut text).chunks_mut(message) {
            let nonce = Nonce::assume_unique_for_key([1; 12]);
            let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), part);
            let _ = black_box(tag.expect("short"));
        }
    })
}

fn other_seal() -> Work {
    let key = aes_gcm::Aes256Gcm::new(&[7; 32].into());
    let mut text = vec![b'a'; FILE];
    Box::new(move || {
        for part in black_box(&mut text).chunks_mut(SEGMENT) {
            let tag = key.encrypt_inout_detached(&[1; 12].into(), b"", part.into());
            let _ = black_box(tag.expect("short"));
        }
    })
}

fn seal_stream() -> Work {
    let (key, mut chance, plain) = (key(), chance(), vec![b'a'; FILE]);
    let mut out = Vec::with_capacity(2 * FILE);
    Box::new(move || {
        out.clear();
        let mut sealer = stream::Sealer::begin(&key, &mut chance, &mut out).expect("a file");
        sealer.push(black_box(&plain), &mut out).expect("short");
        sealer.finish(&mut out).expect("short");
    })
}

fn open_stream() -> Work {
    let (key, mut sealed) = (key(), Vec::new());
    let mut sealer = stream::Sealer::begin(&key, &mut chance(), &mut sealed).expect("a file");
    sealer.push(&vec![b'a'; FILE], &mut sealed).expect("short");
    sealer.finish(&mut sealed).expect("short");
    let mut out = Vec::with_capacity(2 * FILE);
    Box::new(move || {
        out.clear();
        let (header, segments) = black_box(&sealed).split_at(stream::Header::LEN);
        let header = stream::Header::parse(header).expect("a header");
        let mut opener = stream::Opener::whole(&key, &header).expect("ours");
        opener.push(segments, &mut out).expect("ours");
        opener.finish(&mut out).expect("ours");
    })
}

fn seal_same_size() -> Work {
    let (key, plain) = (key(), vec![b'a'; FILE]);
    let segment_key = same_size::SegmentKey::derive(&[5; 32], "app");
    let (mut out, mut records) = (Vec::with_capacity(2 * FILE), Vec::new());
    Box::new(move || {
        out.clear();
        records.clear();
        let transfer = segment_key.transfer("document", b"upload");
        let mut sealer = same_size::Sealer::begin(&key, transfer, 0).expect("a file");
        sealer
            .push(black_box(&plain), &segment_key, &mut out, &mut records)
            .expect("short");
        sealer
            .finish(&segment_key, &mut out, &mut records)
            .expect("short");
        for record in &records {
            black_box(segment_key.seal(record).expect("short"));
        }
    })
}
