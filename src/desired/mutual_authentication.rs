//! Clients that show certificates of theirs.

use std::collections::BTreeMap;

use crate::model::listener::MutualAuthentication;
use crate::model::problem::{Code, Severity};
use crate::model::snapshot::{Objects, Snapshot};

use super::annotations::Annotations;
use super::annotations::table::MUTUAL_AUTHENTICATION;

/// What an ARN begins with; anything else is a name (LBC).
const ARN: &str = "arn:";

/// Whether any Ingress calls a trust store by its name.
#[must_use]
pub fn names_trust_stores(objects: &Objects) -> bool {
    let key = MUTUAL_AUTHENTICATION.key();
    let asked = objects.ingresses.values().filter_map(|ingress| {
        let text = ingress.metadata.annotations.as_ref()?.get(key.as_str())?;
        (MUTUAL_AUTHENTICATION.parser)(text).ok()
    });
    let is_name = |asked: &MutualAuthentication| match asked {
        MutualAuthentication::Off | MutualAuthentication::Passthrough => false,
        MutualAuthentication::Verify { trust_store, .. } => !trust_store.as_str().starts_with(ARN),
    };
    asked.into_iter().any(|noted| noted.value.values().any(is_name))
}

/// Whether it can be told what an Ingress asks of clients.
#[must_use]
pub fn is_understood(snapshot: &Snapshot, mut annotations: Annotations<'_>) -> bool {
    let _asked = by_port(snapshot, &mut annotations);
    annotations.problems.iter().all(|problem| problem.severity != Severity::Error)
}

/// What an Ingress asks of clients, by port. Ports that it does not listen on count for nothing
/// (LBC).
#[must_use]
pub fn by_port(
    snapshot: &Snapshot,
    annotations: &mut Annotations<'_>,
) -> BTreeMap<u16, MutualAuthentication> {
    let Some(noted) = annotations.read(&MUTUAL_AUTHENTICATION) else { return BTreeMap::new() };
    annotations.note_ignored(&MUTUAL_AUTHENTICATION.field(), &noted.ignored);
    let mut asked = noted.value;
    for one in asked.values_mut() {
        let MutualAuthentication::Verify { trust_store, .. } = one else { continue };
        if trust_store.as_str().starts_with(ARN) {
            continue;
        }
        let named = snapshot.trust_stores.as_ref().and_then(|all| all.get(trust_store.as_str()));
        if let Some(id) = named {
            trust_store.clone_from(id);
            continue;
        }
        let why = match snapshot.trust_stores {
            Some(_) => "does not exist",
            None => "cannot be looked up: elasticloadbalancing:DescribeTrustStores is not allowed",
        };
        let problem = annotations.error(
            Code::NoTrustStore,
            MUTUAL_AUTHENTICATION.field(),
            format!("the trust store \"{trust_store}\", which {why}"),
            "the name or ARN of a trust store of the region; it is looked for again",
        );
        annotations.problems.push(problem);
    }
    asked
}
