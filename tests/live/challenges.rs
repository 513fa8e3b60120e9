//! A challenge of ACME, answered through the data plane for a host that is sent to HTTPS otherwise.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::http::Uri;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::names::{named, stage};
use crate::support::localstack::Account;
use crate::support::objects::{IP, endpoints, ingress};
use crate::support::stage::until;

const HOST: &str = "a.example.com";
const PATH: &str = "/.well-known/acme-challenge/vD4k-some_token";

/// What cert-manager's solver does: the token is answered, and a look at it.
async fn answers(pods: &mut JoinSet<()>, address: &str) {
    let (_, rest) = address.split_once('.').expect("it is IPv4");
    let reached: IpAddr = format!("127.{rest}").parse().expect("it is an address");
    let app = Router::new().fallback(async |uri: Uri| format!("answer to {}", uri.path()));
    let listener = TcpListener::bind((reached, 8089)).await.expect("the port is free");
    pods.spawn(async move {
        let _ = axum::serve(listener, app).await;
    });
}

/// A Service as cert-manager makes it.
fn solver_service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "solver"},
        "spec": {
            "type": "NodePort", "selector": {"app": "solver"},
            "ports": [{"name": "http", "port": 8089, "targetPort": 8089}],
        },
    })
}

/// An Ingress as cert-manager makes it.
fn solver_ingress() -> Value {
    let backend = json!({"service": {"name": "solver", "port": {"number": 8089}}});
    let path = json!({"path": PATH, "pathType": "ImplementationSpecific", "backend": backend});
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "solver", "labels": {"acme.cert-manager.io/http01-solver": "true"}},
        "spec": {"rules": [{"host": HOST, "http": {"paths": [path]}}]},
    })
}

/// The doors of the one load balancer by port, once it has both.
async fn doors(account: &Account) -> Option<SocketAddr> {
    let balancers = account.ask("GET", "balancers", None).await;
    let listeners = balancers[0]["listeners"].as_array()?;
    let bound = |port: u16| listeners.iter().find(|listener| listener["port"] == port);
    bound(443)?;
    let port = u16::try_from(bound(80)?["bound"].as_u64()?).ok()?;
    Some(SocketAddr::new(balancers[0]["address"].as_str()?.parse().ok()?, port))
}

/// The whole answer to a request for a path.
async fn ask(door: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(door).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it takes requests");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    answer
}

#[tokio::test]
async fn a_token_is_served_by_http_while_its_host_is_sent_to_https() {
    let (stage, zone) = stage("challenges").await;
    stage.serve(&["web"]).await;
    let asks = [IP[0], IP[1], ("create-acm-cert", "true"), ("ssl-redirect", "443")];
    stage.apply(&[ingress("web", &stage.class, &asks, &[(HOST, "/", "web")])]).await;
    let _controller = stage.run(&[]);
    let door = until("HTTPS is served", async || doors(&stage.account).await).await;
    until("everybody is sent to HTTPS", async || {
        ask(door, PATH).await.starts_with("HTTP/1.1 301").then_some(())
    })
    .await;
    stage.rest().await;
    stage.account.forget_calls().await;
    let records = named(&stage.account, &zone);

    let address = &stage.ground.addresses[210];
    let mut pods = JoinSet::new();
    answers(&mut pods, address).await;
    let service = solver_service();
    stage.apply(&endpoints(&service, std::slice::from_ref(address))).await;
    stage.apply(&[service, solver_ingress()]).await;
    until("the token is answered", async || {
        let answer = ask(door, PATH).await;
        let is_answered = answer.starts_with("HTTP/1.1 200");
        is_answered.then(|| assert!(answer.contains(&format!("answer to {PATH}")), "{answer}"))
    })
    .await;
    assert!(ask(door, "/.well-known/acme-challenge/other").await.starts_with("HTTP/1.1 301"));
    assert!(ask(door, "/").await.starts_with("HTTP/1.1 301"));
    stage.rest().await;
    let solver = stage.get("Ingress", "solver").await.expect("it stands");
    assert!(solver["metadata"]["finalizers"].is_null(), "{solver}");

    stage.delete("Ingress", "solver").await;
    until("the token is answered no more", async || {
        ask(door, PATH).await.starts_with("HTTP/1.1 301").then_some(())
    })
    .await;
    stage.rest().await;
    assert_eq!(named(&stage.account, &zone), records);
    let mut written = stage.written().await;
    written.sort();
    let expected = [
        "ec2.AuthorizeSecurityGroupIngress",
        "ec2.RevokeSecurityGroupIngress",
        "elbv2.CreateRule",
        "elbv2.CreateTargetGroup",
        "elbv2.DeleteRule",
        "elbv2.DeleteTargetGroup",
        "elbv2.ModifyTargetGroupAttributes",
        "elbv2.RegisterTargets",
    ];
    let known = |call: &&String| expected.contains(&call.as_str());
    let others: Vec<&String> = written.iter().filter(|call| !known(call)).collect();
    assert!(others.is_empty(), "{others:?}");
    let groups = stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
    assert_eq!(groups["TargetGroups"].as_array().map(Vec::len), Some(1));
}
