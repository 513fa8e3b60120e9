//! How AWS names things.

use std::borrow::Borrow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::pool::{Pool, Shared};

/// An identifier that AWS gave: an ARN, or an id such as `sg-0a…` or `subnet-0b…`. Much refers to
/// the same long ARNs, so all that are alike are one pointer to their text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Arc<str>", into = "Arc<str>")]
pub struct AwsId(Shared<str>);

static IDS: LazyLock<Pool<str>> = LazyLock::new(Pool::default);

impl AwsId {
    /// Takes an identifier as AWS spells it.
    #[must_use]
    pub fn new(id: impl Borrow<str> + Into<Arc<str>>) -> Self {
        Self(IDS.share(id))
    }

    /// The identifier as AWS spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Arc<str>> for AwsId {
    fn from(id: Arc<str>) -> Self {
        Self::new(id)
    }
}

impl From<AwsId> for Arc<str> {
    fn from(id: AwsId) -> Self {
        id.as_str().into()
    }
}

impl fmt::Display for AwsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
