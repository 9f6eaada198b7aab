//! `docs/refusals.md` lists every refusal with the status that it is answered with.

use border::{Blame, RefusalCode};

#[test]
fn every_code_stands_in_the_list_with_its_status_and_fault() {
    let list = include_str!("../../../docs/refusals.md");
    for code in RefusalCode::ALL {
        let fault = match code.blame() {
            Blame::Client => "client",
            Blame::Origin => "origin",
            Blame::Policy => "policy",
            Blame::Operator => "operator",
        };
        let row = format!(
            "| `{}` | {} | {fault} |",
            code.as_str(),
            code.status().as_u16()
        );
        assert!(list.contains(&row), "docs/refusals.md lacks the row {row}");
    }
    let rows = list.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(
        rows,
        RefusalCode::ALL.len(),
        "docs/refusals.md lists a code that there is not"
    );
}
