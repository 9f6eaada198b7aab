//! Whole files: the layout `stream` of `seal::file`.

use std::io::{Read as _, Write as _};

use keys::Chance;
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use seal::FieldKey;
use seal::file::stream::{Header, Opener, Sealer};
use zeroize::Zeroizing;

use super::ring::Ring;
use super::streams::{CHUNK, Streams, unreadable, unwritable};

/// Bytes that tell a sealed file from text.
const MAGIC: usize = 8;

/// Seals the input as one file.
///
/// # Errors
/// What the streams say.
pub fn seal(key: &FieldKey, chance: &mut dyn Chance, streams: &mut Streams) -> miette::Result<()> {
    let mut out = Vec::with_capacity(2 * CHUNK);
    let mut sealer = Sealer::begin(key, chance, &mut out).into_diagnostic()?;
    let mut chunk = Zeroizing::new(vec![0; CHUNK]);
    loop {
        let read = streams.input.read(&mut chunk).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        let piece = chunk.get(..read).unwrap_or_default();
        sealer.push(piece, &mut out).into_diagnostic()?;
        streams.output.write_all(&out).map_err(unwritable)?;
        out.clear();
    }
    sealer.finish(&mut out).into_diagnostic()?;
    streams.output.write_all(&out).map_err(unwritable)
}

/// The header of the sealed file that the input is, taken from it; `None` where the input is none.
///
/// # Errors
/// It begins like one, and cannot be read on.
pub fn header(streams: &mut Streams) -> miette::Result<Option<Header>> {
    let first = streams.peek(MAGIC)?;
    if first.len() < MAGIC || !Header::may_begin(&first) {
        return Ok(None);
    }
    let mut header = Vec::new();
    (&mut streams.input)
        .take(Header::LEN as u64)
        .read_to_end(&mut header)
        .map_err(unreadable)?;
    Header::parse(&header).map(Some).into_diagnostic()
}

/// Opens the rest of the input as the file behind `header`.
///
/// # Errors
/// The file's key is not here, or the file was tampered with.
pub fn open(ring: &mut Ring<'_>, header: &Header, streams: &mut Streams) -> miette::Result<()> {
    let id = header.key_id();
    let key = ring
        .key(id)
        .ok_or_else(|| match ring.keyring().field_secret(id) {
            Err(error) => miette!(help = error.hint(), "{error}"),
            Ok(secret) => miette!(
                help = "leave `--app` out, or name that app",
                "the file is of the app `{}`",
                secret.view.app
            ),
        })?;
    let broken = "what was written of it so far is authentic, but it is not the whole file";
    let mut opener = Opener::whole(&key, header).into_diagnostic()?;
    let mut out = Zeroizing::new(Vec::with_capacity(2 * CHUNK));
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = streams.input.read(&mut chunk).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        let piece = chunk.get(..read).unwrap_or_default();
        let pushed = opener.push(piece, &mut out);
        streams.output.write_all(&out).map_err(unwritable)?;
        out.clear();
        pushed.into_diagnostic().wrap_err(broken)?;
    }
    opener.finish(&mut out).into_diagnostic().wrap_err(broken)?;
    streams.output.write_all(&out).map_err(unwritable)
}
