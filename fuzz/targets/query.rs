//! The query of a URL: pairs at no place are what another reader finds before and after.
#![no_main]

use body::query::{Places, Syntax, rewrite};
use body::{Limits, Out, PlaceId, Selected};
use fuzz::{Deed, REPLACEMENT, Recorder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    let places = Places::compile([
        (Selected::new("name", PlaceId(0)), Syntax::Plain),
        (Selected::new("identifier", PlaceId(1)), Syntax::FhirToken),
    ])
    .expect("places");
    let mut recorder = Recorder::new(Deed::Replace);
    let Ok(changed) = rewrite(query, &places, &mut recorder, Limits::default()) else {
        return;
    };
    let left = changed.map_or_else(|| query.as_bytes().to_vec(), whole);
    assert!(
        !recorder.found.is_empty() || left == query.as_bytes(),
        "nothing changes where nothing is found"
    );
    let came: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let left: Vec<_> = form_urlencoded::parse(&left).collect();
    assert_eq!(came.len(), left.len(), "as many pairs leave as came");
    for ((name, value), (name_left, value_left)) in came.iter().zip(&left) {
        assert_eq!(name, name_left);
        match &**name {
            "name" if !value.is_empty() => assert_eq!(value_left, REPLACEMENT),
            name if name.starts_with("identifier") => {}
            _ => assert_eq!(value, value_left),
        }
    }
});

fn whole(mut out: Out) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(piece) = out.take() {
        bytes.extend_from_slice(&piece);
    }
    bytes
}
