//! What a zone tells others: whose its records are, and where they lead.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{Action, AwsAction, Route53Action};
use crate::model::fact::Leading;
use crate::model::id::AwsId;
use crate::model::inventory::ZoneInventory;
use crate::model::naming::GivenName;
use crate::model::plan::Plan;
use crate::model::record::{HostedZone, Record, RecordKey, RecordType, RecordWish, WishedValue};
use crate::model::settings::{DnsPolicy, Settings};
use crate::model::snapshot::Extent;
use crate::model::source::Source;
use crate::model::stack::ZoneStack;

use super::TYPES;
use super::host::{Claim, Host};
use super::whose::{View, Whose, spelled, target};

/// Where records of a zone lead. Records for objects of other kinds are never withdrawn here, so
/// nothing waits for them. `foreign`: the objects that are other controllers'.
#[must_use]
pub fn leading(
    settings: &Settings,
    zone: &HostedZone,
    asked: &BTreeMap<String, Vec<RecordWish>>,
    foreign: &BTreeSet<Source>,
    inventory: &ZoneInventory,
) -> Leading {
    let mut leading = Leading::default();
    let Some(view) = View::of(settings, zone, asked, inventory) else { return leading };
    let records = view.records.values();
    for record in records.filter(|record| TYPES.contains(&record.key.record_type)) {
        let host = host_of(&view, record);
        let Some(source) = host.source_of(record) else { continue };
        let is_to_ours = view.whose(record) == Whose::Ours;
        let names = match host.claim(record) {
            Claim::Ours if foreign.contains(&source) && is_withdrawn(settings, record) => {
                is_to_ours.then_some(&mut leading.left)
            }
            Claim::Ours if foreign.contains(&source) => is_to_ours.then_some(&mut leading.others),
            Claim::Ours => {
                let is_led = is_led(asked, record, &source);
                if is_to_ours {
                    leading.own.extend(target(record));
                }
                let stands = is_to_ours && !view.is_vanished(record);
                if !stands && is_withdrawn(settings, record) {
                    leading.elsewhere.insert(source);
                }
                (!is_led).then_some(&mut leading.ours)
            }
            Claim::Taken | Claim::Other(_) => is_to_ours.then_some(&mut leading.others),
            Claim::Led(_) | Claim::Nobody => None,
        };
        if let (Some(names), Some(target)) = (names, target(record)) {
            names.insert(target);
        }
    }
    leading
}

/// Where records of a zone lead, as others have to know it. Names that are not kept here hold up
/// nothing.
#[must_use]
pub fn led(settings: &Settings, stack: &ZoneStack, inventory: &ZoneInventory) -> Leading {
    if !stack.keeps_names {
        return Leading::default();
    }
    let ZoneStack { zone, names, foreign, .. } = stack;
    let mut leading = leading(settings, zone, names, foreign, inventory);
    if !stack.contested.is_empty() {
        // Nobody can withdraw any of them for now.
        leading.elsewhere.extend(owners(settings, stack, inventory));
    }
    leading
}

/// The objects for which a zone has records of ours that go once nobody wishes for them.
fn owners(settings: &Settings, stack: &ZoneStack, inventory: &ZoneInventory) -> BTreeSet<Source> {
    let view = View::of(settings, &stack.zone, &stack.names, inventory);
    let Some(view) = view else { return BTreeSet::new() };
    let records = view.records.values().filter(|found| TYPES.contains(&found.key.record_type));
    let records = records.filter(|found| is_withdrawn(settings, found));
    let owner = |record: &Record| {
        let host = host_of(&view, record);
        (host.claim(record) == Claim::Ours).then(|| host.source_of(record)).flatten()
    };
    records.filter_map(owner).collect()
}

/// Whether a record of ours goes once nobody wishes for it.
fn is_withdrawn(settings: &Settings, record: &Record) -> bool {
    let filter = &settings.dns.filter;
    filter.keeps(&record.key.name) && filter.manages(record.key.record_type)
}

/// The objects whose names, by our records of a zone, lead to some of the load balancers, by their
/// DNS names.
#[must_use]
pub fn led_by(
    settings: &Settings,
    zone: &HostedZone,
    inventory: &ZoneInventory,
    load_balancers: &BTreeSet<AwsId>,
) -> BTreeSet<Source> {
    let asked = BTreeMap::new();
    let Some(view) = View::of(settings, zone, &asked, inventory) else { return BTreeSet::new() };
    let records = view.records.values().filter(|record| {
        TYPES.contains(&record.key.record_type)
            && target(record).is_some_and(|name| load_balancers.contains(&name))
    });
    records.filter_map(|record| host_of(&view, record).source_of(record)).collect()
}

/// Whether a record leads where its Ingress says, wherever: that is up to him, and no load balancer
/// waits for it. What he has only just said does not count before the record follows.
fn is_led(asked: &BTreeMap<String, Vec<RecordWish>>, record: &Record, source: &Source) -> bool {
    let asking = asked.get(&record.key.name).into_iter().flatten();
    let mut asking = asking
        .filter(|wish| wish.is_of(source) && wish.set_identifier == record.key.set_identifier);
    let leads = target(record);
    asking.any(|wish| match &wish.value {
        WishedValue::Given { given, .. } => match &given.name {
            Some(GivenName::Cname(name) | GivenName::Alias { name, .. }) => {
                leads.as_ref() == Some(&spelled(name))
            }
            None => record.key.record_type != RecordType::Cname && record.alias_target().is_none(),
        },
        WishedValue::Alias { .. } | WishedValue::Cname => false,
    })
}

/// The name of a record, with what has its set identifier.
fn host_of<'a>(view: &'a View<'a>, record: &'a Record) -> Host<'a> {
    let RecordKey { name, set_identifier, .. } = &record.key;
    Host::new(view, name, set_identifier.as_deref())
}

/// Whether a TXT record is ours and says whose a record was that is gone.
fn is_left_over(view: &View<'_>, txt: &Record) -> bool {
    let txt_names = &view.settings.dns.txt_names;
    txt_names.subject(view.zone, &txt.key.name).is_some_and(|(name, record_type)| {
        let host = Host::new(view, &name, txt.key.set_identifier.as_deref());
        host.left_over(record_type).is_some_and(|left| left.key == txt.key)
    })
}

/// Whether a record of a zone is ours.
#[must_use]
pub fn is_ours(
    settings: &Settings,
    zone: &HostedZone,
    inventory: &ZoneInventory,
    key: &RecordKey,
) -> bool {
    let asked = BTreeMap::new();
    let Some(view) = View::of(settings, zone, &asked, inventory) else { return false };
    let record = view.records.get(key).filter(|_| TYPES.contains(&key.record_type));
    record.is_some_and(|record| host_of(&view, record).claim(record) == Claim::Ours)
}

/// The names whose records a plan changes now and that lead to load balancers of which nothing is
/// known, each with these: they may have been made since somebody looked, and be another cluster's.
#[must_use]
pub fn unknown(
    settings: &Settings,
    stack: &ZoneStack,
    inventory: &ZoneInventory,
    plan: &Plan,
) -> BTreeMap<String, BTreeSet<AwsId>> {
    let mut unknown: BTreeMap<String, BTreeSet<AwsId>> = BTreeMap::new();
    let view = View::of(settings, &stack.zone, &stack.names, inventory);
    let Some(view) = view else { return unknown };
    let free = plan.steps.iter().filter(|step| step.gate.is_none());
    let changes = free.flat_map(|step| match &step.action {
        Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { changes, .. })) => {
            changes.as_slice()
        }
        Action::Aws(_) | Action::Kube(_) => &[],
    });
    let standing = changes.filter_map(|change| view.records.get(&change.record.key));
    for record in standing.filter(|record| view.is_gone(record)) {
        unknown.entry(record.key.name.clone()).or_default().extend(target(record));
    }
    unknown
}

/// The members that went to another group and of whose names one at least leads elsewhere still.
/// Where that cannot be told, all of them.
#[must_use]
pub fn behind(
    settings: &Settings,
    stack: &ZoneStack,
    inventory: &ZoneInventory,
) -> BTreeSet<Source> {
    if settings.dns.policy == DnsPolicy::CreateOnly {
        // Names are led nowhere else, so nobody waits for that.
        return BTreeSet::new();
    }
    let Some(view) = View::of(settings, &stack.zone, &stack.names, inventory) else {
        return stack.arrived.clone();
    };
    let mut behind = BTreeSet::new();
    for (name, asking) in &stack.names {
        for wish in asking.iter().filter(|wish| stack.arrived.contains(&wish.source)) {
            let host = Host::new(&view, name, wish.set_identifier.as_deref());
            // Who leads names wherever he says leads them nowhere else by going.
            let Some(id) = wish.leads_to() else { continue };
            if host.holder().is_some_and(|holder| !wish.is_of(&holder)) {
                continue;
            }
            let address = id.given().and_then(|id| inventory.load_balancers.get(id));
            let wanted = address.map(|address| &address.dns_name);
            let mut standing = TYPES.into_iter().filter_map(|kind| host.standing(kind));
            if standing.any(|record| {
                host.claim(record) == Claim::Ours && target(record).as_ref() != wanted
            }) {
                behind.insert(wish.source.clone());
            }
        }
    }
    behind
}

/// Those whose names, or what says whose they were, are about to go although nobody has seen them
/// go, each with how many records that are answers; and how many of these in the zone are ours.
#[must_use]
pub fn unseen(
    settings: &Settings,
    extent: &Extent,
    stack: &ZoneStack,
    inventory: &ZoneInventory,
) -> (BTreeMap<Source, usize>, usize) {
    let (mut unseen, mut ours) = (BTreeMap::new(), 0);
    let view = View::of(settings, &stack.zone, &stack.names, inventory);
    let Some(view) = view.filter(|_| settings.dns.policy == DnsPolicy::Sync) else {
        return (unseen, ours);
    };
    let is_out =
        |source: &Source| extent.shows(source.namespace()) && !stack.standing.contains(source);
    for record in view.records.values() {
        if record.key.record_type == RecordType::Txt {
            let source = view.ownership(record).and_then(|found| found.source());
            if let Some(source) = source.filter(is_out).filter(|_| is_left_over(&view, record)) {
                unseen.entry(source).or_default();
            }
            continue;
        }
        let host = host_of(&view, record);
        if !TYPES.contains(&record.key.record_type) || host.claim(record) != Claim::Ours {
            continue;
        }
        ours += 1;
        if let Some(source) = host.source_of(record).filter(is_out) {
            *unseen.entry(source).or_default() += 1;
        }
    }
    (unseen, ours)
}
