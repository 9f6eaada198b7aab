//! A body framed as a stream, in chunks of one length, so that the whole length is known from the body's.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::HeaderName;

use super::framing::Trailer;
use crate::Hasher;

/// The length of every chunk but the last; the provider asks for 8 KiB at least. Bytes.
const CHUNK: usize = 64 << 10;

/// Frames a body, and puts checksums behind it.
#[derive(Debug)]
pub struct Encoder {
    sums: Vec<(HeaderName, Hasher)>,
    /// Bytes that all trailers take.
    trailing: u64,
    chunk: BytesMut,
}

impl Encoder {
    pub(super) fn new(trailers: Vec<Trailer>) -> Self {
        let sums: Vec<(HeaderName, Hasher)> = trailers
            .into_iter()
            .map(|(name, algorithm)| (name, Hasher::new(algorithm)))
            .collect();
        // Name, colon, base64 and the line's end.
        let lengths = sums.iter().map(|(name, sum)| {
            let digest = sum.length().div_ceil(3) * 4;
            (name.as_str().len() + 1 + digest + 2) as u64
        });
        Self {
            trailing: lengths.sum(),
            sums,
            chunk: BytesMut::new(),
        }
    }

    /// The length of the framed body of one of `content` bytes.
    #[must_use]
    pub fn length(&self, content: u64) -> u64 {
        let framed = |size: u64| size + 4 + u64::from(hex_digits(size));
        let whole = content / CHUNK as u64 * framed(CHUNK as u64);
        let last = match content % CHUNK as u64 {
            0 => 0,
            rest => framed(rest),
        };
        // The last chunk, and the line that ends all.
        whole + last + 3 + self.trailing + 2
    }

    /// Bytes held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.chunk.len()
    }

    /// Takes the next bytes; what is framed is put behind `out`.
    pub fn push(&mut self, mut bytes: Bytes, out: &mut VecDeque<Bytes>) {
        self.sums.iter_mut().for_each(|(_, sum)| sum.update(&bytes));
        while !bytes.is_empty() {
            let here = bytes.len().min(CHUNK - self.chunk.len());
            let piece = bytes.split_to(here);
            if here == CHUNK {
                frame(piece, out);
                continue;
            }
            self.chunk.put(piece);
            if self.chunk.len() == CHUNK {
                frame(self.chunk.split().freeze(), out);
            }
        }
    }

    /// Ends the body.
    pub fn finish(mut self, out: &mut VecDeque<Bytes>) {
        if !self.chunk.is_empty() {
            frame(self.chunk.split().freeze(), out);
        }
        let mut end = "0\r\n".to_owned();
        for (name, sum) in self.sums {
            end.push_str(&format!("{name}:{}\r\n", STANDARD.encode(sum.finish())));
        }
        end.push_str("\r\n");
        out.push_back(end.into());
    }
}

fn frame(chunk: Bytes, out: &mut VecDeque<Bytes>) {
    out.push_back(format!("{:x}\r\n", chunk.len()).into());
    out.push_back(chunk);
    out.push_back(Bytes::from_static(b"\r\n"));
}

fn hex_digits(number: u64) -> u32 {
    (u64::BITS - number.leading_zeros()).div_ceil(4).max(1)
}
