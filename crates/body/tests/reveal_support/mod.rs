//! A toy token side for the reveal tests, and runs at every chunking. It shares no code with `seal`: a token is
//! `q123` and six digits, which name a value in a list.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses a part of this"
)]

use std::cell::Cell;

use body::reveal::{Counts, Measure, Medium, Opened, Reveal, Tokens};
use body::{AskId, Limits, Out, ValueType};
use bytes::Bytes;

/// Values that try to break out of every context.
pub const HOSTILE: &[&str] = &[
    "Tremblay",
    "\"><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "=cmd|' /C calc'!A0",
    "+1 514 555 0199",
    "@SUM(A1)",
    "\t=1",
    "\"",
    "'",
    "O'Brien & Fils",
    "`${alert(1)}`",
    "a\nb",
    "a\r\nb\rc",
    "\u{2028}\u{2029}",
    "é 😀 漢字",
    "]]>",
    "]",
    "-->",
    "\\",
    "\\\"",
    "&amp;&lt;",
    "javascript:alert(1)",
    "a,b;c\td",
    "a b=c onload=alert(1) /",
    "%22%3C+x",
    "{\"x\":[1]}",
    "https://evil.example/?a=b",
];

/// Pieces of pages, tokens among them as `T`.
pub const PIECES: &[&str] = &[
    "T",
    "T",
    "T",
    "T",
    "q123999999",
    "\"",
    "'",
    "\\",
    "\\\"",
    "\\\\",
    "{\"a\":\"",
    "\"}",
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\r",
    " ",
    ":",
    "=",
    "&",
    "<p>",
    "</p>",
    "<a href=\"",
    "<p title='",
    "<p title=",
    "<p data-x=\"{&quot;a&quot;:&quot;",
    ">",
    "<",
    "</",
    "<!",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<script>",
    "</script>",
    "</script",
    "<script type=application/json>",
    "<textarea>",
    "</textarea>",
    "<title>",
    "</title>",
    "<style>",
    "</style>",
    "<pre>",
    "<svg>",
    "</svg>",
    "<iframe srcdoc=\"",
    "/>",
    "&lt;",
    "&quot;",
    "&#39;",
    "&#",
    "`",
    "${",
    "}",
    "/",
    "//",
    "/*",
    "*/",
    "https://a.example/",
    "data: ",
    "id: ",
    "--b",
    "--b--",
    "Content-Type: application/json\r\n\r\n",
    "\\u003cp>",
    "\\u00",
    "é",
    "\u{feff}",
    "x",
    "1",
    "q12",
    "q123",
    "mailto:",
    "onclick='f(\"",
    " onclick=f(",
    " style=\"",
    "[",
    "]",
    "{",
];

/// A page of these pieces, its tokens in turn.
pub fn fill(pieces: &[&str], tokens: &[String]) -> String {
    let mut turn = tokens.iter().cycle();
    let piece = |piece: &&str| {
        if *piece == "T" {
            turn.next().unwrap().clone()
        } else {
            (*piece).to_owned()
        }
    };
    pieces.iter().map(piece).collect()
}

const PREFIX: &[u8] = b"q123";
const LENGTH: usize = 10;

/// The token of this number.
pub fn token(number: usize) -> String {
    format!("q123{number:06}")
}

/// Tokens that name values in a list.
#[derive(Default)]
pub struct Toy {
    values: Vec<(String, ValueType)>,
    /// Answers with asks, to be filled later.
    pub later: bool,
    opened: Cell<usize>,
}

impl Toy {
    pub fn seal(&mut self, value: &str) -> String {
        self.values.push((value.to_owned(), ValueType::String));
        token(self.values.len() - 1)
    }

    pub fn seal_number(&mut self, value: &str) -> String {
        self.values.push((value.to_owned(), ValueType::Number));
        token(self.values.len() - 1)
    }

    pub fn opened(&self) -> usize {
        self.opened.get()
    }

    fn value(&self, index: usize) -> Option<&(String, ValueType)> {
        self.values.get(index)
    }
}

impl Tokens for Toy {
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let whole = bytes[from..]
            .windows(PREFIX.len())
            .position(|window| window == PREFIX)
            .map(|at| from + at);
        let cut = (1..PREFIX.len())
            .rev()
            .map(|length| bytes.len().wrapping_sub(length))
            .find(|at| *at >= from && *at < bytes.len() && PREFIX.starts_with(&bytes[*at..]));
        whole.or(cut)
    }

    fn find_coded(&self, bytes: &[u8], from: usize) -> Option<usize> {
        // `q123` behind none, one and two other bytes: the characters that it alone decides.
        let forms: [&[u8]; 3] = [b"cTEyM", b"ExMj", b"xMTIz"];
        let found = forms.iter().filter_map(|form| {
            let at = bytes[from..]
                .windows(form.len())
                .position(|window| window == *form)?;
            Some(from + at)
        });
        found.min()
    }

    fn measure(&self, bytes: &[u8], last: bool) -> Measure {
        let shared = bytes.len().min(PREFIX.len());
        if bytes[..shared] != PREFIX[..shared] {
            return Measure::No;
        }
        let rest = &bytes[shared..bytes.len().min(LENGTH)];
        if !rest.iter().all(u8::is_ascii_digit) {
            return Measure::No;
        }
        match bytes.len() {
            LENGTH.. => Measure::Whole(LENGTH),
            _ if last => Measure::No,
            _ => Measure::More(LENGTH),
        }
    }

    fn open(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Opened {
        self.opened.set(self.opened.get() + 1);
        let index: usize = std::str::from_utf8(&token[PREFIX.len()..])
            .unwrap()
            .parse()
            .unwrap();
        match self.values.get(index) {
            None => Opened::Leave,
            Some((_, value_type)) if self.later => {
                Opened::Pending(AskId(index as u32), *value_type)
            }
            Some((value, value_type)) => {
                plain.extend_from_slice(value.as_bytes());
                Opened::Value(*value_type)
            }
        }
    }
}

/// The medium of a content type such as `multipart/mixed; boundary=b`.
pub fn medium(content_type: &str) -> Medium {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap();
    let mut parameters = parts.filter_map(|part| part.split_once('='));
    let mut charset = None;
    let mut boundary = None;
    for (name, value) in &mut parameters {
        match name {
            "charset" => charset = Some(value),
            "boundary" => boundary = Some(value),
            _ => panic!("unknown parameter"),
        }
    }
    Medium::of(essence, charset, boundary).unwrap()
}

/// Reveals these chunks with these limits.
pub fn reveal_within(
    limits: Limits,
    content_type: &str,
    chunks: &[&[u8]],
    toy: &mut Toy,
) -> (Vec<u8>, Counts) {
    let mut reveal = Reveal::new(medium(content_type), limits);
    let mut out = Out::new();
    let mut revealed = Vec::new();
    for chunk in chunks {
        reveal.push(&Bytes::copy_from_slice(chunk), toy, &mut out);
        take(&mut out, toy, &mut revealed);
    }
    reveal.finish(toy, &mut out);
    take(&mut out, toy, &mut revealed);
    assert_eq!(out.holes(), 0);
    (revealed, reveal.counts())
}

fn take(out: &mut Out, toy: &Toy, revealed: &mut Vec<u8>) {
    out.fill(|ask, plain| match toy.value(ask.0 as usize) {
        Some((value, _)) => {
            plain.extend_from_slice(value.as_bytes());
            true
        }
        None => false,
    });
    while let Some(piece) = out.take() {
        revealed.extend_from_slice(&piece);
    }
}

/// Reveals these chunks.
pub fn reveal(content_type: &str, chunks: &[&[u8]], toy: &mut Toy) -> (Vec<u8>, Counts) {
    reveal_within(Limits::default(), content_type, chunks, toy)
}

/// Reveals `page` whole, in two chunks split at every byte, and byte by byte: the same must come out (I4).
pub fn chunked(content_type: &str, page: &[u8], toy: &mut Toy) -> Vec<u8> {
    let (whole, counts) = reveal(content_type, &[page], toy);
    for at in 0..=page.len() {
        let (split, again) = reveal(content_type, &[&page[..at], &page[at..]], toy);
        assert_eq!(
            show(&split),
            show(&whole),
            "split at {at} of {}",
            show(page)
        );
        assert_eq!(again, counts);
    }
    let bytes: Vec<&[u8]> = page.chunks(1).collect();
    assert_eq!(
        show(&reveal(content_type, &bytes, toy).0),
        show(&whole),
        "byte by byte: {}",
        show(page)
    );
    whole
}

pub fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
