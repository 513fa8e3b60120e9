//! The class that a group belongs to: one of our own whose parameters name it. What that class
//! decides of what members share is decided for all of them, whoever came first; and who comes by
//! another class has to be one whom it selects.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::group::Group;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::listener::Protocol;
use crate::model::load_balancer::{Attributes, LoadBalancerWish};
use crate::model::problem::Kind;
use crate::model::seen::ClassParams;
use crate::model::snapshot::{Objects, Snapshot};

use super::annotations::table::{
    CERTIFICATE_ARN, INBOUND_CIDRS, PREFIX_LISTS, SSL_POLICY, ZONES_OUT,
};
use super::annotations::{Annotations, Lookup};
use super::classes::{self, annotations_of, is_own_class};
use super::{attributes, load_balancer};

/// The class that a group belongs to.
#[derive(Clone, Copy, Debug)]
pub struct GroupClass<'a> {
    /// The IngressClass.
    pub class: &'a str,
    /// Its parameters, by name.
    pub named: &'a str,
    /// Its parameters.
    pub params: &'a ClassParams,
}

/// The class of our own whose parameters name a group; of several, the first by its name. Classes
/// of LBC's own nothing: there the members decide, as with LBC.
#[must_use]
pub fn owner<'a>(objects: &'a Objects, group: &Group) -> Option<GroupClass<'a>> {
    let Group::Explicit(name) = group else { return None };
    let own = objects.classes.iter().filter(|(_, class)| is_own_class(class));
    let mut owners = own.filter_map(|(class, found)| {
        let (named, params) = classes::params_of(objects, found)?;
        let owned = params.spec.group.as_ref()?;
        (owned.name.as_str() == name.as_str()).then_some(GroupClass { class, named, params })
    });
    owners.next()
}

/// What the class that a group belongs to decides for all members.
#[derive(Clone, Debug, Default)]
pub struct ClassWish {
    /// Of the load balancer.
    pub load_balancer: LoadBalancerWish,
    /// The certificates of HTTPS listeners; the first one is the default one.
    pub certificates: Vec<Id>,
    /// The TLS policy of HTTPS listeners.
    pub ssl_policy: Option<String>,
    /// Who may reach listeners.
    pub inbound_cidrs: Option<BTreeSet<String>>,
    /// The managed prefix lists whose addresses may.
    pub inbound_prefix_lists: Option<BTreeSet<String>>,
    /// Attributes of the listener at a port that speaks this.
    pub listeners: BTreeMap<(u16, Protocol), Attributes>,
}

/// What the class that a group belongs to decides; nothing where it belongs to none. What cannot be
/// understood decides nothing, and is told to those who use the class.
#[must_use]
pub fn wish(snapshot: &Snapshot, group: &Group) -> Option<ClassWish> {
    let owner = owner(&snapshot.objects, group)?;
    let key = ObjectKey::new("", owner.class);
    let mut nobody = Annotations::new(Kind::IngressClass, &key, None);
    let mut lookup = Lookup { class: Some(owner.params), service: None, ingress: &mut nobody };
    let arns = lookup.find(&CERTIFICATE_ARN).unwrap_or_default().into_iter();
    let inbound_prefix_lists = lookup.find(&PREFIX_LISTS).filter(|lists| !lists.is_empty());
    let inbound_cidrs = lookup.find(&INBOUND_CIDRS).filter(|cidrs| !cidrs.is_empty());
    let (settings, surroundings) = (&snapshot.settings, &snapshot.surroundings);
    let class = snapshot.objects.classes.get(owner.class);
    Some(ClassWish {
        load_balancer: LoadBalancerWish {
            class_zones_out: class.and_then(|class| annotations_of(class).read(&ZONES_OUT)),
            ..load_balancer::wish(settings, surroundings, &mut lookup)
        },
        certificates: arns.map(|arn| Id::Is(AwsId::new(arn))).collect(),
        ssl_policy: lookup.find(&SSL_POLICY),
        // Who names lists of addresses alone lets nobody else in.
        inbound_cidrs: inbound_cidrs.or_else(|| inbound_prefix_lists.is_some().then(BTreeSet::new)),
        inbound_prefix_lists,
        listeners: attributes::of_class(owner.params),
    })
}
