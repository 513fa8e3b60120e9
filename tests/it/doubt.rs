//! What was made for an Ingress whose class cannot be told for a while is still there when it can.

use std::collections::BTreeSet;

use albedo::clock::Clock as _;
use albedo::model::id::AwsId;
use albedo::model::record::{Record, RecordType, RecordValue};

use super::support::site::Site;
use super::support::world::{key, wait};

/// A class with parameters, and an Ingress that asks ACM and names a Secret.
const ASKING: &str = "
params p: {}
class own: {controller: alb.ingress.k8s.aws/albedo, params: p}
service shop/web: {ports: ['80:8080']}
secret shop/tls: {fixture: ec}
ingress shop/web:
  {class: own, group.name: edge, create-acm-cert: 'true', tls: [tls public.example.com],
   rules: [a.example.com Prefix / web:80, public.example.com Prefix / web:80]}
";

/// Where ACM waits for a proof that somebody's record is in the way of.
fn pending() -> Site {
    let site = Site::new(ASKING);
    let theirs = RecordValue::Values { ttl: 5, values: vec!["elsewhere.example.org".into()] };
    let theirs = Record::simple("_proof.a.example.com", RecordType::Cname, theirs);
    site.aws.change(|state| {
        state.add_zone("ZPUB", "example.com", false);
        let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
        zone.records.insert(theirs.key.clone(), theirs.clone());
    });
    site
}

fn certificates(site: &Site) -> BTreeSet<AwsId> {
    let state = site.aws.everything();
    state.requested.into_keys().chain(state.imported.into_keys()).collect()
}

#[test]
fn what_acm_was_asked_for_and_what_was_imported_outlive_a_class_that_breaks_for_a_while() {
    // The class's own annotation, its parameters, the class itself.
    let broken = [
        "class own:
           {controller: alb.ingress.k8s.aws/albedo, params: p,
            alb.ingress.k8s.aws/tls-secrets: perhaps}",
        "class own: {controller: alb.ingress.k8s.aws/albedo, params: none}",
        "params p: {namespaceSelector: {matchLabels: {tier: a}}}",
    ];
    for broken in broken {
        wait(async {
            let site = pending();
            let controller = site.start();
            controller.settle_for(120).await;
            let before = certificates(&site);
            assert_eq!(before.len(), 2);
            controller.cluster.add(broken);
            controller.settle_for(120).await;
            assert_eq!(certificates(&site), before, "{broken}");
            // Nor does somebody take it for nobody's who has not seen the class as it was.
            drop(controller);
            let controller = site.start();
            controller.settle_for(120).await;
            controller.clock.sleep(std::time::Duration::from_secs(100)).await;
            assert_eq!(certificates(&site), before, "{broken}");
            controller.cluster.add(ASKING);
            controller.settle_for(120).await;
            assert_eq!(certificates(&site), before, "{broken}");
            // Once it is told that nobody wants them, they go.
            controller.cluster.add(broken);
            controller.settle_for(20).await;
            controller.cluster.delete(&key("shop/web"));
            controller.settle_for(600).await;
            assert_eq!(certificates(&site), BTreeSet::new(), "{broken}");
        });
    }
}
