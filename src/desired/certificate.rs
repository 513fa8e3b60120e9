//! The certificate that a TLS Secret is imported as: one, however many Ingresses use it.

use crate::model::id::{CertificateKey, ObjectKey};
use crate::model::marks::TAG_CHAIN;
use crate::model::snapshot::Snapshot;
use crate::model::stack::{CertificateStack, Use};

use super::classes::is_only_planned;
use super::doubt;
use super::tls::{self, Worth};

/// Builds a certificate. It may go once the listeners of every group are known not to
/// use it.
#[must_use]
pub fn build(snapshot: &Snapshot, secret: &ObjectKey) -> CertificateStack {
    let key = CertificateKey::Secret(secret.clone());
    let (settings, objects) = (&snapshot.settings, &snapshot.objects);
    let is_seen = snapshot.extent.shows(&secret.namespace) && !snapshot.may_be_wanted;
    let mut use_of_it = if is_seen { Use::Unused } else { Use::Unknown };
    let (mut certificate, mut is_held) = (None, true);
    for (name, ingress) in &objects.ingresses {
        let entries = tls::entries(settings, objects, name, ingress);
        for entry in entries.iter().filter(|entry| entry.secret == *secret) {
            use_of_it = Use::Used;
            is_held &= is_only_planned(objects, ingress);
            if let Worth::Good(good) = tls::judge(snapshot, entry) {
                certificate = Some(*good);
            }
        }
        let may_be_wanted = || doubt::wanted(settings, objects, name, ingress).contains(&key);
        if use_of_it == Use::Unused && may_be_wanted() {
            use_of_it = Use::Unknown;
        }
    }
    if let Some(certificate) = &mut certificate {
        certificate.tags.clone_from(&settings.default_tags);
        certificate.tags.extend(key.tags(&settings.cluster));
        certificate.tags.insert(TAG_CHAIN.into(), certificate.chain_mark().into());
    }
    let is_held = is_held && use_of_it == Use::Used;
    CertificateStack { key, use_of_it, certificate, is_held, listening: snapshot.facts.listening() }
}
