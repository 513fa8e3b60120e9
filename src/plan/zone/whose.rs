//! Whose load balancer a record leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::model::id::AwsId;
use crate::model::inventory::{Address, Records, ZoneInventory};
use crate::model::record::{Record, RecordValue};
use crate::model::settings::Settings;

use super::host::Host;

/// What Route 53's console puts in front of the name of a load balancer. It leads to the same.
const DUALSTACK: &str = "dualstack.";

/// What there is to see of a zone, and by which settings.
pub(in crate::plan) struct View<'a> {
    pub(in crate::plan) settings: &'a Settings,
    /// The domain of the zone.
    pub(super) zone: &'a str,
    pub(in crate::plan) records: &'a Records,
    pub(super) load_balancers: &'a BTreeMap<AwsId, Address>,
    by_name: Rc<BTreeMap<&'a AwsId, &'a Address>>,
    elsewhere: &'a BTreeSet<AwsId>,
}

/// Whose load balancer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose<'a> {
    /// This cluster's.
    Ours,
    /// Another cluster's, by its tag.
    Cluster(&'a str),
    /// It lies in another VPC or region, or is of a kind that Ingresses do not have.
    Elsewhere,
    /// Nobody says: it has no cluster's tag or does not stand, or it is no load balancer.
    Nobody,
}

impl<'a> View<'a> {
    /// The view of a zone; `None` where its records are not known.
    pub(in crate::plan) fn of(
        settings: &'a Settings,
        zone: &'a str,
        inventory: &'a ZoneInventory,
    ) -> Option<Self> {
        let records = inventory.records.value()?;
        let ZoneInventory { load_balancers, elsewhere, .. } = inventory;
        let by_name = load_balancers.values().map(|address| (&address.dns_name, address)).collect();
        let by_name = Rc::new(by_name);
        Some(Self { settings, zone, records, load_balancers, by_name, elsewhere })
    }

    /// The same, where these records stand.
    pub(in crate::plan) fn with<'b>(&self, records: &'b Records) -> View<'b>
    where
        'a: 'b,
    {
        let Self { settings, zone, load_balancers, elsewhere, .. } = *self;
        let by_name = Rc::clone(&self.by_name);
        View { settings, zone, records, load_balancers, by_name, elsewhere }
    }

    /// Whether a record of the zone may be brought into line, or go.
    pub(in crate::plan) fn may_change(&self, record: &Record) -> bool {
        Host::new(self, &record.key.name).may_change(record)
    }

    /// Whose load balancer a record leads to.
    pub(super) fn whose(&self, record: &Record) -> Whose<'a> {
        let Some(target) = target(record) else { return Whose::Nobody };
        if let Some(address) = self.by_name.get(&target) {
            return match address.cluster.as_deref() {
                Some(cluster) if cluster == self.settings.cluster => Whose::Ours,
                Some(cluster) => Whose::Cluster(cluster),
                None => Whose::Nobody,
            };
        }
        let region = &self.settings.place.region;
        let is_far = region_of(target.as_str()).is_some_and(|found| found != region);
        if is_far || self.elsewhere.contains(&target) {
            return Whose::Elsewhere;
        }
        Whose::Nobody
    }

    /// Whether a record leads to a load balancer of this region that does not stand, as far as is
    /// known.
    pub(super) fn is_gone(&self, record: &Record) -> bool {
        let Some(target) = target(record) else { return false };
        region_of(target.as_str()).is_some()
            && self.whose(record) == Whose::Nobody
            && !self.by_name.contains_key(&target)
    }
}

/// The name that a record leads to, in the spelling of load balancers' names: of an alias, or of a
/// CNAME record.
pub(super) fn target(record: &Record) -> Option<AwsId> {
    let name = match &record.value {
        RecordValue::Alias { target, .. } => target.given()?.as_str(),
        RecordValue::Values { values, .. } => match values.as_slice() {
            [only] => only.as_str(),
            _ => return None,
        },
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_lowercase();
    Some(AwsId::new(name.strip_prefix(DUALSTACK).unwrap_or(&name)))
}

/// The region of a load balancer, by its DNS name: `<name>.<region>.elb.amazonaws.com`, and for
/// Network Load Balancers the two labels in the middle change places.
fn region_of(name: &str) -> Option<&str> {
    let labels: Vec<&str> = name.split('.').collect();
    match labels.as_slice() {
        [_, region, "elb", "amazonaws", "com", ..] | [_, "elb", region, "amazonaws", "com", ..] => {
            Some(region)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_load_balancer_tells_its_region() {
        for (name, region) in [
            ("k8s-a-b-1.us-east-1.elb.amazonaws.com", Some("us-east-1")),
            ("k8s-a-b-1.elb.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("k8s-a-b-1.cn-north-1.elb.amazonaws.com.cn", Some("cn-north-1")),
            ("d111.cloudfront.net", None),
            ("elb.amazonaws.com", None),
        ] {
            assert_eq!(region_of(name), region, "{name}");
        }
    }
}
