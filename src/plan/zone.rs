//! The plan of a hosted zone: which of its records change.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::inventory::{ZoneInventory, ZoneSight};
use crate::model::marks::ANNOTATION_ACCEPT_REMOVALS;
use crate::model::plan::{Plan, Reason};
use crate::model::problem::ObjectRef;
use crate::model::record::{Record, RecordChange, RecordType, RecordWish, Verb};
use crate::model::routing::RoutingKind;
use crate::model::settings::{DnsPolicy, DnsSettings, Settings};
use crate::model::snapshot::Extent;
use crate::model::source::Source;
use crate::model::stack::{Braked, ZoneStack};

use super::brakes;
use super::draft::Draft;
use batch::{Changed, batches};
use host::{Claim, Host};
use rest::{Walks, Wished};
use row::Row;
use whose::{Whose, target};

mod batch;
mod beside;
mod fit;
mod host;
mod obstacle;
mod proof;
mod rest;
mod row;
mod scope;
mod told;
mod whose;
mod wished;

pub use batch::by_host;
pub(super) use proof::proves;
pub use scope::scope;
pub use told::{behind, is_ours, leading, led, led_by, unknown, unseen};
pub(super) use whose::View;

/// The types of the records that lead to load balancers, or are in their way.
pub(super) const TYPES: [RecordType; 3] = [RecordType::A, RecordType::Aaaa, RecordType::Cname];

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
    let Some(view) = View::of(settings, &stack.zone, &stack.names, inventory) else {
        draft.note("nothing is planned: the zone's records could not be read".to_owned());
        return draft.finish();
    };
    let mut planning = Planning {
        settings: &settings.dns,
        extent,
        stack,
        view: &view,
        sight: &inventory.sight,
        draft: &mut draft,
        changed: Vec::new(),
    };
    if stack.keeps_names {
        let shown = stack.names.iter().filter(|(host, _)| inventory.sight.shows(host));
        let mut walks = Walks::new(view.records);
        for (host, asking) in shown {
            if !view.is_at_rest(&mut walks, host, asking) {
                planning.name(host, asking);
            }
        }
        planning.withdraw();
        planning.say_what_is_held();
    }
    let shown = stack.proofs.iter().filter(|(proof, _)| inventory.sight.shows(&proof.record));
    for (proof, asker) in shown {
        planning.proof(proof, asker);
    }
    if stack.contested.is_empty() {
        let changed = planning.changed;
        batches(&mut draft, stack, settings.dns.batch, changed);
    } else {
        planning.say_who_is_contested();
    }
    draft.finish()
}

/// Those who ask for a name, by the set identifiers of the records that they ask for.
type Sets<'a> = BTreeMap<Option<&'a str>, Vec<&'a RecordWish>>;

fn sets<'a>(asking: impl IntoIterator<Item = &'a RecordWish>) -> Sets<'a> {
    let mut sets: Sets<'_> = BTreeMap::new();
    for wish in asking {
        sets.entry(wish.set_identifier.as_deref()).or_default().push(wish);
    }
    sets
}

struct Planning<'a> {
    settings: &'a DnsSettings,
    extent: &'a Extent,
    stack: &'a ZoneStack,
    view: &'a View<'a>,
    /// Of which names nothing is left to be known. Others are left alone.
    sight: &'a ZoneSight,
    draft: &'a mut Draft,
    changed: Vec<Changed>,
}

impl Planning<'_> {
    /// Plans a name that somebody wishes for: its records in one batch, so that it is served all
    /// the time. What nobody wishes for any more goes only where nothing is in the way of the rest.
    fn name(&mut self, name: &str, asking: &[RecordWish]) {
        if let Some(twin) = self.twin(name) {
            let told = asking.iter().map(|wish| obstacle::twin(name, &twin, &wish.source));
            told.for_each(|problem| self.draft.refuse(problem));
            return;
        }
        let silent = self.silent(name);
        let heard: Vec<RecordWish>;
        let asking = if silent.is_empty() {
            asking
        } else {
            let is_heard = |wish: &&RecordWish| !silent.iter().any(|holder| wish.is_of(holder));
            heard = asking.iter().filter(is_heard).cloned().collect();
            &heard
        };
        let kind = self.kind(name, asking);
        let (asking, mut others): (Vec<_>, Vec<_>) =
            asking.iter().partition(|wish| wish.routing.kind() == kind);
        for wish in &others {
            self.draft.refuse(obstacle::other_kind(name, wish, kind));
        }
        // Whose part it is keeps it, also while he asks for another policy than the name has.
        let is_anothers = |wish: &&RecordWish| {
            let holder = Host::new(self.view, name, wish.set_identifier.as_deref()).holder();
            let mut holder = holder.into_iter().filter(|holder| !wish.is_of(holder));
            holder.any(|holder| others.iter().any(|other| other.is_of(&holder)))
        };
        let (late, asking): (Vec<_>, Vec<_>) = asking.into_iter().partition(is_anothers);
        for wish in &late {
            self.draft.refuse(obstacle::taken(name, &wish.source));
        }
        others.extend(late);
        let sets = sets(asking);
        // Who asks for another policy than the name has keeps what stands.
        let keeps = |id: Option<&str>| {
            let host = Host::new(self.view, name, id);
            let holder = host.holder();
            let has =
                |wish: &&&RecordWish| holder.as_ref().is_some_and(|holder| wish.is_of(holder));
            let is_it = |wish: &&RecordWish| wish.set_identifier.as_deref() == id;
            if holder.as_ref().is_some_and(|holder| silent.contains(holder)) {
                return true;
            }
            let is_nobodys = holder.is_none();
            let keeps = |wish: &&RecordWish| has(&wish) || is_nobodys && is_it(wish);
            host.kind() == Some(kind) && others.iter().any(keeps)
        };
        let mut going = self.left_over(name, |id| sets.contains_key(&id) || keeps(id));
        let mut rows = self.rows(name, &sets, &going);
        if !going.is_empty() && rows.iter().any(|row| row.is_held) {
            // Nobody waits for what stays: what those have who do not ask any more goes.
            let is_refused = rows.iter().all(|row| row.is_refused || !row.is_held);
            let still = sets.values().flatten().copied().chain(others.iter().copied());
            going.retain(|change| is_refused && !self.is_had_by(name, change, still.clone()));
            rows = self.rows(name, &sets, &going);
        }
        let goes = |id: Option<&str>| {
            going.iter().any(|change| change.record.key.set_identifier.as_deref() == id)
        };
        let left = self.view.rows(name).into_iter();
        let left = left.filter(|id| !sets.contains_key(id) && !goes(*id));
        let asking = sets.values().flatten().chain(&others);
        rows.extend(left.map(|id| self.kept(&Host::new(self.view, name, id), asking.clone())));
        let is_missing = rows.iter().any(|row| row.is_missing);
        let reasons = rows.iter().flat_map(|row| row.reasons.iter().cloned());
        let left = (!going.is_empty()).then(|| "set-identifier".to_owned());
        let reasons: BTreeSet<String> = reasons.chain(left).collect();
        let gate = rows.iter().find_map(|row| row.gate.clone());
        let mut changes = going;
        for row in rows {
            changes.extend(row.changes);
            row.refusals.into_iter().for_each(|problem| self.draft.refuse(problem));
            row.notes.into_iter().for_each(|note| self.draft.note(note));
        }
        if changes.is_empty() {
            return;
        }
        let reason = match (reasons.is_empty(), is_missing) {
            (true, _) => Reason::Missing,
            (false, _) => Reason::Differs(reasons.into_iter().collect()),
        };
        let changes = beside::in_order(self.view.records, changes, self.settings.policy);
        self.changed.push(Changed { host: name.to_owned(), gate, reason, changes });
    }

    /// Those who have records of a name and of whom nothing counts where they went: the group that
    /// they come from asks for them still, and whether they are served there, nobody can tell.
    fn silent(&self, name: &str) -> BTreeSet<Source> {
        if self.stack.silent.is_empty() {
            return BTreeSet::new();
        }
        let rows = self.view.rows(name).into_iter();
        let holders = rows.filter_map(|id| Host::new(self.view, name, id).holder());
        holders.filter(|holder| self.stack.silent.contains(holder)).collect()
    }

    /// Whether somebody of these has the records that a change is about.
    fn is_had_by<'w>(
        &self,
        name: &str,
        change: &RecordChange,
        mut asking: impl Iterator<Item = &'w RecordWish>,
    ) -> bool {
        let host = Host::new(self.view, name, change.record.key.set_identifier.as_deref());
        host.holder().is_none_or(|holder| asking.any(|wish| wish.is_of(&holder)))
    }

    /// The name that has the TXT record which would be this one's, where a label stands for an
    /// asterisk: the one that stands, else the one that has the label.
    fn twin(&self, name: &str) -> Option<String> {
        let replacement = self.settings.txt_names.wildcard.as_ref()?;
        let (first, rest) = name.split_once('.')?;
        let is_wildcard = first == "*";
        if !is_wildcard && first != replacement {
            return None;
        }
        let twin = format!("{}.{rest}", if is_wildcard { replacement } else { "*" });
        let stands = |name: &str| {
            let mut rows = self.view.rows(name).into_iter();
            rows.any(|id| Host::new(self.view, name, id).holder().is_some())
        };
        let (this, other) = (stands(name), stands(&twin));
        let loses = if this == other { is_wildcard } else { other };
        (loses && self.stack.names.contains_key(&twin)).then_some(twin)
    }

    /// The kind of routing policy that a name has: all of its records are of one. Whoever has a
    /// name says so, and first those who do not ask for another one: where they ask for several,
    /// it stays as it is, for nobody loses his part by what another one asks for. Of what others
    /// ask for the first kind counts that can stand beside what stays.
    fn kind(&self, name: &str, asking: &[RecordWish]) -> RoutingKind {
        let rows = self.view.rows(name).into_iter();
        let hosts: Vec<Host<'_>> = rows.map(|id| Host::new(self.view, name, id)).collect();
        let held: Vec<_> =
            hosts.iter().filter_map(|host| Some((host, host.holder()?, host.kind()))).collect();
        let rows = |wish: &'_ RecordWish| {
            let own = held.iter().filter(|(_, holder, _)| wish.is_of(holder));
            own.map(|(host, _, kind)| (host.set_identifier, *kind)).collect::<Vec<_>>()
        };
        let keeps = |wish: &&RecordWish| {
            let asked = (wish.set_identifier.as_deref(), Some(wish.routing.kind()));
            rows(wish).contains(&asked)
        };
        let stays = |wish: &&RecordWish| {
            rows(wish).iter().any(|(_, kind)| *kind == Some(wish.routing.kind()))
        };
        if let Some(wish) = asking.iter().find(keeps).or(asking.iter().find(stays)) {
            return wish.routing.kind();
        }
        let (first, last): (Vec<_>, Vec<_>) =
            asking.iter().partition(|wish| !rows(wish).is_empty());
        let are_held = !first.is_empty();
        let counting = if are_held { first } else { last };
        let mut kinds: Vec<RoutingKind> = Vec::new();
        for kind in counting.into_iter().map(|wish| wish.routing.kind()) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        match kinds.as_slice() {
            [] => RoutingKind::Simple,
            [only] => *only,
            [first, ..] if are_held => held.iter().find_map(|(_, _, kind)| *kind).unwrap_or(*first),
            [first, ..] => {
                let mut able = kinds.iter().filter(|kind| self.can_stand(name, asking, **kind));
                *able.next().unwrap_or(first)
            }
        }
    }

    /// Whether nothing that stays keeps all those from a name who ask for one kind of policy.
    fn can_stand(&self, name: &str, asking: &[RecordWish], kind: RoutingKind) -> bool {
        let sets = sets(asking.iter().filter(|wish| wish.routing.kind() == kind));
        self.rows(name, &sets, &[]).iter().any(|row| !row.is_refused)
    }

    /// The removal of records of a name whose set identifiers nobody wishes for.
    fn left_over(&self, name: &str, is_wished: impl Fn(Option<&str>) -> bool) -> Vec<RecordChange> {
        if self.settings.policy != DnsPolicy::Sync || self.stack.elsewhere.contains(name) {
            return Vec::new();
        }
        let rows = self.view.rows(name).into_iter().filter(|id| !is_wished(*id));
        rows.flat_map(|id| self.withdrawal(&Host::new(self.view, name, id))).collect()
    }

    /// What becomes of the records of a name, those with one set identifier after the other.
    fn rows(&self, name: &str, sets: &Sets<'_>, going: &[RecordChange]) -> Vec<Row> {
        let each =
            sets.iter().map(|(id, asking)| self.row(&Host::new(self.view, name, *id), asking));
        let mut rows: Vec<Row> = each.collect();
        self.keep_apart(name, &mut rows, going);
        rows
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

    /// Nothing is written while somebody else writes the same records: both would go on for ever.
    fn say_who_is_contested(&mut self) {
        let contested = &self.stack.contested;
        self.draft.note(format!(
            "nothing is written to {}: somebody else changes back {}",
            self.stack.zone.name,
            brakes::list(contested.iter())
        ));
        for name in contested {
            let asking = self.stack.names.get(name).into_iter().flatten();
            asking.for_each(|wish| self.draft.refuse(obstacle::contested(name, &wish.source)));
        }
    }

    /// Withdraws the names that nobody wishes for any more.
    fn withdraw(&mut self) {
        if self.settings.policy != DnsPolicy::Sync {
            return;
        }
        let (zone, txt_names) = (&self.stack.zone.name, &self.settings.txt_names);
        let is_wished =
            |name: &str| self.stack.names.contains_key(name) || self.stack.elsewhere.contains(name);
        let mut wished = Wished::new(self.stack, txt_names);
        let names = self.view.records.keys().filter_map(|key| match key.record_type {
            RecordType::Txt if wished.is_spoken_of(&key.name) => None,
            RecordType::Txt => Some(Cow::Owned(txt_names.subject(zone, &key.name)?.0)),
            RecordType::A | RecordType::Aaaa | RecordType::Cname => {
                (!wished.has(&key.name)).then_some(Cow::Borrowed(key.name.as_str()))
            }
        });
        let names: BTreeSet<Cow<'_, str>> = names.collect();
        for name in names {
            let name = name.as_ref();
            if is_wished(name) || !self.sight.shows(name) || !self.settings.filter.keeps(name) {
                continue;
            }
            let rows = self.view.rows(name).into_iter();
            let goes = rows.flat_map(|id| self.withdrawal(&Host::new(self.view, name, id)));
            let changes: Vec<RecordChange> = goes.collect();
            if !changes.is_empty() {
                let (host, reason) = (name.to_owned(), Reason::Unwanted);
                self.changed.push(Changed { host, gate: None, reason, changes });
            }
        }
    }

    /// What goes of a name that nobody wishes for any more.
    fn withdrawal(&self, host: &Host<'_>) -> Vec<RecordChange> {
        let mut changes = Vec::new();
        let managed = TYPES.into_iter().filter(|one| self.settings.filter.manages(*one));
        for record_type in managed {
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
        let Some(source) = self.view.ownership(txt).and_then(|found| found.source()) else {
            return false;
        };
        let is_gone =
            self.extent.shows(source.namespace()) && !self.stack.standing.contains(&source);
        self.stack.is_complete
            && (is_gone || self.stack.known.contains(&source))
            && !self.stack.braked.owners.contains(&source)
    }

    /// Whether a record of ours that nobody wishes for may go. One whose source stands and does
    /// not say which names it wants stays, unless that is another controller's by now and the load
    /// balancer is about to go to which the record leads; and one whose source is gone goes only if
    /// it leads to a load balancer of this cluster: another cluster may have the same owner id.
    fn may_go(&self, host: &Host<'_>, record: &Record) -> bool {
        let is_complete = self.stack.is_complete;
        let Some(source) = host.source_of(record) else { return false };
        if self.stack.braked.owners.contains(&source) {
            return false;
        }
        if self.stack.known.contains(&source) {
            return is_complete;
        }
        if !self.extent.shows(source.namespace()) {
            return false;
        }
        let ZoneStack { standing, foreign, renounced, .. } = self.stack;
        if standing.contains(&source) {
            let leads_nowhere = || target(record).is_some_and(|name| renounced.contains(&name));
            return is_complete && foreign.contains(&source) && leads_nowhere();
        }
        // What has the cluster's own name for an owner is nobody else's, and leads nowhere now.
        let was_ours =
            self.settings.keeps_default && host.is_of_owner(record) && self.view.is_gone(record);
        is_complete && (was_ours || self.view.whose(record) == Whose::Ours)
    }
}

fn deletion(record: &Record) -> RecordChange {
    RecordChange { verb: Verb::Delete, record: record.clone() }
}
