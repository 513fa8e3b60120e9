//! What this process believes AWS holds: what it has read, and what it has written since. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::ReadLoadBalancer;
use super::arn;
use super::groups::Groups;
use super::part::{Part, Reading};
use super::shelf::Shelf;
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, Records};
use crate::model::known::{Known, Live};
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::moment::Moment;
use crate::model::record::HostedZones;
use crate::model::surroundings::{Interfaces, Vpc};
use crate::model::target::{LiveTarget, Target, TargetState};
use crate::model::target_group::TargetGroup;

/// How long targets drain, of a target group of which nothing was said (AWS's longest; believing
/// that a target still drains is the careful mistake).
const DRAINING_MAX: Duration = Duration::from_secs(3600);
/// The attribute that says how long targets drain, in seconds.
const DRAINING_ATTRIBUTE: &str = "deregistration_delay.timeout_seconds";
/// How many target groups that are gone are known to be so: more than go at once in the largest
/// cluster, and far fewer than come and go in its life.
const GONE_MAX: usize = 1000;

/// When something was done or begun.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamp {
    /// By the clock on the wall.
    pub(super) date: Timestamp,
    /// By the time that never jumps.
    pub(super) moment: Moment,
}

/// When what is believed of a part was looked up. Numbers count what the mirror does, so they tell
/// what came first also where no time passes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// The number of its beginning.
    pub(super) number: u64,
    /// The moment of its beginning.
    pub(super) at: Moment,
    /// Whether the part was put in doubt since the look began.
    pub(super) is_doubted: bool,
    /// Whether a fresh look was asked for since the look began.
    pub(super) is_outdated: bool,
}

/// All parts that are believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Belief {
    /// When each part that is believed was looked up.
    pub(super) looks: BTreeMap<Part, Look>,
    pub(super) vpc: Known<Arc<Vpc>>,
    pub(super) interfaces: Known<Arc<Interfaces>>,
    pub(super) security_groups: Known<Groups>,
    /// Without tags: those are in `tags`.
    pub(super) load_balancers: Known<Shelf<ReadLoadBalancer>>,
    /// Without tags: those are in `tags`.
    pub(super) target_groups: Known<BTreeMap<AwsId, Live<TargetGroup>>>,
    /// The tags of load balancers, target groups and certificates. They outlive their parts:
    /// reading them is what makes reading all load balancers or target groups dear, and a doubt
    /// about a part is seldom one about tags.
    pub(super) tags: Shelf<Tags>,
    /// Whose tags have to be read with their parts although they are known.
    pub(super) doubtful_tags: BTreeSet<AwsId>,
    pub(super) listeners: BTreeMap<AwsId, Known<Vec<LiveListener>>>,
    /// The listeners that were read before anybody needed them.
    pub(super) read_ahead: BTreeSet<Part>,
    pub(super) load_balancer_attributes: BTreeMap<AwsId, Known<Attributes>>,
    pub(super) target_group_attributes: BTreeMap<AwsId, Known<Attributes>>,
    pub(super) targets: BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
    /// Until when targets drain at the most, by target group.
    draining: BTreeMap<AwsId, BTreeMap<Target, Moment>>,
    /// Target groups that this process removed, the earliest first.
    gone: VecDeque<AwsId>,
    pub(super) certificates: Known<BTreeSet<AwsId>>,
    pub(super) certificate_facts: BTreeMap<AwsId, Known<CertificateFacts>>,
    /// The fingerprints of what this process imported, by certificate.
    pub(super) imported: BTreeMap<AwsId, String>,
    pub(super) zones: Known<Arc<HostedZones>>,
    pub(super) records: BTreeMap<AwsId, Known<Arc<Records>>>,
}

impl Belief {
    /// A belief in nothing but what was just read, and in the tags that were read with it.
    pub(super) fn of(reading: Reading, tags: Vec<(AwsId, Tags)>, at: Timestamp) -> Self {
        let mut belief = Self { tags: tags.into_iter().collect(), ..Self::default() };
        match reading {
            Reading::Vpc(vpc) => belief.vpc = Known::Is(Arc::new(vpc), at),
            Reading::Interfaces(found) => {
                belief.interfaces = Known::Is(Arc::new(found.into_iter().collect()), at);
            }
            Reading::SecurityGroups(found) => {
                belief.security_groups = Known::Is(found.into_iter().collect(), at);
            }
            Reading::LoadBalancers(found) => {
                let found = found.into_iter().map(|found| (found.live.id.clone(), found));
                belief.load_balancers = Known::Is(found.collect(), at);
            }
            Reading::TargetGroups(found) => {
                let found = found.into_iter().map(|found| (found.id.clone(), found));
                belief.target_groups = Known::Is(found.collect(), at);
            }
            Reading::Listeners(id, mut listeners) => {
                // What is kept for long has no room to spare.
                listeners.iter_mut().for_each(|listener| listener.rules.shrink_to_fit());
                listeners.shrink_to_fit();
                belief.listeners.insert(id, Known::Is(listeners, at));
            }
            Reading::LoadBalancerAttributes(id, attributes) => {
                belief.load_balancer_attributes.insert(id, Known::Is(attributes, at));
            }
            Reading::TargetGroupAttributes(id, attributes) => {
                belief.target_group_attributes.insert(id, Known::Is(attributes, at));
            }
            Reading::Targets(id, mut found) => {
                found.shrink_to_fit();
                belief.targets.insert(id, Known::Is(found, at));
            }
            Reading::Certificates(found) => {
                belief.certificates = Known::Is(found.into_iter().collect(), at);
            }
            Reading::Certificate(id, facts) => {
                belief.certificate_facts.insert(id, Known::Is(facts, at));
            }
            Reading::Zones(found) => {
                let found = found.into_iter().map(|zone| (zone.id.clone(), zone));
                belief.zones = Known::Is(Arc::new(found.collect()), at);
            }
            Reading::Records(id, found) => {
                let found = found.into_iter().map(|record| (record.key.clone(), record));
                belief.records.insert(id, Known::Is(Arc::new(found.collect()), at));
            }
            // Believed with the listeners, and with what they are on.
            Reading::Rules(..) | Reading::Tags(_) => {}
        }
        belief
    }

    /// A belief in nothing but that what a part hangs on is gone.
    pub(super) fn without(part: &Part, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match part {
            Part::Targets(id) => _ = belief.targets.insert(id.clone(), Known::Absent(at)),
            Part::Records(id) => _ = belief.records.insert(id.clone(), Known::Absent(at)),
            _ => {}
        }
        belief
    }

    /// Believes a part as another belief has it, which was looked up then.
    pub(super) fn adopt(&mut self, part: &Part, mut other: Self, look: Look) {
        let tags = std::mem::take(&mut other.tags);
        match part {
            Part::Vpc => self.vpc = other.vpc,
            Part::Interfaces => self.interfaces = other.interfaces,
            Part::SecurityGroups => self.security_groups = other.security_groups,
            Part::LoadBalancers => {
                let known = other.load_balancers.value();
                let stands = |id: &AwsId| known.is_some_and(|known| known.contains(id));
                self.listeners.retain(|id, _| stands(id));
                self.read_ahead.retain(|part| match part {
                    Part::Listeners(id) => stands(id),
                    _ => false,
                });
                self.load_balancer_attributes.retain(|id, _| stands(id));
                self.adopt_tags(arn::LOAD_BALANCER, stands, &tags, look);
                self.load_balancers = other.load_balancers;
            }
            Part::TargetGroups => {
                let known = other.target_groups.value();
                let stands = |id: &AwsId| known.is_some_and(|known| known.contains_key(id));
                self.target_group_attributes.retain(|id, _| stands(id));
                // What is registered in a group of another VPC is read once more.
                self.targets.retain(|id, _| stands(id));
                self.draining.retain(|id, _| stands(id));
                self.gone.clear();
                self.adopt_tags(arn::TARGET_GROUP, stands, &tags, look);
                self.target_groups = other.target_groups;
            }
            Part::Listeners(id) => move_entry(id, &mut other.listeners, &mut self.listeners),
            Part::LoadBalancerAttributes(id) => move_entry(
                id,
                &mut other.load_balancer_attributes,
                &mut self.load_balancer_attributes,
            ),
            Part::TargetGroupAttributes(id) => move_entry(
                id,
                &mut other.target_group_attributes,
                &mut self.target_group_attributes,
            ),
            Part::Targets(id) => {
                move_entry(id, &mut other.targets, &mut self.targets);
                self.note_draining(id, look.at);
                self.doubt_missing(id);
            }
            Part::Certificates => {
                let known = other.certificates.value();
                let stands = |id: &AwsId| known.is_some_and(|known| known.contains(id));
                self.certificate_facts.retain(|id, _| stands(id));
                self.imported.retain(|id, _| stands(id));
                self.imported.extend(other.imported);
                self.adopt_tags(arn::CERTIFICATE, stands, &tags, look);
                self.certificates = other.certificates;
            }
            Part::Certificate(id) => {
                move_entry(id, &mut other.certificate_facts, &mut self.certificate_facts);
                self.imported.extend(other.imported);
            }
            Part::Zones => {
                let zones = other.zones.value().cloned().unwrap_or_default();
                self.records.retain(|id, _| zones.contains_key(id));
                self.zones = other.zones;
            }
            Part::Records(id) => move_entry(id, &mut other.records, &mut self.records),
            Part::Rules(_) | Part::Tags(_) => {}
        }
        self.looks.insert(part.clone(), look);
        if part.is_shared() {
            self.prune();
        } else if !self.holds(part) {
            self.looks.remove(part);
        }
    }

    /// Adds tags, and drops those of things of this kind that are gone. Those that were read before
    /// something was put in doubt do not end the doubt.
    fn adopt_tags(
        &mut self,
        kind: &str,
        stands: impl Fn(&AwsId) -> bool,
        tags: &Shelf<Tags>,
        look: Look,
    ) {
        for (id, tags) in tags.iter() {
            if !look.is_doubted {
                self.doubtful_tags.remove(id);
            }
            self.tags.insert(id.clone(), tags.clone());
        }
        self.tags.retain(|id| !arn::is(id, kind) || stands(id));
        self.doubtful_tags.retain(|id| !arn::is(id, kind) || stands(id));
    }

    /// A target group that is believed to be there and is not may not be the only mistake.
    fn doubt_missing(&mut self, target_group: &AwsId) {
        let is_gone = matches!(self.targets.get(target_group), Some(Known::Absent(_)));
        let is_believed =
            self.target_groups.value().is_some_and(|known| known.contains_key(target_group));
        if is_gone && is_believed {
            self.forget(&Part::TargetGroups);
        }
    }

    /// Stops believing anything but the VPC: that is nobody's work here, and grows old by itself.
    pub(super) fn forget_all(&mut self) {
        let mut fresh = Self { vpc: std::mem::take(&mut self.vpc), ..Self::default() };
        fresh.looks.extend(self.looks.remove(&Part::Vpc).map(|look| (Part::Vpc, look)));
        *self = fresh;
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &Part) {
        match part {
            Part::Vpc => self.vpc = Known::Unread,
            Part::Interfaces => self.interfaces = Known::Unread,
            Part::SecurityGroups => self.security_groups = Known::Unread,
            Part::LoadBalancers => self.load_balancers = Known::Unread,
            Part::TargetGroups => self.target_groups = Known::Unread,
            Part::Listeners(id) => drop(self.listeners.remove(id)),
            Part::LoadBalancerAttributes(id) => drop(self.load_balancer_attributes.remove(id)),
            Part::TargetGroupAttributes(id) => drop(self.target_group_attributes.remove(id)),
            Part::Targets(id) => {
                self.targets.remove(id);
                self.draining.remove(id);
            }
            Part::Certificates => self.certificates = Known::Unread,
            Part::Certificate(id) => drop(self.certificate_facts.remove(id)),
            Part::Zones => self.zones = Known::Unread,
            Part::Records(id) => drop(self.records.remove(id)),
            Part::Rules(_) | Part::Tags(_) => {}
        }
        self.looks.remove(part);
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &Part) -> bool {
        match part {
            Part::Vpc => self.vpc.is_read(),
            Part::Interfaces => self.interfaces.is_read(),
            Part::SecurityGroups => self.security_groups.is_read(),
            Part::LoadBalancers => self.load_balancers.is_read(),
            Part::TargetGroups => self.target_groups.is_read(),
            Part::Listeners(id) => is_read(&self.listeners, id),
            Part::LoadBalancerAttributes(id) => is_read(&self.load_balancer_attributes, id),
            Part::TargetGroupAttributes(id) => is_read(&self.target_group_attributes, id),
            Part::Targets(id) => is_read(&self.targets, id),
            Part::Certificates => self.certificates.is_read(),
            Part::Certificate(id) => is_read(&self.certificate_facts, id),
            Part::Zones => self.zones.is_read(),
            Part::Records(id) => is_read(&self.records, id),
            Part::Rules(_) | Part::Tags(_) => false,
        }
    }

    /// Whether what is believed of a part can tell what was not there before.
    pub(super) fn is_certain(&self, part: &Part) -> bool {
        self.looks.get(part).is_none_or(|look| !look.is_doubted)
    }

    /// Forgets when parts were looked up that are not believed any more.
    fn prune(&mut self) {
        let mut looks = std::mem::take(&mut self.looks);
        looks.retain(|part, _| self.holds(part));
        self.looks = looks;
    }

    /// Takes note of how long targets that drain can do so: no longer than from now on, and no
    /// longer than was known before.
    pub(super) fn note_draining(&mut self, target_group: &AwsId, now: Moment) {
        let attributes = self.target_group_attributes.get(target_group).and_then(Known::value);
        let delay = attributes.and_then(|known| known.get(DRAINING_ATTRIBUTE)?.parse().ok());
        let end = now.plus(delay.map_or(DRAINING_MAX, Duration::from_secs));
        let known = self.draining.remove(target_group).unwrap_or_default();
        let targets = self.targets.get(target_group).and_then(Known::value).into_iter().flatten();
        let draining = targets.filter(|live| live.state == TargetState::Draining);
        let ends = draining.map(|live| {
            let known = known.get(&live.target).copied().unwrap_or(end);
            (live.target.clone(), known.min(end))
        });
        let ends: BTreeMap<Target, Moment> = ends.collect();
        if !ends.is_empty() {
            self.draining.insert(target_group.clone(), ends);
        }
    }

    /// Forgets the targets of a group that have drained by now.
    pub(super) fn forget_drained(&mut self, target_group: &AwsId, now: Moment) {
        let Some(ends) = self.draining.get_mut(target_group) else { return };
        if let Some(Known::Is(targets, _)) = self.targets.get_mut(target_group) {
            targets.retain(|live| {
                live.state != TargetState::Draining
                    || ends.get(&live.target).is_none_or(|end| *end > now)
            });
        }
        ends.retain(|_, end| *end > now);
        if ends.is_empty() {
            self.draining.remove(target_group);
        }
    }

    /// How many things are believed; to be held against how many stand. Those that are known to be
    /// gone do not count: there is a limit to them.
    pub(super) fn kept(&self) -> usize {
        let targets = self.targets.values().filter_map(Known::value).map(|found| found.len() + 1);
        let draining = self.draining.values().map(BTreeMap::len);
        let gone = self.gone.iter().map(|id| Part::Targets(id.clone()));
        let looks = self.looks.len() - gone.filter(|part| self.looks.contains_key(part)).count();
        let attributes = self.load_balancer_attributes.len() + self.target_group_attributes.len();
        let tags = self.tags.len() + self.doubtful_tags.len();
        let certificates = self.certificate_facts.len() + self.imported.len();
        let others = self.listeners.len() + self.read_ahead.len() + self.records.len();
        looks + attributes + tags + certificates + others + targets.chain(draining).sum::<usize>()
    }

    /// Knows that a target group is gone, for as long as somebody may ask.
    pub(super) fn target_group_is_gone(&mut self, id: &AwsId, at: Timestamp) {
        self.draining.remove(id);
        self.targets.insert(id.clone(), Known::Absent(at));
        self.gone.push_back(id.clone());
        if self.gone.len() > GONE_MAX
            && let Some(earliest) = self.gone.pop_front()
            && matches!(self.targets.get(&earliest), Some(Known::Absent(_)))
        {
            self.forget(&Part::Targets(earliest));
        }
    }
}

fn is_read<T>(map: &BTreeMap<AwsId, Known<T>>, id: &AwsId) -> bool {
    map.get(id).is_some_and(Known::is_read)
}

fn move_entry<T>(
    id: &AwsId,
    from: &mut BTreeMap<AwsId, Known<T>>,
    to: &mut BTreeMap<AwsId, Known<T>>,
) {
    match from.remove(id) {
        Some(read) if read.is_read() => _ = to.insert(id.clone(), read),
        Some(_) | None => _ = to.remove(id),
    }
}
