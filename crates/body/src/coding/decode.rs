//! Undoing codings, one stage each, the last applied first.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, InBuffer, Operation as _, OutBuffer};

use super::{Coding, fault};
use crate::Limits;
use crate::error::Error;

/// How much is decoded before the limit is looked at again.
const STEP: usize = 32 << 10;

/// What any body may decode to, whatever its ratio: short messages compress extremely well.
const FREE: u64 = 1 << 20;

/// How a brotli stream begins that asks for a window beyond RFC 7932's 16 MiB, up to 1 GiB: the standard has no
/// such stream, the library reads it all the same.
const LARGE_WINDOW: u8 = 0x11;

/// A body being decoded.
pub struct Decoder {
    stages: Vec<Stage>,
    read: u64,
    written: u64,
    ratio: u64,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decoder({} stages)", self.stages.len())
    }
}

impl Decoder {
    /// A decoder of these codings, in the order they were applied.
    ///
    /// # Errors
    /// The library could not begin.
    pub fn new(codings: &[Coding], limits: Limits) -> Result<Self, Error> {
        let stages = codings
            .iter()
            .rev()
            .map(|coding| Stage::new(*coding, limits))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            stages,
            read: 0,
            written: 0,
            ratio: count(limits.ratio),
        })
    }

    /// Decodes the next coded bytes and appends what they become to `out`.
    ///
    /// # Errors
    /// They are not of the coding, go on after its end, or become too much.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.read = self.read.saturating_add(count(input.len()));
        self.run(input, false, out)
    }

    /// Ends the coded body.
    ///
    /// # Errors
    /// It was cut short.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.run(&[], true, out)
    }

    fn run(&mut self, input: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        let most = self
            .read
            .saturating_mul(self.ratio)
            .max(FREE)
            .saturating_sub(self.written);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut stages = self.stages.iter_mut();
        let Some(first) = stages.next() else {
            out.extend_from_slice(input);
            return Ok(());
        };
        let mut decoded = first.step(input, last, most, self.read)?;
        for stage in stages {
            decoded = stage.step(&decoded, last, most, self.read)?;
        }
        self.written = self.written.saturating_add(count(decoded.len()));
        if out.is_empty() {
            *out = decoded;
        } else {
            out.extend_from_slice(&decoded);
        }
        Ok(())
    }
}

/// A length as a count.
fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Where a library writes: it stops the library at the limit.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(piece.len()) > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Stage {
    Gzip(Box<MultiGzDecoder<Sink>>),
    Deflate(Box<Deflate>),
    Brotli {
        decoder: Box<brotli::DecompressorWriter<Sink>>,
        begun: bool,
    },
    Zstd {
        decoder: zstd::stream::raw::Decoder<'static>,
        sink: Sink,
        between_frames: bool,
    },
}

impl Stage {
    fn new(coding: Coding, limits: Limits) -> Result<Self, Error> {
        Ok(match coding {
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(Sink::default()))),
            Coding::Deflate => Self::Deflate(Box::default()),
            Coding::Brotli => {
                let decoder = brotli::DecompressorWriter::new(Sink::default(), STEP);
                Self::Brotli {
                    decoder: Box::new(decoder),
                    begun: false,
                }
            }
            Coding::Zstd => {
                let window = limits.window.max(1 << 10).ilog2();
                let begin = || {
                    let mut decoder = zstd::stream::raw::Decoder::new()?;
                    decoder.set_parameter(DParameter::WindowLogMax(window))?;
                    Ok::<_, io::Error>(decoder)
                };
                let decoder = begin().map_err(|_| fault("its decoder could not begin", 0))?;
                Self::Zstd {
                    decoder,
                    sink: Sink::default(),
                    between_frames: false,
                }
            }
        })
    }

    /// Decodes `input`, to at most `most` bytes; `last` says that nothing follows.
    fn step(&mut self, input: &[u8], last: bool, most: usize, at: u64) -> Result<Vec<u8>, Error> {
        self.sink().most = most;
        self.run(input, last).map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::FileTooLarge => "it becomes too much",
                io::ErrorKind::UnexpectedEof => "it ends before its own end",
                io::ErrorKind::WriteZero => "it goes on after its own end",
                _ => "it is damaged",
            };
            fault(why, at)
        })?;
        Ok(std::mem::take(&mut self.sink().bytes))
    }

    fn sink(&mut self) -> &mut Sink {
        match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Deflate(deflate) => &mut deflate.sink,
            Self::Brotli { decoder, .. } => decoder.get_mut(),
            Self::Zstd { sink, .. } => sink,
        }
    }

    fn run(&mut self, input: &[u8], last: bool) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => {
                decoder.write_all(input)?;
                // What is decoded stays in the library's buffer until it needs the room.
                decoder.flush()?;
                if last { decoder.try_finish() } else { Ok(()) }
            }
            Self::Deflate(deflate) => deflate.run(input, last),
            Self::Brotli { decoder, begun } => {
                if let (false, Some(first)) = (*begun, input.first()) {
                    *begun = true;
                    if first & 0x7f == LARGE_WINDOW {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                }
                decoder.write_all(input)?;
                match last.then(|| decoder.close()) {
                    Some(Err(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
                    _ => Ok(()),
                }
            }
            Self::Zstd {
                decoder,
                sink,
                between_frames,
            } => run_zstd(decoder, sink, between_frames, input, last),
        }
    }
}

fn run_zstd(
    decoder: &mut zstd::stream::raw::Decoder<'static>,
    sink: &mut Sink,
    between_frames: &mut bool,
    input: &[u8],
    last: bool,
) -> io::Result<()> {
    let mut room = vec![0; STEP];
    let mut source = InBuffer::around(input);
    loop {
        let mut target = OutBuffer::around(&mut room);
        let hint = decoder.run(&mut source, &mut target)?;
        let (full, written) = (target.pos() == STEP, target.pos());
        sink.write_all(room.get(..written).unwrap_or_default())?;
        if !input.is_empty() {
            *between_frames = hint == 0;
        }
        if source.pos() == input.len() && !full {
            break;
        }
    }
    if last && !*between_frames {
        Err(io::ErrorKind::UnexpectedEof.into())
    } else {
        Ok(())
    }
}

/// `deflate`, whose first two bytes tell zlib from bare deflate.
#[derive(Default)]
struct Deflate {
    state: Option<Decompress>,
    head: Vec<u8>,
    ended: bool,
    sink: Sink,
}

impl Deflate {
    fn run(&mut self, input: &[u8], last: bool) -> io::Result<()> {
        let joined;
        let mut input = input;
        if self.state.is_none() {
            self.head.extend_from_slice(input);
            let [first, second, ..] = self.head.as_slice() else {
                return if last {
                    Err(io::ErrorKind::UnexpectedEof.into())
                } else {
                    Ok(())
                };
            };
            let zlib = first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0;
            self.state = Some(Decompress::new(zlib));
            joined = std::mem::take(&mut self.head);
            input = &joined;
        }
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        let mut room = Vec::with_capacity(STEP);
        while !self.ended {
            let before = state.total_in();
            let status = state.decompress_vec(input, &mut room, FlushDecompress::None)?;
            let used = usize::try_from(state.total_in() - before).unwrap_or(usize::MAX);
            input = input.get(used..).unwrap_or_default();
            self.ended = status == Status::StreamEnd;
            let full = room.len() == room.capacity();
            self.sink.write_all(&room)?;
            room.clear();
            if input.is_empty() && !full {
                break;
            }
        }
        if self.ended && !input.is_empty() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        if last && !self.ended {
            Err(io::ErrorKind::UnexpectedEof.into())
        } else {
            Ok(())
        }
    }
}
