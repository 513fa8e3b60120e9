//! Certificates that are found by host.

use std::collections::BTreeSet;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::id::{AwsId, Id};
use albedo::model::surroundings::{IssuedCertificate, Issuer};

use super::support::canon;
use super::support::fake::{Fake, State};
use super::support::site::{Controller, Site};
use super::support::world::{key, settings, wait};

const AUTHORITY: &str = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/ours";

/// One Ingress of each kind of class, each with a sibling that asks for no certificate.
const APPS: &str = "
class own: {controller: alb.ingress.k8s.aws/albedo}
service shop/web: {ports: ['80:8080']}
ingress shop/lbc:
  {group.name: lbc, listen-ports: '[{\"HTTPS\":443}]', rules: [a.example.com Exact /a web:80]}
ingress shop/own:
  {class: own, group.name: own, listen-ports: '[{\"HTTPS\":443}]',
   rules: [a.example.com Exact /a web:80]}
ingress shop/plain: {group.name: lbc, rules: [any Exact /o web:80]}
";

fn arn(name: &str) -> AwsId {
    AwsId::new(format!("arn:aws:acm:us-east-1:123456789012:certificate/{name}"))
}

fn certificate(name: &str, hosts: &[&str], key_type: &str, until: i64) -> IssuedCertificate {
    IssuedCertificate {
        id: arn(name),
        names: hosts.iter().map(|host| (*host).to_owned()).collect(),
        issuer: Issuer::Public,
        key_type: key_type.to_owned(),
        not_before: None,
        not_after: Some(jiff::Timestamp::from_second(until).unwrap()),
        is_whole: true,
    }
}

/// Long after any test.
const LATE: i64 = 4_000_000_000;

fn issue(site: &Site, certificates: impl IntoIterator<Item = IssuedCertificate>) {
    site.aws.change(|state| certificates.into_iter().for_each(|one| state.issue(one)));
}

/// The certificates of the HTTPS listener of a group, its default one first.
fn served(state: &State, group: &str) -> Vec<String> {
    let of_group = state.listeners.values().filter(|listener| {
        let tags = &state.load_balancers[&listener.load_balancer].spec.tags;
        listener.port == 443 && tags.get("ingress.k8s.aws/stack").is_some_and(|tag| tag == group)
    });
    let ids = of_group.flat_map(|listener| {
        let default = listener.spec.default_certificate.iter();
        default.chain(&listener.spec.certificates)
    });
    let ids =
        ids.filter_map(Id::given).map(|id| id.as_str().rsplit('/').next().unwrap().to_owned());
    let mut seen = BTreeSet::new();
    ids.filter(|id| seen.insert(id.clone())).collect()
}

/// Lets a census or two pass: nobody tells of a certificate.
async fn later(controller: &Controller<Fake>) {
    controller.clock.sleep(Duration::from_secs(300)).await;
    controller.settle_for(60).await;
}

async fn standing(certificates: Vec<IssuedCertificate>) -> (Site, Controller<Fake>) {
    let site = Site::new(APPS);
    issue(&site, certificates);
    let controller = site.settle().await;
    assert_eq!(site.refused(), 0);
    (site, controller)
}

#[test]
fn lbc_classes_take_every_certificate_of_a_host_in_the_order_of_their_arns() {
    wait(async {
        let (site, _controller) = standing(vec![
            certificate("3-exact", &["a.example.com"], "RSA_2048", LATE),
            certificate("1-wildcard", &["*.example.com"], "EC_prime256v1", LATE),
            certificate("2-other", &["b.example.com"], "RSA_2048", LATE),
        ])
        .await;
        assert_eq!(served(&site.aws.everything(), "lbc"), ["1-wildcard", "3-exact"]);
        let calls = site.aws.calls();
        assert_eq!(
            calls["acm.ListCertificates"], 3,
            "for all, for imports, for what was asked for"
        );
        assert_eq!(site.aws.calls().get("acm.DescribeCertificate"), None);
    });
}

#[test]
fn own_classes_take_what_clients_can_use_and_what_lasts_one_for_each_kind_of_key() {
    wait(async {
        let private = Issuer::Private(Some(AwsId::new(AUTHORITY)));
        let (site, controller) = standing(vec![
            certificate("1-wildcard", &["*.example.com"], "RSA_2048", LATE + 9),
            certificate("2-short", &["a.example.com"], "RSA_2048", LATE - 9),
            certificate("3-long", &["a.example.com"], "RSA_2048", LATE),
            certificate("4-ec", &["a.example.com"], "EC_prime256v1", LATE - 9),
            certificate("5-over", &["a.example.com"], "EC_prime256v1", 0),
            IssuedCertificate {
                issuer: private,
                ..certificate("0-private", &["a.example.com"], "RSA_2048", LATE + 99)
            },
        ])
        .await;
        assert_eq!(served(&site.aws.everything(), "own"), ["3-long", "4-ec"]);
        // A better one comes, and nobody says so.
        issue(&site, [certificate("9-longer", &["a.example.com"], "RSA_2048", LATE + 1)]);
        later(&controller).await;
        assert_eq!(served(&site.aws.everything(), "own"), ["9-longer", "4-ec"]);
    });
}

#[test]
fn what_a_cluster_made_of_a_secret_is_for_that_secret_on_own_classes() {
    wait(async {
        let site = Site::new(APPS);
        site.cluster.add(
            "
secret shop/tls: {fixture: ec}
ingress shop/tls:
  {class: own, tls: [tls public.example.com], rules: [public.example.com Exact /a web:80]}
ingress shop/seeks:
  {class: own, group.name: seeks, listen-ports: '[{\"HTTPS\":443}]',
   rules: [public.example.com Exact /a web:80]}
",
        );
        let controller = site.start();
        controller.settle_for(120).await;
        let state = site.aws.everything();
        assert_eq!(state.imported.len(), 1);
        assert_eq!(served(&state, "seeks"), [""; 0]);
        issue(&site, [certificate("free", &["public.example.com"], "RSA_2048", LATE)]);
        later(&controller).await;
        assert_eq!(served(&site.aws.everything(), "seeks"), ["free"]);
    });
}

#[test]
fn a_host_without_a_certificate_is_told_and_served_once_there_is_one() {
    wait(async {
        let site = Site::new(APPS);
        let controller = site.start();
        controller.settle_for(120).await;
        let events = site.cluster.events();
        let of_lbc: Vec<_> =
            events.iter().filter(|one| one.object.key == key("shop/lbc")).collect();
        assert_eq!(of_lbc.len(), 1, "{of_lbc:#?}");
        assert_eq!(of_lbc[0].reason, "NoCertificate");
        let text = "ACM has no certificate for \"a.example.com\"";
        assert!(of_lbc[0].message.contains(text), "{}", of_lbc[0].message);
        assert_eq!(canon::rules(&site.aws.everything()).len(), 1, "its sibling is served");
        issue(&site, [certificate("new", &["a.example.com"], "RSA_2048", LATE)]);
        controller.settle_for(120).await;
        assert_eq!(served(&site.aws.everything(), "lbc"), ["new"]);
    });
}

#[test]
fn what_is_listed_no_longer_goes_on_serving_and_its_ingress_hears_of_it() {
    wait(async {
        let one = certificate("one", &["a.example.com"], "RSA_2048", LATE);
        let (site, controller) = standing(vec![one.clone()]).await;
        let before = canon::aws(&site.aws.everything());
        site.aws.change(|state| _ = state.issued.remove(&one.id));
        later(&controller).await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        assert!(site.cluster.events().iter().any(|event| event.reason == "NoCertificate"));
        // Nor does another process take it away.
        drop(controller);
        let controller = site.start();
        later(&controller).await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
    });
}

#[test]
fn while_acm_cannot_be_read_certificates_stay_and_rules_do_not_wait() {
    wait(async {
        let one = certificate("one", &["a.example.com"], "RSA_2048", LATE);
        let (site, controller) = standing(vec![one]).await;
        let before = canon::aws(&site.aws.everything());
        site.aws.outage(&["acm"]);
        // Another process knows of no certificate, and takes none away.
        site.start().settle_for(60).await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        later(&controller).await;
        site.cluster.add(
            "ingress shop/lbc: {group.name: lbc, listen-ports: '[{\"HTTPS\":443}]', \
             rules: [a.example.com Exact /b web:80]}",
        );
        controller.settle_for(60).await;
        let state = site.aws.everything();
        assert_eq!(served(&state, "lbc"), ["one"]);
        let rules = canon::rules(&state);
        assert!(rules.iter().any(|rule| rule.contains("/b")), "{rules:#?}");
    });
}

#[test]
fn where_authorities_are_named_only_their_certificates_count() {
    wait(async {
        let mut settings = settings();
        settings.certificate_authorities = vec![AwsId::new(AUTHORITY)];
        let site = Site::with(settings, APPS);
        let by = |name: &str, authority: &str| IssuedCertificate {
            issuer: Issuer::Private(Some(AwsId::new(authority))),
            ..certificate(name, &["a.example.com"], "RSA_2048", LATE)
        };
        let public = certificate("public", &["a.example.com"], "RSA_2048", LATE);
        issue(&site, [public, by("ours", AUTHORITY), by("theirs", "arn:aws:acm-pca:x")]);
        let controller = site.settle().await;
        let state = site.aws.everything();
        assert_eq!(served(&state, "lbc"), ["ours"]);
        assert_eq!(served(&state, "own"), ["ours"]);
        assert_eq!(site.aws.calls()["acm.DescribeCertificate"], 2, "once for each private one");
        later(&controller).await;
        assert_eq!(site.aws.calls()["acm.DescribeCertificate"], 2);
    });
}

#[test]
fn a_text_without_an_arn_names_no_certificate() {
    wait(async {
        let site = Site::new(
            "
class own: {controller: alb.ingress.k8s.aws/albedo}
service shop/web: {ports: ['80:8080']}
secret shop/tls: {fixture: ec}
ingress shop/lbc:
  {group.name: lbc, listen-ports: '[{\"HTTPS\":443}]', certificate-arn: '',
   rules: [a.example.com Exact /a web:80]}
ingress shop/own:
  {class: own, group.name: own, certificate-arn: ' , ', tls: [tls public.example.com],
   rules: [public.example.com Exact /a web:80]}
",
        );
        issue(&site, [certificate("found", &["a.example.com"], "RSA_2048", LATE)]);
        let _controller = site.settle().await;
        let state = site.aws.everything();
        assert_eq!(served(&state, "lbc"), ["found"]);
        assert_eq!((served(&state, "own").len(), state.imported.len()), (1, 1));
    });
}
