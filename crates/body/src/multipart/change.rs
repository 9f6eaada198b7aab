//! What changes in the head of a part: the names of files, and headers that measure a content which changes.

use std::ops::Range;

use zeroize::Zeroizing;

use super::file_name::stem;
use super::head::FileName;
use super::parameter::ONE_READING;
use crate::edit::{Edit, Editor, PlaceId};
use crate::error::ErrorKind;
use crate::escape::Escape;
use crate::form::Fields;
use crate::out::{AskId, GapId, Out};

/// One change, at a range of the head.
pub(super) enum Change {
    /// A file's name gives way, in this spelling.
    FileName {
        at: Range<usize>,
        extended: bool,
        to: To,
        extension: Vec<u8>,
    },
    /// A line stays only if the content does.
    Hold(Range<usize>),
    /// A line goes.
    Drop(Range<usize>),
}

/// What takes a name's place.
#[derive(Clone)]
pub(super) enum To {
    Text(Zeroizing<Vec<u8>>),
    Answer(AskId),
    Nested,
}

impl Change {
    fn at(&self) -> &Range<usize> {
        match self {
            Self::FileName { at, .. } | Self::Hold(at) | Self::Drop(at) => at,
        }
    }
}

/// Asks what becomes of a file's name.
///
/// # Errors
/// The editor's.
pub(super) fn file_name(
    place: PlaceId,
    spelled: &[FileName],
    text: &[u8],
    fields: &mut Fields,
    editor: &mut dyn Editor,
) -> Result<Vec<Change>, ErrorKind> {
    fields.fits(text.len())?;
    let mut replacement = Zeroizing::new(Vec::new());
    let to = match fields.decide(place, text, editor, &mut replacement)? {
        Edit::Keep => return Ok(Vec::new()),
        Edit::Replace | Edit::Spelled => To::Text(replacement),
        Edit::Pending(ask) | Edit::PendingSpelled(ask) => To::Answer(ask),
        Edit::Nested if spelled.len() == 1 => To::Nested,
        Edit::Nested => return Err(ONE_READING),
    };
    let change = |name: &FileName| Change::FileName {
        at: name.at.clone(),
        extended: name.extended,
        to: to.clone(),
        extension: name
            .text
            .get(stem(&name.text)..)
            .unwrap_or_default()
            .to_vec(),
    };
    Ok(spelled.iter().map(change).collect())
}

/// Writes a head with its changes; gives where the lines go that are held.
pub(super) fn write(
    head: &[u8],
    mut changes: Vec<Change>,
    editor: &mut dyn Editor,
    out: &mut Out,
) -> Vec<(GapId, Vec<u8>)> {
    changes.sort_by_key(|change| change.at().start);
    let mut held = Vec::new();
    let mut from = 0;
    for change in changes {
        let at = change.at().clone();
        out.write(head.get(from..at.start).unwrap_or_default());
        from = at.end;
        match change {
            Change::FileName {
                extended,
                to,
                extension,
                ..
            } => {
                let (open, escape, close) = if extended {
                    (&b"UTF-8''"[..], Escape::Extended, &b""[..])
                } else {
                    (&b"\""[..], Escape::Parameter, &b"\""[..])
                };
                out.write(open);
                match to {
                    To::Text(text) => {
                        let mut written = Zeroizing::new(Vec::new());
                        escape.write(&text, &mut written);
                        out.write(&written);
                    }
                    To::Answer(ask) => out.hole(ask, escape),
                    To::Nested => out.nest(editor.nested(), escape),
                }
                out.write(&extension);
                out.write(close);
            }
            Change::Hold(at) => {
                let line = head.get(at).unwrap_or_default().to_vec();
                held.push((out.gap(), line));
            }
            Change::Drop(_) => {}
        }
    }
    out.write(head.get(from..).unwrap_or_default());
    held
}
