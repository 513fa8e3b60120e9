//! Another hand in the account: it changes things of ours.

use albedo::model::id::AwsId;
use albedo::model::record::RecordValue;
use albedo::model::target::TargetState;

use super::acm;
use super::dice::Dice;
use super::served::{self, is_ours};
use crate::support::fake::State;

/// What it does.
pub const KINDS: [&str; 12] = [
    "rule",
    "listener",
    "tag",
    "foreign tag",
    "attribute",
    "target",
    "record",
    "lost record",
    "lost name",
    "lost proof",
    "opening",
    "load balancer",
];

fn any<'a>(dice: &mut Dice, mut ids: impl Iterator<Item = &'a AwsId>) -> Option<AwsId> {
    let all: Vec<&AwsId> = ids.by_ref().collect();
    (!all.is_empty()).then(|| (*dice.one_of(&all)).clone())
}

/// Changes something, if there is such a thing. Says what, and which.
pub fn meddle(state: &mut State, dice: &mut Dice) -> Option<(&'static str, String)> {
    // Proofs are rare.
    let is_rare = acm::has_proof(state) && dice.falls(400);
    let kind = if is_rare { "lost proof" } else { KINDS[dice.below(KINDS.len())] };
    let balancers = state.load_balancers.iter().filter(|(_, found)| is_ours(&found.spec.tags));
    let balancer = any(dice, balancers.map(|(id, _)| id));
    let id = match kind {
        "rule" => {
            let ours = state.rules.iter().filter(|(_, rule)| is_ours(&rule.tags));
            let id = any(dice, ours.map(|(id, _)| id))?;
            state.rules.remove(&id);
            id
        }
        "listener" => {
            let ours = state.listeners.iter().filter(|(_, found)| is_ours(&found.spec.tags));
            let id = any(dice, ours.map(|(id, _)| id))?;
            state.listeners.remove(&id);
            state.rules.retain(|_, rule| rule.listener != id);
            id
        }
        "tag" => {
            let found = state.load_balancers.get_mut(&balancer.clone()?)?;
            found.spec.tags.retain(|key, _| key.contains('/'));
            balancer?
        }
        "foreign tag" => {
            let found = state.load_balancers.get_mut(&balancer.clone()?)?;
            found.spec.tags.insert("team".into(), "somebody".into());
            balancer?
        }
        "attribute" => {
            let found = state.load_balancers.get_mut(&balancer.clone()?)?;
            let timeout = "idle_timeout.timeout_seconds".into();
            found.attributes.insert(timeout, "17".into());
            balancer?
        }
        "target" => {
            let ours = state
                .target_groups
                .iter()
                .filter(|(_, group)| is_ours(&group.spec.tags) && !group.targets.is_empty());
            let id = any(dice, ours.map(|(id, _)| id))?;
            let group = state.target_groups.get_mut(&id)?;
            let target = group.targets.keys().next()?.clone();
            group.targets.insert(target, TargetState::Draining);
            id
        }
        "record" => {
            let ours = served::our_records(state);
            let (id, zone) = state.zones.iter_mut().find(|(_, zone)| !zone.records.is_empty())?;
            for (_, key) in ours.iter().filter(|(of, _)| of == id) {
                let Some(record) = zone.records.get_mut(key) else { continue };
                if let RecordValue::Alias { evaluate_target_health, .. } = &mut record.value {
                    *evaluate_target_health = !*evaluate_target_health;
                }
            }
            id.clone()
        }
        "lost record" | "lost name" => lose(state, dice, kind)?,
        "lost proof" => acm::lose_proof(state, dice)?,
        "opening" => {
            let ours = state
                .security_groups
                .iter()
                .filter(|(_, group)| is_ours(&group.spec.tags) && !group.rules.is_empty());
            let id = any(dice, ours.map(|(id, _)| id))?;
            state.security_groups.get_mut(&id)?.rules.pop_first();
            id
        }
        _ => {
            let id = balancer?;
            state.load_balancers.remove(&id);
            state.listeners.retain(|_, found| found.load_balancer != id);
            let listeners = &state.listeners;
            state.rules.retain(|_, rule| listeners.contains_key(&rule.listener));
            id
        }
    };
    Some((kind, id.to_string()))
}

/// Takes a record of ours away, and of a lost name the TXT record beside it, too.
fn lose(state: &mut State, dice: &mut Dice, kind: &str) -> Option<AwsId> {
    let names = served::our_records(state);
    let (id, lost) = (!names.is_empty()).then(|| dice.one_of(&names).clone())?;
    let zone = state.zones.get_mut(&id)?;
    if kind == "lost name" {
        served::forget(zone, &lost);
    } else {
        zone.records.remove(&lost);
    }
    Some(AwsId::new(format!("{} {}", lost.record_type, lost.name)))
}
