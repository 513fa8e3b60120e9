//! What becomes of a request that a rule has taken.

use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::inventory::LiveLoadBalancer;
use crate::model::known::Known;
use crate::model::rule::{Redirect, Request, RuleAction, Weighted};
use crate::model::target::{LiveTarget, TargetState};

use super::{Account, Station, Taken, Url, Verdict, behind, guards};

/// How many targets are told of, of each target group.
const TARGETS_MAX: usize = 20;

/// What is to be said of what takes a request does with it.
pub(super) fn stations(
    account: &Account<'_>,
    (live, taken): (&LiveLoadBalancer, &Taken<'_>),
    url: &Url,
    request: &Request,
) -> Vec<Station> {
    let mut stations = Vec::new();
    for action in taken.actions {
        match action {
            RuleAction::Forward { groups, .. } => {
                let is_only = groups.len() == 1;
                // Of several target groups those without a weight get nothing.
                let gets = |one: &&Weighted| is_only || one.weight != Some(0);
                for one in groups.iter().filter(gets) {
                    let ids = one.group.given().into_iter();
                    stations.extend(ids.flat_map(|id| group(account, live, id)));
                }
            }
            RuleAction::Redirect(redirect) => stations.push(redirected(redirect, url, request)),
            RuleAction::FixedResponse { status_code, body, .. } => {
                stations.push(fixed(taken, status_code, body.as_deref()));
            }
            RuleAction::AuthenticateCognito(_)
            | RuleAction::AuthenticateOidc(_)
            | RuleAction::ValidateJwt(_) => {
                let found = format!("clients have to prove who they are first: {action}");
                stations.push(Station::new("answer", Verdict::Note, found));
            }
            RuleAction::Foreign(text) => {
                stations.push(Station::new("answer", Verdict::Unknown, text.clone()));
            }
        }
    }
    stations
}

fn redirected(redirect: &Redirect, url: &Url, request: &Request) -> Station {
    let port = url.port.to_string();
    let filled = |part: &Option<String>, same: &str| {
        let text = part.as_deref().unwrap_or(same);
        text.replace("#{host}", request.hostname())
            .replace("#{path}", request.path.trim_start_matches('/'))
            .replace("#{port}", &port)
            .replace("#{protocol}", url.protocol.as_str())
            .replace("#{query}", &request.query)
    };
    let query = filled(&redirect.query, "#{query}");
    let there = format!(
        "{}://{}:{}{}{}{query}",
        filled(&redirect.protocol, "#{protocol}").to_lowercase(),
        filled(&redirect.host, "#{host}"),
        filled(&redirect.port, "#{port}"),
        filled(&redirect.path, "/#{path}"),
        if query.is_empty() { "" } else { "?" },
    );
    let code = redirect.status_code.trim_start_matches("HTTP_");
    Station::new("answer", Verdict::Good, format!("{code}, to {there}"))
        .with_mend(format!("ask how it goes on: albedo explain '{there}'"))
}

/// A client is served by what its rule answers, unless that says that something is missing.
fn fixed(taken: &Taken<'_>, status: &str, body: Option<&str>) -> Station {
    let body = body.filter(|body| !body.is_empty()).map(|body| format!(", {body:?}"));
    let found = format!("{status} by the load balancer itself{}", body.unwrap_or_default());
    let is_served = taken.place.is_some() && !status.starts_with('5');
    if is_served {
        return Station::new("answer", Verdict::Good, found);
    }
    let mend = if taken.place.is_none() {
        "give an Ingress of the group a rule for the request, or a default backend"
    } else {
        "look at the backend that the Ingress names: a Service, or an action in an annotation"
    };
    Station::new("answer", Verdict::Bad, found).with_mend(mend)
}

fn group(account: &Account<'_>, balancer: &LiveLoadBalancer, id: &AwsId) -> Vec<Station> {
    let live = account.target_groups.iter().find(|live| live.live.id == *id);
    let tags = live.and_then(|live| Group::resource_in(&live.live.spec.tags));
    let name = live.and_then(|live| live.live.spec.name.as_ref());
    let name = name.map_or_else(|| id.to_string(), ToString::to_string);
    let name = tags.map_or(name.clone(), |resource| format!("{name}, for {resource}"));
    let station = |verdict, found: String| Station::new("target group", verdict, found);
    let targets = match account.targets.get(id) {
        Some(Known::Is(targets, _)) => targets,
        Some(Known::Absent(_)) => {
            return vec![station(Verdict::Bad, format!("{name}, which is gone"))];
        }
        Some(Known::Unread) | None => {
            return vec![station(
                Verdict::Unknown,
                format!("{name}, of which the targets cannot be read"),
            )];
        }
    };
    let count = |state| targets.iter().filter(|one| one.state == state).count();
    let healthy = count(TargetState::Healthy);
    let stays: Vec<&LiveTarget> =
        targets.iter().filter(|one| one.state != TargetState::Draining).collect();
    let summary = match stays.len() {
        0 => {
            let going = match targets.len() {
                0 => String::new(),
                going => format!(" but {going} that are going"),
            };
            let found = format!("{name}: no target{going}, so 503");
            match account.behind.map(|behind| behind::why_empty(behind.cluster, id)) {
                Some((why, mend)) => {
                    station(Verdict::Bad, format!("{found}: {why}")).with_mend(mend)
                }
                None => station(Verdict::Bad, found),
            }
        }
        all if healthy > 0 => {
            station(Verdict::Good, format!("{name}: {healthy} of {all} targets are healthy"))
        }
        all if count(TargetState::Unhealthy) == all => {
            let found = format!("{name}: none of {all} targets is healthy");
            let mend = "AWS sends requests to them all the same, and most will fail: see each";
            station(Verdict::Bad, found).with_mend(mend)
        }
        all => station(Verdict::Bad, format!("{name}: none of {all} targets takes requests yet"))
            .with_mend("see each"),
    };
    let each = targets.iter().take(TARGETS_MAX).map(|live| {
        let who = account.behind.and_then(|behind| behind.who.get(&live.target.id));
        target(live, who)
    });
    let guarded = live.and_then(|live| guards::targets(account, balancer, live, targets));
    std::iter::once(summary).chain(each).chain(guarded).collect()
}

fn target(live: &LiveTarget, who: Option<&String>) -> Station {
    let (state, mend) = in_words(live);
    let why = live.why.as_ref().map(|why| format!(": {}", why.description));
    let who = who.map(|who| format!(", {who},"));
    let (who, why) = (who.unwrap_or_default(), why.unwrap_or_default());
    let found = format!("{}{who} {state}{why}", live.target);
    let station = Station::new("target", Verdict::Note, found);
    match mend {
        None => Station { verdict: Verdict::Good, ..station },
        Some(mend) => station.with_mend(mend),
    }
}

/// A target's health, and what to do about it (AWS's guide, "Target health reason codes").
pub(in crate::report) fn in_words(live: &LiveTarget) -> (&'static str, Option<&'static str>) {
    let code = live.why.as_ref().map(|why| why.code.as_str()).unwrap_or_default();
    let state = match live.state {
        TargetState::Healthy => return ("is healthy", None),
        TargetState::Initial => "is new",
        TargetState::Unhealthy => "fails its health checks",
        TargetState::Unused => "is not used",
        TargetState::Draining => "is going",
        TargetState::Unavailable => "cannot be judged by AWS",
    };
    let mend = match (code, live.state) {
        ("Target.ResponseCodeMismatch", _) => {
            "it answers health checks with another status: set healthcheck-path or success-codes"
        }
        ("Target.Timeout", _) => {
            "it does not answer in time: let the load balancer in (security groups, network \
             policies), or raise healthcheck-timeout-seconds"
        }
        ("Target.FailedHealthChecks", _) => {
            "it does not answer: see that it listens on that port, and speaks backend-protocol"
        }
        ("Target.NotInUse", _) => {
            "no rule leads to its target group, or the load balancer has no subnet in its zone"
        }
        ("Target.InvalidState", _) => "start the instance",
        ("Target.IpUnusable", _) => "its address is a load balancer's: register another",
        ("Elb.InternalError", _) => "wait: AWS could not check it, for a reason of its own",
        (_, TargetState::Initial) => "wait until it has passed its first health checks",
        (_, TargetState::Draining) => "nothing: it finishes the requests that it has",
        (_, TargetState::Unused) => "lead a rule to its target group",
        (_, TargetState::Unhealthy | TargetState::Unavailable | TargetState::Healthy) => {
            "look at its log, and at what it answers to a health check"
        }
    };
    (state, Some(mend))
}
