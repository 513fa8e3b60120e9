//! From what was found and done to what people are told: statuses and Events. Pure.

use std::time::Duration;

use crate::model::inventory::LiveLoadBalancer;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::report::StatusEntry;
use crate::model::seen::{Ingress, IngressStatus};

pub mod adopt;
mod binding;
mod budget;
pub mod doctor;
pub mod ending;
pub mod explain;
mod gates;
pub mod group_status;
pub mod nginx;
mod owner;
mod pending;
pub mod reasons;
mod told;
pub mod topology;

pub use binding::binding_status;
pub use budget::EventBudget;
pub use gates::{Health, gates};
pub use pending::{Hold, Pending, PendingStep};
pub use told::{Done, Said, Told};

/// What a visit leaves its subject in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing is left to do, or what is left waits for news.
    Done,
    /// Something that takes its time is under way; again after this long.
    Later(Duration),
    /// Something went wrong; again after a while.
    Again(Trouble),
}

impl Rest {
    /// As the log and metrics name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Later(_) => "later",
            Self::Again(trouble) => trouble.as_str(),
        }
    }
}

/// How a subject is left: the gravest trouble decides when it is visited again.
#[must_use]
pub fn rest(outcomes: &[Outcome]) -> Rest {
    let troubles = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Failed(trouble, _) => Some(*trouble),
        Outcome::Done(_) | Outcome::Held => None,
    });
    troubles.max().map_or(Rest::Done, Rest::Again)
}

/// The status of every member of a group: where its load balancer can be reached, and the network
/// load balancer in front of it, without ports (LBC).
#[must_use]
pub fn status(current: &LiveLoadBalancer, nlb: Option<&LiveLoadBalancer>) -> Vec<StatusEntry> {
    let mut ports: Vec<u16> = current.listeners.iter().map(|listener| listener.port).collect();
    ports.sort_unstable();
    let entry = |live: &LiveLoadBalancer, ports| StatusEntry {
        hostname: live.dns_name.to_lowercase(),
        ports,
    };
    let front = nlb.map(|nlb| entry(nlb, Vec::new()));
    std::iter::once(entry(current, ports)).chain(front).collect()
}

/// The status that an Ingress shows, as far as it can be compared.
#[must_use]
pub fn shown(ingress: &Ingress) -> Vec<StatusEntry> {
    let entry = |entry: &IngressStatus| {
        let ports = entry.ports.iter().filter_map(|port| u16::try_from(*port).ok());
        let mut ports: Vec<u16> = ports.collect();
        ports.sort_unstable();
        StatusEntry {
            hostname: entry.hostname.as_ref().map(ToString::to_string).unwrap_or_default(),
            ports,
        }
    };
    ingress.status.iter().map(entry).collect()
}
