//! Whose an Ingress is: LBC's order of evaluation.

use albedo::desired::classes::{Claim, claim};

use super::support::world::{World, key};

/// Whose an Ingress should be.
enum Whose {
    Ours,
    Foreign,
    /// It names a class that cannot be used; the problem says this.
    Invalid(&'static str),
}

fn check(flag: &str, sketch: &str, expected: &Whose) {
    let mut world = World::new(sketch);
    flag.clone_into(&mut world.settings.ingress_class);
    let web = key("shop/web");
    let ingress = world.objects.ingresses.get(&web).unwrap();
    let found = claim(&world.settings, &world.objects, &web, ingress);
    match (expected, found) {
        (Whose::Ours, Claim::Ours(_)) | (Whose::Foreign, Claim::Foreign) => {}
        (Whose::Invalid(text), Claim::Invalid(problem) | Claim::Unknown(problem)) => {
            assert!(problem.to_string().contains(text), "{problem}\n{sketch}");
            assert_eq!(problem.object.key, web);
        }
        (_, found) => panic!("{found:?}\n{sketch}"),
    }
}

#[test]
fn the_annotation_decides_alone() {
    for (flag, value, expected) in [
        ("alb", "alb", Whose::Ours),
        ("alb", "nginx", Whose::Foreign),
        ("alb", "", Whose::Foreign),
        ("Alb", "alb", Whose::Foreign),
        ("", "alb", Whose::Ours),
        ("", "", Whose::Ours),
        ("", "nginx", Whose::Foreign),
    ] {
        // The class that is named besides does not exist, and that is nobody's matter.
        let sketch =
            format!("ingress shop/web: {{class: gone, kubernetes.io/ingress.class: {value:?}}}");
        check(flag, &sketch, &expected);
    }
}

#[test]
fn a_named_class_has_to_exist_and_to_be_ours() {
    check("alb", "ingress shop/web:", &Whose::Ours);
    let gone =
        Whose::Invalid("\"gone\", which does not exist; allowed: an IngressClass that exists: alb");
    check("alb", "ingress shop/web: {class: gone}", &gone);
    for (controller, expected) in [
        ("ingress.k8s.aws/alb", Whose::Ours),
        ("alb.ingress.k8s.aws", Whose::Ours),
        ("alb.ingress.k8s.aws/blue", Whose::Ours),
        ("k8s.io/ingress-nginx", Whose::Foreign),
        ("ingress.k8s.aws/nlb", Whose::Foreign),
        ("not.alb.ingress.k8s.aws/blue", Whose::Foreign),
    ] {
        let sketch = format!(
            "class other: {{controller: {controller}}}\ningress shop/web: {{class: other}}"
        );
        check("alb", &sketch, &expected);
        // A class of somebody else is somebody else's, whatever the flag says.
        check("", &sketch, &expected);
    }
}

#[test]
fn without_a_class_the_default_one_counts() {
    let default = "{ingressclass.kubernetes.io/is-default-class: 'true'}";
    let one = format!("class main: {default}");
    let two = format!("{one}\nclass more: {default}");
    let nameless = "ingress shop/web: {class: null}";
    check("alb", nameless, &Whose::Foreign);
    check("", nameless, &Whose::Ours);
    check("alb", &format!("{one}\n{nameless}"), &Whose::Ours);
    let several = Whose::Invalid("several default classes: main, more");
    check("alb", &format!("{two}\n{nameless}"), &several);
    check("alb", &format!("{two}\ningress shop/web:"), &Whose::Ours);
    check(
        "alb",
        "class main: {ingressclass.kubernetes.io/is-default-class: 'True'}\ningress shop/web: {class: null}",
        &Whose::Foreign,
    );
}

#[test]
fn parameters_have_to_be_lbcs_and_to_exist() {
    let ours = "ingress shop/web: {class: p}";
    for (class, expected) in [
        ("{params: known}", Whose::Ours),
        ("{params: gone}", Whose::Invalid("IngressClassParams \"gone\", which do not exist")),
        (
            "{parameters: {kind: IngressClassParams, name: known}}",
            Whose::Invalid("IngressClassParams of group \"\""),
        ),
        (
            "{parameters: {apiGroup: elbv2.k8s.aws, kind: ConfigMap, name: known}}",
            Whose::Invalid("ConfigMap of group \"elbv2.k8s.aws\""),
        ),
    ] {
        check("alb", &format!("params known: {{}}\nclass p: {class}\n{ours}"), &expected);
    }
}

#[test]
fn a_namespace_selector_keeps_others_out() {
    let invalid = || Whose::Invalid("\"shop\", whose labels the class does not select");
    for (selector, labels, expected) in [
        ("{}", "{}", Whose::Ours),
        ("{matchLabels: {team: a}}", "{team: a}", Whose::Ours),
        ("{matchLabels: {team: a}}", "{team: b}", invalid()),
        ("{matchLabels: {team: a}}", "{}", invalid()),
        (
            "{matchExpressions: [{key: team, operator: In, values: [a, b]}]}",
            "{team: b}",
            Whose::Ours,
        ),
        ("{matchExpressions: [{key: team, operator: NotIn, values: [a]}]}", "{}", Whose::Ours),
        ("{matchExpressions: [{key: team, operator: NotIn, values: [a]}]}", "{team: a}", invalid()),
        ("{matchExpressions: [{key: team, operator: Exists}]}", "{}", invalid()),
        ("{matchExpressions: [{key: team, operator: DoesNotExist}]}", "{}", Whose::Ours),
    ] {
        let sketch = format!(
            "namespace shop: {{labels: {labels}}}\nparams p: {{namespaceSelector: {selector}}}\n\
             class p: {{params: p}}\ningress shop/web: {{class: p}}"
        );
        check("alb", &sketch, &expected);
    }
}
