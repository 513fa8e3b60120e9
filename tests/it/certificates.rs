//! TLS Secrets: what is accepted, what is refused and why, and what comes of it in AWS.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::aws::Mirror;
use albedo::desired::secret::{Unfit, certificate, covers, resolve};
use albedo::model::action::{AcmAction, Action, AwsAction};
use albedo::model::certificate::Certificate;
use albedo::model::flat::FlatMap;
use albedo::model::id::{AwsId, CertificateKey, ObjectKey};
use albedo::model::known::Known;
use albedo::model::marks::TAG_CHAIN;
use albedo::model::plan::WaitKey;
use albedo::model::rule::RuleAction;
use albedo::model::secret::{CLIENT_SECRET, Sealed, SecretBytes, TLS_CERTIFICATE, TLS_KEY};
use albedo::model::seen::SeenSecret;
use albedo::model::stack::{CertificateStack, Use};
use albedo::plan;
use jiff::Timestamp;

use super::contract::suite::Stopped;
use super::support::fake::Fake;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, settings, wait};

/// While all fixtures hold but the one that is expired.
const NOW: &str = "2030-01-01T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn file(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/tls");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

fn sealed(text: String) -> Sealed {
    Sealed::new(text.into_bytes().into())
}

fn seen(certificates: String, key: String) -> SeenSecret {
    SeenSecret::Is {
        kind: "kubernetes.io/tls".to_owned(),
        entries: FlatMap::from([(TLS_CERTIFICATE, sealed(certificates)), (TLS_KEY, sealed(key))]),
        closed: FlatMap::new(),
    }
}

fn read(certificates: String, key: &str) -> Result<Certificate, Unfit> {
    certificate(&tls(), &seen(certificates, file(key)), now())
}

fn good(name: &str) -> Certificate {
    read(file(&format!("{name}.pem")) + &file("inter.pem"), &format!("{name}.key")).unwrap()
}

#[test]
fn every_form_of_a_good_secret_means_the_same() {
    let plain = good("ec");
    assert_eq!(plain.facts.key_type, "EC_prime256v1");
    assert_eq!(plain.chain, file("inter.pem"));
    let names = ["*.example.com", "public.example.com"].map(str::to_owned);
    assert_eq!(plain.facts.names, BTreeSet::from(names));
    let (leaf, inter, root) = (file("ec.pem"), file("inter.pem"), file("root.pem"));
    for (what, text) in [
        ("an extra root", format!("{leaf}{inter}{root}")),
        ("the wrong order", format!("{root}{inter}{leaf}")),
        ("CRLF", format!("{leaf}{inter}").replace('\n', "\r\n")),
        ("text around", format!("a comment\n{leaf}\n\n{inter}\ntrailing garbage")),
    ] {
        let found = read(text, "ec.key").unwrap_or_else(|unfit| panic!("{what}: {unfit:?}"));
        assert_eq!((&found.body, &found.chain), (&plain.body, &plain.chain), "{what}");
        assert_eq!(found.facts, plain.facts, "{what}");
    }
    for key in ["ec.key", "ec.sec1", "ec.params"] {
        let found = read(leaf.clone(), key).unwrap();
        let SecretBytes::Of(reference) = &found.key else { panic!("{:?}", found.key) };
        let sealed = resolve(&seen(String::new(), file(key)), reference).unwrap();
        assert_eq!(resolve(&seen(String::new(), file("rsa.key")), reference), None);
        let text = String::from_utf8(sealed.open().to_vec()).unwrap();
        assert!(text.starts_with("-----BEGIN ") && !text.contains("PARAMETERS"), "{key}");
        assert!(found.chain.is_empty());
    }
    for key in ["rsa.key", "rsa.pkcs1"] {
        let found = read(file("rsa.pem") + &inter, key).unwrap();
        assert_eq!(found.facts.key_type, "RSA_2048", "{key}");
    }
}

#[test]
fn a_secret_that_cannot_be_used_says_why() {
    let check = |seen: &SeenSecret, word: &str| {
        let unfit = certificate(&tls(), seen, now()).unwrap_err();
        assert!(unfit.found.contains(word), "{word}: {unfit:?}");
    };
    let ec = || file("ec.pem");
    check(&SeenSecret::Missing, "does not exist");
    check(&SeenSecret::Unreadable("forbidden".to_owned()), "forbidden");
    check(&seen(ec(), file("rsa.key")), "fits no certificate");
    check(&seen(file("expired.pem"), file("expired.key")), "expired");
    check(&seen(ec(), file("ec.encrypted")), "encrypted");
    check(&seen(ec(), String::new()), "no private key");
    check(&seen(String::new(), file("ec.key")), "no certificate");
    check(&seen(ec()[..200].to_owned(), file("ec.key")), "tls.crt");
    check(&seen(file("ed.pem"), file("ed.key")), "another kind");
    let early =
        certificate(&tls(), &seen(ec(), file("ec.key")), Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(early.found.contains("holds from"), "{early:?}");
    let empty = SeenSecret::Is {
        kind: "Opaque".to_owned(),
        entries: FlatMap::new(),
        closed: FlatMap::new(),
    };
    check(&empty, "no tls.crt");
}

#[test]
fn a_wildcard_covers_one_label() {
    let facts = good("ec").facts;
    for (host, expected) in [
        ("public.example.com", true),
        ("PUBLIC.example.com", true),
        ("a.example.com", true),
        ("*.example.com", true),
        ("a.b.example.com", false),
        ("example.com", false),
    ] {
        assert_eq!(covers(&facts, host), expected, "{host}");
    }
}

fn tls() -> ObjectKey {
    ObjectKey::new("default", "tls")
}

fn secret() -> CertificateKey {
    CertificateKey::Secret(tls())
}

fn stack(certificate: Option<Certificate>, use_of_it: Use) -> CertificateStack {
    let certificate = certificate.map(|mut certificate| {
        certificate.tags = secret().tags("demo");
        certificate.tags.insert(TAG_CHAIN.into(), certificate.chain_mark().into());
        certificate
    });
    CertificateStack {
        key: secret(),
        use_of_it,
        certificate,
        is_held: false,
        listening: Some(Arc::default()),
    }
}

/// A step with the bytes of the Secrets that it refers to.
fn opened(action: &Action) -> Action {
    let mut action = action.clone();
    action.visit_secrets(&mut |bytes| {
        let SecretBytes::Of(reference) = bytes else { return };
        let keys = ["ec.key", "rsa.key"].into_iter();
        let mut found = keys.filter_map(|key| resolve(&seen(String::new(), file(key)), reference));
        *bytes = SecretBytes::Is(found.next().unwrap());
    });
    action
}

/// Plans, performs what is not gated, and answers with the operations and the ARNs that stand then.
async fn visit(
    mirror: &Mirror<Fake, Stopped>,
    stack: &CertificateStack,
) -> (Vec<String>, Vec<AwsId>) {
    let inventory = mirror.certificate("demo", &secret(), stack.facts()).await.unwrap();
    let plan = plan::certificate::plan(stack, &inventory);
    let mut done = Vec::new();
    for step in plan.steps.iter().filter(|step| step.gate.is_none()) {
        let Action::Aws(action) = opened(&step.action) else { continue };
        mirror.perform(&action).await.unwrap();
        done.push(format!("{}{}", step.action.sign().as_char(), action.operation().1));
    }
    let inventory = mirror.certificate("demo", &secret(), stack.facts()).await.unwrap();
    (done, inventory.certificates.iter().map(|live| live.id.clone()).collect())
}

fn mirror(fake: &Fake) -> Mirror<Fake, Stopped> {
    Mirror::new(fake.clone(), Stopped)
}

#[tokio::test]
async fn a_certificate_is_imported_once_renewed_in_place_and_removed() {
    let fake = Fake::new();
    let warm = mirror(&fake);
    let first = stack(Some(good("ec")), Use::Used);
    let (done, arns) = visit(&warm, &first).await;
    assert_eq!(done, ["+ImportCertificate"]);
    assert_eq!(visit(&warm, &first).await, (vec![], arns.clone()), "at rest");
    // A process that has just started finds what stands.
    assert_eq!(visit(&mirror(&fake), &first).await, (vec![], arns.clone()), "after a restart");

    let mut renewed = good("ec");
    renewed.facts.serial = "abc".to_owned();
    let renewed = stack(Some(renewed), Use::Used);
    fake.forget_calls();
    assert_eq!(visit(&warm, &renewed).await, (vec!["~ImportCertificate".to_owned()], arns.clone()));
    assert_eq!(fake.calls().values().sum::<usize>(), 1, "a renewal is one call");

    assert_eq!(visit(&warm, &stack(None, Use::Used)).await, (vec![], arns.clone()), "a bad Secret");
    assert_eq!(visit(&warm, &stack(None, Use::Unknown)).await, (vec![], arns), "in doubt");
    let (done, arns) = visit(&warm, &stack(None, Use::Unused)).await;
    assert_eq!((done, arns), (vec!["-DeleteCertificate".to_owned()], vec![]));
}

#[tokio::test]
async fn another_chain_is_told_from_the_one_imported_before() {
    let warm = mirror(&Fake::new());
    visit(&warm, &stack(Some(good("ec")), Use::Used)).await;
    let mut without = good("ec");
    without.chain.clear();
    let (done, _) = visit(&warm, &stack(Some(without), Use::Used)).await;
    assert_eq!(done, ["~ImportCertificate", "~AddTagsToCertificate"]);
}

#[tokio::test]
async fn a_chain_that_changed_alone_is_noticed_after_a_restart() {
    let fake = Fake::new();
    visit(&mirror(&fake), &stack(Some(good("ec")), Use::Used)).await;
    let mut without = good("ec");
    without.chain.clear();
    let without = stack(Some(without), Use::Used);
    let (done, arns) = visit(&mirror(&fake), &without).await;
    assert_eq!(done, ["~ImportCertificate", "~AddTagsToCertificate"]);
    // What was noted of it is what was imported.
    assert_eq!(visit(&mirror(&fake), &without).await, (vec![], arns.clone()));
    // Of what bears no mark of its chain nobody knows it: nothing is written until it is renewed.
    fake.change(|state| {
        state.imported.values_mut().for_each(|held| drop(held.tags.remove(TAG_CHAIN)));
    });
    assert_eq!(visit(&mirror(&fake), &without).await, (vec![], arns.clone()));
    let first = stack(Some(good("ec")), Use::Used);
    assert_eq!(visit(&mirror(&fake), &first).await, (vec![], arns));
}

/// A class of ours, an Ingress that brings a certificate, and one whose clients log in.
const SEALED: &str = "
class own: {controller: alb.ingress.k8s.aws/albedo}
service shop/web: {ports: ['80:8080']}
secret shop/tls: {fixture: ec}
secret shop/login: {texts: {clientID: c, clientSecret: s3cret}}
ingress shop/web:
  {class: own, group.name: edge, tls: [tls public.example.com],
   rules: [public.example.com Prefix / web:80]}
ingress shop/in:
  {class: own, group.name: edge, certificate-arn: 'CERTIFICATE',
   auth-type: oidc,
   auth-idp-oidc: '{\"issuer\":\"https://idp.example.com\",
     \"authorizationEndpoint\":\"https://idp.example.com/a\",
     \"tokenEndpoint\":\"https://idp.example.com/t\",
     \"userInfoEndpoint\":\"https://idp.example.com/u\",\"secretName\":\"login\"}',
   rules: [b.example.com Prefix / web:80]}
";

#[test]
fn nothing_of_a_key_is_held_before_or_after_it_is_imported() {
    wait(async {
        let site = Site::with(settings(), &SEALED.replace("CERTIFICATE", CERTIFICATE));
        let controller = site.settle().await;
        let state = site.aws.everything();
        assert_eq!(state.imported.len(), 1);
        let logs_in = |rule: &RuleAction| matches!(rule, RuleAction::AuthenticateOidc(_));
        assert!(state.rules.values().any(|one| one.rule.actions.iter().any(logs_in)));
        site.aws.forget_calls();
        // Whoever holds bytes shares them, so that they are the API server's alone says that
        // neither the world nor the mirror, a plan or a part that is remembered has them.
        let held = |name: &str, entry: &str| {
            let secrets = site.cluster.secrets.lock().unwrap();
            secrets[&ObjectKey::new("shop", name)].entry(entry).unwrap().is_sole()
        };
        assert!(held("tls", TLS_KEY) && held("login", CLIENT_SECRET));
        {
            let world = controller.runtime.world().lock();
            for (name, entry) in [("tls", TLS_KEY), ("login", CLIENT_SECRET)] {
                let seen = &world.objects.secrets[&ObjectKey::new("shop", name)];
                assert!(seen.entry(entry).is_none() && seen.closed(entry).is_some(), "{name}");
            }
        }
        // It is read again when it is needed again.
        controller.cluster.add("secret shop/tls: {fixture: renewed}");
        controller.settle().await;
        assert!(site.aws.calls().contains_key("acm.ImportCertificate"));
        site.aws.forget_calls();
        assert!(held("tls", TLS_KEY));
    });
}

#[tokio::test]
async fn another_kind_of_key_is_another_certificate() {
    let warm = mirror(&Fake::new());
    let (_, before) = visit(&warm, &stack(Some(good("ec")), Use::Used)).await;
    let (done, after) = visit(&warm, &stack(Some(good("rsa")), Use::Used)).await;
    assert_eq!(done, ["+ImportCertificate", "-DeleteCertificate"]);
    assert_ne!(before, after);
}

#[tokio::test]
async fn a_certificate_in_use_or_in_doubt_waits_for_the_listeners() {
    let fake = Fake::new();
    let warm = mirror(&fake);
    let (_, arns) = visit(&warm, &stack(Some(good("ec")), Use::Used)).await;
    let used = Some(Arc::new(arns.iter().map(|arn| (arn.clone(), 1)).collect()));
    for listening in [None, used] {
        let stack = CertificateStack { listening, ..stack(None, Use::Unused) };
        let inventory = warm.certificate("demo", &secret(), None).await.unwrap();
        let plan = plan::certificate::plan(&stack, &inventory);
        let gates: Vec<_> = plan.steps.iter().map(|step| step.gate.clone()).collect();
        assert_eq!(gates, [Some(WaitKey::Unused(arns[0].clone()))]);
    }
}

#[tokio::test]
async fn a_stranger_is_left_alone() {
    let fake = Fake::new();
    let mut other = good("ec");
    other.tags = secret().tags("another-cluster");
    let action = AwsAction::Acm(AcmAction::ImportCertificate {
        handle: albedo::model::id::Handle::Certificate(secret()),
        spec: Box::new(other),
    });
    let Action::Aws(action) = opened(&Action::Aws(action)) else { unreachable!() };
    fake.meddle(&action).unwrap();
    let (done, _) = visit(&mirror(&fake), &stack(None, Use::Unused)).await;
    assert!(done.is_empty());
    assert_eq!(fake.everything().imported.len(), 1);
}

#[test]
fn an_unread_inventory_plans_nothing() {
    let inventory = albedo::model::inventory::CertificateInventory { certificates: Known::Unread };
    let plan = plan::certificate::plan(&stack(Some(good("ec")), Use::Unused), &inventory);
    assert!(plan.is_empty());
}
