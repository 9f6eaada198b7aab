//! What the targets share: a body in pieces, an editor, a side that knows tokens, and the checks.
//!
//! Every target is one claim: it does not only look for panics.

use body::batch::{Decision, Head};
use body::content_type::ContentType;
use body::reveal::{Measure, Opened, Reveal, Tokens};
use body::{Edit, Editor, Error, Format, Found, Limits, Out, PlaceId, Plan, Rewriter, ValueType};
use bytes::Bytes;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Limits so low that generated input reaches them.
pub const LIMITS: Limits = Limits {
    value: 64,
    lookahead: 256,
    depth: 16,
    ratio: 100,
    window: 1 << 16,
};

/// What an editor does to what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Leaves it.
    Keep,
    /// Writes [`REPLACEMENT`].
    Replace,
}

/// What is written in the place of a value: it needs an escape in every format.
pub const REPLACEMENT: &str = "t\"<&%=+é";

/// Remembers what was found.
pub struct Recorder {
    deed: Deed,
    /// Place, ordinal, type and value.
    pub found: Vec<(u16, u32, ValueType, Vec<u8>)>,
}

impl Recorder {
    /// Has met nothing yet.
    pub fn new(deed: Deed) -> Self {
        Self {
            deed,
            found: Vec::new(),
        }
    }
}

impl Editor for Recorder {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        assert!(
            replacement.is_empty(),
            "the replacement is handed over empty"
        );
        assert!(!found.text.is_empty(), "an empty value passes unreported");
        assert!(std::str::from_utf8(found.text).is_ok(), "a value is text");
        self.found.push((
            found.place.0,
            found.ordinal,
            found.value_type,
            found.text.to_vec(),
        ));
        Ok(match self.deed {
            Deed::Keep => Edit::Keep,
            Deed::Replace => {
                replacement.extend_from_slice(REPLACEMENT.as_bytes());
                Edit::Replace
            }
        })
    }

    /// The body of every request in a batch is JSON with one place.
    fn request(&mut self, _: &Head<'_>) -> Result<Decision, Error> {
        let plan = Plan::compile(Format::Json, [("$.name", PlaceId(0))]).expect("a plan");
        let kind = ContentType::parse(b"application/json");
        Ok(Decision {
            body: Some(plan.rewriter(kind.as_ref(), LIMITS)?),
            ..Decision::default()
        })
    }
}

/// What came of one body.
pub struct Rewritten {
    /// What leaves.
    pub bytes: Vec<u8>,
    /// What stood at places.
    pub found: Vec<(u16, u32, ValueType, Vec<u8>)>,
}

/// Rewrites `body` in pieces of `size` bytes.
///
/// # Errors
/// The rewriter's.
pub fn rewrite(
    rewriter: &mut dyn Rewriter,
    body: &[u8],
    size: usize,
    deed: Deed,
) -> Result<Rewritten, Error> {
    let mut recorder = Recorder::new(deed);
    let mut out = Out::new();
    let mut bytes = Vec::new();
    for piece in body.chunks(size.max(1)) {
        rewriter.push(&Bytes::copy_from_slice(piece), &mut recorder, &mut out)?;
        drain(&mut out, &mut bytes);
    }
    rewriter.finish(&mut recorder, &mut out)?;
    drain(&mut out, &mut bytes);
    assert!(out.is_empty(), "nothing is left behind");
    Ok(Rewritten {
        bytes,
        found: recorder.found,
    })
}

/// Checks I3 and I4: kept bodies leave as they came, and every chunking gives the same. Gives back the outcome of
/// replacing, whole.
///
/// # Errors
/// The rewriter's.
///
/// # Panics
/// Where the claims do not hold.
pub fn check(
    make: impl Fn() -> Box<dyn Rewriter>,
    body: &[u8],
    size: usize,
) -> Result<Rewritten, Error> {
    let whole = rewrite(&mut *make(), body, body.len(), Deed::Replace);
    let pieces = rewrite(&mut *make(), body, size, Deed::Replace);
    let kept = rewrite(&mut *make(), body, size, Deed::Keep);
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(
                whole.bytes, pieces.bytes,
                "I4: the same output at every chunking"
            );
            assert_eq!(
                whole.found, pieces.found,
                "I4: the same values at every chunking"
            );
        }
        // A body with two faults may be refused for either: whichever a chunk shows first.
        (Err(_), Err(_)) => {}
        (whole, pieces) => panic!(
            "I4: whole {:?}, in pieces {:?}",
            whole.as_ref().map(|_| ()),
            pieces.as_ref().map(|_| ())
        ),
    }
    if let Ok(kept) = &kept {
        assert_eq!(kept.bytes, body, "I3: what is kept leaves as it came");
    }
    assert_eq!(
        kept.is_ok(),
        whole.is_ok(),
        "whether a body is read does not hang on what is done to its values"
    );
    whole
}

fn drain(out: &mut Out, bytes: &mut Vec<u8>) {
    while let Some(piece) = out.take() {
        bytes.extend_from_slice(&piece);
    }
}

/// A part of a multipart body as `multer` reads it: its name, its file's, and its content.
pub type Part = (Option<String>, Option<String>, Vec<u8>);

/// Reads a multipart body with `multer`; nothing where that reads it as none.
#[must_use]
pub fn parts(boundary: &str, body: &[u8]) -> Option<Vec<Part>> {
    let whole = Whole(Some(Bytes::copy_from_slice(body)));
    let mut multipart = multer::Multipart::new(whole, boundary);
    let mut reading = std::pin::pin!(async {
        let mut parts = Vec::new();
        while let Some(field) = multipart.next_field().await.ok()? {
            let (name, file) = (field.name(), field.file_name());
            let (name, file) = (name.map(Into::into), file.map(Into::into));
            parts.push((name, file, field.bytes().await.ok()?.to_vec()));
        }
        Some(parts)
    });
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(parts) = reading.as_mut().poll(&mut context) {
            return parts;
        }
    }
}

/// A body that is here already.
struct Whole(Option<Bytes>);

impl futures_core::Stream for Whole {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// A side that knows one token, `r0` and two digits, which opens to a value that no page may be changed by.
pub struct Marks {
    /// What every token opens to.
    pub value: Vec<u8>,
    /// How many were opened.
    pub opened: usize,
}

/// Characters of a token of [`Marks`].
const MARK: usize = 4;

/// What `r0` alone decides of its base64, behind none, one and two other bytes.
pub const CODED: [&[u8]; 3] = [b"cj", b"Iw", b"yM"];

impl Tokens for Marks {
    fn find_coded(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let pairs = bytes.get(from..)?.windows(2);
        let mut found = pairs.enumerate().filter(|(_, pair)| CODED.contains(pair));
        found.next().map(|(at, _)| from + at)
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let whole = rest.windows(2).position(|pair| pair == b"r0");
        whole
            .map(|at| from + at)
            .or_else(|| rest.ends_with(b"r").then(|| bytes.len() - 1))
    }

    fn measure(&self, bytes: &[u8], last: bool) -> Measure {
        let shape = |at: usize, byte: u8| match at {
            0 => byte == b'r',
            1 => byte == b'0',
            _ => byte.is_ascii_digit(),
        };
        let alike = bytes
            .iter()
            .take(MARK)
            .enumerate()
            .take_while(|&(at, &byte)| shape(at, byte))
            .count();
        match alike {
            MARK => Measure::Whole(MARK),
            _ if alike == bytes.len() && !last => Measure::More(MARK),
            _ => Measure::No,
        }
    }

    fn open(&mut self, _token: &[u8], plain: &mut Vec<u8>) -> Opened {
        self.opened += 1;
        plain.extend_from_slice(&self.value);
        Opened::Value(ValueType::String)
    }
}

/// Reveals `body` in pieces of `size` bytes.
pub fn reveal(mut reveal: Reveal, body: &[u8], size: usize, value: &[u8]) -> Vec<u8> {
    let mut marks = Marks {
        value: value.to_vec(),
        opened: 0,
    };
    let mut out = Out::new();
    let mut bytes = Vec::new();
    for piece in body.chunks(size.max(1)) {
        reveal.push(&Bytes::copy_from_slice(piece), &mut marks, &mut out);
        drain(&mut out, &mut bytes);
        assert!(reveal.held() <= 1 << 20, "I13: what is held is bounded");
    }
    reveal.finish(&mut marks, &mut out);
    drain(&mut out, &mut bytes);
    bytes
}
