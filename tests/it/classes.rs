//! Whose an Ingress is: LBC's order of evaluation.

use albedo::desired::classes::{Claim, claim};
use albedo::desired::tls;
use albedo::model::load_balancer::Scheme;
use albedo::model::problem::Code;
use albedo::model::settings::DnsScope;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{World, key, member, wait};

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
        (
            Whose::Invalid(text),
            Claim::Invalid(problem) | Claim::Unknown(problem) | Claim::Unselected(problem),
        ) => {
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

/// A class with these parameters, and an Ingress of it with these annotations.
fn of_class(params: &str, annotations: &str) -> String {
    format!(
        "params p: {{{params}}}\nclass p: {{params: p}}\nservice shop/s: {{ports: [80]}}\n\
         ingress shop/web: {{class: p, {annotations}, rules: [any Exact /a s:80]}}"
    )
}

#[test]
fn a_value_that_nobody_knows_is_the_classs_mistake_and_not_looked_past() {
    let annotations = "scheme: internal, ip-address-type: ipv4, target-type: ip, \
                       load-balancer-name: fine, inbound-cidrs: 10.0.0.0/8";
    for (field, value, allowed) in [
        ("scheme", "public", "internal, internet-facing"),
        ("ipAddressType", "ipv6", "dualstack"),
        ("targetType", "pod", "ip, instance"),
        ("loadBalancerName", "a_b", "1 to 32 letters"),
        ("inboundCIDRs", "[all]", "CIDRs such as"),
        ("sslRedirectPort", "https", "a port number"),
    ] {
        let world = World::new(&of_class(&format!("{field}: {value}"), annotations));
        let built = world.build("shop/web");
        let [problem] = &built.problems[..] else { panic!("{field}: {:?}", built.problems) };
        assert_eq!((problem.code, &problem.object.key), (Code::InvalidClass, &key("shop/web")));
        assert_eq!(problem.field, format!("spec.{field} of the class's parameters"));
        assert!(problem.allowed.contains(allowed), "{problem}");
        assert!(built.good.is_empty(), "{field}");
    }
}

#[test]
fn while_a_class_cannot_be_understood_what_stands_stays_and_nothing_new_comes() {
    wait(async {
        let site = Site::new(&of_class("scheme: internal", "tags: a=b"));
        let controller = site.settle().await;
        let before = canon::aws(&site.aws.everything());
        site.cluster.add("params p: {scheme: public}");
        site.cluster.add("ingress shop/late: {class: p, rules: [any Exact /b s:80]}");
        controller.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
    });
}

#[test]
fn a_field_that_is_empty_asks_for_nothing() {
    let empty = "scheme: '', ipAddressType: '', loadBalancerName: '', sslPolicy: '', \
                 sslRedirectPort: '', targetType: '', certificateArn: [], inboundCIDRs: [], \
                 subnets: {}, tags: [], loadBalancerAttributes: [], wafv2AclArn: '', \
                 wafv2AclName: '', listeners: [], prefixListsIDs: [], PrefixListsIDs: [], \
                 ipamConfiguration: {}, minimumLoadBalancerCapacity: null";
    let annotations = "scheme: internet-facing, subnets: 'subnet-a, subnet-b'";
    let built = World::new(&of_class(empty, annotations)).build("shop/web");
    assert_eq!(built.problems, []);
    assert_eq!(built.stack.front.unwrap().load_balancer.scheme, Scheme::InternetFacing);
    // One that asks for something is not looked past.
    for (field, code) in [
        ("wafv2AclArn: 'arn:x'", Code::InvalidClass),
        ("minimumLoadBalancerCapacity: {capacityUnits: -1}", Code::InvalidClass),
        ("warmUp: true", Code::Unsupported),
    ] {
        let built = World::new(&of_class(field, annotations)).build("shop/web");
        let codes: Vec<Code> = built.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [code], "{field}");
    }
}

#[test]
fn a_class_decides_for_its_ingresses_what_lbc_does_not_have() {
    let asks = |controller: &str, annotations: &str, is_flag_on: bool| {
        let mut world = World::new(&format!(
            "class p: {{controller: {controller}, {annotations}}}\n\
             service shop/s: {{ports: [80]}}\nsecret shop/tls: {{fixture: ec}}\n\
             ingress shop/web: {{class: p, rules: [public.example.com Exact /a s:80], \
             tls: [tls public.example.com]}}"
        ));
        world.settings.tls_secrets = is_flag_on;
        let scope = if is_flag_on { DnsScope::All } else { DnsScope::OwnClasses };
        world.settings.dns.scope = scope;
        let web = key("shop/web");
        let ingress = &world.objects.ingresses[&web];
        let entries = tls::entries(&world.settings, &world.objects, &web, ingress);
        (!entries.is_empty(), world.build("shop/web").good[&member("shop/web")].names.is_some())
    };
    let (own, lbcs) = ("alb.ingress.k8s.aws/albedo", "ingress.k8s.aws/alb");
    let both = "alb.ingress.k8s.aws/tls-secrets: 'true', alb.ingress.k8s.aws/dns: 'true'";
    let neither = "alb.ingress.k8s.aws/tls-secrets: 'false', alb.ingress.k8s.aws/dns: 'false'";
    assert_eq!(asks(own, "x/y: z", false), (true, true));
    assert_eq!(asks(lbcs, "x/y: z", false), (false, false));
    assert_eq!(asks(lbcs, "x/y: z", true), (true, true));
    assert_eq!(asks(lbcs, both, false), (true, true));
    assert_eq!(asks(lbcs, neither, true), (false, false));
    assert_eq!(asks(own, neither, false), (false, false));
    assert_eq!(asks(lbcs, "alb.ingress.k8s.aws/dns: 'true'", false), (false, true));
}

#[test]
fn what_nobody_understands_on_a_class_makes_its_ingresses_bad() {
    for annotation in ["dns: maybe", "tls-secrets: ''", "tls-secret: 'true'"] {
        let sketch = format!(
            "class p: {{alb.ingress.k8s.aws/{annotation}}}\ningress shop/web: {{class: p}}"
        );
        let name = annotation.split(':').next().unwrap();
        let world = World::new(&sketch);
        let problems = world.problems("shop/web");
        let [problem] = &problems[..] else { panic!("{annotation}: {problems:?}") };
        assert_eq!(problem.code, Code::InvalidClass);
        let field = format!("annotation alb.ingress.k8s.aws/{name} of IngressClass p");
        assert_eq!(problem.field, field);
    }
}
