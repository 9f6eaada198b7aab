//! All files → one plan, or everything that is wrong with them.

use std::ops::Range;

use toml::de::DeTable;

use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::plan::{App, Plan};
use crate::read::fields::{self, NamedField};
use crate::read::routes::{self, ReadRoute};
use crate::read::section::{Faults, Keys, Section, named_tables};
use crate::read::{across, app, pieces, tests};
use crate::route_table::{PatternRef, RouteTable};
use crate::treatment::Treatment;

const KEYS: Keys = Keys {
    known: &["app", "fields", "routes", "tests"],
    later: &[],
};

/// A plan, and what its author should know although it works.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The plan.
    pub plan: Plan,
    /// Warnings and notes, by file and line.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles policies, one app a file.
///
/// # Errors
/// Everything that was found, warnings included, where any of it is an error: then there is no plan at all (I14).
pub fn compile(sources: &[Source]) -> Result<Compiled, Vec<Diagnostic>> {
    let mut plan = Plan::default();
    let mut found = Vec::new();
    for source in sources {
        let mut faults = Faults::new(source);
        if let Some(read) = read(source, &mut faults) {
            claim_id(&read, &plan.apps, &mut faults);
            claim_hosts(&read, &mut plan, &mut faults);
            plan.apps.push(read.app);
        }
        let mut list = faults.list;
        list.sort_by_key(|fault| fault.span.as_ref().map_or(0, |span| span.start));
        found.append(&mut list);
    }
    if found.iter().any(|fault| fault.severity == Severity::Error) {
        Err(found)
    } else {
        Ok(Compiled {
            plan,
            warnings: found,
        })
    }
}

/// Where an app's claims stand in its file.
struct Head {
    id: Range<usize>,
    hosts: Vec<Range<usize>>,
}

struct ReadApp {
    app: App,
    head: Head,
}

fn read(source: &Source, faults: &mut Faults<'_>) -> Option<ReadApp> {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    for error in &errors {
        // What follows a fault of syntax may be read wrongly, so nothing else is said of the file.
        let help = "mend the TOML (https://toml.io/en/v1.0.0)";
        faults.add(
            Severity::Error,
            "policy::syntax",
            error.span(),
            error.message(),
            help,
        );
    }
    if !errors.is_empty() {
        return None;
    }
    let root = Section::open(document.get_ref(), 0..0, "a policy file", KEYS, faults);
    let head = match root.table("app", faults) {
        Some(table) => app::head(table, faults),
        None => {
            if !root.has("app") {
                let help = "begin with `[app]`, its `id` and its `hosts`";
                faults.add(
                    Severity::Error,
                    "policy::missing-key",
                    None,
                    "the file has no `[app]`",
                    help,
                );
            }
            app::AppHead::default()
        }
    };
    let mut fields: Vec<NamedField<'_>> = Vec::new();
    if let Some((table, _)) = root.table("fields", faults) {
        for (name, at) in named_tables(table, faults) {
            fields.push(fields::field(name, at, faults));
        }
    }
    let mut used = vec![false; fields.len()];
    let routes: Vec<ReadRoute> = root
        .tables("routes", faults)
        .into_iter()
        .map(|at| routes::route(at, &mut fields, &mut used, faults))
        .collect();
    let tests = root
        .tables("tests", faults)
        .into_iter()
        .filter_map(|at| tests::test(at, faults))
        .collect();
    unused(&fields, &used, faults);
    across::check(&fields, &routes, faults);
    pieces::come_back(&routes, faults);
    let table = table(&routes, head.ignore_case, faults);
    let (hosts, host_spans) = head.hosts.into_iter().unzip();
    let app = App {
        id: head.id,
        title: head.title,
        operator: head.operator,
        hosts,
        unmatched: head.unmatched,
        confine: head.confine,
        overrides: head.overrides,
        idempotency: head.idempotency,
        fields: fields.into_iter().map(|named| named.field).collect(),
        routes: routes.into_iter().map(|read| read.route).collect(),
        tests,
        source: source.name.clone(),
        table,
    };
    Some(ReadApp {
        app,
        head: Head {
            id: head.id_span,
            hosts: host_spans,
        },
    })
}

/// Puts the routes into their tree; no two may take the same requests.
fn table(routes: &[ReadRoute], ignore_case: bool, faults: &mut Faults<'_>) -> RouteTable {
    let mut table = RouteTable::new(ignore_case);
    for (route, read) in routes.iter().enumerate() {
        for (pattern, (text, span)) in read.route.patterns.iter().zip(&read.spans).enumerate() {
            let Some(known) = table.insert(text, PatternRef { route, pattern }) else {
                continue;
            };
            let at = routes
                .get(known.route)
                .and_then(|read| read.spans.get(known.pattern))
                .cloned();
            let line = Diagnostic::new(Severity::Error, "", faults.source, at, "", "").line();
            let message = format!("`{text}` takes the same requests as a `match` on line {line}");
            let help = "take one of them out, or join their places in one route";
            faults.error("policy::same-route", span.clone(), message, help);
        }
    }
    table
}

fn unused(fields: &[NamedField<'_>], used: &[bool], faults: &mut Faults<'_>) {
    for (named, used) in fields.iter().zip(used) {
        if !used && named.field.treatment != Treatment::Pass {
            let message = format!(
                "`{}` stands at no place: nothing is protected by it",
                named.name.value
            );
            let help = "name its places in a route, or take it out";
            faults.warning(
                "policy::unused-field",
                named.name.span.clone(),
                message,
                help,
            );
        }
    }
}

fn claim_id(read: &ReadApp, apps: &[App], faults: &mut Faults<'_>) {
    let taken = apps
        .iter()
        .find(|app| app.id == read.app.id && !app.id.is_empty());
    if let Some(app) = taken {
        let message = format!("the id `{}` is taken by {}", app.id, app.source);
        let help = "give every app an id of its own: it is part of its keys";
        faults.error("policy::id-taken", read.head.id.clone(), message, help);
    }
}

fn claim_hosts(read: &ReadApp, plan: &mut Plan, faults: &mut Faults<'_>) {
    let index = plan.apps.len();
    for (host, span) in read.app.hosts.iter().zip(&read.head.hosts) {
        let Some(owner) = plan
            .hosts
            .insert(host, index)
            .and_then(|owner| plan.apps.get(owner))
        else {
            continue;
        };
        let message = format!(
            "`{host}` is a host of the app `{}` in {}",
            owner.id, owner.source
        );
        let help = "leave it to one of them: a request belongs to one app only";
        faults.error("policy::host-taken", span.clone(), message, help);
    }
}
