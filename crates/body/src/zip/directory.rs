//! The members of an archive as they came, checked against its central directory, and the directory as it leaves
//! (APPNOTE 6.3.10 §4.3.12–§4.3.16).
//!
//! Programs that read an archive from its beginning and those that read it from its end must find the same members:
//! each stands in the directory once, under the same name, with the same sizes, where it stood.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, OnceLock};

use super::packed::{DAMAGED, sizes};
use super::record::{
    CENTRAL_LENGTH, DEFLATED, DESCRIBED_BEHIND, Facts, LEVEL, LOCAL_LENGTH, Sizes, extra, long,
    put, short, syntax,
};
use crate::Limits;
use crate::error::{Error, ErrorKind};
use crate::out::Transform;

/// How long the descriptor behind a rewritten member is.
pub(crate) const DESCRIPTOR_LENGTH: u64 = 16;

/// The least version of the format that has deflate.
pub(crate) const VERSION: u16 = 20;

const SAME: ErrorKind = syntax("a directory that says what the members say");

/// A member that has gone by.
#[derive(Debug)]
struct Member {
    /// Where it begins.
    at: u64,
    /// How long its header is.
    header: u64,
    facts: Facts,
    /// What its rewriting gave, once it is written.
    rewritten: Option<Arc<OnceLock<Sizes>>>,
    /// Where its entry stands in the directory.
    entry: Option<usize>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Directory {
    members: Vec<Member>,
    /// Their names in lower case.
    names: BTreeMap<Vec<u8>, (usize, Vec<u8>)>,
    names_length: usize,
    /// The entries, as they came.
    entries: Vec<u8>,
    /// Where they begin.
    begins: u64,
}

impl Directory {
    /// Takes the header of the next member, which begins at `at`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where another has its name, or the directory has begun.
    pub(super) fn add(
        &mut self,
        name: &[u8],
        at: u64,
        header: usize,
        facts: Facts,
    ) -> Result<(), ErrorKind> {
        if !self.entries.is_empty() {
            return Err(syntax("no member after the directory"));
        }
        match self.names.entry(name.to_ascii_lowercase()) {
            Entry::Occupied(_) => return Err(syntax("members with different names")),
            Entry::Vacant(slot) => slot.insert((self.members.len(), name.to_vec())),
        };
        self.names_length += 2 * name.len();
        self.members.push(Member {
            at,
            header: header as u64,
            facts,
            rewritten: None,
            entry: None,
        });
        Ok(())
    }

    /// Says of the last member that it is written anew.
    pub(super) fn rewrite(&mut self, written: Arc<OnceLock<Sizes>>) {
        if let Some(member) = self.members.last_mut() {
            member.rewritten = Some(written);
        }
    }

    /// Says of the last member what a descriptor behind it told.
    ///
    /// # Errors
    /// [`ErrorKind::Coding`] where its header told otherwise.
    pub(super) fn tell(&mut self, sizes: Sizes) -> Result<(), ErrorKind> {
        let Some(member) = self.members.last_mut() else {
            return Ok(());
        };
        let before = std::mem::replace(&mut member.facts.sizes, sizes);
        let agrees = |header: u32, behind: u32| header == 0 || header == behind;
        if agrees(before.checksum, sizes.checksum)
            && agrees(before.packed, sizes.packed)
            && agrees(before.plain, sizes.plain)
        {
            Ok(())
        } else {
            Err(DAMAGED)
        }
    }

    /// What is known of the last member.
    pub(super) fn last(&self) -> Option<Facts> {
        self.members.last().map(|member| member.facts)
    }

    /// Takes an entry of the directory, which begins at `at`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where it is not what its member says.
    pub(super) fn entry(&mut self, record: &[u8], at: u64) -> Result<(), ErrorKind> {
        if self.entries.is_empty() {
            self.begins = at;
        }
        let facts = Facts::read(record, 8);
        facts.is_plain()?;
        let name_end = CENTRAL_LENGTH + usize::from(short(record, 28));
        let extra_end = name_end + usize::from(short(record, 30));
        let name = record.get(CENTRAL_LENGTH..name_end).unwrap_or_default();
        extra(record.get(name_end..extra_end).unwrap_or_default(), name)?;
        let (number, own) = self.names.get(&name.to_ascii_lowercase()).ok_or(SAME)?;
        let member = self.members.get_mut(*number).ok_or(SAME)?;
        let is_same = own == name
            && member.entry.is_none()
            && member.at == u64::from(long(record, 42))
            && member.facts.kind() == facts.kind()
            && member.facts.sizes == facts.sizes
            && short(record, 34) == 0;
        if !is_same {
            return Err(SAME);
        }
        member.entry = Some(self.entries.len());
        self.entries.extend_from_slice(record);
        Ok(())
    }

    /// Takes the end of the archive, which begins at `at`; gives what writes the directory and the end anew.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where it is not what stands before it, or another end could be found in it.
    pub(super) fn end(&mut self, record: &[u8], at: u64) -> Result<Written, ErrorKind> {
        if self.entries.is_empty() {
            self.begins = at;
        }
        let count = self.members.len() as u64;
        let comment = record.get(super::record::END_LENGTH..).unwrap_or_default();
        let is_same = [short(record, 4), short(record, 6)] == [0, 0]
            && [short(record, 8), short(record, 10)].map(u64::from) == [count; 2]
            && u64::from(long(record, 12)) == self.entries.len() as u64
            && u64::from(long(record, 16)) == self.begins
            && self.members.iter().all(|member| member.entry.is_some())
            && memchr::memmem::find(comment, b"PK").is_none();
        if !is_same {
            return Err(SAME);
        }
        let directory = std::mem::take(self);
        Ok(Written {
            directory,
            end: record.to_vec(),
        })
    }

    /// Whether it is not too long.
    ///
    /// # Errors
    /// [`ErrorKind::Lookahead`].
    pub(super) fn fits(&self, limits: &Limits) -> Result<(), ErrorKind> {
        if self.size() > limits.value {
            let limit = limits.value;
            return Err(ErrorKind::Lookahead { limit });
        }
        Ok(())
    }

    fn size(&self) -> usize {
        self.names_length + self.entries.len() + self.members.len() * 2 * size_of::<Member>()
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.size()
    }
}

/// The directory and the end of the archive as they leave. It is written when all that stands before it was: only then
/// are the sizes of the rewritten members known.
pub(super) struct Written {
    directory: Directory,
    end: Vec<u8>,
}

impl Transform for Written {
    fn push(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.patch().map_err(|kind| Error::new(kind, 0))?;
        out.extend_from_slice(&self.directory.entries);
        out.extend_from_slice(&self.end);
        Ok(())
    }
}

impl Written {
    /// Writes what has changed into the records.
    fn patch(&mut self) -> Result<(), ErrorKind> {
        let directory = &mut self.directory;
        let ends: Vec<u64> = directory
            .members
            .iter()
            .skip(1)
            .map(|member| member.at)
            .chain([directory.begins])
            .collect();
        let mut at = 0_u64;
        for (member, end) in directory.members.iter().zip(ends) {
            let entry = member.entry.unwrap_or_default();
            let Some(record) = directory.entries.get_mut(entry..) else {
                continue;
            };
            put(record, 42, &offset(at)?);
            let Some(written) = &member.rewritten else {
                at += end.saturating_sub(member.at);
                continue;
            };
            let sizes = written.get().copied().ok_or(DAMAGED)?;
            put(record, 6, &short(record, 6).max(VERSION).to_le_bytes());
            put(record, 8, &described(member.facts.flags).to_le_bytes());
            put(record, 10, &DEFLATED.to_le_bytes());
            put(record, 16, &sizes.bytes());
            at += member.header + u64::from(sizes.packed) + DESCRIPTOR_LENGTH;
        }
        put(&mut self.end, 16, &offset(at)?);
        Ok(())
    }
}

/// The flags of a member that is written anew.
pub(crate) fn described(flags: u16) -> u16 {
    (flags | DESCRIBED_BEHIND) & !LEVEL
}

/// The header of a member that is written anew.
pub(crate) fn header(record: &[u8]) -> Vec<u8> {
    let mut header = record.to_vec();
    put(&mut header, 4, &short(record, 4).max(VERSION).to_le_bytes());
    put(&mut header, 6, &described(short(record, 6)).to_le_bytes());
    put(&mut header, 8, &DEFLATED.to_le_bytes());
    put(&mut header, 14, &Sizes::default().bytes());
    debug_assert!(header.len() >= LOCAL_LENGTH, "headers are read whole");
    header
}

fn offset(at: u64) -> Result<[u8; 4], ErrorKind> {
    let whole = sizes(&flate2::Crc::new(), at, 0)?;
    Ok(whole.packed.to_le_bytes())
}
