//! `rempart seal` and `rempart open`: what goes through both comes back, byte for byte, and says what is wrong.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use e2e::run;
use tempfile::TempDir;

use crate::common::POLICY;

/// A home with a policy, and no gateway.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = TempDir::with_prefix("rempart-seal-").expect("a folder");
        let home = Self { folder };
        let made = run(&["init", "--home", &home.path("home")]);
        assert!(made.status.success(), "{}", said(&made));
        fs::write(home.path("home/policies/crm.toml"), POLICY).expect("a policy");
        home
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(PathBuf::from(self.path(name))).expect("a file")
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Output {
        let home = self.path("home");
        run(&[&[command, "--home", &home], arguments].concat())
    }

    /// Runs a command that must do what it says.
    fn done(&self, command: &str, arguments: &[&str]) {
        let ended = self.run(command, arguments);
        assert!(ended.status.success(), "{}", said(&ended));
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn i10_a_file_of_100_megabytes_comes_back() {
    let home = Home::new();
    let file: Vec<u8> = (0..100_000_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let (plain, sealed, opened) = (
        home.write("plain", &file),
        home.path("sealed"),
        home.path("opened"),
    );
    let field = ["--app", "crm", "--field", "note", "--file"];
    home.done(
        "seal",
        &[&field[..], &["--in", &plain, "--out", &sealed]].concat(),
    );
    let there = home.read("sealed");
    assert_eq!(
        there.len(),
        78 + file.len() + 16 * file.len().div_ceil(65_536)
    );
    assert!(there.starts_with(b"\x8frempart"));
    home.done("open", &["--in", &sealed, "--out", &opened]);
    assert!(home.read("opened") == file, "byte for byte");

    let mut changed = there;
    changed[50_000_000] ^= 1;
    let changed = home.write("changed", &changed);
    let refused = home.run("open", &["--in", &changed, "--out", &home.path("nothing")]);
    assert!(!refused.status.success());
    assert!(said(&refused).contains("segment 762"), "{}", said(&refused));
    assert!(
        !PathBuf::from(home.path("nothing")).exists(),
        "half a file is no file"
    );
}

#[test]
fn i02_a_csv_file_comes_back_in_its_own_dialect() {
    let home = Home::new();
    let people =
        "\u{feff}id;Name;note\r\n1;\"Tremblay; Zoé\";\"two\r\nlines\"\r\n2;Roy;\r\n3;;=1+1\r\n";
    let (plain, sealed, opened) = (
        home.write("people.csv", people.as_bytes()),
        home.path("sealed.csv"),
        home.path("opened.csv"),
    );
    let columns = [
        "--app", "crm", "--field", "note", "--csv", "--column", "Name", "--column", "note",
    ];
    home.done(
        "seal",
        &[&columns[..], &["--in", &plain, "--out", &sealed]].concat(),
    );
    let there = String::from_utf8(home.read("sealed.csv")).expect("UTF-8");
    assert!(
        there.starts_with("\u{feff}id;Name;note\r\n1;\"q671"),
        "{there}"
    );
    assert!(
        there.contains("\r\n2;q671") && there.contains("\r\n3;;q671"),
        "{there}"
    );
    for hidden in ["Tremblay", "Roy", "lines", "=1+1"] {
        assert!(!there.contains(hidden), "{hidden} in {there}");
    }
    home.done("open", &["--csv", "--in", &sealed, "--out", &opened]);
    assert_eq!(
        String::from_utf8(home.read("opened.csv")).expect("UTF-8"),
        people
    );

    let ragged = home.write("ragged.csv", b"id,Name\n1,Roy\n2,Roy,Zoe\n");
    let refused = home.run(
        "seal",
        &[
            "--app", "crm", "--field", "note", "--csv", "--column", "Name", "--in", &ragged,
        ],
    );
    assert!(
        !refused.status.success() && said(&refused).contains("line 3"),
        "{}",
        said(&refused)
    );
}

#[test]
fn i02_lines_come_back_from_any_text_around_them() {
    let home = Home::new();
    let names = "Tremblay\n\nRoy\r\nTremblay";
    let (plain, sealed) = (home.write("names", names.as_bytes()), home.path("sealed"));
    let field = ["--app", "crm", "--field", "name", "--lines"];
    home.done(
        "seal",
        &[&field[..], &["--in", &plain, "--out", &sealed]].concat(),
    );
    let there = String::from_utf8(home.read("sealed")).expect("UTF-8");
    let tokens: Vec<&str> = there.lines().collect();
    assert_eq!(tokens.len(), 4);
    assert!(tokens[0].starts_with("q671") && tokens[1].is_empty());
    assert_eq!(
        tokens[0], tokens[3],
        "a `match` field: equal values are equal"
    );

    // What is sealed already stays as it is.
    home.done(
        "seal",
        &[&field[..], &["--in", &sealed, "--out", &home.path("again")]].concat(),
    );
    assert_eq!(home.read("again"), home.read("sealed"));

    let text = format!(
        "{{\"a\":\"{}\"}} {}{} q671 end",
        tokens[0],
        tokens[2],
        tokens[0].to_uppercase()
    );
    let text = home.write("text", text.as_bytes());
    home.done("open", &["--in", &text, "--out", &home.path("opened")]);
    assert_eq!(
        home.read("opened"),
        b"{\"a\":\"Tremblay\"} RoyTremblay q671 end"
    );
}

#[test]
fn what_cannot_be_sealed_is_told_with_what_to_do() {
    let home = Home::new();
    let input = home.write("input", b"x\n");
    for (arguments, told) in [
        (
            ["--app", "crm", "--field", "nothing", "--lines"],
            "there are: ",
        ),
        (
            ["--app", "other", "--field", "note", "--lines"],
            "there are: crm",
        ),
        (
            ["--app", "crm", "--field", "name", "--file"],
            "a whole file is sealed",
        ),
    ] {
        let refused = home.run("seal", &[&arguments[..], &["--in", &input]].concat());
        assert!(!refused.status.success());
        assert!(said(&refused).contains(told), "{told}: {}", said(&refused));
    }
}
