//! The edge towards AWS: the reads, one for each part of AWS, and one write.
//!
//! Only `elb`, `ec2`, `acm`, `route53` and `sdk` name `aws_sdk_*`; everything else speaks in the
//! model's nouns.
//!
//! Reading order: this trait; `sdk`, which implements it on AWS, as fast as `limits` says;
//! `mirror`, which remembers what was read and written. Of that, `part`, `shelf`, `belief`,
//! `effect`, `view` and `flights` are pure; `read` and `batch` make the calls.

use std::collections::BTreeSet;
use std::future::Future;

use crate::model::action::AwsAction;
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::known::Live;
use crate::model::load_balancer::{Attributes, LoadBalancer, LoadBalancerState};
use crate::model::marks::Tags;
use crate::model::record::{HostedZone, Record};
use crate::model::security::{IngressRule, SecurityGroup};
use crate::model::surroundings::{Interface, Vpc};
use crate::model::target::LiveTarget;
use crate::model::target_group::TargetGroup;

pub use answer::Answer;
pub use error::{CloudError, Kind};
pub use limits::{Limits, Turns};
pub use mirror::Mirror;
pub use part::Part;
pub use sdk::{READ_MAX, Sdk, WRITE_MAX, configure};
pub use tally::{Attempt, CODE_NO_ANSWER, CODE_UNKNOWN, CallObserver, Tally};
pub use view::{BalancerScope, Reach};
pub use vpcs::only_vpc;

mod acm;
mod answer;
mod arn;
mod batch;
mod belief;
mod ec2;
mod effect;
mod elb;
pub mod error;
mod flights;
mod groups;
mod limits;
mod mirror;
mod part;
mod perform;
mod read;
mod route53;
mod sdk;
mod shelf;
mod tally;
mod view;
mod vpcs;

/// A load balancer as read, without what hangs on it and without its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadLoadBalancer {
    /// The load balancer; `tags` is empty.
    pub live: Live<LoadBalancer>,
    /// Its DNS name, as AWS spells it.
    pub dns_name: String,
    /// The hosted zone that its DNS name lies in.
    pub hosted_zone: AwsId,
    /// How far AWS has come with it.
    pub state: LoadBalancerState,
}

/// A security group as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSecurityGroup {
    /// The security group with all of its ingress rules.
    pub live: Live<SecurityGroup>,
    /// Those of its rules that carry the description of our rules on node and pod security groups.
    pub shared: BTreeSet<IngressRule>,
}

/// A certificate as read or imported, without its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadCertificate {
    /// Its ARN.
    pub id: AwsId,
    /// What makes it this one.
    pub facts: CertificateFacts,
}

/// AWS, as far as this program reads and writes it.
///
/// Every method of this trait but `turn` is one or more API calls, however many pages the answer
/// has; a read waits until each of its calls may go out, a write does not. Nothing here remembers
/// anything; the mirror does.
pub trait Cloud: Send + Sync + 'static {
    /// The VPC's CIDRs and subnets.
    fn vpc(&self) -> impl Future<Output = Result<Vpc, CloudError>> + Send;
    /// The VPC's network interfaces with their addresses and security groups.
    fn interfaces(&self) -> impl Future<Output = Result<Vec<Interface>, CloudError>> + Send;
    /// The VPC's security groups, with tags and rules.
    fn security_groups(
        &self,
    ) -> impl Future<Output = Result<Vec<ReadSecurityGroup>, CloudError>> + Send;
    /// The VPC's application load balancers, without tags.
    fn load_balancers(
        &self,
    ) -> impl Future<Output = Result<Vec<ReadLoadBalancer>, CloudError>> + Send;
    /// The VPC's target groups, without tags.
    fn target_groups(
        &self,
    ) -> impl Future<Output = Result<Vec<Live<TargetGroup>>, CloudError>> + Send;
    /// The tags of load balancers, target groups, listeners or rules; one call for each 20 (AWS).
    /// What AWS no longer knows is left out.
    fn tags(
        &self,
        ids: &[AwsId],
    ) -> impl Future<Output = Result<Vec<(AwsId, Tags)>, CloudError>> + Send;
    /// The listeners of a load balancer, without tags and rules, with all of their certificates.
    fn listeners(
        &self,
        load_balancer: &AwsId,
    ) -> impl Future<Output = Result<Vec<LiveListener>, CloudError>> + Send;
    /// The rules of a listener but the default one, by priority, without tags.
    fn rules(
        &self,
        listener: &AwsId,
    ) -> impl Future<Output = Result<Vec<LiveRule>, CloudError>> + Send;
    /// The attributes of a load balancer.
    fn load_balancer_attributes(
        &self,
        load_balancer: &AwsId,
    ) -> impl Future<Output = Result<Attributes, CloudError>> + Send;
    /// The attributes of a target group.
    fn target_group_attributes(
        &self,
        target_group: &AwsId,
    ) -> impl Future<Output = Result<Attributes, CloudError>> + Send;
    /// What is registered in a target group, draining targets included.
    fn targets(
        &self,
        target_group: &AwsId,
    ) -> impl Future<Output = Result<Vec<LiveTarget>, CloudError>> + Send;
    /// The imported certificates of the region, whatever their keys.
    fn certificates(&self) -> impl Future<Output = Result<Vec<AwsId>, CloudError>> + Send;
    /// The tags of a certificate.
    fn certificate_tags(
        &self,
        certificate: &AwsId,
    ) -> impl Future<Output = Result<Tags, CloudError>> + Send;
    /// What makes a certificate this one.
    fn certificate(
        &self,
        certificate: &AwsId,
    ) -> impl Future<Output = Result<CertificateFacts, CloudError>> + Send;
    /// The account's hosted zones.
    fn zones(&self) -> impl Future<Output = Result<Vec<HostedZone>, CloudError>> + Send;
    /// The records of a hosted zone, of the types that are looked at.
    fn records(&self, zone: &AwsId)
    -> impl Future<Output = Result<Vec<Record>, CloudError>> + Send;
    /// Waits until a write may go out, as far as the limits to our own calls are concerned. Nothing
    /// limits them where nobody says so.
    fn turn(&self, action: &AwsAction) -> impl Future<Output = ()> + Send {
        let _ = action;
        std::future::ready(())
    }
    /// The one write: exactly one API call. Every identifier in the action has been given.
    ///
    /// Answers with what AWS tells of the thing that was made or changed.
    fn perform(
        &self,
        action: &AwsAction,
    ) -> impl Future<Output = Result<Answer, CloudError>> + Send;
}
