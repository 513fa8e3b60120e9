//! Certificates that ACM is asked to issue, and what has become of them.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::AwsId;
use super::marks::Tags;
use super::secret::fingerprint;

/// The most names of a certificate, unless AWS allows for more (AWS quota).
pub const NAMES_MAX: usize = 10;
/// The most bytes of the first name, which becomes the common name (RFC 5280).
pub const FIRST_NAME_MAX: usize = 64;

/// What makes a request the same, whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestKey {
    /// The names, in lower case; at least one.
    pub names: BTreeSet<SmolStr>,
    /// The authority of AWS Private CA that issues it; Amazon does where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<AwsId>,
}

impl RequestKey {
    /// What stands for the names in a tag, which takes no wildcards, and makes a request that comes
    /// twice one (AWS: within an hour).
    #[must_use]
    pub fn token(&self) -> String {
        let names = self.names.iter().map(SmolStr::as_str);
        let all: Vec<&str> = names.chain(self.authority.iter().map(AwsId::as_str)).collect();
        fingerprint(all.join("\n").as_bytes())
    }

    /// The names in the order of a request: the first one that can be a common name comes first.
    #[must_use]
    pub fn ordered(&self) -> Vec<&str> {
        let fits = |name: &&str| name.len() <= FIRST_NAME_MAX;
        let all = || self.names.iter().map(SmolStr::as_str);
        let first = all().find(fits);
        first.into_iter().chain(all().filter(|name| Some(*name) != first)).collect()
    }
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names.iter().map(SmolStr::as_str).collect();
        f.write_str(&names.join(", "))?;
        self.authority.iter().try_for_each(|authority| write!(f, " of {authority}"))
    }
}

/// A certificate to be requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRequest {
    /// What makes it this one.
    pub key: RequestKey,
    /// Its tags. Others that it has stay.
    pub tags: Tags,
}

/// A record that proves to ACM that a name is the account's: a CNAME record, the same for every
/// certificate of the name that the account ever has (AWS).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Validation {
    /// The record's name, in lower case and without the last dot.
    pub record: String,
    /// What it says, likewise.
    pub value: String,
}

/// How far ACM has come with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestState {
    /// Its names are not proved yet.
    Pending,
    /// It can be used.
    Issued {
        /// Until when it holds.
        not_after: Timestamp,
    },
    /// It never can be, or can be no longer.
    Ended {
        /// Its status and the reason, as AWS spells them.
        why: String,
    },
}

/// Whether ACM has decided about a certificate, which is all that a list says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its names are not proved yet.
    Open,
    /// It is issued, or never will be.
    Made,
}

/// What ACM tells of a certificate that it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFacts {
    /// The names that it is for, in lower case.
    pub names: BTreeSet<SmolStr>,
    /// The authority of AWS Private CA.
    pub authority: Option<AwsId>,
    /// How far ACM has come.
    pub state: RequestState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// What proves its names, as far as ACM has told; it takes some seconds to.
    pub validations: BTreeSet<Validation>,
    /// What keeps ACM from renewing it, as AWS spells it; nothing where nothing does.
    pub renewal: Option<String>,
}

impl RequestFacts {
    /// Whether all is known of it but what ACM will decide.
    #[must_use]
    pub fn await_decision(&self) -> bool {
        let is_told = !self.validations.is_empty() || self.authority.is_some();
        self.state == RequestState::Pending && is_told
    }

    /// Whether it is for the same as a request.
    #[must_use]
    pub fn are_of(&self, key: &RequestKey) -> bool {
        self.names == key.names && self.authority == key.authority
    }
}

/// A certificate that stands in AWS Certificate Manager because it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRequest {
    /// Its ARN.
    pub id: AwsId,
    /// What ACM tells of it.
    pub facts: RequestFacts,
    /// Its tags.
    pub tags: Tags,
}

impl LiveRequest {
    /// Whether listeners may have it.
    #[must_use]
    pub fn is_issued(&self) -> bool {
        matches!(self.facts.state, RequestState::Issued { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(names: &[&str]) -> RequestKey {
        RequestKey { names: names.iter().copied().map(SmolStr::new).collect(), authority: None }
    }

    #[test]
    fn a_token_tells_names_and_authorities_apart_and_no_order() {
        let one = key(&["a.example.com", "*.example.com"]);
        assert_eq!(one.token(), key(&["*.example.com", "a.example.com"]).token());
        let authority = Some(AwsId::new("arn:aws:acm-pca:eu-west-1:1:certificate-authority/a"));
        let private = RequestKey { authority, ..one.clone() };
        let others = [key(&["a.example.com"]), private];
        assert!(others.iter().all(|other| other.token() != one.token()));
        // AWS takes no other characters in a token, and no wildcards in a tag.
        assert!(one.token().chars().all(|c| c.is_ascii_alphanumeric()));
    }

    #[test]
    fn the_first_name_is_short_enough_for_a_common_name() {
        let long = format!("a{}.example.com", "b".repeat(62));
        let asked = key(&[&long, "z.example.com"]);
        assert_eq!(asked.ordered(), ["z.example.com", &long]);
        assert_eq!(key(&["b.example.com", "*.example.com"]).ordered()[0], "*.example.com");
    }
}
