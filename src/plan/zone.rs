//! The plan of a hosted zone: which of its records change.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{Action, AwsAction};
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::inventory::{Address, Records, ZoneInventory};
use crate::model::known::Known;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::ownership::{LABEL_LENGTH_MAX, Ownership, TTL, txt_name};
use crate::model::plan::{Plan, Reason, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::record::{
    BATCH_CHARACTERS_MAX, BATCH_VALUES_MAX, Record, RecordChange, RecordType, RecordValue, Verb,
};
use crate::model::settings::{DnsPolicy, DnsSettings};
use crate::model::snapshot::Extent;
use crate::model::stack::{WishedName, ZoneStack};

use super::draft::Draft;
use host::{Claim, Host};

mod host;

/// The types of the records that lead to load balancers, or are in their way.
const TYPES: [RecordType; 3] = [RecordType::A, RecordType::Aaaa, RecordType::Cname];

/// Plans a zone: names that are wished for lead to their load balancers, and those that nobody
/// wishes for any more go. A record that is not ours is never touched.
#[must_use]
pub fn plan(
    settings: &DnsSettings,
    extent: &Extent,
    stack: &ZoneStack,
    inventory: &ZoneInventory,
) -> Plan {
    let mut draft = Draft::default();
    let Known::Is(records, _) = &inventory.records else {
        draft.note("nothing is planned: the zone's records could not be read".to_owned());
        return draft.finish();
    };
    let mut planning = Planning {
        settings,
        extent,
        stack,
        records,
        load_balancers: &inventory.load_balancers,
        draft: &mut draft,
        changed: Vec::new(),
    };
    for (host, asking) in &stack.names {
        planning.name(host, asking);
    }
    planning.withdraw();
    let changed = planning.changed;
    batches(&mut draft, stack, changed);
    draft.finish()
}

/// The load balancers that our records of a zone lead to, by their DNS names. Records for anything
/// but an Ingress are never withdrawn here, so nothing waits for them.
#[must_use]
pub fn leading(settings: &DnsSettings, zone: &str, records: &Records) -> BTreeSet<AwsId> {
    let ours = records.values().filter(|record| {
        let host = Host::new(&settings.owner, zone, &record.key.name, records);
        is_ours(settings, zone, records, record) && host.ingress_of(record).is_some()
    });
    ours.filter_map(Record::alias_target).cloned().collect()
}

/// Whether a record of a zone is ours.
#[must_use]
pub fn is_ours(settings: &DnsSettings, zone: &str, records: &Records, record: &Record) -> bool {
    let host = Host::new(&settings.owner, zone, &record.key.name, records);
    TYPES.contains(&record.key.record_type) && host.claim(record) == Claim::Ours
}

/// What happens to one name; all of it at once.
struct Changed {
    host: String,
    gate: Option<WaitKey>,
    reason: Reason,
    changes: Vec<RecordChange>,
}

struct Planning<'a> {
    settings: &'a DnsSettings,
    extent: &'a Extent,
    stack: &'a ZoneStack,
    records: &'a Records,
    load_balancers: &'a BTreeMap<AwsId, Address>,
    draft: &'a mut Draft,
    changed: Vec<Changed>,
}

impl<'a> Planning<'a> {
    fn host<'b>(&self, name: &'b str) -> Host<'b>
    where
        'a: 'b,
    {
        Host::new(&self.settings.owner, &self.stack.zone.name, name, self.records)
    }

    /// Plans a name that somebody wishes for.
    fn name(&mut self, name: &str, asking: &[WishedName]) {
        let host = Host::new(&self.settings.owner, &self.stack.zone.name, name, self.records);
        let holder = host.holder();
        // Whoever has a name keeps it for as long as it is wished for.
        let wish = asking.iter().find(|wish| Some(&wish.ingress) == holder.as_ref());
        if wish.is_none() && holder.is_some() && !self.stack.is_complete {
            // Whoever has it now may not have been heard of yet.
            return;
        }
        if let (None, Some(holder)) = (wish, &holder)
            && !self.is_seen(holder)
        {
            self.held_unseen(&host, asking);
            return;
        }
        let Some(wish) = wish.or(asking.first()) else { return };
        for loser in asking.iter().filter(|other| other.load_balancer != wish.load_balancer) {
            self.taken(name, &loser.ingress);
        }
        let address = wish.load_balancer.given().and_then(|id| self.load_balancers.get(id));
        if address.is_none() && wish.load_balancer.given().is_some() {
            // It has vanished, and is about to be made anew.
            return;
        }
        let wished = Wished { wish, address };
        if let Some(in_the_way) = host.foreign() {
            if !host.leads_to(&wished.value()) {
                self.in_the_way(name, &wish.ingress, &in_the_way);
            }
            self.keep_in_line(&host, &wished, false);
            return;
        }
        if host.is_aliased_elsewhere_by_name() && self.settings.policy != DnsPolicy::Sync {
            self.draft.note(format!(
                "{name} stays a CNAME record: with this --policy it cannot go before the alias"
            ));
            return;
        }
        self.keep_in_line(&host, &wished, true);
    }

    /// Whether it can be seen from here that an Ingress does not ask for a name any more.
    fn is_seen(&self, ingress: &ObjectKey) -> bool {
        self.extent.shows(&ingress.namespace) || self.stack.standing.contains(ingress)
    }

    /// A name stays with an Ingress of which nobody can see here whether it still asks for it.
    fn held_unseen(&mut self, host: &Host<'_>, asking: &[WishedName]) {
        for wish in asking {
            let address = wish.load_balancer.given().and_then(|id| self.load_balancers.get(id));
            if !host.leads_to(&Wished { wish, address }.value()) {
                self.taken(host.name, &wish.ingress);
            }
        }
    }

    /// Brings the records of a name into line, as far as they are ours; those that are missing are
    /// made where nothing is in the way.
    fn keep_in_line(&mut self, host: &Host<'_>, wished: &Wished<'_>, may_create: bool) {
        let mut changes = Vec::new();
        let mut reasons = BTreeSet::new();
        if may_create && let Some(cname) = host.standing(RecordType::Cname) {
            changes.extend(host.removal(cname));
            reasons.insert("type".to_owned());
        }
        let mut is_missing = false;
        for record_type in [RecordType::A, RecordType::Aaaa] {
            match host.standing(record_type) {
                Some(record) if host.claim(record) == Claim::Ours => {
                    let differences = differences(&record.value, &wished.value());
                    if self.settings.policy != DnsPolicy::CreateOnly && !differences.is_empty() {
                        let record = Record::simple(host.name, record_type, wished.value());
                        changes.push(RecordChange { verb: Verb::Upsert, record });
                        reasons.extend(differences.into_iter().map(str::to_owned));
                    }
                }
                Some(_) => {}
                None if !may_create || !self.is_needed(host, wished, record_type) => {}
                None => {
                    changes.extend(self.creation(host, wished, record_type));
                    is_missing = true;
                }
            }
        }
        if changes.is_empty() {
            return;
        }
        let reason = match (reasons.is_empty(), is_missing) {
            (true, _) => Reason::Missing,
            (false, _) => Reason::Differs(reasons.into_iter().collect()),
        };
        let gate = wished.address.and_then(|address| {
            (address.state != LoadBalancerState::Active)
                .then(|| WaitKey::Active(address.dns_name.clone()))
        });
        self.changed.push(Changed { host: host.name.to_owned(), gate, reason, changes });
    }

    /// Whether a record of this type has to stand: AAAA only for those who can be reached so.
    fn is_needed(&mut self, host: &Host<'_>, wished: &Wished<'_>, record_type: RecordType) -> bool {
        if record_type == RecordType::A {
            return true;
        }
        if !wished.address.is_some_and(|address| address.has_ipv6) {
            return false;
        }
        let txt = txt_name(&self.stack.zone.name, host.name, record_type);
        let fits = txt.split('.').next().is_some_and(|label| label.len() <= LABEL_LENGTH_MAX);
        if !fits {
            let name = host.name;
            self.draft.note(format!(
                "{name} gets no AAAA record: the TXT record beside it would have a label of more \
                 than {LABEL_LENGTH_MAX} characters"
            ));
        }
        fits
    }

    /// A record, and the TXT record beside it unless that is there already.
    fn creation(
        &self,
        host: &Host<'_>,
        wished: &Wished<'_>,
        record_type: RecordType,
    ) -> Vec<RecordChange> {
        let create = |record| RecordChange { verb: Verb::Create, record };
        let mut changes = vec![create(Record::simple(host.name, record_type, wished.value()))];
        let txt = txt_name(&self.stack.zone.name, host.name, record_type);
        if host.txt(&txt).is_none() {
            let ownership = Ownership::of_ingress(&self.settings.owner, &wished.wish.ingress);
            let value = RecordValue::Values { ttl: TTL, values: vec![ownership.to_string()] };
            changes.push(create(Record::simple(&txt, RecordType::Txt, value)));
        }
        changes
    }

    /// Withdraws the names that nobody wishes for any more.
    fn withdraw(&mut self) {
        if self.settings.policy != DnsPolicy::Sync {
            return;
        }
        let names: BTreeSet<&str> = self
            .records
            .keys()
            .filter(|key| TYPES.contains(&key.record_type) && key.set_identifier.is_none())
            .map(|key| key.name.as_str())
            .collect();
        for name in names {
            let is_wished =
                self.stack.names.contains_key(name) || self.stack.elsewhere.contains(name);
            if is_wished || !self.settings.keeps(name) {
                continue;
            }
            let host = self.host(name);
            let mut changes = Vec::new();
            for record_type in TYPES {
                let Some(record) = host.standing(record_type) else { continue };
                if host.claim(record) == Claim::Ours && self.may_go(&host, record) {
                    // One TXT record may speak of two records.
                    for change in host.removal(record) {
                        if !changes.contains(&change) {
                            changes.push(change);
                        }
                    }
                }
            }
            if !changes.is_empty() {
                let (host, reason) = (name.to_owned(), Reason::Unwanted);
                self.changed.push(Changed { host, gate: None, reason, changes });
            }
        }
    }

    /// Whether a record of ours that nobody wishes for may go. One whose Ingress stands and does
    /// not say which names it wants stays; and one whose Ingress is gone goes only if it leads to a
    /// load balancer of this cluster: another cluster may have the same owner id.
    fn may_go(&self, host: &Host<'_>, record: &Record) -> bool {
        let is_complete = self.stack.is_complete;
        let Some(ingress) = host.ingress_of(record) else { return false };
        if self.stack.known.contains(&ingress) {
            return is_complete;
        }
        if !self.extent.shows(&ingress.namespace) || self.stack.standing.contains(&ingress) {
            return false;
        }
        let leads_to_ours = record.alias_target().is_some_and(|target| {
            self.load_balancers
                .values()
                .any(|address| address.is_ours && address.dns_name == *target)
        });
        is_complete && leads_to_ours
    }

    fn in_the_way(&mut self, name: &str, ingress: &ObjectKey, found: &str) {
        self.refuse(
            ingress,
            format!("{name}, of which {found}"),
            format!(
                "a name without records, or with records whose TXT record names the owner {}",
                self.settings.owner
            ),
        );
    }

    fn taken(&mut self, name: &str, ingress: &ObjectKey) {
        self.refuse(
            ingress,
            format!("{name}, which an Ingress of another load balancer asked for first"),
            "a name that nobody else asks for".to_owned(),
        );
    }

    fn refuse(&mut self, ingress: &ObjectKey, found: String, allowed: String) {
        self.draft.refuse(Problem {
            code: Code::ForeignRecord,
            severity: Severity::Warning,
            object: ObjectRef::ingress(ingress),
            field: "hosts".to_owned(),
            found,
            allowed,
            meanwhile: "the records stay as they are; the load balancer serves the host all the \
                        same"
                .to_owned(),
        });
    }
}

/// What a name should lead to.
struct Wished<'a> {
    wish: &'a WishedName,
    /// Where the load balancer can be reached, once it stands.
    address: Option<&'a Address>,
}

impl Wished<'_> {
    fn value(&self) -> RecordValue {
        let target = match self.address {
            Some(address) => Id::Is(address.dns_name.clone()),
            None => self.wish.load_balancer.clone(),
        };
        RecordValue::Alias {
            target,
            hosted_zone: self.address.map(|address| address.hosted_zone.clone()),
            evaluate_target_health: self.wish.evaluate_target_health,
        }
    }
}

/// In what a record differs from the wish. Which zone the target lies in is not compared: it
/// follows from the target (external-dns).
fn differences(live: &RecordValue, wish: &RecordValue) -> Vec<&'static str> {
    let (
        RecordValue::Alias { target, evaluate_target_health, .. },
        RecordValue::Alias { target: wished, evaluate_target_health: evaluates, .. },
    ) = (live, wish)
    else {
        return vec!["value"];
    };
    let mut fields = Vec::new();
    if target != wished {
        fields.push("target");
    }
    if evaluate_target_health != evaluates {
        fields.push("evaluate-target-health");
    }
    fields
}

/// Packs the changes into as few batches as Route 53 takes, those of one name always together.
/// Names that Route 53 refused together go apart, so that one of them holds nobody up.
fn batches(draft: &mut Draft, stack: &ZoneStack, changed: Vec<Changed>) {
    let mut open: BTreeMap<(Option<WaitKey>, usize), Batch> = BTreeMap::new();
    for next in changed {
        let limit = stack.suspects.get(&next.host).copied().unwrap_or(usize::MAX);
        let needs = next.changes.iter().find_map(|change| match &change.record.value {
            RecordValue::Alias { target: Id::Of(handle), .. } => Some(handle.clone()),
            RecordValue::Alias { .. } | RecordValue::Values { .. } => None,
        });
        // What waits for a load balancer that is yet to be made holds up nothing else.
        let gate = needs.map(WaitKey::Made).or(next.gate.clone());
        let key = (gate, limit);
        if let Some(batch) = open.get(&key)
            && (batch.names >= limit || !batch.has_room_for(&next))
            && let Some(full) = open.remove(&key)
        {
            full.push(draft, stack, key.0.clone());
        }
        open.entry(key).or_default().add(next);
    }
    for ((gate, _), batch) in open {
        batch.push(draft, stack, gate);
    }
}

#[derive(Default)]
struct Batch {
    names: usize,
    weight: (usize, usize),
    changes: Vec<RecordChange>,
    reasons: Vec<Reason>,
}

impl Batch {
    fn has_room_for(&self, next: &Changed) -> bool {
        let (values, characters) = weight(next);
        self.weight.0 + values <= BATCH_VALUES_MAX
            && self.weight.1 + characters <= BATCH_CHARACTERS_MAX
    }

    fn add(&mut self, next: Changed) {
        let (values, characters) = weight(&next);
        self.weight = (self.weight.0 + values, self.weight.1 + characters);
        self.names += 1;
        self.changes.extend(next.changes);
        if !self.reasons.contains(&next.reason) {
            self.reasons.push(next.reason);
        }
    }

    fn push(self, draft: &mut Draft, stack: &ZoneStack, gate: Option<WaitKey>) {
        let Self { changes, mut reasons, .. } = self;
        let zone = stack.zone.clone();
        let reason = match (reasons.pop(), reasons.is_empty()) {
            (Some(only), true) => only,
            (last, _) => Reason::All(reasons.into_iter().chain(last).collect()),
        };
        let action = Action::Aws(AwsAction::ChangeRecords { zone, changes });
        draft.push_gated(action, reason, &[], gate);
    }
}

fn weight(changed: &Changed) -> (usize, usize) {
    let each = changed.changes.iter().map(RecordChange::weight);
    each.fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1))
}
