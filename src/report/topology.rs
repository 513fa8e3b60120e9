//! What leads where, for whoever would rather look than read: from a host to the pods, with how
//! each of them is, what is wrong, and what is left to do. Values only; `page` writes them down.
//!
//! Everything here is told from what is in memory already, and what is not known is said to be so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;

use super::Pending;
use super::explain::Verdict;
use super::told::Said;
use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::problem::{ObjectRef, Severity};
use crate::model::record::HostedZones;
use crate::model::seen::{EndpointSlice, Ingress, Node, SeenBinding};
use crate::model::source::Source;
use crate::model::subject::Subject;
use crate::model::target::TargetCount;

mod group;
mod hosts;
mod listing;
mod standing;
mod way;

pub use group::GroupView;
pub use hosts::{HostRow, Hosts, Standing, Totals};
pub use listing::{ComplaintView, Complaints, RemainderView, Remainders};
pub use standing::{
    Believed, ListenerView, LoadBalancerView, RuleView, TargetGroupView, TargetView, WayOn,
};
pub use way::HostView;

/// Who tells it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standpoint {
    /// The cluster.
    pub cluster: String,
    /// The region.
    pub region: String,
    /// The moment.
    pub now: Timestamp,
    /// Whether this replica leads: only one that does knows anything of AWS.
    pub leads: bool,
    /// Who holds the Lease, as it spells itself; `None` where nobody does, or nobody knows.
    pub leader: Option<String>,
}

impl Standpoint {
    /// The pod of whoever leads: client-go and this program put something of their own behind its
    /// name.
    #[must_use]
    pub fn leading_pod(&self) -> Option<&str> {
        let leader = self.leader.as_deref()?;
        Some(leader.split_once('_').map_or(leader, |(pod, _)| pod))
    }
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct Member {
    /// The member.
    pub source: Source,
    /// The group.
    pub group: Group,
    /// What it is; `None` where it is gone.
    pub ingress: Option<Arc<Ingress>>,
}

/// What an object has been told, and is still so.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// The group that it has to do with, where it is one.
    pub group: Option<Group>,
    /// The object.
    pub object: ObjectRef,
    /// What.
    pub said: Said,
}

/// What is left undone of a subject.
#[derive(Clone, Debug)]
pub struct Remainder {
    /// The group that it has to do with, where it is one.
    pub group: Option<Group>,
    /// The subject.
    pub subject: Subject,
    /// What.
    pub left: Arc<Pending>,
}

/// Everybody, as somebody sees them who looks once.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The members of all groups.
    pub members: Vec<Member>,
    /// What has been told.
    pub complaints: Vec<Complaint>,
    /// What is left undone.
    pub remainders: Vec<Remainder>,
}

/// One group, and what of the cluster it leads to.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Its members.
    pub members: Vec<Member>,
    /// Its TargetGroupBindings.
    pub bindings: BTreeMap<ObjectKey, Arc<SeenBinding>>,
    /// The endpoints of their Services.
    pub slices: BTreeMap<ObjectKey, FlatMap<SmolStr, Arc<EndpointSlice>>>,
    /// The nodes, where targets are nodes.
    pub nodes: BTreeMap<String, Arc<Node>>,
    /// The account's hosted zones; `None` where names are nobody's business here, or nobody could
    /// look yet.
    pub zones: Option<Arc<HostedZones>>,
    /// What has been told of the group.
    pub complaints: Vec<Complaint>,
    /// What is left undone of it.
    pub remainders: Vec<Remainder>,
}

impl Surroundings {
    /// The hosts that members name, in lower case.
    #[must_use]
    pub fn hosts(&self) -> BTreeSet<String> {
        let ingresses = self.members.iter().filter_map(|member| member.ingress.as_deref());
        ingresses.flat_map(hosts_of).collect()
    }
}

/// Which of all rows are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Those that have a problem.
    Problems,
    /// Those whose targets are not all well.
    Unhealthy,
    /// Those of which something is left undone.
    Pending,
}

impl Only {
    /// All of them, with what a person calls them.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::All, "everything"),
        (Self::Problems, "with problems"),
        (Self::Unhealthy, "unhealthy"),
        (Self::Pending, "drift or a pending plan"),
    ];

    /// As an address spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Problems => "problems",
            Self::Unhealthy => "unhealthy",
            Self::Pending => "pending",
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// What is searched for; empty for nothing.
    pub q: String,
    /// Which rows.
    pub only: Only,
    /// Which page of them, from 1 on.
    pub page: usize,
}

/// A part of a list that is too long for one page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paged<T> {
    /// How many rows there are on all pages.
    pub found: usize,
    /// Which page this is, from 1 on.
    pub page: usize,
    /// How many pages there are.
    pub pages: usize,
    /// The rows of this one.
    pub rows: Vec<T>,
}

/// How many rows a page has: what a person looks over, and what is rendered in milliseconds.
pub const PAGE_SIZE: usize = 50;

impl<T> Paged<T> {
    /// One page of a list; the last one where there are not as many.
    fn of<R>(all: Vec<R>, page: usize, make: impl FnMut(R) -> T) -> Self {
        let found = all.len();
        let pages = found.div_ceil(PAGE_SIZE).max(1);
        let page = page.clamp(1, pages);
        let rows = all.into_iter().skip((page - 1) * PAGE_SIZE).take(PAGE_SIZE);
        Self { found, page, pages, rows: rows.map(make).collect() }
    }
}

/// How grave what is told is: who only should know something has no problem.
fn is_problem(said: &Said) -> bool {
    said.severity != Severity::Note
}

/// The hosts of a member, in lower case; the empty one where a rule is for all of them.
fn hosts_of(ingress: &Ingress) -> BTreeSet<String> {
    let spec = ingress.spec.iter();
    let rules = spec.clone().flat_map(|spec| spec.rules.iter().flatten());
    let mut hosts: BTreeSet<String> =
        rules.map(|rule| rule.host.as_deref().unwrap_or_default().to_ascii_lowercase()).collect();
    if spec.clone().any(|spec| spec.default_backend.is_some()) || hosts.is_empty() {
        hosts.insert(String::new());
    }
    hosts
}

/// The Services that a member names.
fn services_of(ingress: &Ingress) -> impl Iterator<Item = &str> {
    let spec = ingress.spec.iter();
    let paths = spec
        .clone()
        .flat_map(|spec| spec.rules.iter().flatten())
        .filter_map(|rule| rule.http.as_ref())
        .flat_map(|http| &http.paths);
    let backends = paths.map(|path| &path.backend);
    let backends = backends.chain(spec.filter_map(|spec| spec.default_backend.as_deref()));
    backends.filter_map(|backend| Some(backend.service.as_ref()?.name.as_str()))
}

/// What the targets of target groups mean for requests.
#[must_use]
pub fn verdict(count: &TargetCount) -> Verdict {
    if count.empty + count.dark > 0 {
        Verdict::Bad
    } else if count.unhealthy > 0 {
        Verdict::Note
    } else if count.unread + count.new > 0 {
        Verdict::Unknown
    } else {
        Verdict::Good
    }
}

/// How the targets of all of a group's target groups are, in words.
#[must_use]
pub fn in_words(count: &TargetCount) -> String {
    let TargetCount { groups, unread, empty, dark, targets, healthy, new, .. } = *count;
    let mut words = Vec::new();
    if groups == 0 {
        return "no target group".to_owned();
    }
    if unread < groups {
        words.push(format!("{healthy} of {targets} targets take requests"));
    }
    if new > 0 {
        words.push(format!("{new} not looked at since registered"));
    }
    let of = |count: usize, what: &str| match count {
        1 => format!("1 target group {what}"),
        _ => format!("{count} target groups {what}"),
    };
    for (count, what) in [
        (dark, "of which none does"),
        (empty, "without a target"),
        (unread, "that nobody has looked at yet"),
    ] {
        if count > 0 {
            words.push(of(count, what));
        }
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::known::Known;
    use crate::model::target::{LiveTarget, Target, TargetState};

    #[test]
    fn targets_are_counted_as_requests_meet_them() {
        let live = |state| LiveTarget {
            target: Target { id: "10.0.0.1".into(), port: 80, availability_zone: None },
            state,
            why: None,
        };
        let known = |states: &[TargetState]| {
            Known::Is(states.iter().copied().map(live).collect(), Timestamp::UNIX_EPOCH)
        };
        let mut count = TargetCount::default();
        count.add(Some(&known(&[TargetState::Healthy, TargetState::Unhealthy])));
        count.add(Some(&known(&[TargetState::Initial, TargetState::Draining])));
        count.add(Some(&known(&[])));
        count.add(None);
        assert!(count.is_bad());
        assert_eq!(
            in_words(&count),
            "1 of 3 targets take requests, 1 not looked at since registered, 1 target group \
             without a target, 1 target group that nobody has looked at yet"
        );
        assert_eq!(verdict(&count), Verdict::Bad);
        // AWS says nothing by itself: of what was registered last nobody knows how it is.
        let mut count = TargetCount::default();
        count.add(Some(&known(&[TargetState::Initial, TargetState::Initial])));
        assert_eq!((verdict(&count), count.is_bad(), count.dark), (Verdict::Unknown, false, 0));
        count.add(Some(&known(&[TargetState::Unused])));
        assert_eq!((verdict(&count), count.dark), (Verdict::Bad, 1));
        assert_eq!(in_words(&TargetCount::default()), "no target group");
    }

    #[test]
    fn the_leaders_pod_is_named() {
        let mut standpoint = Standpoint {
            cluster: String::new(),
            region: String::new(),
            now: Timestamp::UNIX_EPOCH,
            leads: false,
            leader: Some("albedo-7d9-x_1-17".to_owned()),
        };
        assert_eq!(standpoint.leading_pod(), Some("albedo-7d9-x"));
        standpoint.leader = None;
        assert_eq!(standpoint.leading_pod(), None);
    }
}
