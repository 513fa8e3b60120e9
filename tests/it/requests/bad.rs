//! What cannot be had: who asks hears of it once, with what mends it; siblings are served, and ACM
//! is asked no more often than its quotas allow.

use std::collections::BTreeSet;

use albedo::model::problem::Severity;

use super::{ASKING, listening, proofs, requests, site};
use crate::support::fake::{Fake, Issuing};
use crate::support::site::{Controller, Site};
use crate::support::world::{CERTIFICATE, key, settings, wait};

/// Beside who asks, in the same group: one who asks for nothing, and one whose certificate can be
/// had.
const SIBLINGS: &str = "
ingress shop/plain: {class: own, group.name: edge, rules: [plain.example.com Prefix / web:80]}
ingress shop/good:
  {class: own, group.name: edge, create-acm-cert: 'true',
   rules: [good.example.com Prefix / web:80]}
";

/// The messages of one reason that an Ingress was warned by, each once.
fn told(site: &Site, name: &str, reason: &str) -> Vec<String> {
    let warnings = site.cluster.events().into_iter();
    let warnings = warnings.filter(|event| event.severity != Severity::Note);
    let of_it = warnings.filter(|event| event.object.key == key(name) && event.reason == reason);
    of_it.map(|event| event.message).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Starts with siblings, of whom the one that asks has its certificate, and lets somebody come.
async fn beside_siblings(with: impl FnOnce(&Site), comer: &str) -> (Site, Controller<Fake>) {
    let start = ASKING.replace("create-acm-cert: 'true',", "");
    let site = site(settings(), &format!("{start}{SIBLINGS}"));
    let controller = site.settle().await;
    assert_eq!(listening(&site.aws.everything()), BTreeSet::from([(80, 0), (443, 1)]));
    with(&site);
    site.aws.forget_calls();
    site.cluster.forget_calls();
    controller.cluster.add(comer);
    controller.settle_for(90 * 60).await;
    // HTTP, and what siblings have, is as it would be without.
    let state = site.aws.everything();
    assert!(listening(&state).contains(&(443, 1)), "{:?}", listening(&state));
    for name in ["shop/plain", "shop/good"] {
        let events = site.cluster.events();
        let wrong = events
            .iter()
            .filter(|event| event.object.key == key(name) && event.severity != Severity::Note);
        assert_eq!(wrong.count(), 0, "{name}: {events:?}");
    }
    (site, controller)
}

/// An Ingress of the group that asks for a certificate for this host.
fn asking_for(host: &str) -> String {
    format!(
        "ingress shop/new:
           {{class: own, group.name: edge, create-acm-cert: 'true',
            rules: [{host} Prefix / web:80]}}"
    )
}

#[test]
fn a_host_that_no_public_zone_holds_is_asked_for_by_nobody() {
    wait(async {
        // In none at all, and in a private one only.
        for with in [
            |_: &Site| {},
            |site: &Site| {
                site.aws.change(|state| state.add_zone("ZPRIV", "example.org", true));
            },
        ] {
            let (site, controller) = beside_siblings(with, &asking_for("a.example.org")).await;
            assert_eq!(requests(&site), 0);
            let told = told(&site, "shop/new", "NoHostedZone");
            assert!(told.iter().any(|one| one.contains("no public hosted zone")), "{told:?}");
            // Once there is one, it is had.
            site.aws.change(|state| state.add_zone("ZORG", "example.org", false));
            controller.settle_for(600).await;
            assert!(listening(&site.aws.everything()).contains(&(443, 2)));
        }
    });
}

#[test]
fn what_acm_does_not_issue_is_told_with_what_mends_it_and_asked_for_once_an_hour() {
    wait(async {
        for (why, mending) in [
            ("FAILED: CAA_ERROR", "a CAA record that lets amazon.com issue"),
            ("VALIDATION_TIMED_OUT", "72 hours"),
            ("FAILED: PCA_INVALID_STATE", "an authority of AWS Private CA that is active"),
            ("FAILED: OTHER", "what the reason asks for"),
        ] {
            let (site, controller) = beside_siblings(
                |site| site.aws.change(|state| state.issuing = Issuing::Failing(why)),
                &asking_for("new.example.com"),
            )
            .await;
            assert_eq!(requests(&site), 2, "{why}: at once, and an hour later");
            let told = told(&site, "shop/new", "NoCertificate");
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains(why) && told[0].contains(mending), "{told:?}");
            // Once that is mended, it is had, and what failed goes.
            site.aws.change(|state| state.issuing = Issuing::AtOnce);
            controller.settle().await;
            let state = site.aws.everything();
            assert_eq!((requests(&site), state.requested.len()), (3, 2), "{why}");
            assert!(listening(&state).contains(&(443, 2)), "{why}");
        }
    });
}

#[test]
fn a_quota_that_is_reached_is_told_and_uses_up_nothing() {
    wait(async {
        let (site, controller) = beside_siblings(
            |site| site.aws.change(|state| state.requests_refused = Some("LimitExceededException")),
            &asking_for("new.example.com"),
        )
        .await;
        let told = told(&site, "shop/new", "NoCertificate");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("LimitExceededException"), "{told:?}");
        // What is refused is tried again ever more seldom: each five minutes in the end.
        assert!(requests(&site) <= 40, "{}", requests(&site));
        site.aws.change(|state| state.requests_refused = None);
        controller.settle().await;
        assert!(listening(&site.aws.everything()).contains(&(443, 2)));
    });
}

#[test]
fn a_renewal_s_proof_that_somebody_takes_away_is_back_and_the_renewal_is_looked_at() {
    wait(async {
        let site = site(settings(), ASKING);
        let controller = site.settle().await;
        let all = proofs(&site.aws.everything());
        site.aws.change(|state| {
            let zone = state.zones.values_mut().next().unwrap();
            zone.records.remove(&all[0].key);
            for one in state.requested.values_mut() {
                one.facts.renewal = Some("PENDING_VALIDATION".to_owned());
            }
        });
        // Nothing but the certificate is looked at again.
        controller.pass(13 * 60 * 60).await;
        controller.cluster.add(&ASKING.replace("create-acm-cert", "tags: 'a=b', create-acm-cert"));
        controller.settle_for(600).await;
        assert_eq!(proofs(&site.aws.everything()), all);
        let told = told(&site, "shop/web", "CertificateEnds");
        assert!(told.len() == 1 && told[0].contains("PENDING_VALIDATION"), "{told:?}");
        // ACM renews it; within the hour nobody is troubled any more.
        site.aws.change(|state| {
            state.requested.values_mut().for_each(|one| one.facts.renewal = None);
        });
        controller.settle().await;
        assert_eq!(requests(&site), 1);
    });
}

#[test]
fn an_issued_certificate_s_proof_is_made_again_when_the_zone_is_looked_at() {
    wait(async {
        let mut site = site(settings(), ASKING);
        site.sweep_period = Some(std::time::Duration::from_secs(15 * 60));
        let controller = site.settle().await;
        let all = proofs(&site.aws.everything());
        site.aws.change(|state| {
            let zone = state.zones.values_mut().next().unwrap();
            all.iter().for_each(|proof| drop(zone.records.remove(&proof.key)));
        });
        controller.pass(60 * 60).await;
        assert_eq!(proofs(&site.aws.everything()), all);
    });
}

#[test]
fn who_does_not_listen_for_https_or_is_kept_out_has_nothing_asked_for() {
    wait(async {
        // By HTTP alone: a certificate would be of no use.
        let plain = ASKING.replace(
            "create-acm-cert: 'true',",
            "create-acm-cert: 'true', listen-ports: '[{\"HTTP\":80}]',",
        );
        let site = site(settings(), &plain);
        let controller = site.settle().await;
        assert_eq!((requests(&site), site.aws.everything().requested.len()), (0, 0));
        controller.cluster.add(ASKING);
        controller.settle().await;
        assert_eq!(requests(&site), 1);
        assert!(listening(&site.aws.everything()).contains(&(443, 1)));
        controller.cluster.add(&plain);
        controller.settle().await;
        assert_eq!(site.aws.everything().requested.len(), 0);
    });
    wait(async {
        // Whoever asks for what another namespace has is kept out until that one goes.
        let site = site(settings(), &ASKING.replace("create-acm-cert: 'true',", ""));
        let controller = site.settle().await;
        controller.cluster.add(
            "service evil/web: {ports: ['80:8080']}
ingress evil/new:
  {class: own, group.name: edge, group.order: '-1', create-acm-cert: 'true',
   rules: [a.example.com Prefix / web:80]}",
        );
        controller.settle_for(600).await;
        assert!(!told(&site, "evil/new", "Conflict").is_empty(), "{:?}", site.cluster.events());
        assert_eq!(requests(&site), 0);
        controller.cluster.delete(&key("shop/web"));
        controller.settle().await;
        assert_eq!(requests(&site), 1);
        assert!(listening(&site.aws.everything()).contains(&(443, 1)));
    });
    wait(async {
        // LBC's classes listen for HTTPS alone, once there is a certificate.
        let mut settings = settings();
        settings.gates.certificate_management = true;
        let of_lbc = "
service shop/web: {ports: ['80:8080']}
ingress shop/web: {create-acm-cert: 'true', rules: [a.example.com Prefix / web:80]}
";
        let site = site(settings, of_lbc);
        site.settle().await;
        assert_eq!(requests(&site), 1);
        assert_eq!(listening(&site.aws.everything()), BTreeSet::from([(443, 1)]));
    });
}

#[test]
fn two_secrets_for_one_host_both_serve_and_nobody_is_told_anything_wrong() {
    wait(async {
        let mut settings = settings();
        settings.tls_secrets = true;
        let sketch = "
service shop/web: {ports: ['80:8080']}
secret shop/one: {fixture: ec}
secret shop/two: {fixture: renewed}
ingress shop/one:
  {group.name: edge, tls: [one public.example.com], rules: [public.example.com Exact /a web:80]}
ingress shop/two:
  {group.name: edge, tls: [two public.example.com], rules: [public.example.com Exact /b web:80]}
ingress shop/plain: {group.name: edge, rules: [b.example.com Prefix / web:80]}
";
        let site = Site::with(settings, sketch);
        let controller = site.settle().await;
        assert!(listening(&site.aws.everything()).contains(&(443, 2)));
        assert!(site.cluster.events().iter().all(|event| event.severity == Severity::Note));
        // One of them goes bad: the other one, and who needs neither, are served as before.
        controller.cluster.add("secret shop/two: {fixture: expired}");
        controller.settle().await;
        assert!(listening(&site.aws.everything()).contains(&(443, 2)));
        assert_eq!(told(&site, "shop/two", "InvalidSecret").len(), 1);
        assert_eq!(told(&site, "shop/one", "InvalidSecret").len(), 0);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn for_who_is_kept_out_acm_is_not_asked_and_nobody_waits() {
    wait(async {
        let comer = asking_for("new.example.com").replace(
            "create-acm-cert: 'true',",
            "create-acm-cert: 'true', healthcheck-interval-seconds: nonsense,",
        );
        let (site, controller) = beside_siblings(|_| {}, &comer).await;
        assert_eq!(site.aws.calls().get("acm.RequestCertificate"), None);
        controller.settle().await;
        controller.cluster.add(&asking_for("new.example.com"));
        controller.settle().await;
        assert_eq!(site.aws.calls().get("acm.RequestCertificate"), Some(&1));
    });
}

#[test]
fn what_stands_of_a_member_that_has_turned_bad_keeps_its_certificate_also_where_it_is_made_anew() {
    wait(async {
        let sibling = |path: &str| {
            format!(
                "ingress shop/plain:
  {{class: own, group.name: edge, rules: [b.example.com Prefix {path} web:80]}}"
            )
        };
        let site = site(settings(), &format!("{ASKING}{}", sibling("/")));
        let controller = site.settle().await;
        let before = listening(&site.aws.everything());
        assert_eq!(before, BTreeSet::from([(80, 0), (443, 1)]));
        // It asks for other names by now, and has a fault besides: what it was stays.
        controller.cluster.add(
            "ingress shop/web:
  {class: own, group.name: edge, create-acm-cert: 'true', target-type: nonsense,
   rules: [a.example.org Prefix / web:80]}",
        );
        controller.settle_for(600).await;
        assert_eq!(listening(&site.aws.everything()), before);
        // Whoever starts then gives it to the load balancer that somebody has to make anew.
        drop(controller);
        let controller = site.start();
        controller.settle_for(600).await;
        site.aws.change(|state| {
            state.load_balancers.clear();
            state.listeners.clear();
            state.rules.clear();
        });
        controller.cluster.add(&sibling("/b"));
        controller.settle_for(600).await;
        assert_eq!(listening(&site.aws.everything()), before);
    });
}

#[test]
fn who_names_a_secret_that_has_expired_is_served_with_what_was_asked_for_before() {
    wait(async {
        let site = site(settings(), ASKING);
        let controller = site.settle().await;
        let before = listening(&site.aws.everything());
        assert_eq!(before, BTreeSet::from([(80, 0), (443, 1)]));
        // The Secret has expired: the certificate that served goes on serving, also once
        // somebody else leads.
        let naming = |secret: &str| {
            format!(
                "ingress shop/web:
  {{class: own, group.name: edge, tls: ['{secret} a.example.com'],
   rules: [a.example.com Prefix / web:80]}}"
            )
        };
        controller.cluster.add("secret shop/old: {fixture: expired}");
        controller.cluster.add(&naming("old"));
        controller.settle_for(600).await;
        assert!(!told(&site, "shop/web", "InvalidSecret").is_empty());
        assert_eq!(listening(&site.aws.everything()), before);
        drop(controller);
        let controller = site.start();
        controller.settle_for(600).await;
        let state = site.aws.everything();
        assert_eq!((listening(&state), state.requested.len()), (before.clone(), 1));
        site.aws.forget_calls();
        controller.look_again();
        controller.settle_for(600).await;
        assert_eq!(site.aws.performed(), []);
        // With one that fits it goes, and nothing is remembered.
        controller.cluster.add("secret shop/fits: {fixture: ec}");
        controller.cluster.add(&naming("fits"));
        controller.settle_for(600).await;
        let state = site.aws.everything();
        assert_eq!((listening(&state), state.requested.len()), (before, 0));
        drop(controller);
        site.start().settle_for(600).await;
        assert_eq!(site.aws.everything().requested.len(), 0);
    });
}

#[test]
fn who_names_a_secret_that_has_expired_is_served_with_what_it_named_before() {
    wait(async {
        let asking = "create-acm-cert: 'true'";
        let site =
            site(settings(), &ASKING.replace(asking, &format!("certificate-arn: '{CERTIFICATE}'")));
        site.cluster.add("secret shop/old: {fixture: expired}");
        let controller = site.settle().await;
        let before = BTreeSet::from([(443, 1)]);
        assert_eq!(listening(&site.aws.everything()), before);
        controller.cluster.add(&ASKING.replace(asking, "tls: ['old a.example.com']"));
        controller.settle_for(600).await;
        let with_http = BTreeSet::from([(80, 0), (443, 1)]);
        assert_eq!(listening(&site.aws.everything()), with_http);
        drop(controller);
        site.start().settle_for(600).await;
        assert_eq!(listening(&site.aws.everything()), with_http);
    });
}

/// How many certificates are remembered for HTTPS of members.
fn remembered(site: &Site) -> usize {
    let memories = site.cluster.memories();
    let parts = memories.values().flat_map(|memory| memory.held.values());
    parts.map(|part| part.listens[&443].certificates.len()).sum()
}

#[test]
fn what_served_before_beside_what_is_asked_for_now_stays_at_every_look() {
    wait(async {
        let asking = |more: &str| {
            format!(
                "ingress shop/web:
  {{class: own, group.name: edge, create-acm-cert: 'true', {more}
   rules: [a.example.com Prefix / web:80, b.example.com Prefix / web:80]}}"
            )
        };
        let site = site(settings(), ASKING);
        site.cluster.add(&asking(""));
        let controller = site.settle().await;
        assert_eq!(listening(&site.aws.everything()), BTreeSet::from([(80, 0), (443, 1)]));
        // Of one host a Secret is named that has expired; the other one is asked for by itself.
        controller.cluster.add("secret shop/old: {fixture: expired}");
        controller.cluster.add(&asking("tls: ['old a.example.com'],"));
        controller.settle_for(600).await;
        let both = BTreeSet::from([(80, 0), (443, 2)]);
        assert_eq!(listening(&site.aws.everything()), both);
        site.aws.forget_calls();
        for starts_anew in [false, true] {
            if starts_anew {
                site.start().settle_for(600).await;
            } else {
                controller.look_again();
                controller.settle_for(600).await;
            }
            assert_eq!(site.aws.performed(), [], "starts anew: {starts_anew}");
        }
        assert_eq!(listening(&site.aws.everything()), both);
        assert_eq!(remembered(&site), 2, "each once");
    });
}
