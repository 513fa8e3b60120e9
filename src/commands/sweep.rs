//! `albedo sweep`: what stands in AWS in the cluster's name and nobody owns.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};

use crate::apply::{of_aws, of_cluster};
use crate::aws::{CloudError, Mirror, Sdk, Tally};
use crate::clock;
use crate::cluster::{ApiServer, Cluster as _};
use crate::desired;
use crate::flags::{Output, SweepFlags};
use crate::model::action::Action;
use crate::model::id::ObjectKey;
use crate::model::outcome::Trouble;
use crate::model::plan::{Plan, StepId};
use crate::model::seen::SeenBinding;
use crate::model::settings::{DnsPolicy, DnsScope, Removals, Settings};
use crate::model::subject::Subject;
use crate::model::sweep::{Ownerless, Owners};
use crate::plan::sweep;
use crate::plan::wire;

use super::look::{list, recall};
use super::progress::during;
use super::{EXIT_DIFFERENCES, EXIT_FINE, connect, println, table};

/// How old what is read may be: what is read in a round is read in that round, or was written by
/// this process.
const AGE_MAX: Duration = Duration::from_secs(3600);
/// How long between two rounds: AWS lets go of a load balancer's network interfaces after some
/// seconds.
const PAUSE: Duration = Duration::from_secs(5);
/// How often what AWS does not let go is tried again: five minutes, in which it lets go of network
/// interfaces unless somebody else uses them.
const ROUNDS_MAX: usize = 60;

/// Lists what nobody owns, and deletes it where that is asked for.
pub async fn run(flags: &SweepFlags, notes: &[String]) -> anyhow::Result<u8> {
    let mut notes = notes.to_vec();
    let cluster = connect::cluster_name(&flags.build)?;
    let client = match &flags.cluster_gone {
        Some(gone) if *gone != cluster => {
            bail!("--cluster-gone: {gone:?} is not --cluster-name, {cluster:?}; say both alike")
        }
        Some(_) => None,
        None => Some(connect::cluster(&flags.build.reach).await?),
    };
    let tally = Tally::default();
    let wanted = connect::Wanted { cluster, client: client.as_ref(), tally: &tally };
    let reached = Box::pin(connect::aws(&flags.build, wanted, &mut notes));
    let (settings, mirror) = during("looking for AWS", reached).await?;
    if flags.build.namespace().is_some() && !flags.build.watch_namespace_is_all {
        bail!("a sweep has to see the whole cluster; leave out --watch-namespace");
    }
    let sweep = Sweep { flags, settings: &settings, client: client.as_ref(), mirror: &mirror };
    let seen = during("looking at the cluster", sweep.look(&mut notes)).await?;
    let plans = during("looking at AWS", sweep.plan(&seen)).await?;
    let ages = mirror.ages().await.unwrap_or_else(|error| {
        notes.push(format!("how old things are cannot be told: {error}"));
        BTreeMap::new()
    });
    let found = sweep::ownerless(&settings, &plans, &ages);
    if flags.output == Output::Text {
        print_found(&settings, &found, &notes);
    }
    let mut swept = Swept::default();
    if flags.delete && !found.is_empty() {
        if seen.is_unmarked && settings.removals == Removals::Braked {
            bail!(
                "nothing in this cluster says that anything was ever made for it, so all that may \
                 be another cluster's of the same name; give --accept-removals if it is not"
            );
        }
        if !flags.yes && !is_agreed(&settings.cluster_named, found.len())? {
            bail!("nothing was deleted");
        }
        let subjects = plans.iter().map(|(subject, _)| subject.clone()).collect();
        swept = sweep.delete(seen, subjects).await?;
    }
    if flags.output == Output::Json {
        print_json(&settings, &found, &swept, &notes)?;
    }
    let is_clean = found.is_empty() || flags.delete && swept.left.is_empty();
    Ok(if is_clean { EXIT_FINE } else { EXIT_DIFFERENCES })
}

/// What the cluster shows; one that is gone shows nothing.
#[derive(Default)]
struct Seen {
    owners: Owners,
    bindings: BTreeMap<ObjectKey, Arc<SeenBinding>>,
    /// Whether nothing in it says that anything was ever made for it.
    is_unmarked: bool,
}

/// What a sweep is made with.
struct Sweep<'a> {
    flags: &'a SweepFlags,
    settings: &'a Settings,
    client: Option<&'a Client>,
    mirror: &'a Mirror<Sdk>,
}

/// What came of it.
#[derive(Debug, Default)]
struct Swept {
    deleted: Vec<String>,
    /// What AWS did not let go, and why; or what waits for something.
    left: BTreeMap<String, String>,
}

impl Sweep<'_> {
    /// Who in the cluster may own something. Nobody does in one that is gone.
    async fn look(&self, notes: &mut Vec<String>) -> anyhow::Result<Seen> {
        let Some(client) = self.client else {
            return Ok(Seen::default());
        };
        let objects = list(client.clone(), self.flags.build.namespace()).await?;
        let recalled = recall(client, &self.flags.process, &self.flags.build).await;
        if let Some(what) = recalled.unreadable.first() {
            bail!("what the controller remembers cannot be read: {what}");
        }
        for group in recalled.groups.keys() {
            notes.push(format!("group {group} is left alone: a controller remembers it"));
        }
        let owners = desired::sweep::owners(&objects, recalled.groups.keys());
        let is_unmarked = !recalled.is_marked
            && recalled.groups.is_empty()
            && !desired::owners::bears_marks(self.settings.scope, &objects);
        Ok(Seen { owners, bindings: objects.bindings, is_unmarked })
    }

    /// What can be done about what nobody owns.
    async fn plan(&self, seen: &Seen) -> anyhow::Result<Vec<(Subject, Plan)>> {
        let dns = &self.settings.dns;
        let keeps_names = dns.scope != DnsScope::Off && dns.policy == DnsPolicy::Sync;
        let zones = if keeps_names {
            let zones = self.mirror.zones(AGE_MAX).await.map_err(|error| unread(&error))?;
            zones.values().filter(|zone| dns.filter.uses(zone)).cloned().collect()
        } else {
            Vec::new()
        };
        let standing = self.mirror.standing(&self.settings.cluster, zones, AGE_MAX).await;
        let mut standing = standing.map_err(|error| unread(&error))?;
        standing.bind(seen.bindings.iter().map(|(key, binding)| (key, &**binding)));
        Ok(sweep::plan(self.settings, &seen.owners, &standing))
    }

    /// Deletes what nobody owns, round by round: what one round takes away lets go of what the next
    /// one does, so that only a round that found nothing to do is the last. Whoever has come since
    /// keeps what is his.
    async fn delete(&self, mut seen: Seen, of: BTreeSet<Subject>) -> anyhow::Result<Swept> {
        let mut swept = Swept::default();
        for _ in 0..ROUNDS_MAX {
            if !swept.left.is_empty() {
                during("waiting for AWS to let go", clock::sleep(PAUSE)).await;
            }
            let now = self.look(&mut Vec::new()).await?;
            seen = Seen { owners: seen.owners.and(now.owners.clone()), ..now };
            let mut plans = self.plan(&seen).await?;
            plans.retain(|(subject, _)| of.contains(subject));
            swept.left.clear();
            let mut is_any = false;
            let mut may_go = false;
            for (_, plan) in &plans {
                let walked = self.walk(plan, &mut swept).await;
                is_any |= walked.is_any;
                may_go |= walked.may_go;
            }
            if !is_any && !may_go {
                break;
            }
        }
        if self.flags.output == Output::Text {
            for (what, why) in &swept.left {
                println(&format!("! {what} is left: {why}"));
            }
        }
        Ok(swept)
    }

    /// Walks a plan through AWS.
    async fn walk(&self, plan: &Plan, swept: &mut Swept) -> Walked {
        let mut walked = Walked::default();
        let mut done: BTreeSet<StepId> = BTreeSet::new();
        for step in &plan.steps {
            let what = wire::what(&step.action);
            if let Some(gate) = &step.gate {
                swept.left.insert(what, format!("waits for {gate}"));
                continue;
            }
            if !step.after.iter().all(|before| done.contains(before)) {
                swept.left.insert(what, "comes after what is left".to_owned());
                continue;
            }
            match self.perform(&step.action).await {
                Ok(()) => {
                    done.insert(step.id);
                    walked.is_any = true;
                    if self.flags.output == Output::Text {
                        println(&format!("- {what}"));
                    }
                    swept.deleted.push(what);
                }
                Err((trouble, error)) => {
                    walked.may_go |= trouble != Trouble::Refused;
                    swept.left.insert(what, error);
                }
            }
        }
        walked
    }

    async fn perform(&self, action: &Action) -> Result<(), (Trouble, String)> {
        match action {
            Action::Aws(action) => {
                self.mirror.turn(action).await;
                let done = self.mirror.perform(action).await;
                done.map(|_| ()).map_err(|error| (of_aws(error.kind), error.to_string()))
            }
            Action::Kube(action) => {
                let Some(client) = self.client else { return Ok(()) };
                let remembered = connect::memory_of_plan(&self.flags.process);
                let api_server = ApiServer::new(client.clone(), "sweep", remembered)
                    .for_scope(self.settings.scope);
                let done = api_server.perform(action).await;
                done.map_err(|error| (of_cluster(error.kind), error.to_string()))
            }
        }
    }
}

/// How a walk through a plan went.
#[derive(Debug, Default)]
struct Walked {
    /// Whether anything was done.
    is_any: bool,
    /// Whether something that was refused may yet be let go.
    may_go: bool,
}

/// What to say where AWS cannot be read.
fn unread(error: &CloudError) -> anyhow::Error {
    let hint = if error.operation.starts_with("route53.") {
        "; --dns=false leaves names out, and every load balancer that one may lead to"
    } else {
        ""
    };
    anyhow::anyhow!("AWS cannot be read: {error}{hint}")
}

/// Asks whoever sits at the terminal.
fn is_agreed(cluster: &str, count: usize) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask at; give --yes to delete without asking");
    }
    let things = if count == 1 { "this one thing" } else { "all of these" };
    let mut terminal = std::io::stderr();
    write!(terminal, "To delete {things}, type the cluster's name, {cluster}: ")
        .and_then(|()| terminal.flush())
        .context("the terminal cannot be written to")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("the terminal cannot be read")?;
    Ok(answer.trim() == cluster)
}

fn print_found(settings: &Settings, found: &[Ownerless], notes: &[String]) {
    let Settings { cluster, vpc, place, .. } = settings;
    println(&format!("cluster {cluster} in {vpc} of {}", place.region));
    notes.iter().for_each(|note| println(&format!("# {note}")));
    if found.is_empty() {
        println("\nEverything has an owner.");
        return;
    }
    let now = clock::now();
    let rows = found.iter().map(|one| {
        [
            one.kind.to_owned(),
            one.name.clone(),
            one.was_of.clone(),
            one.since.map(|since| age(now, since)).unwrap_or_default(),
            one.waits_for.as_ref().map(|gate| format!("waits for {gate}")).unwrap_or_default(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    println(&format!("\n{}", table::aligned(["KIND", "NAME", "WAS OF", "AGE", ""], &rows)));
    println(&match found.len() {
        1 => "\n1 thing has no owner.".to_owned(),
        count => format!("\n{count} things have no owner."),
    });
}

/// How long something has stood, in its largest unit.
fn age(now: Timestamp, since: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    let units = [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm')];
    let unit = units.into_iter().find(|(size, _)| seconds >= *size);
    let (size, name) = unit.unwrap_or((1, 's'));
    format!("{}{name}", seconds / size)
}

fn print_json(
    settings: &Settings,
    found: &[Ownerless],
    swept: &Swept,
    notes: &[String],
) -> anyhow::Result<()> {
    let left = swept.left.iter().map(|(what, why)| json!({"what": what, "why": why}));
    let document = json!({
        "cluster": settings.cluster,
        "region": settings.place.region,
        "vpc": settings.vpc,
        "ownerless": found,
        "deleted": swept.deleted,
        "left": left.collect::<Vec<Value>>(),
        "notes": notes,
    });
    println(&serde_json::to_string_pretty(&document).context("what is found cannot be printed")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::age;
    use crate::clock;

    #[test]
    fn an_age_is_said_in_its_largest_unit() {
        let now = clock::now();
        for (seconds, expected) in
            [(-5, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (86_400 * 400, "400d")]
        {
            let since = now - jiff::SignedDuration::from_secs(seconds);
            assert_eq!(age(now, since), expected);
        }
    }
}
