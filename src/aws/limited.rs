//! AWS, called no faster than is allowed.

use super::answer::Answer;
use super::error::CloudError;
use super::limits::Turns;
use super::{Cloud, ReadLoadBalancer, ReadSecurityGroup, ReadVpc};
use crate::model::action::AwsAction;
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::known::Live;
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::record::{HostedZone, Record};
use crate::model::surroundings::Interface;
use crate::model::target::LiveTarget;
use crate::model::target_group::TargetGroup;

const ELB: &str = "Elastic Load Balancing v2";
const EC2: &str = "EC2";
const ACM: &str = "ACM";
const ROUTE53: &str = "Route 53";
/// Things whose tags are read with one call (AWS).
const TAG_IDS_MAX: usize = 20;

/// AWS, called no faster than is allowed. A read takes one turn, however many pages it has: AWS's
/// pages are far larger than a VPC's load balancing.
#[derive(Clone, Debug)]
pub struct Limited<C> {
    cloud: C,
    turns: Turns,
}

impl<C> Limited<C> {
    /// Takes turns before each call.
    pub fn new(cloud: C, turns: Turns) -> Self {
        Self { cloud, turns }
    }
}

impl<C: Cloud> Cloud for Limited<C> {
    async fn vpc(&self) -> Result<ReadVpc, CloudError> {
        self.turns.wait(EC2, "DescribeSubnets").await;
        self.cloud.vpc().await
    }

    async fn interfaces(&self) -> Result<Vec<Interface>, CloudError> {
        self.turns.wait(EC2, "DescribeNetworkInterfaces").await;
        self.cloud.interfaces().await
    }

    async fn security_groups(&self) -> Result<Vec<ReadSecurityGroup>, CloudError> {
        self.turns.wait(EC2, "DescribeSecurityGroups").await;
        self.cloud.security_groups().await
    }

    async fn load_balancers(&self) -> Result<Vec<ReadLoadBalancer>, CloudError> {
        self.turns.wait(ELB, "DescribeLoadBalancers").await;
        self.cloud.load_balancers().await
    }

    async fn target_groups(&self) -> Result<Vec<Live<TargetGroup>>, CloudError> {
        self.turns.wait(ELB, "DescribeTargetGroups").await;
        self.cloud.target_groups().await
    }

    async fn tags(&self, ids: &[AwsId]) -> Result<Vec<(AwsId, Tags)>, CloudError> {
        for _ in ids.chunks(TAG_IDS_MAX) {
            self.turns.wait(ELB, "DescribeTags").await;
        }
        self.cloud.tags(ids).await
    }

    async fn listeners(&self, load_balancer: &AwsId) -> Result<Vec<LiveListener>, CloudError> {
        self.turns.wait(ELB, "DescribeListeners").await;
        self.cloud.listeners(load_balancer).await
    }

    async fn rules(&self, listener: &AwsId) -> Result<Vec<LiveRule>, CloudError> {
        self.turns.wait(ELB, "DescribeRules").await;
        self.cloud.rules(listener).await
    }

    async fn load_balancer_attributes(
        &self,
        load_balancer: &AwsId,
    ) -> Result<Attributes, CloudError> {
        self.turns.wait(ELB, "DescribeLoadBalancerAttributes").await;
        self.cloud.load_balancer_attributes(load_balancer).await
    }

    async fn target_group_attributes(
        &self,
        target_group: &AwsId,
    ) -> Result<Attributes, CloudError> {
        self.turns.wait(ELB, "DescribeTargetGroupAttributes").await;
        self.cloud.target_group_attributes(target_group).await
    }

    async fn targets(&self, target_group: &AwsId) -> Result<Vec<LiveTarget>, CloudError> {
        self.turns.wait(ELB, "DescribeTargetHealth").await;
        self.cloud.targets(target_group).await
    }

    async fn certificates(&self) -> Result<Vec<AwsId>, CloudError> {
        self.turns.wait(ACM, "ListCertificates").await;
        self.cloud.certificates().await
    }

    async fn certificate_tags(&self, certificate: &AwsId) -> Result<Tags, CloudError> {
        self.turns.wait(ACM, "ListTagsForCertificate").await;
        self.cloud.certificate_tags(certificate).await
    }

    async fn certificate(&self, certificate: &AwsId) -> Result<CertificateFacts, CloudError> {
        self.turns.wait(ACM, "DescribeCertificate").await;
        self.cloud.certificate(certificate).await
    }

    async fn zones(&self) -> Result<Vec<HostedZone>, CloudError> {
        self.turns.wait(ROUTE53, "ListHostedZones").await;
        self.cloud.zones().await
    }

    async fn records(&self, zone: &AwsId) -> Result<Vec<Record>, CloudError> {
        self.turns.wait(ROUTE53, "ListResourceRecordSets").await;
        self.cloud.records(zone).await
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let (service, operation) = action.operation();
        let service = match service {
            "elbv2" => ELB,
            "ec2" => EC2,
            "acm" => ACM,
            "route53" => ROUTE53,
            other => other,
        };
        self.turns.wait(service, operation).await;
        self.cloud.perform(action).await
    }
}
