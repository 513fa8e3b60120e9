//! Looks at what nobody is known to have changed, little by little: what somebody changed or took
//! away by hand is found and mended. Behind a person's change to an Ingress that look comes at
//! once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Core;
use crate::aws::{Cloud, ElbPart, Part};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::subject::{Lane, Subject, SubjectKind};

/// How long after one subject the next is looked at, at least. Each costs up to five reads, and ELB
/// takes forty at once, from which others draw too: so more than 2,900 subjects take longer than
/// the period.
const PACE_MIN: Duration = Duration::from_millis(250);
/// How often it is looked what there is to look at.
const SCAN_PAUSE: Duration = Duration::from_secs(60);
/// By which part of all that is known there has to be more until it is packed anew: that takes some
/// milliseconds for a thousand Ingresses, and has others wait.
const PACK_GROWTH: usize = 8;
/// How often it is looked whether there is so much more.
const PACK_PAUSE: Duration = Duration::from_secs(5);
/// How old a look may be when the turn comes of what is looked at: one that has just been visited
/// costs nothing. A period, this and the pause before are less than what people are promised.
const SWEPT_AGE_MAX: Duration = Duration::from_secs(30);
/// How old the lists of what there is may be then. They grow with the cluster, forty calls at
/// 10,000 Ingresses, and everybody's turn shares them; a period and this are less than what people
/// are promised.
const SWEPT_LISTS_AGE_MAX: Duration = Duration::from_secs(150);
/// How old a look at a group may be for a person who has just changed one of its Ingresses.
const TOUCHED_AGE_MAX: Duration = Duration::from_secs(10);
/// How old a look for a person may be that takes many calls: which load balancers there are, and
/// whole zones (Route 53 takes five calls a second from an account).
const SHARED_AGE_MAX: Duration = Duration::from_secs(60);

impl<C: Cloud, K: Cluster + Clone, T: Clock> Core<C, K, T> {
    /// Looks at one subject after the other, so that each has its turn in every period, for ever.
    /// Whatever is new was read or made when it came: its first turn is in the second half of a
    /// period, and those that came together are spread over it.
    pub(super) async fn sweep(&self, period: Duration) {
        let clock = &self.reconciler.clock;
        let (mut turns, mut last) = (BTreeSet::new(), clock.moment());
        loop {
            let mut fresh = self.swept();
            turns.retain(|(_, subject)| fresh.remove(subject));
            let apart = period / 2 / u32::try_from(fresh.len()).unwrap_or(u32::MAX).max(1);
            let mut first = clock.moment().plus(period / 2);
            for subject in fresh {
                first = first.plus(apart);
                turns.insert((first, subject));
            }
            let end = clock.moment().plus(SCAN_PAUSE);
            while let Some((due, subject)) = turns.first().cloned() {
                let turn = due.max(last.plus(PACE_MIN));
                if turn > end {
                    break;
                }
                clock.sleep(turn.since(clock.moment())).await;
                last = clock.moment();
                self.reconciler.mirror.refresh_shared(SWEPT_LISTS_AGE_MAX);
                self.look_at(&subject, SWEPT_AGE_MAX);
                turns.remove(&(due, subject.clone()));
                turns.insert((last.plus(period), subject));
            }
            clock.sleep(end.since(clock.moment())).await;
        }
    }

    /// Takes no more room than what is known needs once a good deal more of it is known and nobody
    /// is visited, for ever.
    pub(super) async fn pack(&self) {
        let mut packed = 0;
        loop {
            self.reconciler.clock.sleep(PACK_PAUSE).await;
            let known = self.reconciler.world.lock().size();
            if known > packed + packed / PACK_GROWTH && self.queue.is_idle() {
                self.reconciler.world.lock().pack();
                self.reconciler.mirror.pack();
                packed = known;
            }
        }
    }

    /// What is looked at by itself. The census has its own pace, and a certificate that is in use
    /// cannot be deleted.
    fn swept(&self) -> BTreeSet<Subject> {
        let subjects = self.reconciler.world.lock().subjects().into_iter();
        let is_swept = |subject: &Subject| match subject.kind() {
            SubjectKind::Census | SubjectKind::Certificate => false,
            SubjectKind::Fabric
            | SubjectKind::Balancer
            | SubjectKind::Targets
            | SubjectKind::Protection
            | SubjectKind::Zone => true,
        };
        subjects.filter(is_swept).collect()
    }

    /// Looks at a group behind a person's change to one of its Ingresses.
    pub(super) fn look_behind(&self, subject: &Subject) {
        let Subject::Balancer(_, group) = subject else { return };
        let subjects = {
            let mut world = self.reconciler.world.lock();
            let touched = world.balancers.get_mut(group).map(|state| &mut state.is_touched);
            if !touched.is_some_and(std::mem::take) {
                return;
            }
            world.concerned(group)
        };
        self.reconciler.mirror.refresh_shared(SHARED_AGE_MAX);
        for subject in subjects {
            if let Subject::Zone(_, zone) = &subject {
                let names = self.reconciler.world.lock().hosts_in(zone, Some(group));
                self.reconciler.mirror.refresh_names(zone, &names, SHARED_AGE_MAX);
                self.queue.push(subject, Lane::Background);
            } else {
                self.look_at(&subject, TOUCHED_AGE_MAX);
            }
        }
    }

    /// Asks for a visit that believes nothing that was looked at longer ago than that.
    fn look_at(&self, subject: &Subject, age_max: Duration) {
        let mirror = &self.reconciler.mirror;
        match subject {
            Subject::Balancer(_, group) | Subject::Protection(_, group) => {
                mirror.refresh_group(&self.reconciler.settings.cluster, group, age_max);
            }
            Subject::Targets(_, binding) => {
                let bound = self.reconciler.world.lock().bound(binding);
                if let Some(target_group) = bound {
                    mirror.refresh(&Part::Elb(ElbPart::Targets(target_group)), age_max);
                }
            }
            Subject::Zone(_, zone) => {
                let names = self.reconciler.world.lock().hosts_in(zone, None);
                mirror.refresh_zone(zone, &names, age_max);
            }
            Subject::Fabric(_) | Subject::Certificate(..) | Subject::Census(_) => {}
        }
        self.queue.push(subject.clone(), Lane::Background);
    }
}
