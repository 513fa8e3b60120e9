//! Whether a request would be served, and by whom: the way from its name to a target, station by
//! station, in words for whoever wonders about it. And whether a pod gets any.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;

use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, LiveLoadBalancer, LiveTargetGroup, Records};
use crate::model::known::Known;
use crate::model::listener::Protocol;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::record::HostedZones;
use crate::model::rule::{Request, Rule, RuleAction, route};
use crate::model::snapshot::Snapshot;
use crate::model::surroundings::IssuedCertificates;
use crate::model::target::LiveTarget;

mod answer;
mod behind;
mod certificate;
mod guards;
mod misses;
mod name;
mod pod;
mod url;

pub(super) use answer::in_words as target_in_words;
pub use behind::{asking, who_is_behind};
pub use guards::Guards;
pub(super) use name::targets as led_to;
pub use pod::PodAccount;
pub use url::Url;

/// What is known of the account.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// What time it is.
    pub now: Timestamp,
    /// The hosted zones; none where nobody may read them.
    pub zones: Option<&'a HostedZones>,
    /// The records of those in which the host may lie.
    pub records: &'a BTreeMap<AwsId, Known<Arc<Records>>>,
    /// The load balancers of the cluster.
    pub load_balancers: &'a [LiveLoadBalancer],
    /// The network load balancers in front of them.
    pub frontend_nlbs: &'a [FrontendNlb],
    /// Their target groups.
    pub target_groups: &'a [LiveTargetGroup],
    /// The certificates of the region.
    pub certificates: &'a IssuedCertificates,
    /// What is registered in target groups, as far as somebody has looked.
    pub targets: &'a BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
    /// The security groups on the way; none where nobody looks at them.
    pub guards: Option<Guards<'a>>,
    /// The cluster behind it; none where nobody looks at targets.
    pub behind: Option<Behind<'a>>,
}

/// What is behind target groups.
#[derive(Clone, Copy, Debug)]
pub struct Behind<'a> {
    /// The cluster.
    pub cluster: &'a Snapshot,
    /// Who of it is behind each target, as [`who_is_behind`] has it.
    pub who: &'a BTreeMap<SmolStr, String>,
}

/// A network load balancer in front of a load balancer: who asks the one is answered by the other.
#[derive(Clone, Debug)]
pub struct FrontendNlb {
    /// Its DNS name, in lower case.
    pub dns_name: String,
    /// The load balancer behind it.
    pub load_balancer: AwsId,
}

/// What a station of the way means for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The request gets on.
    Good,
    /// It may get here by another way than the one that was looked at.
    Note,
    /// It cannot be told.
    Unknown,
    /// It ends here, and is not served.
    Bad,
}

/// A station of the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Station {
    /// What it is: `record`, `load balancer`, `listener`, `security group`, `certificate`, `rule`,
    /// `answer`, `target group` or `target`; of a pod `pod`, `service`, `target group`, `target` or
    /// `gate`.
    pub what: &'static str,
    /// What it means.
    pub verdict: Verdict,
    /// What was found there.
    pub found: String,
    /// What else is worth knowing: of a rule, which others are near and why they do not take the
    /// request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// What a person can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// What was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// A request for a URL.
    Url(String),
    /// A pod, as `NAMESPACE/NAME`.
    Pod(String),
}

/// The way of a request, or of those that a pod gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was asked about.
    #[serde(flatten)]
    pub asked: Asked,
    /// Whether the request would be served, or the pod gets any.
    pub served: Verdict,
    /// The way, from the name or the pod on.
    pub stations: Vec<Station>,
}

impl Station {
    pub(super) fn new(what: &'static str, verdict: Verdict, found: impl Into<String>) -> Self {
        Self { what, verdict, found: found.into(), beside: Vec::new(), mend: None }
    }

    pub(super) fn with_mend(self, mend: impl Into<String>) -> Self {
        Self { mend: Some(mend.into()), ..self }
    }
}

impl Explanation {
    /// The answer, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        let [yes, unknown, no] = match &self.asked {
            Asked::Url(_) => [
                "It would be served.",
                "Whether it would be served cannot be told.",
                "It would not be served.",
            ],
            Asked::Pod(_) => {
                ["It gets requests.", "Whether it gets requests cannot be told.", "It gets none."]
            }
        };
        match self.served {
            Verdict::Good | Verdict::Note => yes,
            Verdict::Unknown => unknown,
            Verdict::Bad => no,
        }
    }

    fn of(url: &Url, stations: Vec<Station>) -> Self {
        let served = stations.iter().map(|station| station.verdict).max();
        let served = match served.unwrap_or(Verdict::Unknown) {
            Verdict::Note => Verdict::Good,
            verdict => verdict,
        };
        Self { asked: Asked::Url(url.to_string()), served, stations }
    }
}

/// What takes a request on a listener.
struct Taken<'a> {
    rules: Vec<&'a Rule>,
    place: Option<usize>,
    actions: &'a [RuleAction],
}

fn taken<'a>(listener: &'a LiveListener, request: &Request) -> Taken<'a> {
    let rules: Vec<&Rule> = listener.rules.iter().map(|live| &live.rule).collect();
    let place = route(rules.iter().copied(), request).taken;
    let rule = place.and_then(|place| rules.get(place).copied());
    let default = &listener.live.spec.default_actions;
    Taken { actions: rule.map_or(default, |rule| &rule.actions), rules, place }
}

impl<'a> Account<'a> {
    /// The target groups whose targets have to be known to explain a request.
    #[must_use]
    pub fn wanted(&self, url: &Url, request: &Request) -> BTreeSet<AwsId> {
        let listener = self.load_balancer(url).and_then(|live| listener(live, url));
        let actions = listener.map(|listener| taken(listener, request).actions);
        let groups = actions.into_iter().flatten().flat_map(RuleAction::target_groups);
        groups.filter_map(|weighted| weighted.group.given()).cloned().collect()
    }

    /// What is to be said of a host's name.
    #[must_use]
    pub fn record(&self, url: &Url) -> Station {
        name::station(self, url)
    }

    /// Explains what becomes of a request.
    #[must_use]
    pub fn explain(&self, url: &Url, request: &Request) -> Explanation {
        let mut stations = vec![name::station(self, url)];
        let Some(live) = self.load_balancer(url) else {
            stations.push(self.nowhere(&url.host));
            return Explanation::of(url, stations);
        };
        stations.push(load_balancer(live));
        let Some(listener) = listener(live, url) else {
            stations.push(no_listener(live, url));
            return Explanation::of(url, stations);
        };
        let found = format!("{} on port {}", listener.live.spec.protocol, listener.port);
        stations.push(Station::new("listener", Verdict::Good, found));
        stations.extend(guards::client(self, live, listener));
        if url.protocol == Protocol::Https {
            stations.push(certificate::station(self, &listener.live.spec, url));
        }
        let taken = taken(listener, request);
        stations.push(misses::station(listener, &taken, request));
        stations.extend(answer::stations(self, (live, &taken), url, request));
        Explanation::of(url, stations)
    }

    /// What is to be said where nothing serves a host.
    fn nowhere(&self, host: &str) -> Station {
        let found = "no load balancer of this cluster serves the host";
        let station = |found: String, mend: &str| {
            Station::new("load balancer", Verdict::Bad, found).with_mend(mend)
        };
        let asking = self.behind.map(|behind| behind::asking(behind.cluster, host));
        match asking.unwrap_or_default().first() {
            Some(key) => station(
                format!("{found}, which Ingress {key} asks for"),
                "see what holds it up: albedo explain ingress for it, kubectl describe ingress, and \
                 what is left to do: albedo plan",
            ),
            None => station(
                format!("{found}, and no Ingress asks for it"),
                "give an Ingress a rule for it",
            ),
        }
    }

    /// The load balancer that a host's name leads to, or else the one that has rules for it.
    fn load_balancer(&self, url: &Url) -> Option<&'a LiveLoadBalancer> {
        let leads_to = name::leads_to(self, url);
        let by_name = self.load_balancers.iter().find(|live| {
            let id = &live.live.id;
            let mut fronts = self.frontend_nlbs.iter().filter(|nlb| nlb.load_balancer == *id);
            leads_to.contains(&live.dns_name.to_lowercase())
                || fronts.any(|nlb| leads_to.contains(&nlb.dns_name))
        });
        by_name.or_else(|| {
            let request = url.request();
            let mut all = self.load_balancers.iter();
            all.find(|live| {
                let taking = listener(live, url).map(|listener| taken(listener, &request));
                taking.is_some_and(|taken| taken.place.is_some())
            })
        })
    }
}

fn listener<'a>(live: &'a LiveLoadBalancer, url: &Url) -> Option<&'a LiveListener> {
    live.listeners.iter().find(|one| one.port == url.port && one.live.spec.protocol == url.protocol)
}

pub(super) fn load_balancer(live: &LiveLoadBalancer) -> Station {
    let spec = &live.live.spec;
    let found = format!("{}, {}, {}", spec.name, spec.scheme, live.dns_name);
    match live.state {
        LoadBalancerState::Active => Station::new("load balancer", Verdict::Good, found),
        LoadBalancerState::Provisioning => {
            Station::new("load balancer", Verdict::Bad, format!("{found}, being set up by AWS"))
                .with_mend("wait: AWS takes a few minutes")
        }
        LoadBalancerState::Failed => Station::new(
            "load balancer",
            Verdict::Bad,
            format!("{found}, which AWS could not set up"),
        )
        .with_mend("look at its state in the console of EC2; often a subnet has no free addresses"),
    }
}

fn no_listener(live: &LiveLoadBalancer, url: &Url) -> Station {
    let there: Vec<String> = live
        .listeners
        .iter()
        .map(|one| format!("{} on port {}", one.live.spec.protocol, one.port))
        .collect();
    let there = if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
    let found =
        format!("nobody listens for {} on port {}; there is {there}", url.protocol, url.port);
    let mend = "have an Ingress of the group listen there: annotation listen-ports, and for HTTPS a certificate";
    Station::new("listener", Verdict::Bad, found).with_mend(mend)
}
