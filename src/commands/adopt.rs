//! `albedo adopt`: from AWS Load Balancer Controller and external-dns, and back.

use anyhow::{Context as _, bail};
use clap::CommandFactory as _;
use serde_json::{Value, json};

use super::paint::Paint;
use super::plan::{Planned, planned, print_problems};
use super::progress::during;
use super::{EXIT_DIFFERENCES, EXIT_FINE, connect, println, take_over};
use crate::cluster::evidence::{Foreign, foreign};
use crate::cluster::neighbour;
use crate::flags::{AdoptFlags, Cli, Command, Origin, Output, PlanFlags};
use crate::plan::show;
use crate::report::adopt::{self, Move, Side};

mod nginx;

/// Proves that nothing would change, or says what would; and how the work is handed over.
pub async fn run(flags: &AdoptFlags) -> anyhow::Result<u8> {
    if flags.from == Some(Origin::Nginx) {
        return nginx::run(flags);
    }
    let client = connect::cluster(&flags.reach).await?;
    let found = during("looking at the cluster", foreign(&client)).await;
    let (lbc, external_dns) = found.context("the cluster cannot be asked")?;
    let of_names = external_dns.iter().map(|one| {
        let flags = adopt::names(&one.arguments, is_about_names);
        (one.key.clone(), flags)
    });
    let side = Side {
        names: of_names.collect(),
        neighbour: neighbour(&client, take_over::LEASE_LBC, None).await,
        lbc: lbc.first().map(|one| one.key.clone()),
        external_dns: external_dns.iter().map(|one| one.clone().into()).collect(),
    };
    let way = if flags.back { adopt::back(&side) } else { adopt::over(&side) };
    if flags.back {
        tell(flags, &way, None, &[])?;
        return Ok(EXIT_FINE);
    }
    if lbc.is_empty() && external_dns.is_empty() && side.neighbour.stands().is_none() {
        bail!(
            "neither AWS Load Balancer Controller nor external-dns is here: nothing is taken over"
        );
    }
    let arguments = arguments(flags, lbc.first(), external_dns.first());
    let (plan, mut notes) = match read(&arguments) {
        Ok((plan, notes)) => (plan, notes),
        Err(error) => {
            let told = vec![format!("what they are started with is not taken here: {error:#}")];
            tell(flags, &way, None, &told)?;
            return Ok(EXIT_DIFFERENCES);
        }
    };
    let planned = planned(&plan, &mut notes).await?;
    tell(flags, &way, Some(&planned), &notes)?;
    Ok(if planned.is_clean() { EXIT_FINE } else { EXIT_DIFFERENCES })
}

/// Whether a flag of external-dns's decides about names, and is one of ours as well.
fn is_about_names(flag: &str) -> bool {
    let command = Cli::command();
    let run = command.find_subcommand("run");
    let mut flags = run.into_iter().flat_map(clap::Command::get_arguments);
    flags.any(|argument| {
        let heading = argument.get_help_heading().unwrap_or_default();
        heading.starts_with("Names") && argument.get_long() == Some(flag)
    })
}

/// The arguments that a plan is made with: LBC's, those of external-dns's that are about names, and
/// what a person says over that.
fn arguments(
    flags: &AdoptFlags,
    lbc: Option<&Foreign>,
    external_dns: Option<&Foreign>,
) -> Vec<String> {
    let mut all = vec!["albedo".to_owned(), "plan".to_owned()];
    all.extend(lbc.iter().flat_map(|one| one.arguments.iter().cloned()));
    if let Some(found) = external_dns {
        // It is looked at what becomes of its names once it has stopped, though it still runs.
        all.extend(["--dns", "--beside-external-dns"].map(str::to_owned));
        all.extend(adopt::names(&found.arguments, is_about_names));
    }
    let reach = &flags.reach;
    let given = [
        ("kubeconfig", &reach.kubeconfig),
        ("context", &reach.context),
        ("aws-region", &reach.aws_region),
        ("aws-vpc-id", &reach.aws_vpc_id),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    all.extend(given.map(|(name, value)| format!("--{name}={value}")));
    all.extend(flags.flags.iter().cloned());
    all
}

fn read(arguments: &[String]) -> anyhow::Result<(PlanFlags, Vec<String>)> {
    match Cli::parse_with_notes(arguments.iter().map(Into::into)) {
        Ok((Cli { command: Command::Plan(flags) }, notes)) => Ok((flags, notes)),
        Ok(_) => bail!("they ask for another command"),
        Err(error) => bail!("{}", super::said(&error)),
    }
}

fn tell(
    flags: &AdoptFlags,
    way: &[Move],
    planned: Option<&Planned>,
    notes: &[String],
) -> anyhow::Result<()> {
    let found = planned.map(|one| &one.plans);
    let plans = found.into_iter().flat_map(|found| &found.plans);
    let plans: Vec<_> =
        plans.filter(|(_, plan)| !plan.is_empty() || !plan.refusals.is_empty()).collect();
    let problems = found.map_or(&[][..], |found| &found.problems);
    if flags.output == Output::Json {
        let plans = plans.iter().map(|(subject, plan)| show::json(subject, plan));
        let plans = planned.map(|_| plans.collect::<Vec<Value>>());
        let document = json!({
            "plans": plans, "problems": problems, "moves": way, "notes": notes,
        });
        let text = serde_json::to_string_pretty(&document);
        println(&text.context("what is found cannot be printed")?);
        return Ok(());
    }
    let paint = Paint::of_output();
    notes.iter().for_each(|note| println(&paint.dim(&format!("# {note}"))));
    for (subject, plan) in &plans {
        println(&format!("\n{}", paint.plan(show::text(subject, plan).trim_end())));
    }
    if !problems.is_empty() {
        println("");
        print_problems(paint, problems);
    }
    if planned.is_some() {
        let count: usize = plans.iter().map(|(_, plan)| plan.steps.len()).sum();
        println(&match count {
            0 => paint.good("\nNothing in AWS would change."),
            1 => paint.doubtful("\n1 step would be taken in AWS, for the reason that it says."),
            count => {
                let text =
                    format!("\n{count} steps would be taken in AWS, for the reasons they say.");
                paint.doubtful(&text)
            }
        });
    }
    println("");
    for (place, Move { what, command, why }) in way.iter().enumerate() {
        println(&format!("{}. {what}: {why}", place + 1));
        if let Some(command) = command {
            println(&format!("     {command}"));
        }
    }
    Ok(())
}
