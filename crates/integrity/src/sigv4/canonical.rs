//! The canonical request: the one spelling of a request that both sides sign ("Create a canonical request").

use http::{HeaderMap, HeaderName, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::claim::{Claim, Form};
use super::sha256;

/// What AWS leaves bare: letters, digits and `-._~`.
pub(super) const BARE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The same in a path, whose slashes stay.
const PATH: &AsciiSet = &BARE.remove(b'/');

/// The query's parameter that is the signature itself.
pub(super) const SIGNATURE: &str = "X-Amz-Signature";

/// The parts of a request's head that a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as it is sent.
    pub path: &'a str,
    /// The query as it is sent, without `?`.
    pub query: Option<&'a str>,
    /// The headers, a `Host` among them.
    pub headers: &'a HeaderMap,
    /// Whether a body follows.
    pub has_body: bool,
}

impl Signable<'_> {
    /// The text whose SHA-256 is signed, for these signed headers and this word about the body; nothing where a header
    /// that is to be signed is not there.
    pub(super) fn canonical(
        &self,
        claim: &Claim,
        signed: &[HeaderName],
        payload: &str,
    ) -> Option<Vec<u8>> {
        let mut text = format!("{}\n{}\n", self.method, self.path(claim)).into_bytes();
        text.extend_from_slice(self.query(claim.form).as_bytes());
        text.push(b'\n');
        for name in signed {
            text.extend_from_slice(name.as_str().as_bytes());
            text.push(b':');
            let mut values = self.headers.get_all(name).iter();
            write_trimmed(values.next()?.as_bytes(), &mut text);
            for value in values {
                text.push(b',');
                write_trimmed(value.as_bytes(), &mut text);
            }
            text.push(b'\n');
        }
        text.push(b'\n');
        text.extend_from_slice(names(signed).as_bytes());
        text.push(b'\n');
        text.extend_from_slice(payload.as_bytes());
        Some(text)
    }

    /// S3 encodes what the path says once; every other service encodes the path as it is sent once more.
    fn path(&self, claim: &Claim) -> String {
        let path = if self.path.is_empty() { "/" } else { self.path };
        if claim.scope.is_s3() {
            let said: Vec<u8> = percent_decode_str(path).collect();
            percent_encode(&said, PATH).to_string()
        } else {
            percent_encode(path.as_bytes(), PATH).to_string()
        }
    }

    /// The parameters, each encoded anew, by name and then by value. A `+` is a space, as servers read it.
    fn query(&self, form: Form) -> String {
        let encoded = |text: &str| {
            let text = text.replace('+', " ");
            let said: Vec<u8> = percent_decode_str(&text).collect();
            percent_encode(&said, BARE).to_string()
        };
        let query = self.query.unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut pairs: Vec<(String, String)> = pairs
            .map(|(name, value)| (encoded(name), encoded(value)))
            .filter(|(name, _)| form == Form::Header || name != SIGNATURE)
            .collect();
        pairs.sort_unstable();
        let pairs: Vec<String> = pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }
}

/// The list of signed headers as it is written.
pub(super) fn names(signed: &[HeaderName]) -> String {
    let names: Vec<&str> = signed.iter().map(HeaderName::as_str).collect();
    names.join(";")
}

/// What is signed of a canonical request.
pub(super) fn string_to_sign(claim: &Claim, canonical: &[u8]) -> String {
    let (timestamp, scope, digest) = (&claim.timestamp, &claim.scope, sha256(canonical));
    format!("AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}")
}

/// A header's value without spaces around it, and with one for several.
fn write_trimmed(value: &[u8], text: &mut Vec<u8>) {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let words = value.split(is_space).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}
