//! The tags of certificates that stand: those of today's flags and Ingresses.

use albedo::model::request::{CertificateRequest, RequestKey};

use super::support::site::Site;
use super::support::world::{settings, tags, wait};

const BOTH: &str = "
class own: {controller: alb.ingress.k8s.aws/albedo}
service shop/web: {ports: ['80:8080']}
secret shop/tls: {fixture: ec}
ingress shop/imports: {class: own, tls: [tls public.example.com],
  rules: [public.example.com Prefix / web:80]}
ingress shop/asks: {class: own, create-acm-cert: 'true', rules: [a.example.com Prefix / web:80]}
";

/// The values that a tag has, of all certificates.
fn values(site: &Site, key: &str) -> Vec<Option<String>> {
    let state = site.aws.everything();
    let imported = state.imported.values().map(|one| &one.tags);
    let all = imported.chain(state.requested.values().map(|one| &one.tags));
    all.map(|tags| tags.get(key).map(ToString::to_string)).collect()
}

#[test]
fn tags_that_the_flag_says_by_now_are_given_to_what_stands_and_none_is_taken() {
    wait(async {
        let site = Site::new(BOTH);
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        drop(site.settle().await);
        assert_eq!(values(&site, "team"), [None, None]);
        let mut tagged = settings();
        tagged.default_tags = tags(&[("team", "a")]);
        let later = Site { cluster: site.cluster.with(tagged), ..site.clone() };
        site.aws.forget_calls();
        drop(later.settle().await);
        assert_eq!(values(&site, "team"), [Some("a".to_owned()), Some("a".to_owned())]);
        let calls = site.aws.calls();
        assert_eq!(calls.get("acm.AddTagsToCertificate"), Some(&2), "{calls:?}");
        // Nothing is left to do, and the flag without it takes nothing away.
        site.aws.forget_calls();
        drop(later.settle().await);
        drop(site.settle().await);
        assert!(!site.aws.calls().contains_key("acm.AddTagsToCertificate"));
        assert_eq!(values(&site, "team"), [Some("a".to_owned()), Some("a".to_owned())]);
    });
}

#[test]
fn what_lbc_asked_for_keeps_its_tags() {
    wait(async {
        let mut settings = settings();
        settings.gates.certificate_management = true;
        settings.default_tags = tags(&[("team", "a")]);
        let sketch = "
service shop/web: {ports: ['80:8080']}
ingress shop/web: {create-acm-cert: 'true', rules: [a.example.com Prefix / web:80]}
";
        let site = Site::with(settings, sketch);
        let names = ["a.example.com".into()].into();
        let of_lbc = CertificateRequest {
            key: RequestKey { names, authority: None },
            tags: tags(&[
                ("elbv2.k8s.aws/cluster", "demo"),
                ("ingress.k8s.aws/stack", "shop/web"),
                ("ingress.k8s.aws/resource", "amazon_issued/a.example.com-12345678"),
            ]),
        };
        site.aws.change(|state| {
            state.add_zone("ZPUB", "example.com", false);
            state.ask(&of_lbc);
        });
        drop(site.settle().await);
        assert_eq!(values(&site, "team"), [None]);
        assert!(!site.aws.calls().contains_key("acm.AddTagsToCertificate"));
    });
}
