//! What many TLS Secrets cost that have been imported before, when a process starts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::id::AwsId;

use super::support::site::Site;
use super::support::world::{settings, wait};

/// So many Secrets in each namespace, all of them imported; nobody watches.
async fn imported(namespaces: &[&str], each: usize) -> Site {
    let mut settings = settings();
    settings.tls_secrets = true;
    let mut sketch = String::new();
    for team in namespaces {
        writeln!(sketch, "service {team}/web: {{ports: ['80:8080']}}").unwrap();
        for number in 0..each {
            // A listener takes 25 certificates.
            writeln!(
                sketch,
                "secret {team}/t{number}: {{fixture: ec}}\n\
                 ingress {team}/i{number}: {{group.name: {team}{}, \
                 tls: [t{number} public.example.com], \
                 rules: [public.example.com Exact /{number} web:80]}}",
                number / 20
            )
            .unwrap();
        }
    }
    let site = Site::with(settings, &sketch);
    drop(site.settle().await);
    assert_eq!(site.aws.everything().imported.len(), namespaces.len() * each);
    site.aws.forget_calls();
    site
}

/// How often an operation was called.
fn count(site: &Site, operation: &str) -> usize {
    site.aws.calls().get(operation).copied().unwrap_or_default()
}

/// How often ACM, and who tells of its tags, were called.
fn of_certificates(site: &Site) -> usize {
    let calls = site.aws.calls();
    let of_acm =
        |operation: &str| operation.starts_with("acm.") || operation.starts_with("tagging.");
    calls.iter().filter(|(operation, _)| of_acm(operation)).map(|(_, count)| count).sum()
}

#[test]
fn five_hundred_secrets_cost_ten_calls_when_a_process_starts() {
    wait(async {
        let site = imported(&["a", "b", "c", "d", "e"], 100).await;
        let controller = site.settle().await;
        assert_eq!(site.aws.performed(), []);
        assert!(of_certificates(&site) <= 10, "{:?}", site.aws.calls());
        // Within hours each is looked at by itself, some at a time.
        site.aws.forget_calls();
        controller.pass(240).await;
        assert!(count(&site, "acm.DescribeCertificate") <= 20, "{:?}", site.aws.calls());
        controller.clock.sleep(Duration::from_secs(4 * 60 * 60)).await;
        assert_eq!(count(&site, "acm.DescribeCertificate"), 500);
        assert_eq!((site.aws.performed(), site.refused()), (vec![], 0));
    });
}

#[test]
fn who_may_not_use_the_tagging_api_asks_for_each_and_imports_nothing() {
    wait(async {
        let site = imported(&["a"], 30).await;
        let refusals: [fn(&Site); 3] = [
            |site| site.aws.forbid(&["tagging"]),
            |site| {
                site.aws.forbid(&[]);
                site.aws.throttle(&["tagging"]);
            },
            |site| {
                site.aws.throttle(&[]);
                site.aws.outage(&["tagging"]);
            },
        ];
        for refuse in refusals {
            refuse(&site);
            site.aws.forget_calls();
            drop(site.settle().await);
            assert_eq!(count(&site, "acm.ListTagsForCertificate"), 30);
            assert_eq!((site.aws.performed(), site.refused()), (vec![], 0));
        }
    });
}

#[test]
fn what_was_made_just_now_is_asked_for_its_tags_itself() {
    wait(async {
        let site = imported(&["a"], 20).await;
        // The tagging API does not know these yet: whoever believed it would import them again.
        let new: BTreeSet<AwsId> = site.aws.everything().imported.into_keys().take(10).collect();
        site.aws.change(|state| state.made_now = new);
        drop(site.settle().await);
        assert_eq!((count(&site, "tagging.GetResources"), site.aws.performed()), (1, vec![]));
        assert_eq!(count(&site, "acm.ListTagsForCertificate"), 10);
    });
}

#[test]
fn a_list_leaves_out_what_a_closer_look_finds() {
    wait(async {
        let site = imported(&["a"], 2).await;
        // An authority may issue another one with the same names and dates, which differs in its
        // serial number and in its key.
        site.aws.change(|state| {
            let held = state.imported.values_mut().next().unwrap();
            held.facts.serial = "abc".to_owned();
        });
        let controller = site.settle().await;
        assert_eq!(site.aws.performed(), []);
        controller.clock.sleep(Duration::from_secs(600)).await;
        controller.settle().await;
        let written: Vec<_> =
            site.aws.performed().iter().map(|action| action.operation().1).collect();
        assert_eq!(written, ["ImportCertificate"]);
        let state = site.aws.everything();
        assert!(state.imported.values().all(|held| held.facts.serial != "abc"));
    });
}

#[test]
fn what_somebody_else_imports_is_noticed_by_what_a_list_tells() {
    wait(async {
        let site = imported(&["a"], 2).await;
        site.aws.change(|state| {
            let held = state.imported.values_mut().next().unwrap();
            held.facts.not_after = "2031-01-01T00:00:00Z".parse().unwrap();
        });
        let controller = site.settle().await;
        let written: Vec<_> =
            site.aws.performed().iter().map(|action| action.operation().1).collect();
        assert_eq!(written, ["ImportCertificate"]);
        // A renewal is one call within a second, whatever was known of what it renews.
        site.aws.forget_calls();
        controller.cluster.add("secret a/t1: {fixture: renewed}");
        controller.settle_for(1).await;
        assert_eq!(site.aws.performed().len(), 1, "{:?}", site.aws.performed());
    });
}
