//! XML: values at places change, all else stays, at every chunking; what has two readings is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::{ErrorKind, Format, Limits, PlaceId, Plan, Rewriter, Selected, xml};
use harness::{Marker, Rewritten, at_every_split, cut, feed, limits, mark, places};
use proptest::prelude::*;
use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

const X: &str = "urn:x";

fn plan(selectors: &[&str]) -> Plan {
    let namespaces = [("l".to_owned(), X.to_owned())].into();
    let expanded: Vec<String> = selectors
        .iter()
        .map(|selector| xml::expand(selector, &namespaces).unwrap())
        .collect();
    let expanded: Vec<&str> = expanded.iter().map(String::as_str).collect();
    Plan::compile(Format::Xml, places(&expanded)).unwrap()
}

fn rewriter(plan: &Plan, limits: Limits) -> Box<dyn Rewriter> {
    let content_type = ContentType::parse(b"application/soap+xml; charset=utf-8");
    plan.rewriter(content_type.as_ref(), limits).unwrap()
}

fn rewrite(selectors: &[&str], body: &str) -> Result<Rewritten, ErrorKind> {
    rewrite_bytes(selectors, body.as_bytes())
}

fn rewrite_bytes(selectors: &[&str], body: &[u8]) -> Result<Rewritten, ErrorKind> {
    let plan = plan(selectors);
    at_every_split(|| rewriter(&plan, limits()), body)
}

/// What the marker's text is in element text and in an attribute.
fn in_text(text: &str) -> String {
    let mut out = Vec::new();
    body::escape::Escape::Xml.write(mark(text).as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

fn in_attribute(text: &str) -> String {
    let mut out = Vec::new();
    body::escape::Escape::XmlAttribute.write(mark(text).as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

const SOAP: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- a call -->
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:l='urn:x'>
  <soapenv:Body><l:create id = "7" l:id='é&amp;&#10;è'>
    <l:name>Anne &amp; Ren&#xe9;e</l:name><l:note><![CDATA[<b>]]>&lt;<![CDATA[&amp;]]></l:note>
    <name xmlns="urn:x" >default</name><name>none</name><l:name/><l:name></l:name >
    <?php echo "<l:name>" ?><other>]<!-- <l:name>x</l:name> --><![CDATA[<l:name>]]></other>
  </l:create></soapenv:Body>
</soapenv:Envelope>
"#;

#[test]
fn i03_all_but_the_values_at_places_stays_as_it_came() {
    let done = rewrite(&["//l:name", "//l:create/l:note", "//@l:id"], SOAP).unwrap();
    let seen: Vec<_> = done
        .seen
        .iter()
        .map(|(place, _, text)| (*place, text.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (2, "é&\nè"),
            (0, "Anne & Renée"),
            (1, "<b><&amp;"),
            (0, "default")
        ]
    );
    let expected = SOAP
        .replace("é&amp;&#10;è", &in_attribute("é&\nè"))
        .replace("Anne &amp; Ren&#xe9;e", &in_text("Anne & Renée"))
        .replace(
            "<![CDATA[<b>]]>&lt;<![CDATA[&amp;]]>",
            &in_text("<b><&amp;"),
        )
        .replace("default", &in_text("default"));
    assert_eq!(done.text(), expected);
    assert_eq!(rewrite(&[], SOAP).unwrap().text(), SOAP);
}

#[test]
fn selectors_find_what_they_mean() {
    let body = r#"<r xmlns:a="urn:x" xmlns:b="urn:y" id="0"><a:p k="1"><q t="x">1</q><q t="y">2</q></a:p>
        <b:p k="2"><q t='x'>3</q><b:q>4</b:q></b:p><p><p><q b:t="x">5</q></p></p></r>"#;
    for (selectors, expected) in [
        (&["/r/l:p/q"][..], &["1", "2"][..]),
        (&["//q"], &["1", "2", "3", "5"]),
        (&["//*:q"], &["1", "2", "3", "4", "5"]),
        (&["/r/*/q"], &["1", "2", "3"]),
        (&["/r/*/*"], &[]),
        (&["//q[@t='x']"], &["1", "3"]),
        (&["//q[@t='x'][@t='y']"], &[]),
        (&["//q[@*:t='x']"], &["1", "3", "5"]),
        (&["//{urn:y}q/text()"], &["4"]),
        (&["/r//p//q"], &["5"]),
        (&["//p/p/q", "//q"], &["1", "2", "3", "5"]),
        (&["/q", "/r/q", "//r//r"], &[]),
        (&["/r/@id", "/r/@k"], &["0"]),
        (&["//@k"], &["1", "2"]),
        (&["/r/l:p//@t"], &["x", "y"]),
        (
            &["/r//@k", "//@t", "//q"],
            &["1", "x", "1", "y", "2", "2", "x", "3", "5"],
        ),
        (&["//l:*/@*"], &["1"]),
        (&["//@{urn:y}*"], &["x"]),
    ] {
        let found = if selectors == ["/r/*/*"] {
            // Its texts lie in elements that hold elements.
            rewrite(selectors, "<r><p> </p></r>").map(|_| Vec::new())
        } else {
            rewrite(selectors, body)
                .map(|done| done.texts().into_iter().map(str::to_owned).collect())
        };
        assert_eq!(found.unwrap(), expected, "{selectors:?}");
    }
}

#[test]
fn the_first_selector_counts_where_two_meet() {
    let body = "<r><a b='1'>2</a></r>";
    let done = rewrite(&["//a", "/r/a", "//@b", "/r/a/@b"], body).unwrap();
    assert_eq!(
        done.seen.iter().map(|seen| seen.0).collect::<Vec<_>>(),
        [2, 0]
    );
    let done = rewrite(&["/r/a", "//a", "/r/a/@b", "//@b"], body).unwrap();
    assert_eq!(
        done.seen.iter().map(|seen| seen.0).collect::<Vec<_>>(),
        [2, 0]
    );
}

#[test]
fn a_value_reads_as_the_standard_says() {
    let body = "<r>\r\n<a>1\r\n2\r3&#13;&#xD;</a><b c=\"1\r\n2\t3&#9;\"/><a> </a></r>";
    let done = rewrite(&["//a", "//@c"], body).unwrap();
    assert_eq!(done.texts(), ["1\n2\n3\r\r", "1 2 3\t", " "]);
}

#[test]
fn i05_what_two_readers_take_for_two_structures_is_refused_everywhere() {
    for (body, expected) in [
        ("", "an element"),
        ("a<r/>", "one root element and nothing around it"),
        ("<r/>b", "one root element and nothing around it"),
        ("<r/><r/>", "one root element and nothing around it"),
        ("<r/><![CDATA[]]>", "one root element and nothing around it"),
        ("<!DOCTYPE r><r/>", "no document type"),
        (
            "<r><!ENTITY a 'b'></r>",
            "a comment or a CDATA section after `<!`",
        ),
        ("<r><a></r></a>", "the end tag of the element that is open"),
        ("<r></rr>", "the end tag of the element that is open"),
        ("<r></r b='c'>", "`>` after the name in an end tag"),
        ("</r>", "the end tag of the element that is open"),
        ("</>", "an element to end"),
        ("<r>", "the end tag of the element that is open"),
        ("<r", "the end of a tag"),
        ("<r a='>", "the end of a tag"),
        ("<r a='1' a='2'/>", "no attribute that stands twice"),
        ("<r a='1'b='2'/>", "a blank before an attribute"),
        ("<r a=1/>", "a quoted value after `=`"),
        ("<r a/>", "`=` after an attribute's name"),
        ("<r a='<'/>", "no `<` in a tag"),
        ("<r <a/>", "no `<` in a tag"),
        ("<r / >", "`>` after `/` in a tag"),
        ("<1/>", "a name"),
        ("< r/>", "a name"),
        ("<a:b:c/>", "a name"),
        ("<r><!-- a -- b --></r>", "no `--` in a comment"),
        ("<r><!--> --></r>", "no `>` at the beginning of a comment"),
        ("<r><!---> --></r>", "no `>` at the beginning of a comment"),
        ("<r><!-- a --->", "no `--` in a comment"),
        (
            "<r><!-- ",
            "the end of a comment, a section or an instruction",
        ),
        ("<r><? a?></r>", "the name of an instruction after `<?`"),
        (
            " <?xml version='1.0'?><r/>",
            "the XML declaration at the beginning only",
        ),
        (
            "<r><?XML a?></r>",
            "the XML declaration at the beginning only",
        ),
        (
            "<?xml version='1.1'?><r/>",
            "an XML declaration of version 1.0",
        ),
        ("<r>\u{1}</r>", "no control character"),
        ("<r a='\0'/>", "no control character"),
        ("<r xmlns:a=''/>", "a namespace that may be declared"),
        ("<r xmlns:xml='urn:a'/>", "a namespace that may be declared"),
        (
            "<r xmlns:a='http://www.w3.org/2000/xmlns/'/>",
            "a namespace that may be declared",
        ),
    ] {
        let syntax = Err(ErrorKind::Syntax { expected });
        assert_eq!(rewrite(&[], body), syntax, "{body}");
        assert_eq!(rewrite(&["//x"], body), syntax, "{body}");
    }
    for body in [&b"<r>\xe9</r>"[..], b"<r>\xc0\xbc</r>", b"<r>\xe2\x82"] {
        assert_eq!(
            rewrite_bytes(&[], body),
            Err(ErrorKind::Charset),
            "{body:?}"
        );
    }
}

#[test]
fn i05_what_cannot_be_read_in_one_way_at_a_place_is_refused() {
    let reference = "a character reference, or one of `&lt;` `&gt;` `&amp;` `&quot;` `&apos;`";
    for (body, expected) in [
        ("<r><a>&nbsp;</a></r>", reference),
        ("<r><a>R & D</a></r>", reference),
        ("<r><a b='&x;'/></r>", reference),
        (
            "<r><a>1<!-- 2 -->3</a></r>",
            "no comment and no instruction in the text of a protected place",
        ),
        (
            "<r><a>1<?p 2?>3</a></r>",
            "no comment and no instruction in the text of a protected place",
        ),
        ("<r><a>1]]>2</a></r>", "no `]]>` in a text"),
        ("<r><m:c/></r>", "a prefix that is declared"),
        ("<r><a m:d='1'/></r>", "a prefix that is declared"),
        (
            "<r xmlns:m='urn:m' xmlns:n='urn:m'><a b='1' m:e='1' n:e='2'/></r>",
            "no attribute that stands twice",
        ),
    ] {
        let selectors = ["//a", "//@b", "/r/l:c", "//@l:d"];
        assert_eq!(
            rewrite(&selectors, body),
            Err(ErrorKind::Syntax { expected }),
            "{body}"
        );
        let elsewhere = rewrite(&["//z"], body);
        assert!(elsewhere.is_ok(), "{body} passes where no place names it");
    }
    assert_eq!(
        rewrite(&["//a"], "<r><a>1<b/></a></r>"),
        Err(ErrorKind::NotALeaf)
    );
    assert_eq!(
        rewrite(&["//a"], "<r><a><a>1</a></a></r>"),
        Err(ErrorKind::NotALeaf)
    );
}

#[test]
fn declarations_that_say_the_truth_pass() {
    for body in [
        "<?xml version='1.0'?><r/>",
        "<?xml  version = \"1.0\" encoding='utf8' ?>\n<?xml-stylesheet href='a'?><r/>",
        "\u{feff}<?xml version='1.0' encoding='US-ASCII' standalone='yes'?><r/>",
        "\u{feff}<r/>",
    ] {
        assert_eq!(rewrite(&[], body).unwrap().text(), body);
    }
}

#[test]
fn i13_limits_are_kept_and_say_so() {
    let plan = plan(&["//a", "//@b"]);
    let limits = Limits {
        value: 8,
        lookahead: 512,
        depth: 4,
        ..Limits::default()
    };
    let within = |body: &str| at_every_split(|| rewriter(&plan, limits), body.as_bytes());
    let long = Err(ErrorKind::ValueTooLong { limit: 8 });
    assert!(within("<r><a b='12345678'>12345678</a><c d='1234567890'>1234567890</c></r>").is_ok());
    assert_eq!(within("<r><a>123456789</a></r>"), long);
    assert_eq!(within("<r><a>123456789<!DOCTYPE"), long);
    assert_eq!(within("<r><a b='123456789'/></r>"), long);
    assert_eq!(within(&format!("<r c='{}'/>", "x".repeat(600))), long);
    assert_eq!(
        within("<r><b><c><d><e/></d></c></b></r>"),
        Err(ErrorKind::Depth { limit: 4 })
    );
    let name = "n".repeat(200);
    assert_eq!(
        within(&format!("<r><{name}><{name}><{name}>")),
        Err(ErrorKind::Lookahead { limit: 512 })
    );
    let name = "n".repeat(1025);
    let shorter = Err(ErrorKind::Syntax {
        expected: "a shorter name",
    });
    assert_eq!(rewrite(&[], &format!("<{name}/>")), shorter);
}

#[test]
fn holes_are_filled_where_they_stand() {
    let plan = plan(&["//a", "//@b"]);
    let editor = Marker {
        pending: true,
        ..Marker::default()
    };
    let body = b"<r><a b='12'>123</a><a>1</a></r>";
    let done = feed(rewriter(&plan, limits()), editor, body.chunks(3)).unwrap();
    assert_eq!(
        done.text(),
        "<r><a b='answer2'>answer3</a><a>answer1</a></r>"
    );
}

#[test]
fn a_body_may_stand_in_a_body() {
    let inner = plan(&["//name"]);
    let outer = Plan::compile(Format::Xml, [Selected::body("/r/data", inner)]).unwrap();
    let body = "<r><data><![CDATA[<?xml version=\"1.0\" encoding=\"utf-16\"?><p><name>Ann</name></p>]]></data></r>";
    let done = at_every_split(|| rewriter(&outer, limits()), body.as_bytes()).unwrap();
    assert_eq!(done.texts(), ["Ann"]);
    let mut reader = quick_xml::Reader::from_str(done.text());
    let mut inside = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Text(text) => inside.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => inside.push_str(&resolved(&reference)),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(
        inside,
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-16\"?><p><name>{}</name></p>",
            in_text("Ann")
        )
    );
}

#[test]
fn a_fragment_may_stand_in_json() {
    let fragment = plan(&["/p/b", "//*:user/@*:key"]);
    let outer = Plan::compile(Format::Json, [Selected::body("$.value", fragment)]).unwrap();
    let content_type = ContentType::parse(b"application/json").unwrap();
    let body =
        r#"{"value":"One &nbsp; <p>two <b>three<\/b></p> four<ri:user ri:key=\"k1\"/>","x":1}"#;
    let done = at_every_split(
        || outer.rewriter(Some(&content_type), limits()).unwrap(),
        body.as_bytes(),
    )
    .unwrap();
    assert_eq!(done.texts(), ["three", "k1"]);
    let value: serde_json::Value = serde_json::from_slice(&done.body).unwrap();
    assert_eq!(
        value["value"],
        format!(
            "One &nbsp; <p>two <b>{}</b></p> four<ri:user ri:key=\"{}\"/>",
            in_text("three"),
            in_attribute("k1")
        )
    );
}

#[test]
fn selectors_that_cannot_hold_are_refused() {
    let wrong = |selectors: &[&str]| {
        Plan::compile(Format::Xml, places(selectors)).map_err(|(at, error)| (at, error.to_string()))
    };
    let fault = |at, text: &str| Err((at, text.to_owned()));
    assert_eq!(wrong(&["/a", "/a"]), fault(1, "this place is named twice"));
    assert_eq!(
        wrong(&["/a/@b", "/a/@b"]),
        fault(1, "this place is named twice")
    );
    let nested = "this place lies inside, or around, another protected place";
    assert_eq!(wrong(&["/a/b", "/a"]), fault(1, nested));
    assert_eq!(wrong(&["/a", "/a/b"]), fault(1, nested));
    assert!(wrong(&["/a", "/a/@b"]).is_ok());
    assert_eq!(
        Plan::compile(
            Format::Xml,
            [Selected {
                companion: Some(("/a/b", "{token}")),
                ..Selected::new("/a", PlaceId(0))
            }]
        )
        .unwrap_err()
        .1
        .to_string(),
        "a companion in XML is not supported; take another treatment"
    );
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> String {
    if let Some(character) = reference.resolve_char_ref().unwrap() {
        return character.into();
    }
    match &**reference {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        other => panic!("{other:?}"),
    }
    .to_owned()
}

/// What an independent parser sees: each element's name and namespace, its attributes, and its text.
fn read(body: &str) -> Vec<String> {
    let mut reader = NsReader::from_str(body);
    let mut seen = Vec::new();
    let mut text = String::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().unwrap();
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.0.to_owned(),
            _ => String::new(),
        };
        let start = match event {
            Event::Text(piece) => {
                text.push_str(&piece.xml10_content());
                continue;
            }
            Event::CData(piece) => {
                text.push_str(&piece.xml10_content());
                continue;
            }
            Event::GeneralRef(reference) => {
                text.push_str(&resolved(&reference));
                continue;
            }
            Event::Start(start) | Event::Empty(start) => Some(start.into_owned()),
            Event::Eof => return seen,
            _ => None,
        };
        seen.push(format!("text {}", std::mem::take(&mut text)));
        if let Some(start) = start {
            let local = start.local_name().as_ref().to_owned();
            seen.push(format!("{{{namespace}}}{local}"));
            for attribute in start.attributes() {
                let attribute = attribute.unwrap();
                let key = attribute.key.as_ref().to_owned();
                let value = attribute
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .unwrap();
                seen.push(format!("@{key}={value}"));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i04_an_independent_parser_reads_what_was_written(
        records in prop::collection::vec(
            ("[a-c<>&\"' é😀]{0,6}", "[a-c<&\"' é]{0,6}", 0..4u8), 0..6),
        offsets in prop::collection::vec(0..4096usize, 0..6),
    ) {
        let escaped = |text: &str| quick_xml::escape::escape(text).into_owned();
        let mut body = String::from("<r xmlns:k='urn:x'>");
        let mut changed = body.clone();
        let mut values = Vec::new();
        for (text, value, kind) in &records {
            let protects = *kind < 3;
            let (open, close) = [("<k:n", "</k:n>"), ("<n xmlns='urn:x'", "</n>"), ("<k:n\n", "</k:n >"), ("<n", "</n>")][usize::from(*kind)];
            let content = if *kind == 1 && !text.contains("]]>") {
                format!("<![CDATA[{text}]]>")
            } else {
                escaped(text)
            };
            body.push_str(&format!("{open} v='{}'>{content}{close}\n", escaped(value)));
            if protects {
                values.extend([value, text].into_iter().filter(|text| !text.is_empty()).cloned());
            }
            let write = |text: &str, attribute: bool| match (text.is_empty(), protects) {
                (false, true) if attribute => in_attribute(text),
                (false, true) => in_text(text),
                _ => escaped(text),
            };
            let text = write(text, false);
            changed.push_str(&format!("{open} v='{}'>{text}{close}\n", write(value, true)));
        }
        body.push_str("</r>");
        changed.push_str("</r>");
        let plan = plan(&["//l:n", "/r/l:n/@v"]);
        let chunks = cut(body.as_bytes(), &offsets);
        let done = feed(rewriter(&plan, limits()), Marker::default(), chunks).unwrap();
        prop_assert_eq!(done.texts(), values);
        prop_assert_eq!(read(done.text()), read(&changed));
    }

    #[test]
    fn i04_any_bytes_give_the_same_at_every_chunking(
        body in "(<|</|>|a|b|/|=|'|\"|<!--|-->|--|<!\\[CDATA\\[|\\]\\]>|<\\?x|\\?>|&lt;|&| |é|\u{1}|<a>|</a>|<b c='d'>|</b>){0,24}",
    ) {
        let plan = plan(&["//a", "//@c"]);
        let outcome = at_every_split(|| rewriter(&plan, limits()), body.as_bytes());
        if let Ok(done) = outcome {
            let mut reader = quick_xml::Reader::from_str(done.text());
            while !matches!(reader.read_event().unwrap(), Event::Eof) {}
        }
        // Where nothing fails, what is wrong passes as it came.
        let editor = || Marker { keep: true, ..Marker::default() };
        let mut at = body::reveal::At::new(&plan, limits()).unwrap();
        let mut out = body::Out::new();
        let mut written = Vec::new();
        let mut keeping = editor();
        for chunk in body.as_bytes().chunks(3) {
            at.push(&bytes::Bytes::copy_from_slice(chunk), &mut keeping, &mut out);
            while let Some(piece) = out.take() {
                written.extend_from_slice(&piece);
            }
        }
        at.finish(&mut keeping, &mut out);
        while let Some(piece) = out.take() {
            written.extend_from_slice(&piece);
        }
        prop_assert_eq!(written, body.as_bytes());
    }
}
