//! A server in Python of one test: made of a protocol's own library, where that says best what a server does.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;
use tempfile::TempDir;

use crate::authority::{Leaf, write};
use crate::client::{clients, interpreter};

/// A running server; it ends, by its id, with its value.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Value>>>,
    reading: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Served {
    /// Starts a script of `tests/clients` that is given the files of `leaf` and then these arguments. It prints the
    /// port on which it listens, and afterwards a line of JSON for each request.
    ///
    /// # Panics
    /// Where it does not come up.
    #[must_use]
    pub fn start(script: &str, leaf: &Leaf, arguments: &[&str]) -> Self {
        let folder = TempDir::with_prefix("rempart-served-").expect("a folder");
        let (chain, key) = write(leaf, folder.path());
        let mut child = Command::new(interpreter())
            .arg(clients().join(script))
            .args([&chain, &key])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        let mut port = String::new();
        lines.read_line(&mut port).expect("it says its port");
        let port: u16 = port.trim().parse().expect("a port");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let reading = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("a line of JSON");
                told.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            seen,
            reading: Some(reading),
            _folder: folder,
        }
    }

    /// Ends the server, and gives what it said of each request.
    ///
    /// # Panics
    /// Where it said what is no JSON.
    #[must_use]
    pub fn seen(mut self) -> Vec<Value> {
        self.end();
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn end(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if let Some(reading) = self.reading.take() {
            drop(reading.join());
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}
