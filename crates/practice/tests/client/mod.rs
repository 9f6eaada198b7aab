//! A small HTTPS client that trusts the app's own authority and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, client};
use hyper_util::rt::{TokioExecutor, TokioIo};
use practice::Practice;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The app in a directory of its own, and how to reach it.
pub struct Reached {
    pub app: Practice,
    pub directory: tempfile::TempDir,
}

impl Reached {
    /// Starts the app on a free port.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let app = Practice::start(directory.path(), SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        Self { app, directory }
    }

    /// Sends a request in a protocol (`h2` or `http/1.1`) and reads the whole answer.
    pub async fn send_by(&self, protocol: &str, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.app.authority_pem().as_bytes()).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(self.app.address()).await.unwrap();
        let name = ServerName::try_from(Practice::HOST).unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap();
        assert_eq!(
            stream.get_ref().1.alpn_protocol(),
            Some(protocol.as_bytes())
        );
        let stream = TokioIo::new(stream);
        if protocol == "h2" {
            let (mut sender, connection) =
                client::conn::http2::handshake(TokioExecutor::new(), stream)
                    .await
                    .unwrap();
            let connection = tokio::spawn(connection);
            let answer = collected(sender.send_request(request).await.unwrap()).await;
            drop(sender);
            connection.await.unwrap().unwrap();
            answer
        } else {
            let (mut sender, connection) = client::conn::http1::handshake(stream).await.unwrap();
            let connection = tokio::spawn(connection);
            let answer = collected(sender.send_request(request).await.unwrap()).await;
            drop(sender);
            connection.await.unwrap().unwrap();
            answer
        }
    }

    /// Sends a request in HTTP/1.1.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: impl Into<Bytes>,
    ) -> Response<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", Practice::HOST)
            .header("content-type", media_type)
            .body(Full::new(body.into()))
            .unwrap();
        self.send_by("http/1.1", request).await
    }

    pub async fn get(&self, path: &str) -> Response<Bytes> {
        self.send("GET", path, "text/plain", "").await
    }

    pub async fn post_json(&self, path: &str, body: &serde_json::Value) -> Response<Bytes> {
        self.send("POST", path, "application/json", body.to_string())
            .await
    }
}

/// The body of an answer as text.
pub fn text(answer: &Response<Bytes>) -> String {
    String::from_utf8(answer.body().to_vec()).unwrap()
}

/// The body of an answer as JSON.
pub fn json(answer: &Response<Bytes>) -> serde_json::Value {
    serde_json::from_slice(answer.body()).unwrap()
}

/// A header of an answer.
pub fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
        .unwrap_or_default()
}

async fn collected(answer: Response<hyper::body::Incoming>) -> Response<Bytes> {
    let (head, body) = answer.into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}
