//! Answers the API server, over TLS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::post;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use smol_str::SmolStr;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::certificate::Shown;
use super::review::review;

/// Where the API server asks (LBC's path).
const PATH: &str = "/mutate-v1-pod";
/// How long the first words of a connection may take; the API server waits for 10 s by default.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How long a connection may be there without a question: whoever has more comes again.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// The largest question: an object is at most 1.5 MiB in etcd, and an update has two of them.
const QUESTION_MAX: usize = 4 << 20;
/// How many connections there may be at once: API servers have one each, and more for a moment.
const CONNECTIONS_MAX: usize = 256;

/// Answers for ever.
pub async fn serve<G>(listener: TcpListener, shown: Shown, gates: G)
where
    G: Fn(&str, &BTreeMap<String, String>) -> Vec<SmolStr> + Clone + Send + Sync + 'static,
{
    let answer = async move |question: Bytes| match review(&question, gates) {
        Ok(answer) => {
            ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error).into_response(),
    };
    let router = Router::new().route(PATH, post(answer)).layer(DefaultBodyLimit::max(QUESTION_MAX));
    let acceptor = acceptor(shown);
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                if let Ok((stream, _)) = accepted {
                    connections.push(connection(stream, acceptor.clone(), router.clone()));
                }
            }
            Some(()) = connections.next() => {}
        }
    }
}

fn acceptor(shown: Shown) -> TlsAcceptor {
    let cryptography = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(cryptography)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap_or_else(|_| unreachable!("the provider has cipher suites of TLS 1.3"))
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    let secure = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await;
    let Ok(Ok(secure)) = secure else { return };
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(IDLE_MAX);
    let served = server.serve_connection(TokioIo::new(secure), TowerToHyperService::new(router));
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection to the webhook");
    }
}
