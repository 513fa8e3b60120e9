//! Each kind of action, condition and transform, by requests that clients send.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::contract::{CERTIFICATE, PRIVATE_KEY};
use crate::support::localstack::Account;
use crate::support::objects::{endpoints, ingress, service};
use crate::support::stage::Stage;

mod client;
mod login;
mod provider;

use client::{Answer, Client};
use provider::Provider;

/// Of ten requests at 7:3, seven and three.
const REQUESTS: usize = 200;
const OF_WEB: usize = 140;
/// Two in a hundred.
const TOLERANCE: usize = REQUESTS * 2 / 100;

const SPLIT: &str = r#"{"type":"forward","forwardConfig":{"targetGroups":[
    {"serviceName":"web","servicePort":80,"weight":70},
    {"serviceName":"canary","servicePort":80,"weight":30}]}}"#;
const STICKY: &str = r#"{"type":"forward","forwardConfig":{"targetGroups":[
    {"serviceName":"web","servicePort":80,"weight":1},
    {"serviceName":"canary","servicePort":80,"weight":1}],
    "targetGroupStickinessConfig":{"enabled":true,"durationSeconds":60}}}"#;
const AWAY: &str = r##"{"type":"redirect","redirectConfig":{"host":"new.example.com",
    "path":"/moved/#{path}","query":"#{query}&by=us","statusCode":"HTTP_302"}}"##;
const REWRITES: &str = r#"[{"type":"url-rewrite","urlRewriteConfig":{
    "rewrites":[{"regex":"^/u/(.+)$","replace":"/inside/$1"}]}},
    {"type":"host-header-rewrite","hostHeaderRewriteConfig":{
    "rewrites":[{"regex":"^rewritten\\.example\\.com$","replace":"inner.example.com"}]}}]"#;

/// What is answered to whom a condition takes.
fn fixed(text: &str) -> String {
    json!({"type": "fixed-response", "fixedResponseConfig":
        {"statusCode": "418", "contentType": "text/plain", "messageBody": text}})
    .to_string()
}

/// A condition of each kind, by the name of who has it.
const CONDITIONS: [(&str, &str); 6] = [
    (
        "header",
        r#"[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-Kind","values":["a*"]}}]"#,
    ),
    ("method", r#"[{"field":"http-request-method","httpRequestMethodConfig":{"Values":["PUT"]}}]"#),
    (
        "query",
        r#"[{"field":"query-string","queryStringConfig":{"values":[{"key":"kind","value":"b"}]}}]"#,
    ),
    ("source", r#"[{"field":"source-ip","sourceIpConfig":{"values":["127.0.0.77/32"]}}]"#),
    ("host", r#"[{"field":"host-header","hostHeaderConfig":{"values":["c.example.com"]}}]"#),
    // It is merged with the rule's own path.
    ("path", r#"[{"field":"path-pattern","pathPatternConfig":{"values":["/also/*"]}}]"#),
];

/// A path that leads to an action of the same Ingress.
fn path(kind: &str, path: &str, action: &str) -> Value {
    let port = json!({"name": "use-annotation"});
    json!({"path": path, "pathType": kind,
           "backend": {"service": {"name": action, "port": port}}})
}

/// A member of the one group, with these paths of a host.
fn with_paths(
    stage: &Stage,
    name: &str,
    said: &[(&str, &str)],
    host: Option<&str>,
    paths: &[Value],
) -> Value {
    let group = [("target-type", "ip"), ("scheme", "internet-facing"), ("group.name", "rules")];
    let mut made = ingress(name, &stage.class, &[&group, said].concat(), &[]);
    made["spec"]["rules"] = json!([{"http": {"paths": paths}}]);
    if let Some(host) = host {
        made["spec"]["rules"][0]["host"] = host.into();
    }
    made
}

/// An Ingress with all actions and conditions that HTTP can have.
fn plain(stage: &Stage) -> Value {
    let mut said = vec![
        ("group.order".to_owned(), "1".to_owned()),
        ("actions.split".to_owned(), SPLIT.to_owned()),
        ("actions.sticky".to_owned(), STICKY.to_owned()),
        ("actions.away".to_owned(), AWAY.to_owned()),
    ];
    let mut paths = vec![
        path("Exact", "/split", "split"),
        path("Exact", "/sticky", "sticky"),
        path("Prefix", "/old", "away"),
    ];
    for (name, condition) in CONDITIONS {
        said.push((format!("actions.{name}"), fixed(name)));
        said.push((format!("conditions.{name}"), condition.to_owned()));
        paths.push(path("Exact", "/c", name));
    }
    let said: Vec<(&str, &str)> = said.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    with_paths(stage, "plain", &said, None, &paths)
}

/// A path that leads to a Service.
fn to(kind: &str, path: &str, service: &str) -> Value {
    let backend = json!({"service": {"name": service, "port": {"number": 80}}});
    json!({"path": path, "pathType": kind, "backend": backend})
}

/// Where a load balancer answers, each of its ports.
async fn client(account: &Account) -> Client {
    account.ask("GET", "settled", None).await;
    let balancers = account.ask("GET", "balancers", None).await;
    assert_eq!(balancers.as_array().map(Vec::len), Some(1), "{balancers}");
    Client::of(&balancers[0])
}

/// How many of some requests each pod answers.
async fn shares(client: &Client) -> (usize, usize) {
    let mut of_web = 0;
    for _ in 0..REQUESTS {
        let answer = client.get("a.example.com", "/split").await;
        of_web += usize::from(answer.pod() == "web");
    }
    (of_web, REQUESTS - of_web)
}

async fn actions_do_what_they_say(client: &Client) {
    let (of_web, of_canary) = shares(client).await;
    assert!(of_web.abs_diff(OF_WEB) <= TOLERANCE, "{of_web} and {of_canary}");
    let first = client.get("a.example.com", "/sticky").await;
    let cookies = first.cookies();
    assert!(cookies.contains("AWSALBTG"), "{first:?}");
    for _ in 0..10 {
        let again = client.send("GET", "a.example.com", "/sticky", &[("Cookie", &cookies)]).await;
        assert_eq!(again.pod(), first.pod());
    }
    let away = client.get("a.example.com", "/old/x?q=1").await;
    assert_eq!(away.status, 302);
    let location = away.header("location").expect("it says where");
    let (place, query) = location.split_once('?').expect("it has a query");
    assert!(place.starts_with("http://new.example.com:"), "{location}");
    assert!(place.ends_with("/moved/old/x") && query == "q=1&by=us", "{location}");
}

async fn conditions_take_what_they_say(client: &Client) {
    let from_elsewhere = client.from("127.0.0.77");
    let any = "a.example.com";
    let asked: [(Answer, &str); 7] = [
        (client.send("GET", any, "/c", &[("X-Kind", "abc")]).await, "header"),
        (client.send("PUT", any, "/c", &[]).await, "method"),
        (client.get(any, "/c?x=y&kind=b").await, "query"),
        (from_elsewhere.get(any, "/c").await, "source"),
        (client.get("c.example.com", "/c").await, "host"),
        (client.get(any, "/c").await, "path"),
        (client.get(any, "/also/this").await, "path"),
    ];
    for (answer, expected) in asked {
        assert_eq!((answer.status, answer.body.as_str()), (418, expected));
    }
    // What none takes comes to no rule.
    assert_eq!(client.get(any, "/c/d").await.status, 404);
}

async fn requests_are_matched_and_rewritten(client: &Client) {
    assert_eq!(client.get("a.example.com", "/v12/items").await.pod(), "web");
    assert_eq!(client.get("a.example.com", "/v12/items/3").await.status, 404);
    let seen = client.get("rewritten.example.com", "/u/7/edit?x=1").await;
    assert_eq!(seen.echo()["target"], "/inside/7/edit?x=1");
    assert_eq!(seen.echo()["headers"]["host"], "inner.example.com");
}

#[tokio::test]
async fn every_action_condition_and_transform_does_what_it_says() {
    let stage = Stage::new("rules").await;
    // Nobody else's test serves pods there.
    let addresses = &stage.ground.addresses[230..233];
    let mut pods = JoinSet::new();
    let provider = Arc::new(Provider::new());
    for (name, address) in ["web", "canary", "idp"].into_iter().zip(addresses) {
        let one = service(name);
        stage.apply(&endpoints(&one, std::slice::from_ref(address))).await;
        stage.apply(&[one]).await;
        provider::serve(&mut pods, name, address, &provider).await;
    }
    let imported = json!({"Certificate": CERTIFICATE, "PrivateKey": PRIVATE_KEY});
    let imported = stage.account.call("acm", "ImportCertificate", &imported);
    let certificate = imported["CertificateArn"].as_str().expect("it has an ARN");
    let https = [("listen-ports", r#"[{"HTTPS":443}]"#), ("certificate-arn", certificate)];
    let regex = [("use-regex-path-match", "true"), ("group.order", "2")];
    let rewrites = [("transforms.web", REWRITES), ("group.order", "3")];
    let items = vec![to("ImplementationSpecific", "/^/v[0-9]+/items$", "web")];
    let inside = vec![to("Prefix", "/u", "web")];
    stage
        .apply(&[
            plain(&stage),
            with_paths(&stage, "regex", &regex, None, &items),
            with_paths(&stage, "rewritten", &rewrites, Some("rewritten.example.com"), &inside),
            with_paths(&stage, "idp", &https, None, &[to("Prefix", "/idp", "idp")]),
        ])
        .await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    let client = client(&stage.account).await;
    actions_do_what_they_say(&client).await;
    conditions_take_what_they_say(&client).await;
    requests_are_matched_and_rewritten(&client).await;
    login::clients_say_who_they_are(&stage, &https, &client, &provider).await;
    drop(pods);
}
