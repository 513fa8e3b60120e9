//! Groups: the Ingresses that share one load balancer, and the marks by which what is theirs is
//! known again.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::ObjectKey;
use super::marks::{
    FINALIZER_EXPLICIT_PREFIX, FINALIZER_IMPLICIT, FINALIZER_OWN_EXPLICIT_PREFIX,
    FINALIZER_OWN_IMPLICIT, LABEL_STACK, LABEL_STACK_NAME, LABEL_STACK_NAMESPACE, Labels,
    TAG_CLUSTER, TAG_RESOURCE, TAG_STACK, Tags,
};
use super::scope::Scope;
use super::source::Source;

/// The identity of an Ingress group. Its text form is what LBC calls the stack id and writes into
/// tags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Group {
    /// Named by `group.name`; its members may be in any namespace.
    Explicit(SmolStr),
    /// One Ingress by itself.
    Implicit(ObjectKey),
}

/// The longest name of an explicit group (LBC: it has to fit a label value).
pub const GROUP_NAME_LENGTH_MAX: usize = 63;

/// The finalizer of an Ingress by itself, and the start of those of members of explicit groups.
fn finalizers(scope: Scope) -> (&'static str, &'static str) {
    match scope {
        Scope::All => (FINALIZER_IMPLICIT, FINALIZER_EXPLICIT_PREFIX),
        Scope::Own => (FINALIZER_OWN_IMPLICIT, FINALIZER_OWN_EXPLICIT_PREFIX),
    }
}

impl Group {
    /// Takes the name of an explicit group, or says what a name may be.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub fn explicit(name: &str) -> Result<Self, &'static str> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let outer = |c: Option<char>| c.is_some_and(|c| inner(c) && c != '-' && c != '.');
        if name.len() > GROUP_NAME_LENGTH_MAX {
            Err("at most 63 characters")
        } else if !name.chars().all(inner)
            || !outer(name.chars().next())
            || !outer(name.chars().last())
        {
            Err("lower-case letters, digits, '-' and '.', with a letter or digit at both ends")
        } else {
            Ok(Self::Explicit(name.into()))
        }
    }

    /// The finalizer that its members carry.
    #[must_use]
    pub fn finalizer(&self, scope: Scope) -> String {
        let (implicit, prefix) = finalizers(scope);
        match self {
            Self::Explicit(name) => format!("{prefix}{name}"),
            Self::Implicit(_) => implicit.to_owned(),
        }
    }

    /// The group that an object which carries a finalizer is a member of, or was.
    #[must_use]
    pub fn of_finalizer(scope: Scope, finalizer: &str, member: &Source) -> Option<Self> {
        let (implicit, prefix) = finalizers(scope);
        if finalizer == implicit {
            return Some(Self::Implicit(member.key.clone()));
        }
        let name = finalizer.strip_prefix(prefix)?;
        Some(Self::Explicit(name.into()))
    }

    /// Whether a finalizer is that of a group, whichever.
    #[must_use]
    pub fn is_finalizer(scope: Scope, finalizer: &str) -> bool {
        let (implicit, prefix) = finalizers(scope);
        finalizer == implicit || finalizer.starts_with(prefix)
    }

    /// The labels of its TargetGroupBindings.
    #[must_use]
    pub fn labels(&self) -> Labels {
        let pairs = match self {
            Self::Explicit(name) => vec![(LABEL_STACK, name)],
            Self::Implicit(ingress) => {
                vec![(LABEL_STACK_NAMESPACE, &ingress.namespace), (LABEL_STACK_NAME, &ingress.name)]
            }
        };
        pairs.into_iter().map(|(key, value)| (SmolStr::new_static(key), value.clone())).collect()
    }

    /// The group that a TargetGroupBinding with these labels was made for.
    #[must_use]
    pub fn of_labels(labels: &Labels) -> Option<Self> {
        let label = |name| labels.get(name).cloned();
        if let Some(name) = label(LABEL_STACK) {
            return Some(Self::Explicit(name));
        }
        let namespace = label(LABEL_STACK_NAMESPACE)?;
        Some(Self::Implicit(ObjectKey::new(namespace, label(LABEL_STACK_NAME)?)))
    }

    /// The tags by which a thing of the group is found again; `resource` is what it is to the
    /// group.
    #[must_use]
    pub fn tags(&self, cluster: &str, resource: &str) -> Tags {
        let stack = self.to_string();
        let pairs = [(TAG_CLUSTER, cluster), (TAG_STACK, &stack), (TAG_RESOURCE, resource)];
        pairs.into_iter().map(|(key, value)| (SmolStr::new_static(key), value)).collect()
    }

    /// The group that a tag spells: one Ingress has a slash in it, and a name has none.
    #[must_use]
    pub fn spelled(stack: &str) -> Self {
        match stack.split_once('/') {
            Some((namespace, name)) => Self::Implicit(ObjectKey::new(namespace, name)),
            None => Self::Explicit(stack.into()),
        }
    }

    /// The group that a thing with these tags belongs to, as they spell it.
    #[must_use]
    pub fn in_tags(tags: &Tags) -> Option<&SmolStr> {
        tags.get(TAG_STACK)
    }

    /// What a thing with these tags is to its group.
    #[must_use]
    pub fn resource_in(tags: &Tags) -> Option<&SmolStr> {
        tags.get(TAG_RESOURCE)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit(name) => f.write_str(name),
            Self::Implicit(ingress) => ingress.fmt(f),
        }
    }
}
