//! Every policy that is shipped loads, says nothing it does not mean, and is tried by at least one request.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the shipped files are read"
)]

use std::path::{Path, PathBuf};

use policy::{Severity, Source, compile};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

fn shipped() -> Vec<Source> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files
        .iter()
        .map(|path| Source::new(name(path), read(path)))
        .collect()
}

#[test]
fn all_shipped_policies_load_together_without_a_warning() {
    let sources = shipped();
    assert!(sources.len() >= 2);
    let compiled = compile(&sources).unwrap_or_else(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"))
    });
    let warnings: Vec<String> = compiled
        .warnings
        .iter()
        .filter(|fault| fault.severity >= Severity::Warning)
        .map(ToString::to_string)
        .collect();
    assert!(warnings.is_empty(), "{}", warnings.join("\n"));
}

#[test]
fn every_shipped_policy_is_tried_by_requests_that_are_there() {
    let compiled = compile(&shipped()).unwrap();
    for app in &compiled.plan.apps {
        assert!(!app.tests.is_empty(), "{} has no tests", app.id);
        for test in &app.tests {
            let request = std::fs::read_to_string(folder().join(&test.request)).unwrap();
            let host = request
                .lines()
                .find_map(|line| line.strip_prefix("Host: "))
                .unwrap_or_else(|| panic!("{} names no host", test.request));
            let index = compiled.plan.app_for(host).unwrap();
            assert_eq!(
                compiled.plan.app(index).unwrap().id,
                app.id,
                "{}",
                test.request
            );
        }
    }
}
