//! Records of one name beside each other.

use std::collections::BTreeMap;

use super::Planning;
use super::host::{Host, is_alone};
use super::obstacle::{self, Obstacle};
use super::row::Row;
use crate::model::inventory::Records;
use crate::model::problem::Problem;
use crate::model::record::{Record, RecordChange, RecordKey, RecordType, Verb};
use crate::model::settings::DnsPolicy;

impl Planning<'_> {
    /// Holds back what may not stand beside the rest: somebody else's records, those of ours that
    /// do not go yet, or the others that are asked for.
    pub(super) fn keep_apart(&self, name: &str, rows: &mut [Row], going: &[RecordChange]) {
        loop {
            let writes = rows.iter().flat_map(|row| &row.changes);
            let after = after(self.view.family(name), going.iter().chain(writes));
            let found = rows.iter().enumerate().find_map(|(at, row)| {
                let of_row = row.changes.iter().filter(|change| change.verb != Verb::Delete);
                let conflict = of_row.filter_map(|change| {
                    after.values().find(|other| is_in_the_way(&change.record, other))
                });
                conflict.map(|other| (at, other.clone())).next()
            });
            let Some((at, other)) = found else { return };
            let obstacle = self.in_the_way(name, &other, rows, at);
            rows[at].hold(obstacle);
        }
    }

    /// Whether a record of ours stays though nobody asks for it: whoever it was made for does not
    /// stand, and it leads to nothing of this cluster.
    fn stays(&self, host: &Host<'_>, record: &Record) -> bool {
        let source = host.source_of(record);
        source.is_some_and(|source| {
            self.stack.is_complete
                && self.is_seen(&source)
                && !self.stack.standing.contains(&source)
                && !self.may_go(host, record)
        })
    }

    /// What those are told in whose way another record of the name is. Who waits for a record of
    /// ours to go is told nothing.
    fn in_the_way(&self, name: &str, other: &Record, rows: &[Row], at: usize) -> Option<Problem> {
        let asking = rows[at].asking.as_ref()?;
        let is_planned = |row: &Row| row.id == other.key.set_identifier && row.asking.is_some();
        if rows.iter().any(is_planned) && rows[at].id != other.key.set_identifier {
            let key = &other.key;
            let id = key.set_identifier.as_deref().unwrap_or_default();
            let found = format!("the records with the set identifier \"{id}\" have this place");
            let allowed = Some("another place, or a name that nobody else asks for".to_owned());
            let obstacle = Obstacle { found, allowed };
            return Some(obstacle::in_the_way(&self.settings.owner, name, asking, obstacle));
        }
        let id = other.key.set_identifier.as_deref();
        let host = Host::new(self.view, name, id);
        let is_ours = match other.key.record_type {
            // What somebody has written into it stays.
            RecordType::Txt => host.is_ours(other) && is_alone(other),
            RecordType::A | RecordType::Aaaa | RecordType::Cname => host.may_change(other),
        };
        let obstacle = if !is_ours {
            host.beside(other)
        } else if self.stays(&host, other) {
            obstacle::stays(&other.key)
        } else {
            return None;
        };
        Some(obstacle::in_the_way(&self.settings.owner, name, asking, obstacle))
    }
}

/// Whether two records cannot both stand (Route 53).
fn is_in_the_way(one: &Record, other: &Record) -> bool {
    let (key, beside) = (&one.key, &other.key);
    if key == beside || key.name != beside.name {
        return false;
    }
    if key.record_type == beside.record_type {
        return one.routing.excludes(&other.routing);
    }
    [key, beside].iter().any(|key| key.record_type == RecordType::Cname)
}

/// What stands after changes.
fn after<'a>(before: Records, changes: impl Iterator<Item = &'a RecordChange>) -> Records {
    let (writes, deletions): (Vec<_>, Vec<_>) =
        changes.partition(|change| change.verb != Verb::Delete);
    let mut after = before;
    for change in deletions {
        after.remove(&change.record.key);
    }
    for change in writes {
        after.insert(change.record.key.clone(), change.record.clone());
    }
    after
}

/// The changes of one name as Route 53 takes them: what goes before what comes, each record once. A
/// record that becomes another goes as it was read and comes again, so that Route 53 refuses it if
/// somebody has written it meanwhile; where nothing may go, it is replaced whatever it is by then.
pub(super) fn in_order(
    standing: &Records,
    changes: Vec<RecordChange>,
    policy: DnsPolicy,
) -> Vec<RecordChange> {
    let mut goes: Vec<RecordChange> = Vec::new();
    let mut comes: Vec<RecordChange> = Vec::new();
    let mut at: BTreeMap<RecordKey, usize> = BTreeMap::new();
    for change in changes {
        if change.verb == Verb::Delete {
            if !goes.contains(&change) {
                goes.push(change);
            }
        } else if let Some(at) = at.get(&change.record.key) {
            comes[*at] = change;
        } else {
            at.insert(change.record.key.clone(), comes.len());
            comes.push(change);
        }
    }
    for change in &mut comes {
        let Some(before) = standing.get(&change.record.key) else { continue };
        let is_going = goes.iter().position(|gone| gone.record.key == before.key);
        let is_same_kind = before.routing.kind() == change.record.routing.kind();
        if is_same_kind && (policy != DnsPolicy::Sync || *before == change.record) {
            change.verb = Verb::Upsert;
            is_going.map(|at| goes.remove(at));
        } else {
            change.verb = Verb::Create;
            if is_going.is_none() {
                goes.push(super::deletion(before));
            }
        }
    }
    goes.into_iter().chain(comes).collect()
}
