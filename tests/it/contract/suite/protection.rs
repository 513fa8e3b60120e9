//! Web ACLs and Shield protections of load balancers.

use albedo::aws::{Answer, Cloud, Kind};
use albedo::model::action::{AwsAction, ShieldAction, Wafv2Action};
use albedo::model::id::{AwsId, Id};
use albedo::model::protection::{LiveWebAcl, SHIELD_NAME};

use super::wishes::{done, refused, standing_load_balancer};
use super::{Looks as _, Site};

/// A load balancer that takes traffic.
async fn active<C: Cloud>(site: &Site<C>, name: &str) -> AwsId {
    let id = standing_load_balancer(site, name).await;
    (site.activate)(&site.cloud);
    id
}

fn associate(load_balancer: &AwsId, web_acl: &AwsId) -> AwsAction {
    let (load_balancer, web_acl) = (Id::Is(load_balancer.clone()), web_acl.clone());
    AwsAction::Wafv2(Wafv2Action::AssociateWebAcl { load_balancer, web_acl })
}

pub async fn a_load_balancer_has_the_web_acl_that_it_was_given_last<C: Cloud>(site: Site<C>) {
    let id = active(&site, "guarded").await;
    assert_eq!(site.cloud.web_acl_of(&id).await.unwrap(), None);
    for web_acl in &site.web_acls {
        done(&site, associate(&id, web_acl)).await;
        assert_eq!(site.cloud.web_acl_of(&id).await.unwrap().as_ref(), Some(web_acl));
    }
    let action = Wafv2Action::DisassociateWebAcl { load_balancer: id.clone() };
    done(&site, AwsAction::Wafv2(action)).await;
    assert_eq!(site.cloud.web_acl_of(&id).await.unwrap(), None);
}

pub async fn web_acls_are_known_by_their_names<C: Cloud>(site: Site<C>) {
    let mut found = site.cloud.web_acls().await.unwrap();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    let [one, two] = &site.web_acls;
    let named = |id: &AwsId, name: &str| LiveWebAcl { id: id.clone(), name: name.to_owned() };
    assert_eq!(found, [named(one, "one"), named(two, "two")]);
}

pub async fn a_web_acl_that_is_not_there_is_refused<C: Cloud>(site: Site<C>) {
    let id = active(&site, "unguarded").await;
    let gone = AwsId::new(site.web_acls[0].as_str().replace("/one/", "/three/"));
    let error = refused(&site, associate(&id, &gone), Kind::NotFound).await;
    assert_eq!(error.code, "WAFNonexistentItemException");
    assert_eq!(site.cloud.web_acl_of(&id).await.unwrap(), None);
}

pub async fn a_load_balancer_is_protected_once<C: Cloud>(site: Site<C>) {
    assert!(site.cloud.is_subscribed().await.unwrap());
    let id = active(&site, "shielded").await;
    assert_eq!(site.cloud.protection_of(&id).await.unwrap_err().kind, Kind::NotFound);
    let load_balancer = Id::Is(id.clone());
    let create = || {
        AwsAction::Shield(ShieldAction::CreateProtection { load_balancer: load_balancer.clone() })
    };
    let answer = done(&site, create()).await;
    let Answer::ShieldProtection(made) = answer else { panic!("{answer:?}") };
    let found = site.cloud.protection_of(&id).await.unwrap();
    assert_eq!((&found.id, found.name.as_str()), (&made, SHIELD_NAME));
    refused(&site, create(), Kind::Conflict).await;
    let action = ShieldAction::DeleteProtection { id: made, load_balancer: id.clone() };
    done(&site, AwsAction::Shield(action)).await;
    assert_eq!(site.cloud.protection_of(&id).await.unwrap_err().kind, Kind::NotFound);
}
