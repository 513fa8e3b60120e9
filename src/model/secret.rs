//! Secrets: bytes that nobody may read by accident, and references to them, which are all that
//! wishes hold.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;
use zeroize::Zeroizing;

use super::id::ObjectKey;

/// The entry of a TLS Secret that holds the certificate and those above it.
pub const TLS_CERTIFICATE: &str = "tls.crt";
/// The entry of a TLS Secret that holds the private key.
pub const TLS_KEY: &str = "tls.key";
/// The entry of a Secret that holds the identifier of a client of OpenID Connect.
pub const CLIENT_ID: &str = "clientID";
/// The same as it was called once (LBC reads it still).
pub const CLIENT_ID_OLDER: &str = "clientId";
/// The entry of a Secret that holds the client's secret.
pub const CLIENT_SECRET: &str = "clientSecret";
/// The entries of Secrets that anything is built from; others are never kept.
pub const ENTRIES: [&str; 5] =
    [TLS_CERTIFICATE, TLS_KEY, CLIENT_ID, CLIENT_ID_OLDER, CLIENT_SECRET];

/// What a member uses a Secret for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretUse {
    /// It is imported as a certificate.
    Import,
    /// Clients log in with it.
    Login,
}

impl SecretUse {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Import, Self::Login];
}

/// How many bytes of the hash are shown: enough to tell two keys apart, of no use for anything
/// else.
const FINGERPRINT_LENGTH: usize = 8;

/// What may be shown of bytes.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits = digest.iter().take(FINGERPRINT_LENGTH).map(|byte| format!("{byte:02x}"));
    digits.collect()
}

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
        Self { fingerprint: fingerprint(&bytes), bytes: Arc::new(bytes) }
    }

    /// What may be shown of them.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether nobody else holds them: for whoever has to show that they were let go.
    #[must_use]
    pub fn is_sole(&self) -> bool {
        Arc::strong_count(&self.bytes) == 1
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

/// The bytes that a step needs of a Secret: a reference until the step is taken, so that a wish
/// neither holds nor loses them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretBytes {
    /// What an entry of a Secret holds, as long as it is what was seen.
    Of(SecretRef),
    /// These; never read back from anywhere.
    #[serde(skip_deserializing)]
    Is(Sealed),
}

/// An entry of a Secret, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRef {
    /// The Secret.
    pub secret: ObjectKey,
    /// Which of its entries.
    pub entry: SmolStr,
    /// The fingerprint of what is needed of it.
    pub fingerprint: String,
}

impl SecretBytes {
    /// What may be shown of them.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        match self {
            Self::Of(reference) => &reference.fingerprint,
            Self::Is(sealed) => sealed.fingerprint(),
        }
    }

    /// The bytes, once they are there.
    #[must_use]
    pub fn given(&self) -> Option<&Sealed> {
        match self {
            Self::Of(_) => None,
            Self::Is(sealed) => Some(sealed),
        }
    }
}

impl fmt::Display for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(sealed {})", self.fingerprint())
    }
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
    fn bytes_are_written_as_what_may_be_shown_and_never_read_back() {
        let bytes = SecretBytes::Is(Sealed::new(Zeroizing::new(b"very secret".to_vec())));
        let text = serde_json::to_string(&bytes).unwrap();
        assert!(text.contains(bytes.fingerprint()) && !text.contains("secret"), "{text}");
        assert!(serde_json::from_str::<SecretBytes>(&text).is_err());
    }
}
