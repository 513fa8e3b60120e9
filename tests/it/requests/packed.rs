//! Names that share certificates where a load balancer comes close to as many as AWS gives it.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::id::Id;
use smol_str::SmolStr;

use super::{proofs, requests, site};
use crate::support::fake::{Issuing, State};
use crate::support::site::Site;
use crate::support::world::{fake, key, settings, wait};

const CLASS: &str = "
class own: {controller: alb.ingress.k8s.aws/albedo}
service shop/web: {ports: ['80:8080']}
";

fn asking(number: usize) -> String {
    format!(
        "ingress shop/i{number:03}:
           {{class: own, group.name: edge, create-acm-cert: 'true',
            rules: [h{number:03}.example.com Prefix / web:80]}}
"
    )
}

async fn standing(count: usize) -> Site {
    let sketch: String = (0..count).map(asking).collect();
    let site = site(settings(), &format!("{CLASS}{sketch}"));
    drop(site.settle().await);
    site
}

/// The names that the HTTPS listener has certificates for, with how many it has.
fn served(state: &State) -> (BTreeSet<SmolStr>, usize) {
    let listeners = state.listeners.values().filter(|listener| listener.port == 443);
    let ids = listeners.flat_map(|listener| {
        listener.spec.default_certificate.iter().chain(&listener.spec.certificates)
    });
    let ids: BTreeSet<_> = ids.filter_map(Id::given).collect();
    let names = ids.iter().filter_map(|id| state.requested.get(*id));
    (names.flat_map(|one| one.facts.names.clone()).collect(), ids.len())
}

#[test]
fn forty_five_hosts_of_a_group_have_certificates_that_a_listener_takes() {
    wait(async {
        let site = standing(45).await;
        let state = site.aws.everything();
        let (names, certificates) = served(&state);
        assert_eq!((names.len(), proofs(&state).len()), (45, 45));
        assert!(certificates <= 20, "{certificates}");
        assert_eq!((requests(&site), state.requested.len()), (certificates, certificates));
        assert_eq!(site.refused(), 0);
        // Whoever starts then finds the same.
        site.aws.forget_calls();
        drop(site.settle().await);
        assert_eq!(site.aws.performed(), []);
    });
}

#[test]
fn whoever_comes_changes_few_certificates_and_nobody_is_without_one_meanwhile() {
    wait(async {
        let site = standing(20).await;
        let controller = site.settle().await;
        for number in 20..45 {
            let start = site.aws.everything();
            let (before, _) = served(&start);
            site.aws.forget_calls();
            controller.cluster.add(&asking(number));
            controller.settle().await;
            assert!(requests(&site) <= 4, "{number}: {}", requests(&site));
            let (names, certificates) = served(&site.aws.everything());
            assert_eq!(names.len(), number + 1);
            assert!(certificates <= 20, "{number}: {certificates}");
            // What takes the place of a certificate is there before it goes.
            let replay = fake();
            replay.change(|state| *state = start.clone());
            for action in site.aws.performed() {
                replay.meddle(&action).unwrap();
                let (now, certificates) = served(&replay.everything());
                assert!(before.is_subset(&now), "{number}: after {action:?}");
                assert!(certificates <= 25, "{number}: {certificates}");
            }
        }
        // And whoever goes takes nothing away from others.
        let start = site.aws.everything();
        controller.cluster.delete(&key("shop/i003"));
        controller.settle().await;
        let (names, _) = served(&site.aws.everything());
        let (before, _) = served(&start);
        assert_eq!(before.difference(&names).collect::<Vec<_>>(), ["h003.example.com"]);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn certificates_that_others_name_take_their_places() {
    wait(async {
        let named = |n: usize| {
            format!(
                "ingress shop/n{n}: {{class: own, group.name: edge, certificate-arn: \
                 'arn:aws:acm:us-east-1:123456789012:certificate/{n}', \
                 rules: [n{n}.example.com Prefix / web:80]}}\n"
            )
        };
        let named: String = (0..10).map(named).collect();
        let asking: String = (0..20).map(asking).collect();
        let site = site(settings(), &format!("{CLASS}{named}{asking}"));
        site.start().settle_for(120).await;
        let state = site.aws.everything();
        let names: BTreeSet<_> =
            state.requested.values().flat_map(|one| &one.facts.names).collect();
        assert!(names.len() == 20 && requests(&site) <= 10, "{}", requests(&site));
    });
}

#[test]
fn a_host_that_cannot_be_proved_holds_up_nobody() {
    wait(async {
        let site = standing(30).await;
        let controller = site.settle().await;
        let bad = "
ingress shop/bad:
  {class: own, group.name: edge, create-acm-cert: 'true', rules: [a.nowhere.test Prefix / web:80]}
";
        controller.cluster.add(bad);
        controller.cluster.add(&asking(30));
        controller.settle_for(300).await;
        let (names, _) = served(&site.aws.everything());
        assert!(names.contains("h030.example.com") && names.len() == 31, "{names:?}");
        let told: Vec<_> = site.cluster.events();
        let told = told.iter().filter(|event| event.reason == "NoHostedZone");
        let told: BTreeSet<String> = told.map(|event| event.object.key.to_string()).collect();
        assert_eq!(told, BTreeSet::from(["shop/bad".to_owned()]));
        // Whoever starts then does not know zones at first, and neither asks nor takes away.
        drop(controller);
        site.aws.forget_calls();
        let controller = site.start();
        controller.settle_for(300).await;
        assert_eq!(site.aws.performed(), []);
        // What proves it comes: it has a place like the others.
        site.aws.change(|state| state.add_zone("ZTEST", "nowhere.test", false));
        controller.settle_for(600).await;
        let (names, certificates) = served(&site.aws.everything());
        assert!(names.contains("a.nowhere.test") && names.len() == 32, "{names:?}");
        assert!(certificates <= 20, "{certificates}");
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn while_a_packed_certificate_is_not_issued_those_who_had_one_go_on_with_it() {
    wait(async {
        let site = standing(30).await;
        let controller = site.settle().await;
        let (before, _) = served(&site.aws.everything());
        site.aws.change(|state| state.issuing = Issuing::Later);
        controller.cluster.add(&asking(30));
        controller.settle_for(300).await;
        assert_eq!(served(&site.aws.everything()).0, before);
        let events = site.cluster.events();
        let mut of: BTreeMap<&str, usize> = BTreeMap::new();
        for event in events.iter().filter(|event| event.reason == "NoCertificate") {
            *of.entry(event.object.key.name.as_str()).or_default() += 1;
        }
        assert_eq!(of.get("i030"), Some(&1), "{of:?}");
        site.aws.change(|state| {
            state.issuing = Issuing::AtOnce;
            state.prove();
        });
        controller.settle().await;
        assert_eq!(served(&site.aws.everything()).0.len(), 31);
    });
}
