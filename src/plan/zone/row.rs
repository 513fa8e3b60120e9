//! The records of a name that have one set identifier, or none.

use std::collections::{BTreeMap, BTreeSet};

use super::host::{Claim, Host};
use super::obstacle;
use super::whose::Whose;
use super::wished::{Wished, differences};
use super::{Planning, TYPES};
use crate::model::load_balancer::LoadBalancerState;
use crate::model::ownership::LABEL_LENGTH_MAX;
use crate::model::plan::WaitKey;
use crate::model::problem::Problem;
use crate::model::record::{
    Record, RecordChange, RecordType, RecordValue, RecordWish, Verb, WishedValue,
};
use crate::model::routing::Routing;
use crate::model::settings::DnsPolicy;
use crate::model::source::Source;

/// In what the records of a name differ whose load balancer has lost its IPv6 addresses.
const IP_ADDRESS_TYPE: &str = "ip-address-type";

/// What becomes of the records of a name that have one set identifier.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) id: Option<String>,
    /// Who gets them.
    pub(super) asking: Option<Source>,
    pub(super) changes: Vec<RecordChange>,
    pub(super) reasons: BTreeSet<String>,
    pub(super) is_missing: bool,
    /// Whether something is in the way of what is asked for, or has to be waited for.
    pub(super) is_held: bool,
    /// Whether it is held by what stays, so that nobody has to be waited for.
    pub(super) is_refused: bool,
    pub(super) gate: Option<WaitKey>,
    pub(super) refusals: Vec<Problem>,
    pub(super) notes: Vec<String>,
    /// What is brought into line where nothing can be made.
    less: Option<Box<Row>>,
}

impl Row {
    /// Holds it back: what stands is kept in line only, as far as that can be.
    pub(super) fn hold(&mut self, told: Option<Problem>) {
        let less = self.less.take().map(|less| *less).unwrap_or_default();
        let Row { changes, reasons, gate, .. } = less;
        (self.changes, self.reasons, self.gate) = (changes, reasons, gate);
        (self.is_missing, self.is_held) = (false, true);
        self.is_refused = told.is_some();
        self.refusals.extend(told);
    }
}

impl Planning<'_> {
    /// Plans the records of a name with one set identifier; `asking` ask for them, the first one
    /// first. Whoever has a name keeps it for as long as it is wished for.
    pub(super) fn row(&self, host: &Host<'_>, asking: &[&RecordWish]) -> Row {
        let id = host.set_identifier.map(str::to_owned);
        let mut row = Row { id, ..Row::default() };
        let holder = host.holder();
        let wish = asking.iter().find(|wish| holder.as_ref().is_some_and(|who| wish.is_of(who)));
        if wish.is_none() && holder.is_some() && !self.stack.is_complete {
            // Whoever has it now may not have been heard of yet.
            row.is_held = true;
            return row;
        }
        if holder.is_none() && !self.stack.is_complete && self.is_unheard(host) {
            // Nor whoever has another part of it, and may ask for what keeps this one out.
            row.is_held = true;
            return row;
        }
        if let (None, Some(holder)) = (wish, &holder)
            && (!self.is_seen(holder) || self.stack.arriving.contains(holder))
        {
            row.is_held = true;
            row.refusals = self.held_unseen(host, asking);
            return row;
        }
        let Some(wish) = wish.or(asking.first()).copied() else {
            row.is_held = true;
            return row;
        };
        let others = asking.iter().filter(|other| other.source != wish.source);
        let losers = others.filter(|other| !is_for_same(other, wish));
        row.refusals = losers.map(|loser| obstacle::taken(host.name, &loser.source)).collect();
        let wished = self.wished(wish, holder);
        let is_given = wish.load_balancer.given().is_some();
        let is_named = matches!(wish.value, WishedValue::Cname);
        if wished.address.is_none() && wish.leads_to().is_some() && (is_given || is_named) {
            // It has vanished, and is about to be made anew; or its name is not known yet.
            row.is_held = true;
            return row;
        }
        row.asking = Some(wish.source.clone());
        self.fill(&mut row, host, &wished);
        row
    }

    /// Whether somebody has records of a name who has not said yet which names he wants.
    fn is_unheard(&self, host: &Host<'_>) -> bool {
        let mut rows = self.view.rows(host.name).into_iter();
        rows.any(|id| {
            let holder = Host::new(self.view, host.name, id).holder();
            holder.is_some_and(|holder| !self.stack.known.contains(&holder))
        })
    }

    fn wished<'w>(&'w self, wish: &'w RecordWish, holder: Option<Source>) -> Wished<'w> {
        let load_balancer = wish.leads_to().and_then(|id| id.given());
        let address = load_balancer.and_then(|id| self.view.load_balancers.get(id));
        let for_whom = holder.filter(|who| wish.is_of(who)).unwrap_or(wish.source.clone());
        Wished { wish, for_whom, address }
    }

    /// What stands already where a wish leads is nobody's problem, whoever keeps it.
    fn fill(&self, row: &mut Row, host: &Host<'_>, wished: &Wished<'_>) {
        let source = &wished.wish.source;
        let told = |obstacle| {
            (!host.leads_to(wished))
                .then(|| obstacle::in_the_way(&self.settings.owner, host.name, source, obstacle))
        };
        if let Some(in_the_way) = host.foreign(wished) {
            row.less = Some(Box::new(self.less(host, wished)));
            row.hold(told(in_the_way));
            row.is_refused = true;
            return;
        }
        if let Some(refused) = wished.obstacle(host) {
            row.hold(told(refused));
            row.is_refused = true;
            return;
        }
        if let Some(record_type) = host.in_place_of(wished)
            && self.settings.policy != DnsPolicy::Sync
        {
            row.is_held = true;
            let article = if record_type == RecordType::Cname { "a" } else { "an" };
            row.notes.push(format!(
                "{} stays {article} {record_type} record: with this --policy it cannot go before \
                 {} comes",
                host.name,
                if record_type == RecordType::Cname { "the alias" } else { "the CNAME record" }
            ));
            return;
        }
        let Row { changes, reasons, is_missing, gate, notes, .. } =
            self.in_line(host, wished, Reach::All);
        (row.changes, row.reasons, row.gate) = (changes, reasons, gate);
        row.is_missing = is_missing;
        row.notes.extend(notes);
        row.less = Some(Box::new(self.less(host, wished)));
    }

    /// A name stays with somebody of whom nobody can see here, or says yet, whether he still asks
    /// for it.
    fn held_unseen(&self, host: &Host<'_>, asking: &[&RecordWish]) -> Vec<Problem> {
        let waiting = asking.iter().filter(|wish| !host.leads_to(&self.wished(wish, None)));
        waiting.map(|wish| obstacle::taken(host.name, &wish.source)).collect()
    }

    /// What becomes of records that stay though nobody asks for them, where whoever has them asks
    /// for others of the name: they go on leading to where he is served.
    pub(super) fn kept<'w>(
        &self,
        host: &Host<'_>,
        mut asking: impl Iterator<Item = &'w &'w RecordWish>,
    ) -> Row {
        let holder = host.holder();
        let wish = asking.find(|wish| holder.as_ref().is_some_and(|holder| wish.is_of(holder)));
        wish.map(|wish| self.less(host, &self.wished(wish, holder))).unwrap_or_default()
    }

    /// What becomes of what stands where nothing can be made: it goes on leading to where it should
    /// lead, by the policy that it has. What cannot lead there, and leads to a load balancer, leads
    /// to the one by which whoever asks is served: no other stays for its sake.
    fn less(&self, host: &Host<'_>, wished: &Wished<'_>) -> Row {
        let mut standing = TYPES.into_iter().filter_map(|record_type| host.standing(record_type));
        let Some(record) = standing.find(|record| host.may_change(record)) else {
            return self.in_line(host, wished, Reach::Standing);
        };
        let mut wish = wished.wish.clone();
        let is_of_set = wish.set_identifier.as_deref() == host.set_identifier;
        if !is_of_set || record.routing.kind() != wish.routing.kind() {
            wish.routing.clone_from(&record.routing);
            wish.health_check.clone_from(&record.health_check);
            wish.set_identifier.clone_from(&record.key.set_identifier);
        }
        let is_of_type = wished.values(host).contains_key(&record.key.record_type);
        if !is_of_type && self.view.whose(record) == Whose::Ours {
            wish.value = as_served(record);
        }
        let wished = self.wished(&wish, Some(wished.for_whom.clone()));
        if wished.address.is_none() && wish.leads_to().is_some() {
            // Where that is, is not known.
            return Row::default();
        }
        let has_alias = |values: &BTreeMap<RecordType, RecordValue>| {
            values.values().any(|value| matches!(value, RecordValue::Alias { .. }))
        };
        if wish.routing == Routing::MultiValue && has_alias(&wished.values(host)) {
            // Route 53 has no alias among several answers.
            return Row::default();
        }
        self.in_line(host, &wished, Reach::Standing)
    }

    /// Brings the records of a name into line, as far as they are ours.
    fn in_line(&self, host: &Host<'_>, wished: &Wished<'_>, reach: Reach) -> Row {
        let mut row = Row::default();
        let mut wanted = wished.records(host);
        let managed = [RecordType::Cname, RecordType::A, RecordType::Aaaa].into_iter();
        for record_type in managed.filter(|one| self.settings.filter.manages(*one)) {
            let wanted = wanted.remove(&record_type);
            match (host.standing(record_type), wanted) {
                (Some(record), Some(_))
                    if reach == Reach::All
                        && record_type == RecordType::Aaaa
                        && matches!(record.value, RecordValue::Values { .. })
                        && host.may_change(record)
                        && is_alias_of_ours(wished)
                        && self.is_outdated(wished) =>
                {
                    row.changes.extend(host.removal(record));
                    row.reasons.insert(IP_ADDRESS_TYPE.to_owned());
                }
                (Some(record), Some(wanted)) if host.may_change(record) => {
                    let (fields, changes) = self.update(host, wished, (record, wanted));
                    row.reasons.extend(fields.into_iter().map(str::to_owned));
                    row.changes.extend(changes);
                }
                (None, Some(wanted)) if reach == Reach::All => {
                    self.creation(&mut row, host, wished, wanted);
                }
                (Some(record), None)
                    if reach == Reach::All
                        && self.settings.policy == DnsPolicy::Sync
                        && host.may_change(record) =>
                {
                    row.changes.extend(host.removal(record));
                    row.reasons.insert("type".to_owned());
                }
                (None, None)
                    if reach == Reach::All
                        && self.settings.policy == DnsPolicy::Sync
                        && self.sight.is_whole() =>
                {
                    let left = host.left_over(record_type);
                    let left = left.filter(|txt| self.may_be_swept(txt));
                    row.reasons.extend(left.map(|_| "type".to_owned()));
                    row.changes.extend(left.map(super::deletion));
                }
                (Some(_) | None, Some(_) | None) => {}
            }
        }
        row.gate = wished.address.and_then(|address| {
            (address.state != LoadBalancerState::Active)
                .then(|| WaitKey::Active(address.dns_name.clone()))
        });
        row
    }

    /// Makes a record that has to stand, with the TXT record that says whose it is.
    fn creation(&self, row: &mut Row, host: &Host<'_>, wished: &Wished<'_>, wanted: Record) {
        let record_type = wanted.key.record_type;
        let is_aaaa = record_type == RecordType::Aaaa;
        // AAAA records of load balancers are for those only who can be reached so.
        let is_needed = !is_aaaa
            || !is_alias_of_ours(wished)
            || wished.address.is_some_and(|address| address.has_ipv6);
        if !is_needed {
            let left = host.left_over(record_type).filter(|txt| {
                host.read(txt).is_some_and(|found| found.is_dualstack) && self.is_outdated(wished)
            });
            row.reasons.extend(left.map(|_| IP_ADDRESS_TYPE.to_owned()));
            row.changes.extend(left.map(super::deletion));
            return;
        }
        let txt = host.txt_name(record_type);
        if txt.split('.').any(|label| label.len() > LABEL_LENGTH_MAX) {
            row.notes.push(format!(
                "{} gets no {record_type} record: the TXT record beside it would have a label of \
                 more than {LABEL_LENGTH_MAX} characters",
                host.name
            ));
            return;
        }
        row.changes.push(RecordChange { verb: Verb::Create, record: wanted });
        row.changes.extend(host.assertions(record_type, wished));
        row.is_missing = true;
    }

    /// Brings a record of ours into line, with the TXT record that says whose it is: a record is
    /// never written without it, so that none is left that nobody owns. Says in what it differs.
    fn update(
        &self,
        host: &Host<'_>,
        wished: &Wished<'_>,
        (record, wanted): (&Record, Record),
    ) -> (Vec<&'static str>, Vec<RecordChange>) {
        let record_type = record.key.record_type;
        if record_type == RecordType::Aaaa
            && is_alias_of_ours(wished)
            && host.is_dualstack(record)
            && self.is_outdated(wished)
        {
            return (vec![IP_ADDRESS_TYPE], host.removal(record));
        }
        let mut fields = differences(record, &wanted, wished.wish.ttl);
        let mut changes = Vec::new();
        if !fields.is_empty() {
            changes.push(RecordChange { verb: Verb::Upsert, record: wanted });
        }
        let is_anothers = host.claim(record) == Claim::Taken;
        if is_anothers || host.is_for_another(record, &wished.for_whom) {
            fields.push("owner");
        }
        if self.settings.policy == DnsPolicy::CreateOnly || fields.is_empty() {
            return (Vec::new(), Vec::new());
        }
        changes.extend(host.assertions(record_type, wished));
        (fields, changes)
    }

    /// Whether AAAA records that were made because the load balancer had IPv6 addresses may go.
    fn is_outdated(&self, wished: &Wished<'_>) -> bool {
        self.settings.policy == DnsPolicy::Sync
            && wished.address.is_some_and(|address| !address.has_ipv6)
    }
}

/// How far records are brought into line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those that stand.
    Standing,
    /// Those that should stand.
    All,
}

fn is_alias_of_ours(wished: &Wished<'_>) -> bool {
    matches!(wished.wish.value, WishedValue::Alias { .. })
}

/// What a record that leads to a load balancer should say to lead to that of the wish.
fn as_served(record: &Record) -> WishedValue {
    match record.value {
        RecordValue::Alias { evaluate_target_health, .. } => {
            WishedValue::Alias { evaluate_target_health }
        }
        RecordValue::Values { .. } => WishedValue::Cname,
    }
}

/// Whether two wishes lead to the same.
fn is_for_same(one: &RecordWish, other: &RecordWish) -> bool {
    match (one.leads_to(), other.leads_to()) {
        (None, None) => one.value == other.value,
        (of_one, of_other) => of_one == of_other,
    }
}
