//! What the names of a hosted zone should be, and which zones a name belongs into.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::fact::Arrival;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::naming::{Naming, Target};
use crate::model::record::{HostedZones, RecordWish, WishedValue};
use crate::model::seen::Ingress;
use crate::model::settings::{DnsScope, DnsSettings, Settings};
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::source::Source;
use crate::model::stack::{Braked, ZoneStack};

use super::annotations::table::DNS;
use super::classes::{Claim, claim, has};

/// Where a name belongs.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    /// Into these zones: every private one that holds it, and of the public ones the nearest.
    In(BTreeSet<AwsId>),
    /// There is no zone for it.
    None,
    /// The nearest public zones have the same name, and nobody can tell which is meant.
    Ambiguous(Vec<AwsId>),
}

/// The zones in which names are kept.
pub fn in_use<'a>(
    settings: &'a DnsSettings,
    zones: &'a HostedZones,
) -> impl Iterator<Item = AwsId> + 'a {
    zones.values().filter(|zone| settings.filter.uses(zone)).map(|zone| zone.id.clone())
}

/// Chooses the zones of a name (external-dns's rule, but for zones of one name), or the one of them
/// that somebody means.
#[must_use]
pub fn choose(
    settings: &DnsSettings,
    zones: &HostedZones,
    host: &str,
    meant: Option<&AwsId>,
) -> Choice {
    let usable = zones.values().filter(|zone| settings.filter.uses(zone) && zone.holds(host));
    let (private, public): (Vec<_>, Vec<_>) = usable.partition(|zone| zone.is_private);
    let nearest = public.iter().map(|zone| zone.name.len()).max();
    let nearest = public.iter().filter(|zone| Some(zone.name.len()) == nearest);
    let nearest: Vec<AwsId> = nearest.map(|zone| zone.id.clone()).collect();
    if nearest.len() > 1 && meant.is_none() {
        return Choice::Ambiguous(nearest);
    }
    let all = private.into_iter().map(|zone| zone.id.clone()).chain(nearest);
    let all = all.filter(|id| meant.is_none_or(|meant| meant == id));
    let all: BTreeSet<AwsId> = all.collect();
    if all.is_empty() { Choice::None } else { Choice::In(all) }
}

/// The zone in which a record proves something of a host to the world: the nearest public one.
#[must_use]
pub fn proving(settings: &DnsSettings, zones: &HostedZones, host: &str) -> Option<AwsId> {
    let Choice::In(chosen) = choose(settings, zones, host, None) else { return None };
    chosen.into_iter().find(|id| zones.get(id).is_some_and(|zone| !zone.is_private))
}

/// Builds a zone. None where there is no such zone, or nobody's names are kept in it.
#[must_use]
pub fn build(snapshot: &Snapshot, zone: &AwsId) -> Option<ZoneStack> {
    let zones = snapshot.zones.as_ref()?;
    let settings = &snapshot.settings.dns;
    let zone = zones.get(zone).filter(|zone| settings.filter.uses(zone))?;
    let mut names: BTreeMap<String, Vec<RecordWish>> = BTreeMap::new();
    let mut elsewhere = BTreeSet::new();
    let mut known: BTreeSet<Source> = snapshot.facts.left().cloned().collect();
    let (mut arriving, mut silent) = (BTreeSet::new(), BTreeSet::new());
    let arrivals = snapshot.facts.arrivals();
    for (group, of_group) in snapshot.facts.names() {
        known.extend(of_group.known.iter().cloned());
        arriving.extend(of_group.arriving.iter().cloned());
        silent.extend(of_group.silent().cloned());
        let wishes =
            of_group.wished.iter().flat_map(|(host, all)| all.iter().map(move |one| (host, one)));
        for (host, wish) in wishes {
            // What whoever went asks for, the group says that serves it now.
            let went = |arrival: &Arrival| arrival.group != *group;
            let is_here = |source: &&Source| !arrivals.get(*source).is_some_and(went);
            let all = std::iter::once(&wish.source).chain(&wish.others).filter(is_here);
            let is_served = |source: &&Source| !of_group.arriving.contains(*source);
            let mut served = all.clone().filter(is_served);
            let Some(source) = served.next() else {
                elsewhere.extend(all.map(|_| host.clone()).take(1));
                continue;
            };
            match choose(settings, zones, host, wish.naming.zone.as_ref()) {
                Choice::In(ids) if ids.contains(&zone.id) => {
                    let others = served.cloned().collect();
                    let wish = record(&of_group.load_balancer, &wish.naming, source, others);
                    names.entry(host.clone()).or_default().push(wish);
                }
                Choice::In(_) | Choice::None | Choice::Ambiguous(_) => {
                    elsewhere.insert(host.clone());
                }
            }
        }
    }
    for asking in names.values_mut() {
        asking.sort_by_key(|name| (created(snapshot, &name.source), name.source.clone()));
    }
    let proofs = snapshot.facts.proofs().iter();
    let proofs = proofs
        .filter(|(proof, _)| proving(settings, zones, &proof.record).as_ref() == Some(&zone.id));
    let proofs = proofs.map(|(proof, asker)| (proof.clone(), asker.clone())).collect();
    let Objects { ingresses, .. } = &snapshot.objects;
    let is_foreign = |key: &ObjectKey, ingress: &Ingress| {
        matches!(claim(&snapshot.settings, &snapshot.objects, key, ingress), Claim::Foreign)
    };
    // Who leaves for another controller says himself that he wants no names.
    let others = ingresses.iter().map(|(key, ingress)| (Source::ingress(key.clone()), ingress));
    let others = others.filter(|(source, _)| !known.contains(source));
    let foreign = others.filter(|(source, ingress)| is_foreign(&source.key, ingress));
    let foreign = foreign.map(|(source, _)| source).collect();
    let standing = ingresses.keys().cloned().map(Source::ingress).collect();
    Some(ZoneStack {
        keeps_names: is_on(&snapshot.settings, &snapshot.objects),
        proofs,
        zone: zone.clone(),
        names,
        elsewhere,
        known,
        arrived: arrivals.keys().cloned().collect(),
        arriving,
        silent,
        standing,
        foreign,
        renounced: snapshot.facts.renounced().clone(),
        is_complete: snapshot.facts.knows_names(),
        braked: Braked::default(),
        suspects: BTreeMap::new(),
        contested: BTreeSet::new(),
    })
}

/// What a group asks for that says this of a name.
fn record(
    load_balancer: &Id,
    naming: &Naming,
    source: &Source,
    others: BTreeSet<Source>,
) -> RecordWish {
    let evaluate_target_health = naming.evaluate_target_health;
    RecordWish {
        value: match &naming.target {
            Target::Alias => WishedValue::Alias { evaluate_target_health },
            Target::Cname => WishedValue::Cname,
            Target::Given(given) => {
                WishedValue::Given { given: given.clone(), evaluate_target_health }
            }
        },
        load_balancer: load_balancer.clone(),
        ttl: naming.ttl,
        set_identifier: naming.set_identifier.clone(),
        routing: naming.routing.clone(),
        health_check: naming.health_check.clone(),
        source: source.clone(),
        others,
    }
}

/// When somebody who asks was made: the earlier one keeps a name that a later one asks for, too.
fn created(snapshot: &Snapshot, source: &Source) -> Option<Timestamp> {
    snapshot.objects.metadata(source)?.creation_timestamp
}

/// Whether hosts of anybody become names.
#[must_use]
pub fn is_on(settings: &Settings, objects: &Objects) -> bool {
    match settings.dns.scope {
        DnsScope::Off => false,
        DnsScope::All => true,
        DnsScope::OwnClasses => objects.classes.values().any(|class| has(Some(class), &DNS, false)),
    }
}
