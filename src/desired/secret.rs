//! From a TLS Secret to a certificate that AWS takes, or to what is wrong with it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use smol_str::SmolStr;
use x509_parser::asn1_rs::Oid;
use x509_parser::prelude::{ASN1Time, FromDer as _, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;
use zeroize::{Zeroize as _, Zeroizing};

use crate::model::certificate::{Certificate, CertificateFacts, serial};
use crate::model::id::ObjectKey;
use crate::model::marks::Tags;
use crate::model::secret::{
    CLIENT_SECRET, Sealed, SecretBytes, SecretRef, TLS_CERTIFICATE, TLS_KEY,
};
use crate::model::seen::{Closed, SeenSecret};

/// How wide PEM is.
const PEM_WIDTH: usize = 64;
/// The RSA key sizes that AWS takes (ACM's and the load balancer's common ones).
const RSA_SIZES: [usize; 3] = [2048, 3072, 4096];
/// The curves that AWS takes, by their object identifiers.
const CURVES: [(&str, &str); 3] = [
    ("1.2.840.10045.3.1.7", "EC_prime256v1"),
    ("1.3.132.0.34", "EC_secp384r1"),
    ("1.3.132.0.35", "EC_secp521r1"),
];

/// Why a Secret cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What is there.
    pub found: String,
    /// What should be.
    pub allowed: &'static str,
}

fn unfit<T>(found: impl Into<String>, allowed: &'static str) -> Result<T, Unfit> {
    Err(Unfit { found: found.into(), allowed })
}

/// Takes a Secret for a certificate, without tags. What follows or precedes the PEM blocks is left
/// out, the chain is put in order, and the root, which every client has, is dropped.
///
/// # Errors
/// What is wrong with it.
pub fn certificate(
    secret: &ObjectKey,
    seen: &SeenSecret,
    now: Timestamp,
) -> Result<Certificate, Unfit> {
    match seen {
        SeenSecret::Missing => {
            return unfit("does not exist", "a Secret of the Ingress's namespace");
        }
        SeenSecret::Unreadable(why) => {
            return unfit(format!("cannot be read: {why}"), "one that the controller may read");
        }
        SeenSecret::Is { .. } => {}
    }
    let (Some(certificate), Some(key)) = (seen.entry(TLS_CERTIFICATE), known(seen, TLS_KEY)) else {
        return unfit("has no tls.crt or no tls.key", "a Secret of type kubernetes.io/tls");
    };
    let ders = certificates(certificate)?;
    let parsed: Result<Vec<_>, _> =
        ders.iter().map(|der| X509Certificate::from_der(der).map(|(_, found)| found)).collect();
    let Ok(parsed) = parsed else {
        return unfit("has a certificate in tls.crt that cannot be read", "X.509 certificates");
    };
    let Closed { fingerprint, worth } = key.as_ref();
    let public = match worth {
        Ok(public) => public,
        Err(found) => return unfit(found, KEYS),
    };
    let Some(leaf) = parsed.iter().find(|found| found.public_key().raw == public.as_slice()) else {
        return unfit(
            "has a tls.key that fits no certificate in tls.crt",
            "the key of the first certificate",
        );
    };
    let facts = facts(leaf, now)?;
    let chain: String = chain(&parsed, leaf).into_iter().map(pem).collect();
    let key = SecretBytes::Of(SecretRef {
        secret: secret.clone(),
        entry: SmolStr::new_static(TLS_KEY),
        fingerprint: fingerprint.clone(),
    });
    Ok(Certificate { facts, body: pem(leaf), chain, key, tags: Tags::new() })
}

/// The entries whose bytes are for nobody but AWS.
const PRIVATE: [&str; 2] = [TLS_KEY, CLIENT_SECRET];
/// The private keys that can be read.
const KEYS: &str = "one unencrypted RSA or EC key in PEM (PKCS#1, PKCS#8 or SEC1)";

/// A Secret as it is kept: without the bytes of private entries, of which only stays what wishes
/// are built from.
#[must_use]
pub fn closed(seen: Arc<SeenSecret>) -> Arc<SeenSecret> {
    let SeenSecret::Is { kind, entries, closed } = seen.as_ref() else { return seen };
    if !PRIVATE.iter().any(|name| entries.contains_key(*name)) {
        return seen;
    }
    let is_private = |name: &SmolStr| PRIVATE.contains(&name.as_str());
    let (private, open): (Vec<_>, Vec<_>) = entries.iter().partition(|(name, _)| is_private(name));
    let of_private = private.into_iter().map(|(name, sealed)| (name.clone(), close(name, sealed)));
    let open = open.into_iter().map(|(name, sealed)| (name.clone(), sealed.clone()));
    Arc::new(SeenSecret::Is {
        kind: kind.clone(),
        entries: open.collect(),
        closed: closed
            .iter()
            .map(|(name, known)| (name.clone(), known.clone()))
            .chain(of_private)
            .collect(),
    })
}

fn close(entry: &str, sealed: &Sealed) -> Closed {
    let needed = needed(entry, sealed);
    let worth = match entry {
        TLS_KEY => public_key(sealed),
        _ if std::str::from_utf8(needed.open()).is_ok_and(|text| !text.is_empty()) => {
            Ok(Vec::new())
        }
        _ => Err("has no text in it".to_owned()),
    };
    Closed { fingerprint: needed.fingerprint().to_owned(), worth }
}

/// What wishes are built from of a private entry, whether or not its bytes are there.
#[must_use]
pub fn known<'a>(seen: &'a SeenSecret, entry: &str) -> Option<Cow<'a, Closed>> {
    let kept = seen.closed(entry).map(Cow::Borrowed);
    kept.or_else(|| Some(Cow::Owned(close(entry, seen.entry(entry)?))))
}

/// The bytes that a reference stands for. None where the Secret no longer holds them.
#[must_use]
pub fn resolve(seen: &SeenSecret, reference: &SecretRef) -> Option<Sealed> {
    let found = needed(&reference.entry, seen.entry(&reference.entry)?);
    (found.fingerprint() == reference.fingerprint).then_some(found)
}

/// What is needed of an entry.
fn needed(entry: &str, sealed: &Sealed) -> Sealed {
    match entry {
        TLS_KEY => key_block(sealed),
        CLIENT_SECRET => without_end(sealed),
        _ => sealed.clone(),
    }
}

/// The text without control characters at its end, such as that of the line that it was written in
/// (LBC).
fn without_end(sealed: &Sealed) -> Sealed {
    match std::str::from_utf8(sealed.open()) {
        Ok(text) => {
            let text = text.trim_end_matches(char::is_control);
            Sealed::new(Zeroizing::new(text.as_bytes().to_vec()))
        }
        Err(_) => sealed.clone(),
    }
}

/// Whether a certificate is for a host: by its name, or by a wildcard in place of its first label.
#[must_use]
pub fn covers(facts: &CertificateFacts, host: &str) -> bool {
    let host = host.to_lowercase();
    let wildcard = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    facts.names.contains(&host) || wildcard.is_some_and(|name| facts.names.contains(&name))
}

fn certificates(sealed: &Sealed) -> Result<Vec<CertificateDer<'static>>, Unfit> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(sealed.open()).collect();
    match found {
        Ok(found) if found.is_empty() => {
            unfit("has no certificate in tls.crt", "PEM blocks CERTIFICATE, the host's own first")
        }
        Ok(found) => Ok(found),
        Err(_) => unfit("has a tls.crt with broken PEM", "whole PEM blocks CERTIFICATE"),
    }
}

/// The public half of a private key, as certificates hold it.
fn public_key(sealed: &Sealed) -> Result<Vec<u8>, String> {
    let is_encrypted = sealed.open().windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED);
    let Ok(mut key) = PrivateKeyDer::from_pem_slice(sealed.open()) else {
        let found =
            if is_encrypted { "has an encrypted tls.key" } else { "has no private key in tls.key" };
        return Err(found.to_owned());
    };
    let public = any_supported_type(&key).ok().and_then(|key| Some(key.public_key()?.to_vec()));
    key.zeroize();
    public.ok_or_else(|| "has a tls.key of another kind".to_owned())
}

/// What the PEM of an encrypted key says, in either form.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

fn facts(leaf: &X509Certificate<'_>, now: Timestamp) -> Result<CertificateFacts, Unfit> {
    let valid = "a certificate that holds today";
    let moment = |time: ASN1Time| Timestamp::from_second(time.timestamp()).ok();
    let validity = leaf.validity();
    let (Some(not_before), Some(not_after)) =
        (moment(validity.not_before), moment(validity.not_after))
    else {
        return unfit("has dates that cannot be read", valid);
    };
    if not_after <= now {
        return unfit(format!("has a certificate that expired at {not_after}"), valid);
    }
    if not_before > now {
        return unfit(format!("has a certificate that holds from {not_before} on"), valid);
    }
    Ok(CertificateFacts {
        names: names(leaf),
        not_before,
        not_after,
        key_type: key_type(leaf)?,
        serial: serial(&leaf.raw_serial_as_string()),
        usages: usages(leaf),
    })
}

/// What a certificate's key may be used for, where it says so.
fn usages(leaf: &X509Certificate<'_>) -> BTreeSet<String> {
    let basic = leaf.key_usage().ok().flatten().map(|extension| extension.value);
    let basic = basic.into_iter().flat_map(|usage| {
        [
            (usage.digital_signature(), "DIGITAL_SIGNATURE"),
            (usage.non_repudiation(), "NON_REPUDIATION"),
            (usage.key_encipherment(), "KEY_ENCIPHERMENT"),
            (usage.data_encipherment(), "DATA_ENCIPHERMENT"),
            (usage.key_agreement(), "KEY_AGREEMENT"),
            (usage.key_cert_sign(), "CERTIFICATE_SIGNING"),
            (usage.crl_sign(), "CRL_SIGNING"),
            (usage.encipher_only(), "ENCIPHER_ONLY"),
            (usage.decipher_only(), "DECIPHER_ONLY"),
        ]
    });
    let basic = basic.filter(|(has, _)| *has).map(|(_, name)| name.to_owned());
    let extended = leaf.extended_key_usage().ok().flatten().map(|extension| extension.value);
    let extended = extended.into_iter().flat_map(|usage| {
        let known = [
            (usage.any, "2.5.29.37.0"),
            (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
            (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
            (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
            (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
            (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
            (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
        ];
        let known = known.into_iter().filter(|(has, _)| *has).map(|(_, oid)| oid.to_owned());
        known.chain(usage.other.iter().map(Oid::to_id_string))
    });
    basic.chain(extended).collect()
}

/// From when until when the certificate of a Secret holds; nothing where it has none that can be
/// read.
#[must_use]
pub fn validity(seen: &SeenSecret) -> Option<(Timestamp, Timestamp)> {
    let moment = |time: ASN1Time| Timestamp::from_second(time.timestamp()).ok();
    let ders = certificates(seen.entry(TLS_CERTIFICATE)?).ok()?;
    let parsed = ders.iter().map(|der| X509Certificate::from_der(der).ok().map(|(_, found)| found));
    let parsed: Vec<X509Certificate<'_>> = parsed.collect::<Option<_>>()?;
    let key = known(seen, TLS_KEY)?;
    let public = key.worth.as_ref().ok()?;
    let leaf = parsed.iter().find(|found| found.public_key().raw == public.as_slice())?;
    let validity = leaf.validity();
    Some((moment(validity.not_before)?, moment(validity.not_after)?))
}

/// The host names; a certificate without alternative names is for its common name.
fn names(leaf: &X509Certificate<'_>) -> BTreeSet<String> {
    let alternative = leaf.subject_alternative_name().ok().flatten();
    let general = alternative.iter().flat_map(|extension| &extension.value.general_names);
    let hosts = general.filter_map(|name| match name {
        GeneralName::DNSName(host) => Some(host.to_lowercase()),
        _ => None,
    });
    let hosts: BTreeSet<String> = hosts.collect();
    if !hosts.is_empty() {
        return hosts;
    }
    let common = leaf.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    common.map(str::to_lowercase).collect()
}

fn key_type(leaf: &X509Certificate<'_>) -> Result<String, Unfit> {
    let allowed = "RSA of 2048, 3072 or 4096 bits, or EC on P-256, P-384 or P-521";
    let public = leaf.public_key();
    match public.parsed() {
        Ok(PublicKey::RSA(key)) if RSA_SIZES.contains(&key.key_size()) => {
            Ok(format!("RSA_{}", key.key_size()))
        }
        Ok(PublicKey::RSA(key)) => {
            unfit(format!("has an RSA key of {} bits", key.key_size()), allowed)
        }
        Ok(PublicKey::EC(_)) => {
            let curve = public.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            let curve = curve.map(|oid| oid.to_id_string()).unwrap_or_default();
            let known = CURVES.iter().find(|(oid, _)| *oid == curve);
            known.map_or_else(
                || unfit(format!("has a key on the curve {curve}"), allowed),
                |(_, name)| Ok((*name).to_owned()),
            )
        }
        _ => unfit("has a key of another kind", allowed),
    }
}

/// The certificates that lead from the leaf's issuer upwards, without the root; others are left
/// out.
fn chain<'a, 'b>(
    all: &'a [X509Certificate<'b>],
    leaf: &'a X509Certificate<'b>,
) -> Vec<&'a X509Certificate<'b>> {
    let is_root = |found: &X509Certificate<'_>| found.subject() == found.issuer();
    let mut chain: Vec<&X509Certificate<'_>> = Vec::new();
    let mut current = leaf;
    while !is_root(current) {
        let issuer = all.iter().find(|found| {
            found.subject() == current.issuer() && !is_root(found) && !chain.contains(found)
        });
        let Some(issuer) = issuer else { break };
        chain.push(issuer);
        current = issuer;
    }
    chain
}

fn pem(certificate: &X509Certificate<'_>) -> String {
    let digits = STANDARD.encode(certificate.as_raw());
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, others) = rest.split_at(rest.len().min(PEM_WIDTH));
        text.push_str(line);
        text.push('\n');
        rest = others;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

/// The PEM block of the key alone: without parameters before it, or anything after it.
fn key_block(sealed: &Sealed) -> Sealed {
    let bytes = sealed.open();
    // As long as what it is cut from: it never grows, so no copy is left behind.
    let mut block = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
    let mut is_inside = false;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        let is_end = line.starts_with(b"-----END ") && line.ends_with(b"PRIVATE KEY-----");
        is_inside |= line.starts_with(b"-----BEGIN ") && line.ends_with(b"PRIVATE KEY-----");
        if is_inside {
            block.extend_from_slice(line);
            block.push(b'\n');
        }
        if is_inside && is_end {
            break;
        }
    }
    Sealed::new(block)
}
