//! What a message's head states of its body, and the same said of another body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::sigv4::{self, CONTENT_SHA256, Payload, UNSIGNED_PAYLOAD};
use crate::{Algorithm, Hasher, blocks};

/// How a header spells its digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// The header is one digest in base64: `Content-MD5` (RFC 1864), `x-amz-checksum-*`.
    Alone(Algorithm),
    /// `sha-256=…, md5=…`: `Digest` (RFC 3230), `x-goog-hash`.
    List,
    /// `sha-256=:…:`: `Content-Digest`, `Repr-Digest` (RFC 9530, a dictionary of RFC 8941).
    Dictionary,
    /// A member of the JSON that the header is, which stays without it: Dropbox's `content_hash`.
    Member(Algorithm),
    /// One digest in hexadecimal, in a header that has other words too and so is never taken out:
    /// `x-amz-content-sha256`.
    Hex(Algorithm),
}

/// The argument of a request that uploads to Dropbox.
const DROPBOX_ARGUMENT: HeaderName = HeaderName::from_static("dropbox-api-arg");
/// What Dropbox says of a file that it sends.
const DROPBOX_RESULT: HeaderName = HeaderName::from_static("dropbox-api-result");
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// Every header that states a digest of its message's body.
const HEADERS: [(HeaderName, Spelling); 13] = [
    (CONTENT_MD5, Spelling::Alone(Algorithm::Md5)),
    (
        HeaderName::from_static("x-ms-blob-content-md5"),
        Spelling::Alone(Algorithm::Md5),
    ),
    (HeaderName::from_static("digest"), Spelling::List),
    (
        HeaderName::from_static("content-digest"),
        Spelling::Dictionary,
    ),
    (HeaderName::from_static("repr-digest"), Spelling::Dictionary),
    (HeaderName::from_static("x-goog-hash"), Spelling::List),
    (
        HeaderName::from_static("x-amz-checksum-crc32"),
        Spelling::Alone(Algorithm::Crc32),
    ),
    (
        HeaderName::from_static("x-amz-checksum-crc32c"),
        Spelling::Alone(Algorithm::Crc32c),
    ),
    (
        HeaderName::from_static("x-amz-checksum-crc64nvme"),
        Spelling::Alone(Algorithm::Crc64Nvme),
    ),
    (
        HeaderName::from_static("x-amz-checksum-sha1"),
        Spelling::Alone(Algorithm::Sha1),
    ),
    (
        HeaderName::from_static("x-amz-checksum-sha256"),
        Spelling::Alone(Algorithm::Sha256),
    ),
    (CONTENT_SHA256, Spelling::Hex(Algorithm::Sha256)),
    (DROPBOX_ARGUMENT, Spelling::Member(Algorithm::Blocks)),
];

/// Headers that state a digest by an algorithm that is not here: they go, and are not stated again.
const UNREAD: [&str; 1] = ["x-ms-content-crc64"];

/// How the checksums of S3 begin, one name an algorithm.
const CHECKSUMS: &str = "x-amz-checksum-";

impl Algorithm {
    /// By the header of S3 that states it.
    pub(crate) fn of_checksum(name: &HeaderName) -> Option<Self> {
        if !name.as_str().starts_with(CHECKSUMS) {
            return None;
        }
        HEADERS
            .into_iter()
            .find_map(|(known, spelling)| match spelling {
                Spelling::Alone(algorithm) if known == name => Some(algorithm),
                _ => None,
            })
    }

    /// By its name in a list or a dictionary (the IANA registry of hash algorithms for HTTP digest fields).
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Algorithm); 7] = [
            ("md5", Algorithm::Md5),
            ("sha", Algorithm::Sha1),
            ("sha-256", Algorithm::Sha256),
            ("sha-512", Algorithm::Sha512),
            ("crc32c", Algorithm::Crc32c),
            ("crc32", Algorithm::Crc32),
            ("crc64nvme", Algorithm::Crc64Nvme),
        ];
        let mut names = NAMES.iter();
        names
            .find(|(known, _)| name.eq_ignore_ascii_case(known))
            .map(|(_, algorithm)| *algorithm)
    }
}

/// One digest that a head states.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    header: usize,
    /// As the header spells it; empty where the header has no names.
    name: String,
    algorithm: Algorithm,
    digest: Vec<u8>,
}

/// The digests that a message's head states of its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated(Vec<Entry>);

impl Stated {
    /// Reads them. What states a digest in a way that is not understood is passed over.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let mut stated = Vec::new();
        for (header, (name, spelling)) in HEADERS.iter().enumerate() {
            for value in headers.get_all(name) {
                read(header, *spelling, value, &mut stated);
            }
        }
        Self(stated)
    }

    /// Takes out of a head, or of trailers, whatever states a digest: it is not true of another body.
    pub fn remove(headers: &mut HeaderMap) {
        let stays = |spelling| matches!(spelling, Spelling::Hex(_) | Spelling::Member(_));
        let is_digest = |name: &HeaderName| {
            HEADERS
                .into_iter()
                .any(|(known, spelling)| known == name && !stays(spelling))
                || UNREAD.contains(&name.as_str())
                || name.as_str().starts_with(CHECKSUMS)
        };
        let names: Vec<HeaderName> = headers
            .keys()
            .filter(|name| is_digest(name))
            .cloned()
            .collect();
        for name in names {
            headers.remove(name);
        }
        for name in [DROPBOX_ARGUMENT, DROPBOX_RESULT] {
            edit(headers, name, blocks::without);
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins to compare them with the bytes that come.
    #[must_use]
    pub fn check(&self) -> Check {
        let hashers = self.0.iter().map(|entry| Hasher::new(entry.algorithm));
        Check {
            stated: self.clone(),
            hashers: hashers.collect(),
        }
    }

    /// States the same of another body, given in pieces, in a head.
    pub fn write<'a>(&self, headers: &mut HeaderMap, body: impl IntoIterator<Item = &'a [u8]>) {
        if self.is_empty() {
            return;
        }
        for (name, value) in self.of(body) {
            match value {
                Again::Line(value) => {
                    headers.insert(name, value);
                }
                Again::Member(digest) => edit(headers, name, |json| blocks::with(json, &digest)),
            }
        }
    }

    /// Says in a head, whose body is another and is not there yet, that its signature covers no body; what else states
    /// a digest is taken out.
    pub fn forget(headers: &mut HeaderMap) {
        Self::remove(headers);
        let signed = matches!(Payload::of(headers), Some(Payload::Digest(_)));
        if signed {
            headers.insert(CONTENT_SHA256, HeaderValue::from_static(UNSIGNED_PAYLOAD));
        }
    }

    /// The same of another body, given in pieces.
    fn of<'a>(&self, body: impl IntoIterator<Item = &'a [u8]>) -> Vec<(HeaderName, Again)> {
        let mut check = self.check();
        body.into_iter().for_each(|piece| check.update(piece));
        let digests: Vec<Vec<u8>> = check.hashers.into_iter().map(Hasher::finish).collect();
        let mut lines = Vec::new();
        for (index, (header, spelling)) in HEADERS.iter().enumerate() {
            let mut texts = Vec::new();
            let mut members = Vec::new();
            for (entry, digest) in self.0.iter().zip(&digests) {
                if entry.header == index {
                    let base64 = || STANDARD.encode(digest);
                    texts.push(match spelling {
                        Spelling::Member(_) => {
                            members.push(digest.clone());
                            continue;
                        }
                        Spelling::Alone(_) => base64(),
                        Spelling::Hex(_) => sigv4::hex(digest),
                        Spelling::List => format!("{}={}", entry.name, base64()),
                        Spelling::Dictionary => format!("{}=:{}:", entry.name, base64()),
                    });
                }
            }
            let members = members.into_iter().map(Again::Member);
            lines.extend(members.map(|member| (header.clone(), member)));
            if texts.is_empty() {
                continue;
            }
            if let Ok(value) = HeaderValue::try_from(texts.join(", ")) {
                lines.push((header.clone(), Again::Line(value)));
            }
        }
        lines
    }
}

/// A digest stated again.
enum Again {
    /// The header's line.
    Line(HeaderValue),
    /// In the JSON that the header is.
    Member(Vec<u8>),
}

/// Edits the JSON that a header is.
fn edit(headers: &mut HeaderMap, name: HeaderName, change: impl Fn(&str) -> Option<String>) {
    if let Some(value) = headers.get_mut(name)
        && let Some(changed) = value.to_str().ok().and_then(change)
        && let Ok(changed) = HeaderValue::try_from(changed)
    {
        *value = changed;
    }
}

/// Reads the digests of one header's value.
fn read(header: usize, spelling: Spelling, value: &HeaderValue, stated: &mut Vec<Entry>) {
    let Ok(value) = value.to_str() else { return };
    let mut add = |name: &str, algorithm: Option<Algorithm>, digest: Option<Vec<u8>>| {
        if let (Some(algorithm), Some(digest)) = (algorithm, digest) {
            stated.push(Entry {
                header,
                name: name.to_owned(),
                algorithm,
                digest,
            });
        }
    };
    let base64 = |digest: &str| STANDARD.decode(digest).ok();
    match spelling {
        Spelling::Alone(algorithm) => add("", Some(algorithm), base64(value.trim())),
        Spelling::Hex(algorithm) => {
            let digest = sigv4::unhex(&value.to_ascii_lowercase());
            add("", Some(algorithm), digest.map(Vec::from));
        }
        Spelling::Member(algorithm) => {
            add("", Some(algorithm), blocks::read(value).map(Vec::from));
        }
        Spelling::List | Spelling::Dictionary => {
            for entry in value.split(',').map(str::trim) {
                let Some((name, digest)) = entry.split_once('=') else {
                    continue;
                };
                let digest = match spelling {
                    Spelling::Dictionary => digest
                        .strip_prefix(':')
                        .and_then(|digest| digest.strip_suffix(':')),
                    _ => Some(digest),
                };
                add(name, Algorithm::named(name), digest.and_then(base64));
            }
        }
    }
}

/// Bytes being compared with what was stated of them.
#[derive(Debug)]
pub struct Check {
    stated: Stated,
    hashers: Vec<Hasher>,
}

/// A body that is not what its head states.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not the one that its `{header}` states")]
pub struct Mismatch {
    /// The header.
    pub header: HeaderName,
}

impl Check {
    /// Takes the next bytes of the body as it was sent.
    pub fn update(&mut self, bytes: &[u8]) {
        for hasher in &mut self.hashers {
            hasher.update(bytes);
        }
    }

    /// Ends the body.
    ///
    /// # Errors
    /// [`Mismatch`] where a digest is another.
    pub fn finish(self) -> Result<(), Mismatch> {
        for (entry, hasher) in self.stated.0.iter().zip(self.hashers) {
            if hasher.finish() != entry.digest {
                let header = HEADERS.get(entry.header).map(|(name, _)| name.clone());
                let header = header.unwrap_or(CONTENT_MD5);
                return Err(Mismatch { header });
            }
        }
        Ok(())
    }
}
