//! What annotations of ingress-nginx are translated to, by requests through a load balancer: many
//! hosts in one group, and what ingress-nginx answers for each of them.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::http::Request;
use axum::response::IntoResponse as _;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::objects::{class, endpoints, service};
use crate::support::stage::Stage;

mod settings;

const OURS: &str = "alb.ingress.kubernetes.io/";
const THEIRS: &str = "nginx.ingress.kubernetes.io/";
const CERTIFICATE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/tls/ec.pem"));
const KEY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/tls/ec.key"));

/// An Ingress: its annotations, its host, how its path is matched, its path and its Service.
type Written = (&'static [(&'static str, &'static str)], [&'static str; 4]);
/// A request and its answer: host, path and query, a header; status, and what the answer holds.
type Asked = (&'static str, &'static str, &'static str, u16, &'static str);

/// What is written. Each has a host of its own, but canaries.
const WRITTEN: &[Written] = &[
    (&[], ["plain.example.com", "ImplementationSpecific", "/a", "web"]),
    (
        &[("rewrite-target", "/$2")],
        ["rewrite.example.com", "ImplementationSpecific", "/a(/|$)(.*)", "web"],
    ),
    (&[("rewrite-target", "/b")], ["whole.example.com", "Prefix", "/a", "web"]),
    (
        &[("use-regex", "true")],
        ["regex.example.com", "ImplementationSpecific", "/v[12]/[0-9]+$", "web"],
    ),
    (&[("app-root", "/app")], ["root.example.com", "Prefix", "/", "web"]),
    (&[("from-to-www-redirect", "true")], ["www.example.com", "Prefix", "/", "web"]),
    (
        &[("permanent-redirect", "https://new.example.com$request_uri")],
        ["moved.example.com", "Prefix", "/", "web"],
    ),
    (
        &[
            ("permanent-redirect", "https://new.example.com/here"),
            ("permanent-redirect-code", "302"),
        ],
        ["coded.example.com", "Prefix", "/", "web"],
    ),
    (
        &[("temporal-redirect", "https://new.example.com:8443/there?x=y")],
        ["away.example.com", "Prefix", "/", "web"],
    ),
    (
        &[
            ("temporal-redirect", "https://new.example.com/there"),
            ("temporal-redirect-code", "301"),
        ],
        ["coded-away.example.com", "Prefix", "/", "web"],
    ),
    (&[("upstream-vhost", "inner.example.com")], ["vhost.example.com", "Prefix", "/", "web"]),
    (&[("server-alias", "alias.example.com")], ["named.example.com", "Prefix", "/", "web"]),
    (
        &[("affinity", "cookie"), ("session-cookie-max-age", "600")],
        ["sticky.example.com", "Prefix", "/", "web"],
    ),
    (&[("whitelist-source-range", "127.0.0.0/8")], ["inside.example.com", "Prefix", "/", "web"]),
    (
        &[("allowlist-source-range", "10.0.0.0/8, 192.0.2.7")],
        ["outside.example.com", "Prefix", "/", "web"],
    ),
    (&[("denylist-source-range", "127.0.0.1")], ["denied.example.com", "Prefix", "/", "web"]),
    (&[], ["canary.example.com", "Prefix", "/", "web"]),
    (
        &[
            ("canary", "true"),
            ("canary-by-header", "X-Canary"),
            ("canary-by-cookie", "canary"),
            ("canary-weight", "0"),
        ],
        ["canary.example.com", "Prefix", "/", "next"],
    ),
    (&[], ["value.example.com", "Prefix", "/", "web"]),
    (
        &[("canary", "true"), ("canary-by-header", "X-Canary"), ("canary-by-header-value", "beta")],
        ["value.example.com", "Prefix", "/", "next"],
    ),
    (&[], ["pattern.example.com", "Prefix", "/", "web"]),
    (
        &[
            ("canary", "true"),
            ("canary-by-header", "X-Canary"),
            ("canary-by-header-pattern", "^beta-[0-9]+$"),
        ],
        ["pattern.example.com", "Prefix", "/", "next"],
    ),
    (&[], ["weight.example.com", "Prefix", "/", "web"]),
    (
        &[("canary", "true"), ("canary-weight", "500"), ("canary-weight-total", "1000")],
        ["weight.example.com", "Prefix", "/", "next"],
    ),
    (&[("ssl-redirect", "true")], ["tls.example.com", "Prefix", "/", "web"]),
    (&[("force-ssl-redirect", "true")], ["forced.example.com", "Prefix", "/", "web"]),
    (&[("auth-url", "https://x.example.com")], ["guarded.example.com", "Prefix", "/", "web"]),
];

/// What is alone on its load balancer.
const CORS: Written = (
    &[
        ("enable-cors", "true"),
        ("cors-allow-origin", "https://b.example.com"),
        ("cors-allow-methods", "GET, PUT"),
        ("cors-allow-headers", "X-Token"),
        ("cors-expose-headers", "X-Count"),
        ("cors-allow-credentials", "true"),
        ("cors-max-age", "600"),
    ],
    ["cors.example.com", "Prefix", "/", "web"],
);

/// What is asked, and what ingress-nginx would answer; 301 where it would answer 308.
const ASKED: &[Asked] = &[
    ("plain.example.com", "/abc", "", 200, "web /abc"),
    ("plain.example.com", "/b", "", 404, ""),
    ("rewrite.example.com", "/a/b/c?x=/y", "", 200, "web /b/c?x=/y"),
    ("rewrite.example.com", "/a?x=1", "", 200, "web /?x=1"),
    ("rewrite.example.com", "/abc", "", 404, ""),
    ("whole.example.com", "/a/c?x=1", "", 200, "web /b?x=1"),
    ("regex.example.com", "/v2/17", "", 200, "web /v2/17"),
    ("regex.example.com", "/v3/17", "", 404, ""),
    ("regex.example.com", "/v2/17/x", "", 404, ""),
    ("root.example.com", "/", "", 302, "http://root.example.com:80/app"),
    ("root.example.com", "/x", "", 200, "web /x"),
    ("example.com", "/x?y=z", "", 301, "http://www.example.com:80/x?y=z"),
    ("www.example.com", "/x", "", 200, "web /x"),
    ("moved.example.com", "/x?y=z", "", 301, "https://new.example.com:443/x?y=z"),
    ("coded.example.com", "/x?y=z", "", 302, "https://new.example.com:443/here"),
    ("away.example.com", "/x", "", 302, "https://new.example.com:8443/there?x=y"),
    ("coded-away.example.com", "/x", "", 301, "https://new.example.com:443/there"),
    ("vhost.example.com", "/", "", 200, "web / inner.example.com"),
    ("named.example.com", "/", "", 200, "web /"),
    ("alias.example.com", "/", "", 200, "web /"),
    ("sticky.example.com", "/", "", 200, "AWSALB="),
    ("inside.example.com", "/", "", 200, "web /"),
    ("outside.example.com", "/", "", 403, ""),
    ("denied.example.com", "/", "", 403, ""),
    ("canary.example.com", "/", "", 200, "web /"),
    ("canary.example.com", "/", "X-Canary: always", 200, "next /"),
    ("canary.example.com", "/", "X-Canary: never", 200, "web /"),
    ("canary.example.com", "/", "Cookie: a=b; canary=always", 200, "next /"),
    ("canary.example.com", "/", "X-Canary: never\r\nCookie: canary=always", 200, "web /"),
    ("value.example.com", "/", "X-Canary: beta", 200, "next /"),
    ("value.example.com", "/", "X-Canary: always", 200, "web /"),
    ("pattern.example.com", "/", "X-Canary: beta-17", 200, "next /"),
    ("pattern.example.com", "/", "X-Canary: beta", 200, "web /"),
    ("tls.example.com", "/x?y=z", "", 301, "https://tls.example.com:443/x?y=z"),
    ("forced.example.com", "/x", "", 301, "https://forced.example.com:443/x"),
    ("guarded.example.com", "/", "", 404, ""),
];

/// A pod that answers with its name and what it was asked for, for as long as the set is there.
async fn pod(pods: &mut JoinSet<()>, name: &'static str, address: &str) {
    let app = Router::new().fallback(async move |request: Request<axum::body::Body>| {
        let host = request.headers().get("host").and_then(|host| host.to_str().ok());
        format!("{name} {} {}", request.uri(), host.unwrap_or_default()).into_response()
    });
    let (_, rest) = address.split_once('.').expect("it is IPv4");
    let reached: IpAddr = format!("127.{rest}").parse().expect("it is an address");
    let listener = TcpListener::bind((reached, 8080)).await.expect("the port is free");
    pods.spawn(async move {
        let _ = axum::serve(listener, app).await;
    });
}

/// What a load balancer answers: the status, and all of the answer.
async fn ask(door: SocketAddr, host: &str, target: &str, header: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(door).await.expect("it listens");
    let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{header}");
    let head = format!("{head}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers with text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("it has a status"), answer)
}

/// The Ingress of a place of the list.
fn ingress(stage: &Stage, certificate: &str, place: usize, written: &Written) -> Value {
    let (asks, [host, kind, path, service]) = written;
    let theirs = asks.iter().map(|(name, value)| (format!("{THEIRS}{name}"), Value::from(*value)));
    let ours = [
        ("scheme", "internet-facing"),
        ("target-type", "ip"),
        ("group.name", "nginx"),
        ("certificate-arn", certificate),
    ];
    let ours = ours.iter().map(|(name, value)| (format!("{OURS}{name}"), Value::from(*value)));
    let annotations: Map<String, Value> = theirs.chain(ours).collect();
    let backend = json!({"service": {"name": service, "port": {"number": 80}}});
    let path = json!({"path": path, "pathType": kind, "backend": backend});
    let mut spec = json!({
        "ingressClassName": stage.class,
        "rules": [{"host": host, "http": {"paths": [path]}}],
    });
    if host.starts_with("tls") {
        spec["tls"] = json!([{"hosts": [host]}]);
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": format!("n{place}"), "annotations": annotations}, "spec": spec,
    })
}

/// Where the load balancers of an account answer HTTP.
async fn doors_of(stage: &Stage) -> Vec<SocketAddr> {
    let balancers = stage.account.ask("GET", "balancers", None).await;
    let balancers = balancers.as_array().expect("it is a list").iter();
    let door = |balancer: &Value| {
        let listeners = balancer["listeners"].as_array()?;
        let http = listeners.iter().find(|listener| listener["port"] == 80)?;
        let port = u16::try_from(http["bound"].as_u64()?).ok()?;
        Some(SocketAddr::new(balancer["address"].as_str()?.parse().ok()?, port))
    };
    balancers.map(|balancer| door(balancer).expect("it listens for HTTP")).collect()
}

#[tokio::test]
async fn requests_are_answered_as_ingress_nginx_would() {
    let stage = Stage::new("nginx").await;
    let mut own = class(&stage.class);
    own["metadata"]["annotations"] = json!({"alb.ingress.k8s.aws/nginx": "true"});
    stage.apply(&[own]).await;
    let imported = json!({"Certificate": CERTIFICATE, "PrivateKey": KEY});
    let imported = stage.account.call("acm", "ImportCertificate", &imported);
    let certificate = imported["CertificateArn"].as_str().expect("it has one");
    let mut pods = JoinSet::new();
    // Nobody else's test serves pods there.
    for (name, address) in ["web", "next"].into_iter().zip(&stage.ground.addresses[224..226]) {
        pod(&mut pods, name, address).await;
        let service = service(name);
        stage.apply(&endpoints(&service, std::slice::from_ref(address))).await;
        stage.apply(&[service]).await;
    }
    let all = WRITTEN.iter().enumerate();
    let all: Vec<Value> =
        all.map(|(place, written)| ingress(&stage, certificate, place, written)).collect();
    stage.apply(&all).await;
    let mut alone = ingress(&stage, certificate, all.len(), &CORS);
    if let Some(annotations) = alone["metadata"]["annotations"].as_object_mut() {
        annotations.remove(&format!("{OURS}group.name"));
    }
    stage.apply(&[alone]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.ask("GET", "settled", None).await;
    let mut doors = Vec::new();
    for door in doors_of(&stage).await {
        let (status, answer) = ask(door, "plain.example.com", "/abc", "").await;
        if status == 200 {
            doors.insert(0, door);
        } else {
            doors.push(door);
            assert_eq!(status, 404, "{answer}");
        }
    }
    let [door, alone] = doors[..] else { panic!("{doors:?}") };
    let mut wrong = Vec::new();
    for (host, target, header, status, holds) in ASKED {
        let (found, answer) = ask(door, host, target, header).await;
        if found != *status || !answer.contains(holds) {
            wrong.push(format!("{host}{target} {header}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let mut shares = BTreeSet::new();
    for _ in 0..64 {
        let (_, answer) = ask(door, "weight.example.com", "/", "").await;
        shares.extend(["web /", "next /"].into_iter().find(|text| answer.contains(text)));
    }
    // One of them missing has a chance of 1 in 2^63.
    assert_eq!(shares.len(), 2);
    let (_, answer) = ask(alone, "cors.example.com", "/", "").await;
    let answer = answer.to_lowercase();
    for header in [
        "access-control-allow-origin: https://b.example.com\r\n",
        "access-control-allow-methods: get,put\r\n",
        "access-control-allow-headers: x-token\r\n",
        "access-control-expose-headers: x-count\r\n",
        "access-control-allow-credentials: true\r\n",
        "access-control-max-age: 600\r\n",
    ] {
        assert!(answer.contains(header), "{header}: {answer}");
    }
}
