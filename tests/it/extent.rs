//! A controller that looks at one namespace only: what lies in others is unknown to it, and stays.

use albedo::cluster::Cluster as _;
use albedo::model::action::KubeAction;
use albedo::model::id::AwsId;
use albedo::model::memory::{Entry, Memory};
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::snapshot::Extent;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, group, key, settings, wait};

const EVERYTHING: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
service else/s: {ports: [80:9090]}
endpoints else/s: {at: [172.31.0.2]}
secret shop/tls: {fixture: ec}
secret else/tls: {fixture: rsa}
ingress shop/web: {rules: [web.example.com Prefix / s:80], tls: [tls]}
ingress else/web: {rules: [else.example.com Prefix / s:80], tls: [tls]}
ingress shop/edge: {group.name: edge, group.order: 2, rules: [edge.example.com Exact /a s:80]}
ingress else/edge: {group.name: edge, group.order: 1, rules: [edge.example.com Exact /b s:80]}
ingress else/all: {group.name: edge, group.order: 3, rules: [all.example.com Prefix / s:80]}
";

fn whole() -> Settings {
    let mut settings = settings();
    settings.tls_secrets = true;
    settings.dns.scope = DnsScope::All;
    settings
}

/// A site where a controller that sees everything has come to rest.
async fn rested() -> Site {
    let site = Site::with(whole(), EVERYTHING);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    drop(site.settle().await);
    site
}

/// The same place, for controllers that look at the namespace `shop` only.
fn from_shop(site: &Site) -> Site {
    let settings = Settings { extent: Extent::of_namespace(Some("shop")), ..whole() };
    Site { cluster: site.cluster.with(settings), ..site.clone() }
}

/// What stands, in AWS and in the cluster.
fn end(site: &Site) -> (Vec<String>, Vec<String>) {
    let state = site.aws.everything();
    (canon::aws(&state), canon::cluster(&site.cluster, &state))
}

/// What is there before and not after.
fn gone(before: &[String], after: &[String]) -> Vec<String> {
    before.iter().filter(|line| !after.contains(line)).cloned().collect()
}

#[test]
fn a_start_that_sees_one_namespace_changes_nothing_of_any() {
    wait(async {
        let site = rested().await;
        let before = end(&site);
        site.aws.forget_calls();
        let shop = from_shop(&site);
        let controller = shop.settle().await;
        controller.look_again();
        controller.settle().await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(end(&site), before);
    });
}

/// Somebody in another namespace has a path of the group, and whoever asks for the same one comes
/// behind him, wherever his requests would end.
#[test]
fn who_comes_behind_somebody_unseen_takes_no_path_from_him() {
    wait(async {
        let site = rested().await;
        site.cluster.add(
            "
service shop/none: {ports: [80:8080]}
ingress shop/late: {group.name: edge, group.order: 4, rules: [edge.example.com Exact /b none:80]}
",
        );
        drop(site.settle().await);
        let before = end(&site);
        site.aws.forget_calls();
        let controller = from_shop(&site).start();
        controller.settle_for(1200).await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(end(&site), before);
    });
}

/// The names in the zone.
fn names(site: &Site) -> Vec<String> {
    site.aws.change(|state| {
        let zones = state.zones.values();
        zones.flat_map(|zone| zone.records.keys().map(|key| key.name.clone())).collect()
    })
}

#[test]
fn what_leaves_the_namespace_that_is_seen_takes_nothing_of_others_with_it() {
    wait(async {
        let site = rested().await;
        let (before, names_before) = (end(&site).0, names(&site));
        let shop = from_shop(&site);
        let controller = shop.settle().await;
        shop.cluster.delete(&key("shop/web"));
        shop.cluster.delete(&key("shop/edge"));
        controller.settle().await;
        let mut lost = gone(&before, &end(&site).0);
        // A zone is one line with all its records.
        lost.retain(|line| !line.starts_with("ZPUB"));
        let kinds = lost.iter().map(|line| line.split(": ").next().unwrap().to_owned());
        assert_eq!(
            kinds.collect::<Vec<_>>(),
            [
                "certificate {\"*.example.com\", \"public.example.com\"}",
                "listener k8s-shop-web-63400ea3d5:443",
                "listener k8s-shop-web-63400ea3d5:80",
                "load balancer k8s-shop-web-63400ea3d5",
                "rule k8s-edge-10ff198b40:80:2",
                "rule k8s-shop-web-63400ea3d5:443:1",
                "rule k8s-shop-web-63400ea3d5:80:1",
                "security group k8s-shop-web-aba6dfbc4e",
                "target group k8s-shop-s-a6c207739a",
                "target group k8s-shop-s-a8196a23b8",
            ]
        );
        assert_eq!(gone(&names_before, &names(&site)), ["a-web.example.com", "web.example.com"]);
        let standing = site.cluster.objects.read().unwrap().ingresses.clone();
        assert!(standing.keys().all(|key| key.namespace == "else"), "{:?}", standing.keys());
    });
}

#[test]
fn what_is_remembered_of_other_namespaces_stays_remembered() {
    wait(async {
        let site = rested().await;
        let controller = site.settle().await;
        site.cluster.add("ingress else/edge: {group.name: edge, listen-ports: '[{', rules: []}");
        site.cluster.add("ingress else/web: {listen-ports: '[{', rules: []}");
        controller.settle().await;
        drop(controller);
        let before = (end(&site), site.cluster.memories());
        assert_eq!(before.1.len(), 2, "of the group edge, and of else/web");
        let shop = from_shop(&site);
        let controller = shop.settle().await;
        controller.look_again();
        controller.settle().await;
        assert_eq!((end(&site), site.cluster.memories()), before);
    });
}

#[test]
fn what_is_left_over_of_a_group_elsewhere_is_not_this_controllers_to_remove() {
    wait(async {
        let site = rested().await;
        let leftovers = [AwsId::new("sg-left-over")].into();
        let memory = Memory { leftovers, ..Memory::default() };
        let remember =
            KubeAction::Remember { group: group("else/web"), entry: Entry::Leftovers, memory };
        site.cluster.perform(&remember).await.unwrap();
        let before = end(&site);
        site.aws.forget_calls();
        from_shop(&site).settle().await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(end(&site), before);
    });
}

#[test]
fn a_name_that_an_ingress_elsewhere_holds_is_not_taken_from_it() {
    wait(async {
        let site = rested().await;
        let before = end(&site).0;
        let shop = from_shop(&site);
        let controller = shop.settle().await;
        shop.cluster.add("ingress shop/late: {rules: [else.example.com Prefix / s:80]}");
        controller.settle().await;
        assert_eq!(gone(&before, &end(&site).0), [""; 0]);
        let events = shop.cluster.events();
        let told = events.iter().filter(|event| event.message.contains("else.example.com"));
        assert_eq!(told.count(), 1, "{events:#?}");
    });
}

#[test]
fn a_new_rule_is_not_in_front_of_those_of_members_that_cannot_be_seen() {
    wait(async {
        let site = rested().await;
        let edge = || {
            let rules = canon::rules(&site.aws.everything()).into_iter();
            rules.filter(|rule| rule.contains("edge.") || rule.contains("all.")).collect::<Vec<_>>()
        };
        let before = edge();
        let shop = from_shop(&site);
        let controller = shop.settle().await;
        shop.cluster.add(
            "ingress shop/late: {group.name: edge, group.order: 9, \
             rules: [edge.example.com Prefix / s:80]}",
        );
        controller.settle().await;
        let new = "80:4 edge.example.com /* -> shop/late-s:80".to_owned();
        assert_eq!(edge(), before.iter().cloned().chain([new]).collect::<Vec<_>>());
        shop.cluster.delete(&key("shop/late"));
        controller.settle().await;
        assert_eq!(edge(), before);
    });
}

#[test]
fn a_member_that_can_be_seen_moves_to_another_port_of_a_group_that_cannot() {
    wait(async {
        let site = rested().await;
        let shop = from_shop(&site);
        let controller = shop.settle().await;
        controller.cluster.add(&format!(
            "ingress shop/edge: {{group.name: edge, group.order: 2,
              listen-ports: '[{{\"HTTPS\":443}}]', certificate-arn: {CERTIFICATE},
              rules: [edge.example.com Exact /a s:80]}}"
        ));
        controller.settle().await;
        let rules = canon::rules(&site.aws.everything());
        let of = |port: &str, path: &str| {
            rules.iter().any(|rule| rule.starts_with(port) && rule.contains(path))
        };
        assert!(of("443", "/a ->") && !of("80", "/a ->"), "{rules:#?}");
        assert!(of("80", "/b ->") && of("80", "all.example.com"), "{rules:#?}");
        assert_eq!(site.refused(), 0);
    });
}
