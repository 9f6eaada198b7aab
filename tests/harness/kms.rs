//! A key service that speaks the wire protocol of the well-known transit engine, and holds its clients to it.
//!
//! It checks method, path, headers, members and base 64 of every request, answers `400` to what is not exactly right,
//! and remembers it: a test that ends asks for [`Kms::faults`]. It can be told to hang up, to be sealed, to deny, to
//! fail, to talk nonsense, to lie, and to rotate its key. Its wraps are names of what it remembers, since no client may
//! look into them anyway.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The token of access that the service takes.
pub const ACCESS: &str = "hvs.only-for-tests";
/// The name of its one key.
const KEY: &str = "rempart";

/// How the service behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Well,
    /// It closes every connection at once.
    Down,
    /// `503`, as long as nobody has unsealed it.
    Sealed,
    /// `403`: the token of access has expired.
    Denying,
    /// `500`.
    Failing,
    /// `200` and a page.
    Nonsense,
    /// `307` to somewhere else.
    Elsewhere,
    /// Another secret than the one it was given.
    Lying,
}

/// A running key service; it ends with its value.
pub struct Kms {
    /// Where it listens.
    pub address: SocketAddr,
    scheme: &'static str,
    state: Arc<Mutex<State>>,
    accepting: Option<JoinHandle<()>>,
}

struct State {
    mood: Mood,
    namespace: Option<String>,
    version: u32,
    wraps: HashMap<String, Vec<u8>>,
    asked: HashMap<String, usize>,
    faults: Vec<String>,
    stopping: bool,
}

/// What makes of a connection one that can be read and written.
type Welcome = Box<dyn Fn(TcpStream) -> io::Result<Box<dyn Stream>> + Send>;

/// Both directions of a connection.
pub trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

impl Kms {
    /// Starts one that speaks plain HTTP.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("http", Box::new(|stream| Ok(Box::new(stream))))
    }

    /// Starts one that turns each connection into something else first.
    ///
    /// # Panics
    /// Where it cannot listen.
    #[must_use]
    pub fn start_with(scheme: &'static str, welcome: Welcome) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State {
            mood: Mood::Well,
            namespace: None,
            version: 1,
            wraps: HashMap::new(),
            asked: HashMap::new(),
            faults: Vec::new(),
            stopping: false,
        }));
        let shared = Arc::clone(&state);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mood = {
                    let state = lock(&shared);
                    if state.stopping {
                        break;
                    }
                    state.mood
                };
                // Who hangs up, or does not believe our certificate, is none of our business.
                if let (Ok(stream), true) = (stream, mood != Mood::Down) {
                    let limit = Some(Duration::from_secs(10));
                    let _ = stream.set_read_timeout(limit);
                    let _ = stream.set_write_timeout(limit);
                    let _ = welcome(stream).and_then(|stream| serve(stream, &shared));
                }
            }
        });
        Self {
            address,
            scheme,
            state,
            accepting: Some(accepting),
        }
    }

    /// What `[keys] root` says to use its key.
    #[must_use]
    pub fn root(&self) -> String {
        format!(
            "transit:{}://localhost:{}/v1/transit/keys/{KEY}",
            self.scheme,
            self.address.port()
        )
    }

    /// Makes it behave so from now on.
    pub fn set(&self, mood: Mood) {
        lock(&self.state).mood = mood;
    }

    /// Makes it serve this namespace only.
    pub fn set_namespace(&self, namespace: &str) {
        lock(&self.state).namespace = Some(namespace.to_owned());
    }

    /// Gives its key a new version.
    pub fn rotate(&self) {
        lock(&self.state).version += 1;
    }

    /// How often an operation was asked for, rightly or wrongly.
    #[must_use]
    pub fn asked(&self, operation: &str) -> usize {
        lock(&self.state).asked.get(operation).copied().unwrap_or(0)
    }

    /// Everything that a client did against the protocol.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        lock(&self.state).faults.clone()
    }
}

impl Drop for Kms {
    fn drop(&mut self) {
        lock(&self.state).stopping = true;
        // Wakes the loop that accepts.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request.
struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &mut dyn Stream) -> io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim_end();
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap_or((header, ""));
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self {
            line: line.trim_end().to_owned(),
            headers,
            body: Vec::new(),
        };
        let length = request
            .header("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0_usize)
            .min(1 << 20);
        request.body = vec![0; length];
        reader.read_exact(&mut request.body)?;
        Ok(request)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name);
        let value = values.next().map(|(_, value)| value.as_str());
        value.filter(|_| values.next().is_none())
    }
}

fn serve(mut stream: Box<dyn Stream>, state: &Mutex<State>) -> io::Result<()> {
    let request = Request::read(&mut *stream)?;
    let (status, body, more) = answer(&request, &mut lock(state));
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

type Answer = (&'static str, String, &'static str);

fn errors(status: &'static str, text: &str) -> Answer {
    (status, json!({ "errors": [text] }).to_string(), "")
}

fn answer(request: &Request, state: &mut State) -> Answer {
    let operation = request
        .line
        .split('/')
        .nth(3)
        .unwrap_or_default()
        .to_owned();
    *state.asked.entry(operation.clone()).or_default() += 1;
    match state.mood {
        Mood::Well | Mood::Lying => {}
        Mood::Down => return errors("500 Internal Server Error", "going down"),
        Mood::Sealed => return errors("503 Service Unavailable", "Vault is sealed"),
        Mood::Denying => return errors("403 Forbidden", "permission denied"),
        Mood::Failing => {
            return errors("500 Internal Server Error", "1 error occurred:\n\t* oh\n\n");
        }
        Mood::Nonsense => return ("200 OK", "<html>Welcome to the hotel</html>".to_owned(), ""),
        Mood::Elsewhere => {
            return (
                "307 Temporary Redirect",
                String::new(),
                "Location: http://127.0.0.1:9/\r\n",
            );
        }
    }
    if request.header("x-vault-token") != Some(ACCESS) {
        return errors("403 Forbidden", "permission denied");
    }
    match carried_out(&operation, request, state) {
        Ok(data) => ("200 OK", envelope(&data), ""),
        Err(fault) => {
            state.faults.push(format!("{}: {fault}", request.line));
            errors("400 Bad Request", &fault)
        }
    }
}

fn carried_out(operation: &str, request: &Request, state: &mut State) -> Result<Value, String> {
    let expected = format!("POST /v1/transit/{operation}/{KEY} HTTP/1.1");
    if !["encrypt", "decrypt", "rewrap"].contains(&operation) || request.line != expected {
        return Err("no handler for route".to_owned());
    }
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-vault-request", "true"),
    ] {
        if request.header(name) != Some(value) {
            return Err(format!("`{name}` must be `{value}`, once"));
        }
    }
    if request.header("host").is_none() {
        return Err("`host` must be there, once".to_owned());
    }
    if request.header("x-vault-namespace") != state.namespace.as_deref() {
        return Err(format!("the namespace is {:?}", state.namespace));
    }
    let body: Value = serde_json::from_slice(&request.body).map_err(|error| error.to_string())?;
    let members = body.as_object().ok_or("the body must be an object")?;
    let wanted = if operation == "encrypt" {
        "plaintext"
    } else {
        "ciphertext"
    };
    let names: HashSet<&str> = members.keys().map(String::as_str).collect();
    if names != HashSet::from([wanted]) {
        return Err(format!(
            "the members must be just `{wanted}`, and are {names:?}"
        ));
    }
    let text = members
        .get(wanted)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("`{wanted}` must be a string"))?;
    match operation {
        "encrypt" => {
            let plaintext = STANDARD.decode(text).map_err(|error| error.to_string())?;
            if plaintext.len() != 32 {
                return Err(format!("{} bytes are no keyring secret", plaintext.len()));
            }
            Ok(wrap(plaintext, state))
        }
        "decrypt" => {
            let mut plaintext = known(text, state)?;
            if state.mood == Mood::Lying {
                plaintext.reverse();
            }
            Ok(json!({ "plaintext": STANDARD.encode(plaintext) }))
        }
        _ => {
            let plaintext = known(text, state)?;
            Ok(wrap(plaintext, state))
        }
    }
}

fn known(wrapped: &str, state: &State) -> Result<Vec<u8>, String> {
    let known = state.wraps.get(wrapped).cloned();
    known.ok_or_else(|| "cipher: message authentication failed".to_owned())
}

fn wrap(plaintext: Vec<u8>, state: &mut State) -> Value {
    let name = format!("a wrap of the tests, number {:06}", state.wraps.len());
    let version = state.version;
    let wrapped = format!("vault:v{version}:{}", STANDARD.encode(name));
    state.wraps.insert(wrapped.clone(), plaintext);
    json!({ "ciphertext": wrapped, "key_version": version })
}

/// What stands around the data in the engine's answers.
fn envelope(data: &Value) -> String {
    json!({
        "request_id": "0c3a2f6e-7d1b-4f0a-9b57-1f2f6f0d8d11",
        "lease_id": "",
        "renewable": false,
        "lease_duration": 0,
        "data": data,
        "wrap_info": null,
        "warnings": null,
        "auth": null,
        "mount_type": "transit",
    })
    .to_string()
}
