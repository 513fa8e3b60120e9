//! Whether each target group of a group has a target that takes requests.

use std::collections::BTreeSet;

use super::{GroupLook, Said, Share, is_read, listed, unread};
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::ingress_group::Truth;
use crate::model::inventory::LiveTargetGroup;
use crate::model::known::Known;
use crate::model::rule::RuleAction;
use crate::model::subject::SubjectKind;
use crate::model::target::{LiveTarget, TargetCount, TargetState};
use crate::report::topology::Believed;

/// How the targets of a target group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// One takes requests, at least.
    Served,
    /// There is none.
    Empty,
    /// None takes requests.
    Dark,
    /// None is known to, and some were registered since somebody has looked.
    New,
    /// Nobody has looked.
    Unread,
}

pub(super) fn said(look: &GroupLook, believed: &Believed) -> (Said, Share) {
    let target_groups = &believed.inventory.target_groups;
    let reached = reached(believed);
    let mut count = TargetCount::default();
    let mut each = Vec::new();
    for live in target_groups.iter().filter(|live| reached.contains(&live.live.id)) {
        let known = believed.targets.get(&live.live.id);
        count.add(known);
        each.push((live, health(known)));
    }
    let share = Share(count.healthy, count.targets);
    if !target_groups.is_read() || !is_read(&believed.inventory) {
        return (Said::early("the target groups"), share);
    }
    (judge(look, &each, &count), share)
}

/// The target groups that rules lead requests to. What a rule gives no request yet, and what no
/// rule leads to any more, fails nobody.
fn reached(believed: &Believed) -> BTreeSet<&AwsId> {
    let listeners = believed.inventory.load_balancers.iter().flat_map(|live| live.listeners.iter());
    let actions = listeners.flat_map(|listener| {
        let of_rules = listener.rules.iter().flat_map(|rule| &rule.rule.actions);
        listener.live.spec.default_actions.iter().chain(of_rules)
    });
    let groups = actions.flat_map(RuleAction::target_groups);
    let groups = groups.filter(|weighted| weighted.weight != Some(0));
    groups.filter_map(|weighted| weighted.group.given()).collect()
}

fn judge(look: &GroupLook, each: &[(&LiveTargetGroup, Health)], count: &TargetCount) -> Said {
    let of = |health| {
        let all = each.iter().filter(move |(_, other)| *other == health);
        all.map(|(live, _)| name(live)).collect::<Vec<String>>()
    };
    let (mut empty, mut dark) = (of(Health::Empty), of(Health::Dark));
    if !dark.is_empty() {
        let message = format!(
            "no target takes requests of {}: requests to it fail; see why on the topology page, or \
             by `albedo explain`",
            listed(&mut dark, ", ")
        );
        return Said::new(Truth::False, "NoneHealthy", message);
    }
    if !empty.is_empty() {
        let message = format!(
            "there is no target of {}: requests to it fail; its Service has no ready endpoint",
            listed(&mut empty, ", ")
        );
        return Said::new(Truth::False, "NoTargets", message);
    }
    if each.iter().any(|(_, health)| *health == Health::Unread) {
        let is_of_targets = |subject: SubjectKind| subject == SubjectKind::Targets;
        return match unread(look, |one| is_of_targets(one.subject.kind())) {
            Some(error) => Said::unread("targets", error),
            None => Said::early("the targets"),
        };
    }
    let mut new = of(Health::New);
    if !new.is_empty() {
        let message = format!(
            "the targets of {} were registered, and their health has not been looked at since",
            listed(&mut new, ", ")
        );
        return Said::new(Truth::Unknown, "Registered", message);
    }
    let TargetCount { groups, healthy, targets, .. } = *count;
    match (groups, targets - healthy) {
        (0, _) => Said::new(Truth::True, "NoTargetGroups", "no rule leads to pods"),
        (_, 0) => Said::new(Truth::True, "Healthy", format!("all {targets} targets take requests")),
        (_, ill) => {
            let message = format!(
                "{healthy} of {targets} targets take requests, and each target group has one that \
                 does; {ill} do not, or are new"
            );
            Said::new(Truth::True, "PartlyHealthy", message)
        }
    }
}

fn health(known: Option<&Known<Vec<LiveTarget>>>) -> Health {
    let Some(Known::Is(targets, _)) = known else { return Health::Unread };
    let mut states = targets.iter().map(|one| one.state);
    let has = |state| targets.iter().any(|one| one.state == state);
    if has(TargetState::Healthy) {
        Health::Served
    } else if has(TargetState::Initial) {
        Health::New
    } else if states.all(|state| state == TargetState::Draining) {
        Health::Empty
    } else {
        Health::Dark
    }
}

/// What people call a target group: what it is for, as its tag says.
fn name(live: &LiveTargetGroup) -> String {
    let spec = &live.live.spec;
    let resource = Group::resource_in(&spec.tags).map(ToString::to_string);
    let name = || spec.name.as_ref().map(ToString::to_string);
    resource.or_else(name).unwrap_or_else(|| live.live.id.to_string())
}
