//! Which attributes classes of our own have set: those go back once nobody asks for them. What
//! AWS Load Balancer Controller's classes ask for stays as it leaves it.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::model::group::Group;
use crate::model::id::TargetGroupKey;
use crate::model::load_balancer::Attributes;
use crate::model::memory::Given;
use crate::model::part::WishedTargetGroup;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::{Front, NamedAttributes};

use super::classes::{class_of, is_own_class};
use super::group_class;

/// What is set of a group for the sake of classes of our own.
#[must_use]
pub fn given(
    snapshot: &Snapshot,
    group: &Group,
    front: Option<&Front>,
    target_groups: &BTreeMap<TargetGroupKey, WishedTargetGroup>,
) -> Given {
    let is_own = |source: &Source| {
        let ingress = snapshot.objects.ingresses.get(&source.key);
        let class = ingress.and_then(|ingress| class_of(&snapshot.objects, ingress));
        class.is_some_and(is_own_class)
    };
    let is_owned = group_class::owner(&snapshot.objects, group).is_some();
    let own = |named: &NamedAttributes| {
        let asked = |key: &SmolStr| named.by.get(key).map_or(is_owned, is_own);
        let own = named.values.iter().filter(|(key, _)| asked(key));
        own.map(|(key, value)| (key.clone(), value.clone())).collect::<Attributes>()
    };
    let listeners = front.into_iter().flat_map(|front| &front.listeners);
    let listeners = listeners.map(|(port, wished)| (*port, own(&wished.attributes)));
    let asking = target_groups.iter().filter(|(_, wished)| !wished.attributes.is_empty());
    let asking = asking.filter(|(key, _)| is_own(key.backend.owner()));
    let of_groups =
        asking.map(|(key, wished)| (key.backend.spelled().clone(), wished.attributes.clone()));
    let nlb = front.and_then(|front| front.nlb.as_deref());
    Given {
        frontend_nlb: nlb.map(|nlb| own(&nlb.attributes)).unwrap_or_default(),
        load_balancer: front.map(|front| own(&front.attributes)).unwrap_or_default(),
        listeners: listeners.filter(|(_, own)| !own.is_empty()).collect(),
        target_groups: of_groups.collect(),
    }
}
