//! The certificates that Ingresses have ACM asked for, and which of them their listeners may use.

use std::collections::BTreeSet;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::id::{AwsId, CertificateKey, Handle, Id, ObjectKey};
use crate::model::listener::Protocol;
use crate::model::marks::Tags;
use crate::model::problem::{Code, Kind, Problem, Severity};
use crate::model::record::HostedZones;
use crate::model::request::{CertificateRequest, NAMES_MAX, RequestKey};
use crate::model::seen::{Ingress, IngressClass};
use crate::model::settings::Settings;
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::source::Source;
use crate::model::stack::{RequestStack, Use};

use super::annotations::table::{
    ACM_PCA_ARN, Annotation, CREATE_ACM_CERT, LISTEN_PORTS, REQUEST_CERTIFICATES,
};
use super::annotations::{Annotations, Lookup};
use super::classes::{
    Claim, annotations_of, claim, class_of, is_doubtful, is_only_planned, is_own_class, may_have,
};
use super::policy::Rights;
use super::{tags, tls, zone};

/// Whether anybody may have ACM asked for certificates.
#[must_use]
pub fn is_on(settings: &Settings, objects: &Objects) -> bool {
    settings.gates.certificate_management
        || objects.classes.values().any(|class| asks_for_all(class))
        || objects.ingresses.values().any(|ingress| value(ingress, &CREATE_ACM_CERT) == Some(true))
}

/// Whether somebody may have had ACM asked who is gone: an Ingress of a class of ours.
#[must_use]
pub fn may_have_been_on(objects: &Objects) -> bool {
    objects.classes.values().any(|class| is_own_class(class))
}

/// The requests of an Ingress: what it asks for by itself, or what that is packed into with what
/// others of its group ask for.
#[must_use]
pub fn asked(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> BTreeSet<Arc<RequestKey>> {
    let own = own(settings, objects, key, ingress);
    match objects.packed.get(key) {
        Some(packed) if !own.is_empty() => packed.clone(),
        Some(_) | None => own,
    }
}

/// The requests of an Ingress by itself: none where it names certificates, or its class does.
///
/// An Ingress asks with `create-acm-cert` for all of its hosts (LBC); a class asks for those of
/// `spec.tls` that name no Secret. What a TLS Secret is imported for is not asked for as well.
#[must_use]
pub(super) fn own(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> BTreeSet<Arc<RequestKey>> {
    let class = class_of(objects, ingress);
    let is_own = class.is_some_and(is_own_class);
    let asks = may_ask(settings, is_own) && value(ingress, &CREATE_ACM_CERT) == Some(true);
    let class_asks = class.is_some_and(asks_for_all);
    if !(asks || class_asks) || tls::names_arns(ingress) {
        return BTreeSet::new();
    }
    let Claim::Ours(params) = claim(settings, objects, key, ingress) else {
        return BTreeSet::new();
    };
    let by_class = params.is_some_and(|params| !params.spec.certificate_arn.is_empty());
    if by_class || ingress.metadata.deletion_timestamp.is_some() || !speaks_tls(ingress) {
        return BTreeSet::new();
    }
    let mut names = if asks { all_hosts(ingress) } else { hosts_without_secret(ingress) };
    for entry in tls::entries(settings, objects, key, ingress) {
        for host in &entry.hosts {
            names.remove(host.to_lowercase().as_str());
        }
    }
    let rights = Rights::of(objects, &key.namespace);
    names.retain(|host| rights.allows_host(host));
    split(settings, ingress, names, is_own).collect()
}

/// The certificates that an Ingress, or its class, names by their ARNs.
pub(super) fn named(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> Vec<String> {
    match claim(settings, objects, key, ingress) {
        Claim::Ours(Some(params)) if !params.spec.certificate_arn.is_empty() => {
            params.spec.certificate_arn.clone()
        }
        _ => tls::arns(ingress),
    }
}

/// Whether an Ingress listens for HTTPS; who names no ports does, with a certificate.
fn speaks_tls(ingress: &Ingress) -> bool {
    let ports = value(ingress, &LISTEN_PORTS);
    ports.is_none_or(|ports| ports.values().any(|protocol| *protocol == Protocol::Https))
}

/// The requests for names of an Ingress. LBC asks for all in one, also where AWS has to be asked to
/// allow that.
fn split(
    settings: &Settings,
    ingress: &Ingress,
    names: BTreeSet<SmolStr>,
    is_own: bool,
) -> impl Iterator<Item = Arc<RequestKey>> {
    let authority = value(ingress, &ACM_PCA_ARN).filter(|arn| !arn.is_empty()).map(AwsId::new);
    let authority = authority.or_else(|| settings.default_certificate_authority.clone());
    let most = if is_own { NAMES_MAX } else { names.len().max(1) };
    let names: Vec<SmolStr> = names.into_iter().collect();
    let sets: Vec<BTreeSet<SmolStr>> =
        names.chunks(most).map(|names| names.iter().cloned().collect()).collect();
    sets.into_iter().map(move |names| Arc::new(RequestKey { names, authority: authority.clone() }))
}

/// What an Ingress may have asked for, and may ask for again, while its class does not say.
pub(super) fn possible(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> BTreeSet<Arc<RequestKey>> {
    let class = class_of(objects, ingress);
    let mut found = BTreeSet::new();
    for is_own in [true, false] {
        if class.is_some_and(|class| is_own_class(class) != is_own) {
            continue;
        }
        let asks = may_ask(settings, is_own) && value(ingress, &CREATE_ACM_CERT) == Some(true);
        let class_asks = may_have(class, &REQUEST_CERTIFICATES, false);
        let sets = asks.then(|| all_hosts(ingress)).into_iter();
        for names in sets.chain(class_asks.then(|| hosts_without_secret(ingress))) {
            let imported = tls::named(key, ingress).into_iter().flat_map(|entry| entry.hosts);
            let imported: BTreeSet<SmolStr> =
                imported.map(|host| host.to_lowercase().into()).collect();
            let others = names.difference(&imported).cloned().collect();
            found.extend(split(settings, ingress, others, is_own));
            found.extend(split(settings, ingress, names, is_own));
        }
    }
    found
}

/// Whether `create-acm-cert` counts: on LBC's classes with its feature gate only (LBC).
fn may_ask(settings: &Settings, is_own: bool) -> bool {
    is_own || settings.gates.certificate_management
}

/// Reads what an Ingress says of a certificate for its hosts, and whether it has any; what is wrong
/// with that is a problem of the Ingress.
pub fn check(snapshot: &Snapshot, ingress: &Ingress, annotations: &mut Annotations<'_>) {
    let is_own = class_of(&snapshot.objects, ingress).is_some_and(is_own_class);
    if !may_ask(&snapshot.settings, is_own) || annotations.read(&CREATE_ACM_CERT) != Some(true) {
        return;
    }
    if all_hosts(ingress).is_empty() && !tls::names_arns(ingress) {
        let found = "true, and no host to ask ACM for".to_owned();
        let field = CREATE_ACM_CERT.field();
        let allowed = "hosts in rules or in spec.tls, or certificate-arn";
        annotations.problems.push(Problem {
            severity: Severity::Warning,
            meanwhile: "no HTTPS with it; HTTP goes on".to_owned(),
            ..annotations.error(Code::InvalidAnnotation, field, found, allowed)
        });
    }
}

/// Whether a class has the hosts of `spec.tls` that name no Secret asked for.
fn asks_for_all(class: &IngressClass) -> bool {
    annotations_of(class).read(&REQUEST_CERTIFICATES) == Some(true)
}

/// What an Ingress's own annotation says; what cannot be read says nothing (LBC).
fn value<T>(ingress: &Ingress, annotation: &Annotation<T>) -> Option<T> {
    let text = ingress.metadata.annotations.as_ref()?.get(annotation.key().as_str())?;
    (annotation.parser)(text).ok()
}

fn all_hosts(ingress: &Ingress) -> BTreeSet<SmolStr> {
    let Some(spec) = &ingress.spec else { return BTreeSet::new() };
    let of_rules = spec.rules.iter().flatten().filter_map(|rule| rule.host.as_ref());
    let of_tls = spec.tls.iter().flatten().flat_map(|tls| tls.hosts.iter().flatten());
    spelled(of_rules.chain(of_tls))
}

fn hosts_without_secret(ingress: &Ingress) -> BTreeSet<SmolStr> {
    let entries = ingress.spec.iter().flat_map(|spec| spec.tls.iter().flatten());
    let bare = entries.filter(|tls| tls.secret_name.as_ref().is_none_or(SmolStr::is_empty));
    spelled(bare.flat_map(|tls| tls.hosts.iter().flatten()))
}

fn spelled<'a>(hosts: impl Iterator<Item = &'a SmolStr>) -> BTreeSet<SmolStr> {
    hosts.filter(|host| !host.is_empty()).map(|host| host.to_lowercase().into()).collect()
}

/// The certificates that ACM was asked for and that an Ingress's listeners may use. Until all are
/// issued, what served before goes on serving beside those that are.
#[must_use]
pub fn certificates(
    snapshot: &Snapshot,
    source: &Source,
    requests: &BTreeSet<Arc<RequestKey>>,
) -> Vec<Id> {
    let handles = requests.iter().cloned().map(CertificateKey::Request).map(Handle::Certificate);
    let (standing, missing): (Vec<Handle>, Vec<Handle>) =
        handles.partition(|handle| tls::may_stand(snapshot, source, handle));
    let before = if missing.is_empty() { Vec::new() } else { tls::before(snapshot, source) };
    tls::each_once(standing.into_iter().map(Id::Of).chain(before))
}

/// Builds the wish for a certificate that is asked for: one for a set of names, whoever asks. It
/// may go once the listeners of every group are known not to use it, and nobody may want it who
/// does not ask for it now.
#[must_use]
pub fn build(snapshot: &Snapshot, key: &Arc<RequestKey>) -> RequestStack {
    let (settings, objects) = (&snapshot.settings, &snapshot.objects);
    let certificate = CertificateKey::Request(Arc::clone(key));
    let is_known = snapshot.extent.shows_users_of(&certificate) && !snapshot.may_be_wanted;
    let mut use_of_it = if is_known { Use::Unused } else { Use::Unknown };
    let (mut wished, mut is_held) = (Tags::new(), true);
    for (name, ingress) in &objects.ingresses {
        if asked(settings, objects, name, ingress).contains(key) {
            use_of_it = Use::Used;
            if is_only_planned(objects, ingress) {
                continue;
            }
            is_held = false;
            // Of several who ask, the first one's value counts.
            let theirs = tags_of(settings, objects, name, ingress);
            wished = theirs.into_iter().chain(wished).collect();
        } else if use_of_it == Use::Unused
            && is_doubtful(settings, objects, name, ingress)
            && !tls::names_arns(ingress)
            && possible(settings, objects, name, ingress).contains(key)
        {
            use_of_it = Use::Unknown;
        }
    }
    let zones = snapshot.zones.as_deref();
    let tracking = certificate.tags(&settings.cluster);
    let tags = tags::with_tracking(settings, &wished, tracking);
    RequestStack {
        use_of_it,
        is_held: is_held && use_of_it == Use::Used,
        unproved: match &key.authority {
            // An authority of AWS Private CA asks for no proof.
            Some(_) => Some(BTreeSet::new()),
            None => zones.map(|zones| unproved(settings, zones, key)),
        },
        request: CertificateRequest { key: key.as_ref().clone(), tags },
        listening: snapshot.facts.listening(),
        now: snapshot.now,
    }
}

/// The tags that an Ingress and its class ask for.
fn tags_of(settings: &Settings, objects: &Objects, key: &ObjectKey, ingress: &Ingress) -> Tags {
    let class = match claim(settings, objects, key, ingress) {
        Claim::Ours(params) => params,
        Claim::Foreign | Claim::Unknown(_) | Claim::Invalid(_) | Claim::Unselected(_) => None,
    };
    let values = ingress.metadata.annotations.as_ref();
    let mut annotations = Annotations::new(Kind::Ingress, key, values);
    tags::wished(settings, &mut Lookup { class, service: None, ingress: &mut annotations })
}

/// The names that nothing here can prove: no public hosted zone holds them. An authority of AWS
/// Private CA asks for no proof.
pub(super) fn unproved(
    settings: &Settings,
    zones: &HostedZones,
    key: &RequestKey,
) -> BTreeSet<SmolStr> {
    let names = key.names.iter().filter(|_| key.authority.is_none());
    let missing = names.filter(|name| {
        let host = name.strip_prefix("*.").unwrap_or(name);
        zone::proving(&settings.dns, zones, host).is_none()
    });
    missing.cloned().collect()
}
