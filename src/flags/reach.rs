//! Flags that decide where AWS and the cluster are, and how they are called.

use clap::Args;

use super::spelling::{Pairs, all_pairs, amount, given, pairs};
use crate::aws::Limits;
use crate::model::id::AwsId;

/// Flags that decide where AWS and the cluster are, and how they are called.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where AWS and the cluster are (LBC's flags)")]
pub struct ReachFlags {
    /// The AWS region. Default: the SDK's own chain (AWS_REGION, profile, instance metadata).
    #[arg(long, value_name = "REGION")]
    pub aws_region: Option<String>,
    /// The VPC. Default: the only one with all of --aws-vpc-tags; else the region's only one, that
    /// of the instance this runs on, that of the instance $NODENAME, or that of the cluster's
    /// nodes.
    #[arg(long, value_name = "VPC")]
    pub aws_vpc_id: Option<String>,
    /// Tags that the VPC has and no other one, where --aws-vpc-id does not name it.
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = pairs)]
    pub aws_vpc_tags: Vec<Pairs>,
    /// Where services of AWS answer, by their ids: EC2, Elastic Load Balancing v2, ACM, Route 53,
    /// WAFV2, Shield. Default: the SDK's own chain (AWS_ENDPOINT_URL).
    #[arg(long, value_name = "SERVICE=URL,...", value_parser = pairs)]
    pub aws_api_endpoints: Vec<Pairs>,
    /// How often a call is tried while AWS says "not now"; 0 is as often as there is time for.
    #[arg(long, default_value_t = 10, value_name = "COUNT", value_parser = amount)]
    pub aws_max_retries: u32,
    /// How often AWS is called: by service and operation, calls a second and calls at once. Naming
    /// a service replaces all of its defaults, which are LBC's.
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "SERVICE:REGEX=RATE:BURST,..."
    )]
    pub aws_api_throttle: Limits,
    /// The file that says where the cluster is. Default: KUBECONFIG, or from within the cluster.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<String>,
    /// The context of that file. Default: the current one.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

impl ReachFlags {
    /// The region, where the flag names it.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        given(self.aws_region.as_ref())
    }

    /// The VPC, where the flag names it.
    #[must_use]
    pub fn vpc(&self) -> Option<AwsId> {
        given(self.aws_vpc_id.as_ref()).map(AwsId::new)
    }

    /// The tags that the VPC is to have.
    #[must_use]
    pub fn vpc_tags(&self) -> Vec<(String, String)> {
        all_pairs(&self.aws_vpc_tags).collect()
    }

    /// Where services answer, by their ids.
    #[must_use]
    pub fn endpoints(&self) -> Vec<(String, String)> {
        all_pairs(&self.aws_api_endpoints).collect()
    }

    /// The file that says where the cluster is.
    #[must_use]
    pub fn kubeconfig(&self) -> Option<&str> {
        given(self.kubeconfig.as_ref())
    }

    /// The context, where the flag names it.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        given(self.context.as_ref())
    }
}
