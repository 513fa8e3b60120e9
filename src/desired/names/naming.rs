//! What the annotations of an Ingress say of the records of its names.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Asking, STAY, ttl};
use crate::model::endpoint;
use crate::model::id::AwsId;
use crate::model::naming::{Given, GivenName, Naming, Target};
use crate::model::problem::{Code, Severity};
use crate::model::routing::Routing;
use crate::model::settings::AliasUse;

/// What Route 53 puts in front of a hosted zone's id.
const ZONE_PREFIX: &str = "/hostedzone/";
/// The most characters of a set identifier (Route 53).
const IDENTIFIER_LENGTH_MAX: usize = 128;

/// What an annotation is for that says nothing that is understood.
const UNKNOWN: [&str; 2] = ["it says nothing here", "no such annotation"];

/// The annotations after `aws-` that are understood.
const KNOWN: [&str; 15] = [
    "evaluate-target-health",
    "failover",
    "geolocation-continent-code",
    "geolocation-country-code",
    "geolocation-subdivision-code",
    "geoproximity-bias",
    "geoproximity-coordinates",
    "geoproximity-local-zone-group",
    "geoproximity-region",
    "health-check-id",
    "hosted-zone-id",
    "multi-value-answer",
    "region",
    "target-hosted-zone",
    "weight",
];

impl Asking<'_> {
    /// What the records should say. `None` where that cannot be told, or Route 53 would refuse it:
    /// a simple record in place of a weighted one would be wrong, so nothing is written.
    pub(super) fn naming(&mut self) -> Option<Naming> {
        self.say_what_is_unknown();
        let target = self.target()?;
        let set_identifier = self.filled("set-identifier").map(str::to_owned);
        if set_identifier.as_ref().is_some_and(|id| id.chars().count() > IDENTIFIER_LENGTH_MAX) {
            self.stay("set-identifier", &format!("at most {IDENTIFIER_LENGTH_MAX} characters"));
            return None;
        }
        let routing = self.routing(set_identifier.as_deref())?;
        if routing == Routing::MultiValue && !is_of_addresses(&target) {
            self.stay("aws-multi-value-answer", "addresses in target: no alias is one of several");
            return None;
        }
        let evaluate = self.value("aws-evaluate-target-health").map(|value| value == "true");
        let zone = self.filled("aws-hosted-zone-id").map(zone_id);
        Some(Naming {
            target,
            evaluate_target_health: evaluate.unwrap_or(self.settings.dns.evaluate_target_health),
            ttl: self.ttl(),
            set_identifier,
            routing,
            health_check: self.filled("aws-health-check-id").map(str::to_owned),
            zone,
        })
    }

    /// The value of an annotation that says something.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// Says what an annotation should be without which nobody knows what is meant.
    pub(super) fn stay(&mut self, name: &str, allowed: &str) {
        let found = format!("\"{}\"", self.value(name).unwrap_or_default());
        let texts = [found, allowed.to_owned(), STAY.to_owned()];
        self.problem((Code::InvalidAnnotation, Severity::Warning), self.field(name), texts);
    }

    fn say_what_is_unknown(&mut self) {
        let prefixes = self.settings.dns.annotation_prefixes.iter();
        let names: BTreeSet<String> =
            prefixes.flat_map(|prefix| self.names_under(prefix)).collect();
        let unknown = names.iter().filter(|name| {
            let of_aws = name.strip_prefix(super::AWS);
            of_aws.is_some_and(|name| !KNOWN.contains(&name)) || *name == "record-type"
        });
        for name in unknown {
            let [meanwhile, allowed] = UNKNOWN.map(str::to_owned);
            let found = format!("\"{}\"", self.value(name).unwrap_or_default());
            let field = self.field(name);
            self.problem((Code::Unsupported, Severity::Note), field, [found, allowed, meanwhile]);
        }
    }

    fn ttl(&mut self) -> Option<i64> {
        let Some(text) = self.value("ttl").map(str::to_owned) else { return self.settings.dns.ttl };
        let read = ttl::read(&text);
        if read.is_none() {
            let meanwhile = "it is taken for not being there".to_owned();
            let texts = [format!("\"{text}\""), ttl::EXPECTED.to_owned(), meanwhile];
            self.problem((Code::InvalidAnnotation, Severity::Note), self.field("ttl"), texts);
        }
        read.or(self.settings.dns.ttl)
    }

    /// Where the names lead. A name that AWS has given leads there by an alias, as far as somebody
    /// knows where it lies.
    fn target(&mut self) -> Option<Target> {
        let wants_alias = self.value("alias") == Some("true");
        let alias_use = self.settings.dns.alias_use;
        let forced = &self.settings.dns.forced_targets;
        let forced = (!forced.is_empty()).then(|| forced.join(","));
        let said = || self.filled("target").map(|list| list.replace(' ', ""));
        let filter = &self.settings.dns.filter;
        let Some(list) = forced.or_else(said) else {
            if !filter.takes_names() {
                return Some(Target::Given(Given::default()));
            }
            let is_cname = alias_use == AliasUse::Asked && !wants_alias;
            return Some(if is_cname { Target::Cname } else { Target::Alias });
        };
        let (mut given, mut names) = (Given::default(), BTreeSet::new());
        for one in list.split(',').filter(|one| !one.is_empty()) {
            match one.strip_suffix('.').unwrap_or(one).parse() {
                Ok(address) if !filter.takes_target(address) => {}
                Ok(IpAddr::V4(address)) => _ = given.ipv4.insert(address),
                Ok(IpAddr::V6(address)) => _ = given.ipv6.insert(address),
                Err(_) if !filter.takes_names() => {}
                Err(_) => {
                    names.insert(one.strip_suffix('.').unwrap_or(one).to_lowercase());
                }
            }
        }
        if names.len() > 1 || !names.iter().all(|name| is_name(name)) {
            self.stay("target", "addresses, and one name such as lb.example.net at most");
            return None;
        }
        if let Some(name) = names.pop_first() {
            let theirs = endpoint::hosted_zone(&name);
            let is_alias = match alias_use {
                AliasUse::Always => true,
                AliasUse::Possible => wants_alias || theirs.is_some(),
                AliasUse::Asked => wants_alias,
            };
            let said = self.filled("aws-target-hosted-zone").map(zone_id);
            let zone = said.or(theirs.map(AwsId::new));
            let has_addresses = !(given.ipv4.is_empty() && given.ipv6.is_empty());
            if has_addresses && !is_alias {
                // A CNAME record stands beside nothing, so addresses come first (external-dns).
                let texts = [
                    format!("{name} beside addresses"),
                    "addresses, or one name".to_owned(),
                    "the names lead to the addresses only".to_owned(),
                ];
                let code = (Code::InvalidAnnotation, Severity::Note);
                self.problem(code, self.field("target"), texts);
                return Some(Target::Given(given));
            }
            given.name = Some(if is_alias {
                GivenName::Alias { name, zone }
            } else {
                GivenName::Cname(name)
            });
        }
        Some(Target::Given(given))
    }
}

fn zone_id(text: &str) -> AwsId {
    AwsId::new(text.strip_prefix(ZONE_PREFIX).unwrap_or(text))
}

/// Whether names lead to addresses and nothing else.
fn is_of_addresses(target: &Target) -> bool {
    match target {
        Target::Alias | Target::Cname => false,
        Target::Given(given) => match given.name {
            Some(GivenName::Alias { .. }) => false,
            Some(GivenName::Cname(_)) => !(given.ipv4.is_empty() && given.ipv6.is_empty()),
            None => true,
        },
    }
}

/// Whether a target can be a name.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let of_label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.len() <= super::LABEL_LENGTH_MAX && label.chars().all(of_label)
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    // What ends with digits is an address that is written wrongly.
    text.contains('.')
        && text.len() <= super::NAME_LENGTH_MAX
        && text.split('.').all(is_label)
        && !last.chars().all(|c| c.is_ascii_digit())
}
