//! Chromium as a person has it: a profile of its own, our root among its authorities, driven over `WebDriver`
//! (W3C) by chromedriver.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::gateway::Gateway;
use crate::raw::Answer;
use crate::wait::until;

/// How the browser is told of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// By the proxy setting.
    Proxy,
    /// By the PAC file that the console serves.
    Pac,
}

/// A running browser; it ends, by its id, with its value.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    _folder: TempDir,
}

impl Browser {
    /// Starts a browser behind `gateway`.
    ///
    /// # Panics
    /// Where it does not come up.
    #[must_use]
    pub fn start(gateway: &Gateway, route: Route) -> Self {
        let folder = TempDir::with_prefix("rempart-browser-").expect("a folder");
        trust(folder.path(), &gateway.root_file());
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path().join("data"))
            // What it leaves there goes with the folder.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut said = BufReader::new(driver.stdout.take().expect("chromedriver speaks"));
        let mut line = String::new();
        let port: u16 = loop {
            line.clear();
            assert!(
                said.read_line(&mut line).expect("chromedriver speaks") > 0,
                "chromedriver ended at once"
            );
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim().trim_end_matches('.').parse().expect("a port");
            }
        };
        std::thread::spawn(move || drop(std::io::copy(&mut said, &mut std::io::sink())));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut browser = Self {
            driver,
            address,
            session: String::new(),
            _folder: folder,
        };
        let how = match route {
            Route::Proxy => format!("--proxy-server=http://{}", gateway.proxy),
            Route::Pac => format!("--proxy-pac-url=http://{}/proxy.pac", gateway.console),
        };
        let arguments = [
            how.as_str(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
        ];
        let options = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "timeouts": { "pageLoad": 30_000, "script": 20_000, "implicit": 5_000 },
        } } });
        let made = browser.command("POST", "/session", &options);
        browser.session = made
            .get("sessionId")
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no session: {made}"))
            .to_owned();
        browser
    }

    /// Goes to a page.
    pub fn open(&self, address: &str) {
        self.ask("POST", "/url", &json!({ "url": address }));
    }

    /// Runs a function's body in the page and gives back what it returns.
    #[must_use]
    pub fn script(&self, body: &str) -> Value {
        self.ask(
            "POST",
            "/execute/sync",
            &json!({ "script": body, "args": [] }),
        )
    }

    /// As [`Browser::script`], for a body that is awaited.
    #[must_use]
    pub fn script_later(&self, body: &str) -> Value {
        let body = format!(
            "const done = arguments[arguments.length - 1]; (async () => {{ {body} }})().then(done, e => done('error: ' + e));"
        );
        self.ask(
            "POST",
            "/execute/async",
            &json!({ "script": body, "args": [] }),
        )
    }

    /// The text that a person sees.
    #[must_use]
    pub fn text(&self) -> String {
        self.script("return document.body.innerText")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Where the browser is.
    #[must_use]
    pub fn address(&self) -> String {
        self.ask("GET", "/url", &Value::Null)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Types into the first element of a CSS selector.
    pub fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.ask("POST", &format!("/element/{element}/clear"), &json!({}));
        self.ask(
            "POST",
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// Chooses a file in the first element of a CSS selector.
    pub fn choose(&self, selector: &str, file: &Path) {
        let element = self.element(selector);
        self.ask(
            "POST",
            &format!("/element/{element}/value"),
            &json!({ "text": file.display().to_string() }),
        );
    }

    /// Clicks the first element of a CSS selector.
    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.ask("POST", &format!("/element/{element}/click"), &json!({}));
    }

    fn element(&self, selector: &str) -> String {
        let found = self.ask(
            "POST",
            "/element",
            &json!({ "using": "css selector", "value": selector }),
        );
        let id = found
            .as_object()
            .and_then(|found| found.values().next())
            .and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("no {selector}: {found}"))
            .to_owned()
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.command(method, &format!("/session/{}{path}", self.session), body)
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut socket = until(10, "chromedriver listens", || {
            TcpStream::connect(self.address).ok()
        });
        socket
            .set_read_timeout(Some(Duration::from_secs(90)))
            .expect("a timeout");
        write!(socket, "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", self.address, body.len())
            .expect("chromedriver reads");
        let answer = Answer::read(&mut socket, false).expect("chromedriver answers");
        let mut value: Value = serde_json::from_slice(&answer.body).expect("WebDriver speaks JSON");
        let value = value.get_mut("value").map(Value::take).unwrap_or_default();
        assert!(
            answer.status < 300,
            "{method} {path} {body}: {}",
            value.get("message").unwrap_or(&value)
        );
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What fails here must not panic a second time.
            let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                (self.address(), self.text())
            }));
            if let Ok((address, text)) = seen {
                eprintln!("── the browser was at {address} ──\n{text}");
            }
        }
        if !self.session.is_empty() && !std::thread::panicking() {
            drop(self.ask("DELETE", "", &Value::Null));
        } else if let Ok(mut socket) = TcpStream::connect(self.address) {
            // The browser is the driver's child: only the driver can end it.
            drop(write!(
                socket,
                "DELETE /session/{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                self.session, self.address
            ));
            drop(socket.set_read_timeout(Some(Duration::from_secs(10))));
            drop(Answer::read(&mut socket, false));
        }
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

/// Puts a root among the authorities of the profile, as a fleet's policy would. Chromium reads the NSS store of the
/// user, at the old place and at the new one.
fn trust(home: &Path, root: &Path) {
    for store in [
        home.join(".pki").join("nssdb"),
        home.join("data").join("pki").join("nssdb"),
    ] {
        fs::create_dir_all(&store).expect("a folder for the store");
        let store = format!("sql:{}", store.display());
        for arguments in [
            vec!["-N", "--empty-password"],
            vec![
                "-A",
                "-t",
                "C,,",
                "-n",
                "rempart",
                "-i",
                root.to_str().expect("a path in UTF-8"),
            ],
        ] {
            let made = Command::new("certutil")
                .arg("-d")
                .arg(&store)
                .args(arguments)
                .output()
                .expect("certutil starts");
            assert!(
                made.status.success(),
                "certutil: {}",
                String::from_utf8_lossy(&made.stderr)
            );
        }
    }
}
