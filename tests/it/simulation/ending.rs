//! The end of a life: everything is mended, comes to rest, and is held against what it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use albedo::model::group::Group;
use albedo::model::id::AwsId;
use albedo::model::problem::{Code, Problem, Severity};
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::subject::{Lane, Subject};
use albedo::model::surroundings::Surroundings;
use albedo::world::SharedWorld;

use super::acm;
use super::canonical;
use super::edit::Edit;
use super::judge::Invariant;
use super::naming;
use super::run::Run;
use super::stage::{Climate, Weather};
use crate::support::clock::now;
use crate::support::site::Site;
use crate::support::world::{settings, subnet, surroundings};

/// How much more may be kept than by a process that has just started: what it tells whom.
const KEPT_MORE: usize = 12;
/// How much may be kept where there is nothing: the topics that there always are.
const KEPT_EMPTY: usize = 19;

pub fn the_settings() -> Settings {
    let mut settings = settings();
    settings.tls_secrets = true;
    settings.dns.scope = DnsScope::All;
    settings
}

/// An account with a hosted zone, and with things of strangers.
pub fn site() -> Site {
    let site = Site::with(the_settings(), "");
    site.aws.take_time();
    site.aws.change(|state| {
        state.add_zone("ZPUB", "example.com", false);
        state.add_zone("ZORG", "other.org", false);
        state.guards.add_web_acl("acl");
        state.vpc.subnets.insert(AwsId::new("subnet-c"), subnet("us-east-1c"));
    });
    super::strangers::settle_in(&site.aws);
    super::attack::settle_in(&site.aws);
    site
}

/// Ends a life.
pub async fn end(run: &mut Run) {
    run.calm_down().await;
    let changes = run.life.mend();
    run.make("mend", changes).await;
    if run.has_drifted {
        look_again(run);
    }
    if !rest(run, "the last fault").await {
        return;
    }
    if !keeps_somebody_out(run) {
        acm::at_rest(run);
    }
    believed(run).await;
    // What another hand has changed was found by the look at everything.
    nothing_to_do(run, Invariant::Wake, |run| look_again(run)).await;
    neighbours(run).await;
    restart(run).await;
    fresh(run).await;
    leak(run).await;
}

/// What another hand has changed is found, and nothing else.
pub async fn seen(run: &mut Run) {
    if run.has_drifted {
        look_again(run);
        rest(run, "a look at everything").await;
        run.has_drifted = false;
    }
    nothing_to_do(run, Invariant::Wake, |run| look_again(run)).await;
}

fn look_again(run: &Run) {
    if let Some(leader) = run.leader() {
        leader.runtime.look_again();
    }
}

/// What is believed of AWS is so, or somebody would find something to do.
pub async fn believed(run: &mut Run) {
    nothing_to_do(run, Invariant::Wake, |run| visit_all(run)).await;
}

/// Visits everybody, on what is believed of AWS.
fn visit_all(run: &Run) {
    if let Some(leader) = run.leader() {
        let subjects = leader.runtime.world().lock().subjects();
        subjects.into_iter().for_each(|subject| leader.runtime.queue().push(subject, Lane::User));
    }
}

async fn rest(run: &mut Run, after: &str) -> bool {
    let rests = run.rest().await;
    if !rests {
        let queue = run.leader().map(|leader| format!("{:?}", leader.runtime.queue()));
        let given_up = if run.stage.is_exhausted() { "given up, " } else { "" };
        let text = format!("{given_up}no rest after {after}: {}", queue.unwrap_or_default());
        run.stage.object(Invariant::Rest, after, text);
    }
    rests
}

/// Something that should change nothing.
async fn nothing_to_do(run: &mut Run, invariant: Invariant, act: impl FnOnce(&mut Run)) {
    run.site.aws.forget_calls();
    run.site.cluster.forget_calls();
    act(run);
    rest(run, &format!("{invariant:?}")).await;
    written(run, invariant);
}

fn written(run: &Run, invariant: Invariant) {
    for action in run.site.aws.performed() {
        let text = format!("there was nothing to do, and yet: {action:?}");
        run.stage.object(invariant, action.operation().1, text);
    }
    for action in run.site.cluster.performed() {
        let text = format!("there was nothing to do, and yet: {action:?}");
        run.stage.object(invariant, "a write to the cluster", text);
    }
}

/// A member is broken, all start anew, and it is mended again: its siblings are not concerned.
async fn neighbours(run: &mut Run) {
    let keys: Vec<_> = run
        .life
        .apps
        .iter()
        .filter(|(_, app)| app.class != "other")
        .map(|(key, _)| key.clone())
        .collect();
    if keys.is_empty() {
        return;
    }
    let key = run.dice.one_of(&keys).clone();
    for is_broken in [true, false] {
        run.judge.be_still(true);
        let change = run.life.break_app(&key, is_broken);
        run.make(if is_broken { Edit::Break } else { Edit::Mend }, vec![change]).await;
        rest(run, "a broken member").await;
        if is_broken {
            run.kill_all();
            run.start();
            run.sleep(Duration::from_secs(30)).await;
            rest(run, "a restart with a broken member").await;
        }
        run.judge.be_still(false);
        remembered(run);
    }
}

/// The cluster remembers what the leader believes that it does.
pub fn remembered(run: &Run) {
    let Some(leader) = run.leader() else { return };
    let memories = run.site.cluster.memories();
    let world = leader.runtime.world().lock();
    let stored =
        world.balancers.iter().map(|(group, state)| (group.clone(), state.stored.memory.clone()));
    let stored: BTreeMap<_, _> = stored.filter(|(_, memory)| !memory.is_empty()).collect();
    if stored != memories {
        let text =
            format!("the cluster remembers {memories:?}, and the leader takes it for {stored:?}");
        run.stage.object(Invariant::Memory, "at rest", text);
    }
}

/// A process that knows nothing finds nothing to do, however its reads fare.
async fn restart(run: &mut Run) {
    let kept = kept(run);
    run.kill_all();
    run.site.aws.forget_calls();
    run.site.cluster.forget_calls();
    run.start();
    let aws = Climate { error: 60, throttle: 60, slow: 200, ..Climate::default() };
    run.stage.set_weather(Weather { aws, late: 100, stuck: 150, ..Weather::default() });
    run.sleep(Duration::from_secs(30)).await;
    rest(run, "a restart").await;
    written(run, Invariant::Restart);
    let anew = self::kept(run);
    for (what, count) in kept {
        let new = anew.get(what).copied().unwrap_or_default();
        if count > new + KEPT_MORE {
            let text = format!("{count} things in {what}, and {new} after a restart");
            run.stage.object(Invariant::Memory, "at rest", text);
        }
    }
}

/// What is kept is bounded by what stands, at any time at which all is at rest.
pub fn bounded(run: &Run) {
    let state = run.site.aws.everything();
    let records: usize = state.zones.values().map(|zone| zone.records.len()).sum();
    let targets: usize = state.target_groups.values().map(|group| group.targets.len()).sum();
    let stands = state.load_balancers.len()
        + state.listeners.len()
        + state.rules.len()
        + state.target_groups.len()
        + state.security_groups.len()
        + state.imported.len()
        + state.requested.len();
    // Of a thing that stands, what it is, its tags and its attributes are believed.
    let most = 3 * stands + records + 2 * targets + KEPT_MORE;
    let Some(kept) = kept(run).get("mirror").copied() else { return };
    if kept > most {
        let text = format!("{kept} things are believed, and {stands} stand");
        run.stage.object(Invariant::Memory, "at rest", text);
    }
}

/// How many things the leader keeps.
fn kept(run: &Run) -> BTreeMap<&'static str, usize> {
    let Some(leader) = run.leader() else { return BTreeMap::new() };
    let world = leader.runtime.world().lock().kept();
    let (queue, mirror) = (leader.runtime.queue().len(), leader.runtime.mirror().kept());
    BTreeMap::from([("world", world), ("queue", queue), ("mirror", mirror)])
}

/// Whether whoever was there first keeps another member out of a group.
fn keeps_somebody_out(run: &Run) -> bool {
    complains(run, is_conflict)
}

fn is_conflict(problem: &Problem) -> bool {
    problem.code == Code::Conflict
}

/// Whether nothing is wrong with any member: what each has is what it asks for now. Whose Secret is
/// for other hosts keeps certificates that served before.
pub fn is_flawless(run: &Run) -> bool {
    let is_flaw = |problem: &Problem| {
        problem.severity == Severity::Error || problem.code == Code::InvalidSecret
    };
    !complains(run, is_flaw)
}

fn complains(run: &Run, of: impl Fn(&Problem) -> bool) -> bool {
    let world = run.leader().map(|leader| leader.runtime.world());
    world.is_some_and(|world| complains_in(world, &run.site, of))
}

fn complains_in(world: &SharedWorld, site: &Site, of: impl Fn(&Problem) -> bool) -> bool {
    let mut world = world.lock();
    let groups: Vec<Group> = world.index.groups().cloned().collect();
    let vpc = Arc::new(site.aws.everything().vpc);
    let surroundings = Arc::new(Surroundings { vpc, ..surroundings() });
    groups.into_iter().any(|group| {
        let subject = Subject::Balancer(the_settings().place, group.clone());
        let (snapshot, _) = world.snapshot(&subject, now(), Arc::clone(&surroundings));
        albedo::desired::balancer::build(&snapshot, &group).problems.iter().any(&of)
    })
}

/// A fresh start on the same cluster makes the same.
async fn fresh(run: &mut Run) {
    let memories = run.site.cluster.memories();
    if memories.values().any(|memory| !memory.held.is_empty()) {
        // Who knows nothing of the past holds nothing of it.
        return;
    }
    if keeps_somebody_out(run) {
        // Nor does it know who was there first.
        return;
    }
    let fresh = site();
    fresh.aws.be_quick();
    let mut here = run.site.aws.everything();
    fresh.aws.change(|state| naming::settle_in(state, &here));
    for change in run.life.everything() {
        change.make(&fresh.cluster);
    }
    let anew = fresh.settle().await;
    if complains_in(anew.runtime.world(), &fresh, is_conflict) {
        // Nor is who came first the same, where one had to wait for a certificate.
        return;
    }
    let mut contested = naming::contested(&run.life, &here);
    contested.extend(naming::forget_stranded(&mut here, &run.life));
    for line in canonical::differences(&here, &fresh.aws.everything(), &contested) {
        run.stage.object(Invariant::Fresh, "at rest", line);
    }
}

/// When all are deleted, however slow AWS is just then, nothing of ours is left.
async fn leak(run: &mut Run) {
    let aws = Climate { slow: 300, ..Climate::default() };
    run.stage.set_weather(Weather { aws, stuck: 100, ..Weather::default() });
    let changes = run.life.delete_all();
    let gone = changes.len();
    run.make("the end", changes).await;
    run.sleep(Duration::from_secs(10)).await;
    if !rest(run, "the end").await {
        return;
    }
    let nothing = site();
    let mut here = run.site.aws.everything();
    naming::forget_stranded(&mut here, &run.life);
    nothing.aws.change(|state| naming::settle_in(state, &here));
    let there = nothing.aws.everything();
    for line in canonical::differences(&here, &there, &BTreeSet::new()) {
        run.stage.object(Invariant::Leak, "the end", line);
    }
    if let Some(leader) = run.leader() {
        let count = leader.runtime.world().lock().kept();
        // Who has left just now is known until the zones have been looked at again.
        if count > KEPT_EMPTY + gone {
            let facts = leader.runtime.world().lock().facts.clone();
            let text = format!("{count} things are kept of nothing: {facts:?}");
            run.stage.object(Invariant::Memory, "the end", text);
        }
    }
}
