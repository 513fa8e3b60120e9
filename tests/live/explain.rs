//! `albedo explain` against real requests through the data plane.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::names::stage;
use crate::support::objects::{IP, endpoints, in_group, ingress, service};

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

/// Hosts and beginnings of paths that rules of every kind take, or just not.
const HOSTS: [&str; 8] = [
    "a.example.com",
    "b.example.com",
    "c.example.com",
    "x.w.example.com",
    "y.x.w.example.com",
    "w.example.com",
    "d.example.com",
    "b.example.com.",
];
const PATHS: [&str; 10] =
    ["/", "/shop", "/shop/", "/SHOP", "/api", "/api/", "/old", "/gone", "/q", "/q?v=1"];
const ENDS: [&str; 8] = ["", "x", "/", "/x", "ping", "?v=1", "?v=2&w=1", "%20"];
const URLS: usize = 1_000;

/// The Ingress that answers by itself and looks at queries.
fn answering(class: &str) -> Value {
    let group = in_group("explain");
    let annotations = [
        &group[..],
        &[
            (
                "actions.old",
                r#"{"type":"redirect","redirectConfig":{"path":"/shop","statusCode":"HTTP_301"}}"#,
            ),
            (
                "actions.gone",
                r#"{"type":"fixed-response","fixedResponseConfig":{"statusCode":"410"}}"#,
            ),
            (
                "conditions.web",
                r#"[{"field":"query-string","queryStringConfig":{"values":[{"key":"v","value":"1"}]}}]"#,
            ),
        ],
    ]
    .concat();
    let mut ingress = ingress("answering", class, &annotations, &[]);
    let path = |path: &str, name: &str, port: Value| {
        let backend = json!({"service": {"name": name, "port": port}});
        json!({"path": path, "pathType": "Prefix", "backend": backend})
    };
    let own = json!({"name": "use-annotation"});
    ingress["spec"]["rules"] = json!([
        {"host": "c.example.com", "http": {"paths": [
            path("/old", "old", own.clone()),
            path("/gone", "gone", own),
            path("/q", "web", json!({"number": 80})),
        ]}},
    ]);
    ingress
}

/// So many URLs, the same ones in each run.
fn urls() -> Vec<(String, String)> {
    let mut dice = 1_u64;
    let mut pick = |of: &[&'static str]| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        of[usize::try_from(dice >> 33).expect("it has 31 bits") % of.len()]
    };
    let mut found = Vec::new();
    while found.len() < URLS {
        let (host, path, end) = (pick(&HOSTS), pick(&PATHS), pick(&ENDS));
        if !(path.contains('?') && end.contains('?')) {
            found.push((host.to_owned(), format!("{path}{end}")));
        }
    }
    found
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
        ("*.w.example.com", "/", "web"),
    ];
    let group = in_group("explain");
    stage.apply(&[ingress("web", &stage.class, &group, &rules), answering(&stage.class)]).await;
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
    // Many at once: whoever is served by somebody gets an answer that is no error.
    let urls = urls();
    let asked: Vec<String> =
        urls.iter().map(|(host, path)| format!("http://{host}{path}")).collect();
    let explained = stage.explain(&asked.iter().map(String::as_str).collect::<Vec<_>>());
    let explained = explained.json()["requests"].clone();
    let explained = explained.as_array().expect("it is a list");
    assert_eq!(explained.len(), URLS);
    let mut statuses = BTreeMap::new();
    for ((host, path), explained) in urls.iter().zip(explained) {
        let status = status(door, host, path).await;
        let is_served = matches!(status, 200 | 301 | 410);
        let verdict = if is_served { "good" } else { "bad" };
        assert_eq!(explained["served"], verdict, "{host}{path} got {status}: {explained:#}");
        *statuses.entry(status).or_insert(0) += 1;
    }
    let kinds: Vec<u16> = statuses.keys().copied().collect();
    assert_eq!(kinds, [200, 301, 404, 410, 503], "{statuses:?}");
    // By its Ingress: one of its hosts has what is not served.
    let explained = stage.explain(&["ingress", &format!("{}/web", stage.namespace)]);
    assert_eq!(explained.code, 2, "{explained:?}");
    let served = explained.json()["requests"].clone();
    let served = served.as_array().expect("it is a list").iter().map(|one| one["served"].clone());
    assert_eq!(
        served.collect::<Vec<_>>(),
        [json!("good"), json!("bad"), json!("good"), json!("good")]
    );
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
