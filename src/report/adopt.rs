//! How work is handed over from AWS Load Balancer Controller and external-dns, and back: what is
//! done in which order, and why in that one. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::evidence::ExternalDns;
use crate::model::id::ObjectKey;
use crate::model::neighbour::Neighbour;

/// Who is there to hand over to, or from.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// What of LBC stands, and what it does.
    pub neighbour: Neighbour,
    /// Its Deployment.
    pub lbc: Option<ObjectKey>,
    /// The Deployments of external-dns.
    pub external_dns: Vec<ExternalDns>,
    /// The flags about names that each of these has, as `albedo run` takes them.
    pub names: BTreeMap<ObjectKey, Vec<String>>,
}

/// One thing that a person does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// What.
    pub what: String,
    /// The command, where one does it.
    pub command: Option<String>,
    /// Why it is there, and why it comes here.
    pub why: String,
}

fn step(what: impl Into<String>, command: impl Into<Option<String>>, why: &str) -> Move {
    Move { what: what.into(), command: command.into(), why: why.to_owned() }
}

fn scale(key: &ObjectKey, replicas: u8) -> String {
    format!("kubectl scale deployment -n {} {} --replicas={replicas}", key.namespace, key.name)
}

/// Those of external-dns's arguments that decide about names, which are the flags that `is_known`
/// has: the others are about what it does besides.
#[must_use]
pub fn names(arguments: &[String], is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut kept = Vec::new();
    let mut arguments = arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        let Some(flag) = argument.strip_prefix("--") else { continue };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        let following = arguments.next_if(|next| value.is_none() && !next.starts_with("--"));
        let value = value.or(following.map(String::as_str));
        // external-dns says no so.
        let no = name.strip_prefix("no-").filter(|name| value.is_none() && is_known(name));
        if let Some(name) = no {
            kept.push(format!("--{name}=false"));
        } else if is_known(name) {
            kept.push(match value {
                Some(value) => format!("--{name}={value}"),
                None => format!("--{name}"),
            });
        }
    }
    kept
}

/// From LBC and external-dns to this program.
#[must_use]
pub fn over(side: &Side) -> Vec<Move> {
    let mut way = Vec::new();
    let duties: Vec<&str> = side.neighbour.duties.keys().map(|duty| duty.as_str()).collect();
    if !duties.is_empty() {
        way.push(step(
            format!("decide about what nobody will do: {}", duties.join(", ")),
            None,
            "who needs one of these stays with LBC; each has to be named before anything begins",
        ));
    }
    let take_over = match duties.as_slice() {
        [] => "--take-over".to_owned(),
        duties => format!("--take-over={}", duties.join(",")),
    };
    way.push(step(
        format!("start albedo run with {take_over} and the flags of LBC"),
        None,
        "it waits for the Lease, which LBC holds, so the two never write at once",
    ));
    for webhook in &side.neighbour.webhooks {
        way.push(step(
            format!("delete the webhook configuration {webhook}"),
            format!(
                "kubectl delete mutatingwebhookconfiguration,validatingwebhookconfiguration {webhook} \
                 --ignore-not-found"
            ),
            "before its Deployment goes: it refuses every Ingress and TargetGroupBinding once nobody \
             answers it; readiness gates that pods have stay, and new pods get none",
        ));
    }
    if let Some(lbc) = &side.lbc {
        way.push(step(
            format!("scale Deployment {lbc} to 0"),
            scale(lbc, 0),
            "it does not give its Lease back, which runs out within 15 seconds; then the work goes on",
        ));
    }
    for other in side.external_dns.iter().filter(|other| other.replicas > 0) {
        let besides: Vec<&str> =
            other.flags("source").filter(|source| *source != "ingress").collect();
        if !besides.is_empty() {
            way.push(step(
                format!("decide about names of {}", besides.join(", ")),
                None,
                "of these sources nobody keeps names any more once it has stopped; who needs them \
                 leaves its names to it, and goes on without --dns",
            ));
        }
        way.push(step(
            format!("scale Deployment {} to 0", other.key),
            scale(&other.key, 0),
            "before names are kept here with its owner id: each would take the records for its own",
        ));
        let names = side.names.get(&other.key).map(|flags| flags.join(" ")).unwrap_or_default();
        way.push(step(
            format!("start albedo run with {take_over} --dns {names}").trim_end(),
            None,
            "its records are kept as they stand, TXT records included; the take-over is said again, \
             for where the first start has come to nothing",
        ));
    }
    way.push(step(
        "see that nothing is left to do",
        "albedo plan".to_owned(),
        "an empty plan and a Lease of a new holder say that the work is taken over",
    ));
    way
}

/// From this program back to LBC and external-dns.
#[must_use]
pub fn back(side: &Side) -> Vec<Move> {
    let mut way = vec![
        step(
            "move Ingresses of classes under alb.ingress.k8s.aws to a class of LBC's",
            None,
            "those classes are nobody's then, and what stands for them is kept by nobody",
        ),
        step(
            "stop albedo run",
            "helm uninstall albedo -n kube-system".to_owned(),
            "it gives its Lease back, and leaves AWS, finalizers, bindings and records as they are",
        ),
    ];
    way.push(match &side.lbc {
        Some(lbc) => step(
            format!("scale Deployment {lbc} up"),
            scale(lbc, 2),
            "names and tags are its own, so it finds what stands; its webhook configurations come \
             with it, so after this it answers them",
        ),
        None => step(
            "install AWS Load Balancer Controller with the values that it had",
            None,
            "names and tags are its own, so it finds what stands",
        ),
    });
    if !side.neighbour.webhooks.is_empty() || side.lbc.is_some() {
        way.push(step(
            "apply its webhook configurations again, where they were deleted",
            "helm upgrade aws-load-balancer-controller eks/aws-load-balancer-controller -n \
             kube-system --reuse-values"
                .to_owned(),
            "only once its pods are ready: nobody else answers them",
        ));
    }
    for other in &side.external_dns {
        way.push(step(
            format!("scale Deployment {} up", other.key),
            scale(&other.key, 1),
            "after albedo has stopped; with the owner id that the records have, which is its own",
        ));
    }
    way
}
