//! Dropbox's content hash (dropbox.com/developers/reference/content-hash): the SHA-256 of the SHA-256 of each block of
//! 4 MiB, in hexadecimal, as a member of the JSON that a request's head holds.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::sigv4;

/// The length of a block. Bytes.
const BLOCK: usize = 4 << 20;
/// The member's name, as it is written.
const NAME: &str = "\"content_hash\"";

/// A content hash being computed.
#[derive(Clone, Default)]
pub(crate) struct Blocks {
    all: Sha256,
    block: Sha256,
    filled: usize,
}

impl Blocks {
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let here = bytes.len().min(BLOCK - self.filled);
            let (now, rest) = bytes.split_at(here);
            self.block.update(now);
            self.filled += here;
            if self.filled == BLOCK {
                self.all.update(self.block.finalize_reset());
                self.filled = 0;
            }
            bytes = rest;
        }
    }

    pub fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.all.update(self.block.finalize());
        }
        self.all.finalize().to_vec()
    }
}

/// The digest that JSON in a header states.
pub(crate) fn read(json: &str) -> Option<[u8; 32]> {
    sigv4::unhex(&json.get(find(json)?.1)?.to_ascii_lowercase())
}

/// The JSON without it; nothing where it states none.
pub(crate) fn without(json: &str) -> Option<String> {
    let (member, _) = find(json)?;
    let (before, after) = (json.get(..member.start)?, json.get(member.end..)?);
    // One of the commas around it goes with it.
    let rest = after.trim_start();
    if let Some(rest) = rest.strip_prefix(',') {
        return Some(format!("{before}{}", rest.trim_start()));
    }
    let before = before.trim_end();
    Some(format!(
        "{}{rest}",
        before.strip_suffix(',').unwrap_or(before)
    ))
}

/// The JSON with this digest; nothing where it is no object.
pub(crate) fn with(json: &str, digest: &[u8]) -> Option<String> {
    let rest = json.trim_start().strip_prefix('{')?.trim_start();
    let comma = if rest.starts_with('}') { "" } else { ", " };
    let digest = sigv4::hex(digest);
    Some(format!("{{{NAME}: \"{digest}\"{comma}{rest}"))
}

/// Where the member stands, and the digits in it. In JSON, a text that stands bare before a colon is a member's name:
/// within a string its quotes would be escaped.
fn find(json: &str) -> Option<(Range<usize>, Range<usize>)> {
    for (start, _) in json.match_indices(NAME) {
        if json.get(..start)?.ends_with('\\') {
            continue;
        }
        let after = json.get(start + NAME.len()..)?;
        let Some(value) = after.trim_start().strip_prefix(':') else {
            continue;
        };
        let Some(value) = value.trim_start().strip_prefix('"') else {
            continue;
        };
        let Some(length) = value.find('"') else {
            continue;
        };
        let first = json.len() - value.len();
        return Some((start..first + length + 1, first..first + length));
    }
    None
}
