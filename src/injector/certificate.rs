//! The certificate that this process shows the API server.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;

/// How long a certificate is good for. It is renewed after two thirds of that.
pub const LIFE: Duration = Duration::from_hours(30 * 24);
/// How much the API server's clock may be behind.
const SKEW: Duration = Duration::from_hours(1);

/// A certificate with its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The host that it is for.
    pub host: String,
    /// When it should be renewed.
    pub renew_at: Timestamp,
    key: Arc<CertifiedKey>,
}

impl Certificate {
    /// A new one, signed by nobody but itself: whoever should trust it is given it.
    ///
    /// # Errors
    /// The host is none, or the library of cryptography has none to give.
    pub fn make(host: &str, now: Timestamp) -> Result<Self, String> {
        let date = |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.as_second());
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let mut asked =
            CertificateParams::new([host.to_owned()]).map_err(|error| error.to_string())?;
        asked.not_before = date(now - SKEW).map_err(|error| error.to_string())?;
        asked.not_after = date(now + LIFE).map_err(|error| error.to_string())?;
        asked.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let made = asked.self_signed(&key).map_err(|error| error.to_string())?;
        let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
        let signing = any_supported_type(&private).map_err(|error| error.to_string())?;
        let chain = vec![CertificateDer::from(made.der().to_vec())];
        Ok(Self {
            host: host.to_owned(),
            renew_at: now + LIFE * 2 / 3,
            key: Arc::new(CertifiedKey::new(chain, signing)),
        })
    }

    /// The certificate itself.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.key.cert.first().map_or(&[], |der| der.as_ref())
    }
}

/// The certificate that is shown from now on. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Shown(Arc<RwLock<Option<Certificate>>>);

impl Shown {
    /// Shows another one to whoever connects from now on.
    pub fn show(&self, certificate: Certificate) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
    }

    /// The certificate that is shown.
    #[must_use]
    pub fn current(&self) -> Option<Certificate> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current()?.key)
    }
}
