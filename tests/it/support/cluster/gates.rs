//! The conditions of pods' readiness gates.

use std::sync::Arc;

use albedo::model::gate::GateNews;
use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;
use albedo::model::seen::Pod;

use super::FakeCluster;

impl FakeCluster {
    /// Takes in a condition, unless the pod is gone or another one has its name.
    pub(super) fn show_gate(&self, news: &GateNews) {
        self.change_pod(&news.pod, |pod| {
            let gates = pod.gates.as_mut().filter(|gates| gates.uid == news.uid);
            let mut gates = gates.into_iter().flat_map(|gates| &mut gates.each);
            if let Some(gate) = gates.find(|gate| gate.binding == news.binding) {
                gate.shown = Some(news.condition.clone());
            }
        });
        self.log().gates.push(news.clone());
    }

    /// What has been said of gates.
    pub fn gates(&self) -> Vec<GateNews> {
        self.log().gates.clone()
    }

    /// Somebody changes a pod that is there.
    pub fn change_pod(&self, key: &ObjectKey, change: impl FnOnce(&mut Pod)) {
        let found = self.objects.read().unwrap().pods.get(key).cloned();
        let Some(mut pod) = found.map(|found| (*found).clone()) else { return };
        change(&mut pod);
        self.see(&Seen::Pod(key.clone(), Some(Arc::new(pod))));
    }
}
