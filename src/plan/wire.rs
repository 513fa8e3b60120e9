//! A step's call in AWS's own words: what the JSON plan lists is what the request log of `albedo
//! run` shows.
//!
//! The edge makes its calls through typed builders; a test holds both against each other. Only what
//! this program sends is here. Identifiers that AWS has yet to give read "(known after apply: …)".

use serde_json::{Map, Value, json};

use crate::model::action::{Action, AwsAction, KubeAction};
use crate::model::certificate::Certificate;
use crate::model::listener::Listener;
use crate::model::marks::Tags;
use crate::model::rule::{Condition, Redirect, Rule, RuleAction};
use crate::model::security::{IngressRule, Source};
use crate::model::target::Target;
use crate::model::target_group::{HealthCheck, TargetGroup};

mod record;

/// The parameters of a step's call, as AWS names them.
#[must_use]
pub fn parameters(action: &Action) -> Value {
    match action {
        Action::Aws(action) => aws(action),
        Action::Kube(action) => kube(action),
    }
}

fn kube(action: &KubeAction) -> Value {
    match action {
        KubeAction::ClaimIngress { ingress, finalizer }
        | KubeAction::ReleaseIngress { ingress, finalizer } => {
            json!({"ingress": ingress.to_string(), "finalizer": finalizer})
        }
        KubeAction::Bind { binding } => json!({"binding": binding}),
        KubeAction::Rebind { name, binding } => {
            json!({"name": name.to_string(), "binding": binding})
        }
        KubeAction::Remember { group, memory } => {
            let held: Vec<String> = memory.held.keys().map(ToString::to_string).collect();
            json!({"group": group.to_string(), "held": held, "leftovers": memory.leftovers})
        }
        KubeAction::Unbind { name }
        | KubeAction::ClaimBinding { name }
        | KubeAction::ReleaseBinding { name } => json!({"name": name.to_string()}),
    }
}

fn aws(action: &AwsAction) -> Value {
    match action {
        AwsAction::CreateSecurityGroup { .. }
        | AwsAction::DeleteSecurityGroup { .. }
        | AwsAction::AuthorizeIngress { .. }
        | AwsAction::RevokeIngress { .. }
        | AwsAction::TagSecurityGroup { .. }
        | AwsAction::UntagSecurityGroup { .. } => security_group(action),
        AwsAction::CreateLoadBalancer { .. }
        | AwsAction::ModifyLoadBalancerAttributes { .. }
        | AwsAction::SetSecurityGroups { .. }
        | AwsAction::SetSubnets { .. }
        | AwsAction::SetIpAddressType { .. }
        | AwsAction::DeleteLoadBalancer { .. } => load_balancer(action),
        AwsAction::CreateListener { .. }
        | AwsAction::ModifyListener { .. }
        | AwsAction::DeleteListener { .. }
        | AwsAction::AddListenerCertificate { .. }
        | AwsAction::RemoveListenerCertificate { .. } => listener(action),
        AwsAction::CreateRule { .. }
        | AwsAction::ModifyRule { .. }
        | AwsAction::SetRulePriorities { .. }
        | AwsAction::DeleteRule { .. } => rule(action),
        AwsAction::CreateTargetGroup { .. }
        | AwsAction::ModifyTargetGroup { .. }
        | AwsAction::ModifyTargetGroupAttributes { .. }
        | AwsAction::DeleteTargetGroup { .. } => target_group(action),
        AwsAction::RegisterTargets { target_group, targets } => {
            json!({"TargetGroupArn": target_group.to_string(), "Targets": described(targets)})
        }
        AwsAction::DeregisterTargets { target_group, targets } => {
            json!({"TargetGroupArn": target_group, "Targets": described(targets)})
        }
        AwsAction::ImportCertificate { spec, .. } => {
            let mut call = certificate(spec);
            call.insert("Tags".to_owned(), listed(&spec.tags));
            Value::Object(call)
        }
        AwsAction::ReimportCertificate { id, spec } => {
            let mut call = certificate(spec);
            call.insert("CertificateArn".to_owned(), json!(id));
            Value::Object(call)
        }
        AwsAction::DeleteCertificate { id } => json!({"CertificateArn": id}),
        AwsAction::ChangeRecords { zone, changes } => record::changes(zone, changes),
        AwsAction::AddTags { id, tags } => json!({"ResourceArns": [id], "Tags": listed(tags)}),
        AwsAction::RemoveTags { id, keys } => json!({"ResourceArns": [id], "TagKeys": keys}),
    }
}

fn security_group(action: &AwsAction) -> Value {
    match action {
        AwsAction::CreateSecurityGroup { spec, .. } => json!({
            "GroupName": spec.name,
            "Description": spec.description,
            "VpcId": spec.vpc,
            "TagSpecifications": [{"ResourceType": "security-group", "Tags": listed(&spec.tags)}],
        }),
        AwsAction::DeleteSecurityGroup { id } => json!({"GroupId": id}),
        AwsAction::AuthorizeIngress { group, rules, description }
        | AwsAction::RevokeIngress { group, rules, description } => {
            let permissions = rules.iter().map(|rule| permission(rule, description));
            json!({"GroupId": group.to_string(), "IpPermissions": permissions.collect::<Vec<_>>()})
        }
        AwsAction::TagSecurityGroup { id, tags } | AwsAction::UntagSecurityGroup { id, tags } => {
            json!({"Resources": [id], "Tags": listed(tags)})
        }
        _ => Value::Null,
    }
}

fn permission(rule: &IngressRule, description: &str) -> Value {
    let (kind, source) = match &rule.source {
        Source::Cidr(cidr) => ("IpRanges", json!({"CidrIp": cidr, "Description": description})),
        Source::Cidr6(cidr) => {
            ("Ipv6Ranges", json!({"CidrIpv6": cidr, "Description": description}))
        }
        Source::PrefixList(id) => {
            ("PrefixListIds", json!({"PrefixListId": id, "Description": description}))
        }
        Source::Group(id) => {
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

fn load_balancer(action: &AwsAction) -> Value {
    match action {
        AwsAction::CreateLoadBalancer { spec, .. } => {
            let subnets = spec.subnets.iter().map(|id| json!({"SubnetId": id}));
            let groups = spec.security_groups.iter().map(ToString::to_string);
            json!({
                "Name": spec.name,
                "Type": "application",
                "Scheme": spec.scheme,
                "IpAddressType": spec.ip_address_type,
                "SubnetMappings": subnets.collect::<Vec<_>>(),
                "SecurityGroups": groups.collect::<Vec<_>>(),
                "Tags": listed(&spec.tags),
            })
        }
        AwsAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            json!({"LoadBalancerArn": load_balancer.to_string(), "Attributes": listed(attributes)})
        }
        AwsAction::SetSecurityGroups { load_balancer, security_groups } => {
            let groups: Vec<String> = security_groups.iter().map(ToString::to_string).collect();
            json!({"LoadBalancerArn": load_balancer, "SecurityGroups": groups})
        }
        AwsAction::SetSubnets { load_balancer, subnets } => {
            let subnets: Vec<Value> = subnets.iter().map(|id| json!({"SubnetId": id})).collect();
            json!({"LoadBalancerArn": load_balancer, "SubnetMappings": subnets})
        }
        AwsAction::SetIpAddressType { load_balancer, ip_address_type } => {
            json!({"LoadBalancerArn": load_balancer, "IpAddressType": ip_address_type})
        }
        AwsAction::DeleteLoadBalancer { id } => json!({"LoadBalancerArn": id}),
        _ => Value::Null,
    }
}

fn listener(action: &AwsAction) -> Value {
    match action {
        AwsAction::CreateListener { load_balancer, port, spec, .. } => {
            let mut call = settings(*port, spec);
            call.insert("LoadBalancerArn".to_owned(), json!(load_balancer.to_string()));
            call.insert("Tags".to_owned(), listed(&spec.tags));
            Value::Object(call)
        }
        AwsAction::ModifyListener { id, port, spec } => {
            let mut call = settings(*port, spec);
            call.insert("ListenerArn".to_owned(), json!(id));
            Value::Object(call)
        }
        AwsAction::DeleteListener { id } => json!({"ListenerArn": id}),
        AwsAction::AddListenerCertificate { listener, certificate } => {
            one_certificate(&listener.to_string(), &certificate.to_string())
        }
        AwsAction::RemoveListenerCertificate { listener, certificate } => {
            one_certificate(listener.as_str(), certificate.as_str())
        }
        _ => Value::Null,
    }
}

fn one_certificate(listener: &str, certificate: &str) -> Value {
    json!({"ListenerArn": listener, "Certificates": [{"CertificateArn": certificate}]})
}

/// The settings of a listener that travel together.
fn settings(port: u16, spec: &Listener) -> Map<String, Value> {
    let mut call = Map::new();
    call.insert("Port".to_owned(), json!(port));
    call.insert("Protocol".to_owned(), json!(spec.protocol));
    call.insert("DefaultActions".to_owned(), actions(&spec.default_actions));
    if let Some(certificate) = &spec.default_certificate {
        let certificates = json!([{"CertificateArn": certificate.to_string()}]);
        call.insert("Certificates".to_owned(), certificates);
    }
    if let Some(policy) = &spec.ssl_policy {
        call.insert("SslPolicy".to_owned(), json!(policy));
    }
    call
}

fn rule(action: &AwsAction) -> Value {
    match action {
        AwsAction::CreateRule { listener, priority, spec, tags } => json!({
            "ListenerArn": listener.to_string(),
            "Priority": priority,
            "Conditions": conditions(spec),
            "Actions": actions(&spec.actions),
            "Tags": listed(tags),
        }),
        AwsAction::ModifyRule { id, spec } => json!({
            "RuleArn": id,
            "Conditions": conditions(spec),
            "Actions": actions(&spec.actions),
            "ResetTransforms": true,
        }),
        AwsAction::SetRulePriorities { priorities } => {
            let each = priorities.iter();
            let each = each.map(|(id, priority)| json!({"RuleArn": id, "Priority": priority}));
            json!({"RulePriorities": each.collect::<Vec<_>>()})
        }
        AwsAction::DeleteRule { id } => json!({"RuleArn": id}),
        _ => Value::Null,
    }
}

fn conditions(rule: &Rule) -> Value {
    let each = rule.conditions.iter().map(|condition| match condition {
        Condition::Host(values) => {
            json!({"Field": "host-header", "HostHeaderConfig": {"Values": values}})
        }
        Condition::Path(values) => {
            json!({"Field": "path-pattern", "PathPatternConfig": {"Values": values}})
        }
        Condition::Foreign(text) => json!({"Field": text}),
    });
    Value::Array(each.collect())
}

fn actions(actions: &[RuleAction]) -> Value {
    let each = actions.iter().zip(1..).map(|(action, order)| {
        let mut call = one_action(action);
        call.insert("Order".to_owned(), json!(order));
        Value::Object(call)
    });
    Value::Array(each.collect())
}

fn one_action(action: &RuleAction) -> Map<String, Value> {
    let (kind, field, config) = match action {
        RuleAction::Forward { groups, stickiness } => {
            let groups = groups.iter().map(|weighted| {
                let arn = weighted.group.to_string();
                set([
                    ("TargetGroupArn", Some(json!(arn))),
                    ("Weight", weighted.weight.map(|w| json!(w))),
                ])
            });
            let stickiness = stickiness.as_ref().map(|stickiness| {
                set([
                    ("Enabled", stickiness.enabled.map(|enabled| json!(enabled))),
                    ("DurationSeconds", stickiness.duration_seconds.map(|s| json!(s))),
                ])
            });
            let config = set([
                ("TargetGroups", Some(Value::Array(groups.collect()))),
                ("TargetGroupStickinessConfig", stickiness),
            ]);
            ("forward", "ForwardConfig", config)
        }
        RuleAction::Redirect(redirect) => ("redirect", "RedirectConfig", redirect_config(redirect)),
        RuleAction::FixedResponse { status_code, content_type, body } => {
            let config = set([
                ("StatusCode", Some(json!(status_code))),
                ("ContentType", content_type.as_ref().map(|text| json!(text))),
                ("MessageBody", body.as_ref().map(|text| json!(text))),
            ]);
            ("fixed-response", "FixedResponseConfig", config)
        }
        RuleAction::Foreign(text) => (text.as_str(), "Foreign", Value::Null),
    };
    Map::from_iter([("Type".to_owned(), json!(kind)), (field.to_owned(), config)])
}

fn redirect_config(redirect: &Redirect) -> Value {
    let text = |part: &Option<String>| part.as_ref().map(|text| json!(text));
    set([
        ("Host", text(&redirect.host)),
        ("Path", text(&redirect.path)),
        ("Port", text(&redirect.port)),
        ("Protocol", text(&redirect.protocol)),
        ("Query", text(&redirect.query)),
        ("StatusCode", Some(json!(redirect.status_code))),
    ])
}

fn target_group(action: &AwsAction) -> Value {
    match action {
        AwsAction::CreateTargetGroup { spec, .. } => create_target_group(spec),
        AwsAction::ModifyTargetGroup { id, health_check, is_grpc } => {
            let mut call = checks(health_check, if *is_grpc { "GrpcCode" } else { "HttpCode" });
            call.insert("TargetGroupArn".to_owned(), json!(id));
            Value::Object(call)
        }
        AwsAction::ModifyTargetGroupAttributes { target_group, attributes } => {
            json!({"TargetGroupArn": target_group.to_string(), "Attributes": listed(attributes)})
        }
        AwsAction::DeleteTargetGroup { id } => json!({"TargetGroupArn": id}),
        _ => Value::Null,
    }
}

/// What stands for a name that hashes a UID which a manifest does not have.
pub const NAME_LATER: &str = "(known after apply: it depends on the Service's UID)";

fn create_target_group(spec: &TargetGroup) -> Value {
    let code = if spec.protocol_version == "GRPC" { "GrpcCode" } else { "HttpCode" };
    let mut call = checks(&spec.health_check, code);
    let name = spec.name.as_deref().unwrap_or(NAME_LATER);
    call.extend([
        ("Name".to_owned(), json!(name)),
        ("TargetType".to_owned(), json!(spec.target_type)),
        ("Protocol".to_owned(), json!(spec.protocol)),
        ("ProtocolVersion".to_owned(), json!(spec.protocol_version)),
        ("Port".to_owned(), json!(spec.port)),
        ("VpcId".to_owned(), json!(spec.vpc)),
        ("Tags".to_owned(), listed(&spec.tags)),
    ]);
    if spec.ipv6 {
        call.insert("IpAddressType".to_owned(), json!("ipv6"));
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

fn certificate(spec: &Certificate) -> Map<String, Value> {
    let mut call = Map::from_iter([
        ("Certificate".to_owned(), json!(spec.body)),
        ("PrivateKey".to_owned(), json!(spec.key.to_string())),
    ]);
    if !spec.chain.is_empty() {
        call.insert("CertificateChain".to_owned(), json!(spec.chain));
    }
    call
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

fn listed(pairs: &Tags) -> Value {
    let each = pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    Value::Array(each.collect())
}

/// An object of the fields that are set.
fn set<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let set = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(set.collect())
}
