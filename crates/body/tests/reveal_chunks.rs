//! Chunks: bytes without tokens pass without a copy, memory is bounded, and no chunking changes the output.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use body::Limits;
use body::Out;
use body::reveal::Reveal;
use bytes::Bytes;
use proptest::prelude::*;
use reveal_support::{HOSTILE, PIECES, Toy, fill, medium, reveal, reveal_within, show};

const TYPES: &[&str] = &[
    "application/json",
    "text/html",
    "text/html; charset=iso-8859-1",
    "application/xml",
    "application/javascript",
    "text/css",
    "text/csv",
    "application/x-www-form-urlencoded",
    "multipart/mixed; boundary=b",
    "text/event-stream",
    "text/plain",
    "text/vcard",
    "",
];

#[test]
fn a_chunk_without_tokens_passes_without_a_copy() {
    for content_type in TYPES {
        let chunk = Bytes::from("0123456789 abc {\"a\":[1,2]}\r\n".repeat(500) + "\r\n");
        let mut reveal = Reveal::new(medium(content_type), Limits::default());
        let mut out = Out::new();
        let mut toy = Toy::default();
        // A first line and event, whose end CSV and event streams wait for.
        reveal.push(&Bytes::from_static(b"a,b\r\n\r\n"), &mut toy, &mut out);
        while out.take().is_some() {}
        reveal.push(&chunk, &mut toy, &mut out);
        // A line break may begin the delimiter of a part: it waits for what is behind it.
        let mut pieces = std::iter::from_fn(|| out.take());
        let piece = pieces.find(|piece| piece.len() > 2).unwrap();
        assert_eq!(piece.as_ptr(), chunk.as_ptr(), "{content_type}");
        assert!(piece.len() + 2 >= chunk.len(), "{content_type}");
        assert_eq!(reveal.held(), 0, "{content_type}");
    }
}

#[test]
fn i13_memory_is_bounded_whatever_the_page_holds() {
    let limits = Limits {
        lookahead: 4096,
        value: 4096,
        ..Limits::default()
    };
    for content_type in TYPES {
        for filler in [
            "\\", "\"", "<", "x", "q123", "q12", "{", "&", "`${", "--b", "\n", "data:{",
        ] {
            let mut toy = Toy::default();
            let mut reveal = Reveal::new(medium(content_type), limits);
            let mut out = Out::new();
            let opening = format!("{{\"a\":\"{}", toy.seal("<\""));
            reveal.push(&Bytes::from(opening), &mut toy, &mut out);
            for _ in 0..400 {
                reveal.push(&Bytes::from(filler.repeat(100)), &mut toy, &mut out);
                assert!(reveal.held() < 40_000, "{content_type} {filler}");
            }
            reveal.finish(&mut toy, &mut out);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn i04_no_chunking_changes_the_output(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 1..40),
        content_type in prop::sample::select(TYPES.to_vec()),
        values in prop::collection::vec((prop::sample::select(HOSTILE.to_vec()), any::<bool>()), 4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        later in any::<bool>(),
        small in any::<bool>(),
    ) {
        let mut toy = Toy::default();
        toy.later = later;
        let tokens: Vec<String> =
            values.iter().map(|(value, number)| if *number { toy.seal_number("-4.5") } else { toy.seal(value) }).collect();
        let page = fill(&pieces, &tokens);
        let page = page.as_bytes();
        let limits = if small { Limits { lookahead: 24, ..Limits::default() } } else { Limits::default() };
        let (whole, counts) = reveal_within(limits, content_type, &[page], &mut toy);
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(page.len() + 1)).collect();
        ends.extend([0, page.len()]);
        ends.sort_unstable();
        let chunks: Vec<&[u8]> = ends.windows(2).map(|pair| &page[pair[0]..pair[1]]).collect();
        let (split, again) = reveal_within(limits, content_type, &chunks, &mut toy);
        prop_assert_eq!(show(&split), show(&whole), "{} {}", content_type, show(page));
        prop_assert_eq!(again, counts);
        let bytes: Vec<&[u8]> = page.chunks(1).collect();
        prop_assert_eq!(show(&reveal_within(limits, content_type, &bytes, &mut toy).0), show(&whole), "{} {}", content_type, show(page));
    }

    #[test]
    fn i03_what_holds_no_token_is_unchanged(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
        content_type in prop::sample::select(TYPES.to_vec()),
        noise in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut page: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes()).collect();
        page.extend(noise);
        let chunks: Vec<&[u8]> = page.chunks(5).collect();
        let (revealed, _) = reveal(content_type, &chunks, &mut Toy::default());
        prop_assert_eq!(show(&revealed), show(&page));
    }
}
