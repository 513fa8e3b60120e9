//! What is believed of EC2.

use std::sync::Arc;

use jiff::Timestamp;

use crate::aws::groups::Groups;
use crate::aws::part::{Ec2Part, Ec2Reading};
use crate::model::known::Known;
use crate::model::surroundings::{Interfaces, Vpc};

/// The parts of EC2 that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct Ec2Belief {
    pub(in crate::aws) vpc: Known<Arc<Vpc>>,
    pub(in crate::aws) interfaces: Known<Arc<Interfaces>>,
    pub(in crate::aws) security_groups: Known<Groups>,
}

impl Ec2Belief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: Ec2Reading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            Ec2Reading::Vpc(vpc) => belief.vpc = Known::Is(Arc::new(vpc), at),
            Ec2Reading::Interfaces(found) => {
                belief.interfaces = Known::Is(Arc::new(found.into_iter().collect()), at);
            }
            Ec2Reading::SecurityGroups(found) => {
                belief.security_groups = Known::Is(found.into_iter().collect(), at);
            }
        }
        belief
    }

    /// Believes a part as another belief has it.
    pub(super) fn adopt(&mut self, part: &Ec2Part, other: Self) {
        match part {
            Ec2Part::Vpc => self.vpc = other.vpc,
            Ec2Part::Interfaces => self.interfaces = shared(&self.interfaces, other.interfaces),
            Ec2Part::SecurityGroups => self.security_groups = other.security_groups,
        }
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &Ec2Part) {
        match part {
            Ec2Part::Vpc => self.vpc = Known::Unread,
            Ec2Part::Interfaces => self.interfaces = Known::Unread,
            Ec2Part::SecurityGroups => self.security_groups = Known::Unread,
        }
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &Ec2Part) -> bool {
        match part {
            Ec2Part::Vpc => self.vpc.is_read(),
            Ec2Part::Interfaces => self.interfaces.is_read(),
            Ec2Part::SecurityGroups => self.security_groups.is_read(),
        }
    }
}

/// What is known now; where it is as it was, the same that others share already.
fn shared<T: PartialEq>(old: &Known<Arc<T>>, new: Known<Arc<T>>) -> Known<Arc<T>> {
    match (old, new) {
        (Known::Is(old, _), Known::Is(new, at)) if **old == *new => Known::Is(Arc::clone(old), at),
        (_, new) => new,
    }
}
