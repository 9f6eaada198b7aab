//! The head of a part, read as leniently as its readers do: what is malformed says nothing.

use std::ops::Range;

use crate::content_type::ContentType;
use crate::escape::Charset;
use crate::multipart::MEASURES;
use crate::reveal::Reveal;
use crate::reveal::container::Setting;
use crate::reveal::medium::Medium;
use crate::reveal::transfer::Coding;

/// What stands behind a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// The content of a part.
    Content,
    /// The body of an HTTP answer.
    Answer,
}

/// Content in a coding or a charset that is not read.
pub(super) struct Unread;

/// The lines of a head.
pub(super) struct Head<'a> {
    bytes: &'a [u8],
}

impl<'a> Head<'a> {
    /// Whether these lines end with an empty one.
    pub(super) fn is_whole(lines: &[u8]) -> bool {
        matches!(lines, b"\n" | b"\r\n") || lines.ends_with(b"\n\n") || lines.ends_with(b"\n\r\n")
    }

    pub(super) fn read(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The value of a header, folded lines not joined.
    pub(super) fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.lines().find_map(|(_, line)| {
            let (found, value) = header(line)?;
            found.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
        })
    }

    /// Where the lines stand that tell of the content what may be no longer true, and whether each tells its length.
    pub(super) fn measures(&self) -> Vec<(Range<usize>, bool)> {
        let measure = |(range, line)| {
            let (found, _) = header(line)?;
            measures(found).then(|| (range, found.eq_ignore_ascii_case(b"content-length")))
        };
        self.lines().filter_map(measure).collect()
    }

    /// Whether an HTTP answer stands behind it.
    pub(super) fn holds_answer(&self) -> bool {
        let content_type = self.value("content-type");
        let essence = content_type.and_then(|value| value.split(|b| *b == b';').next());
        essence.is_some_and(|essence| {
            essence
                .trim_ascii()
                .eq_ignore_ascii_case(b"application/http")
        })
    }

    /// What reveals the content; nothing where it holds no text, or stands too deep.
    ///
    /// # Errors
    /// Where its coding or its charset is not read.
    pub(super) fn reveal(
        &self,
        holds: Holds,
        setting: Setting,
    ) -> Result<Option<Box<Reveal>>, Unread> {
        let coding = match holds {
            Holds::Content => self.transfer_coding()?,
            Holds::Answer => {
                let codings = ["content-encoding", "transfer-encoding"];
                let mut codings = codings.iter().filter_map(|name| self.value(name));
                if codings.any(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
                    return Err(Unread);
                }
                None
            }
        };
        let Some(medium) = self.medium() else {
            return Ok(None);
        };
        if medium.is_unread() {
            return Err(Unread);
        }
        match coding {
            Some(coding) => Ok(setting.reveal_through(coding, &medium)),
            // Such a part is read where it stands, byte by byte.
            None if matches!(medium.charset(), Charset::Within(_)) => Err(Unread),
            None => Ok(setting.reveal(&medium)),
        }
    }

    /// The encoding of the content, where it changes what it holds (RFC 2045 §6.1).
    fn transfer_coding(&self) -> Result<Option<Coding>, Unread> {
        let Some(value) = self.value("content-transfer-encoding") else {
            return Ok(None);
        };
        match value.to_ascii_lowercase().as_slice() {
            b"7bit" | b"8bit" | b"binary" => Ok(None),
            b"quoted-printable" => Ok(Some(Coding::QuotedPrintable)),
            b"base64" => Ok(Some(Coding::Base64)),
            _ => Err(Unread),
        }
    }

    /// What the content is; RFC 2046 §5.1 makes one without a type plain text.
    fn medium(&self) -> Option<Medium> {
        let Some(value) = self.value("content-type") else {
            return Some(Medium::default());
        };
        let read = ContentType::parse_tolerant(value)?;
        Medium::of(read.essence(), read.charset(), read.boundary())
    }

    /// Each line with its end, and where it stands.
    fn lines(&self) -> impl Iterator<Item = (Range<usize>, &'a [u8])> {
        let mut at = 0;
        self.bytes
            .split_inclusive(|byte| *byte == b'\n')
            .map(move |line| {
                let range = at..at + line.len();
                at = range.end;
                (range, line)
            })
    }
}

/// Whether text begins like a message of mail: with fields alone, and with one that only mail has.
pub(in crate::reveal) fn is_message(text: &[u8]) -> bool {
    let mut is_mail = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let is_whole = line.ends_with(b"\n");
        if !is_whole || line.trim_ascii().is_empty() {
            // What was cut short says nothing.
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            continue;
        }
        let name = header(line).map(|(name, _)| name.to_ascii_lowercase());
        let Some(name) = name.filter(|name| name.iter().all(u8::is_ascii_graphic)) else {
            return false;
        };
        is_mail |= matches!(
            &*name,
            b"received" | b"return-path" | b"mime-version" | b"message-id"
        );
    }
    is_mail
}

/// Whether a field of this name tells of the content what may be no longer true.
pub(super) fn measures(name: &[u8]) -> bool {
    let mut known = MEASURES.into_iter();
    known.any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// The name and the value on a line.
fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at(colon);
    Some((
        name.trim_ascii(),
        value.get(1..).unwrap_or_default().trim_ascii(),
    ))
}
