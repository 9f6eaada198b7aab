//! Doing codings again, one stage each, the first applied first.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::{Coding, fault};
use crate::error::Error;

/// Brotli's window, as a power of two: what every decoder takes.
const BROTLI_WINDOW: u32 = 22;

/// How much brotli gathers before it writes.
const BROTLI_BUFFER: usize = 16 << 10;

/// A body being encoded.
pub struct Encoder {
    stages: Vec<Stage>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoder({} stages)", self.stages.len())
    }
}

impl Encoder {
    /// An encoder of these codings, in the order they are applied; `fastest` trades size for time.
    ///
    /// # Errors
    /// The library could not begin.
    pub fn new(codings: &[Coding], fastest: bool) -> Result<Self, Error> {
        let stages = codings.iter().map(|coding| Stage::new(*coding, fastest));
        let stages = stages
            .collect::<io::Result<_>>()
            .map_err(|_| fault("its encoder could not begin", 0))?;
        Ok(Self { stages })
    }

    /// Encodes the next bytes and appends what is ready to `out`.
    ///
    /// # Errors
    /// The library failed.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.run(input, Then::GoOn, out)
    }

    /// Appends to `out` all that was encoded, so that what is decoded of it is all that came so far: for a stream
    /// whose reader waits for each message.
    ///
    /// # Errors
    /// As [`Encoder::push`].
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.run(&[], Then::Flush, out)
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`Encoder::push`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.run(&[], Then::End, out)
    }

    fn run(&mut self, input: &[u8], then: Then, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut stages = self.stages.iter_mut();
        let Some(first) = stages.next() else {
            out.extend_from_slice(input);
            return Ok(());
        };
        let failed = |_| fault("its encoder failed", 0);
        let mut coded = first.step(input, then).map_err(failed)?;
        for stage in stages {
            coded = stage.step(&coded, then).map_err(failed)?;
        }
        out.extend_from_slice(&coded);
        Ok(())
    }
}

/// What follows the bytes of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    Flush,
    End,
}

enum Stage {
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Deflate(Box<ZlibEncoder<Vec<u8>>>),
    Brotli(Option<Box<brotli::CompressorWriter<Vec<u8>>>>),
    Zstd(Option<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Stage {
    fn new(coding: Coding, fastest: bool) -> io::Result<Self> {
        let level = if fastest {
            Compression::fast()
        } else {
            Compression::default()
        };
        let quality = if fastest { 1 } else { 5 };
        Ok(match coding {
            Coding::Gzip => Self::Gzip(Box::new(GzEncoder::new(Vec::new(), level))),
            Coding::Deflate => Self::Deflate(Box::new(ZlibEncoder::new(Vec::new(), level))),
            Coding::Brotli => {
                let encoder = brotli::CompressorWriter::new(
                    Vec::new(),
                    BROTLI_BUFFER,
                    quality,
                    BROTLI_WINDOW,
                );
                Self::Brotli(Some(Box::new(encoder)))
            }
            Coding::Zstd => {
                let level = if fastest {
                    1
                } else {
                    zstd::DEFAULT_COMPRESSION_LEVEL
                };
                Self::Zstd(Some(zstd::stream::write::Encoder::new(Vec::new(), level)?))
            }
        })
    }

    fn step(&mut self, input: &[u8], then: Then) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => {
                encoder.write_all(input)?;
                match then {
                    Then::GoOn => {}
                    Then::Flush => encoder.flush()?,
                    Then::End => encoder.try_finish()?,
                }
                Ok(std::mem::take(encoder.get_mut()))
            }
            Self::Deflate(encoder) => {
                encoder.write_all(input)?;
                match then {
                    Then::GoOn => {}
                    Then::Flush => encoder.flush()?,
                    Then::End => encoder.try_finish()?,
                }
                Ok(std::mem::take(encoder.get_mut()))
            }
            Self::Brotli(encoder) => {
                let Some(writer) = encoder else {
                    return Ok(Vec::new());
                };
                writer.write_all(input)?;
                if then == Then::Flush {
                    writer.flush()?;
                }
                match (then == Then::End).then(|| encoder.take()).flatten() {
                    Some(encoder) => Ok(encoder.into_inner()),
                    None => Ok(encoder
                        .as_mut()
                        .map(|writer| std::mem::take(writer.get_mut()))
                        .unwrap_or_default()),
                }
            }
            Self::Zstd(encoder) => {
                let Some(writer) = encoder else {
                    return Ok(Vec::new());
                };
                writer.write_all(input)?;
                if then == Then::Flush {
                    writer.flush()?;
                }
                match (then == Then::End).then(|| encoder.take()).flatten() {
                    Some(encoder) => encoder.finish(),
                    None => Ok(encoder
                        .as_mut()
                        .map(|writer| std::mem::take(writer.get_mut()))
                        .unwrap_or_default()),
                }
            }
        }
    }
}
