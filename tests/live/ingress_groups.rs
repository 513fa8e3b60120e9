//! IngressGroups as `kubectl get` prints them, and who may not read them.

use serde_json::{Value, json};

use crate::names::{secret, stage, with_tls};
use crate::support::objects::{in_group, ingress};
use crate::support::stage::{Stage, until};

/// The page that explains them.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ingress-groups.md");
/// The columns of `kubectl get ingressgroups`.
const COLUMNS: [&str; 11] = [
    "NAME",
    "GROUP",
    "READY",
    "WHY",
    "ALB",
    "RULES",
    "TARGETS",
    "CERTIFICATES",
    "NAMES",
    "PROBLEMS",
    "AGE",
];

/// The line that `kubectl get ingressgroups` prints of a group, by its columns.
fn line(stage: &Stage, group: &str) -> Option<Vec<String>> {
    let printed = stage.plane.kubectl(&["get", "ingressgroups"]);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut lines = printed.lines().map(words);
    assert_eq!(lines.next()?, COLUMNS, "{printed}");
    let found = lines.find(|line| line.get(1).is_some_and(|of| of == group))?;
    Some(found)
}

/// Waits until the line of a group says so in these columns.
async fn says(stage: &Stage, group: &str, expected: &[(&str, &str)]) -> Vec<String> {
    until(&format!("{group} says {expected:?}"), async || {
        let line = line(stage, group)?;
        let is_so = |(column, value): &(&str, &str)| {
            let place = COLUMNS.iter().position(|name| name == column);
            place.and_then(|place| line.get(place)).is_some_and(|found| found == value)
        };
        expected.iter().all(is_so).then_some(line)
    })
    .await
}

#[tokio::test]
async fn whether_a_group_is_served_is_what_kubectl_get_prints() {
    let (stage, _zone) = stage("groups").await;
    stage.serve(&["web"]).await;
    // Of other tests' groups this process keeps its hands off.
    let flags = ["--scope=own"];
    let group = format!("edge-{}", stage.namespace);
    let host = "public.example.com";
    let web = ingress("web", &stage.class, &in_group(&group), &[(host, "/", "web")]);
    stage.apply(&[secret("tls", "ec"), with_tls(web, host, "tls")]).await;
    let controller = stage.run(&flags);
    let served = [("RULES", "2"), ("CERTIFICATES", "1/1"), ("NAMES", "1/1"), ("PROBLEMS", "0")];
    says(&stage, &group, &served).await;
    drop(controller);
    // Whoever leads next looks at targets, and goes on where the one before was.
    let controller = stage.run(&flags);
    let ready = [("READY", "True"), ("WHY", "Served"), ("TARGETS", "2/2")];
    let line = says(&stage, &group, &ready).await;
    assert!(line[4].starts_with("k8s-edge"), "{line:?}");
    stage.plane.kubectl(&["wait", "--for=condition=Ready", &format!("ingressgroup/{group}")]);
    println!("{}", stage.plane.kubectl(&["get", "ingressgroups", "-o", "wide"]));
    println!("{}", stage.plane.kubectl(&["get", "ingressgroup", &group, "-o", "yaml"]));
    let found = stage.plane.kubectl(&["get", "ingressgroup", &group, "-o", "json"]);
    let found: Value = serde_json::from_str(&found).expect("it is JSON");
    let conditions = found["status"]["conditions"].as_array().expect("there are some");
    let programmed = conditions.iter().find(|one| one["type"] == "Programmed");
    assert_eq!(programmed.expect("it is there")["observedGeneration"], 1, "{found:#}");
    let hostname = found["status"]["loadBalancer"]["hostname"].as_str().expect("there is one");
    assert!(hostname.ends_with(".elb.amazonaws.com"), "{hostname}");

    // A bad member is a problem of the group, by the number of its reason, and so says its Event.
    let mut bad = ingress("bad", &stage.class, &in_group(&group), &[(host, "/bad", "web")]);
    bad["metadata"]["annotations"]["alb.ingress.kubernetes.io/target-type"] = "lambda".into();
    stage.apply(&[bad]).await;
    let wrong = [("READY", "False"), ("WHY", "Programmed"), ("PROBLEMS", "1"), ("NAMES", "1/1")];
    says(&stage, &group, &wrong).await;
    let told = until("the Ingress is told", async || {
        let told = stage.events("Ingress", "bad").await.into_iter();
        let mut warnings = told.filter(|(severity, ..)| severity == "Warning");
        warnings.next()
    })
    .await;
    let place = " (A104, docs/errors.md#a104-invalidannotation)";
    assert!(told.1 == "InvalidAnnotation" && told.2.ends_with(place), "{told:?}");

    // Who may do everything in one namespace may not read what is in others.
    let tenant = format!("--as=system:serviceaccount:{}:default", stage.namespace);
    let admin = [
        "create",
        "rolebinding",
        "tenant",
        "-n",
        &stage.namespace,
        "--clusterrole=admin",
        &format!("--serviceaccount={}:default", stage.namespace),
    ];
    stage.plane.kubectl(&admin);
    let refused = stage.plane.try_kubectl(&["get", "ingressgroups", &tenant], None);
    assert!(refused.is_err_and(|error| error.contains("forbidden")));

    // As the page says, whoever looks after the cluster lets others read them.
    let page = std::fs::read_to_string(PAGE).expect("it is there");
    let commands = page.lines().filter_map(|line| line.strip_prefix("kubectl create "));
    let commands: Vec<&str> = commands.collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = ["create"].into_iter().chain(command.split(' ')).collect();
        stage.plane.kubectl(&words);
    }
    let reader = ["get", "ingressgroups", "--as=somebody", "--as-group=on-call"];
    until("who is on call may read them", async || stage.plane.try_kubectl(&reader, None).ok())
        .await;

    for name in ["bad", "web"] {
        stage.delete("Ingress", name).await;
    }
    until("it goes with its group", async || {
        let there = stage.plane.kubectl(&["get", "ingressgroups", "-o", "name"]);
        (!there.contains(&group)).then_some(())
    })
    .await;
    drop(controller);
}

#[tokio::test]
async fn what_an_ingress_group_is_about_nobody_changes() {
    let stage = Stage::new("group-of").await;
    let name = format!("group-of-{}", stage.namespace);
    let group = json!({
        "apiVersion": "alb.ingress.k8s.aws/v1", "kind": "IngressGroup",
        "metadata": {"name": name}, "spec": {"group": "one"},
    });
    stage.plane.apply(&group).expect("it is good");
    let patch = json!({"spec": {"group": "another"}}).to_string();
    let changed = ["patch", "ingressgroup", &name, "--type=merge", "-p", &patch];
    let refused = stage.plane.try_kubectl(&changed, None);
    assert!(refused.is_err_and(|error| error.contains("does not change")));
    stage.plane.kubectl(&["delete", "ingressgroup", &name]);
}
