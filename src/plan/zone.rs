//! The plan of a hosted zone: which of its records change.

use std::collections::BTreeSet;

use crate::model::id::Id;
use crate::model::inventory::{Address, ZoneInventory};
use crate::model::load_balancer::LoadBalancerState;
use crate::model::marks::ANNOTATION_ACCEPT_REMOVALS;
use crate::model::ownership::{LABEL_LENGTH_MAX, txt_name, txt_subject};
use crate::model::plan::{Plan, Reason, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::record::{
    Record, RecordChange, RecordType, RecordValue, RecordWish, Verb, WishedValue,
};
use crate::model::settings::{DnsPolicy, DnsSettings, Settings};
use crate::model::snapshot::Extent;
use crate::model::source::Source;
use crate::model::stack::{Braked, ZoneStack};

use super::brakes;
use super::draft::Draft;
use batch::{Changed, batches};
use host::{Claim, Host, Obstacle};
use whose::Whose;

mod batch;
mod host;
mod proof;
mod told;
mod whose;

pub(super) use proof::proves;
pub use told::{behind, is_blind, is_ours, leading, unseen};
pub(super) use whose::View;

/// The types of the records that lead to load balancers, or are in their way.
pub(super) const TYPES: [RecordType; 3] = [RecordType::A, RecordType::Aaaa, RecordType::Cname];

/// In what the records of a name differ whose load balancer has lost its IPv6 addresses.
const IP_ADDRESS_TYPE: &str = "ip-address-type";

/// Plans a zone: names that are wished for lead to their load balancers, and those that nobody
/// wishes for any more go. A record that is not ours is never touched.
#[must_use]
pub fn plan(
    settings: &Settings,
    extent: &Extent,
    stack: &ZoneStack,
    inventory: &ZoneInventory,
) -> Plan {
    let mut draft = Draft::default();
    let Some(view) = View::of(settings, &stack.zone.name, inventory) else {
        draft.note("nothing is planned: the zone's records could not be read".to_owned());
        return draft.finish();
    };
    let mut planning = Planning {
        settings: &settings.dns,
        extent,
        stack,
        view: &view,
        draft: &mut draft,
        changed: Vec::new(),
    };
    if stack.keeps_names {
        for (host, asking) in &stack.names {
            planning.name(host, asking);
        }
        planning.withdraw();
        planning.say_what_is_held();
    }
    for (proof, asker) in &stack.proofs {
        planning.proof(proof, asker);
    }
    let changed = planning.changed;
    batches(&mut draft, stack, changed);
    draft.finish()
}

struct Planning<'a> {
    settings: &'a DnsSettings,
    extent: &'a Extent,
    stack: &'a ZoneStack,
    view: &'a View<'a>,
    draft: &'a mut Draft,
    changed: Vec<Changed>,
}

impl Planning<'_> {
    /// Plans a name that somebody wishes for.
    fn name(&mut self, name: &str, asking: &[RecordWish]) {
        let host = Host::new(self.view, name);
        let holder = host.holder();
        // Whoever has a name keeps it for as long as it is wished for.
        let wish = asking.iter().find(|wish| holder.as_ref().is_some_and(|who| wish.is_of(who)));
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
        let others = asking.iter().filter(|other| other.source != wish.source);
        for loser in others.filter(|other| !is_for_same(other, wish)) {
            self.taken(name, &loser.source);
        }
        let load_balancer = wish.value.load_balancer().given();
        let address = load_balancer.and_then(|id| self.view.load_balancers.get(id));
        if address.is_none() && load_balancer.is_some() {
            // It has vanished, and is about to be made anew.
            return;
        }
        let for_whom = holder.filter(|who| wish.is_of(who)).unwrap_or(wish.source.clone());
        let wished = Wished { wish, for_whom, address };
        if let Some(in_the_way) = host.foreign() {
            if !host.leads_to(&wished.value()) {
                self.in_the_way(name, &wish.source, in_the_way);
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

    /// Whether it can be seen from here that somebody does not ask for a name any more.
    fn is_seen(&self, source: &Source) -> bool {
        (self.extent.shows(source.namespace()) || self.stack.standing.contains(source))
            && !self.stack.braked.owners.contains(source)
    }

    /// Names stay of whom nobody has said that they are gone.
    fn say_what_is_held(&mut self) {
        let Braked { owners, token } = &self.stack.braked;
        if owners.is_empty() {
            return;
        }
        // Whose they are is nobody's business who has a name in the zone.
        let found =
            format!("records of {} Ingresses that the cluster's lists do not have", owners.len());
        self.draft.note(format!(
            "{found}: {}; they go with the annotation {ANNOTATION_ACCEPT_REMOVALS}: {token} on an \
             IngressClass",
            brakes::list(owners.iter().map(ToString::to_string))
        ));
        if let Some(wish) = self.stack.names.values().flatten().next() {
            self.draft.refuse(brakes::problem(ObjectRef::of(&wish.source), found, token));
        }
    }

    /// A name stays with somebody of whom nobody can see here whether he still asks for it.
    fn held_unseen(&mut self, host: &Host<'_>, asking: &[RecordWish]) {
        for wish in asking {
            let load_balancer = wish.value.load_balancer().given();
            let address = load_balancer.and_then(|id| self.view.load_balancers.get(id));
            let for_whom = wish.source.clone();
            if !host.leads_to(&Wished { wish, for_whom, address }.value()) {
                self.taken(host.name, &wish.source);
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
        for record_type in wished.wish.value.record_types().iter().copied() {
            match host.standing(record_type) {
                Some(record) if host.may_change(record) => {
                    let (fields, change) = self.update(host, wished, record);
                    reasons.extend(fields.into_iter().map(str::to_owned));
                    changes.extend(change);
                }
                Some(_) => {}
                None if !may_create => {}
                None if self.is_needed(host, wished, record_type) => {
                    let record = wished.wish.record(host.name, record_type, wished.value());
                    changes.push(RecordChange { verb: Verb::Create, record });
                    changes.extend(host.assertions(record_type, wished));
                    is_missing = true;
                }
                None => {
                    let left = host.left_over(record_type).filter(|txt| {
                        host::read(txt).is_some_and(|found| found.is_dualstack)
                            && self.is_outdated(wished)
                    });
                    reasons.extend(left.map(|_| IP_ADDRESS_TYPE.to_owned()));
                    changes.extend(left.map(deletion));
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

    /// Brings a record of ours into line, with the TXT record that says whose it is: a record is
    /// never written without it, so that none is left that nobody owns. Says in what it differs.
    fn update(
        &self,
        host: &Host<'_>,
        wished: &Wished<'_>,
        record: &Record,
    ) -> (Vec<&'static str>, Vec<RecordChange>) {
        let record_type = record.key.record_type;
        if record_type == RecordType::Aaaa && host.is_dualstack(record) && self.is_outdated(wished)
        {
            return (vec![IP_ADDRESS_TYPE], host.removal(record));
        }
        let mut fields = differences(&record.value, &wished.value());
        let mut changes = Vec::new();
        if !fields.is_empty() {
            let record = wished.wish.record(host.name, record_type, wished.value());
            changes.push(RecordChange { verb: Verb::Upsert, record });
        }
        if host.is_for_another(record, &wished.for_whom) {
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

    /// Withdraws the names that nobody wishes for any more.
    fn withdraw(&mut self) {
        if self.settings.policy != DnsPolicy::Sync {
            return;
        }
        let keys = self.view.records.keys().filter(|key| key.set_identifier.is_none());
        let names = keys.filter_map(|key| match key.record_type {
            RecordType::Txt => Some(txt_subject(&self.stack.zone.name, &key.name)?.0),
            RecordType::A | RecordType::Aaaa | RecordType::Cname => Some(key.name.as_str()),
        });
        let names: BTreeSet<&str> = names.collect();
        for name in names {
            let is_wished =
                self.stack.names.contains_key(name) || self.stack.elsewhere.contains(name);
            if is_wished || !self.settings.keeps(name) {
                continue;
            }
            let changes = self.withdrawal(&Host::new(self.view, name));
            if !changes.is_empty() {
                let (host, reason) = (name.to_owned(), Reason::Unwanted);
                self.changed.push(Changed { host, gate: None, reason, changes });
            }
        }
    }

    /// What goes of a name that nobody wishes for any more.
    fn withdrawal(&self, host: &Host<'_>) -> Vec<RecordChange> {
        let mut changes = Vec::new();
        for record_type in TYPES {
            let goes = match host.standing(record_type) {
                Some(record) if host.claim(record) == Claim::Ours && self.may_go(host, record) => {
                    host.removal(record)
                }
                Some(_) => continue,
                None => {
                    let left = host.left_over(record_type);
                    let left = left.filter(|txt| self.may_be_swept(txt));
                    left.map(deletion).into_iter().collect()
                }
            };
            // One TXT record may speak of two records.
            for change in goes {
                if !changes.contains(&change) {
                    changes.push(change);
                }
            }
        }
        changes
    }

    /// Whether a TXT record of ours may go whose record is gone, and which nobody wishes for.
    fn may_be_swept(&self, txt: &Record) -> bool {
        let Some(source) = host::read(txt).and_then(|found| found.source()) else { return false };
        let is_gone =
            self.extent.shows(source.namespace()) && !self.stack.standing.contains(&source);
        self.stack.is_complete
            && (is_gone || self.stack.known.contains(&source))
            && !self.stack.braked.owners.contains(&source)
    }

    /// Whether a record of ours that nobody wishes for may go. One whose source stands and does
    /// not say which names it wants stays; and one whose source is gone goes only if it leads to a
    /// load balancer of this cluster: another cluster may have the same owner id.
    fn may_go(&self, host: &Host<'_>, record: &Record) -> bool {
        let is_complete = self.stack.is_complete;
        let Some(source) = host.source_of(record) else { return false };
        if self.stack.braked.owners.contains(&source) {
            return false;
        }
        if self.stack.known.contains(&source) {
            return is_complete;
        }
        if !self.extent.shows(source.namespace()) || self.stack.standing.contains(&source) {
            return false;
        }
        // What has the cluster's own name for an owner is nobody else's, and leads nowhere now.
        let was_ours =
            self.settings.keeps_default && host.is_of_owner(record) && self.view.is_gone(record);
        is_complete && (was_ours || self.view.whose(record) == Whose::Ours)
    }

    fn in_the_way(&mut self, name: &str, source: &Source, obstacle: Obstacle) {
        let allowed = obstacle.allowed.unwrap_or_else(|| {
            format!(
                "a name without records, or with records whose TXT record names the owner {}",
                self.settings.owner
            )
        });
        self.refuse(source, format!("{name}, of which {}", obstacle.found), allowed);
    }

    fn taken(&mut self, name: &str, source: &Source) {
        self.refuse(
            source,
            format!("{name}, which an Ingress of another load balancer asked for first"),
            "a name that nobody else asks for".to_owned(),
        );
    }

    fn refuse(&mut self, source: &Source, found: String, allowed: String) {
        self.draft.refuse(Problem {
            code: Code::ForeignRecord,
            severity: Severity::Warning,
            object: ObjectRef::of(source),
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
    wish: &'a RecordWish,
    /// Who its records are for.
    for_whom: Source,
    /// Where the load balancer can be reached, once it stands.
    address: Option<&'a Address>,
}

impl Wished<'_> {
    fn value(&self) -> RecordValue {
        match &self.wish.value {
            WishedValue::Alias { load_balancer, evaluate_target_health } => RecordValue::Alias {
                target: match self.address {
                    Some(address) => Id::Is(address.dns_name.clone()),
                    None => load_balancer.clone(),
                },
                hosted_zone: self.address.map(|address| address.hosted_zone.clone()),
                evaluate_target_health: *evaluate_target_health,
            },
        }
    }
}

/// Whether two wishes lead to the same load balancer.
fn is_for_same(one: &RecordWish, other: &RecordWish) -> bool {
    one.value.load_balancer() == other.value.load_balancer()
}

fn deletion(record: &Record) -> RecordChange {
    RecordChange { verb: Verb::Delete, record: record.clone() }
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
