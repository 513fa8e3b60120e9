//! `albedo adopt`: from AWS Load Balancer Controller and external-dns, and back.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::paint::Paint;
use super::plan::{Planned, planned};
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
    let (lbc, external_dns) = foreign(&client).await.context("the cluster cannot be asked")?;
    let side = Side {
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
    let is_empty = planned.plans.plans.iter().all(|(_, plan)| plan.is_empty());
    Ok(if is_empty { EXIT_FINE } else { EXIT_DIFFERENCES })
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
        all.push("--dns".to_owned());
        all.extend(adopt::names(&found.arguments));
    }
    let reach = &flags.reach;
    let given = [
        ("kubeconfig", &reach.kubeconfig),
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
    if flags.output == Output::Json {
        let plans = planned.map(|one| {
            let plans = one.plans.plans.iter().filter(|(_, plan)| !plan.is_empty());
            plans.map(|(subject, plan)| show::json(subject, plan)).collect::<Vec<Value>>()
        });
        let document = json!({"plans": plans, "moves": way, "notes": notes});
        let text = serde_json::to_string_pretty(&document);
        println(&text.context("what is found cannot be printed")?);
        return Ok(());
    }
    let paint = Paint::of_output();
    notes.iter().for_each(|note| println(&paint.dim(&format!("# {note}"))));
    if let Some(planned) = planned {
        let plans = planned.plans.plans.iter().filter(|(_, plan)| !plan.is_empty());
        let mut count = 0;
        for (subject, plan) in plans {
            count += plan.steps.len();
            println(&format!("\n{}", paint.plan(show::text(subject, plan).trim_end())));
        }
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
