//! Which subnets a load balancer gets.

use std::sync::Arc;

use albedo::model::id::AwsId;
use albedo::model::problem::{Code, Severity};
use albedo::model::stack::Wish;
use albedo::model::surroundings::Subnet;

use super::support::site::Site;
use super::support::world::{World, subnet, wait};

const ELB: &str = "kubernetes.io/role/elb";
const CLUSTER: &str = "kubernetes.io/cluster/demo";
const OTHER: &str = "kubernetes.io/cluster/other";

/// A subnet without tags.
fn bare(zone: &str) -> Subnet {
    Subnet { tags: super::support::world::tags(&[]), ..subnet(zone) }
}

fn tagged(zone: &str, tags: &[&str]) -> Subnet {
    let tags = tags.iter().map(|tag| tag.split_once('=').unwrap_or((tag, "")));
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Subnet { tags, ..subnet(zone) }
}

/// The subnets that are chosen, or why there are none.
fn chosen(
    annotations: &str,
    params: &str,
    subnets: Vec<(&str, Subnet)>,
) -> Result<Vec<String>, String> {
    let mut world = World::new(&format!(
        "service shop/s: {{ports: [80]}}\nparams p: {params}\nclass p: {{params: p}}\n\
         ingress shop/web: {{class: p, {annotations}, rules: [any Exact /a s:80]}}"
    ));
    Arc::make_mut(&mut world.surroundings.vpc).subnets = subnets
        .into_iter()
        .map(|(id, subnet)| (AwsId::new(format!("subnet-{id}")), subnet))
        .collect();
    let built = world.build("shop/web");
    let Some(front) = built.stack.front else { return Err(built.problems[0].to_string()) };
    if let Some(problem) = front.no_subnets {
        return Err(problem.to_string());
    }
    Ok(front
        .subnets
        .found()
        .iter()
        .map(|id| id.as_str().trim_start_matches("subnet-").to_owned())
        .collect())
}

fn discover(subnets: Vec<(&str, Subnet)>) -> Result<Vec<String>, String> {
    chosen("scheme: internet-facing", "{}", subnets)
}

fn names(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn refused(found: &Result<Vec<String>, String>, text: &str) {
    assert!(found.as_ref().is_err_and(|error| error.contains(text)), "{text}: {found:?}");
}

#[test]
fn tagged_subnets_are_found_one_for_each_zone() {
    let found = discover(vec![
        ("a1", bare("a")),
        ("a2", tagged("a", &["kubernetes.io/role/elb=1"])),
        ("a3", tagged("a", &[ELB])),
        ("b1", tagged("b", &[ELB])),
        ("c1", tagged("c", &["kubernetes.io/role/elb=0"])),
    ]);
    assert_eq!(found, Ok(names(&["a2", "b1"])));
}

#[test]
fn the_clusters_own_subnets_come_first_and_those_of_others_never() {
    let found = discover(vec![
        ("a1", tagged("a", &[ELB])),
        ("a2", tagged("a", &[ELB, CLUSTER])),
        ("b1", tagged("b", &[ELB, OTHER])),
        ("b2", tagged("b", &[ELB, OTHER, CLUSTER])),
        ("c1", tagged("c", &[ELB, OTHER])),
    ]);
    assert_eq!(found, Ok(names(&["a2", "b2"])));
}

#[test]
fn without_tags_the_route_table_decides() {
    let private = |zone| Subnet { is_public: false, ..bare(zone) };
    let all =
        || vec![("a1", private("a")), ("a2", bare("a")), ("b1", bare("b")), ("b2", private("b"))];
    assert_eq!(discover(all()), Ok(names(&["a2", "b1"])));
    assert_eq!(chosen("scheme: internal", "{}", all()), Ok(names(&["a1", "b2"])));
}

#[test]
fn a_subnet_needs_free_addresses_and_for_ipv6_a_cidr() {
    let full = |zone| Subnet { free_addresses: 7, ..subnet(zone) };
    let only_ipv4 = |zone| Subnet { has_ipv6: false, ..subnet(zone) };
    assert_eq!(
        discover(vec![("a1", full("a")), ("a2", subnet("a")), ("b1", subnet("b"))]),
        Ok(names(&["a2", "b1"]))
    );
    let none = discover(vec![("a1", full("a")), ("b1", subnet("b"))]);
    refused(&none, "one zone only: subnet-b1 (subnet-a1 fewer than 8 free addresses)");
    let dualstack = "scheme: internet-facing, ip-address-type: dualstack";
    let all = || vec![("a1", only_ipv4("a")), ("a2", subnet("a")), ("b1", subnet("b"))];
    assert_eq!(chosen(dualstack, "{}", all()), Ok(names(&["a2", "b1"])));
    assert_eq!(discover(all()), Ok(names(&["a1", "b1"])));
}

#[test]
fn named_subnets_are_taken_as_they_are() {
    let named = |zone, name| tagged(zone, &[&format!("Name={name}")]);
    let all =
        || vec![("a1", named("a", "one")), ("b1", named("b", "two")), ("c1", named("c", "two"))];
    let of = |list: &str| chosen(&format!("subnets: '{list}'"), "{}", all());
    assert_eq!(of("two, subnet-a1"), Ok(names(&["b1", "a1"])));
    // The second mention of a name is the second subnet of that name.
    assert_eq!(of("two,two"), Ok(names(&["b1", "c1"])));
    refused(&of("two,two,two"), "two, which vpc-fake does not have");
    refused(&of("one,three"), "three, which vpc-fake does not have");
    refused(&of("one"), "one zone only");
    refused(&of(""), "no subnet");
    let same_zone = || vec![("a1", bare("a")), ("a2", bare("a")), ("b1", bare("b"))];
    refused(&chosen("subnets: 'subnet-a1,subnet-a2'", "{}", same_zone()), "several of one zone");
}

#[test]
fn dualstack_needs_ipv6_of_named_subnets_too() {
    let all = || vec![("a1", Subnet { has_ipv6: false, ..subnet("a") }), ("b1", subnet("b"))];
    let found = chosen("ip-address-type: dualstack, subnets: 'subnet-a1,subnet-b1'", "{}", all());
    refused(&found, "IPv6");
}

#[test]
fn a_class_names_or_selects_subnets_over_the_annotation() {
    let all = || {
        vec![
            ("a1", tagged("a", &["tier=web"])),
            ("a2", tagged("a", &["tier=db"])),
            ("b1", tagged("b", &["tier=app", OTHER])),
            ("b2", tagged("b", &["tier=app"])),
        ]
    };
    let of = |params: &str| chosen("scheme: internal", params, all());
    assert_eq!(of("{subnets: {ids: [subnet-a2, subnet-b1]}}"), Ok(names(&["a2", "b1"])));
    assert_eq!(of("{subnets: {tags: {tier: [web, app]}}}"), Ok(names(&["a1", "b2"])));
    refused(&of("{subnets: {tags: {tier: [web]}}}"), "one zone only");
    let annotated =
        chosen("subnets: 'subnet-a1,subnet-b2'", "{subnets: {ids: [subnet-a2, subnet-b1]}}", all());
    assert_eq!(annotated, Ok(names(&["a2", "b1"])));
}

#[test]
fn where_too_few_fit_every_subnet_is_listed_with_why() {
    let full = |zone| Subnet { free_addresses: 7, ..subnet(zone) };
    let found = discover(vec![
        ("a1", subnet("a")),
        ("a2", subnet("a")),
        ("b1", full("b")),
        ("c1", tagged("c", &[ELB, OTHER])),
        ("d1", bare("d")),
    ]);
    for why in [
        "one zone only: subnet-a1",
        "subnet-a2 in a, as subnet-a1 is",
        "subnet-b1 fewer than 8 free addresses",
        "subnet-c1 tagged for another cluster",
        "subnet-d1 not tagged or routed for this scheme",
    ] {
        refused(&found, why);
    }
}

/// What becomes of the subnets where a class says this of zones, and an Ingress that; and what the
/// Ingress is told.
fn zones_out(class: &str, annotations: &str, zones: &[&str]) -> (Wish<Vec<AwsId>>, Vec<String>) {
    let mut world = World::new(&format!(
        "service shop/s: {{ports: [80]}}\nclass p: {{{class}}}\n\
         ingress shop/web: {{class: p, {annotations}, rules: [any Exact /a s:80]}}"
    ));
    let subnets = zones.iter().map(|zone| (AwsId::new(format!("subnet-{zone}")), subnet(zone)));
    Arc::make_mut(&mut world.surroundings.vpc).subnets = subnets.collect();
    let built = world.build("shop/web");
    let told = built.problems.iter().map(|problem| {
        assert_ne!(problem.severity, Severity::Error);
        format!("{}: {}; {}", problem.field, problem.found, problem.meanwhile)
    });
    let told = told.collect();
    let front = built.stack.front.expect("it is served all the same");
    assert_eq!(front.no_subnets, None);
    (front.subnets, told)
}

/// An annotation that says this of zones.
fn out(value: &str) -> String {
    format!("alb.ingress.k8s.aws/zones-out: \"{value}\"")
}

fn subnets(zones: &[&str]) -> Vec<AwsId> {
    zones.iter().map(|zone| AwsId::new(format!("subnet-{zone}"))).collect()
}

#[test]
fn a_class_or_an_ingress_takes_a_zone_out_and_puts_it_back() {
    let three = ["a", "b", "c"];
    let silent = "scheme: internal";
    let found = |class: &str, ingress: &str| {
        let (wish, told) = zones_out(class, ingress, &three);
        assert_eq!(told, [""; 0]);
        let Wish::InEach { places, found } = wish else { panic!("{wish:?}") };
        assert_eq!(places.concat(), found, "each zone has one subnet here");
        found
    };
    for (class, ingress) in [(out("b"), silent.to_owned()), (String::new(), out("b"))] {
        assert_eq!(found(&class, &ingress), subnets(&["a", "c"]));
    }
    assert_eq!(found(&out("none"), silent), subnets(&three));
    assert_eq!(found("", &out("none")), subnets(&three));
    // The class decides.
    assert_eq!(found(&out("a"), &out("b")), subnets(&["b", "c"]));
    // Those that an Ingress names, too.
    let named = "subnets: \"subnet-c,subnet-b,subnet-a\"";
    let exactly = |zones: &[&str]| (Wish::Exactly(subnets(zones)), Vec::new());
    assert_eq!(zones_out(&out("a"), named, &three), exactly(&["c", "b"]));
    assert_eq!(zones_out(&out("none"), named, &three), exactly(&["c", "b", "a"]));
    assert_eq!(zones_out("", &format!("{named}, {}", out("a")), &three), exactly(&["c", "b"]));
    // Whoever says nothing of zones leaves them as they are.
    assert_eq!(zones_out("", silent, &three).0, Wish::KeepElse(subnets(&three)));
}

#[test]
fn no_zone_is_taken_out_where_too_few_would_be_left() {
    for (class, ingress) in [(out("a"), "scheme: internal".to_owned()), (String::new(), out("a"))] {
        let (wish, told) = zones_out(&class, &ingress, &["a", "b"]);
        assert_eq!(wish, Wish::KeepElse(subnets(&["a", "b"])));
        let [told] = &told[..] else { panic!("{told:?}") };
        assert!(
            told.contains("zones-out: one zone only: subnet-b; no zone is taken out"),
            "{told}"
        );
    }
    let (wish, told) = zones_out(&out("b, x"), "scheme: internal", &["a", "b", "c"]);
    assert_eq!(*wish.found(), subnets(&["a", "c"]));
    assert!(told[0].contains("\"x\", in which the VPC has no subnet"), "{told:?}");
}

#[test]
fn zones_that_cannot_be_read_make_the_class_or_the_ingress_bad() {
    for (class, ingress, code) in [
        (out(""), "scheme: internal", Code::InvalidClass),
        (String::new(), out("").as_str(), Code::InvalidAnnotation),
    ] {
        let world = World::new(&format!(
            "service shop/s: {{ports: [80]}}\nclass p: {{{class}}}\n\
             ingress shop/web: {{class: p, {ingress}, rules: [any Exact /a s:80]}}",
        ));
        let problems = world.problems("shop/web");
        assert_eq!(problems[0].code, code);
        assert!(problems[0].to_string().contains("zones-out"), "{problems:?}");
    }
}

/// Two Ingresses of a group, which say this of zones, in a VPC of three.
fn together(web: &str, api: &str) -> World {
    let mut world = World::new(&format!(
        "service shop/s: {{ports: [80]}}\n\
         ingress shop/web: {{group.name: edge, {web}, rules: [any Exact /a s:80]}}\n\
         ingress shop/xpi: {{group.name: edge, {api}, rules: [any Exact /b s:80]}}"
    ));
    let three = ["a", "b", "c"].map(|zone| (AwsId::new(format!("subnet-{zone}")), subnet(zone)));
    Arc::make_mut(&mut world.surroundings.vpc).subnets = three.into();
    world
}

#[test]
fn members_of_a_group_agree_on_the_zones_that_are_taken_out() {
    let silent = "scheme: internal";
    let built = together(silent, &out("b")).build("edge");
    assert_eq!(built.problems, []);
    assert_eq!(*built.stack.front.unwrap().subnets.found(), subnets(&["a", "c"]));
    let built = together(&out("a"), &out("b")).build("edge");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::Conflict, Severity::Error));
    assert_eq!(problem.object.key.name, "xpi");
    assert_eq!(*built.stack.front.unwrap().subnets.found(), subnets(&["b", "c"]));
}

#[test]
fn classes_of_a_group_that_take_out_too_much_together_are_told() {
    let mut world = together("class: p", "class: q");
    world.add(&format!("class p: {{{}}}\nclass q: {{{}}}", out("a"), out("b")));
    let built = world.build("edge");
    let told: Vec<&str> = built.problems.iter().map(|told| &*told.object.key.name).collect();
    assert_eq!(told, ["web", "xpi"]);
    for problem in &built.problems {
        assert_eq!(problem.severity, Severity::Warning);
        assert!(problem.found.contains("leave one zone only: subnet-c"), "{problem}");
    }
    assert_eq!(built.stack.front.unwrap().subnets, Wish::KeepElse(subnets(&["a", "b", "c"])));
}

#[test]
fn a_load_balancer_stays_in_the_subnets_that_it_has_in_the_zones_that_are_left() {
    wait(async {
        let shop = |said: &str| {
            format!(
                "service shop/s: {{ports: [80]}}\ningress shop/web: {{{said}rules: [any Exact /a s:80]}}"
            )
        };
        let site = Site::new(&shop(""));
        let vpc = |ids: &[(&str, &[&str])]| {
            let each = ids
                .iter()
                .map(|(id, tags)| (AwsId::new(format!("subnet-{id}")), tagged(&id[..1], tags)));
            let subnets = each.collect();
            site.aws.change(|state| state.vpc.subnets = subnets);
        };
        let role = "kubernetes.io/role/internal-elb=1";
        vpc(&[("a1", &[role]), ("b1", &[role]), ("c1", &[role])]);
        let mut controller = site.settle().await;
        let stands = || {
            let state = site.aws.everything();
            let balancers = state.load_balancers.values();
            let mut ids: Vec<String> = balancers
                .flat_map(|found| &found.spec.subnets)
                .map(|id| id.as_str().trim_start_matches("subnet-").to_owned())
                .collect();
            ids.sort();
            ids
        };
        assert_eq!(stands(), ["a1", "b1", "c1"]);
        // Discovery finds others of the same zones by now, and one zone more.
        vpc(&[
            ("a0", &[role, CLUSTER]),
            ("a1", &[role]),
            ("b0", &[role, CLUSTER]),
            ("b1", &[role]),
            ("c0", &[role, CLUSTER]),
            ("c1", &[role]),
            ("d0", &[role]),
        ]);
        for (said, expected) in [
            ("b", &["a1", "c1", "d0"][..]),
            ("none", &["a1", "b0", "c1", "d0"]),
            ("a, c", &["b0", "d0"]),
        ] {
            controller.stop().await;
            site.cluster.add(&shop(&format!("{}, ", out(said))));
            controller = site.settle().await;
            assert_eq!(stands(), expected, "{said}");
        }
    });
}
