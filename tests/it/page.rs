//! The topology page: what it says, that all of it can be reached and read, and what it never says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use albedo::model::settings::{DnsScope, Settings};
use albedo::model::target::TargetState;
use albedo::page::{Answer, Vantage};
use serde_json::Value;
use tokio::sync::watch;

use super::support::clock::VirtualClock;
use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{settings, wait};

mod look;
mod reading;
mod served;

/// A group that is well, one that is ill, one whose members want different things, one that
/// somebody has changed by hand and that cannot be mended, one that has a login.
const TOWN: &str = "
class alb:
service shop/web: {ports: [80:8080]}
endpoints shop/web: {at: [172.31.0.1, 172.31.0.2]}
service shop/ill: {ports: [80:8080]}
endpoints shop/ill: {at: [172.31.0.3]}
secret shop/login: {texts: {clientID: the-client, clientSecret: hush-hush}}
ingress shop/web: {target-type: ip, rules: [web.example.com Prefix / web:80]}
ingress shop/ill: {target-type: ip, rules: [ill.example.com Prefix / ill:80]}
ingress shop/one: {group.name: edge, group.order: 1, target-type: ip, scheme: internal,
  rules: [one.example.com Prefix / web:80]}
ingress shop/two: {group.name: edge, group.order: 2, target-type: ip, scheme: internet-facing,
  rules: [two.example.com Prefix / web:80]}
ingress shop/drift: {group.name: drift, target-type: ip,
  rules: [drift.example.com Prefix /a web:80, drift.example.com Prefix /b web:80]}
";

fn named() -> Settings {
    let mut settings = settings();
    settings.dns.scope = DnsScope::All;
    settings
}

/// Somebody who looks at a controller.
struct Looker {
    site: Site,
    controller: Controller<Fake>,
    vantage: Vantage<Fake, VirtualClock>,
}

impl Looker {
    fn new(site: Site, controller: Controller<Fake>, leader: Option<&str>) -> Self {
        let vantage = Vantage {
            settings: Arc::clone(&site.cluster.settings),
            world: controller.runtime.world().clone(),
            mirror: controller.runtime.mirror().clone(),
            clock: controller.clock,
            leader: watch::channel(leader.map(str::to_owned)).1,
            namespace: "kube-system".to_owned(),
            port: 61780,
        };
        Self { site, controller, vantage }
    }

    /// Who looks at a controller that has come to rest.
    async fn at(sketch: &str) -> Self {
        let site = Site::with(named(), sketch);
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        let controller = site.settle().await;
        Self::new(site, controller, Some("albedo-1_7-9"))
    }

    /// Who looks at the town.
    async fn in_town() -> Self {
        let looker = Self::at(TOWN).await;
        looker.site.aws.change(|state| {
            for group in state.target_groups.values_mut() {
                for (target, state) in &mut group.targets {
                    let is_ill = target.id == "172.31.0.3";
                    *state = if is_ill { TargetState::Unhealthy } else { TargetState::Healthy };
                }
            }
            let mut rules = state.rules.iter();
            let gone = rules.find(|(_, rule)| rule.rule.to_string().contains("drift"));
            let gone = gone.map(|(id, _)| id.clone()).unwrap();
            state.rules.remove(&gone);
        });
        looker.site.aws.forbid(&["elbv2.CreateRule"]);
        looker.controller.look_again();
        looker.controller.settle_for(30).await;
        looker
    }

    fn ask(&self, address: &str) -> Answer {
        let address = address.trim_start_matches("./");
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        self.vantage.answer(&format!("/{path}"), query, false)
    }

    /// The body of a page that there is.
    fn page(&self, address: &str) -> String {
        let Answer { status, body, .. } = self.ask(address);
        assert_eq!(status, 200, "{address}: {body}");
        body
    }

    fn json(&self, address: &str) -> Value {
        let and = if address.contains('?') { '&' } else { '?' };
        serde_json::from_str(&self.page(&format!("{address}{and}format=json"))).unwrap()
    }

    /// The hosts that a search finds.
    fn found(&self, address: &str) -> Vec<String> {
        let rows = self.json(address)["rows"].as_array().unwrap().clone();
        rows.iter().map(|row| row["host"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn what_is_well_ill_in_conflict_or_adrift_is_said() {
    wait(async {
        let looker = Looker::in_town().await;
        let totals = looker.json("./")["totals"].clone();
        assert_eq!(totals["hosts"], 5);
        assert_eq!((&totals["groups"], &totals["ingresses"]), (&4.into(), &5.into()));
        assert_eq!((&totals["unhealthy"], &totals["pending"]), (&1.into(), &1.into()));
        let well = looker.json("group?name=shop/web");
        assert_eq!(well["hosts"][0]["verdict"], "good", "{well:#}");
        let stations = well["hosts"][0]["stations"].as_array().unwrap();
        let names: Vec<_> = stations.iter().map(|one| one["what"].as_str().unwrap()).collect();
        let way = ["record", "load balancer", "listener", "rule", "target group", "pods"];
        assert_eq!(names, way);
        assert!(well["problems"].as_array().unwrap().is_empty(), "{well:#}");
        assert!(well["plans"].as_array().unwrap().is_empty(), "{well:#}");
        let pod = &well["target_groups"][0]["targets"][0];
        assert_eq!(pod["who"], "pod shop/pod-172.31.0.1", "{well:#}");
        let ill = looker.json("group?name=shop/ill");
        assert_eq!(ill["hosts"][0]["verdict"], "bad", "{ill:#}");
        assert_eq!(ill["target_groups"][0]["targets"][0]["state"], "unhealthy");
        let edge = looker.json("group?name=edge");
        let told = &edge["problems"][0];
        assert_eq!((&told["reason"], &told["number"]), (&"Conflict".into(), &"A109".into()));
        let drift = looker.json("group?name=drift");
        let steps = drift["plans"][0]["steps"].as_array().unwrap();
        let call = |call: &&Value| call["call"] == "elbv2.CreateRule";
        let step = steps.iter().find(call).unwrap();
        assert_eq!((&step["why"], &step["hold"]["how"]), (&"missing".into(), &"failed".into()));
        let page = looker.page("group?name=drift");
        assert!(page.contains("elbv2.CreateRule") && page.contains("failed"), "{page}");
    });
}

#[test]
fn what_was_left_is_gone_once_it_is_done() {
    wait(async {
        let looker = Looker::in_town().await;
        assert_eq!(looker.found("./?only=pending"), ["drift.example.com"]);
        assert_eq!(looker.json("plans")["found"], 1);
        looker.site.aws.forbid(&[]);
        looker.controller.settle().await;
        assert_eq!(looker.found("./?only=pending"), [""; 0]);
        assert_eq!(looker.json("plans")["found"], 0);
        looker.site.aws.outage(&["elbv2"]);
        looker.controller.look_again();
        looker.controller.settle_for(30).await;
        assert_eq!(looker.found("./?only=pending").len(), 5, "nobody can read it");
        let page = looker.page("plans");
        assert!(page.contains("AWS could not be read"), "{page}");
        looker.site.aws.mend();
        looker.controller.settle().await;
        assert_eq!(looker.json("plans")["found"], 0);
    });
}

#[test]
fn everything_is_found_by_what_people_call_it() {
    wait(async {
        let looker = Looker::in_town().await;
        for (q, hosts) in [
            ("ILL.example", &["ill.example.com"][..]),
            ("shop/two", &["two.example.com"]),
            ("edge", &["one.example.com", "two.example.com"]),
            ("nothing-of-the-kind", &[]),
        ] {
            assert_eq!(looker.found(&format!("./?q={q}")), hosts, "{q}");
        }
        // A Service and the name of a load balancer.
        assert_eq!(looker.found("./?q=ill").len(), 1);
        let name = looker.json("./?q=web.example.com")["rows"][0]["load_balancers"][0].clone();
        let name = name.as_str().unwrap().to_uppercase();
        assert_eq!(looker.found(&format!("./?q={name}")), ["web.example.com"]);
        assert_eq!(looker.found("./?only=unhealthy"), ["ill.example.com"]);
        let in_conflict = ["one.example.com", "two.example.com"];
        let with_problems = looker.found("./?only=problems");
        assert!(in_conflict.iter().all(|host| with_problems.iter().any(|one| one == host)));
        let one = looker.json("group?name=edge&host=two.example.com");
        assert_eq!(one["hosts"].as_array().unwrap().len(), 1);
        assert_eq!(one["other_hosts"][0], "one.example.com");
        assert_eq!(looker.json("problems?q=a109")["rows"][0]["number"], "A109");
    });
}

#[test]
fn a_long_list_has_pages_and_each_row_is_on_one_of_them() {
    wait(async {
        let mut sketch = TOWN.to_owned();
        for nth in 0..120 {
            sketch += &format!(
                "ingress shop/many-{nth}: {{group.name: many-{}, target-type: ip, rules: \
                 [h{nth}.example.com Prefix / web:80]}}\n",
                // AWS lets a load balancer have 100 rules.
                nth % 2
            );
        }
        let looker = Looker::at(&sketch).await;
        let mut seen = BTreeSet::new();
        for page in 1..=3 {
            let rows = looker.found(&format!("./?page={page}"));
            assert_eq!(rows.len(), if page < 3 { 50 } else { 25 });
            seen.extend(rows);
        }
        assert_eq!(seen.len(), 125);
        // Past the end is the end.
        assert_eq!(looker.json("./?page=9")["page"], 3);
        let (first, last) = (looker.page("./?q=example"), looker.page("./?q=example&page=3"));
        assert!(
            first.contains("./?q=example&amp;page=2") && !first.contains("Previous"),
            "{first}"
        );
        assert!(last.contains("./?q=example&amp;page=2") && !last.contains("Next"), "{last}");
        let group = looker.page("group?name=many-1");
        assert!(group.matches("class=\"way\"").count() == 20, "the first ones");
        assert!(group.contains("Other hosts of the group"));
    });
}

#[test]
fn a_replica_that_does_not_lead_says_so_and_who_does() {
    wait(async {
        let looker = Looker::in_town().await;
        let Looker { site, controller, .. } = looker;
        drop(controller);
        let standby = site.standby_on(site.aws.clone());
        standby.settle_for(1).await;
        let looker = Looker::new(site, standby, Some("albedo-abc_1-2"));
        let page = looker.page("./");
        let command = "kubectl -n kube-system port-forward pod/albedo-abc 61780";
        assert!(page.contains("does not lead") && page.contains(command), "{page}");
        assert_eq!(looker.json("./")["standpoint"]["leads"], false);
        // Hosts are the cluster's; what AWS has is not known.
        assert_eq!(looker.found("./").len(), 5);
        let group = looker.json("group?name=shop/web");
        assert_eq!(group["hosts"][0]["verdict"], "unknown", "{group:#}");
        assert_eq!(group["read_at"], Value::Null);
    });
}

#[test]
fn a_look_calls_nobody() {
    wait(async {
        let looker = Looker::in_town().await;
        looker.site.aws.forget_calls();
        let before = looker.site.cluster.calls();
        for address in ["./", "./?q=web", "group?name=shop/web", "problems", "plans", "errors"] {
            looker.page(address);
        }
        assert_eq!(looker.site.aws.calls(), BTreeMap::new());
        assert_eq!(looker.site.cluster.calls(), before);
    });
}

#[test]
fn nothing_of_secrets_is_shown() {
    wait(async {
        let sketch = format!(
            "{TOWN}
secret shop/tls: {{fixture: ec}}
ingress shop/login:
  target-type: ip
  listen-ports: '[{{\"HTTPS\":443}}]'
  auth-type: oidc
  auth-idp-oidc: '{{\"issuer\":\"https://id.example.com\",\"authorizationEndpoint\":\"https://id.example.com/a\",\"tokenEndpoint\":\"https://id.example.com/t\",\"userInfoEndpoint\":\"https://id.example.com/u\",\"secretName\":\"login\"}}'
  rules: [login.example.com Prefix / web:80]
  tls: [tls login.example.com]
"
        );
        let mut settings = named();
        settings.tls_secrets = true;
        let site = Site::with(settings, &sketch);
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        let controller = site.settle().await;
        let looker = Looker::new(site, controller, None);
        let rules = looker.json("group?name=shop/login").to_string();
        assert!(rules.contains("login at https://id.example.com"), "{rules}");
        for (address, page) in reading::all_pages(&looker) {
            let json = looker.json(&address).to_string();
            for secret in ["hush-hush", "the-client", "PRIVATE KEY", "BEGIN CERT"] {
                assert!(!page.contains(secret) && !json.contains(secret), "{address}: {secret}");
            }
        }
    });
}
