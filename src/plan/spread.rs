//! The security groups in front of a group's load balancer: AWS takes so many rules in one only, so
//! what the first one has no room for is in others.
//!
//! A rule stays where it stands, so that nothing moves when others come and go. Once all fit into
//! the first one they are there, and the others go after they have been let go of.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::{SmolStr, format_smolstr};

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::group::Group;
use crate::model::id::{Handle, Id};
use crate::model::inventory::BalancerInventory;
use crate::model::known::Live;
use crate::model::marks::{RESOURCE_FURTHER_SECURITY_GROUP, TAG_RESOURCE};
use crate::model::names;
use crate::model::plan::{Step, StepId};
use crate::model::security::{IngressRule, Load, RULES_MAX, SecurityGroup};
use crate::model::stack::BalancerStack;

use super::security_group::{Surplus, authorizing};

/// One of the security groups, with its share of the rules.
#[derive(Debug)]
pub struct Share<'a> {
    /// What it is.
    pub handle: Handle,
    /// What it should be; `None` while nobody can tell.
    pub wish: Option<SecurityGroup>,
    /// The one that stands for it.
    pub live: Option<&'a Live<SecurityGroup>>,
}

impl Share<'_> {
    /// The identifier of the one that stands, or of the one that is to be made.
    #[must_use]
    pub fn id(&self) -> Id {
        self.live.map_or_else(|| Id::Of(self.handle.clone()), |live| Id::Is(live.id.clone()))
    }
}

/// The steps so far after which rules may go: others let in who comes by what takes their place,
/// which may be in another one of the groups.
#[must_use]
pub fn moved(steps: &[Step], shares: &[Share<'_>]) -> Vec<StepId> {
    if shares.len() < 2 {
        return Vec::new();
    }
    let ids: Vec<Id> = shares.iter().map(Share::id).collect();
    let attached = steps.iter().filter(|step| {
        matches!(step.action, Action::Aws(AwsAction::Elb(ElbAction::SetSecurityGroups { .. })))
    });
    let mut moved: Vec<StepId> = attached.map(|step| step.id).collect();
    moved.extend(authorizing(steps, &ids));
    moved
}

type Lives<'a> = Vec<&'a Live<SecurityGroup>>;
type Rules = BTreeSet<IngressRule>;

/// The security groups that there should be, the first one first, and those that nobody wants.
#[must_use]
pub fn settle<'a>(
    stack: &BalancerStack,
    inventory: &'a BalancerInventory,
    surplus: Surplus,
) -> (Vec<Share<'a>>, Lives<'a>) {
    let mut standing: BTreeMap<u8, Lives<'a>> = BTreeMap::new();
    for live in inventory.security_groups.iter() {
        standing.entry(number(live)).or_default().push(live);
    }
    let wish = stack.front.as_ref().and_then(|front| front.security_group.as_ref());
    if wish.is_none() && (stack.front.is_some() || stack.explains_all()) {
        return (Vec::new(), standing.into_values().flatten().collect());
    }
    let mut current: BTreeMap<u8, &'a Live<SecurityGroup>> = BTreeMap::new();
    let mut others: Lives<'a> = Vec::new();
    for (number, mut lives) in standing {
        current.insert(number, lives.remove(0));
        others.append(&mut lives);
    }
    let rules: BTreeMap<u8, Rules> = match wish {
        Some(wish) => {
            let max = stack.front.as_ref().map_or(1, |front| front.security_groups_max);
            // While somebody's wishes are unknown nobody else is let in.
            let max = if stack.unexplained.is_empty() { max } else { 1 };
            shares(&wish.ingress, &current, max)
        }
        None => BTreeMap::new(),
    };
    let is_wanted = |number: u8| {
        let is_kept = surplus == Surplus::Keep && current.contains_key(&number);
        number == 1 || is_kept || rules.get(&number).is_some_and(|rules| !rules.is_empty())
    };
    let numbers: BTreeSet<u8> = rules.keys().chain(current.keys()).copied().collect();
    let numbers: BTreeSet<u8> = numbers.into_iter().filter(|one| is_wanted(*one)).collect();
    others.extend(current.iter().filter(|(one, _)| !numbers.contains(one)).map(|(_, live)| live));
    let shares = numbers.into_iter().map(|number| Share {
        handle: handle(&stack.group, number),
        wish: wish.map(|wish| {
            let own = rules.get(&number).cloned().unwrap_or_default();
            numbered(wish, number, own)
        }),
        live: current.get(&number).copied(),
    });
    (shares.collect(), others)
}

/// Which one it is, by its tag.
fn number(live: &Live<SecurityGroup>) -> u8 {
    let resource = Group::resource_in(&live.spec.tags);
    let number = resource.and_then(|tag| tag.strip_prefix(RESOURCE_FURTHER_SECURITY_GROUP));
    number.and_then(|number| number.parse().ok()).filter(|number| *number > 1).unwrap_or(1)
}

fn handle(group: &Group, number: u8) -> Handle {
    match number {
        1 => Handle::FrontendSecurityGroup(group.clone()),
        number => Handle::FurtherSecurityGroup(group.clone(), number),
    }
}

fn numbered(first: &SecurityGroup, number: u8, ingress: Rules) -> SecurityGroup {
    let mut wish = SecurityGroup { ingress, ..first.clone() };
    if number > 1 {
        wish.name = names::further_security_group(&first.name, number);
        let resource = format_smolstr!("{RESOURCE_FURTHER_SECURITY_GROUP}{number}");
        wish.tags.insert(SmolStr::new_static(TAG_RESOURCE), resource);
    }
    wish
}

/// Which rules each of them has.
fn shares(
    wished: &Rules,
    current: &BTreeMap<u8, &Live<SecurityGroup>>,
    max: usize,
) -> BTreeMap<u8, Rules> {
    let is_one = !current.keys().any(|number| *number > 1) && max < 2;
    if is_one || fits(Load::of(wished)) {
        return BTreeMap::from([(1, wished.clone())]);
    }
    let mut rest = wished.clone();
    let mut shares: BTreeMap<u8, Rules> = BTreeMap::from([(1, Rules::new())]);
    for (number, live) in current {
        let own: Rules = live.spec.ingress.intersection(&rest).cloned().collect();
        rest.retain(|rule| !own.contains(rule));
        shares.insert(*number, own);
    }
    let last = u8::try_from(max).unwrap_or(u8::MAX).max(1);
    for rule in rest {
        let has_room = |number: &u8, others: &Rules| {
            let share = shares.get(number);
            share.is_none_or(|share| fits(Load::of(share.union(others)).with([&rule])))
        };
        // Where there is room beside what is about to go, nothing has to go before others come.
        let is_free = |number: &u8| {
            let standing = current.get(number).map(|live| &live.spec.ingress);
            has_room(number, standing.unwrap_or(&Rules::new()))
        };
        let free = (1..=last).find(is_free);
        let free = free.or_else(|| (1..=last).find(|number| has_room(number, &Rules::new())));
        // What no group has room for is AWS's to refuse: it may allow this account more.
        let number = free.unwrap_or(last);
        shares.entry(number).or_default().insert(rule);
    }
    shares
}

fn fits(load: Load) -> bool {
    load.most() <= RULES_MAX
}
