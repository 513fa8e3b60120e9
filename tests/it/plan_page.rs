//! What `albedo plan` prints, and what its page says of that.

use std::fs;
use std::process::{Command, Stdio};

use albedo::desired::foreign::left_alone;
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::settings::Scope;
use albedo::plan::show::Document;
use serde_json::{Value, json};

use super::support::fake::Fake;
use super::support::site::Site;
use super::support::world::{NODES, World, wait};

/// The program, as cargo built it.
const ALBEDO: &str = env!("CARGO_BIN_EXE_albedo");

/// The schema on the page.
fn schema() -> Value {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/plan.md");
    let text = fs::read_to_string(page).unwrap();
    let (_, rest) = text.split_once("```json\n").unwrap();
    serde_json::from_str(rest.split("```").next().unwrap()).unwrap()
}

/// What of a value breaks a schema, each with its place. Of JSON Schema only what the page uses is
/// known here, and anything else is a fault.
fn faults(root: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (word, wanted) in schema.as_object().unwrap() {
        match word.as_str() {
            "$schema" | "$defs" => {}
            "$ref" => {
                let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                found.extend(faults(root, &root["$defs"][name], value, place));
            }
            "type" => {
                let is = match value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "integer",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                let allowed = wanted.as_array().cloned().unwrap_or(vec![wanted.clone()]);
                if !allowed.contains(&json!(is)) {
                    found.push(format!("{place} is {is}"));
                }
            }
            "enum" => {
                if !wanted.as_array().unwrap().contains(value) {
                    found.push(format!("{place} is {value}"));
                }
            }
            "required" => {
                let fields = wanted.as_array().unwrap().iter().filter_map(Value::as_str);
                let missing = fields.filter(|field| value.get(field).is_none());
                found.extend(missing.map(|field| format!("{place}.{field} is missing")));
            }
            "properties" => {
                let fields = value.as_object().into_iter().flatten();
                for (field, value) in fields {
                    let place = format!("{place}.{field}");
                    match wanted.get(field) {
                        Some(schema) => found.extend(faults(root, schema, value, &place)),
                        None => found.push(format!("{place} is not on the page")),
                    }
                }
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    let place = format!("{place}[{number}]");
                    found.extend(faults(root, wanted, item, &place));
                }
            }
            other => panic!("{other} is not known here"),
        }
    }
    found
}

#[test]
fn the_json_of_a_plan_is_as_its_page_says() {
    let world = World::new(
        "
class alb:
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/good: {target-type: ip, rules: [good.example.com Prefix / s:80]}
ingress shop/bad: {target-type: nonsense, rules: [bad.example.com Prefix / s:80]}
ingress shop/only: {alb.ingress.k8s.aws/plan-only: \"true\", rules: [o.example.com Prefix / s:80]}
ingress shop/odd: {group.name: NOT VALID, rules: [odd.example.com Prefix / s:80]}",
    );
    let plans = world.plan(&Fake::new());
    let (removed, notes) = (vec!["old".to_owned()], vec!["a note".to_owned()]);
    let document = Document {
        settings: &world.settings,
        plans: &plans.plans,
        planned_only: &plans.planned_only,
        problems: &plans.problems,
        removed: &removed,
        notes: &notes,
    };
    let mut document = document.json();
    let schema = schema();
    assert_eq!(faults(&schema, &schema, &document, "$"), [""; 0]);
    let steps = document["plans"].as_array().unwrap().iter();
    assert!(steps.filter(|plan| plan["steps"] != json!([])).count() > 1, "{document:#}");
    assert!(document["problems"].as_array().unwrap().len() > 1, "{document:#}");
    assert_eq!(document["plan_only"][0]["ingress"]["name"], "only", "{document:#}");
    document["plans"][0]["steps"] = json!([{"id": "one"}]);
    document["problems"][0]["severity"] = json!("Fatal");
    assert!(faults(&schema, &schema, &document, "$").len() > 8, "the schema holds something");
}

#[test]
fn who_is_left_alone_is_named_with_the_reason() {
    let mut world = World::new(
        "
class alb:
class nginx: {controller: k8s.io/ingress-nginx}
class own: {controller: alb.ingress.k8s.aws/albedo}
ingress shop/ours: {rules: [a.example.com Prefix / s:80]}
ingress shop/theirs: {class: nginx, rules: [a.example.com Prefix / s:80]}
ingress shop/missing: {class: nowhere, rules: [a.example.com Prefix / s:80]}
ingress shop/none: {class: null, rules: [a.example.com Prefix / s:80]}
ingress shop/annotated: {class: null, kubernetes.io/ingress.class: nginx}",
    );
    let told = |world: &World| {
        let told = left_alone(&world.settings, &world.objects);
        told.into_iter().map(|(key, why)| (key.name.to_string(), why)).collect::<Vec<_>>()
    };
    let all = told(&world);
    for (name, part) in [
        ("theirs", "k8s.io/ingress-nginx; answered are ingress.k8s.aws/alb and those under"),
        ("theirs", "alb.ingress.k8s.aws: alb, own"),
        ("missing", "an IngressClass that exists: alb, nginx"),
        ("none", "no IngressClass is the default one; spec.ingressClassName names one: alb, own"),
        (
            "annotated",
            "kubernetes.io/ingress.class is \"nginx\", and --ingress-class answers \"alb\"",
        ),
    ] {
        let why = all.iter().find(|(found, _)| found == name).map(|(_, why)| why.as_str());
        assert!(why.is_some_and(|why| why.contains(part)), "{name}: {why:?}");
    }
    assert_eq!(all.len(), 4, "{all:?}");
    world.settings.scope = Scope::Own;
    let all = told(&world);
    let ours = all.iter().find(|(name, _)| name == "ours");
    let whose = "with --scope=own those under alb.ingress.k8s.aws: own";
    assert!(ours.is_some_and(|(_, why)| why.contains(whose)), "{all:?}");
    let is_default = "{ingressclass.kubernetes.io/is-default-class: 'true'}";
    world.add(&format!(
        "class nginx: {{controller: k8s.io/ingress-nginx}}\nclass gone: {is_default}"
    ));
    let all = told(&world);
    let none = all.iter().find(|(name, _)| name == "none");
    let default = "it names no class, and the default one, gone, is of the controller";
    assert!(none.is_some_and(|(_, why)| why.contains(default)), "{all:?}");
}

/// `albedo` with these arguments, in a shell line.
fn shell(line: &str) -> (i32, String, String) {
    let output = Command::new("sh")
        .args(["-c", line])
        .env("ALBEDO", ALBEDO)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn who_closes_the_pipe_has_seen_enough() {
    // Whoever reads is gone before the first line is written.
    let (code, _, said) =
        shell(r#"{ sleep 0.3; "$ALBEDO" plan --help; echo "it was $?" >&2; } | true"#);
    assert_eq!((code, said.as_str()), (0, "it was 0\n"));
}

#[test]
fn manifests_of_a_removed_api_version_are_named_with_what_to_write() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("removed");
    fs::create_dir_all(folder.join("deeper")).unwrap();
    let old = "{apiVersion: networking.k8s.io/v1beta1, kind: Ingress, metadata: {name: old}}";
    fs::write(folder.join("deeper/old.yaml"), old).unwrap();
    fs::write(folder.join("readme.txt"), "not: [a manifest").unwrap();
    let plan = format!(r#""$ALBEDO" plan -f {} --cluster-name=demo"#, folder.display());
    let (code, _, said) = shell(&plan);
    assert_eq!(code, 1, "{said}");
    for part in ["deeper/old.yaml", "1.22", "write networking.k8s.io/v1"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    fs::write(folder.join("kustomization.yaml"), "resources: [deeper/old.yaml]").unwrap();
    let (code, _, said) = shell(&plan);
    assert!(code == 1 && said.contains("kubectl kustomize"), "{said}");
    fs::remove_dir_all(folder).unwrap();
}

/// What stands of a settled cluster, to be planned for anew.
fn settled(sketch: &str) -> (World, Fake) {
    wait(async {
        let site = Site::new(sketch);
        site.settle().await;
        let mut world = World::new("");
        world.objects = site.cluster.objects.read().unwrap().clone();
        (world, site.aws.clone())
    })
}

#[test]
fn a_change_of_security_groups_waits_for_nobody_who_lets_them_in_already() {
    let (world, aws) = settled(
        "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/web: {target-type: ip, rules: [web.example.com Prefix / s:80]}",
    );
    assert!(world.plan(&aws).plans.iter().all(|(_, plan)| plan.is_empty()));
    let load_balancer = aws.everything().load_balancers.keys().next().cloned().unwrap();
    let change = ElbAction::SetSecurityGroups {
        load_balancer,
        security_groups: vec![Id::Is(AwsId::new(NODES))],
    };
    aws.meddle(&AwsAction::Elb(change)).unwrap();
    let plans = world.plan(&aws);
    let steps: Vec<_> = plans.plans.iter().flat_map(|(_, plan)| &plan.steps).collect();
    let [step] = steps[..] else { panic!("{steps:#?}") };
    assert_eq!(step.action.operation(), ("elbv2", "SetSecurityGroups"));
    assert_eq!(step.gate, None);
}

#[test]
fn who_came_first_is_written_down_and_not_planned() {
    let (mut world, aws) = settled(
        "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge, target-type: ip, rules: [a.example.com Prefix / s:80]}",
    );
    world.add(
        "ingress shop/b: {group.name: edge, target-type: ip, rules: [b.example.com Prefix / s:80]}",
    );
    let plans = world.plan(&aws);
    let steps: Vec<_> = plans.plans.iter().flat_map(|(_, plan)| &plan.steps).collect();
    let operations: Vec<_> = steps.iter().map(|step| step.action.operation().1).collect();
    assert!(
        operations.contains(&"CreateRule") && operations.contains(&"ClaimIngress"),
        "{operations:?}"
    );
    assert!(!operations.contains(&"Remember"), "{operations:?}");
    for (_, plan) in &plans.plans {
        for (place, step) in plan.steps.iter().enumerate() {
            assert!(step.id.0 == place && step.after.iter().all(|before| before.0 < place));
        }
    }
}
