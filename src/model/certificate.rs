//! Certificates that are imported from TLS Secrets.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::AwsId;
use super::marks::{TAG_CHAIN, Tags};
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
    /// What its key may be used for, where it says so: basic usages by AWS's names for them,
    /// extended ones by their object identifiers.
    pub usages: BTreeSet<String>,
}

/// What a list tells of an imported certificate: what tells it from others, but for its serial
/// number and what its key is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCertificate {
    /// The host names it is for, in lower case, and a common name that is none of these.
    pub names: BTreeSet<String>,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// The kind and size of its key, as [`key_type`] spells it.
    pub key_type: String,
}

impl ListedCertificate {
    /// Whether a certificate is listed so.
    #[must_use]
    pub fn is_of(&self, facts: &CertificateFacts) -> bool {
        let dates = (self.not_before, self.not_after) == (facts.not_before, facts.not_after);
        // AWS may list a common name that is no alternative name.
        let others = self.names.difference(&facts.names).count();
        dates
            && self.key_type == facts.key_type
            && others <= 1
            && facts.names.is_subset(&self.names)
    }
}

/// What an import in place of another may leave out of what that one's key was for, since public
/// authorities no longer vouch for it (AWS: "Reimport a certificate" in ACM's user guide).
const CLIENT_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.2";
/// The same of keys of elliptic curves, which encipher no other key.
const KEY_ENCIPHERMENT: &str = "KEY_ENCIPHERMENT";

impl CertificateFacts {
    /// Whether AWS lets a certificate take this one's place under the same ARN: its kind of key
    /// cannot be changed, and what the key is for can only be added to.
    #[must_use]
    pub fn can_become(&self, next: &Self) -> bool {
        let may_go = |usage: &str| {
            usage == CLIENT_AUTHENTICATION
                || (usage == KEY_ENCIPHERMENT && is_elliptic(&self.key_type))
        };
        let mut kept = self.usages.iter().filter(|usage| !may_go(usage));
        let is_it = (&self.serial, self.not_after) == (&next.serial, next.not_after);
        // What stands is what it is, however AWS spells what it is for.
        self.key_type == next.key_type && (is_it || kept.all(|usage| next.usages.contains(usage)))
    }
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
    /// Its tags. Others that it has stay.
    pub tags: Tags,
}

impl Certificate {
    /// The fingerprint of all that is imported.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint([&self.body, &self.chain, self.key.fingerprint()].concat().as_bytes())
    }

    /// What tells its chain from another one, which ACM does not say in any list. A chain is known
    /// to everybody, so this reveals nothing.
    #[must_use]
    pub fn chain_mark(&self) -> String {
        fingerprint(self.chain.as_bytes())
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
        let marked = || self.tags.get(TAG_CHAIN).is_some_and(|mark| *mark != wish.chain_mark());
        match self.imported {
            _ if !fields.is_empty() => {}
            Some(_) if is_other => fields.push("chain or key"),
            // Who did not import it goes by what whoever did has left.
            None if marked() => fields.push("chain"),
            Some(_) | None => {}
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

    fn with(key_type: &str, usages: &[&str]) -> CertificateFacts {
        CertificateFacts {
            names: BTreeSet::new(),
            not_before: Timestamp::UNIX_EPOCH,
            not_after: Timestamp::UNIX_EPOCH,
            key_type: key_type.to_owned(),
            serial: usages.concat(),
            usages: usages.iter().map(|usage| (*usage).to_owned()).collect(),
        }
    }

    #[test]
    fn what_a_key_is_for_can_be_added_to() {
        const SERVER: &str = "1.3.6.1.5.5.7.3.1";
        for (old, new, expected) in [
            (with("RSA_2048", &[]), with("RSA_2048", &[SERVER]), true),
            (with("RSA_2048", &[SERVER]), with("RSA_2048", &[]), false),
            (with("RSA_2048", &[SERVER, CLIENT_AUTHENTICATION]), with("RSA_2048", &[SERVER]), true),
            (with("RSA_2048", &[KEY_ENCIPHERMENT]), with("RSA_2048", &[]), false),
            (with("EC_prime256v1", &[KEY_ENCIPHERMENT]), with("EC_prime256v1", &[]), true),
            (with("EC_prime256v1", &[]), with("EC_secp384r1", &[]), false),
        ] {
            assert_eq!(old.can_become(&new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn spellings_become_one() {
        assert_eq!(key_type("EC-prime256v1"), key_type("EC_prime256v1"));
        assert_eq!(serial("0A:bC:01"), serial("abc01"));
    }
}
