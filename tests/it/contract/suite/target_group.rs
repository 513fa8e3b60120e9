//! Target groups and targets, and the tags of everything.

use albedo::aws::error::CODE_UNRESOLVED;
use albedo::aws::{Answer, Cloud, Kind};
use albedo::model::action::{AwsAction, Ec2Action, ElbAction};
use albedo::model::id::{AwsId, Handle, Id, Slot};
use albedo::model::known::Live;
use albedo::model::marks::Tags;
use albedo::model::target::{Target, TargetState};
use albedo::model::target_group::{HealthCheck, TargetGroup};

use super::wishes::{
    done, every_zone, fixed, forward, group, health_check, http_spec, listener, made, refused,
    rule, rule_spec, standing_listener, standing_load_balancer, tags, target, target_group,
    target_group_spec,
};
use super::{Looks as _, Site};

async fn read<C: Cloud>(site: &Site<C>, id: &AwsId) -> Option<Live<TargetGroup>> {
    let found = site.cloud.target_groups().await.unwrap();
    found.into_iter().find(|found| found.id == *id)
}

pub async fn a_target_group_is_made_as_asked_and_once<C: Cloud>(site: Site<C>) {
    let plain = target_group_spec(&site, "plain");
    let grpc = TargetGroup {
        name: Some("grpc".into()),
        protocol_version: "GRPC".into(),
        health_check: HealthCheck { success_codes: "12".into(), ..health_check() },
        ..plain.clone()
    };
    let controlled =
        TargetGroup { name: Some("controlled".into()), control_port: Some(3000), ..plain.clone() };
    for spec in [plain, grpc, controlled] {
        let answer = done(&site, target_group(spec.clone())).await;
        let Answer::TargetGroup(answer) = answer else { panic!("{answer:?}") };
        assert_eq!(read(&site, &answer.id).await.as_ref(), Some(&answer));
        assert_eq!(answer.spec, TargetGroup { tags: Tags::new(), ..spec.clone() });
        assert_eq!(made(&site, target_group(spec.clone())).await, answer.id);
        let name = spec.name.clone().unwrap();
        assert_eq!(site.cloud.target_group_named(&name).await.unwrap(), answer.id);
        let error = site.cloud.target_group_named(&format!("no-{name}")).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
        let other = TargetGroup { port: 9090, ..spec };
        let error = refused(&site, target_group(other), Kind::Conflict).await;
        assert_eq!(error.code, "DuplicateTargetGroupName");
    }
}

pub async fn a_target_group_is_changed_in_place<C: Cloud>(site: Site<C>) {
    let id = made(&site, target_group(target_group_spec(&site, "changed"))).await;
    let check = HealthCheck {
        port: "8081".into(),
        path: "/health".into(),
        success_codes: "200-299".into(),
        interval_seconds: 30,
        ..health_check()
    };
    let action = AwsAction::Elb(ElbAction::ModifyTargetGroup {
        id: id.clone(),
        health_check: check.clone(),
        is_grpc: false,
    });
    let answer = done(&site, action).await;
    let Answer::TargetGroup(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.spec.health_check, check);
    assert_eq!(read(&site, &id).await, Some(answer));
    let action = AwsAction::Elb(ElbAction::ModifyTargetGroupAttributes {
        target_group: Id::Is(id.clone()),
        attributes: tags([("deregistration_delay.timeout_seconds", "30")]),
    });
    done(&site, action).await;
    let found = site.cloud.target_group_attributes(&id).await.unwrap();
    assert_eq!(found.get("deregistration_delay.timeout_seconds").map(AsRef::as_ref), Some("30"));
    assert_eq!(found.get("stickiness.enabled").map(AsRef::as_ref), Some("false"));
}

pub async fn a_target_group_in_use_cannot_be_removed<C: Cloud>(site: Site<C>) {
    let id = made(&site, target_group(target_group_spec(&site, "used"))).await;
    let on = standing_listener(&site, "user").await;
    let user = made(&site, rule(&on, 1, rule_spec("a.example.com", forward(&id)))).await;
    let delete = AwsAction::Elb(ElbAction::DeleteTargetGroup { id: id.clone() });
    let error = refused(&site, delete.clone(), Kind::InUse).await;
    assert_eq!(error.code, "ResourceInUse");
    done(
        &site,
        AwsAction::Elb(ElbAction::ModifyRule {
            id: user,
            spec: rule_spec("a.example.com", fixed("200")),
        }),
    )
    .await;
    done(&site, delete).await;
    assert_eq!(read(&site, &id).await, None);
    assert_eq!(site.cloud.targets(&id).await.unwrap_err().kind, Kind::NotFound);
}

pub async fn a_target_group_serves_one_load_balancer<C: Cloud>(site: Site<C>) {
    let id = made(&site, target_group(target_group_spec(&site, "shared"))).await;
    let one = standing_listener(&site, "one").await;
    let two = standing_listener(&site, "two").await;
    done(&site, rule(&one, 1, rule_spec("a.example.com", forward(&id)))).await;
    done(&site, rule(&one, 2, rule_spec("b.example.com", forward(&id)))).await;
    let third = rule(&two, 1, rule_spec("a.example.com", forward(&id)));
    let error = refused(&site, third, Kind::Conflict).await;
    assert_eq!(error.code, "TargetGroupAssociationLimit");
}

pub async fn targets_come_and_go<C: Cloud>(site: Site<C>) {
    let id = made(&site, target_group(target_group_spec(&site, "full"))).await;
    let targets = vec![target(&site, 10, 8080), target(&site, 10, 8081), target(&site, 11, 8080)];
    let action = AwsAction::Elb(ElbAction::RegisterTargets {
        target_group: Id::Is(id.clone()),
        targets: targets.clone(),
    });
    // Registering again what is registered does nothing.
    done(&site, action.clone()).await;
    done(&site, action).await;
    let found = site.cloud.targets(&id).await.unwrap();
    let ids: Vec<&Target> = found.iter().map(|live| &live.target).collect();
    assert_eq!(ids, targets.iter().collect::<Vec<_>>());
    // Nobody sends it requests yet.
    assert!(found.iter().all(|live| live.state == TargetState::Unused), "{found:?}");
    // Of an unused group what is deregistered is gone at once; what is not there is no error.
    let gone = vec![targets[0].clone(), target(&site, 99, 1)];
    done(
        &site,
        AwsAction::Elb(ElbAction::DeregisterTargets { target_group: id.clone(), targets: gone }),
    )
    .await;
    let found = site.cloud.targets(&id).await.unwrap();
    let ids: Vec<&Target> = found.iter().map(|live| &live.target).collect();
    assert_eq!(ids, targets[1..].iter().collect::<Vec<_>>());
    let balancer = standing_load_balancer(&site, "user").await;
    // A target in a zone that the load balancer has not stays unused.
    let wide = AwsAction::Elb(ElbAction::SetSubnets {
        load_balancer: balancer.clone(),
        subnets: every_zone(&site),
        allocations: Vec::new(),
    });
    done(&site, wide).await;
    let on = made(&site, listener(&balancer, 80, http_spec())).await;
    done(&site, rule(&on, 1, rule_spec("a.example.com", forward(&id)))).await;
    let found = site.cloud.targets(&id).await.unwrap();
    assert!(found.iter().all(|live| live.state != TargetState::Unused), "{found:?}");
    let gone = vec![targets[1].clone()];
    done(
        &site,
        AwsAction::Elb(ElbAction::DeregisterTargets { target_group: id.clone(), targets: gone }),
    )
    .await;
    let found = site.cloud.targets(&id).await.unwrap();
    let states: Vec<_> =
        found.iter().filter(|live| live.target == targets[1]).map(|live| live.state).collect();
    assert!([vec![], vec![TargetState::Draining]].contains(&states), "{found:?}");
}

pub async fn an_address_outside_the_vpc_needs_a_zone<C: Cloud>(site: Site<C>) {
    let id = made(&site, target_group(target_group_spec(&site, "far"))).await;
    let register = |zone: Option<&str>| {
        AwsAction::Elb(ElbAction::RegisterTargets {
            target_group: Id::Is(id.clone()),
            targets: vec![Target {
                id: "10.99.0.1".into(),
                port: 80,
                availability_zone: zone.map(|zone| Box::new(zone.into())),
            }],
        })
    };
    let error = refused(&site, register(None), Kind::Refused).await;
    assert!(error.message.contains("you must specify an Availability Zone"), "{error}");
    done(&site, register(Some("all"))).await;
    let found = site.cloud.targets(&id).await.unwrap();
    assert_eq!(
        found[0].target.availability_zone.as_deref().map(smol_str::SmolStr::as_str),
        Some("all")
    );
}

pub async fn tags_come_and_go_on_everything<C: Cloud>(site: Site<C>) {
    let balancer = standing_load_balancer(&site, "tagged").await;
    let target_group = made(&site, target_group(target_group_spec(&site, "tagged"))).await;
    let listener = made(&site, listener(&balancer, 80, http_spec())).await;
    let rule = made(&site, rule(&listener, 1, rule_spec("a.example.com", fixed("200")))).await;
    let ids = [balancer, target_group, listener, rule];
    for id in ids.clone() {
        let more = tags([("a", "1"), ("b", "")]);
        done(&site, AwsAction::Elb(ElbAction::AddTags { id: id.clone(), tags: more })).await;
        done(&site, AwsAction::Elb(ElbAction::RemoveTags { id, keys: vec!["a".to_owned()] })).await;
    }
    let found = site.cloud.tags(&ids).await.unwrap();
    assert_eq!(found.len(), ids.len());
    for (id, found) in found {
        assert_eq!(found, tags([("b", ""), ("made-by", "contract")]), "{id}");
    }
}

pub async fn what_is_gone_is_left_out_of_tags<C: Cloud>(site: Site<C>) {
    // More than one call takes (AWS: 20), and things that are gone among them.
    let mut ids = Vec::new();
    for n in 0..23 {
        let spec = target_group_spec(&site, &format!("many-{n}"));
        ids.push(made(&site, target_group(spec)).await);
    }
    for gone in [&ids[3], &ids[7], &ids[21]] {
        done(&site, AwsAction::Elb(ElbAction::DeleteTargetGroup { id: gone.clone() })).await;
    }
    let found = site.cloud.tags(&ids).await.unwrap();
    let mut expected = ids.clone();
    for gone in [21, 7, 3] {
        expected.remove(gone);
    }
    let mut found: Vec<AwsId> = found.into_iter().map(|(id, _)| id).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

pub async fn what_is_not_there_is_not_found<C: Cloud>(site: Site<C>) {
    let balancer = standing_load_balancer(&site, "gone").await;
    let target_group = made(&site, target_group(target_group_spec(&site, "gone"))).await;
    let on_it = made(&site, listener(&balancer, 80, http_spec())).await;
    done(&site, AwsAction::Elb(ElbAction::DeleteLoadBalancer { id: balancer.clone() })).await;
    done(&site, AwsAction::Elb(ElbAction::DeleteTargetGroup { id: target_group.clone() })).await;
    let cloud = &site.cloud;
    let kinds = [
        cloud.listeners(&balancer).await.unwrap_err().kind,
        cloud.load_balancer_attributes(&balancer).await.unwrap_err().kind,
        cloud.target_group_attributes(&target_group).await.unwrap_err().kind,
        cloud.targets(&target_group).await.unwrap_err().kind,
    ];
    assert_eq!(kinds, [Kind::NotFound; 4]);
    let actions = [
        listener(&balancer, 80, http_spec()),
        rule(&on_it, 1, rule_spec("a.example.com", fixed("200"))),
        AwsAction::Elb(ElbAction::ModifyTargetGroup {
            id: target_group.clone(),
            health_check: health_check(),
            is_grpc: false,
        }),
        AwsAction::Elb(ElbAction::RegisterTargets {
            target_group: Id::Is(target_group),
            targets: vec![target(&site, 10, 80)],
        }),
        AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id: AwsId::new("sg-0123456789abcdef0") }),
    ];
    for action in actions {
        refused(&site, action, Kind::NotFound).await;
    }
}

pub async fn what_is_not_made_yet_cannot_be_asked_for<C: Cloud>(site: Site<C>) {
    let action = AwsAction::Elb(ElbAction::CreateListener {
        handle: Handle::Listener(group(), Slot(0), 80),
        load_balancer: Id::Of(Handle::LoadBalancer(group(), Slot(0))),
        port: 80,
        spec: http_spec(),
    });
    let error = refused(&site, action, Kind::Refused).await;
    assert_eq!(error.code, CODE_UNRESOLVED);
    assert!(error.is_void());
}
