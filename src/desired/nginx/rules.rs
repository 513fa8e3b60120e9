//! What happens to the requests of one path, in the order of the rules that say so.

use crate::desired::annotations::action::{Asked, Destination};
use crate::desired::annotations::condition::Patterns;
use crate::desired::backend::USE_ANNOTATION;
use crate::desired::groups::{self, Member};
use crate::desired::rule::{Branch, Outcome};
use crate::desired::target_group::port_ref;
use crate::model::binding::PortRef;
use crate::model::group::Group;
use crate::model::listener::Protocol;
use crate::model::rule::{Condition, RuleAction, Transform};
use crate::model::seen::{HostPath, Ingress};
use crate::model::snapshot::Snapshot;

use super::asks::{Asks, quoted};
use super::path::{self, Fault};
use super::table::sources;
use super::{canary, redirect};

/// Who may not come.
const DENIED: &str = "denylist-source-range";

/// What all paths of an Ingress have in common.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// Whether paths are read as regular expressions.
    reads_regexes: bool,
    /// What takes the place of paths.
    target: Option<String>,
    /// What becomes of the host.
    host: Option<Transform>,
    /// More hosts.
    aliases: Vec<String>,
    /// Where all requests are sent.
    redirect: Option<RuleAction>,
    /// Where those for the root alone are sent.
    root: Option<RuleAction>,
    /// Whether the host with www. in front, or without it, leads here.
    leads_from_www: bool,
    /// Who alone may come.
    allowed: Option<Vec<smol_str::SmolStr>>,
    /// Who may not.
    denied: Option<Vec<smol_str::SmolStr>>,
}

impl Common {
    /// What annotations say of all paths, and which of them cannot be had.
    #[must_use]
    pub fn of(asks: &Asks<'_>) -> (Self, Vec<(&'static str, Fault)>) {
        let mut faults = Vec::new();
        let target = asks.text("rewrite-target").map(str::to_owned);
        let host = asks.text("upstream-vhost").and_then(|text| {
            path::host(text).map_err(|fault| faults.push(("upstream-vhost", fault))).ok()
        });
        let aliases = asks.text("server-alias").and_then(|text| {
            aliases(text).map_err(|fault| faults.push(("server-alias", fault))).ok()
        });
        let root = asks.text("app-root").and_then(|text| {
            let wrong = |allowed| Fault { found: quoted(text), allowed };
            let action = redirect::to_root(text).map_err(wrong);
            action.map_err(|fault| faults.push(("app-root", fault))).ok()
        });
        let ranges = |name: &str| {
            let found = sources(asks.text(name)?).ok()?;
            Some(found.into_iter().map(Into::into).collect::<Vec<_>>())
        };
        let names = ["whitelist-source-range", "allowlist-source-range"];
        let [older, newer] = names.map(ranges);
        let common = Self {
            reads_regexes: asks.truth("use-regex"),
            host,
            target,
            aliases: aliases.unwrap_or_default(),
            redirect: sent(asks, &mut faults),
            root,
            leads_from_www: asks.truth("from-to-www-redirect"),
            denied: ranges(DENIED),
            allowed: older.clone().or(newer.clone()),
        };
        for (found, one, other) in [
            (older.is_some() && older != newer && newer.is_some(), names[0], names[1]),
            (common.allowed.is_some() && common.denied.is_some(), DENIED, names[0]),
            (
                asks.text("permanent-redirect").is_some()
                    && asks.text("temporal-redirect").is_some(),
                "permanent-redirect",
                "temporal-redirect",
            ),
        ] {
            if found {
                let found = format!("another wish than that of {other}");
                faults.push((one, Fault { found, allowed: format!("one of it and {other}") }));
            }
        }
        (common, faults)
    }

    /// Whether all requests are sent to HTTP: load balancers send nobody there from HTTPS (AWS).
    #[must_use]
    pub fn leads_to_http(&self) -> bool {
        let redirect = self.redirect.as_ref().and_then(|action| match action {
            RuleAction::Redirect(redirect) => redirect.protocol.as_deref(),
            _ => None,
        });
        redirect == Some(Protocol::Http.as_str())
    }

    /// Whether only some may come.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.allowed.is_some() || self.denied.is_some()
    }
}

/// The hosts of an annotation.
fn aliases(text: &str) -> Result<Vec<String>, Fault> {
    let each = text.split([',', ' ']).map(str::trim).filter(|alias| !alias.is_empty());
    each.map(|alias| match crate::desired::rule::check_host(alias) {
        Ok(()) => Ok(alias.to_owned()),
        Err(allowed) => Err(Fault { found: quoted(alias), allowed }),
    })
    .collect()
}

/// Where all requests of an Ingress are sent.
fn sent(asks: &Asks<'_>, faults: &mut Vec<(&'static str, Fault)>) -> Option<RuleAction> {
    let ways = [
        ("temporal-redirect", "temporal-redirect-code", 302),
        ("permanent-redirect", "permanent-redirect-code", 301),
    ];
    ways.into_iter().find_map(|(name, code, default)| {
        let url = asks.text(name)?;
        match redirect::to(url, asks.number(code).unwrap_or(default)) {
            Ok(action) => Some(action),
            Err(allowed) => {
                faults.push((name, Fault { found: quoted(url), allowed }));
                None
            }
        }
    })
}

/// A path of an Ingress, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What is known.
    pub snapshot: &'a Snapshot,
    /// The group.
    pub group: &'a Group,
    /// The Ingress.
    pub member: &'a Member<'a>,
    /// The host, if the rule names one.
    pub host: Option<&'a str>,
    /// The path.
    pub path: &'a HostPath,
    /// Whether it is the first one of its host.
    pub is_first: bool,
}

/// What happens to the requests of a path.
///
/// # Errors
/// Which annotation cannot be had, or none where it is the path.
pub fn branches(
    place: Place<'_>,
    common: &Common,
    asks: &Asks<'_>,
) -> Result<Vec<Branch>, (Option<&'static str>, Fault)> {
    let Place { path, .. } = place;
    // A path that is its own target is not rewritten (ingress-nginx).
    let target = common.target.as_deref().filter(|target| *target != path::text_of(path));
    let reads_regexes = common.reads_regexes || target.is_some();
    let paths = path::values(path, reads_regexes).map_err(|fault| (None, fault))?;
    let mut transforms: Vec<Transform> = common.host.iter().cloned().collect();
    if let Some(target) = target {
        let rewrite = path::rewrite(path, target);
        transforms.push(rewrite.map_err(|fault| (Some("rewrite-target"), fault))?);
    }
    let mut found = Vec::new();
    found.extend(from_www(place, common).map(|branch| guarded(vec![branch], common)));
    if let Some(root) = common.root.as_ref().filter(|_| path::text_of(path) == "/") {
        let paths = Patterns { values: vec!["/".into()], ..Patterns::default() };
        let branch = Branch { paths, ..Branch::to(Outcome::Asked(itself(root))) };
        found.push(guarded(vec![branch], common));
    }
    let outcomes = match &common.redirect {
        Some(redirect) => vec![(Vec::new(), Outcome::Asked(itself(redirect)))],
        None => shared(place, asks),
    };
    let each = outcomes.into_iter().map(|(others, outcome)| Branch {
        hosts: Patterns {
            values: common.aliases.iter().map(Into::into).collect(),
            ..Patterns::default()
        },
        paths: paths.clone(),
        others,
        transforms: if common.redirect.is_some() { Vec::new() } else { transforms.clone() },
        ..Branch::to(outcome)
    });
    found.push(guarded(each.collect(), common));
    Ok(found.concat())
}

fn itself(action: &RuleAction) -> Asked {
    Asked::Itself(action.clone())
}

/// Requests that a canary has a share of, or all of them to the backend.
fn shared(place: Place<'_>, asks: &Asks<'_>) -> Vec<(Vec<Condition>, Outcome)> {
    let Place { snapshot, group, member, host, path, .. } = place;
    let whole = || vec![(Vec::new(), Outcome::Backend)];
    let Some(service) = path.backend.service.as_ref() else { return whole() };
    let Some(port) = service.port.as_ref().and_then(port_ref) else { return whole() };
    if port == PortRef::Name(USE_ANNOTATION.to_owned()) {
        return whole();
    }
    let main = Destination::Service(service.name.to_string(), port);
    let Some((of_canary, canary)) = canary::of(snapshot, group, member, (host, path)) else {
        return whole();
    };
    let branches = canary::branches(&of_canary, &main, &canary, asks).into_iter();
    branches.map(|(others, asked)| (others, Outcome::Asked(asked))).collect()
}

/// Clients of the host with www. in front, or without it, are sent here; unless somebody in the
/// group has it.
fn from_www(place: Place<'_>, common: &Common) -> Option<Branch> {
    let host = place.host.filter(|_| common.leads_from_www && place.is_first)?;
    let other = host.strip_prefix("www.").map_or_else(|| format!("www.{host}"), str::to_owned);
    crate::desired::rule::check_host(&other).ok()?;
    let has_it = |ingress: &Ingress| {
        let mut rules = ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten());
        rules.any(|rule| rule.host.as_deref() == Some(&other))
    };
    // Load balancers of other groups answer their own requests.
    let Snapshot { settings, objects, .. } = place.snapshot;
    let is_anybody_s = objects.ingresses.iter().any(|(key, ingress)| {
        has_it(ingress)
            && groups::current(settings, objects, key, ingress).as_ref() == Some(place.group)
    });
    let action = itself(&redirect::to_host(host));
    (!is_anybody_s).then(|| Branch { host: Some(other), ..Branch::to(Outcome::Asked(action)) })
}

/// The same for those who may come, and 403 for all others.
fn guarded(branches: Vec<Branch>, common: &Common) -> Vec<Branch> {
    let Some(first) = branches.first() else { return branches };
    let outcome = Outcome::Asked(Asked::Itself(forbidden()));
    let refused = Branch {
        others: Vec::new(),
        transforms: Vec::new(),
        outcome,
        is_guard: true,
        ..first.clone()
    };
    let mut found = Vec::new();
    if let Some(denied) = &common.denied {
        let others = vec![Condition::SourceIp(denied.clone())];
        found.push(Branch { others, ..refused.clone() });
    }
    found.extend(branches.into_iter().map(|mut branch| {
        branch.others.extend(common.allowed.clone().map(Condition::SourceIp));
        branch
    }));
    found.extend(common.allowed.is_some().then_some(refused));
    found
}

/// What ingress-nginx answers to whom may not come.
fn forbidden() -> RuleAction {
    RuleAction::FixedResponse {
        status_code: "403".to_owned(),
        content_type: Some("text/plain".to_owned()),
        body: None,
    }
}
