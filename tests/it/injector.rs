//! The webhook that gives new pods their readiness gates.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::cluster::{decode, insert};
use albedo::desired::injection;
use albedo::injector::{
    Bundle, CERTIFICATES_MAX, Certificate, Hook, Keeper, LIFE, LOOK_PAUSE, Registry, Shown, review,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use smol_str::SmolStr;

use super::support::clock::{VirtualClock, now, wait};
use super::support::world::World;

const HOST: &str = "albedo-readiness-gates.kube-system.svc";
const EXPIRED: &[u8] = include_bytes!("fixtures/tls/expired.pem");

/// A namespace with bindings of several kinds, and another one.
const SHOP: &str = "
service shop/web: {ports: [80:8080], selector: {app: web}}
service shop/all: {ports: [80:8080], selector: {}}
service shop/api: {ports: [80:8080], selector: {app: web, tier: api}}
service else/web: {ports: [80:8080], selector: {app: web}}
";

fn binding(namespace: &str, name: &str, service: &str, target_type: &str) -> Value {
    json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
        "metadata": {"namespace": namespace, "name": name, "uid": format!("uid-{name}")},
        "spec": {
            "targetGroupARN": format!("arn:tg/{name}"), "targetType": target_type,
            "serviceRef": {"name": service, "port": 80},
        },
    })
}

fn shop() -> World {
    let bindings = [
        binding("shop", "b-all", "all", "ip"),
        binding("shop", "b-api", "api", "ip"),
        binding("shop", "b-gone", "gone", "ip"),
        binding("shop", "b-nodes", "web", "instance"),
        binding("shop", "b-web", "web", "ip"),
        binding("else", "b-else", "web", "ip"),
    ];
    let mut world = World::new(SHOP);
    for binding in bindings {
        insert(&mut world.objects, decode(binding).unwrap());
    }
    world
}

fn gates(labels: &[(&str, &str)]) -> Vec<SmolStr> {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    injection::gates(&shop().objects, "shop", &labels.collect())
}

#[test]
fn a_pod_waits_for_the_bindings_that_register_it() {
    assert_eq!(gates(&[("app", "web")]), ["target-health.elbv2.k8s.aws/b-web"]);
    assert_eq!(
        gates(&[("app", "web"), ("tier", "api"), ("more", "x")]),
        ["target-health.elbv2.k8s.aws/b-api", "target-health.elbv2.k8s.aws/b-web"]
    );
    assert_eq!(gates(&[("app", "other")]), [""; 0]);
    assert_eq!(gates(&[]), [""; 0]);
}

/// What is patched of a pod with these gates that should wait for these bindings.
fn patched(before: Option<Value>, wanted: &[&str]) -> Option<Value> {
    let mut pod = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}});
    if let Some(before) = before {
        pod["spec"]["readinessGates"] = before;
    }
    let question = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "u1", "namespace": "shop", "operation": "CREATE", "object": pod},
    });
    let answer = review(question.to_string().as_bytes(), |namespace, labels| {
        assert_eq!(namespace, "shop");
        assert_eq!(*labels, BTreeMap::from([("app".to_owned(), "web".to_owned())]));
        wanted.iter().map(SmolStr::new).collect()
    })
    .unwrap();
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    let response = &answer["response"];
    assert_eq!((&response["uid"], &response["allowed"]), (&json!("u1"), &json!(true)));
    let patch = STANDARD.decode(response["patch"].as_str()?).unwrap();
    assert_eq!(response["patchType"], "JSONPatch");
    Some(serde_json::from_slice(&patch).unwrap())
}

#[test]
fn a_pod_gets_the_gates_that_it_lacks_and_keeps_those_of_others() {
    let gate = |kind: &str| json!({"conditionType": kind});
    let added =
        |gates: Value| Some(json!([{"op": "add", "path": "/spec/readinessGates", "value": gates}]));
    assert_eq!(patched(None, &["a"]), added(json!([gate("a")])));
    assert_eq!(patched(Some(Value::Null), &["a"]), added(json!([gate("a")])));
    let own = json!([gate("mine")]);
    assert_eq!(patched(Some(own.clone()), &["a"]), added(json!([gate("mine"), gate("a")])));
    assert_eq!(patched(Some(own), &[]), None);
    assert_eq!(patched(Some(json!([gate("a")])), &["a"]), None);
    // LBC's first version called its gates otherwise; nobody opens those.
    let old = json!([gate("target-health.alb.ingress.k8s.aws/x"), gate("mine")]);
    assert_eq!(patched(Some(old.clone()), &["a"]), added(json!([gate("mine"), gate("a")])));
    assert_eq!(patched(Some(old), &[]), None);
}

#[test]
fn what_is_no_question_is_no_reason_to_panic() {
    for question in ["", "{}", "[]", r#"{"request": {}}"#, r#"{"request": {"uid": 1}}"#] {
        assert!(review(question.as_bytes(), |_, _| Vec::new()).is_err(), "{question}");
    }
    let bare = r#"{"request": {"uid": "u"}}"#;
    assert_eq!(review(bare.as_bytes(), |_, _| Vec::new()).unwrap()["response"]["allowed"], true);
}

#[test]
fn a_bundle_loses_what_has_expired_and_of_too_many_the_oldest() {
    let made = |age: u64| {
        let since = now() - Duration::from_secs(age);
        Certificate::make(HOST, since).unwrap()
    };
    let own = made(0);
    let expired = made(LIFE.as_secs());
    let bundle = Bundle::of(EXPIRED).with(expired.der(), now());
    let bundle = bundle.with(own.der(), now());
    assert!(bundle.has(own.der()) && !bundle.has(expired.der()));
    assert_eq!(Bundle::of(bundle.pem().as_bytes()), bundle);
    assert_eq!(bundle.pem().matches("BEGIN").count(), 1, "{}", bundle.pem());

    let oldest = made(100);
    let mut bundle = bundle.with(oldest.der(), now());
    for age in (1..=u64::try_from(CERTIFICATES_MAX).unwrap() - 2).rev() {
        bundle = bundle.with(made(age).der(), now());
    }
    assert!(bundle.has(oldest.der()) && bundle.has(own.der()));
    let newest = made(0);
    bundle = bundle.with(newest.der(), now());
    assert!(!bundle.has(oldest.der()) && bundle.has(own.der()) && bundle.has(newest.der()));
    assert_eq!(bundle.pem().matches("BEGIN").count(), CERTIFICATES_MAX);
    assert_eq!(Bundle::of(b"no certificate"), Bundle::default());
}

/// A configuration in memory, and what happens to it. Clones are the same.
#[derive(Clone)]
struct Standing(Arc<Mutex<Result<Hook, String>>>);

impl Standing {
    fn new(bundle: Bundle) -> Self {
        let (name, host) = ("gates".to_owned(), HOST.to_owned());
        Self(Arc::new(Mutex::new(Ok(Hook { name, host, bundle, version: "1".to_owned() }))))
    }

    fn bundle(&self) -> Bundle {
        self.0.lock().unwrap().as_ref().unwrap().bundle.clone()
    }
}

impl Registry for Standing {
    async fn look(&self) -> Result<Hook, String> {
        self.0.lock().unwrap().clone()
    }

    async fn trust(&self, hook: &Hook) -> Result<(), String> {
        *self.0.lock().unwrap() = Ok(hook.clone());
        Ok(())
    }
}

/// Lets a keeper work for so long.
async fn kept_for(standing: &Standing, shown: &Shown, time: Duration) {
    let clock = VirtualClock::new();
    let keeper = Keeper::new(standing.clone(), clock, shown.clone());
    tokio::select! {
        () = keeper.keep() => {}
        () = albedo::clock::Clock::sleep(&clock, time) => {}
    }
}

#[test]
fn the_api_server_trusts_a_certificate_before_it_is_shown_and_the_last_one_until_it_expires() {
    wait(async {
        let other = Certificate::make(HOST, now()).unwrap();
        let standing = Standing::new(Bundle::of(EXPIRED).with(other.der(), now()));
        let shown = Shown::default();
        kept_for(&standing, &shown, Duration::from_secs(1)).await;
        let first = shown.current().expect("it is shown at once");
        assert_eq!(first.host, HOST);
        assert!(standing.bundle().has(first.der()) && standing.bundle().has(other.der()));

        // A new process has a new one; that of the old one is trusted until it expires.
        let shown = Shown::default();
        kept_for(&standing, &shown, LIFE / 2).await;
        let second = shown.current().unwrap();
        assert!(standing.bundle().has(second.der()) && standing.bundle().has(first.der()));
    });
}

#[test]
fn a_certificate_is_renewed_before_it_expires() {
    wait(async {
        let standing = Standing::new(Bundle::default());
        let (shown, clock) = (Shown::default(), VirtualClock::new());
        let keeper = Keeper::new(standing.clone(), clock, shown.clone());
        let watch = async {
            let mut seen: Vec<Vec<u8>> = Vec::new();
            for _ in 0..120 {
                albedo::clock::Clock::sleep(&clock, LIFE / 30).await;
                let current = shown.current().unwrap();
                assert!(standing.bundle().has(current.der()), "what is shown is trusted");
                assert!(now() < current.renew_at + 3 * LOOK_PAUSE);
                if seen.last().is_none_or(|last| last != current.der()) {
                    seen.push(current.der().to_vec());
                }
            }
            seen
        };
        let seen = tokio::select! {
            () = keeper.keep() => panic!("it goes on for ever"),
            seen = watch => seen,
        };
        // Four lives, and each is renewed after two thirds of it.
        assert!((5..=7).contains(&seen.len()), "{}", seen.len());
        assert!(!standing.bundle().has(&seen[0]), "what has expired goes");
    });
}

#[test]
fn a_configuration_that_is_not_there_is_waited_for_and_one_that_is_put_back_is_mended() {
    wait(async {
        let standing = Standing::new(Bundle::default());
        let hook = standing.0.lock().unwrap().clone();
        *standing.0.lock().unwrap() = Err("it is not there".to_owned());
        let (shown, clock) = (Shown::default(), VirtualClock::new());
        let keeper = Keeper::new(standing.clone(), clock, shown.clone());
        let watch = async {
            albedo::clock::Clock::sleep(&clock, 5 * LOOK_PAUSE).await;
            assert!(shown.current().is_none());
            standing.0.lock().unwrap().clone_from(&hook);
            albedo::clock::Clock::sleep(&clock, 2 * LOOK_PAUSE).await;
            let first = shown.current().expect("it is shown now");
            // Whoever keeps manifests in line with a repository empties the bundle.
            standing.0.lock().unwrap().clone_from(&hook);
            albedo::clock::Clock::sleep(&clock, 2 * LOOK_PAUSE).await;
            assert!(standing.bundle().has(first.der()));
            assert_eq!(shown.current().unwrap().der(), first.der());
        };
        tokio::select! {
            () = keeper.keep() => panic!("it goes on for ever"),
            () = watch => {}
        }
    });
}
