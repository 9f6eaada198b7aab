//! A PostgreSQL 15 of one test: a cluster in a temporary folder, on a socket in it, and with TLS on a port of loopback
//! where a test asks for that.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::authority::{Leaf, write};
use crate::wait::until;

/// Where Debian puts what no user calls by name.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// The user that owns the database.
const USER: &str = "rempart";

/// A running server; it ends, by its id, with its value.
pub struct Postgres {
    child: Child,
    folder: TempDir,
    owner: Option<(u32, u32)>,
    port: u16,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts a server on a socket alone.
    ///
    /// # Panics
    /// Where it does not come up.
    #[must_use]
    pub fn start() -> Self {
        Self::make(5432, None, "off")
    }

    /// As [`Postgres::start`], with every commit on the disk, for whoever measures.
    ///
    /// # Panics
    /// Where it does not come up.
    #[must_use]
    pub fn durable() -> Self {
        Self::make(5432, None, "on")
    }

    /// Starts a server that also listens on loopback and shows `leaf`; a connection without TLS is refused there.
    ///
    /// # Panics
    /// Where it does not come up.
    #[must_use]
    pub fn with_tls(leaf: &Leaf) -> Self {
        // It takes no port 0: the system's choice is asked for first, and taken a moment later.
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port");
        Self::make(address.port(), Some(leaf), "off")
    }

    fn make(port: u16, leaf: Option<&Leaf>, fsync: &str) -> Self {
        let folder = TempDir::with_prefix("rempart-postgres-").expect("a folder");
        let owner = owner();
        let path = folder.path();
        give(path, owner);
        let made = program("initdb", owner)
            .arg("-D")
            .arg(path.join("data"))
            .args(["-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"])
            .args(["--auth-local=trust", "--auth-host=scram-sha-256"])
            .output()
            .expect("initdb starts: install postgresql-15");
        assert!(made.status.success(), "{made:?}");
        let mut settings = format!(
            "port = {port}\nunix_socket_directories = '{0}'\nfsync = {fsync}\nshared_buffers = 16MB\n",
            path.display()
        );
        if let Some(leaf) = leaf {
            let (chain, key) = write(leaf, path);
            give(&chain, owner);
            give(&key, owner);
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
            settings += &format!(
                "listen_addresses = '127.0.0.1'\nssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
                chain.display(),
                key.display()
            );
            let only = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
            fs::write(path.join("data/pg_hba.conf"), only).expect("rules are written");
        } else {
            settings += "listen_addresses = ''\n";
        }
        fs::write(path.join("data/postgresql.auto.conf"), settings).expect("settings are written");
        Self {
            child: up(path, owner),
            folder,
            owner,
            port,
            databases: AtomicU32::new(0),
        }
    }

    /// Makes a new database and gives back its URL, by the socket.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("vault_{number}");
        self.ask("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database, there or not, by the socket.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://{USER}@{folder}:{}/{database}", self.port)
    }

    /// Where it listens with TLS: `localhost` and its port.
    #[must_use]
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Runs SQL by psql and gives back what it prints, a line a row.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn ask(&self, database: &str, sql: &str) -> String {
        let asked = program("psql", self.owner)
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-U", USER, "-d", database])
            .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()
            .expect("psql starts");
        assert!(asked.status.success(), "{sql}: {asked:?}");
        String::from_utf8_lossy(&asked.stdout).trim_end().to_owned()
    }

    /// Stops it at once, as a crash would.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn crash(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::QUIT).expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Starts it again after [`Postgres::crash`].
    ///
    /// # Panics
    /// Where it does not come up.
    pub fn up_again(&mut self) {
        self.child = up(self.folder.path(), self.owner);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its own children end with it on this signal, and not on SIGKILL.
        let _ = kill_process(Pid::from_child(&self.child), Signal::QUIT);
        drop(self.child.wait());
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            eprintln!("── PostgreSQL said ──\n{log}");
        }
    }
}

fn up(folder: &Path, owner: Option<(u32, u32)>) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log");
    let mut child = program("postgres", owner)
        .arg("-D")
        .arg(folder.join("data"))
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .expect("postgres starts");
    let id = child.id().to_string();
    until(60, "PostgreSQL is ready", || {
        let ended = child.try_wait().expect("it can be waited for");
        let said = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(ended.is_none(), "PostgreSQL ended at once:\n{}", said());
        let state = fs::read_to_string(folder.join("data/postmaster.pid")).ok()?;
        let own = state.lines().next() == Some(&id);
        (own && state.lines().nth(7)?.trim() == "ready").then_some(())
    });
    child
}

/// It does not run as root: the user that its package made runs it then.
fn owner() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("users");
    let number = |user: &str, column| -> Option<u32> {
        let line = users.lines().find(|line| line.starts_with(user))?;
        line.split(':').nth(column)?.parse().ok()
    };
    let ids = number("postgres:", 2).zip(number("postgres:", 3));
    Some(ids.expect("the user postgres, made by postgresql-common"))
}

fn give(path: &Path, owner: Option<(u32, u32)>) {
    if let Some((user, group)) = owner {
        chown(path, Some(user), Some(group)).expect("an owner");
    }
}

fn program(name: &str, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(Path::new(PROGRAMS).join(name));
    command
        .stdin(Stdio::null())
        .current_dir("/")
        .env("LC_ALL", "C");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}
