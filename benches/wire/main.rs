//! What a request costs, side by side in one run: protected by Rempart, passed by Rempart, tunnelled by Rempart, and
//! passed by hudsucker, which only intercepts.
//!
//! The cost is the processor time of the proxy's own process; the load and the origin run in this one.

mod bodies;
mod load;
mod origin;
mod passer;
mod process;

use std::net::SocketAddr;

use e2e::{Authority, Gateway, Setup};

use load::{Load, Protocol};
use origin::{Origin, Repeat};
use process::Process;

/// An app whose requests are protected.
const PROTECTED: &str = "protected.saas.example";
/// An app without routes: intercepted, and passed.
const PASSED: &str = "passed.saas.example";
/// A host of no app: tunnelled.
const TUNNELLED: &str = "tunnelled.example";

const POLICY: &str = r#"
[app]
id = "protected"
title = "An app"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["protected.saas.example"]

[fields.name]
class = "personal"
treatment = "match"
[fields.email]
class = "personal"
treatment = "match"
[fields.secret]
class = "personal"
treatment = "sealed"
[fields.note]
class = "health"
treatment = "sealed"

[[routes]]
match = "POST /people"
body = "json"
protect = [
  { at = "$.last_name", field = "name" },
  { at = "$.email", field = "email" },
  { at = "$.note", field = "note" },
]
[[routes]]
match = "POST /upload"
body = "json"
protect = [
  { at = "$[*].last_name", field = "name" },
  { at = "$[*].email", field = "email" },
]
[[routes]]
match = "GET /download"
[[routes]]
match = "GET /people"
"#;

const OPEN_POLICY: &str = r#"
[app]
id = "passed"
title = "An app"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["passed.saas.example"]
unmatched = "pass"
"#;

/// A way through a proxy that is measured.
struct Way<'a> {
    name: &'static str,
    proxy: SocketAddr,
    host: &'static str,
    roots: &'a str,
    process: Process,
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("passer") {
        return passer::run();
    }
    process::raise_file_limit();
    let authority = Authority::new();
    let origin = Origin::start(&authority.leaf(&[PROTECTED, PASSED, TUNNELLED]));
    let gateway = Setup::new()
        .policy("protected.toml", &format!("{POLICY}{}", bodies::routes()))
        .policy("passed.toml", OPEN_POLICY)
        .resolve(&format!("{PROTECTED}:443"), origin.address)
        .resolve(&format!("{PASSED}:443"), origin.address)
        .resolve(&format!("{TUNNELLED}:443"), origin.address)
        .trust(&authority)
        .start();
    let other = passer::Passer::start(origin.address, &authority);
    let root = gateway.root();
    let rempart = |name, host, roots| Way {
        name,
        proxy: gateway.proxy,
        host,
        roots,
        process: Process(gateway.id()),
    };
    let ways = [
        rempart("Rempart, three fields protected", PROTECTED, root.as_str()),
        rempart(
            "Rempart, an app without routes, passed",
            PASSED,
            root.as_str(),
        ),
        rempart("Rempart, a blind tunnel", TUNNELLED, authority.pem.as_str()),
        Way {
            name: "hudsucker, intercepted and passed",
            proxy: other.address,
            host: PASSED,
            roots: &other.root,
            process: Process(other.id()),
        },
    ];
    requests(&ways);
    transfers(&ways);
    bodies::run(&ways);
    idle(&gateway, &ways);
}

/// How often each row is measured, in turn with the others; the least of them is shown, since what else a machine does
/// only ever adds.
const ROUNDS: usize = 5;

fn requests(ways: &[Way<'_>]) {
    const COUNT: usize = 5_000;
    println!(
        "\n1 KB JSON POST, 16 in flight, the best of {ROUNDS} × {COUNT}{:>26}{:>14}",
        "CPU µs/request", "requests/s"
    );
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let loads: Vec<Load> = ways
            .iter()
            .map(|way| Load::new(way.proxy, way.host, way.roots, protocol))
            .collect();
        let mut best = vec![(f64::MAX, 0_f64); ways.len()];
        for _ in 0..ROUNDS {
            for ((way, load), best) in ways.iter().zip(&loads).zip(&mut best) {
                load.posts(COUNT / 10);
                let before = way.process.time();
                let seconds = load.posts(COUNT);
                let spent = way.process.time() - before;
                best.0 = best.0.min(spent.as_secs_f64() * 1e6 / COUNT as f64);
                best.1 = best.1.max(COUNT as f64 / seconds);
            }
        }
        for (way, (each, rate)) in ways.iter().zip(best) {
            println!(
                "{:<10}{:<48}{each:>13.1}{rate:>14.0}",
                protocol.name(),
                way.name
            );
        }
    }
}

fn transfers(ways: &[Way<'_>]) {
    const BYTES: u64 = 100 << 20;
    println!(
        "\n100 MB of JSON by HTTP/1.1, the best of {ROUNDS}{:>27}{:>14}",
        "CPU s/GB", "MB/s"
    );
    for (name, upload) in [("upload", true), ("download", false)] {
        let mut best = vec![(f64::MAX, 0_f64); ways.len()];
        for _ in 0..ROUNDS {
            for (way, best) in ways.iter().zip(&mut best) {
                let load = Load::new(way.proxy, way.host, way.roots, Protocol::Http1);
                load.posts(100);
                let before = way.process.time();
                let (bytes, seconds) = if upload {
                    load.upload("/upload", "application/json", Repeat::new(BYTES))
                } else {
                    load.download(BYTES)
                };
                let spent = way.process.time() - before;
                let gigabytes = bytes as f64 / 1e9;
                best.0 = best.0.min(spent.as_secs_f64() / gigabytes);
                best.1 = best.1.max(gigabytes * 1e3 / seconds);
            }
        }
        for (way, (each, rate)) in ways.iter().zip(best) {
            println!("{name:<10}{:<48}{each:>13.2}{rate:>14.0}", way.name);
        }
    }
}

fn idle(gateway: &Gateway, ways: &[Way<'_>]) {
    const CONNECTIONS: usize = 1000;
    println!(
        "\n{CONNECTIONS} idle intercepted connections{:>38}",
        "KB each"
    );
    for (at, name) in [(1, "Rempart"), (3, "hudsucker")] {
        let Some(way) = ways.get(at) else { continue };
        let load = Load::new(way.proxy, way.host, way.roots, Protocol::Http1);
        load.posts(100);
        let before = way.process.memory();
        let held = load.idle(CONNECTIONS);
        let grown = way.process.memory().saturating_sub(before);
        println!(
            "{:<10}{name:<48}{:>13.1}",
            "",
            grown as f64 / 1024.0 / CONNECTIONS as f64
        );
        drop(held);
    }
    println!(
        "\nresident at the end: {} MB",
        gateway.memory("VmRSS") >> 20
    );
}
