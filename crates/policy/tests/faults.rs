//! What an author is told: for each file of `tests/faults`, exactly the text beside it.
//!
//! `REMPART_BLESS=1` writes the texts anew; the difference is then the review.

#![expect(
    clippy::disallowed_methods,
    reason = "the files beside this test are read and written"
)]

use std::path::{Path, PathBuf};

use policy::{Diagnostic, Source, compile};

fn told(faults: &[Diagnostic]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn all(sources: &[Source]) -> Vec<Diagnostic> {
    match compile(sources) {
        Ok(compiled) => compiled.warnings,
        Err(faults) => faults,
    }
}

#[test]
fn every_fault_is_told_with_its_line_and_its_remedy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut differ = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let source = Source::new(name.clone(), std::fs::read_to_string(&file).unwrap());
        let told = told(&all(&[source]));
        let expected = file.with_extension("txt");
        if std::env::var_os("REMPART_BLESS").is_some() {
            std::fs::write(&expected, &told).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != told {
            differ.push(format!("{name} is told otherwise:\n{told}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn two_apps_share_neither_id_nor_host() {
    let app = |name: &str, hosts: &str| {
        let text = format!(
            "[app]\nid = \"crm\"\nhosts = [{hosts}]\noperator = {{ name = \"x\", jurisdiction = \"US\" }}\n"
        );
        Source::new(name, text)
    };
    let sources = [
        app("one.toml", "'a.example', '*.b.example'"),
        app("two.toml", "'A.example.', '*.B.example', 'x.b.example'"),
    ];
    assert_eq!(
        told(&all(&sources)),
        "two.toml:2:6: error: the id `crm` is taken by one.toml (policy::id-taken)\n  \
         help: give every app an id of its own: it is part of its keys\n\
         two.toml:3:10: error: `a.example` is a host of the app `crm` in one.toml (policy::host-taken)\n  \
         help: leave it to one of them: a request belongs to one app only\n\
         two.toml:3:24: error: `*.b.example` is a host of the app `crm` in one.toml (policy::host-taken)\n  \
         help: leave it to one of them: a request belongs to one app only\n"
    );
}

#[test]
fn i14_one_bad_file_among_good_ones_makes_no_plan() {
    let good =
        "app = { id = 'a', hosts = 'a.example', operator = { name = 'x', jurisdiction = 'US' } }";
    let sources = [
        Source::new("good.toml", good),
        Source::new("bad.toml", "app = 1"),
    ];
    assert!(compile(&sources).is_err());
    assert!(compile(&sources[..1]).is_ok());
}

#[test]
fn lines_and_spans_hold_behind_a_byte_order_mark_and_with_carriage_returns() {
    let source = Source::new(
        "crm.toml",
        "\u{feff}[app]\r\nid = \"crm\"\r\nhosts = \"crm.example\"\r\ncolour = 1\r\n",
    );
    let faults = all(std::slice::from_ref(&source));
    let colour = faults
        .iter()
        .find(|fault| fault.code == "policy::unknown-key")
        .unwrap();
    assert_eq!((colour.line(), colour.column()), (4, 1));
    assert_eq!(&source.text[colour.span.clone().unwrap()], "colour");
}
