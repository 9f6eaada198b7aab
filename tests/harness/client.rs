//! Clients that people use, as programs of their own: curl, Python, Node.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::gateway::{Gateway, program};

/// What curl got.
#[derive(Debug)]
pub struct Reply {
    /// The status of the answer, 0 where none came.
    pub status: u16,
    /// The status of the answer to `CONNECT`, 0 where there was none.
    pub connect: u16,
    /// The version that was spoken (`1.1`, `2`).
    pub version: String,
    /// The header of the answer (and of the answer to `CONNECT`, where that is all that came).
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
    /// What curl says went wrong.
    pub error: String,
}

impl Reply {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| {
                line.split_once(':')
                    .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            })
            .map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }
}

/// Runs curl through the gateway, trusting its root.
///
/// # Panics
/// Where curl does not start.
#[must_use]
pub fn curl(gateway: &Gateway, arguments: &[&str]) -> Reply {
    let folder = TempDir::with_prefix("rempart-curl-").expect("a folder");
    let (head, body) = (folder.path().join("head"), folder.path().join("body"));
    let output = clean(&mut Command::new("curl"))
        .args(["--silent", "--show-error", "--max-time", "60", "--proxy"])
        .arg(format!("http://{}", gateway.proxy))
        .arg("--cacert")
        .arg(gateway.root_file())
        .args([
            "--suppress-connect-headers",
            "--write-out",
            "%{http_code} %{http_connect} %{http_version}",
            "--dump-header",
        ])
        .arg(&head)
        .arg("--output")
        .arg(&body)
        .args(arguments)
        .output()
        .expect("curl starts");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = told.split_whitespace();
    Reply {
        status: numbers
            .next()
            .and_then(|code| code.parse().ok())
            .unwrap_or(0),
        connect: numbers
            .next()
            .and_then(|code| code.parse().ok())
            .unwrap_or(0),
        version: numbers.next().unwrap_or_default().to_owned(),
        head: std::fs::read_to_string(&head).unwrap_or_default(),
        body: std::fs::read(&body).unwrap_or_default(),
        error: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a script of `tests/clients` by Python, with the proxy and the root in its arguments; gives back the JSON
/// that it prints.
///
/// # Panics
/// Where it fails.
#[must_use]
pub fn python(gateway: &Gateway, script: &str, arguments: &[&str]) -> serde_json::Value {
    script_of(&mut Command::new(interpreter()), gateway, script, arguments)
}

/// The Python that has what the tests import.
pub(crate) fn interpreter() -> std::ffi::OsString {
    std::env::var_os("REMPART_PYTHON").unwrap_or_else(|| "python3".into())
}

/// As [`python`], by Node.
#[must_use]
pub fn node(gateway: &Gateway, script: &str, arguments: &[&str]) -> serde_json::Value {
    let mut node = Command::new("node");
    node.env("NODE_EXTRA_CA_CERTS", gateway.root_file());
    script_of(&mut node, gateway, script, arguments)
}

fn script_of(
    command: &mut Command,
    gateway: &Gateway,
    script: &str,
    arguments: &[&str],
) -> serde_json::Value {
    let output = clean(command)
        .arg(clients().join(script))
        .arg(format!("http://{}", gateway.proxy))
        .arg(gateway.root_file())
        .args(arguments)
        .output()
        .expect("the client starts");
    assert!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{script} prints JSON ({error}): {}",
            String::from_utf8_lossy(&output.stdout)
        )
    })
}

/// Runs `rempart` itself with these arguments, to its end.
///
/// # Panics
/// Where it does not start.
#[must_use]
pub fn run(arguments: &[&str]) -> Output {
    run_with(&[], arguments)
}

/// Runs a command of `rempart` to its end, with these variables in its environment.
///
/// # Panics
/// Where it does not start.
#[must_use]
pub fn run_with(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(program())
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("rempart starts")
}

pub(crate) fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Without what the machine's own settings say of proxies.
fn clean(command: &mut Command) -> &mut Command {
    for name in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null())
}
