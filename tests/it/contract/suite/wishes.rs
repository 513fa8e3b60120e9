//! What the checks ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::aws::{Answer, Cloud, CloudError, Kind};
use albedo::model::action::{AwsAction, Ec2Action, ElbAction};
use albedo::model::backend::BackendKey;
use albedo::model::binding::PortRef;
use albedo::model::group::Group;
use albedo::model::id::{AwsId, Handle, Id, ObjectKey, Slot, TargetGroupKey};
use albedo::model::listener::{Listener, Protocol};
use albedo::model::load_balancer::{IpAddressType, LoadBalancer, LoadBalancerKind, Scheme};
use albedo::model::marks::Tags;
use albedo::model::rule::{Condition, Rule, RuleAction, Weighted};
use albedo::model::security::{IngressRule, Peer, SecurityGroup};
use albedo::model::source::Source;
use albedo::model::target::Target;
use albedo::model::target_group::{HealthCheck, TargetGroup, TargetType};

use super::Site;

/// Performs an action that has to succeed.
pub async fn done<C: Cloud>(site: &Site<C>, action: AwsAction) -> Answer {
    match site.cloud.perform(&action).await {
        Ok(answer) => answer,
        Err(error) => panic!("{action:?}: {error}"),
    }
}

/// Performs an action that makes something.
pub async fn made<C: Cloud>(site: &Site<C>, action: AwsAction) -> AwsId {
    done(site, action).await.id().unwrap().clone()
}

/// Performs an action that has to be refused.
pub async fn refused<C: Cloud>(site: &Site<C>, action: AwsAction, kind: Kind) -> CloudError {
    match site.cloud.perform(&action).await {
        Ok(answer) => panic!("{action:?}: {answer:?}, not {kind:?}"),
        Err(error) => {
            assert_eq!(error.kind, kind, "{error}");
            error
        }
    }
}

pub fn tags<const N: usize>(pairs: [(&str, &str); N]) -> Tags {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

pub fn group() -> Group {
    Group::Explicit("contract".into())
}

/// A subnet in each zone.
pub fn every_zone<C>(site: &Site<C>) -> Vec<AwsId> {
    let mut zones = BTreeSet::new();
    let ids = site.vpc.subnets.iter().filter(|(_, subnet)| zones.insert(&subnet.zone));
    ids.map(|(id, _)| id.clone()).collect()
}

/// Some subnets, each in a zone of its own.
pub fn subnets<C>(site: &Site<C>, count: usize) -> Vec<AwsId> {
    let ids: Vec<AwsId> = every_zone(site).into_iter().take(count).collect();
    assert_eq!(ids.len(), count, "the VPC has too few zones");
    ids
}

pub fn security_group<C>(site: &Site<C>, name: &str) -> AwsAction {
    AwsAction::Ec2(Ec2Action::CreateSecurityGroup {
        handle: Handle::FrontendSecurityGroup(group()),
        spec: SecurityGroup {
            name: name.to_owned(),
            description: "for a check".to_owned(),
            vpc: site.vpc.id.clone(),
            ingress: BTreeSet::new(),
            tags: tags([("made-by", "contract")]),
        },
    })
}

pub fn ingress(port: u16, source: Peer) -> IngressRule {
    IngressRule { protocol: "tcp".to_owned(), from_port: port, to_port: port, source }
}

pub fn load_balancer_spec<C>(site: &Site<C>, name: &str, group: &AwsId) -> LoadBalancer {
    LoadBalancer {
        kind: LoadBalancerKind::Application,
        ipv4_pool: None,
        customer_owned_pool: None,
        allocations: Vec::new(),
        name: name.to_owned(),
        scheme: Scheme::InternetFacing,
        ip_address_type: IpAddressType::Ipv4,
        subnets: subnets(site, 2),
        security_groups: vec![Id::Is(group.clone())],
        tags: tags([("made-by", "contract")]),
    }
}

pub fn load_balancer(spec: LoadBalancer) -> AwsAction {
    AwsAction::Elb(ElbAction::CreateLoadBalancer {
        handle: Handle::LoadBalancer(group(), Slot(0)),
        spec,
    })
}

/// A load balancer with a security group of its own.
pub async fn standing_load_balancer<C: Cloud>(site: &Site<C>, name: &str) -> AwsId {
    let group = made(site, security_group(site, name)).await;
    made(site, load_balancer(load_balancer_spec(site, name, &group))).await
}

pub fn fixed(code: &str) -> RuleAction {
    RuleAction::FixedResponse {
        status_code: code.to_owned(),
        content_type: Some("text/plain".to_owned()),
        body: None,
    }
}

pub fn forward(target_group: &AwsId) -> RuleAction {
    let group = Id::Is(target_group.clone());
    RuleAction::Forward { groups: vec![Weighted { group, weight: None }], stickiness: None }
}

pub fn http_spec() -> Listener {
    Listener {
        protocol: Protocol::Http,
        default_actions: vec![fixed("404")],
        default_certificate: None,
        certificates: BTreeSet::new(),
        ssl_policy: None,
        mutual_authentication: None,
        tags: tags([("made-by", "contract")]),
    }
}

pub fn listener(load_balancer: &AwsId, port: u16, spec: Listener) -> AwsAction {
    AwsAction::Elb(ElbAction::CreateListener {
        handle: Handle::Listener(group(), Slot(0), port),
        load_balancer: Id::Is(load_balancer.clone()),
        port,
        spec,
    })
}

/// An HTTP listener on a load balancer of its own.
pub async fn standing_listener<C: Cloud>(site: &Site<C>, name: &str) -> AwsId {
    let load_balancer = standing_load_balancer(site, name).await;
    made(site, listener(&load_balancer, 80, http_spec())).await
}

pub fn rule_spec(host: &str, action: RuleAction) -> Rule {
    Rule {
        conditions: vec![Condition::Host(vec![host.into()]), Condition::Path(vec!["/*".into()])],
        transforms: Vec::new(),
        actions: vec![action],
    }
}

pub fn rule(listener: &AwsId, priority: u32, spec: Rule) -> AwsAction {
    AwsAction::Elb(ElbAction::CreateRule {
        listener: Id::Is(listener.clone()),
        priority,
        spec,
        tags: tags([("made-by", "contract")]),
    })
}

pub fn health_check() -> HealthCheck {
    HealthCheck {
        port: "traffic-port".into(),
        protocol: Protocol::Http,
        path: "/".into(),
        success_codes: "200".into(),
        interval_seconds: 15,
        timeout_seconds: 5,
        healthy_threshold: 2,
        unhealthy_threshold: 2,
    }
}

pub fn target_group_spec<C>(site: &Site<C>, name: &str) -> TargetGroup {
    TargetGroup {
        name: Some(name.into()),
        target_type: TargetType::Ip,
        protocol: Protocol::Http,
        protocol_version: "HTTP1".into(),
        control_port: None,
        port: 8080,
        ipv6: false,
        vpc: site.vpc.id.clone(),
        health_check: health_check(),
        tags: tags([("made-by", "contract")]),
    }
}

pub fn target_group(spec: TargetGroup) -> AwsAction {
    let key = key(spec.name.as_deref().unwrap_or_default());
    AwsAction::Elb(ElbAction::CreateTargetGroup { handle: Handle::TargetGroup(group(), key), spec })
}

/// The key of the target group of a Service.
pub fn key(service: &str) -> TargetGroupKey {
    let owner = Source::ingress(ObjectKey::new("shop", "web"));
    let backend = BackendKey::new(owner, service, PortRef::Number(80));
    TargetGroupKey { backend: Arc::new(backend), slot: Slot(0) }
}

/// A target within the VPC.
pub fn target<C>(site: &Site<C>, host: u8, port: u16) -> Target {
    let base = site.vpc.cidrs.iter().find(|cidr| cidr.contains('.')).unwrap();
    let words: Vec<&str> = base.split('.').collect();
    let id = format!("{}.{}.1.{host}", words[0], words[1]);
    Target { id: id.into(), port, availability_zone: None }
}
