//! What AWS allows of one load balancer, counted before it is asked for: who comes close to it
//! hears of it, and who would go beyond it is not let in.
//!
//! Nobody is kept out before AWS has said what it allows, which it may have raised; and nobody for
//! what stands of it already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::account_limits::{AccountLimits, Limit};
use crate::model::id::{Id, ObjectKey};
use crate::model::listener::Protocol;
use crate::model::part::Part;
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::rule::Rule;
use crate::model::security::{self, Load};
use crate::model::source::Source;
use crate::model::stack::Front;

use super::annotations::MEANWHILE;
use super::annotations::table::INBOUND_CIDRS;
use super::placed::{self, Fate, Placed};
use super::shared::{Say, Shared};

/// From how much of what AWS allows on people hear of it, in percent.
const NEAR: usize = 80;

/// Where problems are that are about a load balancer.
const OF_LOAD_BALANCER: &str = "the group's load balancer";

/// What the members of a group reach together.
const OF_GROUP: [Limit; 4] =
    [Limit::Rules, Limit::Certificates, Limit::TargetGroups, Limit::Listeners];

/// The rules of each port.
type Ports<'p> = BTreeMap<u16, Vec<Placed<'p>>>;

/// From how many on people hear of it, where so many are allowed.
#[must_use]
pub fn near_of(max: usize) -> usize {
    max * NEAR / 100
}

/// Whether any of these problems may be none once AWS has said what it allows of load balancers.
#[must_use]
pub fn are_near(problems: &[Problem]) -> bool {
    let is_near =
        |problem: &Problem| problem.code == Code::NearLimit && problem.field == OF_LOAD_BALANCER;
    problems.iter().any(is_near)
}

/// Says who comes close to what AWS allows, or beyond it: the first member with which it does, in
/// the group's order.
#[must_use]
pub fn near(
    (front, shared): (&Front, &Shared),
    parts: &[Arc<Part>],
    placed: &Ports<'_>,
    limits: &AccountLimits,
) -> Vec<Problem> {
    let of_group = OF_GROUP.iter().filter_map(|limit| {
        let count = |parts: &[Arc<Part>]| match limit {
            Limit::Rules => {
                let of_members = placed.values().flatten().filter(|one| one.member < parts.len());
                pieces(of_members)
            }
            limit => count(*limit, shared, &parts.iter().map(AsRef::as_ref)),
        };
        judge(name(*limit), limits.of(*limit), parts, count)
    });
    of_group.chain(of_security_group(front, parts)).collect()
}

/// As people call what is limited.
fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::Rules => "rules",
        Limit::Certificates => "certificates beyond the default ones",
        Limit::TargetGroups => "target groups",
        Limit::Listeners => "listeners",
        Limit::TargetsOfGroup | Limit::Targets => "targets",
    }
}

/// How many rules AWS is to take, some of them in pieces.
fn pieces<'p>(placed: impl Iterator<Item = &'p Placed<'p>>) -> usize {
    let standing = placed.filter(|placed| placed.fate == Fate::Stands);
    standing.map(|placed| pieces_of(&placed.rule)).sum()
}

fn pieces_of(rule: &Rule) -> usize {
    if rule.fits() { 1 } else { rule.split().map_or(1, |pieces| pieces.len()) }
}

/// How many of something members have together, but for rules: of these all count that they ask
/// for, also those that come to nothing beside others.
fn count<'p>(
    limit: Limit,
    shared: &Shared,
    parts: &(impl Iterator<Item = &'p Part> + Clone),
) -> usize {
    let parts = || parts.clone();
    let ports = || parts().flat_map(|part| part.listens.iter());
    match limit {
        Limit::Rules => parts().map(rules_of).sum(),
        Limit::Certificates => {
            let secure = || ports().filter(|(_, wish)| wish.protocol == Protocol::Https);
            let brought = secure().flat_map(|(_, wish)| {
                wish.certificates.iter().chain(shared.certificates(wish.protocol))
            });
            // One that several listeners have counts once, and the default one of each does not.
            let listeners: BTreeSet<u16> = secure().map(|(port, _)| *port).collect();
            brought.collect::<BTreeSet<&Id>>().len().saturating_sub(listeners.len())
        }
        Limit::TargetGroups => {
            let keys = parts().flat_map(|part| part.target_groups.iter().map(|(key, _)| key));
            keys.collect::<BTreeSet<_>>().len()
        }
        Limit::Listeners => ports().map(|(port, _)| *port).collect::<BTreeSet<_>>().len(),
        Limit::TargetsOfGroup | Limit::Targets => 0,
    }
}

/// The rules that a member asks for on all its ports.
fn rules_of(part: &Part) -> usize {
    part.listens.len() * part.rules.iter().map(pieces_of).sum::<usize>()
}

/// The member with which something comes close to what AWS allows, or goes beyond it. `count` is
/// how many of it there are of those members that come first.
fn judge(
    what: &str,
    max: usize,
    parts: &[Arc<Part>],
    count: impl Fn(&[Arc<Part>]) -> usize,
) -> Option<Problem> {
    let Reached { bound, found, is_over } = Reached::of(count(parts), max, what)?;
    let meanwhile = if is_over {
        "all of it is tried, and what AWS takes is made"
    } else {
        "all of it is made; who goes beyond that is not let in"
    };
    let reaches = |first: &usize| count(&parts[..*first]) >= bound;
    let first = (1..=parts.len()).find(reaches)?;
    let part = parts.get(first - 1)?;
    let object = ObjectRef::of(&part.source);
    Some(Problem { meanwhile: meanwhile.to_owned(), ..told(object, found, max) })
}

/// How much of what AWS allows is reached.
struct Reached {
    /// With how many it is.
    bound: usize,
    /// In words.
    found: String,
    /// Whether that is more than AWS allows.
    is_over: bool,
}

impl Reached {
    /// Nothing where there are few. What is told stays the same while numbers change.
    fn of(count: usize, max: usize, what: &str) -> Option<Self> {
        let near = near_of(max);
        let is_over = count > max;
        let bound = if is_over { max + 1 } else { near };
        let found = if is_over {
            format!("more than {max} {what} of one load balancer")
        } else {
            format!("{near} or more {what} of one load balancer")
        };
        (count >= near).then_some(Self { bound, found, is_over })
    }
}

fn told(object: ObjectRef, found: String, max: usize) -> Problem {
    Problem {
        code: Code::NearLimit,
        severity: Severity::Warning,
        object,
        field: OF_LOAD_BALANCER.to_owned(),
        found,
        allowed: format!("{max}, unless AWS allows this account more"),
        meanwhile: String::new(),
    }
}

/// Says with which member so many targets stand behind the load balancer that AWS takes hardly more
/// of them, or no more. `counts` is how many each member has registered, in the group's order.
pub fn of_targets<'p>(
    counts: impl Iterator<Item = (&'p Source, usize)> + Clone,
    limits: &AccountLimits,
) -> Option<Problem> {
    let max = limits.of(Limit::Targets);
    let total = counts.clone().map(|(_, count)| count).sum();
    let Reached { bound, found, .. } = Reached::of(total, max, name(Limit::Targets))?;
    let mut so_far = 0;
    let mut reaching = counts.filter(|(_, count)| {
        so_far += count;
        so_far >= bound
    });
    let (member, _) = reaching.next()?;
    let meanwhile = "all of them are tried; those that AWS refuses get no requests".to_owned();
    Some(Problem { meanwhile, ..told(ObjectRef::of(member), found, max) })
}

/// Says that a binding has so many endpoints that AWS takes hardly more of them in one target
/// group, or no more.
#[must_use]
pub fn of_target_group(key: &ObjectKey, count: usize, limits: &AccountLimits) -> Option<Problem> {
    let limit = Limit::TargetsOfGroup;
    let max = limits.of(limit);
    let near = near_of(max);
    let is_over = count > max;
    let found = if is_over { format!("more than {max}") } else { format!("{near} or more") };
    let meanwhile = match (is_over, limits.told(limit)) {
        (true, Some(_)) => "so many are registered, and the others once there is room",
        (true, None) => "all of them are tried; those that AWS refuses get no requests",
        (false, _) => "all of them are registered",
    };
    (count >= near).then(|| Problem {
        code: Code::NearLimit,
        // Until it is reached, all is as it should be.
        severity: if is_over { Severity::Warning } else { Severity::Note },
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: "spec.serviceRef".to_owned(),
        found: format!("{found} endpoints"),
        allowed: format!("{max} targets of one target group, unless AWS allows this account more"),
        meanwhile: meanwhile.to_owned(),
    })
}

/// Says with which member who may come in takes as many rules of a security group as AWS allows
/// everybody, or nearly so: it tells nobody whether it has raised that.
fn of_security_group(front: &Front, parts: &[Arc<Part>]) -> Option<Problem> {
    let max = security::RULES_MAX * front.security_groups_max;
    let rules = &front.security_group.as_ref()?.ingress;
    let count = |parts: &[Arc<Part>]| {
        let ports: BTreeSet<u16> =
            parts.iter().flat_map(|part| part.listens.keys()).copied().collect();
        Load::of(rules.iter().filter(|rule| ports.contains(&rule.from_port))).most()
    };
    let what = match front.security_groups_max {
        1 => "rules of the security group",
        _ => "rules of the security groups",
    };
    let problem = judge(what, max, parts, count)?;
    let is_over = count(parts) > max;
    let meanwhile = if is_over {
        "AWS is asked for it, which takes all of it or nothing: who was let in before stays so"
    } else {
        "all of it is made; what is new beyond that may be refused"
    };
    Some(Problem {
        field: INBOUND_CIDRS.field(),
        allowed: format!(
            "{max} of IPv4 and of IPv6 each, unless AWS allows this account more; a managed prefix \
             list takes what it may hold"
        ),
        meanwhile: meanwhile.to_owned(),
        ..problem
    })
}

/// Room on a load balancer for what members bring, as far as AWS has said how much there is. What
/// stands of members has its place whoever comes before them.
#[derive(Debug)]
pub struct Room<'a> {
    limits: &'a AccountLimits,
    /// Whether AWS has said how much of anything it allows.
    is_told: bool,
    /// What stands of members, or has been let in.
    taken: BTreeMap<Source, Arc<Part>>,
    /// How many rules those come to together, once somebody had to count.
    rules: Option<usize>,
}

impl<'a> Room<'a> {
    /// What is left beside those that stand.
    #[must_use]
    pub fn beside(limits: &'a AccountLimits, standing: impl Iterator<Item = Arc<Part>>) -> Self {
        let is_told = OF_GROUP.iter().any(|limit| limits.told(*limit).is_some());
        let standing = standing.filter(|_| is_told);
        let taken = standing.map(|part| (part.source.clone(), part)).collect();
        Self { limits, is_told, taken, rules: None }
    }

    /// What there is no room for of what a member brings.
    pub fn lacks(&mut self, shared: &Shared, part: &Part) -> Option<Problem> {
        OF_GROUP.iter().find_map(|limit| {
            let max = self.limits.told(*limit)?;
            let (before, after) = match limit {
                Limit::Rules => self.rules(shared, part),
                limit => self.things(*limit, shared, part),
            };
            (after > max && after > before).then(|| over(*limit, max, part, after - before))
        })
    }

    /// Takes note that what a member brings is let in.
    pub fn take(&mut self, part: &Arc<Part>) {
        if self.is_told {
            self.taken.insert(part.source.clone(), Arc::clone(part));
            self.rules = None;
        }
    }

    /// How many rules there are without and with what a member brings, of which all count that it
    /// asks for.
    fn rules(&mut self, shared: &Shared, part: &Part) -> (usize, usize) {
        let taken = &self.taken;
        let asked = |part: &Arc<Part>| rules_of(part);
        let all: usize = taken.values().map(asked).sum();
        let own = taken.get(&part.source).map(asked).unwrap_or_default();
        let with = (all + rules_of(part)).saturating_sub(own);
        let max = self.limits.of(Limit::Rules);
        if with <= max {
            return (all, with);
        }
        let made = *self.rules.get_or_insert_with(|| made(shared, taken));
        (made, (made + rules_of(part)).saturating_sub(own))
    }

    fn things(&self, limit: Limit, shared: &Shared, part: &Part) -> (usize, usize) {
        let taken = self.taken.values().map(AsRef::as_ref);
        let others = taken.clone().filter(|other: &&Part| other.source != part.source);
        (count(limit, shared, &taken), count(limit, shared, &others.chain([part])))
    }
}

/// How many rules are made of what members bring.
fn made(shared: &Shared, taken: &BTreeMap<Source, Arc<Part>>) -> usize {
    let mut together = shared.clone();
    for part in taken.values() {
        // Who does not fit has been told, or will be.
        _ = together.admit(part, Say::Free);
    }
    let mut parts: Vec<Arc<Part>> = taken.values().cloned().collect();
    parts.sort_by_cached_key(|part| (part.order, part.source.to_string()));
    pieces(placed::by_port(&together, &parts).values().flatten())
}

/// What is told stays the same whatever others bring meanwhile.
fn over(limit: Limit, max: usize, part: &Part, more: usize) -> Problem {
    let what = name(limit);
    Problem {
        code: Code::OverLimit,
        severity: Severity::Error,
        object: ObjectRef::of(&part.source),
        field: OF_LOAD_BALANCER.to_owned(),
        found: format!("{more} {what} more, with which there would be more than {max}"),
        allowed: format!(
            "{max}, as AWS allows this account: have AWS raise it, or move to a group with room"
        ),
        meanwhile: MEANWHILE.to_owned(),
    }
}
