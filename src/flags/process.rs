//! Flags that decide how a process runs: who leads, what is served, how much is done at once.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::spelling::{boolean, count, duration, given};
use crate::model::neighbour::{Duty, NoDuty};
use crate::telemetry::LogFormat;

/// Duties of AWS Load Balancer Controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duties(pub BTreeSet<Duty>);

/// Where something is served; `None` for nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind(pub Option<SocketAddr>);

fn bind(text: &str) -> Result<Bind, String> {
    if text.is_empty() { Ok(Bind(None)) } else { crate::serve::address(text).map(Some).map(Bind) }
}

fn duties(text: &str) -> Result<Duties, NoDuty> {
    let names = text.split(',').filter(|name| !name.is_empty());
    names.map(str::parse).collect::<Result<_, _>>().map(Duties)
}

/// Flags that decide how a process runs. A plan takes them as well, so that it can be asked for
/// with the arguments of the controller.
#[derive(Debug, Args)]
#[command(next_help_heading = "How the controller runs (LBC's flags)")]
pub struct ProcessFlags {
    /// Whether only the process that holds the Lease writes.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub enable_leader_election: bool,
    /// The name of the Lease. The default is LBC's own, so that the two never write at once.
    #[arg(long, default_value = "aws-load-balancer-controller-leader", value_name = "NAME")]
    pub leader_election_id: String,
    /// Take AWS Load Balancer Controller's work over, in a cluster where it stands and this program
    /// has not run yet; with the duties of it that nobody does from then on.
    #[arg(long, num_args = 0..=1, default_missing_value = "", value_name = "DUTY,...",
        value_parser = duties)]
    pub take_over: Option<Duties>,
    /// The namespace of the Lease. Default: the pod's own, or kube-system outside a cluster.
    #[arg(long, value_name = "NAMESPACE")]
    pub leader_election_namespace: Option<String>,
    /// The namespace of what is remembered, which should hold nothing else. Default: the Lease's.
    #[arg(long, value_name = "NAMESPACE")]
    pub memory_namespace: Option<String>,
    /// Where /healthz and /readyz are served.
    #[arg(long, default_value = ":61779", value_name = "ADDRESS",
        value_parser = crate::serve::address)]
    pub health_probe_bind_addr: SocketAddr,
    /// Where /metrics is served.
    #[arg(long, default_value = ":8080", value_name = "ADDRESS",
        value_parser = crate::serve::address)]
    pub metrics_bind_addr: SocketAddr,
    /// Where the topology page is served; empty for nowhere. It shows hosts and Services of all
    /// namespaces: on loopback only those reach it who may forward a port to the pod.
    #[arg(long, default_value = "127.0.0.1:61780", value_name = "ADDRESS", value_parser = bind)]
    pub page_bind_addr: Bind,
    /// The MutatingWebhookConfiguration by which the API server asks this process which readiness
    /// gates new pods should have; deploy/injector.yaml has one. Default: none, and pods come as
    /// they are written.
    #[arg(long, value_name = "NAME")]
    pub readiness_gate_webhook: Option<String>,
    /// Where the API server asks that.
    #[arg(long, default_value = ":9443", value_name = "ADDRESS",
        value_parser = crate::serve::address)]
    pub readiness_gate_webhook_bind_addr: SocketAddr,
    /// How many Ingress groups are worked on at once.
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = count)]
    pub ingress_max_concurrent_reconciles: u16,
    /// How many TargetGroupBindings are worked on at once.
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = count)]
    pub targetgroupbinding_max_concurrent_reconciles: u16,
    /// Hours after which everything is read from AWS again.
    #[arg(long, default_value = "10h", value_name = "DURATION", value_parser = duration)]
    pub sync_period: Duration,
    /// How much is logged.
    #[arg(long, default_value = "info",
        value_parser = PossibleValuesParser::new(["error", "warn", "info", "debug", "trace"]))]
    pub log_level: String,
    /// How the log looks. Default: text on a terminal, a JSON object a line elsewhere.
    #[arg(long, value_enum)]
    pub log_format: Option<LogFormat>,
}

impl ProcessFlags {
    /// The configuration of the webhook, where the flag names one.
    #[must_use]
    pub fn readiness_gate_webhook(&self) -> Option<&str> {
        given(self.readiness_gate_webhook.as_ref())
    }

    /// The namespace of what is remembered, where the flag names it.
    #[must_use]
    pub fn memory_namespace(&self) -> Option<&str> {
        given(self.memory_namespace.as_ref())
    }
}
