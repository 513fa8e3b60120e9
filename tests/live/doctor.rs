//! `albedo doctor` and `albedo adopt` on both servers.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::control_plane::ControlPlane;
use crate::support::controller::{ALBEDO, Planned, albedo};
use crate::support::localstack::account;
use crate::support::objects::{IP, class, ingress};
use crate::support::stage::{ADDRESSES, Stage, ground};

/// What other tests decide, which share the API server: its nodes, its classes, and whether any of
/// those keeps names.
const OTHERS: [&str; 4] = ["NoHostedZone", "SeveralDefaultClasses", "ClassParamsMissing", "Node"];

/// The codes of what is found.
fn codes(found: &Planned) -> Vec<String> {
    let findings = found.json()["findings"].as_array().expect("it is a list").clone();
    let codes = findings.iter().filter_map(|one| one["code"].as_str().map(str::to_owned));
    codes.filter(|code| !OTHERS.iter().any(|start| code.starts_with(start))).collect()
}

#[tokio::test]
async fn doctor_names_what_is_broken_and_nothing_where_all_is_well() {
    let stage = Stage::new("doctor").await;
    stage.serve(&["web"]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    let controller = stage.run_with_lease();
    stage.rest().await;
    let kubeconfig = stage.plane.kubeconfig_of_controller();
    let doctor = |change: &dyn Fn(&mut Command)| {
        let mut command = albedo(&stage.account, &kubeconfig);
        command.args(["doctor", "-o", "json"]).args(stage.flags());
        change(&mut command);
        Planned::of(&mut command)
    };
    let fine = doctor(&|_| {});
    assert_eq!(codes(&fine), [""; 0], "{fine:?}");

    let lost = "--aws-vpc-id=vpc-0123456789abcdef0";
    assert_eq!(codes(&doctor(&|command| _ = command.arg(lost))), ["VpcMissing"]);
    // The discard port, on which nothing listens.
    let deaf = |command: &mut Command| _ = command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    assert_eq!(codes(&doctor(&deaf)), ["AwsUnreachable"]);
    let unset = |command: &mut Command| {
        command.args(["--aws-region=", "--aws-vpc-id="]).env_remove("AWS_REGION");
    };
    assert_eq!(codes(&doctor(&unset)), ["NoRegion"]);
    let blind = |command: &mut Command| _ = command.env("KUBECONFIG", Path::new("/nowhere"));
    assert_eq!(codes(&doctor(&blind)), ["ClusterUnreachable"]);
    let odd = ingress("odd", "nobodys-class", &IP, &[("b.example.com", "/", "web")]);
    stage.apply(&[odd]).await;
    let broken = doctor(&|_| {});
    assert!(codes(&broken) == ["ClassMissing"] && broken.code == 2, "{broken:?}");
    let text = doctor(&|command| _ = command.arg("--output=text"));
    for part in ["fault", "ClassMissing", "nobodys-class", "mend: "] {
        assert!(text.out.contains(part), "{part}: {text:?}");
    }
    drop(controller);
}

/// Who may do what the policy of a stage's account says.
fn owner(stage: &Stage) -> String {
    format!("arn:aws:iam::{}:user/owner", stage.account.id)
}

/// What doctor finds, asked about somebody's rights.
fn of_rights(stage: &Stage, whose: &str) -> Planned {
    let mut command = albedo(&stage.account, &stage.plane.kubeconfig_of_controller());
    command.args(["doctor", "-o", "json", "--role-arn", whose]);
    Planned::of(command.args(stage.flags()))
}

/// What doctor finds where the controller's policy is changed like this, and who asks may simulate.
async fn judged(stage: &Stage, change: impl FnOnce(&mut Value)) -> Planned {
    let mut policy = stage.policy();
    change(&mut policy);
    let statements = policy["Statement"].as_array_mut().expect("it is a list");
    statements.push(json!({
        "Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": owner(stage),
    }));
    stage.allow(&policy).await;
    of_rights(stage, &owner(stage))
}

/// Takes an action out of a policy.
fn without(policy: &mut Value, action: &str) {
    for statement in policy["Statement"].as_array_mut().expect("it is a list") {
        statement["Action"].as_array_mut().expect("it is a list").retain(|one| one != action);
    }
    let statements = policy["Statement"].as_array_mut().expect("it is a list");
    statements.retain(|one| one["Action"].as_array().is_none_or(|actions| !actions.is_empty()));
}

#[tokio::test]
async fn doctor_asks_iam_what_the_role_may_write_and_names_what_is_denied() {
    let stage = Stage::new("rights").await;
    stage.serve(&["web"]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    let _controller = stage.run_with_lease();
    stage.rest().await;
    // Whoever has the controller's policy and nothing else may not ask.
    let unasked = of_rights(&stage, &owner(&stage));
    assert_eq!(codes(&unasked), [""; 0], "{unasked:?}");
    let said = unasked.json()["notes"].to_string();
    let parts = ["only what is read was tried", "needs iam:SimulatePrincipalPolicy on arn:aws:iam"];
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");

    let fine = judged(&stage, |_| {}).await;
    assert_eq!(codes(&fine), [""; 0], "{fine:?}");
    assert!(!fine.json()["notes"].to_string().contains("IAM"), "{fine:?}");
    let denied = [
        ("DeniedEc2", "ec2:RevokeSecurityGroupIngress"),
        ("DeniedElb", "elasticloadbalancing:SetRulePriorities"),
        ("DeniedAcm", "acm:DeleteCertificate"),
        ("DeniedBeside", "iam:CreateServiceLinkedRole"),
    ];
    for (code, action) in denied {
        let found = judged(&stage, |policy| without(policy, action)).await;
        assert_eq!(codes(&found), [code], "{found:?}");
        assert!(found.out.contains(&format!("IAM denies {action}\"")), "{found:?}");
    }
    let untold = judged(&stage, |policy| without(policy, "tag:GetResources")).await;
    assert_eq!(codes(&untold), ["TagsOneByOne"], "{untold:?}");
    // Somebody took the policy of another cluster.
    let other = judged(&stage, |policy| {
        let text = policy.to_string().replace("\"demo", "\"other");
        *policy = serde_json::from_str(&text).expect("it is JSON");
    });
    let other = other.await;
    assert_eq!(codes(&other), ["DeniedEc2", "DeniedElb", "DeniedAcm"], "{other:?}");
    assert!(!other.out.contains("elasticloadbalancing:DescribeRules"), "{other:?}");
    // From where the controller calls is not known here.
    let perhaps = judged(&stage, |policy| {
        policy["Statement"].as_array_mut().expect("it is a list").push(json!({
            "Effect": "Deny", "Action": ["elasticloadbalancing:DeleteRule"], "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        }));
    });
    let perhaps = perhaps.await;
    assert_eq!(codes(&perhaps), ["DeniedPerhaps"], "{perhaps:?}");
    let said = "elasticloadbalancing:DeleteRule, where nobody here knows aws:SourceIp";
    assert!(perhaps.out.contains(said), "{perhaps:?}");
    let root = of_rights(&stage, "arn:aws:iam::1:root");
    assert!(root.json()["notes"].to_string().contains("neither a role nor a user"), "{root:?}");
}

/// A Deployment of another controller, with these arguments.
pub fn deployment(name: &str, image: &str, arguments: &[&str]) -> Value {
    let labels = json!({"app.kubernetes.io/name": name});
    let container = json!({"name": name, "image": image, "args": arguments});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "kube-system", "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    })
}

#[tokio::test]
async fn adopt_plans_with_the_flags_of_who_is_there_and_says_the_way() {
    let plane = ControlPlane::start("adopt");
    plane.prepare().await;
    let account = account();
    let vpc = format!("--aws-vpc-id={}", ground(&account, ADDRESSES).vpc);
    let adopt = |flags: &[&str]| {
        let mut command = Command::new(ALBEDO);
        command.env_clear().envs(account.env()).env("KUBECONFIG", plane.kubeconfig());
        Planned::of(command.arg("adopt").args(flags))
    };
    let nobody = adopt(&[]);
    assert!(nobody.code == 1 && nobody.err.contains("nothing is taken over"), "{nobody:?}");
    let lbc = "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0";
    let dns = "registry.k8s.io/external-dns/external-dns:v0.22.0";
    let name = "aws-load-balancer-controller";
    let apply = |object: &Value| plane.apply(object).expect("the API server takes it");
    apply(&deployment(name, lbc, &["--cluster-name=demo", &vpc, "--webhook-bind-port=9443"]));
    let arguments = ["--source=ingress", "--provider=aws", "--txt-owner-id=mine"];
    apply(&deployment("external-dns", dns, &arguments));
    let empty = adopt(&[]);
    assert_eq!(empty.code, 0, "{empty:?}");
    let parts = [
        "Nothing in AWS would change",
        "--webhook-bind-port changes nothing",
        "start albedo run with --take-over",
        "kubectl scale deployment -n kube-system aws-load-balancer-controller --replicas=0",
        "--txt-owner-id=mine",
    ];
    for part in parts {
        assert!(empty.out.contains(part), "{part}: {empty:?}");
    }
    let back = adopt(&["--back"]);
    assert!(back.code == 0 && back.out.contains("stop albedo run"), "{back:?}");

    apply(&class("alb"));
    let mut web = ingress("web", "alb", &IP, &[("web.example.com", "/", "web")]);
    web["metadata"]["namespace"] = "default".into();
    apply(&web);
    let zone = json!({"Name": "example.com", "CallerReference": "adopt"});
    account.call("route53", "CreateHostedZone", &zone);
    let full = adopt(&["-o", "json"]);
    assert_eq!(full.code, 2, "{full:?}");
    let plans = full.json()["plans"].as_array().expect("it is a list").clone();
    let planned = |of: &str| {
        let subjects = plans.iter().filter_map(|plan| plan["subject"].as_str());
        subjects.filter(|subject| subject.starts_with(of)).count()
    };
    // Of names as well, though external-dns still runs and has the same owner id.
    assert_eq!((planned("balancer"), planned("zone")), (1, 1), "{full:?}");
    // What stands still because of a mistake is no proof of anything either.
    web["metadata"]["annotations"]["alb.ingress.kubernetes.io/scheme"] = "outside".into();
    apply(&web);
    let wrong = adopt(&[]);
    assert!(wrong.code == 2 && wrong.out.contains("InvalidAnnotation"), "{wrong:?}");
    apply(&deployment(name, lbc, &["--cluster-name=demo", &vpc, "--enable-endpoint-slices=false"]));
    let refused = adopt(&[]);
    assert!(refused.code == 2 && refused.out.contains("--enable-endpoint-slices"), "{refused:?}");
    plane.stop();
}
