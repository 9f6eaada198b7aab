//! What the core costs on one core, without any network: rewriting, scanning, sealing, beside the bare primitives.

mod bodies;
mod files;
mod formats;
mod seal;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use ::seal::Scanner;
use body::coding::{Coding, Decoder, Encoder};
use body::json::{Path, Places, Stream};
use body::reveal::{Measure, Medium, Opened, Reveal, Tokens};
use body::{Edit, Editor, Error, Found, Limits, Out, PlaceId, Rewriter};
use bytes::Bytes;

/// A chunk as the wire gives it.
const CHUNK: usize = 64 << 10;

fn main() {
    let parts: [(&str, fn()); 6] = [
        ("rewriting", rewriting),
        ("scanning", scanning),
        ("bodies", bodies::run),
        ("seal", seal::run),
        ("formats", formats::run),
        ("files", files::run),
    ];
    let named: Vec<String> = std::env::args().skip(1).collect();
    let unknown = |name: &&String| parts.iter().all(|(part, _)| part != name);
    if let Some(name) = named.iter().find(unknown) {
        let all: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
        eprintln!("no part is called `{name}`; there are: {}", all.join(", "));
        std::process::exit(2);
    }
    println!("{:<58}{:>14}", "one core", "");
    for (name, run) in parts {
        if named.is_empty() || named.iter().any(|part| part == name) {
            run();
        }
    }
}

/// Runs `work` five times for a fifth of a second of this thread's processor time, and gives back the seconds of it
/// that one run takes at best: what else the machine does only ever adds.
fn time(mut work: impl FnMut()) -> f64 {
    for _ in 0..3 {
        work();
    }
    (0..5).map(|_| round(&mut work)).fold(f64::MAX, f64::min)
}

fn round(work: &mut impl FnMut()) -> f64 {
    let began = processor_time();
    let mut runs = 0_u32;
    loop {
        for _ in 0..8 {
            work();
        }
        runs += 8;
        let spent = processor_time() - began;
        if spent > Duration::from_millis(200) {
            return spent.as_secs_f64() / f64::from(runs);
        }
    }
}

fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

fn gigabytes(name: &str, bytes: usize, seconds: f64) {
    println!("{name:<58}{:>9.2} GB/s", bytes as f64 / seconds / 1e9);
}

fn nanoseconds(name: &str, seconds: f64) {
    println!("{name:<58}{:>11.0} ns", seconds * 1e9);
}

/// Gives every value a fixed text: what rewriting itself costs.
struct Fixed;

impl Editor for Fixed {
    fn value(&mut self, _found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        replacement.extend_from_slice(&[b'a'; 104]);
        Ok(Edit::Replace)
    }
}

/// Records of a CRM: what no place names is most of it.
fn records(count: usize) -> Vec<u8> {
    let record = |id: usize| {
        format!(
            "{{\"id\":{id},\"first_name\":\"Zoé\",\"last_name\":\"Tremblay-Gagnon\",\"email\":\"zoe.tremblay@example.org\",\
             \"created\":\"2026-01-02T03:04:05Z\",\"status\":\"active\",\"score\":12.75,\"tags\":[\"a\",\"b\",\"c\"],\
             \"address\":{{\"street\":\"1234, rue Sainte-Catherine Ouest\",\"city\":\"Montréal\",\"country\":\"CA\"}},\
             \"description\":\"A longer text that the SaaS needs to see, with an \\\"escape\\\" and a \\n line break in it.\"}}"
        )
    };
    let all: Vec<String> = (0..count).map(record).collect();
    format!("[{}]", all.join(",")).into_bytes()
}

fn rewriting() {
    let body = records(20_000);
    let chunks: Vec<Bytes> = body.chunks(CHUNK).map(Bytes::copy_from_slice).collect();
    for (name, selectors) in [
        (
            "JSON rewriting, 3 of 14 values protected",
            vec!["$[*].first_name", "$[*].last_name", "$[*].email"],
        ),
        (
            "JSON rewriting, no place met",
            vec!["$[*].nothing", "$.elsewhere[*].name"],
        ),
    ] {
        let paths = selectors
            .iter()
            .zip(0..)
            .map(|(text, at)| (Path::parse(text).expect("a path"), PlaceId(at)))
            .collect();
        let places = Arc::new(Places::compile(paths).expect("places"));
        let seconds = time(|| {
            let mut stream = Stream::new(Arc::clone(&places), Limits::default());
            let mut out = Out::new();
            for chunk in &chunks {
                stream.push(chunk, &mut Fixed, &mut out).expect("JSON");
                while let Some(piece) = out.take() {
                    black_box(piece);
                }
            }
            stream.finish(&mut Fixed, &mut out).expect("JSON");
            while let Some(piece) = out.take() {
                black_box(piece);
            }
        });
        gigabytes(name, body.len(), seconds);
    }
    let small = Bytes::from(records(3));
    let paths = ["$[*].first_name", "$[*].last_name", "$[*].email"];
    let paths = paths
        .iter()
        .zip(0..)
        .map(|(text, at)| (Path::parse(text).expect("a path"), PlaceId(at)))
        .collect();
    let places = Arc::new(Places::compile(paths).expect("places"));
    let seconds = time(|| {
        let mut out = Out::new();
        let mut stream = Stream::new(Arc::clone(&places), Limits::default());
        stream.push(&small, &mut Fixed, &mut out).expect("JSON");
        stream.finish(&mut Fixed, &mut out).expect("JSON");
        while let Some(piece) = out.take() {
            black_box(piece);
        }
    });
    nanoseconds(
        &format!(
            "JSON rewriting, a message of {} bytes with 9 values",
            small.len()
        ),
        seconds,
    );
}

/// The tokens of `seal`, none of which open here.
struct Scan(Scanner);

impl Tokens for Scan {
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.0.find(bytes, from)
    }

    fn find_coded(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.0.find_coded(bytes, from)
    }

    fn measure(&self, bytes: &[u8], last: bool) -> Measure {
        match ::seal::measure(bytes, last) {
            ::seal::Measure::Whole(length) => Measure::Whole(length),
            ::seal::Measure::More(length) => Measure::More(length),
            ::seal::Measure::Cut(length) => Measure::Cut(length),
            ::seal::Measure::No => Measure::No,
        }
    }

    fn open(&mut self, _token: &[u8], _plain: &mut Vec<u8>) -> Opened {
        Opened::Leave
    }
}

/// Records that differ as people do, so that they compress as answers do and no better.
fn people(count: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "Tremblay",
        "Gagnon",
        "Roy",
        "Côté",
        "Bouchard",
        "Gauthier",
        "Morin",
        "Lavoie",
        "note",
        "rendez-vous",
        "dossier",
        "suivi",
        "appel",
        "Québec",
        "Montréal",
        "Gatineau",
    ];
    let mut state = 7_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut record = |id: usize| {
        let word = |number: u64| WORDS[usize::try_from(number % 16).unwrap_or(0)];
        let text: Vec<&str> = (0..12).map(|_| word(next())).collect();
        let (key, day) = (next() << 31 | next(), next() % 28 + 1);
        format!(
            "{{\"id\":{id},\"key\":\"{key:016x}\",\"name\":\"{} {}\",\"born\":\"19{:02}-0{}-{day:02}\",\"text\":\"{}\"}}",
            word(next()),
            word(next()),
            next() % 100,
            next() % 9 + 1,
            text.join(" ")
        )
    };
    let all: Vec<String> = (0..count).map(&mut record).collect();
    format!("[{}]", all.join(",")).into_bytes()
}

/// A clean coded answer: what looking at it adds to inflating it. The budget is 0.15 of that.
fn inflating(scanner: &Scanner) {
    let plain = people(4_000);
    let mut coded = Vec::new();
    let mut encoder = Encoder::new(&[Coding::Gzip], false).expect("gzip");
    encoder.push(&plain, &mut coded).expect("memory");
    encoder.finish(&mut coded).expect("memory");
    let pass = |reads: bool| {
        let mut decoder = Decoder::new(&[Coding::Gzip], Limits::default()).expect("gzip");
        let medium = Medium::of("application/json", None, None).expect("text");
        let mut reveal = Reveal::new(medium, Limits::default());
        let mut tokens = Scan(scanner.clone());
        let mut out = Out::new();
        for piece in coded.chunks(2 << 10) {
            let mut decoded = Vec::new();
            decoder.push(piece, &mut decoded).expect("gzip");
            if reads {
                reveal.push(&decoded.into(), &mut tokens, &mut out);
                while let Some(piece) = out.take() {
                    black_box(piece);
                }
            } else {
                black_box(decoded);
            }
        }
    };
    let inflated = time(|| pass(false));
    let read = time(|| pass(true));
    gigabytes(
        "inflating gzip alone, 2 KiB at a time",
        plain.len(),
        inflated,
    );
    gigabytes(
        "the same, and the scan of a clean answer",
        plain.len(),
        read,
    );
    println!(
        "{:<58}{:>9.3} times",
        "what that costs beside inflating alone",
        read / inflated
    );
}

fn scanning() {
    let body = records(140);
    let chunk = Bytes::copy_from_slice(&body[..CHUNK.min(body.len())]);
    let scanner = Scanner::new();
    gigabytes(
        "scan for a token, none there, 64 KiB in cache",
        chunk.len(),
        time(|| {
            black_box(scanner.find(black_box(&chunk), 0));
        }),
    );
    gigabytes(
        "the same, and its base64 at three alignments",
        chunk.len(),
        time(|| {
            black_box(scanner.find(black_box(&chunk), 0));
            black_box(scanner.find_coded(black_box(&chunk), 0));
        }),
    );
    inflating(&scanner);
    let long = records(20_000);
    let chunks: Vec<Bytes> = long.chunks(CHUNK).map(Bytes::copy_from_slice).collect();
    for (name, medium) in [
        ("JSON", "application/json"),
        ("HTML", "text/html"),
        ("plain text", "text/plain"),
    ] {
        let medium = Medium::of(medium, Some("utf-8"), None).expect("text");
        let mut tokens = Scan(scanner.clone());
        let each = time(|| {
            let mut reveal = Reveal::new(medium.clone(), Limits::default());
            let mut out = Out::new();
            reveal.push(&chunk, &mut tokens, &mut out);
            reveal.finish(&mut tokens, &mut out);
            while let Some(piece) = out.take() {
                black_box(piece);
            }
        });
        gigabytes(
            &format!("reveal, {name} without a token, 64 KiB in cache"),
            chunk.len(),
            each,
        );
        let all = time(|| {
            let mut reveal = Reveal::new(medium.clone(), Limits::default());
            let mut out = Out::new();
            for chunk in &chunks {
                reveal.push(chunk, &mut tokens, &mut out);
                while let Some(piece) = out.take() {
                    black_box(piece);
                }
            }
            reveal.finish(&mut tokens, &mut out);
        });
        gigabytes(
            &format!(
                "reveal, {name} without a token, {} MB",
                long.len() / 1_000_000
            ),
            long.len(),
            all,
        );
    }
}
