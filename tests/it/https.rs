//! An Ingress that gets its certificates elsewhere than before goes on serving with those that it
//! had until the new ones stand.

use std::collections::BTreeSet;

use albedo::model::id::{AwsId, Id, ObjectKey};

use super::support::fake::{Fake, State};
use super::support::site::{Controller, Site};
use super::support::world::{CERTIFICATE, fake, settings, wait};

/// An Ingress that names a certificate by its ARN, and another of its group that names none.
const BY_ARN: &str = "
service shop/web: {ports: ['80:8080']}
ingress shop/web:
  {group.name: edge, listen-ports: '[{\"HTTPS\":443}]', certificate-arn: CERTIFICATE,
   rules: [public.example.com Exact /a web:80]}
ingress shop/other: {group.name: edge, rules: [any Exact /o web:80]}
";

/// The same by a TLS Secret.
const BY_SECRET: &str = "
ingress shop/web:
  {group.name: edge, listen-ports: '[{\"HTTPS\":443}]', tls: [tls public.example.com],
   rules: [public.example.com Exact /a web:80]}
";

async fn standing() -> (Site, Controller<Fake>) {
    let mut settings = settings();
    settings.tls_secrets = true;
    let site = Site::with(settings, &BY_ARN.replace("CERTIFICATE", CERTIFICATE));
    let controller = site.settle().await;
    site.aws.forget_calls();
    (site, controller)
}

/// The certificates of the HTTPS listener, if it stands and has its rule.
fn served_with(state: &State) -> BTreeSet<AwsId> {
    let listeners = state.listeners.iter().filter(|(id, listener)| {
        listener.port == 443 && state.rules.values().any(|rule| rule.listener == **id)
    });
    let all = listeners.flat_map(|(_, listener)| {
        listener.spec.default_certificate.iter().chain(&listener.spec.certificates)
    });
    all.filter_map(Id::given).cloned().collect()
}

/// Whether HTTPS was served after every write since the beginning.
fn was_served_all_along(start: &State, site: &Site) {
    let replay = fake();
    replay.change(|state| *state = start.clone());
    for action in site.aws.performed() {
        replay.meddle(&action).unwrap();
        assert!(!served_with(&replay.everything()).is_empty(), "after {action:?}");
    }
}

#[test]
fn a_secret_takes_the_place_of_an_arn_once_it_is_imported() {
    wait(async {
        let (site, controller) = standing().await;
        let start = site.aws.everything();
        let old = BTreeSet::from([AwsId::new(CERTIFICATE)]);
        controller.cluster.add(BY_SECRET);
        // cert-manager takes its time.
        controller.settle_for(30).await;
        assert_eq!(served_with(&site.aws.everything()), old);
        controller.cluster.add("secret shop/tls: {fixture: ec}");
        controller.settle().await;
        let new = served_with(&site.aws.everything());
        assert!(new.len() == 1 && new.is_disjoint(&old), "{new:?}");
        was_served_all_along(&start, &site);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn what_served_before_goes_on_while_acm_imports_nothing() {
    wait(async {
        let (site, controller) = standing().await;
        let start = site.aws.everything();
        site.aws.outage(&["acm"]);
        controller.cluster.add(BY_SECRET);
        controller.cluster.add("secret shop/tls: {fixture: ec}");
        controller.settle_for(120).await;
        assert_eq!(served_with(&site.aws.everything()), BTreeSet::from([AwsId::new(CERTIFICATE)]));
        site.aws.outage(&[]);
        controller.settle().await;
        assert_ne!(served_with(&site.aws.everything()), BTreeSet::from([AwsId::new(CERTIFICATE)]));
        was_served_all_along(&start, &site);
    });
}

#[test]
fn a_new_ingress_is_served_by_http_alone_until_its_secret_is_imported() {
    wait(async {
        let (site, controller) = standing().await;
        controller.cluster.delete(&ObjectKey::new("shop", "web"));
        controller.settle().await;
        assert_eq!(served_with(&site.aws.everything()), BTreeSet::new());
        controller.cluster.add(BY_SECRET);
        controller.settle_for(30).await;
        // Nothing that served for who is gone serves for who comes.
        assert_eq!(served_with(&site.aws.everything()), BTreeSet::new());
    });
}

#[test]
fn what_acm_does_not_take_in_place_is_another_certificate_that_serves_before_the_old_one_goes() {
    // Another kind of key, and a key that is for less.
    for (first, second) in [("ec", "rsa"), ("usages", "ec")] {
        wait(async {
            let mut settings = settings();
            settings.tls_secrets = true;
            let sketch = format!(
                "{BY_SECRET}
service shop/web: {{ports: ['80:8080']}}
secret shop/tls: {{fixture: {first}}}"
            );
            let site = Site::with(settings, &sketch);
            let controller = site.settle().await;
            let start = site.aws.everything();
            let old = served_with(&start);
            assert_eq!(old.len(), 1, "{first}");
            site.aws.forget_calls();
            controller.cluster.add(&format!("secret shop/tls: {{fixture: {second}}}"));
            controller.settle().await;
            let state = site.aws.everything();
            let new = served_with(&state);
            assert!(new.len() == 1 && new.is_disjoint(&old), "{second}: {new:?}");
            assert_eq!(state.imported.keys().cloned().collect::<BTreeSet<_>>(), new);
            was_served_all_along(&start, &site);
            let writes: Vec<_> =
                site.aws.performed().iter().map(|action| action.operation().1).collect();
            let (first, last) = (writes.first(), writes.last());
            assert_eq!((first, last), (Some(&"ImportCertificate"), Some(&"DeleteCertificate")));
            // Whoever starts then finds the same, and nothing to do.
            site.aws.forget_calls();
            drop(controller);
            site.settle().await;
            assert_eq!((site.aws.performed(), site.refused()), (vec![], 0));
        });
    }
}

#[test]
fn a_host_has_certificates_of_both_kinds_of_keys_each_renewed_by_itself() {
    wait(async {
        let mut settings = settings();
        settings.tls_secrets = true;
        let both = BY_SECRET
            .replace("[tls public.example.com]", "[rsa public.example.com, ec public.example.com]");
        let sketch = format!(
            "{both}
service shop/web: {{ports: ['80:8080']}}
secret shop/rsa: {{fixture: rsa}}
secret shop/ec: {{fixture: ec}}"
        );
        let site = Site::with(settings, &sketch);
        let controller = site.settle().await;
        let before = served_with(&site.aws.everything());
        assert_eq!(before.len(), 2);
        site.aws.forget_calls();
        controller.cluster.add("secret shop/ec: {fixture: renewed}");
        controller.settle().await;
        let writes = site.aws.performed();
        assert_eq!(writes.len(), 1, "{writes:?}");
        assert_eq!(served_with(&site.aws.everything()), before);
    });
}

#[test]
fn imports_of_a_secret_that_changes_all_the_time_are_few_and_the_last_one_is_made() {
    wait(async {
        let (site, controller) = standing().await;
        controller.cluster.add(BY_SECRET);
        controller.cluster.add("secret shop/tls: {fixture: ec}");
        controller.settle().await;
        let imports = || {
            let calls = site.aws.calls();
            calls.get("acm.ImportCertificate").copied().unwrap_or_default()
        };
        assert_eq!(imports(), 1);
        site.cluster.forget_calls();
        for round in 0..30 {
            let fixture = if round % 2 == 0 { "renewed" } else { "ec" };
            controller.cluster.add(&format!("secret shop/tls: {{fixture: {fixture}}}"));
            controller.settle_for(1).await;
        }
        assert_eq!(imports(), 2, "the second one comes at once, the others do not");
        let held = site.cluster.events().into_iter().filter(|event| event.reason == "ImportHeld");
        let held: BTreeSet<String> = held.map(|event| event.message).collect();
        let Some(only) = held.first().filter(|_| held.len() == 1) else { panic!("{held:?}") };
        assert!(only.contains("one import each ten minutes"), "{only}");
        // Whoever starts then knows when ACM took the last one.
        drop(controller);
        let controller = site.start();
        controller.settle_for(30).await;
        assert_eq!(imports(), 3);
        controller.cluster.add("secret shop/tls: {fixture: renewed}");
        controller.settle_for(30).await;
        assert_eq!(imports(), 3);
        controller.settle().await;
        assert_eq!(imports(), 4);
        let served = served_with(&site.aws.everything());
        assert_eq!(served.len(), 1);
    });
}

#[test]
fn who_has_no_listener_yet_is_shown_to_nobody() {
    wait(async {
        // AWS has no such certificate.
        let alone = BY_ARN.lines().filter(|line| !line.starts_with("ingress shop/other"));
        let alone = alone.collect::<Vec<_>>().join("\n");
        let nowhere = "arn:aws:acm:us-east-1:111122223333:certificate/gone";
        let site = Site::new(&alone.replace("CERTIFICATE", nowhere));
        let controller = site.start();
        controller.settle_for(600).await;
        let stands = |state: &State| (state.load_balancers.len(), state.listeners.len());
        let shown = || {
            let objects = site.cluster.objects.read().unwrap();
            albedo::report::shown(&objects.ingresses[&ObjectKey::new("shop", "web")]).len()
        };
        assert_eq!((stands(&site.aws.everything()), shown()), ((1, 0), 0));
        site.cluster.add(&alone.replace("CERTIFICATE", CERTIFICATE));
        controller.settle_for(60).await;
        assert_eq!((stands(&site.aws.everything()), shown()), ((1, 1), 1));
    });
}
