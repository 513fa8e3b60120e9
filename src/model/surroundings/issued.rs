//! The certificates of the region that listeners may have, by the hosts that they are for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::id::AwsId;

/// A certificate that is issued or imported, as ACM's list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// Its ARN.
    pub id: AwsId,
    /// The host names that it is for, as ACM spells them.
    pub names: BTreeSet<String>,
    /// Who vouches for it.
    pub issuer: Issuer,
    /// The kind and size of its key, as [`key_type`](crate::model::certificate::key_type) spells
    /// it.
    pub key_type: String,
    /// From when on it holds, where ACM says so.
    pub not_before: Option<Timestamp>,
    /// Until when it holds, where ACM says so.
    pub not_after: Option<Timestamp>,
    /// Whether its names are all here; ACM lists the first hundred.
    pub is_whole: bool,
}

/// Who vouches for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// Amazon, or whoever issued what was imported.
    Public,
    /// An authority of AWS Private CA, by its ARN; a list of certificates does not say which.
    Private(Option<AwsId>),
}

/// What a list of certificates does not say of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedDetail {
    /// All names that it is for.
    pub names: BTreeSet<String>,
    /// The authority of AWS Private CA that issued it.
    pub authority: Option<AwsId>,
}

/// The certificates of a region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuedCertificates {
    all: BTreeMap<AwsId, IssuedCertificate>,
    by_name: BTreeMap<String, BTreeSet<AwsId>>,
}

impl IssuedCertificates {
    /// Those that are for a host by name, or by a wildcard in place of its first label.
    pub fn matching(&self, host: &str) -> impl Iterator<Item = &IssuedCertificate> {
        let wildcard = host.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        let wildcard = wildcard.filter(|name| name != host);
        let names = [Some(host.to_owned()), wildcard].into_iter().flatten();
        let ids: BTreeSet<&AwsId> =
            names.filter_map(|name| self.by_name.get(&name)).flatten().collect();
        ids.into_iter().filter_map(|id| self.all.get(id))
    }

    /// Those of which the list does not say all that counts.
    pub fn undescribed(&self) -> impl Iterator<Item = &AwsId> {
        let wants = |one: &&IssuedCertificate| !one.is_whole || one.issuer == Issuer::Private(None);
        self.all.values().filter(wants).map(|one| &one.id)
    }

    /// Takes in what a list does not say of a certificate.
    pub fn describe(&mut self, id: &AwsId, detail: &IssuedDetail) {
        let Some(one) = self.all.get_mut(id) else { return };
        one.names.extend(detail.names.iter().cloned());
        one.is_whole = true;
        if let (Issuer::Private(authority), Some(known)) = (&mut one.issuer, &detail.authority) {
            *authority = Some(known.clone());
        }
        for name in &one.names {
            self.by_name.entry(name.clone()).or_default().insert(id.clone());
        }
    }

    /// Until when each holds, where ACM says so.
    pub fn ends(&self) -> impl Iterator<Item = (AwsId, Timestamp)> {
        self.all.values().filter_map(|one| Some((one.id.clone(), one.not_after?)))
    }

    /// What is known of a certificate.
    #[must_use]
    pub fn get(&self, id: &AwsId) -> Option<&IssuedCertificate> {
        self.all.get(id)
    }
}

impl FromIterator<IssuedCertificate> for IssuedCertificates {
    fn from_iter<I: IntoIterator<Item = IssuedCertificate>>(certificates: I) -> Self {
        let mut made = Self::default();
        for one in certificates {
            for name in &one.names {
                made.by_name.entry(name.clone()).or_default().insert(one.id.clone());
            }
            made.all.insert(one.id.clone(), one);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_names(id: &str, names: &[&str]) -> IssuedCertificate {
        IssuedCertificate {
            id: AwsId::new(id),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            issuer: Issuer::Public,
            key_type: "RSA_2048".to_owned(),
            not_before: None,
            not_after: None,
            is_whole: true,
        }
    }

    fn matching(all: &IssuedCertificates, host: &str) -> Vec<String> {
        all.matching(host).map(|one| one.id.to_string()).collect()
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let all: IssuedCertificates = [
            for_names("a", &["app.example.com"]),
            for_names("b", &["*.example.com", "example.com"]),
            for_names("c", &["*.app.example.com"]),
            for_names("d", &["localhost"]),
        ]
        .into_iter()
        .collect();
        for (host, expected) in [
            ("app.example.com", vec!["a", "b"]),
            ("other.example.com", vec!["b"]),
            ("example.com", vec!["b"]),
            ("x.app.example.com", vec!["c"]),
            ("*.example.com", vec!["b"]),
            ("x.y.app.example.com", vec![]),
            ("APP.example.com", vec!["b"]),
            ("localhost", vec!["d"]),
            ("com", vec![]),
        ] {
            assert_eq!(matching(&all, host), expected, "{host}");
        }
    }

    #[test]
    fn what_a_list_leaves_out_is_described_once() {
        let cut = IssuedCertificate { is_whole: false, ..for_names("a", &["one.example.com"]) };
        let private = IssuedCertificate {
            issuer: Issuer::Private(None),
            ..for_names("b", &["two.example.com"])
        };
        let mut all: IssuedCertificates = [cut, private].into_iter().collect();
        assert_eq!(all.undescribed().count(), 2);
        let names = BTreeSet::from(["one.example.com".to_owned(), "last.example.com".to_owned()]);
        all.describe(&AwsId::new("a"), &IssuedDetail { names, authority: None });
        let authority =
            Some(AwsId::new("arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/x"));
        let detail = IssuedDetail { names: BTreeSet::new(), authority: authority.clone() };
        all.describe(&AwsId::new("b"), &detail);
        assert_eq!(all.undescribed().count(), 0);
        assert_eq!(matching(&all, "last.example.com"), ["a"]);
        assert_eq!(all.get(&AwsId::new("b")).unwrap().issuer, Issuer::Private(authority));
    }
}
