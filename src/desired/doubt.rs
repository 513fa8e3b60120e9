//! Ingresses of ours whose class cannot be used, or is out of sight, and what may have been made
//! for them: they may want it again as soon as their class says so.

use std::collections::BTreeSet;

use crate::model::id::{CertificateKey, ObjectKey};
use crate::model::seen::Ingress;
use crate::model::settings::Settings;
use crate::model::snapshot::Objects;

use super::classes::is_doubtful;
use super::{request, tls};

/// The certificates that an Ingress may want while nobody can tell; none where somebody can.
#[must_use]
pub fn wanted(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> BTreeSet<CertificateKey> {
    if tls::names_arns(ingress) || !is_doubtful(settings, objects, key, ingress) {
        return BTreeSet::new();
    }
    let secrets = tls::possible(settings, objects, key, ingress).into_iter();
    let requests = request::possible(settings, objects, key, ingress).into_iter();
    secrets.map(CertificateKey::Secret).chain(requests.map(CertificateKey::Request)).collect()
}
