//! Where a host's name leads, by the account's hosted zones.

use std::collections::BTreeSet;

use crate::model::inventory::of_name;
use crate::model::known::Known;
use crate::model::record::{HostedZone, Record, RecordType, RecordValue, name_from_route53};

use super::{Account, Station, Url, Verdict};

/// What the console puts before the names of load balancers in aliases.
const DUALSTACK: &str = "dualstack.";

/// What resolvers are told of a host.
enum Told<'a> {
    /// Nobody may look.
    Unread,
    /// It lies in no hosted zone of the account.
    Elsewhere,
    /// There is no record for it in this zone.
    Nothing(&'a HostedZone),
    /// There are these.
    Records(&'a HostedZone, Vec<&'a Record>),
}

/// The names that a host's records lead to, and the host itself.
pub(super) fn leads_to(account: &Account<'_>, url: &Url) -> BTreeSet<String> {
    let mut names = BTreeSet::from([url.host.clone()]);
    if let Told::Records(_, records) = told(account, &url.host) {
        names.extend(records.into_iter().flat_map(targets));
    }
    names
}

/// What is to be said of a host's name.
pub(super) fn station(account: &Account<'_>, url: &Url) -> Station {
    let host = &url.host;
    let station = |verdict, found: String| Station::new("record", verdict, found);
    let is_ours = |name: &String| {
        account.load_balancers.iter().any(|live| live.dns_name.eq_ignore_ascii_case(name))
            || account.frontend_nlbs.iter().any(|nlb| nlb.dns_name.eq_ignore_ascii_case(name))
    };
    if is_ours(host) {
        return station(Verdict::Good, format!("{host} is the load balancer's own name"));
    }
    match told(account, host) {
        Told::Unread => station(
            Verdict::Note,
            "hosted zones have not been read, so nobody knows where the name leads".to_owned(),
        )
        .with_mend(
            "if it stays so, allow route53:ListHostedZones and route53:ListResourceRecordSets",
        ),
        Told::Elsewhere => {
            station(Verdict::Note, format!("{host} lies in no hosted zone of this account"))
                .with_mend("look where its name leads: `dig` says so")
        }
        Told::Nothing(zone) => station(
            Verdict::Bad,
            format!("{host} has no record in zone {} ({})", zone.name, zone.id),
        )
        .with_mend("write one, or let it be kept: annotation dns of the IngressClass, or --dns"),
        Told::Records(zone, records) => {
            let names: Vec<String> = records.iter().flat_map(|record| targets(record)).collect();
            let types = records.iter().map(|record| record.key.record_type.as_str());
            let types: Vec<&str> = types.collect::<BTreeSet<_>>().into_iter().collect();
            let (types, all) = (types.join(" and "), names.iter().collect::<BTreeSet<_>>());
            let all: Vec<&str> = all.into_iter().map(String::as_str).collect();
            let found = format!("{host} is {types} for {} in zone {}", all.join(", "), zone.name);
            if names.iter().any(is_ours) {
                station(Verdict::Good, found)
            } else {
                let found = format!("{found}, which is no load balancer of this cluster");
                station(Verdict::Bad, found)
                    .with_mend("find out whose record it is: its TXT record beside it may say")
            }
        }
    }
}

/// The zone with the longest name that holds a host, and in it the records of its name or of the
/// nearest wildcard (Route 53).
fn told<'a>(account: &Account<'a>, host: &str) -> Told<'a> {
    let Some(zones) = account.zones else { return Told::Unread };
    let holding = zones.values().filter(|zone| zone.holds(host));
    let mut holding: Vec<&HostedZone> = holding.collect();
    holding.sort_by_key(|zone| (std::cmp::Reverse(zone.name.len()), zone.is_private));
    let Some(zone) = holding.first() else { return Told::Elsewhere };
    let records = match account.records.get(&zone.id) {
        Some(Known::Is(records, _)) => records,
        Some(Known::Absent(_)) => return Told::Nothing(zone),
        Some(Known::Unread) | None => return Told::Unread,
    };
    let named = |name: &str| -> Vec<&'a Record> {
        let is_address = |record: &&Record| {
            matches!(record.key.record_type, RecordType::A | RecordType::Aaaa | RecordType::Cname)
        };
        of_name(records, name).filter(is_address).collect()
    };
    let mut names = vec![host.to_owned()];
    let mut rest = host;
    while let Some((_, parent)) = rest.split_once('.').filter(|_| rest != zone.name) {
        names.push(format!("*.{parent}"));
        rest = parent;
    }
    let found = names.iter().map(|name| named(name)).find(|records| !records.is_empty());
    found.map_or(Told::Nothing(zone), |records| Told::Records(zone, records))
}

/// The names and addresses that a record leads to.
pub(in crate::report) fn targets(record: &Record) -> Vec<String> {
    let targets = match &record.value {
        RecordValue::Alias { target, .. } => {
            target.given().map(|name| name.as_str().to_owned()).into_iter().collect()
        }
        RecordValue::Values { values, .. } => values.clone(),
    };
    let plain = |name: &String| {
        let name = name_from_route53(name);
        name.strip_prefix(DUALSTACK).map(str::to_owned).unwrap_or(name)
    };
    targets.iter().map(plain).collect()
}
