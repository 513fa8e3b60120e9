//! What nobody takes from members of other namespaces: requests that they answer, and the say in
//! what a group shares.

use albedo::model::index::Seen;
use albedo::model::problem::Severity;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, wait};

const SERVICES: &str = "
class own: {controller: alb.ingress.k8s.aws/own}
service pay/s: {ports: [80]}
service evil/s: {ports: [80]}
";

/// A member of the group; the first one is the oldest.
fn web(name: &str, class: &str, annotations: &str, rules: &str) -> String {
    let day = if name == "pay/b" { 1 } else { 2 };
    format!(
        "ingress {name}:\n  class: {class}\n  group.name: edge\n  {annotations}\n  \
         creationTimestamp: '2026-01-0{day}T00:00:00Z'\n  rules: [{rules}]"
    )
}

fn pay(class: &str) -> String {
    web("pay/b", class, "group.order: 0", "pay.example.com Prefix /api s:80")
}

fn evil(class: &str, annotations: &str, rules: &str) -> String {
    web("evil/a", class, annotations, rules)
}

/// What was told of errors since this was asked last, by object.
fn errors(site: &Site) -> Vec<String> {
    let events = site.cluster.events().into_iter();
    let errors = events.filter(|event| event.severity == Severity::Error);
    let found = errors.map(|event| format!("{} {}", event.object.key, event.message)).collect();
    site.cluster.forget_calls();
    found
}

/// That a change by the other namespace changes nothing in AWS and is told to it, also by another
/// process.
async fn refused(site: &Site, change: &str) {
    let controller = site.settle().await;
    errors(site);
    let before = canon::aws(&site.aws.everything());
    controller.cluster.add(change);
    controller.settle().await;
    for _ in 0..2 {
        assert_eq!(canon::aws(&site.aws.everything()), before, "{change}");
        let told = errors(site);
        let [only] = &told[..] else { panic!("{change}: {told:#?}") };
        assert!(only.starts_with("evil/a ") && !only.contains("pay/"), "{only}");
        site.settle().await;
    }
}

fn rules(site: &Site) -> usize {
    canon::rules(&site.aws.everything()).len()
}

const FIRST: &str = "group.order: '-10'";
const HARMLESS: &str = "evil.example.com Prefix / s:80";

#[test]
fn requests_that_another_namespace_answers_are_not_taken() {
    wait(async {
        let regex = format!("{FIRST}\n  use-regex-path-match: 'true'");
        for (annotations, theirs) in [
            (FIRST, "pay.example.com Prefix /api s:80"),
            (FIRST, "pay.example.com Exact /api/pay s:80"),
            (FIRST, "'*.example.com Prefix / s:80'"),
            (FIRST, "any Prefix / s:80"),
            (FIRST, "pay.example.com ImplementationSpecific '/a*' s:80"),
            (&regex, "'pay.example.com ImplementationSpecific /^.api s:80'"),
        ] {
            let theirs = theirs.replace('\'', "");
            let theirs = format!("'{theirs}'");
            // As who comes, and as who is in and wants more.
            let site = Site::new(SERVICES);
            site.cluster.add(&pay("own"));
            refused(&site, &evil("own", annotations, &theirs)).await;
            let site = Site::new(SERVICES);
            site.cluster.add(&pay("own"));
            site.cluster.add(&evil("own", annotations, HARMLESS));
            refused(&site, &evil("own", annotations, &format!("{HARMLESS}, {theirs}"))).await;
        }
        // A place before others is as good as a new rule.
        let site = Site::new(SERVICES);
        site.cluster.add(&pay("own"));
        let all = |order: &str| evil("own", order, "any Prefix / s:80");
        site.cluster.add(&all("group.order: 10"));
        refused(&site, &all(FIRST)).await;
    });
}

#[test]
fn who_uses_a_class_of_lbc_s_takes_nothing_of_who_does_not() {
    wait(async {
        let site = Site::new(SERVICES);
        site.cluster.add(&pay("own"));
        refused(&site, &evil("alb", FIRST, "any Prefix / s:80")).await;
    });
}

#[test]
fn nor_while_the_class_of_who_does_not_is_missing() {
    wait(async {
        let site = Site::new(SERVICES);
        site.cluster.add(&pay("own"));
        let controller = site.settle().await;
        controller.cluster.see(&Seen::Class("own".into(), None));
        controller.settle().await;
        errors(&site);
        let before = canon::aws(&site.aws.everything());
        controller.cluster.add(&evil("alb", FIRST, "any Prefix / s:80"));
        controller.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        let told = errors(&site);
        let is_told = |told: &String| told.starts_with("evil/a ") && told.contains("answered");
        assert!(told.iter().any(is_told), "{told:#?}");
    });
}

#[test]
fn one_host_with_disjoint_paths_is_shared_and_a_later_place_takes_what_is_left() {
    wait(async {
        for (annotations, theirs) in [
            (FIRST, "pay.example.com Prefix /shop s:80"),
            (FIRST, "pay.example.com Exact / s:80"),
            (FIRST, "shop.example.com Prefix /api s:80"),
            ("group.order: 10", "any Prefix / s:80"),
            ("group.order: 10", "pay.example.com Prefix /api s:80"),
        ] {
            let site = Site::new(SERVICES);
            site.cluster.add(&pay("own"));
            let controller = site.settle().await;
            errors(&site);
            controller.cluster.add(&evil("own", annotations, theirs));
            controller.settle().await;
            assert_eq!((rules(&site), errors(&site)), (2, Vec::new()), "{theirs}");
        }
    });
}

#[test]
fn one_namespace_takes_from_itself_and_lbc_s_classes_are_as_with_lbc() {
    wait(async {
        let taking = "pay.example.com Prefix / s:80";
        for (class, name) in [("own", "pay/a"), ("alb", "evil/a")] {
            let site = Site::new(SERVICES);
            site.cluster.add(&pay(class));
            let controller = site.settle().await;
            errors(&site);
            controller.cluster.add(&web(name, class, FIRST, taking));
            controller.settle().await;
            assert_eq!((rules(&site), errors(&site)), (2, Vec::new()), "{name}");
        }
    });
}

#[test]
fn what_nobody_has_decided_is_not_for_another_namespace_to_decide() {
    wait(async {
        let https = format!(
            "certificate-arn: {CERTIFICATE}\n  listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]'"
        );
        let redirect = format!("{https}\n  ssl-redirect: '443'");
        for decides in [
            "scheme: internet-facing",
            "ip-address-type: dualstack",
            "inbound-cidrs: 10.0.0.0/8",
            "load-balancer-attributes: idle_timeout.timeout_seconds=1",
            "subnets: subnet-a,subnet-b",
            "security-groups: sg-nodes-1",
            &redirect,
        ] {
            let site = Site::new(SERVICES);
            site.cluster.add(&pay("own"));
            refused(&site, &evil("own", decides, HARMLESS)).await;
            // Nor once it is in.
            let site = Site::new(SERVICES);
            site.cluster.add(&pay("own"));
            site.cluster.add(&evil("own", FIRST, HARMLESS));
            refused(&site, &evil("own", decides, HARMLESS)).await;
        }
        // What holds anyway is no decision, and a port of its own is its own.
        let ports = "listen-ports: '[{\"HTTP\":80},{\"HTTP\":81}]'";
        for harmless in ["scheme: internal", "tags: team=a", ports] {
            let site = Site::new(SERVICES);
            site.cluster.add(&pay("own"));
            let controller = site.settle().await;
            errors(&site);
            controller.cluster.add(&evil("own", harmless, HARMLESS));
            controller.settle().await;
            assert_eq!(errors(&site), Vec::<String>::new(), "{harmless}");
            let owner = web("pay/b", "own", "scheme: internal", "pay.example.com Exact / s:80");
            controller.cluster.add(&owner);
            controller.settle().await;
            assert_eq!(errors(&site), Vec::<String>::new(), "{harmless}");
        }
    });
}

#[test]
fn what_one_gives_up_another_namespace_takes_that_has_asked_for_it_before() {
    wait(async {
        let giver = |rules: &str| web("pay/b", "own", "group.order: 0", rules);
        let keeps = "pay.example.com Prefix /pay s:80";
        let both = format!("{keeps}, pay.example.com Prefix /api s:80");
        let before = format!("{SERVICES}{}\n{}", giver(&both), evil("own", FIRST, HARMLESS));
        let site = Site::new(&before);
        let controller = site.settle().await;
        errors(&site);
        let takes = format!("{HARMLESS}, pay.example.com Prefix /api s:80");
        controller.cluster.add(&evil("own", FIRST, &takes));
        controller.settle().await;
        assert_eq!(errors(&site).len(), 1);
        controller.cluster.add(&giver(keeps));
        controller.settle().await;
        let at_rest = canon::rules(&site.aws.everything());
        assert_eq!(at_rest.len(), 3, "{at_rest:?}");
        controller.look_again();
        controller.settle().await;
        assert_eq!(canon::rules(&site.aws.everything()), at_rest);
    });
}
