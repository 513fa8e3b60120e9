//! The TLS Secrets that an Ingress names, and which of them its listeners may use.

use crate::model::certificate::Certificate;
use crate::model::group::Group;
use crate::model::id::{CertificateKey, Handle, Id, ObjectKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::seen::Ingress;
use crate::model::settings::Settings;
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::source::Source;

use super::annotations::table::{CERTIFICATE_ARN, TLS_SECRETS};
use super::classes::{Claim, claim, class_of, has, may_have};
use super::secret::{self, Unfit, covers};

/// One entry of an Ingress's `spec.tls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The Secret.
    pub secret: ObjectKey,
    /// The hosts that it should be for; those of the rules where the entry names none.
    pub hosts: Vec<String>,
    /// Where in the Ingress this is.
    pub field: String,
}

impl Entry {
    /// The certificate that its Secret is imported as.
    fn handle(&self) -> Handle {
        Handle::Certificate(CertificateKey::Secret(self.secret.clone()))
    }
}

/// The entries of `spec.tls` that are imported: only where the class is ours or a flag says so, so
/// that taking over from LBC changes nothing, and only where no certificate is named by its ARN.
#[must_use]
pub fn entries(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> Vec<Entry> {
    let is_on = has(class_of(objects, ingress), &TLS_SECRETS, settings.tls_secrets);
    let Claim::Ours(params) = claim(settings, objects, key, ingress) else { return Vec::new() };
    let by_class = params.is_some_and(|params| !params.spec.certificate_arn.is_empty());
    if !is_on || by_class || names_arns(ingress) || ingress.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    named(key, ingress)
}

/// Whether an Ingress names certificates by their ARNs; a text without any names none (LBC).
#[must_use]
pub fn names_arns(ingress: &Ingress) -> bool {
    !arns(ingress).is_empty()
}

/// The certificates that an Ingress names by their ARNs.
#[must_use]
pub fn arns(ingress: &Ingress) -> Vec<String> {
    let annotations = ingress.metadata.annotations.as_ref();
    let text = annotations.and_then(|all| all.get(CERTIFICATE_ARN.key().as_str()));
    text.and_then(|text| (CERTIFICATE_ARN.parser)(text).ok()).unwrap_or_default()
}

/// The entries of `spec.tls` that name a Secret, whosever the Ingress is.
#[must_use]
pub fn named(key: &ObjectKey, ingress: &Ingress) -> Vec<Entry> {
    let Some(spec) = &ingress.spec else { return Vec::new() };
    let of_rules = spec.rules.iter().flatten().filter_map(|rule| rule.host.as_ref());
    let of_rules: Vec<String> =
        of_rules.filter(|host| !host.is_empty()).map(ToString::to_string).collect();
    let each = spec.tls.iter().flatten().enumerate().filter_map(|(i, tls)| {
        let name = tls.secret_name.as_ref().filter(|name| !name.is_empty())?;
        let hosts = tls.hosts.as_deref().filter(|hosts| !hosts.is_empty());
        let hosts = hosts.map(|hosts| hosts.iter().map(ToString::to_string).collect());
        Some(Entry {
            secret: ObjectKey::new(key.namespace.clone(), name.clone()),
            hosts: hosts.unwrap_or_else(|| of_rules.clone()),
            field: format!("spec.tls[{i}].secretName"),
        })
    });
    each.collect()
}

/// The Secrets that may have been imported for an Ingress, and may be again, while its class does
/// not say.
pub(super) fn possible(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> Vec<ObjectKey> {
    if !may_have(class_of(objects, ingress), &TLS_SECRETS, settings.tls_secrets) {
        return Vec::new();
    }
    named(key, ingress).into_iter().map(|entry| entry.secret).collect()
}

/// What an entry's Secret is worth.
#[derive(Debug)]
pub enum Worth {
    /// It can be imported for this entry.
    Good(Box<Certificate>),
    /// It cannot.
    Bad(Unfit),
    /// Nobody has looked at it yet.
    Unknown,
}

/// Whether TLS Secrets of any class are imported.
#[must_use]
pub fn is_on(settings: &Settings, objects: &Objects) -> bool {
    settings.tls_secrets
        || objects.classes.values().any(|class| has(Some(class), &TLS_SECRETS, false))
}

/// Judges the Secret of an entry.
#[must_use]
pub fn judge(snapshot: &Snapshot, entry: &Entry) -> Worth {
    let Some(seen) = snapshot.objects.secrets.get(&entry.secret) else { return Worth::Unknown };
    let certificate = match secret::certificate(&entry.secret, seen, snapshot.now) {
        Ok(certificate) => certificate,
        Err(unfit) => return Worth::Bad(unfit),
    };
    match entry.hosts.iter().find(|host| !covers(&certificate.facts, host)) {
        None => Worth::Good(Box::new(certificate)),
        Some(host) => {
            let names: Vec<&str> = certificate.facts.names.iter().map(String::as_str).collect();
            Worth::Bad(Unfit {
                found: format!("is for {}, not for {host}", names.join(", ")),
                allowed: "a certificate for all hosts of its entry",
            })
        }
    }
}

/// The certificates that an Ingress's listeners may use, and what is wrong with the others. What
/// was imported once goes on serving while its Secret is bad, and what served before the Ingress
/// named these Secrets does until each of them is imported.
#[must_use]
pub fn certificates(
    snapshot: &Snapshot,
    source: &Source,
    entries: &[Entry],
) -> (Vec<Id>, Vec<Problem>) {
    let mut problems = Vec::new();
    let stands = |entry: &Entry| may_stand(snapshot, source, &entry.handle());
    let mut usable = if entries.iter().all(stands) { Vec::new() } else { before(snapshot, source) };
    let served_before = !usable.is_empty();
    for entry in entries {
        let handle = entry.handle();
        let stands = stands(entry);
        let worth = judge(snapshot, entry);
        if stands || matches!(worth, Worth::Good(_)) {
            let id = Id::Of(handle);
            if !usable.contains(&id) {
                usable.push(id);
            }
        }
        if let Worth::Bad(Unfit { found, allowed }) = worth {
            let meanwhile = if stands {
                "the certificate that was imported before goes on serving"
            } else if served_before {
                "the certificates that served before go on serving"
            } else {
                "no HTTPS with it; HTTP goes on"
            };
            problems.push(Problem {
                code: Code::InvalidSecret,
                severity: Severity::Warning,
                object: ObjectRef::of(source),
                field: entry.field.clone(),
                found: format!("Secret {}, which {found}", entry.secret),
                allowed: allowed.to_owned(),
                meanwhile: meanwhile.to_owned(),
            });
        }
    }
    (usable, problems)
}

/// The certificates that an Ingress's listeners used by its last good wish, and that stand.
pub(super) fn before(snapshot: &Snapshot, source: &Source) -> Vec<Id> {
    let held = snapshot.memory.held.get(source);
    let used = held.into_iter().flat_map(|part| part.listens.values());
    let standing = used.flat_map(|listen| &listen.certificates).filter(|id| match id {
        Id::Is(_) => true,
        Id::Of(handle) => may_stand(snapshot, source, handle),
    });
    each_once(standing.cloned())
}

/// Each of these once, at its first place.
pub(super) fn each_once(ids: impl IntoIterator<Item = Id>) -> Vec<Id> {
    let mut found = Vec::new();
    for id in ids {
        if !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

/// Whether any of an Ingress's certificates stands: nobody is sent to a port that does not speak
/// TLS yet.
#[must_use]
pub fn any_stands(snapshot: &Snapshot, source: &Source, certificates: &[Id]) -> bool {
    certificates.iter().any(|id| match id {
        Id::Is(_) => true,
        Id::Of(handle) => may_stand(snapshot, source, handle),
    })
}

/// Whether a certificate stands that listeners may have, as far as anybody knows. While ACM cannot
/// be read, an Ingress that something was made for keeps what it has.
pub(super) fn may_stand(snapshot: &Snapshot, source: &Source, handle: &Handle) -> bool {
    let is_claimed = || {
        let metadata = snapshot.objects.metadata(source);
        let mut finalizers = metadata.into_iter().flat_map(|metadata| &metadata.finalizers);
        finalizers.any(|held| Group::is_finalizer(snapshot.settings.scope, held))
    };
    snapshot.facts.resolve(handle.clone()).given().is_some()
        || (snapshot.facts.is_unread(handle) && is_claimed())
}
