//! Values of TXT records that not everybody may read. FROZEN: external-dns's own encryption, so
//! that each reads what the other wrote.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use zeroize::Zeroizing;

use crate::model::secret::Sealed;

/// The bytes of a key (AES-256).
const KEY_LENGTH: usize = 32;
/// The most bytes of what is unpacked: more than any value has that fits into a TXT record.
const TEXT_LENGTH_MAX: u64 = 4096;
/// What the key for nonces is made from, besides the one for texts.
const NONCES: &[u8] = b"nonces of TXT records";

/// A key by which values of TXT records are read, and written where somebody wants that.
///
/// A value is base64 of a nonce and of what AES-256-GCM makes of the text, packed by gzip. The
/// nonce is made from the text, its place and the key: so it is another one for each text, as it
/// has to be, and the same plan has the same values every time.
#[derive(Clone)]
pub struct TxtCipher {
    key: Sealed,
    texts: Arc<LessSafeKey>,
    nonces: Arc<hmac::Key>,
    /// Whether values are written so. Those that are can be read in any case.
    pub is_used: bool,
}

impl TxtCipher {
    /// Reads a key: 32 bytes as they are, or in base64. `None` where it is neither.
    #[must_use]
    pub fn new(key: &str, is_used: bool) -> Option<Self> {
        let bytes = Zeroizing::new(match key.len() {
            KEY_LENGTH => key.as_bytes().to_vec(),
            _ => BASE64_STANDARD.decode(key).ok()?,
        });
        let texts = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?);
        let of_nonces = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), NONCES);
        let nonces = hmac::Key::new(hmac::HMAC_SHA256, of_nonces.as_ref());
        let key = Sealed::new(bytes);
        Some(Self { key, texts: Arc::new(texts), nonces: Arc::new(nonces), is_used })
    }

    /// The text of a value, with or without its quotes. `None` where it is not written by this key.
    #[must_use]
    pub fn read(&self, value: &str) -> Option<String> {
        let mut bytes = BASE64_STANDARD.decode(value.trim_matches('"')).ok()?;
        let (nonce, closed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let packed = self.texts.open_in_place(nonce, Aad::empty(), closed).ok()?;
        let mut text = String::new();
        GzDecoder::new(&*packed).take(TEXT_LENGTH_MAX).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// The value, without quotes, of a text in a place: the zone, the name and whatever else tells
    /// the record apart. `None` only if the library fails.
    #[must_use]
    pub fn write(&self, text: &str, place: &[&str]) -> Option<String> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(text.as_bytes()).ok()?;
        let mut closed = packed.finish().ok()?;
        let mut about = hmac::Context::with_key(&self.nonces);
        for part in place.iter().chain([&text]) {
            about.update(&part.len().to_be_bytes());
            about.update(part.as_bytes());
        }
        let mut bytes = about.sign().as_ref().get(..NONCE_LEN)?.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
        self.texts.seal_in_place_append_tag(nonce, Aad::empty(), &mut closed).ok()?;
        bytes.append(&mut closed);
        Some(BASE64_STANDARD.encode(bytes))
    }
}

impl fmt::Debug for TxtCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TxtCipher").field("is_used", &self.is_used).finish_non_exhaustive()
    }
}

impl PartialEq for TxtCipher {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.is_used == other.is_used
    }
}

impl Eq for TxtCipher {}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "01234567890123456789012345678901";
    const TEXT: &str = "heritage=external-dns,external-dns/owner=default,\
                        external-dns/resource=ingress/default/web";

    fn cipher(key: &str) -> TxtCipher {
        TxtCipher::new(key, true).expect("it is a key")
    }

    #[test]
    fn what_external_dns_wrote_is_read() {
        for value in [
            "\"zIccW+1nN4IiMX1ug1eAtOTJ17EtcTVcVB3wsHjNdhyCKlTgVVVOL6zHBBXwTnUzL2ncRHhc19hXofAa\
             bjy/9T+CVVqYGlVuH5d8pG5J7hoiA2/LSPEb2sd8aKSy7JpSOtDs6T1GtzOaBFwpdZ0UXcQ91GPz\"",
            "eAtt4hijPnL1qD3/CQeeOk/2EgWRtGU5vutEidLdqZPhRe4bpbu/1eVkjIyFYLaP6jPTsfa2GYAAhzCGt9\
             LSAjW/QBcz8eg5wmVbnh7WULhUtRwCAki9hobGu6BPucRnM+8ZP2llRauhWqocHbmZNDwn3iz9",
        ] {
            assert_eq!(cipher(KEY).read(value).as_deref(), Some(TEXT));
            assert_eq!(cipher(&BASE64_STANDARD.encode(KEY)).read(value).as_deref(), Some(TEXT));
            assert_eq!(cipher(&KEY.replace('0', "1")).read(value), None, "by another key");
        }
    }

    #[test]
    fn a_text_is_read_as_it_was_written_and_each_place_has_values_of_its_own() {
        let cipher = cipher(KEY);
        let write = |place: &[&str]| cipher.write(TEXT, place).expect("it can be");
        let value = write(&["Z1", "a-web.example.com"]);
        assert_eq!(cipher.read(&value).as_deref(), Some(TEXT));
        assert_eq!(value, write(&["Z1", "a-web.example.com"]));
        let others = [["Z1", "aaaa-web.example.com"], ["Z2", "a-web.example.com"]];
        assert!(others.iter().all(|place| write(place)[..16] != value[..16]));
        assert_ne!(write(&["Z1a", "-web"])[..16], write(&["Z1", "a-web"])[..16]);
    }

    #[test]
    fn what_is_no_key_or_no_value_is_told_apart() {
        for wrong in ["", "short", &KEY[1..], &BASE64_STANDARD.encode(&KEY[1..])] {
            assert!(TxtCipher::new(wrong, true).is_none(), "{wrong}");
        }
        let cipher = cipher(KEY);
        for wrong in ["", "\"\"", "AAAA", "heritage=external-dns", &BASE64_STANDARD.encode(KEY)] {
            assert_eq!(cipher.read(wrong), None, "{wrong}");
        }
        assert!(!format!("{cipher:?}").contains("0123"));
    }
}
