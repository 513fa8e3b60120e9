//! Whether a group is served, as its IngressGroup shows it. Pure: told from what is in memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::reasons;
use super::topology::{Believed, Complaint, Remainder};
use crate::model::id::AwsId;
use crate::model::ingress_group::{
    Aspect, GroupStatus, LISTED_MAX, ShownLoadBalancer, ShownMember, ShownProblem, Truth,
};
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer};
use crate::model::line::excerpt;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::problem::Severity;
use crate::model::record::Spread;
use crate::model::seen::Condition;
use crate::model::source::Source;
use crate::model::subject::SubjectKind;

mod certificates;
mod names;
mod programmed;
mod targets;

pub use names::zones_of;

/// How many bytes of a message a condition or a problem shows.
const MESSAGE_LENGTH_MAX: usize = 600;
/// How many things a message names; of more, how many there are.
const NAMED_MAX: usize = 3;
/// The reason of what nobody has looked at since this process leads.
const REASON_NOT_LOOKED: &str = "NotLookedAt";
/// The reason of what AWS does not let be read.
const REASON_UNREAD: &str = "Unread";

/// What is known of a group but for what AWS holds.
#[derive(Clone, Debug, Default)]
pub struct GroupLook {
    /// Its members, each with the generation that the last visit has seen.
    pub members: Vec<(Source, Option<i64>)>,
    /// The certificates that were made for it, or are about to be.
    pub certificates: Vec<MadeCertificate>,
    /// Until when the certificates of its listeners hold, as far as is known.
    pub ends: BTreeMap<AwsId, Timestamp>,
    /// Its names.
    pub names: AskedNames,
    /// What has been told of it and is still so.
    pub complaints: Vec<Complaint>,
    /// What is left undone of it.
    pub remainders: Vec<Remainder>,
}

/// A certificate that was made for a group, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeCertificate {
    /// The TLS Secret, or the names.
    pub of: String,
    /// Its ARN, where it stands; `None` while nobody has looked.
    pub id: Option<Option<AwsId>>,
}

/// The names that should lead to a group.
#[derive(Clone, Debug, Default)]
pub enum AskedNames {
    /// The group has told none yet.
    #[default]
    Untold,
    /// Names are nobody's business here.
    NotKept,
    /// Nobody knows which hosted zones there are; `true` where nobody may look.
    NoZones(bool),
    /// These.
    Asked(Vec<AskedName>),
}

/// A name that should lead to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedName {
    /// The host.
    pub host: String,
    /// Whether an annotation says where it leads, instead of to the load balancer.
    pub is_given: bool,
    /// The hosted zones that it belongs into; none where it has no place in any.
    pub zones: Vec<NamePlace>,
}

/// A hosted zone that a name belongs into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePlace {
    /// The zone.
    pub zone: AwsId,
    /// Why it cannot be read, where that is so.
    pub unread: Option<String>,
    /// How far what was written of the name there has come.
    pub spread: Spread,
}

/// What is said of an aspect.
struct Said {
    truth: Truth,
    reason: String,
    message: String,
    /// Whether somebody is about to look who has not since this process leads.
    is_early: bool,
}

impl Said {
    fn new(truth: Truth, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { truth, reason: reason.into(), message: message.into(), is_early: false }
    }

    /// Nobody has looked yet.
    fn early(what: &str) -> Self {
        let message = format!("nobody has looked at {what} since this process leads");
        let said = Self::new(Truth::Unknown, REASON_NOT_LOOKED, message);
        Self { is_early: true, ..said }
    }

    fn unread(what: &str, error: &str) -> Self {
        let message = format!(
            "{what} cannot be read: {error}; what stands stays as it is, and it is tried again"
        );
        Self::new(Truth::Unknown, REASON_UNREAD, message)
    }

    fn condition(self, aspect: Aspect, observed_generation: Option<i64>) -> Condition {
        Condition {
            kind: aspect.as_str().into(),
            status: self.truth.as_str().into(),
            reason: self.reason.into(),
            message: excerpt(&self.message, MESSAGE_LENGTH_MAX).into_owned(),
            observed_generation,
            ..Condition::default()
        }
    }
}

/// How many things there are that are as they should be, and of how many.
struct Share(usize, usize);

impl Share {
    fn text(&self) -> String {
        format!("{}/{}", self.0, self.1)
    }
}

/// What an IngressGroup should show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The status; since when its conditions are what they are is not said yet.
    pub status: GroupStatus,
    /// Whether somebody is about to look at something that nobody has looked at since this process
    /// leads: what was shown before is better than that.
    pub is_early: bool,
}

/// What the IngressGroup of a group should show.
#[must_use]
pub fn shown(look: &GroupLook, believed: &Believed, now: Timestamp) -> Shown {
    let inventory = &believed.inventory;
    let (certificates, certified) = certificates::said(look, inventory, now);
    let (names, named) = names::said(look, believed);
    let (targets, healthy) = targets::said(look, believed);
    let mut aspects = vec![
        (Aspect::Programmed, programmed::said(look, inventory)),
        (Aspect::CertificatesReady, certificates),
        (Aspect::DnsReady, names),
        (Aspect::TargetsHealthy, targets),
    ];
    aspects.push((Aspect::QuotaPressure, pressure(look, is_read(inventory))));
    if let Some(error) = unread(look, |one| one.subject.kind() == SubjectKind::Balancer) {
        // Nobody is about to look, who could not.
        for (_, said) in aspects.iter_mut().filter(|(_, said)| said.is_early) {
            *said = Said::unread("AWS", error);
        }
    }
    // Whether it is near a limit is no matter of whether it is served.
    let ready = ready(&aspects[..aspects.len() - 1]);
    aspects.insert(0, (Aspect::Ready, ready));
    let problems: Vec<&Complaint> = problems(look).collect();
    let current = current(inventory);
    let generation = generation(look);
    let all = inventory.load_balancers.iter();
    let listeners = all.flat_map(|live| live.listeners.iter());
    Shown {
        is_early: aspects.iter().any(|(_, said)| said.is_early),
        status: GroupStatus {
            load_balancer: current.map(load_balancer),
            frontend_nlb: inventory.frontend_nlbs.first().map(load_balancer),
            rules: listeners.map(|listener| listener.rules.len()).sum(),
            targets_healthy: healthy.text(),
            certificates_ready: certified.text(),
            names_ready: named.text(),
            problem_count: problems.len(),
            problems: problems.into_iter().take(LISTED_MAX).map(problem).collect(),
            ingress_count: look.members.len(),
            ingresses: look.members.iter().take(LISTED_MAX).map(member).collect(),
            conditions: aspects
                .into_iter()
                .map(|(aspect, said)| {
                    let generation = generation.filter(|_| aspect == Aspect::Programmed);
                    said.condition(aspect, generation)
                })
                .collect(),
        },
    }
}

/// Whether somebody has looked at the load balancers of a group, and at what listens there.
fn is_read(inventory: &BalancerInventory) -> bool {
    let mut all = inventory.load_balancers.iter();
    inventory.load_balancers.is_read() && all.all(|live| live.listeners.is_read())
}

/// The load balancer of a group; while one takes the place of another, the one that serves.
fn current(inventory: &BalancerInventory) -> Option<&LiveLoadBalancer> {
    let all = inventory.load_balancers.iter();
    all.min_by_key(|live| live.state != LoadBalancerState::Active)
}

/// The one generation that a group is about: several members have one each.
fn generation(look: &GroupLook) -> Option<i64> {
    let [(_, generation)] = &look.members[..] else { return None };
    *generation
}

/// All of it.
fn ready(aspects: &[(Aspect, Said)]) -> Said {
    let counted = || aspects.iter().filter(|(_, said)| !names::are_elsewhere(said));
    let first = |truth| counted().find(|(_, said)| said.truth == truth);
    let Some((aspect, said)) = first(Truth::False).or_else(|| first(Truth::Unknown)) else {
        return Said::new(Truth::True, "Served", "the group is served as it asks for");
    };
    let message = format!("{}: {}", said.reason, said.message);
    Said { is_early: said.is_early, ..Said::new(said.truth, aspect.as_str(), message) }
}

/// Whether something of the group comes close to what AWS allows.
fn pressure(look: &GroupLook, is_read: bool) -> Said {
    let near = look.complaints.iter().filter(|one| one.said.reason == REASON_NEAR_LIMIT);
    let texts: BTreeSet<&str> = near.map(|one| one.said.text.as_str()).collect();
    let mut texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
    if texts.is_empty() {
        if !is_read {
            return Said::early("the load balancer");
        }
        let message = "nothing of it comes close to what AWS allows";
        return Said::new(Truth::False, "Room", message);
    }
    Said::new(Truth::True, REASON_NEAR_LIMIT, listed(&mut texts, "; "))
}

/// The reason of the Event that says so.
const REASON_NEAR_LIMIT: &str = "NearLimit";

/// What is wrong: who only should know something has no problem.
fn problems(look: &GroupLook) -> impl Iterator<Item = &Complaint> {
    look.complaints.iter().filter(|one| one.said.severity != Severity::Note)
}

/// The complaint of an object, as a message says it.
fn told(complaint: &Complaint) -> String {
    let Complaint { object, said, .. } = complaint;
    let place = reasons::place(&said.reason).map(|place| format!(" ({place})"));
    let text = excerpt(&said.text, MESSAGE_LENGTH_MAX / 2);
    format!("{object}: {text}{}", place.unwrap_or_default())
}

/// Why AWS could not be read for what some remainders are about.
fn unread(look: &GroupLook, is_meant: impl Fn(&Remainder) -> bool) -> Option<&str> {
    let mut meant = look.remainders.iter().filter(|one| is_meant(one));
    meant.find_map(|one| one.left.unread.as_deref())
}

/// The first things of a list, and how many there are besides.
fn listed(all: &mut Vec<String>, between: &str) -> String {
    let left = all.len().saturating_sub(NAMED_MAX);
    all.truncate(NAMED_MAX);
    let text = all.join(between);
    if left == 0 { text } else { format!("{text}{between}and {left} more") }
}

fn load_balancer(live: &LiveLoadBalancer) -> ShownLoadBalancer {
    ShownLoadBalancer {
        name: live.live.spec.name.clone(),
        arn: live.live.id.to_string(),
        hostname: live.dns_name.to_lowercase(),
        state: state(live.state).to_owned(),
    }
}

fn state(state: LoadBalancerState) -> &'static str {
    match state {
        LoadBalancerState::Active => "active",
        LoadBalancerState::Provisioning => "provisioning",
        LoadBalancerState::Failed => "failed",
    }
}

fn member((source, generation): &(Source, Option<i64>)) -> ShownMember {
    ShownMember {
        namespace: source.key.namespace.to_string(),
        name: source.key.name.to_string(),
        observed_generation: *generation,
    }
}

fn problem(complaint: &Complaint) -> ShownProblem {
    let Complaint { object, said, .. } = complaint;
    ShownProblem {
        object: object.to_string(),
        reason: said.reason.clone(),
        number: reasons::number(&said.reason).unwrap_or_default().to_owned(),
        message: excerpt(&said.text, MESSAGE_LENGTH_MAX).into_owned(),
    }
}
