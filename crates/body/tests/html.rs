//! HTML bodies, with html5ever as the second reader.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use body::content_type::ContentType;
use body::{Error, ErrorKind, Format, PlaceId, Plan, Rewriter, Selected};
use harness::{Marker, Rewritten, at_every_split, cut, feed, limits, mark, places};
use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use proptest::prelude::*;

fn plan(selectors: &[&str]) -> Plan {
    Plan::compile(Format::Html, places(selectors)).unwrap()
}

fn take(plan: &Plan, content_type: &str) -> Result<Box<dyn Rewriter>, ErrorKind> {
    let content_type = ContentType::parse(content_type.as_bytes());
    plan.rewriter(content_type.as_ref(), limits())
        .map_err(|Error { kind, .. }| kind)
}

fn rewrite(selectors: &[&str], html: &str) -> Result<Rewritten, ErrorKind> {
    let plan = plan(selectors);
    at_every_split(|| take(&plan, "text/html").unwrap(), html.as_bytes())
}

/// What [`mark`] is in text and in quoted attributes.
fn marked(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let text = text.replace('"', "&quot;").replace('\'', "&#39;");
    format!("⟦{text}&quot;&amp;+%\\\n⟧")
}

fn parse(html: &str) -> RcDom {
    let options = ParseOpts {
        tree_builder: html5ever::tree_builder::TreeBuilderOpts {
            scripting_enabled: false,
            ..Default::default()
        },
        ..Default::default()
    };
    parse_document(RcDom::default(), options).one(html)
}

fn attribute(node: &Handle, wanted: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else {
        return None;
    };
    let attrs = attrs.borrow();
    let found = attrs
        .iter()
        .find(|attribute| &*attribute.name.local == wanted);
    found.map(|attribute| attribute.value.to_string())
}

/// The texts of a tree in order, with whether each stands within an element of this class.
fn texts(node: &Handle, class: &str, within: bool, all: &mut Vec<(String, bool)>) {
    let classes = attribute(node, "class").unwrap_or_default();
    let within = within || classes.split_ascii_whitespace().any(|name| name == class);
    if let NodeData::Text { contents } = &node.data {
        all.push((contents.borrow().to_string(), within));
    }
    for child in node.children.borrow().iter() {
        texts(child, class, within, all);
    }
}

#[test]
fn an_element_of_text_is_one_value() {
    let html = "<!doctype html>\n<p>Hello</p><p class='x note' id=a>Marie &amp; Ève &lt;3</P >bye";
    let done = rewrite(&["p.note"], html).unwrap();
    assert_eq!(done.texts(), ["Marie & Ève <3"]);
    let expected = html.replace("Marie &amp; Ève &lt;3", &marked("Marie & Ève <3"));
    assert_eq!(done.text(), expected);
    let mut all = Vec::new();
    texts(&parse(done.text()).document, "note", false, &mut all);
    assert!(all.contains(&(mark("Marie & Ève <3"), true)));
}

#[test]
fn an_element_with_markup_in_it_is_one_value() {
    let html = "<div id=bio><p>Né à <b title='&quot;'>Gaspé</b><br>en 1980</p><!-- x --></div>.";
    let done = rewrite(&["#bio"], html).unwrap();
    let inner = &html[12..html.len() - 7];
    assert_eq!(done.texts(), [inner]);
    assert_eq!(done.text(), html.replace(inner, &marked(inner)));
}

#[test]
fn runs_of_text_are_values_of_their_own() {
    let html = "<ul class=n>\n <li>A &amp; B</li>\n <li>C<b>D</b><!-- c -->E</li>\n</ul>F";
    let done = rewrite(&[".n text()"], html).unwrap();
    assert_eq!(done.texts(), ["A & B", "C", "D", "E"]);
    let expected = format!(
        "<ul class=n>\n <li>{}</li>\n <li>{}<b>{}</b><!-- c -->{}</li>\n</ul>F",
        marked("A & B"),
        marked("C"),
        marked("D"),
        marked("E")
    );
    assert_eq!(done.text(), expected);
    let all = rewrite(&["text()"], "x<style>p{}</style><p title=t>y</p>").unwrap();
    assert_eq!(all.texts(), ["x", "y"]);
    // Unclosed elements do not matter where all text is meant.
    assert_eq!(
        rewrite(&["text()"], "<p>a<p>b").unwrap().texts(),
        ["a", "b"]
    );
    // Text that two selectors find is of the first.
    let both = rewrite(&["i text()", "b text()"], "<b>x<i>y</i></b>").unwrap();
    let seen: Vec<_> = both
        .seen
        .iter()
        .map(|(place, _, text)| (*place, text.as_str()))
        .collect();
    assert_eq!(seen, [(1, "x"), (0, "y")]);
}

#[test]
fn attributes_are_values() {
    let html = "<input name=dob value='1980 &amp; x'/><INPUT NAME=dob VALUE=\"a'b\" ><input name=dob value=q>\
                <input name=dob value><input name=dob value=''><input name=x value=y>";
    let done = rewrite(&["input[name=dob] @value"], html).unwrap();
    assert_eq!(done.texts(), ["1980 & x", "a'b", "q"]);
    fn values(node: &Handle, all: &mut Vec<String>) {
        all.extend(attribute(node, "value"));
        node.children
            .borrow()
            .iter()
            .for_each(|child| values(child, all));
    }
    let mut all = Vec::new();
    values(&parse(done.text()).document, &mut all);
    let expected = [&mark("1980 & x"), &mark("a'b"), &mark("q"), "", "", "y"];
    assert_eq!(all, expected);
    let two = rewrite(&["a @title", "a @href"], "<a href=x title=y>").unwrap();
    let seen: Vec<_> = two
        .seen
        .iter()
        .map(|(place, _, text)| (*place, text.as_str()))
        .collect();
    assert_eq!(seen, [(1, "x"), (0, "y")]);
    let twice = rewrite(&["a @href"], "<a href=x HREF=y>");
    assert_eq!(twice, Err(ErrorKind::DuplicateKey));
}

#[test]
fn elements_of_text_keep_their_reading() {
    let html =
        "<title>A &amp; <b></title><textarea>\nB</textarea><textarea>C</textarea><pre>\r\nD</pre>";
    let done = rewrite(&["title", "textarea", "pre"], html).unwrap();
    assert_eq!(done.texts(), ["A & <b>", "B", "C", "D"]);
    let mut all = Vec::new();
    texts(&parse(done.text()).document, "", false, &mut all);
    let expected: Vec<_> = ["A & <b>", "B", "C", "D"]
        .map(|text| (mark(text), false))
        .into();
    assert_eq!(all, expected);
    // In a script nothing can be escaped.
    let script = rewrite(&["script"], "<script>x & 1</script>").unwrap();
    assert_eq!(script.text(), format!("<script>{}</script>", mark("x & 1")));
}

#[test]
fn json_in_a_script_is_a_body_of_its_own() {
    let json = Plan::compile(Format::Json, places(&["$.name"])).unwrap();
    let island = Selected::body("script[type=\"application/json\"]", json);
    let title = Selected::new("title", PlaceId(1));
    let plan = Plan::compile(Format::Html, [island, title]).unwrap();
    let html = |name: &str| {
        let json = format!("{{\"name\": \"{name}\", \"n\":1}}");
        format!("<title>t</title><script type='application/json'>{json}</script>")
    };
    let run = |html: &str| at_every_split(|| take(&plan, "text/html").unwrap(), html.as_bytes());
    let done = run(&html("<b>é")).unwrap();
    assert_eq!(done.texts(), ["t", "<b>é"]);
    let start = done.text().find("json'>").unwrap() + 6;
    let island = &done.text()[start..done.text().len() - 9];
    let read: serde_json::Value = serde_json::from_str(island).unwrap();
    assert_eq!(read["name"], mark("<b>é"));
    // What comes back from the editor would end the script.
    let refused = run(&html("\\u003c/ScRipt>"));
    assert!(
        matches!(refused, Err(ErrorKind::Syntax { .. })),
        "{refused:?}"
    );
}

#[test]
fn html_stands_in_json_and_xhtml_in_html() {
    let html = plan(&["ac\\:parameter[ac\\:name=owner]", "p.note"]);
    let json = Plan::compile(Format::Json, [Selected::body("$.body.value", html)]).unwrap();
    let storage = "<p class=\\\"note\\\">Ève&nbsp;T.</p><ac:structured-macro ac:name=\\\"x\\\"><ac:parameter ac:name=\\\"owner\\\">Marie</ac:parameter><ri:user ri:userkey=\\\"k\\\"/></ac:structured-macro>";
    let body = format!("{{\"body\":{{\"value\":\"{storage}\",\"representation\":\"storage\"}}}}");
    let done =
        at_every_split(|| take(&json, "application/json").unwrap(), body.as_bytes()).unwrap();
    assert_eq!(done.texts(), ["Ève\u{a0}T.", "Marie"]);
    let read: serde_json::Value = serde_json::from_str(done.text()).unwrap();
    let value = read["body"]["value"].as_str().unwrap();
    assert!(value.contains(&format!(
        "owner\">{}</ac:parameter><ri:user",
        marked("Marie")
    )));
}

#[test]
fn ancestors_select_in_documents_that_nest() {
    let html = "<div class=a><div><p>x</p></div></div><p>y</p>";
    assert_eq!(rewrite(&[".a p"], html).unwrap().texts(), ["x"]);
    assert_eq!(
        rewrite(&[".a p @id"], "<div class=a><p id=q>x</p></div>")
            .unwrap()
            .texts(),
        ["q"]
    );
    for html in [
        "<div class=a><table></div><p>secret</p></table>",
        "<ul><li>a<li>b</ul>",
        "<div class=a>",
        "<p><div>x</div></p>",
    ] {
        let result = rewrite(&[".a p"], html);
        assert!(matches!(result, Err(ErrorKind::Syntax { .. })), "{html}");
    }
}

#[test]
fn i05_what_can_be_read_in_two_ways_is_refused() {
    for html in [
        "<p class=note>secret<p>public",
        "<p class=note>secret",
        "<p class=note>a<b>b</p>c</b>",
        "<b>a<p class=note>b</b>c</p>",
        "<div class=note>a<table></div>b</table>",
        "<p class='note'/>secret</p>",
        "<p class=\"n&#111;te\">secret</p>",
        "<noscript><p class=note>secret</p></noscript>",
        "<![CDATA[ <p class=note> ]]>",
        "<select><xmp></select><p class=note>x</p>",
        "<li class=note>a<li>b",
    ] {
        let result = rewrite(&[".note"], html);
        assert!(
            matches!(result, Err(ErrorKind::Syntax { .. })),
            "{html}: {result:?}"
        );
    }
    assert_eq!(
        rewrite(&[".note"], "<p class=note>a\0</p>"),
        Err(ErrorKind::Charset)
    );
    let malformed = at_every_split(
        || take(&plan(&[".note"]), "text/html").unwrap(),
        b"<p class=note>x</p>\xff<p class=note>",
    );
    assert_eq!(malformed, Err(ErrorKind::Charset));
    let cut_short = at_every_split(
        || take(&plan(&[".note"]), "text/html").unwrap(),
        b"<p class=note>x</p>\xc3",
    );
    assert_eq!(cut_short, Err(ErrorKind::Charset));
}

#[test]
fn what_is_at_no_place_passes() {
    for html in [
        "",
        "plain",
        "<p class=note></p><p class=note> \n</p><br class=note><img class=note />",
        "<p>a<p>b<li></b><![CDATA[ x ]]><!-- <p class=note>x</p> --><p title='<p class=note>x</p>'>",
        "<script>'<p class=note>x</p>'</script><p class=other>x</p><",
        "<p class=\"a&b\">x</p><p",
    ] {
        let done = rewrite(&[".note"], html).unwrap_or_else(|error| panic!("{html}: {error}"));
        assert_eq!((done.text(), done.seen.len()), (html, 0));
    }
}

#[test]
fn i13_values_and_tags_longer_than_the_limit_are_refused() {
    let limits = body::Limits {
        value: 64,
        ..limits()
    };
    let plan = plan(&[".note"]);
    let content_type = ContentType::parse(b"text/html");
    let run = |html: &str, size: usize| {
        let rewriter = plan.rewriter(content_type.as_ref(), limits).unwrap();
        feed(rewriter, Marker::default(), html.as_bytes().chunks(size))
    };
    let long = format!("<p class=note>{}</p>", "x".repeat(65));
    let tag = format!("<p class=other title='{}'", "x".repeat(100));
    for size in [1, 7, 1000] {
        let limit = 64;
        assert_eq!(run(&long, size), Err(ErrorKind::ValueTooLong { limit }));
    }
    assert!(run(&tag, 7).is_err());
    let deep = "<i>".repeat(200);
    let result = rewrite(&[".note"], &format!("<p class=note>{deep}"));
    assert_eq!(result, Err(ErrorKind::Depth { limit: 128 }));
}

#[test]
fn a_document_is_rewritten_in_its_charset() {
    let plan = plan(&["p"]);
    let pending = || Marker {
        pending: true,
        ..Marker::default()
    };
    let html = b"<meta charset=iso-8859-1><p>\xe9t\xe9</p>\xe9";
    for size in [1, 5, 100] {
        let rewriter = take(&plan, "text/html").unwrap();
        let done = feed(rewriter, pending(), html.chunks(size)).unwrap();
        assert_eq!(done.texts(), ["été"]);
        assert_eq!(done.body, b"<meta charset=iso-8859-1><p>answer5</p>\xe9");
    }
    let rewriter = take(&plan, "text/html; charset=utf-8").unwrap();
    let refused = feed(rewriter, pending(), [&html[..]]);
    assert!(matches!(refused, Err(ErrorKind::Encoding { .. })));
}

#[test]
fn selectors_that_cannot_be_matched_say_so() {
    for bad in [
        "p > a",
        "p, a",
        "li:nth-child(1)",
        "body",
        "p..",
        "@href",
        "",
    ] {
        let (index, _) = Plan::compile(Format::Html, places(&["p", bad])).unwrap_err();
        assert_eq!(index, 1, "{bad}");
    }
    let (index, error) = Plan::compile(Format::Html, places(&["p", "p"])).unwrap_err();
    assert_eq!(
        (index, error.to_string().as_str()),
        (1, "this place is named twice")
    );
}

const PIECES: &[&str] = &[
    "<p class=note>",
    "</p>",
    "<div class=note>",
    "</div>",
    "<b>",
    "</b>",
    "<br>",
    "<i",
    ">",
    "text ",
    "é&amp;",
    "&eacute;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<script>",
    "</script>",
    "<textarea>",
    "</textarea>",
    "<svg>",
    "</svg>",
    "<table>",
    "<td>",
    "</table>",
    "\"",
    "'",
    " title='",
    "<",
    "/>",
    "\n",
    "<select>",
    "</select>",
    "<style class=note>",
    "</style>",
    "<a href=x class=note>",
    "</a>",
    "<title>",
    "</title>",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn i03_i04_any_page(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
        selectors in prop::sample::select(vec![
            &[".note"][..], &[".note text()"], &["text()"], &["b", ".note @title", "a @href"], &[".note b"],
        ]),
    ) {
        let html = pieces.concat();
        let plan = plan(selectors);
        let rewriter = || take(&plan, "text/html").unwrap();
        let whole = feed(rewriter(), Marker::default(), [html.as_bytes()]);
        let split = feed(rewriter(), Marker::default(), cut(html.as_bytes(), &cuts));
        prop_assert_eq!(&split, &whole);
        let bytes = feed(rewriter(), Marker::default(), html.as_bytes().chunks(1));
        prop_assert_eq!(&bytes, &whole);
        if whole.is_ok() {
            let keep = Marker { keep: true, ..Marker::default() };
            let kept = feed(rewriter(), keep, [html.as_bytes()]).unwrap();
            prop_assert_eq!(kept.text(), html);
        }
    }

    /// Whatever html5ever finds in an element at a place is a value, or the page is refused.
    #[test]
    fn i01_no_text_at_a_place_passes(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14),
        runs in any::<bool>(),
    ) {
        let html: String = pieces.iter().enumerate().map(|(number, piece)| match *piece {
            "text " => format!("text{number} "),
            piece => piece.to_owned(),
        }).collect();
        let plan = plan(&[if runs { ".note text()" } else { ".note" }]);
        let rewriter = take(&plan, "text/html").unwrap();
        let Ok(done) = feed(rewriter, Marker { pending: true, ..Marker::default() }, [html.as_bytes()]) else {
            return Ok(());
        };
        let mut all = Vec::new();
        texts(&parse(&html).document, "note", false, &mut all);
        let left = done.text();
        // The text of a style is no run of text.
        let styles = html.match_indices("<style class=note>");
        let styles: String = styles
            .filter(|_| runs)
            .filter_map(|(at, _)| html[at..].split("</style>").next())
            .collect();
        for (text, within) in all {
            for word in text.split_ascii_whitespace().filter(|word| within && word.starts_with("text")) {
                let is_left = left.contains(word) && !styles.contains(word);
                prop_assert!(!is_left, "{word} of {html:?} left in {left:?}");
            }
        }
    }
}
