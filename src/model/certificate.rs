//! Certificates that are imported from TLS Secrets.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::AwsId;
use super::marks::Tags;
use super::secret::{SecretBytes, fingerprint};

/// What makes a certificate this one and no other, as far as AWS tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// The host names it is for, in lower case.
    pub names: BTreeSet<String>,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// The kind and size of its key, as [`key_type`] spells it; cannot be changed in place (AWS).
    pub key_type: String,
    /// Its serial number, as [`serial`] spells it.
    pub serial: String,
}

/// A certificate to be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// What makes it this one.
    pub facts: CertificateFacts,
    /// The certificate itself, in PEM.
    pub body: String,
    /// Those that lead from its issuer upwards, in PEM; empty where there are none.
    pub chain: String,
    /// Its private key, in PEM.
    pub key: SecretBytes,
    /// Its tags; count only when it is made.
    pub tags: Tags,
}

impl Certificate {
    /// The fingerprint of all that is imported.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint([&self.body, &self.chain, self.key.fingerprint()].concat().as_bytes())
    }
}

/// A certificate that stands in AWS Certificate Manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveCertificate {
    /// Its ARN.
    pub id: AwsId,
    /// What makes it this one.
    pub facts: CertificateFacts,
    /// What of it this process imported; AWS gives no key back.
    pub imported: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl LiveCertificate {
    /// The settings in which it falls short of a wish, as far as AWS tells.
    #[must_use]
    pub fn differences(&self, wish: &Certificate) -> Vec<&'static str> {
        let (live, facts) = (&self.facts, &wish.facts);
        let mut fields = Vec::new();
        // AWS may list a common name that is no alternative name.
        if !facts.names.is_subset(&live.names) {
            fields.push("names");
        }
        if (live.not_before, live.not_after) != (facts.not_before, facts.not_after) {
            fields.push("dates");
        }
        if live.serial != facts.serial {
            fields.push("serial number");
        }
        let is_other = self.imported.as_ref().is_some_and(|known| *known != wish.fingerprint());
        if fields.is_empty() && is_other {
            fields.push("chain or key");
        }
        fields
    }
}

/// A key type in one spelling: AWS answers `RSA-2048` and takes `RSA_2048`.
#[must_use]
pub fn key_type(text: &str) -> String {
    text.replace('-', "_")
}

/// Whether a kind of key, as [`key_type`] spells it, is one of elliptic curves.
#[must_use]
pub fn is_elliptic(key_type: &str) -> bool {
    key_type.starts_with("EC_")
}

/// A serial number in one spelling: lower-case hexadecimal digits without leading zeros.
#[must_use]
pub fn serial(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    digits.trim_start_matches('0').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_become_one() {
        assert_eq!(key_type("EC-prime256v1"), key_type("EC_prime256v1"));
        assert_eq!(serial("0A:bC:01"), serial("abc01"));
    }
}
