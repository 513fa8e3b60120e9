//! `albedo plan`: what would change, against live AWS.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde_json::json;

use crate::aws::{Mirror, Sdk, configure, only_vpc};
use crate::clock;
use crate::flags::{BuildFlags, Output, PlanFlags};
use crate::model::id::AwsId;
use crate::model::problem::Severity;
use crate::model::settings::Settings;
use crate::model::snapshot::{Snapshot, World};
use crate::plan::show;

use super::manifests::{self, Manifests};
use super::world::{self, Plans};
use super::{EXIT_DIFFERENCES, EXIT_FINE, println};

/// The cluster's name where a plan for manifests is given none.
const CLUSTER_UNNAMED: &str = "default";

/// How old what is read may be: a command reads everything once.
const AGE_MAX: Duration = Duration::from_secs(3600);

/// Plans for manifests and prints the plan.
pub async fn run(flags: &PlanFlags) -> anyhow::Result<u8> {
    let Manifests { objects, mut notes } = manifests::read(&flags.files)?;
    let (settings, mirror) = connect(&flags.build, &mut notes).await?;
    let surroundings = mirror.surroundings(AGE_MAX).await.context("AWS cannot be read")?;
    let mut snapshot = Snapshot {
        now: clock::now(),
        world: World::Overlay,
        settings: Arc::new(settings),
        objects,
        surroundings,
        facts: crate::model::fact::Facts::default(),
        memory: crate::model::memory::Memory::default(),
    };
    let plans =
        world::plan_all(&mirror, &mut snapshot).await.context("AWS cannot be read")?;
    match flags.output {
        Output::Text => print_text(&snapshot.settings, &plans, &notes),
        Output::Json => print_json(&snapshot.settings, &plans, &notes)?,
    }
    let has_errors = plans.problems.iter().any(|problem| problem.severity == Severity::Error);
    let has_findings =
        plans.plans.iter().any(|(_, plan)| !plan.is_empty() || !plan.refusals.is_empty());
    Ok(if has_errors || has_findings { EXIT_DIFFERENCES } else { EXIT_FINE })
}

/// Finds AWS, the region and the VPC.
async fn connect(
    flags: &BuildFlags,
    notes: &mut Vec<String>,
) -> anyhow::Result<(Settings, Mirror<Sdk>)> {
    let config = configure(flags.aws_region.as_deref(), None).await;
    let region = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
    let region = region.ok_or_else(|| {
        anyhow!("no AWS region; give --aws-region, or set AWS_REGION or a profile with one")
    })?;
    let vpc = match &flags.aws_vpc_id {
        Some(id) => AwsId::new(id),
        None => {
            let vpc = only_vpc(&config).await.context("no VPC; give --aws-vpc-id")?;
            notes.push(format!("VPC {vpc} is taken, the only or the default one of {region}"));
            vpc
        }
    };
    let cluster = flags.cluster_name.clone().unwrap_or_else(|| {
        notes.push(format!(
            "cluster {CLUSTER_UNNAMED:?} is assumed; names and tags depend on --cluster-name"
        ));
        CLUSTER_UNNAMED.to_owned()
    });
    let settings = flags.settings(cluster, region, vpc.clone())?;
    Ok((settings, Mirror::new(Sdk::new(&config, vpc), clock::now)))
}

fn print_text(settings: &Settings, plans: &Plans, notes: &[String]) {
    let place = &settings.place.region;
    println(&format!("cluster {} in {} of {place}", settings.cluster, settings.vpc));
    for note in notes {
        println(&format!("# {note}"));
    }
    for (subject, plan) in &plans.plans {
        if !plan.is_empty() || !plan.refusals.is_empty() || !plan.notes.is_empty() {
            println("");
            println(show::text(subject, plan).trim_end());
        }
    }
    if !plans.problems.is_empty() {
        println("");
    }
    for problem in &plans.problems {
        println(&format!("! {}: {}: {problem}", problem.object, problem.code));
    }
    let steps: usize = plans.plans.iter().map(|(_, plan)| plan.steps.len()).sum();
    println("");
    println(&match steps {
        0 => "Nothing would change.".to_owned(),
        1 => "1 step would be taken.".to_owned(),
        steps => format!("{steps} steps would be taken."),
    });
}

fn print_json(settings: &Settings, plans: &Plans, notes: &[String]) -> anyhow::Result<()> {
    let each = plans.plans.iter().map(|(subject, plan)| show::json(subject, plan));
    let document = json!({
        "cluster": settings.cluster,
        "region": settings.place.region,
        "vpc": settings.vpc,
        "plans": each.collect::<Vec<_>>(),
        "problems": plans.problems,
        "notes": notes,
    });
    println(&serde_json::to_string_pretty(&document).context("the plan cannot be printed")?);
    Ok(())
}
