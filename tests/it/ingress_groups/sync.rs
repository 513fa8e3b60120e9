//! Names count once all of Route 53's servers answer by them.

use albedo::model::ingress_group::Aspect;

use super::{A_WHILE, look, message, says, served, shown, site, status};
use crate::support::world::wait;

#[test]
fn names_are_ready_once_all_servers_answer_by_them_and_nothing_else_has_to_happen() {
    wait(async {
        let site = site(&served());
        site.aws.change(|state| state.is_out_of_sync = true);
        let controller = site.start();
        controller.settle_for(120).await;
        look(&controller).await;
        assert_eq!(says(&site, "edge", Aspect::DnsReady), "False NotInSync");
        assert_eq!(says(&site, "edge", Aspect::Ready), "False DnsReady");
        assert_eq!(status(&site, "edge").names_ready, "0/2");
        let said = message(&site, "edge", Aspect::DnsReady);
        assert!(said.starts_with("a.example.com, b.example.com: "), "{said}");
        let writes = site.cluster.group_writes();
        controller.pass(60 * 60).await;
        assert_eq!(site.cluster.group_writes(), writes, "nothing is new");
        site.aws.change(|state| state.is_out_of_sync = false);
        controller.pass(2 * 60 * 60).await;
        assert_eq!(says(&site, "edge", Aspect::DnsReady), "True Led");
        assert_eq!(says(&site, "edge", Aspect::Ready), "True Served");
        assert_eq!(status(&site, "edge").names_ready, "2/2");
        assert_eq!(site.cluster.group_writes(), writes + 1);
        controller.pass(24 * 60 * 60).await;
        assert_eq!(site.cluster.group_writes(), writes + 1, "it rests");
        // A name that is added is awaited by itself.
        site.aws.change(|state| state.is_out_of_sync = true);
        controller
            .cluster
            .add("ingress shop/c: {group.name: edge, rules: [c.example.com Prefix / web:80]}");
        controller.settle_for(10).await;
        controller.pass(A_WHILE).await;
        assert_eq!(says(&site, "edge", Aspect::DnsReady), "False NotInSync");
        assert_eq!(status(&site, "edge").names_ready, "2/3");
        site.aws.change(|state| state.is_out_of_sync = false);
        controller.pass(10 * 60).await;
        assert_eq!(says(&site, "edge", Aspect::DnsReady), "True Led");
    });
}

#[test]
fn where_nobody_may_ask_names_count_as_they_stand_and_that_is_said() {
    wait(async {
        let site = site(&served());
        site.aws.forbid(&["route53.GetChange"]);
        let controller = shown(&site).await;
        assert_eq!(says(&site, "edge", Aspect::DnsReady), "True Led");
        let said = message(&site, "edge", Aspect::DnsReady);
        assert!(said.contains("route53:GetChange"), "{said}");
        assert_eq!(status(&site, "edge").names_ready, "2/2");
        let writes = site.cluster.group_writes();
        controller.pass(24 * 60 * 60).await;
        assert_eq!(site.cluster.group_writes(), writes);
    });
}
