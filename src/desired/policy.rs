//! What those who write in a namespace may do, as TenantPolicies have it: judged of what an Ingress
//! comes to, and of what a binding names.
//!
//! A namespace that no policy selects may do anything. Of several that select it, it may do what
//! any of them allows.

use std::collections::BTreeSet;

use crate::model::id::{AwsId, ObjectKey};
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::record::is_within;
use crate::model::seen::{Listed, OrderRange, TenantPolicy, TenantPolicySpec};
use crate::model::snapshot::Objects;

use super::annotations::MEANWHILE;
use super::annotations::table::GROUP_NAME;

pub mod binding;
pub mod part;
pub mod standing;
mod texts;

/// What is said of a member in place of what happens meanwhile, where nothing of it stands.
pub const NOTHING_MADE: &str = "nothing is made for it";

/// What policies make of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is allowed, or nobody has decided.
    Allowed,
    /// It is not.
    Forbidden(Vec<Problem>),
    /// Nobody can tell: a policy that may allow it cannot be read.
    Unknown(Problem),
}

/// What a namespace may do.
#[derive(Debug)]
pub struct Rights<'a> {
    /// The policies that select it, by their names.
    policies: Vec<(&'a str, &'a TenantPolicySpec)>,
    /// One of them that cannot be read, with what is wrong with it.
    unread: Option<(&'a str, &'a str)>,
}

/// Whether any policy says in which zones names are kept.
#[must_use]
pub fn judge_zones(objects: &Objects) -> bool {
    objects.policies.values().any(|policy| policy.spec.hosted_zones.is_some())
}

/// Something that is forbidden: where it is, what it is, and what would be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    field: String,
    found: String,
    allowed: String,
}

impl Breach {
    fn new(field: impl Into<String>, found: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { field: field.into(), found: found.into(), allowed: allowed.into() }
    }
}

impl<'a> Rights<'a> {
    /// Of whoever writes in a namespace.
    #[must_use]
    pub fn of(objects: &'a Objects, namespace: &str) -> Self {
        let labels = objects.namespaces.get(namespace).map(AsRef::as_ref);
        let selecting = objects.policies.iter().filter(|(_, policy)| policy.selects(labels));
        let (mut policies, mut unread) = (Vec::new(), None);
        for (name, policy) in selecting {
            let TenantPolicy { spec, flaw } = policy.as_ref();
            match flaw {
                None => policies.push((name.as_str(), spec)),
                Some(flaw) => unread = Some((name.as_str(), flaw.as_str())),
            }
        }
        Self { policies, unread }
    }

    /// Whether no policy has a say.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.policies.is_empty() && self.unread.is_none()
    }

    /// What is listed in a field of all policies; `None` where everything is allowed there.
    fn listed(&self, field: impl Fn(&'a TenantPolicySpec) -> Option<&'a Listed>) -> Option<Known> {
        let mut all = BTreeSet::new();
        for (_, spec) in &self.policies {
            all.extend(field(spec)?.iter().map(String::as_str));
        }
        (!self.policies.is_empty()).then(|| Known(all.into_iter().map(str::to_owned).collect()))
    }

    /// The places in groups; `None` where any will do.
    fn places(&self) -> Option<Vec<&'a OrderRange>> {
        let each = self.policies.iter().map(|(_, spec)| spec.group_order.as_ref());
        each.collect::<Option<Vec<_>>>().filter(|places| !places.is_empty())
    }

    /// Whether certificates may be found by host.
    fn discovers(&self) -> bool {
        let says_no = |spec: &TenantPolicySpec| {
            spec.certificates.as_ref().and_then(|rights| rights.discovery) == Some(false)
        };
        self.policies.is_empty() || !self.policies.iter().all(|(_, spec)| says_no(spec))
    }

    /// Whether hosts may lie there.
    #[must_use]
    pub fn allows_host(&self, host: &str) -> bool {
        let suffixes = self.listed(|spec| spec.host_suffixes.as_ref());
        let is_unknown = self.policies.is_empty() && self.unread.is_some();
        !is_unknown && suffixes.is_none_or(|suffixes| suffixes.hold_host(host))
    }

    /// Whether a group that is called by a name may be joined.
    fn check_group(&self, name: &str) -> Option<Breach> {
        let groups = self.listed(|spec| spec.groups.as_ref())?;
        let is_listed = groups.has(name);
        (!is_listed).then(|| {
            let allowed = format!("{groups}, or a group of its own");
            Breach::new(GROUP_NAME.field(), format!("\"{name}\""), allowed)
        })
    }

    /// The names of the policies.
    fn names(&self) -> String {
        let names: Vec<&str> = self.policies.iter().map(|(name, _)| *name).collect();
        match names.as_slice() {
            [only] => format!("TenantPolicy {only}"),
            several => format!("TenantPolicies {}", several.join(", ")),
        }
    }

    /// What is to be said of what is forbidden to an object.
    fn problem(&self, object: ObjectRef, breach: Breach) -> Problem {
        let Breach { field, found, allowed } = breach;
        Problem {
            code: Code::NotAllowed,
            severity: Severity::Error,
            object,
            field,
            found,
            allowed: format!("{allowed} ({})", self.names()),
            meanwhile: MEANWHILE.to_owned(),
        }
    }

    /// What becomes of breaches.
    fn verdict(&self, object: &ObjectRef, breaches: Vec<Breach>) -> Verdict {
        match self.unread {
            Some((name, flaw)) if !breaches.is_empty() || self.policies.is_empty() => {
                Verdict::Unknown(Problem {
                    code: Code::NotAllowed,
                    severity: Severity::Error,
                    object: object.clone(),
                    field: "metadata.namespace".to_owned(),
                    found: format!(
                        "a namespace of TenantPolicy {name}, which cannot be read: {flaw}"
                    ),
                    allowed: "policies that this version can read".to_owned(),
                    meanwhile: MEANWHILE.to_owned(),
                })
            }
            _ if breaches.is_empty() => Verdict::Allowed,
            _ => {
                let each = breaches.into_iter();
                let each = each.map(|breach| self.problem(object.clone(), breach));
                Verdict::Forbidden(each.collect())
            }
        }
    }
}

/// What all policies of a namespace list in a field.
#[derive(Clone, Debug)]
struct Known(Vec<String>);

impl Known {
    fn has(&self, value: &str) -> bool {
        self.0.iter().any(|listed| listed == value)
    }

    /// Whether a host, or any host that a pattern takes, lies in one of these domains.
    fn hold_host(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        self.0.iter().any(|domain| is_within(&host, &domain.to_lowercase()))
    }
}

/// Whether an object of Kubernetes is one that policies judge.
fn object(kind: Kind, key: &ObjectKey) -> ObjectRef {
    ObjectRef { kind, key: key.clone() }
}

/// The first of these that is not listed.
fn unlisted<'i>(known: &Known, ids: impl IntoIterator<Item = &'i AwsId>) -> Option<&'i AwsId> {
    ids.into_iter().find(|id| !known.has(id.as_str()))
}
