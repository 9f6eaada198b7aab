//! hudsucker, a proxy that intercepts and passes: what interception costs before anything is protected.
//!
//! It runs as a process of its own, so that its processor time can be told from the load's, on the same TLS
//! provider, with `TCP_NODELAY` on both sides.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll};

use e2e::Authority;
use hudsucker::certificate_authority::RcgenAuthority;
use hudsucker::rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use hudsucker::rustls::crypto::aws_lc_rs;
use hyper::Uri;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tower_service::Service;

/// A running hudsucker; it is killed, by its id, with its value.
pub struct Passer {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// The root of its leafs, as text.
    pub root: String,
}

impl Passer {
    /// Starts one whose every upstream is `origin`, under `authority`.
    pub fn start(origin: SocketAddr, authority: &Authority) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("a program"))
            .arg("passer")
            .arg(origin.to_string())
            .arg(authority.file())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it speaks")).lines();
        let address = lines
            .next()
            .and_then(Result::ok)
            .and_then(|line| line.parse().ok())
            .expect("an address");
        let root = lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .map(|line| line + "\n")
            .collect();
        Self {
            child,
            address,
            root,
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Passer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The process itself: prints its address and its root, then serves until it is killed.
pub fn run() {
    let mut arguments = std::env::args().skip(2);
    let origin: SocketAddr = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .expect("an origin");
    let trusted = std::fs::read(arguments.next().expect("a root")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).expect("a root").pem();
    let authority = RcgenAuthority::new(
        Issuer::new(params, key),
        1000,
        aws_lc_rs::default_provider(),
    );

    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&trusted) {
        store
            .add(certificate.expect("a certificate"))
            .expect("a root");
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(store)
        .with_no_client_auth();
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .enable_http1()
        .enable_http2()
        .wrap_connector(Direct(origin));

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        // What is accepted inherits the setting.
        socket2::SockRef::from(&listener)
            .set_tcp_nodelay(true)
            .expect("a setting");
        println!("{}\n{root}\n", listener.local_addr().expect("an address"));
        let proxy = hudsucker::Proxy::builder()
            .with_listener(listener)
            .with_ca(authority)
            .with_http_connector(https)
            .build()
            .expect("a proxy");
        proxy.start().await.expect("it serves");
    });
}

/// Connects to one address, whatever the name.
#[derive(Clone, Copy)]
struct Direct(SocketAddr);

impl Service<Uri> for Direct {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _name: Uri) -> Self::Future {
        let address = self.0;
        Box::pin(async move {
            let socket = TcpStream::connect(address).await?;
            socket.set_nodelay(true)?;
            Ok(TokioIo::new(socket))
        })
    }
}
