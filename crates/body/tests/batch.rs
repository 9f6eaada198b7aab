//! Batches: each request inside is told to the editor, and its body goes through what the editor says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::batch::{Decision, Head, Target};
use body::content_type::ContentType;
use body::{AskId, Edit, Editor, Error, ErrorKind, Format, Found, Limits, Out, PlaceId, Plan};
use bytes::Bytes;
use harness::{Marker, mark};
use proptest::prelude::*;

const KIND: &str = "multipart/mixed; boundary=batch_1";

/// Routes each request by its target, and marks what is found in its body.
#[derive(Default)]
struct Router {
    log: Vec<String>,
    keep: bool,
    pending: bool,
    open: usize,
}

impl Editor for Router {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        assert_eq!(self.open, 1, "a value belongs to one request");
        let text = std::str::from_utf8(found.text).unwrap().to_owned();
        self.log.push(text.clone());
        if self.pending {
            return Ok(Edit::Pending(AskId(7)));
        }
        if self.keep {
            return Ok(Edit::Keep);
        }
        replacement.extend_from_slice(mark(&text).as_bytes());
        Ok(Edit::Replace)
    }

    fn request(&mut self, head: &Head<'_>) -> Result<Decision, Error> {
        assert_eq!(self.open, 0, "one request after the other");
        self.open = 1;
        let Target::Origin(target) = head.target else {
            return Err(Error::new(ErrorKind::Stopped, 0));
        };
        let name = String::from_utf8_lossy(head.content_id).into_owned();
        self.log.push(format!("{name} {} {target}", head.method));
        let kind = head
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let kind = kind.and_then(|(_, value)| ContentType::parse(value));
        let plan = Plan::compile(Format::Json, [("$.name", PlaceId(0))]).unwrap();
        let body = kind
            .is_some()
            .then(|| plan.rewriter(kind.as_ref(), Limits::default()).unwrap());
        let changes = target.contains("lookup") && !self.keep;
        let headers = [("if-match".to_owned(), b"token".to_vec())];
        Ok(Decision {
            target: changes.then(|| b"/api/replaced".to_vec()),
            headers: if changes { headers.into() } else { Vec::new() },
            body,
        })
    }

    fn request_ended(&mut self) {
        self.open -= 1;
    }
}

fn feed<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    mut router: Router,
    limits: Limits,
) -> Result<(String, Vec<String>), ErrorKind> {
    let kind = ContentType::parse(KIND.as_bytes());
    let plan = Plan::compile(Format::Batch, [("", PlaceId(0)); 0]).unwrap();
    let mut rewriter = plan.rewriter(kind.as_ref(), limits).unwrap();
    let mut out = Out::new();
    let mut body = Vec::new();
    let mut drain = |out: &mut Out| {
        out.fill(|_, plain| {
            plain.extend_from_slice(b"answered");
            true
        });
        while let Some(piece) = out.take() {
            body.extend_from_slice(&piece);
        }
    };
    for chunk in chunks {
        let chunk = Bytes::copy_from_slice(chunk);
        rewriter
            .push(&chunk, &mut router, &mut out)
            .map_err(|error| error.kind)?;
        drain(&mut out);
    }
    rewriter
        .finish(&mut router, &mut out)
        .map_err(|error| error.kind)?;
    drain(&mut out);
    assert!(out.is_empty() && router.open == 0);
    Ok((String::from_utf8(body).unwrap(), router.log))
}

/// The outcome, the same at every cut in two and byte by byte (I4).
fn rewrite_with(
    body: &str,
    router: impl Fn() -> Router,
) -> Result<(String, Vec<String>), ErrorKind> {
    let bytes = body.as_bytes();
    let whole = feed([bytes], router(), Limits::default());
    for at in 0..=bytes.len() {
        let cut = feed([&bytes[..at], &bytes[at..]], router(), Limits::default());
        assert_eq!(cut, whole, "cut at {at} of {body}");
    }
    assert_eq!(
        feed(bytes.chunks(1), router(), Limits::default()),
        whole,
        "{body}"
    );
    whole
}

fn rewrite(body: &str) -> Result<(String, Vec<String>), ErrorKind> {
    rewrite_with(body, Router::default)
}

const HTTP: &str = "Content-Type: application/http\nContent-Transfer-Encoding: binary\n";

/// A batch of these parts, each with its whole head.
fn batch(parts: &[String]) -> String {
    let parts = parts.iter().map(|part| format!("--batch_1\n{part}\n"));
    (parts.collect::<String>() + "--batch_1--\n").replace('\n', "\r\n")
}

fn request(text: &str) -> String {
    format!("{HTTP}\n{text}")
}

fn post(name: &str) -> String {
    format!("POST /api/contacts HTTP/1.1\nContent-Type: application/json\n\n{{\"name\":{name}}}")
}

fn marked(name: &str) -> String {
    serde_json::to_string(&mark(name)).unwrap()
}

#[test]
fn i03_requests_are_routed_and_their_bodies_rewritten() {
    let change_set = |name: &str| {
        let one = format!("{HTTP}Content-ID: 1\n\n{}", post(name));
        format!("Content-Type: multipart/mixed; boundary=set\n\n--set\n{one}\n--set--\n")
    };
    let body = |first: &str, second: &str, lookup: &str| {
        batch(&[
            request("GET /api/contacts(1) HTTP/1.1\nAccept: */*\n\n"),
            request(&post(first)),
            change_set(second),
            request(&format!("GET {lookup} HTTP/1.1\nX: y")),
            request("DELETE /api/x HTTP/1.1"),
            request("GET /api/google"),
        ])
    };
    let before = body("\"a\"", "\"b\"", "/api/lookup?x=1");
    let (after, log) = rewrite(&before).unwrap();
    assert_eq!(after, body(&marked("a"), &marked("b"), "/api/replaced"));
    assert_eq!(
        log,
        [
            " GET /api/contacts(1)",
            " POST /api/contacts",
            "a",
            "1 POST /api/contacts",
            "b",
            " GET /api/lookup?x=1",
            " DELETE /api/x",
            " GET /api/google"
        ]
    );
    let keeps = || Router {
        keep: true,
        ..Router::default()
    };
    assert_eq!(rewrite_with(&before, keeps).unwrap().0, before);
}

#[test]
fn lengths_are_told_truly_and_digests_go() {
    let body = |length: &str, digest: &str, content: &str| {
        let head = "POST /api/lookup HTTP/1.1\nIf-Match: old\nContent-Type: application/json";
        let end = "\n"; // Some clients write a line break behind the body, which is not counted.
        batch(&[request(&format!(
            "{head}\nContent-Length: {length}\nX: y{digest}\n\n{content}{end}"
        ))])
    };
    let (before, after) = ("{\"name\":\"é\"}", format!("{{\"name\":{}}}", marked("é")));
    let length = before.len().to_string();
    let digest = "\nContent-MD5: q==";
    let (done, _) = rewrite(&body(&length, digest, before)).unwrap();
    let expected = body(&after.len().to_string(), "", &after);
    let replaced = expected
        .replace("/api/lookup", "/api/replaced")
        .replace(": old", ": token");
    assert_eq!(done, replaced);
    let pending = || Router {
        pending: true,
        ..Router::default()
    };
    let (done, _) = rewrite_with(&body(&length, "", before), pending).unwrap();
    assert!(done.contains("{\"name\":\"answered\"}") && !done.contains("Content-Length"));
    let keeps = || Router {
        keep: true,
        ..Router::default()
    };
    let spelled = body(&format!("0{length}"), "", before);
    assert_eq!(rewrite_with(&spelled, keeps).unwrap().0, spelled);
    for wrong in [before.len() - 1, before.len() + 3, 0, 1 << 30] {
        let wrong = body(&wrong.to_string(), "", before);
        assert!(rewrite(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn lines_may_end_as_googles_python_client_ends_them() {
    let body = |name: &str, length: usize| {
        let text = post(name).replace("\n\n", &format!("\ncontent-length: {length}\n\n"));
        batch(&[request(&text), request("GET /api/x HTTP/1.1")]).replace("\r\n", "\n")
    };
    let length = |name: &str| format!("{{\"name\":{name}}}").len();
    let (done, _) = rewrite(&body("\"a\"", length("\"a\""))).unwrap();
    assert_eq!(done, body(&marked("a"), length(&marked("a"))));
}

#[test]
fn i05_what_is_no_plain_request_is_refused() {
    let json = "Content-Type: application/json\n\n";
    for part in [
        "Content-Type: application/json\n\n{}".to_owned(),
        "X: y\n\nGET /api/x HTTP/1.1".to_owned(),
        format!(
            "Content-Type: application/http\nContent-Transfer-Encoding: base64\n\n{}",
            "R0VU"
        ),
        request(""),
        request("\nGET /api/x HTTP/1.1"),
        request("GET /api/x  HTTP/1.1"),
        request("CONNECT x:443 HTTP/1.1"),
        request(&format!(
            "POST /api/x HTTP/1.1\nTransfer-Encoding: chunked\n{json}0"
        )),
        request(&format!(
            "POST /api/x HTTP/1.1\nContent-Encoding: gzip\n{json}x"
        )),
        request("POST /api/x HTTP/1.1\nContent-Length: 2\nContent-Length: 2\n\n{}"),
        request("POST /api/x HTTP/1.1\nContent-Length: +2\n\n{}"),
        request("POST /api/x HTTP/1.1\nHost: a\nhost: b\n\n{}"),
        request(&format!(
            "POST /api/x HTTP/1.1\nContent-Type: text/plain\n{json}{{}}"
        )),
        request("GET /api/x HTTP/1.1\nContent-Length: 0\n\nPOST /api/x HTTP/1.1\n\n"),
        request(&format!("POST /api/x HTTP/1.1\n{json}{{\"name\":[]}}")),
        request("PATCH $1 HTTP/1.1"),
    ] {
        let body = batch(std::slice::from_ref(&part));
        assert!(rewrite(&body).is_err(), "{part}");
    }
    let set = |inside: &str| {
        format!("Content-Type: multipart/mixed; boundary=set\n\n--set\n{inside}\n--set--")
    };
    let deep = set("Content-Type: multipart/mixed; boundary=in\n\n--in--");
    assert_eq!(rewrite(&batch(&[deep])), Err(ErrorKind::Depth { limit: 2 }));
    let open = set(&request("GET /api/x")).replace("--set--", "");
    assert!(rewrite(&batch(&[open])).is_err());
}

#[test]
fn a_batch_has_no_places_and_an_editor_without_routes_refuses_it() {
    assert!(Plan::compile(Format::Batch, [("*", PlaceId(0))]).is_err());
    let plan = Plan::compile(Format::Batch, [("", PlaceId(0)); 0]).unwrap();
    let rewriter = |kind: &str| {
        let kind = ContentType::parse(kind.as_bytes());
        plan.rewriter(kind.as_ref(), Limits::default())
    };
    assert!(rewriter("multipart/form-data; boundary=b").is_err());
    assert!(rewriter("multipart/mixed").is_err());
    let rewriter = rewriter(KIND).unwrap();
    let body = batch(&[request("GET /api/x")]);
    let done = harness::feed(rewriter, Marker::default(), [body.as_bytes()]);
    assert_eq!(done, Err(ErrorKind::Unroutable));
}

#[test]
fn i13_a_body_that_gives_its_length_is_held_up_to_the_limit() {
    let limits = Limits {
        value: 2000,
        ..Limits::default()
    };
    let body = |length: &str, pad: usize| {
        let text = post("\"a\"").replace("\n\n", &format!("\n{length}\n\n{}", " ".repeat(pad)));
        batch(&[request(&text)])
    };
    let run = |body: &str| feed(body.as_bytes().chunks(100), Router::default(), limits);
    assert!(run(&body("X: y", 10_000)).is_ok());
    let long = body("Content-Length: 10012", 10_000);
    assert_eq!(run(&long), Err(ErrorKind::ValueTooLong { limit: 2000 }));
    let head = body(&format!("X: {}", "y".repeat(3000)), 0);
    assert_eq!(run(&head), Err(ErrorKind::ValueTooLong { limit: 2000 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i04_any_batch_is_read_alike_in_any_chunks(
        requests in prop::collection::vec((any::<bool>(), any::<bool>(), "[a-z\r\n-]{0,12}"), 0..4),
        offsets in prop::collection::vec(0..4096usize, 0..12),
    ) {
        let parts: Vec<String> = requests.iter().map(|(post, counted, name)| {
            let name = serde_json::to_string(name).unwrap();
            let content = if *post { format!("{{\"name\":{name}}}") } else { String::new() };
            let length = if *counted { format!("\nContent-Length: {}", content.len()) } else { String::new() };
            request(&format!("POST /api/x HTTP/1.1\nContent-Type: application/json{length}\n\n{content}"))
        }).collect();
        let body = batch(&parts);
        let whole = feed([body.as_bytes()], Router::default(), Limits::default());
        let cut = feed(harness::cut(body.as_bytes(), &offsets), Router::default(), Limits::default());
        prop_assert!(whole.is_ok());
        prop_assert_eq!(cut, whole);
    }
}
