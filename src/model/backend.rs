//! Backends: what a member sends requests to, as it writes it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use smol_str::{SmolStr, format_smolstr};

use super::id::ObjectKey;
use super::port::PortRef;
use super::source::Source;

/// What the name of a Service comes after in the spelling of what members share: no member's name
/// begins so.
const SHARED: char = '@';

/// A Service's port as one member writes it: what a target group is made for. Members of classes of
/// ours may share one: those of the Service's namespace who want the same of it.
///
/// Two that are spelled alike are one, and come in the order of their spelling: what was made for
/// them is found again by that alone.
#[derive(Clone, Debug)]
pub struct BackendKey {
    owner: Source,
    service: SmolStr,
    port: PortRef,
    /// `<namespace>/<owner>-<service>:<port>`, which is LBC's and the value of the resource tag.
    spelled: SmolStr,
}

impl BackendKey {
    /// The backend of a member.
    #[must_use]
    pub fn new(owner: Source, service: impl Into<SmolStr>, port: PortRef) -> Self {
        let service = service.into();
        let spelled = format_smolstr!("{owner}-{service}:{port}");
        Self { owner, service, port, spelled }
    }

    /// The backend that a member shares with others of its namespace who want the same of it;
    /// `configuration` stands for what that is.
    #[must_use]
    pub fn shared(
        owner: Source,
        service: impl Into<SmolStr>,
        port: PortRef,
        configuration: &str,
    ) -> Self {
        let (service, namespace) = (service.into(), owner.namespace());
        let spelled =
            format_smolstr!("{namespace}/{SHARED}{service}:{port}{SHARED}{configuration}");
        Self { owner, service, port, spelled }
    }

    /// Whether members may share what is spelled so.
    #[must_use]
    pub fn is_shared(spelled: &str) -> bool {
        spelled.split_once('/').is_some_and(|(_, rest)| rest.starts_with(SHARED))
    }

    /// Reads the spelling of a member's backend, which others may share. `None` where it is another
    /// member's, or that of something else.
    #[must_use]
    pub fn of(owner: &Source, spelled: &str) -> Option<Self> {
        let rest = spelled.strip_prefix(owner.namespace())?.strip_prefix('/')?;
        if let Some(rest) = rest.strip_prefix(SHARED) {
            let (service, rest) = rest.split_once(':')?;
            let (port, configuration) = rest.split_once(SHARED)?;
            return Some(Self::shared(owner.clone(), service, port_of(port), configuration));
        }
        let rest = rest.strip_prefix(owner.key.name.as_str())?.strip_prefix('-')?;
        // Neither a Service's name nor that of a port holds a colon.
        let (service, port) = rest.split_once(':')?;
        Some(Self::new(owner.clone(), service, port_of(port)))
    }

    /// Reads a spelling without knowing whose it is: names may hold hyphens, and so the owner's
    /// name, taken for the shortest that it may be, is a guess.
    #[must_use]
    pub fn guessed(spelled: &str) -> Option<Self> {
        let (namespace, rest) = spelled.split_once('/')?;
        let (name, _) = if Self::is_shared(spelled) { ("", rest) } else { rest.split_once('-')? };
        Self::of(&Source::ingress(ObjectKey::new(namespace, name)), spelled)
    }

    /// The namespace of whoever owns what is spelled so.
    #[must_use]
    pub fn namespace_in(spelled: &str) -> Option<&str> {
        spelled.split_once('/').map(|(namespace, _)| namespace)
    }

    /// The member.
    #[must_use]
    pub fn owner(&self) -> &Source {
        &self.owner
    }

    /// The Service's name; it is in the member's namespace.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The Service's port, as the member writes it.
    #[must_use]
    pub fn port(&self) -> &PortRef {
        &self.port
    }

    /// How it is spelled in the tag `ingress.k8s.aws/resource`.
    #[must_use]
    pub fn spelled(&self) -> &SmolStr {
        &self.spelled
    }
}

/// A port that is spelled in digits is a number: the name of one has a letter (RFC 6335).
fn port_of(text: &str) -> PortRef {
    text.parse().map_or_else(|_| PortRef::Name(text.to_owned()), PortRef::Number)
}

impl fmt::Display for BackendKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

impl PartialEq for BackendKey {
    fn eq(&self, other: &Self) -> bool {
        self.spelled == other.spelled
    }
}

impl Eq for BackendKey {}

impl PartialOrd for BackendKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BackendKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.spelled.cmp(&other.spelled)
    }
}

impl Hash for BackendKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spelled.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Source {
        Source::ingress(ObjectKey::new("shop", name))
    }

    #[test]
    fn what_is_spelled_is_read_again_by_whoever_knows_whose_it_is() {
        for port in [PortRef::Number(80), PortRef::Name("http".to_owned())] {
            let key = BackendKey::new(owner("web-b"), "cart-c", port.clone());
            assert_eq!(key.to_string(), format!("shop/web-b-cart-c:{port}"));
            let read = BackendKey::of(&owner("web-b"), key.spelled()).expect("it is one");
            assert_eq!((read.owner(), read.service()), (key.owner(), key.service()));
            assert_eq!(*read.port(), port);
            assert_eq!(BackendKey::of(&owner("other"), key.spelled()), None);
        }
    }

    #[test]
    fn what_members_share_is_read_by_each_of_its_namespace() {
        let port = PortRef::Name("http".to_owned());
        let key = BackendKey::shared(owner("web"), "cart-c", port, "0a1b2c");
        assert_eq!(key.to_string(), "shop/@cart-c:http@0a1b2c");
        let other = BackendKey::of(&owner("other"), key.spelled()).expect("it may be its own");
        assert_eq!((&other, other.service()), (&key, "cart-c"));
        assert_eq!(other.owner(), &owner("other"));
        let stranger = Source::ingress(ObjectKey::new("bank", "web"));
        assert_eq!(BackendKey::of(&stranger, key.spelled()), None);
        assert_eq!(BackendKey::guessed(key.spelled()), Some(key.clone()));
        assert!(BackendKey::is_shared(key.spelled()));
        assert!(!BackendKey::is_shared("shop/web-cart@x:80"));
    }

    #[test]
    fn the_order_is_that_of_the_spelling() {
        let all = [("a", "b-c", "1"), ("a-b", "c", "1"), ("a-b", "c", "x"), ("a.b", "c", "1")];
        let keys = all.map(|(name, service, port)| {
            BackendKey::new(owner(name), service, PortRef::Name(port.to_owned()))
        });
        for one in &keys {
            for other in &keys {
                assert_eq!(one.cmp(other), one.to_string().cmp(&other.to_string()));
                assert_eq!(one == other, one.to_string() == other.to_string());
            }
        }
    }
}
