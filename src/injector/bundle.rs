//! The certificates that the API server trusts of a webhook.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::parse_x509_certificate;

/// How many certificates are kept in a bundle: those of replicas that run, and some of processes
/// that have ended and could not say so.
pub const CERTIFICATES_MAX: usize = 16;

/// PEM has 64 characters a line (RFC 7468).
const LINE: usize = 64;

/// The certificates of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle(Vec<Vec<u8>>);

impl Bundle {
    /// From PEM. What is no certificate is left out: nobody can trust it.
    #[must_use]
    pub fn of(pem: &[u8]) -> Self {
        let each = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
        Self(each.map(|certificate| certificate.to_vec()).collect())
    }

    /// As PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let block = |der: &Vec<u8>| {
            let text = STANDARD.encode(der);
            let lines = text.as_bytes().chunks(LINE).map(String::from_utf8_lossy);
            let lines: Vec<_> = lines.collect();
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                lines.join("\n")
            )
        };
        self.0.iter().map(block).collect()
    }

    /// Whether a certificate is in it.
    #[must_use]
    pub fn has(&self, der: &[u8]) -> bool {
        self.0.iter().any(|own| own == der)
    }

    /// The same with this certificate, and without those that have expired or that nobody can read;
    /// of too many the newest ones stay.
    #[must_use]
    pub fn with(&self, der: &[u8], now: Timestamp) -> Self {
        let others = self.0.iter().filter(|other| other.as_slice() != der);
        let dated = others.filter_map(|other| {
            let (_, certificate) = parse_x509_certificate(other).ok()?;
            let validity = certificate.validity();
            let is_over = validity.not_after.timestamp() <= now.as_second();
            (!is_over).then(|| (validity.not_before.timestamp(), other.clone()))
        });
        let mut dated: Vec<(i64, Vec<u8>)> = dated.collect();
        dated.sort();
        let too_many = (dated.len() + 1).saturating_sub(CERTIFICATES_MAX);
        let mut kept: Vec<Vec<u8>> = dated.into_iter().skip(too_many).map(|(_, der)| der).collect();
        kept.push(der.to_vec());
        Self(kept)
    }
}
