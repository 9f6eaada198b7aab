//! The exit kit, `tools/rempart-open.py`: what the SaaS holds becomes what was sent, from pages and a vault, by no line of
//! the product.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::{Protocols, run};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{App, HOST, person, url};
use crate::treatments::{Registry, child};

/// The pages of a backup, two of three of which are enough.
struct Pages {
    folder: TempDir,
    pages: Vec<PathBuf>,
}

impl Pages {
    /// Makes a backup beside the gateway that runs on this home.
    fn of(home: &Path) -> Self {
        let folder = TempDir::with_prefix("rempart-pages-").expect("a folder");
        let out = folder.path().join("pages");
        let backup = run(&[
            "keys",
            "backup",
            "--threshold",
            "2",
            "--shares",
            "3",
            "--out",
            path(&out),
            "--home",
            path(home),
        ]);
        assert!(backup.status.success(), "{backup:?}");
        let mut pages: Vec<PathBuf> = fs::read_dir(&out)
            .expect("a folder of pages")
            .map(|entry| entry.expect("a page").path())
            .collect();
        pages.sort();
        assert_eq!(pages.len(), 3);
        Self { folder, pages }
    }

    /// Runs the kit with the first and the last page on these bytes.
    fn open(&self, arguments: &[&str], theirs: &[u8]) -> Output {
        self.open_with(&[0, 2], arguments, theirs)
    }

    fn open_with(&self, chosen: &[usize], arguments: &[&str], theirs: &[u8]) -> Output {
        let input = self.folder.path().join("theirs");
        fs::write(&input, theirs).expect("a file");
        let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/rempart-open.py");
        let python = std::env::var_os("REMPART_PYTHON").unwrap_or_else(|| "python3".into());
        Command::new(python)
            .arg(kit)
            .arg("--shares")
            .args(chosen.iter().filter_map(|page| self.pages.get(*page)))
            .args(arguments)
            .stdin(File::open(&input).expect("it is there"))
            .output()
            .expect("python starts")
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn text(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// What the home's own spelling makes of a child that was sealed as its policy normalises it.
fn normal(mut child: Value, held: &Value) -> Value {
    child["number"] = "trem80511234".into();
    // Stand-ins without prefix are columns' affair.
    for place in ["born", "chart", "sin", "enrolled", "file"] {
        child[place] = held[place].clone();
    }
    child["extension"] = serde_json::json!([{ "url": "urn:born", "valueString": "2021-04-12" }]);
    child
}

#[test]
fn what_the_saas_holds_opens_from_two_pages_and_the_vault() {
    let registry = Registry::start();
    let first = registry.put(7, &child("E-1"));
    registry.keys(&["rotate"]);
    let second = registry.put(8, &child("E-2"));
    let pages = Pages::of(&registry.gateway.home());
    let vault = registry.gateway.home().join("vault.db");
    let vault = ["--vault", path(&vault), "--domain", "relais.exemple.qc.ca"];

    // As JSON, with the gateway still running.
    let theirs = format!("{first}\n{second}\n");
    let opened = pages.open(&[&vault[..], &["--json"]].concat(), theirs.as_bytes());
    let opened: Vec<Value> = text(&opened, 0)
        .lines()
        .map(|line| serde_json::from_str(line).expect("still JSON"))
        .collect();
    assert_eq!(
        opened,
        [normal(child("E-1"), &first), normal(child("E-2"), &second)]
    );

    // As a table, with what has no prefix.
    let columns = ["child", "chart", "sin", "enrolled", "file", "phone"];
    let row = |of: &Value| columns.map(|name| of[name].as_str().expect("text").to_owned());
    let table = |rows: [&Value; 2]| {
        let rows = rows.map(|of| row(of).join(";"));
        format!("{}\r\n{}\r\n{}\r\n", columns.join(";"), rows[0], rows[1])
    };
    let declared = [
        "--delimiter",
        ";",
        "--column",
        "chart=registry/chart/digits",
        "--column",
        "sin=registry/sin/sin",
        "--column",
        "enrolled=registry/enrolled/shift:180",
        "--subject-column",
        "child",
        "--column",
        "file=registry/file/digits:9",
    ];
    let theirs = table([&first, &second]);
    let opened = pages.open(&[&vault[..], &declared].concat(), theirs.as_bytes());
    assert_eq!(text(&opened, 0), table([&child("E-1"), &child("E-2")]));

    // What does not open stays: pointers without a vault, and what a shredded person's keys sealed.
    let held = first["phone"].as_str().expect("text");
    let opened = pages.open(&[], held.as_bytes());
    assert_eq!(text(&opened, 1), held);
    registry.keys(&["shred", "--subject", "E-1", "--yes"]);
    let later = Pages::of(&registry.gateway.home());
    let theirs = format!("{} {}\n", first["allergy"], second["allergy"]);
    let opened = later.open(&[], theirs.as_bytes());
    let wanted = format!("{} \"arachides\"\n", first["allergy"]);
    assert_eq!(text(&opened, 1), wanted);
    assert!(
        String::from_utf8_lossy(&opened.stderr).contains("1 under a key that was destroyed"),
        "{opened:?}"
    );

    let alone = pages.open_with(&[1], &[], b"");
    assert_eq!(alone.status.code(), Some(2), "{alone:?}");
}

#[test]
fn a_sealed_file_opens_from_two_pages_and_cut_it_is_refused() {
    let app = App::start(Protocols::Http1);
    let put = e2e::curl(
        &app.gateway,
        &["-X", "PUT", "--json", &person(), &url("/people/7")],
    );
    assert_eq!(put.status, 201, "{HOST}: {put:?}");
    let pages = Pages::of(&app.gateway.home());
    let folder = TempDir::with_prefix("rempart-exit-").expect("a folder");
    let (plain, sealed) = (folder.path().join("plain"), folder.path().join("sealed"));
    let contract: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(&plain, &contract).expect("a file");
    let policies = app.gateway.policy_file("crm.toml");
    let policies = policies.parent().expect("a folder");
    let done = run(&[
        "seal",
        "--app",
        "crm",
        "--field",
        "note",
        "--file",
        "--home",
        path(&app.gateway.home()),
        "--policies",
        path(policies),
        "--in",
        path(&plain),
        "--out",
        path(&sealed),
    ]);
    assert!(done.status.success(), "{done:?}");
    let sealed = fs::read(&sealed).expect("it is sealed");
    let opened = pages.open(&[], &sealed);
    assert_eq!(opened.status.code(), Some(0));
    assert!(opened.stdout == contract, "the file is another");

    // Cut at a segment's end: the whole segments are there, and it is said that they are not all.
    let cut = pages.open(&[], &sealed[..78 + 2 * 65_552]);
    assert_eq!(cut.status.code(), Some(2));
    assert!(cut.stdout.len() < contract.len() && contract.starts_with(&cut.stdout));
}
