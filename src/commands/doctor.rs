//! `albedo doctor`: what is wrong with how everything is set up.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use kube::Client;
use serde_json::json;

use super::look::{list_within, recall};
use super::paint::Paint;
use super::progress::during;
use super::{EXIT_DIFFERENCES, EXIT_FINE, connect, println, take_over, vpc};
use crate::apply::of_aws;
use crate::aws::{CloudError, Mirror, Reach, Sdk, Site, Tally};
use crate::clock;
use crate::cluster::evidence::{self as look, Places};
use crate::cluster::{neighbour, read_secrets};
use crate::commands::world::secrets_of;
use crate::desired::zone::is_on;
use crate::flags::{DoctorFlags, Output};
use crate::model::evidence::{AwsEvidence, ClusterEvidence, Evidence, Unanswered, Unsettled};
use crate::model::id::ObjectKey;
use crate::model::settings::Settings;
use crate::report::doctor::{Finding, Verdict, checks, diagnose};

mod rights;

/// How old what is read may be: everything is read once.
const AGE_MAX: Duration = Duration::from_secs(3600);
/// How long the cluster may take to list everything. What is not listed by then is a finding.
const LIST_MAX: Duration = Duration::from_secs(20);
/// How large an ARN is that names an application load balancer, and one that names a certificate.
const LOAD_BALANCER: &str = ":loadbalancer/app/";
const CERTIFICATE: &str = ":certificate/";

/// Looks at everything, and says what is wrong with it.
pub async fn run(flags: &DoctorFlags, notes: &[String]) -> anyhow::Result<u8> {
    let mut notes = notes.to_vec();
    let gathered = Box::pin(gather(flags, &mut notes));
    let evidence = during("looking at AWS and the cluster", gathered).await;
    let found = diagnose(&evidence);
    match flags.output {
        Output::Text => print_text(&found, &notes),
        Output::Json => {
            let document = json!({
                "findings": found,
                "checks": checks().map(|check| check.code).collect::<Vec<_>>(),
                "notes": notes,
            });
            let text = serde_json::to_string_pretty(&document);
            println(&text.context("what is found cannot be printed")?);
        }
    }
    Ok(if found.is_empty() { EXIT_FINE } else { EXIT_DIFFERENCES })
}

async fn gather(flags: &DoctorFlags, notes: &mut Vec<String>) -> Evidence {
    let mut aws = AwsEvidence::default();
    let client = connect::cluster(&flags.build.reach).await;
    let found = settle(flags, client.as_ref().ok(), &mut aws, notes).await;
    let settings = found.as_ref().map(|(settings, ..)| settings.clone());
    let cluster = match &client {
        Ok(client) => of_cluster(flags, client, found.as_ref().ok().map(|(one, ..)| one)).await,
        Err(error) => Err(format!("{error:#}")),
    };
    if let Ok((settings, mirror, site)) = &found {
        of_aws_services(settings, mirror, cluster.as_ref().ok(), &mut aws).await;
        let role = flags.role_arn.as_deref().filter(|role| !role.is_empty());
        // Another role's rights in another account are not ours to ask for.
        let zones = aws.zones.as_deref().filter(|_| flags.build.dns.role().is_none());
        match rights::denials(site, settings, zones, role).await {
            Ok(found) => aws.denials = found,
            Err(why) => notes.push(format!(
                "IAM was not asked what the role may do, so only what is read was tried: {why}"
            )),
        }
    }
    let settings = settings.map_err(Clone::clone);
    Evidence { now: clock::now(), settings, aws, cluster }
}

/// The flags as meant, with the region and the VPC.
async fn settle(
    flags: &DoctorFlags,
    client: Option<&Client>,
    aws: &mut AwsEvidence,
    notes: &mut Vec<String>,
) -> Result<(Settings, Mirror<Sdk>, Site), Unsettled> {
    let build = &flags.build;
    let cluster = connect::cluster_name(build).map_err(|_| Unsettled::NoClusterName)?;
    let (site, region) = connect::site(build).await.map_err(|error| {
        let is_region = error.to_string().contains("no AWS region");
        if is_region { Unsettled::NoRegion } else { Unsettled::Flags(format!("{error:#}")) }
    })?;
    let vpc = vpc::find(&build.reach, &site, client, notes).await.map_err(|error| {
        let refused = error.chain().find_map(|cause| cause.downcast_ref::<CloudError>());
        match refused {
            Some(refused) => {
                unanswered(aws, refused);
                Unsettled::Unanswered
            }
            None => Unsettled::NoVpc(format!("{error:#}")),
        }
    })?;
    let settings = build.settings(&cluster, region, vpc);
    let settings = settings.map_err(|error| Unsettled::Flags(error.to_string()))?;
    let mirror = connect::mirror(build, &site, &settings, &Tally::default());
    Ok((settings, mirror, site))
}

fn unanswered(aws: &mut AwsEvidence, error: &CloudError) {
    let CloudError { kind, operation, code, message } = error.clone();
    let one = Unanswered { operation, trouble: of_aws(kind), code, message };
    if !aws.unanswered.contains(&one) {
        aws.unanswered.push(one);
    }
}

/// What AWS answers: a read of each service that is used.
async fn of_aws_services(
    settings: &Settings,
    mirror: &Mirror<Sdk>,
    cluster: Option<&ClusterEvidence>,
    aws: &mut AwsEvidence,
) {
    let mut answers: Vec<Result<(), CloudError>> = Vec::new();
    match mirror.surroundings(Reach::Interfaces, AGE_MAX).await {
        Ok(found) => aws.surroundings = Some(found),
        Err(error) => answers.push(Err(error)),
    }
    match mirror.fabric(&settings.cluster, &BTreeSet::new()).await {
        Ok(found) => {
            let ours = found.endpoint_rules.value().into_iter().flatten();
            let counted = ours.map(|(id, rules)| {
                let others = found.other_rules.get(id).map_or(0, BTreeSet::len);
                (id.clone(), rules.len() + others)
            });
            aws.rules = counted.collect();
        }
        Err(error) => answers.push(Err(error)),
    }
    match mirror.ages().await {
        Ok(found) => {
            let count = |part| found.keys().filter(|id| id.as_str().contains(part)).count();
            aws.load_balancers = Some(count(LOAD_BALANCER));
            aws.certificates = Some(count(CERTIFICATE));
        }
        Err(error) => answers.push(Err(error)),
    }
    answers.push(mirror.holds_anything(&settings.cluster).await.map(|_| ()));
    answers.push(mirror.certificates(&settings.cluster).await.map(|_| ()));
    answers.push(mirror.tells_tags_at_once().await);
    if cluster.is_some_and(|seen| is_on(settings, &seen.objects)) {
        match mirror.zones(AGE_MAX).await {
            Ok(found) => aws.zones = Some(found),
            Err(error) => answers.push(Err(error)),
        }
    }
    let nobody = BTreeSet::new();
    if settings.protection.wafv2 {
        // Any name has the web ACLs listed.
        answers.push(mirror.web_acls(&nobody, Some("albedo")).await.map(|_| ()));
    }
    if settings.protection.shield {
        answers.push(mirror.shield(&nobody).await.map(|_| ()));
    }
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        unanswered(aws, error);
    }
}

async fn of_cluster(
    flags: &DoctorFlags,
    client: &Client,
    settings: Option<&Settings>,
) -> Result<ClusterEvidence, String> {
    let version = look::version(client).await.map_err(|error| error.to_string())?;
    let home = connect::home(flags.process.leader_election_namespace.as_deref());
    let namespace = flags.build.namespace();
    let places = Places {
        home: &home,
        memory: connect::memory_of_plan(&flags.process),
        watched: namespace.as_deref(),
    };
    let custom = look::custom(client).await.map_err(|error| error.to_string())?;
    let denied = look::denied(client, places).await.map_err(|error| error.to_string())?;
    let (mut objects, unlisted) = list_within(client.clone(), namespace.clone(), LIST_MAX).await;
    if let Some(settings) = settings {
        objects.secrets = read_secrets(client, &secrets_of(settings, &objects)).await;
    }
    let neighbour = neighbour(client, take_over::LEASE_LBC, namespace.as_deref()).await;
    let (_, external_dns) = look::foreign(client).await.unwrap_or_default();
    let key = ObjectKey::new(&*home, take_over::lease(&flags.process, flags.build.scope));
    let lease = look::lease(client, &key).await.ok().flatten();
    // Who may not read what is remembered has heard of it already.
    let recalled = if denied.is_empty() {
        recall(client, &flags.process, &flags.build).await
    } else {
        crate::cluster::Recalled::default()
    };
    Ok(ClusterEvidence {
        version,
        custom,
        denied,
        unlisted,
        objects,
        neighbour,
        external_dns: external_dns.into_iter().map(Into::into).collect(),
        lease,
        renewed: look::renewed(client).await,
        unreadable: recalled.unreadable,
        newer: recalled.newer,
    })
}

fn print_text(found: &[Finding], notes: &[String]) {
    let paint = Paint::of_output();
    for note in notes {
        println(&paint.dim(&format!("# {note}")));
    }
    let width = found.iter().map(|one| one.code.len()).max().unwrap_or_default();
    let margin = " ".repeat(width + 9);
    for Finding { code, verdict, evidence, mend } in found {
        let (word, paint): (_, fn(Paint, &str) -> String) = match verdict {
            Verdict::Fault => ("fault", Paint::bad),
            Verdict::Doubt => ("doubt", Paint::doubtful),
        };
        let head = format!("{word}  {code:width$}");
        println(&format!("{}  {evidence}", paint(Paint::of_output(), &head)));
        println(&format!("{margin}mend: {mend}"));
    }
    let count = checks().count();
    println(&match found.len() {
        0 => paint.good(&format!("{count} checks find nothing wrong.")),
        1 => format!("1 of {count} checks finds something."),
        some => format!("{some} of {count} checks find something."),
    });
}
