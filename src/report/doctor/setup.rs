//! The flags, the region, the VPC.

use super::{Check, fault};
use crate::model::evidence::{Evidence, Unsettled};

pub(super) const CHECKS: &[Check] = &[
    fault(
        "NoClusterName",
        |evidence| match unsettled(evidence)? {
            Unsettled::NoClusterName => Some(
                "neither --cluster-name nor CLUSTER_NAME says what the cluster is called".into(),
            ),
            _ => None,
        },
        "give --cluster-name; it goes into names and tags of everything in AWS, so it never changes",
    ),
    fault(
        "NoRegion",
        |evidence| match unsettled(evidence)? {
            Unsettled::NoRegion => {
                Some("no flag, environment variable, profile or instance names a region".into())
            }
            _ => None,
        },
        "give --aws-region, or set AWS_REGION",
    ),
    fault(
        "NoVpc",
        |evidence| match unsettled(evidence)? {
            Unsettled::NoVpc(why) => Some(why.clone()),
            _ => None,
        },
        "give --aws-vpc-id; the VPC is that of the cluster's nodes",
    ),
    fault(
        "BadFlags",
        |evidence| match unsettled(evidence)? {
            Unsettled::Flags(why) => Some(why.clone()),
            _ => None,
        },
        "change the flags as it says; albedo plan takes the same ones and shows what they come to",
    ),
];

fn unsettled(evidence: &Evidence) -> Option<&Unsettled> {
    evidence.settings.as_ref().err()
}
