//! Steps for target groups and the bindings that fill them.

use crate::model::action::{Action, AwsAction, ElbAction, KubeAction};
use crate::model::backend::BackendKey;
use crate::model::binding::{Binding, Opening, PortRef};
use crate::model::id::{AwsId, Handle, Id, ObjectKey, TargetGroupKey};
use crate::model::inventory::LiveTargetGroup;
use crate::model::load_balancer::Attributes;
use crate::model::part::WishedTargetGroup;
use crate::model::plan::{Reason, StepId};
use crate::model::settings::Settings;
use crate::model::snapshot::Extent;
use crate::model::stack::BalancerStack;
use crate::model::target_group::GRPC;

use super::attributes::differing;
use super::claims::Claims;
use super::draft::Draft;
use super::replacement::Replacement;
use super::settle::Settled;
use super::tags::{Legacy, difference, push_tags};

/// Makes and changes target groups and their bindings. Bindings come before any rule leads to a new
/// target group, so that registering starts early.
pub fn plan(
    draft: &mut Draft,
    settings: &Settings,
    extent: &Extent,
    stack: &BalancerStack,
    settled: &Settled<'_>,
    claims: &Claims,
) {
    for (key, wished) in &stack.target_groups {
        match settled.target_groups.get(key) {
            None => {
                // What members share is made as soon as one of them is ours to look after.
                let is_shared = BackendKey::is_shared(key.backend.spelled());
                let of_owner = || claims.of(key.backend.owner());
                let claims = if is_shared { claims.of_any(stack) } else { of_owner() };
                create(draft, stack, key, &named(settled, key, wished), &claims);
            }
            Some(live) if wished.said_of_check.is_none() => update(draft, settings, live, wished),
            Some(live) => update(draft, settings, live, &named(settled, key, wished)),
        }
    }
    for (key, wished) in &stack.target_groups {
        if *extent == Extent::Manifests && settled.target_groups.contains_key(key) {
            // Manifests show no bindings: where the target group stands, its binding was made with
            // it.
            continue;
        }
        let mut binding = named(settled, key, wished).binding;
        binding.visit_ids(&mut |id| settled.resolve(id));
        bind(draft, settled, key, binding);
    }
}

/// A wish with the names to make things under: a binding is called as its target group is. Where
/// nobody can tell how targets should be checked, they are as they are.
#[must_use]
pub fn named(
    settled: &Settled<'_>,
    key: &TargetGroupKey,
    wished: &WishedTargetGroup,
) -> WishedTargetGroup {
    let mut wished = wished.clone();
    if let Some(plain) = &mut wished.target_group.name {
        let standing = settled.target_groups.get(key).map(|live| &live.live.spec);
        *plain = standing
            .and_then(|spec| spec.name.clone())
            .unwrap_or_else(|| settled.free_name(plain).into());
        wished.binding.name = Some(plain.clone());
    }
    keep_check(settled, key, &mut wished);
    wished
}

/// What is not said of a health check stays as it stands, of this target group or of the one whose
/// place it takes; and load balancers reach the port that they ask then.
fn keep_check(settled: &Settled<'_>, key: &TargetGroupKey, wished: &mut WishedTargetGroup) {
    let Some(said) = &wished.said_of_check else { return };
    let target_group = &mut wished.target_group;
    let standing = settled.target_groups.get(key).copied();
    let mut standing =
        standing.into_iter().chain(settled.replaced(key)).map(|live| &live.live.spec);
    let same = standing.find(|spec| spec.protocol_version == target_group.protocol_version);
    let Some(same) = same else { return };
    target_group.health_check = said.within(&same.health_check);
    let port = target_group.health_check.port.parse().ok().map(PortRef::Number);
    let openings = &mut wished.binding.openings;
    let is_open = openings.iter().any(|opening| opening.port == port);
    let like = openings.iter().find(|opening| opening.port.is_some()).cloned();
    if let (Some(like), true) = (like, port.is_some() && !is_open) {
        openings.push(Opening { port, ..like });
    }
}

fn create(
    draft: &mut Draft,
    stack: &BalancerStack,
    key: &TargetGroupKey,
    wished: &WishedTargetGroup,
    claims: &[StepId],
) {
    let handle = Handle::TargetGroup(stack.group.clone(), key.clone());
    let spec = wished.target_group.clone();
    let action = AwsAction::Elb(ElbAction::CreateTargetGroup { handle: handle.clone(), spec });
    draft.push(Action::Aws(action), Reason::Missing, claims);
    set_attributes(draft, Id::Of(handle), wished.attributes.clone());
}

fn set_attributes(draft: &mut Draft, target_group: Id, attributes: Attributes) {
    if !attributes.is_empty() {
        let reason = Reason::Differs(attributes.keys().map(ToString::to_string).collect());
        let action =
            AwsAction::Elb(ElbAction::ModifyTargetGroupAttributes { target_group, attributes });
        draft.push(Action::Aws(action), reason, &[]);
    }
}

fn update(
    draft: &mut Draft,
    settings: &Settings,
    live: &LiveTargetGroup,
    wished: &WishedTargetGroup,
) {
    let wish = &wished.target_group;
    let spec = &live.live.spec;
    let id = live.live.id.clone();
    if spec.health_check != wish.health_check {
        let reason = Reason::Differs(vec!["health check".to_owned()]);
        let action = AwsAction::Elb(ElbAction::ModifyTargetGroup {
            id: id.clone(),
            health_check: wish.health_check.clone(),
            is_grpc: wish.protocol_version == GRPC,
        });
        draft.push(Action::Aws(action), reason, &[]);
    }
    if let Some(current) = live.attributes.value() {
        set_attributes(draft, Id::Is(id.clone()), differing(current, &wished.attributes));
    }
    let tags = difference(settings, Legacy::Kept, &spec.tags, &wish.tags);
    push_tags(draft, &id, tags, &[]);
}

fn bind(draft: &mut Draft, settled: &Settled<'_>, key: &TargetGroupKey, wish: Binding) {
    let Some((name, seen)) = settled.bindings.get(key) else {
        let first = make_way(draft, settled, &wish);
        let action = Action::Kube(KubeAction::Bind { binding: wish });
        draft.push(action, Reason::Missing, first.as_slice());
        return;
    };
    let fields = differences(&seen.as_binding(name), &wish);
    if !fields.is_empty() {
        let action = KubeAction::Rebind { name: (*name).clone(), binding: wish };
        draft.push(Action::Kube(action), Reason::Differs(fields), &[]);
    }
}

/// Takes away a binding of the same name that has outlived its target group: a new one can have the
/// name only after it, and whatever else is to go may wait for the new one to serve.
fn make_way(draft: &mut Draft, settled: &Settled<'_>, wish: &Binding) -> Option<StepId> {
    let has_name = |name: &ObjectKey| {
        name.namespace == wish.namespace && wish.name.as_ref() == Some(&name.name)
    };
    let stands = |named: &AwsId| settled.resource(named).is_some();
    let (name, _) = settled.surplus_bindings.iter().find(|(name, seen)| {
        let named = seen.spec.target_group_arn.as_ref();
        has_name(name) && !seen.leaving && !named.is_some_and(stands)
    })?;
    let action = KubeAction::Unbind { name: ObjectKey::clone(name) };
    Some(draft.push(Action::Kube(action), Reason::Unwanted, &[]))
}

/// The fields in which a standing binding falls short. Its name counts for nothing, and what was
/// never told counts as what LBC would fill in.
fn differences(live: &Binding, wish: &Binding) -> Vec<String> {
    let sorted = |binding: &Binding| {
        let mut openings = binding.openings.clone();
        openings.sort();
        openings
    };
    let checks = [
        ("labels", live.labels != wish.labels),
        ("target type", live.target_type != wish.target_type),
        ("protocol", live.protocol != wish.protocol),
        ("Service", live.service != wish.service || live.port != wish.port),
        ("networking", sorted(live) != sorted(wish)),
        ("VPC", live.vpc != wish.vpc),
        ("multi-cluster", live.multi_cluster != wish.multi_cluster),
    ];
    checks.iter().filter(|(_, differs)| *differs).map(|(field, _)| (*field).to_owned()).collect()
}

/// Removes target groups and bindings that nobody wants, as far as they may go, once no rule leads
/// to them.
///
/// The target group goes first: its targets go with it, at the price of one call, and the binding,
/// once the target group is gone, has nothing left to deregister.
pub fn remove(
    draft: &mut Draft,
    replacement: &Replacement<'_, '_>,
    after: &[StepId],
    may_go: &dyn Fn(&AwsId) -> bool,
) {
    let settled = replacement.settled;
    let mut steps = Vec::new();
    let surplus = settled.surplus_target_groups.iter().copied();
    let (surplus, staying): (Vec<_>, Vec<_>) = surplus.partition(|live| may_go(&live.live.id));
    for live in &surplus {
        let id = live.live.id.clone();
        let gate = replacement.gate_of_target_group(draft, &id);
        let gate = gate.or_else(|| replacement.gate_of_new_rules(draft, &id));
        let action = Action::Aws(AwsAction::Elb(ElbAction::DeleteTargetGroup { id }));
        steps.push(draft.push_gated(action, Reason::Unwanted, after, gate));
    }
    for (name, seen) in &settled.surplus_bindings {
        let action = Action::Kube(KubeAction::Unbind { name: ObjectKey::clone(name) });
        if seen.leaving || draft.steps().iter().any(|step| step.action == action) {
            continue;
        }
        let named = seen.spec.target_group_arn.as_ref();
        if staying.iter().any(|live| Some(&live.live.id) == named) {
            continue;
        }
        let target_groups = surplus.iter().zip(&steps);
        let mut first: Vec<StepId> = target_groups
            .filter(|(live, _)| Some(&live.live.id) == named)
            .map(|(_, step)| *step)
            .collect();
        first.extend_from_slice(after);
        draft.push(action, Reason::Unwanted, &first);
    }
}
