//! What others may ask of a running controller: whether it lives, whether it is ready, its metrics,
//! and people what leads where.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::telemetry::Metrics;

mod page;

pub use page::page;

/// The type of what `/metrics` answers with; Prometheus reads the types of metrics only then.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Reads an address as LBC writes it: `:8080` is every address of the machine, IPv6 and IPv4.
///
/// # Errors
/// What is allowed.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    full.parse().map_err(|_| "expected ADDRESS:PORT or :PORT".to_owned())
}

/// Listens on an address. On a machine without IPv6 every address means every one of IPv4.
///
/// # Errors
/// Nobody can listen there.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let error = match TcpListener::bind(address).await {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    let is_everywhere = address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    if is_everywhere && error.kind() != io::ErrorKind::AddrInUse {
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
    } else {
        Err(error)
    }
}

/// How something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether it is as it should be.
    pub is_ok: bool,
    /// Why not, a line each.
    pub reasons: Vec<String>,
}

impl Health {
    /// As it should be.
    #[must_use]
    pub fn well() -> Self {
        Self::of(Vec::new())
    }

    /// As it should be, unless something is said against it.
    #[must_use]
    pub fn of(reasons: Vec<String>) -> Self {
        Self { is_ok: reasons.is_empty(), reasons }
    }
}

impl IntoResponse for Health {
    fn into_response(self) -> Response {
        let code = if self.is_ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let lines = if self.is_ok { vec!["ok".to_owned()] } else { self.reasons };
        let text: String = lines.into_iter().map(|line| line + "\n").collect();
        (code, text).into_response()
    }
}

/// Serves `/healthz` and `/readyz` for ever: whether the process should be let live, and whether
/// others may count on it.
///
/// # Errors
/// The server broke down.
pub async fn health<H, R>(listener: TcpListener, healthz: H, readyz: R) -> io::Result<()>
where
    H: Fn() -> Health + Clone + Send + Sync + 'static,
    R: Fn() -> Health + Clone + Send + Sync + 'static,
{
    let router = Router::new()
        .route("/healthz", get(async move || healthz()))
        .route("/readyz", get(async move || readyz()));
    axum::serve(listener, router).await
}

/// Serves `/metrics` for ever. `refresh` sets, before each answer, what is known only by asking.
///
/// # Errors
/// The server broke down.
pub async fn metrics<F>(listener: TcpListener, metrics: Arc<Metrics>, refresh: F) -> io::Result<()>
where
    F: Fn(&Metrics) + Clone + Send + Sync + 'static,
{
    let text = async move |State(metrics): State<Arc<Metrics>>| {
        refresh(&metrics);
        match metrics.encode() {
            Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    };
    let router = Router::new().route("/metrics", get(text)).with_state(metrics);
    axum::serve(listener, router).await
}
