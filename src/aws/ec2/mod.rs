//! EC2: the network that load balancers stand in, and security groups.

mod ingress_rule;
pub(super) mod network;
pub(super) mod security;

use aws_sdk_ec2::types::{Filter, Tag};

use super::sdk::Sdk;
use crate::model::marks::{Tags, spelled};

/// The largest page of the EC2 operations used here, but for route tables (AWS).
const PAGE_SIZE: i32 = 1000;

/// Only what lies in our VPC.
fn in_vpc(sdk: &Sdk) -> Filter {
    Filter::builder().name("vpc-id").values(sdk.vpc.as_str()).build()
}

fn read_tags(raw: &[Tag]) -> Tags {
    spelled(raw.iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default()))))
}

fn raw_tags(tags: &Tags) -> Vec<Tag> {
    let raw = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    tags.iter().map(|(key, value)| raw(key, value)).collect()
}
