//! A page on its way out: whatever html5ever finds in an element at a place became its replacement, or the page is
//! refused.
#![no_main]

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use fuzz::{LIMITS, REPLACEMENT, check};
use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use libfuzzer_sys::fuzz_target;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    let plan = Plan::compile(Format::Html, [(".n", PlaceId(0))]).expect("a plan");
    let kind = ContentType::parse(b"text/html; charset=utf-8").expect("a type");
    let Ok(rewritten) = check(
        || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter"),
        body,
        usize::from(size),
    ) else {
        return;
    };
    let mut options = ParseOpts::default();
    options.tree_builder.scripting_enabled = false;
    let page = parse_document(RcDom::default(), options)
        .from_utf8()
        .one(&*rewritten.bytes);
    look(&page.document, false);
});

/// Every text within a place is replacements and blanks.
fn look(node: &Handle, within: bool) {
    let mut within = within;
    match &node.data {
        NodeData::Element { attrs, .. } => {
            let attrs = attrs.borrow();
            let class = attrs
                .iter()
                .find(|attribute| &*attribute.name.local == "class");
            let mut names = class
                .map_or("", |class| &*class.value)
                .split_ascii_whitespace();
            within |= names.any(|name| name == "n");
        }
        NodeData::Text { contents } if within => {
            let rest = contents.borrow().replace(REPLACEMENT, "");
            assert_eq!(rest.trim_ascii(), "", "text at a place left as it came");
        }
        _ => {}
    }
    for child in node.children.borrow().iter() {
        look(child, within);
    }
}
