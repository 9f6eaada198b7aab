//! XML on its way out: what leaves is read by another reader, which finds at the places of what came the values that
//! were found, and at those of what leaves their replacements.
#![no_main]

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use fuzz::{LIMITS, REPLACEMENT, check};
use libfuzzer_sys::fuzz_target;
use quick_xml::NsReader;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::ResolveResult;

/// Elements of this name in this namespace, and attributes of that name, are places.
const SELECTORS: [(&str, PlaceId); 2] = [("//{urn:x}a", PlaceId(0)), ("//@b", PlaceId(1))];

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    let plan = Plan::compile(Format::Xml, SELECTORS).expect("a plan");
    let kind = ContentType::parse(b"text/xml; charset=utf-8").expect("a type");
    let outcome = check(
        || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter"),
        body,
        usize::from(size),
    );
    let Ok(rewritten) = outcome else {
        return;
    };
    let came = read(std::str::from_utf8(body).expect("text"));
    let left = read(std::str::from_utf8(&rewritten.bytes).expect("text"));
    let (Some(came), Some(left)) = (came, left) else {
        // A reference that is none passes where no place is.
        return;
    };
    let found = rewritten.found.iter().map(|(.., text)| text.as_slice());
    assert!(
        found.eq(came.iter().map(|value| value.as_bytes())),
        "another reader finds the same values"
    );
    assert_eq!(came.len(), left.len(), "as many values leave as came");
    assert!(
        left.iter().all(|value| value == REPLACEMENT),
        "every value became its replacement"
    );
});

/// The values at places that another reader finds, but for those that are empty; nothing where it refuses more.
fn read(body: &str) -> Option<Vec<String>> {
    let mut reader = NsReader::from_str(body.strip_prefix('\u{feff}').unwrap_or(body));
    let mut values = Vec::new();
    let mut text: Option<String> = None;
    loop {
        let (namespace, event) = reader.read_resolved_event().ok()?;
        let is_place = matches!(namespace, ResolveResult::Bound(name) if name.0 == "urn:x");
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                let place = is_place && !is_empty && start.local_name().as_ref() == "a";
                for attribute in start.attributes() {
                    let attribute = attribute.expect("an attribute");
                    if attribute.key.as_ref() == "b" {
                        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
                        values.push(value.expect("a value").into_owned());
                    }
                }
                text = place.then(String::new);
            }
            Event::End(_) => values.extend(text.take()),
            Event::Text(piece) => {
                if let Some(text) = &mut text {
                    text.push_str(&piece.xml10_content());
                }
            }
            Event::CData(piece) => {
                if let Some(text) = &mut text {
                    text.push_str(&piece.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(text) = &mut text {
                    text.push_str(&resolved(&reference));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    values.retain(|value| !value.is_empty());
    Some(values)
}

fn resolved(reference: &BytesRef<'_>) -> String {
    match reference.resolve_char_ref().expect("a character") {
        Some(character) => character.into(),
        None => quick_xml::escape::resolve_predefined_entity(reference)
            .expect("an entity that everybody knows")
            .to_owned(),
    }
}
