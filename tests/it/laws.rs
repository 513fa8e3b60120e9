//! The laws of the whole, on small worlds.

use super::support::canon;
use super::support::run::Site;

const SHOP: &str = r#"
service shop/web: {ports: ["http=80:8080"]}
service shop/api: {ports: ["8080:9090"]}
endpoints shop/web: {ports: {http: 8080}, at: [172.31.1.10, 172.31.1.11]}
endpoints shop/api: {ports: {"": 9090}, at: [172.31.1.12]}
ingress shop/web:
  rules: [a.example.com Exact /x web:http, a.example.com Prefix / web:80, "any Prefix /api api:8080"]
"#;

#[tokio::test]
async fn x() {
    let site = Site::new(SHOP);
    let c = site.settle().await;
    for l in canon::aws(&site.aws.everything()) { println!("{l}"); }
    for l in canon::cluster(&site.cluster, &site.aws.everything()) { println!("{l}"); }
    println!("{:?} {:?}", site.aws.calls(), site.cluster.calls());
    site.aws.forget_calls();
    c.look_again();
    c.settle().await;
    println!("{:?} {:?}", site.aws.calls(), site.aws.performed());
    c.cluster.delete(&super::support::world::key("shop/web"));
    c.settle().await;
    for l in canon::aws(&site.aws.everything()) { println!("{l}"); }
    for l in canon::cluster(&site.cluster, &site.aws.everything()) { println!("{l}"); }
    for e in site.cluster.events() { println!("{e:?}"); }
}
