//! Names of members of whom nothing counts for now: nobody can tell what they ask for.

use albedo::model::action::AwsAction;
use albedo::model::settings::{DnsScope, Settings};

use crate::support::site::Site;
use crate::support::world::{key, settings, wait};

/// How many batches Route 53 was given.
fn changes(site: &Site) -> usize {
    let writes = site.aws.performed().into_iter();
    writes.filter(|action| matches!(action, AwsAction::Route53(_))).count()
}

#[test]
fn nobody_gets_the_name_of_a_member_of_whom_nothing_counts_while_it_stands() {
    wait(async {
        let member = |name: &str, setting: &str, rules: &str| {
            format!("ingress shop/{name}: {{group.name: edge, {setting}, rules: [{rules}]}}\n")
        };
        let (own, other) = ("any Exact /own s:80", "web.example.com Prefix / s:80");
        let first = |scheme: &str| member("a", &format!("group.order: 1, scheme: {scheme}"), own);
        let second = member("b", "group.order: 2, scheme: internal", other);
        let mut meant: Settings = settings();
        meant.dns.scope = DnsScope::All;
        let site = Site::with(meant, "service shop/s: {ports: [80:8080]}");
        site.cluster.add(&format!("{}{second}", first("internal")));
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        let controller = site.settle().await;
        controller.cluster.add(&format!("ingress shop/c: {{rules: [{other}]}}"));
        controller.settle().await;
        site.aws.forget_calls();
        // By what the first member asks for now, the second one is none.
        controller.cluster.add(&first("internet-facing"));
        controller.settle_for(600).await;
        assert_eq!(changes(&site), 0);
        // Who goes gives it away.
        controller.cluster.delete(&key("shop/b"));
        controller.settle_for(600).await;
        assert_eq!(changes(&site), 1);
    });
}
