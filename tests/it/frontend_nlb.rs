//! The network load balancer in front of a group's load balancer.

use std::collections::BTreeSet;

use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::AwsId;
use albedo::model::load_balancer::LoadBalancerKind;
use albedo::model::marks::Tags;
use albedo::model::names;
use albedo::model::record::Record;
use albedo::model::rule::RuleAction;
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::target::TargetState;
use albedo::model::target_group::HealthCheckWish;

use super::support::canon;
use super::support::fake::{Fake, State};
use super::support::site::{Controller, Site};
use super::support::world::{group, key, settings, tags, wait};

mod judged;
mod ports;

const NLB: &str = "enable-frontend-nlb: 'true'";

/// An Ingress with these annotations beside its rules.
fn app(annotations: &str) -> String {
    format!(
        "
service shop/s: {{ports: [80:8080]}}
endpoints shop/s: {{at: [172.31.1.10]}}
ingress shop/web: {{{annotations}, rules: [web.example.com Prefix / s:80]}}
"
    )
}

/// A site that keeps names, at which things take no time.
fn site(annotations: &str) -> Site {
    let mut meant: Settings = settings();
    meant.dns.scope = DnsScope::All;
    let site = Site::with(meant, &app(annotations));
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site.aws.be_quick();
    site
}

async fn settled(annotations: &str) -> (Site, Controller<Fake>) {
    let site = site(annotations);
    let controller = site.settle().await;
    (site, controller)
}

/// Those that stand of a kind.
fn standing(state: &State, kind: LoadBalancerKind) -> Vec<AwsId> {
    let all = state.load_balancers.iter().filter(|(_, found)| found.spec.kind == kind);
    all.map(|(id, _)| id.clone()).collect()
}

fn nlbs(state: &State) -> Vec<AwsId> {
    standing(state, LoadBalancerKind::Network)
}

/// The ports of the network load balancers, each with what is registered behind it.
fn ports(state: &State) -> Vec<String> {
    let of_nlbs = nlbs(state);
    let ours = state.listeners.values().filter(|one| of_nlbs.contains(&one.load_balancer));
    let mut all: Vec<String> = ours
        .map(|one| {
            let groups = one.spec.default_actions.iter().flat_map(RuleAction::target_groups);
            let ids = groups.filter_map(|weighted| weighted.group.given());
            let targets = ids.flat_map(|id| state.target_groups[id].targets.iter());
            let there = targets.filter(|(_, held)| **held != TargetState::Draining);
            let ports: Vec<String> = there.map(|(target, _)| target.port.to_string()).collect();
            format!("{} -> {}", one.port, ports.join(" "))
        })
        .collect();
    all.sort();
    all
}

/// Where the name leads, without what is the same in each.
fn led_to(site: &Site) -> Vec<String> {
    site.aws.change(|state| {
        let records = state.zones[&AwsId::new("ZPUB")].records.values();
        let targets = records.filter_map(Record::alias_target);
        targets.map(|name| name.as_str().split("-1234567890.").next().unwrap().to_owned()).collect()
    })
}

fn shown(site: &Site) -> Vec<(String, Vec<u16>)> {
    let objects = site.cluster.objects.read().unwrap();
    let entries = albedo::report::shown(&objects.ingresses[&key("shop/web")]).into_iter();
    let entries = entries.map(|entry| {
        let name = entry.hostname.split("-1234567890.").next().unwrap().to_owned();
        (name, entry.ports)
    });
    entries.collect()
}

fn tagged(resource: &str) -> Tags {
    tags(&[
        ("elbv2.k8s.aws/cluster", "demo"),
        ("ingress.k8s.aws/stack", "shop/web"),
        ("ingress.k8s.aws/resource", resource),
    ])
}

#[test]
fn names_and_tags_are_lbcs_to_the_byte() {
    let check = HealthCheckWish::default().complete();
    let of = group("awesome-ns/my-ingress");
    assert_eq!(
        names::frontend_nlb_target_group("test-cluster", &of, 80, &check),
        "k8s-awesomen-myingres-a796fb9ecf"
    );
    assert_eq!(
        names::frontend_nlb("k8s-shop-checkout-e2320b951b"),
        "k8s-shop-checkout-e2320b951b-nlb"
    );
    wait(async {
        let (site, _) = settled(&format!(
            "{NLB}, tags: team=shop, listen-ports: '[{{\"HTTP\": 80}}, {{\"HTTP\": 8080}}]'"
        ))
        .await;
        let state = site.aws.everything();
        let (albs, nlbs) = (standing(&state, LoadBalancerKind::Application), nlbs(&state));
        assert_eq!((albs.len(), nlbs.len()), (1, 1));
        let (alb, nlb) = (&state.load_balancers[&albs[0]], &state.load_balancers[&nlbs[0]]);
        assert_eq!(nlb.spec.name, format!("{}-nlb", &alb.spec.name));
        let own = |resource: &str| {
            let mut all = tagged(resource);
            all.insert("team".into(), "shop".into());
            all
        };
        assert_eq!(nlb.spec.tags, own("FrontendNlb"));
        assert_eq!(nlb.spec.security_groups, alb.spec.security_groups);
        assert_eq!(nlb.spec.scheme.as_str(), "internal");
        let groups =
            state.target_groups.values().filter(|one| one.spec.target_type.as_str() == "alb");
        let groups: Vec<_> = groups.map(|one| &one.spec).collect();
        let of_groups: BTreeSet<&Tags> = groups.iter().map(|spec| &spec.tags).collect();
        let wished = [own("FrontendNlb-tg-TCP-80"), own("FrontendNlb-tg-TCP-8080")];
        assert_eq!(of_groups, wished.iter().collect());
        assert!(groups.iter().all(|spec| spec.health_check == check && !spec.ipv6));
        let listeners = state.listeners.values();
        let listeners = listeners.filter(|one| one.spec.protocol.as_str() == "TCP");
        let of_listeners: BTreeSet<Tags> = listeners.map(|one| one.spec.tags.clone()).collect();
        let wished = [own("FrontendNlb-ls-TCP-80"), own("FrontendNlb-ls-TCP-8080")];
        assert_eq!(of_listeners, wished.into());
        assert_eq!(ports(&state), ["80 -> 80", "8080 -> 8080"]);
    });
}

#[test]
fn what_lbc_would_have_made_is_an_empty_plan() {
    wait(async {
        let annotations = format!(
            "{NLB}, frontend-nlb-scheme: internet-facing, frontend-nlb-tags: a=b, \
             frontend-nlb-listener-port-mapping: '8080=80', \
             frontend-nlb-healthcheck-path: /healthz, \
             frontend-nlb-attributes: load_balancing.cross_zone.enabled=true"
        );
        let (site, controller) = settled(&annotations).await;
        let before = canon::aws(&site.aws.everything());
        drop(controller);
        site.aws.forget_calls();
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(canon::aws(&site.aws.everything()), before);
        // LBC looks for subnets anew each time; those that stand are good.
        site.aws.change(|state| {
            let nlb = nlbs(state).remove(0);
            let one = state.load_balancers.get_mut(&nlb).unwrap();
            one.spec.subnets.truncate(1);
        });
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
    });
}

#[test]
fn it_is_there_before_names_lead_to_it_and_goes_after_they_have_left() {
    wait(async {
        let (site, controller) = settled("scheme: internal").await;
        let alb = led_to(&site);
        assert_eq!(alb.len(), 1);
        assert_eq!(shown(&site).len(), 1);
        // What AWS takes its time for is waited for.
        site.aws.take_time();
        controller.cluster.add(&app(NLB));
        controller.settle_for(30).await;
        assert_eq!(led_to(&site), alb);
        assert_eq!(shown(&site).len(), 1);
        site.aws.be_quick();
        controller.settle().await;
        let nlb = vec![format!("{}-nlb", alb[0])];
        assert_eq!(led_to(&site), nlb);
        assert_eq!(shown(&site), [(alb[0].clone(), vec![80]), (nlb[0].clone(), vec![])]);
        site.aws.forget_calls();
        controller.cluster.add(&app("scheme: internal"));
        controller.settle().await;
        assert_eq!(led_to(&site), alb);
        assert_eq!(shown(&site).len(), 1);
        let state = site.aws.everything();
        assert_eq!(nlbs(&state), Vec::<AwsId>::new());
        assert!(state.target_groups.values().all(|one| one.spec.target_type.as_str() == "ip"));
        let performed = site.aws.performed();
        let named = performed.iter().position(|one| matches!(one, AwsAction::Route53(_)));
        let gone = performed
            .iter()
            .position(|one| matches!(one, AwsAction::Elb(ElbAction::DeleteLoadBalancer { .. })));
        assert!(named.unwrap() < gone.unwrap(), "{performed:#?}");
        assert_eq!(site.refused(), 0, "{:?}", site.aws.calls());
    });
}

#[test]
fn the_whole_group_goes_without_a_refusal() {
    wait(async {
        let (site, controller) = settled(NLB).await;
        controller.cluster.delete(&key("shop/web"));
        controller.settle().await;
        let state = site.aws.everything();
        assert!(state.load_balancers.is_empty(), "{:?}", state.load_balancers);
        assert!(state.target_groups.is_empty(), "{:?}", state.target_groups);
        assert_eq!(led_to(&site), Vec::<String>::new());
        assert_eq!(site.refused(), 0, "{:?}", site.aws.calls());
    });
}

#[test]
fn a_port_that_moves_is_led_to_before_the_old_one_goes() {
    wait(async {
        let listening = |port: u16| format!("{NLB}, listen-ports: '[{{\"HTTP\": {port}}}]'");
        let (site, controller) = settled(&listening(80)).await;
        assert_eq!(ports(&site.aws.everything()), ["80 -> 80"]);
        site.aws.forget_calls();
        controller.cluster.add(&app(&listening(8080)));
        controller.settle().await;
        assert_eq!(ports(&site.aws.everything()), ["8080 -> 8080"]);
        assert_eq!(site.refused(), 0, "{:?}", site.aws.calls());
        // The same port in front may lead to another one behind.
        let mapped = format!("{}, frontend-nlb-listener-port-mapping: '80=8080'", listening(8080));
        controller.cluster.add(&app(&mapped));
        controller.settle().await;
        assert_eq!(ports(&site.aws.everything()), ["80 -> 8080"]);
        let mapped = format!("{}, frontend-nlb-listener-port-mapping: '80=81'", listening(81));
        controller.cluster.add(&app(&mapped));
        controller.settle().await;
        assert_eq!(ports(&site.aws.everything()), ["80 -> 81"]);
        assert_eq!(site.refused(), 0, "{:?}", site.aws.calls());
    });
}

#[test]
fn another_scheme_takes_another_one_which_serves_before_the_old_one_goes() {
    wait(async {
        let scheme = |scheme: &str| format!("{NLB}, frontend-nlb-scheme: {scheme}");
        let (site, controller) = settled(&scheme("internal")).await;
        let before = nlbs(&site.aws.everything());
        let name = led_to(&site);
        controller.cluster.add(&app(&scheme("internet-facing")));
        controller.settle().await;
        let state = site.aws.everything();
        let after = nlbs(&state);
        assert_eq!(after.len(), 1);
        assert_ne!(after, before);
        assert_eq!(state.load_balancers[&after[0]].spec.scheme.as_str(), "internet-facing");
        assert_ne!(led_to(&site), name);
        assert_eq!(ports(&state), ["80 -> 80"]);
        assert_eq!(site.refused(), 0, "{:?}", site.aws.calls());
    });
}

#[test]
fn the_load_balancer_behind_is_replaced_and_the_one_in_front_stays() {
    wait(async {
        let (site, controller) = settled(&format!("{NLB}, scheme: internal")).await;
        let before = (nlbs(&site.aws.everything()), led_to(&site));
        controller.cluster.add(&app(&format!("{NLB}, scheme: internet-facing")));
        controller.settle().await;
        let state = site.aws.everything();
        assert_eq!((nlbs(&state), led_to(&site)), before);
        let albs = standing(&state, LoadBalancerKind::Application);
        let [alb] = &albs[..] else { panic!("{albs:?}") };
        assert_eq!(state.load_balancers[alb].spec.scheme.as_str(), "internet-facing");
        let behind = state.target_groups.values();
        let behind = behind.filter(|one| one.spec.target_type.as_str() == "alb");
        let targets = behind.flat_map(|one| &one.targets);
        let there = targets.filter(|(_, held)| **held != TargetState::Draining);
        let targets: Vec<&str> = there.map(|(target, _)| target.id.as_str()).collect();
        assert_eq!(targets, [alb.as_str()]);
        assert_eq!(site.refused(), 0, "{:?}", site.aws.calls());
    });
}

#[test]
fn elastic_addresses_come_with_the_subnets() {
    wait(async {
        let addresses = |list: &str| {
            format!(
                "{NLB}, frontend-nlb-scheme: internet-facing, \
                 frontend-nlb-subnets: 'subnet-a, subnet-b', \
                 frontend-nlb-eip-allocations: '{list}'"
            )
        };
        let two = site(&addresses("eipalloc-1, eipalloc-2"));
        two.aws.change(|state| {
            state.allocations.extend(["eipalloc-1", "eipalloc-2"].map(AwsId::new));
        });
        two.settle().await;
        let made = two.aws.performed().into_iter().find_map(|action| match action {
            AwsAction::Elb(ElbAction::CreateLoadBalancer { spec, .. })
                if spec.kind == LoadBalancerKind::Network =>
            {
                Some((spec.subnets, spec.allocations))
            }
            _ => None,
        });
        let ids = |names: [&str; 2]| names.map(AwsId::new).to_vec();
        let wished = (ids(["subnet-a", "subnet-b"]), ids(["eipalloc-1", "eipalloc-2"]));
        assert_eq!(made, Some(wished));
        // Fewer than subnets, or for a load balancer that clients of the VPC use: nothing of it is
        // made, and the load balancer behind it is.
        let internal = "frontend-nlb-eip-allocations: eipalloc-1, enable-frontend-nlb: 'true'";
        for (annotations, text) in [
            (addresses("eipalloc-1"), "1 for 2 subnets"),
            (internal.to_owned(), "for an internal load balancer"),
        ] {
            let (site, _) = settled(&annotations).await;
            let state = site.aws.everything();
            assert_eq!(nlbs(&state), Vec::<AwsId>::new());
            assert_eq!(standing(&state, LoadBalancerKind::Application).len(), 1);
            let events = site.cluster.events();
            let told = events.iter().filter(|event| event.message.contains(text));
            assert_eq!(told.count(), 1, "{events:#?}");
        }
    });
}

#[test]
fn members_agree_on_it_and_the_later_one_is_told() {
    wait(async {
        for (first, second, field) in [
            ("enable-frontend-nlb: 'true'", "enable-frontend-nlb: 'false'", "enable-frontend-nlb"),
            (
                "enable-frontend-nlb: 'true', frontend-nlb-scheme: internal",
                "frontend-nlb-scheme: internet-facing",
                "frontend-nlb-scheme",
            ),
            (
                "enable-frontend-nlb: 'true', frontend-nlb-healthcheck-interval-seconds: 10",
                "frontend-nlb-healthcheck-interval-seconds: 20",
                "frontend-nlb-healthcheck-interval-seconds",
            ),
            (
                "enable-frontend-nlb: 'true', listen-ports: '[{\"HTTP\":80},{\"HTTP\":81}]', \
                 frontend-nlb-listener-port-mapping: '80=80'",
                "listen-ports: '[{\"HTTP\":80},{\"HTTP\":81}]', \
                 frontend-nlb-listener-port-mapping: '80=81'",
                "frontend-nlb-listener-port-mapping",
            ),
            (
                "enable-frontend-nlb: 'true', frontend-nlb-tags: a=b",
                "frontend-nlb-tags: a=c",
                "frontend-nlb-tags",
            ),
        ] {
            let site = Site::new(&format!(
                "
service shop/s: {{ports: [80:8080]}}
endpoints shop/s: {{at: [172.31.1.10]}}
ingress shop/a: {{group.name: edge, group.order: 1, {first}, rules: [any Exact /a s:80]}}
ingress shop/b: {{group.name: edge, group.order: 2, {second}, rules: [any Exact /b s:80]}}
"
            ));
            site.aws.be_quick();
            site.settle().await;
            let state = site.aws.everything();
            assert_eq!(nlbs(&state).len(), 1, "{field}");
            let rules = canon::rules(&state);
            assert!(rules.iter().all(|rule| rule.contains(" /a ")), "{field}: {rules:?}");
            let events = site.cluster.events();
            let told: Vec<_> = events.iter().filter(|event| event.reason == "Conflict").collect();
            let [told] = told[..] else { panic!("{field}: {events:#?}") };
            assert_eq!(told.object.key, key("shop/b"), "{field}");
            assert!(told.message.contains(field), "{field}: {}", told.message);
        }
    });
}

#[test]
fn somebody_elses_network_load_balancers_are_left_alone() {
    wait(async {
        let (site, controller) = settled(NLB).await;
        let ours = nlbs(&site.aws.everything()).remove(0);
        site.aws.change(|state| {
            // A Service's, of the same cluster.
            let mut theirs = state.load_balancers[&ours].clone();
            theirs.spec.name = "k8s-service".to_owned();
            theirs.spec.security_groups.clear();
            theirs.spec.tags = tags(&[
                ("elbv2.k8s.aws/cluster", "demo"),
                ("service.k8s.aws/stack", "shop/s"),
                ("service.k8s.aws/resource", "LoadBalancer"),
            ]);
            let id = AwsId::new(ours.as_str().replace("-nlb/", "-theirs/"));
            state.load_balancers.insert(id, theirs);
        });
        drop(controller);
        let again = site.settle().await;
        again.cluster.delete(&key("shop/web"));
        again.settle().await;
        let left: Vec<String> = site
            .aws
            .everything()
            .load_balancers
            .into_values()
            .map(|found| found.spec.name)
            .collect();
        assert_eq!(left, ["k8s-service"]);
    });
}
