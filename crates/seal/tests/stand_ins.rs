//! The vectors of what carries no prefix or a neighbour's text: formats, shifted dates, pointers of other shapes. One
//! case a file, in `tests/stand_ins`, opened again by `tools/rempart-open.py`, which shares no code with this crate.
//!
//! `REMPART_WRITE_VECTORS=1 cargo test -p seal --test stand_ins` writes the files that are missing; it never changes
//! one that is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the vectors stand in files")]

use std::fs;
use std::path::{Path, PathBuf};

use seal::date::{self, ShiftKey};
use seal::format::{self, FormatKey, Shape};
use seal::{
    EpochSecret, Pointer, PointerDigits, PointerId, PointerKey, SubjectName, SubjectSecret,
};
use serde::{Deserialize, Serialize};

/// A value and its stand-in with everything between; bytes in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Case {
    Format {
        epoch_secret: String,
        app: String,
        field: String,
        shape: String,
        tweak: String,
        value: String,
        stand_in: String,
    },
    Shift {
        epoch_secret: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject_secret: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject_name: Option<String>,
        app: String,
        field: String,
        days: u32,
        subject: String,
        value: String,
        stand_in: String,
    },
    Bare {
        #[serde(flatten)]
        row: Row,
        pointer: String,
    },
    Digits {
        #[serde(flatten)]
        row: Row,
        pointer: String,
    },
    Email {
        #[serde(flatten)]
        row: Row,
        domain: String,
        pointer: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Row {
    app_secret: String,
    app: String,
    field: String,
    id: String,
}

impl Row {
    fn key(&self) -> PointerKey {
        PointerKey::derive(&unhex(&self.app_secret).try_into().unwrap(), &self.app)
    }

    fn id(&self) -> PointerId {
        PointerId::new(u64::from_str_radix(&self.id, 16).unwrap()).unwrap()
    }
}

fn epoch(secret: &str) -> EpochSecret {
    EpochSecret::from_bytes(&unhex(secret).try_into().unwrap())
}

/// What stands for the case's value, and whether it opens to it.
fn made(case: &Case) -> (String, bool) {
    match case {
        Case::Format {
            epoch_secret,
            app,
            field,
            shape,
            tweak,
            value,
            ..
        } => {
            let shape = Shape::parse(shape).unwrap();
            let key = FormatKey::derive(&epoch(epoch_secret), app, field, shape);
            let made = format::seal(&key, value, &unhex(tweak)).unwrap();
            let opens = *format::open(&key, &made, &unhex(tweak)).unwrap() == *value;
            (made, opens)
        }
        Case::Shift {
            epoch_secret,
            subject_secret,
            subject_name,
            app,
            field,
            days,
            subject,
            value,
            ..
        } => {
            let secret = subject_secret
                .as_ref()
                .map(|secret| SubjectSecret::from_bytes(&unhex(secret).try_into().unwrap()));
            let name = subject_name
                .as_ref()
                .map(|name| SubjectName(unhex(name).try_into().unwrap()));
            let key = ShiftKey::derive(&epoch(epoch_secret), secret.as_ref().zip(name), app, field);
            let made = date::shift(&key, *days, &unhex(subject), value).unwrap();
            let opens = *date::unshift(&key, *days, &unhex(subject), &made).unwrap() == *value;
            (made, opens)
        }
        Case::Bare { row, .. } => {
            let made = row.key().bare(&row.field, row.id());
            let read = Pointer::parse_bare(&made).unwrap();
            let opens = read.id == row.id() && row.key().verify(&row.field, &read);
            (String::from_utf8(made.to_vec()).unwrap(), opens)
        }
        Case::Digits { row, pointer } => {
            let digits = PointerDigits::new(u8::try_from(pointer.len()).unwrap()).unwrap();
            let made = row.key().digits(&row.field, row.id(), digits).unwrap();
            let read = row.key().parse_digits(&row.field, made.as_bytes(), digits);
            (made, read == Some(row.id()))
        }
        Case::Email { row, domain, .. } => {
            let made = row.key().email(&row.field, row.id(), domain);
            let read = Pointer::parse(&made.as_bytes()[..seal::POINTER_LEN]).unwrap();
            (made, read.id == row.id())
        }
    }
}

fn stand_in(case: &mut Case) -> &mut String {
    match case {
        Case::Format { stand_in, .. } | Case::Shift { stand_in, .. } => stand_in,
        Case::Bare { pointer, .. } | Case::Digits { pointer, .. } | Case::Email { pointer, .. } => {
            pointer
        }
    }
}

#[test]
fn i10_every_stand_in_opens_and_is_made_again() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_ins");
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
        let mut case: Case = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let (made, opens) = made(&case);
        assert!(opens, "{path:?}");
        assert_eq!(made, *stand_in(&mut case), "{path:?}");
    }
}

/// The cases, by the name of their file.
fn cases() -> Vec<(String, Case)> {
    let epoch_secret = hex(&std::array::from_fn::<u8, 32, _>(|i| {
        u8::try_from(i).unwrap()
    }));
    let format = |name: &str, shape: &str, tweak: &[u8], value: &str| {
        let case = Case::Format {
            epoch_secret: epoch_secret.clone(),
            app: "crm".to_owned(),
            field: "number".to_owned(),
            shape: shape.to_owned(),
            tweak: hex(tweak),
            value: value.to_owned(),
            stand_in: String::new(),
        };
        (format!("format-{name}"), case)
    };
    let shift = |name: &str, subject: Option<(u8, u8)>, days, value: &str| {
        let case = Case::Shift {
            epoch_secret: epoch_secret.clone(),
            subject_secret: subject.map(|(secret, _)| hex(&[secret; 32])),
            subject_name: subject.map(|(_, name)| hex(&[name; 16])),
            app: "crm".to_owned(),
            field: "birth".to_owned(),
            days,
            subject: hex(b"patient/41"),
            value: value.to_owned(),
            stand_in: String::new(),
        };
        (format!("shift-{name}"), case)
    };
    let row = |id: u64| Row {
        app_secret: hex(&[0x55; 32]),
        app: "crm".to_owned(),
        field: "phone".to_owned(),
        id: format!("{id:010x}"),
    };
    let digits = |count: usize, id| {
        let pointer = "0".repeat(count);
        (
            format!("pointer-digits-{count}"),
            Case::Digits {
                row: row(id),
                pointer,
            },
        )
    };
    let email = Case::Email {
        row: row(0x01_2345_6789),
        domain: "courriel.example.org".to_owned(),
        pointer: String::new(),
    };
    let bare = Case::Bare {
        row: row(0x01_2345_6789),
        pointer: String::new(),
    };
    vec![
        format("digits-least", "digits", b"", "012345"),
        format("digits-grouped", "digits", b"", "0000-0002-1825-0097"),
        format("digits-longest", "digits", b"beside", &"31415926".repeat(7)),
        format("digits-long-tweak", "digits", &[b't'; 50], "1234567"),
        format("alnum", "alnum", b"", "Dossier 2026/00417-B"),
        format(
            "alnum-uuid",
            "alnum",
            b"",
            "123e4567-e89b-42d3-a456-426614174000",
        ),
        format("number-integer", "number", b"", "-1234567"),
        format("number-fraction", "number", b"", "12345.6780"),
        format("number-small", "number", b"", "0.00012345678"),
        format("number-zeros-behind", "number", b"", "1234567.00"),
        format("phone", "phone", b"", "1-418-555-0123 poste 12"),
        format("phone-plus", "phone", b"41", "+15145550199"),
        format("phone-france", "phone", b"", "+33 6 12 34 56 78"),
        format("phone-zero", "phone", b"", "+390612345678"),
        format("phone-three-digits", "phone", b"", "+352 661 123 456"),
        format("postal", "postal", b"", "h2X 1Y4"),
        format("sin", "sin", b"", "193-456-787"),
        format("ramq", "ramq", b"", "FICT 9256 0419"),
        format("ramq-later", "ramq", b"", "EXEM 3001 1519"),
        format("card", "card", b"", "4111 1111 1111 1111"),
        format("card-bin", "card:bin", b"", "3782 822463 10005"),
        format("card-last4", "card:last4", b"41", "2223003122003222"),
        format("card-other", "card", b"", "1234567812345670"),
        format("plate", "plate", b"", "E45 ABC"),
        format("plate-commercial", "plate", b"", "F123456"),
        format("plate-2023", "plate", b"", "abc 12d"),
        format("vin", "vin", b"", "1M8GDM9AXKP042788"),
        format("vin-lower", "vin", b"", "5gzcz43d13s812715"),
        shift("date", None, 180, "1992-06-04"),
        shift("time", None, 36_525, "2000-02-29T10:00:00Z"),
        shift("subject", Some((7, 9)), 180, "1992-06-04"),
        ("pointer-bare".to_owned(), bare),
        digits(6, 123_456),
        digits(12, 999_999_999_999),
        digits(15, 100_000_000_000),
        digits(18, 123_456_789_012),
        ("pointer-email".to_owned(), email),
    ]
}

fn write_missing(directory: &Path) {
    for (name, mut case) in cases() {
        let path = directory.join(format!("{name}.json"));
        if !path.exists() {
            *stand_in(&mut case) = made(&case).0;
            fs::write(path, serde_json::to_string_pretty(&case).unwrap() + "\n").unwrap();
        }
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
