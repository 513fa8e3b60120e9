//! All hosts, with how what they lead to is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use smol_str::SmolStr;

use super::{Asked, Only, Paged, Scene, Standpoint, hosts_of, is_problem, services_of};
use crate::model::group::Group;
use crate::model::target::TargetCount;

/// How many of everything there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Hosts, each once for each group that serves it.
    pub hosts: usize,
    /// Members.
    pub ingresses: usize,
    /// Groups.
    pub groups: usize,
    /// Groups whose targets are not all well.
    pub unhealthy: usize,
    /// Groups of which something is left undone.
    pub pending: usize,
    /// Problems, of groups and of everything else.
    pub problems: usize,
}

/// A host of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostRow {
    /// The host; empty for all that no other rule names.
    pub host: String,
    /// The group.
    pub group: String,
    /// The members that name it there.
    pub ingresses: Vec<String>,
    /// The DNS names of the group's load balancers, as far as they are known.
    pub load_balancers: Vec<String>,
    /// How the targets of the group are; `None` where nobody knows of any.
    pub targets: Option<TargetCount>,
    /// How many problems there are with the group.
    pub problems: usize,
    /// How many steps are left undone of it.
    pub pending: usize,
    /// Whether AWS could not be read for it.
    pub is_unread: bool,
}

/// All hosts, as far as they are asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Hosts {
    /// Who tells it.
    pub standpoint: Standpoint,
    /// What was asked.
    pub asked: Asked,
    /// How many of everything there is.
    pub totals: Totals,
    /// The hosts.
    #[serde(flatten)]
    pub hosts: Paged<HostRow>,
}

/// What is believed of the load balancers of all groups.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// How their targets are, by the name of the group.
    pub targets: BTreeMap<SmolStr, TargetCount>,
    /// The groups whose load balancers have a name that is searched for.
    pub named: BTreeSet<SmolStr>,
}

/// What there is to say of a group.
#[derive(Clone, Copy, Default)]
struct State {
    problems: usize,
    pending: usize,
    is_unread: bool,
    targets: Option<TargetCount>,
}

impl State {
    fn is_pending(&self) -> bool {
        self.pending > 0 || self.is_unread
    }

    fn is_unhealthy(&self) -> bool {
        self.targets.is_some_and(|targets| targets.is_bad())
    }

    fn is(&self, only: Only) -> bool {
        match only {
            Only::All => true,
            Only::Problems => self.problems > 0,
            Only::Unhealthy => self.is_unhealthy(),
            Only::Pending => self.is_pending(),
        }
    }
}

/// The states of all groups.
fn states<'a>(scene: &'a Scene, standing: &Standing) -> BTreeMap<&'a Group, State> {
    let mut states: BTreeMap<&Group, State> = BTreeMap::new();
    for member in &scene.members {
        states.entry(&member.group).or_default();
    }
    for complaint in scene.complaints.iter().filter(|complaint| is_problem(&complaint.said)) {
        if let Some(group) = &complaint.group {
            states.entry(group).or_default().problems += 1;
        }
    }
    for remainder in &scene.remainders {
        if let Some(group) = &remainder.group {
            let state = states.entry(group).or_default();
            state.pending += remainder.left.count;
            state.is_unread |= remainder.left.unread.is_some();
        }
    }
    for (group, state) in &mut states {
        state.targets = standing.targets.get(group.to_string().as_str()).copied();
    }
    states
}

impl Hosts {
    /// The hosts that are asked for. `names` says the DNS names of groups' load balancers.
    #[must_use]
    pub fn of(
        standpoint: Standpoint,
        asked: Asked,
        scene: &Scene,
        standing: &Standing,
        names: impl Fn(&BTreeSet<SmolStr>) -> BTreeMap<SmolStr, Vec<String>>,
    ) -> Self {
        let states = states(scene, standing);
        let mut rows: BTreeMap<(String, &Group), Vec<&super::Member>> = BTreeMap::new();
        for member in &scene.members {
            let hosts = member.ingress.as_deref().map(hosts_of).unwrap_or_default();
            for host in hosts {
                rows.entry((host, &member.group)).or_default().push(member);
            }
        }
        let problems = scene.complaints.iter().filter(|one| is_problem(&one.said)).count();
        let totals = Totals {
            hosts: rows.len(),
            ingresses: scene.members.len(),
            groups: states.len(),
            unhealthy: states.values().filter(|state| state.is_unhealthy()).count(),
            pending: states.values().filter(|state| state.is_pending()).count(),
            problems,
        };
        let q = asked.q.to_lowercase();
        let is_found = |host: &str, group: &Group, members: &[&super::Member]| {
            let spelled = group.to_string();
            q.is_empty()
                || host.contains(&q)
                || spelled.contains(&q)
                || standing.named.contains(spelled.as_str())
                || members.iter().any(|member| {
                    member.source.to_string().contains(&q)
                        || member
                            .ingress
                            .iter()
                            .any(|ingress| services_of(ingress).any(|service| service.contains(&q)))
                })
        };
        let found: Vec<_> = rows
            .into_iter()
            .filter(|((host, group), members)| {
                states.get(group).is_some_and(|state| state.is(asked.only))
                    && is_found(host, group, members)
            })
            .collect();
        let mut hosts = Paged::of(found, asked.page, |((host, group), members)| {
            let State { problems, pending, is_unread, targets } =
                states.get(group).copied().unwrap_or_default();
            HostRow {
                host,
                group: group.to_string(),
                ingresses: members.iter().map(|member| member.source.to_string()).collect(),
                load_balancers: Vec::new(),
                targets,
                problems,
                pending,
                is_unread,
            }
        });
        let shown: BTreeSet<SmolStr> =
            hosts.rows.iter().map(|row| row.group.as_str().into()).collect();
        let names = names(&shown);
        for row in &mut hosts.rows {
            row.load_balancers = names.get(row.group.as_str()).cloned().unwrap_or_default();
        }
        Self { standpoint, asked, totals, hosts }
    }
}
