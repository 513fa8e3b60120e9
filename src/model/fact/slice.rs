//! The slice of what is known that a visit builds on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::leading::Led;
use super::{Counted, Names};
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id};
use crate::model::protection::ProtectionStack;
use crate::model::request::Validation;
use crate::model::source::Source;

/// A member that is served by the group that it went to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// That group.
    pub group: Group,
    /// Whether its names lead there.
    pub is_followed: bool,
}

/// The facts that a visit builds on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub(super) made: BTreeMap<Handle, Option<AwsId>>,
    pub(super) listening: Option<Arc<Counted>>,
    pub(super) leading: Option<Arc<Counted>>,
    pub(super) led: Led,
    pub(super) renounced: BTreeSet<AwsId>,
    pub(super) refused: BTreeSet<AwsId>,
    pub(super) names: BTreeMap<Group, Arc<Names>>,
    pub(super) left: BTreeSet<Source>,
    pub(super) knows_names: bool,
    pub(super) protection: Option<Arc<ProtectionStack>>,
    pub(super) arrivals: BTreeMap<Source, Arrival>,
    pub(super) proofs: BTreeMap<Validation, Source>,
}

impl Facts {
    /// The same, where names lead to no load balancer.
    #[must_use]
    pub fn without_names(self) -> Self {
        let leading = Some(Arc::default());
        Self { leading, led: Led::default(), refused: BTreeSet::new(), ..self }
    }

    /// The identifier of a thing, or its handle where nobody has made it known.
    #[must_use]
    pub fn resolve(&self, handle: Handle) -> Id {
        match self.made.get(&handle) {
            Some(Some(id)) => Id::Is(id.clone()),
            Some(None) | None => Id::Of(handle),
        }
    }

    /// Whether nobody could tell yet whether a thing stands.
    #[must_use]
    pub fn is_unread(&self, handle: &Handle) -> bool {
        !self.made.contains_key(handle)
    }

    /// The certificates that listeners use; `None` while not every group has been looked at.
    #[must_use]
    pub fn listening(&self) -> Option<Arc<BTreeMap<AwsId, usize>>> {
        self.listening.clone()
    }

    /// The hosted zones that nobody may look at: of where their records lead nothing is known.
    #[must_use]
    pub fn refused(&self) -> &BTreeSet<AwsId> {
        &self.refused
    }

    /// The load balancers that our records lead to, by their DNS names, each with in how many
    /// zones; `None` while not every zone has been looked at that anybody may look at.
    #[must_use]
    pub fn leading(&self) -> Option<Arc<BTreeMap<AwsId, usize>>> {
        self.leading.clone()
    }

    /// The load balancers that records lead to which another owner keeps for Ingresses, by their
    /// DNS names, each with in how many zones.
    #[must_use]
    pub fn led_by_others(&self) -> Arc<BTreeMap<AwsId, usize>> {
        Arc::clone(&self.led.others)
    }

    /// The load balancers that our records lead to which are for Ingresses of other controllers by
    /// now, by their DNS names, each with in how many zones.
    #[must_use]
    pub fn left_leading(&self) -> Arc<BTreeMap<AwsId, usize>> {
        Arc::clone(&self.led.left)
    }

    /// Those of them, of every group, for which these records have to go.
    #[must_use]
    pub fn renounced(&self) -> &BTreeSet<AwsId> {
        &self.renounced
    }

    /// Whether a record of ours for this object leads to no load balancer of the cluster, as far
    /// as is known.
    #[must_use]
    pub fn is_led_elsewhere(&self, source: &Source) -> bool {
        self.led.elsewhere.contains_key(source)
    }

    /// The names that groups wish for, of every group that has been looked at.
    pub fn names(&self) -> impl Iterator<Item = (&Group, &Names)> {
        self.names.iter().map(|(group, names)| (group, names.as_ref()))
    }

    /// Those that were seen and are in no group any more: nothing of theirs is wished for.
    pub fn left(&self) -> impl Iterator<Item = &Source> {
        self.left.iter()
    }

    /// Whether the names of every group are known as it is now.
    #[must_use]
    pub fn knows_names(&self) -> bool {
        self.knows_names
    }

    /// The records that prove names to ACM, each with somebody who asks for a certificate.
    #[must_use]
    pub fn proofs(&self) -> &BTreeMap<Validation, Source> {
        &self.proofs
    }

    /// The members that are served by the group that they went to.
    #[must_use]
    pub fn arrivals(&self) -> &BTreeMap<Source, Arrival> {
        &self.arrivals
    }
}
