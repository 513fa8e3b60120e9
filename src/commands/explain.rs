//! `albedo explain`: whether a request would be served, by whom, and why not; and whether a pod
//! gets any.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use serde_json::json;
use smol_str::SmolStr;

use crate::aws::{BalancerScope, Kind, Mirror, Reach, Sdk, Tally};
use crate::clock;
use crate::cluster::{ToldEvent, read_secrets, told_of};
use crate::desired::classes::{Claim, claim};
use crate::desired::{foreign, groups};
use crate::flags::{ExplainFlags, Output};
use crate::model::id::{AwsId, ObjectKey};
use crate::model::inventory::{LiveLoadBalancer, LiveTargetGroup, Records};
use crate::model::known::Known;
use crate::model::listener::Protocol;
use crate::model::problem::{Kind as ObjectKind, ObjectRef, Problem, Severity};
use crate::model::record::HostedZones;
use crate::model::rule::Request;
use crate::model::security::IngressRule;
use crate::model::seen::Ingress;
use crate::model::snapshot::Snapshot;
use crate::model::surroundings::{IssuedCertificates, Surroundings};
use crate::model::target::LiveTarget;
use crate::report::explain::{
    Account, Asked, Behind, Explanation, FrontendNlb, Guards, PodAccount, Station, Url, Verdict,
    asking, who_is_behind,
};

use super::progress::during;
use super::world::{Plans, plan_all, secrets_of};
use super::{EXIT_DIFFERENCES, EXIT_FINE, EXIT_UNKNOWN, connect, plan, println};

/// How old what is read may be: a command reads everything once.
const AGE_MAX: Duration = Duration::from_secs(3600);
/// Who asks where nobody says who (RFC 5737).
const SOMEBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
/// How many Warnings of an Ingress are told: the latest ones.
const TOLD_MAX: usize = 5;
/// For how many hosts of an Ingress the way is told.
const HOSTS_MAX: usize = 10;

/// What a person asks about.
enum Question {
    Urls(Vec<Url>),
    Ingress(ObjectKey),
    Pod(ObjectKey),
}

impl Question {
    fn of(words: &[String]) -> anyhow::Result<Self> {
        let url = |text: &String| text.parse().map_err(|error: String| anyhow!(error));
        match words {
            urls if urls.iter().all(|word| word.contains("://")) => {
                Ok(Self::Urls(urls.iter().map(url).collect::<Result<_, _>>()?))
            }
            [kind, name] => {
                let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
                let key = ObjectKey::new(namespace, name);
                match kind.as_str() {
                    "ingress" | "ingresses" | "ing" => Ok(Self::Ingress(key)),
                    "pod" | "pods" | "po" => Ok(Self::Pod(key)),
                    _ => {
                        bail!("{kind:?} is neither ingress nor pod, which is what can be explained")
                    }
                }
            }
            _ => bail!(
                "{:?} is neither a URL such as https://app.example.com/path nor: ingress \
                 NAMESPACE/NAME, pod NAMESPACE/NAME",
                words.join(" ")
            ),
        }
    }
}

/// Explains, and answers with whether it would be served.
pub async fn run(flags: &ExplainFlags, notes: &[String]) -> anyhow::Result<u8> {
    let question = Question::of(&flags.what)?;
    let mut notes = notes.to_vec();
    let cluster = connect::cluster_name(&flags.build)?;
    let client = connect::cluster(&flags.build.reach).await?;
    let of_cluster = plan::of_cluster(&client, (&flags.build, &flags.process), &mut notes);
    let (mut objects, recalled) = during("looking at the cluster", of_cluster).await?;
    let tally = Tally::default();
    let wanted = connect::Wanted { cluster, client: Some(&client), tally: &tally };
    let reached = Box::pin(connect::aws(&flags.build, wanted, &mut notes));
    let (settings, mirror) = during("looking for AWS", reached).await?;
    objects.secrets = read_secrets(&client, &secrets_of(&settings, &objects)).await;
    let network = during("looking at the VPC", mirror.surroundings(Reach::Interfaces, AGE_MAX));
    let network = network.await.context("AWS cannot be read")?;
    let extent = settings.extent.clone();
    let mut snapshot = plan::snapshot(settings, extent, objects, network);
    let planned = during("looking at AWS", plan_all(&mirror, &mut snapshot, &recalled)).await;
    let mut plans = planned.context("AWS cannot be read")?;
    notes.append(&mut plans.notes);
    let explained = async {
        let mut found =
            Found::of(&mirror, &snapshot, flags.from).await.context("AWS cannot be read")?;
        match &question {
            Question::Urls(urls) => {
                let mut answer = Answer::default();
                for url in urls {
                    let explained = found.explain((&mirror, &snapshot), url, flags).await?;
                    if explained.served == Verdict::Bad {
                        for problem in problems_of(&url.host, &snapshot, &plans) {
                            if !answer.problems.contains(problem) {
                                answer.problems.push(problem.clone());
                            }
                        }
                    }
                    answer.explained.push(explained);
                }
                anyhow::Ok(answer)
            }
            Question::Ingress(key) => {
                of_ingress(key, (&snapshot, &plans), (&mut found, &mirror), flags).await
            }
            Question::Pod(key) => of_pod(key, &snapshot, &mirror).await,
        }
    };
    let mut answer = during("following the way of requests", explained).await?;
    if let Question::Ingress(key) = &question {
        let object = ObjectRef { kind: ObjectKind::Ingress, key: key.clone() };
        match told_of(&client, &object).await {
            Ok(told) => answer.told = told.into_iter().take(TOLD_MAX).collect(),
            Err(error) => notes.push(format!("what it was told cannot be read: {error}")),
        }
    }
    match flags.output {
        Output::Text => answer.print(&notes),
        Output::Json => answer.print_json(&notes)?,
    }
    Ok(answer.code())
}

/// What was found out.
#[derive(Default)]
struct Answer {
    /// Why an Ingress is nobody's, or cannot be used as it is.
    problems: Vec<Problem>,
    /// What else there is to say of it.
    why: Option<String>,
    /// What an Ingress was warned of, the latest first: among it what AWS or the API server refused
    /// the controller.
    told: Vec<ToldEvent>,
    explained: Vec<Explanation>,
}

impl Answer {
    fn code(&self) -> u8 {
        let is_bad = self.why.is_some()
            || self.problems.iter().any(|problem| problem.severity == Severity::Error);
        let worst = self.explained.iter().map(|one| one.served).max();
        match worst {
            _ if is_bad => EXIT_DIFFERENCES,
            Some(Verdict::Bad) => EXIT_DIFFERENCES,
            Some(Verdict::Good | Verdict::Note) => EXIT_FINE,
            Some(Verdict::Unknown) | None => EXIT_UNKNOWN,
        }
    }

    fn print(&self, notes: &[String]) {
        for note in notes {
            println(&format!("# {note}"));
        }
        if let Some(why) = &self.why {
            println(why);
        }
        for problem in &self.problems {
            println(&format!("! {}: {}: {problem}", problem.object, problem.code));
        }
        for ToldEvent { at, reason, message } in &self.told {
            let at = at.map(|at| format!("{at:.0} ")).unwrap_or_default();
            println(&format!("{at}{reason}: {message}"));
        }
        for explained in &self.explained {
            match &explained.asked {
                Asked::Url(url) => println(url),
                Asked::Pod(key) => println(&format!("pod {key}")),
            }
            explained.stations.iter().for_each(print_station);
            println(explained.sentence());
        }
    }

    fn print_json(&self, notes: &[String]) -> anyhow::Result<()> {
        let document = json!({
            "why": self.why,
            "problems": self.problems,
            "told": self.told,
            "requests": self.explained,
            "notes": notes,
        });
        println(&serde_json::to_string_pretty(&document).context("it cannot be printed")?);
        Ok(())
    }
}

fn print_station(station: &Station) {
    let sign = match station.verdict {
        Verdict::Good => "ok",
        Verdict::Note => "--",
        Verdict::Unknown => "??",
        Verdict::Bad => "no",
    };
    println(&format!("  {sign}  {:<14} {}", station.what, station.found));
    for beside in &station.beside {
        println(&format!("      {:<14}   {beside}", ""));
    }
    if let Some(mend) = &station.mend {
        println(&format!("      {:<14}   -> {mend}", ""));
    }
}

/// What stands in AWS, as far as requests meet it.
struct Found {
    zones: Option<Arc<HostedZones>>,
    records: BTreeMap<AwsId, Known<Arc<Records>>>,
    load_balancers: Vec<LiveLoadBalancer>,
    frontend_nlbs: Vec<FrontendNlb>,
    target_groups: Vec<LiveTargetGroup>,
    certificates: Arc<IssuedCertificates>,
    targets: BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
    /// What the VPC's security groups let in, and what they guard.
    rules: BTreeMap<AwsId, BTreeSet<IngressRule>>,
    surroundings: Arc<Surroundings>,
    client: Option<IpAddr>,
    /// Who is behind each target.
    who: BTreeMap<SmolStr, String>,
}

type Aws = Mirror<Sdk>;

impl Found {
    /// All but records and targets, of which only few count.
    async fn of(
        mirror: &Aws,
        snapshot: &Snapshot,
        client: Option<IpAddr>,
    ) -> Result<Self, crate::aws::CloudError> {
        let mut found = Self {
            zones: may(mirror.zones(AGE_MAX).await)?,
            records: BTreeMap::new(),
            load_balancers: Vec::new(),
            frontend_nlbs: Vec::new(),
            target_groups: Vec::new(),
            certificates: may(mirror.issued(AGE_MAX).await)?.unwrap_or_default(),
            targets: BTreeMap::new(),
            rules: may(mirror.security_groups(AGE_MAX).await)?.unwrap_or_default(),
            surroundings: Arc::clone(&snapshot.surroundings),
            client,
            who: who_is_behind(snapshot),
        };
        let cluster = &snapshot.settings.cluster;
        for group in groups::all(snapshot) {
            let inventory = mirror.balancer(cluster, &group, &BalancerScope::default()).await?;
            let behind = inventory.load_balancers.iter().next().map(|live| live.live.id.clone());
            let fronts = inventory.frontend_nlbs.iter().zip(behind.iter().cycle());
            found.frontend_nlbs.extend(fronts.map(|(nlb, behind)| FrontendNlb {
                dns_name: nlb.dns_name.to_lowercase(),
                load_balancer: behind.clone(),
            }));
            found.load_balancers.extend(inventory.load_balancers.iter().cloned());
            found.target_groups.extend(inventory.target_groups.iter().cloned());
        }
        Ok(found)
    }

    fn account<'a>(&'a self, cluster: &'a Snapshot) -> Account<'a> {
        Account {
            now: clock::now(),
            zones: self.zones.as_deref(),
            records: &self.records,
            load_balancers: &self.load_balancers,
            frontend_nlbs: &self.frontend_nlbs,
            target_groups: &self.target_groups,
            certificates: &self.certificates,
            targets: &self.targets,
            guards: Some(Guards {
                rules: &self.rules,
                surroundings: &self.surroundings,
                client: self.client,
            }),
            behind: Some(Behind { cluster, who: &self.who }),
        }
    }

    async fn explain(
        &mut self,
        (mirror, cluster): (&Aws, &Snapshot),
        url: &Url,
        flags: &ExplainFlags,
    ) -> anyhow::Result<Explanation> {
        let request = Request {
            method: flags.method.clone(),
            headers: flags.headers.clone(),
            source: flags.from.unwrap_or(SOMEBODY),
            ..url.request()
        };
        let zones = self.zones.clone();
        let holding = zones.iter().flat_map(|zones| zones.values());
        for zone in holding.filter(|zone| zone.holds(&url.host)) {
            if let Some(read) = may(mirror.zone(&zone.id, None, AGE_MAX).await)? {
                self.records.insert(zone.id.clone(), read.records);
            }
        }
        for id in self.account(cluster).wanted(url, &request) {
            if let Some(read) = may(mirror.targets(&id).await)? {
                self.targets.insert(id, read.targets);
            }
        }
        Ok(self.account(cluster).explain(url, &request))
    }
}

/// What may be read; nothing where AWS refuses it.
fn may<T>(read: Result<T, crate::aws::CloudError>) -> Result<Option<T>, crate::aws::CloudError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == Kind::Refused => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is wrong with objects, and what cannot be done of what they ask for.
fn wrong(plans: &Plans) -> impl Iterator<Item = &Problem> {
    let refusals = plans.plans.iter().flat_map(|(_, plan)| &plan.refusals);
    plans.problems.iter().chain(refusals)
}

/// What is wrong with the Ingresses that ask for a host.
fn problems_of<'a>(
    host: &'a str,
    snapshot: &'a Snapshot,
    plans: &'a Plans,
) -> impl Iterator<Item = &'a Problem> {
    let asking = asking(snapshot, host);
    wrong(plans).filter(move |problem| {
        problem.object.kind == ObjectKind::Ingress && asking.contains(&&problem.object.key)
    })
}

/// Explains an Ingress: whose it is, what is wrong with it, and how a request for each of its hosts
/// goes.
async fn of_ingress(
    key: &ObjectKey,
    (snapshot, plans): (&Snapshot, &Plans),
    (found, mirror): (&mut Found, &Aws),
    flags: &ExplainFlags,
) -> anyhow::Result<Answer> {
    let Some(ingress) = snapshot.objects.ingresses.get(key) else {
        bail!("there is no Ingress {key}, or nobody may read it")
    };
    let mut answer = Answer::default();
    match claim(&snapshot.settings, &snapshot.objects, key, ingress) {
        Claim::Ours(_) => {}
        Claim::Foreign => {
            let why = foreign::reason(&snapshot.settings, &snapshot.objects, ingress);
            answer.why = Some(format!("Ingress {key} is left alone: {why}"));
        }
        Claim::Unknown(problem) | Claim::Invalid(problem) | Claim::Unselected(problem) => {
            answer.problems.push(problem);
        }
    }
    if answer.why.is_none() {
        let is_its = |problem: &&Problem| {
            problem.object.kind == ObjectKind::Ingress && problem.object.key == *key
        };
        for problem in wrong(plans).filter(is_its) {
            if !answer.problems.contains(problem) {
                answer.problems.push(problem.clone());
            }
        }
        for url in urls(ingress, found) {
            answer.explained.push(found.explain((mirror, snapshot), &url, flags).await?);
        }
    }
    Ok(answer)
}

/// Explains whether a pod gets requests.
async fn of_pod(key: &ObjectKey, snapshot: &Snapshot, mirror: &Aws) -> anyhow::Result<Answer> {
    let mut targets = BTreeMap::new();
    for id in (PodAccount { snapshot, targets: &targets }).wanted(key) {
        if let Some(read) = may(mirror.targets(&id).await)? {
            targets.insert(id, read.targets);
        }
    }
    let Some(explained) = (PodAccount { snapshot, targets: &targets }).explain(key) else {
        bail!("there is no pod {key}, or nobody may read it")
    };
    Ok(Answer { explained: vec![explained], ..Answer::default() })
}

/// A URL for each host of an Ingress, with its first path, on what its load balancer listens for.
fn urls(ingress: &Ingress, found: &Found) -> Vec<Url> {
    let own: Vec<&str> =
        ingress.status.iter().filter_map(|entry| entry.hostname.as_deref()).collect();
    let live = found
        .load_balancers
        .iter()
        .find(|live| own.iter().any(|name| live.dns_name.eq_ignore_ascii_case(name)));
    let ports = live.iter().flat_map(|live| live.listeners.iter());
    let ports = ports.map(|listener| (listener.live.spec.protocol, listener.port));
    let (protocol, port) = ports.max().unwrap_or((Protocol::Http, 80));
    let rules = ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten());
    let each = rules.filter_map(|rule| {
        let host = match rule.host.as_deref().filter(|host| !host.is_empty()) {
            Some(host) => host.replacen('*', "any", 1),
            None => own.first()?.to_lowercase(),
        };
        let path = rule.http.as_ref().and_then(|http| http.paths.first()?.path.clone());
        let target = path.unwrap_or_default().replace(['*', '?'], "a");
        let target = if target.starts_with('/') { target } else { "/".to_owned() };
        Some(Url { protocol, host, port, target })
    });
    each.take(HOSTS_MAX).collect()
}
