//! What is not ours, and whether a write has touched it.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::group::Group;
use albedo::model::id::{AwsId, Handle, Id, ObjectKey, Slot};
use albedo::model::load_balancer::{IpAddressType, LoadBalancer, LoadBalancerKind, Scheme};
use albedo::model::marks::Tags;
use albedo::model::marks::{DESCRIPTION_SHARED_RULE, TAG_CLUSTER, TAG_RESOURCE, TAG_STACK};
use albedo::model::ownership::Ownership;
use albedo::model::record::{Record, RecordType, RecordValue};
use albedo::model::security::{IngressRule, Peer, SecurityGroup};
use albedo::model::source::Source;

use super::served::Keeper;
use crate::support::fake::{Fake, State};
use crate::support::world::{NODES, tags};

/// Strangers make things of their own: some look much like ours.
pub fn settle_in(aws: &Fake) {
    let spec = SecurityGroup {
        name: "theirs".to_owned(),
        description: "theirs".to_owned(),
        vpc: AwsId::new("vpc-fake"),
        ingress: BTreeSet::new(),
        tags: theirs("ManagedLBSecurityGroup"),
    };
    let group = aws.change(|state| {
        let nodes = state.security_groups.get_mut(&AwsId::new(NODES)).unwrap();
        let ssh = IngressRule {
            protocol: "tcp".to_owned(),
            from_port: 22,
            to_port: 22,
            source: Peer::Cidr("10.0.0.0/8".to_owned()),
        };
        nodes.rules.insert(ssh, "ssh".to_owned());
        state.add_security_group(spec)
    });
    let group_of = Group::Explicit("edge".into());
    let spec = LoadBalancer {
        kind: LoadBalancerKind::Application,
        ipv4_pool: None,
        customer_owned_pool: None,
        allocations: Vec::new(),
        name: "theirs".to_owned(),
        scheme: Scheme::Internal,
        ip_address_type: IpAddressType::Ipv4,
        subnets: vec![AwsId::new("subnet-a"), AwsId::new("subnet-b")],
        security_groups: vec![Id::Is(group)],
        tags: theirs("LoadBalancer"),
    };
    let handle = Handle::LoadBalancer(group_of, Slot(0));
    aws.meddle(&AwsAction::Elb(ElbAction::CreateLoadBalancer { handle, spec })).unwrap();
    aws.finish_provisioning();
    let target = RecordValue::Values { ttl: 60, values: vec!["192.0.2.1".to_owned()] };
    let other =
        Ownership::of("somebody", &Source::ingress(ObjectKey::new("shop", "w0"))).to_string();
    let txt = RecordValue::Values { ttl: 300, values: vec![other] };
    aws.change(|state| {
        let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
        for record in [
            Record::simple("c.example.com", RecordType::A, target.clone()),
            Record::simple("a-c.example.com", RecordType::Txt, txt),
            Record::simple("www.example.com", RecordType::A, target),
        ] {
            zone.records.insert(record.key.clone(), record);
        }
    });
}

/// Another cluster's group of the same name.
fn theirs(resource: &str) -> Tags {
    tags(&[(TAG_CLUSTER, "other"), (TAG_STACK, "edge"), (TAG_RESOURCE, resource)])
}

/// The things that are not a keeper's and no longer as they were, in words.
pub fn touched(keeper: Keeper, before: &State, after: &State) -> Vec<String> {
    let mut touched = Vec::new();
    for (id, group) in &before.security_groups {
        if keeper.has(&group.spec.tags) {
            continue;
        }
        let new = after.security_groups.get(id);
        let foreign = |rules: &BTreeMap<_, String>| {
            let mut rules = rules.clone();
            rules.retain(|_, text| text != DESCRIPTION_SHARED_RULE);
            rules
        };
        let is_same = new.is_some_and(|new| {
            new.spec == group.spec && foreign(&new.rules) == foreign(&group.rules)
        });
        if !is_same {
            touched.push(format!("security group {id}"));
        }
    }
    for (id, found) in &before.load_balancers {
        if !keeper.has(&found.spec.tags) && after.load_balancers.get(id) != Some(found) {
            touched.push(format!("load balancer {id}"));
        }
    }
    for (id, found) in &before.listeners {
        let is_theirs = is_of_stranger(keeper, before, &found.load_balancer);
        if is_theirs && after.listeners.get(id) != Some(found) {
            touched.push(format!("listener {id}"));
        }
    }
    for (id, rule) in &before.rules {
        let listener = before.listeners.get(&rule.listener);
        let is_theirs =
            listener.is_some_and(|found| is_of_stranger(keeper, before, &found.load_balancer));
        if is_theirs && after.rules.get(id) != Some(rule) {
            touched.push(format!("rule {id}"));
        }
    }
    for (id, found) in &before.target_groups {
        // A binding that a person made may tie anything to pods.
        let is_same = after
            .target_groups
            .get(id)
            .is_some_and(|new| new.spec == found.spec && new.attributes == found.attributes);
        if !keeper.has(&found.spec.tags) && !is_same {
            touched.push(format!("target group {id}"));
        }
    }
    for (id, found) in &before.imported {
        if !keeper.has(&found.tags) && after.imported.get(id) != Some(found) {
            touched.push(format!("certificate {id}"));
        }
    }
    for (id, zone) in &before.zones {
        for record in zone.records.values() {
            let new = after.zones.get(id).and_then(|zone| zone.records.get(&record.key));
            if new != Some(record) && !keeper.keeps(before, zone, record) {
                touched.push(format!("record {:?} of {id}", record.key));
            }
        }
    }
    touched
}

fn is_of_stranger(keeper: Keeper, state: &State, load_balancer: &AwsId) -> bool {
    state.load_balancers.get(load_balancer).is_some_and(|found| !keeper.has(&found.spec.tags))
}
