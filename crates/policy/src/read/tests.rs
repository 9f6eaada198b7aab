//! `[[tests]]`: requests that a policy is tried with by `rempart policy test`.

use crate::plan::{Expects, Test};
use crate::read::section::{Faults, FlagOrText, Keys, Section, TableAt};

const KEYS: Keys = Keys {
    known: &["name", "request", "hidden", "kept", "refused"],
    later: &[
        ("response", "tests are of requests only"),
        ("reveal", "tests are of requests only"),
    ],
};

/// Reads one test.
pub(crate) fn test(at: TableAt<'_>, faults: &mut Faults<'_>) -> Option<Test> {
    let section = Section::open(at.0, at.1, "a test", KEYS, faults);
    let name = section.needed_text(
        "name",
        "say what it shows: `name = \"a patient is created\"`",
        faults,
    );
    let help = "name the file of the request, beside this one: `request = \"tests/create.http\"`";
    let request = section.needed_text("request", help, faults);
    let texts = |key, faults: &mut Faults<'_>| -> Vec<String> {
        let texts = section.texts(key, faults);
        texts
            .into_iter()
            .map(|text| text.value.to_owned())
            .collect()
    };
    let hidden = texts("hidden", faults);
    let kept = texts("kept", faults);
    let expects = match section.flag_or_text("refused", faults) {
        FlagOrText::Flag(false) => Expects::Leaves,
        FlagOrText::Flag(true) => Expects::Refused,
        FlagOrText::Text(code) => Expects::RefusedAs(code.value.to_owned()),
    };
    if expects == Expects::Leaves && hidden.is_empty() && kept.is_empty() {
        let message = "this test shows nothing";
        let help = "say what must not leave (`hidden`), what must (`kept`), or `refused = true`";
        faults.error("policy::idle-test", section.span.clone(), message, help);
    }
    if expects != Expects::Leaves && !kept.is_empty() {
        let message = "what is refused keeps nothing";
        faults.error(
            "policy::idle-key",
            section.key_span("kept"),
            message,
            "take `kept` out",
        );
    }
    for text in hidden.iter().chain(&kept).filter(|text| text.is_empty()) {
        let key = if kept.contains(text) {
            "kept"
        } else {
            "hidden"
        };
        let message = "an empty text is in everything";
        faults.error(
            "policy::idle-test",
            section.key_span(key),
            message,
            "take it out",
        );
    }
    let request = request?;
    if request.value.is_empty() || request.value.starts_with('/') || request.value.contains('\\') {
        let message = "a test's file is named by its path from the policy's, with `/`";
        faults.error("policy::bad-path", request.span, message, help);
        return None;
    }
    Some(Test {
        name: name?.value.to_owned(),
        request: request.value.to_owned(),
        hidden,
        kept,
        expects,
    })
}
