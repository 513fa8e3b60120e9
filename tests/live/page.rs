//! The topology page of a running controller, with groups that are well, ill, adrift and in
//! conflict; and how a browser shows it (`make test-page`).

use std::net::SocketAddr;
use std::process::Command;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::names::stage;
use crate::support::controller::Controller;
use crate::support::objects::{IP, endpoints, in_group, ingress, service};
use crate::support::stage::{Stage, until};

/// Where pictures go that are to stand in the README.
const PICTURES: &str = "ALBEDO_PICTURES";
/// What opens the page in Chromium.
const BROWSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page/browse.py");

/// Where a controller serves the page, as its log says.
async fn address(controller: &Controller) -> SocketAddr {
    until("it serves the page", async || {
        let log = controller.log();
        let (_, rest) = log.split_once("page=")?;
        rest.split_whitespace().next()?.parse().ok()
    })
    .await
}

/// The body of a page, which there has to be.
async fn get(address: SocketAddr, target: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: localhost:61780\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it takes requests");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("it is an answer");
    assert!(head.starts_with("HTTP/1.1 200 "), "{target}: {head}");
    body.to_owned()
}

async fn json(address: SocketAddr, target: &str) -> Value {
    serde_json::from_str(&get(address, target).await).expect("it is JSON")
}

/// The targets that fail their checks from now on, by their addresses.
async fn fail(stage: &Stage, addresses: &[String]) {
    let groups = stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
    for group in groups["TargetGroups"].as_array().expect("there are some") {
        let of = json!({"TargetGroupArn": group["TargetGroupArn"]});
        let health = stage.account.call("elbv2", "DescribeTargetHealth", &of);
        for found in health["TargetHealthDescriptions"].as_array().expect("it is a list") {
            let (id, port) = (&found["Target"]["Id"], &found["Target"]["Port"]);
            if addresses.iter().any(|address| id == address) {
                let ill = json!({
                    "target_group": group["TargetGroupName"], "target": id, "port": port,
                    "state": "unhealthy", "reason": "Target.FailedHealthChecks",
                });
                stage.account.ask("POST", "health", Some(ill)).await;
            }
        }
    }
}

/// Takes away a rule for a path by hand, and lets nobody make one.
async fn let_drift(stage: &Stage, path: &str) {
    let load_balancers = stage.account.call("elbv2", "DescribeLoadBalancers", &json!({}));
    for one in load_balancers["LoadBalancers"].as_array().expect("there are some") {
        let of = json!({"LoadBalancerArn": one["LoadBalancerArn"]});
        let listeners = stage.account.call("elbv2", "DescribeListeners", &of);
        for listener in listeners["Listeners"].as_array().expect("it is a list") {
            let of = json!({"ListenerArn": listener["ListenerArn"]});
            let rules = stage.account.call("elbv2", "DescribeRules", &of);
            for rule in rules["Rules"].as_array().expect("it is a list") {
                if rule["Conditions"].to_string().contains(path) {
                    let gone = json!({"RuleArn": rule["RuleArn"]});
                    stage.account.call("elbv2", "DeleteRule", &gone);
                }
            }
        }
    }
    let denied = json!({
        "match": "elbv2.CreateRule", "code": "AccessDenied", "message": "not allowed", "status": 403,
    });
    stage.account.ask("POST", "faults", Some(denied)).await;
}

/// A town with groups of every kind, and the controller that looks at it afresh and leads.
async fn town(stem: &str) -> (Stage, Controller) {
    let (stage, _) = stage(stem).await;
    let (web, ill) = (service("web"), service("ill"));
    stage.apply(&endpoints(&web, &stage.ground.addresses[..2])).await;
    stage.apply(&endpoints(&ill, &stage.ground.addresses[2..4])).await;
    stage.apply(&[web, ill]).await;
    let class = &stage.class;
    let scheme = |scheme| [("target-type", "ip"), ("group.name", "edge"), ("scheme", scheme)];
    stage
        .apply(&[
            ingress("well", class, &IP, &[("well.example.com", "/", "web")]),
            ingress("ill", class, &IP, &[("ill.example.com", "/", "ill")]),
            ingress("edge-a", class, &scheme("internal"), &[("a.edge.example.com", "/", "web")]),
            ingress(
                "drift",
                class,
                &in_group("drift"),
                &[("drift.example.com", "/stays", "web"), ("drift.example.com", "/gone", "web")],
            ),
        ])
        .await;
    let mut first = stage.run_with_lease();
    stage.rest().await;
    stage
        .apply(&[ingress(
            "edge-b",
            class,
            &scheme("internet-facing"),
            &[("b.edge.example.com", "/", "web")],
        )])
        .await;
    stage.rest().await;
    first.terminate();
    fail(&stage, &stage.ground.addresses[2..3]).await;
    let_drift(&stage, "/gone").await;
    let controller = stage.run_with_lease();
    let at = address(&controller).await;
    until("all of it is found out", async || {
        let page = json(at, "/?format=json").await;
        let (totals, rows) = (&page["totals"], page["rows"].as_array()?);
        let is_known = rows.iter().all(|row| row["targets"]["unread"] == 0);
        let is_found = totals["unhealthy"] == 1 && totals["pending"] == 1;
        let has_problems = totals["problems"].as_u64() > Some(0);
        (is_known && is_found && has_problems && rows.len() == 5).then_some(())
    })
    .await;
    (stage, controller)
}

#[tokio::test]
async fn a_running_controller_shows_where_hosts_lead_and_a_standby_who_leads() {
    let (stage, controller) = town("page").await;
    let at = address(&controller).await;
    let of = async |name: &str| {
        json(at, &format!("/group?format=json&name={}/{name}", stage.namespace)).await
    };
    // Names are read after load balancers.
    let well = until("where the host leads is known", async || {
        let well = of("well").await;
        (well["hosts"][0]["verdict"] == "good").then_some(well)
    })
    .await;
    assert_eq!(well["hosts"][0]["stations"][0]["what"], "record");
    assert!(well["target_groups"][0]["targets"][0]["who"].to_string().contains("web-"), "{well:#}");
    let ill = of("ill").await;
    assert_eq!(ill["target_groups"][0]["count"]["unhealthy"], 1, "{ill:#}");
    let edge = json(at, "/group?format=json&name=edge").await;
    assert_eq!(edge["problems"][0]["number"], "A109", "{edge:#}");
    let drift = json(at, "/group?format=json&name=drift").await;
    let steps = drift["plans"][0]["steps"].to_string();
    assert!(steps.contains("CreateRule") && steps.contains("not allowed"), "{drift:#}");
    let found = json(at, "/?format=json&q=ill.example").await;
    assert_eq!(found["found"], 1, "{found:#}");
    // Whoever comes second stands by.
    let standby = stage.run_with_lease();
    let beside = address(&standby).await;
    until("it has heard who leads", async || {
        let told = json(beside, "/?format=json").await["standpoint"].clone();
        (told["leads"] == false && told["leader"].is_string()).then_some(())
    })
    .await;
    let page = get(beside, "/").await;
    assert!(page.contains("does not lead") && page.contains("port-forward pod/"), "{page}");
}

#[tokio::test]
#[ignore = "it needs Chromium; make test-page installs that and runs it"]
async fn a_browser_shows_all_of_it_without_scripts() {
    let (_stage, controller) = town("browser").await;
    let at = address(&controller).await;
    let mut command = Command::new("python3");
    command.args(["-B", BROWSE, &format!("http://localhost:{}/", at.port())]);
    command.args(std::env::var(PICTURES).ok());
    // The controller answers while the browser looks.
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("it does not panic").expect("there is Python");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (said, wrong) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{said}{wrong}");
    println!("{said}");
}
