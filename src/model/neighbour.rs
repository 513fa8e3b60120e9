//! AWS Load Balancer Controller in the same cluster: what of it stands, what it does there, and
//! whether a process may start to do its work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::id::{AwsId, ObjectKey};

/// What LBC does in a cluster and this program does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// TargetGroupBindings that speak QUIC.
    QuicBindings,
    /// Pods with an agent for target control.
    TargetControl,
    /// Services with a network load balancer.
    Services,
    /// Gateways.
    Gateways,
    /// Global accelerators.
    Accelerators,
}

impl Duty {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::QuicBindings,
        Self::TargetControl,
        Self::Services,
        Self::Gateways,
        Self::Accelerators,
    ];

    /// Its name, as flags and metrics have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QuicBindings => "quic-bindings",
            Self::TargetControl => "target-control",
            Self::Services => "services",
            Self::Gateways => "gateways",
            Self::Accelerators => "accelerators",
        }
    }

    /// What becomes of it while nobody does it.
    #[must_use]
    pub fn harm(self) -> &'static str {
        match self {
            Self::QuicBindings => "their targets stay as they are, whatever comes and goes",
            Self::TargetControl => "new pods get no agent once its webhooks are gone",
            Self::Services => "their load balancers and targets stay as they are",
            Self::Gateways | Self::Accelerators => "they stay as they are",
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no duty's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of {all}", all = Duty::ALL.map(Duty::as_str).join(", "))]
pub struct NoDuty(String);

impl std::str::FromStr for Duty {
    type Err = NoDuty;

    fn from_str(text: &str) -> Result<Self, NoDuty> {
        let found = Self::ALL.into_iter().find(|duty| duty.as_str() == text);
        found.ok_or_else(|| NoDuty(text.to_owned()))
    }
}

/// What of LBC is found in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbour {
    /// The Leases of its name that it holds at the moment.
    pub leases: BTreeSet<ObjectKey>,
    /// Its Deployments.
    pub deployments: BTreeSet<ObjectKey>,
    /// Its webhook configurations.
    pub webhooks: BTreeSet<String>,
    /// What it does, and for whom.
    pub duties: BTreeMap<Duty, BTreeSet<ObjectKey>>,
    /// The VPCs of the bindings that were made for Ingresses, and how many have each.
    pub vpcs: BTreeMap<AwsId, usize>,
    /// What could not be looked at, and why.
    pub unseen: Vec<String>,
}

/// Whether something of LBC stands in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It does.
    Stands,
    /// It does not.
    Absent,
}

/// How many objects a line names.
const NAMED_MAX: usize = 3;

fn listed<T: fmt::Display>(items: impl ExactSizeIterator<Item = T>) -> String {
    let count = items.len();
    let named: Vec<String> = items.take(NAMED_MAX).map(|item| item.to_string()).collect();
    let more = count.saturating_sub(named.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    named.join(", ") + &more
}

impl Neighbour {
    /// Whether anything of it stands.
    #[must_use]
    pub fn presence(&self) -> Presence {
        if self.stands().is_some() { Presence::Stands } else { Presence::Absent }
    }

    /// What of it stands, in words; nothing where there is nothing of it.
    #[must_use]
    pub fn stands(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.leases.is_empty() {
            parts.push(format!("it holds Lease {}", listed(self.leases.iter())));
        }
        if !self.deployments.is_empty() {
            parts.push(format!("Deployment {}", listed(self.deployments.iter())));
        }
        if !self.webhooks.is_empty() {
            parts.push(format!("webhook configuration {}", listed(self.webhooks.iter())));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// What it does and nobody would do, a line each.
    #[must_use]
    pub fn undone(&self) -> Vec<String> {
        let each =
            self.duties.iter().filter(|(_, whose)| !whose.is_empty()).map(|(duty, whose)| {
                let (count, named) = (whose.len(), listed(whose.iter()));
                format!("not done here: {duty} ({count}: {named}): {}", duty.harm())
            });
        each.collect()
    }

    /// For how many it does what.
    pub fn count(&self) -> impl Iterator<Item = (Duty, usize)> {
        Duty::ALL.into_iter().map(|duty| (duty, self.duties.get(&duty).map_or(0, BTreeSet::len)))
    }

    /// Whether a process may begin in a cluster where nothing remembers it, with its Lease in
    /// `home` and load balancers in `vpc`. `agreed` is what a person has agreed to take over, with
    /// the duties that nobody does any more from then on.
    ///
    /// # Errors
    /// Why not, and what to do about it.
    pub fn may_begin(
        &self,
        home: &ObjectKey,
        vpc: &AwsId,
        agreed: Option<&BTreeSet<Duty>>,
    ) -> Result<(), Refusal> {
        let bound: usize = self.vpcs.values().sum();
        let here = self.vpcs.get(vpc).copied().unwrap_or_default();
        if bound > 2 * here {
            let most = self.vpcs.iter().max_by_key(|(_, count)| **count);
            let most = most.map(|(id, _)| id.clone());
            return Err(Refusal::OtherVpc { vpc: vpc.clone(), bound, here, most });
        }
        if let Some(lease) = self.leases.iter().find(|lease| *lease != home) {
            return Err(Refusal::OtherLease { lease: lease.clone(), home: home.clone() });
        }
        let Some(stands) = self.stands() else {
            return match (self.unseen.first(), agreed) {
                (Some(unseen), None) => Err(Refusal::Unseen(unseen.clone())),
                _ => Ok(()),
            };
        };
        let Some(agreed) = agreed else { return Err(Refusal::Stands(stands)) };
        let all = self.duties.iter().filter(|(_, whose)| !whose.is_empty());
        let undone = all.map(|(duty, _)| *duty).filter(|duty| !agreed.contains(duty));
        let undone: BTreeSet<Duty> = undone.collect();
        if undone.is_empty() { Ok(()) } else { Err(Refusal::Undone(undone)) }
    }
}

/// Why a process may not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Most bindings of Ingresses have another VPC.
    #[error(
        "{vpc} is the VPC of {here} of {bound} TargetGroupBindings that were made for Ingresses; \
         give --aws-vpc-id{}", most.as_ref().map(|id| format!(", such as {id}")).unwrap_or_default()
    )]
    OtherVpc {
        /// The VPC that was found.
        vpc: AwsId,
        /// How many bindings say which VPC is theirs.
        bound: usize,
        /// How many of them have that one.
        here: usize,
        /// The VPC that most have.
        most: Option<AwsId>,
    },
    /// LBC leads by another Lease.
    #[error(
        "AWS Load Balancer Controller holds Lease {lease} and would go on writing, since the Lease \
         here is {home}; give --leader-election-namespace={} and run there, stop it, or give \
         --scope=own", lease.namespace
    )]
    OtherLease {
        /// Its Lease.
        lease: ObjectKey,
        /// Ours.
        home: ObjectKey,
    },
    /// Nobody can tell whether LBC stands.
    #[error("nobody can tell whether AWS Load Balancer Controller is here: {0}; give --take-over")]
    Unseen(String),
    /// LBC stands, and nobody has agreed to take its work over.
    #[error(
        "AWS Load Balancer Controller is here ({0}); give --take-over to take its work over, or \
         --scope=own to leave it alone"
    )]
    Stands(String),
    /// Duties of LBC's would be done by nobody.
    #[error(
        "nobody would do any more what AWS Load Balancer Controller does here: {all}; give \
         --take-over={all} where that is meant, or --scope=own",
        all = .0.iter().map(|duty| duty.as_str()).collect::<Vec<_>>().join(",")
    )]
    Undone(BTreeSet<Duty>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("kube-system", name)
    }

    fn standing() -> Neighbour {
        Neighbour { deployments: [key("lbc")].into(), ..Neighbour::default() }
    }

    fn begin(neighbour: &Neighbour, agreed: Option<&[Duty]>) -> Result<(), Refusal> {
        let agreed = agreed.map(|duties| duties.iter().copied().collect());
        neighbour.may_begin(&key("lease"), &AwsId::new("vpc-1"), agreed.as_ref())
    }

    #[test]
    fn where_nothing_of_lbc_stands_there_is_nothing_to_agree_to() {
        assert_eq!(begin(&Neighbour::default(), None), Ok(()));
        let mut left = Neighbour::default();
        left.duties.insert(Duty::Services, [key("s")].into());
        assert_eq!(begin(&left, None), Ok(()), "nobody does it already");
        let unseen = Neighbour { unseen: vec!["no right".to_owned()], ..Neighbour::default() };
        assert_eq!(begin(&unseen, None), Err(Refusal::Unseen("no right".to_owned())));
        assert_eq!(begin(&unseen, Some(&[])), Ok(()));
    }

    #[test]
    fn what_stands_has_to_be_taken_over_on_purpose_with_each_duty_that_ends() {
        assert!(matches!(begin(&standing(), None), Err(Refusal::Stands(_))));
        assert_eq!(begin(&standing(), Some(&[])), Ok(()));
        let mut busy = standing();
        busy.duties.insert(Duty::TargetControl, [key("p")].into());
        busy.duties.insert(Duty::Gateways, BTreeSet::new());
        assert_eq!(begin(&busy, Some(&[])), Err(Refusal::Undone([Duty::TargetControl].into())));
        assert_eq!(begin(&busy, Some(&[Duty::TargetControl])), Ok(()));
        assert_eq!(
            busy.undone(),
            ["not done here: target-control (1: kube-system/p): new pods get no agent once its \
                 webhooks are gone"]
        );
    }

    #[test]
    fn two_leases_and_another_vpc_are_no_matter_of_agreement() {
        let mut elsewhere = standing();
        elsewhere.leases = [ObjectKey::new("lbc", "lease")].into();
        assert!(matches!(begin(&elsewhere, Some(&Duty::ALL)), Err(Refusal::OtherLease { .. })));
        elsewhere.leases = [key("lease")].into();
        assert_eq!(begin(&elsewhere, Some(&[])), Ok(()), "it is ours once that one lets go");
        let of_vpcs = |here, there| {
            let vpcs = [(AwsId::new("vpc-1"), here), (AwsId::new("vpc-2"), there)].into();
            Neighbour { vpcs, ..Neighbour::default() }
        };
        let lost = of_vpcs(1, 3);
        let refusal = begin(&lost, Some(&Duty::ALL)).unwrap_err().to_string();
        assert!(refusal.contains("1 of 4") && refusal.contains("such as vpc-2"), "{refusal}");
        assert_eq!(begin(&of_vpcs(2, 2), None), Ok(()));
    }

    #[test]
    fn duties_have_names() {
        for duty in Duty::ALL {
            assert_eq!(duty.as_str().parse(), Ok(duty));
        }
        assert!("x".parse::<Duty>().unwrap_err().to_string().contains("target-control"));
    }
}
