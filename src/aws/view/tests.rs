//! What a look at the belief costs.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::*;
use crate::aws::ReadSecurityGroup;
use crate::aws::belief::Look;
use crate::aws::part::{
    AcmPart, AcmReading, Ec2Part, Ec2Reading, ElbPart, ElbReading, ListedImport, Reading,
};
use crate::model::certificate::CertificateFacts;
use crate::model::id::{CertificateKey, ObjectKey};
use crate::model::listener::Protocol;
use crate::model::load_balancer::{
    IpAddressType, LoadBalancer, LoadBalancerKind, LoadBalancerState, Scheme,
};
use crate::model::marks::backend_tags;
use crate::model::security::SecurityGroup;
use crate::model::target_group::{HealthCheck, TargetType};

const CLUSTER: &str = "demo";

fn group(n: usize) -> Group {
    Group::Explicit(format!("group-{n}").into())
}

fn secret(n: usize) -> CertificateKey {
    CertificateKey::Secret(ObjectKey::new("shop", format!("tls-{n}")))
}

fn arn(resource: &str, n: usize) -> AwsId {
    AwsId::new(format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:{resource}/{n}"))
}

fn security_group(id: AwsId, tags: Tags) -> ReadSecurityGroup {
    let (name, description) = (id.to_string(), String::new());
    let (vpc, ingress) = (AwsId::new("vpc-1"), BTreeSet::new());
    let spec = SecurityGroup { name, description, vpc, ingress, tags };
    ReadSecurityGroup { live: Live { id, spec }, shared: BTreeSet::new() }
}

fn load_balancer(n: usize) -> ReadLoadBalancer {
    let spec = LoadBalancer {
        kind: LoadBalancerKind::Application,
        ipv4_pool: None,
        customer_owned_pool: None,
        allocations: Vec::new(),
        name: format!("lb-{n}"),
        scheme: Scheme::Internal,
        ip_address_type: IpAddressType::Ipv4,
        subnets: Vec::new(),
        security_groups: vec![Id::Is(AwsId::new("sg-back"))],
        tags: Tags::new(),
    };
    ReadLoadBalancer {
        live: Live { id: arn("loadbalancer/app/a", n), spec },
        dns_name: format!("lb-{n}.example.com"),
        hosted_zone: AwsId::new("Z1"),
        state: LoadBalancerState::Active,
    }
}

fn target_group(n: usize) -> Live<TargetGroup> {
    let health_check = HealthCheck {
        port: "traffic-port".into(),
        protocol: Protocol::Http,
        path: "/".into(),
        success_codes: "200".into(),
        interval_seconds: 15,
        timeout_seconds: 5,
        healthy_threshold: 2,
        unhealthy_threshold: 2,
    };
    let spec = TargetGroup {
        name: Some(format!("tg-{n}").into()),
        target_type: TargetType::Ip,
        protocol: Protocol::Http,
        protocol_version: "HTTP1".into(),
        control_port: None,
        port: 80,
        ipv6: false,
        vpc: AwsId::new("vpc-1"),
        health_check,
        tags: Tags::new(),
    };
    Live { id: arn("targetgroup/t", n), spec }
}

/// A VPC of so many groups, each with all that a group can have.
fn vpc(groups: usize) -> Belief {
    let mut belief = Belief::default();
    let mut adopt = |part: Part, reading: Reading, tags: Vec<(AwsId, Tags)>| {
        let found = Belief::of(reading, tags, Timestamp::UNIX_EPOCH);
        belief.adopt(&part, found, Look::default());
    };
    let all = || 0..groups;
    let fronts = all().map(|n| {
        let tags = group(n).tags(CLUSTER, "ManagedLBSecurityGroup");
        security_group(AwsId::new(format!("sg-{n}")), tags)
    });
    let back = security_group(AwsId::new("sg-back"), backend_tags(CLUSTER));
    let found = fronts.chain([back]).collect();
    adopt(
        Part::Ec2(Ec2Part::SecurityGroups),
        Reading::Ec2(Ec2Reading::SecurityGroups(found)),
        Vec::new(),
    );
    let tags = |resource, role, n| (arn(resource, n), group(n).tags(CLUSTER, role));
    let found = all().map(load_balancer).collect();
    let marks = all().map(|n| tags("loadbalancer/app/a", "LoadBalancer", n)).collect();
    adopt(
        Part::Elb(ElbPart::LoadBalancers),
        Reading::Elb(ElbReading::LoadBalancers(found, BTreeSet::new())),
        marks,
    );
    let found = all().map(target_group).collect();
    let marks = all().map(|n| tags("targetgroup/t", "s:80", n)).collect();
    adopt(Part::Elb(ElbPart::TargetGroups), Reading::Elb(ElbReading::TargetGroups(found)), marks);
    for n in all() {
        let id = arn("loadbalancer/app/a", n);
        adopt(
            Part::Elb(ElbPart::Listeners(id.clone())),
            Reading::Elb(ElbReading::Listeners(id, Vec::new())),
            Vec::new(),
        );
    }
    let ids: Vec<AwsId> = all().map(|n| arn("certificate", n)).collect();
    let marks = all().map(|n| (arn("certificate", n), secret(n).tags(CLUSTER)));
    let listed = ids.iter().cloned().map(|id| ListedImport {
        id,
        since: None,
        imported_at: None,
        listed: None,
    });
    let listed = listed.collect();
    adopt(
        Part::Acm(AcmPart::Certificates),
        Reading::Acm(AcmReading::Certificates(listed)),
        marks.collect(),
    );
    for id in ids {
        let facts = CertificateFacts {
            usages: BTreeSet::new(),
            names: BTreeSet::new(),
            not_before: Timestamp::UNIX_EPOCH,
            not_after: Timestamp::MAX,
            key_type: String::new(),
            serial: String::new(),
        };
        adopt(
            Part::Acm(AcmPart::Certificate(id.clone())),
            Reading::Acm(AcmReading::Certificate(id, facts)),
            Vec::new(),
        );
    }
    belief
}

/// How many things were looked at since somebody asked.
fn looked(belief: &Belief) -> usize {
    let groups = belief.ec2.security_groups.value().map_or(0, |groups| groups.all.looked.take());
    let found = belief.elb.load_balancers.value().map_or(0, |found| found.looked.take());
    groups + found + belief.tags.looked.take()
}

#[test]
fn a_visit_looks_at_what_is_its_subject_s_only() {
    let mut costs = Vec::new();
    for groups in [100, 10_000] {
        let belief = vpc(groups);
        looked(&belief);
        let lenient = BTreeSet::new();
        let mut reader = Reader::new(&belief, 0, Moment::default(), &lenient);
        let balancer = reader.balancer(CLUSTER, &group(7), &BalancerScope::default());
        let sizes = (
            balancer.load_balancers.iter().count(),
            balancer.target_groups.iter().count(),
            balancer.security_groups.iter().count(),
        );
        assert_eq!(sizes, (1, 1, 1));
        let of_balancer = looked(&belief);
        assert_eq!(reader.certificate(CLUSTER, &secret(7), None).certificates.iter().count(), 1);
        let of_certificate = looked(&belief);
        let fabric = reader.fabric(CLUSTER, &BTreeSet::new());
        assert!(fabric.is_carried && fabric.backend.value().is_some());
        let of_fabric = looked(&belief);
        assert!(reader.missing.is_empty() && reader.old.is_empty(), "{:?}", reader.missing);
        assert_eq!(reader.certificates(CLUSTER).len(), groups);
        costs.push((of_balancer, of_certificate, of_fabric));
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].0 < 20, "{costs:?}");
}

#[test]
fn what_is_shared_is_not_copied() {
    let belief = vpc(100);
    let lenient = BTreeSet::new();
    let mut reader = Reader::new(&belief, 0, Moment::default(), &lenient);
    let mut look = || reader.surroundings(Reach::Groups, Duration::MAX);
    assert!(Arc::ptr_eq(&look().security_groups, &look().security_groups));
}
