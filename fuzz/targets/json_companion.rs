//! Companions in JSON, there and back: what is protected is JSON, what is revealed of it is what came, and an answer
//! that nobody protected comes out as JSON if it was, the same at every chunking (I2, I4).
#![no_main]

use std::sync::Arc;

use body::content_type::ContentType;
use body::reveal::{Companions, Measure, Medium, Opened, Reveal, Tokens};
use body::{Edit, Editor, Error, Format, Found, Out, PlaceId, Plan, Selected, ValueType};
use bytes::Bytes;
use fuzz::{LIMITS, check};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const RULES: [(&str, &str, &str); 3] = [
    ("$.a", "$.l[+]", r#"{"u":1,"t":"{token}"}"#),
    ("$.b.c", "$.l[+]", r#"{"u":2,"t":"{token}"}"#),
    ("$.d", "$.m.n", r#""see {token}.""#),
];

/// Writes a stand-in for each value, and the value itself, in hexadecimal, as its token.
#[derive(Default)]
struct Hex {
    token: Vec<u8>,
}

impl Editor for Hex {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        let kind = match found.value_type {
            ValueType::String => 's',
            ValueType::Number => 'n',
            ValueType::Boolean => 'b',
        };
        let digits: String = found
            .text
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.token = format!("{}{kind}{digits}", found.place.0).into_bytes();
        replacement.extend_from_slice(b"0");
        Ok(Edit::Spelled)
    }

    fn companion(&mut self, _: PlaceId, text: &mut Vec<u8>) -> Result<Edit, Error> {
        text.extend_from_slice(&self.token);
        Ok(Edit::Replace)
    }
}

impl Tokens for Hex {
    fn find(&self, _: &[u8], _: usize) -> Option<usize> {
        None
    }

    fn measure(&self, _: &[u8], _: bool) -> Measure {
        Measure::No
    }

    fn open(&mut self, _: &[u8], _: &mut Vec<u8>) -> Opened {
        Opened::Leave
    }

    fn companion(&mut self, number: usize, token: &[u8], plain: &mut Vec<u8>) -> Opened {
        let Some((head, digits)) = token.split_at_checked(2) else {
            return Opened::Leave;
        };
        let value_type = match head.get(1) {
            Some(b's') => ValueType::String,
            Some(b'n') => ValueType::Number,
            Some(b'b') => ValueType::Boolean,
            _ => return Opened::Leave,
        };
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let value: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
        match value {
            Some(value) if head.starts_with(number.to_string().as_bytes()) => {
                plain.extend_from_slice(&value);
                Opened::Value(value_type)
            }
            _ => Opened::Leave,
        }
    }
}

fn reveal(companions: &Arc<Companions>, body: &[u8], size: usize) -> Vec<u8> {
    let medium = Medium::of("application/json", None, None).expect("a medium");
    let mut reveal = Reveal::new(medium, LIMITS).with_companions(Arc::clone(companions));
    let mut out = Out::new();
    let mut shown = Vec::new();
    for piece in body.chunks(size.max(1)) {
        reveal.push(
            &Bytes::copy_from_slice(piece),
            &mut Hex::default(),
            &mut out,
        );
    }
    reveal.finish(&mut Hex::default(), &mut out);
    while let Some(piece) = out.take() {
        shown.extend_from_slice(&piece);
    }
    assert!(out.is_empty(), "nothing is left behind");
    shown
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    let size = usize::from(size);
    let selected = RULES.iter().zip(0..).map(|((at, to, write), id)| Selected {
        companion: Some((*to, *write)),
        ..Selected::new(at, PlaceId(id))
    });
    let plan = Plan::compile(Format::Json, selected).expect("a plan");
    let rules = RULES.map(|(place, at, write)| (Format::Json, place, at, write));
    let companions = Arc::new(Companions::compile(rules).expect("companions"));
    let kind = ContentType::parse(b"application/json").expect("a type");
    let rewriter = || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter");

    let shown = reveal(&companions, body, body.len());
    assert_eq!(
        shown,
        reveal(&companions, body, size),
        "I4: the same answer at every chunking"
    );
    if serde_json::from_slice::<Value>(body).is_ok() {
        let left = serde_json::from_slice::<Value>(&shown);
        assert!(left.is_ok(), "JSON stays JSON");
    }

    // The editor of `check` has no companions: the walk beside them is the same.
    let _ = check(rewriter, body, size);
    let mut out = Out::new();
    let mut hex = Hex::default();
    let mut rewriter = rewriter();
    let rewritten = rewriter
        .push(&Bytes::copy_from_slice(body), &mut hex, &mut out)
        .and_then(|()| rewriter.finish(&mut hex, &mut out));
    if rewritten.is_err() {
        return;
    }
    let mut sent = Vec::new();
    while let Some(piece) = out.take() {
        sent.extend_from_slice(&piece);
    }
    let Ok(mut came) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let stored: Value = serde_json::from_slice(&sent).expect("what leaves is JSON");
    let stored = serde_json::to_vec(&stored).expect("JSON");
    // What looks like a companion already may be one of another value, and then it is not told apart.
    let alike = |word: &[u8]| body.windows(word.len()).any(|window| window == word);
    if stored.len() > LIMITS.lookahead || alike(b"\"u\"") || alike(b"see ") || alike(b"\\") {
        return;
    }
    let back = reveal(&companions, &stored, size);
    let mut back: Value = serde_json::from_slice(&back).expect("what returns is JSON");
    bare(&mut came);
    bare(&mut back);
    assert_eq!(back, came, "I2: what was protected comes back equal");
});

/// Without what holds nothing where a companion goes: that is taken out with it.
fn bare(value: &mut Value) {
    let nothing = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let Some(object) = value.as_object_mut() else {
        return;
    };
    if let Some(inner) = object.get_mut("m").and_then(Value::as_object_mut) {
        inner.retain(|key, value| key != "n" || !nothing(value));
    }
    object.retain(|key, value| !matches!(key.as_str(), "l" | "m") || !nothing(value));
}
