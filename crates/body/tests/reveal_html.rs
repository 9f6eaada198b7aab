//! What is revealed in HTML, checked by a parser that builds the tree as browsers do.
//!
//! The tree of the revealed page must be the tree of the page with each token's text exchanged for its value: no
//! element, attribute or comment more or less (I8), and the value equal (I2).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use body::reveal::Counts;
use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use proptest::prelude::*;
use reveal_support::{HOSTILE, PIECES, Toy, chunked, fill, reveal};
use serde_json::json;

const HTML: &str = "text/html; charset=utf-8";

/// The nodes of a page in order, `change` applied to every text and attribute value.
fn tree(page: &[u8], change: &dyn Fn(&str) -> String) -> Vec<String> {
    let dom = html5ever::parse_document(RcDom::default(), Default::default())
        .from_utf8()
        .one(page);
    let mut nodes = Vec::new();
    walk(&dom.document, 0, change, &mut nodes);
    nodes
}

fn walk(node: &Handle, depth: usize, change: &dyn Fn(&str) -> String, nodes: &mut Vec<String>) {
    let line = match &node.data {
        NodeData::Document => "document".to_owned(),
        NodeData::Doctype { name, .. } => format!("doctype {name}"),
        NodeData::Text { contents } => format!("text {:?}", change(&contents.borrow())),
        NodeData::Comment { contents } => format!("comment {contents:?}"),
        NodeData::ProcessingInstruction { target, .. } => format!("instruction {target:?}"),
        NodeData::Element { name, attrs, .. } => {
            let attributes: Vec<String> = attrs
                .borrow()
                .iter()
                .map(|a| format!("{}={:?}", a.name.local, change(&a.value)))
                .collect();
            format!("element {} {attributes:?}", name.local)
        }
    };
    nodes.push(format!("{depth} {line}"));
    for child in node.children.borrow().iter() {
        walk(child, depth + 1, change, nodes);
    }
}

/// Reveals `page`, in which `T` stands for the token of `value`, at every split and compares the trees.
fn same_tree(page: &str, value: &str) -> String {
    let mut toy = Toy::default();
    let token = toy.seal(value);
    let page = page.replace('T', &token);
    let revealed = chunked(HTML, page.as_bytes(), &mut toy);
    let expected = tree(page.as_bytes(), &|text| text.replace(&token, value));
    assert_eq!(
        tree(&revealed, &str::to_owned),
        expected,
        "{page} with {value:?}"
    );
    toy.later = true;
    assert_eq!(
        tree(
            &reveal(HTML, &[page.as_bytes()], &mut toy).0,
            &str::to_owned
        ),
        expected,
        "filled later"
    );
    String::from_utf8(revealed).unwrap()
}

#[test]
fn i08_values_in_text_and_attributes_change_no_tree() {
    let contexts = [
        "<!doctype html><body><p>T</p><p>x",
        "<p>a T b<i>c</i>",
        "<p>T<p>T",
        "<title>T</title><p>x",
        "<body><textarea>T</textarea>x",
        "<body><pre>T</pre>",
        "<body><pre>x T</pre>",
        "<p title=\"T\" class=x>y",
        "<p title='T'>y",
        "<p title='a T b' id=z>y",
        "<p title=T class=x>y",
        "<p title=xTy>z",
        "<input value = T /><br>",
        "<input value \n\n = 'T' =x ><br>",
        "<p title=T>z",
        "<input type=hidden value=\"T\">",
        "<svg><title>T</title><g id='T'/></svg>T",
        "<p data-x='1>2' title='T'>y",
        "<!-- a --><p>T</p><!-- b -->",
        "<script src=x></script><style>a{}</style><p>T",
        "<p a=\"'\" b='\"' c=T>T</p>",
        "x < y T",
    ];
    for page in contexts {
        for value in HOSTILE {
            same_tree(page, value);
        }
    }
}

#[test]
fn where_nothing_can_be_escaped_tokens_stay() {
    for page in [
        "<!-- T --><p>x",
        "<!doctype T>",
        "<T>x</T>",
        "<p T=1 xT>y",
        "<style>a{b:T}</style>",
        "<p style='color:T'>x",
        "<xmp>T</xmp>",
        "<script>var a = T; // T\n/* T */ b = /T/;</script>",
        "<script type=text/template><b>T</b></script>",
        "<p onclick='T'>x",
        "<svg><![CDATA[ T ]]></svg>",
        "<svg><a><set attributeName=href to='T'/></a></svg>",
        "<plaintext>T</p>",
        "<title></tiT</title>",
        "<textarea><T</textarea>",
        "<script type=application/json>{\"a\":\"</T\"}</script>",
        "<script type=application/json>{\"a\":\"<!T\"}</script>",
        "<p onclick=\"f('&T')\">x",
        "<p onclick=\"f('\\T')\">x",
        "<p title=\"&#T\">x",
    ] {
        let mut toy = Toy::default();
        let page = page.replace('T', &toy.seal("x"));
        assert_eq!(
            String::from_utf8(chunked(HTML, page.as_bytes(), &mut toy)).unwrap(),
            page
        );
        assert_eq!(toy.opened(), 0, "what stays is not opened: {page}");
    }
}

#[test]
fn tokens_in_urls_stay() {
    for page in [
        "<a href=\"/x?q=T\">y</a>",
        "<a href=T>y</a>",
        "<img src='T'>",
        "<form action='/a/T'><button formaction='T'>",
        "<img srcset='/T 1x, /T 2x'>",
        "<svg><use xlink:href='#T'/></svg>",
        "<meta http-equiv=refresh content='0; url=/T'>",
        "<p data-url='/T'>x",
        "<p>see https://a.example/T",
        "<p title='https://a.example/?x=T'>x",
        "<object data=T></object>",
        "<a href=' java\nscript:T'>y</a>",
    ] {
        let mut toy = Toy::default();
        let page = page.replace('T', &toy.seal("x"));
        let (revealed, counts) = reveal(HTML, &[page.as_bytes()], &mut toy);
        assert_eq!(String::from_utf8(revealed).unwrap(), page);
        assert_eq!(
            Counts {
                left_in_url: 0,
                ..counts
            },
            Counts::default(),
            "{page}"
        );
        chunked(HTML, page.as_bytes(), &mut toy);
    }
}

#[test]
fn addresses_are_written_in_percent_encoding() {
    let mut toy = Toy::default();
    let page = format!(
        "<a href=\"mailto:{}\">x</a>",
        toy.seal("o'b \"<é>@x.example")
    );
    let revealed = String::from_utf8(chunked(HTML, page.as_bytes(), &mut toy)).unwrap();
    assert_eq!(
        revealed,
        "<a href=\"mailto:o%27b%20%22%3C%C3%A9%3E@x.example\">x</a>"
    );
}

#[test]
fn a_document_in_an_attribute_is_escaped_twice() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let token = toy.seal(value);
        let page = format!("<iframe srcdoc=\"<p title='{token}'>{token}</p>\"></iframe>");
        let revealed = chunked(HTML, page.as_bytes(), &mut toy);
        let inner = attribute(&revealed, "srcdoc");
        let expected = format!("<p title='{token}'>{token}</p>");
        assert_eq!(
            tree(inner.as_bytes(), &str::to_owned),
            tree(expected.as_bytes(), &|text| text.replace(&token, value))
        );
    }
}

/// The value of the only attribute of this name.
fn attribute(page: &[u8], name: &str) -> String {
    fn find(node: &Handle, name: &str) -> Option<String> {
        if let NodeData::Element { attrs, .. } = &node.data
            && let Some(found) = attrs.borrow().iter().find(|a| &*a.name.local == name)
        {
            return Some(found.value.to_string());
        }
        node.children
            .borrow()
            .iter()
            .find_map(|child| find(child, name))
    }
    let dom = html5ever::parse_document(RcDom::default(), Default::default())
        .from_utf8()
        .one(page);
    find(&dom.document, name).unwrap()
}

#[test]
fn json_in_an_attribute_is_escaped_for_both_readers() {
    for value in HOSTILE {
        for (open, close) in [("\"", "\""), ("'", "'")] {
            let mut toy = Toy::default();
            let source = json!({"a": [toy.seal(value)], "b": 1})
                .to_string()
                .replace('"', "&quot;");
            let page = format!("<p data-x={open}{source}{close}>y");
            let revealed = chunked(HTML, page.as_bytes(), &mut toy);
            let found: serde_json::Value =
                serde_json::from_str(&attribute(&revealed, "data-x")).unwrap();
            assert_eq!(found, json!({"a": [value], "b": 1}));
        }
    }
}

#[test]
fn html_in_an_attribute_is_escaped_for_both_readers() {
    for source in ["&lt;b&gt;x&lt;/b&gt; T", "T <b>x</b>"] {
        for value in HOSTILE {
            let mut toy = Toy::default();
            let token = toy.seal(value);
            let page = format!("<p data-content=\"{}\">y", source.replace('T', &token));
            let revealed = chunked(HTML, page.as_bytes(), &mut toy);
            // Within a paragraph, where the parser drops no blanks.
            let inner = "<p>".to_owned() + &attribute(&revealed, "data-content");
            let expected = "<p>".to_owned() + &attribute(page.as_bytes(), "data-content");
            assert_eq!(
                tree(inner.as_bytes(), &str::to_owned),
                tree(expected.as_bytes(), &|text| text.replace(&token, value)),
                "{value:?}"
            );
        }
    }
}

/// The text of the only element of this name.
fn element_text(page: &[u8], name: &str) -> String {
    let nodes = tree(page, &str::to_owned);
    let at = nodes
        .iter()
        .position(|node| node.contains(&format!("element {name} ")))
        .unwrap();
    let (_, text) = nodes[at + 1].split_once("text ").unwrap();
    serde_json::from_str(
        &text
            .replace("\\u{2028}", "\\u2028")
            .replace("\\u{2029}", "\\u2029")
            .replace("\\'", "'"),
    )
    .unwrap()
}

#[test]
fn data_in_a_script_element_is_json() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let page = format!(
            "<script id=d type=application/json>{{\"a\":\"{}\",\"n\":\"{}\"}}</script><p>x",
            toy.seal(value),
            toy.seal_number("42")
        );
        let revealed = chunked(HTML, page.as_bytes(), &mut toy);
        let found: serde_json::Value =
            serde_json::from_str(&element_text(&revealed, "script")).unwrap();
        assert_eq!(found, json!({"a": value, "n": 42}));
        assert_eq!(
            tree(&revealed, &str::to_owned).len(),
            tree(page.as_bytes(), &str::to_owned).len()
        );
    }
}

#[test]
fn i08_a_value_in_a_script_string_stays_in_it() {
    for (page, literals) in [
        ("<script>var a = \"T\"; f(a)</script><p>x", 1),
        ("<script>var a = 'T'</script><p>x", 1),
        ("<script>var a = `T ${ '}' + \"T\" } T`;</script><p>x", 3),
        ("<script><!--\nvar a = \"T\";\n//--></script><p>x", 1),
        (
            "<script>a = b / c; d = 'T' / 2; e = /[/'\"]/.test('T')</script><p>x",
            2,
        ),
        ("<p onclick='f(\"T\")'>x", 1),
        ("<p onclick=\"f('T')\">x", 1),
        ("<p onclick=f(&quot;T&quot;)>x", 1),
    ] {
        for value in HOSTILE {
            let mut toy = Toy::default();
            let page = page.replace('T', &toy.seal(value));
            let (_, counts) = reveal(HTML, &[page.as_bytes()], &mut toy);
            assert_eq!(counts.revealed, literals, "{page}");
            let revealed = String::from_utf8(chunked(HTML, page.as_bytes(), &mut toy)).unwrap();
            // Every character that means something in a script or in HTML is spelled by its number.
            let mut rest = revealed.as_str();
            for piece in page.split(&reveal_support::token(0)) {
                let at = rest.find(piece).unwrap();
                let unquoted = page.contains("onclick=f(");
                let written = if unquoted {
                    references(&rest[..at])
                } else {
                    rest[..at].to_owned()
                };
                rest = &rest[at + piece.len()..];
                assert!(
                    !written.contains(['"', '\'', '`', '<', '>', '&', '$', '{', '/', '\n', '\r']),
                    "{written}"
                );
                assert_eq!(undo(&written), if at == 0 { "" } else { value }, "{page}");
            }
        }
    }
}

/// Undoes the references of an unquoted attribute.
fn references(written: &str) -> String {
    (0..0x7f_u8).fold(written.to_owned(), |text, b| {
        text.replace(&format!("&#{b};"), &char::from(b).to_string())
    })
}

/// Undoes `\xHH` and `\uHHHH`.
fn undo(written: &str) -> String {
    let mut text = String::new();
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let digits = if rest.as_bytes()[at + 1] == b'x' {
            2
        } else {
            4
        };
        let end = at + 2 + digits;
        text.push(char::from_u32(u32::from_str_radix(&rest[at + 2..end], 16).unwrap()).unwrap());
        rest = &rest[end..];
    }
    text.push_str(rest);
    text
}

#[test]
fn html_in_a_script_string_is_escaped_for_both_readers() {
    for page in [
        "<script>h = '<b>x</b> T'</script>",
        "<script>h = 'T \\x3cb>x'</script>",
        "<script>h = `<b>${y} T`</script>",
    ] {
        let mut toy = Toy::default();
        let page = page.replace('T', &toy.seal("<i>"));
        let revealed = String::from_utf8(chunked(HTML, page.as_bytes(), &mut toy)).unwrap();
        assert!(revealed.contains("\\x26lt\\x3bi\\x26gt\\x3b"), "{revealed}");
    }
}

#[test]
fn without_a_declared_charset_values_are_written_in_ascii() {
    let mut toy = Toy::default();
    let page = format!("<p title='{}'>{}", toy.seal("é"), toy.seal("漢"));
    assert_eq!(
        chunked("text/html", page.as_bytes(), &mut toy),
        b"<p title='&#233;'>&#28450;"
    );
    let page = format!("<script>a='{}'</script>", toy.seal("😀"));
    assert_eq!(
        chunked("text/html", page.as_bytes(), &mut toy),
        b"<script>a='\\ud83d\\ude00'</script>"
    );
}

/// The elements of a page, their attributes' names, and where its comments are.
fn shape(page: &[u8]) -> Vec<String> {
    let nodes = tree(page, &|_| String::new())
        .into_iter()
        .filter(|node| !node.contains(" text "));
    nodes
        .map(|node| {
            node.split_once(" comment")
                .map_or(node.clone(), |(depth, _)| format!("{depth} comment"))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn i08_no_page_changes_its_shape(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 1..30),
        values in prop::collection::vec(prop::sample::select(HOSTILE), 3),
        charset in prop::sample::select(vec!["text/html", "text/html; charset=utf-8"]),
    ) {
        let mut toy = Toy::default();
        let tokens: Vec<String> = values.iter().map(|value| toy.seal(value)).collect();
        let page = fill(&pieces, &tokens);
        let (revealed, _) = reveal(charset, &[page.as_bytes()], &mut toy);
        prop_assert_eq!(shape(&revealed), shape(page.as_bytes()), "{} became {}", page, String::from_utf8_lossy(&revealed));
    }
}
