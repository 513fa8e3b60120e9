//! One name of a zone: what stands there, and whose it is.

use crate::model::id::AwsId;
use crate::model::ownership::{OWNER_DEFAULT, Ownership};
use crate::model::record::{Record, RecordChange, RecordKey, RecordType, RecordValue, WishedValue};
use crate::model::routing::RoutingKind;
use crate::model::source::Source;

use super::TYPES;
use super::obstacle::Obstacle;
use super::whose::{View, Whose};

/// Whose a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Ours.
    Ours,
    /// Another cluster's, whose names change hands.
    Taken,
    /// Another cluster's: its load balancer is what it leads to. The cluster, where a tag names it.
    Led(Option<String>),
    /// Somebody's who says so.
    Other(String),
    /// Nobody says.
    Nobody,
}

/// A name of a zone, with what stands there and has one set identifier, or none.
pub(super) struct Host<'a> {
    pub(super) name: &'a str,
    pub(super) set_identifier: Option<&'a str>,
    pub(super) view: &'a View<'a>,
}

impl View<'_> {
    /// Whether a record of the zone may be brought into line, or go.
    pub(in crate::plan) fn may_change(&self, record: &Record) -> bool {
        let RecordKey { name, set_identifier, .. } = &record.key;
        Host::new(self, name, set_identifier.as_deref()).may_change(record)
    }
}

impl<'a> Host<'a> {
    pub(super) fn new(view: &'a View<'a>, name: &'a str, set_identifier: Option<&'a str>) -> Self {
        Self { name, set_identifier, view }
    }

    /// The domain of the zone.
    pub(super) fn zone(&self) -> &'a str {
        self.view.zone
    }

    /// The id of the zone.
    pub(super) fn zone_id(&self) -> &'a AwsId {
        self.view.zone_id
    }

    /// Whether a name of the zone has an address of a type.
    pub(super) fn has(&self, name: &str, record_type: RecordType) -> bool {
        self.view.of_type(name, record_type).next().is_some()
    }

    /// For how long answers with records of a type may be kept that stand: those of one name say
    /// the same (Route 53).
    pub(super) fn ttl(&self, record_type: RecordType) -> Option<i64> {
        let beside = self.view.of_type(self.name, record_type);
        let mut all = self.standing(record_type).into_iter().chain(beside);
        all.find_map(|record| match record.value {
            RecordValue::Values { ttl, .. } => Some(ttl),
            RecordValue::Alias { .. } => None,
        })
    }

    /// The kind of the routing policy of what stands and is ours.
    pub(super) fn kind(&self) -> Option<RoutingKind> {
        let standing = TYPES.into_iter().filter_map(|record_type| self.standing(record_type));
        let mut ours = standing.filter(|record| self.may_change(record));
        ours.next().map(|record| record.routing.kind())
    }

    /// The name of the TXT record that says whose the record of a type is.
    pub(super) fn txt_name(&self, record_type: RecordType) -> String {
        self.view.settings.dns.txt_names.name(self.view.zone, self.name, record_type)
    }

    pub(super) fn txt_names(&self, record_type: RecordType) -> impl Iterator<Item = String> {
        self.view.settings.dns.txt_names.all(self.view.zone, self.name, record_type)
    }

    /// The record of a type that stands.
    pub(super) fn standing(&self, record_type: RecordType) -> Option<&'a Record> {
        self.simple(self.name, record_type)
    }

    /// The TXT record of a name.
    pub(super) fn txt(&self, name: &str) -> Option<&'a Record> {
        self.simple(name, RecordType::Txt)
    }

    fn simple(&self, name: &str, record_type: RecordType) -> Option<&'a Record> {
        let name = name.to_owned();
        let set_identifier = self.set_identifier.map(str::to_owned);
        self.view.records.get(&RecordKey { name, record_type, set_identifier })
    }

    /// Whose a record is: by the first TXT record that says so, and by the load balancer that it
    /// leads to, since several clusters may have one owner id.
    pub(super) fn claim(&self, record: &Record) -> Claim {
        let Some(found) = self.ownership(record) else { return Claim::Nobody };
        let dns = &self.view.settings.dns;
        let whose = self.view.whose(record);
        let is_named = |name: &str| dns.taken_from.iter().any(|taken| taken == name);
        if found.owner == dns.owner && self.is_led_by_wish(&found) {
            return Claim::Ours;
        }
        let is_taken = match whose {
            Whose::Cluster(cluster) => is_named(cluster),
            Whose::Elsewhere => is_named(&found.owner),
            Whose::Ours | Whose::Nobody => false,
        };
        let is_default = || dns.keeps_default && found.owner == OWNER_DEFAULT;
        let is_taken = is_taken
            || (dns.owner_before.as_ref() == Some(&found.owner)
                && matches!(whose, Whose::Ours | Whose::Nobody));
        if is_taken {
            return Claim::Taken;
        }
        match whose {
            _ if found.owner.is_empty() => Claim::Other(found.owner),
            Whose::Ours if is_default() => Claim::Ours,
            Whose::Cluster(cluster) if found.owner == dns.owner || is_default() => {
                Claim::Led(Some(cluster.to_owned()))
            }
            Whose::Elsewhere if found.owner == dns.owner => Claim::Led(None),
            _ if found.owner == dns.owner => Claim::Ours,
            _ => Claim::Other(found.owner),
        }
    }

    /// Whether the Ingress that a record is for leads the name wherever it says.
    fn is_led_by_wish(&self, found: &Ownership) -> bool {
        let asking = self.view.asked.get(self.name).into_iter().flatten();
        let mut given = asking.filter(|wish| matches!(wish.value, WishedValue::Given { .. }));
        let source = found.source();
        given.any(|wish| {
            wish.set_identifier.as_deref() == self.set_identifier
                && source.as_ref().is_some_and(|source| wish.is_of(source))
        })
    }

    /// Whether a record may be brought into line.
    pub(super) fn may_change(&self, record: &Record) -> bool {
        matches!(self.claim(record), Claim::Ours | Claim::Taken)
    }

    fn ownership(&self, record: &Record) -> Option<Ownership> {
        let mut names = self.txt_names(record.key.record_type);
        names.find_map(|name| self.read(self.txt(&name)?))
    }

    /// The Ingress that a record is for.
    pub(super) fn source_of(&self, record: &Record) -> Option<Source> {
        self.ownership(record)?.source()
    }

    /// Whether a record is said to be of our own owner id.
    pub(super) fn is_of_owner(&self, record: &Record) -> bool {
        self.ownership(record).is_some_and(|found| found.owner == self.view.settings.dns.owner)
    }

    /// Whether the TXT record beside a record says that it is for somebody else. One that names no
    /// object says nothing.
    pub(super) fn is_for_another(&self, record: &Record, whom: &Source) -> bool {
        self.ownership(record).is_some_and(|found| {
            !found.resource.is_empty() && found.resource != Ownership::of("", whom).resource
        })
    }

    /// Whether a record was made because its load balancer has IPv6 addresses.
    pub(super) fn is_dualstack(&self, record: &Record) -> bool {
        self.ownership(record).is_some_and(|found| found.is_dualstack)
    }

    /// The Ingress that has the name, if it is ours.
    pub(super) fn holder(&self) -> Option<Source> {
        let standing = TYPES.into_iter().filter_map(|record_type| self.standing(record_type));
        let mut ours = standing.filter(|record| self.claim(record) == Claim::Ours);
        self.source_of(ours.next()?)
    }

    /// What there is to be said of a record that is in the way and not ours.
    pub(super) fn beside(&self, record: &Record) -> Obstacle {
        let RecordKey { name, record_type, set_identifier } = &record.key;
        let found = match (self.claim(record), set_identifier) {
            _ if *record_type == RecordType::Txt => format!("a TXT record {name} stands"),
            (Claim::Led(cluster), None) => return self.led(record, cluster),
            (_, Some(id)) => {
                format!("a {record_type} record with the set identifier \"{id}\" stands")
            }
            (Claim::Other(owner), None) => {
                format!("the {record_type} record is the owner \"{owner}\"'s")
            }
            (Claim::Ours | Claim::Taken | Claim::Nobody, None) => {
                format!("the {record_type} record has no TXT record of an owner")
            }
        };
        Obstacle { found, allowed: None }
    }

    /// A record that says that it is ours, and leads to another cluster's load balancer.
    fn led(&self, record: &Record, cluster: Option<String>) -> Obstacle {
        let record_type = record.key.record_type;
        let owner = self.ownership(record).map(|found| found.owner).unwrap_or_default();
        let (whose, named) = match cluster {
            Some(cluster) => (format!("a load balancer of the cluster \"{cluster}\""), cluster),
            None => ("a load balancer outside of this VPC".to_owned(), owner),
        };
        Obstacle {
            found: format!("the {record_type} record leads to {whose}"),
            allowed: Some(format!(
                "a name that nobody else has, or to start with --take-names-from={named}"
            )),
        }
    }

    /// Whether an owner is ours, or one whose records at this name change hands or are ours, too.
    pub(super) fn is_owner(&self, owner: &str) -> bool {
        let standing = || TYPES.into_iter().filter_map(|record_type| self.standing(record_type));
        owner == self.view.settings.dns.owner
            || standing().any(|record| {
                self.may_change(record)
                    && self.ownership(record).is_some_and(|found| found.owner == owner)
            })
    }

    /// Who the records of a name are said to be of: external-dns's default owner goes on having
    /// what it has.
    pub(super) fn owner(&self) -> String {
        let standing = TYPES.into_iter().filter_map(|record_type| self.standing(record_type));
        let mut ours = standing.filter(|record| self.claim(record) == Claim::Ours);
        let owner = ours.find_map(|record| Some(self.ownership(record)?.owner));
        owner.unwrap_or_else(|| self.view.settings.dns.owner.clone())
    }

    /// The removal of a record of ours and of all TXT records that say so, exactly as they stand.
    pub(super) fn removal(&self, record: &Record) -> Vec<RecordChange> {
        let names = self.txt_names(record.key.record_type);
        let beside = names.filter_map(|name| self.txt(&name));
        let beside = beside.filter(|txt| is_alone(txt) && self.is_ours(txt));
        std::iter::once(record).chain(beside).map(super::deletion).collect()
    }

    pub(super) fn is_ours(&self, txt: &Record) -> bool {
        self.read(txt).is_some_and(|found| self.is_owner(&found.owner))
    }

    /// What a TXT record says of whose a record is.
    pub(super) fn read(&self, txt: &Record) -> Option<Ownership> {
        self.view.ownership(txt)
    }

    /// The TXT record of ours that says whose the record of a type is, where neither that record
    /// stands nor any other that it may speak of.
    pub(super) fn left_over(&self, record_type: RecordType) -> Option<&'a Record> {
        let name = self.txt_name(record_type);
        let txt = self.txt(&name).filter(|txt| is_alone(txt) && self.is_ours(txt))?;
        let speaks_of = |other: &RecordType| {
            self.standing(*other).is_some() && self.txt_names(*other).any(|text| text == name)
        };
        // Before 0.12 external-dns gave the TXT record the name of the record itself.
        let is_name = TYPES.iter().any(|other| self.simple(&name, *other).is_some());
        // Whatever else stands at the name and nobody says whose, it may speak of; one that has a
        // set identifier speaks of what has the same.
        let may_be_its = |record: &Record| {
            self.set_identifier.is_none()
                || record.key.set_identifier.as_deref() == self.set_identifier
        };
        let mut all = TYPES.into_iter().flat_map(|other| self.view.of_type(self.name, other));
        let is_beside_strangers =
            all.any(|record| may_be_its(record) && !self.view.may_change(record));
        let is_needed = is_name || is_beside_strangers || TYPES.iter().any(speaks_of);
        (!is_needed).then_some(txt)
    }
}

/// Whether a TXT record says nothing else: at a host's own name there may be other people's values.
pub(super) fn is_alone(txt: &Record) -> bool {
    matches!(&txt.value, RecordValue::Values { values, .. } if values.len() == 1)
}
