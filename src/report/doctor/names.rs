//! Names: hosted zones, and who else keeps records.

use std::collections::BTreeSet;

use super::network::{listed, settings};
use super::{Check, doubt, fault, some};
use crate::desired::zone::{Choice, choose, in_use, is_on};
use crate::model::evidence::{Evidence, ExternalDns};
use crate::model::record::HostedZones;

pub(super) const CHECKS: &[Check] = &[
    fault(
        "NoHostedZone",
        |evidence| {
            let (zones, settings) = (kept(evidence)?, settings(evidence)?);
            let none = in_use(&settings.dns, zones).next().is_none();
            none.then(|| format!("names are kept, in none of the account's {} zones", zones.len()))
        },
        "make a hosted zone, or let --domain-filter and --zone-id-filter leave one; --dns=false keeps \
         no names",
    ),
    doubt(
        "HostsOutsideZones",
        |evidence| {
            some(chosen(evidence, |choice| matches!(choice, Choice::None))?)
                .map(|hosts| format!("no hosted zone that names are kept in holds {hosts}"))
        },
        "make a hosted zone for them, or leave their names to whoever keeps them",
    ),
    fault(
        "SeveralZones",
        |evidence| {
            some(chosen(evidence, |choice| matches!(choice, Choice::Ambiguous(_)))?).map(|hosts| {
                format!("several public hosted zones have the name that holds {hosts}")
            })
        },
        "choose one with --zone-id-filter, or on each Ingress by annotation",
    ),
    fault(
        "ExternalDnsSameOwner",
        |evidence| {
            let owner = &settings(evidence)?.dns.owner;
            beside(evidence, |other| other.owner() == owner)
                .map(|names| format!("{names} has the owner id {owner} as well"))
        },
        "scale it to 0, or give another --txt-owner-id: with one id each takes the records for its \
         own",
    ),
    doubt(
        "ExternalDnsBeside",
        |evidence| {
            let owner = &settings(evidence)?.dns.owner;
            beside(evidence, |other| other.owner() != owner && other.serves_ingresses())
                .map(|names| format!("{names} keeps names of Ingresses as well"))
        },
        "let each keep other names (--domain-filter, --ingress-class), or take them over: albedo adopt",
    ),
];

/// The hosted zones, where names are kept.
fn kept(evidence: &Evidence) -> Option<&HostedZones> {
    let objects = &listed(evidence)?.objects;
    let is_on = is_on(settings(evidence)?, objects);
    evidence.aws.zones.as_deref().filter(|_| is_on)
}

/// The hosts of Ingresses of which a choice of zones is of a kind; none where no zone is used at
/// all, which is a fault of its own.
fn chosen(evidence: &Evidence, is_meant: impl Fn(&Choice) -> bool) -> Option<BTreeSet<&str>> {
    let (zones, settings) = (kept(evidence)?, settings(evidence)?);
    in_use(&settings.dns, zones).next()?;
    let ingresses = listed(evidence)?.objects.ingresses.values();
    let rules = ingresses
        .flat_map(|ingress| ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten()));
    let hosts = rules.filter_map(|rule| rule.host.as_deref()).filter(|host| !host.is_empty());
    let chosen = hosts.filter(|host| is_meant(&choose(&settings.dns, zones, host, None)));
    Some(chosen.collect())
}

/// The Deployments of external-dns that run, where names are kept.
fn beside(evidence: &Evidence, is_meant: impl Fn(&ExternalDns) -> bool) -> Option<String> {
    let seen = listed(evidence)?;
    if !is_on(settings(evidence)?, &seen.objects) {
        return None;
    }
    let running = seen.external_dns.iter().filter(|other| other.replicas > 0);
    some(running.filter(|other| is_meant(other)).map(|other| &other.key))
        .map(|names| format!("Deployment {names}"))
}
