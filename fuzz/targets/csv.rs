//! A table on its way out: another reader finds the same cells before and after, but for those of protected columns,
//! each of which became its replacement.
#![no_main]

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use csv::{ByteRecord, ReaderBuilder};
use fuzz::{LIMITS, REPLACEMENT, check};
use libfuzzer_sys::fuzz_target;

const SELECTORS: [&str; 3] = ["name", "#2", "name[?id == 'x']"];

fuzz_target!(|data: &[u8]| {
    let [size, choice, body @ ..] = data else {
        return;
    };
    let selector = SELECTORS[usize::from(*choice) % SELECTORS.len()];
    let plan = Plan::compile(Format::Csv, [(selector, PlaceId(0))]).expect("a plan");
    // Tabs are told, so that the other reader has not to guess.
    let tabs = choice & 0x80 == 0;
    let kind: &[u8] = if tabs {
        b"text/tab-separated-values"
    } else {
        b"text/csv"
    };
    let kind = ContentType::parse(kind).expect("a type");
    let outcome = check(
        || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter"),
        body,
        usize::from(*size),
    );
    let Ok(rewritten) = outcome else {
        return;
    };
    let told = |window: &[u8]| window.eq_ignore_ascii_case(b"sep=");
    let wide = [&b"\xff\xfe"[..], b"\xfe\xff"];
    if !tabs || body.windows(4).any(told) || wide.iter().any(|mark| body.starts_with(mark)) {
        return;
    }
    let came = records(body);
    let left = records(&rewritten.bytes);
    assert_eq!(came.len(), left.len(), "as many rows leave as came");
    let mut found = rewritten.found.iter();
    let header = came.first().filter(|_| selector != "#2");
    let column = |name: &str| {
        let mut cells = header?.iter();
        cells.position(|cell| cell == name.as_bytes())
    };
    for (index, (came, left)) in came.iter().zip(&left).enumerate() {
        assert_eq!(came.len(), left.len(), "as many cells leave as came");
        let protected = match selector {
            "#2" => Some(1),
            _ if index == 0 => None,
            "name" => column("name"),
            _ => column("id")
                .filter(|id| came.get(*id).is_some_and(|cell| says(cell) == b"x"))
                .and_then(|_| column("name")),
        };
        for (at, (came, left)) in came.iter().zip(left).enumerate() {
            if Some(at) == protected && !came.is_empty() {
                let (.., text) = found.next().expect("every value of the column is found");
                assert_eq!(text, says(came));
                assert_eq!(left, REPLACEMENT.as_bytes());
            } else {
                assert_eq!(came, left);
            }
        }
    }
    assert!(found.next().is_none(), "nothing else is found");
});

fn records(body: &[u8]) -> Vec<ByteRecord> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    ReaderBuilder::new()
        .delimiter(b'\t')
        .has_headers(false)
        .flexible(true)
        .from_reader(body)
        .into_byte_records()
        .map(|record| record.expect("bytes in memory are read"))
        .collect()
}

/// What a cell says, without the apostrophe that a reveal sets before a formula.
fn says(cell: &[u8]) -> &[u8] {
    let Some(rest) = cell.strip_prefix(b"'") else {
        return cell;
    };
    let formula = rest.iter().find(|byte| **byte != b'\'');
    match formula {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r') => rest,
        _ => cell,
    }
}
