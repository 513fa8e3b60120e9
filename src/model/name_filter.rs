//! Which names and zones are meant, and which Ingresses' names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use regex::bytes::{Regex, RegexBuilder};

use super::record::{HostedZone, RecordType, is_within};
use super::selector::Selector;
use super::surroundings::Cidr;

/// Which names are kept, in which zones, and whose: with external-dns's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameFilter {
    /// The domains in which names are kept; all where there are none. One that begins with a dot
    /// does not mean the domain itself.
    pub domains: Vec<String>,
    /// Those in which none are, likewise.
    pub excluded_domains: Vec<String>,
    /// What names have to match; domains are not looked at where there is a pattern.
    pub pattern: Option<Pattern>,
    /// What they must not match.
    pub excluded_pattern: Option<Pattern>,
    /// What the ids of the hosted zones that are used end with; all where there are none.
    pub zone_ids: Vec<String>,
    /// The kind of the hosted zones that are used.
    pub zone_kind: Option<ZoneKind>,
    /// Whether zones are used, too, that the domains lie in.
    pub matches_parent: bool,
    /// The tags that hosted zones have to have which are used, each with its value if that matters.
    /// Others are not even listed.
    pub zone_tags: BTreeMap<String, Option<String>>,
    /// The types of records that are looked at.
    pub record_types: BTreeSet<RecordType>,
    /// The labels of the Ingresses whose names are kept.
    pub labels: Option<Selector>,
    /// Their annotations.
    pub annotations: Option<Selector>,
    /// The networks that addresses have to lie in which names lead to; where there are some, names
    /// lead to no other names.
    pub target_nets: Vec<Cidr>,
    /// Those that they must not lie in.
    pub excluded_target_nets: Vec<Cidr>,
    /// The parts of an Ingress that name nothing.
    pub ignored: BTreeSet<Ignored>,
}

/// The kind of a hosted zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneKind {
    /// Everybody sees it.
    Public,
    /// Only VPCs see it.
    Private,
}

/// A part of an Ingress that has hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// `spec.rules`.
    Rules,
    /// `spec.tls`.
    Tls,
    /// The annotation that lists hosts.
    Annotation,
}

impl Default for NameFilter {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            excluded_domains: Vec::new(),
            pattern: None,
            excluded_pattern: None,
            zone_ids: Vec::new(),
            zone_kind: None,
            matches_parent: false,
            zone_tags: BTreeMap::new(),
            record_types: [RecordType::A, RecordType::Aaaa, RecordType::Cname].into(),
            labels: None,
            annotations: None,
            target_nets: Vec::new(),
            excluded_target_nets: Vec::new(),
            ignored: BTreeSet::new(),
        }
    }
}

impl NameFilter {
    /// Whether a name is kept at all.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        let Self { domains, excluded_domains, pattern, excluded_pattern, .. } = self;
        if pattern.is_some() || excluded_pattern.is_some() {
            return !excluded_pattern.as_ref().is_some_and(|excluded| excluded.matches(name))
                && pattern.as_ref().is_none_or(|pattern| pattern.matches(name));
        }
        let matches = |domain: &String| match domain.strip_prefix('.') {
            Some(above) => is_within(name, above) && name != above,
            None => is_within(name, domain),
        };
        (domains.is_empty() || domains.iter().any(matches)) && !excluded_domains.iter().any(matches)
    }

    /// Whether a hosted zone is used.
    #[must_use]
    pub fn uses(&self, zone: &HostedZone) -> bool {
        let is_named = self.zone_ids.is_empty()
            || self.zone_ids.iter().any(|id| zone.id.as_str().ends_with(id));
        let is_of_kind = match self.zone_kind {
            None => true,
            Some(ZoneKind::Public) => !zone.is_private,
            Some(ZoneKind::Private) => zone.is_private,
        };
        // A domain that begins with a dot lies in no zone of its own.
        let holds = |domain: &String| !domain.starts_with('.') && is_within(domain, &zone.name);
        let is_parent = self.matches_parent && self.domains.iter().any(holds);
        is_named && is_of_kind && (self.keeps(&zone.name) || is_parent)
    }

    /// Whether names may lead to an address.
    #[must_use]
    pub fn takes_target(&self, address: IpAddr) -> bool {
        let holds = |net: &Cidr| net.holds(address);
        (self.target_nets.is_empty() || self.target_nets.iter().any(holds))
            && !self.excluded_target_nets.iter().any(holds)
    }

    /// Whether names may lead to other names, such as those of load balancers.
    #[must_use]
    pub fn takes_names(&self) -> bool {
        self.target_nets.is_empty()
    }

    /// Whether a hosted zone with these tags is listed.
    #[must_use]
    pub fn lists<'t>(&self, tag: impl Fn(&str) -> Option<&'t str>) -> bool {
        self.zone_tags.iter().all(|(key, wanted)| {
            let value = tag(key);
            value.is_some() && (wanted.is_none() || value == wanted.as_deref())
        })
    }

    /// Whether records of a type are looked at.
    #[must_use]
    pub fn manages(&self, record_type: RecordType) -> bool {
        record_type == RecordType::Txt || self.record_types.contains(&record_type)
    }
}

/// A regular expression over bytes, whose classes are ASCII's.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(text).unicode(false).build();
        built.map(Self).map_err(|error| error.to_string())
    }

    fn matches(&self, name: &str) -> bool {
        self.0.is_match(name.as_bytes())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::AwsId;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).expect("it is one")
    }

    #[test]
    fn patterns_go_before_domains_and_what_is_excluded_goes_first() {
        let domains = vec!["example.com".to_owned()];
        let excluded_domains = vec!["dev.example.com".to_owned(), ".x.example.com".to_owned()];
        let plain = NameFilter { domains, excluded_domains, ..NameFilter::default() };
        let (pattern, excluded) = (Some(pattern("^web\\d+\\.")), Some(pattern("\\.org$")));
        let only = NameFilter { pattern: pattern.clone(), ..plain.clone() };
        let both = NameFilter { excluded_pattern: excluded.clone(), ..only.clone() };
        let out = NameFilter { excluded_pattern: excluded, ..plain.clone() };
        for (name, kept) in [
            ("web1.example.com", [true, true, true, true]),
            ("web.example.com", [true, false, false, true]),
            ("web1.dev.example.com", [false, true, true, true]),
            ("x.example.com", [true, false, false, true]),
            ("a.x.example.com", [false, false, false, true]),
            ("web1.example.org", [false, true, false, false]),
        ] {
            let found = [&plain, &only, &both, &out].map(|filter| filter.keeps(name));
            assert_eq!(found, kept, "{name}");
        }
    }

    #[test]
    fn zones_are_listed_by_their_tags() {
        let wanted = [("team", Some("web")), ("public", None)];
        let wanted = wanted.map(|(key, value)| (key.to_owned(), value.map(str::to_owned)));
        let filter = NameFilter { zone_tags: wanted.into(), ..NameFilter::default() };
        let lists = |tags: &[(&str, &'static str)]| {
            filter
                .lists(|key| tags.iter().find(|(known, _)| *known == key).map(|(_, value)| *value))
        };
        assert!(lists(&[("team", "web"), ("public", ""), ("other", "x")]));
        assert!(!lists(&[("team", "api"), ("public", "yes")]) && !lists(&[("team", "web")]));
        assert!(NameFilter::default().lists(|_| None));
    }

    #[test]
    fn zones_are_used_by_their_kind_and_as_parents() {
        let zone = |name: &str, is_private| HostedZone {
            id: AwsId::new("Z1"),
            name: name.to_owned(),
            is_private,
        };
        let filter = NameFilter {
            domains: vec!["a.example.com".to_owned()],
            zone_kind: Some(ZoneKind::Public),
            ..NameFilter::default()
        };
        let (own, parent) = (zone("a.example.com", false), zone("example.com", false));
        assert!(filter.uses(&own) && !filter.uses(&parent));
        assert!(!filter.uses(&zone("a.example.com", true)));
        assert!(NameFilter { matches_parent: true, ..filter }.uses(&parent));
    }
}
