//! Files that an app takes in several requests, by the published protocols: Google's resumable uploads
//! (<https://cloud.google.com/storage/docs/performing-resumable-uploads>) under `/upload`, tus 1.0
//! (<https://tus.io/protocols/resumable-upload>) under `/tus`. What is whole is given as `/files/{upload}`.
//!
//! The second piece of Google's is answered `503` when it first comes, so that a client has to send it again.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::header::{CONTENT_RANGE, HOST, HeaderName, HeaderValue, LOCATION, RANGE};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

/// The fixed size of Google's pieces.
const QUANTUM: usize = 256 << 10;

/// The uploads that have begun.
#[derive(Default)]
pub(crate) struct Uploads {
    files: HashMap<String, BytesMut>,
    failed: bool,
}

/// What became of a request.
pub(crate) struct Taken {
    pub answer: Response<Full<Bytes>>,
    /// A file that is whole, and where it is given.
    pub whole: Option<(String, Bytes)>,
}

impl Uploads {
    /// Takes a request of one of the protocols; nothing of any other.
    pub fn take(&mut self, head: &Parts, body: &[u8]) -> Option<Taken> {
        match (&head.method, head.uri.path()) {
            (&Method::POST, "/upload") => Some(self.begin(head, "/upload?upload_id=")),
            (&Method::POST, "/tus") => Some(self.begin(head, "/tus/")),
            (&Method::PUT, "/upload") => {
                let id = head.uri.query()?.split_once("upload_id=")?.1;
                self.put(id, head, body)
            }
            (&Method::HEAD, path) => {
                let file = self.files.get(path.strip_prefix("/tus/")?)?;
                let answer = told(StatusCode::OK, "upload-offset", &file.len().to_string());
                Some(Taken {
                    answer,
                    whole: None,
                })
            }
            (&Method::PATCH, path) => self.patch(path.strip_prefix("/tus/")?, head, body),
            _ => None,
        }
    }

    fn begin(&mut self, head: &Parts, prefix: &str) -> Taken {
        let id = format!("upload-{}", self.files.len());
        let named = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = head
            .uri
            .authority()
            .map_or(named, |host| Some(host.as_str()));
        let place = format!("https://{}{prefix}{id}", host.unwrap_or_default());
        self.files.insert(id, BytesMut::new());
        Taken {
            answer: told(StatusCode::CREATED, LOCATION.as_str(), &place),
            whole: None,
        }
    }

    fn put(&mut self, id: &str, head: &Parts, body: &[u8]) -> Option<Taken> {
        let file = self.files.get_mut(id)?;
        let range = head.headers.get(CONTENT_RANGE)?.to_str().ok()?;
        let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
        let total: Option<usize> = total.parse().ok();
        if let Some((first, last)) = range.split_once('-') {
            let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
            if first > 0 && !std::mem::replace(&mut self.failed, true) {
                return Some(status(StatusCode::SERVICE_UNAVAILABLE));
            }
            let ends = Some(last + 1) == total;
            let even = body.len().is_multiple_of(QUANTUM) || ends;
            if first != file.len() || last + 1 - first != body.len() || !even {
                return Some(status(StatusCode::BAD_REQUEST));
            }
            file.extend_from_slice(body);
        }
        if Some(file.len()) == total {
            return Some(Taken {
                answer: told(StatusCode::OK, "x-upload", "whole"),
                whole: Some((format!("/files/{id}"), file.clone().freeze())),
            });
        }
        let range = format!("bytes=0-{}", file.len().saturating_sub(1));
        Some(Taken {
            answer: told(StatusCode::PERMANENT_REDIRECT, RANGE.as_str(), &range),
            whole: None,
        })
    }

    fn patch(&mut self, id: &str, head: &Parts, body: &[u8]) -> Option<Taken> {
        let file = self.files.get_mut(id)?;
        let offset = head.headers.get("upload-offset")?.to_str().ok()?;
        if offset != file.len().to_string() {
            return Some(status(StatusCode::CONFLICT));
        }
        file.extend_from_slice(body);
        let reached = file.len().to_string();
        Some(Taken {
            answer: told(StatusCode::NO_CONTENT, "upload-offset", &reached),
            whole: Some((format!("/files/{id}"), file.clone().freeze())),
        })
    }
}

fn status(status: StatusCode) -> Taken {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    Taken {
        answer,
        whole: None,
    }
}

fn told(status: StatusCode, name: &str, value: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    let header = HeaderName::try_from(name)
        .ok()
        .zip(HeaderValue::try_from(value).ok());
    answer.headers_mut().extend(header);
    answer
        .headers_mut()
        .insert("tus-resumable", HeaderValue::from_static("1.0.0"));
    answer
}
