//! EC2: the network that load balancers stand in, and security groups.

use aws_sdk_ec2::types::{Filter, Tag};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::answer::Answer;
use super::call::Call;
use super::error::CloudError;
use super::part::{Ec2Part, Ec2Reading};
use super::sdk::Sdk;
use crate::model::action::Ec2Action;
use crate::model::marks::{Tags, spelled};

mod ingress_rule;
pub(super) mod network;
pub(super) mod security;

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

/// Looks at a part. A future has room for the largest of those it may wait for, and the SDK's take
/// more than a stack should have to give.
pub(super) async fn read(sdk: &Sdk, part: &Ec2Part) -> Result<Ec2Reading, CloudError> {
    Ok(match part {
        Ec2Part::Vpc => Ec2Reading::Vpc(network::vpc(sdk).boxed().await?),
        Ec2Part::Interfaces => Ec2Reading::Interfaces(network::interfaces(sdk).boxed().await?),
        Ec2Part::SecurityGroups => Ec2Reading::SecurityGroups(security::list(sdk).boxed().await?),
    })
}

/// The one call that an action is.
pub(super) fn perform<'a>(
    call: &'a Call<'_>,
    action: &'a Ec2Action,
) -> BoxFuture<'a, Result<Answer, CloudError>> {
    match action {
        Ec2Action::CreateSecurityGroup { spec, .. } => security::create(call, spec).boxed(),
        Ec2Action::DeleteSecurityGroup { id } => security::delete(call, id).boxed(),
        Ec2Action::AuthorizeIngress { group, rules, description } => {
            security::authorize(call, group, rules, description).boxed()
        }
        Ec2Action::RevokeIngress { group, rules, description } => {
            security::revoke(call, group, rules, description).boxed()
        }
        Ec2Action::TagSecurityGroup { id, tags } => security::tag(call, id, tags).boxed(),
        Ec2Action::UntagSecurityGroup { id, tags } => security::untag(call, id, tags).boxed(),
    }
}
