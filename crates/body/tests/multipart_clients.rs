//! Multipart bodies as real clients write them (`corpus/multipart/capture.py` says which and how): what stands at places
//! changes, nothing else, and a parser that knows nothing of places sees the same.

#![expect(clippy::disallowed_methods, reason = "a test reads its vectors")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use body::batch::{Decision, Head};
use body::content_type::ContentType;
use body::{Edit, Editor, Error, Format, Found, Out, PlaceId, Plan, Rewriter, Selected};
use bytes::Bytes;
use harness::{Rewritten, at_every_split, limits, mark, places};

const NOTE: &str = "Élise \"x\" 100 %\r\nligne 2";
const FILE: &[u8] = b"%PDF-1.4\r\n--\r\n\x00\xff\r\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/multipart")
}

/// A body of the corpus, with its content type.
fn captured(name: &str) -> (String, Vec<u8>) {
    let kind = std::fs::read_to_string(folder().join(format!("{name}.type"))).unwrap();
    let body = std::fs::read(folder().join(format!("{name}.bin"))).unwrap();
    (kind.trim_end().to_owned(), body)
}

/// The names of all forms of the corpus.
fn forms() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| Some(name.strip_suffix(".type")?.to_owned()));
    let is_form = |name: &String| captured(name).0.starts_with("multipart/form-data");
    names.filter(is_form).collect()
}

fn rewriter(plan: &Plan, kind: &str) -> Box<dyn Rewriter> {
    let kind = ContentType::parse(kind.as_bytes());
    plan.rewriter(kind.as_ref(), limits()).unwrap()
}

fn rewrite(plan: &Plan, kind: &str, body: &[u8]) -> Rewritten {
    at_every_split(|| rewriter(plan, kind), body).unwrap()
}

/// A part as `multer` reads it.
#[derive(Debug, PartialEq)]
struct Part {
    name: Option<String>,
    file: Option<String>,
    content: Vec<u8>,
}

/// A body that is here already.
struct Whole(Option<Bytes>);

impl futures_core::Stream for Whole {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// Reads a body with `multer`.
fn parts(kind: &str, body: &[u8]) -> Vec<Part> {
    let boundary = ContentType::parse(kind.as_bytes()).unwrap();
    let whole = Whole(Some(Bytes::copy_from_slice(body)));
    let mut multipart = multer::Multipart::new(whole, boundary.boundary().unwrap());
    let mut reading = pin!(async {
        let mut parts = Vec::new();
        while let Some(field) = multipart.next_field().await.unwrap() {
            let (name, file) = (field.name(), field.file_name());
            let (name, file) = (name.map(Into::into), file.map(Into::into));
            let content = field.bytes().await.unwrap().to_vec();
            parts.push(Part {
                name,
                file,
                content,
            });
        }
        parts
    });
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(parts) = reading.as_mut().poll(&mut context) {
            return parts;
        }
    }
}

#[test]
fn i03_forms_of_all_clients_change_at_their_places_only() {
    let forms = forms();
    assert!(forms.len() >= 6, "{forms:?}");
    for name in forms {
        let (kind, body) = captured(&name);
        let plan = Plan::compile(Format::Multipart, places(&["note", "doc @filename"])).unwrap();
        let done = rewrite(&plan, &kind, &body);
        assert_eq!(done.texts(), [NOTE, "Trémblay-labo"], "{name}");
        let mut expected = parts(&kind, &body);
        for part in &mut expected {
            match part.name.as_deref() {
                Some("note") => part.content = mark(NOTE).into_bytes(),
                Some("doc") => {
                    assert_eq!(part.content, FILE);
                    let stem = mark("Trémblay-labo")
                        .replace('"', "%22")
                        .replace('\n', "%0A");
                    part.file = Some(stem + ".pdf");
                }
                _ => {}
            }
        }
        assert_eq!(parts(&kind, &done.body), expected, "{name}");
    }
}

#[test]
fn uploads_of_two_parts_are_protected_by_number() {
    let json = Plan::compile(Format::Json, places(&["$.name"])).unwrap();
    let selected = [
        Selected::body("#1", json),
        Selected::new("#2 @filename", PlaceId(1)),
    ];
    let plan = Plan::compile(Format::Multipart, selected).unwrap();
    for (name, texts) in [
        ("google-related", &["Trémblay"][..]),
        ("curl-related", &["Trémblay", "Trémblay-labo"]),
    ] {
        let (kind, body) = captured(name);
        let done = rewrite(&plan, &kind, &body);
        assert_eq!(done.texts(), texts, "{name}");
        let mut windows = done.body.windows(FILE.len());
        assert!(windows.any(|window| window == FILE), "{name}");
    }
}

/// Protects the name of every file that a batch makes.
#[derive(Default)]
struct Router(Vec<String>);

impl Editor for Router {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        self.0.push(String::from_utf8(found.text.to_vec()).unwrap());
        replacement.extend_from_slice(b"token");
        Ok(Edit::Replace)
    }

    fn request(&mut self, head: &Head<'_>) -> Result<Decision, Error> {
        self.0.push(head.method.to_owned());
        let json = Plan::compile(Format::Json, places(&["$.name"])).unwrap();
        Ok(Decision {
            body: Some(rewriter(&json, "application/json")),
            ..Decision::default()
        })
    }
}

#[test]
fn a_batch_of_googles_python_client_tells_its_new_lengths() {
    let (kind, body) = captured("google-batch");
    let plan = Plan::compile(Format::Batch, places(&[])).unwrap();
    let text = String::from_utf8(body.clone()).unwrap();
    let expected = text
        .replace("\"Tr\\u00e9mblay\"", "\"token\"")
        .replace("\"Roy\"", "\"token\"")
        .replace("content-length: 25", "content-length: 17")
        .replace("content-length: 15", "content-length: 17");
    for size in [1, 10, body.len()] {
        let (mut rewriter, mut router) = (rewriter(&plan, &kind), Router::default());
        let mut out = Out::new();
        let mut done = Vec::new();
        for piece in body.chunks(size) {
            let piece = Bytes::copy_from_slice(piece);
            rewriter.push(&piece, &mut router, &mut out).unwrap();
        }
        rewriter.finish(&mut router, &mut out).unwrap();
        while let Some(piece) = out.take() {
            done.extend_from_slice(&piece);
        }
        assert_eq!(router.0, ["POST", "Trémblay", "POST", "Roy"]);
        assert_eq!(String::from_utf8(done).unwrap(), expected);
    }
}
