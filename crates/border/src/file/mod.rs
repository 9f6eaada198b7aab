//! Whole files: sealed as a stream on their way out, opened as a stream on their way back.
//!
//! A file is never held whole. On the way out nothing in it can fail to parse, so its bytes leave as its segments
//! fill, and the length that will have left is known from the one that comes. On the way back a sealed file is
//! known by its first bytes, whatever the answer says of its type; a segment is given out when it has proved
//! authentic, and a file that ends too early breaks the answer off, so that it never looks whole. The bytes are
//! `seal::file`'s: layout `stream`, and `same-size` where a file is sent in pieces, whose records the vault keeps.

mod head;
mod keeping;
mod kept;
mod opening;
mod piece;
mod piece_sealer;
mod range;
mod sealer;

pub(crate) use head::{Layouts, Told, content_length, head_of_file};
pub(crate) use keeping::Keeping;
pub(crate) use opening::{Expected, Opening, Seen};
pub(crate) use piece::{Piece, PieceFault, Telling, stated_of_piece};
pub(crate) use piece_sealer::PieceSealer;
pub(crate) use range::Wanted;
pub(crate) use sealer::FileSealer;
