//! Who in the cluster may own what stands in its name, whatever the flags and whoever looks after
//! it.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::seen::Ingress;
use crate::model::settings::Scope;
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::sweep::Owners;

use super::annotations::table::GROUP_NAME;
use super::classes::class_of;
use super::tls;

/// Who may own anything: of the objects, and of the groups of which something is remembered.
#[must_use]
pub fn owners<'a>(objects: &Objects, remembered: impl IntoIterator<Item = &'a Group>) -> Owners {
    let mut owners =
        Owners { groups: remembered.into_iter().cloned().collect(), ..Owners::default() };
    for (key, ingress) in &objects.ingresses {
        owners.ingresses.insert(key.clone());
        owners.groups.extend(groups(objects, key, ingress));
        owners.secrets.extend(tls::named(key, ingress).into_iter().map(|entry| entry.secret));
        owners.hosts.extend(hosts(ingress));
    }
    for binding in objects.bindings.values() {
        let spec = &binding.spec;
        let named = spec.target_group_arn.iter().map(|arn| SmolStr::new(arn.as_str()));
        let named = named.chain(spec.target_group_name.as_deref().map(SmolStr::new));
        let made_for = Group::of_labels(&binding.labels);
        owners.bound.extend(named.map(|target_group| (target_group, made_for.clone())));
    }
    owners
}

/// Every group that an Ingress may be in: its own, those whose finalizers it holds, and the one
/// that it or its class names.
fn groups(objects: &Objects, key: &ObjectKey, ingress: &Ingress) -> BTreeSet<Group> {
    let member = Source::ingress(key.clone());
    let finalizers = ingress.metadata.finalizers.iter();
    let held = finalizers.flat_map(|held| {
        [Scope::All, Scope::Own].map(|scope| Group::of_finalizer(scope, held, &member))
    });
    let annotations = ingress.metadata.annotations.as_ref();
    let named = annotations.and_then(|all| all.get(GROUP_NAME.key().as_str())).map(SmolStr::as_str);
    let by_class = class_of(objects, ingress).and_then(|class| {
        let parameters = class.spec.as_ref()?.parameters.as_ref()?;
        let params = objects.params.get(&parameters.name)?;
        params.spec.group.as_ref().map(|group| group.name.as_str())
    });
    let named = named.into_iter().chain(by_class).map(|name| Group::Explicit(name.into()));
    let own = std::iter::once(Group::Implicit(key.clone()));
    own.chain(held.flatten()).chain(named).collect()
}

/// The hosts of an Ingress, in lower case.
fn hosts(ingress: &Ingress) -> impl Iterator<Item = SmolStr> {
    let spec = ingress.spec.iter();
    let hosts = spec.flat_map(|spec| {
        let of_rules = spec.rules.iter().flatten().filter_map(|rule| rule.host.as_deref());
        let of_tls = spec.tls.iter().flatten().flat_map(|tls| tls.hosts.iter().flatten());
        of_rules.chain(of_tls.map(SmolStr::as_str))
    });
    hosts.map(|host| host.to_lowercase().into())
}
