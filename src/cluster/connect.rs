//! The connections to the API server: as `kube` makes them, but that a dead one is noticed.

use std::time::Duration;

use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use kube::{Client, Config};
use rustls::crypto::CryptoProvider;
use tower::{BoxError, ServiceExt as _};

/// How long a connection may be idle before the kernel asks whether the other side still lives; how
/// often it asks then; and how many questions may stay unanswered. A peer that has vanished is
/// noticed after 25 s.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may stay unacknowledged: as long as that.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(25);
/// How long a connection may take to come about (client-go).
const CONNECT_MAX: Duration = Duration::from_secs(30);
/// How many connections are kept that nobody uses, for as long as the library keeps them (90 s): in
/// a start there are some dozens at once, each of which holds tens of kilobytes.
const IDLE_MAX: usize = 8;

/// A client of an API server. Requests by way of a proxy are `kube`'s own.
///
/// # Errors
/// What of the configuration cannot be used.
pub fn connect(config: Config) -> Result<Client, kube::Error> {
    if config.proxy_url.is_some() {
        return Client::try_from(config);
    }
    // As `kube` does it: what somebody else has chosen already stays.
    if CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE_IDLE));
    tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    #[cfg(target_os = "linux")]
    tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
    tcp.set_connect_timeout(Some(CONNECT_MAX));
    let tls = config.rustls_https_connector_with_connector(tcp)?;
    let mut pooled = legacy::Client::builder(TokioExecutor::new());
    pooled.pool_max_idle_per_host(IDLE_MAX).pool_timer(TokioTimer::new());
    let client: legacy::Client<_, Body> = pooled.build(tls);
    let client = client.map_err(BoxError::from);
    let builder = ClientBuilder::new(client, config.default_namespace.clone());
    let builder = builder.with_layer(&config.extra_headers_layer()?);
    Ok(match config.auth_layer()? {
        Some(auth) => builder.with_layer(&auth).with_layer(&config.base_uri_layer()).build(),
        None => builder.with_layer(&config.base_uri_layer()).build(),
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// The timer of the kernel that runs for a connection to this port: its kind, and the
    /// hundredths of a second left.
    fn timer(port: u16) -> Option<(String, u64)> {
        let table = std::fs::read_to_string("/proc/self/net/tcp").expect("it is there");
        let remote = format!(":{port:04X}");
        let line = table.lines().find(|line| {
            line.split_whitespace().nth(2).is_some_and(|address| address.ends_with(&remote))
        })?;
        let (kind, left) = line.split_whitespace().nth(5)?.split_once(':')?;
        Some((kind.to_owned(), u64::from_str_radix(left, 16).ok()?))
    }

    #[tokio::test]
    async fn the_kernel_asks_whether_an_idle_peer_still_lives() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let url = format!("http://127.0.0.1:{port}").parse().expect("it is one");
        let client = connect(Config::new(url)).expect("it can be used");
        let idle = async {
            let _connection = listener.accept().await.expect("somebody connects");
            loop {
                // 02 is the timer of keep-alive; others run while something is being sent.
                if let Some((kind, left)) = timer(port)
                    && kind == "02"
                {
                    return left;
                }
                crate::clock::sleep(Duration::from_millis(10)).await;
            }
        };
        let left = tokio::select! {
            left = tokio::time::timeout(Duration::from_secs(5), idle) => left.expect("it is set"),
            answer = client.apiserver_version() => panic!("nobody answers: {answer:?}"),
        };
        assert!(left <= 1000, "{left} hundredths of a second");
    }
}
