//! Whose classes are answered, and what bears which mark for it.

use super::marks::{
    DESCRIPTION_OWN_RULE, DESCRIPTION_SHARED_RULE, FINALIZER_BINDING, FINALIZER_OWN_BINDING,
};

/// Whose classes are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// LBC's and our own.
    #[default]
    All,
    /// Our own; LBC serves its own ones, and nothing of either is the other's.
    Own,
}

impl Scope {
    /// The name that goes into names and tags: LBC takes everything under the cluster's own for
    /// its own.
    #[must_use]
    pub fn named(self, cluster: &str) -> String {
        match self {
            Self::All => cluster.to_owned(),
            Self::Own => format!("{cluster}.own"),
        }
    }

    /// The finalizer of TargetGroupBindings. LBC puts its own on all there are.
    #[must_use]
    pub fn binding_finalizer(self) -> &'static str {
        match self {
            Self::All => FINALIZER_BINDING,
            Self::Own => FINALIZER_OWN_BINDING,
        }
    }

    /// The description of the rules that are kept on node and pod security groups. LBC takes its
    /// own away where it does not want them.
    #[must_use]
    pub fn rule_description(self) -> &'static str {
        match self {
            Self::All => DESCRIPTION_SHARED_RULE,
            Self::Own => DESCRIPTION_OWN_RULE,
        }
    }
}
