//! What sealing and opening a value cost, beside the primitives that they rest on: every row of a table in turn, so
//! that what else the machine does meets all of them.

use std::hint::black_box;
use std::time::Duration;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_siv::siv::Aes256Siv;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use keys::file::SystemChance;
use keys::{Ahead, Chance, EpochSecret, KeyId};
use seal::{FieldKey, Sealing, Token, ValueType};

use crate::processor_time;

const KEY: [u8; 32] = [7; 32];
const NONCE: [u8; 12] = [1; 12];

/// How often each row is measured, in turn with the others.
const ROUNDS: usize = 15;
/// Runs between two looks at the clock.
const RUNS: u32 = 4_000;

pub(crate) fn run() {
    let system = SystemChance::new().expect("the system's chance");
    for bytes in [16, 64, 1024] {
        value(bytes, system);
    }
    choices(system);
}

/// Rows that are measured in turn.
#[derive(Default)]
pub(crate) struct Rows(Vec<Row>);

struct Row {
    name: String,
    work: Box<dyn FnMut()>,
    /// The row that it is told in multiples of.
    beside: Option<usize>,
    best: Duration,
}

impl Rows {
    pub(crate) fn add(
        &mut self,
        name: &str,
        beside: Option<usize>,
        work: impl FnMut() + 'static,
    ) -> usize {
        self.0.push(Row {
            name: name.to_owned(),
            work: Box::new(work),
            beside,
            best: Duration::MAX,
        });
        self.0.len() - 1
    }

    pub(crate) fn measure(mut self, title: &str) {
        for _ in 0..ROUNDS {
            for row in &mut self.0 {
                (row.work)();
                let began = processor_time();
                for _ in 0..RUNS {
                    (row.work)();
                }
                row.best = row.best.min(processor_time() - began);
            }
        }
        println!("\n{title}");
        let nanoseconds = |row: &Row| row.best.as_secs_f64() * 1e9 / f64::from(RUNS);
        for row in &self.0 {
            let taken = nanoseconds(row);
            let times = row
                .beside
                .and_then(|beside| self.0.get(beside))
                .map_or_else(String::new, |beside| {
                    format!("{:>8.2} × {}", taken / nanoseconds(beside), beside.name)
                });
            println!("  {:<56}{taken:>11.0} ns{times}", row.name);
        }
    }
}

fn value(bytes: usize, system: SystemChance) {
    let key: &'static FieldKey = Box::leak(Box::new(FieldKey::derive(
        &EpochSecret::from_bytes(&KEY),
        KeyId(0x0102_0304),
        "app",
        "field",
        1,
    )));
    let plain = vec![b'a'; bytes];
    let mut rows = Rows::default();
    let (gcm_seal, gcm_open) = bare_gcm(&mut rows, bytes);
    let (siv_seal, siv_open) = bare_siv(&mut rows, bytes);
    for (name, commit) in [("`sealed`", false), ("`sealed`, commit", true)] {
        let sealing = Sealing {
            commit,
            ..Sealing::default()
        };
        let mut chance = Ahead::new(system);
        let sealed = move |plain: &[u8], out: &mut Vec<u8>| {
            out.clear();
            seal::seal_sealed(key, ValueType::String, plain, sealing, &mut chance, out)
                .expect("a value");
        };
        seal_and_open(&mut rows, name, key, &plain, sealed, (gcm_seal, gcm_open));
    }
    let matched = move |plain: &[u8], out: &mut Vec<u8>| {
        out.clear();
        seal::seal_match(key, plain, out).expect("a value");
    };
    seal_and_open(
        &mut rows,
        "`match`",
        key,
        &plain,
        matched,
        (siv_seal, siv_open),
    );
    rows.measure(&format!("a value of {bytes} bytes"));
}

fn seal_and_open(
    rows: &mut Rows,
    name: &str,
    key: &'static FieldKey,
    plain: &[u8],
    mut seal: impl FnMut(&[u8], &mut Vec<u8>) + 'static,
    beside: (usize, usize),
) {
    let mut token = Vec::with_capacity(4096);
    seal(plain, &mut token);
    let (plain, mut out) = (plain.to_vec(), Vec::with_capacity(4096));
    rows.add(&format!("seal, {name}"), Some(beside.0), move || {
        seal(black_box(&plain), &mut out);
    });
    let mut out = Vec::with_capacity(4096);
    rows.add(&format!("open, {name}"), Some(beside.1), move || {
        out.clear();
        let token = Token::parse(black_box(&token)).expect("a token");
        seal::open(key, &token, &mut out).expect("ours");
    });
}

/// AES-256-GCM of aws-lc-rs under a key that is ready, to and fro.
fn bare_gcm(rows: &mut Rows, bytes: usize) -> (usize, usize) {
    let key = || LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).expect("a key"));
    let (seals, opens) = (key(), key());
    let mut text = vec![b'a'; bytes];
    let tag = seals
        .seal_in_place_separate_tag(nonce(), Aad::empty(), &mut text)
        .expect("short");
    let sealed = text.clone();
    let seal = rows.add("bare AES-256-GCM seal (aws-lc-rs)", None, move || {
        let tag = seals.seal_in_place_separate_tag(nonce(), Aad::empty(), black_box(&mut text));
        let _ = black_box(tag.expect("short"));
    });
    let mut text = sealed.clone();
    let open = rows.add("bare AES-256-GCM open (aws-lc-rs)", None, move || {
        text.copy_from_slice(&sealed);
        let tag = tag.as_ref();
        opens
            .open_in_place_separate_tag(nonce(), Aad::empty(), tag, black_box(&mut text))
            .expect("ours");
    });
    (seal, open)
}

/// AES-SIV of the `aes-siv` crate, to and fro.
fn bare_siv(rows: &mut Rows, bytes: usize) -> (usize, usize) {
    let key = || Aes256Siv::new_from_slice(&[7; 64]).expect("a key");
    let (mut seals, mut opens) = (key(), key());
    let mut text = vec![b'a'; bytes];
    let tag = seals
        .encrypt_inout_detached([b"head"], text.as_mut_slice().into())
        .expect("short");
    let sealed = text.clone();
    let seal = rows.add("bare AES-SIV seal (aes-siv)", None, move || {
        let text = black_box(text.as_mut_slice());
        black_box(
            seals
                .encrypt_inout_detached([b"head"], text.into())
                .expect("short"),
        );
    });
    let mut text = sealed.clone();
    let open = rows.add("bare AES-SIV open (aes-siv)", None, move || {
        text.copy_from_slice(&sealed);
        let text = black_box(text.as_mut_slice());
        opens
            .decrypt_inout_detached([b"head"], text.into(), &tag)
            .expect("ours");
    });
    (seal, open)
}

/// What `docs/adr/0013` chose between: a key of a message's own, and the salt it comes from.
fn choices(system: SystemChance) {
    let mut rows = Rows::default();
    let mut text = [0; 64];
    let ready = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).expect("a key"));
    let bare = rows.add(
        "bare AES-256-GCM seal, 64 bytes (aws-lc-rs)",
        None,
        move || {
            let tag = ready.seal_in_place_separate_tag(nonce(), Aad::empty(), black_box(&mut text));
            let _ = black_box(tag.expect("short"));
        },
    );
    rows.add("a key and a seal, aws-lc-rs", Some(bare), move || {
        let key = UnboundKey::new(&AES_256_GCM, black_box(&KEY)).expect("a key");
        let tag = LessSafeKey::new(key).seal_in_place_separate_tag(
            nonce(),
            Aad::empty(),
            black_box(&mut text),
        );
        let _ = black_box(tag.expect("short"));
    });
    rows.add("a key and a seal, aes-gcm", Some(bare), move || {
        let key = aes_gcm::Aes256Gcm::new(black_box(&KEY.into()));
        let text = black_box(&mut text[..]);
        let tag = key.encrypt_inout_detached(&NONCE.into(), b"", text.into());
        let _ = black_box(tag.expect("short"));
    });
    let mut salt = [0; 24];
    let mut source = system;
    rows.add("a salt from the system", Some(bare), move || {
        source.fill(black_box(&mut salt));
    });
    let mut ahead = Ahead::new(system);
    rows.add("a salt, drawn ahead", Some(bare), move || {
        ahead.fill(black_box(&mut salt));
    });
    rows.add(
        "a message with one salt, drawn ahead",
        Some(bare),
        move || {
            Ahead::new(system).fill(black_box(&mut salt));
        },
    );
    rows.measure("a key and a salt of a message's own");
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key(NONCE)
}
