//! One thing takes the place of another: what has to stand before, and how long the old one stays.
//!
//! Nothing of it is remembered. What stands says how far it has come: a rule leads to the old
//! target group alone, to both with all the weight on the old one, or to the new one alone; and of
//! two load balancers the one that differs in what cannot be changed is the old one.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::id::{AwsId, Handle, Id, TargetGroupKey};
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer, LiveTargetGroup};
use crate::model::load_balancer::LoadBalancerState;
use crate::model::plan::{Need, Wait, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::{RuleAction, Weighted};
use crate::model::snapshot::Extent;
use crate::model::stack::{BalancerStack, Front};
use crate::model::target::{LiveTarget, TargetState};

use super::alike;
use super::deletion;
use super::draft::Draft;
use super::settle::{Settled, leads_to, load_balancer_handle};

/// For how long a path stays with what it reached before. Whoever leads it elsewhere gets what was
/// asked for in the end, even if that never gets well.
pub(super) const SWITCH_MAX: Duration = Duration::from_mins(5);

/// For how long a load balancer that nobody wants stays for names that another owner keeps. Who
/// keeps them for an Ingress withdraws them once that is deleted: external-dns within a minute
/// (`--interval`), unless its policy has it that nothing goes.
const OTHERS_MAX: Duration = Duration::from_hours(1);

/// What takes the place of what in a group.
#[derive(Clone, Copy, Debug)]
pub struct Replacement<'r, 'i> {
    /// The group.
    pub stack: &'r BalancerStack,
    /// What stands.
    pub inventory: &'i BalancerInventory,
    /// What of it stands for the wish.
    pub settled: &'r Settled<'i>,
    /// How much of the cluster is seen.
    pub extent: &'r Extent,
    /// The waits whose time is over.
    pub over: &'r BTreeSet<WaitKey>,
    /// How long what has been replaced stays.
    pub grace: Duration,
}

/// What a rule does until a new target group is as good as the one it replaces.
#[derive(Clone, Debug)]
pub struct Interim {
    /// What happens to a request meanwhile.
    pub actions: Vec<RuleAction>,
    /// What ends it.
    pub gate: WaitKey,
    /// Whether a rule that does what is wished for already has to do this instead: it is about to
    /// come in front of another one, which has answered the requests until now.
    pub is_held: bool,
}

impl<'i> Replacement<'_, 'i> {
    /// The target groups whose targets have to be known: the old and the new ones.
    #[must_use]
    pub fn watched(&self) -> BTreeSet<AwsId> {
        let pairs = self.stack.target_groups.keys().filter_map(|key| {
            let old = self.serving_instead(key).map(|live| live.live.id.clone());
            let new = self.settled.target_groups.get(key).map(|live| live.live.id.clone());
            old.zip(new).map(|(old, new)| [old, new])
        });
        pairs.flatten().chain(self.switched()).chain(self.expected()).collect()
    }

    /// Actions as wished for, in which what stands has its identifier.
    #[must_use]
    pub fn resolved(&self, actions: &[RuleAction]) -> Vec<RuleAction> {
        let mut actions = actions.to_vec();
        for action in &mut actions {
            action.visit_ids(&mut |id| self.settled.resolve(id));
        }
        actions
    }

    /// What some actions are until the target groups that they lead to are as good as those they
    /// replace: the old one keeps all requests, and the new one is there with no weight, since AWS
    /// checks no targets that no rule leads to.
    #[must_use]
    pub fn interim(&self, draft: &mut Draft, actions: &[RuleAction]) -> Option<Interim> {
        let mut interim = None;
        let mut actions = actions.to_vec();
        for action in &mut actions {
            let RuleAction::Forward { groups, .. } = action else { continue };
            let both = groups.iter().flat_map(|new| {
                let Some(old) = self.not_yet_replaced(&new.group) else { return vec![new.clone()] };
                interim = Some(WaitKey::Healthy(new.group.clone()));
                let weight = Some(new.weight.unwrap_or(1));
                let old = Weighted { group: Id::Is(old.live.id.clone()), weight };
                vec![old, Weighted { group: new.group.clone(), weight: Some(0) }]
            });
            *groups = both.collect();
        }
        // Whatever else of the group may go or has to stay: nobody says when targets get well.
        let gate = self.wait(draft, interim?, Need::Poll)?;
        Some(Interim { actions, gate, is_held: false })
    }

    /// The target group that the load balancer has to go on leading to in place of this one.
    fn not_yet_replaced(&self, new: &Id) -> Option<&'i LiveTargetGroup> {
        let load_balancer = self.settled.load_balancer?;
        let mut keys = self.stack.target_groups.keys();
        let key = keys.find(|key| self.id_of(key) == *new)?;
        let old = self.serving_instead(key)?;
        let leads = leads_to(load_balancer, &old.live.id).is_some_and(|weight| weight > 0);
        (leads && !self.is_as_good(key, old)).then_some(old)
    }

    fn id_of(&self, key: &TargetGroupKey) -> Id {
        let mut id = Id::Of(Handle::TargetGroup(self.stack.group.clone(), key.clone()));
        self.settled.resolve(&mut id);
        id
    }

    /// The target group that a load balancer leads requests to though another was chosen.
    fn serving_instead(&self, key: &TargetGroupKey) -> Option<&'i LiveTargetGroup> {
        self.settled.replaced(key).find(|old| {
            let weights = self.inventory.load_balancers.iter();
            let mut weights = weights.filter_map(|live| leads_to(live, &old.live.id));
            weights.any(|weight| weight > 0)
        })
    }

    /// Whether the target group that was chosen can take the requests of the old one. What is not
    /// known of either is no. Where none of the old one's targets is well, that is waited for no
    /// longer than where somebody leads a path elsewhere.
    fn is_as_good(&self, key: &TargetGroupKey, old: &LiveTargetGroup) -> bool {
        let new = self.settled.target_groups.get(key).copied();
        match (self.targets_of(old), new.and_then(|new| self.targets_of(new))) {
            (Some(old), Some(new)) => {
                let patience = || WaitKey::Patience(self.id_of(key));
                can_follow(new, old) || nobody_is_well(old) && self.over.contains(&patience())
            }
            (None, _) | (_, None) => false,
        }
    }

    fn targets_of(&self, live: &LiveTargetGroup) -> Option<&[LiveTarget]> {
        let found = self.inventory.targets.get(&live.live.id)?;
        found.value().map(Vec::as_slice)
    }

    /// Takes note of how long target groups of which no target is well are led to instead of those
    /// that were chosen.
    pub fn expect_replacements(&self, draft: &mut Draft) {
        for key in self.stack.target_groups.keys() {
            let Some(old) = self.serving_instead(key) else { continue };
            if self.targets_of(old).is_some_and(nobody_is_well) {
                let patience = WaitKey::Patience(self.id_of(key));
                self.wait(draft, patience, Need::Elapsed(SWITCH_MAX));
            }
        }
    }

    /// What a person has to mend before one target group takes the place of another: nobody else
    /// can tell why checks fail.
    #[must_use]
    pub fn held_up(&self) -> Vec<Problem> {
        let keys = self.stack.target_groups.keys();
        let each = keys.filter_map(|key| {
            let old = self.serving_instead(key).filter(|old| !self.is_as_good(key, old))?;
            let old = Weighted { group: Id::Is(old.live.id.clone()), weight: None };
            self.unhealthy(&self.id_of(key), &[old])
        });
        each.collect()
    }

    /// Tells the member for which a target group is there that targets of it fail their checks.
    pub fn unhealthy(&self, new: &Id, old: &[Weighted]) -> Option<Problem> {
        let mut keys = self.stack.target_groups.keys();
        let key = keys.find(|key| self.id_of(key) == *new)?;
        let id = new.given()?;
        let targets = self.inventory.targets.get(id)?.value()?;
        let fails = targets.iter().any(|live| live.state == TargetState::Unhealthy);
        let member = key.backend.owner();
        let old: Vec<&str> =
            old.iter().filter_map(|old| old.group.given()).map(AwsId::as_str).collect();
        fails.then(|| Problem {
            code: Code::UnhealthyTargets,
            severity: Severity::Warning,
            object: ObjectRef::of(member),
            field: format!("targets of the new target group for {}", key.backend),
            found: format!("{id} with targets that fail their checks"),
            allowed: "targets that pass them".to_owned(),
            meanwhile: format!("{} keeps taking the requests", old.join(", ")),
        })
    }

    /// The load balancer that names and statuses point to: the old one until the new one serves as
    /// well.
    #[must_use]
    pub fn current(&self) -> Option<&'i LiveLoadBalancer> {
        let old = self.settled.surplus_load_balancers.first().copied();
        match (self.settled.load_balancer, old, &self.stack.front) {
            (Some(new), Some(_), Some(front)) if self.serves(front, new) => Some(new),
            (_, Some(old), Some(_)) => Some(old),
            (new, _, _) => new,
        }
    }

    /// Whether a load balancer serves all that is wished for, with targets as good as those that
    /// are served elsewhere.
    fn serves(&self, front: &Front, live: &LiveLoadBalancer) -> bool {
        let stands = front.listeners.iter().all(|(port, wished)| {
            let standing = live.listeners.iter().find(|listener| listener.port == *port);
            standing.is_some_and(|standing| {
                let mut wish = alike::beside(wished, Some(standing));
                wish.default_actions = self.resolved(&wish.default_actions);
                let has = |rule: &crate::model::rule::Rule| {
                    let mut rule = rule.clone();
                    rule.actions = self.resolved(&rule.actions);
                    alike::does(&standing.rules, &rule)
                };
                wish.differences(&standing.live.spec).is_empty()
                    && wished.rules.iter().all(|(rule, _)| has(rule))
            })
        });
        // AWS checks no targets that nothing leads to, and nobody needs them.
        let is_led_to = |key: &&TargetGroupKey| {
            let new = self.settled.target_groups.get(*key);
            new.is_some_and(|new| leads_to(live, &new.live.id).is_some())
        };
        let mut needed = self.stack.target_groups.keys().filter(is_led_to);
        live.state == LoadBalancerState::Active
            && stands
            && needed
                .all(|key| self.serving_instead(key).is_none_or(|old| self.is_as_good(key, old)))
    }

    /// What has to happen before a load balancer that nobody wants may go: another one serves,
    /// nobody protects it, the names leave it, and then whoever remembers them. Where the whole
    /// group goes, nothing takes its place.
    pub fn gate_of_load_balancer(
        &self,
        draft: &mut Draft,
        old: &LiveLoadBalancer,
    ) -> Option<WaitKey> {
        if let Some(gate) = self.gate_of_entrance(draft) {
            return Some(gate);
        }
        let is_replaced = self.stack.front.is_some();
        if deletion::is_protected(old) {
            let id = old.live.id.clone();
            for problem in deletion::protected(self.stack, &id) {
                draft.refuse(problem);
            }
            let key = if is_replaced { WaitKey::Outlived(id) } else { WaitKey::Protected(id) };
            return self.wait(draft, key, Need::Poll);
        }
        self.gate_of_names(draft, old).or_else(|| {
            let key = WaitKey::Drained(old.live.id.clone());
            is_replaced.then(|| self.wait(draft, key, Need::Elapsed(self.grace)))?
        })
    }

    /// What has to happen before names and statuses point to a load balancer that takes the place
    /// of another: it serves.
    pub fn gate_of_entrance(&self, draft: &mut Draft) -> Option<WaitKey> {
        let Settled { load_balancer, surplus_load_balancers, .. } = self.settled;
        let front = self.stack.front.as_ref().filter(|_| !surplus_load_balancers.is_empty())?;
        if load_balancer.is_some_and(|new| self.serves(front, new)) {
            return None;
        }
        let mut new = Id::Of(load_balancer_handle(&self.stack.group));
        self.settled.resolve(&mut new);
        self.wait(draft, WaitKey::Serving(new), Need::Poll)
    }

    /// What has to happen before no name leads any more to a load balancer that nobody wants.
    pub fn gate_of_names(&self, draft: &mut Draft, old: &LiveLoadBalancer) -> Option<WaitKey> {
        let name = AwsId::new(old.dns_name.to_lowercase());
        if self.stack.named.as_ref().is_none_or(|named| named.contains_key(&name)) {
            return Some(WaitKey::Unnamed(name));
        }
        let is_left = self.stack.named_for_others.contains_key(&name);
        if !is_left && !self.stack.named_by_others.contains_key(&name) {
            return None;
        }
        let gate = self.wait(draft, WaitKey::Renounced(name.clone()), Need::Elapsed(OTHERS_MAX));
        let Some(gate) = gate else {
            // What is ours goes first.
            return is_left.then_some(WaitKey::Unnamed(name));
        };
        for problem in deletion::named_by_others(self.stack, &name) {
            draft.refuse(problem);
        }
        Some(gate)
    }

    /// What has to happen before a target group that nobody wants may go, where another takes its
    /// place.
    pub fn gate_of_target_group(&self, draft: &mut Draft, old: &AwsId) -> Option<WaitKey> {
        let mut keys = self.stack.target_groups.keys();
        keys.find(|key| self.settled.replaced(key).any(|live| live.live.id == *old))?;
        let gone = self.settled.surplus_load_balancers.iter();
        if gone.into_iter().any(|live| leads_to(live, old).is_some()) {
            // It goes after that one, for which somebody has waited.
            return None;
        }
        let is_led_to = self.settled.load_balancer.and_then(|live| leads_to(live, old)).is_some();
        let need = if is_led_to { Need::Poll } else { Need::Elapsed(self.grace) };
        self.wait(draft, WaitKey::Drained(old.clone()), need)
    }

    /// Takes note of a wait; what waits for it is behind its gate until it is over.
    pub fn wait(&self, draft: &mut Draft, key: WaitKey, need: Need) -> Option<WaitKey> {
        let is_over = matches!(need, Need::Elapsed(_)) && self.over.contains(&key);
        draft.wait(Wait { key: key.clone(), need });
        (!is_over).then_some(key)
    }
}

/// Whether no target is well, nor may get well.
fn nobody_is_well(targets: &[LiveTarget]) -> bool {
    let states = [TargetState::Healthy, TargetState::Initial];
    !targets.iter().any(|live| states.contains(&live.state))
}

/// Whether some targets can take the requests that others take now: as many of them are well, or
/// all that will be. Where none of the others is well or may get well, AWS sends requests to all of
/// them.
fn can_follow(new: &[LiveTarget], old: &[LiveTarget]) -> bool {
    let count = |targets: &[LiveTarget], state: TargetState| {
        targets.iter().filter(|live| live.state == state).count()
    };
    let registered = |targets: &[LiveTarget]| targets.len() - count(targets, TargetState::Draining);
    let [healthy, healthy_before] = [new, old].map(|all| count(all, TargetState::Healthy));
    let [initial, initial_before] = [new, old].map(|all| count(all, TargetState::Initial));
    if registered(old) == 0 {
        true
    } else if healthy_before + initial_before == 0 {
        registered(new) >= registered(old)
    } else {
        healthy > 0 && (healthy >= healthy_before || initial == 0)
    }
}
