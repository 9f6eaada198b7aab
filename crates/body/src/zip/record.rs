//! The records of an archive (APPNOTE 6.3.10 §4.3), read at fixed offsets, little-endian.

use crate::error::ErrorKind;

/// How the records begin.
pub(crate) const LOCAL: [u8; 4] = *b"PK\x03\x04";
pub(crate) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
pub(crate) const END: [u8; 4] = *b"PK\x05\x06";
pub(crate) const END_WIDE: [u8; 4] = *b"PK\x06\x06";
pub(crate) const LOCATOR: [u8; 4] = *b"PK\x06\x07";
pub(crate) const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// How long they are, without what their lengths tell of.
pub(crate) const LOCAL_LENGTH: usize = 30;
pub(crate) const CENTRAL_LENGTH: usize = 46;
pub(crate) const END_LENGTH: usize = 22;
pub(crate) const LOCATOR_LENGTH: usize = 20;

/// Bits of a member's flags.
pub(crate) const ENCRYPTED: u16 = 1;
pub(crate) const DESCRIBED_BEHIND: u16 = 1 << 3;
/// What the deflater was told, and what nobody needs.
pub(crate) const LEVEL: u16 = 0b110;
const STRONG: u16 = 1 << 6;
const NAMES_UTF_8: u16 = 1 << 11;
const MASKED: u16 = 1 << 13;

/// Methods.
pub(crate) const STORED: u16 = 0;
pub(crate) const DEFLATED: u16 = 8;

/// What is said of a member in two records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) sizes: Sizes,
}

/// A checksum and two lengths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) checksum: u32,
    pub(crate) packed: u32,
    pub(crate) plain: u32,
}

impl Facts {
    /// Reads what both records have in one order, from the flags on.
    pub(crate) fn read(record: &[u8], at: usize) -> Self {
        Self {
            flags: short(record, at),
            method: short(record, at + 2),
            sizes: Sizes::read(record, at + 8),
        }
    }

    /// Whether nobody could say otherwise what is meant.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] for ZIP64 and a directory that is encrypted.
    pub(crate) fn is_plain(&self) -> Result<(), ErrorKind> {
        if self.flags & MASKED != 0 {
            return Err(syntax("a directory that is not encrypted"));
        }
        if self.sizes.packed == u32::MAX || self.sizes.plain == u32::MAX {
            return Err(ZIP64);
        }
        Ok(())
    }

    /// The flags that must be the same in both records.
    pub(crate) fn kind(&self) -> (u16, u16) {
        let flags = self.flags & (ENCRYPTED | STRONG | NAMES_UTF_8 | MASKED);
        (flags, self.method)
    }
}

impl Sizes {
    pub(crate) fn read(record: &[u8], at: usize) -> Self {
        Self {
            checksum: long(record, at),
            packed: long(record, at + 4),
            plain: long(record, at + 8),
        }
    }

    pub(crate) fn bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        put(&mut bytes, 0, &self.checksum.to_le_bytes());
        put(&mut bytes, 4, &self.packed.to_le_bytes());
        put(&mut bytes, 8, &self.plain.to_le_bytes());
        bytes
    }
}

pub(crate) const ZIP64: ErrorKind = syntax("an archive without ZIP64");

/// Checks a record's extra field (§4.5).
///
/// # Errors
/// [`ErrorKind::Syntax`] where it is malformed, tells of ZIP64, or gives the member another name.
pub(crate) fn extra(extra: &[u8], name: &[u8]) -> Result<(), ErrorKind> {
    const WIDE: u16 = 0x0001;
    const PATH: u16 = 0x7075;
    let mut rest = extra;
    while !rest.is_empty() {
        let length = usize::from(short(rest, 2));
        let Some(content) = rest.get(4..4 + length) else {
            return Err(syntax("an extra field of whole blocks"));
        };
        match short(rest, 0) {
            WIDE => return Err(ZIP64),
            PATH if content.get(5..) != Some(name) => {
                return Err(syntax("one name of a member"));
            }
            _ => {}
        }
        rest = rest.get(4 + length..).unwrap_or_default();
    }
    Ok(())
}

/// A number of two bytes; zero where the record is too short, which its reader has ruled out.
pub(crate) fn short(record: &[u8], at: usize) -> u16 {
    match record.get(at..at + 2) {
        Some([low, high]) => u16::from_le_bytes([*low, *high]),
        _ => 0,
    }
}

/// A number of four bytes.
pub(crate) fn long(record: &[u8], at: usize) -> u32 {
    u32::from(short(record, at)) | u32::from(short(record, at + 2)) << 16
}

/// Writes over a part of a record.
pub(crate) fn put(record: &mut [u8], at: usize, bytes: &[u8]) {
    for (slot, byte) in record.iter_mut().skip(at).zip(bytes) {
        *slot = *byte;
    }
}

pub(crate) const fn syntax(expected: &'static str) -> ErrorKind {
    ErrorKind::Syntax { expected }
}
