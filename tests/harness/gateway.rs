//! A `rempart up` of one test: its home, its policies, its configuration.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::authority::Authority;
use crate::origin::Origin;
use crate::wait::until;

/// What a gateway is to be started with.
#[derive(Default)]
pub struct Setup {
    policies: Vec<(String, String)>,
    resolve: Vec<(String, SocketAddr)>,
    roots: Vec<PathBuf>,
    settings: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    verbose: bool,
}

impl Setup {
    /// Nothing yet: no policy, no host.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a policy file.
    #[must_use]
    pub fn policy(mut self, name: &str, text: &str) -> Self {
        self.policies.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Says where a host is to be found.
    #[must_use]
    pub fn host(mut self, host: &str, origin: &Origin) -> Self {
        self.resolve.push((format!("{host}:443"), origin.address));
        self
    }

    /// Says where a host and port are to be found.
    #[must_use]
    pub fn resolve(mut self, host_and_port: &str, address: SocketAddr) -> Self {
        self.resolve.push((host_and_port.to_owned(), address));
        self
    }

    /// Trusts an authority upstream.
    #[must_use]
    pub fn trust(mut self, authority: &Authority) -> Self {
        self.roots.push(authority.file());
        self
    }

    /// Adds lines to `rempart.toml`, before its other sections.
    #[must_use]
    pub fn settings(mut self, lines: &str) -> Self {
        self.settings.push_str(lines);
        self.settings.push('\n');
        self
    }

    /// Adds an argument of `up`.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Logs everything that can be logged.
    #[must_use]
    pub fn verbose(mut self) -> Self {
        self.verbose = true;
        self
    }

    /// Starts it and waits until it listens.
    #[must_use]
    pub fn start(self) -> Gateway {
        Gateway::start(self)
    }
}

/// A running gateway; it is killed, by its id, with its value.
pub struct Gateway {
    child: Child,
    folder: TempDir,
    setup: Setup,
    /// Where the proxy listens.
    pub proxy: SocketAddr,
    /// Where the console listens.
    pub console: SocketAddr,
}

impl Gateway {
    fn start(setup: Setup) -> Self {
        let folder = TempDir::with_prefix("rempart-e2e-").expect("a folder");
        fs::create_dir(folder.path().join("policies")).expect("a folder for policies");
        for (name, text) in &setup.policies {
            fs::write(folder.path().join("policies").join(name), text)
                .expect("a policy is written");
        }
        fs::write(folder.path().join("rempart.toml"), settings(&setup))
            .expect("settings are written");
        let (child, proxy, console) = spawn(folder.path(), &setup);
        Self {
            child,
            folder,
            setup,
            proxy,
            console,
        }
    }

    /// Its home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The file of a policy.
    #[must_use]
    pub fn policy_file(&self, name: &str) -> PathBuf {
        self.folder.path().join("policies").join(name)
    }

    /// Its settings file.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.folder.path().join("rempart.toml")
    }

    /// The root that clients are to trust, as text, told by `ca show` while it runs.
    ///
    /// # Panics
    /// Where `ca show` fails.
    #[must_use]
    pub fn root(&self) -> String {
        let shown = Command::new(program())
            .args(["ca", "show", "--home"])
            .arg(self.home())
            .output()
            .expect("ca show starts");
        assert!(
            shown.status.success(),
            "ca show: {}",
            String::from_utf8_lossy(&shown.stderr)
        );
        String::from_utf8(shown.stdout).expect("PEM is text")
    }

    /// A file that holds [`Gateway::root`].
    ///
    /// # Panics
    /// Where it cannot be written.
    #[must_use]
    pub fn root_file(&self) -> PathBuf {
        let file = self.folder.path().join("root.crt");
        if !file.exists() {
            fs::write(&file, self.root()).expect("the root is written");
        }
        file
    }

    /// Everything it wrote to its output and error stream, of all its runs.
    #[must_use]
    pub fn said(&self) -> String {
        ["stdout", "stderr"]
            .map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default())
            .join("\n")
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory, in bytes (`VmRSS`), or the most it ever was (`VmHWM`).
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn memory(&self, which: &str) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status
            .lines()
            .find(|line| line.starts_with(which))
            .expect("memory is told");
        let kilobytes: u64 = line
            .split_whitespace()
            .nth(1)
            .and_then(|number| number.parse().ok())
            .expect("a number");
        kilobytes * 1024
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// Where it has ended already.
    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal).expect("it runs");
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// Where it does not within `seconds`.
    pub fn ended(&mut self, seconds: u64) -> ExitStatus {
        until(seconds, "the gateway ends", || {
            self.child.try_wait().expect("it can be waited for")
        })
    }

    /// `kill -9`, then `up` again on the same home.
    ///
    /// # Panics
    /// Where it does not come up again.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        self.up_again();
    }

    /// `up` again on the same home, after it has ended.
    ///
    /// # Panics
    /// Where it does not come up again.
    pub fn up_again(&mut self) {
        drop(fs::remove_file(self.home().join("run.json")));
        (self.child, self.proxy, self.console) = spawn(self.folder.path(), &self.setup);
    }

    /// Reads a page of the console.
    #[must_use]
    pub fn console_page(&self, path: &str) -> crate::raw::Answer {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.console
        );
        crate::raw::Tunnel::exchange(self.console, request.as_bytes())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("── the gateway said ──\n{}", self.said());
        }
    }
}

fn settings(setup: &Setup) -> String {
    let roots: Vec<String> = setup
        .roots
        .iter()
        .map(|root| format!("{:?}", root.display().to_string()))
        .collect();
    let resolve: Vec<String> = setup
        .resolve
        .iter()
        .map(|(host, address)| format!("\"{host}\" = \"{address}\""))
        .collect();
    format!(
        "{}\n[upstream]\nextra_roots = [{}]\nresolve = {{ {} }}\n",
        setup.settings,
        roots.join(", "),
        resolve.join(", ")
    )
}

fn spawn(folder: &Path, setup: &Setup) -> (Child, SocketAddr, SocketAddr) {
    let append = |name: &str| {
        File::options()
            .create(true)
            .append(true)
            .open(folder.join(name))
            .expect("a file for what it says")
    };
    let mut child = Command::new(program())
        .arg("up")
        .arg("--home")
        .arg(folder.join("home"))
        .arg("--config")
        .arg(folder.join("rempart.toml"))
        .args(["--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"])
        .args(policies(folder, setup))
        .args(&setup.arguments)
        .envs(setup.variables.iter().map(|(name, value)| (name, value)))
        .env("RUST_LOG", if setup.verbose { "trace" } else { "info" })
        .stdin(Stdio::null())
        .stdout(append("stdout"))
        .stderr(append("stderr"))
        .spawn()
        .expect("rempart starts");
    let id = child.id();
    let said = || fs::read_to_string(folder.join("stderr")).unwrap_or_default();
    let run = until(60, "rempart listens", || {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            panic!("rempart ended at once with {status}:\n{}", said());
        }
        let run: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join("home").join("run.json")).ok()?).ok()?;
        (run.get("pid")?.as_u64() == Some(u64::from(id))).then_some(run)
    });
    let address = |name: &str| {
        run.get(name).and_then(|value| {
            value
                .as_str()?
                .trim_start_matches("http://")
                .trim_end_matches('/')
                .parse()
                .ok()
        })
    };
    let (proxy, console) = (
        address("proxy").expect("a proxy address"),
        address("console").expect("a console address"),
    );
    (child, proxy, console)
}

/// The flag that names the policies; none where a test has none, so that the gateway has its own.
fn policies(folder: &Path, setup: &Setup) -> Vec<PathBuf> {
    if setup.policies.is_empty() {
        Vec::new()
    } else {
        vec!["--policies".into(), folder.join("policies")]
    }
}

/// The binary under test: what `cargo xtask` built and named, or what cargo builds when a test is run alone.
///
/// # Panics
/// Where it does not compile.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(named) = std::env::var_os("REMPART_BIN") {
            return named.into();
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join("Cargo.toml");
        let built = Command::new("cargo")
            .args([
                "build",
                "--quiet",
                "-p",
                "rempart",
                "--message-format",
                "json-render-diagnostics",
                "--manifest-path",
            ])
            .arg(manifest)
            .output()
            .expect("cargo starts");
        assert!(
            built.status.success(),
            "rempart does not compile:\n{}",
            String::from_utf8_lossy(&built.stderr)
        );
        String::from_utf8_lossy(&built.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
            .expect("cargo names the binary")
    })
}
