//! What the tests of every format share: an editor that says what it saw, and bodies cut into chunks.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part"
)]

use body::{
    AskId, Edit, Editor, Error, ErrorKind, Found, Limits, Out, PlaceId, Rewriter, ValueType,
};
use bytes::Bytes;

/// Replaces every value by `⟦…⟧` around it, with what any format must escape, and remembers it.
#[derive(Debug, Default)]
pub struct Marker {
    pub seen: Vec<(u16, ValueType, String)>,
    pub keep: bool,
    pub pending: bool,
}

/// What [`Marker`] writes for a value.
pub fn mark(text: &str) -> String {
    format!("⟦{text}\"&+%\\\n⟧")
}

impl Editor for Marker {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        assert!(!found.text.is_empty() && replacement.is_empty());
        assert_eq!(found.ordinal as usize, self.seen.len());
        let text = std::str::from_utf8(found.text).unwrap().to_owned();
        if !self.keep && !self.pending {
            replacement.extend_from_slice(mark(&text).as_bytes());
        }
        let ask = AskId(found.ordinal);
        self.seen.push((found.place.0, found.value_type, text));
        Ok(match (self.keep, self.pending) {
            (true, _) => Edit::Keep,
            (_, true) => Edit::Pending(ask),
            _ => Edit::Replace,
        })
    }
}

/// What became of a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewritten {
    pub body: Vec<u8>,
    pub seen: Vec<(u16, ValueType, String)>,
}

impl Rewritten {
    pub fn texts(&self) -> Vec<&str> {
        self.seen.iter().map(|(_, _, text)| text.as_str()).collect()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Feeds chunks to a rewriter, with an editor that marks.
pub fn feed<'a>(
    mut rewriter: Box<dyn Rewriter>,
    mut editor: Marker,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Rewritten, ErrorKind> {
    let mut out = Out::new();
    let mut body = Vec::new();
    let mut drain = |out: &mut Out, seen: &[(u16, ValueType, String)]| {
        out.fill(|ask, plain| {
            plain.extend_from_slice(format!("answer{}", seen[ask.0 as usize].2.len()).as_bytes());
            true
        });
        while let Some(piece) = out.take() {
            body.extend_from_slice(&piece);
        }
    };
    for chunk in chunks {
        rewriter
            .push(&Bytes::copy_from_slice(chunk), &mut editor, &mut out)
            .map_err(|error| error.kind)?;
        drain(&mut out, &editor.seen);
    }
    rewriter
        .finish(&mut editor, &mut out)
        .map_err(|error| error.kind)?;
    drain(&mut out, &editor.seen);
    if let Some(fault) = out.fault() {
        return Err(fault.kind);
    }
    assert!(out.is_empty());
    Ok(Rewritten {
        body,
        seen: editor.seen,
    })
}

/// Cuts a body at the given offsets.
pub fn cut<'a>(body: &'a [u8], offsets: &[usize]) -> Vec<&'a [u8]> {
    let mut offsets: Vec<_> = offsets
        .iter()
        .map(|offset| offset % (body.len() + 1))
        .collect();
    offsets.sort_unstable();
    let mut from = 0;
    let mut chunks = Vec::new();
    for offset in offsets {
        chunks.push(&body[from..offset]);
        from = offset;
    }
    chunks.push(&body[from..]);
    chunks
}

/// Rewrites a body whole, and asserts that every cut in two and the cut in single bytes give the same (I4).
pub fn at_every_split(
    rewriter: impl Fn() -> Box<dyn Rewriter>,
    body: &[u8],
) -> Result<Rewritten, ErrorKind> {
    let whole = feed(rewriter(), Marker::default(), [body]);
    for at in 0..=body.len() {
        let split = feed(rewriter(), Marker::default(), [&body[..at], &body[at..]]);
        assert_eq!(
            split,
            whole,
            "cut at {at} of {:?}",
            String::from_utf8_lossy(body)
        );
    }
    let bytes = feed(rewriter(), Marker::default(), body.chunks(1));
    assert_eq!(
        bytes,
        whole,
        "byte by byte: {:?}",
        String::from_utf8_lossy(body)
    );
    let kept = feed(
        rewriter(),
        Marker {
            keep: true,
            ..Marker::default()
        },
        body.chunks(3),
    );
    if whole.is_ok() {
        assert_eq!(kept.unwrap().body, body, "what an editor keeps is kept");
    }
    whole
}

pub fn places<'a>(selectors: &[&'a str]) -> Vec<(&'a str, PlaceId)> {
    selectors
        .iter()
        .zip(0..)
        .map(|(selector, id)| (*selector, PlaceId(id)))
        .collect()
}

pub fn limits() -> Limits {
    Limits::default()
}
