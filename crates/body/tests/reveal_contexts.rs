//! The table of contexts and hostile values (I8): in each context a value that tries to break out of it is read, by a
//! parser that shares no code with this crate, as the text it is, and everything around it as it was.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use body::ValueType;
use body::escape::Escape;
use body::reveal::header;
use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use reveal_support::{HOSTILE, Toy, chunked, reveal, show};
use serde_json::Value;

/// Hostile values beside those of every other test.
const MORE: &[&str] = &[
    "a\0b",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/?q=1)",
    "\u{202e}gpj.exe",
    "\u{2066}a\u{2069}",
    "x\r\nSet-Cookie: a=b\r\n\r\n<p>",
    "\u{feff}a",
    "\u{85}\u{a0}",
    "--b--",
    "data: x\n\nevent: y",
    "\u{1b}[31m",
];

/// A context: a page in which `~` stands for a token, and all that a parser reads in a page.
struct Context {
    name: &'static str,
    medium: &'static str,
    page: String,
    read: fn(&[u8]) -> Vec<String>,
    /// How a reader is shown the value.
    shown: fn(&str) -> String,
}

fn same(value: &str) -> String {
    value.to_owned()
}

/// Neither HTML nor an event stream holds a NUL.
fn without_nul(value: &str) -> String {
    value.replace('\0', "\u{fffd}")
}

/// What XML 1.0 cannot hold (§2.2).
fn xml_characters(value: &str) -> String {
    value.replace(
        |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r'),
        "\u{fffd}",
    )
}

/// A value at the start of a cell.
fn disarmed(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{value}")
    } else {
        value.to_owned()
    }
}

/// Every kind of line break becomes one.
fn event_text(value: &str) -> String {
    without_nul(value).replace("\r\n", "\n").replace('\r', "\n")
}

fn json(page: &[u8]) -> Vec<String> {
    let mut read = Vec::new();
    leaves(&serde_json::from_slice(page).unwrap(), "$", &mut read);
    read
}

fn leaves(value: &Value, path: &str, read: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{path}[{index}]"), read);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                leaves(member, &format!("{path}.{name}"), read);
            }
        }
        Value::String(text) => read.push(format!("{path}={text}")),
        other => read.push(format!("{path}:{other}")),
    }
}

/// What `inner` reads in the first string of a JSON text.
fn inside(page: &[u8], inner: fn(&[u8]) -> Vec<String>) -> Vec<String> {
    let outer: Value = serde_json::from_slice(page).unwrap();
    inner(outer["a"].as_str().unwrap().as_bytes())
}

fn html(page: &[u8]) -> Vec<String> {
    let dom = html5ever::parse_document(RcDom::default(), Default::default())
        .from_utf8()
        .one(page);
    let mut nodes = Vec::new();
    nodes_of(&dom.document, &mut nodes);
    nodes
}

fn nodes_of(node: &Handle, nodes: &mut Vec<String>) {
    match &node.data {
        NodeData::Text { contents } => nodes.push(contents.borrow().to_string()),
        NodeData::Comment { contents } => nodes.push(format!("comment {contents}")),
        NodeData::Element { name, attrs, .. } => {
            nodes.push(format!("<{}", name.local));
            let attributes = attrs.borrow();
            nodes.extend(
                attributes
                    .iter()
                    .map(|a| format!("{}={}", a.name.local, a.value)),
            );
        }
        _ => {}
    }
    for child in node.children.borrow().iter() {
        nodes_of(child, nodes);
    }
    nodes.push("/".to_owned());
}

/// The JSON in the script elements of a page, and the rest of its tree.
fn island(page: &[u8]) -> Vec<String> {
    let nodes = html(page);
    let is_json = |node: &String| node.starts_with('{');
    let mut read = json(nodes.iter().find(|node| is_json(node)).unwrap().as_bytes());
    read.extend(nodes.into_iter().filter(|node| !node.starts_with('{')));
    read
}

fn xml(page: &[u8]) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_reader(page);
    let mut read = vec![String::new()];
    loop {
        let event = reader.read_event().unwrap();
        let text = match &event {
            Event::Text(piece) => str::to_owned(piece),
            Event::CData(piece) => str::to_owned(piece),
            Event::GeneralRef(name) => quick_xml::escape::unescape(&format!("&{};", &**name))
                .unwrap()
                .into_owned(),
            _ => String::new(),
        };
        read.last_mut().unwrap().push_str(&text);
        match event {
            Event::Eof => return read,
            Event::Start(tag) | Event::Empty(tag) => {
                read.push(format!("<{}", tag.name().as_ref()));
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                    read.push(format!("{}={value}", attribute.key.as_ref()));
                }
                read.push(String::new());
            }
            Event::End(_) => read.push(String::new()),
            Event::Comment(_) | Event::PI(_) => read.push("other".to_owned()),
            _ => {}
        }
    }
}

fn csv(page: &[u8]) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(page);
    let mut read = Vec::new();
    for record in reader.records() {
        read.extend(record.unwrap().iter().map(str::to_owned));
        read.push("end".to_owned());
    }
    read
}

fn form(page: &[u8]) -> Vec<String> {
    form_urlencoded::parse(page)
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

/// The data of events (WHATWG HTML §9.2.6).
fn events(page: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(page).unwrap();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut read = Vec::new();
    for event in text.split("\n\n") {
        let data = event.lines().filter_map(|line| line.strip_prefix("data:"));
        let data: Vec<&str> = data
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        read.push(data.join("\n"));
    }
    read
}

fn event_json(page: &[u8]) -> Vec<String> {
    events(page)
        .iter()
        .filter(|data| !data.is_empty())
        .flat_map(|data| json(data.as_bytes()))
        .collect()
}

fn base64_json(page: &[u8]) -> Vec<String> {
    inside(page, |text| json(&STANDARD.decode(text).unwrap()))
}

fn plain(page: &[u8]) -> Vec<String> {
    vec![String::from_utf8(page.to_vec()).unwrap()]
}

fn contexts() -> Vec<Context> {
    let row =
        |name, medium, page: &str, read: fn(&[u8]) -> Vec<String>, shown: fn(&str) -> String| {
            Context {
                name,
                medium,
                page: page.to_owned(),
                read,
                shown,
            }
        };
    let utf8_html = "text/html; charset=utf-8";
    let utf8_xml = "application/xml; charset=utf-8";
    let string = |inner: &str| serde_json::json!({ "a": inner, "b": 1 }).to_string();
    vec![
        row(
            "JSON string",
            "application/json",
            "{\"a\":\"~\",\"b\":[\"x ~ y\",1]}",
            json,
            same,
        ),
        row(
            "JSON in JSON",
            "application/json",
            &string("{\"n\":\"~\",\"m\":[1]}"),
            |page| inside(page, json),
            same,
        ),
        row(
            "HTML in JSON",
            "application/json",
            &string("<p title=\"~\">x ~</p>"),
            |page| inside(page, html),
            without_nul,
        ),
        row(
            "XML in JSON",
            "application/json",
            &string("<?xml version='1.0'?><a b='~'>~</a>"),
            |page| inside(page, xml),
            same,
        ),
        row(
            "HTML text",
            utf8_html,
            "<!doctype html><p>~<b>x ~</b>",
            html,
            without_nul,
        ),
        row(
            "quoted attributes",
            utf8_html,
            "<p title=\"~\" class='x ~'>y",
            html,
            without_nul,
        ),
        row(
            "unquoted attribute",
            utf8_html,
            "<p title=~ class=x>y",
            html,
            without_nul,
        ),
        row(
            "title and textarea",
            utf8_html,
            "<title>~</title><textarea>x ~</textarea>",
            html,
            without_nul,
        ),
        row(
            "JSON island",
            utf8_html,
            "<script type=application/json>{\"a\":\"~\"}</script><p>x",
            island,
            same,
        ),
        row(
            "XML text and attribute",
            utf8_xml,
            "<a b='~' c=\"x ~\">~</a>",
            xml,
            xml_characters,
        ),
        row(
            "CDATA",
            utf8_xml,
            "<a><![CDATA[x ~ ]]>y</a>",
            xml,
            xml_characters,
        ),
        row("CSV cell", "text/csv", "h,i\nT,1\n\"~\",2\n", csv, disarmed),
        row(
            "form",
            "application/x-www-form-urlencoded",
            "a=~&b=x+~",
            form,
            same,
        ),
        row(
            "event of text",
            "text/event-stream",
            "id: 1\ndata: ~\n\ndata: y\n\n",
            events,
            event_text,
        ),
        row(
            "event of JSON",
            "text/event-stream",
            "data: {\"a\":\"~\"}\n\ndata: {\"delta\":{\"a\":\"~\"}}\n\n",
            event_json,
            same,
        ),
        row(
            "lines of JSON",
            "application/x-ndjson",
            "{\"a\":\"~\"}\n",
            json,
            same,
        ),
        row(
            "JSON in base64 in JSON",
            "application/json",
            &string("64"),
            base64_json,
            same,
        ),
        row("plain text", "text/plain", "Dear ~, x", plain, same),
    ]
}

#[test]
fn i08_in_every_context_a_hostile_value_is_inert() {
    for context in contexts() {
        for value in HOSTILE.iter().chain(MORE) {
            // HTML drops a NUL of the page itself; XML of another charset is the business of its own tests.
            if context.name == "XML in JSON" && value.contains(|c: char| c < ' ') {
                continue;
            }
            let mut toy = Toy::default();
            let token = toy.seal(value);
            let page = if context.name == "JSON in base64 in JSON" {
                let inner = STANDARD.encode(format!("{{\"a\":\"{token}\",\"b\":[2]}}"));
                context.page.replace("64", &inner)
            } else {
                context.page.replace('~', &token)
            };
            let shown = (context.shown)(value);
            let expected: Vec<String> = (context.read)(page.as_bytes())
                .iter()
                .map(|text| text.replace(&token, &shown))
                .collect();
            let revealed = chunked(context.medium, page.as_bytes(), &mut toy);
            assert_eq!(
                (context.read)(&revealed),
                expected,
                "{} with {value:?}: {}",
                context.name,
                show(&revealed)
            );
            toy.later = true;
            let (later, _) = reveal(context.medium, &[page.as_bytes()], &mut toy);
            assert_eq!(
                (context.read)(&later),
                expected,
                "{}, filled later",
                context.name
            );
        }
    }
}

#[test]
fn where_a_value_would_be_code_or_leave_the_page_tokens_stay() {
    for (medium, page) in [
        ("text/html; charset=utf-8", "<style>a{content:'~'}</style>"),
        ("text/html; charset=utf-8", "<!-- ~ -->"),
        (
            "text/html; charset=utf-8",
            "<a href='/x?~' src=~ style='~'>x</a>",
        ),
        (
            "text/html; charset=utf-8",
            "<script>f(~); // ~\n/~/</script>",
        ),
        ("text/html; charset=utf-8", "<~ a>"),
        ("text/javascript", "call(~)"),
        ("text/css", "a{content:'~'}"),
        ("application/json", "{\"a\":\"https://a.example/?q=~\"}"),
        (
            "application/xml; charset=utf-8",
            "<a href='~'><!-- ~ --></a>",
        ),
        (
            "text/event-stream",
            "id: ~\n: ~\ndata: https://a.example/~\n\n",
        ),
        ("text/plain", "https://a.example/~"),
    ] {
        for value in HOSTILE.iter().chain(MORE) {
            let mut toy = Toy::default();
            let page = page.replace('~', &toy.seal(value));
            let revealed = chunked(medium, page.as_bytes(), &mut toy);
            assert_eq!(show(&revealed), show(page.as_bytes()));
            assert_eq!(toy.opened(), 0);
        }
    }
}

#[test]
fn i08_a_value_in_a_header_adds_no_header_and_leads_nowhere() {
    for value in HOSTILE
        .iter()
        .chain(MORE)
        .chain(&["../../etc/passwd", "C:\\x", "a;b=c"])
    {
        let mut toy = Toy::default();
        let token = toy.seal(value);
        for (name, source) in [
            (
                "Content-Disposition",
                format!("attachment; filename=\"{token}.pdf\""),
            ),
            (
                "Content-Disposition",
                format!("attachment; filename={token}.pdf; size=3"),
            ),
            (
                "Content-Disposition",
                format!("inline; filename=\"x\"; filename*=UTF-8''{token}.pdf"),
            ),
            ("X-Note", format!("for {token}")),
            ("x-amz-meta-name", token.clone()),
            ("x-goog-meta-name", format!("a%20{token}")),
            ("Dropbox-API-Result", format!("{{\"name\": \"{token}\"}}")),
        ] {
            let Some(revealed) = header(name, source.as_bytes(), &mut toy) else {
                assert!(
                    value.bytes().any(|b| !(b' '..=b'~').contains(&b)),
                    "{name}: {value:?}"
                );
                continue;
            };
            let text = String::from_utf8(revealed).unwrap();
            assert!(
                text.bytes().all(|b| (b' '..=b'~').contains(&b)),
                "{name}: {text:?}"
            );
            if name == "Content-Disposition" {
                let names: Vec<&str> = text.split(';').map(|part| part.trim()).collect();
                assert!(!text.contains("..\"") && !text.contains('/'), "{text}");
                assert!(!text.contains('\\'), "{text}");
                let most = source.split(';').count() + usize::from(!value.is_ascii());
                assert!(names.len() <= most, "{text}");
            }
            if name == "Dropbox-API-Result" {
                let read: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(read["name"], *value);
            }
            if name == "x-goog-meta-name" {
                let read = form_urlencoded::parse(text.replace('+', "%2B").as_bytes())
                    .next()
                    .map(|(name, value)| format!("{name}{value}"));
                if !value.contains(['=', '&']) {
                    assert_eq!(read.unwrap(), format!("a {value}"));
                }
            }
        }
        for name in [
            "Location",
            "Link",
            "Set-Cookie",
            "ETag",
            "Content-Type",
            "Refresh",
        ] {
            assert_eq!(
                header(name, format!("/a/{token}").as_bytes(), &mut toy),
                None
            );
        }
    }
    let mut toy = Toy::default();
    let source = format!("attachment; filename=\"{}.pdf\"", toy.seal("Zoé Roy"));
    assert_eq!(
        header("content-disposition", source.as_bytes(), &mut toy).unwrap(),
        b"attachment; filename=\"Zo? Roy.pdf\"; filename*=UTF-8''Zo%C3%A9%20Roy.pdf"
    );
}

#[test]
fn i08_what_is_no_text_is_written_as_text() {
    for escape in [
        Escape::Json,
        Escape::JsonWhole(ValueType::Number),
        Escape::Html,
        Escape::HtmlUnquoted,
        Escape::Script,
        Escape::Xml,
        Escape::Cdata,
        Escape::EventData,
        Escape::LineText,
    ] {
        let mut out = Vec::new();
        // Half a surrogate pair, as WTF-8 spells it.
        escape.write(b"a\xed\xa0\xbdb\xff", &mut out);
        assert!(
            String::from_utf8(out).unwrap().contains('\u{fffd}'),
            "{escape:?}"
        );
    }
}
