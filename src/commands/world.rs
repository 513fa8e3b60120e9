//! Planning everything at once: what `albedo plan` shows and `albedo run` comes to, subject by
//! subject.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::aws::{Cloud, CloudError, Kind, Mirror, TagLook};
use crate::clock::Clock;
use crate::cluster::Recalled;
use crate::desired;
use crate::desired::visits::{logins, packed};
use crate::desired::{owners, request, tls};
use crate::model::action::{Action, KubeAction};
use crate::model::binding::Binding;
use crate::model::fact::FactStore;
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, Handle, Id, ObjectKey};
use crate::model::inventory::TargetsInventory;
use crate::model::plan::Plan;
use crate::model::problem::Problem;
use crate::model::protection::ProtectionStack;
use crate::model::role::session;
use crate::model::settings::{DnsPolicy, Settings};
use crate::model::snapshot::{Extent, Objects, Snapshot};
use crate::model::source::{Source, SourceKind};
use crate::model::stack::{Braked, TargetsStack};
use crate::model::subject::Subject;
use crate::model::target_group::TargetType;
use crate::plan;
use crate::plan::check::Breach;
use crate::plan::plan_only::PlannedOnly;
use crate::reconcile::{
    read_account_limits, read_bound, read_issued, read_led_to, read_named, read_protection,
    read_trust_stores,
};

use admitted::admitted;
use fabric::plan_fabric;
use planned_only::{AsItIs, look, planned_only};
use steps::{await_approval, only_remembers, remembers_standing};

mod admitted;
mod fabric;
mod planned_only;
mod steps;

/// How old what is read may be: everything is read once.
const AGE_MAX: Duration = Duration::from_secs(3600);

/// The plans of all subjects, and what is wrong with whom.
#[derive(Debug, Default)]
pub struct Plans {
    /// The plans, in the order in which their subjects rely on each other.
    pub plans: Vec<(Subject, Plan)>,
    /// What members would change of whom only the plan is asked for.
    pub planned_only: Vec<PlannedOnly>,
    /// The problems.
    pub problems: Vec<Problem>,
    /// What could not be looked at, and what follows from that.
    pub notes: Vec<String>,
    /// Whether nothing in the cluster says that anything was ever made for it.
    is_unmarked: bool,
}

impl Plans {
    /// What stays of a subject because it was there before the cluster had load balancers. What
    /// else has lost its owners goes: they have just been looked for.
    fn braked<O: ToString>(
        &self,
        snapshot: &Snapshot,
        subject: &Subject,
        owners: impl FnOnce() -> BTreeSet<O>,
    ) -> Braked<O> {
        if !self.is_unmarked {
            return Braked::default();
        }
        owners::braked(&snapshot.settings, &snapshot.objects.classes, subject, owners())
    }

    /// Says which plans would be refused: a step of theirs may take away what is still needed.
    fn judged(&mut self, subject: &Subject, plan: &Plan, breaches: &[Breach]) {
        let each = breaches.iter().filter_map(|Breach { step, why }| {
            let step = plan.steps.get(step.0)?;
            let (_, operation) = step.action.operation();
            Some(format!("the plan of {subject} is refused: {operation}: {why}"))
        });
        self.notes.extend(each);
    }
}

/// Plans every subject of a snapshot against what stands in AWS, with what the cluster remembers of
/// each group.
///
/// # Errors
/// The read that failed.
pub async fn plan_all<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &mut Snapshot,
    recalled: &Recalled,
) -> Result<Plans, CloudError> {
    let (cluster, place) = (snapshot.settings.cluster.clone(), snapshot.settings.place.clone());
    let mut facts = FactStore::default();
    let fabric = mirror.fabric(&cluster, &BTreeSet::new()).await?;
    let backend = fabric.backend.value().map(|backend| backend.id.clone());
    facts.learn(Handle::BackendSecurityGroup, backend);
    snapshot.bound = read_bound(mirror, &cluster, &snapshot.objects, TagLook::Together).await?;
    let mut plans = Plans {
        is_unmarked: snapshot.extent == Extent::Cluster
            && !recalled.is_marked
            && recalled.groups.is_empty()
            && !owners::bears_marks(snapshot.settings.scope, &snapshot.objects),
        ..Plans::default()
    };
    snapshot.issued = read_issued(mirror, snapshot).await?;
    snapshot.target_groups_named = read_named(mirror, snapshot).await?;
    let led_to = read_led_to(mirror, snapshot).await?;
    snapshot.bound.extend(led_to);
    snapshot.trust_stores = read_trust_stores(mirror, snapshot).await?;
    (snapshot.account_limits, _) = read_account_limits(mirror).await;
    look_at_zones(mirror, snapshot, &mut facts, &mut plans).await?;
    let zones = snapshot.zones.as_ref();
    snapshot.objects.packed = packed(&snapshot.settings, &snapshot.objects, zones);
    plan_certificates(mirror, snapshot, &mut facts, &mut plans).await?;
    snapshot.facts = facts.all();
    let mut balancers = Vec::new();
    let admitted = admitted(mirror, snapshot).await?;
    let (mut planned, mut protections) = (Vec::new(), Vec::new());
    let mut groups = desired::groups::all(snapshot);
    groups.extend(recalled.groups.keys().filter(|group| snapshot.extent.may_show(group)).cloned());
    for group in groups.clone() {
        let remembered = recalled.groups.get(&group).cloned().unwrap_or_default();
        snapshot.memory = remembered.memory.clone();
        let mut built = desired::balancer::build(snapshot, &group);
        plans.problems.append(&mut built.problems);
        let mut inventory = look(mirror, snapshot, &group, &built.stack).await?;
        inventory.admitted.clone_from(&admitted);
        inventory.remembered = remembered;
        desired::standing::prove(snapshot, &mut built.stack, &inventory);
        let (settings, extent) = (&snapshot.settings, &snapshot.extent);
        let mut names = built.names.clone();
        if let Some(live) = plan::balancer::current(extent, &built.stack, &inventory) {
            names.load_balancer = Id::Is(live.live.id.clone());
        }
        planned.extend(plan::balancer::planned_bindings(extent, &built.stack, &inventory));
        // How long something has been waiting is not known here, so no wait is over.
        let over = BTreeSet::new();
        let subject = Subject::Balancer(place.clone(), group.clone());
        built.stack.braked = plans.braked(snapshot, &subject, || {
            let is_known = |resource: &str| owners::is_in_sight(&snapshot.objects, resource);
            plan::brakes::strays(&inventory, is_known)
        });
        let plan = plan::balancer::plan(settings, extent, &built.stack, &inventory, &over);
        let waiting = (&subject, &mut built.stack);
        let mut plan = await_approval(snapshot, waiting, (plan, &inventory));
        let stack = &built.stack;
        let breaches = plan::check::balancer(&plan, stack, &inventory);
        if plan::approval::awaited(&plan).is_some() {
            names.known.clear();
        }
        if plan::deletion::holds_up(&plan) {
            names.known.retain(|member| !stack.leaving.contains(member));
        }
        facts.names_of(&group, names, facts.revision());
        plans.judged(&subject, &plan, &breaches);
        let as_it_is =
            AsItIs { subject: &subject, built: &built, inventory: &inventory, plan: &plan };
        Box::pin(planned_only(mirror, snapshot, &group, as_it_is, &mut plans)).await?;
        let (extent, stack) = (&snapshot.extent, &built.stack);
        plan.leave_out(remembers_standing);
        if plan.steps.iter().all(only_remembers) {
            plan.steps.clear();
        }
        balancers.push((subject, plan));
        if let Some(wished) = desired::protection::stack(extent, stack, &inventory) {
            let plan = plan_protection(mirror, &wished, &mut plans.notes).await?;
            protections.push((Subject::Protection(place.clone(), group), plan));
        }
    }
    let afterwards = afterwards(snapshot, balancers.iter().map(|(_, plan)| plan));
    plan_fabric(mirror, (snapshot, &afterwards), &planned, &mut plans).await?;
    plans.plans.append(&mut balancers);
    plans.plans.append(&mut protections);
    plan_targets(mirror, snapshot, planned, &mut plans).await?;
    snapshot.facts = facts.for_zone(|_| true);
    plan_zones(mirror, snapshot, &mut plans).await?;
    Ok(plans)
}

/// Finds out which hosted zones there are, and where their names lead.
async fn look_at_zones<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &mut Snapshot,
    facts: &mut FactStore,
    plans: &mut Plans,
) -> Result<(), CloudError> {
    let dns = snapshot.settings.dns.clone();
    let keeps_names = desired::zone::is_on(&snapshot.settings, &snapshot.objects);
    if !keeps_names && !request::is_on(&snapshot.settings, &snapshot.objects) {
        facts.zones([]);
        return Ok(());
    }
    let zones = match mirror.zones(AGE_MAX).await {
        Ok(zones) => zones,
        Err(error) if error.kind == Kind::Refused => {
            plans
                .notes
                .push(format!("hosted zones cannot be read, so no name is planned: {error}"));
            snapshot.zones_refused = true;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    // Names that are never withdrawn, or not kept at all, hold up no load balancer.
    let may_hold = keeps_names && dns.policy == DnsPolicy::Sync;
    let in_use = desired::zone::in_use(&dns, &zones).filter(|_| may_hold);
    let in_use: Vec<AwsId> = in_use.collect();
    facts.zones(in_use.clone());
    for id in &in_use {
        let inventory = match mirror.zone(id, None, AGE_MAX).await {
            Err(error) if error.kind == Kind::Refused => {
                plans
                    .notes
                    .push(format!("{id} cannot be read, so no name in it is planned: {error}"));
                facts.refuses(id);
                continue;
            }
            found => found?,
        };
        let Some(zone) = zones.get(id) else { continue };
        let nobody = BTreeMap::new();
        facts.leads(
            id,
            &plan::zone::leading(&snapshot.settings, zone, &nobody, &BTreeSet::new(), &inventory),
        );
    }
    snapshot.zones = Some(zones);
    Ok(())
}

/// Plans the zones, now that it is known who wishes for which names.
async fn plan_zones<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &Snapshot,
    plans: &mut Plans,
) -> Result<(), CloudError> {
    let zones = snapshot.zones.iter().flat_map(|zones| zones.keys());
    for id in zones {
        let Some(mut stack) = desired::zone::build(snapshot, id) else { continue };
        let settings = &snapshot.settings;
        let inventory = match mirror.zone(id, None, AGE_MAX).await {
            // That has been said.
            Err(error) if error.kind == Kind::Refused => continue,
            found => found?,
        };
        let subject = Subject::Zone(settings.place.clone(), id.clone());
        stack.braked = plans.braked(snapshot, &subject, || {
            let (unseen, _) = plan::zone::unseen(settings, &snapshot.extent, &stack, &inventory);
            unseen.into_keys().collect()
        });
        let mut plan = plan::zone::plan(settings, &snapshot.extent, &stack, &inventory);
        if let Some(records) = inventory.records.value() {
            plan.notes.extend(plan::wire::compared(&plan, records));
        }
        plans.judged(&subject, &plan, &plan::check::zone(&plan, settings, &stack, &inventory));
        plans.plans.push((subject, plan));
    }
    Ok(())
}

/// Plans all certificates that are made for somebody, and makes known those that stand.
async fn plan_certificates<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &mut Snapshot,
    facts: &mut FactStore,
    plans: &mut Plans,
) -> Result<(), CloudError> {
    let secrets = imported(&snapshot.settings, &snapshot.objects);
    let mut keys: BTreeSet<CertificateKey> = secrets.map(CertificateKey::Secret).collect();
    let (settings, objects) = (&snapshot.settings, &snapshot.objects);
    let each = objects.ingresses.iter();
    let requests = each.flat_map(|(key, ingress)| request::asked(settings, objects, key, ingress));
    keys.extend(requests.map(CertificateKey::Request));
    let cluster = settings.cluster.clone();
    let mut standing = BTreeSet::new();
    if tls::is_on(settings, objects) {
        standing.extend(mirror.certificates(&cluster).await?.into_keys());
    }
    if request::is_on(settings, objects) {
        standing.extend(mirror.requests(&cluster).await?.into_keys());
    }
    keys.extend(standing.into_iter().filter(|key| snapshot.extent.shows_users_of(key)));
    for key in keys {
        // Which listeners use what is not known here, so removals are shown as waiting for them.
        let (plan, breaches) = match &key {
            CertificateKey::Secret(secret) => {
                let stack = desired::certificate::build(snapshot, secret);
                let inventory = mirror.certificate(&cluster, &key, stack.facts()).await?;
                let live = plan::certificate::current(&stack, &inventory);
                facts.learn(Handle::Certificate(key.clone()), live.map(|live| live.id.clone()));
                let plan = plan::certificate::plan(&stack, &inventory);
                let breaches = plan::check::certificate(&plan, &stack);
                (plan, breaches)
            }
            CertificateKey::Request(request) => {
                let stack = request::build(snapshot, request);
                let inventory = mirror.request(&cluster, request, AGE_MAX).await?;
                let live = plan::request::current(&inventory);
                let issued = live.filter(|live| live.is_issued()).map(|live| live.id.clone());
                facts.learn(Handle::Certificate(key.clone()), issued);
                let asker = snapshot.objects.ingresses.iter().find(|(key, ingress)| {
                    let (settings, objects) = (&snapshot.settings, &snapshot.objects);
                    request::asked(settings, objects, key, ingress).contains(request)
                });
                let asker = asker.map(|(key, _)| Source::ingress(key.clone()));
                let proofs = live.map(|live| live.facts.validations.clone()).unwrap_or_default();
                facts.proves(request, asker.map(|asker| (asker, proofs)));
                let plan = plan::request::plan(&stack, &inventory);
                let breaches = plan::check::request(&plan, &stack);
                (plan, breaches)
            }
        };
        let subject = Subject::Certificate(snapshot.settings.place.clone(), key);
        plans.judged(&subject, &plan, &breaches);
        plans.plans.push((subject, plan));
    }
    Ok(())
}

/// Plans what protects the load balancers of a group.
async fn plan_protection<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    stack: &ProtectionStack,
    notes: &mut Vec<String>,
) -> Result<Plan, CloudError> {
    let (inventory, errors) = read_protection(mirror, stack).await?;
    let each = errors.iter().map(|error| {
        format!("what protects load balancers cannot be read, so nothing of it is planned: {error}")
    });
    notes.extend(each);
    Ok(plan::protection::plan(stack, &inventory))
}

/// The TLS Secrets that these Ingresses name and that are imported.
#[must_use]
pub fn secrets_of(settings: &Settings, objects: &Objects) -> BTreeSet<ObjectKey> {
    let each = objects.ingresses.iter();
    let logins = each.flat_map(|(key, ingress)| logins(settings, objects, key, ingress));
    imported(settings, objects).chain(logins).collect()
}

/// The Secrets that are imported as certificates.
fn imported(settings: &Settings, objects: &Objects) -> impl Iterator<Item = ObjectKey> {
    let each = objects.ingresses.iter();
    let entries = each.flat_map(|(key, ingress)| tls::entries(settings, objects, key, ingress));
    entries.map(|entry| entry.secret)
}

/// The snapshot once these plans are carried out, as far as the fabric is concerned: what they
/// release no longer needs it.
fn afterwards<'a>(snapshot: &Snapshot, plans: impl Iterator<Item = &'a Plan>) -> Snapshot {
    let mut afterwards = snapshot.clone();
    let objects = &mut afterwards.objects;
    for step in plans.flat_map(|plan| &plan.steps) {
        match &step.action {
            Action::Kube(KubeAction::Release { member, finalizer }) => {
                let metadata = match member.kind {
                    SourceKind::Ingress => {
                        let ingress = objects.ingresses.get_mut(&member.key);
                        ingress.map(|ingress| &mut Arc::make_mut(ingress).metadata)
                    }
                };
                if let Some(metadata) = metadata {
                    metadata.finalizers.retain(|held| held != finalizer);
                }
            }
            Action::Kube(KubeAction::Unbind { name }) => _ = objects.bindings.remove(name),
            Action::Kube(_) | Action::Aws(_) => {}
        }
    }
    afterwards
}

/// The bindings that were made for a group.
#[must_use]
pub fn bindings_of(
    snapshot: &Snapshot,
    group: &Group,
) -> BTreeMap<ObjectKey, crate::model::seen::SeenBinding> {
    let labels = group.labels();
    let of_group = snapshot.objects.bindings.iter().filter(|(_, binding)| {
        labels.iter().all(|(key, value)| binding.labels.get(key) == Some(value))
    });
    of_group.map(|(key, binding)| (key.clone(), binding.as_ref().clone())).collect()
}

async fn plan_targets<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &Snapshot,
    planned: Vec<Binding>,
    plans: &mut Plans,
) -> Result<(), CloudError> {
    let mut wished: Vec<(ObjectKey, TargetsStack)> = Vec::new();
    for key in snapshot.objects.bindings.keys() {
        let refusal = desired::binder::refusal(snapshot, key);
        let refused = refusal.map(|refusal| desired::binder::problems(snapshot, refusal, key));
        plans.problems.extend(refused.into_iter().flatten());
        plans.problems.extend(desired::targets::unserved(snapshot, key));
        plans.problems.extend(desired::targets::portless(snapshot, key));
        plans.problems.extend(desired::nodes::problems(snapshot, key));
        plans
            .problems
            .extend(desired::targets::strangers(snapshot, key).filter(|_| refusal.is_none()));
        wished.extend(desired::targets::build(snapshot, key).map(|stack| (key.clone(), stack)));
    }
    let services: BTreeSet<&ObjectKey> = snapshot.objects.slices.keys().collect();
    for binding in planned {
        let name = binding.name.clone().unwrap_or_else(|| binding.service.clone());
        let key = ObjectKey::new(binding.namespace.clone(), name);
        let mut stack = desired::targets::of_binding(snapshot, &binding);
        let is_shown = match binding.target_type {
            TargetType::Ip => services.contains(&binding.service_key()),
            TargetType::Instance => !snapshot.objects.nodes.is_empty(),
            TargetType::Alb => false,
        };
        if snapshot.extent == Extent::Manifests && !is_shown {
            continue;
        }
        // Where the target group stands, so does its binding, which manifests do not show.
        stack.unclaimed = stack.target_group.given().is_none();
        wished.push((key, stack));
    }
    for (key, stack) in wished {
        let inventory = match &stack.target_group {
            Id::Is(id) if stack.counts_what_stands() => {
                let role = snapshot.objects.bindings.get(&key).and_then(|seen| seen.role());
                let session = session(&snapshot.settings.cluster);
                let by_role = role.and_then(|role| mirror.by_role(&role, &session));
                by_role.as_ref().unwrap_or(mirror).targets(id).await?
            }
            Id::Is(_) | Id::Of(_) => TargetsInventory::default(),
        };
        let plan = plan::targets::plan(&key, &stack, &inventory);
        let subject = Subject::Targets(snapshot.settings.place.clone(), key);
        plans.judged(&subject, &plan, &plan::check::targets(&plan, &stack, &inventory));
        plans.plans.push((subject, plan));
    }
    Ok(())
}
