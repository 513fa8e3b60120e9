//! What probes and Prometheus get.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use albedo::serve::{self, Health};
use albedo::telemetry::Metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The answer to a GET, head and body.
async fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

async fn loopback() -> (TcpListener, SocketAddr) {
    let listener = serve::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn a_probe_is_told_what_is_missing() {
    let (listener, address) = loopback().await;
    let is_well = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&is_well);
    let healthz = move || {
        let dead = ["the watch of Pod ended", "2 of 3 workers ended"].map(str::to_owned);
        if asked.load(Ordering::Relaxed) { Health::well() } else { Health::of(dead.into()) }
    };
    let readyz = || Health::of(vec!["no list of Ingress yet".to_owned()]);
    let serving = serve::health(listener, healthz, readyz);
    let asking = async {
        let (head, body) = get(address, "/healthz").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(body, "ok\n");
        let (head, body) = get(address, "/readyz").await;
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert_eq!(body, "no list of Ingress yet\n");
        is_well.store(false, Ordering::Relaxed);
        let (head, body) = get(address, "/healthz").await;
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert_eq!(body, "the watch of Pod ended\n2 of 3 workers ended\n");
        let (head, _) = get(address, "/metrics").await;
        assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    };
    tokio::select! {
        ended = serving => panic!("{ended:?}"),
        () = asking => {}
    }
}

#[tokio::test]
async fn metrics_are_as_fresh_as_the_answer() {
    let (listener, address) = loopback().await;
    let refresh = |metrics: &Metrics| metrics.queue("user", 2, Duration::from_secs(3));
    let serving = serve::metrics(listener, Arc::new(Metrics::new()), refresh);
    let asking = async {
        let (head, body) = get(address, "/metrics").await;
        let kind = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert!(head.to_lowercase().contains(kind), "{head}");
        assert!(body.contains("albedo_visits_waiting{lane=\"user\"} 2\n"), "{body}");
        assert!(body.ends_with("# EOF\n"));
    };
    tokio::select! {
        ended = serving => panic!("{ended:?}"),
        () = asking => {}
    }
}

#[tokio::test]
async fn a_port_alone_is_open_to_ipv4_and_where_there_is_ipv6_to_that_too() {
    assert_eq!(serve::address(":61779").unwrap(), "[::]:61779".parse().unwrap());
    assert_eq!(serve::address("127.0.0.1:1").unwrap(), "127.0.0.1:1".parse().unwrap());
    assert!(serve::address("8080").is_err() && serve::address(":x").is_err());
    let listener = serve::listen("[::]:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let loopback = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port());
    TcpStream::connect(loopback).await.unwrap();
    if address.is_ipv6() {
        TcpStream::connect(SocketAddr::new("::1".parse().unwrap(), address.port())).await.unwrap();
    }
    // What is taken is taken: nobody shares a port without knowing it.
    assert!(serve::listen(address).await.is_err());
}
