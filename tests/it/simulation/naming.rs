//! What Ingresses say of their names, and what other hands have beside ours in the same zones.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::id::{AwsId, Id, ObjectKey};
use albedo::model::ownership::Ownership;
use albedo::model::record::{Record, RecordKey, RecordType, RecordValue};
use albedo::model::routing::Routing;
use albedo::model::source::Source;

use super::app::{App, HOSTS};
use super::dice::Dice;
use super::life::Life;
use super::served::{self, US};
use crate::support::fake::State;

/// What an Ingress says of its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Naming {
    /// The routing policy of the records that it asks for.
    policy: &'static str,
    /// Their set identifier; empty where it has none.
    pub set: &'static str,
    /// What else it says, by external-dns's annotations.
    rest: &'static str,
}

const SIMPLE: &str = "simple";
const WEIGHTED: &str = "weighted";

impl Naming {
    /// It says nothing.
    pub const PLAIN: Self = Self::new(SIMPLE, "", "");

    /// Those whose records lead to load balancers, and then those of others.
    const ALL: [Self; 14] = [
        Self::PLAIN,
        Self::PLAIN,
        Self::new(WEIGHTED, "a", "aws-weight: 1"),
        Self::new(WEIGHTED, "b", "aws-weight: 0"),
        Self::new(WEIGHTED, "c", "aws-weight: 9"),
        Self::new("latency", "a", "aws-region: eu-west-1"),
        Self::new("latency", "b", "aws-region: us-east-1"),
        Self::new("failover", "a", "aws-failover: PRIMARY"),
        Self::new("failover", "b", "aws-failover: SECONDARY"),
        Self::new("geolocation", "a", "aws-geolocation-country-code: '*'"),
        Self::new(SIMPLE, "", "target: '192.0.2.1,2001:db8::1'"),
        Self::new(SIMPLE, "", "target: lb.example.net"),
        Self::new(WEIGHTED, "b", "aws-weight: 2|target: 192.0.2.1"),
        Self::new("multivalue", "a", "aws-multi-value-answer: ''|target: 192.0.2.1"),
    ];
    /// How many of them lead to load balancers.
    const LEADING: usize = 10;

    const fn new(policy: &'static str, set: &'static str, rest: &'static str) -> Self {
        Self { policy, set, rest }
    }

    /// Whether Route 53 takes the records of both for one name.
    pub fn stands_beside(self, other: Self) -> bool {
        self.policy != SIMPLE && self.policy == other.policy && self.set != other.set
    }

    pub fn sketch(self) -> String {
        let set = (!self.set.is_empty()).then(|| format!("set-identifier: {}", self.set));
        let rest = self.rest.split('|').filter(|one| !one.is_empty()).map(str::to_owned);
        let all = set.into_iter().chain(rest);
        let all = all.map(|one| format!("external-dns.alpha.kubernetes.io/{one}, "));
        all.collect::<Vec<_>>().concat()
    }
}

/// What people may say of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Namings {
    /// All there is to say.
    #[default]
    All,
    /// What leads to load balancers: of what leads elsewhere nobody can tell which of the clusters
    /// keeps it that have one owner id.
    Leading,
}

impl Namings {
    pub fn any(self, dice: &mut Dice) -> Naming {
        let count = if self == Self::All { Naming::ALL.len() } else { Naming::LEADING };
        Naming::ALL[dice.below(count)]
    }
}

/// What other hands do.
pub const HANDS: [&str; 3] = ["foreign set", "another cluster's name", "foreign names gone"];
/// The set identifier of what another hand makes beside ours.
const THEIRS: &str = "theirs";
/// The load balancer of another cluster (`strangers`), by its DNS name.
const STRANGERS: &str = "theirs-1234567890.us-east-1.elb.amazonaws.com";

/// Does something to names that are not ours, if it can be done. Says what, and to which.
pub fn meddle(state: &mut State, dice: &mut Dice) -> Option<(&'static str, String)> {
    let kind = *dice.one_of(&HANDS);
    let host = *dice.one_of(&HOSTS[1..]);
    let before = foreign(state);
    let zone = state.zones.values_mut().find(|zone| zone.zone.holds(host))?;
    let records = &mut zone.records;
    let of_host: Vec<&Record> =
        records.values().filter(|record| record.key.name.ends_with(host)).collect();
    let made = match kind {
        "foreign set" => {
            let is_weighted = |record: &&Record| matches!(record.routing, Routing::Weighted(_));
            let is_there = |record: &&Record| record.key.set_identifier.as_deref() == Some(THEIRS);
            if !of_host.iter().all(is_weighted) || of_host.iter().any(is_there) {
                return None;
            }
            let value = RecordValue::Values { ttl: 300, values: vec!["192.0.2.9".to_owned()] };
            beside(host, value, "somebody").map(|mut record| {
                record.key.set_identifier = Some(THEIRS.to_owned());
                record.routing = Routing::Weighted(5);
                record
            })
        }
        "another cluster's name" if of_host.is_empty() => {
            let value = RecordValue::Alias {
                target: Id::Is(AwsId::new(STRANGERS)),
                hosted_zone: Some(AwsId::new("ZELB")),
                evaluate_target_health: true,
            };
            beside(host, value, US.owner)
        }
        "foreign names gone" if !before.is_empty() => {
            let host = before.iter().map(|(_, record)| record.key.name.clone()).collect();
            for (id, record) in before {
                state.zones.get_mut(&id)?.records.remove(&record.key);
            }
            return Some((kind, host));
        }
        _ => return None,
    };
    for record in made {
        records.insert(record.key.clone(), record);
    }
    Some((kind, host.to_owned()))
}

/// A record of a host, and the TXT record that says whose it is.
fn beside(host: &str, value: RecordValue, owner: &str) -> [Record; 2] {
    let whose = Ownership::of(owner, &Source::ingress(ObjectKey::new("out", "theirs"))).to_string();
    let txt = RecordValue::Values { ttl: 300, values: vec![whose] };
    [
        Record::simple(host, RecordType::A, value),
        Record::simple(&format!("a-{host}"), RecordType::Txt, txt),
    ]
}

/// What other hands have made, each record with its zone.
pub fn foreign(state: &State) -> Vec<(AwsId, Record)> {
    let mut all = Vec::new();
    for (id, zone) in &state.zones {
        let theirs = |record: &&Record| {
            let is_set = record.key.set_identifier.as_deref() == Some(THEIRS);
            is_set || is_strangers_name(&zone.records, &record.key)
        };
        all.extend(zone.records.values().filter(theirs).map(|record| (id.clone(), record.clone())));
    }
    all
}

/// Whether a record is a name of the strangers', or says so.
fn is_strangers_name(records: &BTreeMap<RecordKey, Record>, key: &RecordKey) -> bool {
    let leads =
        |record: &Record| record.alias_target().is_some_and(|target| target.as_str() == STRANGERS);
    let name = match key.record_type {
        RecordType::Txt => key.name.strip_prefix("a-").unwrap_or(&key.name),
        _ => &key.name,
    };
    let of = RecordKey { name: name.to_owned(), record_type: RecordType::A, set_identifier: None };
    records.get(&of).is_some_and(leads)
}

/// The same hands have been in another account alike.
pub fn settle_in(state: &mut State, there: &State) {
    for (id, record) in foreign(there) {
        if let Some(zone) = state.zones.get_mut(&id) {
            zone.records.insert(record.key.clone(), record);
        }
    }
}

/// Takes away what leads to nothing of this cluster and was made for Ingresses that are gone: who
/// starts anew cannot tell whether it is another cluster's with our owner id. Says what names.
pub fn forget_stranded(state: &mut State, life: &Life) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (id, record, whose) in served::elsewhere(state) {
        if !life.apps.contains_key(&whose) {
            let zone = state.zones.get_mut(&id).unwrap();
            served::forget(zone, &record);
            names.insert(record.name);
        }
    }
    // Whose record another hand took away goes with the last of its name.
    for (id, key) in served::idle_texts(state) {
        state.zones.get_mut(&id).unwrap().records.remove(&key);
    }
    names
}

/// What those say of their names who ask for each host.
fn said(life: &Life) -> BTreeMap<String, Vec<Naming>> {
    let mut namings: BTreeMap<String, Vec<Naming>> = BTreeMap::new();
    for app in life.apps.values().filter(|app| app.class != "other") {
        for host in app.hosts() {
            namings.entry(host).or_default().push(app.naming);
        }
    }
    namings
}

/// The hosts whose names depend on the way that led to them: those that several want who cannot
/// have them beside each other, or somebody who cannot have them beside another hand's; and those
/// of Ingresses that are no longer ours, whose names stay as they are.
pub fn contested(life: &Life, state: &State) -> BTreeSet<String> {
    let foreign = foreign(state);
    let taken: BTreeSet<&str> =
        foreign.iter().map(|(_, record)| record.key.name.as_str()).collect();
    let is_contested = |(host, namings): &(String, Vec<Naming>)| {
        let is_apart = |place: usize| {
            let others = &namings[place + 1..];
            others.iter().all(|other| namings[place].stands_beside(*other))
        };
        let is_weighted = namings.iter().all(|naming| naming.policy == WEIGHTED);
        !(0..namings.len()).all(is_apart) || taken.contains(host.as_str()) && !is_weighted
    };
    let contested = said(life).into_iter().filter(is_contested).map(|(host, _)| host);
    let given_away = life.apps.values().filter(|app| app.class == "other");
    contested.chain(given_away.flat_map(App::hosts)).collect()
}
