//! From the rules of an Ingress to the rules of a listener: LBC's expansion and order.

use smol_str::SmolStr;

use crate::model::rule::{Condition, RuleAction, Transform};
use crate::model::seen::{HostPath, HostRule};

use super::annotations::action::Asked;
use super::annotations::condition::{Added, Patterns, REGEX_LENGTH_MAX, VALUE_LENGTH_MAX};

pub mod authentication;
pub mod closed;
pub mod optimizer;
pub mod plain;

/// The longest label of a host name (RFC 1035).
const LABEL_LENGTH_MAX: usize = 63;

/// What a missing Service is answered with (LBC's text).
const MISSING_SERVICE: &str = "Backend service does not exist";
/// What a missing action is answered with (LBC's text).
const MISSING_ACTION: &str = "Backend action does not exist";

/// A part of what happens to the requests of a path: what they have to be like for it besides, and
/// what it is.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Another host than that of the rule.
    pub host: Option<String>,
    /// More hosts.
    pub hosts: Patterns,
    /// The paths.
    pub paths: Patterns,
    /// Conditions of other kinds.
    pub others: Vec<Condition>,
    /// What is made of requests.
    pub transforms: Vec<Transform>,
    /// What happens.
    pub outcome: Outcome,
    /// Whether it keeps somebody out: the others may not stand without it.
    pub is_guard: bool,
}

/// What happens to requests.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// They go to the backend.
    Backend,
    /// This, whatever the backend.
    Asked(Asked),
}

impl Branch {
    /// All requests, whatever they are like.
    #[must_use]
    pub fn to(outcome: Outcome) -> Self {
        Self {
            host: None,
            hosts: Patterns::default(),
            paths: Patterns::default(),
            others: Vec::new(),
            transforms: Vec::new(),
            outcome,
            is_guard: false,
        }
    }
}

/// How implementation-specific paths are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathSyntax {
    /// With wildcards.
    Patterns,
    /// As regular expressions, each behind a character that counts for nothing: Kubernetes wants a
    /// slash in front (LBC).
    Regexes,
}

/// How a path is to be matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathType {
    /// The path and nothing else.
    Exact,
    /// The path and what lies below it.
    Prefix,
    /// AWS's own patterns.
    ImplementationSpecific,
}

impl PathType {
    /// Reads a path type; an absent one is implementation-specific (LBC).
    ///
    /// # Errors
    /// What is allowed instead.
    pub fn of(path: &HostPath) -> Result<Self, String> {
        match path.path_type.as_str() {
            "Exact" => Ok(Self::Exact),
            "Prefix" => Ok(Self::Prefix),
            "ImplementationSpecific" | "" => Ok(Self::ImplementationSpecific),
            _ => Err("Exact, Prefix, ImplementationSpecific".to_owned()),
        }
    }
}

/// The paths of a rule in LBC's order: exact ones first, then prefixes, the longest first, then
/// patterns; otherwise as written.
#[must_use]
pub fn in_order(rule: &HostRule) -> Vec<(usize, &HostPath)> {
    let paths = rule.http.iter().flat_map(|http| &http.paths);
    let mut paths: Vec<(usize, &HostPath)> = paths.enumerate().collect();
    paths.sort_by_key(|(_, path)| {
        let kind = PathType::of(path).unwrap_or(PathType::ImplementationSpecific);
        let length = path.path.as_ref().map_or(0, SmolStr::len);
        (kind, if kind == PathType::Prefix { usize::MAX - length } else { 0 })
    });
    paths
}

/// The patterns of a path; none for an empty path.
///
/// # Errors
/// What is allowed instead.
pub fn path_values(path: &HostPath, syntax: PathSyntax) -> Result<Patterns, String> {
    let kind = PathType::of(path)?;
    let text = path.path.as_deref().unwrap_or_default();
    if text.is_empty() {
        return Ok(Patterns::default());
    }
    if kind == PathType::ImplementationSpecific && syntax == PathSyntax::Regexes {
        let regex: String = text.chars().skip(1).collect();
        if !(1..=REGEX_LENGTH_MAX).contains(&regex.chars().count()) {
            let most = REGEX_LENGTH_MAX;
            return Err(format!("a slash, and a regular expression of 1 to {most} characters"));
        }
        return Ok(Patterns { regexes: vec![regex.into()], ..Patterns::default() });
    }
    check_path(text)?;
    if kind != PathType::ImplementationSpecific && text.contains(['*', '?']) {
        return Err(instead_of_wildcards(text));
    }
    let values = match kind {
        PathType::Exact | PathType::ImplementationSpecific => vec![text.into()],
        PathType::Prefix if text == "/" => vec!["/*".into()],
        PathType::Prefix => {
            let stem = text.strip_suffix('/').unwrap_or(text);
            vec![stem.into(), format!("{stem}/*").into()]
        }
    };
    Ok(Patterns { values, ..Patterns::default() })
}

/// What to write instead of a path with wildcards whose type has none.
fn instead_of_wildcards(text: &str) -> String {
    let allowed = "no wildcards, unless pathType is ImplementationSpecific";
    match text.strip_suffix("/*").filter(|stem| !stem.contains(['*', '?'])) {
        Some(stem) => {
            let above = if stem.is_empty() { "/" } else { stem };
            format!("{allowed}; \"{above}\" of type Prefix takes all that is below it")
        }
        None => allowed.to_owned(),
    }
}

/// What AWS allows in a path pattern besides letters and digits.
const PATH_SIGNS: &str = "_-.$/~\"'@:+&*?";

/// What AWS allows in a path pattern, where a path has anything else: none is left out for that,
/// since it may stand all the same.
#[must_use]
pub fn undocumented(path: &HostPath, syntax: PathSyntax) -> Option<String> {
    let is_regex = syntax == PathSyntax::Regexes
        && PathType::of(path).is_ok_and(|kind| kind == PathType::ImplementationSpecific);
    let allowed = |c: char| c.is_ascii_alphanumeric() || PATH_SIGNS.contains(c);
    let text = path.path.as_deref().unwrap_or_default();
    (!is_regex && !text.chars().all(allowed))
        .then(|| format!("a path of letters, digits and {PATH_SIGNS}"))
}

/// The length of a path pattern, and where it begins.
fn check_path(text: &str) -> Result<(), String> {
    if !text.starts_with('/') {
        Err("a path from the root".to_owned())
    } else if text.len() + "/*".len() > VALUE_LENGTH_MAX {
        Err(format!("at most {VALUE_LENGTH_MAX} characters, the added /* included"))
    } else {
        Ok(())
    }
}

/// The host pattern of a rule: a host name, whose first label may be a lone wildcard.
///
/// # Errors
/// What is allowed instead.
pub fn check_host(host: &str) -> Result<(), String> {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let label_is_good = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_LENGTH_MAX
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > VALUE_LENGTH_MAX {
        Err(format!("at most {VALUE_LENGTH_MAX} characters (AWS)"))
    } else if !name.split('.').all(label_is_good) || !name.contains('.') {
        Err(format!(
            "a host name of at least two labels of up to {LABEL_LENGTH_MAX} lower-case letters, \
             digits and inner hyphens; the first label may be a lone *"
        ))
    } else {
        Ok(())
    }
}

/// The conditions of a rule, as LBC puts them together: what an annotation adds, then host, then
/// path; a rule that asks for nothing gets a path pattern that takes everything.
///
/// # Errors
/// What is both patterns and regular expressions, which AWS takes in no condition.
pub fn conditions(
    host: Option<&str>,
    paths: Patterns,
    added: Added,
) -> Result<Vec<Condition>, String> {
    let host = host.filter(|host| !host.is_empty()).map(Into::into);
    let hosts = Patterns { values: host.into_iter().collect(), ..Patterns::default() };
    let with = |mut patterns: Patterns, more: Patterns| {
        patterns.values.extend(more.values);
        patterns.regexes.extend(more.regexes);
        patterns
    };
    let mut conditions = added.others;
    // Most rules have both and nothing else, and there may be very many.
    conditions.reserve_exact(2);
    let patterns = [("hosts", with(hosts, added.hosts)), ("paths", with(paths, added.paths))];
    for (what, Patterns { values, regexes }) in patterns {
        let condition = match (what, values.is_empty(), regexes.is_empty()) {
            (_, true, true) => continue,
            (_, false, false) => {
                let (values, regexes) = (values.join(", "), regexes.join(", "));
                return Err(format!("{what} by values ({values}) and by regexValues ({regexes})"));
            }
            ("hosts", false, true) => Condition::Host(values),
            ("hosts", true, false) => Condition::HostRegex(regexes),
            (_, false, true) => Condition::Path(values),
            (_, true, false) => Condition::PathRegex(regexes),
        };
        conditions.push(condition);
    }
    if conditions.is_empty() {
        conditions.push(Condition::Path(vec!["/*".into()]));
    }
    Ok(conditions)
}

/// What LBC answers for an action that no annotation holds.
#[must_use]
pub fn missing_action() -> RuleAction {
    RuleAction::FixedResponse {
        status_code: "503".to_owned(),
        content_type: Some("text/plain".to_owned()),
        body: Some(MISSING_ACTION.to_owned()),
    }
}

/// What LBC answers for a Service that does not exist.
#[must_use]
pub fn missing_service() -> RuleAction {
    RuleAction::FixedResponse {
        status_code: "503".to_owned(),
        content_type: Some("text/plain".to_owned()),
        body: Some(MISSING_SERVICE.to_owned()),
    }
}

/// What LBC answers where no rule and no default backend takes a request.
#[must_use]
pub fn not_found() -> RuleAction {
    RuleAction::FixedResponse {
        status_code: "404".to_owned(),
        content_type: Some("text/plain".to_owned()),
        body: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{PathSyntax, check_host, path_values};
    use crate::model::seen::HostPath;

    fn check(kind: &str, path: &str, expected: Result<&[&str], ()>) {
        let input =
            HostPath { path: Some(path.into()), path_type: kind.into(), ..HostPath::default() };
        let expected = expected.map(|values| values.iter().copied().map(Into::into).collect());
        let found = path_values(&input, PathSyntax::Patterns);
        assert_eq!(found.map(|found| found.values).map_err(drop), expected, "{kind} {path}");
    }

    #[test]
    fn paths_expand_as_lbc_expands_them() {
        check("Prefix", "/", Ok(&["/*"]));
        check("Prefix", "/abc", Ok(&["/abc", "/abc/*"]));
        check("Prefix", "/abc/", Ok(&["/abc", "/abc/*"]));
        check("Prefix", "//", Ok(&["/", "//*"]));
        check("Prefix", "/a*", Err(()));
        check("Exact", "/a", Ok(&["/a"]));
        check("Exact", "/a?", Err(()));
        check("ImplementationSpecific", "/", Ok(&["/"]));
        check("ImplementationSpecific", "/a/*", Ok(&["/a/*"]));
        check("ImplementationSpecific", "", Ok(&[]));
        check("", "/a", Ok(&["/a"]));
        check("Regex", "/a", Err(()));
        check("Exact", "a", Err(()));
        check("Exact", "/a b", Ok(&["/a b"]));
    }

    #[test]
    fn hosts_are_names_with_a_lone_wildcard_in_front() {
        for good in ["a.b", "*.example.com", "xn--bcher-kva.example", "a-1.b-2.c"] {
            assert_eq!(check_host(good), Ok(()), "{good}");
        }
        let long = format!("{}.example.com", "a".repeat(64));
        for bad in ["a", "*", "a.*.com", "w*.example.com", "-a.b", "a-.b", "a..b", "A.b", &long] {
            assert!(check_host(bad).is_err(), "{bad}");
        }
    }
}
