//! What stands in AWS, and how sure we are of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::AwsId;

/// A thing that stands in AWS: its identifier, and what it is, in the same type as a wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live<T> {
    /// Its ARN or id.
    pub id: AwsId,
    /// What it is.
    pub spec: T,
}

/// A part of AWS as far as this process knows it. Unknown is not absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Known<T> {
    /// Nobody has looked.
    #[default]
    Unread,
    /// Somebody looked at this moment and it was not there.
    Absent(Timestamp),
    /// Somebody looked at this moment and this was there.
    Is(T, Timestamp),
}

impl<T> Known<T> {
    /// What was there, if it was read and was there.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Is(value, _) => Some(value),
            Self::Unread | Self::Absent(_) => None,
        }
    }

    /// Whether somebody has looked.
    #[must_use]
    pub fn is_read(&self) -> bool {
        !matches!(self, Self::Unread)
    }
}

impl<T> Known<Vec<T>> {
    /// The things that were there.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.value().map_or([].iter(), |list| list.iter())
    }

    /// Takes those of the things apart that are so.
    pub fn take_apart(&mut self, is_so: impl Fn(&mut T) -> bool) -> Vec<T> {
        match self {
            Self::Is(all, _) => all.extract_if(.., is_so).collect(),
            Self::Unread | Self::Absent(_) => Vec::new(),
        }
    }
}
