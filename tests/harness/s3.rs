//! A store that speaks S3's protocol and verifies every signature by botocore's own code.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;
use tempfile::TempDir;

use crate::authority::{Leaf, write};
use crate::client::{clients, interpreter};

/// A running store; it ends, by its id, with its value.
pub struct S3 {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Value>>>,
    reading: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl S3 {
    /// Starts a store that shows `leaf` and knows one access key.
    ///
    /// # Panics
    /// Where it does not come up.
    #[must_use]
    pub fn start(leaf: &Leaf, access_key: &str, secret: &str) -> Self {
        let folder = TempDir::with_prefix("rempart-s3-").expect("a folder");
        let (chain, key) = write(leaf, folder.path());
        let mut child = Command::new(interpreter())
            .arg(clients().join("s3_store.py"))
            .args([&chain, &key])
            .args([access_key, secret])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the store starts");
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

    /// Ends the store, and gives what it said of each request.
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

impl Drop for S3 {
    fn drop(&mut self) {
        self.end();
    }
}
