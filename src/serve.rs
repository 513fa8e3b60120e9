//! What other programs may ask of a running controller: whether it lives, whether it is ready, its
//! metrics.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::telemetry::Metrics;

/// Reads an address as LBC writes it: `:8080` is every address of the machine.
///
/// # Errors
/// What is allowed.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    full.parse().map_err(|_| "expected ADDRESS:PORT or :PORT".to_owned())
}

/// Serves `/healthz` and `/readyz` for ever. Ready is who has seen a complete list of everything; a
/// process that does not lead is ready as well, so that it can take over at once.
///
/// # Errors
/// The server broke down.
pub async fn health<F>(listener: TcpListener, is_ready: F) -> std::io::Result<()>
where
    F: Fn() -> bool + Clone + Send + Sync + 'static,
{
    let ready = move || {
        let code = if is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        async move { code }
    };
    let router =
        Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready));
    axum::serve(listener, router).await
}

/// Serves `/metrics` for ever.
///
/// # Errors
/// The server broke down.
pub async fn metrics(listener: TcpListener, metrics: Arc<Metrics>) -> std::io::Result<()> {
    async fn text(State(metrics): State<Arc<Metrics>>) -> Result<String, StatusCode> {
        let mut out = String::new();
        prometheus_client::encoding::text::encode(&mut out, &metrics.registry)
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        Ok(out)
    }
    let router = Router::new().route("/metrics", get(text)).with_state(metrics);
    axum::serve(listener, router).await
}
