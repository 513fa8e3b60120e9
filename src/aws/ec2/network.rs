//! The VPC, its subnets and its network interfaces.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    NetworkInterface, NetworkInterfaceAttachment, RouteTable, Subnet as RawSubnet,
    SubnetCidrBlockStateCode, Vpc as RawVpc, VpcCidrBlockState, VpcCidrBlockStateCode,
};

use super::{PAGE_SIZE, in_vpc, read_tags};
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::AwsId;
use crate::model::surroundings::{Interface, Subnet, Vpc};

/// The largest page of `DescribeRouteTables` (AWS).
const ROUTE_TABLES_PAGE_SIZE: i32 = 100;
/// Start of the id of an internet gateway.
const INTERNET_GATEWAY_PREFIX: &str = "igw";
/// Start of the description of the interfaces of load balancers; no pod or node is behind them.
const LOAD_BALANCER_INTERFACE_PREFIX: &str = "ELB ";
/// What AWS calls an ordinary zone.
const ORDINARY_ZONE: &str = "availability-zone";
/// Where a subnet on customers' own premises is.
const OUTPOST: &str = "outpost";

/// The VPC's CIDRs and subnets.
pub(in crate::aws) async fn vpc(sdk: &Sdk) -> Result<Vpc, CloudError> {
    let (vpc, subnets, tables, zone_types) =
        tokio::try_join!(describe(sdk), subnets(sdk), route_tables(sdk), zone_types(sdk))?;
    let public = Routes::read(&tables);
    let subnets = subnets.iter().filter_map(|raw| {
        let id = AwsId::new(raw.subnet_id()?);
        let zone = raw.availability_zone()?.to_owned();
        let locale = if raw.outpost_arn().is_some() {
            OUTPOST
        } else {
            zone_types.get(&zone).map_or(ORDINARY_ZONE, String::as_str)
        };
        let subnet = Subnet {
            locale: locale.to_owned(),
            zone,
            free_addresses: raw.available_ip_address_count().unwrap_or_default(),
            has_ipv6: has_ipv6(raw),
            is_public: public.leads_out(&id),
            tags: read_tags(raw.tags()),
        };
        Some((id, subnet))
    });
    Ok(Vpc { id: sdk.vpc.clone(), cidrs: cidrs(&vpc), subnets: subnets.collect() })
}

/// The VPC's network interfaces, but for those of load balancers.
pub(in crate::aws) async fn interfaces(sdk: &Sdk) -> Result<Vec<Interface>, CloudError> {
    let found = sdk
        .pages("ec2.DescribeNetworkInterfaces", |token| async move {
            let page = sdk
                .ec2
                .describe_network_interfaces()
                .filters(in_vpc(sdk))
                .max_results(PAGE_SIZE)
                .set_next_token(token);
            page.send().await.map(|answer| (answer.network_interfaces, answer.next_token))
        })
        .await?;
    let mut interfaces: Vec<Interface> = found.iter().filter_map(read_interface).collect();
    interfaces.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(interfaces)
}

async fn describe(sdk: &Sdk) -> Result<RawVpc, CloudError> {
    const OPERATION: &str = "ec2.DescribeVpcs";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk
        .ec2
        .describe_vpcs()
        .vpc_ids(sdk.vpc.as_str())
        .send()
        .await
        .map_err(refused(OPERATION))?;
    let vpc = answer.vpcs.unwrap_or_default().into_iter().next();
    vpc.ok_or_else(|| CloudError::incomplete(OPERATION, &format!("the VPC {}", sdk.vpc)))
}

async fn subnets(sdk: &Sdk) -> Result<Vec<RawSubnet>, CloudError> {
    sdk.pages("ec2.DescribeSubnets", |token| async move {
        let page = sdk
            .ec2
            .describe_subnets()
            .filters(in_vpc(sdk))
            .max_results(PAGE_SIZE)
            .set_next_token(token);
        page.send().await.map(|answer| (answer.subnets, answer.next_token))
    })
    .await
}

async fn route_tables(sdk: &Sdk) -> Result<Vec<RouteTable>, CloudError> {
    sdk.pages("ec2.DescribeRouteTables", |token| async move {
        let page = sdk
            .ec2
            .describe_route_tables()
            .filters(in_vpc(sdk))
            .max_results(ROUTE_TABLES_PAGE_SIZE)
            .set_next_token(token);
        page.send().await.map(|answer| (answer.route_tables, answer.next_token))
    })
    .await
}

/// What kind of zone each zone of the region is.
async fn zone_types(sdk: &Sdk) -> Result<BTreeMap<String, String>, CloudError> {
    const OPERATION: &str = "ec2.DescribeAvailabilityZones";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk.ec2.describe_availability_zones().send().await.map_err(refused(OPERATION))?;
    let zones = answer.availability_zones().iter();
    Ok(zones
        .filter_map(|zone| Some((zone.zone_name()?.to_owned(), zone.zone_type()?.to_owned())))
        .collect())
}

/// Which subnets' routes lead to an internet gateway.
#[derive(Debug, Default)]
struct Routes {
    by_subnet: BTreeMap<AwsId, bool>,
    main: bool,
}

impl Routes {
    fn read(tables: &[RouteTable]) -> Self {
        let mut routes = Self::default();
        for table in tables {
            let leads_out = table.routes().iter().any(|route| {
                route.gateway_id().is_some_and(|id| id.starts_with(INTERNET_GATEWAY_PREFIX))
            });
            for association in table.associations() {
                match association.subnet_id() {
                    Some(subnet) => {
                        routes.by_subnet.insert(AwsId::new(subnet), leads_out);
                    }
                    None if association.main() == Some(true) => routes.main = leads_out,
                    None => {}
                }
            }
        }
        routes
    }

    /// A subnet that names no route table has the VPC's main one.
    fn leads_out(&self, subnet: &AwsId) -> bool {
        self.by_subnet.get(subnet).copied().unwrap_or(self.main)
    }
}

fn cidrs(vpc: &RawVpc) -> Vec<String> {
    let stands = |state: Option<&VpcCidrBlockState>| {
        state.is_none_or(|state| state.state() == Some(&VpcCidrBlockStateCode::Associated))
    };
    let v4 = vpc.cidr_block_association_set().iter();
    let v4 = v4
        .filter(|block| stands(block.cidr_block_state()))
        .filter_map(|block| block.cidr_block().map(str::to_owned));
    let v6 = vpc.ipv6_cidr_block_association_set().iter();
    let v6 = v6
        .filter(|block| stands(block.ipv6_cidr_block_state()))
        .filter_map(|block| block.ipv6_cidr_block().map(str::to_owned));
    v4.chain(v6).collect()
}

fn has_ipv6(subnet: &RawSubnet) -> bool {
    subnet.ipv6_cidr_block_association_set().iter().any(|block| {
        block
            .ipv6_cidr_block_state()
            .is_none_or(|state| state.state() == Some(&SubnetCidrBlockStateCode::Associated))
    })
}

fn read_interface(raw: &NetworkInterface) -> Option<Interface> {
    if raw.description().is_some_and(|text| text.starts_with(LOAD_BALANCER_INTERFACE_PREFIX)) {
        return None;
    }
    let v4 = raw.private_ip_addresses().iter().filter_map(|address| address.private_ip_address());
    let v6 = raw.ipv6_addresses().iter().filter_map(|address| address.ipv6_address());
    let addresses: BTreeSet<String> = v4.chain(v6).map(str::to_owned).collect();
    let v4 = raw.ipv4_prefixes().iter().filter_map(|prefix| prefix.ipv4_prefix());
    let v6 = raw.ipv6_prefixes().iter().filter_map(|prefix| prefix.ipv6_prefix());
    Some(Interface {
        id: AwsId::new(raw.network_interface_id()?),
        addresses,
        prefixes: v4.chain(v6).map(str::to_owned).collect(),
        security_groups: raw
            .groups()
            .iter()
            .filter_map(|group| group.group_id().map(AwsId::new))
            .collect(),
        instance: raw.attachment().and_then(first_of),
    })
}

/// The instance whose first interface is attached so.
fn first_of(attachment: &NetworkInterfaceAttachment) -> Option<AwsId> {
    let is_first = attachment.device_index() == Some(0)
        && attachment.network_card_index().unwrap_or_default() == 0;
    attachment.instance_id().filter(|_| is_first).map(AwsId::new)
}
