//! Attributes that somebody asked for and nobody does any more: on classes of ours they go back to
//! what AWS makes of them, as far as they are what was asked for.

use albedo::model::load_balancer::{Attributes, LoadBalancerKind};

use super::support::site::Site;
use super::support::world::{key, wait};

const FRAMES: &str = "routing.http.response.x_frame_options.header_value";
const IDLE: &str = "idle_timeout.timeout_seconds";
const DELAY: &str = "deregistration_delay.timeout_seconds";
const CLASSES: &str = "
class own: {controller: alb.ingress.k8s.aws/albedo}
service shop/web: {ports: ['80:8080']}
";

/// All attributes that anybody asks for here.
fn asked() -> String {
    format!(
        "load-balancer-attributes: '{IDLE}=90,routing.http2.enabled=false', \
         listener-attributes.HTTP-80: '{FRAMES}=DENY', target-group-attributes: '{DELAY}=5',"
    )
}

fn member(name: &str, class: &str, asks: &str) -> String {
    format!(
        "ingress shop/{name}: {{class: {class}, group.name: edge, {asks} \
         rules: [any Exact /{name} web:80]}}"
    )
}

/// The attributes of the load balancer, of its listener and of a target group, which is all there
/// are.
fn standing(site: &Site) -> [String; 4] {
    let state = site.aws.everything();
    let value = |attributes: &Attributes, key: &str| attributes.get(key).unwrap().to_string();
    let load_balancer = &state.load_balancers.values().next().unwrap().attributes;
    let listener = &state.listeners.values().next().unwrap().attributes;
    let target_group = &state.target_groups.values().next().unwrap().attributes;
    [
        value(load_balancer, IDLE),
        value(load_balancer, "routing.http2.enabled"),
        value(listener, FRAMES),
        value(target_group, DELAY),
    ]
}

const SET: [&str; 4] = ["90", "false", "DENY", "5"];
const UNSET: [&str; 4] = ["60", "true", "", "300"];

#[test]
fn what_nobody_asks_for_any_more_goes_back_on_classes_of_ours() {
    wait(async {
        let site = Site::new(&format!("{CLASSES}{}", member("web", "own", &asked())));
        let controller = site.settle().await;
        assert_eq!(standing(&site), SET);
        site.cluster.add(&member("web", "own", ""));
        controller.settle().await;
        assert_eq!(standing(&site), UNSET);
        // Once it is back, nothing is remembered, and nothing is left to do.
        site.aws.forget_calls();
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
        site.aws.change(|state| {
            let found = state.load_balancers.values_mut().next().unwrap();
            _ = found.attributes.insert(IDLE.into(), "90".into());
        });
        site.settle().await;
        assert_eq!(standing(&site)[0], "90", "this one is not ours");
    });
}

#[test]
fn it_goes_back_also_where_it_was_taken_out_while_nobody_looked() {
    wait(async {
        let site = Site::new(&format!("{CLASSES}{}", member("web", "own", &asked())));
        drop(site.settle().await);
        site.cluster.add(&member("web", "own", ""));
        site.settle().await;
        assert_eq!(standing(&site), UNSET);
    });
}

#[test]
fn what_somebody_else_has_set_stays_and_so_does_what_was_asked_for_by_a_class_of_lbc_s() {
    wait(async {
        let site = Site::new(&format!("{CLASSES}{}", member("web", "own", &asked())));
        let controller = site.settle().await;
        drop(controller);
        // Somebody's hand, while nobody looked and before the annotation went.
        site.aws.change(|state| {
            let found = state.load_balancers.values_mut().next().unwrap();
            _ = found.attributes.insert(IDLE.into(), "120".into());
            _ = found.attributes.insert("waf.fail_open.enabled".into(), "true".into());
        });
        site.cluster.add(&member("web", "own", ""));
        site.settle().await;
        assert_eq!(standing(&site), ["120", "true", "", "300"]);
        let state = site.aws.everything();
        let found = &state.load_balancers.values().next().unwrap().attributes;
        assert_eq!(found.get("waf.fail_open.enabled").unwrap(), "true");
        let site = Site::new(&format!("{CLASSES}{}", member("web", "alb", &asked())));
        let controller = site.settle().await;
        site.cluster.add(&member("web", "alb", ""));
        controller.settle().await;
        assert_eq!(standing(&site), SET, "LBC leaves it");
    });
}

#[test]
fn what_one_member_asked_for_stays_while_another_one_asks_for_it() {
    wait(async {
        let one = member("one", "own", &asked());
        let two = member("two", "alb", &format!("load-balancer-attributes: '{IDLE}=90',"));
        let site = Site::new(&format!("{CLASSES}{one}\n{two}"));
        let controller = site.settle().await;
        site.cluster.delete(&key("shop/one"));
        controller.settle().await;
        let [idle, http2, frames, _] = standing(&site);
        assert_eq!([idle, http2, frames], ["90", "true", ""]);
        // Who changes a value takes the place of what was set before.
        let two = member("two", "own", &format!("load-balancer-attributes: '{IDLE}=100',"));
        site.cluster.add(&two);
        controller.settle().await;
        assert_eq!(standing(&site)[0], "100");
        site.cluster.add(&member("two", "own", ""));
        controller.settle().await;
        assert_eq!(standing(&site)[0], "60");
    });
}

#[test]
fn nothing_goes_back_while_a_member_s_wishes_are_not_known() {
    wait(async {
        let one = member("one", "own", &asked());
        let two = member("two", "own", "");
        let site = Site::new(&format!("{CLASSES}{one}\n{two}"));
        let controller = site.settle().await;
        site.cluster.add(&member("one", "own", "load-balancer-attributes: nothing at all,"));
        controller.settle().await;
        assert_eq!(standing(&site)[0], "90", "what stood of it stands");
        site.cluster.add(&member("one", "own", ""));
        controller.settle().await;
        assert_eq!(standing(&site)[0], "60");
    });
}

const ZONES: &str = "load_balancing.cross_zone.enabled";
const CLIENTS: &str = "dns_record.client_routing_policy";

/// A group with a network load balancer in front, and what its member asks for of that.
fn fronted(class: &str, attributes: &str) -> String {
    let asks = if attributes.is_empty() {
        "enable-frontend-nlb: 'true',".to_owned()
    } else {
        format!("enable-frontend-nlb: 'true', frontend-nlb-attributes: '{attributes}',")
    };
    member("web", class, &asks)
}

/// The attributes of the network load balancer.
fn in_front(site: &Site) -> [String; 2] {
    let state = site.aws.everything();
    let mut all = state.load_balancers.values();
    let found = all.find(|found| found.spec.kind == LoadBalancerKind::Network).unwrap();
    [ZONES, CLIENTS].map(|key| found.attributes.get(key).unwrap().to_string())
}

#[test]
fn what_nobody_asks_for_any_more_of_the_network_load_balancer_in_front_goes_back() {
    wait(async {
        let (set, unset) =
            (["true", "availability_zone_affinity"], ["false", "any_availability_zone"]);
        let asked = format!("{ZONES}=true,{CLIENTS}=availability_zone_affinity");
        let site = Site::new(&format!("{CLASSES}{}", fronted("own", &asked)));
        site.aws.be_quick();
        let controller = site.settle().await;
        assert_eq!(in_front(&site), set);
        site.cluster.add(&fronted("own", &format!("{ZONES}=true")));
        controller.settle().await;
        assert_eq!(in_front(&site), [set[0], unset[1]]);
        drop(controller);
        // Also where it was taken out while nobody looked.
        site.cluster.add(&fronted("own", ""));
        let controller = site.settle().await;
        assert_eq!(in_front(&site), unset);
        drop(controller);
        // Nothing is remembered, and nothing is left to do.
        site.aws.forget_calls();
        let controller = site.settle().await;
        assert_eq!(site.aws.performed(), []);
        // What somebody else has set meanwhile is theirs.
        site.cluster.add(&fronted("own", &asked));
        controller.settle().await;
        assert_eq!(in_front(&site), set);
        drop(controller);
        site.aws.change(|state| {
            let mut all = state.load_balancers.values_mut();
            let found = all.find(|found| found.spec.kind == LoadBalancerKind::Network).unwrap();
            _ = found
                .attributes
                .insert(CLIENTS.into(), "partial_availability_zone_affinity".into());
        });
        site.cluster.add(&fronted("own", ""));
        site.settle().await;
        assert_eq!(in_front(&site), ["false", "partial_availability_zone_affinity"]);
        let site = Site::new(&format!("{CLASSES}{}", fronted("alb", &asked)));
        site.aws.be_quick();
        let controller = site.settle().await;
        site.cluster.add(&fronted("alb", ""));
        controller.settle().await;
        assert_eq!(in_front(&site), set, "LBC leaves it");
    });
}
