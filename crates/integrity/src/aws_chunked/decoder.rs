//! A framed body read as a stream: its bytes without the framing, verified. Holds a line at most.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, Bytes};
use http::HeaderName;
use sha2::{Digest as _, Sha256};

use super::ChunkError;
use super::framing::Trailer;
use crate::Hasher;
use crate::sigv4::Chain;

/// The longest line of a chunk's head or of a trailer. Bytes.
const LONGEST_LINE: usize = 1 << 10;
/// The most trailers, the signature among them.
const MOST_TRAILERS: usize = 16;
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// Reads a framed body.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    line: Vec<u8>,
    chain: Option<Chain>,
    /// The signature of the chunk that is being read, and its digest.
    signature: String,
    digest: Sha256,
    read: u64,
    expected: Option<u64>,
    sums: Vec<(HeaderName, Hasher)>,
    trailers: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// In the line that tells a chunk's size.
    Head,
    /// So many bytes of a chunk are to come.
    Data(u64),
    /// In the line's end behind a chunk.
    DataEnd,
    /// In the lines behind the last chunk.
    Trailers,
    /// Behind it all.
    End,
}

impl Decoder {
    pub(super) fn new(trailers: Vec<Trailer>, expected: Option<u64>, chain: Option<Chain>) -> Self {
        let sums = trailers.into_iter();
        Self {
            state: State::Head,
            line: Vec::new(),
            chain,
            signature: String::new(),
            digest: Sha256::new(),
            read: 0,
            expected,
            sums: sums
                .map(|(name, algorithm)| (name, Hasher::new(algorithm)))
                .collect(),
            trailers: Vec::new(),
        }
    }

    /// Takes the next bytes of the body, and gives those that are its content. What a signature at the end of its chunk
    /// turns out not to cover has been given by then: the body must not complete.
    ///
    /// # Errors
    /// [`ChunkError`] where it is not framed as it says.
    pub fn push(&mut self, mut input: Bytes, content: &mut Vec<Bytes>) -> Result<(), ChunkError> {
        while !input.is_empty() {
            match self.state {
                State::Data(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let piece = input.split_to(here);
                    self.sums.iter_mut().for_each(|(_, sum)| sum.update(&piece));
                    if self.chain.is_some() {
                        self.digest.update(&piece);
                    }
                    content.push(piece);
                    let left = left - here as u64;
                    if left == 0 {
                        self.end_chunk()?;
                        self.state = State::DataEnd;
                    } else {
                        self.state = State::Data(left);
                    }
                }
                State::End => {
                    let expected = "nothing behind the last chunk";
                    return Err(ChunkError::Syntax { expected });
                }
                State::Head | State::DataEnd | State::Trailers => {
                    if let Some(line) = self.line_of(&mut input)? {
                        self.line(&line)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the body.
    ///
    /// # Errors
    /// [`ChunkError`] where it is not whole, or not what its trailers state.
    pub fn finish(self) -> Result<(), ChunkError> {
        if self.state != State::End {
            return Err(ChunkError::Truncated);
        }
        if self.expected.is_some_and(|expected| expected != self.read) {
            return Err(ChunkError::Length);
        }
        for (name, sum) in self.sums {
            let mut trailers = self.trailers.iter();
            let stated = trailers
                .find(|(trailer, _)| trailer.eq_ignore_ascii_case(name.as_str()))
                .and_then(|(_, value)| STANDARD.decode(value).ok());
            if stated != Some(sum.finish()) {
                return Err(ChunkError::Checksum { name });
            }
        }
        Ok(())
    }

    /// A whole line, without its end; nothing as long as it is not there.
    fn line_of(&mut self, input: &mut Bytes) -> Result<Option<Vec<u8>>, ChunkError> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let here = end.map_or(input.len(), |end| end + 1);
        let part = input.get(..here).unwrap_or_default();
        if self.line.len() + part.len() > LONGEST_LINE {
            let expected = "the end of a line";
            return Err(ChunkError::Syntax { expected });
        }
        self.line.extend_from_slice(part);
        input.advance(here);
        if end.is_none() {
            return Ok(None);
        }
        let mut line = std::mem::take(&mut self.line);
        if !line.ends_with(b"\r\n") {
            let expected = "a line that ends in CR and LF";
            return Err(ChunkError::Syntax { expected });
        }
        line.truncate(line.len() - 2);
        Ok(Some(line))
    }

    fn line(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        match self.state {
            State::Head => self.begin_chunk(line),
            State::DataEnd if line.is_empty() => {
                self.state = State::Head;
                Ok(())
            }
            State::DataEnd => Err(ChunkError::Syntax {
                expected: "a line's end behind a chunk",
            }),
            State::Trailers if line.is_empty() => {
                self.state = State::End;
                self.verify_trailers()
            }
            State::Trailers => self.trailer(line),
            State::Data(_) | State::End => Ok(()),
        }
    }

    /// Reads `size` or `size;chunk-signature=…`.
    fn begin_chunk(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let syntax = |expected| ChunkError::Syntax { expected };
        let line = std::str::from_utf8(line).map_err(|_| syntax("the size of a chunk"))?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let is_hex = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = u64::from_str_radix(size, 16);
        let size = size.ok().filter(|_| is_hex);
        let size = size.ok_or(syntax("the size of a chunk"))?;
        let signature = extension.strip_prefix("chunk-signature=");
        if self.chain.is_some() {
            let signature = signature.ok_or(syntax("the signature of a chunk"))?;
            signature.clone_into(&mut self.signature);
        }
        let read = self.read.checked_add(size).ok_or(ChunkError::Length)?;
        if self.expected.is_some_and(|expected| read > expected) {
            return Err(ChunkError::Length);
        }
        self.read = read;
        self.state = State::Data(size);
        if size == 0 {
            self.end_chunk()?;
            self.state = State::Trailers;
        }
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), ChunkError> {
        let Some(chain) = &mut self.chain else {
            return Ok(());
        };
        let digest = self.digest.finalize_reset();
        if chain.verify_chunk(&digest, &self.signature) {
            Ok(())
        } else {
            Err(ChunkError::Signature)
        }
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let expected = "a trailer that the head announces";
        let line = std::str::from_utf8(line).ok();
        let (name, value) = line
            .and_then(|line| line.split_once(':'))
            .ok_or(ChunkError::Syntax { expected })?;
        let announced = self.sums.iter().any(|(sum, _)| sum.as_str() == name);
        let twice = self.trailers.iter().any(|(other, _)| other == name);
        let known = announced || name == TRAILER_SIGNATURE;
        if !known || twice || self.trailers.len() == MOST_TRAILERS {
            return Err(ChunkError::Syntax { expected });
        }
        let value = value.trim().to_owned();
        self.trailers.push((name.to_owned(), value));
        Ok(())
    }

    /// Trailers are signed where there are any.
    fn verify_trailers(&mut self) -> Result<(), ChunkError> {
        let Some(chain) = &mut self.chain else {
            return Ok(());
        };
        if self.sums.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        let mut signature = "";
        for (name, value) in &self.trailers {
            if name == TRAILER_SIGNATURE {
                signature = value;
            } else {
                text.push_str(&format!("{name}:{value}\n"));
            }
        }
        if chain.verify_trailers(text.as_bytes(), signature) {
            Ok(())
        } else {
            Err(ChunkError::Signature)
        }
    }
}
