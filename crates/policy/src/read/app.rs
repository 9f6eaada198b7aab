//! `[app]`: whose product it is, where it lives, and what happens to what no route describes.

use std::ops::Range;

use http::HeaderName;

use crate::host::{HostFault, HostPattern};
use crate::overrides::{METHOD_OVERRIDES, Override, PATH_OVERRIDES};
use crate::plan::{Idempotency, Operator, Unmatched};
use crate::read::section::{Faults, Keys, Section, TableAt, Text};
use crate::read::words::{is_name, name_help};

const KEYS: Keys = Keys {
    known: &[
        "id",
        "title",
        "operator",
        "hosts",
        "unmatched",
        "confine",
        "overrides",
        "idempotency",
        "ignore-case",
    ],
    later: &[
        (
            "detectors",
            "leave it out: what no place names is not looked at",
        ),
        (
            "detect",
            "leave it out: what no place names is not looked at",
        ),
        (
            "mode",
            "leave it out, and try the policy with `rempart policy test`",
        ),
        ("decoys", "leave it out"),
    ],
};

const OPERATOR_KEYS: Keys = Keys {
    known: &["name", "jurisdiction"],
    later: &[],
};

/// What `[app]` says.
#[derive(Debug, Default)]
pub(crate) struct AppHead {
    pub(crate) id: String,
    pub(crate) id_span: Range<usize>,
    pub(crate) title: String,
    pub(crate) operator: Option<Operator>,
    pub(crate) hosts: Vec<(HostPattern, Range<usize>)>,
    pub(crate) unmatched: Unmatched,
    pub(crate) confine: bool,
    pub(crate) overrides: Vec<Override>,
    pub(crate) idempotency: Vec<Idempotency>,
    pub(crate) ignore_case: bool,
}

/// Reads `[app]`.
pub(crate) fn head(at: TableAt<'_>, faults: &mut Faults<'_>) -> AppHead {
    let section = Section::open(at.0, at.1, "`[app]`", KEYS, faults);
    let help = "give the app a name that never changes: it is part of every key";
    let id = section.needed_text("id", help, faults);
    if let Some(id) = id.as_ref().filter(|id| !is_name(id.value)) {
        let message = format!("`{}` cannot be the id of an app", id.value);
        faults.error("policy::bad-name", id.span.clone(), message, name_help());
    }
    let (id, id_span) = id.map_or_else(
        || (String::new(), section.span.clone()),
        |id| (id.value.to_owned(), id.span),
    );
    let title = section
        .text("title", faults)
        .map_or_else(|| id.clone(), |title| title.value.to_owned());
    AppHead {
        id,
        id_span,
        title,
        operator: operator(&section, faults),
        hosts: hosts(&section, faults),
        unmatched: unmatched(&section, faults),
        confine: section.flag("confine", faults),
        overrides: overrides(&section, faults),
        idempotency: idempotency(&section, faults),
        ignore_case: section.flag("ignore-case", faults),
    }
}

fn operator(section: &Section<'_>, faults: &mut Faults<'_>) -> Option<Operator> {
    const HELP: &str = "say whose law it answers to: `operator = { name = \"Example Inc.\", jurisdiction = \"US\" }`";
    if !section.has("operator") {
        let message = "the app has no `operator`";
        faults.warning("policy::no-operator", section.span.clone(), message, HELP);
        return None;
    }
    let (table, span) = section.table("operator", faults)?;
    let operator = Section::open(table, span, "`operator`", OPERATOR_KEYS, faults);
    let name = operator.needed_text("name", HELP, faults);
    let jurisdiction = operator.needed_text("jurisdiction", HELP, faults)?;
    if !is_jurisdiction(jurisdiction.value) {
        let message = format!("`{}` is no jurisdiction", jurisdiction.value);
        let help = "write a country by ISO 3166-1 (`US`) or a part of one by ISO 3166-2 (`CA-QC`)";
        faults.error("policy::bad-jurisdiction", jurisdiction.span, message, help);
    }
    Some(Operator {
        name: name?.value.to_owned(),
        jurisdiction: jurisdiction.value.to_owned(),
    })
}

fn is_jurisdiction(text: &str) -> bool {
    let upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    let (country, part) = text
        .split_once('-')
        .map_or((text, None), |(country, part)| (country, Some(part)));
    let part_fits = part.is_none_or(|part| {
        (1..=3).contains(&part.len())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    });
    country.len() == 2 && upper(country) && part_fits
}

fn hosts(section: &Section<'_>, faults: &mut Faults<'_>) -> Vec<(HostPattern, Range<usize>)> {
    let help = "name the hosts: `hosts = [\"api.example.com\", \"*.example.com\"]`";
    if !section.has("hosts") {
        section.missing("hosts", help, faults);
        return Vec::new();
    }
    let texts = section.texts("hosts", faults);
    if texts.is_empty() {
        faults.error(
            "policy::missing-key",
            section.key_span("hosts"),
            "the app has no host",
            help,
        );
    }
    let mut hosts: Vec<(HostPattern, Range<usize>)> = Vec::new();
    for text in texts {
        match HostPattern::parse(text.value) {
            Err(fault) => {
                let message = format!("`{}`: {fault}", text.value);
                faults.error("policy::bad-host", text.span, message, host_help(fault));
            }
            Ok(host) if hosts.iter().any(|(known, _)| *known == host) => {
                let message = format!("`{host}` stands twice");
                faults.warning(
                    "policy::host-twice",
                    text.span,
                    message,
                    "take one of them out",
                );
            }
            Ok(host) => {
                wide_wildcard(&host, &text, faults);
                hosts.push((host, text.span));
            }
        }
    }
    hosts
}

/// `*.com` is meant by nobody; `*.localhost` may be.
fn wide_wildcard(host: &HostPattern, text: &Text<'_>, faults: &mut Faults<'_>) {
    if host.is_wildcard() && !host.name().contains('.') {
        let message = format!("`{host}` takes every name right under `{}`", host.name());
        let help = "write the app's own domain after the `*.`";
        faults.warning("policy::wide-wildcard", text.span.clone(), message, help);
    }
}

fn host_help(fault: HostFault) -> &'static str {
    match fault {
        HostFault::Url => "write the name alone: `api.example.com`",
        HostFault::Address => {
            "give it a name, in the DNS or in the system's hosts file, and write that"
        }
        HostFault::Port => "write the name without its port",
        HostFault::Wildcard => {
            "write `*.example.com` for `a.example.com`, and a line of its own for every deeper level"
        }
        HostFault::NotAscii => "write its A-label: `xn--…` (RFC 5890)",
        HostFault::Label => "write a name as the DNS has it: `api.example.com`",
    }
}

fn unmatched(section: &Section<'_>, faults: &mut Faults<'_>) -> Unmatched {
    let Some(text) = section.text("unmatched", faults) else {
        return Unmatched::Block;
    };
    match text.value {
        "block" => Unmatched::Block,
        "pass" => Unmatched::Pass,
        "scan" => {
            let remedy =
                "use `block`, and routes with only `match` for what holds nothing sensitive";
            faults.later("`unmatched = \"scan\"`", text.span, remedy);
            Unmatched::Block
        }
        _ => {
            faults.unknown_word(
                "what can happen to an unmatched request",
                &text,
                &["block", "pass"],
            );
            Unmatched::Block
        }
    }
}

fn overrides(section: &Section<'_>, faults: &mut Faults<'_>) -> Vec<Override> {
    let known = METHOD_OVERRIDES.map(|known| known.name);
    let mut overrides = Vec::new();
    for text in section.texts("overrides", faults) {
        if PATH_OVERRIDES
            .iter()
            .any(|header| header.eq_ignore_ascii_case(text.value))
        {
            let message = format!(
                "`{}` overrides the path, which no policy can allow",
                text.value
            );
            let help = "take it out: a request that carries it is refused";
            faults.error("policy::path-override", text.span, message, help);
            continue;
        }
        match METHOD_OVERRIDES
            .iter()
            .find(|known| known.is_called(text.value))
        {
            Some(known) => overrides.push(*known),
            None => faults.unknown_word("a method override that is known", &text, &known),
        }
    }
    overrides
}

/// Where a request says that it is the same again; by default the header of the IETF's draft, which many apps take.
fn idempotency(section: &Section<'_>, faults: &mut Faults<'_>) -> Vec<Idempotency> {
    const HELP: &str =
        "write a header (`Idempotency-Key`), or `?name` for a parameter of the query";
    if !section.has("idempotency") {
        return vec![Idempotency::Header(HeaderName::from_static(
            "idempotency-key",
        ))];
    }
    let mut keys: Vec<Idempotency> = Vec::new();
    for text in section.texts("idempotency", faults) {
        let key = match text.value.strip_prefix('?') {
            Some("") => None,
            Some(name) => Some(Idempotency::Parameter(name.to_owned())),
            None => HeaderName::from_bytes(text.value.as_bytes())
                .ok()
                .map(Idempotency::Header),
        };
        match key {
            None => {
                let message = format!("`{}` names no header and no parameter", text.value);
                faults.error("policy::bad-header", text.span, message, HELP);
            }
            Some(key) if keys.contains(&key) => {
                let message = format!("`{}` is named twice", text.value);
                let help = "take one of them out";
                faults.error("policy::place-twice", text.span, message, help);
            }
            Some(key) => keys.push(key),
        }
    }
    keys
}
