//! Files: sealed as they come, opened as they come, and told truthfully in the head of their answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use border::{Border, Exchange, Flow, Progress, RefusalCode};
use bytes::Bytes;
use common::{Vault, begin, border, headers, send};
use http::{HeaderMap, Method, StatusCode};
use proptest::prelude::*;
use seal::file::stream::{Header, SEALED_SEGMENT, sealed_len};
use seal::file::{SEGMENT, stream};

const HOST: &str = "drive.example";
const POLICY: &str = r#"
[app]
id       = "drive"
operator = { name = "Example Inc.", jurisdiction = "US" }
hosts    = ["drive.example"]
[fields.document]
class     = "personal"
treatment = "sealed"
[fields.secret]
class     = "personal"
treatment = "block"
[fields.open]
class     = "personal"
treatment = "pass"
[fields.title]
class     = "personal"
treatment = "sealed"
[[routes]]
match   = "PUT /files/{id}"
body    = "file"
protect = [{ at = "*", field = "document" }]
[[routes]]
match   = "PUT /secrets/{id}"
body    = "file"
protect = [{ at = "*", field = "secret" }]
[[routes]]
match   = "PUT /open/{id}"
body    = "file"
protect = [{ at = "*", field = "open" }]
[[routes]]
match   = "POST /files"
body    = "multipart"
protect = [{ at = "document", as = "file", field = "document" }, { at = "title", field = "title" }]
[[routes]]
match  = "GET /files/{id}"
answer = "file"
[[routes]]
match  = "GET /things/{id}"
"#;

const OTHER: &str = r#"
[app]
id       = "other"
operator = { name = "Example Inc.", jurisdiction = "US" }
hosts    = ["other.example"]
[fields.document]
class     = "personal"
treatment = "sealed"
[[routes]]
match   = "PUT /files/{id}"
body    = "file"
protect = [{ at = "*", field = "document" }]
[[routes]]
match  = "GET /files/{id}"
"#;

/// Bytes that are no text, and differ at every place.
fn file(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect()
}

fn sealed(border: &Border, plain: &[u8]) -> Vec<u8> {
    sent(border, "PUT /files/7", &[plain])
}

fn sent(border: &Border, line: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let head = [("content-type", "image/png")];
    send(border, &mut Vault::default(), (HOST, line), &head, pieces).unwrap()
}

/// What a client gets of an answer.
#[derive(Debug)]
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    /// The body came to its end.
    whole: bool,
    exchange: Exchange,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }

    fn length(&self) -> Option<usize> {
        self.header("content-length")
            .map(|length| length.parse().unwrap())
    }
}

/// Brings an answer back as the wire does: the head goes when the flow has decided, or the body has ended.
fn bring(
    border: &Border,
    host: &str,
    asked: &[(&'static str, &str)],
    answer: &[(&'static str, &str)],
    pieces: &[&[u8]],
) -> Got {
    let mut head = headers(asked);
    let mut exchange = begin(border, host, "GET /files/7", &head).unwrap();
    exchange.edit_request(&mut head);
    assert!(!head.contains_key("range") && !head.contains_key("if-range"));
    let mut got = Got {
        status: StatusCode::OK,
        headers: headers(answer),
        body: Vec::new(),
        whole: true,
        exchange,
    };
    let flow = got
        .exchange
        .reveal(&Method::GET, got.status, &mut got.headers);
    let Some(mut flow) = flow else {
        got.body = pieces.concat();
        return got;
    };
    let mut told = false;
    let mut pieces = pieces.iter();
    loop {
        if !told && !flow.is_undecided() {
            told = true;
            got.exchange.tell(&mut got.status, &mut got.headers);
            match flow.declared() {
                Some(length) => got.headers.insert("content-length", length.into()),
                None => got.headers.remove("content-length"),
            };
        }
        got.body.extend(taken(&mut *flow));
        if flow.is_done() {
            break;
        }
        let piece = pieces.next();
        let step = match piece {
            Some(piece) => flow.push(Bytes::copy_from_slice(piece)),
            None => flow.finish(),
        };
        match step {
            Ok(Progress::More) => {}
            Ok(Progress::Need(asks)) => panic!("{asks:?}"),
            Err(_) => {
                got.body.extend(taken(&mut *flow));
                got.whole = false;
                break;
            }
        }
        if piece.is_none() {
            got.body.extend(taken(&mut *flow));
            break;
        }
    }
    got
}

fn taken(flow: &mut dyn Flow) -> Vec<u8> {
    std::iter::from_fn(|| flow.take()).flatten().collect()
}

fn length(bytes: &[u8]) -> String {
    bytes.len().to_string()
}

#[test]
fn i02_a_file_comes_back_equal_whatever_its_length() {
    let border = border(&[POLICY]);
    for count in [
        1,
        15,
        77,
        78,
        79,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        3 * SEGMENT,
    ] {
        let plain = file(count);
        let away = sealed(&border, &plain);
        assert_eq!(away.len() as u64, sealed_len(count as u64).unwrap());
        assert!(memchr::memmem::find(&away, &plain[..count.min(16)]).is_none() || count < 4);
        let got = bring(
            &border,
            HOST,
            &[],
            &[
                ("content-type", "image/png"),
                ("content-length", &length(&away)),
            ],
            &[&away],
        );
        assert!(got.body == plain && got.whole, "{count}");
        assert_eq!((got.status, got.length()), (StatusCode::OK, Some(count)));
        assert_eq!(
            got.exchange.summary().revealed,
            [("document".to_owned(), 1)]
        );
    }
}

#[test]
fn an_empty_file_stays_empty() {
    assert_eq!(sealed(&border(&[POLICY]), b""), b"");
}

#[test]
fn i04_sealing_and_opening_are_the_same_at_every_chunking() {
    let border = border(&[POLICY]);
    let plain = file(SEGMENT + 300);
    let away = sealed(&border, &plain);
    for at in [
        1,
        2,
        8,
        77,
        78,
        79,
        100,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        plain.len() - 1,
    ] {
        let (one, two) = plain.split_at(at);
        assert!(sent(&border, "PUT /files/7", &[one, two]) == away, "{at}");
        let (one, two) = away.split_at(at);
        let got = bring(&border, HOST, &[], &[], &[one, two]);
        assert!(got.body == plain && got.whole, "{at}");
    }
    let short = file(300);
    let away = sealed(&border, &short);
    let bytes: Vec<&[u8]> = away.chunks(1).collect();
    assert_eq!(bring(&border, HOST, &[], &[], &bytes).body, short);
    let bytes: Vec<&[u8]> = short.chunks(1).collect();
    assert_eq!(sent(&border, "PUT /files/7", &bytes), away);
}

#[test]
fn the_length_that_leaves_is_known_from_the_one_that_comes_and_nothing_is_held_for_it() {
    let border = border(&[POLICY]);
    let plain = file(3 * SEGMENT);
    let head = headers(&[("content-length", &length(&plain))]);
    let mut exchange = begin(&border, HOST, "PUT /files/7", &head).unwrap();
    let mut flow = exchange.protect().unwrap();
    let mut left = Vec::new();
    for chunk in plain.chunks(8 << 10) {
        assert!(matches!(
            flow.push(Bytes::copy_from_slice(chunk)),
            Ok(Progress::More)
        ));
        left.extend(taken(&mut *flow));
        assert_eq!(flow.declared(), sealed_len(plain.len() as u64).ok());
        assert!(flow.held() <= 2 * SEALED_SEGMENT, "{}", flow.held());
    }
    assert!(left.len() > SEGMENT, "it leaves as it comes");
    assert!(matches!(flow.finish(), Ok(Progress::More)));
    left.extend(taken(&mut *flow));
    assert_eq!(left.len() as u64, sealed_len(plain.len() as u64).unwrap());
}

#[test]
fn a_sealed_file_that_is_sent_again_passes_and_what_only_begins_like_one_is_refused() {
    let border = border(&[POLICY, OTHER]);
    let plain = file(2 * SEGMENT + 5);
    let away = sealed(&border, &plain);
    for cut in [
        1,
        77,
        78,
        79,
        SEGMENT,
        SEALED_SEGMENT + 78,
        SEALED_SEGMENT + 79,
    ] {
        let (one, two) = away.split_at(cut);
        assert!(sent(&border, "PUT /files/7", &[one, two]) == away, "{cut}");
    }
    // Under a true header, what is no segment of the file does not leave.
    let forged = [&away[..Header::LEN], &plain[..]].concat();
    for pieces in [vec![&forged[..]], forged.chunks(5000).collect()] {
        let head = headers(&[]);
        let mut exchange = begin(&border, HOST, "PUT /files/7", &head).unwrap();
        let mut flow = exchange.protect().unwrap();
        let refused = pieces
            .iter()
            .find_map(|piece| flow.push(Bytes::copy_from_slice(piece)).err());
        let refusal = refused.or_else(|| flow.finish().err()).unwrap();
        assert_eq!(refusal.code, RefusalCode::UnreadableBody);
        assert_eq!(taken(&mut *flow), b"");
    }
    // Of another app it is bytes like any other.
    let head = [("content-type", "image/png")];
    let to = ("other.example", "PUT /files/7");
    let again = send(&border, &mut Vault::default(), to, &head, &[&away]).unwrap();
    assert_eq!(again.len() as u64, sealed_len(away.len() as u64).unwrap());
}

#[test]
fn what_only_begins_like_the_magic_is_sealed() {
    let border = border(&[POLICY]);
    for plain in [
        &b"\x8f"[..],
        b"\x8frempart",
        b"\x8fremparts and more",
        &[0x8f; 200],
    ] {
        let away = sealed(&border, plain);
        assert_eq!(away.len() as u64, sealed_len(plain.len() as u64).unwrap());
        assert_eq!(bring(&border, HOST, &[], &[], &[&away]).body, plain);
        // And an answer that only begins like it passes.
        assert_eq!(bring(&border, HOST, &[], &[], &[plain]).body, plain);
    }
}

#[test]
fn block_and_pass_are_what_they_say() {
    let border = border(&[POLICY]);
    let plain = file(5000);
    assert_eq!(sent(&border, "PUT /open/7", &[&plain]), plain);
    let to = (HOST, "PUT /secrets/7");
    let refused = send(&border, &mut Vault::default(), to, &[], &[&plain]).unwrap_err();
    assert_eq!(refused.code, RefusalCode::BlockedValue);
}

#[test]
fn an_answer_that_was_opened_tells_nothing_of_what_it_was() {
    let border = border(&[POLICY]);
    let plain = file(SEGMENT + 9);
    let away = sealed(&border, &plain);
    let answer = [
        ("content-type", "text/html"),
        ("content-length", &length(&away)),
        ("content-md5", "x"),
        ("repr-digest", "sha-256=:x:"),
        ("x-amz-checksum-crc32", "x"),
        ("x-goog-hash", "md5=x"),
        ("etag", "\"abc\""),
        ("cache-control", "public, max-age=60"),
    ];
    let got = bring(&border, HOST, &[], &answer, &[&away]);
    assert!(got.body == plain);
    let names: Vec<&str> = got.headers.keys().map(http::HeaderName::as_str).collect();
    for gone in [
        "content-md5",
        "repr-digest",
        "x-amz-checksum-crc32",
        "x-goog-hash",
    ] {
        assert!(!names.contains(&gone), "{gone}");
    }
    assert_eq!(got.header("etag"), Some("\"abc\""));
    assert_eq!(got.header("accept-ranges"), Some("bytes"));
    assert_eq!(got.header("cache-control"), Some("private, max-age=60"));
    assert_eq!(got.length(), Some(plain.len()));
}

#[test]
fn what_is_no_file_comes_as_it_was_with_all_that_its_head_said() {
    let border = border(&[POLICY]);
    let plain = file(70_000);
    let all = [
        ("content-type", "image/png"),
        ("content-length", &length(&plain)),
        ("content-md5", "x"),
        ("accept-ranges", "bytes"),
    ];
    let got = bring(
        &border,
        HOST,
        &[("range", "bytes=0-9")],
        &all,
        &[&plain[..5], &plain[5..]],
    );
    assert_eq!((got.status, &got.body), (StatusCode::OK, &plain));
    assert_eq!(got.headers, headers(&all));
}

#[test]
fn a_part_of_a_file_is_the_part_that_was_asked_for() {
    let border = border(&[POLICY]);
    let count = 2 * SEGMENT + 100;
    let plain = file(count);
    let away = sealed(&border, &plain);
    let answer = [("content-length", &*length(&away)), ("etag", "\"abc\"")];
    let (last, all) = (count - 1, count);
    for (asked, range) in [
        ("bytes=0-0".to_owned(), 0..1),
        (format!("bytes=0-{last}"), 0..all),
        ("bytes=10-".to_owned(), 10..all),
        ("bytes=-1".to_owned(), last..all),
        ("bytes=-100".to_owned(), all - 100..all),
        (
            format!("bytes={}-{}", SEGMENT - 1, SEGMENT),
            SEGMENT - 1..SEGMENT + 1,
        ),
        (
            format!("bytes={SEGMENT}-{}", 2 * SEGMENT - 1),
            SEGMENT..2 * SEGMENT,
        ),
        (format!("bytes={}-999999999", 2 * SEGMENT), 2 * SEGMENT..all),
    ] {
        for step in [1000, 70_000, away.len()] {
            let pieces: Vec<&[u8]> = away.chunks(step).collect();
            let got = bring(&border, HOST, &[("range", &asked)], &answer, &pieces);
            assert!(
                got.body == plain[range.clone()] && got.whole,
                "{asked} by {step}"
            );
            assert_eq!(got.status, StatusCode::PARTIAL_CONTENT, "{asked}");
            assert_eq!(got.length(), Some(range.len()), "{asked}");
            let told = format!("bytes {}-{}/{count}", range.start, range.end - 1);
            assert_eq!(got.header("content-range"), Some(&*told));
        }
    }
    for (if_range, status) in [
        ("\"abc\"", StatusCode::PARTIAL_CONTENT),
        ("\"abd\"", StatusCode::OK),
        ("W/\"abc\"", StatusCode::OK),
    ] {
        let asked = [("range", "bytes=5-6"), ("if-range", if_range)];
        let got = bring(&border, HOST, &asked, &answer, &[&away]);
        assert_eq!(got.status, status, "{if_range}");
        assert!(
            got.body
                == if status == StatusCode::OK {
                    &plain[..]
                } else {
                    &plain[5..7]
                }
        );
    }
    let got = bring(
        &border,
        HOST,
        &[("range", "bytes=0-1,5-6")],
        &answer,
        &[&away],
    );
    assert!(got.status == StatusCode::OK && got.body == plain);
    let beyond = format!("bytes={count}-");
    let got = bring(&border, HOST, &[("range", &beyond)], &answer, &[&away]);
    assert_eq!(
        (got.status, got.body.len(), got.length()),
        (StatusCode::RANGE_NOT_SATISFIABLE, 0, Some(0))
    );
    assert_eq!(
        got.header("content-range"),
        Some(&*format!("bytes */{count}"))
    );
    // Of a file whose length nobody tells, there is only the whole.
    let got = bring(&border, HOST, &[("range", "bytes=5-6")], &[], &[&away]);
    assert!(got.status == StatusCode::OK && got.body == plain && got.length().is_none());
}

#[test]
fn the_answer_to_a_head_tells_the_length_of_the_file_where_the_route_says_that_it_is_one() {
    let border = border(&[POLICY]);
    let sealed = sealed_len(12_345).unwrap().to_string();
    for (path, length) in [("/files/7", "12345"), ("/things/7", &*sealed)] {
        let line = format!("HEAD {path}");
        let mut exchange = begin(&border, HOST, &line, &HeaderMap::new()).unwrap();
        let mut head = headers(&[("content-type", "image/png"), ("content-length", &sealed)]);
        assert!(
            exchange
                .reveal(&Method::HEAD, StatusCode::OK, &mut head)
                .is_none()
        );
        assert_eq!(head["content-length"], length, "{path}");
    }
}

#[test]
fn a_file_that_was_changed_or_cut_short_never_looks_whole() {
    let border = border(&[POLICY]);
    let plain = file(2 * SEGMENT + 100);
    let away = sealed(&border, &plain);
    let mut changed = away.clone();
    changed[Header::LEN + SEALED_SEGMENT + 7] ^= 1;
    let swapped = [
        &away[..Header::LEN],
        &away[Header::LEN + SEALED_SEGMENT..Header::LEN + 2 * SEALED_SEGMENT],
        &away[Header::LEN..Header::LEN + SEALED_SEGMENT],
        &away[Header::LEN + 2 * SEALED_SEGMENT..],
    ]
    .concat();
    let grown = [&away[..], b"x"].concat();
    let segments = &away[..Header::LEN + 2 * SEALED_SEGMENT];
    for damaged in [
        &changed[..],
        &swapped,
        &grown,
        segments,
        &away[..away.len() - 1],
        &away[..90],
    ] {
        let pieces: Vec<&[u8]> = damaged.chunks(10_000).collect();
        let got = bring(
            &border,
            HOST,
            &[],
            &[("content-type", "image/png")],
            &pieces,
        );
        assert!(!got.whole);
        assert!(plain.starts_with(&got.body), "what came out stood there");
        assert_eq!(got.exchange.summary().unopened, 1);
    }
}

#[test]
fn i09_the_file_of_another_app_and_one_whose_header_was_changed_pass_as_they_are() {
    let border = border(&[POLICY, OTHER]);
    let away = sealed(&border, &file(5000));
    let all = [
        ("content-type", "image/png"),
        ("content-length", &*length(&away)),
    ];
    let got = bring(
        &border,
        "other.example",
        &[("range", "bytes=1-2")],
        &all,
        &[&away],
    );
    assert_eq!(
        (got.status, &got.body, got.length()),
        (StatusCode::OK, &away, Some(away.len()))
    );
    assert_eq!(got.exchange.summary().unopened, 1);
    let mut changed = away.clone();
    changed[Header::LEN - 1] ^= 1;
    let got = bring(&border, HOST, &[], &all, &[&changed]);
    assert!(got.whole && got.body == changed);
}

#[test]
fn a_file_behind_a_content_coding_is_opened_and_coded_again() {
    use std::io::{Read as _, Write as _};
    let border = border(&[POLICY]);
    let plain = file(SEGMENT + 40);
    let zip = |bytes: &[u8]| {
        let mut coded = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        coded.write_all(bytes).unwrap();
        coded.finish().unwrap()
    };
    let head = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    let to = (HOST, "PUT /files/7");
    let left = send(&border, &mut Vault::default(), to, &head, &[&zip(&plain)]).unwrap();
    for kind in ["application/json", "image/png"] {
        let head = [
            ("content-type", kind),
            ("content-encoding", "gzip"),
            ("content-length", &length(&left)),
        ];
        let pieces: Vec<&[u8]> = left.chunks(4000).collect();
        let got = bring(&border, HOST, &[], &head, &pieces);
        let mut opened = Vec::new();
        flate2::read::GzDecoder::new(&got.body[..])
            .read_to_end(&mut opened)
            .unwrap();
        assert!(
            opened == plain && got.whole && got.length().is_none(),
            "{kind}"
        );
        // And what is no file stays coded as it came.
        let coded = zip(&plain);
        let head = [("content-type", kind), ("content-encoding", "gzip")];
        let pieces: Vec<&[u8]> = coded.chunks(4000).collect();
        assert!(
            bring(&border, HOST, &[], &head, &pieces).body == coded,
            "{kind}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn i02_i04_any_range_of_any_file_in_any_pieces(
        count in 1usize..200_000,
        first in 0usize..200_000,
        more in 1usize..200_000,
        step in 1usize..100_000,
    ) {
        let border = border(&[POLICY]);
        let plain = file(count);
        let pieces: Vec<&[u8]> = plain.chunks(step).collect();
        let away = sent(&border, "PUT /files/7", &pieces);
        prop_assert_eq!(stream::plain_len(away.len() as u64).unwrap(), count as u64);
        let asked = format!("bytes={first}-{}", first + more - 1);
        let told = length(&away);
        let answer = [("content-length", &*told)];
        let pieces: Vec<&[u8]> = away.chunks(step).collect();
        let got = bring(&border, HOST, &[("range", &asked)], &answer, &pieces);
        let wanted = plain.get(first..count.min(first + more)).unwrap_or_default();
        prop_assert!(got.whole && got.body == wanted);
        prop_assert_eq!(got.length(), Some(wanted.len()));
    }
}
#[test]
fn a_part_of_a_multipart_body_is_a_file_and_comes_back_by_itself() {
    let border = border(&[POLICY]);
    let plain = b"%PDF-1.7 what nobody reads".repeat(20);
    let body = [
        &b"--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA title\r\n"[..],
        b"--x\r\nContent-Disposition: form-data; name=\"document\"; filename=\"a.pdf\"\r\n\r\n",
        &plain,
        b"\r\n--x--\r\n",
    ]
    .concat();
    let head = [("content-type", "multipart/form-data; boundary=x")];
    let to = (HOST, "POST /files");
    let left = send(&border, &mut Vault::default(), to, &head, &[&body]).unwrap();
    assert!(memchr::memmem::find(&left, b"what nobody").is_none());
    assert!(memchr::memmem::find(&left, b"A title").is_none());
    let from = memchr::memmem::find(&left, b"\x8frempart").unwrap();
    let to = memchr::memmem::rfind(&left, b"\r\n--x--").unwrap();
    let got = bring(&border, HOST, &[], &[], &[&left[from..to]]);
    assert_eq!(got.body, plain);
}

const PEOPLE: &str = r#"
[app]
id       = "drive"
operator = { name = "Example Inc.", jurisdiction = "US" }
hosts    = ["drive.example"]
[fields.document]
class     = "personal"
treatment = "sealed"
subject   = "{person}"
[[routes]]
match   = "PUT /people/{person}/files"
body    = "file"
protect = [{ at = "*", field = "document" }]
[[routes]]
match  = "GET /files/{id}"
"#;

#[test]
fn a_file_is_sealed_under_the_key_of_whose_it_is_and_ends_with_it() {
    let (subjects, plan) = common::living(&[PEOPLE]);
    let border = subjects.border(&plan);
    let mut vault = Vault {
        subjects: Some(Arc::clone(&subjects)),
        ..Vault::default()
    };
    let plain = file(SEGMENT + 10);
    let pieces: Vec<&[u8]> = plain.chunks(5000).collect();
    let mut away = Vec::new();
    // The first file of a person asks for a key; the second has it at hand.
    for person in ["ada", "ada", "bob"] {
        let line = format!("PUT /people/{person}/files");
        let left = send(&border, &mut vault, (HOST, &line), &[], &pieces).unwrap();
        assert_eq!(left.len() as u64, sealed_len(plain.len() as u64).unwrap());
        away.push(left);
    }
    assert_eq!(away[0], away[1]);
    assert_ne!(away[0][..20], away[2][..20]);
    for left in &away {
        assert!(bring(&border, HOST, &[], &[], &[left]).body == plain);
    }
    subjects.shred("drive", b"ada");
    let border = subjects.border(&plan);
    assert!(bring(&border, HOST, &[], &[], &[&away[0]]).body == away[0]);
    assert!(bring(&border, HOST, &[], &[], &[&away[2]]).body == plain);
}
