//! What this process believes AWS holds: what it has read, and what it has written since. Pure.
//!
//! Each service has a file, with what is believed of its parts. Here is what they have in common:
//! when a part was looked up, and the tags of what several services have.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::arn;
use super::part::{AcmPart, Belonging, Ec2Part, ElbPart, Part, Reading};
use super::shelf::Shelf;
use crate::model::id::AwsId;
use crate::model::known::Known;
use crate::model::marks::{TAG_SECRET, Tags};
use crate::model::moment::Moment;
use crate::model::pack::pack;

use acm::AcmBelief;
use ec2::Ec2Belief;
use elb::ElbBelief;
use route53::Route53Belief;
pub(super) use route53::{ByName, LARGE_MIN, PAGE_LENGTH};
use shield::ShieldBelief;
use wafv2::Wafv2Belief;

mod acm;
mod ec2;
mod elb;
mod route53;
mod shield;
mod wafv2;

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
    pub(super) ec2: Ec2Belief,
    pub(super) elb: ElbBelief,
    pub(super) acm: AcmBelief,
    pub(super) route53: Route53Belief,
    pub(super) wafv2: Wafv2Belief,
    pub(super) shield: ShieldBelief,
    /// The tags of load balancers, target groups and certificates. They outlive their parts:
    /// reading them is what makes reading all load balancers or target groups dear, and a doubt
    /// about a part is seldom one about tags.
    pub(super) tags: Shelf<Tags>,
    /// Whose tags have to be read with their parts although they are known.
    pub(super) doubtful_tags: BTreeSet<AwsId>,
}

impl Belief {
    /// A belief in nothing but what was just read, and in the tags that were read with it.
    pub(super) fn of(reading: Reading, tags: Vec<(AwsId, Tags)>, at: Timestamp) -> Self {
        let mut belief = Self { tags: tags.into_iter().collect(), ..Self::default() };
        match reading {
            Reading::Ec2(reading) => belief.ec2 = Ec2Belief::of(reading, at),
            Reading::Elb(reading) => belief.elb = ElbBelief::of(reading, at),
            Reading::Acm(reading) => belief.acm = AcmBelief::of(reading, at),
            Reading::Route53(reading) => belief.route53 = Route53Belief::of(reading, at),
            Reading::Wafv2(reading) => belief.wafv2 = Wafv2Belief::of(reading, at),
            Reading::Shield(reading) => belief.shield = ShieldBelief::of(reading, at),
            // Believed with what they are on.
            Reading::Tags(_) => {}
        }
        belief
    }

    /// A belief in nothing but that what a part hangs on is gone.
    pub(super) fn without(part: &Part, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match part {
            Part::Elb(part) => belief.elb = ElbBelief::without(part, at),
            Part::Route53(part) => belief.route53 = Route53Belief::without(part, at),
            Part::Wafv2(part) => belief.wafv2 = Wafv2Belief::without(part, at),
            Part::Shield(part) => belief.shield = ShieldBelief::without(part, at),
            Part::Ec2(_) | Part::Acm(_) | Part::Tags(_) => {}
        }
        belief
    }

    /// Takes no more room than what is believed needs.
    pub(super) fn pack(&mut self) {
        pack(&mut self.looks);
        self.elb.pack();
        self.tags.pack();
    }

    /// Believes a part as another belief has it, which was looked up then.
    pub(super) fn adopt(&mut self, part: &Part, other: Self, look: Look) {
        match part {
            Part::Ec2(part) => self.ec2.adopt(part, other.ec2),
            Part::Elb(part) => self.elb.adopt(part, other.elb, look.at),
            Part::Acm(part) => self.acm.adopt(part, other.acm),
            Part::Route53(part) => self.route53.adopt(part, other.route53, look.number),
            Part::Wafv2(part) => self.wafv2.adopt(part, other.wafv2),
            Part::Shield(part) => self.shield.adopt(part, other.shield),
            Part::Tags(_) => {}
        }
        match part.about().belonging {
            Belonging::Shared(Some(kind)) => self.adopt_tags(part, kind, &other.tags, look),
            Belonging::Shared(None) | Belonging::Own | Belonging::OwnOf(_) | Belonging::Beside => {}
        }
        if *part == Part::Acm(AcmPart::Certificates) {
            let tags = &self.tags;
            let is_import =
                |id: &AwsId| tags.get(id).is_some_and(|tags| tags.contains_key(TAG_SECRET));
            self.acm.listed.retain(|id, _| is_import(id));
        }
        if let Part::Elb(ElbPart::Targets(id)) = part
            && self.elb.is_mistaken(id)
        {
            self.forget(&Part::Elb(ElbPart::TargetGroups));
        }
        if *part == Part::Elb(ElbPart::LoadBalancers) {
            self.wafv2.retain(|id| self.elb.lists(&ElbPart::LoadBalancers, id));
            self.shield.retain(|id| self.elb.lists(&ElbPart::LoadBalancers, id));
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
    fn adopt_tags(&mut self, part: &Part, kind: &str, tags: &Shelf<Tags>, look: Look) {
        for (id, tags) in tags.iter() {
            if !look.is_doubted {
                self.doubtful_tags.remove(id);
            }
            self.tags.insert(id.clone(), tags.clone());
        }
        let stands = |id: &AwsId| match part {
            Part::Elb(part) => self.elb.lists(part, id),
            Part::Acm(_) => self.acm.stands(id),
            Part::Ec2(_) | Part::Route53(_) | Part::Wafv2(_) | Part::Shield(_) | Part::Tags(_) => {
                false
            }
        };
        self.tags.retain(|id| !arn::is(id, kind) || stands(id));
        self.doubtful_tags.retain(|id| !arn::is(id, kind) || stands(id));
    }

    /// Stops believing anything but the VPC: that is nobody's work here, and grows old by itself.
    pub(super) fn forget_all(&mut self) {
        let vpc = Part::Ec2(Ec2Part::Vpc);
        let mut fresh = Self::default();
        fresh.ec2.vpc = std::mem::take(&mut self.ec2.vpc);
        fresh.route53.sizes = std::mem::take(&mut self.route53.sizes);
        fresh.looks.extend(self.looks.remove(&vpc).map(|look| (vpc, look)));
        *self = fresh;
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &Part) {
        match part {
            Part::Ec2(part) => self.ec2.forget(part),
            Part::Elb(part) => self.elb.forget(part),
            Part::Acm(part) => self.acm.forget(part),
            Part::Route53(part) => self.route53.forget(part),
            Part::Wafv2(part) => self.wafv2.forget(part),
            Part::Shield(part) => self.shield.forget(part),
            Part::Tags(_) => {}
        }
        self.looks.remove(part);
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &Part) -> bool {
        match part {
            Part::Ec2(part) => self.ec2.holds(part),
            Part::Elb(part) => self.elb.holds(part),
            Part::Acm(part) => self.acm.holds(part),
            Part::Route53(part) => self.route53.holds(part),
            Part::Wafv2(part) => self.wafv2.holds(part),
            Part::Shield(part) => self.shield.holds(part),
            Part::Tags(_) => false,
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

    /// How many things are believed; to be held against how many stand. Those that are known to be
    /// gone do not count: there is a limit to them.
    pub(super) fn kept(&self) -> usize {
        let gone = self.elb.gone.iter().flat_map(of_target_group);
        let looks = self.looks.len() - gone.filter(|part| self.looks.contains_key(part)).count();
        let tags = self.tags.len() + self.doubtful_tags.len();
        let protection = self.wafv2.kept() + self.shield.kept();
        looks + tags + self.elb.kept() + self.acm.kept() + self.route53.kept() + protection
    }

    /// Knows that a target group is gone, for as long as somebody may ask.
    pub(super) fn target_group_is_gone(&mut self, id: &AwsId, at: Timestamp) {
        self.elb.target_group_is_gone(id, at);
        if self.elb.gone.len() > GONE_MAX
            && let Some(earliest) = self.elb.gone.pop_front()
            && matches!(self.elb.targets.get(&earliest), Some(Known::Absent(_)))
        {
            of_target_group(&earliest).iter().for_each(|part| self.forget(part));
        }
    }
}

/// What is looked at of a target group before and after it goes.
fn of_target_group(id: &AwsId) -> [Part; 2] {
    [ElbPart::Targets(id.clone()), ElbPart::TargetGroupTags(id.clone())].map(Part::Elb)
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
