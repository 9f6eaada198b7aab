//! I1: thousands of messages, and nothing of what is protected in any of them leaves, in any encoding.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;
#[path = "leaks/detector.rs"]
mod detector;
#[path = "leaks/messages.rs"]
mod messages;

use std::io::Write as _;

use common::{Vault, border, send};
use messages::{Numbers, Shape, message, nestings, routes};

const HOST: &str = "leaks.example";
/// More than there are nestings, several times.
const MESSAGES: usize = 8000;

const POLICY: &str = r#"
[app]
id = "leaks"
operator = { name = "X", jurisdiction = "US" }
hosts = ["leaks.example"]

[fields.sealed]
class = "health"
treatment = "sealed"
[fields.match]
class = "health"
treatment = "match"
[fields.words]
class = "health"
treatment = "words"
[fields.vault]
class = "health"
treatment = "vault"
"#;

/// What may stand around the letters of a value.
const AROUND: [(&str, &str); 8] = [
    ("", ""),
    ("Zoé ", " d’Ô"),
    ("\"", "\\"),
    ("<b>", "</b>&amp;"),
    ("a=b&c", "%41+;"),
    ("'; --", "{{x}}"),
    ("1\t", "\u{1F600}"),
    ("]]>", "\u{2028}"),
];

#[derive(Clone, Copy, Debug)]
enum Coding {
    None,
    Gzip,
    Brotli,
    Zstd,
}

impl Coding {
    fn any(numbers: &mut Numbers) -> Self {
        match numbers.below(8) {
            0 => Self::Gzip,
            1 => Self::Brotli,
            2 => Self::Zstd,
            _ => Self::None,
        }
    }

    fn header(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }

    fn encode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::None => bytes.to_vec(),
            Self::Gzip => {
                let mut writer =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(bytes).unwrap();
                writer.finish().unwrap()
            }
            Self::Brotli => {
                let mut coded = Vec::new();
                let mut writer = brotli::CompressorWriter::new(&mut coded, 4096, 4, 18);
                writer.write_all(bytes).unwrap();
                drop(writer);
                coded
            }
            Self::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        }
    }
}

fn cut<'a>(bytes: &'a [u8], numbers: &mut Numbers) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for _ in 0..numbers.below(6) {
        let (piece, later) = rest.split_at(numbers.below(rest.len() + 1));
        pieces.push(piece);
        rest = later;
    }
    pieces.push(rest);
    pieces
}

#[test]
fn i01_nothing_protected_leaves_in_any_encoding() {
    let nestings = nestings();
    let policy = POLICY.to_owned() + &routes(&nestings, &["sealed", "match", "words", "vault"]);
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    let mut numbers = Numbers(6);
    let mut refused = 0;
    for index in 0..MESSAGES {
        let route = index % nestings.len();
        let nesting = &nestings[route];
        let (secret, kept) = (numbers.letters(14), numbers.letters(14));
        let (before, after) = AROUND[numbers.below(AROUND.len())];
        let value = format!("{before}{secret}{after}");
        let text = message(nesting, &value, &kept, &mut numbers);
        let coding = Coding::any(&mut numbers);
        let body = coding.encode(text.as_bytes());
        let told = format!("message {index}: {nesting:?}, {coding:?}: {text:?}");
        assert!(detector::holds(&body, &secret), "the detector reads {told}");
        let mut head = vec![("content-type", nesting[0].content_type())];
        head.extend(coding.header().map(|coding| ("content-encoding", coding)));
        let line = format!("POST /{route}");
        vault.seed = index as u64;
        let pieces = cut(&body, &mut numbers);
        let left = match send(&border, &mut vault, (HOST, &line), &head, &pieces) {
            Ok(left) => left,
            // Readers of tables disagree about a backslash before a quote.
            Err(_) if nesting.contains(&Shape::Csv) => {
                refused += 1;
                continue;
            }
            Err(refusal) => panic!("{refusal:?}: {told}"),
        };
        assert!(
            !detector::holds(&left, &secret),
            "leaked from {told}\n{:?}",
            String::from_utf8_lossy(&left)
        );
        let keeps = nesting.iter().any(|shape| {
            !matches!(
                shape,
                Shape::Text | Shape::Base64 | Shape::Base64Url | Shape::Gzip
            )
        });
        assert!(
            !keeps || detector::holds(&left, &kept),
            "lost what is kept: {told}"
        );
    }
    let sent = MESSAGES - refused;
    assert!(sent >= 6000, "only {sent} messages were sent");
}
