//! What rules do changes while calls fail.

use std::collections::BTreeMap;

use albedo::model::action::{Action, AwsAction, ElbAction};

use super::super::support::site::Site;
use super::super::support::world::{CERTIFICATE, wait};

/// What changes in the rules of a group that stands.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// The weights of an action that several rules have.
    Weigh,
    /// The secret of the client that rules log in with.
    Renew,
    /// Two rules, where AWS takes no more of them.
    Swap,
}

/// Half of as many rules as AWS takes.
const HALF: usize = 50;

fn weighed(canary: u8) -> String {
    let rest = 100 - canary;
    format!(
        "service shop/web: {{ports: [80:8080]}}
service shop/canary: {{ports: [80:8080]}}
ingress shop/web:
  listen-ports: '[{{\"HTTP\":80}},{{\"HTTP\":8080}}]'
  rules: [any Exact /a roll:use-annotation, any Exact /b roll:use-annotation]
  actions.roll: '{{\"type\":\"forward\",\"forwardConfig\":{{\"targetGroups\":[
    {{\"serviceName\":\"web\",\"servicePort\":80,\"weight\":{rest}}},
    {{\"serviceName\":\"canary\",\"servicePort\":80,\"weight\":{canary}}}]}}}}'
"
    )
}

fn renewed(secret: &str) -> String {
    format!(
        "service shop/web: {{ports: [80:8080]}}
secret shop/login: {{texts: {{clientID: id, clientSecret: {secret}}}}}
ingress shop/web:
  certificate-arn: {CERTIFICATE}
  listen-ports: '[{{\"HTTPS\":443}}]'
  auth-type: oidc
  auth-idp-oidc: '{{\"issuer\":\"https://i\",\"authorizationEndpoint\":\"https://a\",
    \"tokenEndpoint\":\"https://t\",\"userInfoEndpoint\":\"https://u\",\"secretName\":\"login\"}}'
  default: web:80
  rules: [any Exact /a web:80, any Exact /b web:80]
"
    )
}

/// Two members with a port each, and so many rules.
fn full(of_one: usize, of_other: usize) -> String {
    let rules = |of: &str, count: usize| -> Vec<String> {
        (0..count).map(|number| format!("any Exact /{of}/{number} web:80")).collect()
    };
    format!(
        "service shop/web: {{ports: [80:8080]}}
ingress shop/one: {{group.name: g, rules: {:?}}}
ingress shop/other: {{group.name: g, listen-ports: '[{{\"HTTP\":8080}}]', rules: {:?}}}
",
        rules("one", of_one),
        rules("other", of_other)
    )
}

/// A site at which a change is about to be made.
pub fn site(change: Change) -> Site {
    let (before, after) = match change {
        Change::Weigh => (weighed(10), weighed(90)),
        Change::Renew => (renewed("one"), renewed("two")),
        Change::Swap => (full(HALF, HALF), full(HALF - 2, HALF + 2)),
    };
    let site = Site::new(&before);
    wait(site.settle());
    site.cluster.add(&after);
    site
}

/// What has to hold once a change is made, whatever failed.
pub fn check(change: Change, site: &Site) {
    match change {
        Change::Weigh => {}
        Change::Renew => {
            let given = secrets(site);
            assert_eq!(given.len(), 3, "{given:?}");
            assert!(given.values().all(|secret| secret == "two"), "{given:?}");
        }
        Change::Swap => assert!(fewest(site) >= 2 * HALF - 1, "two rules were away at once"),
    }
}

/// The secret that each listener and rule was given last.
fn secrets(site: &Site) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    for action in site.aws.performed() {
        let of = match &action {
            AwsAction::Elb(
                ElbAction::ModifyListener { id, .. } | ElbAction::ModifyRule { id, .. },
            ) => id.to_string(),
            _ => continue,
        };
        Action::Aws(action).visit_secrets(&mut |bytes| {
            let Some(sealed) = bytes.given() else { return };
            let text = String::from_utf8(sealed.open().to_vec()).unwrap();
            given.insert(of.clone(), text);
        });
    }
    given
}

/// How many rules there were when there were the fewest.
fn fewest(site: &Site) -> usize {
    let (mut now, mut fewest) = (2 * HALF, 2 * HALF);
    for action in site.aws.performed() {
        match action {
            AwsAction::Elb(ElbAction::CreateRule { .. }) => now += 1,
            AwsAction::Elb(ElbAction::DeleteRule { .. }) => now -= 1,
            _ => {}
        }
        fewest = fewest.min(now);
    }
    fewest
}
