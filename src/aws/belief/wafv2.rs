//! What is believed of AWS WAF.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{is_read, move_entry};
use crate::aws::part::{Wafv2Part, Wafv2Reading};
use crate::model::id::AwsId;
use crate::model::known::Known;

/// The parts of AWS WAF that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct Wafv2Belief {
    /// The region's web ACLs by their names.
    pub(in crate::aws) by_name: Known<BTreeMap<String, AwsId>>,
    /// The web ACLs of load balancers.
    pub(in crate::aws) web_acls: BTreeMap<AwsId, Known<AwsId>>,
}

impl Wafv2Belief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: Wafv2Reading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            Wafv2Reading::WebAcls(found) => {
                let found = found.into_iter().map(|found| (found.name, found.id));
                belief.by_name = Known::Is(found.collect(), at);
            }
            Wafv2Reading::WebAclOf(id, found) => {
                let found = found.map_or(Known::Absent(at), |found| Known::Is(found, at));
                belief.web_acls.insert(id, found);
            }
        }
        belief
    }

    /// A belief in nothing but that what a part hangs on is gone.
    pub(super) fn without(part: &Wafv2Part, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match part {
            Wafv2Part::WebAcls => {}
            Wafv2Part::WebAclOf(id) => _ = belief.web_acls.insert(id.clone(), Known::Absent(at)),
        }
        belief
    }

    /// Believes a part as another belief has it.
    pub(super) fn adopt(&mut self, part: &Wafv2Part, mut other: Self) {
        match part {
            Wafv2Part::WebAcls => self.by_name = other.by_name,
            Wafv2Part::WebAclOf(id) => move_entry(id, &mut other.web_acls, &mut self.web_acls),
        }
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &Wafv2Part) {
        match part {
            Wafv2Part::WebAcls => self.by_name = Known::Unread,
            Wafv2Part::WebAclOf(id) => drop(self.web_acls.remove(id)),
        }
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &Wafv2Part) -> bool {
        match part {
            Wafv2Part::WebAcls => self.by_name.is_read(),
            Wafv2Part::WebAclOf(id) => is_read(&self.web_acls, id),
        }
    }

    /// Forgets what hangs on load balancers that are gone.
    pub(super) fn retain(&mut self, stands: impl Fn(&AwsId) -> bool) {
        self.web_acls.retain(|id, _| stands(id));
    }

    /// How many things are believed beside the lists.
    pub(super) fn kept(&self) -> usize {
        self.web_acls.len()
    }
}
