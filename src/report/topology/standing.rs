//! What stands of a group: load balancers with what listens there and its rules, target groups with
//! their targets.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;

use super::Surroundings;
use crate::desired::completion;
use crate::model::group::Group;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::inventory::{
    BalancerInventory, LiveListener, LiveLoadBalancer, LiveTargetGroup, Records,
};
use crate::model::known::Known;
use crate::model::line::one_line;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::rule::{Redirect, Rule, RuleAction};
use crate::model::seen::SeenBinding;
use crate::model::target::{LiveTarget, TargetCount, TargetState};
use crate::report::explain::{Verdict, target_in_words};

/// How many targets are shown of a target group; of more, how many there are.
const TARGETS_MAX: usize = 200;

/// What is believed of a group.
#[derive(Clone, Debug, Default)]
pub struct Believed {
    /// What stands.
    pub inventory: BalancerInventory,
    /// What is registered in its target groups, as far as somebody has looked.
    pub targets: BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
    /// The records of the hosted zones that its hosts may lie in.
    pub records: BTreeMap<AwsId, Known<Arc<Records>>>,
}

/// A load balancer.
#[derive(Clone, Debug, Serialize)]
pub struct LoadBalancerView {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `application` or `network`.
    pub kind: &'static str,
    /// `internal` or `internet-facing`.
    pub scheme: &'static str,
    /// Where it is reached.
    pub dns_name: String,
    /// How far AWS has come with it: `active`, `provisioning` or `failed`.
    pub state: &'static str,
    /// When its listeners were read; `None` where nobody has.
    pub read_at: Option<Timestamp>,
    /// Its listeners.
    pub listeners: Vec<ListenerView>,
}

/// A listener.
#[derive(Clone, Debug, Serialize)]
pub struct ListenerView {
    /// What it speaks.
    pub protocol: &'static str,
    /// Its port.
    pub port: u16,
    /// Its certificates, the default one first.
    pub certificates: Vec<String>,
    /// Its rules in their order; the default one comes last and has no priority.
    pub rules: Vec<RuleView>,
}

/// A rule.
#[derive(Clone, Debug, Serialize)]
pub struct RuleView {
    /// Its priority; `None` for the default one.
    pub priority: Option<u32>,
    /// What it asks of requests: all of it.
    pub conditions: Vec<String>,
    /// What becomes of them.
    pub ways: Vec<WayOn>,
}

/// A step of what becomes of requests.
#[derive(Clone, Debug, Serialize)]
pub struct WayOn {
    /// In words.
    pub text: String,
    /// The number among the target groups of the one that it leads to.
    pub target_group: Option<usize>,
    /// The share of requests that it gets, beside others.
    pub weight: Option<i32>,
}

/// A target group.
#[derive(Clone, Debug, Serialize)]
pub struct TargetGroupView {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for, as its tag says: the Ingress, the Service and its port.
    pub resource: Option<String>,
    /// The Service behind it.
    pub service: Option<String>,
    /// Its TargetGroupBinding.
    pub binding: Option<String>,
    /// What its targets speak.
    pub protocol: String,
    /// How its targets are.
    pub count: TargetCount,
    /// When its targets were read; `None` where nobody has.
    pub read_at: Option<Timestamp>,
    /// Its targets.
    pub targets: Vec<TargetView>,
    /// How many there are besides.
    pub more: usize,
}

/// A target.
#[derive(Clone, Debug, Serialize)]
pub struct TargetView {
    /// Its address and port, or the instance and its port.
    pub target: String,
    /// The pod or the node that it is, where that is known.
    pub who: Option<String>,
    /// How it is.
    pub state: TargetState,
    /// What that means for requests.
    pub verdict: Verdict,
    /// The same in words, with what AWS says.
    pub words: String,
    /// What a person can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<&'static str>,
}

/// When something was read.
pub(super) fn read_at<T>(known: &Known<T>) -> Option<Timestamp> {
    match known {
        Known::Unread => None,
        Known::Absent(at) | Known::Is(_, at) => Some(*at),
    }
}

/// A load balancer, with its listeners and their rules.
pub(super) fn load_balancer(
    live: &LiveLoadBalancer,
    places: &BTreeMap<&AwsId, usize>,
) -> LoadBalancerView {
    let spec = &live.live.spec;
    LoadBalancerView {
        id: live.live.id.to_string(),
        name: spec.name.clone(),
        kind: spec.kind.as_str(),
        scheme: spec.scheme.as_str(),
        dns_name: live.dns_name.clone(),
        state: match live.state {
            LoadBalancerState::Active => "active",
            LoadBalancerState::Provisioning => "provisioning",
            LoadBalancerState::Failed => "failed",
        },
        read_at: read_at(&live.listeners),
        listeners: live.listeners.iter().map(|one| listener(one, places)).collect(),
    }
}

fn listener(live: &LiveListener, places: &BTreeMap<&AwsId, usize>) -> ListenerView {
    let spec = &live.live.spec;
    let rules = live.rules.iter().map(|live| RuleView {
        priority: Some(live.priority),
        conditions: conditions(&live.rule),
        ways: live.rule.actions.iter().flat_map(|action| ways(action, places)).collect(),
    });
    let default = RuleView {
        priority: None,
        conditions: Vec::new(),
        ways: spec.default_actions.iter().flat_map(|action| ways(action, places)).collect(),
    };
    let certificates = spec.default_certificate.iter().chain(&spec.certificates);
    ListenerView {
        protocol: spec.protocol.as_str(),
        port: live.port,
        certificates: certificates.filter_map(Id::given).map(ToString::to_string).collect(),
        rules: rules.chain([default]).collect(),
    }
}

/// What a rule asks of requests, a condition each.
pub(super) fn conditions(rule: &Rule) -> Vec<String> {
    let each = rule.conditions.iter();
    each.map(|condition| one_line(&condition.to_string()).into_owned()).collect()
}

/// What an action does with requests.
pub(super) fn ways(action: &RuleAction, places: &BTreeMap<&AwsId, usize>) -> Vec<WayOn> {
    let plain = |text: String| {
        vec![WayOn { text: one_line(&text).into_owned(), target_group: None, weight: None }]
    };
    match action {
        RuleAction::Forward { groups, .. } => {
            let is_only = groups.len() == 1;
            let each = groups.iter().map(|weighted| WayOn {
                text: one_line(&weighted.group.short()).into_owned(),
                target_group: weighted.group.given().and_then(|id| places.get(id)).copied(),
                weight: weighted.weight.filter(|_| !is_only),
            });
            each.collect()
        }
        RuleAction::Redirect(redirect) => plain(redirected(redirect)),
        RuleAction::FixedResponse { status_code, .. } => {
            plain(format!("{status_code} by the load balancer itself"))
        }
        RuleAction::AuthenticateCognito(_)
        | RuleAction::AuthenticateOidc(_)
        | RuleAction::ValidateJwt(_)
        | RuleAction::Foreign(_) => plain(action.to_string()),
    }
}

/// Where a redirect leads, as AWS spells what stays as it was.
fn redirected(redirect: &Redirect) -> String {
    let Redirect { host, path, port, protocol, query, status_code } = redirect;
    let part = |part: &Option<String>, same: &str| part.clone().unwrap_or_else(|| same.to_owned());
    let query = query.as_ref().filter(|query| !query.is_empty() && *query != "#{query}");
    format!(
        "{} to {}://{}:{}{}{}",
        status_code.trim_start_matches("HTTP_"),
        part(protocol, "#{protocol}"),
        part(host, "#{host}"),
        part(port, "#{port}"),
        part(path, "/#{path}"),
        query.map(|query| format!("?{query}")).unwrap_or_default(),
    )
}

/// A target group, with who its targets are.
pub(super) fn target_group(
    live: &LiveTargetGroup,
    around: &Surroundings,
    believed: &Believed,
) -> TargetGroupView {
    let (id, spec) = (&live.live.id, &live.live.spec);
    let binding =
        around.bindings.iter().find(|(_, seen)| completion::arn(seen).as_ref() == Some(id));
    let service = binding.map(|(key, seen)| service_of(key, seen));
    let who = Who::of(service.as_ref(), around);
    let known = believed.targets.get(id);
    let mut count = TargetCount::default();
    count.add(known);
    let all = known.and_then(Known::value).map(Vec::as_slice).unwrap_or_default();
    let port = binding.map(|(_, seen)| seen.spec.service_ref.port.to_string());
    TargetGroupView {
        id: id.to_string(),
        name: spec.name.as_ref().map_or_else(|| id.to_string(), ToString::to_string),
        resource: Group::resource_in(&spec.tags).map(|tag| one_line(tag).into_owned()),
        service: service.zip(port).map(|(service, port)| format!("{service}:{port}")),
        binding: binding.map(|(key, _)| key.to_string()),
        protocol: format!("{} ({})", spec.protocol, spec.protocol_version),
        count,
        read_at: known.and_then(read_at),
        targets: all.iter().take(TARGETS_MAX).map(|live| target(live, &who)).collect(),
        more: all.len().saturating_sub(TARGETS_MAX),
    }
}

fn service_of(key: &ObjectKey, seen: &SeenBinding) -> ObjectKey {
    ObjectKey::new(key.namespace.clone(), seen.spec.service_ref.name.clone())
}

fn target(live: &LiveTarget, who: &Who<'_>) -> TargetView {
    let (mut state, mut mend) = target_in_words(live);
    let verdict = match live.state {
        TargetState::Healthy => Verdict::Good,
        TargetState::Initial => Verdict::Unknown,
        TargetState::Draining => Verdict::Note,
        TargetState::Unhealthy | TargetState::Unused | TargetState::Unavailable => Verdict::Bad,
    };
    if live.state == TargetState::Initial {
        (state, mend) = ("was registered, and nobody has looked at it since", None);
    }
    let is_told = matches!(verdict, Verdict::Note | Verdict::Bad);
    let why = live.why.as_ref().filter(|_| is_told);
    let why = why.map(|why| format!(": {}", one_line(&why.description)));
    TargetView {
        target: live.target.to_string(),
        who: who.is(&live.target.id),
        state: live.state,
        verdict,
        words: format!("{state}{}", why.unwrap_or_default()),
        mend,
    }
}

/// Who is behind an address or an instance.
struct Who<'a>(BTreeMap<&'a str, String>);

impl<'a> Who<'a> {
    fn of(service: Option<&ObjectKey>, around: &'a Surroundings) -> Self {
        let slices = service.and_then(|service| around.slices.get(service));
        let pods = slices.into_iter().flat_map(|slices| {
            let endpoints = slices.values().flat_map(|slice| &slice.endpoints);
            endpoints.filter_map(|endpoint| {
                let pod = endpoint.pod.as_ref()?;
                Some((endpoint.address.as_str(), format!("pod {pod}")))
            })
        });
        let nodes = around.nodes.iter().filter_map(|(name, node)| {
            let instance: &SmolStr = node.instance.as_ref()?;
            Some((instance.as_str(), format!("node {name}")))
        });
        Self(pods.chain(nodes).collect())
    }

    fn is(&self, target: &str) -> Option<String> {
        self.0.get(target).cloned()
    }
}
