//! One request through the border in memory, with keys made for the purpose and a vault that is a map.

use std::collections::HashMap;
use std::sync::Arc;

use border::{
    Answer, Ask, Asked, Border, Flow, Incoming, Keys, Limits, Progress, Reader, Reference, Refusal,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keys::Keyring;
use keys::file::SystemChance;
use miette::IntoDiagnostic as _;
use policy::Plan;

/// What became of a request.
pub enum Left {
    /// It left, head and body, as these bytes.
    Sent(Vec<u8>),
    /// It was refused.
    Refused(Box<Refusal>),
}

/// A border to try requests on.
pub struct Trial {
    border: Border,
    chance: SystemChance,
}

impl Trial {
    /// A border for this plan, with keys that last as long as it does.
    ///
    /// # Errors
    /// The keys could not be made.
    pub fn new(plan: Arc<Plan>) -> miette::Result<Self> {
        let mut chance = SystemChance::new().into_diagnostic()?;
        let mut keyring = Keyring::create(&mut chance);
        for app in &plan.apps {
            for field in &app.fields {
                keyring
                    .ensure_field(&app.id, &field.name, &mut chance)
                    .into_diagnostic()?;
            }
        }
        let keys = Keys::derive(&keyring).into_diagnostic()?;
        Ok(Self {
            border: Border::new(plan, Arc::new(keys), Limits::default()),
            chance,
        })
    }

    /// Sends a request, written as HTTP/1.1.
    ///
    /// # Errors
    /// The text is no request.
    pub fn send(&self, text: &[u8]) -> Result<Left, String> {
        let request = Request::read(text)?;
        let incoming = Incoming {
            host: &request.host,
            method: &request.method,
            target: &request.target,
            headers: &request.headers,
            has_body: !request.body.is_empty(),
            reader: Reader::Anyone,
            reference: Reference(*b"policy--test"),
        };
        let mut exchange = match self.border.begin(&incoming, Box::new(self.chance)) {
            Ok(exchange) => exchange,
            Err(refusal) => return Ok(Left::Refused(refusal)),
        };
        let mut headers = request.headers.clone();
        exchange.edit_request(&mut headers);
        let mut left = format!(
            "{} {}\r\n",
            request.method,
            exchange.target().unwrap_or(&request.target)
        )
        .into_bytes();
        for (name, value) in &headers {
            left.extend_from_slice(name.as_str().as_bytes());
            left.extend_from_slice(b": ");
            left.extend_from_slice(value.as_bytes());
            left.extend_from_slice(b"\r\n");
        }
        left.extend_from_slice(b"\r\n");
        match exchange.protect() {
            None => left.extend_from_slice(&request.body),
            Some(mut flow) => {
                if let Err(refusal) = drive(&mut *flow, request.body.into(), &mut left) {
                    return Ok(Left::Refused(Box::new(refusal)));
                }
            }
        }
        Ok(Left::Sent(left))
    }
}

/// Feeds a body to a flow and answers what it asks.
fn drive(flow: &mut dyn Flow, body: Bytes, left: &mut Vec<u8>) -> Result<(), Refusal> {
    let mut vault = HashMap::new();
    let mut progress = flow.push(body)?;
    let mut finished = false;
    loop {
        match progress {
            Progress::Need(asks) => {
                progress = flow.answer(
                    asks.into_iter()
                        .map(|ask| answer(ask, &mut vault))
                        .collect(),
                )?;
            }
            Progress::More if finished => break,
            Progress::More => {
                finished = true;
                progress = flow.finish()?;
            }
        }
    }
    while let Some(piece) = flow.take() {
        left.extend_from_slice(&piece);
    }
    Ok(())
}

fn answer(ask: Ask, vault: &mut HashMap<u64, (String, Vec<u8>)>) -> Answer {
    let id = ask.id;
    match ask.what {
        Asked::Keep {
            field,
            first,
            sealed,
            ..
        } => {
            vault.insert(first, (field, sealed));
            Answer::Kept { id, pointer: first }
        }
        Asked::Bring { pointer, .. } => match vault.get(&pointer) {
            Some((field, sealed)) => Answer::Row {
                id,
                field: field.clone(),
                sealed: sealed.clone(),
            },
            None => Answer::Gone { id },
        },
        _ => Answer::Gone { id },
    }
}

/// A request as a test writes it. Line ends may be those of the editor; the body is what follows the empty line,
/// without the last line end of the file.
struct Request {
    host: String,
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn read(text: &[u8]) -> Result<Self, String> {
        let (head, body) = split(text).ok_or("it has no empty line after its head")?;
        let head = std::str::from_utf8(head).map_err(|_| "its head is not UTF-8")?;
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let mut words = first.split(' ');
        let method = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or("its first line has no method")?;
        let target = words
            .next()
            .filter(|word| word.starts_with('/'))
            .ok_or("its first line has no path")?
            .to_owned();
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| format!("`{line}` is no header"))?;
            let name: HeaderName = name
                .parse()
                .map_err(|_| format!("`{name}` is no header's name"))?;
            let value = HeaderValue::from_str(value.trim())
                .map_err(|_| format!("`{name}` has no legal value"))?;
            headers.append(name, value);
        }
        let host = headers
            .get("host")
            .and_then(|host| host.to_str().ok())
            .ok_or("it has no Host")?;
        let host = host
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let multipart = headers
            .get("content-type")
            .is_some_and(|value| value.as_bytes().starts_with(b"multipart/"));
        let body = if multipart {
            with_crlf(body)
        } else {
            without_last_line_end(body).to_vec()
        };
        Ok(Self {
            host,
            method,
            target,
            headers,
            body,
        })
    }
}

fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let find = |needle: &[u8]| {
        text.windows(needle.len())
            .position(|window| window == needle)
            .map(|at| (at, needle.len()))
    };
    let (at, length) = match (find(b"\r\n\r\n"), find(b"\n\n")) {
        (Some(crlf), Some(lf)) => {
            if crlf.0 < lf.0 {
                crlf
            } else {
                lf
            }
        }
        (found, None) | (None, found) => {
            found.or_else(|| Some((text.trim_ascii_end().len(), 0)))?
        }
    };
    Some((text.get(..at)?, text.get(at + length..)?))
}

fn without_last_line_end(body: &[u8]) -> &[u8] {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    body.strip_suffix(b"\r").unwrap_or(body)
}

/// Multipart lines end in CRLF (RFC 2046 §4.1.1), whatever the editor wrote.
fn with_crlf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut before = 0;
    for byte in body {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
    out
}
