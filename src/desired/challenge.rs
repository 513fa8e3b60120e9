//! Challenges of ACME by HTTP as Ingresses have them: whole ones of cert-manager's, called solvers
//! here, and paths that it writes into others.

use smol_str::SmolStr;

use crate::model::seen::{HostPath, Ingress};

/// The label of cert-manager's Ingresses for challenges.
pub const LABEL: &str = "acme.cert-manager.io/http01-solver";
/// The annotation by which an Ingress has challenges written into itself.
pub const EDIT_IN_PLACE: &str = "acme.cert-manager.io/http01-edit-in-place";
/// Below which path authorities look for answers (RFC 8555).
const CHALLENGES: &str = "/.well-known/acme-challenge/";
/// The longest token that fits into a value of a condition (AWS: 128 characters); they have 43.
const TOKEN_LENGTH_MAX: usize = 100;

/// The one request that a solver answers.
#[derive(Clone, Copy, Debug)]
pub struct Challenge<'a> {
    /// The host that is to be proved.
    pub host: &'a str,
    /// The path and what answers it.
    pub path: &'a HostPath,
}

/// What an Ingress answers if it is a solver: labelled so, with one path for one host.
#[must_use]
pub fn challenge(ingress: &Ingress) -> Option<Challenge<'_>> {
    let metadata = &ingress.metadata;
    let is_labelled = metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(LABEL));
    let spec = ingress.spec.as_ref().filter(|spec| spec.default_backend.is_none())?;
    let [rule] = spec.rules.as_deref()? else { return None };
    let [path] = rule.http.as_ref()?.paths.as_ref() else { return None };
    let host = rule.host.as_deref().filter(|host| !host.is_empty())?;
    let is_one = is_labelled && metadata.deletion_timestamp.is_none() && is_token(path);
    is_one.then_some(Challenge { host, path })
}

/// Whether a path of an Ingress is a challenge that was written into it.
#[must_use]
pub fn is_in_place(ingress: &Ingress, path: &HostPath) -> bool {
    let annotations = ingress.metadata.annotations.as_ref();
    let value = annotations.and_then(|all| all.get(EDIT_IN_PLACE));
    value.is_some_and(|value| value == "true") && is_token(path)
}

/// Whether a path is that of one token.
fn is_token(path: &HostPath) -> bool {
    let token = path.path.as_deref().and_then(|path| path.strip_prefix(CHALLENGES));
    token.is_some_and(|token| {
        let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=TOKEN_LENGTH_MAX).contains(&token.len()) && token.chars().all(is_sign)
    })
}

/// The rule of a path that was written into an Ingress; nothing where it is none of a challenge.
#[must_use]
pub fn in_place<'a>(
    ingress: &Ingress,
    host: Option<&'a str>,
    path: &'a HostPath,
) -> Option<Challenge<'a>> {
    let host = host.filter(|_| is_in_place(ingress, path))?;
    Some(Challenge { host, path })
}

/// The hosts of an Ingress's rules and of its `spec.tls`.
pub fn hosts(ingress: &Ingress) -> impl Iterator<Item = &str> {
    let spec = ingress.spec.iter();
    spec.flat_map(|spec| {
        let of_rules = spec.rules.iter().flatten().filter_map(|rule| rule.host.as_deref());
        let of_tls = spec.tls.iter().flatten().flat_map(|tls| tls.hosts.iter().flatten());
        of_rules.chain(of_tls.map(SmolStr::as_str))
    })
}
