//! What this program can do in Route 53: records.

use serde::{Deserialize, Serialize};

use super::Sign;
use super::operation::{Operation, Service};
use crate::model::id::{Handle, Id};
use crate::model::record::{HostedZone, RecordChange, RecordValue, Verb};

const ROUTE53: Service = Service { name: "route53", iam: "route53" };

/// What the reads of this service have to be allowed.
pub(super) const READS: &[&str] = &[
    "route53:GetChange",
    "route53:ListHostedZones",
    "route53:ListResourceRecordSets",
    "route53:ListTagsForResources",
];

/// One mutating call to Route 53.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Route53Action {
    /// Changes records of a hosted zone, all of them or none.
    ChangeRecords {
        /// Which zone.
        zone: HostedZone,
        /// The changes.
        changes: Vec<RecordChange>,
    },
}

impl Route53Action {
    /// What there is to say of it.
    pub(super) fn about(&self) -> Operation {
        match self {
            Self::ChangeRecords { changes, .. } => {
                ROUTE53.does("ChangeResourceRecordSets", sign(changes))
            }
        }
    }

    /// What this makes: nothing that anything else could name.
    pub(super) fn makes(&self) -> Option<&Handle> {
        match self {
            Self::ChangeRecords { .. } => None,
        }
    }

    /// Calls `visit` with every identifier that may not have been given yet.
    pub(super) fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::ChangeRecords { changes, .. } => {
                for change in changes {
                    if let RecordValue::Alias { target, .. } = &mut change.record.value {
                        visit(target);
                    }
                }
            }
        }
    }
}

/// What changes come to together.
fn sign(changes: &[RecordChange]) -> Sign {
    let all = |verb| changes.iter().all(|change| change.verb == verb);
    match (all(Verb::Create), all(Verb::Delete)) {
        (true, _) => Sign::Add,
        (false, true) => Sign::Remove,
        (false, false) => Sign::Change,
    }
}
