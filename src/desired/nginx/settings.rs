//! What annotations of ingress-nginx come to that are about a whole Ingress: annotations of ours.
//! What somebody has written in ours goes over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::desired::annotations::table::{
    BACKEND_PROTOCOL, BACKEND_PROTOCOL_VERSION, CERTIFICATE_ARN, LISTEN_PORTS, LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES, TARGET_GROUP_ATTRIBUTES, TARGET_TYPE,
};
use crate::desired::groups::{self, Member};
use crate::model::group::Group;
use crate::model::listener::Protocol;
use crate::model::marks::Labels;
use crate::model::seen::Ingress;
use crate::model::snapshot::Snapshot;

use super::asks::Asks;

/// The longest that a client stays with a target (AWS: a week).
const STICKY_SECONDS_MAX: u32 = 604_800;
/// How long it does where nobody says: as long as AWS has it for target groups.
const STICKY_SECONDS: u32 = 86_400;
/// The longest idle timeout (AWS).
const IDLE_SECONDS_MAX: u32 = 4000;
/// What an idle timeout is called among the load balancer's attributes.
const IDLE: &str = "idle_timeout.timeout_seconds";
/// How the attributes begin by which listeners answer CORS.
const CORS: &str = "routing.http.response.access_control_";
/// What browsers may use where nobody says (ingress-nginx).
const METHODS: &str = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
const HEADERS: &str = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,\
                       Cache-Control,Content-Type,Range,Authorization";
const MAX_AGE: u32 = 1_728_000;

/// For how long a client stays where it went first.
#[must_use]
pub fn sticky_seconds(asks: &Asks<'_>) -> u32 {
    let seconds = asks.number("session-cookie-max-age").filter(|seconds| *seconds > 0);
    seconds.unwrap_or(STICKY_SECONDS).min(STICKY_SECONDS_MAX)
}

/// An Ingress with what its annotations of ingress-nginx come to.
#[must_use]
pub fn added(
    snapshot: &Snapshot,
    group: &Group,
    member: &Member<'_>,
    asks: &Asks<'_>,
) -> Arc<Ingress> {
    let mut ingress = member.ingress.as_ref().clone();
    let own = ingress.metadata.annotations.get_or_insert_default();
    let mut say = |key: String, value: String| {
        if !own.contains_key(key.as_str()) {
            own.insert(key.into(), value.into());
        }
    };
    let is_tls = is_by_tls(member.ingress);
    let by_class = member.params.is_some_and(|params| !params.spec.certificate_arn.is_empty());
    if is_tls || by_class || has(member.ingress, &CERTIFICATE_ARN.key()) {
        say(LISTEN_PORTS.key(), r#"[{"HTTP":80},{"HTTPS":443}]"#.to_owned());
    }
    // Requests go to pods, and Services need no nodePorts (ingress-nginx).
    say(TARGET_TYPE.key(), "ip".to_owned());
    let protocol = asks.text("backend-protocol").unwrap_or_default().to_ascii_uppercase();
    if matches!(protocol.as_str(), "HTTPS" | "GRPCS") {
        say(BACKEND_PROTOCOL.key(), "HTTPS".to_owned());
    }
    if matches!(protocol.as_str(), "GRPC" | "GRPCS") {
        say(BACKEND_PROTOCOL_VERSION.key(), "GRPC".to_owned());
    }
    pairs(own, &TARGET_GROUP_ATTRIBUTES.key(), &of_target_groups(asks));
    let idle = idle_seconds(snapshot, group, asks).map(|seconds| (IDLE, seconds.to_string()));
    pairs(own, &LOAD_BALANCER_ATTRIBUTES.key(), idle.as_slice());
    if asks.truth("enable-cors") && cors_fault(group, asks).is_none() {
        let ports =
            own.get(LISTEN_PORTS.key().as_str()).and_then(|text| (LISTEN_PORTS.parser)(text).ok());
        let ports = ports.unwrap_or_else(|| BTreeMap::from([(80, Protocol::Http)]));
        let cors: Vec<(String, String)> = cors(asks);
        let cors: Vec<(&str, String)> =
            cors.iter().map(|(key, value)| (key.as_str(), value.replace(',', "\\,"))).collect();
        for (port, protocol) in ports {
            pairs(own, &format!("{}{protocol}-{port}", LISTENER_ATTRIBUTES.key()), &cors);
        }
    }
    Arc::new(ingress)
}

fn has(ingress: &Ingress, key: &str) -> bool {
    ingress.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(key))
}

/// Whether an Ingress asks for TLS as ingress-nginx has it.
#[must_use]
pub fn is_by_tls(ingress: &Ingress) -> bool {
    let spec = ingress.spec.as_ref();
    spec.is_some_and(|spec| spec.tls.as_ref().is_some_and(|tls| !tls.is_empty()))
}

/// Whether an Ingress, with what has been added, listens for HTTPS.
#[must_use]
pub fn is_by_https(added: &Ingress) -> bool {
    let annotations = added.metadata.annotations.as_ref();
    let ports = annotations.and_then(|all| all.get(LISTEN_PORTS.key().as_str()));
    let ports = ports.and_then(|text| (LISTEN_PORTS.parser)(text).ok());
    ports.is_some_and(|ports| ports.values().any(|protocol| *protocol == Protocol::Https))
}

/// Adds pairs to those of an annotation, each unless it is there.
fn pairs(own: &mut Labels, key: &str, added: &[(&str, String)]) {
    if added.is_empty() {
        return;
    }
    let mut text = own.get(key).map(ToString::to_string).unwrap_or_default();
    for (name, value) in added {
        if !text.contains(name) {
            let comma = if text.is_empty() { "" } else { "," };
            text.extend([comma, name, "=", value]);
        }
    }
    own.insert(key.into(), text.into());
}

fn of_target_groups(asks: &Asks<'_>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if asks.text("affinity").is_some() {
        found.push(("stickiness.enabled", "true".to_owned()));
        found.push(("stickiness.type", "lb_cookie".to_owned()));
        let seconds = sticky_seconds(asks).to_string();
        found.push(("stickiness.lb_cookie.duration_seconds", seconds));
    }
    if asks.text("load-balance").is_some_and(|text| text.eq_ignore_ascii_case("ewma")) {
        let least = "least_outstanding_requests".to_owned();
        found.push(("load_balancing.algorithm.type", least));
    }
    found
}

/// The idle timeout: the longest that anybody of the group asks for, where one asks and nobody has
/// written it in ours.
fn idle_seconds(snapshot: &Snapshot, group: &Group, asks: &Asks<'_>) -> Option<u32> {
    let times = ["proxy-read-timeout", "proxy-send-timeout"];
    times.iter().find_map(|name| asks.text(name))?;
    let (settings, objects) = (&snapshot.settings, &snapshot.objects);
    let keys = times.map(|name| format!("{}{name}", super::table::PREFIX));
    let says = |ingress: &Ingress| {
        has(ingress, &LOAD_BALANCER_ATTRIBUTES.key()) || keys.iter().any(|key| has(ingress, key))
    };
    let beside = objects.ingresses.iter().filter(|(key, ingress)| {
        says(ingress) && groups::current(settings, objects, key, ingress).as_ref() == Some(group)
    });
    let mut longest = 0;
    for annotations in beside.filter_map(|(_, ingress)| ingress.metadata.annotations.as_ref()) {
        let said = annotations.get(LOAD_BALANCER_ATTRIBUTES.key().as_str());
        if said.is_some_and(|text| text.contains(IDLE)) {
            return None;
        }
        let asked =
            keys.iter().filter_map(|key| annotations.get(key.as_str())?.parse::<u32>().ok());
        longest = asked.fold(longest, u32::max);
    }
    Some(longest.clamp(1, IDLE_SECONDS_MAX))
}

/// Why what browsers of other origins may do cannot be said: the annotation, what was found and
/// what is allowed.
#[must_use]
pub fn cors_fault(group: &Group, asks: &Asks<'_>) -> Option<(&'static str, String, String)> {
    if !asks.truth("enable-cors") {
        return None;
    }
    if matches!(group, Group::Explicit(_)) {
        let found = "a load balancer that other Ingresses share, whose listeners say it of all";
        let allowed = "a load balancer of its own, or the pods";
        return Some(("enable-cors", found.to_owned(), allowed.to_owned()));
    }
    let origin = asks.text("cors-allow-origin").unwrap_or("*");
    let is_one = origin == "*" || !origin.contains([',', '*', ' ']);
    (!is_one).then(|| {
        let allowed = "one origin, or *; of several, the pods have to choose".to_owned();
        ("cors-allow-origin", format!("\"{origin}\""), allowed)
    })
}

fn cors(asks: &Asks<'_>) -> Vec<(String, String)> {
    let text = |name: &str, default: &str| asks.text(name).unwrap_or(default).to_owned();
    let methods = text("cors-allow-methods", METHODS).replace(' ', "");
    let mut found = vec![
        ("allow_origin", text("cors-allow-origin", "*")),
        ("allow_methods", methods),
        ("allow_headers", text("cors-allow-headers", HEADERS)),
        ("max_age", asks.number("cors-max-age").unwrap_or(MAX_AGE).to_string()),
    ];
    // It is so where nobody says, and no browser takes it beside any origin.
    let has_credentials = asks.text("cors-allow-credentials").is_some();
    let is_any = asks.text("cors-allow-origin").is_none_or(|origin| origin == "*");
    if has_credentials && !is_any {
        found.push(("allow_credentials", "true".to_owned()));
    }
    found.extend(asks.text("cors-expose-headers").map(|text| ("expose_headers", text.to_owned())));
    found.into_iter().map(|(name, value)| (format!("{CORS}{name}.header_value"), value)).collect()
}
