//! No input panics.

use albedo::cluster::decode_all;
use albedo::commands::world::Plans;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::world::{World, fake};

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

/// Values that grammars may trip over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(
            &[
                "", " ", ",", "=", "\\", "a=b,", ",a=b", "a=b\\", "-1", "0", "65536", "4294967296",
                "[]", "[{}]", "{}", "null", "[{\"HTTP\":80}]", "[{\"HTTPS\":0}]", "[[[[", "\"",
                "true", "1e9", "0x50", "*", "*.", ".", "..", "/", "//", "/*", "10.0.0.0/33", "::/129",
                "::1", "sg-", "subnet-", "internal", "dualstack", "ip", "instance", "HTTPS", "443",
                "traffic-port", "use-annotation", "ä", "\u{0}", "\u{1F600}", "edge",
            ][..],
        )
        .prop_map(str::to_owned),
        1 => ".{0,12}",
        1 => "[a-z0-9=,\\\\ /.*:-]{0,40}",
        1 => Just("x".repeat(5000)),
    ]
}

fn annotation() -> impl Strategy<Value = (String, String)> {
    let names: Vec<String> = albedo::desired::annotations::all()
        .map(|known| known.name.to_owned())
        .chain([String::new(), "unknown".to_owned()])
        .collect();
    (prop::sample::select(names), text())
        .prop_map(|(name, value)| (format!("alb.ingress.kubernetes.io/{name}"), value))
}

fn annotations() -> impl Strategy<Value = Value> {
    prop::collection::vec(annotation(), 0..6)
        .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k, Value::from(v))).collect())
}

fn port() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"number": 80})),
        any::<i32>().prop_map(|number| json!({"number": number})),
        text().prop_map(|name| json!({"name": name})),
        Just(json!({})),
    ]
}

fn backend() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => port().prop_map(|port| json!({"service": {"name": "s", "port": port}})),
        1 => text().prop_map(|name| json!({"service": {"name": name, "port": {"number": 80}}})),
        1 => Just(json!({"resource": {"kind": "Bucket", "name": "b"}})),
        1 => Just(json!({})),
    ]
}

fn path() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        Just("Exact".to_owned()),
        Just("Prefix".to_owned()),
        Just("ImplementationSpecific".to_owned()),
        text()
    ];
    (kind, prop::option::of(text()), backend()).prop_map(
        |(kind, path, backend)| json!({"pathType": kind, "path": path, "backend": backend}),
    )
}

fn ingress() -> impl Strategy<Value = Value> {
    let rule = (prop::option::of(text()), prop::option::of(prop::collection::vec(path(), 0..4)))
        .prop_map(|(host, paths)| match paths {
            Some(paths) => json!({"host": host, "http": {"paths": paths}}),
            None => json!({"host": host}),
        });
    let rules = prop::collection::vec(rule, 0..4);
    (annotations(), rules, prop::option::of(backend()), prop::option::of(text())).prop_map(
        |(annotations, rules, default, class)| {
            let class = class.unwrap_or_else(|| "alb".to_owned());
            json!({
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": {"name": "i", "namespace": "n", "uid": "u", "annotations": annotations},
                "spec": {"ingressClassName": class, "rules": rules, "defaultBackend": default},
            })
        },
    )
}

fn service() -> impl Strategy<Value = Value> {
    let target = prop_oneof![any::<i32>().prop_map(Value::from), text().prop_map(Value::from)];
    let port = (any::<i32>(), prop::option::of(text()), prop::option::of(target))
        .prop_map(|(port, name, target)| json!({"port": port, "name": name, "targetPort": target}));
    (annotations(), prop::collection::vec(port, 0..3)).prop_map(|(annotations, mut ports)| {
        ports.push(json!({"port": 80, "targetPort": 8080}));
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s", "namespace": "n", "uid": "s", "annotations": annotations},
            "spec": {"ports": ports},
        })
    })
}

/// Builds, plans and shows what some manifests hold. What cannot be read is left out.
fn plan(manifests: Vec<Value>) -> Plans {
    let mut world = World::new("endpoints n/s: {at: [172.31.0.1, 2001:db8::1, nonsense]}");
    for object in manifests.into_iter().flat_map(decode_all).flatten() {
        albedo::cluster::insert(&mut world.objects, object);
    }
    let plans = world.plan(&fake());
    for (subject, plan) in &plans.plans {
        assert!(!albedo::plan::show::text(subject, plan).is_empty());
        assert!(albedo::plan::show::json(subject, plan).is_object());
    }
    plans
}

/// Any JSON.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(&FIELDS[..]), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

const FIELDS: [&str; 16] = [
    "metadata",
    "name",
    "namespace",
    "spec",
    "status",
    "rules",
    "ports",
    "items",
    "endpoints",
    "addresses",
    "annotations",
    "labels",
    "finalizers",
    "serviceRef",
    "conditions",
    "targetGroupARN",
];
const KINDS: [(&str, &str); 9] = [
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("elbv2.k8s.aws/v1beta1", "IngressClassParams"),
    ("elbv2.k8s.aws/v1beta1", "TargetGroupBinding"),
    ("v1", "Service"),
    ("v1", "Pod"),
    ("v1", "Node"),
    ("v1", "List"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
];

proptest! {
    #![proptest_config(cases(1200))]

    #[test]
    fn annotations_and_specs_never_panic(ingress in ingress(), service in service()) {
        let plans = plan(vec![service, ingress]);
        // Whatever is wrong is said in a sentence.
        for problem in &plans.problems {
            prop_assert!(!problem.field.is_empty() && !problem.allowed.is_empty(), "{}", problem);
        }
    }
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn manifests_of_any_shape_never_panic(
        kind in prop::sample::select(&KINDS[..]),
        mut value in json_value(),
        is_object in any::<bool>(),
    ) {
        if is_object && let Some(fields) = value.as_object_mut() {
            fields.insert("apiVersion".to_owned(), kind.0.into());
            fields.insert("kind".to_owned(), kind.1.into());
            fields.entry("metadata").or_insert_with(|| json!({"name": "x"}));
        }
        for error in decode_all(value).into_iter().filter_map(Result::err) {
            let text = error.to_string();
            prop_assert!(!text.is_empty() && !text.contains('\n'), "{}", text);
        }
    }
}
