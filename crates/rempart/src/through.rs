//! A small client that goes through our own gateway, as a person's program does: CONNECT, TLS under our root, one
//! request. The demo's side-by-side page is fetched by it, so that what it shows is what a person really gets.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// The longest answer that is read.
const LONGEST: usize = 4 << 20;

/// Why a request did not come back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The gateway could not be reached, or closed the connection.
    #[error("the gateway could not be reached")]
    Io(#[from] std::io::Error),
    /// The gateway did not open a tunnel.
    #[error("the gateway answered CONNECT with {0}")]
    Tunnel(http::StatusCode),
    /// The exchange broke off.
    #[error("the exchange broke off")]
    Http(#[from] hyper::Error),
    /// The request could not be written, or the answer is too long.
    #[error("the request or its answer cannot be used")]
    Message,
    /// The root is no certificate.
    #[error("the root certificate cannot be used")]
    Root,
}

/// A client that trusts one root and uses one gateway.
#[derive(Clone)]
pub struct Client {
    gateway: SocketAddr,
    tls: TlsConnector,
}

impl Client {
    /// A client of the gateway at this address, which trusts the root in this PEM text.
    ///
    /// # Errors
    /// The PEM holds no certificate.
    pub fn new(gateway: SocketAddr, root_pem: &str) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(root_pem.as_bytes()).map_err(|_| Error::Root)?;
        roots.add(root).map_err(|_| Error::Root)?;
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            gateway,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Sends a request with an absolute `https` URI and brings the whole answer.
    ///
    /// # Errors
    /// Anything on the way.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Error> {
        let host = request.uri().host().ok_or(Error::Message)?.to_owned();
        let authority = format!("{host}:{}", request.uri().port_u16().unwrap_or(443));
        let connect = Request::connect(&authority)
            .header("host", &authority)
            .body(Empty::<Bytes>::new());
        let stream = TokioIo::new(tokio::net::TcpStream::connect(self.gateway).await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
        let connection = async move { connection.with_upgrades().await };
        let tunnel = async {
            let answer = sender
                .send_request(connect.map_err(|_| Error::Message)?)
                .await?;
            if !answer.status().is_success() {
                return Err(Error::Tunnel(answer.status()));
            }
            Ok(hyper::upgrade::on(answer).await?)
        };
        let (tunnel, _closed) = futures_join(tunnel, connection).await;
        let name = ServerName::try_from(host.clone()).map_err(|_| Error::Message)?;
        let tls = self.tls.connect(name, TokioIo::new(tunnel?)).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(tls)).await?;
        let (mut head, body) = request.into_parts();
        head.headers
            .entry(http::header::HOST)
            .or_insert(host.parse().map_err(|_| Error::Message)?);
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = path.parse().map_err(|_| Error::Message)?;
        let exchange = async move {
            let answer = sender.send_request(Request::from_parts(head, body)).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST)
                .collect()
                .await
                .map_err(|_| Error::Message)?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        futures_join(exchange, connection).await.0
    }
}

/// Runs a future beside the connection that carries it; its result is what counts.
async fn futures_join<T, C>(
    wanted: impl Future<Output = T>,
    connection: impl Future<Output = C>,
) -> (T, Option<C>) {
    let mut wanted = std::pin::pin!(wanted);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        result = &mut wanted => return (result, None),
        ended = &mut connection => ended,
    };
    (wanted.await, Some(ended))
}
