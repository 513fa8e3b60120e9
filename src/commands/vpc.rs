//! Which VPC load balancers are made in.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow, bail};
use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, Client};

use crate::aws::{Site, instance_vpc, vpcs, vpcs_of};
use crate::flags::ReachFlags;
use crate::model::id::AwsId;

/// How many nodes are asked for their VPC: enough to find out that they lie in several.
const NODES_MAX: u32 = 50;
/// Says that instance metadata is not to be asked (AWS's SDKs).
const METADATA_DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
/// Where LBC finds the name of its node.
const NODE_NAME: &str = "NODENAME";

/// Finds the VPC: that of the flag, the only one with the tags, the region's only one, that of the
/// instance this runs on, or that of the cluster's nodes. Of several it never takes one because it
/// is AWS's default one. What nobody has said is added to `notes`.
///
/// # Errors
/// Where it was looked for, and which VPCs there are.
pub(super) async fn find(
    flags: &ReachFlags,
    site: &Site,
    cluster: Option<&Client>,
    notes: &mut Vec<String>,
) -> anyhow::Result<AwsId> {
    if let Some(named) = flags.vpc() {
        return Ok(named);
    }
    let tags = flags.vpc_tags();
    let found = vpcs(site, &tags).await.context("no VPC; give --aws-vpc-id")?;
    let ids = found.iter().map(AwsId::as_str).collect::<Vec<_>>().join(", ");
    match (found.as_slice(), tags.is_empty()) {
        ([only], is_guessed) => {
            let why = if is_guessed { "the region's only one" } else { "the one with these tags" };
            notes.push(format!("VPC {only} is taken, {why}"));
            return Ok(only.clone());
        }
        ([], false) => bail!("no VPC has the tags of --aws-vpc-tags; give --aws-vpc-id"),
        (_, false) => bail!("several VPCs have the tags of --aws-vpc-tags: {ids}"),
        (_, true) => {}
    }
    let mut missed = Vec::new();
    match of_this_instance(site).await {
        Ok(vpc) => {
            notes.push(format!("VPC {vpc} is taken, that of the instance this runs on"));
            return Ok(vpc);
        }
        Err(error) => missed.push(format!("instance metadata: {error:#}")),
    }
    match of_nodes(site, cluster).await {
        Ok(vpc) => {
            notes.push(format!("VPC {vpc} is taken, that of the cluster's nodes"));
            return Ok(vpc);
        }
        Err(error) => missed.push(format!("nodes: {error:#}")),
    }
    let missed = missed.join("; ");
    Err(anyhow!("no VPC; give --aws-vpc-id: one of {}: {ids} ({missed})", found.len()))
}

async fn of_this_instance(site: &Site) -> anyhow::Result<AwsId> {
    if std::env::var(METADATA_DISABLED).is_ok_and(|value| value.eq_ignore_ascii_case("true")) {
        bail!("{METADATA_DISABLED} is set");
    }
    instance_vpc(site).await.map_err(|error| anyhow!(error))
}

/// The VPC of the instance that is named as our node, or of all nodes that are instances.
async fn of_nodes(site: &Site, cluster: Option<&Client>) -> anyhow::Result<AwsId> {
    let named = std::env::var(NODE_NAME).ok().filter(|name| name.starts_with("i-"));
    let instances: BTreeSet<String> = match (named, cluster) {
        (Some(instance), _) => BTreeSet::from([instance]),
        (None, Some(client)) => {
            let nodes: Api<Node> = Api::all(client.clone());
            let nodes = nodes.list(&ListParams::default().limit(NODES_MAX)).await?;
            nodes.items.iter().filter_map(instance_of).collect()
        }
        (None, None) => bail!("there is no cluster to ask"),
    };
    if instances.is_empty() {
        bail!("no provider id names an instance");
    }
    let found = vpcs_of(site, instances.into_iter().collect()).await?;
    match found.iter().collect::<Vec<_>>().as_slice() {
        [only] => Ok((*only).clone()),
        [] => bail!("their instances are in none"),
        several => {
            let ids: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            bail!("they lie in several: {}", ids.join(", "))
        }
    }
}

/// The instance that a node is, as `aws:///us-east-1a/i-0abc` names it.
fn instance_of(node: &Node) -> Option<String> {
    let provider = node.spec.as_ref()?.provider_id.as_deref()?;
    let instance = provider.strip_prefix("aws://")?.rsplit('/').next()?;
    instance.starts_with("i-").then(|| instance.to_owned())
}
