//! Whose load balancer a record leads to.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::rc::Rc;

use crate::model::id::AwsId;
use crate::model::inventory::{Address, Records, ZoneInventory};
use crate::model::ownership::Ownership;
use crate::model::record::{HostedZone, Record, RecordKey, RecordType, RecordValue, RecordWish};
use crate::model::settings::Settings;

use super::TYPES;

/// What Route 53's console puts in front of the name of a load balancer. It leads to the same.
const DUALSTACK: &str = "dualstack.";

/// Those who ask for names, by name.
type Asked = BTreeMap<String, Vec<RecordWish>>;

/// What there is to see of a zone, and by which settings.
pub(in crate::plan) struct View<'a> {
    pub(in crate::plan) settings: &'a Settings,
    /// The domain of the zone.
    pub(super) zone: &'a str,
    pub(super) zone_id: &'a AwsId,
    /// Those who ask for names, by name.
    pub(super) asked: &'a Asked,
    pub(in crate::plan) records: &'a Records,
    pub(super) load_balancers: &'a BTreeMap<AwsId, Address>,
    by_name: Rc<BTreeMap<&'a AwsId, &'a Address>>,
    elsewhere: &'a BTreeSet<AwsId>,
    vanished: &'a BTreeSet<AwsId>,
    /// What encrypted values of TXT records say that were looked at: each is read once.
    read: Rc<RefCell<HashMap<String, Option<Ownership>>>>,
}

/// Whose load balancer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose<'a> {
    /// This cluster's, also where it has only just vanished.
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
        zone: &'a HostedZone,
        asked: &'a Asked,
        inventory: &'a ZoneInventory,
    ) -> Option<Self> {
        let records = inventory.records.value()?;
        let load_balancers = &inventory.load_balancers;
        let by_name = load_balancers.values().map(|address| (&address.dns_name, address)).collect();
        let by_name = Rc::new(by_name);
        let HostedZone { id: zone_id, name: zone, .. } = zone;
        let ZoneInventory { elsewhere, vanished, .. } = inventory;
        let read = Rc::default();
        Some(Self {
            settings,
            zone,
            zone_id,
            asked,
            records,
            load_balancers,
            by_name,
            elsewhere,
            vanished,
            read,
        })
    }

    /// The same, where these records stand.
    pub(in crate::plan) fn with<'b>(&self, records: &'b Records) -> View<'b>
    where
        'a: 'b,
    {
        let (by_name, read) = (Rc::clone(&self.by_name), Rc::clone(&self.read));
        let this: &View<'b> = self;
        View { records, by_name, read, ..*this }
    }

    /// What a TXT record says of whose a record is; its first value counts (external-dns).
    pub(in crate::plan) fn ownership(&self, txt: &Record) -> Option<Ownership> {
        let RecordValue::Values { values, .. } = &txt.value else { return None };
        let (value, dns) = (values.first()?, &self.settings.dns);
        if dns.txt_cipher.is_none() {
            return dns.ownership(value);
        }
        if let Some(known) = self.read.borrow().get(value) {
            return known.clone();
        }
        let found = dns.ownership(value);
        self.read.borrow_mut().insert(value.clone(), found.clone());
        found
    }

    /// The records of a name and type.
    pub(super) fn of_type(
        &self,
        name: &str,
        record_type: RecordType,
    ) -> impl Iterator<Item = &'a Record> + use<'a> {
        let key = RecordKey { name: name.to_owned(), record_type, set_identifier: None };
        let from = self.records.range((Bound::Included(&key), Bound::Unbounded));
        from.map(|(_, record)| record).take_while(move |record| {
            record.key.name == key.name && record.key.record_type == record_type
        })
    }

    /// The records of a name, and the TXT records that may speak of them.
    pub(in crate::plan) fn family(&self, name: &str) -> Records {
        let own = TYPES.into_iter().chain([RecordType::Txt]);
        let own = own.flat_map(|record_type| self.of_type(name, record_type));
        let names: BTreeSet<String> = self.txt_names(name).collect();
        let texts = names.iter().flat_map(|name| self.of_type(name, RecordType::Txt));
        own.chain(texts).map(|record| (record.key.clone(), record.clone())).collect()
    }

    fn txt_names(&self, name: &str) -> impl Iterator<Item = String> {
        self.settings.dns.txt_names.about(self.zone, name)
    }

    /// The set identifiers of the records of a name, and of the TXT records that say whose they
    /// are.
    pub(super) fn rows(&self, name: &str) -> BTreeSet<Option<&'a str>> {
        let own = TYPES.into_iter().flat_map(|record_type| self.of_type(name, record_type));
        let names: BTreeSet<String> = self.txt_names(name).filter(|txt| txt != name).collect();
        let texts = names.iter().flat_map(|name| self.of_type(name, RecordType::Txt));
        own.chain(texts).map(|record| record.key.set_identifier.as_deref()).collect()
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
        if self.vanished.contains(&target) {
            return Whose::Ours;
        }
        let region = &self.settings.place.region;
        let is_far = region_of(target.as_str()).is_some_and(|found| found != region);
        if is_far || self.elsewhere.contains(&target) {
            return Whose::Elsewhere;
        }
        Whose::Nobody
    }

    /// Whether a record leads to a load balancer of the cluster that has only just vanished.
    pub(super) fn is_vanished(&self, record: &Record) -> bool {
        target(record).is_some_and(|name| self.vanished.contains(&name))
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
    Some(spelled(name))
}

/// A name in the spelling of load balancers' names.
pub(super) fn spelled(name: &str) -> AwsId {
    let name = name.strip_suffix('.').unwrap_or(name).to_lowercase();
    AwsId::new(name.strip_prefix(DUALSTACK).unwrap_or(&name))
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
