//! The side that knows tokens: what they look like and what they open to.

use crate::edit::ValueType;
use crate::out::AskId;

/// What [`Tokens::measure`] says of bytes that begin like a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The first so many bytes are one token, as far as its shape says.
    Whole(usize),
    /// It may be one, but ends after these bytes: more input decides, at most so many bytes in all.
    More(usize),
    /// It began like one and was cut short by the app at this length (a preview, an excerpt).
    Cut(usize),
    /// No token begins here.
    No,
}

/// What a token opened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The value was appended to `plain`; it had this type where it was sealed.
    Value(ValueType),
    /// The value comes with the answer to this ask.
    Pending(AskId, ValueType),
    /// It is not ours, or not for this reader: the bytes stay.
    Leave,
    /// A mark was appended to `plain` (damaged, destroyed key): it is written as text.
    Mark,
}

/// The side that knows tokens.
pub trait Tokens {
    /// The offset of the first place at or after `from` where a token may begin. When a prefix is cut by the
    /// end of `bytes`, the offset of that cut prefix.
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize>;

    /// The offset of the first place at or after `from` where the base64 of a token may begin, whichever of its
    /// characters that is. Whether one stands there is known when it is decoded.
    fn find_coded(&self, _bytes: &[u8], _from: usize) -> Option<usize> {
        None
    }

    /// How long the token is that begins with `bytes`; `last` says that no more input follows.
    fn measure(&self, bytes: &[u8], last: bool) -> Measure;

    /// Opens a token of exactly these bytes, or explains a cut one. It is asked once for each token that can be
    /// written where it stands, and never for one that stays.
    fn open(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Opened;

    /// Opens what stands where the companion of this number ([`Companions`](super::Companions::compile)) has its
    /// token, if it is one of that companion's field; else [`Opened::Leave`]. It is asked once the place is known to
    /// which the value would return, and nothing has failed where it stays.
    fn companion(&mut self, _number: usize, _token: &[u8], _plain: &mut Vec<u8>) -> Opened {
        Opened::Leave
    }
}

/// What was done in one body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens whose value was written, or will be when its ask is answered. Companions that returned count too.
    pub revealed: u64,
    /// Marks written in the place of tokens that could not be opened.
    pub marked: u64,
    /// Tokens that stayed because they stand in a URL.
    pub left_in_url: u64,
    /// Tokens that stayed because nothing can be written safely where they stand (code, comments, styles).
    pub left_in_place: u64,
    /// Characters that the answer's charset could not hold, in values that were written at once.
    pub charset_lossy: u64,
    /// Bodies, or parts of one, that passed unread because of their charset or transfer encoding.
    pub unread: u64,
}

impl Counts {
    /// Adds what was done elsewhere in the body.
    pub(super) fn add(&mut self, other: Self) {
        self.revealed += other.revealed;
        self.marked += other.marked;
        self.left_in_url += other.left_in_url;
        self.left_in_place += other.left_in_place;
        self.charset_lossy += other.charset_lossy;
        self.unread += other.unread;
    }
}
