//! The vectors: one case a file, in `tests/vectors`. What stands there was sealed by this crate once and is opened
//! again by every later release, and by `open_vectors.py`, which shares no code with it.
//!
//! `REMPART_WRITE_VECTORS=1 cargo test -p seal --test vectors` writes the files that are missing; it never changes
//! one that is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the vectors stand in files")]

use std::fs;
use std::path::{Path, PathBuf};

use seal::{
    Chance, EpochSecret, FieldKey, KeyId, Kind, Pointer, PointerId, PointerKey, Sealing, Token,
    ValueType,
};
use serde::{Deserialize, Serialize};

/// A token or a pointer with everything it is made of; bytes in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Case {
    Sealed(Sealed),
    Committed(Sealed),
    Words(Sealed),
    CommittedWords(Sealed),
    Match(Matched),
    Pointer(Pointed),
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(flatten)]
    key: Key,
    value_type: String,
    salt: String,
    plain: String,
    token: String,
}

#[derive(Serialize, Deserialize)]
struct Matched {
    #[serde(flatten)]
    key: Key,
    plain: String,
    token: String,
}

#[derive(Serialize, Deserialize)]
struct Key {
    suite: u8,
    epoch_secret: String,
    key_id: String,
    app: String,
    field: String,
    epoch: u32,
}

#[derive(Serialize, Deserialize)]
struct Pointed {
    app_secret: String,
    app: String,
    field: String,
    id: String,
    token: String,
}

#[test]
fn i10_every_vector_opens_and_is_made_again_byte_for_byte() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    if std::env::var_os("REMPART_WRITE_VECTORS").is_some() {
        write_missing(&directory);
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= cases().len());
    for path in paths {
        let case: Case = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        check(&case, &path);
    }
}

fn check(case: &Case, path: &Path) {
    match case {
        Case::Sealed(sealed) => check_sealed(sealed, Kind::Sealed, path),
        Case::Committed(sealed) => check_sealed(sealed, Kind::Committed, path),
        Case::Words(sealed) => check_sealed(sealed, Kind::Words, path),
        Case::CommittedWords(sealed) => check_sealed(sealed, Kind::CommittedWords, path),
        Case::Match(matched) => {
            let key = matched.key.derive();
            assert_eq!(
                opened(&key, &matched.token, Kind::Match),
                (ValueType::String, unhex(&matched.plain)),
                "{path:?}"
            );
            assert_eq!(make_match(&key, &matched.plain), matched.token, "{path:?}");
        }
        Case::Pointer(pointed) => {
            let key = pointed.derive();
            let pointer = Pointer::parse(pointed.token.as_bytes()).unwrap();
            assert!(key.verify(&pointed.field, &pointer), "{path:?}");
            assert_eq!(pointer.id, pointed.id(), "{path:?}");
            assert_eq!(
                key.text(&pointed.field, pointer.id),
                pointed.token.as_bytes(),
                "{path:?}"
            );
        }
    }
}

fn check_sealed(sealed: &Sealed, kind: Kind, path: &Path) {
    let key = sealed.key.derive();
    let value_type = value_type(&sealed.value_type);
    assert_eq!(
        opened(&key, &sealed.token, kind),
        (value_type, unhex(&sealed.plain)),
        "{path:?}"
    );
    let again = make_sealed(&key, value_type, &sealed.plain, kind, &sealed.salt);
    assert_eq!(again, sealed.token, "{path:?}");
}

fn opened(key: &FieldKey, token: &str, kind: Kind) -> (ValueType, Vec<u8>) {
    let token = Token::parse(token.as_bytes()).unwrap();
    assert_eq!((token.kind(), token.key_id()), (kind, key.id()));
    let mut plain = Vec::new();
    let value_type = seal::open(key, &token, &mut plain).unwrap();
    (value_type, plain)
}

/// Gives one salt, once.
struct Salt(Vec<u8>);

impl Chance for Salt {
    fn fill(&mut self, out: &mut [u8]) {
        out.copy_from_slice(&self.0);
        self.0.clear();
    }
}

fn make_sealed(
    key: &FieldKey,
    value_type: ValueType,
    plain: &str,
    kind: Kind,
    salt: &str,
) -> String {
    let mut text = Vec::new();
    let sealing = Sealing {
        commit: matches!(kind, Kind::Committed | Kind::CommittedWords),
        ..Sealing::default()
    };
    let (plain, mut salt) = (unhex(plain), Salt(unhex(salt)));
    if matches!(kind, Kind::Words | Kind::CommittedWords) {
        let plain = String::from_utf8(plain).unwrap();
        seal::words::seal_words(key, value_type, &plain, sealing, &mut salt, &mut text).unwrap();
    } else {
        seal::seal_sealed(key, value_type, &plain, sealing, &mut salt, &mut text).unwrap();
    }
    String::from_utf8(text).unwrap()
}

fn make_match(key: &FieldKey, plain: &str) -> String {
    let mut text = Vec::new();
    seal::seal_match(key, &unhex(plain), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

impl Key {
    fn derive(&self) -> FieldKey {
        let secret = EpochSecret::from_bytes(&unhex(&self.epoch_secret).try_into().unwrap());
        let id = KeyId::from_bytes(unhex(&self.key_id).try_into().unwrap());
        FieldKey::derive(&secret, id, &self.app, &self.field, self.epoch)
    }
}

impl Pointed {
    fn derive(&self) -> PointerKey {
        PointerKey::derive(&unhex(&self.app_secret).try_into().unwrap(), &self.app)
    }

    fn id(&self) -> PointerId {
        PointerId::new(u64::from_str_radix(&self.id, 16).unwrap()).unwrap()
    }
}

fn value_type(name: &str) -> ValueType {
    match name {
        "string" => ValueType::String,
        "number" => ValueType::Number,
        "boolean" => ValueType::Boolean,
        other => panic!("no type is called {other}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The cases, by the name of their file.
fn cases() -> Vec<(&'static str, Case)> {
    let key = |app: &str, field: &str, epoch| Key {
        suite: 1,
        epoch_secret: hex(&std::array::from_fn::<u8, 32, _>(|i| {
            u8::try_from(i).unwrap()
        })),
        key_id: "c0ffee01".to_owned(),
        app: app.to_owned(),
        field: field.to_owned(),
        epoch,
    };
    let randomised = |field, value_type: &str, plain: &[u8], kind| {
        let key = key("crm", field, 1);
        let salt = std::array::from_fn::<u8, 24, _>(|i| 0xa0 + u8::try_from(i).unwrap());
        let committed = matches!(kind, Kind::Committed | Kind::CommittedWords);
        let salt = hex(&salt[..if committed { 16 } else { 24 }]);
        let plain = hex(plain);
        let of_type = self::value_type(value_type);
        let token = make_sealed(&key.derive(), of_type, &plain, kind, &salt);
        let sealed = Sealed {
            key,
            value_type: value_type.to_owned(),
            salt,
            plain,
            token,
        };
        match kind {
            Kind::Committed => Case::Committed(sealed),
            Kind::Words => Case::Words(sealed),
            Kind::CommittedWords => Case::CommittedWords(sealed),
            _ => Case::Sealed(sealed),
        }
    };
    let sealed = |field, value_type: &str, plain: &[u8], commit| {
        let kind = if commit {
            Kind::Committed
        } else {
            Kind::Sealed
        };
        randomised(field, value_type, plain, kind)
    };
    let words = |text: &str, kind| randomised("note", "string", text.as_bytes(), kind);
    let matched = |app, field, epoch, plain: &[u8]| {
        let key = key(app, field, epoch);
        let plain = hex(plain);
        let token = make_match(&key.derive(), &plain);
        Case::Match(Matched { key, plain, token })
    };
    let pointer = |id: &str, field: &str| {
        let (app_secret, app, field) = (hex(&[0x55; 32]), "crm".to_owned(), field.to_owned());
        let mut pointed = Pointed {
            app_secret,
            app,
            field,
            id: id.to_owned(),
            token: String::new(),
        };
        pointed.token =
            String::from_utf8(pointed.derive().text(&pointed.field, pointed.id()).to_vec())
                .unwrap();
        Case::Pointer(pointed)
    };
    vec![
        ("sealed-empty", sealed("note", "string", b"", false)),
        (
            "sealed-class-16",
            sealed("note", "string", b"fifteen bytes..", false),
        ),
        (
            "sealed-class-32",
            sealed("note", "string", "Françoise Côté".as_bytes(), false),
        ),
        (
            "sealed-class-128",
            sealed("note", "string", &[b'x'; 100], false),
        ),
        (
            "sealed-class-1024",
            sealed("note", "string", &[b'y'; 1000], false),
        ),
        (
            "sealed-class-32768",
            sealed("note", "string", &[b'z'; 20000], false),
        ),
        ("sealed-number", sealed("note", "number", b"12.50", false)),
        ("sealed-boolean", sealed("note", "boolean", b"true", false)),
        (
            "sealed-ends-like-padding",
            sealed("note", "string", &[0x80, 0, 0x80, 0], false),
        ),
        ("committed-empty", sealed("note", "string", b"", true)),
        (
            "committed-class-64",
            sealed("note", "string", &[b'c'; 40], true),
        ),
        ("committed-number", sealed("note", "number", b"42", true)),
        ("words-none", words("à la", Kind::Words)),
        (
            "words-folded",
            words("L'Élève a eu de la FIÈVRE; œdème, fièvre.", Kind::Words),
        ),
        (
            "words-committed",
            words("Straße 12, ﬁle", Kind::CommittedWords),
        ),
        ("match-empty", matched("crm", "last-name", 1, b"")),
        ("match-short", matched("crm", "last-name", 1, b"Roy")),
        (
            "match-block",
            matched("crm", "last-name", 1, b"sixteen bytes..."),
        ),
        ("match-long", matched("crm", "last-name", 1, &[b'm'; 200])),
        ("match-epoch-2", matched("crm", "last-name", 2, b"Roy")),
        (
            "match-other-app",
            matched("fhir", "patient-name", 1, "Échaquan".as_bytes()),
        ),
        ("pointer-least", pointer("0000000000", "email")),
        ("pointer-greatest", pointer("ffffffffff", "email")),
        ("pointer-other-field", pointer("0123456789", "phone")),
    ]
}

fn write_missing(directory: &Path) {
    for (name, case) in cases() {
        let path = directory.join(format!("{name}.json"));
        if !path.exists() {
            fs::write(path, serde_json::to_string_pretty(&case).unwrap() + "\n").unwrap();
        }
    }
}
