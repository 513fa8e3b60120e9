//! What stands, told so that two ways that led to the same are the same.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::id::{AwsId, Id};
use albedo::model::load_balancer::Attributes;
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::marks::{TAG_RESOURCE, TAG_STACK, TRACKING_TAGS};
use albedo::model::record::RecordType;
use albedo::model::target::TargetState;

use super::acm;
use crate::support::canon;
use crate::support::fake::State;

/// The lines in which what stands differs. Where several Ingresses ask for a name, whoever had it
/// first may keep it.
pub fn differences(here: &State, there: &State, contested: &BTreeSet<String>) -> Vec<String> {
    let (mut here, there) = (without_history(here), without_history(there));
    forget_unnamed(&mut here, &there);
    let (here, there) = (lines(here, contested), lines(there, contested));
    let count = |lines: &[String]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for line in lines {
            *counts.entry(line.clone()).or_default() += 1;
        }
        counts
    };
    let (ours, others) = (count(&here), count(&there));
    let more = ours.iter().filter(|(line, count)| others.get(*line) != Some(*count));
    let less = others.iter().filter(|(line, count)| ours.get(*line) != Some(*count));
    let more = more.map(|(line, count)| format!("here {count} times: {line}"));
    more.chain(less.map(|(line, count)| format!("there {count} times: {line}"))).collect()
}

/// Attributes and subnets that nobody names any more stay as they are (LBC).
fn forget_unnamed(here: &mut State, there: &State) {
    /// What those attributes are that nobody has ever named (AWS).
    const DEFAULTS: [&str; 3] = ["60", "300", "0"];
    let adopt = |ours: &mut Attributes, theirs: &Attributes| {
        let unnamed = theirs.iter().filter(|(_, value)| DEFAULTS.contains(&value.as_str()));
        ours.extend(unnamed.map(|(key, value)| (key.clone(), value.clone())));
    };
    for found in here.load_balancers.values_mut() {
        let mut same = there.load_balancers.values().filter(|new| new.spec.name == found.spec.name);
        if let Some(same) = same.next() {
            adopt(&mut found.attributes, &same.attributes);
            // Whoever names subnets leaves one out.
            if same.spec.subnets.len() == there.vpc.subnets.len() {
                found.spec.subnets.clone_from(&same.spec.subnets);
            }
        }
    }
    for found in here.target_groups.values_mut() {
        let mut same = there.target_groups.values().filter(|new| new.spec.name == found.spec.name);
        if let Some(same) = same.next() {
            adopt(&mut found.attributes, &same.attributes);
        }
    }
}

fn lines(mut state: State, contested: &BTreeSet<String>) -> Vec<String> {
    let zones = std::mem::take(&mut state.zones);
    let mut lines = canon::aws(&state);
    for (id, zone) in zones {
        for (key, record) in zone.records {
            let host = match key.record_type {
                RecordType::Txt => key.name.split_once('-').map_or("", |(_, host)| host),
                _ => &key.name,
            };
            if !contested.contains(host) {
                lines.push(format!("{id}: {record:?}"));
            }
        }
    }
    lines
}

/// Certificates by what they are for: their identifiers tell which one was there first.
fn certificates(state: &State) -> BTreeMap<AwsId, AwsId> {
    let imported = state.imported.iter().map(|(id, found)| (id, &found.facts.names));
    let requested = state.requested.iter().map(|(id, found)| (id, &found.facts.names));
    let named = |names: &_| AwsId::new(format!("certificate {names:?}"));
    let imported = imported.map(|(id, names)| (id.clone(), named(names)));
    let requested =
        requested.map(|(id, names)| (id.clone(), AwsId::new(format!("asked {names:?}"))));
    imported.chain(requested).collect()
}

/// A state without what depends on the way that led to it: how far AWS has come, what target groups
/// are called that have taken the places of others, their default port, which every target
/// overrides, and whose of several certificates is the default one: that of who was there first.
fn without_history(state: &State) -> State {
    let mut state = state.clone();
    for found in state.load_balancers.values_mut() {
        found.state = LoadBalancerState::Active;
    }
    for zone in state.zones.values_mut() {
        // What proves a name stays, whoever has asked for a certificate.
        zone.records.retain(|_, record| !acm::is_proof(record));
    }
    for asked in state.requested.values_mut() {
        // Tags that nobody asks for any more are not taken.
        asked.tags.retain(|key, _| TRACKING_TAGS.contains(&key.as_str()));
    }
    let named = certificates(&state);
    for listener in state.listeners.values_mut() {
        let spec = &mut listener.spec;
        let all = std::mem::take(&mut spec.certificates).into_iter();
        let all = all.chain(spec.default_certificate.take());
        let known = |id: Id| id.given().and_then(|id| named.get(id)).cloned().map_or(id, Id::Is);
        spec.certificates = all.map(known).collect();
    }
    for group in state.target_groups.values_mut() {
        for target in group.targets.values_mut() {
            *target = TargetState::Initial;
        }
        group.spec.port = 0;
        let tags = &group.spec.tags;
        let of = |tag: &str| tags.get(tag).cloned().unwrap_or_default();
        group.spec.name = Some(format!("{} {}", of(TAG_STACK), of(TAG_RESOURCE)).into());
    }
    state
}
