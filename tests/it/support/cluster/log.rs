//! What a cluster in memory was asked, and what it has heard.

use albedo::model::action::KubeAction;
use albedo::model::report::Event;

use super::{FakeCluster, Log};

impl FakeCluster {
    pub fn calls(&self) -> usize {
        self.log().calls
    }

    pub fn performed(&self) -> Vec<KubeAction> {
        self.log().performed.clone()
    }

    pub fn statuses(&self) -> usize {
        self.log().statuses
    }

    /// How often somebody wrote the status of a binding.
    pub fn shown(&self) -> usize {
        self.log().shown
    }

    pub fn events(&self) -> Vec<Event> {
        self.log().events.clone()
    }

    /// Starts counting anew.
    pub fn forget_calls(&self) {
        *self.log() = Log::default();
    }
}
