//! A client that sends what it is told to, for what no well-behaved client would.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header, its names in lower case.
    pub head: String,
    /// The body: what the length or the chunks say, or all until the end.
    pub body: Vec<u8>,
}

impl Answer {
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

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads one answer; `head_only` for what has no body (`CONNECT`, `HEAD`).
    ///
    /// # Errors
    /// Where the stream ends before the answer does.
    pub fn read(stream: &mut impl Read, head_only: bool) -> io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0);
        let mut answer = Self {
            status,
            head,
            body: Vec::new(),
        };
        if head_only && status < 300 {
            return Ok(answer);
        }
        if let Some(length) = answer
            .header("content-length")
            .and_then(|length| length.parse().ok())
        {
            answer.body = vec![0; length];
            stream.read_exact(&mut answer.body)?;
        } else if answer.header("transfer-encoding").is_some() {
            answer.body = chunks(stream)?;
        } else {
            stream.read_to_end(&mut answer.body)?;
        }
        Ok(answer)
    }
}

fn chunks(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = line(stream)?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
            .map_err(io::Error::other)?;
        let from = body.len();
        body.resize(from + size, 0);
        if let Some(chunk) = body.get_mut(from..) {
            stream.read_exact(chunk)?;
        }
        let mut end = [0; 2];
        stream.read_exact(&mut end)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn line(stream: &mut impl Read) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// A tunnel through a proxy, before any TLS.
pub struct Tunnel {
    /// What the proxy said to `CONNECT`.
    pub answer: Answer,
    socket: TcpStream,
}

impl Tunnel {
    /// Asks the proxy for `target` (`host:443`).
    ///
    /// # Panics
    /// Where the proxy does not answer.
    #[must_use]
    pub fn open(proxy: SocketAddr, target: &str) -> Self {
        Self::try_open(proxy, target).expect("the proxy answers")
    }

    /// As [`Tunnel::open`], where the proxy may be gone.
    ///
    /// # Errors
    /// Where the proxy does not answer.
    pub fn try_open(proxy: SocketAddr, target: &str) -> io::Result<Self> {
        let mut socket = connect(proxy)?;
        write!(
            socket,
            "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"
        )?;
        let answer = Answer::read(&mut socket, true)?;
        Ok(Self { answer, socket })
    }

    /// Begins TLS for `name`, trusting the roots in `roots`.
    ///
    /// # Errors
    /// Where the handshake fails.
    ///
    /// # Panics
    /// Where `roots` holds no certificate or `name` is none.
    pub fn tls(
        self,
        name: &str,
        roots: &str,
        protocols: &[&str],
    ) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(roots.as_bytes()) {
            store
                .add(certificate.expect("a certificate"))
                .expect("a root");
        }
        let mut config = ClientConfig::builder()
            .with_root_certificates(store)
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let mut socket = self.socket;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(StreamOwned::new(connection, socket))
    }

    /// The socket below.
    #[must_use]
    pub fn socket(self) -> TcpStream {
        self.socket
    }

    /// Sends bytes to `address` without any tunnel and reads one answer.
    ///
    /// # Panics
    /// Where nothing answers.
    #[must_use]
    pub fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
        let mut socket = connect(address).expect("it listens");
        socket.write_all(request).expect("it reads");
        Answer::read(&mut socket, false).expect("it answers")
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&address, Duration::from_secs(10))?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(socket)
}
