//! Steps in Elastic Load Balancing v2.

use serde_json::{Map, Value, json};

use super::rule::{actions, conditions, transforms};
use super::{keys, listed, set};
use crate::model::action::ElbAction;
use crate::model::id::AwsId;
use crate::model::listener::{Listener, MutualAuthentication};
use crate::model::load_balancer::{LoadBalancer, LoadBalancerKind};
use crate::model::target::Target;
use crate::model::target_group::{GRPC, HealthCheck, TargetGroup};

/// What stands for a name that hashes a UID which a manifest does not have.
pub const NAME_LATER: &str = "(known after apply: it depends on the Service's UID)";

/// What a step is about.
pub(super) fn what(action: &ElbAction) -> String {
    match action {
        ElbAction::CreateLoadBalancer { spec, .. } => match spec.kind {
            LoadBalancerKind::Application => format!("load balancer {}", spec.name),
            LoadBalancerKind::Network => format!("network load balancer {}", spec.name),
        },
        ElbAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            format!("attributes {} of {load_balancer}", keys(attributes.keys()))
        }
        ElbAction::SetSecurityGroups { load_balancer, .. } => {
            format!("security groups of {load_balancer}")
        }
        ElbAction::SetSubnets { load_balancer, .. } => format!("subnets of {load_balancer}"),
        ElbAction::SetIpAddressType { load_balancer, .. } => {
            format!("IP address type of {load_balancer}")
        }
        ElbAction::ModifyIpPools { load_balancer, pool } => {
            let pool = pool.as_deref().unwrap_or("none");
            format!("IPAM pool {pool} of {load_balancer}")
        }
        ElbAction::ModifyCapacityReservation { load_balancer, units } => {
            format!("{units} capacity units of {load_balancer}")
        }
        ElbAction::DeleteLoadBalancer { id } => format!("load balancer {id}"),
        ElbAction::CreateListener { port, spec, .. }
        | ElbAction::ModifyListener { port, spec, .. } => {
            format!("listener {port} {}", spec.protocol)
        }
        ElbAction::ModifyListenerAttributes { port, attributes, .. } => {
            format!("attributes {} of listener {port}", keys(attributes.keys()))
        }
        ElbAction::DeleteListener { id } => format!("listener {id}"),
        ElbAction::AddListenerCertificate { certificate, .. } => {
            format!("listener certificate {certificate}")
        }
        ElbAction::RemoveListenerCertificate { certificate, .. } => {
            format!("listener certificate {certificate}")
        }
        ElbAction::CreateRule { priority, spec, .. } => format!("rule {priority}: {spec}"),
        ElbAction::ModifyRule { spec, .. } => format!("rule: {spec}"),
        ElbAction::SetRulePriorities { priorities } => match priorities.len() {
            1 => "priority of 1 rule".to_owned(),
            count => format!("priorities of {count} rules"),
        },
        ElbAction::DeleteRule { id } => format!("rule {id}"),
        ElbAction::CreateTargetGroup { handle, spec } => match &spec.name {
            Some(name) => format!("target group {name}"),
            None => handle.to_string(),
        },
        ElbAction::ModifyTargetGroup { id, .. } => format!("health check of {id}"),
        ElbAction::ModifyTargetGroupAttributes { target_group, attributes } => {
            format!("attributes {} of {target_group}", keys(attributes.keys()))
        }
        ElbAction::DeleteTargetGroup { id } => format!("target group {id}"),
        ElbAction::RegisterTargets { targets, .. }
        | ElbAction::DeregisterTargets { targets, .. } => {
            let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
            format!("targets {}", targets.join(", "))
        }
        ElbAction::RegisterLoadBalancer { load_balancer, port, .. } => {
            format!("target {}:{port}", load_balancer.short())
        }
        ElbAction::AddTags { id, tags } => format!("tags {} of {id}", keys(tags.keys())),
        ElbAction::RemoveTags { id, keys: removed } => {
            format!("tags {} of {id}", keys(removed.iter()))
        }
    }
}

/// The parameters of its call.
pub(super) fn parameters(action: &ElbAction) -> Value {
    match action {
        ElbAction::CreateLoadBalancer { spec, .. } => create_load_balancer(spec),
        ElbAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            json!({"LoadBalancerArn": load_balancer.to_string(), "Attributes": listed(attributes)})
        }
        ElbAction::SetSecurityGroups { load_balancer, security_groups } => {
            let groups: Vec<String> = security_groups.iter().map(ToString::to_string).collect();
            json!({"LoadBalancerArn": load_balancer, "SecurityGroups": groups})
        }
        ElbAction::SetSubnets { load_balancer, subnets, allocations } => {
            let subnets = mappings(subnets, allocations);
            json!({"LoadBalancerArn": load_balancer, "SubnetMappings": subnets})
        }
        ElbAction::SetIpAddressType { load_balancer, ip_address_type } => {
            json!({"LoadBalancerArn": load_balancer, "IpAddressType": ip_address_type})
        }
        ElbAction::ModifyIpPools { load_balancer, pool } => set([
            ("LoadBalancerArn", Some(json!(load_balancer))),
            ("IpamPools", pool.as_ref().map(|pool| json!({"Ipv4IpamPoolId": pool}))),
            ("RemoveIpamPools", pool.is_none().then(|| json!(["ipv4"]))),
        ]),
        ElbAction::ModifyCapacityReservation { load_balancer, units } => set([
            ("LoadBalancerArn", Some(json!(load_balancer.to_string()))),
            ("MinimumLoadBalancerCapacity", (*units > 0).then(|| json!({"CapacityUnits": units}))),
            ("ResetCapacityReservation", (*units == 0).then_some(json!(true))),
        ]),
        ElbAction::DeleteLoadBalancer { id } => json!({"LoadBalancerArn": id}),
        ElbAction::CreateListener { load_balancer, port, spec, .. } => {
            let listed = ("Tags", listed(&spec.tags));
            settings(*port, spec, [("LoadBalancerArn", json!(load_balancer.to_string())), listed])
        }
        ElbAction::ModifyListener { id, port, spec } => {
            settings(*port, spec, [("ListenerArn", json!(id))])
        }
        ElbAction::ModifyListenerAttributes { listener, attributes, .. } => {
            json!({"ListenerArn": listener.to_string(), "Attributes": listed(attributes)})
        }
        ElbAction::DeleteListener { id } => json!({"ListenerArn": id}),
        ElbAction::AddListenerCertificate { listener, certificate } => {
            one_certificate(&listener.to_string(), &certificate.to_string())
        }
        ElbAction::RemoveListenerCertificate { listener, certificate } => {
            one_certificate(listener.as_str(), certificate.as_str())
        }
        ElbAction::CreateRule { listener, priority, spec, tags } => set([
            ("ListenerArn", Some(json!(listener.to_string()))),
            ("Priority", Some(json!(priority))),
            ("Conditions", Some(conditions(spec))),
            ("Actions", Some(actions(&spec.actions))),
            ("Transforms", transforms(spec)),
            ("Tags", Some(listed(tags))),
        ]),
        ElbAction::ModifyRule { id, spec } => {
            let transforms = transforms(spec);
            set([
                ("RuleArn", Some(json!(id))),
                ("Conditions", Some(conditions(spec))),
                ("Actions", Some(actions(&spec.actions))),
                ("ResetTransforms", transforms.is_none().then_some(json!(true))),
                ("Transforms", transforms),
            ])
        }
        ElbAction::SetRulePriorities { priorities } => {
            let each = priorities.iter();
            let each = each.map(|(id, priority)| json!({"RuleArn": id, "Priority": priority}));
            json!({"RulePriorities": each.collect::<Vec<_>>()})
        }
        ElbAction::DeleteRule { id } => json!({"RuleArn": id}),
        ElbAction::CreateTargetGroup { spec, .. } => create_target_group(spec),
        ElbAction::ModifyTargetGroup { id, health_check, is_grpc } => {
            let mut call = checks(health_check, if *is_grpc { "GrpcCode" } else { "HttpCode" });
            call.insert("TargetGroupArn".to_owned(), json!(id));
            Value::Object(call)
        }
        ElbAction::ModifyTargetGroupAttributes { target_group, attributes } => {
            json!({"TargetGroupArn": target_group.to_string(), "Attributes": listed(attributes)})
        }
        ElbAction::DeleteTargetGroup { id } => json!({"TargetGroupArn": id}),
        ElbAction::RegisterTargets { target_group, targets } => {
            json!({"TargetGroupArn": target_group.to_string(), "Targets": described(targets)})
        }
        ElbAction::DeregisterTargets { target_group, targets } => {
            json!({"TargetGroupArn": target_group, "Targets": described(targets)})
        }
        ElbAction::RegisterLoadBalancer { target_group, load_balancer, port } => {
            let target = json!({"Id": load_balancer.to_string(), "Port": port});
            json!({"TargetGroupArn": target_group.to_string(), "Targets": [target]})
        }
        ElbAction::AddTags { id, tags } => json!({"ResourceArns": [id], "Tags": listed(tags)}),
        ElbAction::RemoveTags { id, keys } => json!({"ResourceArns": [id], "TagKeys": keys}),
    }
}

fn one_certificate(listener: &str, certificate: &str) -> Value {
    json!({"ListenerArn": listener, "Certificates": [{"CertificateArn": certificate}]})
}

fn create_load_balancer(spec: &LoadBalancer) -> Value {
    let groups = spec.security_groups.iter().map(ToString::to_string);
    let pool = spec.ipv4_pool.as_ref();
    set([
        ("Name", Some(json!(spec.name))),
        ("Type", Some(json!(spec.kind))),
        ("Scheme", Some(json!(spec.scheme))),
        ("IpAddressType", Some(json!(spec.ip_address_type))),
        ("SubnetMappings", Some(mappings(&spec.subnets, &spec.allocations))),
        ("SecurityGroups", Some(json!(groups.collect::<Vec<_>>()))),
        ("IpamPools", pool.map(|pool| json!({"Ipv4IpamPoolId": pool}))),
        ("CustomerOwnedIpv4Pool", spec.customer_owned_pool.as_ref().map(|pool| json!(pool))),
        ("Tags", Some(listed(&spec.tags))),
    ])
}

fn mappings(subnets: &[AwsId], allocations: &[AwsId]) -> Value {
    let one = |(place, id): (usize, &AwsId)| {
        let allocation = allocations.get(place).map(|id| json!(id));
        set([("SubnetId", Some(json!(id))), ("AllocationId", allocation)])
    };
    Value::Array(subnets.iter().enumerate().map(one).collect())
}

/// The settings of a listener that travel together, and whose they are.
fn settings<const N: usize>(port: u16, spec: &Listener, whose: [(&str, Value); N]) -> Value {
    let certificate = spec.default_certificate.as_ref();
    let certificate = certificate.map(|id| json!([{"CertificateArn": id.to_string()}]));
    let mut call = set([
        ("Port", Some(json!(port))),
        ("Protocol", Some(json!(spec.protocol))),
        ("DefaultActions", Some(actions(&spec.default_actions))),
        ("Certificates", certificate),
        ("SslPolicy", spec.ssl_policy.as_ref().map(|policy| json!(policy))),
        ("MutualAuthentication", spec.mutual_authentication.as_ref().map(mutual_authentication)),
    ]);
    for (name, value) in whose {
        call[name] = value;
    }
    call
}

fn mutual_authentication(asked: &MutualAuthentication) -> Value {
    match asked {
        MutualAuthentication::Off | MutualAuthentication::Passthrough => {
            json!({"Mode": asked.mode()})
        }
        MutualAuthentication::Verify { trust_store, ignores_expiry, advertises } => json!({
            "Mode": asked.mode(),
            "TrustStoreArn": trust_store,
            "IgnoreClientCertificateExpiry": ignores_expiry,
            "AdvertiseTrustStoreCaNames": if *advertises { "on" } else { "off" },
        }),
    }
}

fn create_target_group(spec: &TargetGroup) -> Value {
    let code = if spec.protocol_version == GRPC { "GrpcCode" } else { "HttpCode" };
    let mut call = checks(&spec.health_check, code);
    let name = spec.name.as_deref().unwrap_or(NAME_LATER);
    call.extend([
        ("Name".to_owned(), json!(name)),
        ("TargetType".to_owned(), json!(spec.target_type)),
        ("Protocol".to_owned(), json!(spec.protocol)),
        ("Port".to_owned(), json!(spec.port)),
        ("VpcId".to_owned(), json!(spec.vpc)),
        ("Tags".to_owned(), listed(&spec.tags)),
    ]);
    if !spec.protocol_version.is_empty() {
        call.insert("ProtocolVersion".to_owned(), json!(spec.protocol_version));
    }
    if spec.ipv6 {
        call.insert("IpAddressType".to_owned(), json!("ipv6"));
    }
    if let Some(port) = spec.control_port {
        call.insert("TargetControlPort".to_owned(), json!(port));
    }
    Value::Object(call)
}

fn checks(check: &HealthCheck, code: &str) -> Map<String, Value> {
    Map::from_iter([
        ("HealthCheckEnabled".to_owned(), json!(true)),
        ("HealthCheckPort".to_owned(), json!(check.port)),
        ("HealthCheckProtocol".to_owned(), json!(check.protocol)),
        ("HealthCheckPath".to_owned(), json!(check.path)),
        ("HealthCheckIntervalSeconds".to_owned(), json!(check.interval_seconds)),
        ("HealthCheckTimeoutSeconds".to_owned(), json!(check.timeout_seconds)),
        ("HealthyThresholdCount".to_owned(), json!(check.healthy_threshold)),
        ("UnhealthyThresholdCount".to_owned(), json!(check.unhealthy_threshold)),
        ("Matcher".to_owned(), json!({code: check.success_codes})),
    ])
}

fn described(targets: &[Target]) -> Value {
    let each = targets.iter().map(|target| {
        set([
            ("Id", Some(json!(target.id))),
            ("Port", Some(json!(target.port))),
            ("AvailabilityZone", target.availability_zone.as_ref().map(|zone| json!(zone))),
        ])
    });
    Value::Array(each.collect())
}
