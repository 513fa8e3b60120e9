//! Every annotation of AWS Load Balancer Controller in one table, and the grammars of their values.

use std::collections::BTreeMap;

use crate::model::id::ObjectKey;
use crate::model::marks::ANNOTATION_PREFIX;
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};

/// What is done about an object with an error, in the words of its Event.
pub const MEANWHILE: &str = "what stands of it stays, nothing new is made for it";

/// How far this version goes with an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It is built.
    Built,
    /// It is known and not built yet; only these values, which ask for nothing, are accepted.
    Only(&'static [&'static str]),
}

/// An annotation that LBC knows.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name without the prefix; a trailing dot means that a name of the user's follows.
    pub name: &'static str,
    /// How far this version goes with it.
    pub support: Support,
}

const fn built(name: &'static str) -> Known {
    Known { name, support: Support::Built }
}

const fn only(name: &'static str, values: &'static [&'static str]) -> Known {
    Known { name, support: Support::Only(values) }
}

/// The spellings of "false" that LBC accepts.
const FALSE: &[&str] = &["0", "f", "F", "FALSE", "false", "False"];

/// Every annotation that LBC knows, without the prefix. The README's table is checked against this
/// one.
pub const TABLE: &[Known] = &[
    built("group.name"),
    built("group.order"),
    built("load-balancer-name"),
    built("scheme"),
    built("ip-address-type"),
    built("subnets"),
    built("security-groups"),
    built("inbound-cidrs"),
    built("listen-ports"),
    built("certificate-arn"),
    built("ssl-policy"),
    built("ssl-redirect"),
    built("target-type"),
    built("backend-protocol"),
    built("healthcheck-port"),
    built("healthcheck-protocol"),
    built("healthcheck-path"),
    built("healthcheck-interval-seconds"),
    built("healthcheck-timeout-seconds"),
    built("healthy-threshold-count"),
    built("unhealthy-threshold-count"),
    built("success-codes"),
    built("tags"),
    built("load-balancer-attributes"),
    built("target-group-attributes"),
    only("backend-protocol-version", &["HTTP1"]),
    only("manage-backend-security-group-rules", FALSE),
    only("customer-owned-ipv4-pool", &[]),
    only("minimum-load-balancer-capacity", &[]),
    only("ipam-ipv4-pool-id", &[""]),
    only("security-group-prefix-lists", &[""]),
    only("create-acm-cert", FALSE),
    only("acm-pca-arn", &[""]),
    only("mutual-authentication", &[]),
    only("listener-attributes.", &[""]),
    only("wafv2-acl-arn", &[]),
    only("wafv2-acl-name", &[]),
    only("waf-acl-id", &[""]),
    only("web-acl-id", &[""]),
    only("shield-advanced-protection", &[]),
    only("actions.", &[]),
    only("conditions.", &[]),
    only("transforms.", &[]),
    only("use-regex-path-match", FALSE),
    only("auth-type", &["none"]),
    only("auth-idp-cognito", &[]),
    only("auth-idp-oidc", &[]),
    only("auth-on-unauthenticated-request", &[]),
    only("auth-scope", &[]),
    only("auth-session-cookie", &[]),
    only("auth-session-timeout", &[]),
    only("jwt-validation", &[]),
    only("target-node-labels", &[""]),
    only("target-control-port.", &[]),
    only("multi-cluster-target-group", FALSE),
    only("enable-frontend-nlb", FALSE),
    only("frontend-nlb-scheme", &[]),
    only("frontend-nlb-subnets", &[]),
    only("frontend-nlb-security-groups", &[]),
    only("frontend-nlb-listener-port-mapping", &[]),
    only("frontend-nlb-eip-allocations", &[]),
    only("frontend-nlb-healthcheck-port", &[]),
    only("frontend-nlb-healthcheck-protocol", &[]),
    only("frontend-nlb-healthcheck-path", &[]),
    only("frontend-nlb-healthcheck-interval-seconds", &[]),
    only("frontend-nlb-healthcheck-timeout-seconds", &[]),
    only("frontend-nlb-healthcheck-healthy-threshold-count", &[]),
    only("frontend-nlb-healthcheck-unhealthy-threshold-count", &[]),
    only("frontend-nlb-healthcheck-success-codes", &[]),
    only("frontend-nlb-attributes", &[]),
    only("frontend-nlb-tags", &[]),
];

/// Annotations that LBC writes itself and that say nothing about what is wanted.
const OUTPUT: &[&str] = &["dry-run-plan"];

/// The annotations of one object, read with their errors collected.
#[derive(Debug)]
pub struct Annotations<'a> {
    object: ObjectRef,
    values: Option<&'a BTreeMap<String, String>>,
    /// What was wrong so far.
    pub problems: Vec<Problem>,
}

impl<'a> Annotations<'a> {
    /// The annotations of an object.
    #[must_use]
    pub fn new(kind: Kind, key: &ObjectKey, values: Option<&'a BTreeMap<String, String>>) -> Self {
        Self { object: ObjectRef { kind, key: key.clone() }, values, problems: Vec::new() }
    }

    /// The value as written; present and empty is present.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.values?.get(&format!("{ANNOTATION_PREFIX}{name}")).map(String::as_str)
    }

    /// The value, which has to be one of these.
    pub fn one_of<T: Copy>(&mut self, name: &str, options: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        if let Some((_, value)) = options.iter().find(|(option, _)| *option == text) {
            return Some(*value);
        }
        let allowed: Vec<&str> = options.iter().map(|(option, _)| *option).collect();
        self.wrong(name, text, &allowed.join(", "));
        None
    }

    /// A whole number between two bounds, both included.
    pub fn integer(&mut self, name: &str, min: i32, max: i32) -> Option<i32> {
        let text = self.text(name)?;
        match text.parse::<i32>() {
            Ok(number) if (min..=max).contains(&number) => Some(number),
            Ok(_) | Err(_) => {
                self.wrong(name, text, &format!("a whole number from {min} to {max}"));
                None
            }
        }
    }

    /// Items between commas, trimmed, empty ones dropped.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        Some(list(self.text(name)?))
    }

    /// Pairs `key=value` between commas.
    pub fn map(&mut self, name: &str) -> Option<BTreeMap<String, String>> {
        let text = self.text(name)?;
        let parsed = map(text);
        if parsed.is_none() {
            self.wrong(name, text, "key=value pairs between commas, a comma in a value as '\\,'");
        }
        parsed
    }

    /// Notes that the value of an annotation cannot be used.
    pub fn wrong(&mut self, name: &str, found: &str, allowed: &str) {
        let field = format!("annotation {ANNOTATION_PREFIX}{name}");
        self.problems.push(self.error(Code::InvalidAnnotation, field, quoted(found), allowed));
    }

    /// An error of this object.
    #[must_use]
    pub fn error(&self, code: Code, field: String, found: String, allowed: &str) -> Problem {
        Problem {
            code,
            severity: Severity::Error,
            object: self.object.clone(),
            field,
            found,
            allowed: allowed.to_owned(),
            meanwhile: MEANWHILE.to_owned(),
        }
    }

    /// Holds every annotation under the prefix against the table: what is known and not built makes
    /// the object bad, what nobody knows is reported.
    pub fn check_names(&mut self) {
        let Some(values) = self.values else { return };
        for (key, value) in values {
            let Some(name) = key.strip_prefix(ANNOTATION_PREFIX) else { continue };
            if OUTPUT.contains(&name) {
                continue;
            }
            let field = format!("annotation {key}");
            let problem = match lookup(name).map(|known| known.support) {
                Some(Support::Built) => continue,
                Some(Support::Only(values)) if values.contains(&value.as_str()) => continue,
                Some(Support::Only(values)) => self.error(
                    Code::Unsupported,
                    field,
                    quoted(value),
                    &match values {
                        [] => "nothing: this version does not build the annotation".to_owned(),
                        _ => format!("{}: this version builds no other value", quoted_all(values)),
                    },
                ),
                None => Problem {
                    severity: Severity::Note,
                    meanwhile: "it changes nothing".to_owned(),
                    ..self.error(
                        Code::UnknownAnnotation,
                        field,
                        "a name that nobody knows".to_owned(),
                        &format!("did you mean {ANNOTATION_PREFIX}{}?", nearest(name)),
                    )
                },
            };
            self.problems.push(problem);
        }
    }
}

/// A value in an Event: quoted, and cut where it would drown the sentence.
fn quoted(text: &str) -> String {
    /// Enough to recognise a value by.
    const LENGTH_MAX: usize = 100;
    match text.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

fn quoted_all(values: &[&str]) -> String {
    values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ")
}

fn lookup(name: &str) -> Option<&'static Known> {
    TABLE.iter().find(|known| {
        if known.name.ends_with('.') { name.starts_with(known.name) } else { known.name == name }
    })
}

/// The known name that takes the fewest edits to reach.
fn nearest(name: &str) -> &'static str {
    let length = name.chars().count();
    let (mut nearest, mut fewest) = ("", usize::MAX);
    for known in TABLE.iter().map(|known| known.name) {
        // As many edits as the lengths differ by it takes at least; most names need no closer look.
        if length.abs_diff(known.len()) < fewest {
            let edits = edits(name, known);
            if edits < fewest {
                (nearest, fewest) = (known, edits);
            }
        }
    }
    nearest
}

/// How many letters have to be put in, taken out or exchanged to make one word of the other
/// (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let exchange = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = exchange.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[to.len()]
}

/// Items between commas, trimmed, empty ones dropped.
fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// LBC's map grammar: a backslash takes the next character as it is; a comma that nothing but
/// blanks follows belongs to the last value.
fn map(text: &str) -> Option<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    if text.is_empty() {
        return Some(pairs);
    }
    let mut item = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => item.push(rest.next().unwrap_or('\\')),
            ',' if !rest.as_str().trim().is_empty() => {
                let (key, value) = pair(&std::mem::take(&mut item))?;
                pairs.insert(key, value);
            }
            c => item.push(c),
        }
    }
    let (key, value) = pair(&item)?;
    pairs.insert(key, value);
    Some(pairs)
}

fn pair(item: &str) -> Option<(String, String)> {
    let (key, value) = item.split_once('=')?;
    let key = key.trim();
    (!key.is_empty()).then(|| (key.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{list, map, nearest};

    fn check_map(text: &str, expected: Option<&[(&str, &str)]>) {
        let expected = expected.map(|pairs| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        });
        assert_eq!(map(text), expected, "{text:?}");
    }

    #[test]
    fn maps_are_read_as_lbc_reads_them() {
        check_map("", Some(&[]));
        check_map("a=b", Some(&[("a", "b")]));
        check_map(" a = b , c=d ", Some(&[("a", "b"), ("c", "d")]));
        check_map("a=b\\,c,d=e", Some(&[("a", "b,c"), ("d", "e")]));
        check_map("a=b=c", Some(&[("a", "b=c")]));
        check_map("a=", Some(&[("a", "")]));
        check_map("a=b,", Some(&[("a", "b,")]));
        check_map("a=b,a=c", Some(&[("a", "c")]));
        check_map("a=b\\", Some(&[("a", "b\\")]));
        for bad in [" ", "a", "=b", ",a=b", "a=b,,c=d", "a=b,c"] {
            check_map(bad, None);
        }
    }

    #[test]
    fn lists_drop_blanks() {
        assert_eq!(list(" a , ,b"), ["a", "b"]);
        assert!(list(" , ").is_empty());
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        assert_eq!(nearest("group-name"), "group.name");
        assert_eq!(nearest("shceme"), "scheme");
        assert_eq!(nearest("healthcheck-intervall-seconds"), "healthcheck-interval-seconds");
    }
}
