//! An archive on its way out: what leaves is read by another reader, member by member: those at no place hold what
//! they held, those at places their replacement, and every chunking gives the same (I4).
#![no_main]

use std::io::{Cursor, Read};

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use fuzz::{Deed, LIMITS, REPLACEMENT, rewrite};
use libfuzzer_sys::fuzz_target;
use zip::ZipArchive;

fuzz_target!(|data: &[u8]| {
    let Some((&size, archive)) = data.split_first() else {
        return;
    };
    let plan = Plan::compile(Format::Zip, [("notes/*", PlaceId(0))]).expect("a plan");
    let kind = ContentType::parse(b"application/zip").expect("a type");
    let run = |size| {
        let mut rewriter = plan.rewriter(Some(&kind), LIMITS).expect("a rewriter");
        rewrite(&mut *rewriter, archive, size, Deed::Replace)
    };
    let (whole, pieces) = (run(archive.len()), run(usize::from(size)));
    let Ok(whole) = whole else {
        assert!(pieces.is_err(), "I4: refused at every chunking");
        return;
    };
    let pieces = pieces.expect("I4: taken at every chunking");
    assert_eq!(whole.bytes, pieces.bytes, "I4: the same at every chunking");
    let (Some(came), Some(left)) = (read(archive), read(&whole.bytes)) else {
        return;
    };
    assert_eq!(came.len(), left.len(), "as many members leave as came");
    for ((name, before), (same, after)) in came.into_iter().zip(left) {
        assert_eq!(name, same);
        let place = name.to_ascii_lowercase();
        let place = place
            .strip_prefix("notes/")
            .is_some_and(|rest| !rest.contains('/'));
        match (place, before.is_empty()) {
            (true, false) => assert_eq!(after, REPLACEMENT.as_bytes()),
            _ => assert_eq!(before, after),
        }
    }
});

/// What another reader finds; nothing where it reads less than we do.
fn read(archive: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut reader = ZipArchive::new(Cursor::new(archive)).ok()?;
    (0..reader.len())
        .map(|number| {
            let mut member = reader.by_index(number).ok()?;
            let mut plain = Vec::new();
            member.read_to_end(&mut plain).ok()?;
            Some((member.name().ok()?.into_owned(), plain))
        })
        .collect()
}
