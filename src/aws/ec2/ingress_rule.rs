//! Rules of security groups: AWS keeps many sources in one permission, the model one in each rule.

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};

use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::model::id::{AwsId, Id};
use crate::model::security::{ALL_PROTOCOLS, IngressRule, Peer};

/// The protocols whose "ports" are a type and a code, and for which AWS takes -1 as "any".
const TYPED_PROTOCOLS: [&str; 4] = ["icmp", "icmpv6", "1", "58"];
/// "Any" type or code.
const ANY: i32 = -1;
/// How the model holds "any": no type or code is that large.
const ANY_HELD: u16 = u16::MAX;

/// A rule as AWS takes it: a permission with a single source.
pub(super) fn raw(
    call: &Call<'_>,
    rule: &IngressRule,
    description: &str,
) -> Result<IpPermission, CloudError> {
    let mut permission = IpPermission::builder().ip_protocol(&rule.protocol);
    if rule.protocol != ALL_PROTOCOLS {
        permission = permission
            .from_port(raw_port(&rule.protocol, rule.from_port))
            .to_port(raw_port(&rule.protocol, rule.to_port));
    }
    Ok(match &rule.source {
        Peer::Cidr(cidr) => {
            permission.ip_ranges(IpRange::builder().cidr_ip(cidr).description(description).build())
        }
        Peer::Cidr6(cidr) => permission
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).description(description).build()),
        Peer::PrefixList(list) => permission.prefix_list_ids(
            PrefixListId::builder().prefix_list_id(list).description(description).build(),
        ),
        Peer::Group(group) => permission.user_id_group_pairs(
            UserIdGroupPair::builder()
                .group_id(call.given(group)?.as_str())
                .description(description)
                .build(),
        ),
    }
    .build())
}

/// A permission as AWS tells it: a rule with its description for each source.
pub(super) fn read(raw: &IpPermission) -> impl Iterator<Item = (IngressRule, String)> + '_ {
    let protocol = raw.ip_protocol().unwrap_or(ALL_PROTOCOLS);
    let v4 = raw
        .ip_ranges()
        .iter()
        .filter_map(|range| Some((Peer::Cidr(range.cidr_ip()?.to_owned()), range.description())));
    let v6 = raw.ipv6_ranges().iter().filter_map(|range| {
        Some((Peer::Cidr6(range.cidr_ipv6()?.to_owned()), range.description()))
    });
    let lists = raw.prefix_list_ids().iter().filter_map(|list| {
        Some((Peer::PrefixList(list.prefix_list_id()?.to_owned()), list.description()))
    });
    let groups = raw.user_id_group_pairs().iter().filter_map(|pair| {
        Some((Peer::Group(Id::Is(AwsId::new(pair.group_id()?))), pair.description()))
    });
    v4.chain(v6).chain(lists).chain(groups).map(move |(source, description)| {
        let rule = IngressRule {
            protocol: protocol.to_owned(),
            from_port: read_port(protocol, raw.from_port()),
            to_port: read_port(protocol, raw.to_port()),
            source,
        };
        (rule, description.unwrap_or_default().to_owned())
    })
}

fn raw_port(protocol: &str, port: u16) -> i32 {
    if port == ANY_HELD && TYPED_PROTOCOLS.contains(&protocol) { ANY } else { port.into() }
}

fn read_port(protocol: &str, port: Option<i32>) -> u16 {
    match port {
        Some(ANY) if TYPED_PROTOCOLS.contains(&protocol) => ANY_HELD,
        Some(port) => u16::try_from(port).unwrap_or_default(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(protocol: &str, from: Option<i32>, to: Option<i32>) -> IpPermission {
        IpPermission::builder()
            .ip_protocol(protocol)
            .set_from_port(from)
            .set_to_port(to)
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").description("a").build())
            .ip_ranges(IpRange::builder().cidr_ip("192.168.0.0/16").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-1").build())
            .build()
    }

    #[test]
    fn a_permission_is_read_as_a_rule_for_each_source() {
        let read: Vec<_> = read(&permission("tcp", Some(80), Some(81))).collect();
        let texts: Vec<_> =
            read.iter().map(|(rule, description)| format!("{rule} '{description}'")).collect();
        assert_eq!(
            texts,
            [
                "tcp 80-81 from 10.0.0.0/8 'a'",
                "tcp 80-81 from 192.168.0.0/16 ''",
                "tcp 80-81 from sg-1 ''"
            ]
        );
    }

    #[test]
    fn ports_that_are_none_survive() {
        assert_eq!(read_port("-1", None), 0);
        assert_eq!(read_port("icmp", Some(8)), 8);
        assert_eq!(raw_port("icmp", read_port("icmp", Some(ANY))), ANY);
        assert_eq!(raw_port("tcp", read_port("tcp", Some(65535))), 65535);
    }
}
