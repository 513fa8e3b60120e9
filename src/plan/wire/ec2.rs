//! Steps in EC2.

use serde_json::{Value, json};

use super::{keys, listed};
use crate::model::action::Ec2Action;
use crate::model::security::{IngressRule, Peer};

/// What a step is about.
pub(super) fn what(action: &Ec2Action) -> String {
    match action {
        Ec2Action::CreateSecurityGroup { spec, .. } => format!("security group {}", spec.name),
        Ec2Action::DeleteSecurityGroup { id } => format!("security group {id}"),
        Ec2Action::AuthorizeIngress { group, rules, .. }
        | Ec2Action::RevokeIngress { group, rules, .. } => {
            let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
            format!("security group {group}: {}", rules.join(", "))
        }
        Ec2Action::TagSecurityGroup { id, tags } | Ec2Action::UntagSecurityGroup { id, tags } => {
            format!("tags {} of {id}", keys(tags.keys()))
        }
    }
}

/// The parameters of its call.
pub(super) fn parameters(action: &Ec2Action) -> Value {
    match action {
        Ec2Action::CreateSecurityGroup { spec, .. } => json!({
            "GroupName": spec.name,
            "Description": spec.description,
            "VpcId": spec.vpc,
            "TagSpecifications": [{"ResourceType": "security-group", "Tags": listed(&spec.tags)}],
        }),
        Ec2Action::DeleteSecurityGroup { id } => json!({"GroupId": id}),
        Ec2Action::AuthorizeIngress { group, rules, description }
        | Ec2Action::RevokeIngress { group, rules, description } => {
            let permissions = rules.iter().map(|rule| permission(rule, description));
            json!({"GroupId": group.to_string(), "IpPermissions": permissions.collect::<Vec<_>>()})
        }
        Ec2Action::TagSecurityGroup { id, tags } | Ec2Action::UntagSecurityGroup { id, tags } => {
            json!({"Resources": [id], "Tags": listed(tags)})
        }
    }
}

fn permission(rule: &IngressRule, description: &str) -> Value {
    let (kind, source) = match &rule.source {
        Peer::Cidr(cidr) => ("IpRanges", json!({"CidrIp": cidr, "Description": description})),
        Peer::Cidr6(cidr) => ("Ipv6Ranges", json!({"CidrIpv6": cidr, "Description": description})),
        Peer::PrefixList(id) => {
            ("PrefixListIds", json!({"PrefixListId": id, "Description": description}))
        }
        Peer::Group(id) => {
            ("UserIdGroupPairs", json!({"GroupId": id.to_string(), "Description": description}))
        }
    };
    json!({
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        kind: [source],
    })
}
