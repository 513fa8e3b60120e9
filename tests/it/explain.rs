//! `albedo explain`: whether a request would be served, and at which station it ends where not.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use albedo::aws::{BalancerScope, Mirror, Reach};
use albedo::model::id::{AwsId, Id};
use albedo::model::inventory::BalancerInventory;
use albedo::model::known::Known;
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::record::{Record, RecordType, RecordValue};
use albedo::model::security::{IngressRule, Peer};
use albedo::model::surroundings::{IssuedCertificate, IssuedCertificates, Issuer};
use albedo::model::target::{LiveTarget, TargetState, Why};
use albedo::report::explain::{Account, Behind, Explanation, Guards, Url, Verdict, who_is_behind};

use super::contract::suite::Stopped;
use super::support::fake::{Fake, State};
use super::support::site::Site;
use super::support::world::{CERTIFICATE, World, group, wait};

mod pod;

const HOUR: Duration = Duration::from_secs(3600);

const WORLD: &str = "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1, 172.31.0.2]}
ingress shop/web:
  rules: [a.example.com Prefix /shop web:80, b.example.com Exact /x web:80]
";

const HTTPS: &str = "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1]}
";

fn https() -> String {
    format!(
        "{HTTPS}ingress shop/web: {{listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', \
         ssl-redirect: 443, certificate-arn: {CERTIFICATE}, rules: [a.example.com Prefix / web:80, \
         b.example.org Prefix / web:80]}}"
    )
}

/// A group that stands and whose targets are well, with a zone in which its host leads to it.
fn standing(sketch: &str) -> Site {
    let site = Site::new(sketch);
    site.aws.change(|state| state.add_zone("Z1", "example.com", false));
    wait(site.settle());
    site.aws.finish_provisioning();
    site.aws.set_health(TargetState::Healthy);
    let dns_name = inventory(&site.aws).load_balancers.iter().next().unwrap().dns_name.clone();
    lead(&site.aws, "*.example.com", &dns_name);
    site
}

/// What stands of the group.
fn inventory(aws: &Fake) -> BalancerInventory {
    let mirror = Mirror::new(aws.clone(), Stopped);
    wait(mirror.balancer("demo", &group("shop/web"), &BalancerScope::default())).unwrap()
}

fn lead(aws: &Fake, name: &str, to: &str) {
    let value = RecordValue::Alias {
        target: Id::Is(AwsId::new(format!("dualstack.{}", to.to_lowercase()))),
        hosted_zone: None,
        evaluate_target_health: true,
    };
    let record = Record::simple(name, RecordType::A, value);
    aws.change(|state| {
        let zone = state.zones.values_mut().next().unwrap();
        zone.records.clear();
        zone.records.insert(record.key.clone(), record);
    });
}

fn explain(site: &Site, url: &str) -> Explanation {
    explain_to(site, url, None)
}

/// The same for a client of whom it is asked whether security groups let him in.
fn explain_to(site: &Site, url: &str, client: Option<IpAddr>) -> Explanation {
    explain_with(site, url, client, |_| {})
}

/// The same, where AWS says of targets what it is made to say.
fn explain_with(
    site: &Site,
    url: &str,
    client: Option<IpAddr>,
    change: impl Fn(&mut LiveTarget),
) -> Explanation {
    let aws = &site.aws;
    let url: Url = url.parse().unwrap();
    let request = url.request();
    let mirror = Mirror::new(aws.clone(), Stopped);
    let inventory = inventory(aws);
    let load_balancers: Vec<_> = inventory.load_balancers.iter().cloned().collect();
    let target_groups: Vec<_> = inventory.target_groups.iter().cloned().collect();
    let zones = wait(mirror.zones(HOUR)).unwrap();
    let records =
        zones.keys().map(|id| (id.clone(), wait(mirror.zone(id, None, HOUR)).unwrap().records));
    let records: BTreeMap<_, _> = records.collect();
    let certificate = IssuedCertificate {
        id: AwsId::new(CERTIFICATE),
        names: ["*.example.com".to_owned()].into(),
        issuer: Issuer::Public,
        key_type: "RSA_2048".to_owned(),
        not_before: None,
        not_after: Some(jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1)),
        is_whole: true,
    };
    let certificates = IssuedCertificates::from_iter([certificate]);
    let rules = wait(mirror.security_groups(HOUR)).unwrap();
    let surroundings = wait(mirror.surroundings(Reach::Interfaces, HOUR)).unwrap();
    let mut cluster = World::new("").snapshot();
    cluster.objects = site.cluster.objects.read().unwrap().clone();
    let who = who_is_behind(&cluster);
    let mut account = Account {
        frontend_nlbs: &[],
        now: jiff::Timestamp::UNIX_EPOCH,
        zones: Some(&zones),
        records: &records,
        load_balancers: &load_balancers,
        target_groups: &target_groups,
        certificates: &certificates,
        targets: &BTreeMap::new(),
        guards: Some(Guards { rules: &rules, surroundings: &surroundings, client }),
        behind: Some(Behind { cluster: &cluster, who: &who }),
    };
    let wanted = account.wanted(&url, &request).into_iter();
    let targets = wanted.map(|id| {
        let read = wait(mirror.targets(&id)).unwrap().targets;
        let read = match read {
            Known::Is(mut live, at) => {
                live.iter_mut().for_each(&change);
                Known::Is(live, at)
            }
            other => other,
        };
        (id, read)
    });
    let targets: BTreeMap<_, _> = targets.collect();
    account.targets = &targets;
    account.explain(&url, &request)
}

/// Where a request ends: the station and what is said there.
fn ends(explained: &Explanation) -> Option<(&str, String)> {
    let bad = explained.stations.iter().find(|station| station.verdict == Verdict::Bad)?;
    assert_eq!(explained.served, Verdict::Bad, "{explained:#?}");
    let mend = bad.mend.as_ref().unwrap_or_else(|| panic!("what to do: {bad:?}"));
    Some((bad.what, format!("{} -> {mend}", bad.found)))
}

fn check(explained: &Explanation, what: &str, texts: &[&str]) {
    let (at, said) = ends(explained).unwrap_or_else(|| panic!("it is served: {explained:#?}"));
    assert_eq!(at, what, "{said}");
    for text in texts {
        assert!(said.contains(text), "{said}");
    }
}

#[test]
fn a_request_that_is_served_goes_from_its_name_to_a_target() {
    let site = standing(WORLD);
    let explained = explain(&site, "http://a.example.com/shop/cart");
    let way: Vec<(&str, Verdict)> =
        explained.stations.iter().map(|station| (station.what, station.verdict)).collect();
    let stations = [
        "record",
        "load balancer",
        "listener",
        "security group",
        "rule",
        "target group",
        "target",
        "target",
        "security group",
    ];
    assert_eq!(way, stations.map(|what| (what, Verdict::Good)));
    assert_eq!(explained.served, Verdict::Good);
    let rule = &explained.stations[4];
    assert_eq!(rule.found, "1 takes it, for a.example.com /shop|/shop/*");
    let near = ["not 2, for b.example.com /x: the host is a.example.com, the path is /shop/cart"];
    assert_eq!(rule.beside, near);
    let group = &explained.stations[5].found;
    assert!(group.ends_with(", for shop/web-web:80: 2 of 2 targets are healthy"), "{group}");
}

#[test]
fn each_cause_of_a_503_is_found_with_what_to_do_about_it() {
    let site = standing(WORLD);
    let aws = &site.aws;
    let url = "http://a.example.com/shop";
    let check = |what: &str, texts: &[&str]| check(&explain(&site, url), what, texts);
    aws.take_time();
    aws.set_health(TargetState::Unhealthy);
    check("target group", &["none of 2 targets is healthy", "see each"]);
    aws.set_health(TargetState::Initial);
    check("target group", &["none of 2 targets takes requests yet"]);
    let targets = explain(&site, url);
    let target = targets.stations.iter().find(|station| station.what == "target").unwrap();
    assert!(target.mend.as_deref().is_some_and(|mend| mend.contains("wait")), "{target:?}");
    let who = "172.31.0.1:8080, pod shop/pod-172.31.0.1, is new";
    assert!(target.found.starts_with(who), "{target:?}");
    aws.set_health(TargetState::Draining);
    check("target group", &["no target but 2 that are going, so 503"]);
    aws.change(|state| {
        state.target_groups.values_mut().for_each(|group| group.targets.clear());
    });
    // Why nothing is registered, by what the cluster shows.
    check("target group", &["no target, so 503", "not registered yet", "albedo doctor"]);
    site.cluster.add("endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1 unready]}");
    let unready = "see why: kubectl describe pod -n shop pod-172.31.0.1";
    check("target group", &["none of 1 endpoints of Service shop/web is ready", unready]);
    site.cluster.add("endpoints shop/web: {ports: {'': 8080}, at: []}");
    check("target group", &["Service shop/web has no endpoints", "get service -n shop web"]);
    site.cluster.add("service shop/web: {ports: ['other=81:8080']}");
    check("target group", &["Service shop/web has no port 80", "one that it has: other (81)"]);
    site.cluster.objects.write().unwrap().services.clear();
    check("target group", &["Service shop/web does not exist", "make it"]);
    site.cluster.objects.write().unwrap().bindings.clear();
    check("target group", &["no TargetGroupBinding says", "albedo doctor"]);
}

#[test]
fn nodes_that_are_not_suitable_are_a_cause_as_well() {
    let site = standing(
        "
node n1: {ready: true, id: i-1}
service shop/web: {ports: ['80:8080@30080']}
ingress shop/web: {target-type: instance, rules: [a.example.com Prefix / web:80]}
",
    );
    let url = "http://a.example.com/";
    let served = explain(&site, url);
    let target = served.stations.iter().find(|station| station.what == "target").unwrap();
    assert!(target.found.starts_with("i-1:30080, node n1, is healthy"), "{served:#?}");
    site.cluster.objects.write().unwrap().nodes.clear();
    site.aws.change(|state| {
        state.target_groups.values_mut().for_each(|group| group.targets.clear());
    });
    let said = "no node is suitable for Service shop/web";
    check(&explain(&site, url), "target group", &[said, "kubectl get nodes --show-labels"]);
}

#[test]
fn each_reason_of_aws_why_a_target_takes_no_requests_is_told_with_what_to_do() {
    let site = standing(WORLD);
    let reasons = [
        (
            TargetState::Unhealthy,
            "Target.ResponseCodeMismatch",
            "healthcheck-path or success-codes",
        ),
        (TargetState::Unhealthy, "Target.Timeout", "let the load balancer in"),
        (TargetState::Unhealthy, "Target.FailedHealthChecks", "it listens on that port"),
        (TargetState::Unhealthy, "Elb.InternalError", "AWS could not check it"),
        (TargetState::Initial, "Elb.RegistrationInProgress", "wait until"),
        (TargetState::Initial, "Elb.InitialHealthChecking", "wait until"),
        (TargetState::Unused, "Target.NotInUse", "no subnet in its zone"),
        (TargetState::Unused, "Target.NotRegistered", "lead a rule"),
        (TargetState::Unused, "Target.InvalidState", "start the instance"),
        (TargetState::Unused, "Target.IpUnusable", "register another"),
        (TargetState::Unavailable, "Target.HealthCheckDisabled", "look at its log"),
        (TargetState::Draining, "Target.DeregistrationInProgress", "finishes the requests"),
    ];
    for (state, code, mend) in reasons {
        let explained = explain_with(&site, "http://a.example.com/shop", None, |live| {
            live.state = state;
            let why =
                Why { code: code.into(), description: format!("AWS's words for {code}").into() };
            live.why = Some(Arc::new(why));
        });
        assert_eq!(explained.served, Verdict::Bad, "{code}");
        let targets = explained.stations.iter().filter(|station| station.what == "target");
        for target in targets {
            assert!(target.found.ends_with(&format!(": AWS's words for {code}")), "{target:?}");
            assert!(target.mend.as_deref().is_some_and(|said| said.contains(mend)), "{target:?}");
        }
    }
}

#[test]
fn what_is_not_there_answers_503_by_itself() {
    let site = standing(
        "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1]}
ingress shop/web:
  rules: [a.example.com Prefix /gone gone:80, a.example.com Prefix /act act:use-annotation]
",
    );
    for (path, body) in [("gone", "Backend service does not exist"), ("act", "Backend action")] {
        let explained = explain(&site, &format!("http://a.example.com/{path}"));
        check(&explained, "answer", &["503 by the load balancer itself", body, "that the Ingress"]);
    }
}

#[test]
fn who_is_not_let_in_by_security_groups_hears_by_which() {
    let site = standing(WORLD);
    let aws = &site.aws;
    let url = "http://a.example.com/shop";
    let open = explain_to(&site, url, Some("203.0.113.9".parse().unwrap()));
    assert_eq!(open.served, Verdict::Good, "{open:#?}");
    // Somebody narrows whom the load balancer lets in.
    let narrow = |peer: &str| {
        aws.change(|state| {
            for group in state.security_groups.values_mut() {
                let rules = std::mem::take(&mut group.rules).into_iter();
                let rules = rules.map(|(rule, text)| match rule.source {
                    Peer::Cidr(_) => {
                        (IngressRule { source: Peer::Cidr(peer.to_owned()), ..rule }, text)
                    }
                    _ => (rule, text),
                });
                group.rules = rules.collect();
            }
        });
    };
    narrow("10.0.0.0/8");
    let shut = explain_to(&site, url, Some("203.0.113.9".parse().unwrap()));
    check(&shut, "security group", &["lets 10.0.0.0/8 in on port 80, and not 203.0.113.9"]);
    let inside = explain_to(&site, url, Some("10.1.2.3".parse().unwrap()));
    assert_eq!(inside.served, Verdict::Good, "{inside:#?}");
    // Of nobody in particular it is told, and no more.
    let anybody = explain(&site, url);
    assert_eq!(anybody.served, Verdict::Good);
    let told = anybody.stations.iter().find(|station| station.what == "security group").unwrap();
    assert!(told.mend.as_deref().is_some_and(|mend| mend.contains("--from")), "{told:?}");
    // Somebody takes from the nodes what lets the load balancer in.
    aws.set_health(TargetState::Unhealthy);
    aws.change(|state| {
        for group in state.security_groups.values_mut() {
            group.rules.retain(|rule, _| !matches!(rule.source, Peer::Group(_)));
        }
    });
    let explained = explain(&site, url);
    assert_eq!(explained.served, Verdict::Bad);
    let last = explained.stations.last().unwrap();
    assert_eq!((last.what, last.verdict), ("security group", Verdict::Bad));
    assert!(last.found.contains("does not let the load balancer"), "{last:?}");
    assert!(last.found.ends_with("in on port 8080"), "{last:?}");
}

#[test]
fn a_request_that_no_rule_takes_hears_what_is_near() {
    let site = standing(WORLD);
    let explained = explain(&site, "http://a.example.com/other");
    check(&explained, "answer", &["404 by the load balancer itself", "a rule for the request"]);
    let rule = explained.stations.iter().find(|station| station.what == "rule").unwrap();
    assert_eq!(rule.beside[0], "not 1, for a.example.com /shop|/shop/*: the path is /other");
}

#[test]
fn what_is_missing_on_the_way_is_told() {
    let site = standing(WORLD);
    let aws = &site.aws;
    let url = "http://a.example.com/shop";
    check(
        &explain(&site, "https://a.example.com/shop"),
        "listener",
        &["HTTP on port 80", "listen-ports"],
    );
    let in_state = |to| {
        aws.change(|state: &mut State| {
            state.load_balancers.values_mut().for_each(|live| live.state = to);
        });
        explain(&site, url)
    };
    check(&in_state(LoadBalancerState::Provisioning), "load balancer", &["being set up", "wait"]);
    check(&in_state(LoadBalancerState::Failed), "load balancer", &["could not set up"]);
    in_state(LoadBalancerState::Active);
    lead(aws, "a.example.com", "other.elb.amazonaws.com");
    check(
        &explain(&site, url),
        "record",
        &["other.elb.amazonaws.com", "no load balancer of this cluster"],
    );
    lead(aws, "c.example.com", "other.elb.amazonaws.com");
    check(&explain(&site, url), "record", &["has no record in zone example.com (Z1)", "--dns"]);
}

#[test]
fn where_nothing_serves_a_host_it_is_told_who_asks_for_it() {
    let site = standing(WORLD);
    let nobody = explain(&site, "http://d.example.org/");
    check(&nobody, "load balancer", &["no Ingress asks for it", "give an Ingress a rule"]);
    site.cluster.add("ingress shop/late: {rules: ['*.example.org Prefix / web:80']}");
    let asked = explain(&site, "http://d.example.org/");
    check(&asked, "load balancer", &["which Ingress shop/late asks for", "albedo plan"]);
}

#[test]
fn over_https_a_certificate_for_the_host_is_shown() {
    let site = standing(&https());
    let explained = explain(&site, "https://a.example.com/");
    assert_eq!(explained.served, Verdict::Good, "{explained:#?}");
    let found = &explained.stations.iter().find(|station| station.what == "certificate").unwrap();
    assert_eq!(found.found, format!("{CERTIFICATE} for *.example.com"));
    // It lies in no zone here, so the rule tells which load balancer it is.
    check(&explain(&site, "https://b.example.org/"), "certificate", &["none is for b.example.org"]);
    let sent = explain(&site, "http://a.example.com/x?y=1");
    assert_eq!(sent.served, Verdict::Good);
    let answer = sent.stations.last().unwrap();
    assert_eq!(answer.found, "301, to https://a.example.com:443/x?y=1");
}
