//! External-dns in the same cluster: what its flags say, and whether its records and ours would be
//! taken for each other's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::ownership::OWNER_DEFAULT;
use super::record::is_within;
use super::settings::{DnsScope, DnsSettings};

/// How external-dns's environment variables begin.
const ENVIRONMENT: &str = "EXTERNAL_DNS_";
/// Its flags that take no value.
const SWITCHES: [&str; 2] = ["dry-run", "once"];

/// An external-dns, as far as its flags matter to whoever else writes records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameKeeper {
    /// What its records say whose they are.
    pub owner: String,
    /// What it makes names of.
    pub sources: BTreeSet<String>,
    /// The classes of the Ingresses that it makes names of; all where there are none.
    pub classes: Vec<String>,
    /// What it may do to records.
    pub policy: String,
    /// The domains that it keeps names in; all where there are none.
    pub domains: Vec<String>,
    /// What the names of its TXT records begin and end with.
    pub affixes: (String, String),
}

/// How an external-dns and this program would get into each other's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quarrel {
    /// Both make names of the same Ingresses, under one owner id.
    SameNames,
    /// Our Ingresses are not among what it makes names of, so it takes our records for what nobody
    /// wishes for.
    Deletes,
}

impl NameKeeper {
    /// Reads the arguments and the environment of a container. `None` where it does not keep names
    /// in Route 53 by TXT records, or changes nothing.
    #[must_use]
    pub fn new<'a>(
        arguments: impl IntoIterator<Item = &'a str>,
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<Self> {
        let mut flags: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in environment {
            let Some(name) = name.strip_prefix(ENVIRONMENT) else { continue };
            let values = value.lines().map(str::to_owned).collect();
            flags.insert(name.to_lowercase().replace('_', "-"), values);
        }
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut arguments = arguments.into_iter().peekable();
        while let Some(argument) = arguments.next() {
            let Some(flag) = argument.strip_prefix("--") else { continue };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None if SWITCHES.contains(&flag) => (flag, "true".to_owned()),
                None => {
                    let value = arguments.next_if(|next| !next.starts_with("--"));
                    (flag, value.unwrap_or("true").to_owned())
                }
            };
            given.entry(name.to_owned()).or_default().push(value);
        }
        flags.extend(given);
        let all = |name: &str| flags.get(name).cloned().unwrap_or_default();
        let last = |name: &str| all(name).pop().unwrap_or_default();
        let is = |name: &str, default: &str, wanted: &str| {
            let value = last(name);
            if value.is_empty() { default == wanted } else { value == wanted }
        };
        let changes_records = is("provider", "aws", "aws")
            && is("registry", "txt", "txt")
            && !is("dry-run", "false", "true");
        let or = |text: String, default: &str| match text.as_str() {
            "" => default.to_owned(),
            _ => text,
        };
        let domains = all("domain-filter").into_iter().map(|one| one.trim().to_lowercase());
        changes_records.then(|| Self {
            owner: or(last("txt-owner-id"), OWNER_DEFAULT),
            sources: all("source").into_iter().collect(),
            classes: all("ingress-class"),
            policy: or(last("policy"), "sync"),
            domains: domains.filter(|one| !one.is_empty()).collect(),
            affixes: (last("txt-prefix").to_lowercase(), last("txt-suffix").to_lowercase()),
        })
    }

    /// How it and a process with these settings would get into each other's way, if they would.
    #[must_use]
    pub fn quarrel(&self, settings: &DnsSettings) -> Option<Quarrel> {
        let DnsSettings { txt_names, filter, .. } = settings;
        let is_read = self.affixes == (txt_names.prefix.clone(), txt_names.suffix.clone());
        let bare = |domain: &String| domain.trim_start_matches('.').to_owned();
        let overlaps = |one: &String| {
            let one = bare(one);
            filter
                .domains
                .iter()
                .map(bare)
                .any(|other| is_within(&one, &other) || is_within(&other, &one))
        };
        let is_beside = self.domains.is_empty()
            || filter.domains.is_empty()
            || self.domains.iter().any(overlaps);
        let is_ours = self.owner == settings.owner;
        if settings.scope == DnsScope::Off || !is_ours || !is_read || !is_beside {
            return None;
        }
        if self.sources.contains("ingress") && self.classes.iter().all(String::is_empty) {
            return Some(Quarrel::SameNames);
        }
        (self.policy == "sync").then_some(Quarrel::Deletes)
    }
}

impl fmt::Display for Quarrel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameNames => "it makes names of Ingresses, too, and would change what is written",
            Self::Deletes => {
                "it makes no names of these Ingresses, and with --policy=sync takes theirs away"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_external_dns_reads_them() {
        let read = |arguments: &[&'static str], environment: &[(&'static str, &'static str)]| {
            NameKeeper::new(arguments.iter().copied(), environment.iter().copied())
        };
        let found = read(
            &[
                "/external-dns",
                "--source=service",
                "--source",
                "ingress",
                "--provider=aws",
                "--events",
            ],
            &[
                ("EXTERNAL_DNS_TXT_OWNER_ID", "mine"),
                ("EXTERNAL_DNS_DOMAIN_FILTER", "A.com\nb.com"),
                ("EXTERNAL_DNS_SOURCE", "node"),
                ("HOME", "/"),
            ],
        );
        let found = found.expect("it is one");
        assert_eq!((found.owner.as_str(), found.policy.as_str()), ("mine", "sync"));
        assert_eq!(found.domains, ["a.com", "b.com"]);
        assert_eq!(found.sources, ["ingress", "service"].map(str::to_owned).into());
        let plain = read(&["--policy=upsert-only", "--txt-prefix=X."], &[]).expect("it is one");
        assert_eq!((plain.owner.as_str(), plain.policy.as_str()), ("default", "upsert-only"));
        assert_eq!(plain.affixes, ("x.".to_owned(), String::new()));
        for other in [&["--provider=google"][..], &["--registry=noop"], &["--dry-run"]] {
            assert_eq!(read(other, &[]), None, "{other:?}");
        }
    }
}
