//! Looks at AWS with the type of what they find.

use albedo::aws::{Cloud, CloudError, Part, ReadLoadBalancer, ReadSecurityGroup, Reading};
use albedo::model::id::AwsId;
use albedo::model::inventory::{LiveListener, LiveRule};
use albedo::model::known::Live;
use albedo::model::load_balancer::Attributes;
use albedo::model::marks::Tags;
use albedo::model::record::{HostedZone, Record};
use albedo::model::surroundings::Vpc;
use albedo::model::target::LiveTarget;
use albedo::model::target_group::TargetGroup;

macro_rules! looks {
    ($(
        $name:ident($($id:ident: $of:ty)?) -> $found:ty:
            $part:expr, $reading:pat => $value:expr;
    )*) => {
        /// Any AWS, asked for one part at a time.
        pub trait Looks: Cloud {
            $(
                fn $name(
                    &self,
                    $($id: $of)?
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
    vpc() -> Vpc: Part::Vpc, Reading::Vpc(found) => found;
    security_groups() -> Vec<ReadSecurityGroup>:
        Part::SecurityGroups, Reading::SecurityGroups(found) => found;
    load_balancers() -> Vec<ReadLoadBalancer>:
        Part::LoadBalancers, Reading::LoadBalancers(found) => found;
    target_groups() -> Vec<Live<TargetGroup>>:
        Part::TargetGroups, Reading::TargetGroups(found) => found;
    tags(ids: &[AwsId]) -> Vec<(AwsId, Tags)>:
        Part::Tags(ids.to_vec()), Reading::Tags(found) => found;
    listeners(id: &AwsId) -> Vec<LiveListener>:
        Part::Listeners(id.clone()), Reading::Listeners(_, found) => found;
    rules(id: &AwsId) -> Vec<LiveRule>:
        Part::Rules(id.clone()), Reading::Rules(_, found) => found;
    load_balancer_attributes(id: &AwsId) -> Attributes:
        Part::LoadBalancerAttributes(id.clone()),
        Reading::LoadBalancerAttributes(_, found) => found;
    target_group_attributes(id: &AwsId) -> Attributes:
        Part::TargetGroupAttributes(id.clone()), Reading::TargetGroupAttributes(_, found) => found;
    targets(id: &AwsId) -> Vec<LiveTarget>:
        Part::Targets(id.clone()), Reading::Targets(_, found) => found;
    zones() -> Vec<HostedZone>: Part::Zones, Reading::Zones(found) => found;
    records(id: &AwsId) -> Vec<Record>:
        Part::Records(id.clone()), Reading::Records(_, found) => found;
}

impl<C: Cloud> Looks for C {}
