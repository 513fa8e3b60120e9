//! How AWS names things.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An identifier that AWS gave: an ARN, or an id such as `sg-0a…` or `subnet-0b…`. Clones share
/// their text: much refers to the same few long ARNs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AwsId(Arc<str>);

impl AwsId {
    /// Takes an identifier as AWS spells it.
    #[must_use]
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The identifier as AWS spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AwsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
