//! Finding AWS and the cluster, from flags and from where their own tools look.

use anyhow::{Context as _, anyhow};
use kube::{Client, Config};

use crate::aws::{Limits, Mirror, Sdk, Tally, Turns, configure, only_vpc};
use crate::clock::SystemClock;
use crate::cluster::connect;
use crate::flags::BuildFlags;
use crate::model::id::AwsId;
use crate::model::settings::Settings;

/// What is done about calls to AWS.
#[derive(Debug)]
pub struct Calls<'a> {
    /// Counts them.
    pub tally: &'a Tally,
    /// How often they may be made.
    pub limits: &'a Limits,
}

/// Finds AWS, the region and the VPC. What had to be guessed is added to `notes`.
///
/// # Errors
/// What is missing, and which flag gives it.
pub async fn aws(
    flags: &BuildFlags,
    cluster: String,
    calls: &Calls<'_>,
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
    let settings = flags.settings(cluster, region, vpc.clone())?;
    let clock = SystemClock::new();
    let turns = Turns::new(calls.limits, &clock, calls.tally);
    let sdk = Sdk::paced(&config, vpc, turns, calls.tally);
    Ok((settings, Mirror::new(sdk, clock)))
}

/// Finds the cluster: KUBECONFIG, or from within it.
///
/// # Errors
/// Where it was looked for.
pub async fn cluster() -> anyhow::Result<Client> {
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
            "no cluster name; give --cluster-name, it goes into names and tags of everything in AWS"
        )
    })
}

/// The namespace of the Lease outside a cluster, and where LBC's chart is installed.
const NAMESPACE_DEFAULT: &str = "kube-system";
/// Where a pod finds the name of its own namespace.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The namespace of the Lease and of what is remembered: the flag, the pod's own, or LBC's.
pub fn home(flag: Option<&str>) -> String {
    let own = || std::fs::read_to_string(NAMESPACE_FILE).ok().map(|name| name.trim().to_owned());
    flag.map(str::to_owned).or_else(own).unwrap_or_else(|| NAMESPACE_DEFAULT.to_owned())
}
