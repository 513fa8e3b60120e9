//! What AWS tells after a write.

use super::{ReadCertificate, ReadLoadBalancer};
use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::known::Live;
use crate::model::load_balancer::Attributes;
use crate::model::target_group::TargetGroup;

/// The thing that was made or changed, as it stands now, where AWS tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done; AWS tells nothing more.
    Done,
    /// A security group that was made.
    SecurityGroup(AwsId),
    /// A load balancer that was made, without its tags.
    LoadBalancer(ReadLoadBalancer),
    /// A listener that was made or changed, without its tags, its rules and the certificates beyond
    /// the default one.
    Listener(LiveListener),
    /// Rules that were made, changed or moved, without their tags.
    Rules(Vec<LiveRule>),
    /// A target group that was made or changed, without its tags.
    TargetGroup(Live<TargetGroup>),
    /// All attributes of a load balancer, a listener or a target group of which some were changed.
    Attributes(Attributes),
    /// A certificate that was imported.
    Certificate(ReadCertificate),
    /// A certificate that was asked for.
    Requested(AwsId),
    /// A Shield protection that was made.
    ShieldProtection(AwsId),
    /// A batch of changes of records, by whose id Route 53 tells how far it has come.
    Change(AwsId),
}

impl Answer {
    /// The identifier of the one thing that was made or changed.
    #[must_use]
    pub fn id(&self) -> Option<&AwsId> {
        match self {
            Self::Done | Self::Attributes(_) => None,
            Self::SecurityGroup(id)
            | Self::ShieldProtection(id)
            | Self::Requested(id)
            | Self::Change(id) => Some(id),
            Self::LoadBalancer(made) => Some(&made.live.id),
            Self::Listener(listener) => Some(&listener.live.id),
            Self::Rules(rules) => match rules.as_slice() {
                [only] => Some(&only.id),
                _ => None,
            },
            Self::TargetGroup(live) => Some(&live.id),
            Self::Certificate(made) => Some(&made.id),
        }
    }
}
