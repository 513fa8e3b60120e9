//! Load balancers, of both kinds.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{
    IpamPools, LoadBalancer as Raw, LoadBalancerAttribute, LoadBalancerStateEnum,
    LoadBalancerTypeEnum, MinimumLoadBalancerCapacity, RemoveIpamPoolEnum, SubnetMapping,
};
use jiff::Timestamp;

use super::{PAGE_SIZE, tag};
use crate::aws::ReadLoadBalancer;
use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::{AwsId, Id};
use crate::model::known::Live;
use crate::model::load_balancer::{
    Attributes, IpAddressType, LoadBalancer, LoadBalancerKind, LoadBalancerState, Scheme,
};
use crate::model::marks::Tags;

/// The VPC's load balancers, and the DNS names of whatever else stands.
pub(in crate::aws) async fn list(
    sdk: &Sdk,
) -> Result<(Vec<ReadLoadBalancer>, BTreeSet<AwsId>), CloudError> {
    let found = sdk
        .pages("elbv2.DescribeLoadBalancers", |token| async move {
            let page = sdk.elb.describe_load_balancers().page_size(PAGE_SIZE).set_marker(token);
            page.send().await.map(|answer| (answer.load_balancers, answer.next_marker))
        })
        .await?;
    let (mut here, mut elsewhere) = (Vec::new(), BTreeSet::new());
    for found in &found {
        let read = read(found).filter(|_| found.vpc_id() == Some(sdk.vpc.as_str()));
        match (read, found.dns_name()) {
            (Some(read), _) => here.push(read),
            (None, Some(name)) => _ = elsewhere.insert(AwsId::new(name.to_lowercase())),
            (None, None) => {}
        }
    }
    Ok((here, elsewhere))
}

/// Since when the region's load balancers stand.
pub(in crate::aws) async fn ages(sdk: &Sdk) -> Result<Vec<(AwsId, Timestamp)>, CloudError> {
    let found = sdk
        .pages("elbv2.DescribeLoadBalancers", |token| async move {
            let page = sdk.elb.describe_load_balancers().page_size(PAGE_SIZE).set_marker(token);
            page.send().await.map(|answer| (answer.load_balancers, answer.next_marker))
        })
        .await?;
    let ages = found.iter().filter_map(|raw| {
        let since = Timestamp::from_second(raw.created_time()?.secs()).ok()?;
        Some((AwsId::new(raw.load_balancer_arn()?), since))
    });
    Ok(ages.collect())
}

/// The attributes of a load balancer.
pub(in crate::aws) async fn attributes(sdk: &Sdk, id: &AwsId) -> Result<Attributes, CloudError> {
    const OPERATION: &str = "elbv2.DescribeLoadBalancerAttributes";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk
        .elb
        .describe_load_balancer_attributes()
        .load_balancer_arn(id.as_str())
        .send()
        .await
        .map_err(refused(OPERATION))?;
    Ok(read_attributes(answer.attributes()))
}

fn read_attributes(raw: &[LoadBalancerAttribute]) -> Attributes {
    let pairs = raw.iter();
    pairs.filter_map(|pair| Some((pair.key.clone()?, pair.value.clone()?))).collect()
}

/// The capacity units that AWS keeps ready for a load balancer, if it does.
pub(in crate::aws) async fn capacity(sdk: &Sdk, id: &AwsId) -> Result<Option<u32>, CloudError> {
    const OPERATION: &str = "elbv2.DescribeCapacityReservation";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk
        .elb
        .describe_capacity_reservation()
        .load_balancer_arn(id.as_str())
        .send()
        .await
        .map_err(refused(OPERATION))?;
    let units = answer
        .minimum_load_balancer_capacity()
        .and_then(MinimumLoadBalancerCapacity::capacity_units);
    Ok(units.and_then(|units| u32::try_from(units).ok()))
}

pub(in crate::aws) async fn create(
    call: &Call<'_>,
    spec: &LoadBalancer,
) -> Result<Answer, CloudError> {
    let answer = call
        .sdk
        .elb
        .create_load_balancer()
        .name(&spec.name)
        .r#type(spec.kind.as_str().into())
        .scheme(spec.scheme.as_str().into())
        .ip_address_type(spec.ip_address_type.as_str().into())
        .set_subnet_mappings(Some(mappings(&spec.subnets, &spec.allocations)))
        .set_security_groups(Some(given(call, &spec.security_groups)?))
        .set_ipam_pools(spec.ipv4_pool.as_deref().map(raw_pool))
        .set_customer_owned_ipv4_pool(spec.customer_owned_pool.clone())
        .set_tags(tag::raw(&spec.tags))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    let made = answer.load_balancers().iter().find_map(read);
    made.map(Answer::LoadBalancer)
        .ok_or_else(|| CloudError::incomplete(&call.operation, "the load balancer"))
}

pub(in crate::aws) async fn modify_attributes(
    call: &Call<'_>,
    id: &Id,
    attributes: &Attributes,
) -> Result<Answer, CloudError> {
    let pairs = attributes.iter().map(|(key, value)| {
        LoadBalancerAttribute::builder().key(key.as_str()).value(value.as_str()).build()
    });
    let answer = call
        .sdk
        .elb
        .modify_load_balancer_attributes()
        .load_balancer_arn(call.given(id)?.as_str())
        .set_attributes(Some(pairs.collect()))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Attributes(read_attributes(answer.attributes())))
}

pub(in crate::aws) async fn set_security_groups(
    call: &Call<'_>,
    id: &AwsId,
    security_groups: &[Id],
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .set_security_groups()
        .load_balancer_arn(id.as_str())
        .set_security_groups(Some(given(call, security_groups)?))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn set_subnets(
    call: &Call<'_>,
    id: &AwsId,
    (subnets, allocations): (&[AwsId], &[AwsId]),
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .set_subnets()
        .load_balancer_arn(id.as_str())
        .set_subnet_mappings(Some(mappings(subnets, allocations)))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn set_ip_address_type(
    call: &Call<'_>,
    id: &AwsId,
    ip_address_type: IpAddressType,
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .set_ip_address_type()
        .load_balancer_arn(id.as_str())
        .ip_address_type(ip_address_type.as_str().into())
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn modify_ip_pools(
    call: &Call<'_>,
    id: &AwsId,
    pool: Option<&str>,
) -> Result<Answer, CloudError> {
    let request = call.sdk.elb.modify_ip_pools().load_balancer_arn(id.as_str());
    let request = match pool {
        Some(pool) => request.ipam_pools(raw_pool(pool)),
        None => request.remove_ipam_pools(RemoveIpamPoolEnum::Ipv4),
    };
    request.send().await.map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn reserve(
    call: &Call<'_>,
    id: &Id,
    units: u32,
) -> Result<Answer, CloudError> {
    let id = call.given(id)?;
    let request = call.sdk.elb.modify_capacity_reservation().load_balancer_arn(id.as_str());
    let request = match i32::try_from(units) {
        Ok(0) => request.reset_capacity_reservation(true),
        units => request.minimum_load_balancer_capacity(
            MinimumLoadBalancerCapacity::builder()
                .capacity_units(units.unwrap_or(i32::MAX))
                .build(),
        ),
    };
    request.send().await.map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

/// Subnets with the Elastic IP addresses to have there, in the same order, if there are any.
fn mappings(subnets: &[AwsId], allocations: &[AwsId]) -> Vec<SubnetMapping> {
    let one = |(place, id): (usize, &AwsId)| {
        let allocation = allocations.get(place).map(ToString::to_string);
        SubnetMapping::builder().subnet_id(id.as_str()).set_allocation_id(allocation).build()
    };
    subnets.iter().enumerate().map(one).collect()
}

fn raw_pool(pool: &str) -> IpamPools {
    IpamPools::builder().ipv4_ipam_pool_id(pool).build()
}

pub(in crate::aws) async fn delete(call: &Call<'_>, id: &AwsId) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .delete_load_balancer()
        .load_balancer_arn(id.as_str())
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

fn given(call: &Call<'_>, ids: &[Id]) -> Result<Vec<String>, CloudError> {
    ids.iter().map(|id| Ok(call.given(id)?.to_string())).collect()
}

/// A load balancer from AWS's shape; `None` for a kind that the model does not have.
fn read(raw: &Raw) -> Option<ReadLoadBalancer> {
    let kind = match raw.r#type()? {
        LoadBalancerTypeEnum::Application => LoadBalancerKind::Application,
        LoadBalancerTypeEnum::Network => LoadBalancerKind::Network,
        _ => return None,
    };
    let mut subnets: Vec<_> = raw
        .availability_zones()
        .iter()
        .filter_map(|zone| zone.subnet_id().map(AwsId::new))
        .collect();
    // AWS promises no order, and none counts: the same state should read the same.
    subnets.sort();
    let mut security_groups: Vec<_> =
        raw.security_groups().iter().map(|id| Id::Is(AwsId::new(id.as_str()))).collect();
    security_groups.sort();
    let ipv4_pool = raw.ipam_pools().and_then(|pools| pools.ipv4_ipam_pool_id());
    Some(ReadLoadBalancer {
        live: Live {
            id: AwsId::new(raw.load_balancer_arn()?),
            spec: LoadBalancer {
                kind,
                name: raw.load_balancer_name()?.to_owned(),
                scheme: scheme(raw.scheme()?.as_str())?,
                ip_address_type: ip_address_type(raw.ip_address_type()?.as_str())?,
                ipv4_pool: ipv4_pool.map(str::to_owned),
                customer_owned_pool: raw.customer_owned_ipv4_pool().map(str::to_owned),
                subnets,
                allocations: Vec::new(),
                security_groups,
                tags: Tags::new(),
            },
        },
        dns_name: raw.dns_name().unwrap_or_default().to_owned(),
        hosted_zone: AwsId::new(raw.canonical_hosted_zone_id().unwrap_or_default()),
        state: state(raw.state().and_then(|state| state.code())),
    })
}

fn scheme(text: &str) -> Option<Scheme> {
    [Scheme::Internal, Scheme::InternetFacing].into_iter().find(|known| known.as_str() == text)
}

fn ip_address_type(text: &str) -> Option<IpAddressType> {
    let all =
        [IpAddressType::Ipv4, IpAddressType::Dualstack, IpAddressType::DualstackWithoutPublicIpv4];
    all.into_iter().find(|known| known.as_str() == text)
}

/// An impaired load balancer takes traffic; one of a state unknown to us is treated as not yet
/// done.
fn state(raw: Option<&LoadBalancerStateEnum>) -> LoadBalancerState {
    match raw {
        Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => {
            LoadBalancerState::Active
        }
        Some(LoadBalancerStateEnum::Failed) => LoadBalancerState::Failed,
        _ => LoadBalancerState::Provisioning,
    }
}
