//! What proves to ACM that names are the account's.

use std::collections::{BTreeMap, BTreeSet};

use super::{FactStore, Topic};
use crate::model::request::{RequestKey, Validation};
use crate::model::source::Source;

/// What proves the names of one certificate, and somebody who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proofs {
    asker: Source,
    records: BTreeSet<Validation>,
}

impl FactStore {
    /// Makes known what proves the names of a certificate, and somebody who asks for it; nothing
    /// where nobody does any more.
    pub fn proves(&mut self, key: &RequestKey, proofs: Option<(Source, BTreeSet<Validation>)>) {
        let new = proofs.filter(|(_, records)| !records.is_empty());
        let new = new.map(|(asker, records)| Proofs { asker, records });
        let old = match &new {
            Some(new) => self.proofs.insert(key.clone(), new.clone()),
            None => self.proofs.remove(key),
        };
        if old == new {
            return;
        }
        let names = new.iter().flat_map(|proofs| &proofs.records);
        let names: BTreeSet<String> = names.map(|one| one.record.clone()).collect();
        for name in names {
            self.touch(Topic::Proof(name));
        }
    }

    /// How many certificates have names that are to be proved.
    #[must_use]
    pub fn proving(&self) -> usize {
        self.proofs.len()
    }

    /// The records that prove names, each with somebody who asks for a certificate.
    pub(super) fn all_proofs(&self) -> BTreeMap<Validation, Source> {
        let each = self.proofs.values().flat_map(|proofs| {
            proofs.records.iter().map(|record| (record.clone(), proofs.asker.clone()))
        });
        each.collect()
    }
}
