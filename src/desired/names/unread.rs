//! Hosted zones that cannot be read: who waits for them, and what they are told.

use smol_str::SmolStr;

use crate::desired::zone::{Choice, choose};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::record::HostedZone;
use crate::model::seen::Ingress;
use crate::model::settings::DnsSettings;
use crate::model::snapshot::Snapshot;
use crate::model::source::{Source, SourceKind};

/// A zone that a host of a member lies in and that nobody may look at.
pub fn zone_of<'s>(snapshot: &'s Snapshot, member: &Source) -> Option<&'s HostedZone> {
    let refused = snapshot.facts.refused();
    let zones = snapshot.zones.as_ref().filter(|_| !refused.is_empty())?;
    let ingress = match member.kind {
        SourceKind::Ingress => snapshot.objects.ingresses.get(&member.key)?,
    };
    let settings = &snapshot.settings.dns;
    hosts(settings, ingress).iter().find_map(|host| {
        let Choice::In(ids) = choose(settings, zones, host, None) else { return None };
        zones.get(ids.intersection(refused).next()?)
    })
}

/// Every host that an Ingress may ever have asked for.
fn hosts(settings: &DnsSettings, ingress: &Ingress) -> Vec<String> {
    let spec = ingress.spec.as_ref();
    let rules = spec.into_iter().flat_map(|spec| spec.rules.iter().flatten());
    let tls = spec.into_iter().flat_map(|spec| spec.tls.iter().flatten());
    let of_spec = rules.filter_map(|rule| rule.host.as_ref());
    let of_spec = of_spec.chain(tls.flat_map(|tls| tls.hosts.iter().flatten()));
    let annotations = ingress.metadata.annotations.iter().flatten();
    let lists = annotations.filter(|(key, _)| {
        settings
            .annotation_prefixes
            .iter()
            .any(|prefix| key.strip_prefix(prefix.as_str()) == Some("hostname"))
    });
    let of_lists = lists.flat_map(|(_, list)| list.split(',').map(str::trim));
    let templated = settings.template.as_ref().and_then(|one| one.names(ingress).ok());
    let templated = templated.unwrap_or_default();
    let all = of_spec.map(SmolStr::as_str).chain(of_lists);
    let all = all.chain(templated.iter().map(String::as_str));
    all.map(|host| host.strip_suffix('.').unwrap_or(host).to_lowercase()).collect()
}

/// What a member is told whose hosts lie in zones that cannot be read.
pub fn problem(snapshot: &Snapshot, source: &Source, meanwhile: &str) -> Option<Problem> {
    let (found, allowed) = if snapshot.zones_refused {
        (
            "hosts that should become names, and hosted zones that cannot be read".to_owned(),
            "iam/policy.json, which lets the controller read them, or --dns=false",
        )
    } else {
        let HostedZone { id, name, .. } = zone_of(snapshot, source)?;
        (
            format!("a host in the hosted zone {id} of {name}, which cannot be read"),
            "iam/policy.json, which lets the controller read it, or a --zone-id-filter without it",
        )
    };
    Some(Problem {
        code: Code::NoHostedZone,
        severity: Severity::Warning,
        object: ObjectRef::of(source),
        field: "hosts".to_owned(),
        found,
        allowed: allowed.to_owned(),
        meanwhile: meanwhile.to_owned(),
    })
}
