//! Certificates that an Ingress does not name: those of its hosts.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use smol_str::SmolStr;

use crate::model::certificate::is_elliptic;
use crate::model::id::{AwsId, Id};
use crate::model::seen::Ingress;
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::source::Source;
use crate::model::surroundings::{IssuedCertificate, Issuer};

use super::annotations::table::LISTEN_PORTS;
use super::classes::{class_of, is_own_class};
use super::groups::Member;
use super::tls;

/// Who looks for certificates by host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seekers {
    /// Ingresses of LBC's classes, who take every certificate of a host.
    OfLbcClasses,
    /// Ingresses of our own classes among them, who leave alone what a cluster keeps.
    OfOwnClasses,
}

/// The Ingresses that may look for certificates by host, whosever they are.
pub fn seeking(objects: &Objects) -> impl Iterator<Item = Source> {
    let seeking = objects.ingresses.iter().filter(|(_, ingress)| may_seek(ingress));
    seeking.map(|(key, _)| Source::ingress(key.clone()))
}

/// Whether any Ingress may look for certificates by host.
#[must_use]
pub fn seekers(objects: &Objects) -> Option<Seekers> {
    let seeking = objects.ingresses.values().filter(|ingress| may_seek(ingress));
    let is_own = |ingress| is_of_own_class(objects, ingress);
    let kind = |is_own| if is_own { Seekers::OfOwnClasses } else { Seekers::OfLbcClasses };
    seeking.map(|ingress| kind(is_own(ingress))).max()
}

/// Whether an Ingress asks for HTTPS, as far as its text tells, and names no certificate.
fn may_seek(ingress: &Ingress) -> bool {
    let annotations = ingress.metadata.annotations.as_ref();
    let ports = annotations.and_then(|all| all.get(LISTEN_PORTS.key().as_str()));
    !tls::names_arns(ingress) && ports.is_some_and(|ports| ports.contains("HTTPS"))
}

fn is_of_own_class(objects: &Objects, ingress: &Ingress) -> bool {
    class_of(objects, ingress).is_some_and(is_own_class)
}

/// Why an Ingress has no certificates.
#[derive(Debug, PartialEq, Eq)]
pub struct NotFound {
    /// What was found in their place.
    pub found: String,
    /// What would be right.
    pub allowed: &'static str,
}

/// The certificates of an Ingress's hosts, the listener's default one first.
///
/// On LBC's classes these are LBC's: every certificate of every host, in the order of their ARNs.
/// On our own ones a host has the certificate that clients can use and that lasts longest, one for
/// each kind of key; what a cluster made of a Secret is for that Secret's Ingresses only.
///
/// While ACM cannot be read, what served before goes on serving.
///
/// # Errors
/// Which host has none.
pub fn certificates(snapshot: &Snapshot, member: &Member<'_>) -> Result<Vec<Id>, NotFound> {
    let hosts = hosts(member.ingress);
    if hosts.is_empty() {
        let found = "an HTTPS port, no certificate and no host to find one by".to_owned();
        return Err(NotFound { found, allowed: "ARNs of ACM certificates, or hosts" });
    }
    let Some(issued) = &snapshot.issued else {
        let before = tls::before(snapshot, &member.source());
        if before.is_empty() {
            let found = "an HTTPS port, and ACM cannot be asked for certificates now".to_owned();
            return Err(NotFound { found, allowed: "ARNs of ACM certificates; it is asked again" });
        }
        return Ok(before);
    };
    let authorities = &snapshot.settings.certificate_authorities;
    let is_own = is_of_own_class(&snapshot.objects, member.ingress);
    let mut chosen: Vec<&AwsId> = Vec::new();
    for host in hosts {
        let matching = issued.certificates.matching(host);
        let allowed = matching.filter(|one| is_allowed(one, authorities));
        let of_host: Vec<&AwsId> = if is_own {
            let free = allowed.filter(|one| !issued.kept.contains(&one.id));
            best(free, host, snapshot.now)
        } else {
            allowed.map(|one| &one.id).collect()
        };
        if of_host.is_empty() {
            return Err(NotFound {
                found: format!("an HTTPS port, and ACM has no certificate for \"{host}\""),
                allowed: "ARNs of ACM certificates, or an issued one in this region for each host",
            });
        }
        chosen.extend(of_host);
    }
    if !is_own {
        chosen.sort_unstable();
    }
    let mut seen = BTreeSet::new();
    chosen.retain(|id| seen.insert(*id));
    Ok(chosen.into_iter().cloned().map(Id::Is).collect())
}

/// The hosts of an Ingress's rules and of its `spec.tls`.
fn hosts(ingress: &Ingress) -> BTreeSet<&str> {
    let Some(spec) = &ingress.spec else { return BTreeSet::new() };
    let of_rules = spec.rules.iter().flatten().filter_map(|rule| rule.host.as_deref());
    let of_tls = spec.tls.iter().flatten().flat_map(|tls| tls.hosts.iter().flatten());
    of_rules.chain(of_tls.map(SmolStr::as_str)).filter(|host| !host.is_empty()).collect()
}

/// Whether a certificate may be used at all: where authorities are named, one of theirs (LBC).
fn is_allowed(one: &IssuedCertificate, authorities: &[AwsId]) -> bool {
    let is_named = |authority: &AwsId| authorities.contains(authority);
    authorities.is_empty()
        || matches!(&one.issuer, Issuer::Private(Some(authority)) if is_named(authority))
}

/// The best certificates for a host, one for each kind of key. One that any client trusts goes
/// before one of a private authority, a host by its name before a wildcard.
fn best<'a>(
    matching: impl Iterator<Item = &'a IssuedCertificate>,
    host: &str,
    now: Timestamp,
) -> Vec<&'a AwsId> {
    let holds = |one: &&IssuedCertificate| {
        one.not_before.is_none_or(|from| from <= now) && one.not_after.is_none_or(|end| now < end)
    };
    let rank = |one: &IssuedCertificate| {
        (matches!(one.issuer, Issuer::Private(_)), !one.names.contains(host))
    };
    let usable: Vec<&IssuedCertificate> = matching.filter(holds).collect();
    let first = usable.iter().map(|one| rank(one)).min();
    let of_kind = |wants_elliptic: bool| {
        let those = usable.iter().filter(move |one| is_elliptic(&one.key_type) == wants_elliptic);
        let those = those.filter(|one| Some(rank(one)) == first);
        those.max_by_key(|one| (one.not_after, Reverse(&one.id)))
    };
    [of_kind(false), of_kind(true)].into_iter().flatten().map(|one| &one.id).collect()
}
