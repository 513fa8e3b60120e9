//! Load balancers.

use albedo::aws::{Answer, Cloud, Kind, ReadLoadBalancer};
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::load_balancer::{LoadBalancer, Scheme};
use albedo::model::marks::Tags;

use super::wishes::{
    done, forward, http_spec, listener, load_balancer, load_balancer_spec, made, refused, rule,
    rule_spec, security_group, standing_load_balancer, subnets, tags, target_group,
    target_group_spec,
};
use super::{Looks as _, Site};

async fn read<C: Cloud>(site: &Site<C>, id: &AwsId) -> Option<ReadLoadBalancer> {
    let found = site.cloud.load_balancers().await.unwrap();
    found.into_iter().find(|found| found.live.id == *id)
}

pub async fn a_load_balancer_is_made_as_asked<C: Cloud>(site: Site<C>) {
    let front = made(&site, security_group(&site, "front")).await;
    let back = made(&site, security_group(&site, "back")).await;
    let spec = LoadBalancer {
        scheme: Scheme::Internal,
        security_groups: vec![Id::Is(back), Id::Is(front.clone())],
        ..load_balancer_spec(&site, "as-asked", &front)
    };
    let answer = done(&site, load_balancer(spec.clone())).await;
    let Answer::LoadBalancer(answer) = answer else { panic!("{answer:?}") };
    let found = read(&site, &answer.live.id).await.unwrap();
    assert_eq!(found.live, answer.live);
    assert_eq!(found.dns_name, answer.dns_name);
    assert!(found.dns_name.contains("as-asked"), "{}", found.dns_name);
    let mut expected = LoadBalancer { tags: Tags::new(), ..spec };
    expected.subnets.sort();
    expected.security_groups.sort();
    assert_eq!(found.live.spec, expected);
    let tagged = site.cloud.tags(std::slice::from_ref(&found.live.id)).await.unwrap();
    assert_eq!(tagged, [(found.live.id, tags([("made-by", "contract")]))]);
}

pub async fn a_load_balancer_is_made_once<C: Cloud>(site: Site<C>) {
    let front = made(&site, security_group(&site, "front")).await;
    let spec = load_balancer_spec(&site, "once", &front);
    let first = made(&site, load_balancer(spec.clone())).await;
    assert_eq!(made(&site, load_balancer(spec.clone())).await, first);
    let other = LoadBalancer { scheme: Scheme::Internal, ..spec };
    let error = refused(&site, load_balancer(other), Kind::Conflict).await;
    assert_eq!(error.code, "DuplicateLoadBalancerName");
}

pub async fn a_load_balancer_is_changed_in_place<C: Cloud>(site: Site<C>) {
    let id = standing_load_balancer(&site, "changed").await;
    let other = made(&site, security_group(&site, "other")).await;
    let security_groups = vec![Id::Is(other)];
    done(
        &site,
        AwsAction::Elb(ElbAction::SetSecurityGroups {
            load_balancer: id.clone(),
            security_groups: security_groups.clone(),
        }),
    )
    .await;
    let mut wider = subnets(&site, 3);
    done(
        &site,
        AwsAction::Elb(ElbAction::SetSubnets {
            load_balancer: id.clone(),
            subnets: wider.clone(),
            allocations: Vec::new(),
        }),
    )
    .await;
    let attributes = tags([("idle_timeout.timeout_seconds", "120")]);
    let action = AwsAction::Elb(ElbAction::ModifyLoadBalancerAttributes {
        load_balancer: Id::Is(id.clone()),
        attributes: attributes.clone(),
    });
    done(&site, action).await;
    let spec = read(&site, &id).await.unwrap().live.spec;
    wider.sort();
    assert_eq!((spec.security_groups, spec.subnets), (security_groups, wider));
    let found = site.cloud.load_balancer_attributes(&id).await.unwrap();
    assert_eq!(found.get("idle_timeout.timeout_seconds").map(AsRef::as_ref), Some("120"));
    assert_eq!(found.get("routing.http2.enabled").map(AsRef::as_ref), Some("true"));
    let action = AwsAction::Elb(ElbAction::ModifyLoadBalancerAttributes {
        load_balancer: Id::Is(id),
        attributes: tags([("no.such.attribute", "1")]),
    });
    refused(&site, action, Kind::Refused).await;
}

pub async fn a_load_balancer_needs_two_zones<C: Cloud>(site: Site<C>) {
    let front = made(&site, security_group(&site, "front")).await;
    let spec =
        LoadBalancer { subnets: subnets(&site, 1), ..load_balancer_spec(&site, "narrow", &front) };
    refused(&site, load_balancer(spec), Kind::Refused).await;
}

pub async fn deleting_a_load_balancer_takes_what_hangs_on_it<C: Cloud>(site: Site<C>) {
    let id = standing_load_balancer(&site, "leaving").await;
    let group = made(&site, target_group(target_group_spec(&site, "freed"))).await;
    let on_it = made(&site, listener(&id, 80, http_spec())).await;
    done(&site, rule(&on_it, 1, rule_spec("a.example.com", forward(&group)))).await;
    for _ in 0..2 {
        done(&site, AwsAction::Elb(ElbAction::DeleteLoadBalancer { id: id.clone() })).await;
    }
    assert_eq!(read(&site, &id).await, None);
    assert_eq!(site.cloud.rules(&on_it).await.unwrap_err().kind, Kind::NotFound);
    done(&site, AwsAction::Elb(ElbAction::DeleteTargetGroup { id: group })).await;
}

pub async fn capacity_has_a_limit_and_is_let_go<C: Cloud>(site: Site<C>) {
    let id = standing_load_balancer(&site, "reserved").await;
    assert_eq!(site.cloud.capacity(&id).await.unwrap(), None);
    let reserve = |units| {
        let load_balancer = Id::Is(id.clone());
        AwsAction::Elb(ElbAction::ModifyCapacityReservation { load_balancer, units })
    };
    refused(&site, reserve(1_000_000), Kind::Refused).await;
    done(&site, reserve(0)).await;
    assert_eq!(site.cloud.capacity(&id).await.unwrap(), None);
}

pub async fn addresses_come_from_pools_that_exist<C: Cloud>(site: Site<C>) {
    let id = standing_load_balancer(&site, "pooled").await;
    let set = |pool: Option<&str>| {
        let (load_balancer, pool) = (id.clone(), pool.map(str::to_owned));
        AwsAction::Elb(ElbAction::ModifyIpPools { load_balancer, pool })
    };
    refused(&site, set(Some("ipam-pool-0123456789abcdef0")), Kind::Refused).await;
    done(&site, set(None)).await;
    assert_eq!(read(&site, &id).await.unwrap().live.spec.ipv4_pool, None);
    let front = made(&site, security_group(&site, "outpost")).await;
    let spec = LoadBalancer {
        customer_owned_pool: Some("ipv4pool-coip-0123456789abcdef0".to_owned()),
        ..load_balancer_spec(&site, "outpost", &front)
    };
    refused(&site, load_balancer(spec), Kind::Refused).await;
}
