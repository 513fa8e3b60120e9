//! The story of a visit to a hosted zone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{MISSING_PAUSE, NAMES_PAUSE, STALE, Visit, gravest};
use crate::aws::{Cloud, CloudError, ElbPart, Kind, Part, Reach, Route53Part};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::model::action::{Action, AwsAction, Route53Action};
use crate::model::fact::{FactStore, Leading};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::{ZoneInventory, ZoneScope, ZoneSight, of_name};
use crate::model::moment::Moment;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::ownership::TxtNames;
use crate::model::plan::{Plan, Step, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::record::{HostedZone, RecordChange, name_from_route53};
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::ZoneStack;
use crate::plan;
use crate::report::Rest;
use crate::world::{Progress, ZoneState, member};

/// How old what we know of load balancers may be while no name waits for one.
const RECORDS_AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// How often it is looked whether a large zone has been read as a whole, which takes minutes.
const WHOLE_PAUSE: Duration = Duration::from_secs(10);
/// How often a load balancer that is being set up is looked at while a name waits for it; AWS takes
/// two or three minutes.
const ACTIVE_PAUSE: Duration = Duration::from_secs(1);
/// How many looks in a row come at that pace, and how long the later ones wait at most: one that
/// has failed never gets active.
const LOOKS_QUICK: u32 = 300;
const ACTIVE_PAUSE_MAX: Duration = Duration::from_secs(60);

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Visits a zone; once more at once where Route 53 has named what it refuses, so that all other
    /// names go out.
    pub(super) async fn zone(&self, id: &AwsId) -> Result<Rest, CloudError> {
        self.look_for_sync(id).await;
        let rest = self.zone_once(id).await?;
        let is_told = self
            .world()
            .lock()
            .zone_states
            .get_mut(id)
            .is_some_and(|state| std::mem::take(&mut state.is_told_apart));
        if is_told { self.zone_once(id).await } else { Ok(rest) }
    }

    /// Asks how far a batch has come whose turn it is.
    async fn look_for_sync(&self, id: &AwsId) {
        let now = self.reconciler.clock.moment();
        let ask = |state: &mut ZoneState| state.sync.ask(now);
        let change = self.world().lock().zone_states.get_mut(id).and_then(ask);
        let Some(change) = change else { return };
        let progress = match self.mirror().is_in_sync(&change).await {
            Ok(true) => Progress::InSync,
            Err(error) if matches!(error.kind, Kind::Refused | Kind::NotFound) => {
                tracing::warn!(zone = %id, %error, "nobody is told whether names are in sync");
                Progress::Never
            }
            Ok(false) | Err(_) => Progress::Pending,
        };
        let date = self.reconciler.clock.now();
        if let Some(state) = self.world().lock().zone_states.get_mut(id) {
            state.sync.told(&change, progress, date);
        }
    }

    /// Has groups shown anew by whose names servers answer now.
    fn show_sync(&self, id: &AwsId, stack: &ZoneStack) {
        let mut world = self.world().lock();
        let Some(state) = world.zone_states.get_mut(id) else { return };
        let names = state.sync.news();
        if !names.is_empty() {
            world.shows_anew(&asking(stack, &names));
        }
    }

    async fn zone_once(&self, id: &AwsId) -> Result<Rest, CloudError> {
        let (snapshot, at) = self.snapshot(Reach::Nothing).await?;
        let Some(mut stack) = desired::zone::build(&snapshot, id) else { return Ok(Rest::Done) };
        self.show_sync(id, &stack);
        if self.is_filling(id, &stack) {
            return Ok(Rest::Later(ACTIVE_PAUSE));
        }
        let settings = self.settings();
        let is_by_name = self.mirror().is_by_name(id);
        let (age_max, scope) = {
            let mut world = self.world().lock();
            let state = world.zone_states.entry(id.clone()).or_default();
            stack.suspects.clone_from(&state.suspects);
            let scope = || plan::zone::scope(&settings.dns, &stack, &state.before);
            let age_max = if state.is_awaiting { ACTIVE_PAUSE } else { RECORDS_AGE_MAX };
            (age_max, is_by_name.then(scope))
        };
        let looked = self.look_at_zone(&snapshot, &stack, scope.as_ref(), age_max).await;
        let (inventory, mut plan, unsure) = match looked {
            Err(error) if error.kind == Kind::Refused => {
                let world = &mut *self.world().lock();
                world.facts.refuses(id);
                // Of those who went to another group, nobody waits but who has a host in it.
                world.facts.follows(id, at, stack.askers(&stack.arrived));
                return Err(error);
            }
            looked => looked?,
        };
        if stack.keeps_names {
            stack.braked = self.braked_names(&snapshot, &stack, &inventory).await;
        }
        if !stack.braked.owners.is_empty() {
            plan = plan::zone::plan(settings, &snapshot.extent, &stack, &inventory);
        }
        let (contested, pause) = self.contested(id, &plan);
        stack.contested = contested;
        if !stack.contested.is_empty() {
            plan = plan::zone::plan(settings, &snapshot.extent, &stack, &inventory);
        }
        let targets = |found: &ZoneInventory| plan::zone::led(settings, &stack, found);
        // A load balancer must not go while a name for it is being made.
        let mut announced = targets(&inventory);
        announced.ours.extend(coming(&plan));
        {
            let mut world = self.world().lock();
            if !world.facts.still_wishes(&wished(&settings.dns.txt_names, &plan, &stack)) {
                // Whoever has told other names since may be about to take its load balancer away.
                return Ok(Rest::Later(NAMES_PAUSE));
            }
            announce(&mut world.facts, id, &inventory.sight, &announced);
        }
        let breaches = plan::check::zone(&plan, settings, &stack, &inventory);
        let outcomes = self.apply_judged(&plan, &breaches).await;
        let current = self.zone_inventory(id, scope.as_ref(), RECORDS_AGE_MAX).await?;
        if current.records.value().is_none() {
            self.mirror().refresh(&Part::Route53(Route53Part::Zones), MISSING_PAUSE);
        }
        let (events, rest) = {
            let mut world = self.world().lock();
            announce(&mut world.facts, id, &current.sight, &targets(&current));
            world.facts.follows(id, at, plan::zone::behind(settings, &stack, &current));
            if current.sight.is_whole()
                && stack.is_complete
                && stack.contested.is_empty()
                && plan.is_empty()
            {
                world.facts.cleared(id, at);
            }
            let state = world.zone_states.entry(id.clone()).or_default();
            let (moment, date) = (self.reconciler.clock.moment(), self.reconciler.clock.now());
            state.sync.looked(|name| stack.names.contains_key(name), date);
            state.wrote(&settings.dns.txt_names, (&plan, &outcomes), moment);
            state.remember(&stack, &current);
            let known = state.suspects.len();
            let refused = state.suspect(&settings.dns.txt_names, &stack, (&plan, &outcomes));
            // What stands in the way of new names is looked at now, which it was not before.
            state.is_told_apart |= !inventory.sight.is_whole() && state.suspects.len() > known;
            let problems: Vec<Problem> = plan.refusals.iter().cloned().chain(refused).collect();
            let mut concerned = askers(&settings.dns.txt_names, &plan, &stack);
            concerned.extend(state.told.said().filter_map(|(object, _)| member(object)));
            concerned.extend(problems.iter().filter_map(|problem| member(&problem.object)));
            let events = state.told.problems(&snapshot.objects, &problems);
            let sync = state.sync.next(moment).map_or(Rest::Done, Rest::Later);
            let rest = gravest([state.look_after(&plan), sync]);
            world.shows_anew(&concerned);
            (events, rest)
        };
        self.tell(events);
        let held = if pause.is_zero() { Rest::Done } else { Rest::Later(pause) };
        // What is found then is nobody's visit's yet.
        let read = self.mirror().is_reading(id).then_some(Rest::Later(WHOLE_PAUSE));
        Ok(gravest([self.rest(&plan, &outcomes), rest, held, unsure].into_iter().chain(read)))
    }

    /// What stands of a zone. A load balancer of ours that has vanished was ours all the same: what
    /// leads there is withdrawn once nobody asks for it.
    async fn zone_inventory(
        &self,
        id: &AwsId,
        scope: Option<&ZoneScope>,
        age_max: Duration,
    ) -> Result<ZoneInventory, CloudError> {
        let mut inventory = self.mirror().zone(id, scope, age_max).await?;
        inventory.vanished = self.world().lock().facts.vanished(id, &inventory.load_balancers);
        Ok(inventory)
    }

    /// What stands of a zone, and its plan. Where the record of a load balancer is to change of
    /// which nothing is known, it may have changed since somebody looked, and lead to one that was
    /// made since: the record is looked at anew, and after that the load balancers. One that still
    /// nobody could look for is taken for somebody else's.
    async fn look_at_zone(
        &self,
        snapshot: &Snapshot,
        stack: &ZoneStack,
        scope: Option<&ZoneScope>,
        age_max: Duration,
    ) -> Result<(ZoneInventory, Plan, Rest), CloudError> {
        let (settings, id) = (self.settings(), &stack.zone.id);
        let look = async |age_max| {
            let inventory = self.zone_inventory(id, scope, age_max).await?;
            let plan = plan::zone::plan(settings, &snapshot.extent, stack, &inventory);
            let unknown = plan::zone::unknown(settings, stack, &inventory, &plan);
            Ok::<_, CloudError>((inventory, plan, unknown))
        };
        let (mut inventory, mut plan, mut unknown) = look(age_max).await?;
        if !unknown.is_empty() {
            let names = unknown.into_keys().collect();
            self.mirror().refresh_names(id, &names, Duration::ZERO);
            (inventory, plan, unknown) = look(age_max).await?;
        }
        if !unknown.is_empty() {
            let load_balancers = Part::Elb(ElbPart::LoadBalancers);
            let before = self.mirror().looked_at(&load_balancers);
            (inventory, plan, unknown) = look(Duration::ZERO).await?;
            if !unknown.is_empty() && self.mirror().looked_at(&load_balancers) == before {
                inventory.elsewhere.extend(unknown.into_values().flatten());
                plan = plan::zone::plan(settings, &snapshot.extent, stack, &inventory);
                return Ok((inventory, plan, STALE));
            }
        }
        Ok((inventory, plan, Rest::Done))
    }

    /// The names that somebody changes back again and again, and for how long nothing is written.
    fn contested(&self, id: &AwsId, plan: &Plan) -> (BTreeSet<String>, Duration) {
        let (txt_names, now) = (&self.settings().dns.txt_names, self.reconciler.clock.moment());
        let free = plan.steps.iter().filter(|step| step.gate.is_none());
        let mut due: BTreeMap<String, Vec<&RecordChange>> = BTreeMap::new();
        for (zone, changes) in free.filter_map(changes) {
            due.append(&mut plan::zone::by_host(txt_names, &zone.name, changes));
        }
        let mut world = self.world().lock();
        let contest = &mut world.zone_states.entry(id.clone()).or_default().contest;
        contest.look(&due, now);
        contest.names(now)
    }

    /// Whether groups are being looked at for the first time and more of them make their names
    /// known from one visit to the next: together they take fewer batches.
    fn is_filling(&self, id: &AwsId, stack: &ZoneStack) -> bool {
        if stack.is_complete {
            return false;
        }
        let world = &mut *self.world().lock();
        let known = world.facts.named_groups().count();
        let state = world.zone_states.entry(id.clone()).or_default();
        state.known_groups.replace(known) != Some(known)
    }
}

impl ZoneState {
    /// Takes note of whether names wait for load balancers to be active. Says when to look again.
    fn look_after(&mut self, plan: &Plan) -> Rest {
        self.is_awaiting =
            plan.steps.iter().any(|step| matches!(step.gate, Some(WaitKey::Active(_))));
        if !self.is_awaiting {
            self.looks = 0;
            return Rest::Done;
        }
        self.looks = self.looks.saturating_add(1);
        let slower = 1 + self.looks.saturating_sub(LOOKS_QUICK);
        Rest::Later(ACTIVE_PAUSE.saturating_mul(slower).min(ACTIVE_PAUSE_MAX))
    }

    /// Takes note of the names that are asked for now: of a zone that is read by name, nobody else
    /// knows later which have to go.
    fn remember(&mut self, stack: &ZoneStack, inventory: &ZoneInventory) {
        if inventory.sight.is_whole() {
            self.before.clear();
        } else if let Some(records) = inventory.records.value() {
            self.before.retain(|name| of_name(records, name).next().is_some());
            self.before.extend(stack.names.keys().cloned());
        }
    }

    /// Takes note of what was written.
    fn wrote(&mut self, txt_names: &TxtNames, (plan, outcomes): (&Plan, &[Outcome]), now: Moment) {
        for (step, outcome) in plan.steps.iter().zip(outcomes) {
            if let (Outcome::Done(change), Some((_, changes))) = (outcome, changes(step)) {
                self.contest.wrote(changes, now);
                if let Some(change) = change {
                    self.sync.wrote(change, hosts(txt_names, step), now);
                }
            }
        }
    }

    /// Takes note of the names whose batches Route 53 refused: next time those that it names go
    /// alone, or else only half as many together, so that one bad name is alone in the end. Says
    /// which are.
    fn suspect(
        &mut self,
        txt_names: &TxtNames,
        stack: &ZoneStack,
        (plan, outcomes): (&Plan, &[Outcome]),
    ) -> Vec<Problem> {
        let suspects = &mut self.suspects;
        let of_step = |step: &Step| hosts(txt_names, step);
        let planned: BTreeSet<String> = plan.steps.iter().flat_map(of_step).collect();
        suspects.retain(|host, _| stack.names.contains_key(host) || planned.contains(host));
        let mut refused = Vec::new();
        for (step, outcome) in plan.steps.iter().zip(outcomes) {
            let hosts = of_step(step);
            match outcome {
                Outcome::Done(_) => suspects.retain(|host, _| !hosts.contains(host)),
                Outcome::Failed(Trouble::Refused | Trouble::Stale, text) => {
                    let is_known =
                        hosts.len() == 1 && hosts.iter().all(|h| suspects.contains_key(h));
                    let named = named(txt_names, step, text);
                    if named.is_empty() || named.len() == hosts.len() {
                        let limit = (hosts.len() / 2).max(1);
                        suspects.extend(hosts.iter().map(|host| (host.clone(), limit)));
                    } else {
                        suspects.extend(named.into_iter().map(|host| (host, 1)));
                        self.is_told_apart = true;
                    }
                    if is_known {
                        refused.extend(hosts.iter().filter_map(|host| {
                            let asking = stack.names.get(host)?.first()?;
                            Some(refusal(&asking.source, host, text))
                        }));
                    }
                }
                Outcome::Failed(..) | Outcome::Held => {}
            }
        }
        refused
    }
}

/// Makes known where records of a zone lead, as far as anybody can tell.
fn announce(facts: &mut FactStore, id: &AwsId, sight: &ZoneSight, targets: &Leading) {
    if sight.is_whole() {
        facts.leads(id, targets);
    } else {
        facts.also_leads(id, targets);
    }
}

/// The names that a plan is about to lead somewhere, each with the load balancers that it may be.
fn wished<'a>(
    txt_names: &TxtNames,
    plan: &Plan,
    stack: &'a ZoneStack,
) -> BTreeSet<(&'a Id, &'a str)> {
    let free = plan.steps.iter().filter(|step| step.gate.is_none());
    let hosts: BTreeSet<String> = free.flat_map(|step| hosts(txt_names, step)).collect();
    let asked = hosts.iter().filter_map(|host| stack.names.get_key_value(host));
    let each = asked.flat_map(|(host, asking)| {
        let ids = asking.iter().filter_map(|wish| wish.leads_to());
        ids.map(move |id| (id, host.as_str()))
    });
    each.collect()
}

/// Who asks for the names that a plan changes.
fn askers(txt_names: &TxtNames, plan: &Plan, stack: &ZoneStack) -> BTreeSet<Source> {
    asking(stack, &plan.steps.iter().flat_map(|step| hosts(txt_names, step)).collect())
}

/// Who asks for names.
fn asking(stack: &ZoneStack, hosts: &BTreeSet<String>) -> BTreeSet<Source> {
    let wishes = hosts.iter().filter_map(|host| stack.names.get(host)).flatten();
    wishes.flat_map(|wish| std::iter::once(&wish.source).chain(&wish.others)).cloned().collect()
}

/// The load balancers that names will lead to once the plan is carried out, by their DNS names.
fn coming(plan: &Plan) -> BTreeSet<AwsId> {
    let free = plan.steps.iter().filter(|step| step.gate.is_none());
    let changes = free.filter_map(changes).flat_map(|(_, changes)| changes);
    changes.filter_map(|change| change.record.alias_target()).cloned().collect()
}

/// The zone that a step is about, and what it changes there.
fn changes(step: &Step) -> Option<(&HostedZone, &[RecordChange])> {
    match &step.action {
        Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { zone, changes })) => {
            Some((zone, changes))
        }
        Action::Aws(_) | Action::Kube(_) => None,
    }
}

/// The names that a step changes.
fn hosts(txt_names: &TxtNames, step: &Step) -> BTreeSet<String> {
    let Some((zone, changes)) = changes(step) else { return BTreeSet::new() };
    plan::zone::by_host(txt_names, &zone.name, changes).into_keys().collect()
}

/// The names of a step that Route 53 says something of, by what it answers.
fn named(txt_names: &TxtNames, step: &Step, answer: &str) -> BTreeSet<String> {
    let Some((zone, changes)) = changes(step) else { return BTreeSet::new() };
    let answer = name_from_route53(answer);
    let hosts = plan::zone::by_host(txt_names, &zone.name, changes).into_iter();
    let said = hosts.filter(|(_, changes)| {
        changes.iter().any(|change| mentions(&answer, &change.record.key.name))
    });
    said.map(|(host, _)| host).collect()
}

/// Whether a text has a name in it, and not only as a part of a longer one.
fn mentions(text: &str, name: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '*');
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + name.len()..].chars();
        let next = match after.next() {
            Some('.') => after.next(),
            next => next,
        };
        !before.is_some_and(|c| c == '.' || is_of_name(c)) && !next.is_some_and(is_of_name)
    })
}

fn refusal(source: &Source, host: &str, text: &str) -> Problem {
    Problem {
        code: Code::RefusedRecord,
        severity: Severity::Warning,
        object: ObjectRef::of(source),
        field: "hosts".to_owned(),
        found: format!("{host}, which Route 53 refuses: {text}"),
        allowed: "what Route 53 says".to_owned(),
        meanwhile: "its records stay as they are, other names are not concerned, and it is tried \
                    again"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_what_route_53_answers_but_not_in_a_longer_one() {
        let answers = [
            "[Tried to create resource record set [name='a.example.com.', type='A'] but it exists]",
            "[RRSet of type CNAME with DNS name a.example.com. is not permitted at apex in zone x.]",
            "A a.example.com already exists",
            "[\\052.w.example.com. and a.example.com]",
        ];
        for answer in answers {
            let answer = name_from_route53(answer);
            assert!(mentions(&answer, "a.example.com"), "{answer}");
            assert!(!mentions(&answer, "example.com"), "{answer}");
        }
        assert!(mentions(&name_from_route53(answers[3]), "*.w.example.com"));
        for answer in ["a.example.com.au", "aa.example.com", "b.a.example.com", "a.example.com-x"] {
            assert!(!mentions(answer, "a.example.com"), "{answer}");
        }
    }
}
