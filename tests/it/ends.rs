//! Until when certificates hold: who is told, and what is done when their time has come.

use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::id::AwsId;
use albedo::model::surroundings::{IssuedCertificate, Issuer};
use jiff::SignedDuration;

use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{CERTIFICATE, key, settings, wait};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The messages of one reason that an Ingress was sent.
fn told(site: &Site, name: &str, reason: &str) -> Vec<String> {
    let events = site.cluster.events().into_iter();
    let of_it = events.filter(|event| event.object.key == key(name) && event.reason == reason);
    of_it.map(|event| event.message).collect()
}

/// How many hours the certificates of listeners still hold.
fn left(controller: &Controller<Fake>) -> Vec<(u16, i64)> {
    let now = controller.clock.now();
    let world = controller.runtime.world().lock();
    let known = world.ends.known();
    known.map(|(_, port, _, end)| (port, end.duration_since(now).as_hours())).collect()
}

#[test]
fn a_secret_whose_time_has_come_is_imported_then_and_its_end_is_told() {
    wait(async {
        let mut settings = settings();
        settings.tls_secrets = true;
        let sketch = "
service shop/web: {ports: ['80:8080']}
secret shop/tls: {fixture: brief}
ingress shop/web: {tls: [tls public.example.com], rules: [public.example.com Prefix / web:80]}
";
        let site = Site::with(settings, sketch);
        let controller = site.settle().await;
        assert_eq!(site.aws.everything().imported.len(), 0);
        assert!(told(&site, "shop/web", "InvalidSecret")[0].contains("holds from"));
        // It holds from one hour after the beginning, for 49 hours.
        controller.clock.sleep(HOUR + Duration::from_secs(1)).await;
        controller.settle().await;
        assert_eq!(site.aws.everything().imported.len(), 1);
        assert_eq!(site.aws.everything().listeners.len(), 2);
        controller.clock.sleep(HOUR).await;
        assert_eq!(left(&controller), [(443, 47)]);
        let ends = told(&site, "shop/web", "CertificateEnds");
        assert!(ends.len() == 1 && ends[0].contains("within 3 days"), "{ends:?}");
        controller.clock.sleep(HOUR * 24).await;
        let ends = told(&site, "shop/web", "CertificateEnds");
        assert!(ends.len() == 2 && ends[1].contains("within a day"), "{ends:?}");
        controller.clock.sleep(HOUR * 25).await;
        let ends = told(&site, "shop/web", "CertificateEnds");
        assert!(ends.len() == 3 && ends[2].contains("has ended"), "{ends:?}");
        assert!(told(&site, "shop/web", "InvalidSecret").last().unwrap().contains("expired"));
        // What cannot be renewed goes on serving.
        assert_eq!(site.aws.everything().listeners.len(), 2);
        // A Secret that is renewed ends it.
        controller.cluster.add("secret shop/tls: {fixture: renewed}");
        controller.settle().await;
        assert!(left(&controller)[0].1 > 1000);
    });
}

#[test]
fn ends_of_what_others_made_are_told_once_each_to_those_who_use_it() {
    wait(async {
        let sketch = format!(
            "
service shop/web: {{ports: ['80:8080']}}
ingress shop/web:
  {{group.name: edge, listen-ports: '[{{\"HTTPS\":443}}]', certificate-arn: '{CERTIFICATE}',
   rules: [a.example.com Prefix / web:80]}}
ingress shop/plain: {{group.name: edge, rules: [b.example.com Prefix / web:80]}}
"
        );
        let site = Site::new(&sketch);
        let controller = site.settle().await;
        let end = controller.clock.now() + SignedDuration::from_hours(24 * 15);
        let names = ["a.example.com".to_owned()].into();
        site.aws.change(|state| {
            state.issue(IssuedCertificate {
                id: AwsId::new(CERTIFICATE),
                names,
                issuer: Issuer::Public,
                key_type: "RSA_2048".to_owned(),
                not_before: None,
                not_after: Some(end),
                is_whole: true,
            });
        });
        site.aws.forget_calls();
        controller.clock.sleep(HOUR).await;
        assert_eq!(left(&controller).len(), 1);
        assert_eq!(told(&site, "shop/web", "CertificateEnds").len(), 1);
        controller.clock.sleep(HOUR * 24 * 14).await;
        // 30 days, 14, 7, 3 and 1 before the end.
        let ends = told(&site, "shop/web", "CertificateEnds");
        let within = ["30 days", "14 days", "7 days", "3 days", "a day"];
        let all = ends.iter().zip(within).all(|(said, within)| said.contains(within));
        assert!(ends.len() == 5 && all, "{ends:?}");
        assert_eq!(told(&site, "shop/plain", "CertificateEnds"), [] as [String; 0]);
        // In two weeks a list an hour, once it is due.
        let lists = site.aws.calls()["acm.ListCertificates"];
        assert!((300..24 * 14).contains(&lists), "{lists}");
    });
}

#[test]
fn who_may_not_list_certificates_loses_nothing_else() {
    wait(async {
        let sketch = format!(
            "
service shop/web: {{ports: ['80:8080']}}
ingress shop/web:
  {{listen-ports: '[{{\"HTTPS\":443}}]', certificate-arn: '{CERTIFICATE}',
   rules: [a.example.com Prefix / web:80]}}
"
        );
        let site = Site::new(&sketch);
        site.aws.forbid(&["acm"]);
        let controller = site.settle().await;
        controller.clock.sleep(HOUR * 24).await;
        assert_eq!(site.aws.everything().listeners.len(), 1);
        assert_eq!(left(&controller), []);
        assert_eq!(told(&site, "shop/web", "CertificateEnds"), [] as [String; 0]);
    });
}
