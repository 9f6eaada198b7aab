//! The first bytes of a tunnel: do they name an app's host?
//!
//! TLS: a ClientHello (RFC 8446 §4.1.2) with its server name (RFC 6066 §3), in as many records and segments as it
//! comes. HTTP: the head of a plaintext request with its `Host` or absolute target. Anything else passes as it is.
//! What begins like one of the two and then cannot be read is refused: an origin might read it better.

use std::io::Read;

use rustls::server::Acceptor;

use crate::host::Target;

/// The most that is held of a ClientHello.
const HELLO: usize = 128 << 10;
/// The most that is held of a plaintext request's head.
const HEAD: usize = 32 << 10;
/// The first byte of a TLS handshake record.
const HANDSHAKE: u8 = 22;
/// The longest method looked for (`BASELINE-CONTROL` has 16 letters).
const METHOD: usize = 20;

/// What is known of the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peeked {
    /// Not enough yet.
    More,
    /// Nothing against them.
    Clean,
    /// A ClientHello names an app's host.
    HelloNamesApp,
    /// A plaintext request names an app's host.
    RequestNamesApp,
    /// They begin like TLS or HTTP and cannot be read.
    Unread,
}

impl Peeked {
    /// What the client is told before it is closed.
    pub fn farewell(self) -> &'static [u8] {
        match self {
            // A fatal alert, unrecognized_name (RFC 6066 §3).
            Self::HelloNamesApp | Self::Unread => &[21, 3, 3, 0, 2, 2, 112],
            Self::RequestNamesApp => {
                b"HTTP/1.1 421 Misdirected Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\
                  Content-Length: 70\r\n\r\nThis tunnel leads to another host. Ask the proxy for this host itself\n"
            }
            Self::More | Self::Clean => &[],
        }
    }
}

/// Collects first bytes and judges them.
#[derive(Default)]
pub(super) struct Peek {
    bytes: Vec<u8>,
    hello: Acceptor,
    fed: usize,
}

impl Peek {
    /// Takes more bytes.
    pub(super) fn push(&mut self, bytes: &[u8], is_app: &impl Fn(&str) -> bool) -> Peeked {
        self.bytes.extend_from_slice(bytes);
        match self.bytes.first() {
            None => Peeked::More,
            Some(&HANDSHAKE) => self.hello(is_app),
            Some(first) if first.is_ascii_uppercase() => request(&self.bytes, is_app),
            Some(_) => Peeked::Clean,
        }
    }

    /// All bytes taken.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn hello(&mut self, is_app: &impl Fn(&str) -> bool) -> Peeked {
        loop {
            let mut rest = self.bytes.get(self.fed..).unwrap_or_default();
            match self.hello.accept() {
                Ok(Some(accepted)) => {
                    return match accepted.client_hello().server_name() {
                        Some(name) if is_app(&lower(name)) => Peeked::HelloNamesApp,
                        _ => Peeked::Clean,
                    };
                }
                Ok(None) if self.fed > HELLO => return Peeked::Unread,
                Ok(None) if rest.is_empty() => return Peeked::More,
                Ok(None) => {}
                Err(_) => return Peeked::Unread,
            }
            match self.hello.read_tls(&mut rest as &mut dyn Read) {
                Ok(read) if read > 0 => self.fed += read,
                Ok(_) | Err(_) => return Peeked::Unread,
            }
        }
    }
}

fn lower(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Judges what may be a plaintext request's head (RFC 9112 §2).
fn request(bytes: &[u8], is_app: &impl Fn(&str) -> bool) -> Peeked {
    let method = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'-')
        .count();
    match bytes.get(method) {
        None if method <= METHOD => return Peeked::More,
        Some(b' ') if method <= METHOD => {}
        _ => return Peeked::Clean,
    }
    let Some(line_end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() > HEAD {
            Peeked::Unread
        } else {
            Peeked::More
        };
    };
    let (line, fields) = bytes.split_at_checked(line_end + 1).unwrap_or((bytes, &[]));
    let line = line.trim_ascii();
    let words: Vec<&[u8]> = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .collect();
    let (Some(target), Some(version)) = (words.get(1), words.last()) else {
        return Peeked::Clean;
    };
    if !version.starts_with(b"HTTP/1.") || words.len() < 3 {
        return Peeked::Clean;
    }
    if let Some(authority) = authority(target)
        && names_app(authority, is_app)
    {
        return Peeked::RequestNamesApp;
    }
    let mut ended = false;
    for field in fields.split_inclusive(|byte| *byte == b'\n') {
        if !field.ends_with(b"\n") {
            break;
        }
        let field = field.trim_ascii_end();
        if field.is_empty() {
            ended = true;
            break;
        }
        let Some(colon) = field.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = field.split_at_checked(colon).unwrap_or((field, &[]));
        if name.trim_ascii().eq_ignore_ascii_case(b"host")
            && names_app(value.get(1..).unwrap_or_default().trim_ascii(), is_app)
        {
            return Peeked::RequestNamesApp;
        }
    }
    match ended {
        true => Peeked::Clean,
        false if bytes.len() > HEAD => Peeked::Unread,
        false => Peeked::More,
    }
}

/// The authority of an absolute target (RFC 9112 §3.2.2).
fn authority(target: &[u8]) -> Option<&[u8]> {
    let after = target.windows(3).position(|window| window == b"://")? + 3;
    let rest = target.get(after..)?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let host = authority
        .iter()
        .rposition(|byte| *byte == b'@')
        .map_or(0, |at| at + 1);
    authority.get(host..)
}

fn names_app(authority: &[u8], is_app: &impl Fn(&str) -> bool) -> bool {
    std::str::from_utf8(authority)
        .ok()
        .and_then(|authority| Target::parse(authority, Some(80)))
        .is_some_and(|target| is_app(target.host.as_str()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn is_app(name: &str) -> bool {
        name == "app.example"
    }

    fn judge(pieces: &[&[u8]]) -> Peeked {
        let mut peek = Peek::default();
        let mut last = Peeked::More;
        for piece in pieces {
            last = peek.push(piece, &is_app);
            if last != Peeked::More {
                break;
            }
        }
        last
    }

    fn hello(name: &str) -> Vec<u8> {
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
        let name = rustls_pki_types::ServerName::try_from(name.to_owned()).unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    /// The same handshake bytes in records of `size` bytes each.
    fn in_records(hello: &[u8], size: usize) -> Vec<u8> {
        hello[5..]
            .chunks(size)
            .flat_map(|chunk| {
                let length = u16::try_from(chunk.len()).unwrap().to_be_bytes();
                [&[22, 3, 1][..], &length, chunk].concat()
            })
            .collect()
    }

    #[test]
    fn a_hello_is_read_however_it_is_cut() {
        for (name, expected) in [
            ("app.example", Peeked::HelloNamesApp),
            ("APP.example", Peeked::HelloNamesApp),
            ("b.example", Peeked::Clean),
        ] {
            let hello = hello(name);
            assert_eq!(judge(&[&hello]), expected, "{name} whole");
            let bytes: Vec<&[u8]> = hello.chunks(1).collect();
            assert_eq!(judge(&bytes), expected, "{name} byte by byte");
            for size in [1, 7, 100] {
                let records = in_records(&hello, size);
                assert_eq!(judge(&[&records]), expected, "{name} in records of {size}");
                let bytes: Vec<&[u8]> = records.chunks(1).collect();
                assert_eq!(
                    judge(&bytes),
                    expected,
                    "{name} in records of {size}, byte by byte"
                );
            }
        }
    }

    #[test]
    fn a_hello_that_cannot_be_read_is_refused() {
        assert_eq!(judge(&[&[22, 3, 1, 0, 4, 1, 0, 0, 0]]), Peeked::Unread);
        assert_eq!(judge(&[&[22, 9, 9, 0, 4, 9, 9, 9, 9]]), Peeked::Unread);
        assert_eq!(judge(&[&hello("b.example")[..40]]), Peeked::More);
    }

    #[test]
    fn a_plaintext_request_is_read_however_it_is_cut() {
        for (request, expected) in [
            (
                "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n",
                Peeked::RequestNamesApp,
            ),
            (
                "GET / HTTP/1.1\r\nAccept: */*\r\nhOST:  APP.example:80 \r\n\r\n",
                Peeked::RequestNamesApp,
            ),
            (
                "GET / HTTP/1.1\nHost: app.example.\n\n",
                Peeked::RequestNamesApp,
            ),
            (
                "POST http://app.example/x HTTP/1.1\r\nHost: b.example\r\n\r\n",
                Peeked::RequestNamesApp,
            ),
            (
                "GET http://u@app.example?x HTTP/1.0\r\n\r\n",
                Peeked::RequestNamesApp,
            ),
            (
                "GET / HTTP/1.1\r\nHost: b.example\r\nReferer: http://app.example/\r\n\r\n",
                Peeked::Clean,
            ),
            ("EHLO app.example\r\n", Peeked::Clean),
            ("NICK app\r\nUSER app.example\r\n", Peeked::Clean),
        ] {
            assert_eq!(judge(&[request.as_bytes()]), expected, "{request:?}");
            let bytes: Vec<&[u8]> = request.as_bytes().chunks(1).collect();
            assert_eq!(judge(&bytes), expected, "{request:?} byte by byte");
        }
        assert_eq!(
            judge(&[b"GET / HTTP/1.1\r\nHost: b.example\r\n"]),
            Peeked::More
        );
    }

    #[test]
    fn other_protocols_pass_with_their_first_byte() {
        for first in [
            &b"SSH-2.0-x\r\n"[..],
            b"*1\r\n$4\r\nPING\r\n",
            b"\0\0\0\x08",
            b"quit\r\n",
        ] {
            assert_eq!(judge(&[first]), Peeked::Clean);
        }
    }

    #[test]
    fn the_farewell_counts_its_bytes() {
        let text = std::str::from_utf8(Peeked::RequestNamesApp.farewell()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}", body.len())),
            "{}",
            body.len()
        );
    }
}
