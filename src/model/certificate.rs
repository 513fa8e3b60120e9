//! Certificates that are imported from TLS Secrets, and the key material that nobody may read by
//! accident.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::id::AwsId;
use super::marks::Tags;

/// How many bytes of the hash are shown: enough to tell two keys apart, of no use for anything
/// else.
const FINGERPRINT_LENGTH: usize = 8;

/// Bytes that are shown, compared and written down by their fingerprint only, and wiped when nobody
/// holds them any more.
#[derive(Clone)]
pub struct Sealed {
    fingerprint: String,
    bytes: Arc<Zeroizing<Vec<u8>>>,
}

impl Sealed {
    /// Takes bytes in. They should have been in no other place that outlives this call.
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        let digest = Sha256::digest(bytes.as_slice());
        let digits = digest.iter().take(FINGERPRINT_LENGTH).map(|byte| format!("{byte:02x}"));
        Self { fingerprint: digits.collect(), bytes: Arc::new(bytes) }
    }

    /// What may be shown of them.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The bytes: for whoever checks them and for the one call that sends them.
    #[must_use]
    pub fn open(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({})", self.fingerprint)
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(sealed {})", self.fingerprint)
    }
}

impl PartialEq for Sealed {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Sealed {}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.fingerprint)
    }
}

/// What was written down is the fingerprint; the bytes do not come back.
impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fingerprint = String::deserialize(deserializer)?;
        Ok(Self { fingerprint, bytes: Arc::default() })
    }
}

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
    pub key: Sealed,
    /// Its tags; count only when it is made.
    pub tags: Tags,
}

impl Certificate {
    /// The fingerprint of all that is imported.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let all = [&self.body, &self.chain, self.key.fingerprint()].concat();
        Sealed::new(Zeroizing::new(all.into_bytes())).fingerprint
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
    fn nothing_shows_sealed_bytes() {
        let sealed = Sealed::new(Zeroizing::new(b"very secret".to_vec()));
        let shown = [
            format!("{sealed:?}"),
            format!("{sealed:#?}"),
            sealed.to_string(),
            serde_json::to_string(&sealed).unwrap(),
        ];
        for text in shown {
            assert!(text.contains(sealed.fingerprint()), "{text}");
            assert!(!text.contains("secret") && !text.contains("118, 101"), "{text}");
        }
        assert_eq!(sealed.open(), b"very secret");
    }

    #[test]
    fn spellings_become_one() {
        assert_eq!(key_type("EC-prime256v1"), key_type("EC_prime256v1"));
        assert_eq!(serial("0A:bC:01"), serial("abc01"));
    }
}
