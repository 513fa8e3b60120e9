//! A sweep: what nobody owns goes, and nothing else.

use std::collections::BTreeMap;

use albedo::aws::Mirror;
use albedo::desired::sweep::owners;
use albedo::model::action::{Action, AwsAction, ElbAction, Route53Action};
use albedo::model::group::Group;
use albedo::model::id::AwsId;
use albedo::model::plan::Plan;
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::snapshot::Objects;
use albedo::model::subject::Subject;
use albedo::model::sweep::{Ownerless, Owners, Standing};
use albedo::plan::sweep;

use super::support::canon;
use super::support::clock::VirtualClock;
use super::support::fake::Fake;
use super::support::site::Site;
use super::support::world::{group, key, settings, wait};

/// What stays: a group of two, and an Ingress by itself.
const OWNED: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge, rules: [a.example.com Prefix / s:80]}
ingress shop/b: {rules: [b.example.com Prefix / s:80]}
";
/// What is left behind.
const LEFT: &str = "
ingress shop/c: {rules: [c.example.com Prefix / s:80]}
ingress shop/d: {group.name: old, rules: [d.example.com Prefix / s:80]}
";

fn named(cluster: &str) -> Settings {
    let mut settings = settings();
    cluster.clone_into(&mut settings.cluster);
    cluster.clone_into(&mut settings.dns.owner);
    settings.dns.keeps_default = true;
    settings.dns.scope = DnsScope::All;
    settings
}

fn site(cluster: &str, sketch: &str) -> Site {
    let site = Site::with(named(cluster), sketch);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

/// The objects of a site but for some Ingresses, which somebody took away by force.
fn without(site: &Site, names: &[&str]) -> Objects {
    let mut objects = site.cluster.objects.read().unwrap().clone();
    names.iter().for_each(|name| _ = objects.ingresses.remove(&key(name)));
    objects
}

fn nobody() -> [&'static Group; 0] {
    []
}

async fn standing(aws: &Fake, settings: &Settings, objects: &Objects) -> Standing {
    let mirror = Mirror::new(aws.clone(), VirtualClock::new());
    let age_max = std::time::Duration::from_secs(60);
    let zones = mirror.zones(age_max).await.unwrap();
    let zones = zones.values().cloned();
    let mut standing = mirror.standing(&settings.cluster, zones, age_max).await.unwrap();
    standing.bind(objects.bindings.iter().map(|(key, binding)| (key, &**binding)));
    standing
}

/// What would go.
async fn found(
    aws: &Fake,
    settings: &Settings,
    objects: &Objects,
    owners: &Owners,
) -> (Vec<(Subject, Plan)>, Vec<Ownerless>) {
    let standing = standing(aws, settings, objects).await;
    let plans = sweep::plan(settings, owners, &standing);
    let found = sweep::ownerless(settings, &plans, &BTreeMap::new());
    (plans, found)
}

/// Sweeps until nothing changes any more, as the command does, and says what was done in AWS.
async fn swept(
    aws: &Fake,
    settings: &Settings,
    objects: &Objects,
    owners: &Owners,
) -> Vec<AwsAction> {
    let mut done = Vec::new();
    for _ in 0..5 {
        let (plans, _) = found(aws, settings, objects, owners).await;
        for (_, plan) in plans {
            let mut taken = Vec::new();
            for step in &plan.steps {
                let is_open = step.gate.is_none() && step.after.iter().all(|id| taken.contains(id));
                match &step.action {
                    Action::Aws(action) if is_open && aws.meddle(action).is_ok() => {
                        taken.push(step.id);
                        done.push(action.clone());
                    }
                    Action::Aws(_) | Action::Kube(_) => {}
                }
            }
        }
    }
    done
}

#[test]
fn what_lost_its_ingress_goes_and_the_rest_stands_as_if_it_had_never_been() {
    wait(async {
        let expected = site("demo", OWNED);
        expected.settle().await;
        let site = site("demo", OWNED);
        site.cluster.add(LEFT);
        site.settle().await;
        let objects = without(&site, &["shop/c", "shop/d"]);
        let owners = owners(&objects, nobody());
        let settings = named("demo");
        let (_, listed) = found(&site.aws, &settings, &objects, &owners).await;
        let of = |kind: &str| listed.iter().filter(|one| one.kind == kind).count();
        let kinds = ["load balancer", "target group", "security group", "record"];
        assert_eq!(kinds.map(of), [2, 2, 2, 4], "{listed:#?}");
        let whose: Vec<&str> = listed.iter().map(|one| one.was_of.as_str()).collect();
        assert!(
            whose.iter().all(|who| ["Ingress shop/c", "group old", "Ingress shop/d"].contains(who))
        );
        let done = swept(&site.aws, &settings, &objects, &owners).await;
        let at = |wanted: fn(&AwsAction) -> bool| done.iter().position(wanted).unwrap();
        let names =
            at(|one| matches!(one, AwsAction::Route53(Route53Action::ChangeRecords { .. })));
        let balancer =
            at(|one| matches!(one, AwsAction::Elb(ElbAction::DeleteLoadBalancer { .. })));
        let targets = at(|one| matches!(one, AwsAction::Elb(ElbAction::DeleteTargetGroup { .. })));
        assert!(names < balancer && balancer < targets, "{done:#?}");
        let (left, wanted) = (site.aws.everything(), expected.aws.everything());
        assert_eq!(left.load_balancers.len(), wanted.load_balancers.len());
        assert_eq!(left.target_groups.len(), wanted.target_groups.len());
        let zone = AwsId::new("ZPUB");
        let names = |state: &super::support::fake::State| {
            state.zones[&zone].records.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&left), names(&wanted));
        assert!(found(&site.aws, &settings, &objects, &owners).await.1.is_empty());
    });
}

#[test]
fn another_clusters_things_are_never_touched_also_when_this_one_is_gone() {
    wait(async {
        let ours = site("demo", LEFT);
        ours.cluster
            .add("service shop/s: {ports: [80:8080]}\nendpoints shop/s: {at: [172.31.1.10]}");
        ours.settle().await;
        let theirs = Site::with(named("other"), OWNED);
        let theirs = Site { aws: ours.aws.clone(), ..theirs };
        let alone = ours.aws.everything();
        theirs.settle().await;
        let of_both = ours.aws.everything();
        assert!(of_both.load_balancers.len() > alone.load_balancers.len());
        let done = swept(&ours.aws, &named("demo"), &Objects::default(), &Owners::default()).await;
        assert!(!done.is_empty());
        let left = canon::aws(&ours.aws.everything()).join("\n");
        let others: Vec<String> = ours.aws.change(|state| {
            state.zones[&AwsId::new("ZPUB")].records.keys().map(|key| key.name.clone()).collect()
        });
        assert!(left.contains("other"), "{left}");
        let is_theirs = |name: &String| name.contains("a.example") || name.contains("b.example");
        assert!(others.iter().all(is_theirs) && others.len() == 4, "{others:?}");
        let (_, listed) =
            found(&ours.aws, &named("demo"), &Objects::default(), &Owners::default()).await;
        assert_eq!(listed, [], "all of it is gone");
    });
}

#[test]
fn who_is_named_anywhere_owns() {
    wait(async {
        let site = site("demo", OWNED);
        site.cluster.add(LEFT);
        site.settle().await;
        let objects = without(&site, &["shop/c", "shop/d"]);
        let settings = named("demo");
        let listed = |owners: Owners| {
            let (settings, objects, aws) = (settings.clone(), objects.clone(), site.aws.clone());
            async move {
                let (_, listed) = found(&aws, &settings, &objects, &owners).await;
                listed.into_iter().map(|one| (one.kind, one.was_of)).collect::<Vec<_>>()
            }
        };
        let none = owners(&objects, nobody());
        let is_in = |all: &[(&str, String)], whose: &str| all.iter().any(|(_, who)| who == whose);
        let plain = listed(none.clone()).await;
        assert!(is_in(&plain, "Ingress shop/c") && is_in(&plain, "group old"), "{plain:?}");
        // Something is remembered of it.
        let remembered = owners(&objects, [&group("old")]);
        assert!(!is_in(&listed(remembered).await, "group old"));
        // A person's binding names one of its target groups.
        let arn = site.aws.everything().target_groups.values().find_map(|live| {
            let stack = Group::in_tags(&live.spec.tags)?;
            (stack == "old").then(|| live.spec.name.clone())
        });
        let mut bound = none.clone();
        bound.bound.insert((arn.flatten().unwrap().as_str().into(), None));
        assert!(!is_in(&listed(bound).await, "group old"));
    });
}

#[test]
fn deletion_protection_holds_a_group_up_as_a_whole() {
    wait(async {
        let site = site("demo", OWNED);
        site.cluster.add(
            "ingress shop/c: {load-balancer-attributes: deletion_protection.enabled=true,
               rules: [c.example.com Prefix / s:80]}",
        );
        site.settle().await;
        let objects = without(&site, &["shop/c"]);
        let owners = owners(&objects, nobody());
        let settings = named("demo");
        let before = site.aws.everything().load_balancers.len();
        let done = swept(&site.aws, &settings, &objects, &owners).await;
        assert_eq!(done, [], "its names stay as well");
        assert_eq!(site.aws.everything().load_balancers.len(), before);
        let (_, listed) = found(&site.aws, &settings, &objects, &owners).await;
        let held = listed.iter().find(|one| one.kind == "load balancer").unwrap();
        assert!(held.waits_for.as_deref().unwrap().contains("deletion protection"), "{held:?}");
    });
}
