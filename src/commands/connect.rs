//! Finding AWS and the cluster, from flags and from where their own tools look.

use anyhow::{Context as _, anyhow};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::vpc;
use crate::aws::{Mirror, Sdk, Site, Tally, Turns, configure};
use crate::clock::SystemClock;
use crate::cluster::connect;
use crate::flags::{BuildFlags, ProcessFlags, ReachFlags};
use crate::model::settings::Settings;

/// What AWS is wanted for.
pub struct Wanted<'a> {
    /// The cluster's name.
    pub cluster: String,
    /// The cluster, where there is one.
    pub client: Option<&'a Client>,
    /// Counts calls.
    pub tally: &'a Tally,
}

/// Finds AWS, the region and the VPC. What nobody has said is added to `notes`.
///
/// # Errors
/// What is missing, and which flag gives it.
pub async fn aws(
    flags: &BuildFlags,
    wanted: Wanted<'_>,
    notes: &mut Vec<String>,
) -> anyhow::Result<(Settings, Mirror<Sdk>)> {
    let (site, region) = site(flags).await?;
    let vpc = vpc::find(&flags.reach, &site, wanted.client, notes).await?;
    let settings = flags.settings(&wanted.cluster, region, vpc)?;
    let mirror = mirror(flags, &site, &settings, wanted.tally);
    Ok((settings, mirror))
}

/// How AWS is reached, and in which region.
///
/// # Errors
/// What is missing, and which flag gives it.
pub async fn site(flags: &BuildFlags) -> anyhow::Result<(Site, String)> {
    let reach = &flags.reach;
    let config = configure(reach.region(), None).await;
    let region = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
    let region = region.ok_or_else(|| {
        anyhow!("no AWS region; give --aws-region, or set AWS_REGION or a profile with one")
    })?;
    let site = Site::from(&config).with_attempts(reach.aws_max_retries);
    let site = site.for_scope(flags.scope);
    let site = site.with_endpoints(reach.endpoints()).context("--aws-api-endpoints")?;
    let site = site.with_role_for_names(flags.dns.role());
    Ok((site, region))
}

/// What AWS is looked at through.
pub fn mirror(flags: &BuildFlags, site: &Site, settings: &Settings, tally: &Tally) -> Mirror<Sdk> {
    let clock = SystemClock::new();
    let limits = flags.reach.aws_api_throttle.clone();
    let limits = limits.with_batches_apart(flags.dns.batch.aws_batch_change_interval);
    let turns = Turns::new(&limits, &clock, tally);
    let sdk = Sdk::paced(site, settings.vpc.clone(), turns, tally);
    Mirror::new(sdk.with_zones((*settings.dns.filter).clone()), clock)
}

/// Finds the cluster: the file and the context of the flags, KUBECONFIG, or from within it.
///
/// # Errors
/// Where it was looked for.
pub async fn cluster(flags: &ReachFlags) -> anyhow::Result<Client> {
    let (file, context) = (flags.kubeconfig(), flags.context());
    if file.is_some() || context.is_some() {
        let client = async {
            let named = context.map(str::to_owned);
            let options = KubeConfigOptions { context: named, ..KubeConfigOptions::default() };
            let config = file.map_or_else(Kubeconfig::read, Kubeconfig::read_from)?;
            let config = Config::from_custom_kubeconfig(config, &options).await?;
            anyhow::Ok(connect(config)?)
        };
        return client.await.with_context(|| match (file, context) {
            (Some(file), None) => format!("--kubeconfig: {file} names no cluster"),
            (_, context) => format!(
                "--context: {} leads to no cluster; kubectl config get-contexts lists them",
                context.unwrap_or_default()
            ),
        });
    }
    let client = async { connect(Config::infer().await.map_err(kube::Error::InferConfig)?) };
    client.await.context(
        "no cluster; set KUBECONFIG to a file that names one, or run in a pod with a ServiceAccount",
    )
}

/// The cluster's name, which has to be given where objects are made.
///
/// # Errors
/// The flag that gives it.
pub fn cluster_name(flags: &BuildFlags) -> anyhow::Result<String> {
    let name = flags.cluster_name.clone().filter(|name| !name.is_empty());
    name.ok_or_else(|| {
        anyhow!(
            "no cluster name; give --cluster-name or CLUSTER_NAME, it goes into names and tags of \
             everything in AWS"
        )
    })
}

/// The namespace of the Lease outside a cluster, and where LBC's chart is installed.
const NAMESPACE_DEFAULT: &str = "kube-system";
/// Where a pod finds the name of its own namespace.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The namespace of what is remembered, where the manifests under `deploy/` are used as they are.
const MEMORY_OF_MANIFESTS: &str = "albedo-system";

/// The namespace that a controller remembers in: the flag, or that of the Lease.
pub fn memory_of_run<'a>(process: &'a ProcessFlags, home: &'a str) -> &'a str {
    process.memory_namespace().unwrap_or(home)
}

/// The namespace that a plan looks for what is remembered in, beside that of the Lease: it has to
/// find what a controller wrote whose flags it was not given.
pub fn memory_of_plan(process: &ProcessFlags) -> &str {
    process.memory_namespace().unwrap_or(MEMORY_OF_MANIFESTS)
}

/// The namespace of the Lease: the flag, the pod's own, or LBC's.
pub fn home(flag: Option<&str>) -> String {
    let own = || std::fs::read_to_string(NAMESPACE_FILE).ok().map(|name| name.trim().to_owned());
    let flag = flag.filter(|name| !name.is_empty());
    flag.map(str::to_owned).or_else(own).unwrap_or_else(|| NAMESPACE_DEFAULT.to_owned())
}
