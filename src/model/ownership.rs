//! Whose a record is: the TXT records beside it. FROZEN: external-dns's own format, so that it can
//! be taken over from and gone back to.

use std::fmt;

use super::id::ObjectKey;
use super::record::RecordType;
use super::source::{Source, SourceKind};

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
/// What the names of TXT records begin with.
const TYPE_PREFIXES: [&str; 3] = ["a-", "aaaa-", "cname-"];
/// What stands for an apex: in front of the zone's own name there is no label that a type could be
/// added to, and external-dns's name for it lies outside of the zone.
const APEX: &str = "_apex";

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
        let kind = match source.kind {
            SourceKind::Ingress => "ingress",
        };
        let resource = format!("{kind}/{source}");
        Self { owner: owner.to_owned(), resource, is_dualstack: false }
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

/// The name of the TXT record that says whose the record of a host and type is.
#[must_use]
pub fn txt_name(zone: &str, host: &str, record_type: RecordType) -> String {
    let prefix = record_type.as_str().to_lowercase();
    if host == zone { format!("{prefix}-{APEX}.{zone}") } else { format!("{prefix}-{host}") }
}

/// The host and type whose record a TXT record of this name speaks of, if its name begins with a
/// type: the inverse of [`txt_name`].
#[must_use]
pub fn txt_subject<'a>(zone: &'a str, name: &'a str) -> Option<(&'a str, RecordType)> {
    [RecordType::A, RecordType::Aaaa, RecordType::Cname].into_iter().find_map(|record_type| {
        let prefix = record_type.as_str().to_lowercase();
        let host = name.strip_prefix(&prefix)?.strip_prefix('-')?;
        let is_apex = host.strip_prefix(APEX).and_then(|rest| rest.strip_prefix('.')) == Some(zone);
        Some((if is_apex { zone } else { host }, record_type))
    })
}

/// The names of the TXT records that may say whose the record of a host and type is; the first one
/// that is there counts. After the present form come those of external-dns before 0.22 (an alias
/// was called a CNAME) and before 0.12 (the host's own name, but never for AAAA).
#[must_use]
pub fn txt_names(zone: &str, host: &str, record_type: RecordType) -> Vec<String> {
    let mut names = vec![txt_name(zone, host, record_type)];
    if record_type == RecordType::A {
        names.push(txt_name(zone, host, RecordType::Cname));
    }
    // What stands at `a-web.example.com` speaks of `web.example.com`, whatever else may be there.
    let speaks_of_another = TYPE_PREFIXES.iter().any(|prefix| host.starts_with(prefix));
    if record_type != RecordType::Aaaa && !speaks_of_another {
        names.push(host.to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
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
        let zone = "example.com";
        for host in ["web.example.com", "*.w.example.com", "example.com", "a-web.example.com"] {
            for record_type in [RecordType::A, RecordType::Aaaa, RecordType::Cname] {
                let name = txt_name(zone, host, record_type);
                assert_eq!(txt_subject(zone, &name), Some((host, record_type)));
            }
        }
        assert_eq!(txt_subject(zone, "web.example.com"), None);
    }

    #[test]
    fn names_lie_inside_the_zone() {
        let name = |host, record_type| txt_name("example.com", host, record_type);
        assert_eq!(name("web.example.com", RecordType::A), "a-web.example.com");
        assert_eq!(name("*.w.example.com", RecordType::Aaaa), "aaaa-*.w.example.com");
        assert_eq!(name("example.com", RecordType::A), "a-_apex.example.com");
    }
}
