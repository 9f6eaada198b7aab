//! Content codings (RFC 9110 §8.4): gzip, deflate, br, zstd, undone and done again as bytes come.
//!
//! A decoder stops at limits: how much one coded byte may become ([`Limits::ratio`](crate::Limits)), and the window
//! that zstd must keep ([`Limits::window`](crate::Limits)); gzip's is 32 KiB and brotli's 16 MiB at most. A coded body that is cut short, or goes on after its end, is an error.

mod decode;
mod encode;

use std::str;

pub use decode::Decoder;
pub use encode::Encoder;

use crate::error::{Error, ErrorKind};

/// How many codings may stand on one another.
const STACKED: usize = 2;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `gzip` (RFC 1952), one member or several.
    Gzip,
    /// `deflate`: zlib (RFC 1950); bare deflate (RFC 1951) is read too, as everybody does.
    Deflate,
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878).
    Zstd,
}

/// Reads a `Content-Encoding` value: the codings in the order they were applied, `identity` left out.
///
/// # Errors
/// A coding that is not known, or more than two of them.
pub fn parse_content_encoding(value: &[u8]) -> Result<Vec<Coding>, Error> {
    let text = str::from_utf8(value).map_err(|_| fault("its name is not text", 0))?;
    let mut codings = Vec::new();
    for name in text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let coding = match name.to_ascii_lowercase().as_str() {
            "identity" => continue,
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            "zstd" => Coding::Zstd,
            _ => return Err(fault("it is not known", 0)),
        };
        codings.push(coding);
    }
    if codings.len() > STACKED {
        return Err(fault("too many stand on one another", 0));
    }
    Ok(codings)
}

/// An error of a coding after so many coded bytes.
fn fault(why: &'static str, offset: u64) -> Error {
    Error::new(ErrorKind::Coding { why }, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_read_in_order_and_unknown_ones_refused() {
        assert_eq!(
            parse_content_encoding(b"identity, GZIP , br").unwrap(),
            [Coding::Gzip, Coding::Brotli]
        );
        assert_eq!(parse_content_encoding(b"").unwrap(), []);
        assert!(parse_content_encoding(b"gzip, compress").is_err());
        assert!(parse_content_encoding(b"gzip, gzip, gzip").is_err());
    }
}
