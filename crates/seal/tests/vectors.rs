//! The vectors: one case a file, in `tests/vectors`. What stands there was sealed by this crate once and is opened
//! again by every later release, and by `tools/rempart-open.py`, which shares no code with it.
//!
//! `REMPART_WRITE_VECTORS=1 cargo test -p seal --test vectors` writes the files that are missing; it never changes
//! one that is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the vectors stand in files")]

use std::fs;
use std::path::{Path, PathBuf};

use seal::{
    Chance, EpochSecret, FieldKey, KeyId, Kind, Pad, Pointer, PointerId, PointerKey, Repeat,
    Sealing, StableKey, SubjectName, SubjectSecret, Token, ValueType,
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
    Repeat(Repeated),
    Stable(Remembered),
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(flatten)]
    key: Key,
    value_type: String,
    /// As a field says it: `multiple 50`, `fixed 100`; length classes where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pad: Option<String>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Subject>,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    secret: String,
}

/// A stream of salts that repeats with its parts.
#[derive(Serialize, Deserialize)]
struct Repeated {
    #[serde(flatten)]
    key: Key,
    parts: Vec<String>,
    stream: String,
}

/// What a `stable` field remembers.
#[derive(Serialize, Deserialize)]
struct Remembered {
    app_secret: String,
    app: String,
    field: String,
    resource: String,
    value: String,
    salt: String,
    token: String,
    name: String,
    sealed: String,
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
        Case::Repeat(repeated) => {
            let stream = make_stream(repeated, repeated.stream.len() / 2);
            assert_eq!(stream, repeated.stream, "{path:?}");
        }
        Case::Stable(remembered) => {
            let key = remembered.derive();
            let name = unhex(&remembered.name).try_into().unwrap();
            let token = key.open(&name, &unhex(&remembered.sealed));
            assert_eq!(
                token.as_deref(),
                Some(remembered.token.as_bytes()),
                "{path:?}"
            );
            let (name, sealed) = make_row(remembered);
            assert_eq!(
                (&name, &sealed),
                (&remembered.name, &remembered.sealed),
                "{path:?}"
            );
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
    let pad = sealed.pad.as_deref();
    let again = make_sealed(&key, value_type, &sealed.plain, kind, pad, &sealed.salt);
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
    pad: Option<&str>,
    salt: &str,
) -> String {
    let mut text = Vec::new();
    let sealing = Sealing {
        commit: matches!(kind, Kind::Committed | Kind::CommittedWords),
        pad: pad.map_or(Pad::Classes, read_pad),
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

fn read_pad(text: &str) -> Pad {
    match text.split_once(' ').unwrap() {
        ("multiple", step) => Pad::Multiple(step.parse().unwrap()),
        ("fixed", length) => Pad::Fixed(length.parse().unwrap()),
        _ => panic!("no pad is called {text}"),
    }
}

fn make_stream(repeated: &Repeated, length: usize) -> String {
    let parts: Vec<Vec<u8>> = repeated.parts.iter().map(|part| unhex(part)).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let mut stream = vec![0; length];
    Repeat::new(&repeated.key.derive(), &parts).fill(&mut stream);
    hex(&stream)
}

fn make_row(remembered: &Remembered) -> (String, String) {
    let key = remembered.derive();
    let value = unhex(&remembered.value);
    let name = key.name(&remembered.field, &remembered.resource, &value);
    let mut salt = Salt(unhex(&remembered.salt));
    let sealed = key.seal(&name, remembered.token.as_bytes(), &mut salt);
    (hex(&name), hex(&sealed))
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
        let Some(subject) = &self.subject else {
            return FieldKey::derive(&secret, id, &self.app, &self.field, self.epoch);
        };
        FieldKey::derive_for_subject(
            &secret,
            &SubjectSecret::from_bytes(&unhex(&subject.secret).try_into().unwrap()),
            SubjectName(unhex(&subject.name).try_into().unwrap()),
            id,
            &self.app,
            &self.field,
            self.epoch,
        )
    }
}

impl Remembered {
    fn derive(&self) -> StableKey {
        StableKey::derive(&unhex(&self.app_secret).try_into().unwrap(), &self.app)
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
        subject: None,
    };
    let subject = |app: &str, field: &str, epoch| Key {
        subject: Some(Subject {
            name: hex(&[0x5b; 16]),
            secret: hex(&[0x5c; 32]),
        }),
        ..key(app, field, epoch)
    };
    let made = |key: Key, value_type: &str, plain: &[u8], kind, pad: Option<&str>| {
        let salt = std::array::from_fn::<u8, 24, _>(|i| 0xa0 + u8::try_from(i).unwrap());
        let committed = matches!(kind, Kind::Committed | Kind::CommittedWords);
        let salt = hex(&salt[..if committed { 16 } else { 24 }]);
        let plain = hex(plain);
        let of_type = self::value_type(value_type);
        let token = make_sealed(&key.derive(), of_type, &plain, kind, pad, &salt);
        let sealed = Sealed {
            key,
            value_type: value_type.to_owned(),
            pad: pad.map(str::to_owned),
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
    let randomised = |field, value_type: &str, plain: &[u8], kind| {
        made(key("crm", field, 1), value_type, plain, kind, None)
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
    let padded =
        |plain: &[u8], kind, pad| made(key("crm", "note", 1), "string", plain, kind, Some(pad));
    let matched_by = |key: Key, plain: &[u8]| {
        let plain = hex(plain);
        let token = make_match(&key.derive(), &plain);
        Case::Match(Matched { key, plain, token })
    };
    let matched = |app, field, epoch, plain: &[u8]| matched_by(key(app, field, epoch), plain);
    let repeat = |key: Key, parts: &[&[u8]]| {
        let mut repeated = Repeated {
            key,
            parts: parts.iter().map(|part| hex(part)).collect(),
            stream: String::new(),
        };
        repeated.stream = make_stream(&repeated, 100);
        Case::Repeat(repeated)
    };
    let stable = |value: &str, token: &str| {
        let mut remembered = Remembered {
            app_secret: hex(&[0x66; 32]),
            app: "crm".to_owned(),
            field: "note".to_owned(),
            resource: "/contacts/7".to_owned(),
            value: hex(value.as_bytes()),
            salt: hex(&[0xb1; 24]),
            token: token.to_owned(),
            name: String::new(),
            sealed: String::new(),
        };
        (remembered.name, remembered.sealed) = make_row(&remembered);
        Case::Stable(remembered)
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
        (
            "sealed-multiple-50",
            padded(&[b'p'; 50], Kind::Sealed, "multiple 50"),
        ),
        (
            "sealed-multiple-1",
            padded(b"Roy", Kind::Sealed, "multiple 1"),
        ),
        (
            "committed-fixed-100",
            padded(b"Roy", Kind::Committed, "fixed 100"),
        ),
        (
            "subject-sealed",
            made(
                subject("crm", "note", 1),
                "string",
                b"for one",
                Kind::Sealed,
                None,
            ),
        ),
        (
            "subject-committed",
            made(
                subject("crm", "note", 1),
                "number",
                b"7",
                Kind::Committed,
                None,
            ),
        ),
        (
            "subject-match",
            matched_by(subject("crm", "last-name", 2), b"Roy"),
        ),
        (
            "repeat",
            repeat(
                key("crm", "note", 1),
                &[b"7f1c", b"", &[0, 3], "Côté".as_bytes()],
            ),
        ),
        ("repeat-nothing", repeat(key("crm", "note", 1), &[])),
        (
            "repeat-subject",
            repeat(subject("crm", "note", 1), &[b"7f1c"]),
        ),
        ("stable", stable("Côté", "q671abcd")),
        ("stable-empty", stable("", "")),
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
