//! Flags that decide which names are kept, in which zones, and whose: external-dns's.

use std::collections::BTreeSet;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::spelling::boolean;
use crate::model::name_filter::{Ignored, NameFilter, Pattern, ZoneKind};
use crate::model::record::RecordType;
use crate::model::selector::{Requirement, Selector};
use crate::model::surroundings::Cidr;

/// The types of records that external-dns knows besides those that Ingresses have.
const OTHER_TYPES: [&str; 7] = ["NS", "MX", "PTR", "SRV", "NAPTR", "TXT", "DNAME"];

/// Flags that decide which names are kept, in which zones, and whose.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the switches of a command line")]
pub struct DnsFilterFlags {
    /// Keep names in these domains only; one that begins with a dot does not mean the domain
    /// itself. May be repeated.
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub domain_filter: Vec<String>,
    /// Keep none in these domains, likewise. May be repeated.
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub exclude_domains: Vec<String>,
    /// Keep names that match only, whatever --domain-filter and --exclude-domains say.
    #[arg(long, value_name = "REGEX", value_parser = Pattern::new)]
    pub regex_domain_filter: Option<Pattern>,
    /// Keep none that match, likewise.
    #[arg(long, value_name = "REGEX", value_parser = Pattern::new)]
    pub regex_domain_exclusion: Option<Pattern>,
    /// Use only the hosted zones whose ids end with this. May be repeated.
    #[arg(long, value_name = "ID")]
    pub zone_id_filter: Vec<String>,
    /// Use only public or only private hosted zones.
    #[arg(long, value_name = "TYPE", value_parser = PossibleValuesParser::new(["", "public", "private"]))]
    pub aws_zone_type: Option<String>,
    /// Use only the hosted zones that have this tag, with this value if one is given. May be
    /// repeated: then all of them.
    #[arg(long, value_name = "KEY[=VALUE]", value_parser = zone_tag)]
    pub aws_zone_tags: Vec<ZoneTag>,
    /// Use hosted zones, too, that the domains of --domain-filter lie in.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub aws_zone_match_parent: bool,
    /// Look at records of these types only; Ingresses have A, AAAA and CNAME. May be repeated.
    #[arg(long, value_name = "TYPE", value_parser = record_type)]
    pub managed_record_types: Vec<ManagedType>,
    /// Look at no records of these types. May be repeated.
    #[arg(long, value_name = "TYPE", value_parser = record_type)]
    pub exclude_record_types: Vec<ManagedType>,
    /// Keep names of Ingresses with these labels only, as kubectl selects them.
    #[arg(long, value_name = "SELECTOR", value_parser = selector)]
    pub label_filter: Option<Selector>,
    /// Keep names of Ingresses with these annotations only, likewise.
    #[arg(long, value_name = "SELECTOR", value_parser = selector)]
    pub annotation_filter: Option<Selector>,
    /// Lead names only to addresses in these networks, and to no names; what leads nowhere then
    /// gets no record. May be repeated.
    #[arg(long, value_name = "CIDR", value_parser = net)]
    pub target_net_filter: Vec<TargetNet>,
    /// Lead names to no addresses in these. May be repeated.
    #[arg(long, value_name = "CIDR", value_parser = net)]
    pub exclude_target_net: Vec<TargetNet>,
    /// Take no hosts of spec.rules for names.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub ignore_ingress_rules_spec: bool,
    /// Take no hosts of spec.tls for names.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub ignore_ingress_tls_spec: bool,
    /// Take no hosts of the annotation hostname for names; --fqdn-template makes them then.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub ignore_hostname_annotation: bool,
}

/// A network, or none where a value is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetNet(Option<Cidr>);

/// A tag of hosted zones, with its value if that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneTag(Option<(String, Option<String>)>);

/// A type of records; of those that Ingresses do not have it makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagedType(Option<RecordType>);

impl DnsFilterFlags {
    pub(super) fn filter(&self) -> NameFilter {
        let all = NameFilter::default().record_types;
        let given = |types: &[ManagedType]| -> BTreeSet<RecordType> {
            types.iter().filter_map(|one| one.0).collect()
        };
        let managed = given(&self.managed_record_types);
        let managed = if self.managed_record_types.is_empty() { all } else { managed };
        let parts = [
            (self.ignore_ingress_rules_spec, Ignored::Rules),
            (self.ignore_ingress_tls_spec, Ignored::Tls),
            (self.ignore_hostname_annotation, Ignored::Annotation),
        ];
        NameFilter {
            domains: self.domain_filter.clone(),
            excluded_domains: self.exclude_domains.clone(),
            pattern: self.regex_domain_filter.clone(),
            excluded_pattern: self.regex_domain_exclusion.clone(),
            zone_ids: self.zone_id_filter.clone(),
            zone_kind: match self.aws_zone_type.as_deref() {
                Some("public") => Some(ZoneKind::Public),
                Some("private") => Some(ZoneKind::Private),
                Some(_) | None => None,
            },
            matches_parent: self.aws_zone_match_parent,
            zone_tags: self.aws_zone_tags.iter().filter_map(|tag| tag.0.clone()).collect(),
            record_types: &managed - &given(&self.exclude_record_types),
            labels: self.label_filter.clone(),
            annotations: self.annotation_filter.clone(),
            target_nets: self.target_net_filter.iter().filter_map(|net| net.0).collect(),
            excluded_target_nets: self.exclude_target_net.iter().filter_map(|net| net.0).collect(),
            ignored: parts.into_iter().filter(|(is_on, _)| *is_on).map(|(_, part)| part).collect(),
        }
    }
}

/// A domain in the one spelling that is used: lower case, without the last dot.
fn domain(text: &str) -> Result<String, String> {
    let domain = text.trim().strip_suffix('.').unwrap_or(text.trim()).to_lowercase();
    let labels = domain.strip_prefix('.').unwrap_or(&domain);
    if labels.is_empty() || labels.split('.').any(str::is_empty) {
        return Err("expected a domain such as example.com or .example.com".to_owned());
    }
    Ok(domain)
}

fn net(text: &str) -> Result<TargetNet, String> {
    let text = text.trim();
    let net = Cidr::parse(text);
    if net.is_none() && !text.is_empty() {
        return Err("expected a network such as 10.0.0.0/8 or 2001:db8::/32".to_owned());
    }
    Ok(TargetNet(net))
}

/// A tag as `key` or `key=value`. An empty one is none, and an empty value any (external-dns).
fn zone_tag(text: &str) -> Result<ZoneTag, String> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    let (key, value) = (key.trim(), value.trim());
    match (key.is_empty(), text.is_empty()) {
        (false, _) => {
            let value = (!value.is_empty()).then(|| value.to_owned());
            Ok(ZoneTag(Some((key.to_owned(), value))))
        }
        (true, true) => Ok(ZoneTag(None)),
        (true, false) => Err("expected a tag such as team=web or team".to_owned()),
    }
}

fn record_type(text: &str) -> Result<ManagedType, String> {
    let upper = text.to_uppercase();
    Ok(ManagedType(match upper.as_str() {
        "A" => Some(RecordType::A),
        "AAAA" => Some(RecordType::Aaaa),
        "CNAME" => Some(RecordType::Cname),
        other if OTHER_TYPES.contains(&other) => None,
        _ => return Err(format!("expected A, AAAA, CNAME or one of {}", OTHER_TYPES.join(", "))),
    }))
}

/// What kubectl's `--selector` takes: `a=b, a!=b, a in (b, c), a notin (b), a, !a`, with commas
/// between them.
fn selector(text: &str) -> Result<Selector, String> {
    let mut found = Selector::default();
    let mut depth = 0_usize;
    let pieces = text.split(|c: char| {
        depth = match c {
            '(' => depth + 1,
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        c == ',' && depth == 0
    });
    for piece in pieces.map(str::trim).filter(|piece| !piece.is_empty()) {
        let wrong =
            || format!("expected requirements such as a=b, a in (b,c) or !a, not \"{piece}\"");
        found.match_expressions.push(requirement(piece).ok_or_else(wrong)?);
    }
    Ok(found)
}

fn requirement(piece: &str) -> Option<Requirement> {
    let is_word = |word: &str| {
        let of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        !word.is_empty() && word.chars().all(of_word)
    };
    let built = |key: &str, operator: &str, values: Vec<&str>| {
        let values = values.into_iter().map(Into::into).collect();
        is_word(key).then(|| Requirement { key: key.into(), operator: operator.into(), values })
    };
    for (sign, operator) in [("!=", "NotIn"), ("==", "In"), ("=", "In")] {
        if let Some((key, value)) = piece.split_once(sign) {
            return built(key.trim(), operator, vec![value.trim()]);
        }
    }
    if let Some(key) = piece.strip_prefix('!') {
        return built(key.trim(), "DoesNotExist", Vec::new());
    }
    let Some((head, list)) = piece.split_once('(') else {
        return built(piece, "Exists", Vec::new());
    };
    let values = list.strip_suffix(')')?.split(',').map(str::trim).collect();
    match head.split_whitespace().collect::<Vec<_>>()[..] {
        [key, "in"] => built(key, "In", values),
        [key, "notin"] => built(key, "NotIn", values),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_read_as_kubectl_reads_it() {
        let takes = |text: &str, labels: &[(&str, &'static str)]| {
            let value = |key: &str| labels.iter().find(|(known, _)| *known == key).map(|(_, v)| *v);
            selector(text).expect("it is one").takes(value)
        };
        let labels = [("app", "web"), ("tier", "front")];
        for (text, is_taken) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app in (api, web), tier", true),
            ("app notin (web)", false),
            ("!app", false),
            ("other!=x", true),
            ("other=x", false),
        ] {
            assert_eq!(takes(text, &labels), is_taken, "{text}");
        }
        for wrong in ["app in web", "a b", "=x", "app in (web"] {
            assert!(selector(wrong).is_err(), "{wrong}");
        }
    }
}
