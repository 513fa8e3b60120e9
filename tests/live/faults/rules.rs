//! Each call that a change of rules takes, refused or with its answer lost.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::contract::{CERTIFICATE, PRIVATE_KEY};
use crate::support::localstack::Call;
use crate::support::objects::{IP, in_group, ingress};
use crate::support::stage::Stage;

use super::fault;

/// Half of as many rules as AWS takes (quota: 100 a load balancer).
const HALF: usize = 50;
/// What the log says of a call whose answer was lost on purpose.
const LOST: &str = "ResponseDropped";
/// How many rules take the place of others.
const SWAPPED: usize = 2;

/// A change, done and undone: the objects before and after it, and what has to hold in each case.
struct Change<'a> {
    stage: &'a Stage,
    what: &'static str,
    sides: [Vec<Value>; 2],
    /// What the rules of an account are like, as far as this change is concerned.
    shape: fn(&[Value]) -> String,
    /// How many calls it takes.
    calls: usize,
    /// The fewest rules that there may be at any time.
    rules_min: usize,
    /// Whether it is made while no controller runs: one would see its objects one by one.
    is_seen_at_once: bool,
}

impl Change<'_> {
    /// Makes the change once, and then once for each of its calls and each way in which one fails.
    async fn survives(&self) {
        let stage = self.stage;
        self.make(0).await;
        let before = self.shape();
        let clean = self.make(1).await;
        let after = self.shape();
        assert_eq!(clean.len(), self.calls, "{}: {clean:#?}", self.what);
        let mut side = 1;
        for (place, call) in clean.iter().enumerate() {
            let name = call.name();
            let earlier = clean[..place].iter().filter(|one| one.name() == name).count();
            let refused = json!({"code": "ValidationError", "message": "not now"});
            let lost = json!({"after": true, "drop": true});
            for mut blow in [refused, lost] {
                let what = format!("{}: call {place}, {name}, {blow}", self.what);
                blow["match"] = name.clone().into();
                blow["skip"] = earlier.into();
                blow["times"] = 1.into();
                fault(stage, blow).await;
                side = 1 - side;
                let calls = self.make(side).await;
                let struck = stage.account.ask("GET", "faults", None).await;
                assert_eq!(struck[0]["hit"], 1, "{what}: {struck:#}");
                stage.account.ask("DELETE", "faults", None).await;
                let expected = if side == 1 { &after } else { &before };
                assert_eq!(self.shape(), *expected, "{what}");
                assert_eq!(touched(&calls), touched(&clean), "{what}");
                assert!(fewest(&calls) >= self.rules_min, "{what}: {calls:#?}");
            }
        }
    }

    /// Makes one side of it be so. Answers with the calls that were carried out.
    async fn make(&self, side: usize) -> Vec<Call> {
        self.stage.account.forget_calls().await;
        self.stage.apply(&self.sides[side]).await;
        let _controller = self.is_seen_at_once.then(|| self.stage.run(&[]));
        self.stage.rest().await;
        let calls = self.stage.writes().await;
        // A call whose answer was lost is marked in the log.
        let is_done = |call: &Call| call.error.as_deref().is_none_or(|code| code == LOST);
        calls.into_iter().filter(is_done).collect()
    }

    /// The rules that stand, as this change looks at them.
    fn shape(&self) -> String {
        let account = &self.stage.account;
        let list = |of: Value, key: &str| of[key].as_array().cloned().expect("it is a list");
        let balancers = account.call("elbv2", "DescribeLoadBalancers", &json!({}));
        let [balancer] = &list(balancers, "LoadBalancers")[..] else { panic!("one stands") };
        let of = json!({"LoadBalancerArn": balancer["LoadBalancerArn"]});
        let listeners = list(account.call("elbv2", "DescribeListeners", &of), "Listeners");
        let rules = listeners.iter().flat_map(|listener| {
            let of = json!({"ListenerArn": listener["ListenerArn"]});
            list(account.call("elbv2", "DescribeRules", &of), "Rules")
        });
        (self.shape)(&rules.collect::<Vec<_>>())
    }
}

/// What calls changed: what is made anew has no ARN that could be compared.
fn touched(calls: &[Call]) -> BTreeSet<String> {
    let of = |call: &Call| {
        let keys = ["RuleArn", "ListenerArn"];
        let arn = keys.iter().find_map(|key| call.params[key].as_str()).unwrap_or_default();
        format!("{} {arn}", call.name())
    };
    let comes_and_goes = |call: &&Call| matches!(&*call.operation, "CreateRule" | "DeleteRule");
    calls.iter().filter(|call| !comes_and_goes(call)).map(of).collect()
}

/// How many rules there were when there were the fewest, of as many as AWS takes.
fn fewest(calls: &[Call]) -> usize {
    let (mut now, mut fewest) = (2 * HALF, 2 * HALF);
    for call in calls {
        match &*call.operation {
            "CreateRule" => now += 1,
            "DeleteRule" => now -= 1,
            _ => {}
        }
        fewest = fewest.min(now);
    }
    fewest
}

/// Paths of one Ingress, all led to an action or a Service.
fn paths(names: impl Iterator<Item = String>, backend: &Value) -> Value {
    let path = |name| json!({"path": name, "pathType": "Exact", "backend": {"service": backend}});
    json!([{"http": {"paths": names.map(path).collect::<Vec<_>>()}}])
}

/// Two rules of one action, with this weight for its second Service.
fn weighed(stage: &Stage, canary: u8) -> Vec<Value> {
    let group =
        |name, weight: u8| json!({"serviceName": name, "servicePort": 80, "weight": weight});
    let groups = json!([group("web", 100 - canary), group("canary", canary)]);
    let action = json!({"type": "forward", "forwardConfig": {"targetGroups": groups}}).to_string();
    let said = [IP[0], IP[1], ("actions.roll", action.as_str())];
    let mut made = ingress("web", &stage.class, &said, &[]);
    let backend = json!({"name": "roll", "port": {"name": "use-annotation"}});
    made["spec"]["rules"] = paths(["/a", "/b"].into_iter().map(str::to_owned), &backend);
    vec![made]
}

fn weights(rules: &[Value]) -> String {
    let of = |rule: &Value| {
        let groups = &rule["Actions"][0]["ForwardConfig"]["TargetGroups"];
        let all = groups.as_array().into_iter().flatten();
        let mut all: Vec<String> = all.map(|group| group["Weight"].to_string()).collect();
        all.sort();
        all.join("+")
    };
    rules.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// A client's secret, and two rules and a default that log in with it.
fn renewed(stage: &Stage, https: &[(&str, &str)], secret: &str) -> Vec<Value> {
    let at = |host: &str| format!("https://{host}.example.com/");
    let oidc = json!({
        "issuer": at("i"), "authorizationEndpoint": at("a"), "tokenEndpoint": at("t"),
        "userInfoEndpoint": at("u"), "secretName": "login",
    });
    let oidc = oidc.to_string();
    let said = [IP[0], IP[1], ("auth-type", "oidc"), ("auth-idp-oidc", oidc.as_str())];
    let mut made = ingress("web", &stage.class, &[&said, https].concat(), &[]);
    let backend = json!({"name": "web", "port": {"number": 80}});
    made["spec"]["rules"] = paths(["/a", "/b"].into_iter().map(str::to_owned), &backend);
    made["spec"]["defaultBackend"] = json!({"service": backend});
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"},
        "stringData": {"clientID": "id", "clientSecret": secret},
    });
    vec![secret, made]
}

fn logins(rules: &[Value]) -> String {
    let kinds = rules.iter().map(|rule| {
        let of = rule["Actions"].as_array().into_iter().flatten();
        of.map(|action| action["Type"].to_string()).collect::<Vec<_>>().join(" ")
    });
    kinds.collect::<Vec<_>>().join(", ")
}

/// Two members with a port each, and so many rules.
fn full(stage: &Stage, of_one: usize, of_other: usize) -> Vec<Value> {
    let backend = json!({"name": "web", "port": {"number": 80}});
    let member = |name: &str, port: u16, count: usize| {
        let ports = json!([{"HTTP": port}]).to_string();
        let said = [in_group(&stage.namespace).as_slice(), &[("listen-ports", &ports)]].concat();
        let mut made = ingress(name, &stage.class, &said, &[]);
        let all = (0..count).map(|number| format!("/{name}/{number}"));
        made["spec"]["rules"] = paths(all, &backend);
        made
    };
    vec![member("one", 80, of_one), member("other", 8080, of_other)]
}

fn counts(rules: &[Value]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule["IsDefault"] == false) {
        let path = &rule["Conditions"][0]["PathPatternConfig"]["Values"][0];
        let of = path.as_str().expect("it is a path").rsplit_once('/').expect("it is two parts").0;
        *counts.entry(of.to_owned()).or_default() += 1;
    }
    format!("{counts:?}")
}

#[tokio::test]
async fn changes_of_rules_survive_each_of_their_calls_refused_or_lost() {
    let stage = &Stage::new("changes").await;
    stage.serve(&["web", "canary"]).await;
    let imported = json!({"Certificate": CERTIFICATE, "PrivateKey": PRIVATE_KEY});
    let imported = stage.account.call("acm", "ImportCertificate", &imported);
    let certificate = imported["CertificateArn"].as_str().expect("it has an ARN");
    let https = [("listen-ports", r#"[{"HTTPS":443}]"#), ("certificate-arn", certificate)];
    let controller = stage.run(&[]);
    let weigh = Change {
        stage,
        what: "weights",
        sides: [weighed(stage, 10), weighed(stage, 90)],
        shape: weights,
        calls: 2,
        rules_min: 0,
        is_seen_at_once: false,
    };
    weigh.survives().await;
    let renew = Change {
        what: "a secret's renewal",
        sides: [renewed(stage, &https, "one"), renewed(stage, &https, "two")],
        shape: logins,
        calls: 3,
        ..weigh
    };
    renew.survives().await;
    stage.delete("Ingress", "web").await;
    super::gone(stage, "web").await;
    drop(controller);
    let swap = Change {
        what: "rules at the quota",
        sides: [full(stage, HALF, HALF), full(stage, HALF - SWAPPED, HALF + SWAPPED)],
        shape: counts,
        calls: 2 * SWAPPED,
        rules_min: 2 * HALF - 1,
        is_seen_at_once: true,
        ..renew
    };
    swap.survives().await;
}
