//! Records that prove to ACM that names are the account's.

use crate::model::inventory::of_name;
use crate::model::plan::Reason;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::record::{
    Record, RecordChange, RecordKey, RecordType, RecordValue, Verb, name_from_route53,
};
use crate::model::request::Validation;
use crate::model::source::Source;

use super::Planning;
use super::batch::Changed;

/// For how long an answer may be kept, in seconds (LBC).
const TTL: i64 = 60;

impl Planning<'_> {
    /// Plans a record that proves a name. It is made where there is none, and never changed or
    /// taken away: it is the same for every certificate of the name that the account has, whoever
    /// asked for them, and ACM looks at it again before it renews one.
    pub(super) fn proof(&mut self, proof: &Validation, asker: &Source) {
        let Some(standing) = of_name(self.view.records, &proof.record).next() else {
            let value = RecordValue::Values { ttl: TTL, values: vec![proof.value.clone()] };
            let record = Record::simple(&proof.record, RecordType::Cname, value);
            self.changed.push(Changed {
                host: proof.record.clone(),
                gate: None,
                reason: Reason::Missing,
                changes: vec![RecordChange { verb: Verb::Create, record }],
            });
            return;
        };
        if !proves(standing, proof) {
            self.draft.refuse(in_the_way(asker, &standing.key, proof));
        }
    }
}

/// Whether a record proves a name.
pub(in crate::plan) fn proves(record: &Record, proof: &Validation) -> bool {
    let RecordKey { name, record_type, .. } = &record.key;
    let RecordValue::Values { values, .. } = &record.value else { return false };
    *name == proof.record
        && *record_type == RecordType::Cname
        && values.iter().any(|value| name_from_route53(value) == proof.value)
}

fn in_the_way(asker: &Source, key: &RecordKey, proof: &Validation) -> Problem {
    Problem {
        code: Code::ForeignRecord,
        severity: Severity::Warning,
        object: ObjectRef::of(asker),
        field: "hosts".to_owned(),
        found: format!("the {} record {}, which somebody else has made", key.record_type, key.name),
        allowed: format!("a CNAME record of that name that says {}", proof.value),
        meanwhile: "ACM waits for it for 72 hours; HTTPS begins once the certificate is issued"
            .to_owned(),
    }
}
