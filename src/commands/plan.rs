//! `albedo plan`: what would change, against live AWS.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::aws::{Reach, Tally};
use crate::clock;
use crate::cluster::{Recalled, read_secrets};
use crate::desired::foreign;
use crate::flags::{BuildFlags, Output, PlanFlags, ProcessFlags};
use crate::model::plan::Plan;
use crate::model::problem::{Problem, Severity};
use crate::model::settings::{Scope, Settings};
use crate::model::snapshot::{Extent, Objects, Snapshot};
use crate::model::surroundings::Surroundings;
use crate::plan::show::{self, Document};

use super::look::{list, recall};
use super::manifests::Manifests;
use super::paint::Paint;
use super::progress::during;
use super::world::{Plans, plan_all, secrets_of};
use super::{EXIT_DIFFERENCES, EXIT_FINE, connect, manifests, println, take_over};

/// The cluster's name where a plan for manifests is given none.
const CLUSTER_UNNAMED: &str = "default";

/// How old what is read may be: a command reads everything once.
const AGE_MAX: Duration = Duration::from_secs(3600);

/// Plans for manifests or the cluster, and prints the plan.
pub async fn run(flags: &PlanFlags, notes: &[String]) -> anyhow::Result<u8> {
    let mut notes = notes.to_vec();
    let planned = planned(flags, &mut notes).await?;
    let is_clean = planned.is_clean();
    let Planned { settings, plans, removed } = planned;
    let told = Document {
        settings: &settings,
        plans: &plans.plans,
        planned_only: &plans.planned_only,
        problems: &plans.problems,
        removed: &removed,
        notes: &notes,
    };
    match flags.output {
        Output::Text => print_text(&told),
        Output::Json => {
            let text = serde_json::to_string_pretty(&told.json());
            println(&text.context("the plan cannot be printed")?);
        }
    }
    Ok(if is_clean || !flags.detailed_exitcode { EXIT_FINE } else { EXIT_DIFFERENCES })
}

/// What a plan is, and where it would be carried out.
pub(super) struct Planned {
    pub(super) settings: Arc<Settings>,
    pub(super) plans: Plans,
    /// The manifests that Kubernetes does not take any more.
    removed: Vec<String>,
}

impl Planned {
    /// Whether nothing would change, and nothing is wrong with any object.
    pub(super) fn is_clean(&self) -> bool {
        let Plans { plans, problems, .. } = &self.plans;
        let has_errors = problems.iter().any(|problem| problem.severity == Severity::Error);
        let is_still = |plan: &Plan| plan.is_empty() && plan.refusals.is_empty();
        !has_errors && plans.iter().all(|(_, plan)| is_still(plan)) && self.removed.is_empty()
    }
}

/// Plans for manifests or the cluster. What a person should know is added to `notes`.
pub(super) async fn planned(flags: &PlanFlags, notes: &mut Vec<String>) -> anyhow::Result<Planned> {
    let cluster = cluster_name(flags, notes)?;
    let client = if flags.files.is_empty() {
        Some(connect::cluster(&flags.build.reach).await?)
    } else {
        None
    };
    let mut looked = during("looking at the cluster", look(flags, client.as_ref(), notes)).await?;
    let tally = Tally::default();
    let wanted = connect::Wanted { cluster, client: client.as_ref(), tally: &tally };
    let reached = Box::pin(connect::aws(&flags.build, wanted, notes));
    let (mut settings, mirror) = during("looking for AWS", reached).await?;
    let extent = if flags.files.is_empty() { settings.extent.clone() } else { Extent::Manifests };
    if let Some(client) = &client {
        if settings.scope == Scope::All {
            notes.extend(take_over::found(client, flags.build.namespace().as_deref()).await);
        }
        notes.extend(take_over::keep_apart(client, &flags.build, &mut settings).await);
        let objects = &mut looked.objects;
        objects.secrets = read_secrets(client, &secrets_of(&settings, objects)).await;
    }
    let Looked { objects, recalled, removed } = looked;
    notes.extend(left_alone(&settings, &objects));
    let network = during("looking at the VPC", mirror.surroundings(Reach::Interfaces, AGE_MAX));
    let network = network.await.context("AWS cannot be read")?;
    let mut snapshot = snapshot(settings, extent, objects, network);
    let planned = during("looking at AWS", plan_all(&mirror, &mut snapshot, &recalled)).await;
    let mut plans = planned.context("AWS cannot be read")?;
    notes.append(&mut plans.notes);
    Ok(Planned { settings: snapshot.settings, plans, removed })
}

/// What is known before AWS was looked at any closer.
pub(super) fn snapshot(
    settings: Settings,
    extent: Extent,
    objects: Objects,
    surroundings: Arc<Surroundings>,
) -> Snapshot {
    let settings = Arc::new(settings);
    Snapshot { extent, ..Snapshot::of(clock::now(), settings, objects, surroundings) }
}

/// What is planned for.
struct Looked {
    objects: Objects,
    recalled: Recalled,
    /// What of it Kubernetes does not take any more.
    removed: Vec<String>,
}

/// How many Ingresses are named that are left alone: a cluster may have many of other controllers.
const LEFT_ALONE_MAX: usize = 10;

/// Who is left alone, and why.
fn left_alone(settings: &Settings, objects: &Objects) -> impl Iterator<Item = String> {
    let all = foreign::left_alone(settings, objects);
    let more = all.len().saturating_sub(LEFT_ALONE_MAX);
    let named: Vec<String> = all
        .iter()
        .take(LEFT_ALONE_MAX)
        .map(|(key, why)| format!("Ingress {key} is left alone: {why}"))
        .collect();
    let more = (more > 0).then(|| format!("{more} more Ingresses are left alone"));
    named.into_iter().chain(more)
}

/// The objects to plan for: those of the manifests, or the cluster's.
async fn look(
    flags: &PlanFlags,
    client: Option<&kube::Client>,
    notes: &mut Vec<String>,
) -> anyhow::Result<Looked> {
    if let Some(client) = client {
        let (objects, recalled) = of_cluster(client, (&flags.build, &flags.process), notes).await?;
        return Ok(Looked { objects, recalled, removed: Vec::new() });
    }
    let manifests = manifests::read(&flags.files)?;
    notes.extend(manifests.notes);
    let Manifests { objects, removed, .. } = manifests;
    Ok(Looked { objects, recalled: Recalled::default(), removed })
}

/// The cluster's objects, and what is remembered there.
pub(super) async fn of_cluster(
    client: &kube::Client,
    (build, process): (&BuildFlags, &ProcessFlags),
    notes: &mut Vec<String>,
) -> anyhow::Result<(Objects, Recalled)> {
    let objects = list(client.clone(), build.namespace()).await?;
    let recalled = recall(client, process, build).await;
    notes.extend(recalled.unreadable.iter().map(|what| format!("nothing is remembered: {what}")));
    Ok((objects, recalled))
}

/// The cluster's name: the flag, which only a plan for manifests can do without.
fn cluster_name(flags: &PlanFlags, notes: &mut Vec<String>) -> anyhow::Result<String> {
    let given = connect::cluster_name(&flags.build);
    if flags.files.is_empty() || given.is_ok() {
        return given;
    }
    notes.push(format!(
        "cluster {CLUSTER_UNNAMED:?} is assumed; names and tags depend on --cluster-name"
    ));
    Ok(CLUSTER_UNNAMED.to_owned())
}

/// What is wrong with objects, a line each.
pub(super) fn print_problems(paint: Paint, problems: &[Problem]) {
    for problem in problems {
        let text = format!("! {}: {}: {problem}", problem.object, problem.code);
        println(&paint.bad(&text));
    }
}

fn print_text(told: &Document<'_>) {
    let Document { settings, plans, planned_only, problems, removed, notes } = told;
    let paint = Paint::of_output();
    let place = &settings.place.region;
    println(&format!("cluster {} in {} of {place}", settings.cluster, settings.vpc));
    for note in *notes {
        println(&paint.dim(&format!("# {note}")));
    }
    for (subject, plan) in *plans {
        if !plan.is_empty() || !plan.refusals.is_empty() || !plan.notes.is_empty() {
            println("");
            println(&paint.plan(show::text(subject, plan).trim_end()));
        }
    }
    for planned in *planned_only {
        println("");
        println(&paint.plan(show::only_text(planned).trim_end()));
    }
    if !problems.is_empty() || !removed.is_empty() {
        println("");
    }
    for what in *removed {
        println(&paint.bad(&format!("! {what}")));
    }
    print_problems(paint, problems);
    let steps: usize = plans.iter().map(|(_, plan)| plan.steps.len()).sum();
    println("");
    println(&match steps {
        0 => "Nothing would change.".to_owned(),
        1 => "1 step would be taken.".to_owned(),
        steps => format!("{steps} steps would be taken."),
    });
}
