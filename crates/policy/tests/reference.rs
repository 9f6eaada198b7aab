//! `docs/policy.md` says what the code does: its figures, its codes and its examples are taken from the page.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "page and sources are read"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use policy::{Source, compile};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/policy.md")).unwrap()
}

/// The cells of the row that begins with `head`.
fn row(page: &str, head: &str) -> Vec<String> {
    let line = page.lines().find(|line| line.starts_with(head)).unwrap();
    let cells = line.trim_matches('|').split('|').skip(1);
    cells.map(|cell| cell.trim().replace(',', "")).collect()
}

#[test]
fn the_table_of_lengths_is_that_of_the_tokens() {
    let page = page();
    let columns: Vec<usize> = row(&page, "| `max` | 20")
        .iter()
        .map(|cell| cell.parse().unwrap())
        .collect();
    let told = |longest: Option<usize>, otherwise: &str| match longest {
        Some(longest) if longest > 0 => longest.to_string(),
        _ => otherwise.to_owned(),
    };
    let sealed: Vec<String> = columns
        .iter()
        .map(|max| {
            told(
                seal::length::longest_sealed(*max, seal::Sealing::default()),
                "–",
            )
        })
        .collect();
    let matched: Vec<String> = columns
        .iter()
        .map(|max| told(seal::length::longest_matched(*max), "pointer"))
        .collect();
    assert_eq!(row(&page, "| `sealed` | –"), sealed);
    assert_eq!(row(&page, "| `match` | pointer"), matched);
    let shortest = |length: Option<usize>| length.unwrap().to_string();
    assert_eq!(
        row(&page, "| `sealed` | notes").last(),
        Some(&shortest(seal::length::sealed(1, seal::Sealing::default())))
    );
    assert!(
        row(&page, "| `match` | what")
            .last()
            .unwrap()
            .starts_with(&shortest(seal::length::matched(1)))
    );
    let word = seal::length::worded(1, 1, seal::Sealing::default());
    assert_eq!(row(&page, "| `words` | text").last(), Some(&shortest(word)));
    assert_eq!(
        row(&page, "| `vault` | short").last(),
        Some(&seal::POINTER_LEN.to_string())
    );
}

#[test]
fn every_code_is_on_the_page_and_no_other() {
    let page = page();
    let (_, faults) = page.split_once("## Faults").unwrap();
    let told: BTreeSet<String> = faults
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    let mut known = BTreeSet::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            for code in text.split("\"policy::").skip(1) {
                known.insert(code.split('"').next().unwrap().to_owned());
            }
        }
    }
    assert_eq!(told, known);
}

#[test]
fn the_first_example_loads_without_a_word() {
    let page = page();
    let example = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert_eq!(
        compile(&[Source::new("example.toml", example)])
            .unwrap()
            .warnings,
        []
    );
}
