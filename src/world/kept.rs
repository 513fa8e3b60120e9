//! The last good parts of a group's members, as they are kept while all is well.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Read as _, Write as _};
use std::sync::{Arc, LazyLock};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::model::id::CertificateKey;
use crate::model::part::Part;
use crate::model::source::Source;

/// What is written of a usual part. All are much like it, so each is packed behind it, and only
/// what comes then is kept: a fifth of what it would take alone.
const USUAL: &[u8] = include_bytes!("kept.json");
/// What [`USUAL`] is packed.
static USUAL_PACKED: LazyLock<Vec<u8>> =
    LazyLock::new(|| begun().map(|encoder| encoder.get_ref().clone()).unwrap_or_default());

/// The last good parts of a group's members. Nobody needs them until a member turns bad, so they
/// are written down and packed: in a large cluster they would be the most of what is kept.
#[derive(Debug, Default)]
pub struct KeptParts(BTreeMap<Source, Kept>);

#[derive(Debug)]
struct Kept {
    form: Form,
    /// What is asked for at every visit: the certificates that its listeners use.
    certificates: Box<[CertificateKey]>,
}

#[derive(Debug)]
enum Form {
    Packed {
        packed: Box<[u8]>,
        /// Stands for what was written.
        digest: u64,
    },
    /// What is not the same once it is read again: secrets are never written.
    Whole(Arc<Part>),
}

impl KeptParts {
    /// Whether a part of a member is kept.
    #[must_use]
    pub fn contains(&self, member: &Source) -> bool {
        self.0.contains_key(member)
    }

    /// Whether this part of a member is kept.
    #[must_use]
    pub fn is_kept(&self, member: &Source, part: &Part) -> bool {
        self.0.get(member).is_some_and(|kept| match &kept.form {
            Form::Packed { digest: known, .. } => *known == digest(&written(part)),
            Form::Whole(known) => **known == *part,
        })
    }

    /// Keeps a part, in place of what was kept of its member.
    pub fn keep(&mut self, member: Source, part: &Arc<Part>) {
        let text = written(part);
        let is_same = serde_json::from_slice(&text).is_ok_and(|read: Part| read == **part);
        let form = match packed(&text).filter(|_| is_same) {
            Some(packed) => Form::Packed { packed, digest: digest(&text) },
            None => Form::Whole(Arc::clone(part)),
        };
        let certificates = part.certificates().cloned().collect();
        self.0.insert(member, Kept { form, certificates });
    }

    /// Keeps the parts of some members only.
    pub fn retain(&mut self, keep: impl Fn(&Source) -> bool) {
        self.0.retain(|member, _| keep(member));
    }

    /// The parts, each read anew.
    pub fn read(&self) -> impl Iterator<Item = (&Source, Arc<Part>)> {
        self.0.iter().filter_map(|(member, kept)| Some((member, kept.part()?)))
    }

    /// The certificates that parts use.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateKey> {
        self.0.values().flat_map(|kept| &kept.certificates)
    }
}

impl Kept {
    /// The part; what is packed could be read before it was.
    fn part(&self) -> Option<Arc<Part>> {
        match &self.form {
            Form::Packed { packed, .. } => unpacked(packed).map(Arc::new),
            Form::Whole(part) => Some(Arc::clone(part)),
        }
    }
}

/// What is written of a part; nothing where it cannot be.
fn written(part: &Part) -> Vec<u8> {
    serde_json::to_vec(part).unwrap_or_default()
}

fn digest(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// What packs a part: it has packed what is usual already.
fn begun() -> Option<DeflateEncoder<Vec<u8>>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(USUAL).ok()?;
    encoder.flush().ok()?;
    Some(encoder)
}

fn packed(text: &[u8]) -> Option<Box<[u8]>> {
    let mut encoder = begun()?;
    encoder.write_all(text).ok()?;
    Some(encoder.finish().ok()?.get(USUAL_PACKED.len()..)?.into())
}

fn unpacked(packed: &[u8]) -> Option<Part> {
    let mut decoder = DeflateDecoder::new(USUAL_PACKED.chain(packed));
    decoder.read_exact(&mut [0; USUAL.len()]).ok()?;
    // A reader would be asked for one byte after the other.
    let mut text = Vec::new();
    decoder.read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ObjectKey;

    fn usual() -> Part {
        serde_json::from_slice(USUAL).expect("it is a part")
    }

    #[test]
    fn a_part_takes_a_tenth_of_what_is_written_of_it_and_comes_back_as_it_was() {
        let mut part = usual();
        part.order = 7;
        part.source.key = ObjectKey::new(part.source.key.namespace.clone(), "another");
        let mut kept = KeptParts::default();
        let (member, part) = (part.source.clone(), Arc::new(part));
        kept.keep(member.clone(), &part);
        assert!(kept.is_kept(&member, &part));
        assert!(!kept.is_kept(&member, &usual()));
        let Form::Packed { packed, .. } = &kept.0[&member].form else { panic!("{kept:?}") };
        assert!(packed.len() * 10 < written(&part).len(), "{} bytes", packed.len());
        assert_eq!(kept.read().collect::<Vec<_>>(), [(&member, part)]);
    }

    #[test]
    fn what_is_usual_is_written_as_parts_are() {
        assert_eq!(String::from_utf8_lossy(&written(&usual())), String::from_utf8_lossy(USUAL));
    }
}
