//! What is believed of AWS Shield.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{is_read, move_entry};
use crate::aws::part::{ShieldPart, ShieldReading};
use crate::model::id::AwsId;
use crate::model::known::Known;
use crate::model::protection::ShieldProtection;

/// The parts of AWS Shield that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct ShieldBelief {
    /// Whether the account is subscribed to Shield Advanced.
    pub(in crate::aws) is_subscribed: Known<bool>,
    /// The protections of load balancers.
    pub(in crate::aws) protections: BTreeMap<AwsId, Known<ShieldProtection>>,
}

impl ShieldBelief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: ShieldReading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            ShieldReading::Subscription(is_active) => {
                belief.is_subscribed = Known::Is(is_active, at);
            }
            ShieldReading::ProtectionOf(id, found) => {
                belief.protections.insert(id, Known::Is(found, at));
            }
        }
        belief
    }

    /// A belief in nothing but that what a part hangs on is gone.
    pub(super) fn without(part: &ShieldPart, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match part {
            ShieldPart::Subscription => {}
            ShieldPart::ProtectionOf(id) => {
                belief.protections.insert(id.clone(), Known::Absent(at));
            }
        }
        belief
    }

    /// Believes a part as another belief has it.
    pub(super) fn adopt(&mut self, part: &ShieldPart, mut other: Self) {
        match part {
            ShieldPart::Subscription => self.is_subscribed = other.is_subscribed,
            ShieldPart::ProtectionOf(id) => {
                move_entry(id, &mut other.protections, &mut self.protections);
            }
        }
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &ShieldPart) {
        match part {
            ShieldPart::Subscription => self.is_subscribed = Known::Unread,
            ShieldPart::ProtectionOf(id) => drop(self.protections.remove(id)),
        }
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &ShieldPart) -> bool {
        match part {
            ShieldPart::Subscription => self.is_subscribed.is_read(),
            ShieldPart::ProtectionOf(id) => is_read(&self.protections, id),
        }
    }

    /// Forgets what hangs on load balancers that are gone.
    pub(super) fn retain(&mut self, stands: impl Fn(&AwsId) -> bool) {
        self.protections.retain(|id, _| stands(id));
    }

    /// How many things are believed beside the lists.
    pub(super) fn kept(&self) -> usize {
        self.protections.len()
    }
}
