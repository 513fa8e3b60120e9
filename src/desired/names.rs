//! The names that should lead to a load balancer: the hosts of its Ingresses, as external-dns
//! understands them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::fact::{NameWish, Names};
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, Slot};
use crate::model::marks::Labels;
use crate::model::name_filter::{Ignored, NameFilter};
use crate::model::naming::{Given, GivenName, MemberNames, Naming, Target};
use crate::model::ownership::{LABEL_LENGTH_MAX, Ownership, TxtNames, VALUE_LENGTH_MAX};
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::record::RecordType;
use crate::model::seen::Ingress;
use crate::model::selector::Selector;
use crate::model::settings::{ANNOTATION_PREFIXES, DnsScope, DnsSettings, Settings, TemplateUse};
use crate::model::snapshot::Snapshot;
use crate::model::source::{Source, SourceKind};

use super::annotations::table::DNS;
use super::classes::{class_of, has};
use super::zone::{Choice, choose};

mod naming;
mod routing;
pub mod ttl;
mod unread;

/// The value of `controller` that leaves an Ingress to us.
const CONTROLLER: &str = "dns-controller";
/// The annotations that decide which names are kept.
const DECIDING: [&str; 3] = ["controller", "hostname", "ingress-hostname-source"];
/// Those that decide what records say begin with it, but for these.
const AWS: &str = "aws-";
const SAYING: [&str; 2] = ["set-identifier", "target"];
/// What becomes of names while nobody can tell what is meant.
const STAY: &str = "the names of this Ingress stay as they are";
/// The most characters of a name (RFC 1035, without the last dot).
const NAME_LENGTH_MAX: usize = 253;
/// Whether an Ingress's names are ours to keep.
fn are_ours(snapshot: &Snapshot, ingress: &Ingress) -> bool {
    let scope = snapshot.settings.dns.scope;
    let class = class_of(&snapshot.objects, ingress);
    scope != DnsScope::Off
        && has(class, &DNS, scope == DnsScope::All)
        && is_selected(&snapshot.settings.dns.filter, ingress)
}

/// Whether an Ingress is among those whose names are meant.
fn is_selected(filter: &NameFilter, ingress: &Ingress) -> bool {
    let Ingress { metadata, .. } = ingress;
    let takes = |selector: &Option<Selector>, pairs: &Option<Labels>| {
        let value = |key: &str| pairs.as_ref()?.get(key).map(SmolStr::as_str);
        selector.as_ref().is_none_or(|selector| selector.takes(value))
    };
    takes(&filter.labels, &metadata.labels) && takes(&filter.annotations, &metadata.annotations)
}

/// Whether a group may have names: it has a member, or one that leaves, whose names are ours to
/// keep.
#[must_use]
pub fn may_stand<'m>(snapshot: &Snapshot, mut members: impl Iterator<Item = &'m Source>) -> bool {
    members.any(|member| match member.kind {
        SourceKind::Ingress => {
            let ingress = snapshot.objects.ingresses.get(&member.key);
            ingress.is_none_or(|ingress| are_ours(snapshot, ingress))
        }
    })
}

/// Whether names of an Ingress may lead to no load balancer that stands: to what it says, or to one
/// that served it and that another hand has taken away.
#[must_use]
pub fn may_lead_elsewhere(snapshot: &Snapshot, ingress: &Ingress) -> bool {
    let is_said = |prefix: &String| {
        let annotations = ingress.metadata.annotations.as_ref();
        annotations.is_some_and(|found| found.contains_key(format!("{prefix}target").as_str()))
    };
    let dns = &snapshot.settings.dns;
    let may_be = !dns.forced_targets.is_empty()
        || !ingress.status.is_empty()
        || dns.annotation_prefixes.iter().any(is_said);
    may_be && are_ours(snapshot, ingress)
}

/// Whether members wait for a hosted zone that nobody may look at: a host of one lies in it.
#[must_use]
pub fn are_unread<'m>(
    snapshot: &Snapshot,
    mut members: impl Iterator<Item = &'m Source> + Clone,
) -> bool {
    members.clone().any(|member| unread::zone_of(snapshot, member).is_some())
        && may_stand(snapshot, &mut members)
}

/// The names that an Ingress asks for. `None` where its names are not ours to keep: they stay as
/// they are.
#[must_use]
pub fn wished(
    snapshot: &Snapshot,
    source: &Source,
    ingress: &Ingress,
    problems: &mut Vec<Problem>,
) -> Option<MemberNames> {
    let settings = &snapshot.settings;
    if !are_ours(snapshot, ingress) {
        return None;
    }
    let mut asking = Asking { settings, source, ingress, problems };
    if asking.is_ambiguous() {
        return None;
    }
    if asking.value("controller").is_some_and(|value| value != CONTROLLER) {
        return None;
    }
    let hosts = asking.hosts()?;
    let naming = asking.naming()?;
    let usable = hosts
        .into_iter()
        .filter(|(host, _)| naming.target.leads_anywhere() && settings.dns.filter.keeps(host));
    let usable = usable.filter(|(host, field)| asking.is_usable(host, field, &naming));
    let hosts: BTreeSet<String> = usable.map(|(host, _)| host).collect();
    Some(MemberNames::of(hosts, naming))
}

/// One Ingress that asks for names.
struct Asking<'a> {
    settings: &'a Settings,
    source: &'a Source,
    ingress: &'a Ingress,
    problems: &'a mut Vec<Problem>,
}

impl Asking<'_> {
    /// Where an annotation stands, or would stand.
    fn field(&self, name: &str) -> String {
        let prefixes = || self.settings.dns.annotation_prefixes.iter();
        let stands = prefixes().find(|prefix| self.under(prefix, name).is_some());
        let prefix = stands.or(prefixes().next()).map_or("", String::as_str);
        format!("annotation {prefix}{name}")
    }

    fn under(&self, prefix: &str, name: &str) -> Option<&str> {
        let annotations = self.ingress.metadata.annotations.as_ref()?;
        annotations.get(format!("{prefix}{name}").as_str()).map(SmolStr::as_str)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let prefixes = &self.settings.dns.annotation_prefixes;
        prefixes.iter().find_map(|prefix| self.under(prefix, name))
    }

    /// The names of the annotations that stand under a prefix.
    fn names_under(&self, prefix: &str) -> Vec<String> {
        let annotations = self.ingress.metadata.annotations.iter().flatten();
        let names = annotations.filter_map(|(key, _)| key.strip_prefix(prefix));
        names.map(str::to_owned).collect()
    }

    fn problem(&mut self, (code, severity): (Code, Severity), field: String, texts: [String; 3]) {
        let [found, allowed, meanwhile] = texts;
        let object = ObjectRef::of(self.source);
        self.problems.push(Problem { code, severity, object, field, found, allowed, meanwhile });
    }

    /// Whether nobody can tell what is meant: something is said under a prefix that is not read, or
    /// something else under each of those that are.
    fn is_ambiguous(&mut self) -> bool {
        let read = self.settings.dns.annotation_prefixes.clone();
        // Who gives a prefix of his own has several controllers, each with its names.
        let is_read = |known: &&&str| read.iter().any(|prefix| prefix == **known);
        let is_known = ANNOTATION_PREFIXES.iter().any(|known| is_read(&known));
        let unread = ANNOTATION_PREFIXES.iter().filter(|known| is_known && !is_read(known));
        let mut wrong = Vec::new();
        for prefix in unread {
            for name in self.names_under(prefix).into_iter().filter(|name| means(name)) {
                let value = self.under(prefix, &name).unwrap_or_default();
                let found = format!("\"{value}\" under a prefix that is not read");
                let allowed = format!(
                    "the prefix {}, or to start without --annotation-prefix",
                    read.first().map_or("", String::as_str)
                );
                wrong.push((format!("annotation {prefix}{name}"), found, allowed));
            }
        }
        for prefix in read.iter().skip(1) {
            for name in self.names_under(prefix).into_iter().filter(|name| means(name)) {
                let value = self.under(prefix, &name).unwrap_or_default();
                let other = self.value(&name).unwrap_or_default();
                if value != other {
                    let found = format!("\"{value}\", and \"{other}\" in {}", self.field(&name));
                    let allowed = "the same in both, or one of them".to_owned();
                    wrong.push((format!("annotation {prefix}{name}"), found, allowed));
                }
            }
        }
        for (field, found, allowed) in &wrong {
            let texts = [found.clone(), allowed.clone(), STAY.to_owned()];
            self.problem((Code::InvalidAnnotation, Severity::Warning), field.clone(), texts);
        }
        !wrong.is_empty()
    }

    /// The hosts with the fields that name them. `None` where nobody can tell which are meant.
    fn hosts(&mut self) -> Option<BTreeMap<String, String>> {
        let source = self.value("ingress-hostname-source").map(str::to_lowercase);
        let (of_spec, of_annotation) = match source.as_deref() {
            None => (true, true),
            Some("defined-hosts-only") => (true, false),
            Some("annotation-only") => (false, true),
            Some(other) => {
                let texts = [
                    format!("\"{other}\""),
                    "defined-hosts-only or annotation-only".to_owned(),
                    STAY.to_owned(),
                ];
                let field = self.field("ingress-hostname-source");
                self.problem((Code::InvalidAnnotation, Severity::Warning), field, texts);
                return None;
            }
        };
        let mut hosts = BTreeMap::new();
        let mut add = |host: &str, field: String| {
            let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
            if !host.is_empty() {
                hosts.entry(host).or_insert(field);
            }
        };
        let ignored = &self.settings.dns.filter.ignored;
        if let Some(spec) = self.ingress.spec.as_ref().filter(|_| of_spec) {
            let rules = spec.rules.iter().filter(|_| !ignored.contains(&Ignored::Rules));
            let tls = spec.tls.iter().filter(|_| !ignored.contains(&Ignored::Tls));
            for (i, rule) in rules.flatten().enumerate() {
                add(rule.host.as_deref().unwrap_or_default(), format!("spec.rules[{i}].host"));
            }
            for (i, tls) in tls.flatten().enumerate() {
                for host in tls.hosts.iter().flatten() {
                    add(host, format!("spec.tls[{i}].hosts"));
                }
            }
        }
        let of_annotation = of_annotation && !ignored.contains(&Ignored::Annotation);
        if let Some(list) = self.value("hostname").filter(|_| of_annotation) {
            for host in list.replace(' ', "").split(',') {
                add(host, self.field("hostname"));
            }
        }
        self.templated(hosts)
    }

    /// The same with those that a template makes. `None` where it cannot make them.
    fn templated(
        &mut self,
        mut hosts: BTreeMap<String, String>,
    ) -> Option<BTreeMap<String, String>> {
        const FIELD: &str = "--fqdn-template";
        let DnsSettings { template, template_use, .. } = &self.settings.dns;
        let is_asked = hosts.is_empty() || *template_use == TemplateUse::Always;
        let Some(template) = template.as_ref().filter(|_| is_asked) else { return Some(hosts) };
        match template.names(self.ingress) {
            Ok(names) => {
                for name in names {
                    hosts.entry(name.to_lowercase()).or_insert(FIELD.to_owned());
                }
                Some(hosts)
            }
            Err(allowed) => {
                let texts = [template.text().to_owned(), allowed, STAY.to_owned()];
                self.problem((Code::InvalidName, Severity::Warning), FIELD.to_owned(), texts);
                None
            }
        }
    }

    /// Whether a host can be a name with a TXT record beside it.
    fn is_usable(&mut self, host: &str, field: &str, naming: &Naming) -> bool {
        let dns = &self.settings.dns;
        let about = record_type(naming);
        let allowed = check(host, &dns.txt_names, about).or_else(|| {
            let length = dns.txt_length(&Ownership::of(&dns.owner, self.source));
            (length > VALUE_LENGTH_MAX).then(|| {
                format!(
                    "a shorter --txt-owner-id, namespace or name of the Ingress: the TXT record \
                     with all three would be {length} characters long, and {VALUE_LENGTH_MAX} fit"
                )
            })
        });
        let Some(allowed) = allowed else { return true };
        let texts = [
            format!("\"{host}\""),
            allowed,
            "it gets no record; the other hosts are not concerned".to_owned(),
        ];
        self.problem((Code::InvalidName, Severity::Warning), field.to_owned(), texts);
        false
    }
}

/// Whether an annotation decides which names are kept, or what their records say. For how long an
/// answer may be kept does not concern aliases.
fn means(name: &str) -> bool {
    name.starts_with(AWS) || SAYING.contains(&name) || DECIDING.contains(&name)
}

/// The type of the record beside which there has to be room for a TXT record.
fn record_type(naming: &Naming) -> RecordType {
    match &naming.target {
        Target::Alias => RecordType::A,
        Target::Cname => RecordType::Cname,
        Target::Given(Given { ipv4, ipv6, name }) => match name {
            Some(GivenName::Cname(_)) if ipv4.is_empty() && ipv6.is_empty() => RecordType::Cname,
            None if ipv4.is_empty() => RecordType::Aaaa,
            Some(_) | None => RecordType::A,
        },
    }
}

/// What a host should be, where it cannot be a name.
fn check(host: &str, txt_names: &TxtNames, record_type: RecordType) -> Option<String> {
    let first = host.split('.').next().unwrap_or_default();
    let labels = host.strip_prefix("*.").unwrap_or(host).split('.');
    let room = LABEL_LENGTH_MAX.saturating_sub(txt_names.label_growth(record_type));
    let is_label = |label: &str| {
        let of_label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.len() <= LABEL_LENGTH_MAX && label.chars().all(of_label)
    };
    if !host.is_ascii() {
        Some("its ASCII form, which begins with xn--".to_owned())
    } else if first.len() > room {
        Some(format!(
            "a first label of at most {room} characters: the TXT record beside the name has more, \
             and {LABEL_LENGTH_MAX} is the limit"
        ))
    } else if host.len() > NAME_LENGTH_MAX || !labels.clone().all(is_label) || labels.count() < 2 {
        Some("a name such as www.example.com or *.example.com".to_owned())
    } else {
        None
    }
}

/// The names that should lead to a group's load balancer, and the hosts that lie in no zone.
#[must_use]
pub fn of_group<'a>(
    snapshot: &Snapshot,
    group: &Group,
    parts: impl Iterator<Item = &'a Part>,
    leaving: &[Source],
) -> (Names, Vec<Problem>) {
    let load_balancer = Id::Of(Handle::LoadBalancer(group.clone(), Slot::default()));
    let known: BTreeSet<Source> = leaving.iter().cloned().collect();
    let wished = BTreeMap::new();
    let arriving = BTreeSet::new();
    let mut names = Names { load_balancer, has_ipv6: false, wished, known, arriving };
    let mut problems = Vec::new();
    let mut parts = parts.peekable();
    if parts.peek().is_none() && may_stand(snapshot, leaving.iter()) {
        let meanwhile = "its load balancer stays until it is known that no name leads there";
        let held = leaving.iter().filter_map(|member| unread::problem(snapshot, member, meanwhile));
        problems.extend(held);
    }
    for part in parts {
        let Some(wished) = &part.names else { continue };
        names.known.insert(part.source.clone());
        if !wished.hosts.is_empty() {
            let meanwhile =
                "records stay as they are; the load balancer serves the hosts all the same";
            problems.extend(unread::problem(snapshot, &part.source, meanwhile));
        }
        for host in &wished.hosts {
            let wishes = names.wished.entry(host.clone()).or_default();
            match wishes.iter_mut().find(|wish| wish.naming == wished.naming) {
                Some(wish) => _ = wish.others.insert(part.source.clone()),
                None => wishes.push(NameWish {
                    source: part.source.clone(),
                    others: BTreeSet::new(),
                    naming: Arc::clone(&wished.naming),
                }),
            }
            let meant = wished.naming.zone.as_ref();
            problems.extend(without_zone(snapshot, &part.source, host, meant));
        }
    }
    (names, problems)
}

/// What is to be said of a host that lies in no zone, or in more than one.
fn without_zone(
    snapshot: &Snapshot,
    source: &Source,
    host: &str,
    meant: Option<&AwsId>,
) -> Option<Problem> {
    let zones = snapshot.zones.as_ref()?;
    let choose = |meant| choose(&snapshot.settings.dns, zones, host, meant);
    let (severity, found, allowed) = match (choose(meant), meant) {
        (Choice::In(_), _) => return None,
        (Choice::None, Some(meant)) => {
            let ids = match choose(None) {
                Choice::In(ids) => ids.into_iter().collect(),
                Choice::None => Vec::new(),
                Choice::Ambiguous(ids) => ids,
            };
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let ids = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
            let found = format!("{host}, which does not lie in the hosted zone {meant}");
            (Severity::Warning, found, format!("aws-hosted-zone-id to name one of these: {ids}"))
        }
        (Choice::None, None) => {
            let known: BTreeSet<&str> = zones.values().map(|zone| zone.name.as_str()).collect();
            let known: Vec<&str> = known.into_iter().collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let found = format!("{host}, which lies in no hosted zone of this account");
            (Severity::Note, found, format!("a host in one of them: {known}"))
        }
        (Choice::Ambiguous(ids), _) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let found =
                format!("{host}, for which {} public hosted zones have one name", ids.len());
            let allowed = format!("to choose with --zone-id-filter one of {}", ids.join(", "));
            (Severity::Warning, found, allowed)
        }
    };
    Some(Problem {
        code: Code::NoHostedZone,
        severity,
        object: ObjectRef::of(source),
        field: "hosts".to_owned(),
        found,
        allowed,
        meanwhile: "it gets no record; the load balancer serves it all the same".to_owned(),
    })
}
