//! Canaries: Ingresses that take a share of the requests of another one with the same host and
//! path.

use crate::desired::annotations::action::{Asked, Destination};
use crate::desired::groups::{self, Member};
use crate::desired::target_group::port_ref;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::problem::Severity;
use crate::model::rule::{Condition, GroupStickiness};
use crate::model::seen::{HostPath, Ingress};
use crate::model::snapshot::Snapshot;

use super::asks::Asks;
use super::path::{check, text_of};
use super::settings;

/// The weights of target groups together (AWS: 0 to 999 each).
const WEIGHT_MAX: u32 = 999;
/// How many shares there are where nobody says (ingress-nginx).
const TOTAL: u32 = 100;

/// What makes a canary of an Ingress.
const CANARY: &str = "nginx.ingress.kubernetes.io/canary";

/// Whether an Ingress is a canary.
#[must_use]
pub fn is_canary(ingress: &Ingress) -> bool {
    let annotations = ingress.metadata.annotations.as_ref();
    let value = annotations.and_then(|all| all.get(CANARY));
    value.is_some_and(|value| crate::desired::annotations::boolean(value) == Ok(true))
}

/// The other Ingresses of a namespace and a group that are translated.
fn beside<'a>(
    snapshot: &'a Snapshot,
    group: &'a Group,
    own: &'a ObjectKey,
    is_sought: fn(&Ingress) -> bool,
) -> impl Iterator<Item = (&'a ObjectKey, &'a std::sync::Arc<Ingress>)> {
    let first = ObjectKey::new(own.namespace.clone(), "");
    let beside = snapshot.objects.ingresses.range(first..);
    let beside = beside.take_while(|(key, _)| key.namespace == own.namespace);
    beside.filter(move |(key, ingress)| {
        *key != own
            && is_sought(ingress)
            && super::is_asked(snapshot, ingress)
            && ingress.metadata.deletion_timestamp.is_none()
            && groups::current(&snapshot.settings, &snapshot.objects, key, ingress).as_ref()
                == Some(group)
    })
}

fn paths(ingress: &Ingress) -> impl Iterator<Item = (Option<&str>, &HostPath)> {
    let rules = ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten());
    rules.flat_map(|rule| {
        let paths = rule.http.iter().flat_map(|http| &http.paths);
        paths.map(|path| (rule.host.as_deref(), path))
    })
}

fn is_same(one: (Option<&str>, &HostPath), other: (Option<&str>, &HostPath)) -> bool {
    one.0.unwrap_or_default() == other.0.unwrap_or_default()
        && text_of(one.1) == text_of(other.1)
        && one.1.path_type == other.1.path_type
}

/// Whether a canary of an Ingress is such a one.
pub fn any_of(
    snapshot: &Snapshot,
    group: &Group,
    (key, ingress): (&ObjectKey, &Ingress),
    is_such: impl Fn(&ObjectKey, &Ingress) -> bool,
) -> bool {
    let shares = |canary: &Ingress| {
        paths(canary).any(|theirs| paths(ingress).any(|own| is_same(own, theirs)))
    };
    let is_main = super::is_asked(snapshot, ingress) && !is_canary(ingress);
    is_main
        && beside(snapshot, group, key, is_canary)
            .any(|(key, canary)| is_such(key, canary) && shares(canary))
}

/// Whether there is an Ingress for a canary.
#[must_use]
pub fn has_main(snapshot: &Snapshot, group: &Group, member: &Member<'_>) -> bool {
    let mut mains = beside(snapshot, group, member.key, |ingress| !is_canary(ingress));
    mains.any(|(_, main)| {
        paths(member.ingress).any(|own| paths(main).any(|theirs| is_same(own, theirs)))
    })
}

/// A Service, or a port of one, that a canary names and that does not exist.
#[must_use]
pub fn missing(snapshot: &Snapshot, member: &Member<'_>) -> Option<String> {
    let mut backends = paths(member.ingress).filter_map(|(_, path)| path.backend.service.as_ref());
    backends.find_map(|backend| {
        let key = ObjectKey::new(member.key.namespace.clone(), backend.name.clone());
        let service = snapshot.objects.services.get(&key);
        let port = backend.port.as_ref().and_then(port_ref);
        let is_there =
            service.zip(port).is_some_and(|(service, port)| service.port(&port).is_some());
        (!is_there).then(|| format!("Service {key}, which does not exist or lacks the port"))
    })
}

/// What a path of an Ingress shares its requests with: the first canary by name that can be used.
/// One whose Service or port is missing takes none.
#[must_use]
pub fn of<'a>(
    snapshot: &'a Snapshot,
    group: &'a Group,
    member: &Member<'a>,
    place: (Option<&str>, &HostPath),
) -> Option<(Asks<'a>, Destination)> {
    let mut canaries = beside(snapshot, group, member.key, is_canary);
    canaries.find_map(|(key, ingress)| {
        let (_, path) = paths(ingress).find(|theirs| is_same(place, *theirs))?;
        let backend = path.backend.service.as_ref()?;
        let port = port_ref(backend.port.as_ref()?)?;
        let service = ObjectKey::new(key.namespace.clone(), backend.name.clone());
        snapshot.objects.services.get(&service)?.port(&port)?;
        let canary = Member { key, ingress, params: member.params, order: 0, problems: Vec::new() };
        let (asks, problems) = Asks::of(&canary);
        let mut problems = problems.iter();
        let is_good =
            problems.all(|problem| problem.severity != Severity::Error) && fault(&asks).is_none();
        is_good.then(|| (asks, Destination::Service(backend.name.to_string(), port)))
    })
}

/// What is wrong with how a canary chooses requests: the annotation, and what is allowed.
#[must_use]
pub fn fault(asks: &Asks<'_>) -> Option<(&'static str, String)> {
    let total = asks.number("canary-weight-total").unwrap_or(TOTAL);
    if asks.number("canary-weight").is_some_and(|weight| weight > total) {
        return Some(("canary-weight", format!("up to {total}, which is canary-weight-total")));
    }
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    for name in ["canary-by-header", "canary-by-cookie"] {
        let text = asks.text(name).unwrap_or("x");
        if text.len() > 40 || !text.chars().all(is_token) || text.eq_ignore_ascii_case("host") {
            let allowed = "a name other than Host, up to 40 letters, digits, - and _ long";
            return Some((name, allowed.to_owned()));
        }
    }
    if asks.text("canary-by-header-value").is_some_and(|value| value.len() > 64) {
        return Some(("canary-by-header-value", "up to 64 characters".to_owned()));
    }
    let pattern = asks.text("canary-by-header-pattern")?;
    if pattern.chars().count() > 128 {
        return Some(("canary-by-header-pattern", "up to 128 characters".to_owned()));
    }
    check(pattern).err().map(|allowed| ("canary-by-header-pattern", allowed))
}

/// Where requests go that meet conditions: by the header first, then by the cookie, then by weight
/// (ingress-nginx).
#[must_use]
pub fn branches(
    asks: &Asks<'_>,
    main: &Destination,
    canary: &Destination,
    own: &Asks<'_>,
) -> Vec<(Vec<Condition>, Asked)> {
    let only = |destination: &Destination| Asked::Forward {
        destinations: vec![(destination.clone(), None)],
        stickiness: None,
    };
    let mut branches = Vec::new();
    if let Some(name) = asks.text("canary-by-header") {
        let is = |value: &str| Condition::Header {
            name: name.into(),
            values: vec![literal(value).into()],
        };
        let value = asks.text("canary-by-header-value");
        let pattern = asks.text("canary-by-header-pattern");
        match (value, pattern) {
            (Some(value), _) => branches.push((vec![is(value)], only(canary))),
            (None, Some(pattern)) => {
                let regexes = vec![pattern.into()];
                let condition = Condition::HeaderRegex { name: name.into(), regexes };
                branches.push((vec![condition], only(canary)));
            }
            (None, None) => {
                branches.push((vec![is("always")], only(canary)));
                branches.push((vec![is("never")], only(main)));
            }
        }
    }
    if let Some(name) = asks.text("canary-by-cookie") {
        let is = |value: &str| Condition::HeaderRegex {
            name: "Cookie".into(),
            regexes: vec![format!("(^|; *){name}={value}(;|$)").into()],
        };
        branches.push((vec![is("always")], only(canary)));
        branches.push((vec![is("never")], only(main)));
    }
    branches.push((Vec::new(), by_weight(asks, main, canary, own)));
    branches
}

/// A text as a pattern that takes it alone.
fn literal(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| {
        let backslash = matches!(c, '*' | '?' | '\\').then_some('\\');
        backslash.into_iter().chain([c])
    });
    escaped.collect()
}

fn by_weight(asks: &Asks<'_>, main: &Destination, canary: &Destination, own: &Asks<'_>) -> Asked {
    let total = u64::from(asks.number("canary-weight-total").unwrap_or(TOTAL));
    let weight = u64::from(asks.number("canary-weight").unwrap_or(0)).min(total);
    let most = total.min(u64::from(WEIGHT_MAX));
    // A share is not lost where the steps are coarse.
    let scaled = if weight == 0 { 0 } else { (weight * most / total).max(1) };
    let share = |weight: u64| i32::try_from(weight).ok();
    let destinations = match scaled {
        0 => vec![(main.clone(), None)],
        _ if weight == total => vec![(canary.clone(), None)],
        _ => vec![(main.clone(), share(most - scaled)), (canary.clone(), share(scaled))],
    };
    let is_sticky = destinations.len() > 1
        && own.text("affinity").is_some()
        && own.text("affinity-canary-behavior") != Some("legacy");
    let stickiness = is_sticky.then(|| GroupStickiness {
        enabled: Some(true),
        duration_seconds: i32::try_from(settings::sticky_seconds(own)).ok(),
    });
    Asked::Forward { destinations, stickiness }
}
