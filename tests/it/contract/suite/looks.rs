//! Looks at AWS with the type of what they find.

use std::collections::BTreeMap;

use albedo::aws::{
    AcmPart, AcmReading, Cloud, CloudError, Ec2Part, Ec2Reading, ElbPart, ElbReading, ListedImport,
    ListedRequest, Part, ReadLoadBalancer, ReadSecurityGroup, Reading, Route53Part, Route53Reading,
    ShieldPart, ShieldReading, Wafv2Part, Wafv2Reading,
};
use albedo::model::account_limits::AccountLimits;
use albedo::model::certificate::CertificateFacts;
use albedo::model::id::AwsId;
use albedo::model::inventory::{LiveListener, LiveRule};
use albedo::model::known::Live;
use albedo::model::load_balancer::Attributes;
use albedo::model::marks::Tags;
use albedo::model::protection::{LiveWebAcl, ShieldProtection};
use albedo::model::record::{HostedZone, Record};
use albedo::model::request::RequestFacts;
use albedo::model::surroundings::{IssuedCertificate, IssuedDetail, Vpc};
use albedo::model::target::LiveTarget;
use albedo::model::target_group::TargetGroup;

macro_rules! looks {
    ($(
        $name:ident($($id:ident: $of:ty),*) -> $found:ty:
            $part:expr, $reading:pat => $value:expr;
    )*) => {
        /// Any AWS, asked for one part at a time.
        pub trait Looks: Cloud {
            $(
                fn $name(
                    &self,
                    $($id: $of),*
                ) -> impl Future<Output = Result<$found, CloudError>> + Send {
                    let part = $part;
                    async move {
                        match self.read(&part).await? {
                            $reading => Ok($value),
                            other => panic!("{part:?}: {other:?}"),
                        }
                    }
                }
            )*
        }
    };
}

looks! {
    vpc() -> Vpc: Part::Ec2(Ec2Part::Vpc), Reading::Ec2(Ec2Reading::Vpc(found)) => found;
    security_groups() -> Vec<ReadSecurityGroup>:
        Part::Ec2(Ec2Part::SecurityGroups),
        Reading::Ec2(Ec2Reading::SecurityGroups(found)) => found;
    load_balancers() -> Vec<ReadLoadBalancer>:
        Part::Elb(ElbPart::LoadBalancers),
        Reading::Elb(ElbReading::LoadBalancers(found, _)) => found;
    target_groups() -> Vec<Live<TargetGroup>>:
        Part::Elb(ElbPart::TargetGroups), Reading::Elb(ElbReading::TargetGroups(found)) => found;
    tags(ids: &[AwsId]) -> Vec<(AwsId, Tags)>:
        Part::Tags(ids.to_vec()), Reading::Tags(found) => found;
    listeners(id: &AwsId) -> Vec<LiveListener>:
        Part::Elb(ElbPart::Listeners(id.clone())),
        Reading::Elb(ElbReading::Listeners(_, found)) => found;
    rules(id: &AwsId) -> Vec<LiveRule>:
        Part::Elb(ElbPart::Rules(id.clone())), Reading::Elb(ElbReading::Rules(_, found)) => found;
    load_balancer_attributes(id: &AwsId) -> Attributes:
        Part::Elb(ElbPart::LoadBalancerAttributes(id.clone())),
        Reading::Elb(ElbReading::LoadBalancerAttributes(_, found)) => found;
    capacity(id: &AwsId) -> Option<u32>: Part::Elb(ElbPart::Capacity(id.clone())),
        Reading::Elb(ElbReading::Capacity(_, found)) => found;
    listener_attributes(id: &AwsId) -> Attributes:
        Part::Elb(ElbPart::ListenerAttributes(id.clone())),
        Reading::Elb(ElbReading::ListenerAttributes(_, found)) => found;
    target_group_attributes(id: &AwsId) -> Attributes:
        Part::Elb(ElbPart::TargetGroupAttributes(id.clone())),
        Reading::Elb(ElbReading::TargetGroupAttributes(_, found)) => found;
    targets(id: &AwsId) -> Vec<LiveTarget>:
        Part::Elb(ElbPart::Targets(id.clone())),
        Reading::Elb(ElbReading::Targets(_, found)) => found;
    issued() -> Vec<IssuedCertificate>: Part::Acm(AcmPart::Issued),
        Reading::Acm(AcmReading::Issued(found)) => found;
    issued_detail(id: &AwsId) -> IssuedDetail: Part::Acm(AcmPart::IssuedDetail(id.clone())),
        Reading::Acm(AcmReading::IssuedDetail(_, found)) => found;
    imported() -> Vec<ListedImport>: Part::Acm(AcmPart::Certificates),
        Reading::Acm(AcmReading::Certificates(found)) => found;
    imported_detail(id: &AwsId) -> CertificateFacts:
        Part::Acm(AcmPart::Certificate(id.clone())),
        Reading::Acm(AcmReading::Certificate(_, found)) => found;
    requested() -> Vec<ListedRequest>: Part::Acm(AcmPart::Requested),
        Reading::Acm(AcmReading::Requested(found)) => found;
    request(id: &AwsId) -> RequestFacts: Part::Acm(AcmPart::Request(id.clone())),
        Reading::Acm(AcmReading::Request(_, found)) => found;
    certificates_tagged(key: &'static str) -> Vec<(AwsId, Tags)>:
        Part::Acm(AcmPart::Tagged(key)), Reading::Acm(AcmReading::Tagged(found)) => found;
    target_group_named(name: &str) -> AwsId:
        Part::Elb(ElbPart::TargetGroupNamed(name.to_owned())),
        Reading::Elb(ElbReading::TargetGroupNamed(_, found)) => found;
    trust_stores() -> BTreeMap<String, AwsId>: Part::Elb(ElbPart::TrustStores),
        Reading::Elb(ElbReading::TrustStores(found)) => found;
    account_limits() -> AccountLimits: Part::Elb(ElbPart::AccountLimits),
        Reading::Elb(ElbReading::AccountLimits(found)) => found;
    zones() -> Vec<(HostedZone, usize)>: Part::Route53(Route53Part::Zones),
        Reading::Route53(Route53Reading::Zones(found)) => found;
    records(id: &AwsId) -> Vec<Record>:
        Part::Route53(Route53Part::Records(id.clone())),
        Reading::Route53(Route53Reading::Records(_, found)) => found;
    named(id: &AwsId, name: &str) -> Vec<Record>:
        Part::Route53(Route53Part::Named(id.clone(), name.to_owned())),
        Reading::Route53(Route53Reading::Named(_, _, found)) => found;
    in_sync(change: &AwsId) -> bool:
        Part::Route53(Route53Part::Change(change.clone())),
        Reading::Route53(Route53Reading::Change(_, found)) => found;
    web_acls() -> Vec<LiveWebAcl>:
        Part::Wafv2(Wafv2Part::WebAcls), Reading::Wafv2(Wafv2Reading::WebAcls(found)) => found;
    web_acl_of(id: &AwsId) -> Option<AwsId>:
        Part::Wafv2(Wafv2Part::WebAclOf(id.clone())),
        Reading::Wafv2(Wafv2Reading::WebAclOf(_, found)) => found;
    is_subscribed() -> bool:
        Part::Shield(ShieldPart::Subscription),
        Reading::Shield(ShieldReading::Subscription(found)) => found;
    protection_of(id: &AwsId) -> ShieldProtection:
        Part::Shield(ShieldPart::ProtectionOf(id.clone())),
        Reading::Shield(ShieldReading::ProtectionOf(_, found)) => found;
}

impl<C: Cloud> Looks for C {}
