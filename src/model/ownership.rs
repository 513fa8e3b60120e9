//! Whose a record is: the TXT records beside it. FROZEN: external-dns's own format, so that it can
//! be taken over from and gone back to.

use std::borrow::Cow;
use std::fmt;

use super::id::ObjectKey;
use super::record::{RecordType, is_within};
use super::source::{Source, SourceKind};

mod cipher;

pub use cipher::TxtCipher;

/// What every value begins with.
const HERITAGE: &str = "heritage=external-dns";
/// The label of external-dns before 0.16, which made AAAA records only for load balancers with IPv6
/// addresses. Later versions keep it as it stands.
const DUALSTACK: &str = "external-dns/dualstack=true";
const OWNER: &str = "external-dns/owner=";
const RESOURCE: &str = "external-dns/resource=";
/// The owner id that external-dns has where nobody gives it one, and that of all clusters then.
pub const OWNER_DEFAULT: &str = "default";
/// How long an answer with a TXT record may be kept, in seconds (external-dns).
pub const TTL: i64 = 300;
/// The most characters of one string of a TXT record (RFC 1035).
pub const VALUE_LENGTH_MAX: usize = 255;
/// The most characters of one label of a name (RFC 1035).
pub const LABEL_LENGTH_MAX: usize = 63;
/// What TXT records speak of. A type that another one begins with comes after it.
const TYPES: [RecordType; 3] = [RecordType::Aaaa, RecordType::A, RecordType::Cname];
/// What stands for an apex: in front of the zone's own name there is no label that a type could be
/// added to, and external-dns's name for it lies outside of the zone.
const APEX: &str = "_apex";
/// What stands in affixes for the type of the record (external-dns).
pub const TEMPLATE: &str = "%{record_type}";

/// The kind of an object as values have it.
fn kind(source: &Source) -> &'static str {
    match source.kind {
        SourceKind::Ingress => "ingress",
    }
}

/// What the name of a TXT record that speaks of a record of a type begins with, where nobody says
/// otherwise.
#[must_use]
pub fn start(record_type: RecordType) -> &'static str {
    match record_type {
        RecordType::A => "a-",
        RecordType::Aaaa => "aaaa-",
        RecordType::Cname => "cname-",
        RecordType::Txt => "txt-",
    }
}

/// A type as names of TXT records have it.
fn shown(record_type: RecordType) -> &'static str {
    start(record_type).trim_end_matches('-')
}

/// An affix, with a type as names have it.
fn affix<'t>(text: &'t str, shown: &str) -> Cow<'t, str> {
    if text.contains(TEMPLATE) { text.replace(TEMPLATE, shown).into() } else { text.into() }
}

/// Whose a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The controller, or whoever has the same id.
    pub owner: String,
    /// The object that the record is for, as `<kind>/<namespace>/<name>`.
    pub resource: String,
    /// Whether the record was made because the load balancer has IPv6 addresses. Present versions
    /// of external-dns make AAAA records for all, and do not say so.
    pub is_dualstack: bool,
}

impl Ownership {
    /// That of a record which somebody asks for.
    #[must_use]
    pub fn of(owner: &str, source: &Source) -> Self {
        let resource = format!("{}/{source}", kind(source));
        Self { owner: owner.to_owned(), resource, is_dualstack: false }
    }

    /// Whether the value of a TXT record is plainly what is written of a record that somebody asks
    /// for. What says the same with more words has to be read.
    #[must_use]
    pub fn is_written(value: &str, owner: &str, source: &Source) -> bool {
        let rest = || {
            let rest = value.trim_matches('"').strip_prefix(HERITAGE)?.strip_prefix(',')?;
            let rest = rest.strip_prefix(OWNER)?.strip_prefix(owner)?.strip_prefix(',')?;
            let rest =
                rest.strip_prefix(RESOURCE)?.strip_prefix(kind(source))?.strip_prefix('/')?;
            let rest = rest.strip_prefix(source.namespace())?.strip_prefix('/')?;
            rest.strip_prefix(source.key.name.as_str())
        };
        rest().is_some_and(str::is_empty)
    }

    /// Reads the value of a TXT record, with or without its quotes. None where it says nothing of
    /// the kind.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.trim_matches('"').split(',');
        let (owner, resource) = (String::new(), String::new());
        let mut found = Self { owner, resource, is_dualstack: false };
        let mut has_heritage = false;
        parts.by_ref().for_each(|part| {
            has_heritage |= part == HERITAGE;
            found.is_dualstack |= part == DUALSTACK;
            if let Some(owner) = part.strip_prefix(OWNER) {
                owner.clone_into(&mut found.owner);
            } else if let Some(resource) = part.strip_prefix(RESOURCE) {
                resource.clone_into(&mut found.resource);
            }
        });
        has_heritage.then_some(found)
    }

    /// The object that the record is for, if it is of a kind that is known here.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        let (kind, rest) = self.resource.split_once('/')?;
        let (namespace, name) = rest.split_once('/')?;
        let key = ObjectKey::new(namespace, name);
        match kind {
            "ingress" => Some(Source::ingress(key)),
            _ => None,
        }
    }
}

impl fmt::Display for Ownership {
    /// As the value of a TXT record, in its quotes; labels come in alphabetical order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, resource, is_dualstack } = self;
        let dualstack = if *is_dualstack { format!(",{DUALSTACK}") } else { String::new() };
        write!(f, "\"{HERITAGE}{dualstack},{OWNER}{owner},{RESOURCE}{resource}\"")
    }
}

/// What TXT records are named, where somebody changes that (external-dns's `--txt-prefix`,
/// `--txt-suffix` and `--txt-wildcard-replacement`). Names are external-dns's, but where those lie
/// outside of the zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxtNames {
    /// What comes before the first label.
    pub prefix: String,
    /// What comes after the first label.
    pub suffix: String,
    /// What stands for the first label where it is `*`.
    pub wildcard: Option<String>,
}

impl TxtNames {
    /// The name of the TXT record that says whose the record of a host and type is.
    #[must_use]
    pub fn name(&self, zone: &str, host: &str, record_type: RecordType) -> String {
        let name = self.external(host, Some(record_type));
        if is_within(&name, zone) {
            name
        } else {
            self.external(&format!("{APEX}.{host}"), Some(record_type))
        }
    }

    /// The name that external-dns has for it; without a type the one that it had before 0.12.
    fn external(&self, host: &str, record_type: Option<RecordType>) -> String {
        let (first, rest) = host.split_once('.').unwrap_or((host, ""));
        let first = match &self.wildcard {
            Some(replacement) if first == "*" => replacement,
            Some(_) | None => first,
        };
        let shown = record_type.map(shown).unwrap_or_default();
        let typed = record_type.filter(|_| !self.has_template()).map(start).unwrap_or_default();
        let (prefix, suffix) = (affix(&self.prefix, shown), affix(&self.suffix, shown));
        let dot = if rest.is_empty() { "" } else { "." };
        [&prefix, typed, first, &suffix, dot, rest].concat()
    }

    /// How many characters longer than the first label of a host the label is that it becomes.
    #[must_use]
    pub fn label_growth(&self, record_type: RecordType) -> usize {
        let name = self.external("x", Some(record_type));
        let longest = name.split('.').find(|label| label.contains('x')).unwrap_or_default();
        longest.len() - "x".len()
    }

    fn has_template(&self) -> bool {
        self.prefix.contains(TEMPLATE) || self.suffix.contains(TEMPLATE)
    }

    /// The host and type whose record a TXT record of this name speaks of, if its name says a type:
    /// the inverse of [`TxtNames::name`].
    #[must_use]
    pub fn subject(&self, zone: &str, name: &str) -> Option<(String, RecordType)> {
        TYPES.into_iter().find_map(|record_type| {
            let shown = shown(record_type);
            let rest = name.strip_prefix(&*affix(&self.prefix, shown))?;
            let typed = if self.has_template() { "" } else { start(record_type) };
            let rest = rest.strip_prefix(typed)?;
            let suffix = affix(&self.suffix, shown);
            let (first, rest) = rest.split_once(&format!("{suffix}."))?;
            let first = if self.wildcard.as_deref() == Some(first) { "*" } else { first };
            let host = match first {
                APEX if is_within(rest, zone) => rest.to_owned(),
                _ => format!("{first}.{rest}"),
            };
            (self.name(zone, &host, record_type) == name).then_some((host, record_type))
        })
    }

    /// The names of the TXT records that may say whose the record of a host and type is; the first
    /// one that is there counts. After the present form come those of external-dns before 0.22 (an
    /// alias was called a CNAME) and before 0.12 (the host's own name, but never for AAAA). Each is
    /// made when it is asked for.
    pub fn all(
        &self,
        zone: &str,
        host: &str,
        record_type: RecordType,
    ) -> impl Iterator<Item = String> {
        let before = (record_type == RecordType::A).then_some(RecordType::Cname);
        let typed = std::iter::once(record_type).chain(before);
        let bare = (record_type != RecordType::Aaaa).then_some(host);
        let bare = bare.into_iter().filter_map(|host| self.bare(zone, host));
        typed.map(move |one| self.name(zone, host, one)).chain(bare)
    }

    /// The names of the TXT records that may say whose any record of a host is.
    pub fn about(&self, zone: &str, host: &str) -> impl Iterator<Item = String> {
        // Those of a CNAME record are among those of an A record.
        [RecordType::Aaaa, RecordType::A].into_iter().flat_map(move |one| self.all(zone, host, one))
    }

    /// The name without a type, if there is one.
    fn bare(&self, zone: &str, host: &str) -> Option<String> {
        let name = self.external(host, None);
        // What stands at `a-web.example.com` speaks of `web.example.com`, whatever else may be
        // there.
        let speaks_of_another = TYPES.iter().any(|one| name.starts_with(start(*one)));
        (!speaks_of_another && is_within(&name, zone)).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn web() -> Source {
        Source::ingress(ObjectKey::new("default", "web"))
    }

    #[test]
    fn values_are_external_dns_s_own() {
        let ownership = Ownership::of("default", &web());
        let value = "\"heritage=external-dns,external-dns/owner=default,\
                     external-dns/resource=ingress/default/web\"";
        assert_eq!(ownership.to_string(), value);
        assert_eq!(Ownership::parse(value), Some(ownership.clone()));
        assert_eq!(ownership.source(), Some(web()));
    }

    #[test]
    fn what_others_write_is_read_as_far_as_it_goes() {
        let read = |value: &str| Ownership::parse(value).map(|found| found.owner);
        let older = "\"heritage=external-dns,external-dns/dualstack=true,external-dns/owner=x\"";
        assert_eq!(read(older), Some("x".to_owned()));
        assert_eq!(read("\"heritage=other-tool,external-dns/owner=default\""), None);
        assert_eq!(read("\"v=spf1 -all\""), None);
        assert_eq!(read("\"heritage=external-dns\""), Some(String::new()));
    }

    #[test]
    fn a_record_of_a_dualstack_load_balancer_says_so_as_external_dns_did() {
        let value = "\"heritage=external-dns,external-dns/dualstack=true,\
                     external-dns/owner=default,external-dns/resource=ingress/default/web\"";
        let ownership = Ownership::parse(value).expect("it is one");
        assert!(ownership.is_dualstack);
        assert_eq!(ownership.to_string(), value);
    }

    #[test]
    fn the_name_of_a_txt_record_leads_back_to_its_subject() {
        let (names, zone) = (TxtNames::default(), "example.com");
        for host in ["web.example.com", "*.w.example.com", "example.com", "a-web.example.com"] {
            for record_type in [RecordType::A, RecordType::Aaaa, RecordType::Cname] {
                let name = names.name(zone, host, record_type);
                assert_eq!(names.subject(zone, &name), Some((host.to_owned(), record_type)));
            }
        }
        assert_eq!(names.subject(zone, "web.example.com"), None);
    }

    #[test]
    fn names_lie_inside_the_zone() {
        let names = TxtNames::default();
        let name = |host, record_type| names.name("example.com", host, record_type);
        assert_eq!(name("web.example.com", RecordType::A), "a-web.example.com");
        assert_eq!(name("*.w.example.com", RecordType::Aaaa), "aaaa-*.w.example.com");
        assert_eq!(name("example.com", RecordType::A), "a-_apex.example.com");
    }

    #[test]
    fn the_names_about_a_host_are_those_of_its_records() {
        let affix = TxtNames { prefix: "%{record_type}-abc.".to_owned(), ..TxtNames::default() };
        let zone = "example.com";
        for names in [TxtNames::default(), affix] {
            for host in ["web.example.com", "*.w.example.com", "example.com", "a-web.example.com"] {
                let of_types = TYPES.into_iter().flat_map(|one| names.all(zone, host, one));
                let of_types: BTreeSet<String> = of_types.collect();
                let about: Vec<String> = names.about(zone, host).collect();
                assert!(about.len() >= TYPES.len(), "{about:?}");
                assert_eq!(about.iter().cloned().collect::<BTreeSet<_>>(), of_types);
                assert_eq!(about.len(), of_types.len(), "each once: {about:?}");
            }
        }
    }

    #[test]
    fn names_have_affixes_as_external_dns_puts_them() {
        let affixes = |prefix: &str, suffix: &str, wildcard: Option<&str>| TxtNames {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            wildcard: wildcard.map(str::to_owned),
        };
        let (zone, web, wildcard) = ("example.com", "web.example.com", "*.w.example.com");
        for (names, host, expected) in [
            (affixes("extdns.", "", None), web, "extdns.a-web.example.com"),
            (affixes("extdns-", "", None), wildcard, "extdns-a-*.w.example.com"),
            (affixes("extdns.", "", None), zone, "extdns.a-_apex.example.com"),
            (affixes("%{record_type}-abc.", "", None), web, "a-abc.web.example.com"),
            (affixes("%{record_type}-abc.", "", None), zone, "a-abc.example.com"),
            (affixes("", "-edns", None), web, "a-web-edns.example.com"),
            (affixes("", "-%{record_type}", None), wildcard, "*-a.w.example.com"),
            (affixes("", "-%{record_type}.x", None), web, "web-a.x.example.com"),
            (affixes("", ".%{record_type}", None), web, "web.a.example.com"),
            (affixes("", "", Some("any")), wildcard, "a-any.w.example.com"),
            (affixes("%{record_type}", "", None), web, "aweb.example.com"),
        ] {
            assert_eq!(names.name(zone, host, RecordType::A), expected);
            let subject = names.subject(zone, expected);
            let apex_inside = host == zone && !expected.contains(APEX);
            assert!(
                apex_inside || subject == Some((host.to_owned(), RecordType::A)),
                "{subject:?}"
            );
        }
    }
}
