//! Names of things in AWS, byte for byte LBC's own, so that the two find each other's work. FROZEN.
//!
//! Names only matter at creation: what exists is found by its tags and never renamed.

use sha2::{Digest, Sha256};

use super::group::Group;
use super::id::{ObjectKey, Slot};
use super::listener::Protocol;
use super::memory::Entry;
use super::settings::Scope;
use super::subject::Subject;
use super::target_group::{HealthCheck, TargetType};

/// How many hexadecimal digits of the hash end a name (LBC).
const HASH_LENGTH: usize = 10;
/// How many characters of a namespace or of an object's name go into a name (LBC).
const PART_LENGTH_MAX: usize = 8;
/// How many characters of an explicit group's name go into a name (LBC).
const GROUP_LENGTH_MAX: usize = 17;
/// How many characters of the cluster's name go into the backend security group's name (LBC).
const CLUSTER_LENGTH_MAX: usize = 232;
/// How many characters of a load balancer's name go into that of the network load balancer in front
/// of it (LBC).
const NLB_STEM_LENGTH_MAX: usize = 28;
/// The longest name of an object (Kubernetes: a DNS subdomain).
const OBJECT_NAME_LENGTH_MAX: usize = 253;
/// The longest name of a load balancer (AWS quota).
pub const LOAD_BALANCER_NAME_LENGTH_MAX: usize = 32;

/// The first digits of SHA-256 over the parts with nothing between them.
fn hash(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
    }
    let bytes = digest.finalize();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let digits = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16));
    digits.take(HASH_LENGTH).collect()
}

/// The ASCII letters and digits of a text, at most so many of them.
fn short(text: &str, length_max: usize) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).take(length_max).collect()
}

/// `k8s-<group>-<hash>`, or `k8s-<namespace>-<name>-<hash>` for an Ingress by itself.
fn of_group(group: &Group, hash: &str) -> String {
    match group {
        Group::Explicit(name) => format!("k8s-{}-{hash}", short(name, GROUP_LENGTH_MAX)),
        Group::Implicit(ingress) => of_object(ingress, hash),
    }
}

fn of_object(object: &ObjectKey, hash: &str) -> String {
    let namespace = short(&object.namespace, PART_LENGTH_MAX);
    let name = short(&object.name, PART_LENGTH_MAX);
    format!("k8s-{namespace}-{name}-{hash}")
}

/// The name of a group's load balancer; `scheme` as AWS spells it.
#[must_use]
pub fn load_balancer(cluster: &str, group: &Group, scheme: &str) -> String {
    of_group(group, &hash(&[cluster, &group.to_string(), scheme]))
}

/// The name of the network load balancer in front of one with this name.
#[must_use]
pub fn frontend_nlb(load_balancer: &str) -> String {
    let stem: String = load_balancer.chars().take(NLB_STEM_LENGTH_MAX).collect();
    format!("{stem}-nlb")
}

/// The name of the target group behind a port of the network load balancer in front of a group's
/// load balancer; its health check goes into it.
#[must_use]
pub fn frontend_nlb_target_group(
    cluster: &str,
    group: &Group,
    port: u16,
    health_check: &HealthCheck,
) -> String {
    let parts = [
        cluster,
        &group.to_string(),
        &port.to_string(),
        TargetType::Alb.as_str(),
        Protocol::Tcp.as_str(),
        &health_check.port,
        health_check.protocol.as_str(),
    ];
    of_group(group, &hash(&parts))
}

/// The name of a group's managed frontend security group.
#[must_use]
pub fn frontend_security_group(cluster: &str, group: &Group) -> String {
    of_group(group, &hash(&[cluster, &group.to_string()]))
}

/// The name of another one of that group, which has a number from 2 on.
#[must_use]
pub fn further_security_group(first: &str, number: u8) -> String {
    format!("{first}-{number}")
}

/// The name of the cluster's shared backend security group.
#[must_use]
pub fn backend_security_group(cluster: &str) -> String {
    format!("k8s-traffic-{}-{}", short(cluster, CLUSTER_LENGTH_MAX), hash(&[cluster]))
}

/// What a person says who wants what is braked of a subject to go: another plan has another one.
#[must_use]
pub fn token(subject: &Subject, owners: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = std::iter::once(subject.to_string()).chain(owners).collect();
    hash(&[&parts.join("\n")])
}

/// The name of the ConfigMap that says that a start was let begin in the cluster, and whether
/// somebody looks after its load balancers. One without it, and without anything else of ours, has
/// never seen what AWS holds for it. Beside LBC there is one for what stands beside it.
#[must_use]
pub fn mark(scope: Scope) -> &'static str {
    match scope {
        Scope::All => "albedo-memory-mark",
        Scope::Own => "albedo-memory-mark-own",
    }
}

/// The name of the ConfigMap that remembers something of a group.
#[must_use]
pub fn memory(group: &Group, entry: &Entry) -> String {
    let of_group = format!("albedo-memory-{}", hash(&[&group.to_string()]));
    match entry {
        Entry::Leftovers => of_group,
        Entry::ClientSecrets => format!("{of_group}-secrets"),
        Entry::Standing => format!("{of_group}-standing"),
        Entry::Given => format!("{of_group}-attributes"),
        Entry::Held(member) => {
            let of_member = hash(&[member.kind.as_str(), &member.to_string()]);
            format!("{of_group}-{of_member}")
        }
    }
}

/// The name of the IngressGroup that shows a group: an explicit group's own, where an object may
/// have it, and else one that ends in a hash, as no other ends.
#[must_use]
pub fn ingress_group(group: &Group) -> String {
    let text = group.to_string();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let plain = |label: &str| -> String {
        label.chars().map(|c| if is_plain(c) { c } else { '-' }).collect()
    };
    let labels = text.split(['.', '/']).map(plain);
    let labels = labels.map(|label| label.trim_matches('-').to_owned());
    let labels: Vec<String> = labels.filter(|label| !label.is_empty()).collect();
    let stem = labels.join(".");
    let ends_in_hash = stem.rsplit_once('-').is_some_and(|(_, end)| is_hash(end));
    if matches!(group, Group::Explicit(_)) && stem == text && !ends_in_hash {
        return stem;
    }
    let stem: String = stem.chars().take(OBJECT_NAME_LENGTH_MAX - HASH_LENGTH - 1).collect();
    format!("{}-{}", stem.trim_end_matches(['-', '.']), hash(&[&text])).trim_matches('-').to_owned()
}

/// Whether a text is what a name of ours ends in.
fn is_hash(text: &str) -> bool {
    text.len() == HASH_LENGTH
        && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

/// What tells the IngressGroups that this process keeps from those of one that answers other
/// classes: the value of their label.
#[must_use]
pub fn keeper(scope: Scope, ingress_class: &str) -> String {
    let scope = match scope {
        Scope::All => "all",
        Scope::Own => "own",
    };
    hash(&[scope, "/", ingress_class])
}

/// The name of something that takes over from a thing of the same name, which AWS does not give
/// twice. Its hash is one over the plain name and the number of the twin; a name without a hash,
/// which a person chose, gets one.
#[must_use]
pub fn twin(plain: &str, slot: Slot) -> String {
    if slot == Slot::default() {
        return plain.to_owned();
    }
    let stem = match plain.rsplit_once('-') {
        Some((stem, end)) if is_hash(end) => stem,
        Some(_) | None => plain,
    };
    let length_max = LOAD_BALANCER_NAME_LENGTH_MAX - HASH_LENGTH - 1;
    let stem: String = stem.chars().take(length_max).collect();
    format!("{}-{}", stem.trim_end_matches('-'), hash(&[plain, &slot.0.to_string()]))
}

/// What the name of a target group is made of.
#[derive(Clone, Copy, Debug)]
pub struct TargetGroupNameParts<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The Ingress group.
    pub group: &'a str,
    /// The Ingress.
    pub ingress: &'a ObjectKey,
    /// The Service.
    pub service: &'a ObjectKey,
    /// The Service's UID.
    pub service_uid: &'a str,
    /// The service port as the backend writes it: its name or its number.
    pub service_port: &'a str,
    /// The target group's own port.
    pub port: u16,
    /// `ip` or `instance`.
    pub target_type: &'a str,
    /// `HTTP` or `HTTPS`.
    pub protocol: &'a str,
    /// `HTTP1`, `HTTP2` or `GRPC`.
    pub protocol_version: &'a str,
    /// The target control port, where there is one.
    pub control_port: Option<u16>,
}

/// What stands for the configuration of a target group that members share; `written` is that.
#[must_use]
pub fn configuration(written: &str) -> String {
    hash(&[written])
}

/// The name of a target group, and of the TargetGroupBinding made for it.
#[must_use]
pub fn target_group(parts: &TargetGroupNameParts<'_>) -> String {
    let port = parts.port.to_string();
    let control_port = parts.control_port.map(|port| port.to_string());
    let mut hashed = vec![
        parts.cluster,
        parts.group,
        &parts.ingress.namespace,
        &parts.ingress.name,
        parts.service_uid,
        parts.service_port,
        &port,
        parts.target_type,
        parts.protocol,
        parts.protocol_version,
    ];
    hashed.extend(control_port.as_deref());
    of_object(parts.service, &hash(&hashed))
}
