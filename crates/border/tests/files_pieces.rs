//! Files that are sent in several requests: as many bytes as came, in any order and as often as the app likes, and the
//! file comes back whole or by ranges.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use border::{Answer, Asked, Border, Progress, Refusal, RefusalCode};
use bytes::Bytes;
use common::{Vault, begin, border, headers, send};
use http::{HeaderMap, Method, StatusCode};
use proptest::prelude::*;
use seal::file::SEGMENT;

const HOST: &str = "drive.example";
const POLICY: &str = r#"
[app]
id       = "drive"
operator = { name = "Example Inc.", jurisdiction = "US" }
hosts    = ["drive.example"]
[fields.document]
class     = "personal"
treatment = "sealed"
[fields.path]
class     = "personal"
treatment = "sealed"
[[routes]]
match   = "PUT /upload"
body    = "file"
pieces  = { upload = "?upload_id", offset = "Content-Range" }
protect = [{ at = "*", field = "document" }]
[[routes]]
match   = "PATCH /tus/{id}"
body    = "file"
pieces  = { upload = "{id}", offset = "Upload-Offset" }
protect = [{ at = "*", field = "document" }]
[[routes]]
match   = "POST /append"
body    = "file"
pieces  = { upload = "Dropbox-API-Arg $.cursor.session_id", offset = "Dropbox-API-Arg $.cursor.offset" }
protect = [{ at = "*", field = "document" }]
headers = [{ at = "Dropbox-API-Arg", as = "json", protect = [{ at = "$.commit.path", field = "path" }] }]
[[routes]]
match  = "GET /files/{id}"
answer = "file"
[[routes]]
match  = "GET /pages/{id}"
"#;

/// The same app, to which files are also sent whole.
const BOTH: &str = r#"
[[routes]]
match   = "PUT /files/{id}"
body    = "file"
protect = [{ at = "*", field = "document" }]
"#;

/// Bytes that are no text, and differ at every place.
fn file(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect()
}

/// Sends a piece as Google has it, in these chunks.
fn put(
    border: &Border,
    vault: &mut Vault,
    upload: &str,
    (offset, total): (usize, usize),
    chunks: &[&[u8]],
) -> Result<Vec<u8>, Refusal> {
    let length: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let range = format!("bytes {offset}-{}/{total}", offset + length - 1);
    let line = format!("PUT /upload?uploadType=resumable&upload_id={upload}");
    let head = [("content-range", range.as_str())];
    send(border, vault, (HOST, &line), &head, chunks)
}

/// Uploads a file in pieces of so many bytes.
fn uploaded(
    border: &Border,
    vault: &mut Vault,
    upload: &str,
    plain: &[u8],
    step: usize,
) -> Vec<u8> {
    let pieces = plain.chunks(step).enumerate();
    pieces
        .flat_map(|(at, piece)| {
            put(border, vault, upload, (at * step, plain.len()), &[piece]).unwrap()
        })
        .collect()
}

/// What a client gets of an answer.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    /// The body came to its end.
    whole: bool,
    /// How often the vault was asked.
    asked: usize,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }
}

/// Brings an answer back as the wire does: the head goes when the flow has decided, or the body has ended.
fn bring(
    border: &Border,
    vault: &mut Vault,
    path: &str,
    range: Option<&str>,
    answer: &[(&'static str, &str)],
    pieces: &[&[u8]],
) -> Got {
    let mut head = HeaderMap::new();
    if let Some(range) = range {
        head.insert("range", range.parse().unwrap());
    }
    let mut exchange = begin(border, HOST, &format!("GET {path}"), &head).unwrap();
    exchange.edit_request(&mut head);
    let mut got = Got {
        status: StatusCode::OK,
        headers: headers(answer),
        body: Vec::new(),
        whole: true,
        asked: 0,
    };
    let flow = exchange.reveal(&Method::GET, got.status, &mut got.headers);
    let Some(mut flow) = flow else {
        got.body = pieces.concat();
        return got;
    };
    let mut told = false;
    let mut pieces = pieces.iter();
    let mut ended = false;
    while !ended && !flow.is_done() {
        let piece = pieces.next();
        ended = piece.is_none();
        let mut step = match piece {
            Some(piece) => flow.push(Bytes::copy_from_slice(piece)),
            None => flow.finish(),
        };
        while let Ok(Progress::Need(asks)) = step {
            got.asked += 1;
            step = flow.answer(asks.into_iter().map(|ask| vault.answer(ask)).collect());
        }
        if !told && !flow.is_undecided() {
            told = true;
            exchange.tell(&mut got.status, &mut got.headers);
            match flow.declared() {
                Some(length) => got.headers.insert("content-length", length.into()),
                None => got.headers.remove("content-length"),
            };
        }
        got.body
            .extend(std::iter::from_fn(|| flow.take()).flatten());
        if step.is_err() {
            got.whole = false;
            return got;
        }
    }
    got
}

fn get(border: &Border, vault: &mut Vault, stored: &[u8], range: Option<&str>) -> Got {
    let length = stored.len().to_string();
    let answer = [("content-type", "image/png"), ("content-length", &*length)];
    let chunks: Vec<&[u8]> = stored.chunks(30_000).collect();
    bring(border, vault, "/files/7", range, &answer, &chunks)
}

#[test]
fn i02_a_file_in_pieces_keeps_its_size_and_comes_back_equal() {
    let border = border(&[POLICY]);
    for count in [16, 100, SEGMENT, 4 * SEGMENT, 9 * SEGMENT + 5, 40 * SEGMENT] {
        let (mut vault, plain) = (Vault::default(), file(count));
        let stored = uploaded(&border, &mut vault, "one", &plain, 4 * SEGMENT);
        assert_eq!(stored.len(), count);
        for (at, window) in plain.windows(16).enumerate().step_by(997) {
            let found = memchr::memmem::find(&stored, window);
            assert!(found.is_none(), "{at} of {count}");
        }
        let got = get(&border, &mut vault, &stored, None);
        assert!(got.body == plain && got.whole, "{count}");
        assert_eq!(got.header("content-length"), Some(&*count.to_string()));
        assert!(got.asked <= 2 + count / (16 * SEGMENT), "{}", got.asked);
    }
}

#[test]
fn each_app_says_in_its_own_way_which_piece_it_is() {
    let border = border(&[POLICY]);
    let (mut vault, plain) = (Vault::default(), file(2 * SEGMENT + 7));
    let (first, second) = plain.split_at(SEGMENT);
    let mut stored = Vec::new();
    for (offset, piece) in [("0", first), ("65536", second)] {
        let head = [("upload-offset", offset)];
        let to = (HOST, "PATCH /tus/24e533e02ec3bc40c387f1a0e460e216");
        stored.extend(send(&border, &mut vault, to, &head, &[piece]).unwrap());
    }
    assert!(get(&border, &mut vault, &stored, None).body == plain);
    stored.clear();
    for (offset, piece) in [("0", first), ("65536", second)] {
        let argument = format!(
            r#"{{"cursor":{{"session_id":"u","offset":{offset}}},"commit":{{"path":"/a"}}}}"#
        );
        let head = [("dropbox-api-arg", &*argument)];
        stored.extend(send(&border, &mut vault, (HOST, "POST /append"), &head, &[piece]).unwrap());
    }
    assert!(get(&border, &mut vault, &stored, None).body == plain);
    // Without a range it is the whole file.
    let line = "PUT /upload?upload_id=three";
    let stored = send(&border, &mut vault, (HOST, line), &[], &[&plain]).unwrap();
    assert!(get(&border, &mut vault, &stored, None).body == plain);
}

#[test]
fn a_digest_of_a_piece_is_checked_and_one_of_the_whole_file_is_not_taken_for_it() {
    let border = border(&[POLICY]);
    let plain = file(2 * SEGMENT);
    let last = |name: &'static str, digest: &str| {
        let head = [
            ("content-range", "bytes 65536-131071/131072"),
            (name, digest),
        ];
        let to = (HOST, "PUT /upload?upload_id=u");
        let mut vault = Vault::default();
        send(&border, &mut vault, to, &head, &[&plain[SEGMENT..]])
    };
    assert!(last("x-goog-hash", "md5=ICy5YqxZB1uWSwcVLSNLcA==").is_ok());
    let refusal = last("content-md5", "ICy5YqxZB1uWSwcVLSNLcA==").unwrap_err();
    assert_eq!(refusal.code, RefusalCode::UnreadableBody);
}

#[test]
fn a_piece_of_which_it_is_not_told_where_it_belongs_is_refused() {
    let border = border(&[POLICY]);
    let refused = |line: &str, head: &[(&'static str, &str)]| {
        let sent = send(
            &border,
            &mut Vault::default(),
            (HOST, line),
            head,
            &[&file(99)],
        );
        sent.unwrap_err()
    };
    let (put, tus, append) = ("PUT /upload?upload_id=1", "PATCH /tus/1", "POST /append");
    for (line, head) in [
        ("PUT /upload", &[("content-range", "bytes 0-98/99")][..]),
        ("PUT /upload?upload_id=", &[]),
        ("PUT /upload?upload_id=1&upload_id=2", &[]),
        ("PUT /upload?upload%5Fid=1", &[]),
        (put, &[("content-range", "bytes */99")]),
        (
            put,
            &[
                ("content-range", "bytes 0-98/99"),
                ("content-range", "bytes 9-98/99"),
            ],
        ),
        (put, &[("content-range", "bytes 0-98/300")]),
        (put, &[("content-range", "bytes 100-198/199")]),
        (tus, &[]),
        (tus, &[("upload-offset", "-1")]),
        (tus, &[("upload-offset", "0, 1")]),
        (tus, &[("upload-offset", "65535")]),
        (tus, &[("upload-offset", "18446744073709486080")]),
        (
            append,
            &[("dropbox-api-arg", r#"{"cursor":{"session_id":"u"}}"#)],
        ),
        (
            append,
            &[(
                "dropbox-api-arg",
                r#"{"cursor":{"session_id":"u","offset":0,"offset":65536}}"#,
            )],
        ),
        (
            append,
            &[(
                "dropbox-api-arg",
                r#"{"cursor":{"session_id":"","offset":0}}"#,
            )],
        ),
    ] {
        let refusal = refused(line, head);
        let code = refusal.code;
        let ambiguous = code == RefusalCode::UnreadableBody && line == append;
        assert!(
            code == RefusalCode::Piece || ambiguous,
            "{line} {head:?}: {refusal}"
        );
        assert!(!refusal.hint.is_empty());
    }
    // What asks how far an upload has come has no body.
    let head = [("content-range", "bytes */99")];
    let nothing = send(&border, &mut Vault::default(), (HOST, put), &head, &[]);
    assert_eq!(nothing.unwrap(), b"");
}

#[test]
fn too_few_bytes_to_be_known_by_are_refused_before_any_leaves() {
    let border = border(&[POLICY]);
    let sent = put(&border, &mut Vault::default(), "u", (0, 15), &[&file(15)]);
    let refusal = sent.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::UnreadableBody);
    assert!(refusal.detail.contains("16 bytes"), "{refusal}");
}

#[test]
fn nothing_of_a_segment_leaves_before_what_opens_it_is_kept() {
    let border = border(&[POLICY]);
    let head = headers(&[
        ("content-length", "131072"),
        ("content-range", "bytes 0-131071/131072"),
    ]);
    let mut exchange = begin(&border, HOST, "PUT /upload?upload_id=u", &head).unwrap();
    let mut flow = exchange.protect().unwrap();
    let plain = file(2 * SEGMENT);
    for half in plain.chunks(SEGMENT) {
        let Ok(Progress::Need(asks)) = flow.push(Bytes::copy_from_slice(half)) else {
            panic!("nothing is asked");
        };
        assert!(flow.take().is_none(), "it waits");
        assert_eq!(flow.declared(), Some(131_072), "the length is known");
        let mut vault = Vault::default();
        let answers = asks.into_iter().map(|ask| vault.answer(ask)).collect();
        assert!(matches!(flow.answer(answers), Ok(Progress::More)));
        assert_eq!(flow.take().map(|piece| piece.len()), Some(SEGMENT));
    }
    assert!(matches!(flow.finish(), Ok(Progress::More)));
    // A vault that does not keep it keeps it in.
    let mut exchange = begin(&border, HOST, "PUT /upload?upload_id=u", &head).unwrap();
    let mut flow = exchange.protect().unwrap();
    let Ok(Progress::Need(asks)) = flow.push(Bytes::copy_from_slice(&plain)) else {
        panic!("nothing is asked");
    };
    let gone = asks.into_iter().map(|ask| Answer::Gone { id: ask.id });
    let refusal = flow.answer(gone.collect()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::HomeAway);
    assert!(flow.take().is_none());
}

#[test]
fn ranges_are_given_from_the_opened_file() {
    let border = border(&[POLICY]);
    let (mut vault, plain) = (Vault::default(), file(3 * SEGMENT + 100));
    let stored = uploaded(&border, &mut vault, "u", &plain, SEGMENT);
    let end = plain.len();
    for (range, expected) in [
        ("bytes=0-0", 0..1),
        ("bytes=0-65535", 0..SEGMENT),
        ("bytes=65535-65536", SEGMENT - 1..SEGMENT + 1),
        ("bytes=65536-65536", SEGMENT..SEGMENT + 1),
        ("bytes=70000-140000", 70_000..140_001),
        ("bytes=196608-", 3 * SEGMENT..end),
        ("bytes=-1", end - 1..end),
        ("bytes=5-", 5..end),
    ] {
        let got = get(&border, &mut vault, &stored, Some(range));
        assert!(got.body == plain[expected.clone()] && got.whole, "{range}");
        assert_eq!(got.status, StatusCode::PARTIAL_CONTENT, "{range}");
        let told = format!("bytes {}-{}/{end}", expected.start, expected.end - 1);
        assert_eq!(got.header("content-range"), Some(&*told));
        assert_eq!(
            got.header("content-length"),
            Some(&*expected.len().to_string())
        );
    }
    let got = get(&border, &mut vault, &stored, Some("bytes=999999-"));
    assert_eq!(
        (got.status, got.body.len()),
        (StatusCode::RANGE_NOT_SATISFIABLE, 0)
    );
}

#[test]
fn a_head_tells_the_length_where_it_is_known() {
    let stated = |policy: &str, length: &str| {
        let border = border(&[policy]);
        let mut exchange = begin(&border, HOST, "GET /files/7", &HeaderMap::new()).unwrap();
        let mut head = headers(&[("content-length", length), ("content-type", "image/png")]);
        assert!(
            exchange
                .reveal(&Method::HEAD, StatusCode::OK, &mut head)
                .is_none()
        );
        let told = head.get("content-length");
        told.map(|length| length.to_str().unwrap().to_owned())
    };
    assert_eq!(stated(POLICY, "1000").as_deref(), Some("1000"));
    let both = [POLICY, BOTH].concat();
    assert_eq!(stated(&both, "1000"), None, "it is either");
    assert_eq!(
        stated(&both, "50").as_deref(),
        Some("50"),
        "no whole file has it"
    );
}

#[test]
fn files_of_both_layouts_and_of_neither_come_back() {
    let both = [POLICY, BOTH].concat();
    let border = border(&[&both]);
    let (mut vault, plain) = (Vault::default(), file(SEGMENT + 9));
    let whole = send(&border, &mut vault, (HOST, "PUT /files/7"), &[], &[&plain]).unwrap();
    let kept = uploaded(&border, &mut vault, "u", &plain, SEGMENT);
    for stored in [&whole, &kept] {
        assert!(get(&border, &mut vault, stored, None).body == plain);
        let coded = {
            use std::io::Write as _;
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(stored).unwrap();
            encoder.finish().unwrap()
        };
        let answer = [("content-encoding", "gzip"), ("content-type", "image/png")];
        let pieces: Vec<&[u8]> = coded.chunks(20_000).collect();
        let got = bring(&border, &mut vault, "/files/7", None, &answer, &pieces);
        let mut decoded = Vec::new();
        std::io::Read::read_to_end(
            &mut flate2::read::GzDecoder::new(&got.body[..]),
            &mut decoded,
        )
        .unwrap();
        assert!(decoded == plain && got.whole);
    }
    for foreign in [
        &b""[..],
        b"x",
        b"fifteen bytes!!",
        &file(17),
        &file(200_000),
        b"\x8frempart",
    ] {
        let got = get(&border, &mut vault, foreign, None);
        assert!(got.body == foreign && got.whole);
    }
    // A text is looked through for tokens once it is known to be none of ours.
    let line = [("content-type", "text/plain")];
    for text in ["short", "a text that is longer than thirty-two bytes"] {
        let got = bring(
            &border,
            &mut vault,
            "/files/7",
            None,
            &line,
            &[text.as_bytes()],
        );
        assert_eq!(got.body, text.as_bytes());
    }
    // Where the policy does not say that files come, nobody asks for each answer.
    let got = bring(&border, &mut vault, "/pages/7", None, &line, &[&kept]);
    assert!(got.body == kept && got.asked == 0);
}

#[test]
fn i04_sealing_and_opening_are_the_same_at_every_chunking() {
    let border = border(&[POLICY]);
    let (mut vault, plain) = (Vault::default(), file(SEGMENT + 300));
    let total = plain.len();
    let stored = put(&border, &mut vault, "u", (0, total), &[&plain]).unwrap();
    for at in [
        1,
        15,
        16,
        31,
        32,
        33,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        total - 1,
    ] {
        let (one, two) = plain.split_at(at);
        let again = put(&border, &mut vault, "u", (0, total), &[one, two]).unwrap();
        assert!(again == stored, "{at}");
        let (one, two) = stored.split_at(at);
        let got = bring(&border, &mut vault, "/files/7", None, &[], &[one, two]);
        assert!(got.body == plain && got.whole, "{at}");
    }
    assert_eq!(vault.segments.len(), 2, "what is sent again is kept once");
    let short = file(300);
    let stored = put(&border, &mut vault, "v", (0, 300), &[&short]).unwrap();
    let bytes: Vec<&[u8]> = stored.chunks(1).collect();
    assert_eq!(
        bring(&border, &mut vault, "/files/7", None, &[], &bytes).body,
        short
    );
}

#[test]
fn a_file_that_was_changed_or_cut_breaks_off_before_what_is_wrong() {
    let border = border(&[POLICY]);
    let (mut vault, plain) = (Vault::default(), file(4 * SEGMENT));
    let stored = uploaded(&border, &mut vault, "u", &plain, SEGMENT);
    let mut changed = stored.clone();
    changed[2 * SEGMENT + 5] ^= 1;
    let swapped = [
        &stored[..SEGMENT],
        &stored[2 * SEGMENT..3 * SEGMENT],
        &stored[SEGMENT..2 * SEGMENT],
        &stored[3 * SEGMENT..],
    ]
    .concat();
    for (stored, good) in [
        (&changed[..], 2),
        (&stored[..3 * SEGMENT], 3),
        (&stored[..3 * SEGMENT + 9], 3),
        (&swapped[..], 1),
    ] {
        let got = get(&border, &mut vault, stored, None);
        assert!(!got.whole);
        assert!(plain[..good * SEGMENT].starts_with(&got.body));
        // With all the bytes of its length it would look whole.
        assert!(got.body.len() < stored.len());
    }
}

#[test]
fn i09_a_file_opens_in_its_own_app_only() {
    let border_of = |policy: &str| border(&[policy]);
    let (mut vault, plain) = (Vault::default(), file(500));
    let stored = uploaded(&border_of(POLICY), &mut vault, "u", &plain, SEGMENT);
    let other = POLICY.replace("\"drive\"", "\"other\"");
    let got = get(&border_of(&other), &mut vault, &stored, None);
    assert!(got.body == stored && got.whole);
}

#[test]
fn keys_may_be_rotated_in_the_middle_of_an_upload() {
    let (keys, plan) = common::living(&[POLICY]);
    let (mut vault, plain) = (Vault::default(), file(3 * SEGMENT));
    let mut stored = Vec::new();
    for (at, piece) in plain.chunks(SEGMENT).enumerate() {
        let border = keys.border(&plan);
        stored.extend(
            put(
                &border,
                &mut vault,
                "u",
                (at * SEGMENT, plain.len()),
                &[piece],
            )
            .unwrap(),
        );
        keys.rotate("drive", "document");
    }
    let got = get(&keys.border(&plan), &mut vault, &stored, None);
    assert!(got.body == plain && got.whole);
}

#[test]
fn the_vault_is_told_nothing_of_the_file() {
    let border = border(&[POLICY]);
    let (mut vault, plain) = (Vault::default(), vec![b'x'; 2 * SEGMENT]);
    let stored = uploaded(&border, &mut vault, "secret-upload", &plain, SEGMENT);
    for ((app, print), sealed) in &vault.segments {
        assert_eq!(app, "drive");
        let kept = [
            &print[..],
            &sealed.iter().flatten().copied().collect::<Vec<u8>>(),
        ]
        .concat();
        assert!(memchr::memmem::find(&kept, b"xxxx").is_none());
        assert!(memchr::memmem::find(&kept, b"secret").is_none());
    }
    assert_ne!(
        stored[..SEGMENT],
        stored[SEGMENT..],
        "equal segments differ"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn i02_any_pieces_in_any_order_sent_again_or_not_give_the_file_and_its_ranges_back(
        length in 16..5 * SEGMENT,
        cuts in prop::collection::btree_set(1_usize..5, 0..4),
        turn in any::<prop::sample::Index>(),
        again in any::<prop::sample::Index>(),
        chunk in 1_000_usize..200_000,
        marks in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let border = border(&[POLICY]);
        let (mut vault, plain) = (Vault::default(), file(length));
        let mut edges = vec![0];
        edges.extend(cuts.iter().map(|cut| cut * SEGMENT).filter(|&cut| cut < length));
        edges.push(length);
        let mut pieces: Vec<_> = edges.windows(2).map(|edge| edge[0]..edge[1]).collect();
        pieces.rotate_left(turn.index(edges.len() - 1));
        let mut stored = vec![0; length];
        // A client's second thought about a piece, before it sends what it means.
        let second = pieces[again.index(pieces.len())].clone();
        let mut other = plain[second.clone()].to_vec();
        other[0] ^= 1;
        let wrong = put(&border, &mut vault, "u", (second.start, length), &[&other]).unwrap();
        for at in pieces.iter().chain([&second]) {
            let chunks: Vec<&[u8]> = plain[at.clone()].chunks(chunk).collect();
            let sealed = put(&border, &mut vault, "u", (at.start, length), &chunks).unwrap();
            prop_assert_eq!(sealed.len(), at.len());
            stored[at.clone()].copy_from_slice(&sealed);
        }
        let shared = wrong.iter().zip(&stored[second.clone()]).zip(other.iter().zip(&plain[second]));
        let same = shared.filter(|((a, b), (c, d))| *a ^ *b == *c ^ *d).count();
        let first = other.len().min(SEGMENT);
        prop_assert!(same <= other.len() - first + first / 8 + 8, "a keystream of two texts");
        let got = get(&border, &mut vault, &stored, None);
        prop_assert!(got.body == plain && got.whole);
        let (one, two) = (marks.0.index(length), marks.1.index(length));
        let (start, end) = (one.min(two), one.max(two));
        let got = get(&border, &mut vault, &stored, Some(&format!("bytes={start}-{end}")));
        prop_assert!(got.body == plain[start..=end] && got.whole);
    }

    #[test]
    fn a_changed_byte_is_never_given(length in 16..2 * SEGMENT, at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let border = border(&[POLICY]);
        let (mut vault, plain) = (Vault::default(), file(length));
        let mut stored = uploaded(&border, &mut vault, "u", &plain, SEGMENT);
        let at = at.index(length);
        stored[at] ^= 1 << bit;
        let got = get(&border, &mut vault, &stored, None);
        // A file whose first bytes were changed is none of ours, and comes as it is.
        let foreign = at < 32 && got.body == stored;
        prop_assert!(foreign || !got.whole && got.body.len() <= at);
    }
}

/// What is asked of the vault is bounded, whatever the file.
#[test]
fn a_file_is_brought_by_sixteen_segments_at_once() {
    let border = border(&[POLICY]);
    let (mut vault, plain) = (Vault::default(), file(20 * SEGMENT));
    let stored = uploaded(&border, &mut vault, "u", &plain, 4 * SEGMENT);
    let mut exchange = begin(&border, HOST, "GET /files/7", &HeaderMap::new()).unwrap();
    let flow = exchange.reveal(&Method::GET, StatusCode::OK, &mut HeaderMap::new());
    let mut flow = flow.unwrap();
    let mut step = flow.push(Bytes::from(stored));
    let mut counts = Vec::new();
    while let Ok(Progress::Need(asks)) = step {
        counts.extend(asks.iter().map(|ask| match &ask.what {
            Asked::BringSegments { fingerprints, .. } => fingerprints.len(),
            _ => 0,
        }));
        step = flow.answer(asks.into_iter().map(|ask| vault.answer(ask)).collect());
    }
    assert_eq!(counts, [1, 16, 16]);
    assert!(matches!(flow.finish(), Ok(Progress::More)));
    let body: Vec<u8> = std::iter::from_fn(|| flow.take()).flatten().collect();
    assert!(body == plain);
}
