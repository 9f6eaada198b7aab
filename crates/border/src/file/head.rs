//! What the head of an answer says of a body that was opened, and of one that is not the body that was sent.

use std::ops::Range;

use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, HeaderValue};
use http::{HeaderMap, StatusCode};
use integrity::Stated;
use policy::App;
use seal::file::stream;

/// What was found of a file whose head waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Its length.
    pub plain: Option<u64>,
    /// The part of it that is given.
    pub range: Option<Range<u64>>,
    /// The client wants bytes that it does not have.
    pub beyond: bool,
}

impl Told {
    /// The number of bytes that are given.
    pub fn length(&self) -> Option<u64> {
        match &self.range {
            _ if self.beyond => Some(0),
            Some(range) => Some(range.end - range.start),
            None => self.plain,
        }
    }

    /// Tells it.
    pub fn tell(&self, status: &mut StatusCode, headers: &mut HeaderMap) {
        Stated::remove(headers);
        set_length(headers, self.length());
        let Some(plain) = self.plain else {
            headers.remove(ACCEPT_RANGES);
            return;
        };
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let range = match &self.range {
            _ if self.beyond => {
                *status = StatusCode::RANGE_NOT_SATISFIABLE;
                format!("bytes */{plain}")
            }
            Some(range) => {
                *status = StatusCode::PARTIAL_CONTENT;
                format!("bytes {}-{}/{plain}", range.start, range.end - 1)
            }
            None => return,
        };
        if let Ok(range) = HeaderValue::try_from(range) {
            headers.insert(CONTENT_RANGE, range);
        }
    }
}

/// The layouts in which an app's files stand there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layouts {
    whole: bool,
    pieces: bool,
}

impl Layouts {
    /// Those of an app's policy.
    pub fn of(app: &App) -> Self {
        Self {
            whole: app.takes_whole_files(),
            pieces: app.takes_pieces(),
        }
    }
}

/// Tells in the answer to a `HEAD` how long the file is that a `GET` would bring. A length that no sealed file has
/// stays; where only the bytes could say in which layout they are, none is told.
pub(crate) fn head_of_file(headers: &mut HeaderMap, layouts: Layouts) {
    let Some(sealed) = content_length(headers) else {
        return;
    };
    let whole = stream::plain_len(sealed).ok();
    let plain = match (layouts.pieces, whole) {
        (false, None) => return,
        (false, plain) => plain,
        (true, Some(_)) if layouts.whole => None,
        (true, _) => Some(sealed),
    };
    let told = Told {
        plain,
        ..Told::default()
    };
    told.tell(&mut StatusCode::default(), headers);
}

/// The length that the headers tell, if they tell one (RFC 9110 §8.6).
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let length = values.next()?.to_str().ok()?.parse().ok()?;
    values.next().is_none().then_some(length)
}

fn set_length(headers: &mut HeaderMap, length: Option<u64>) {
    match length {
        Some(length) => headers.insert(CONTENT_LENGTH, HeaderValue::from(length)),
        None => headers.remove(CONTENT_LENGTH),
    };
}
