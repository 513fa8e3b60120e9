//! Who is let in to load balancers, and that nobody is kept out meanwhile.

use std::collections::BTreeSet;

use albedo::model::id::{AwsId, Id};

use crate::support::site::Site;
use crate::support::world::{NODES, World, wait};

/// What the security group in front of a group's load balancer lets in.
fn let_in(sketch: &str) -> Vec<String> {
    let built = World::new(&format!(
        "class own: {{controller: alb.ingress.k8s.aws/albedo}}
service shop/s: {{ports: [80]}}
{sketch}"
    ))
    .build("edge");
    let group = built.stack.front.unwrap().security_group.unwrap();
    group.ingress.iter().map(ToString::to_string).collect()
}

#[test]
fn on_classes_of_ours_who_is_let_in_anyway_takes_no_rule_of_its_own() {
    let member = |name: &str, class: &str, cidrs: &str| {
        format!(
            "ingress shop/{name}: {{class: {class}, group.name: edge, {cidrs} \
             ip-address-type: dualstack, rules: [any Exact /{name} s:80]}}\n"
        )
    };
    let cidrs = "inbound-cidrs: '10.0.0.0/8, 10.1.0.0/16, 10.1.2.3/32, 11.0.0.0/8, \
                 2001:db8::/32, 2001:db8:1::/48, 2001:db9::/32', \
                 security-group-prefix-lists: pl-1,";
    let few = [
        "tcp 80 from 10.0.0.0/8",
        "tcp 80 from 11.0.0.0/8",
        "tcp 80 from 2001:db8::/32",
        "tcp 80 from 2001:db9::/32",
        "tcp 80 from pl-1",
    ];
    assert_eq!(let_in(&member("a", "own", cidrs)), few);
    assert_eq!(
        let_in(&member("a", "own", "inbound-cidrs: '0.0.0.0/0, 10.0.0.0/8, ::/0, 2001:db8::/32',")),
        ["tcp 80 from 0.0.0.0/0", "tcp 80 from ::/0"]
    );
    // Each port by itself.
    let ports = r#"listen-ports: '[{"HTTP":81}]', inbound-cidrs: 10.1.0.0/16,"#;
    let both = format!("{}{}", member("a", "own", cidrs), member("b", "own", ports));
    let mut expected = few.map(str::to_owned).to_vec();
    expected.push("tcp 81 from 10.1.0.0/16".to_owned());
    assert_eq!(let_in(&both), expected);
    // What LBC would make of it, it stays, for all of a group that it would serve as well.
    assert_eq!(let_in(&member("a", "alb", cidrs)).len(), 8);
    let mixed = format!("{}{}", member("a", "own", cidrs), member("b", "alb", ""));
    assert_eq!(let_in(&mixed).len(), 8);
}

/// The security groups that load balancers carry, each with how many rules it has.
pub fn carried(site: &Site) -> Vec<(String, usize)> {
    let state = site.aws.everything();
    let all = state.load_balancers.values().flat_map(|found| &found.spec.security_groups);
    let ids: BTreeSet<AwsId> = all.filter_map(Id::given).cloned().collect();
    ids.iter().map(|id| (id.to_string(), state.security_groups[id].rules.len())).collect()
}

#[test]
fn no_load_balancer_carries_a_security_group_before_that_lets_anybody_in() {
    for more in ["", "enable-frontend-nlb: 'true',"] {
        wait(async {
            let web = |annotations: &str| {
                format!(
                    "service shop/s: {{ports: [80]}}
ingress shop/web: {{{annotations} {more} rules: [any Exact /a s:80]}}"
                )
            };
            let named = web(&format!("security-groups: {NODES},"));
            let site = Site::new(&named);
            site.aws.be_quick();
            let controller = site.settle().await;
            let before = carried(&site);
            assert_eq!(before.len(), 1);
            // Who may come in is decided here from now on, and AWS does not take the rules.
            site.aws.forbid(&["ec2.AuthorizeSecurityGroupIngress"]);
            site.cluster.add(&web(""));
            controller.settle_for(120).await;
            assert_eq!(carried(&site), before, "clients get through as before");
            site.aws.forbid(&[]);
            controller.settle_for(30 * 60).await;
            let after = carried(&site);
            assert!(after.iter().all(|(id, _)| id != NODES), "{after:?}");
            assert!(after.iter().any(|(_, rules)| *rules == 1), "{after:?}");
        });
    }
}

#[test]
fn no_load_balancer_is_made_that_lets_nobody_in() {
    wait(async {
        let web = |cidrs: &[String]| {
            format!(
                "service shop/s: {{ports: [80]}}
ingress shop/web: {{inbound-cidrs: '{}', rules: [any Exact /a s:80]}}",
                cidrs.join(",")
            )
        };
        let cidrs: Vec<String> = (0..61).map(|block| format!("10.{block}.0.0/24")).collect();
        // AWS takes 60.
        let site = Site::new(&web(&cidrs));
        let controller = site.start();
        controller.settle_for(120).await;
        assert_eq!(site.aws.everything().load_balancers.len(), 0);
        site.cluster.add(&web(&cidrs[1..]));
        controller.settle_for(30 * 60).await;
        assert!(carried(&site).iter().any(|(_, rules)| *rules == 60), "{:?}", carried(&site));
    });
}
