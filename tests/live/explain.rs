//! `albedo explain` against real requests through the data plane.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::names::stage;
use crate::support::objects::{IP, endpoints, ingress, service};

/// What is served by pods, what has none, and what no rule takes.
const REQUESTS: [(&str, &str, u16); 7] = [
    ("a.example.com", "/shop", 200),
    ("a.example.com", "/shop/cart", 200),
    ("a.example.com", "/api/x", 503),
    ("a.example.com", "/shopping", 404),
    ("a.example.com", "/", 404),
    ("b.example.com", "/", 200),
    ("b.example.com", "/api", 200),
];

async fn pod(pods: &mut JoinSet<()>, address: &str) {
    let (_, rest) = address.split_once('.').expect("it is IPv4");
    let reached: IpAddr = format!("127.{rest}").parse().expect("it is an address");
    let listener = TcpListener::bind((reached, 8080)).await.expect("the port is free");
    pods.spawn(async move {
        let _ = axum::serve(listener, Router::new().fallback(async || "well")).await;
    });
}

/// The status that a request is answered with.
async fn status(door: SocketAddr, host: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(door).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it takes requests");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.expect("it is an answer")
}

/// The number of the rule that takes a request, in what was explained; none where no rule does.
fn rule_of(explained: &Value) -> Option<String> {
    let stations = explained["stations"].as_array().expect("there are some");
    let rule = stations.iter().find(|station| station["what"] == "rule").expect("there is one");
    let found = rule["found"].as_str().expect("it is text");
    let number = found.split_once(" takes it").map(|(number, _)| number.to_owned());
    number.filter(|number| number.parse::<u32>().is_ok())
}

#[tokio::test]
async fn what_is_explained_is_what_happens() {
    let (stage, _) = stage("explain").await;
    let addresses = &stage.ground.addresses[220..222];
    let mut pods = JoinSet::new();
    for address in addresses {
        pod(&mut pods, address).await;
    }
    let web = service("web");
    stage.apply(&endpoints(&web, addresses)).await;
    stage.apply(&[web, service("api")]).await;
    let rules = [
        ("a.example.com", "/shop", "web"),
        ("a.example.com", "/api", "api"),
        ("b.example.com", "/", "web"),
    ];
    stage.apply(&[ingress("web", &stage.class, &IP, &rules)]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.ask("GET", "settled", None).await;
    let balancers = stage.account.ask("GET", "balancers", None).await;
    let address = balancers[0]["address"].as_str().expect("it has one");
    let port = balancers[0]["listeners"][0]["bound"].as_u64().expect("it listens");
    let port = u16::try_from(port).expect("it is a port");
    let door = SocketAddr::new(address.parse().expect("it is an address"), port);
    for (host, path, expected) in REQUESTS {
        assert_eq!(status(door, host, path).await, expected, "{host}{path}");
        let url = format!("http://{host}{path}");
        let explained = stage.explain(&[&url]);
        assert_eq!(explained.code, if expected == 200 { 0 } else { 2 }, "{explained:?}");
        let request = &explained.json()["requests"][0];
        let traced = stage.account.ask("GET", &format!("route?url={url}"), None).await;
        let number = traced["priority"].as_u64().map(|number| number.to_string());
        assert_eq!(rule_of(request), number, "{explained:?} {traced}");
    }
    // By its Ingress: one of its hosts has what is not served.
    let explained = stage.explain(&["ingress", &format!("{}/web", stage.namespace)]);
    assert_eq!(explained.code, 2, "{explained:?}");
    let served = explained.json()["requests"].clone();
    let served = served.as_array().expect("it is a list").iter().map(|one| one["served"].clone());
    assert_eq!(served.collect::<Vec<_>>(), [json!("good"), json!("bad"), json!("good")]);
    // By a pod: it answers what was asked for above.
    let pods = stage.list("Pod").await;
    let name = pods[0]["metadata"]["name"].as_str().expect("it has a name");
    let explained = stage.explain(&["pod", &format!("{}/{name}", stage.namespace)]);
    assert_eq!(explained.code, 0, "{explained:?}");
    assert_eq!(explained.json()["requests"][0]["served"], "good", "{explained:?}");
    let mut foreign = ingress("other", &stage.class, &IP, &rules);
    foreign["spec"]["ingressClassName"] = "nginx".into();
    stage.apply(&[foreign]).await;
    let explained = stage.explain(&["ingress", &format!("{}/other", stage.namespace)]);
    assert_eq!(explained.code, 2, "{explained:?}");
    let text = explained.json().to_string();
    assert!(text.contains("nginx"), "{text}");
}
