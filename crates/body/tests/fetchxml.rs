//! FetchXML against an independent reader of XML: what is accepted is read as that reads it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod language_support;

use body::language::Language;
use language_support::{Tokens, plan, rewrite};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// The values that conditions compare with attributes, as the other reader sees them.
fn compared(statement: &str) -> Result<Vec<(String, String)>, quick_xml::Error> {
    let mut reader = Reader::from_str(statement);
    let mut found = Vec::new();
    let mut attribute = String::new();
    let mut text = String::new();
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(found),
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == "condition" => {
                attribute = named(&tag, "attribute").unwrap_or_default();
                found.extend(named(&tag, "value").map(|value| (attribute.clone(), value)));
            }
            Event::Start(tag) if tag.name().as_ref() == "value" => text.clear(),
            Event::Text(raw) => text.push_str(&raw),
            Event::CData(raw) => text.push_str(&raw),
            Event::End(tag) if tag.name().as_ref() == "value" => {
                found.push((attribute.clone(), text.clone()));
            }
            _ => {}
        }
    }
}

fn named(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes().map(Result::unwrap);
    let found = attributes.find(|attribute| attribute.key.as_ref() == name);
    found.map(|attribute| attribute.value.into_owned())
}

/// Pieces of conditions, whole and not.
fn conditions() -> impl Strategy<Value = String> {
    let whole = prop::sample::select(vec![
        "<condition attribute='lastname' operator='eq' value='SECRET'/>",
        "<condition operator=\"ne\" value = \"SECRET>'\" attribute=\"lastname\"></condition>",
        "<condition attribute='lastname' operator='in'><value>SECRET</value>",
        "<condition attribute='kept' operator='in'><value>PLAIN</value>",
        "<condition attribute='kept' operator='eq' value='PLAIN lastname=\"'/>",
        "<value><![CDATA[SECRET]]]]></value>",
        "<value>SECRET<![CDATA[<value>]]></value>",
        "<condition attribute='lastname' operator='not-in'><value>SECRET</value> <value><![CDATA[SECRET]]]]></value></condition>",
        "<filter type='or'><condition attribute='lastname' operator='eq'><value>SECRET&amp;</value></condition></filter>",
        "<link-entity name='contact'><filter><condition value='SECRET' attribute='lastname' operator='like'/></filter></link-entity>",
        "<value/>",
        "</condition>",
        "<filter>",
        "</filter>",
        "<link-entity name='contact' alias='a'><filter>",
        "</filter></link-entity>",
    ]);
    let broken = prop::sample::select(vec![
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&#39;",
        "'",
        "\"",
        ">",
        "/>",
        "<",
        " ",
        "<value>",
        "</value>",
        "SECRET",
        "<?x ",
        "?>",
    ]);
    let piece = prop_oneof![12 => whole, 1 => broken];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn i05_what_is_accepted_is_read_as_another_reader_reads_it(inside in conditions()) {
        let plan = plan(Language::Fetchxml, &["lastname"]);
        let statement = format!("<fetch><entity name='contact'><filter>{inside}</filter></entity></fetch>");
        for others in [vec![], vec!["old"]] {
            let mut editor = Tokens { others: others.clone(), ..Tokens::default() };
            let Ok(left) = rewrite(&plan, &statement, &mut editor) else {
                continue;
            };
            let (before, after) = (compared(&statement).unwrap(), compared(&left).unwrap());
            let of = |all: &[(String, String)], attribute: &str| -> Vec<String> {
                let own = all.iter().filter(|(own, value)| own == attribute && !value.is_empty());
                own.map(|(_, value)| value.clone()).collect()
            };
            let each = ["tok"].into_iter().chain(others.iter().copied());
            let asked = of(&before, "lastname").iter().flat_map(|_| each.clone()).collect::<Vec<_>>();
            prop_assert_eq!(of(&after, "lastname"), asked, "{}", left);
            prop_assert_eq!(of(&after, "kept"), of(&before, "kept"), "{}", left);
            prop_assert!(editor.seen.iter().all(|(.., text)| text.contains("SECRET")));
        }
    }
}
