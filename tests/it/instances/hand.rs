//! Bindings that people write for target groups of nodes, and nodes that are no instances.

use albedo::model::id::AwsId;
use albedo::model::report::Event;
use albedo::model::target_group::TargetType;

use super::super::bindings::made_elsewhere;
use super::super::support::site::Site;
use super::super::support::world::{NODES, key, tags, wait};
use super::{APP, let_in, registered, set, settle, site, told};

fn binding(arn: &AwsId, spec: &str) -> String {
    format!(
        "
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {{namespace: shop, name: nodes, uid: uid-nodes}}
spec: {{targetGroupARN: '{arn}', targetType: instance, serviceRef: {{name: s, port: http}}, {spec}}}
"
    )
}

#[test]
fn a_binding_by_hand_chooses_nodes_and_is_told_what_means_nothing() {
    wait(async {
        let site = Site::new(APP);
        site.cluster.delete(&key("shop/web"));
        let arn = made_elsewhere(&site, ("terraformed", TargetType::Instance), tags(&[]));
        let from = "from: [{ipBlock: {cidr: 10.0.0.0/8}}]";
        let open = format!("networking: {{ingress: [{{{from}, ports: [{{port: 31007}}]}}]}}");
        let choosing = |operator: &str| {
            format!(
                "{open}, nodeSelector: {{matchLabels: {{pool: web}}, \
                 matchExpressions: [{{key: arch, operator: {operator}}}]}}"
            )
        };
        site.cluster.apply(&binding(&arn, &choosing("DoesNotExist")));
        let controller = site.settle().await;
        assert_eq!(registered(&site), set(&["i-1:31007"]));
        assert_eq!(let_in(&site, &AwsId::new(NODES)), ["tcp 31007 from 10.0.0.0/8"]);
        // What means nothing changes nothing.
        site.cluster.apply(&binding(&arn, &choosing("Sometimes")));
        settle(&controller).await;
        assert_eq!(registered(&site), set(&["i-1:31007"]));
        assert_eq!(let_in(&site, &AwsId::new(NODES)), ["tcp 31007 from 10.0.0.0/8"]);
        let events = told(&site, "InvalidBinding");
        assert!(events.iter().any(|event| event.message.contains("Sometimes")), "{events:?}");
        // Everybody is chosen, and then the Service has no node ports any more.
        site.cluster.apply(&binding(&arn, &open));
        settle(&controller).await;
        assert_eq!(registered(&site), set(&["i-1:31007", "i-2:31007"]));
        site.cluster.add("service shop/s: {ports: ['http=80:8080']}");
        settle(&controller).await;
        assert_eq!(registered(&site), set(&["i-1:31007", "i-2:31007"]));
        let events = told(&site, "InvalidBinding");
        let said = |event: &Event| event.message.contains("whose port http has no nodePort");
        assert!(events.iter().any(said), "{events:?}");
        // Whoever goes takes everything along.
        site.cluster.delete_service(&key("shop/s"));
        site.cluster.delete_binding(&key("shop/nodes"));
        settle(&controller).await;
        assert_eq!(registered(&site), set(&[]));
        assert_eq!(let_in(&site, &AwsId::new(NODES)), [""; 0]);
    });
}

#[test]
fn nodes_that_are_no_instances_are_told_of_and_hold_up_no_others() {
    wait(async {
        let site = site("node n3: true\nnode n4: {ready: true, id: fargate-ip-10-0-0-1}");
        let controller = site.start();
        settle(&controller).await;
        assert_eq!(registered(&site), set(&["i-1:31007", "i-2:31007"]));
        let events = told(&site, "NoNode");
        let [event] = &events[..] else { panic!("{events:?}") };
        assert!(event.message.contains("n3, n4"), "{}", event.message);
    });
}
