//! A sweep: all that stands in AWS in a cluster's name, and who in the cluster may own it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;

use super::group::Group;
use super::id::{AwsId, CertificateKey, ObjectKey};
use super::inventory::{
    BalancerInventory, CertificateInventory, FabricInventory, RequestInventory, ZoneInventory,
};
use super::record::HostedZone;
use super::seen::SeenBinding;

/// All that stands in AWS in a cluster's name.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What carries the tag of an Ingress group, by that group.
    pub groups: BTreeMap<Group, BalancerInventory>,
    /// The shared backend security group, and the rules of nodes and pods.
    pub fabric: FabricInventory,
    /// The certificates that TLS Secrets were imported as.
    pub imports: BTreeMap<ObjectKey, CertificateInventory>,
    /// The certificates that ACM was asked for.
    pub requests: BTreeMap<CertificateKey, RequestInventory>,
    /// The hosted zones in which names are kept, with their records.
    pub zones: BTreeMap<AwsId, (HostedZone, ZoneInventory)>,
}

/// Who in the cluster may own what stands. An object counts whatever its class and whoever looks
/// after it: a sweep may be asked for with other flags than the controller's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The Ingresses that there are.
    pub ingresses: BTreeSet<ObjectKey>,
    /// The groups that somebody names, is in, or still holds the finalizer of; and those of which
    /// something is remembered, which a controller comes back to by itself.
    pub groups: BTreeSet<Group>,
    /// The target groups that bindings name, by ARN or by name, each with the group that the
    /// binding was made for: one that a person wrote was made for none.
    pub bound: BTreeSet<(SmolStr, Option<Group>)>,
    /// The TLS Secrets that Ingresses name.
    pub secrets: BTreeSet<ObjectKey>,
    /// The hosts of Ingresses, in lower case.
    pub hosts: BTreeSet<SmolStr>,
}

impl Standing {
    /// Adds the bindings of the cluster to the groups that they were made for.
    pub fn bind<'a>(
        &mut self,
        bindings: impl IntoIterator<Item = (&'a ObjectKey, &'a SeenBinding)>,
    ) {
        for (key, binding) in bindings {
            let group = Group::of_labels(&binding.labels);
            if let Some(inventory) = group.and_then(|group| self.groups.get_mut(&group)) {
                inventory.bindings.insert(key.clone(), binding.clone());
            }
        }
    }
}

impl Owners {
    /// Whether a binding names a target group that was not made for this group.
    #[must_use]
    pub fn have_bound(&self, target_group: &str, group: &Group) -> bool {
        self.bound.iter().any(|(named, of)| named == target_group && of.as_ref() != Some(group))
    }

    /// Whether the cluster has nobody at all who may own anything.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// Those of two looks together: who has been seen owning something once, owns it.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let Self { ingresses, groups, bound, secrets, hosts } = other;
        self.ingresses.extend(ingresses);
        self.groups.extend(groups);
        self.bound.extend(bound);
        self.secrets.extend(secrets);
        self.hosts.extend(hosts);
        self
    }
}

/// One thing that nobody owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ownerless {
    /// What it is: `load balancer`, `target group`, `security group`, `security group rules`,
    /// `certificate`, `record`, or `TargetGroupBinding` where the cluster still has one.
    pub kind: &'static str,
    /// Its name; its id where it has none.
    pub name: String,
    /// Its ARN or id, where it has one of its own.
    pub id: Option<AwsId>,
    /// Whose it was: an Ingress group, a Secret, an Ingress, or the cluster's.
    pub was_of: String,
    /// Since when it stands, where AWS tells.
    pub since: Option<Timestamp>,
    /// What holds it up, until that is over.
    pub waits_for: Option<String>,
}
