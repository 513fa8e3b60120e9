//! Whom to visit when something has become known.

use std::collections::BTreeSet;

use super::{Reconciler, lock};
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::group::Group;
use crate::model::news::News;
use crate::model::subject::{Subject, SubjectKind};

impl<C: Cloud, K: Cluster, T: Clock> Reconciler<C, K, T> {
    /// The subjects that should hear of it.
    pub(super) fn woken(&self, news: &News) -> Vec<Subject> {
        let place = &self.settings.place;
        let balancer = |group: &Group| Subject::Balancer(place.clone(), group.clone());
        match news {
            News::Backend => lock(&self.index).groups().map(balancer).collect(),
            News::Certificate(secret) => {
                let index = lock(&self.index);
                let users = index.users(secret);
                let groups: BTreeSet<&Group> =
                    users.flat_map(|user| index.groups_of(user)).collect();
                groups.into_iter().map(balancer).collect()
            }
            News::Names(zones) | News::Unseen(zones) => {
                zones.iter().map(|id| Subject::Zone(place.clone(), id.clone())).collect()
            }
            News::Listening => self.waiting(SubjectKind::Certificate),
            News::Leading => self.waiting(SubjectKind::Balancer),
            News::Bare | News::Asked => vec![Subject::Fabric(place.clone())],
            News::Strays(secrets) => {
                let each = secrets.iter();
                each.map(|secret| Subject::Certificate(place.clone(), secret.clone())).collect()
            }
        }
    }

    /// Those of a kind who wait for something to be let go.
    fn waiting(&self, kind: SubjectKind) -> Vec<Subject> {
        let shared = lock(&self.shared);
        shared.waiting.iter().filter(|subject| subject.kind() == kind).cloned().collect()
    }
}
