//! Certificates that ACM is asked for: once for a set of names, proved by records, shared.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::id::{AwsId, Id};
use albedo::model::index::Seen;
use albedo::model::inventory::RequestInventory;
use albedo::model::known::Known;
use albedo::model::problem::{Code, Severity};
use albedo::model::record::{Record, RecordType, RecordValue};
use albedo::model::request::{
    CertificateRequest, LiveRequest, RequestFacts, RequestKey, RequestState,
};
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::stack::{RequestStack, Use};
use albedo::model::tenure::Tenure;
use albedo::plan;
use jiff::Timestamp;

use super::support::fake::{Issuing, State};
use super::support::site::Site;
use super::support::world::{World, key, settings, tags, wait};

mod bad;
mod paced;
mod packed;
mod packing;

/// An Ingress of our own class that asks for a certificate.
const ASKING: &str = "
class own: {controller: alb.ingress.k8s.aws/albedo}
service shop/web: {ports: ['80:8080']}
ingress shop/web:
  {class: own, group.name: edge, create-acm-cert: 'true',
   rules: [a.example.com Prefix / web:80, '*.example.com Prefix / web:80']}
";
/// Another one, of another group, with the same hosts.
const SAME: &str = "
ingress shop/same:
  {class: own, group.name: other, create-acm-cert: 'true',
   rules: ['*.example.com Prefix / web:80', a.example.com Prefix / web:80]}
";

fn site(settings: Settings, sketch: &str) -> Site {
    let site = Site::with(settings, sketch);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

/// The ports that listen, each with how many certificates.
fn listening(state: &State) -> BTreeSet<(u16, usize)> {
    let each = state.listeners.values().map(|listener| {
        let default = listener.spec.default_certificate.iter();
        let all: BTreeSet<&Id> = default.chain(&listener.spec.certificates).collect();
        (listener.port, all.len())
    });
    each.collect()
}

fn proofs(state: &State) -> Vec<Record> {
    let zone = &state.zones[&AwsId::new("ZPUB")];
    let is_cname = |record: &&Record| record.key.record_type == RecordType::Cname;
    zone.records.values().filter(is_cname).cloned().collect()
}

fn requests(site: &Site) -> usize {
    site.aws.calls().get("acm.RequestCertificate").copied().unwrap_or_default()
}

#[test]
fn hosts_are_proved_and_served_by_one_certificate_whoever_asks() {
    wait(async {
        let site = site(settings(), &format!("{ASKING}{SAME}"));
        let controller = site.settle().await;
        let state = site.aws.everything();
        assert_eq!(listening(&state), BTreeSet::from([(80, 0), (443, 1)]));
        // The wildcard is proved by a record of the domain above it.
        let [proof, one_more] = &proofs(&state)[..] else { panic!("{:?}", proofs(&state)) };
        assert_ne!(proof.key.name, one_more.key.name);
        assert_eq!((requests(&site), site.refused()), (1, 0));
        // Nothing is left to do, also for who starts anew.
        site.aws.forget_calls();
        drop(controller);
        let controller = site.settle().await;
        assert_eq!(site.aws.performed(), []);
        // One of them goes: the other keeps the certificate. Then it goes, and its records stay.
        controller.cluster.delete(&key("shop/same"));
        controller.settle().await;
        assert_eq!(site.aws.everything().requested.len(), 1);
        controller.cluster.delete(&key("shop/web"));
        controller.settle().await;
        let state = site.aws.everything();
        assert_eq!((state.requested.len(), state.listeners.len()), (0, 0));
        assert_eq!(proofs(&state).len(), 2);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn http_goes_on_and_siblings_are_served_while_a_certificate_is_not_issued() {
    wait(async {
        let sibling = "
ingress shop/plain: {class: own, group.name: edge, rules: [b.example.com Prefix / web:80]}
";
        let site = site(settings(), &format!("{ASKING}{sibling}"));
        // Somebody's record is in the way of the proof.
        let theirs = RecordValue::Values { ttl: 5, values: vec!["elsewhere.example.org".into()] };
        let theirs = Record::simple("_proof.example.com", RecordType::Cname, theirs);
        site.aws.change(|state| {
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
            zone.records.insert(theirs.key.clone(), theirs.clone());
        });
        let controller = site.start();
        controller.settle_for(600).await;
        let state = site.aws.everything();
        assert_eq!(listening(&state), BTreeSet::from([(80, 0)]));
        assert_eq!(state.rules.len(), 3);
        assert!(proofs(&state).contains(&theirs));
        let events = site.cluster.events();
        let of = |name: &str| events.iter().filter(|one| one.object.key == key(name)).count();
        assert!(events.iter().any(|one| one.reason == "ForeignRecord"), "{events:?}");
        assert_eq!(of("shop/plain"), 1, "the one that says that it is served: {events:?}");
        // Ten minutes, a look a minute, at all that wait together.
        let [lists, looks] = ["ListCertificates", "DescribeCertificate"]
            .map(|operation| site.aws.calls()[&format!("acm.{operation}")]);
        assert!((8..=14).contains(&lists) && looks < 4, "{lists} {looks}");
        assert_eq!(requests(&site), 1);
        site.aws.change(|state| {
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
            zone.records.remove(&theirs.key);
        });
        // Nobody looks at the whole zone again: while ACM waits, the names are looked at.
        controller.settle_for(180).await;
        assert!(listening(&site.aws.everything()).contains(&(443, 1)));
    });
}

#[test]
fn what_served_before_serves_until_the_new_certificate_is_issued() {
    wait(async {
        let site = site(settings(), ASKING);
        let controller = site.settle().await;
        let [old] = &site.aws.everything().requested.into_keys().collect::<Vec<_>>()[..] else {
            panic!("one was asked for");
        };
        site.aws.change(|state| state.add_zone("ZORG", "example.org", true));
        controller.cluster.add(
            "ingress shop/web:
              {class: own, group.name: edge, create-acm-cert: 'true',
               rules: [a.example.com Prefix / web:80, a.example.org Prefix / web:80]}",
        );
        controller.settle_for(900).await;
        let state = site.aws.everything();
        // A private zone proves nothing: nobody is asked, and who asked hears of it.
        assert_eq!(state.requested.keys().collect::<Vec<_>>(), [old]);
        assert_eq!(listening(&state), BTreeSet::from([(80, 0), (443, 1)]));
        let events = site.cluster.events();
        assert!(events.iter().any(|one| one.reason == "NoHostedZone"), "{events:?}");
        site.aws.change(|state| state.add_zone("ZORG2", "example.org", false));
        controller.clock.sleep(Duration::from_secs(600)).await;
        controller.settle().await;
        let state = site.aws.everything();
        assert_eq!((requests(&site), state.requested.len()), (2, 1));
        assert!(!state.requested.contains_key(old), "the old one goes once it is not used");
        assert_eq!(listening(&state), BTreeSet::from([(80, 0), (443, 1)]));
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_refusal_is_told_and_holds_up_nothing() {
    wait(async {
        let site = site(settings(), ASKING);
        site.aws.change(|state| _ = state.refused_names.insert("a.example.com".to_owned()));
        let controller = site.start();
        controller.settle_for(600).await;
        assert_eq!(listening(&site.aws.everything()), BTreeSet::from([(80, 0)]));
        let events = site.cluster.events();
        let told: Vec<_> = events.iter().filter(|one| one.reason == "NoCertificate").collect();
        assert!(told.iter().any(|one| one.message.contains("refuses")), "{events:?}");
    });
}

#[test]
fn without_names_of_ours_only_proofs_are_written() {
    wait(async {
        let mut settings = settings();
        settings.dns.scope = DnsScope::Off;
        let site = site(settings, ASKING);
        // Whose Ingress is gone: with names this would be withdrawn.
        let controller = site.settle().await;
        let state = site.aws.everything();
        let zone = &state.zones[&AwsId::new("ZPUB")];
        assert_eq!(zone.records.len(), proofs(&state).len());
        assert_eq!(listening(&state), BTreeSet::from([(80, 0), (443, 1)]));
        // Nothing waits for names.
        controller.cluster.delete(&key("shop/web"));
        controller.settle().await;
        assert!(site.aws.everything().load_balancers.is_empty());
    });
}

#[test]
fn lbc_s_classes_ask_with_its_gate_only_and_take_over_what_it_asked_for() {
    const OF_LBC: &str = "
service shop/web: {ports: ['80:8080']}
ingress shop/web: {create-acm-cert: 'true', rules: [a.example.com Prefix / web:80]}
";
    wait(async {
        let site = site(settings(), OF_LBC);
        site.settle().await;
        assert_eq!(listening(&site.aws.everything()), BTreeSet::from([(80, 0)]));
        assert_eq!(requests(&site), 0);
    });
    wait(async {
        let mut settings = settings();
        settings.gates.certificate_management = true;
        let site = site(settings, OF_LBC);
        // As LBC makes it.
        let of_lbc = CertificateRequest {
            key: request(&["a.example.com"]),
            tags: tags(&[
                ("elbv2.k8s.aws/cluster", "demo"),
                ("ingress.k8s.aws/stack", "shop/web"),
                ("ingress.k8s.aws/resource", "amazon_issued/a.example.com-12345678"),
            ]),
        };
        site.aws.change(|state| state.ask(&of_lbc));
        let controller = site.settle().await;
        let state = site.aws.everything();
        assert_eq!(requests(&site), 0);
        // HTTPS alone, as with LBC, once it is issued.
        assert_eq!(listening(&state), BTreeSet::from([(443, 1)]));
        controller.cluster.delete(&key("shop/web"));
        controller.settle().await;
        assert_eq!(site.aws.everything().requested.len(), 0);
    });
}

#[test]
fn a_class_asks_for_the_hosts_of_tls_that_name_no_secret() {
    wait(async {
        let sketch = "
class own:
  {controller: alb.ingress.k8s.aws/albedo, alb.ingress.k8s.aws/request-certificates: 'true'}
service shop/web: {ports: ['80:8080']}
secret shop/tls: {fixture: ec}
ingress shop/web:
  {class: own, group.name: edge, tls: ['tls public.example.com', '- a.example.com'],
   rules: [a.example.com Prefix / web:80, b.example.com Prefix / web:80]}
";
        let site = site(settings(), sketch);
        site.settle().await;
        let state = site.aws.everything();
        let asked: Vec<_> = state.requested.values().map(|one| one.facts.names.len()).collect();
        assert_eq!((asked, state.imported.len()), (vec![1], 1));
        assert_eq!(listening(&state), BTreeSet::from([(80, 0), (443, 2)]));
    });
}

#[test]
fn eleven_names_are_two_certificates() {
    wait(async {
        let rules: Vec<String> =
            (0..11).map(|n| format!("h{n}.example.com Prefix / web:80")).collect();
        let sketch = format!(
            "
class own: {{controller: alb.ingress.k8s.aws/albedo}}
service shop/web: {{ports: ['80:8080']}}
ingress shop/web: {{class: own, create-acm-cert: 'true', rules: {rules:?}}}
"
        );
        let site = site(settings(), &sketch);
        site.settle().await;
        assert_eq!((requests(&site), site.refused()), (2, 0));
        assert!(listening(&site.aws.everything()).contains(&(443, 2)));
    });
}

#[test]
fn an_authority_of_private_ca_takes_no_proof_and_no_zone() {
    wait(async {
        let authority = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/ours";
        let asking = ASKING.replace(
            "create-acm-cert: 'true',",
            &format!("create-acm-cert: 'true', acm-pca-arn: '{authority}',"),
        );
        let site = Site::new(&asking);
        site.aws.outage(&["route53"]);
        let controller = site.start();
        controller.settle_for(60).await;
        let state = site.aws.everything();
        let asked: Vec<_> = state.requested.values().map(|one| &one.facts.authority).collect();
        assert_eq!(asked, [&Some(AwsId::new(authority))]);
        assert_eq!(listening(&state), BTreeSet::from([(80, 0), (443, 1)]));
    });
}

#[test]
fn a_certificate_has_the_tags_that_are_asked_for() {
    wait(async {
        let mut settings = settings();
        settings.default_tags = tags(&[("team", "all"), ("from", "flag")]);
        let class = "class own: {controller: alb.ingress.k8s.aws/albedo, params: p}
params p: {tags: [{key: from-class, value: yes}]}";
        let tagged = ASKING
            .replace("class own: {controller: alb.ingress.k8s.aws/albedo}", class)
            .replace("create-acm-cert: 'true',", "create-acm-cert: 'true', tags: 'a=b,team=mine',");
        let site = site(settings, &tagged);
        site.settle().await;
        let state = site.aws.everything();
        let found = &state.requested.values().next().unwrap().tags;
        for (key, value) in [("a", "b"), ("from-class", "yes"), ("from", "flag"), ("team", "all")] {
            assert_eq!(found.get(key).map(smol_str::SmolStr::as_str), Some(value), "{found:?}");
        }
        assert_eq!((requests(&site), site.refused()), (1, 0));
    });
}

#[test]
fn what_is_wrong_with_asking_is_told() {
    let told = |sketch: &str| {
        let built = World::new(sketch).build("edge");
        let each = built.problems.iter().map(|problem| (problem.code, problem.severity));
        each.collect::<Vec<_>>()
    };
    let bad = ASKING.replace("'true'", "maybe");
    assert_eq!(told(&bad), [(Code::InvalidAnnotation, Severity::Error)]);
    let hostless = ASKING.replace("a.example.com Prefix", "any Prefix");
    let hostless = hostless.replace(", '*.example.com Prefix / web:80'", "");
    assert_eq!(told(&hostless), [(Code::InvalidAnnotation, Severity::Warning)]);
    assert_eq!(told(ASKING), []);
    // Nothing that could be found later: it is not looked again and again.
    wait(async {
        let site = site(settings(), &hostless);
        site.settle().await;
        assert_eq!(listening(&site.aws.everything()), BTreeSet::from([(80, 0)]));
    });
}

fn request(names: &[&str]) -> RequestKey {
    RequestKey { names: names.iter().copied().map(Into::into).collect(), authority: None }
}

#[test]
fn what_failed_is_asked_for_again_after_an_hour_and_goes_once_another_stands() {
    let asked = request(&["a.example.com"]);
    let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
    let stack = |seconds: i64| RequestStack {
        use_of_it: Use::Used,
        is_held: false,
        unproved: Some(BTreeSet::new()),
        request: CertificateRequest { key: asked.clone(), tags: tags(&[]) },
        listening: Some(std::sync::Arc::default()),
        now: at(seconds),
    };
    let live = |id: &str, state| LiveRequest {
        id: AwsId::new(id),
        tags: tags(&[]),
        facts: RequestFacts {
            names: asked.names.clone(),
            authority: None,
            state,
            requested_at: at(0),
            validations: BTreeSet::new(),
            renewal: None,
        },
    };
    let failed = || live("failed", RequestState::Ended { why: "FAILED: CAA_ERROR".to_owned() });
    let inventory = |all| RequestInventory { certificates: Known::Is(all, at(0)) };
    let steps = |stack: &RequestStack, inventory: &RequestInventory| {
        let plan = plan::request::plan(stack, inventory);
        assert_eq!(plan::check::request(&plan, stack), []);
        plan.steps.iter().map(|step| step.action.operation().1).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(steps(&stack(3599), &inventory(vec![failed()])), none);
    assert_eq!(steps(&stack(3600), &inventory(vec![failed()])), ["RequestCertificate"]);
    let pending = || live("pending", RequestState::Pending);
    assert_eq!(steps(&stack(9999), &inventory(vec![failed(), pending()])), ["DeleteCertificate"]);
    // Where zones are unknown, nobody is asked, and nothing goes that somebody uses.
    let blind = RequestStack { unproved: None, ..stack(9999) };
    assert_eq!(steps(&blind, &inventory(Vec::new())), none);
    let issued = live("issued", RequestState::Issued { not_after: at(99_999) });
    let all = inventory(vec![pending(), issued]);
    assert_eq!(plan::request::current(&all).map(|live| live.id.as_str()), Some("issued"));
    let unknown = RequestStack { use_of_it: Use::Unknown, ..stack(9999) };
    assert_eq!(steps(&unknown, &all), none);
    let unused = RequestStack { use_of_it: Use::Unused, ..stack(9999) };
    assert_eq!(steps(&unused, &all), ["DeleteCertificate", "DeleteCertificate"]);
}

#[test]
fn what_is_no_longer_asked_for_between_two_tenures_goes_as_well() {
    wait(async {
        let site = site(settings(), ASKING);
        let controller = site.settle().await;
        assert_eq!(site.aws.everything().requested.len(), 1);
        controller.tenure.send_replace(None);
        site.cluster.add(&ASKING.replace("create-acm-cert: 'true'", "create-acm-cert: 'false'"));
        controller.settle_for(5).await;
        let now = controller.clock.moment();
        controller.sight.all_listed(now);
        controller.tenure.send_replace(Some(Tenure::for_ever(now)));
        controller.settle().await;
        assert!(site.aws.everything().requested.is_empty());
    });
}

#[test]
fn what_an_ingress_asked_for_stays_while_its_class_is_missing() {
    wait(async {
        let site = site(settings(), ASKING);
        site.aws.change(|state| state.issuing = Issuing::Later);
        let controller = site.start();
        controller.settle_for(5).await;
        assert_eq!(site.aws.everything().requested.len(), 1);
        controller.stop().await;
        // It may have been asked for before the Ingress held any finalizer.
        let web = key("shop/web");
        let mut ingress = site.cluster.objects.read().unwrap().ingresses[&web].as_ref().clone();
        assert!(!std::mem::take(&mut ingress.metadata.finalizers).is_empty());
        site.cluster.see(&Seen::Ingress(web, Some(Arc::new(ingress))));
        site.cluster.see(&Seen::Class("own".to_owned(), None));
        site.start().settle_for(600).await;
        assert_eq!(site.aws.everything().requested.len(), 1);
    });
}

#[test]
fn who_may_not_list_certificates_and_asks_for_none_comes_to_rest() {
    wait(async {
        let imports_none = "albedo, alb.ingress.k8s.aws/tls-secrets: 'false'}";
        let sketch = ASKING.replace("create-acm-cert: 'true',", "");
        let site = site(settings(), &sketch.replace("albedo}", imports_none));
        site.aws.forbid(&["acm"]);
        site.settle().await;
        assert_eq!(listening(&site.aws.everything()), [(80, 0)].into());
    });
}
