//! One group: what its load balancers have, and where it leads.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::standing::{
    Believed, LoadBalancerView, TargetGroupView, load_balancer, read_at, target_group,
};
use super::way::{HostView, Way};
use super::{ComplaintView, RemainderView, Standpoint, Surroundings, hosts_of};
use crate::model::group::Group;
use crate::model::id::AwsId;

/// How many hosts of a group are shown on one page.
const HOSTS_MAX: usize = 20;

/// A group, and where it leads.
#[derive(Clone, Debug, Serialize)]
pub struct GroupView {
    /// Who tells it.
    pub standpoint: Standpoint,
    /// Its name.
    pub group: String,
    /// The host that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its members.
    pub ingresses: Vec<String>,
    /// What is wrong.
    pub problems: Vec<ComplaintView>,
    /// What is left undone.
    pub plans: Vec<RemainderView>,
    /// Where its hosts lead: that one, or the first ones.
    pub hosts: Vec<HostView>,
    /// The other hosts.
    pub other_hosts: Vec<String>,
    /// When the load balancers were read; `None` where nobody has.
    pub read_at: Option<Timestamp>,
    /// Its load balancers, those in front of others first.
    pub load_balancers: Vec<LoadBalancerView>,
    /// Its target groups.
    pub target_groups: Vec<TargetGroupView>,
}

impl GroupView {
    /// A group as it is believed to be.
    #[must_use]
    pub fn of(
        standpoint: Standpoint,
        (group, host): (&Group, Option<String>),
        around: &Surroundings,
        believed: &Believed,
    ) -> Self {
        let inventory = &believed.inventory;
        let places: BTreeMap<&AwsId, usize> = inventory
            .target_groups
            .iter()
            .enumerate()
            .map(|(place, live)| (&live.live.id, place))
            .collect();
        let target_groups: Vec<TargetGroupView> = inventory
            .target_groups
            .iter()
            .map(|live| target_group(live, around, believed))
            .collect();
        let fronts = inventory.frontend_nlbs.iter().chain(inventory.load_balancers.iter());
        let load_balancers = fronts.map(|live| load_balancer(live, &places)).collect();
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for member in &around.members {
            for host in member.ingress.as_deref().map(hosts_of).unwrap_or_default() {
                all.entry(host).or_default().insert(member.source.to_string());
            }
        }
        let is_shown = |name: &String| host.as_ref().is_none_or(|host| host == name);
        let (mut shown, mut other_hosts): (Vec<String>, Vec<String>) =
            all.keys().cloned().partition(is_shown);
        let rest = shown.split_off(shown.len().min(HOSTS_MAX));
        other_hosts.extend(rest);
        let way = Way::new(&standpoint, (around, believed), (&places, &target_groups));
        let hosts = shown.into_iter().map(|host| {
            let members = all.remove(&host).unwrap_or_default();
            way.of(host, members)
        });
        Self {
            group: group.to_string(),
            ingresses: around.members.iter().map(|member| member.source.to_string()).collect(),
            problems: around.complaints.iter().map(ComplaintView::from).collect(),
            plans: around.remainders.iter().map(RemainderView::from).collect(),
            hosts: hosts.collect(),
            other_hosts,
            read_at: read_at(&inventory.load_balancers),
            load_balancers,
            target_groups,
            host,
            standpoint,
        }
    }
}
