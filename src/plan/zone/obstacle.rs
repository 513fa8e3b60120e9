//! What those are told who do not get a name.

use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::record::{RecordKey, RecordWish};
use crate::model::routing::RoutingKind;
use crate::model::source::Source;

/// What is in the way of a name.
#[derive(Debug)]
pub(super) struct Obstacle {
    /// What it is.
    pub(super) found: String,
    /// What would be none, if it is not what else is said.
    pub(super) allowed: Option<String>,
}

/// What somebody is told in whose way something is.
pub(super) fn in_the_way(owner: &str, name: &str, source: &Source, obstacle: Obstacle) -> Problem {
    let allowed = obstacle.allowed.unwrap_or_else(|| {
        format!("a name without records, or with records whose TXT record names the owner {owner}")
    });
    problem(source, format!("{name}, of which {}", obstacle.found), allowed)
}

/// A record of ours that is in the way and goes only by hand: it may be another cluster's.
pub(super) fn stays(key: &RecordKey) -> Obstacle {
    let found = format!(
        "the {} record has this cluster's owner id, is for an object that does not stand here, and \
         leads to no load balancer of this cluster",
        key.record_type
    );
    let allowed = "its removal by hand, with the TXT record beside it, where no other cluster has \
                   the owner id; or a name that nobody else has"
        .to_owned();
    Obstacle { found, allowed: Some(allowed) }
}

/// What somebody is told who asks for what another one has.
pub(super) fn taken(name: &str, source: &Source) -> Problem {
    problem(
        source,
        format!("{name}, which an Ingress of another load balancer asked for first"),
        "a name that nobody else asks for".to_owned(),
    )
}

/// What somebody is told who asks for another routing policy than the name has.
pub(super) fn other_kind(name: &str, wish: &RecordWish, kind: RoutingKind) -> Problem {
    let asked = wish.routing.kind();
    let allowed = format!("the {kind} routing policy, as the others that ask for the name do");
    problem(&wish.source, format!("{name} by the {asked} routing policy"), allowed)
}

/// What somebody is told whose name would have the TXT record of another one.
pub(super) fn twin(name: &str, twin: &str, source: &Source) -> Problem {
    let found = format!("{name}, whose TXT record would have the name of that of {twin}");
    problem(source, found, "another --txt-wildcard-replacement".to_owned())
}

/// What somebody is told whose records somebody else changes back.
pub(super) fn contested(name: &str, source: &Source) -> Problem {
    Problem {
        code: Code::ContestedName,
        allowed: "one writer: an external-dns with this owner id stopped, or told to leave \
                  Ingresses to us; or an owner id for each (--txt-owner-id)"
            .to_owned(),
        meanwhile:
            "nothing is written to the hosted zone until an hour has passed in which nobody \
                    did so, or this program is started anew; the load balancer serves the host all \
                    the same"
                .to_owned(),
        ..problem(
            source,
            format!("{name}, whose records somebody else has changed back twice"),
            String::new(),
        )
    }
}

fn problem(source: &Source, found: String, allowed: String) -> Problem {
    Problem {
        code: Code::ForeignRecord,
        severity: Severity::Warning,
        object: ObjectRef::of(source),
        field: "hosts".to_owned(),
        found,
        allowed,
        meanwhile: "the records stay as they are; the load balancer serves the host all the same"
            .to_owned(),
    }
}
