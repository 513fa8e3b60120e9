//! A rule of a listener: conditions, and what happens to a request that meets them.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::Id;

/// A target group that takes a share of a rule's requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Weighted {
    /// The target group.
    pub group: Id,
    /// Its weight (AWS: 0 to 999); counts only beside others.
    pub weight: Option<i32>,
}

/// For how long a client stays with the target group that took its first request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupStickiness {
    /// Whether it stays at all.
    pub enabled: Option<bool>,
    /// For how many seconds (AWS: 1 to 604800).
    pub duration_seconds: Option<i32>,
}

/// Where a redirect leads. An unset part stays as it was in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// The host.
    pub host: Option<String>,
    /// The path, with a leading slash.
    pub path: Option<String>,
    /// The port, or `#{port}`.
    pub port: Option<String>,
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    pub protocol: Option<String>,
    /// The query, without a leading question mark.
    pub query: Option<String>,
    /// `HTTP_301` or `HTTP_302`.
    pub status_code: String,
}

/// A step of what happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleAction {
    /// It goes to a target of one of these target groups.
    Forward {
        /// The target groups.
        groups: Vec<Weighted>,
        /// Whether a client stays with one of them.
        stickiness: Option<GroupStickiness>,
    },
    /// The client is sent elsewhere.
    Redirect(Redirect),
    /// The load balancer answers by itself.
    FixedResponse {
        /// The status code.
        status_code: String,
        /// The content type.
        content_type: Option<String>,
        /// The body.
        body: Option<String>,
    },
    /// Something that stands in AWS and that this program does not make; the text says what.
    Foreign(String),
}

/// What a request must be like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Condition {
    /// Its host is one of these; `*` and `?` are wildcards.
    Host(Vec<SmolStr>),
    /// Its path is one of these; `*` and `?` are wildcards.
    Path(Vec<SmolStr>),
    /// Something that stands in AWS and that this program does not make; the text says what.
    Foreign(String),
}

/// A rule without its priority: what makes it the same rule wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What a request must be like: all of them.
    pub conditions: Vec<Condition>,
    /// What happens to it.
    pub actions: Vec<RuleAction>,
}

impl RuleAction {
    /// The target groups that requests go to.
    #[must_use]
    pub fn target_groups(&self) -> &[Weighted] {
        match self {
            Self::Forward { groups, .. } => groups,
            Self::Redirect(_) | Self::FixedResponse { .. } | Self::Foreign(_) => &[],
        }
    }

    /// Calls `visit` with the identifier of every target group.
    pub fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::Forward { groups, .. } => {
                groups.iter_mut().for_each(|group| visit(&mut group.group));
            }
            Self::Redirect(_) | Self::FixedResponse { .. } | Self::Foreign(_) => {}
        }
    }
}

impl Rule {
    /// Whether a standing rule does what this wish says.
    #[must_use]
    pub fn is_satisfied_by(&self, live: &Self) -> bool {
        self.is_for_what(live) && actions_satisfy(&live.actions, &self.actions)
    }

    /// Whether another rule asks for the same of a request, in whatever order.
    #[must_use]
    pub fn is_for_what(&self, other: &Self) -> bool {
        fn sorted(rule: &Rule) -> Vec<&Condition> {
            let mut conditions: Vec<&Condition> = rule.conditions.iter().collect();
            conditions.sort_by_key(|condition| condition_field(condition));
            conditions
        }
        self.conditions.len() == other.conditions.len() && sorted(self) == sorted(other)
    }

    /// Whether some request meets the conditions of both rules, as far as hosts and paths tell.
    #[must_use]
    pub fn shares_requests_with(&self, other: &Self) -> bool {
        let share = |ours: Option<&[SmolStr]>, theirs: Option<&[SmolStr]>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => {
                ours.iter().any(|our| theirs.iter().any(|their| patterns_meet(our, their)))
            }
            (None, _) | (_, None) => true,
        };
        share(self.hosts(), other.hosts()) && share(self.paths(), other.paths())
    }

    /// The host values, if the rule asks for a host.
    #[must_use]
    pub fn hosts(&self) -> Option<&[SmolStr]> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::Host(values) => Some(values.as_slice()),
            Condition::Path(_) | Condition::Foreign(_) => None,
        })
    }

    /// The path values, if the rule asks for a path.
    #[must_use]
    pub fn paths(&self) -> Option<&[SmolStr]> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::Path(values) => Some(values.as_slice()),
            Condition::Host(_) | Condition::Foreign(_) => None,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<String> = self
            .conditions
            .iter()
            .map(|condition| match condition {
                Condition::Host(values) | Condition::Path(values) => values.join("|"),
                Condition::Foreign(text) => text.clone(),
            })
            .collect();
        write!(f, "{} ->", conditions.join(" "))?;
        for action in &self.actions {
            match action {
                RuleAction::Forward { groups, .. } => {
                    for group in groups {
                        write!(f, " {}", group.group.short())?;
                    }
                }
                RuleAction::Redirect(redirect) => write!(f, " redirect {}", redirect.status_code)?,
                RuleAction::FixedResponse { status_code, .. } => write!(f, " {status_code}")?,
                RuleAction::Foreign(text) => write!(f, " {text}")?,
            }
        }
        Ok(())
    }
}

/// Whether some text is taken by both patterns of AWS: `*` stands for any characters, `?` for one.
fn patterns_meet(left: &str, right: &str) -> bool {
    let [left, right] = [left, right].map(|pattern| pattern.chars().collect::<Vec<char>>());
    // From the ends: whether what is left of both patterns meets, for each start in the right one.
    let mut shorter = vec![false; right.len() + 1];
    for i in (0..=left.len()).rev() {
        let mut meets = vec![false; right.len() + 1];
        for j in (0..=right.len()).rev() {
            meets[j] = match (left.get(i), right.get(j)) {
                (None, None) => true,
                (Some('*'), other) => shorter[j] || (other.is_some() && meets[j + 1]),
                (other, Some('*')) => meets[j + 1] || (other.is_some() && shorter[j]),
                (Some(a), Some(b)) => (a == b || *a == '?' || *b == '?') && shorter[j + 1],
                (None, Some(_)) | (Some(_), None) => false,
            };
        }
        shorter = meets;
    }
    shorter.first().copied().unwrap_or_default()
}

/// The name of the field that a condition is about, as AWS spells it.
fn condition_field(condition: &Condition) -> &'static str {
    match condition {
        Condition::Host(_) => "host-header",
        Condition::Path(_) => "path-pattern",
        Condition::Foreign(_) => "~",
    }
}

/// Whether standing actions do what the wished ones say.
///
/// LBC's rules: the weight of a single target group counts for nothing, stickiness counts only
/// where it is wished for, an unset part of a redirect equals its "as it was" placeholder, and an
/// empty text equals an absent one.
#[must_use]
pub fn actions_satisfy(live: &[RuleAction], wish: &[RuleAction]) -> bool {
    live.len() == wish.len() && wish.iter().zip(live).all(|(wish, live)| satisfies(live, wish))
}

fn satisfies(live: &RuleAction, wish: &RuleAction) -> bool {
    match (wish, live) {
        (
            RuleAction::Forward { groups, stickiness },
            RuleAction::Forward { groups: live_groups, stickiness: live_stickiness },
        ) => {
            comparable(groups) == comparable(live_groups)
                && (stickiness.is_none() || stickiness == live_stickiness)
        }
        (RuleAction::Redirect(wish), RuleAction::Redirect(live)) => filled(wish) == filled(live),
        (
            RuleAction::FixedResponse { status_code, content_type, body },
            RuleAction::FixedResponse {
                status_code: live_status_code,
                content_type: live_content_type,
                body: live_body,
            },
        ) => {
            status_code == live_status_code
                && non_empty(content_type.as_ref()) == non_empty(live_content_type.as_ref())
                && non_empty(body.as_ref()) == non_empty(live_body.as_ref())
        }
        _ => false,
    }
}

fn non_empty(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

fn comparable(groups: &[Weighted]) -> Vec<Weighted> {
    let mut groups = groups.to_vec();
    if let [only] = groups.as_mut_slice() {
        only.weight = None;
    }
    groups.sort();
    groups
}

/// A redirect with AWS's placeholders in its unset parts.
fn filled(redirect: &Redirect) -> [&str; 6] {
    [
        redirect.host.as_deref().unwrap_or("#{host}"),
        redirect.path.as_deref().unwrap_or("/#{path}"),
        redirect.port.as_deref().unwrap_or("#{port}"),
        redirect.protocol.as_deref().unwrap_or("#{protocol}"),
        redirect.query.as_deref().unwrap_or("#{query}"),
        &redirect.status_code,
    ]
}

#[cfg(test)]
mod tests {
    use super::patterns_meet;

    #[test]
    fn patterns_meet_where_some_text_is_taken_by_both() {
        for (left, right) in [
            ("/a", "/a"),
            ("/a*", "/a"),
            ("/a/*", "/a/b"),
            ("*.example.com", "a.example.com"),
            ("*", ""),
            ("/?", "/*"),
            ("/a*c", "/*bc"),
        ] {
            assert!(patterns_meet(left, right), "{left} {right}");
            assert!(patterns_meet(right, left), "{right} {left}");
        }
        for (left, right) in [
            ("/a", "/b"),
            ("/a", "/a/b"),
            ("*.example.com", "example.com"),
            ("/?", "/"),
            ("a*", "b*"),
        ] {
            assert!(!patterns_meet(left, right), "{left} {right}");
            assert!(!patterns_meet(right, left), "{right} {left}");
        }
    }
}
