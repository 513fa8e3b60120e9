//! Names and tags against LBC's own, from its unit tests and from calls recorded of it.

use albedo::model::group::Group;
use albedo::model::id::ObjectKey;
use albedo::model::names::{
    TargetGroupNameParts, backend_security_group, frontend_security_group, ingress_group,
    load_balancer, target_group,
};
use albedo::model::settings::Scope;

fn implicit(namespace: &str, name: &str) -> Group {
    Group::Implicit(ObjectKey::new(namespace, name))
}

fn explicit(name: &str) -> Group {
    Group::Explicit(name.into())
}

#[test]
fn load_balancers_are_named_as_lbc_names_them() {
    for (cluster, group, scheme, expected) in [
        ("", implicit("awesome-ns", "ing-1"), "internet-facing", "k8s-awesomen-ing1-43b698093c"),
        ("", explicit("explicit-group"), "internal", "k8s-explicitgroup-5bf9e53c23"),
        ("cluster-dummy", implicit("ns-1", "ing-1"), "internal", "k8s-ns1-ing1-b7e914000d"),
        ("cluster-dummy", implicit("ns-1", "ing-1"), "internet-facing", "k8s-ns1-ing1-159dd7a143"),
        (
            "prod-eks",
            implicit("shop", "checkout-web"),
            "internet-facing",
            "k8s-shop-checkout-e2320b951b",
        ),
        (
            "prod-eks",
            explicit("platform.edge-public"),
            "internet-facing",
            "k8s-platformedgepubli-2056589b6f",
        ),
        ("demo", implicit("v01-ns", "web"), "internet-facing", "k8s-v01ns-web-efd8fe1f48"),
    ] {
        assert_eq!(load_balancer(cluster, &group, scheme), expected);
    }
}

#[test]
fn what_shows_a_group_has_a_name_that_objects_may_have_and_no_other_has() {
    let plain = ["edge", "platform.edge-public", "a--b", "shop.web"];
    for name in plain {
        assert_eq!(ingress_group(&explicit(name)), name);
    }
    let implicit_name = ingress_group(&implicit("shop", "web"));
    assert!(implicit_name.starts_with("shop.web-"), "{implicit_name}");
    let long = "x".repeat(253);
    let groups = [
        implicit("shop", "web"),
        implicit("shop", "we.b"),
        implicit("shop.we", "b"),
        implicit("shop", &long),
        implicit("shop", &format!("{}y", &long[..252])),
        // Whoever takes the name of another one's gets one of his own.
        explicit(&implicit_name),
        explicit("shop.web"),
        explicit("a..b"),
        explicit("a.-b"),
        explicit("a.b"),
        explicit("Ab_c"),
        explicit("..."),
    ];
    let mut names: Vec<String> = groups.iter().map(ingress_group).collect();
    for name in &names {
        let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_label = |label: &str| {
            !label.is_empty()
                && label.chars().all(is_inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        assert!(name.len() <= 253 && name.split('.').all(is_label), "{name}");
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), groups.len(), "{names:#?}");
}

#[test]
fn security_groups_are_named_as_lbc_names_them() {
    for (cluster, group, expected) in [
        ("cluster-dummy", implicit("ns-1", "ing-1"), "k8s-ns1-ing1-bd83176788"),
        ("prod-eks", implicit("shop", "checkout-web"), "k8s-shop-checkout-f71060c71f"),
        ("prod-eks", explicit("platform.edge-public"), "k8s-platformedgepubli-d306646dac"),
        ("demo", explicit("v22"), "k8s-v22-615e728cc5"),
    ] {
        assert_eq!(frontend_security_group(cluster, &group), expected);
    }
    for (cluster, expected) in [
        ("testCluster", "k8s-traffic-testCluster-411a1bcdb1"),
        ("prod-eks", "k8s-traffic-prodeks-e91bc47b4a"),
        ("demo", "k8s-traffic-demo-2a97516c35"),
    ] {
        assert_eq!(backend_security_group(cluster), expected);
    }
}

#[test]
fn target_groups_are_named_as_lbc_names_them() {
    let checkout = ObjectKey::new("shop", "checkout-web");
    let api = ObjectKey::new("shop", "checkout-api");
    let name_1 = ObjectKey::new("ns-1", "name-1");
    let parts = TargetGroupNameParts {
        cluster: "",
        group: "",
        ingress: &name_1,
        service: &name_1,
        service_uid: "my-uuid",
        service_port: "http",
        port: 8080,
        target_type: "ip",
        protocol: "HTTP",
        protocol_version: "HTTP1",
        control_port: None,
    };
    assert_eq!(target_group(&parts), "k8s-ns1-name1-2c37289a00");
    let parts = TargetGroupNameParts {
        cluster: "prod-eks",
        group: "shop/checkout-web",
        ingress: &checkout,
        service: &api,
        service_uid: "0b6f6c1e-8a33-4c55-9d3b-2f6f0f0d8a11",
        service_port: "80",
        ..parts
    };
    assert_eq!(target_group(&parts), "k8s-shop-checkout-d5eded7941");
    let controlled = TargetGroupNameParts { control_port: Some(3000), ..parts };
    assert_eq!(target_group(&controlled), "k8s-shop-checkout-85c3f1ff05");
    let parts = TargetGroupNameParts {
        group: "platform.edge-public",
        service_port: "http",
        port: 30080,
        target_type: "instance",
        ..parts
    };
    assert_eq!(target_group(&parts), "k8s-shop-checkout-f6be62f6db");
}

#[test]
fn marks_are_lbcs() {
    assert_eq!(implicit("a", "b").finalizer(Scope::All), "ingress.k8s.aws/resources");
    assert_eq!(explicit("g").finalizer(Scope::All), "group.ingress.k8s.aws/g");
    let tags = implicit("v01-ns", "web").tags("demo", "80:1");
    let tags: Vec<(&str, &str)> = tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let expected = [
        ("elbv2.k8s.aws/cluster", "demo"),
        ("ingress.k8s.aws/resource", "80:1"),
        ("ingress.k8s.aws/stack", "v01-ns/web"),
    ];
    assert_eq!(tags, expected);
}
