//! What can go wrong with a file. No error says anything of what is in it.

/// Why a file was not sealed or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It does not begin as a sealed file does.
    #[error("this is no sealed file")]
    NotSealed,
    /// It ends within its header.
    #[error("the sealed file ends after {found} bytes, within its header")]
    Short {
        /// The bytes there are.
        found: usize,
    },
    /// It is of a version or a suite that this program does not read.
    #[error(
        "the sealed file is of version {version}, suite {suite}, which this program does not read"
    )]
    Version {
        /// The version's number.
        version: u8,
        /// The suite's number.
        suite: u8,
    },
    /// Its header is not of this key: changed, or made for another field.
    #[error(
        "the file's header does not belong to this key: it was changed, or the file is of another field"
    )]
    Key,
    /// A segment is not authentic where it stands.
    #[error(
        "segment {segment} of the file does not open: the file was changed, cut short or put together anew"
    )]
    Segment {
        /// Counted from 0.
        segment: u32,
    },
    /// More than a file may have.
    #[error("a sealed file has at most {} bytes of plaintext", super::LONGEST)]
    TooLong,
    /// A file too short for its layout: nothing in it would tell it from other files.
    #[error(
        "a file of {found} bytes is too short to keep its size: the least is {least}, or none at all"
    )]
    TooShort {
        /// The least.
        least: usize,
        /// The bytes of the file.
        found: usize,
    },
    /// A piece of a file whose size is kept begins within a segment: what its key is made of is not all there.
    #[error(
        "the piece begins at byte {found}: pieces begin at multiples of {} bytes",
        super::SEGMENT
    )]
    Offset {
        /// Where it begins.
        found: u64,
    },
    /// No sealed file has this length.
    #[error("no sealed file has {found} bytes")]
    Length {
        /// The length in question.
        found: u64,
    },
    /// A range without a byte in it, or beyond the file's end.
    #[error("the range holds no byte of the file")]
    Range,
    /// The cipher took no such input; a mistake in this program.
    #[error("the cipher refused its input")]
    Cipher,
}
