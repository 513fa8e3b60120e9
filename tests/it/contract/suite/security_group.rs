//! Security groups.

use std::collections::BTreeSet;

use albedo::aws::{Cloud, Kind, ReadSecurityGroup};
use albedo::model::action::{AwsAction, Ec2Action};
use albedo::model::id::{AwsId, Id};
use albedo::model::marks::DESCRIPTION_SHARED_RULE;
use albedo::model::security::{IngressRule, Peer};

use super::wishes::{
    done, ingress, load_balancer, load_balancer_spec, made, refused, security_group, tags,
};
use super::{Looks as _, Site};

async fn read<C: Cloud>(site: &Site<C>, id: &AwsId) -> Option<ReadSecurityGroup> {
    let groups = site.cloud.security_groups().await.unwrap();
    groups.into_iter().find(|group| group.live.id == *id)
}

fn authorize(id: &AwsId, rules: &BTreeSet<IngressRule>, description: &str) -> AwsAction {
    AwsAction::Ec2(Ec2Action::AuthorizeIngress {
        group: Id::Is(id.clone()),
        rules: rules.clone(),
        description: description.to_owned(),
    })
}

fn everybody(port: u16) -> IngressRule {
    ingress(port, Peer::Cidr("0.0.0.0/0".to_owned()))
}

pub async fn a_security_group_is_made_with_tags_and_without_rules<C: Cloud>(site: Site<C>) {
    let action = security_group(&site, "bare");
    let AwsAction::Ec2(Ec2Action::CreateSecurityGroup { spec, .. }) = action.clone() else {
        unreachable!()
    };
    let id = made(&site, action).await;
    let found = read(&site, &id).await.unwrap();
    assert_eq!(found.live.spec, spec);
    assert_eq!(found.shared, BTreeSet::new());
    done(&site, AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id: id.clone() })).await;
    assert_eq!(read(&site, &id).await, None);
}

pub async fn rules_of_a_security_group_come_and_go<C: Cloud>(site: Site<C>) {
    let id = made(&site, security_group(&site, "front")).await;
    let source = made(&site, security_group(&site, "back")).await;
    let public = BTreeSet::from([
        everybody(80),
        everybody(443),
        ingress(80, Peer::Cidr6("::/0".to_owned())),
    ]);
    let shared = BTreeSet::from([IngressRule {
        to_port: 9090,
        ..ingress(8080, Peer::Group(Id::Is(source)))
    }]);
    done(&site, authorize(&id, &public, "")).await;
    done(&site, authorize(&id, &shared, DESCRIPTION_SHARED_RULE)).await;
    let found = read(&site, &id).await.unwrap();
    assert_eq!(found.live.spec.ingress, public.union(&shared).cloned().collect());
    assert_eq!(found.shared, shared);
    let revoke = AwsAction::Ec2(Ec2Action::RevokeIngress {
        group: Id::Is(id.clone()),
        rules: shared,
        description: DESCRIPTION_SHARED_RULE.to_owned(),
    });
    done(&site, revoke).await;
    let found = read(&site, &id).await.unwrap();
    assert_eq!((found.live.spec.ingress, found.shared), (public, BTreeSet::new()));
}

pub async fn a_rule_that_stands_is_a_conflict_and_nothing_is_done<C: Cloud>(site: Site<C>) {
    let id = made(&site, security_group(&site, "front")).await;
    done(&site, authorize(&id, &BTreeSet::from([everybody(443)]), "")).await;
    let both = BTreeSet::from([everybody(80), everybody(443)]);
    let error = refused(&site, authorize(&id, &both, ""), Kind::Conflict).await;
    assert_eq!(error.code, "InvalidPermission.Duplicate");
    let found = read(&site, &id).await.unwrap();
    assert_eq!(found.live.spec.ingress, BTreeSet::from([everybody(443)]));
}

pub async fn a_security_group_in_use_cannot_be_removed<C: Cloud>(site: Site<C>) {
    let source = made(&site, security_group(&site, "source")).await;
    let other = made(&site, security_group(&site, "other")).await;
    let rules = BTreeSet::from([ingress(80, Peer::Group(Id::Is(source.clone())))]);
    done(&site, authorize(&other, &rules, "")).await;
    let front = made(&site, security_group(&site, "front")).await;
    done(&site, load_balancer(load_balancer_spec(&site, "user", &front))).await;
    for id in [source, front] {
        let action = AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id });
        let error = refused(&site, action, Kind::InUse).await;
        assert_eq!(error.code, "DependencyViolation");
    }
}

pub async fn names_of_security_groups_are_unique<C: Cloud>(site: Site<C>) {
    made(&site, security_group(&site, "same")).await;
    let error = refused(&site, security_group(&site, "same"), Kind::Conflict).await;
    assert_eq!(error.code, "InvalidGroup.Duplicate");
}

pub async fn tags_of_a_security_group_come_and_go<C: Cloud>(site: Site<C>) {
    let id = made(&site, security_group(&site, "tagged")).await;
    let more = tags([("a", "1"), ("b", "")]);
    done(&site, AwsAction::Ec2(Ec2Action::TagSecurityGroup { id: id.clone(), tags: more })).await;
    let less = tags([("a", "1"), ("made-by", "contract")]);
    done(&site, AwsAction::Ec2(Ec2Action::UntagSecurityGroup { id: id.clone(), tags: less })).await;
    assert_eq!(read(&site, &id).await.unwrap().live.spec.tags, tags([("b", "")]));
}
