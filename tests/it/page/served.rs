//! The server of the page.

use std::net::SocketAddr;

use albedo::page::Answer;
use albedo::serve;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The answer to a request, head and body.
async fn send(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{request}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

/// Says what it was asked.
fn echo(path: &str, query: &str, takes_json: bool) -> Answer {
    assert_ne!(path, "/panic", "as a bug would");
    let body = format!("{path} {query} {takes_json}");
    Answer { status: 200, content_type: "text/plain", body }
}

#[tokio::test]
async fn browsers_are_told_to_run_and_load_nothing() {
    let listener = serve::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let asking = async {
        let (head, body) = send(address, "GET /a?b=c HTTP/1.1\r\nHost: localhost:1").await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert_eq!(body, "/a b=c false");
        for line in [
            "content-security-policy: default-src 'none'; style-src 'self'; img-src data:; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(head.contains(line), "{line}: {head}");
        }
        let json = "GET / HTTP/1.1\r\nHost: [::1]\r\nAccept: application/json";
        assert_eq!(send(address, json).await.1, "/  true");
        let browser = "GET / HTTP/1.1\r\nHost: [::1]:2\r\nAccept: text/html,application/json";
        assert_eq!(send(address, browser).await.1, "/  false");
        let (head, body) = send(address, "HEAD / HTTP/1.1\r\nHost: 127.0.0.1").await;
        assert!(head.starts_with("http/1.1 200 ") && body.is_empty(), "{head}");
        let (head, _) = send(address, "POST / HTTP/1.1\r\nHost: 127.0.0.1").await;
        assert!(head.starts_with("http/1.1 405 "), "{head}");
        // One that breaks down takes nobody with it.
        let (head, _) = send(address, "GET /panic HTTP/1.1\r\nHost: 127.0.0.1").await;
        assert!(head.starts_with("http/1.1 500 "), "{head}");
        assert_eq!(send(address, json).await.1, "/  true");
    };
    tokio::select! {
        ended = serve::page(listener, echo) => panic!("{ended:?}"),
        () = asking => {}
    }
}

#[tokio::test]
async fn on_loopback_nobodys_name_leads_to_the_page() {
    let listener = serve::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let asking = async {
        for host in ["evil.example.com", "evil.example.com:61780", "localhost.evil.com", "", "x:"] {
            let (head, body) = send(address, &format!("GET / HTTP/1.1\r\nHost: {host}")).await;
            assert!(head.starts_with("http/1.1 421 "), "{host}: {head}");
            assert!(body.contains("localhost, 127.0.0.1 and [::1] only"), "{body}");
        }
        for host in ["localhost", "LOCALHOST:61780", "127.0.0.1:61780", "127.1.2.3", "[::1]:61780"]
        {
            let (head, _) = send(address, &format!("GET / HTTP/1.1\r\nHost: {host}")).await;
            assert!(head.starts_with("http/1.1 200 "), "{host}: {head}");
        }
    };
    tokio::select! {
        ended = serve::page(listener, echo) => panic!("{ended:?}"),
        () = asking => {}
    }
}
