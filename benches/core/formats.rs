//! What stand-ins and searchable words cost, beside the FF1 of the `fpe` crate with a key that is ready. The budget of
//! sixteen digits is 5 µs.

use std::hint::black_box;

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};
use keys::file::SystemChance;
use keys::{Ahead, EpochSecret, KeyId};
use seal::date::{self, ShiftKey};
use seal::format::{self, FormatKey, Shape};
use seal::{FieldKey, Sealing, ValueType, words};

use crate::seal::Rows;

const KEY: [u8; 32] = [7; 32];

/// A value of each shape.
const VALUES: [(&str, &str); 12] = [
    ("digits", "4111111111111111"),
    ("alnum", "P-1234567"),
    ("number", "12345678.25"),
    ("phone", "418 555-0123"),
    ("postal", "H2X 1Y4"),
    ("sin", "193-456-787"),
    ("ramq", "FICT 9256 0419"),
    ("card", "4111 1111 1111 1111"),
    ("card:bin", "4111 1111 1111 1111"),
    ("card:last4", "4111 1111 1111 1111"),
    ("plate", "ABC 12D"),
    ("vin", "1M8GDM9AXKP042788"),
];

pub(crate) fn run() {
    let system = SystemChance::new().expect("the system's chance");
    let mut rows = Rows::default();
    let ff1 = FF1::<Aes256>::new(&KEY, 10).expect("a radix");
    let digits = FlexibleNumeralString::from(vec![4; 16]);
    let bare = rows.add("FF1 of 16 digits (fpe)", None, move || {
        black_box(ff1.encrypt(&[], black_box(&digits)).expect("digits"));
    });
    let secret = EpochSecret::from_bytes(&KEY);
    for (name, value) in VALUES {
        let shape = Shape::parse(name).expect("a shape");
        let key = FormatKey::derive(&secret, "app", "field", shape);
        let sealed = format::seal(&key, value, b"").expect("a value");
        let opens = FormatKey::derive(&secret, "app", "field", shape);
        rows.add(&format!("seal, `format:{name}`"), Some(bare), move || {
            black_box(format::seal(&key, black_box(value), b"").expect("a value"));
        });
        rows.add(&format!("open, `format:{name}`"), Some(bare), move || {
            black_box(format::open(&opens, black_box(&sealed), b"").expect("ours"));
        });
    }
    let key = ShiftKey::derive(&secret, None, "app", "field");
    rows.add("shift of a date", None, move || {
        let date = black_box("1992-06-04");
        black_box(date::shift(&key, 180, b"patient/41", date).expect("a date"));
    });
    let key = FieldKey::derive(&secret, KeyId(1), "app", "field", 1);
    let text = "Élève absent depuis le 4, mère avisée par téléphone";
    let (mut chance, mut out) = (Ahead::new(system), Vec::with_capacity(4096));
    rows.add("seal, `words` of 56 bytes", None, move || {
        out.clear();
        let (text, sealing) = (black_box(text), Sealing::default());
        words::seal_words(
            &key,
            ValueType::String,
            text,
            sealing,
            &mut chance,
            &mut out,
        )
        .expect("a text");
    });
    rows.measure("stand-ins and words");
}
