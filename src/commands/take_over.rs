//! Whether a process may begin beside AWS Load Balancer Controller and external-dns, and what is
//! said of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kube::Client;

use crate::clock::{self, Clock as _, SystemClock};
use crate::cluster::{ApiServer, Cluster as _, Kind, name_keepers, neighbour};
use crate::flags::{BuildFlags, ProcessFlags, RunFlags};
use crate::model::id::ObjectKey;
use crate::model::neighbour::Neighbour;
use crate::model::settings::{DnsScope, Scope, Settings};
use crate::telemetry::Metrics;

/// The name of LBC's Lease where nobody gives it another one.
pub(super) const LEASE_LBC: &str = "aws-load-balancer-controller-leader";

/// How long after the API server could not be asked it is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// The name of the Lease beside LBC, which keeps its own.
const LEASE_OWN: &str = "albedo-leader";

/// The name of the Lease.
pub(super) fn lease(process: &ProcessFlags, scope: Scope) -> &str {
    match (process.leader_election_id.as_str(), scope) {
        (LEASE_LBC, Scope::Own) => LEASE_OWN,
        (given, _) => given,
    }
}

/// Looks for LBC before anything is done. In a cluster where nothing remembers a process of this
/// program, what stands of LBC has to be taken over on purpose; later it is only told of, since
/// whoever may make objects could stop a start otherwise.
///
/// # Errors
/// Why this process may not begin.
pub(super) async fn check(
    (client, api_server): (&Client, &ApiServer),
    lease: &ObjectKey,
    flags: &RunFlags,
    settings: &Settings,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<()> {
    if settings.scope == Scope::Own {
        return Ok(());
    }
    let (client, namespace) = (client.clone(), flags.build.namespace());
    if is_remembered(api_server).await? {
        let metrics = Arc::clone(metrics);
        SystemClock::new().spawn(async move {
            let found = neighbour(&client, LEASE_LBC, namespace.as_deref()).await;
            tell(&found, &metrics);
        });
        return Ok(());
    }
    let found = neighbour(&client, LEASE_LBC, namespace.as_deref()).await;
    tell(&found, metrics);
    let agreed = flags.process.take_over.as_ref().map(|duties| duties.0.clone());
    found.may_begin(lease, &settings.vpc, agreed.as_ref())?;
    if let Err(error) = api_server.begin().await {
        tracing::warn!("the next start is taken for the first one here: {error}");
    }
    Ok(())
}

/// What is to be done where what is remembered may not be read.
const UNTOLD: &str = "whether this is the first start here cannot be told; --memory-namespace says \
                      where what is remembered is, which deploy/rbac.yaml lets be read in albedo-system";

/// Whether this is not the first start here; asked for as long as the API server does not answer.
async fn is_remembered(api_server: &ApiServer) -> anyhow::Result<bool> {
    loop {
        match api_server.recall().await {
            Err(error) if matches!(error.kind, Kind::Transient | Kind::Throttled) => {
                tracing::warn!("{error}; trying again");
                clock::sleep(PAUSE).await;
            }
            Err(error) => {
                return Err(error).context(UNTOLD);
            }
            Ok(recalled) => return Ok(recalled.has_begun),
        }
    }
}

/// What LBC does in a cluster, a line each.
pub(super) async fn found(client: &Client, namespace: Option<&str>) -> Vec<String> {
    lines(&neighbour(client, LEASE_LBC, namespace).await)
}

/// Looks for external-dns where names are kept: no name is while one that runs here has the same
/// owner id and would get into our way, unless somebody says that both are meant. Says what is to
/// be done about it, a line each.
pub(super) async fn keep_apart(
    client: &Client,
    flags: &BuildFlags,
    settings: &mut Settings,
) -> Vec<String> {
    if settings.dns.scope == DnsScope::Off {
        return Vec::new();
    }
    let found = match name_keepers(client).await {
        Ok(found) => found,
        Err(error) => return vec![format!("whether external-dns runs here is not known: {error}")],
    };
    let each = found.iter().filter_map(|(key, keeper)| {
        let quarrel = keeper.quarrel(&settings.dns)?;
        Some(format!("external-dns {key} has the owner id {:?}: {quarrel}", keeper.owner))
    });
    let mut lines: Vec<String> = each.collect();
    if !lines.is_empty() && !flags.dns.beside_external_dns {
        settings.dns.scope = DnsScope::Off;
        lines.push(
            "no names are kept until then: scale it to 0 or give it another --txt-owner-id, and \
             start again; or start with --beside-external-dns"
                .to_owned(),
        );
    }
    lines
}

/// Says what LBC does here and nobody would do, and what of it stands.
fn tell(found: &Neighbour, metrics: &Metrics) {
    for line in lines(found) {
        tracing::warn!("{line}");
    }
    metrics.neighbour(found.presence(), found.count());
}

fn lines(found: &Neighbour) -> Vec<String> {
    let stands = found.stands();
    let stands = stands.map(|stands| format!("AWS Load Balancer Controller is here: {stands}"));
    let unseen = found.unseen.iter().map(|unseen| {
        format!("what AWS Load Balancer Controller does here is not known: {unseen}")
    });
    stands.into_iter().chain(found.undone()).chain(unseen).collect()
}
