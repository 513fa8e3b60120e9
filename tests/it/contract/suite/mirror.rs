//! The mirror's side of the contract: what a write answers is what the next read finds.

use std::collections::{BTreeMap, BTreeSet};

use albedo::aws::{BalancerScope, Cloud, Mirror};
use albedo::clock::Clock;
use albedo::model::action::{AwsAction, Ec2Action, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::inventory::{BalancerInventory, FabricInventory};
use albedo::model::known::Known;
use albedo::model::listener::{Listener, Protocol};
use albedo::model::load_balancer::{Attributes, LoadBalancerState};
use albedo::model::marks::{
    DESCRIPTION_SHARED_RULE, RESOURCE_FRONTEND_SECURITY_GROUP, RESOURCE_LOAD_BALANCER, Tags,
    backend_tags,
};
use albedo::model::security::Peer;
use albedo::model::target::Target;
use albedo::model::target_group::HealthCheck;

use super::wishes::{
    fixed, forward, group, health_check, http_spec, ingress, listener, load_balancer,
    load_balancer_spec, rule, rule_spec, security_group, subnets, tags, target, target_group,
    target_group_spec,
};
use super::{Site, Stopped};

/// The cluster that everything is tagged for.
pub const CLUSTER: &str = "contract";

/// Everything a visit to the group, the fabric and the targets would see.
#[derive(Debug, PartialEq)]
pub struct Seen {
    balancer: BalancerInventory,
    fabric: FabricInventory,
    targets: BTreeMap<AwsId, BTreeSet<Target>>,
}

fn mirror<C: Cloud + Clone>(site: &Site<C>) -> Mirror<C, Stopped> {
    Mirror::new(site.cloud.clone(), Stopped)
}

/// Looks at everything.
pub async fn seen<C: Cloud, T: Clock>(mirror: &Mirror<C, T>) -> Seen {
    let scope = BalancerScope {
        load_balancer_attributes: true,
        frontend_nlb_attributes: false,
        capacity: true,
        listener_attributes: BTreeSet::from([80, 443]),
        target_group_attributes: BTreeSet::from(["one".into()]),
    };
    let balancer = mirror.balancer(CLUSTER, &group(), &scope).await.unwrap();
    let fabric = mirror.fabric(CLUSTER, &BTreeSet::new()).await.unwrap();
    let mut targets = BTreeMap::new();
    for found in balancer.target_groups.iter() {
        let inventory = mirror.targets(&found.live.id).await.unwrap();
        let registered = inventory.targets.iter().map(|live| live.target.clone());
        targets.insert(found.live.id.clone(), registered.collect());
    }
    Seen { balancer, fabric, targets }
}

/// Takes out what a write cannot know: how far AWS is with a load balancer, and attributes that
/// nobody named. Answers with the attributes, by what they are of.
fn split(mut seen: Seen) -> (Seen, BTreeMap<AwsId, Attributes>) {
    let mut attributes = BTreeMap::new();
    if let Known::Is(found, _) = &mut seen.balancer.load_balancers {
        for found in found {
            found.state = LoadBalancerState::Active;
            let known = std::mem::take(&mut found.attributes);
            attributes.insert(found.live.id.clone(), known.value().cloned().unwrap_or_default());
            let Known::Is(listeners, _) = &mut found.listeners else { continue };
            for listener in listeners {
                let known = std::mem::take(&mut listener.attributes).value().cloned();
                attributes.insert(listener.live.id.clone(), known.unwrap_or_default());
            }
        }
    }
    if let Known::Is(found, _) = &mut seen.balancer.target_groups {
        for found in found {
            let known = std::mem::take(&mut found.attributes);
            attributes.insert(found.live.id.clone(), known.value().cloned().unwrap_or_default());
        }
    }
    (seen, attributes)
}

async fn made<C: Cloud>(mirror: &Mirror<C, Stopped>, action: AwsAction) -> AwsId {
    match mirror.perform(&action).await {
        Ok(id) => id.unwrap(),
        Err(error) => panic!("{action:?}: {error}"),
    }
}

async fn done<C: Cloud>(mirror: &Mirror<C, Stopped>, action: AwsAction) {
    if let Err(error) = mirror.perform(&action).await {
        panic!("{action:?}: {error}");
    }
}

fn tagged(mut action: AwsAction, marks: &Tags) -> AwsAction {
    match &mut action {
        AwsAction::Ec2(Ec2Action::CreateSecurityGroup { spec, .. }) => {
            spec.tags.extend(marks.clone());
        }
        AwsAction::Elb(ElbAction::CreateLoadBalancer { spec, .. }) => {
            spec.tags.extend(marks.clone());
        }
        AwsAction::Elb(ElbAction::CreateTargetGroup { spec, .. }) => {
            spec.tags.extend(marks.clone());
        }
        other => panic!("{other:?} has no tags here"),
    }
    action
}

/// What the script has made.
struct Standing {
    front: AwsId,
    back: AwsId,
    balancer: AwsId,
    http: AwsId,
    https: AwsId,
    one: AwsId,
    two: AwsId,
    rules: [AwsId; 3],
}

pub async fn a_mirror_that_was_written_through_agrees_with_one_that_reads<C: Cloud + Clone>(
    site: Site<C>,
) {
    let warm = mirror(&site);
    assert!(seen(&warm).await.balancer.load_balancers.value().unwrap().is_empty());
    let standing = make(&site, &warm).await;
    agree(&site, &warm).await;
    change(&site, &warm, &standing).await;
    agree(&site, &warm).await;
    remove(&site, &warm, &standing).await;
    agree(&site, &warm).await;
}

async fn agree<C: Cloud + Clone>(site: &Site<C>, warm: &Mirror<C, Stopped>) {
    compare(seen(warm).await, seen(&mirror(site)).await);
}

/// What is believed has to be what is read, as far as it can be.
pub fn compare(believed: Seen, read: Seen) {
    let (believed, named) = split(believed);
    let (read, all) = split(read);
    assert_eq!(believed, read);
    for (id, named) in named {
        for (key, value) in named {
            assert_eq!(all[&id].get(&key), Some(&value), "{key} of {id}");
        }
    }
}

async fn make<C: Cloud>(site: &Site<C>, warm: &Mirror<C, Stopped>) -> Standing {
    let of = |resource| group().tags(CLUSTER, resource);
    let front_tags = of(RESOURCE_FRONTEND_SECURITY_GROUP);
    let front = made(warm, tagged(security_group(site, "front"), &front_tags)).await;
    let back = made(warm, tagged(security_group(site, "back"), &backend_tags(CLUSTER))).await;
    let rules = [80, 443].map(|port| ingress(port, Peer::Cidr("0.0.0.0/0".to_owned())));
    let action = AwsAction::Ec2(Ec2Action::AuthorizeIngress {
        group: Id::Is(front.clone()),
        rules: rules.into(),
        description: String::new(),
    });
    done(warm, action).await;
    let node_tags = tags([("kubernetes.io/cluster/contract", "owned")]);
    let node = made(warm, tagged(security_group(site, "node"), &node_tags)).await;
    let action = AwsAction::Ec2(Ec2Action::AuthorizeIngress {
        group: Id::Is(node),
        rules: [ingress(8080, Peer::Group(Id::Is(back.clone())))].into(),
        description: DESCRIPTION_SHARED_RULE.to_owned(),
    });
    done(warm, action).await;
    let mut spec = load_balancer_spec(site, "balancer", &front);
    spec.security_groups.push(Id::Is(back.clone()));
    let action = tagged(load_balancer(spec), &of(RESOURCE_LOAD_BALANCER));
    let balancer = made(warm, action).await;
    let one = tagged(target_group(target_group_spec(site, "one")), &of("one"));
    let one = made(warm, one).await;
    let two = tagged(target_group(target_group_spec(site, "two")), &of("two"));
    let two = made(warm, two).await;
    let http = made(warm, listener(&balancer, 80, http_spec())).await;
    let secure = Listener {
        protocol: Protocol::Https,
        default_certificate: Some(Id::Is(site.certificates[0].clone())),
        ..http_spec()
    };
    let https = made(warm, listener(&balancer, 443, secure)).await;
    let rules = [
        made(warm, rule(&http, 2, rule_spec("b.example.com", forward(&two)))).await,
        made(warm, rule(&http, 1, rule_spec("a.example.com", forward(&one)))).await,
        made(warm, rule(&https, 1, rule_spec("c.example.com", fixed("200")))).await,
    ];
    for host in [10, 11] {
        let targets = vec![target(site, host, 8080)];
        done(
            warm,
            AwsAction::Elb(ElbAction::RegisterTargets {
                target_group: Id::Is(one.clone()),
                targets,
            }),
        )
        .await;
    }
    Standing { front, back, balancer, http, https, one, two, rules }
}

async fn change<C: Cloud>(site: &Site<C>, warm: &Mirror<C, Stopped>, standing: &Standing) {
    let Standing { front, back, balancer, http, https, one, rules, .. } = standing;
    let actions = [
        AwsAction::Ec2(Ec2Action::RevokeIngress {
            group: Id::Is(front.clone()),
            rules: [ingress(80, Peer::Cidr("0.0.0.0/0".to_owned()))].into(),
            description: String::new(),
        }),
        AwsAction::Ec2(Ec2Action::TagSecurityGroup {
            id: front.clone(),
            tags: tags([("a", "1"), ("b", "2")]),
        }),
        AwsAction::Ec2(Ec2Action::UntagSecurityGroup {
            id: front.clone(),
            tags: tags([("a", "1")]),
        }),
        AwsAction::Elb(ElbAction::ModifyLoadBalancerAttributes {
            load_balancer: Id::Is(balancer.clone()),
            attributes: tags([("idle_timeout.timeout_seconds", "77")]),
        }),
        AwsAction::Elb(ElbAction::SetSecurityGroups {
            load_balancer: balancer.clone(),
            security_groups: vec![Id::Is(front.clone())],
        }),
        AwsAction::Elb(ElbAction::SetSubnets {
            load_balancer: balancer.clone(),
            subnets: subnets(site, 3),
            allocations: Vec::new(),
        }),
        AwsAction::Elb(ElbAction::ModifyListener {
            id: http.clone(),
            port: 80,
            spec: Listener { default_actions: vec![forward(one)], ..http_spec() },
        }),
        AwsAction::Elb(ElbAction::ModifyListenerAttributes {
            listener: Id::Is(http.clone()),
            port: 80,
            attributes: tags([("routing.http.response.server.enabled", "false")]),
        }),
        AwsAction::Elb(ElbAction::AddListenerCertificate {
            listener: Id::Is(https.clone()),
            certificate: Id::Is(site.certificates[1].clone()),
        }),
        AwsAction::Elb(ElbAction::AddListenerCertificate {
            listener: Id::Is(https.clone()),
            certificate: Id::Is(site.certificates[0].clone()),
        }),
        AwsAction::Elb(ElbAction::RemoveListenerCertificate {
            listener: https.clone(),
            certificate: site.certificates[1].clone(),
        }),
        AwsAction::Elb(ElbAction::ModifyRule {
            id: rules[2].clone(),
            spec: rule_spec("d.example.com", fixed("503")),
        }),
        AwsAction::Elb(ElbAction::SetRulePriorities {
            priorities: vec![(rules[0].clone(), 1), (rules[1].clone(), 2)],
        }),
        AwsAction::Elb(ElbAction::ModifyTargetGroup {
            id: one.clone(),
            health_check: HealthCheck { path: "/health".into(), ..health_check() },
            is_grpc: false,
        }),
        AwsAction::Elb(ElbAction::ModifyTargetGroupAttributes {
            target_group: Id::Is(one.clone()),
            attributes: tags([("deregistration_delay.timeout_seconds", "30")]),
        }),
    ];
    for action in actions {
        done(warm, action).await;
    }
    for id in [balancer, one, http, &rules[0]] {
        let action = AwsAction::Elb(ElbAction::AddTags {
            id: id.clone(),
            tags: tags([("a", "1"), ("b", "2")]),
        });
        done(warm, action).await;
        done(
            warm,
            AwsAction::Elb(ElbAction::RemoveTags { id: id.clone(), keys: vec!["a".to_owned()] }),
        )
        .await;
    }
    assert_ne!(front, back);
}

async fn remove<C: Cloud + Clone>(site: &Site<C>, warm: &Mirror<C, Stopped>, standing: &Standing) {
    let Standing { front, balancer, https, two, rules, .. } = standing;
    let actions = [
        AwsAction::Elb(ElbAction::DeleteRule { id: rules[0].clone() }),
        AwsAction::Elb(ElbAction::DeleteListener { id: https.clone() }),
        AwsAction::Elb(ElbAction::DeleteTargetGroup { id: two.clone() }),
    ];
    for action in actions {
        done(warm, action).await;
    }
    agree(site, warm).await;
    done(warm, AwsAction::Elb(ElbAction::DeleteLoadBalancer { id: balancer.clone() })).await;
    done(warm, AwsAction::Elb(ElbAction::DeleteTargetGroup { id: standing.one.clone() })).await;
    done(warm, AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id: front.clone() })).await;
}
