//! Vectors of sealed files, in `tests/files`: a case as JSON, and what is sealed beside it. Made once, opened
//! and made again by every later release, and opened by `tools/rempart-open.py`, which shares no code with this crate.
//!
//! `REMPART_WRITE_VECTORS=1 cargo test -p seal --test file_vectors` writes the files that are missing; it never
//! changes one that is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the vectors stand in files")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seal::file::{SEGMENT, same_size, stream};
use seal::{Chance, EpochSecret, FieldKey, KeyId};
use serde::{Deserialize, Serialize};

/// A sealed file with everything it is made of; bytes in hexadecimal. The plaintext is `length` bytes, the byte at `i`
/// being (7 i + ⌊i / 256⌋) mod 256.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    layout: String,
    epoch_secret: String,
    key_id: String,
    app: String,
    field: String,
    epoch: u32,
    /// Of `stream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    /// What the app calls the upload, of `same-size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upload: Option<String>,
    length: usize,
    /// The file beside this one that holds the sealed bytes.
    sealed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    app_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    records: Vec<Kept>,
}

/// What the vault keeps of a segment.
#[derive(Serialize, Deserialize, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
struct Kept {
    fingerprint: String,
    sealed: String,
}

/// Gives these bytes, again and again.
struct Fixed(Vec<u8>);

impl Chance for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        for (byte, fixed) in out.iter_mut().zip(self.0.iter().cycle()) {
            *byte = *fixed;
        }
    }
}

impl Case {
    fn new(name: &str, layout: &str, length: usize) -> (String, Self) {
        let same_size = layout == "same-size";
        let case = Self {
            layout: layout.to_owned(),
            epoch_secret: hex(&(0..32).collect::<Vec<u8>>()),
            key_id: "01020304".to_owned(),
            app: "drive".to_owned(),
            field: "document".to_owned(),
            epoch: 1,
            salt: (!same_size).then(|| hex(&(0x40..0x60).collect::<Vec<u8>>())),
            upload: same_size.then(|| "upload-1".to_owned()),
            length,
            sealed: format!("{name}.bin"),
            app_secret: same_size.then(|| hex(&[0x5a; 32])),
            records: Vec::new(),
        };
        (name.to_owned(), case)
    }

    fn key(&self) -> FieldKey {
        let secret = EpochSecret::from_bytes(&unhex(&self.epoch_secret).try_into().unwrap());
        let id = KeyId::from_bytes(unhex(&self.key_id).try_into().unwrap());
        FieldKey::derive(&secret, id, &self.app, &self.field, self.epoch)
    }

    fn segment_key(&self) -> same_size::SegmentKey {
        let secret = unhex(self.app_secret.as_deref().unwrap())
            .try_into()
            .unwrap();
        same_size::SegmentKey::derive(&secret, &self.app)
    }

    fn plain(&self) -> Vec<u8> {
        (0..self.length).map(|i| (7 * i + i / 256) as u8).collect()
    }

    fn make(&self) -> (Vec<u8>, Vec<Kept>) {
        let (mut out, mut records) = (Vec::new(), Vec::new());
        if self.layout == "stream" {
            let mut chance = Fixed(unhex(self.salt.as_deref().unwrap()));
            let mut sealer = stream::Sealer::begin(&self.key(), &mut chance, &mut out).unwrap();
            sealer.push(&self.plain(), &mut out).unwrap();
            sealer.finish(&mut out).unwrap();
            return (out, Vec::new());
        }
        let key = self.segment_key();
        let upload = self.upload.as_deref().unwrap();
        let transfer = key.transfer(&self.field, upload.as_bytes());
        let mut sealer = same_size::Sealer::begin(&self.key(), transfer, 0).unwrap();
        sealer
            .push(&self.plain(), &key, &mut out, &mut records)
            .unwrap();
        sealer.finish(&key, &mut out, &mut records).unwrap();
        let kept = records.iter().map(|record| Kept {
            fingerprint: hex(&record.fingerprint.0),
            sealed: hex(&key.seal(record).unwrap()),
        });
        (out, kept.collect())
    }

    fn opened(&self, sealed: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.layout == "stream" {
            let header = stream::Header::parse(sealed).unwrap();
            let mut opener = stream::Opener::whole(&self.key(), &header).unwrap();
            opener
                .push(&sealed[stream::Header::LEN..], &mut out)
                .unwrap();
            opener.finish(&mut out).unwrap();
            return out;
        }
        let key = self.segment_key();
        let bring = |print: same_size::Fingerprint| -> Vec<same_size::Record> {
            let kept = self.records.iter();
            kept.filter(|kept| kept.fingerprint == hex(&print.0))
                .map(|kept| key.open(print, &unhex(&kept.sealed)).unwrap())
                .collect()
        };
        let begins = bring(key.fingerprint(sealed));
        let mut opener = same_size::Opener::new(&begins, 0).unwrap();
        for segment in sealed.chunks(SEGMENT) {
            let records = match opener.next() {
                0 => begins.clone(),
                next => bring(opener.place(&key, next).unwrap()),
            };
            let mut text = segment.to_vec();
            opener
                .open(&records, |_| Some(Arc::new(self.key())), &mut text)
                .unwrap();
            out.extend_from_slice(&text);
        }
        let behind = bring(opener.place(&key, opener.next()).unwrap());
        opener.finish(&behind).unwrap();
        out
    }
}

fn cases() -> Vec<(String, Case)> {
    vec![
        Case::new("stream-empty", "stream", 0),
        Case::new("stream-short", "stream", 11),
        Case::new("stream-two-segments", "stream", SEGMENT + 33),
        Case::new("same-size-shortest", "same-size", 16),
        Case::new("same-size-short-tail", "same-size", SEGMENT + 5),
        Case::new("same-size-full", "same-size", SEGMENT),
    ]
}

#[test]
fn i10_every_vector_opens_and_is_made_again_byte_for_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    if std::env::var_os("REMPART_WRITE_VECTORS").is_some() {
        write_missing(&folder);
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    assert!(paths.len() >= cases().len());
    for path in paths {
        let case: Case = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let sealed = fs::read(folder.join(&case.sealed)).unwrap();
        assert!(case.opened(&sealed) == case.plain(), "{path:?}");
        let (made, kept) = case.make();
        assert!(made == sealed, "{path:?}");
        assert_eq!(kept, case.records, "{path:?}");
    }
}

fn write_missing(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (name, mut case) in cases() {
        let path = folder.join(format!("{name}.json"));
        if path.exists() {
            continue;
        }
        let (sealed, kept) = case.make();
        case.records = kept;
        fs::write(folder.join(&case.sealed), sealed).unwrap();
        fs::write(path, serde_json::to_string_pretty(&case).unwrap() + "\n").unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
