//! A sweep: what stands in AWS in the cluster's name and nobody owns goes, in the order in which it
//! can.
//!
//! Names leave load balancers first; a load balancer goes with its listeners and rules, then its
//! target groups and security groups, then what the cluster shares, then certificates. Whatever is
//! in use by something that stays is held up at the same gates as in any other plan, and a plan
//! that may take away what is still needed is not shown at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::action::{AcmAction, Action, AwsAction, Ec2Action, ElbAction, Route53Action};
use crate::model::certificate::LiveCertificate;
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey};
use crate::model::inventory::BalancerInventory;
use crate::model::memory::{Given, Memory};
use crate::model::ownership::Ownership;
use crate::model::plan::{Plan, Step};
use crate::model::record::{HostedZone, RecordChange, RecordType, RecordValue};
use crate::model::request::LiveRequest;
use crate::model::settings::{DnsPolicy, Settings};
use crate::model::snapshot::Extent;
use crate::model::source::Source;
use crate::model::stack::{BalancerStack, Braked, FabricStack, ZoneStack};
use crate::model::subject::Subject;
use crate::model::sweep::{Ownerless, Owners, Standing};

use super::draft::Draft;
use super::{balancer, certificate, check, deletion, fabric, wire, zone};

/// Plans a sweep, in the order in which it can be carried out.
#[must_use]
pub fn plan(settings: &Settings, owners: &Owners, standing: &Standing) -> Vec<(Subject, Plan)> {
    let place = || settings.place.clone();
    let mut plans: Vec<(Subject, Plan)> = Vec::new();
    let protected = protected(owners, standing);
    for (id, (zone, inventory)) in &standing.zones {
        let mut stack = zone_stack(owners, zone);
        stack.standing.extend(zone::led_by(settings, zone, inventory, &protected));
        let plan = zone::plan(settings, &Extent::Cluster, &stack, inventory);
        if check::zone(&plan, settings, &stack, inventory).is_empty() {
            plans.push((Subject::Zone(place(), id.clone()), plan));
        }
    }
    let named = Arc::new(leading(settings, standing));
    for (group, inventory) in &standing.groups {
        if is_owned(owners, group, inventory) {
            continue;
        }
        let stack = balancer_stack(settings, group, &named);
        let over = BTreeSet::new();
        let plan = balancer::plan(settings, &Extent::Cluster, &stack, inventory, &over);
        if check::balancer(&plan, &stack, inventory).is_empty() {
            plans.push((Subject::Balancer(place(), group.clone()), plan));
        }
    }
    if owners.are_none() {
        let plan = fabric::plan(settings, &nothing_shared(), &standing.fabric);
        if check::fabric(&plan, &standing.fabric).is_empty() {
            plans.push((Subject::Fabric(place()), plan));
        }
    }
    plans.extend(certificates(settings, owners, standing));
    plans.retain(|(_, plan)| !plan.is_empty());
    plans
}

/// Whether somebody may own what stands of a group.
fn is_owned(owners: &Owners, group: &Group, inventory: &BalancerInventory) -> bool {
    let mut target_groups = inventory.target_groups.iter();
    owners.groups.contains(group)
        || target_groups.any(|live| {
            let name = live.live.spec.name.as_deref().unwrap_or_default();
            owners.have_bound(live.live.id.as_str(), group) || owners.have_bound(name, group)
        })
}

/// The load balancers that nobody owns and that stay because they are protected, by their DNS
/// names: so do the names that lead there.
fn protected(owners: &Owners, standing: &Standing) -> BTreeSet<AwsId> {
    let left = standing.groups.iter().filter(|(group, live)| !is_owned(owners, group, live));
    let left = left.flat_map(|(_, inventory)| inventory.load_balancers.iter());
    let protected = left.filter(|live| deletion::is_protected(live));
    protected.map(|live| AwsId::new(live.dns_name.to_lowercase())).collect()
}

/// A group that nobody is in.
fn balancer_stack(
    settings: &Settings,
    group: &Group,
    named: &Arc<BTreeMap<AwsId, usize>>,
) -> BalancerStack {
    BalancerStack {
        group: group.clone(),
        finalizer: group.finalizer(settings.scope),
        front: None,
        target_groups: BTreeMap::new(),
        active: Vec::new(),
        unclaimed: Vec::new(),
        claimed: BTreeSet::new(),
        leaving: Vec::new(),
        staying: BTreeSet::new(),
        planned_only: BTreeSet::new(),
        followed: BTreeSet::new(),
        succeeded: BTreeSet::new(),
        evicted: BTreeSet::new(),
        withdrawing: BTreeSet::new(),
        arriving: BTreeMap::new(),
        arrived: BTreeSet::new(),
        unexplained: Vec::new(),
        braked: Braked::default(),
        memory: Memory::default(),
        given: Given::default(),
        grace: Duration::ZERO,
        named: Some(Arc::clone(named)),
        named_by_others: Arc::default(),
        named_for_others: Arc::default(),
    }
}

/// A network that nobody shares.
fn nothing_shared() -> FabricStack {
    FabricStack {
        backend: None,
        endpoint_rules: BTreeMap::new(),
        kept: BTreeSet::new(),
        is_complete: true,
        outgoing: BTreeSet::new(),
        unbound: BTreeMap::new(),
    }
}

/// A zone in which nobody asks for a name, and whoever stands keeps his.
fn zone_stack(owners: &Owners, zone: &HostedZone) -> ZoneStack {
    ZoneStack {
        zone: zone.clone(),
        names: BTreeMap::new(),
        keeps_names: true,
        proofs: BTreeMap::new(),
        elsewhere: BTreeSet::new(),
        known: BTreeSet::new(),
        arrived: BTreeSet::new(),
        arriving: BTreeSet::new(),
        silent: BTreeSet::new(),
        standing: owners.ingresses.iter().cloned().map(Source::ingress).collect(),
        foreign: BTreeSet::new(),
        renounced: BTreeSet::new(),
        is_complete: true,
        braked: Braked::default(),
        suspects: BTreeMap::new(),
        contested: BTreeSet::new(),
    }
}

/// The load balancers that names of ours lead to, each with in how many zones. Names that are never
/// withdrawn hold up nobody.
fn leading(settings: &Settings, standing: &Standing) -> BTreeMap<AwsId, usize> {
    let mut named = BTreeMap::new();
    if settings.dns.policy != DnsPolicy::Sync {
        return named;
    }
    let nobody = BTreeMap::new();
    for (zone, inventory) in standing.zones.values() {
        for name in zone::leading(settings, zone, &nobody, &BTreeSet::new(), inventory).ours {
            *named.entry(name).or_default() += 1;
        }
    }
    named
}

/// Certificates go last: a listener that uses one keeps it.
fn certificates<'a>(
    settings: &'a Settings,
    owners: &'a Owners,
    standing: &'a Standing,
) -> impl Iterator<Item = (Subject, Plan)> + use<'a> {
    let listening = listening(standing);
    let imports = standing.imports.iter();
    let imports = imports.filter(|(secret, _)| !owners.secrets.contains(*secret));
    let imports = imports.map(|(secret, found)| {
        let ids = found.certificates.iter().map(|LiveCertificate { id, .. }| id.clone());
        (CertificateKey::Secret(secret.clone()), ids.collect::<Vec<_>>())
    });
    let requests = standing.requests.iter().filter(|(key, _)| !is_asked_for(owners, key));
    let requests = requests.map(|(key, found)| {
        let ids = found.certificates.iter().map(|LiveRequest { id, .. }| id.clone());
        (key.clone(), ids.collect::<Vec<_>>())
    });
    imports.chain(requests).map(move |(key, ids)| {
        let mut draft = Draft::default();
        ids.iter().for_each(|id| certificate::remove(&mut draft, Some(&listening), id));
        (Subject::Certificate(settings.place.clone(), key), draft.finish())
    })
}

/// Whether some Ingress has a host that a certificate was asked for.
fn is_asked_for(owners: &Owners, key: &CertificateKey) -> bool {
    match key {
        CertificateKey::Secret(secret) => owners.secrets.contains(secret),
        CertificateKey::Request(request) => {
            request.names.iter().any(|name| owners.hosts.contains(name))
        }
    }
}

/// The certificates that listeners of the cluster use, each with how many do.
fn listening(standing: &Standing) -> BTreeMap<AwsId, usize> {
    let load_balancers = standing.groups.values().flat_map(|group| group.load_balancers.iter());
    let listeners = load_balancers.flat_map(|live| live.listeners.iter());
    let used = listeners.flat_map(|listener| {
        let spec = &listener.live.spec;
        spec.default_certificate.iter().chain(&spec.certificates).filter_map(|id| id.given())
    });
    let mut listening = BTreeMap::new();
    for id in used {
        *listening.entry(id.clone()).or_default() += 1;
    }
    listening
}

/// What goes in a sweep, thing by thing; `ages` says since when things stand.
#[must_use]
pub fn ownerless(
    settings: &Settings,
    plans: &[(Subject, Plan)],
    ages: &BTreeMap<AwsId, Timestamp>,
) -> Vec<Ownerless> {
    let steps =
        plans.iter().flat_map(|(subject, plan)| plan.steps.iter().map(move |step| (subject, step)));
    let each = steps.flat_map(|(subject, step)| match &step.action {
        Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { zone, changes })) => {
            let owners = resources(settings, zone, changes);
            let each = changes.iter().map(|change| record(settings, zone, change, &owners));
            each.collect()
        }
        Action::Aws(_) | Action::Kube(_) => vec![thing(subject, step, ages)],
    });
    each.collect()
}

fn thing(subject: &Subject, step: &Step, ages: &BTreeMap<AwsId, Timestamp>) -> Ownerless {
    let (kind, id) = gone(&step.action);
    let name = match id {
        Some(id) => short(id).to_owned(),
        None => wire::what(&step.action),
    };
    Ownerless {
        kind,
        name,
        id: id.cloned(),
        was_of: match subject {
            Subject::Balancer(_, Group::Explicit(name)) => format!("group {name}"),
            Subject::Balancer(_, Group::Implicit(key)) => format!("Ingress {key}"),
            Subject::Certificate(_, CertificateKey::Secret(secret)) => format!("Secret {secret}"),
            Subject::Certificate(_, CertificateKey::Request(request)) => {
                format!("hosts {request}")
            }
            Subject::Fabric(_)
            | Subject::Targets(..)
            | Subject::Protection(..)
            | Subject::Zone(..)
            | Subject::Census(_) => "the cluster".to_owned(),
        },
        since: id.and_then(|id| ages.get(id).copied()),
        waits_for: step.gate.as_ref().map(ToString::to_string),
    }
}

/// What a step takes away: its kind, and its identifier where it has one of its own.
fn gone(action: &Action) -> (&'static str, Option<&AwsId>) {
    match action {
        Action::Aws(AwsAction::Elb(ElbAction::DeleteLoadBalancer { id })) => {
            ("load balancer", Some(id))
        }
        Action::Aws(AwsAction::Elb(ElbAction::DeleteTargetGroup { id })) => {
            ("target group", Some(id))
        }
        Action::Aws(AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id })) => {
            ("security group", Some(id))
        }
        Action::Aws(AwsAction::Acm(AcmAction::DeleteCertificate { id })) => {
            ("certificate", Some(id))
        }
        Action::Aws(AwsAction::Ec2(_)) => ("security group rules", None),
        Action::Kube(_) => ("TargetGroupBinding", None),
        Action::Aws(_) => ("other", None),
    }
}

/// The name in the ARN of a load balancer or a target group, `…:loadbalancer/app/<name>/<id>` or
/// `…:targetgroup/<name>/<id>`; the id of a certificate; anything else as it is.
fn short(id: &AwsId) -> &str {
    let resource = id.as_str().rsplit(':').next().unwrap_or_default();
    let parts: Vec<&str> = resource.split('/').collect();
    match parts.as_slice() {
        ["loadbalancer", _, name, _] | ["targetgroup", name, _] | ["certificate", name] => name,
        _ => id.as_str(),
    }
}

/// The objects that the names of a batch were made for, by name.
fn resources(
    settings: &Settings,
    zone: &HostedZone,
    changes: &[RecordChange],
) -> BTreeMap<String, String> {
    let texts = changes.iter().map(|change| &change.record);
    let texts = texts.filter(|record| record.key.record_type == RecordType::Txt);
    let owners = texts.filter_map(|record| {
        let (name, _) = settings.dns.txt_names.subject(&zone.name, &record.key.name)?;
        let RecordValue::Values { values, .. } = &record.value else { return None };
        let owner = values.iter().find_map(|value| Ownership::parse(value))?;
        Some((name, owner.resource))
    });
    owners.collect()
}

fn record(
    settings: &Settings,
    zone: &HostedZone,
    change: &RecordChange,
    owners: &BTreeMap<String, String>,
) -> Ownerless {
    let key = &change.record.key;
    let txt = match key.record_type {
        RecordType::Txt => settings.dns.txt_names.subject(&zone.name, &key.name),
        RecordType::A | RecordType::Aaaa | RecordType::Cname => None,
    };
    let name = txt.map_or_else(|| key.name.clone(), |(name, _)| name);
    let set = key.set_identifier.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    Ownerless {
        kind: "record",
        name: format!("{} {}{set} in {}", key.record_type, key.name, zone.name),
        id: None,
        was_of: match owners.get(&name).and_then(|resource| resource.split_once('/')) {
            Some(("ingress", key)) => format!("Ingress {key}"),
            Some(_) | None => format!("owner {}", settings.dns.owner),
        },
        since: None,
        waits_for: None,
    }
}
