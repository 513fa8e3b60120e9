//! The API server as one process writes to it: calls take their time, fail, and are judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use albedo::clock::Clock as _;
use albedo::cluster::{Cluster, ClusterError, Kind, Recalled, Sought};
use albedo::model::action::KubeAction;
use albedo::model::gate::GateNews;
use albedo::model::group::Group;
use albedo::model::id::ObjectKey;
use albedo::model::ingress_group::{GroupStatus, Print};
use albedo::model::report::{Event, StatusEntry};
use albedo::model::seen::{BindingStatus, SeenSecret};
use albedo::model::source::Source;
use smol_str::SmolStr;
use tokio::sync::oneshot;

use super::judge::Invariant;
use super::stage::{Fate, Pid, Side, Stage};
use crate::support::clock::VirtualClock;
use crate::support::cluster::FakeCluster;

/// The API server as one process writes to it. Clones are the same.
#[derive(Clone)]
pub struct Written {
    pub cluster: FakeCluster,
    pub stage: Stage,
    pub clock: VirtualClock,
    pub pid: Pid,
}

/// One write.
#[derive(Clone, Debug)]
enum Write {
    Perform(Box<KubeAction>),
    Status(Source, Vec<StatusEntry>),
    Show(ObjectKey, BindingStatus),
    Gate(GateNews),
    Event(Box<Event>),
}

fn error(fate: Fate) -> ClusterError {
    let kind = if fate == Fate::Throttle { Kind::Throttled } else { Kind::Transient };
    ClusterError {
        kind,
        operation: "write".to_owned(),
        reason: format!("{kind:?}"),
        message: fate.as_str().to_owned(),
    }
}

impl Written {
    async fn write(&self, write: Write) -> Result<(), ClusterError> {
        if !self.stage.may_write(self.pid) {
            let text = format!("p{} sends {write:?} outside of its tenure", self.pid);
            self.stage.object(Invariant::Tenure, "a write to the cluster", text);
        }
        let under_way = self.stage.begin();
        let (there, back) = (self.stage.travel(Side::Cluster), self.stage.travel(Side::Cluster));
        let fate = self.fate();
        let (tell, told) = oneshot::channel();
        let this = self.clone();
        drop(self.clock.spawn(async move {
            this.clock.sleep(there).await;
            let answer = this.arrive(write, fate).await;
            let _ = tell.send(answer);
            drop(under_way);
        }));
        let _under_way = self.stage.begin();
        let answer = told.await.unwrap();
        self.clock.sleep(back).await;
        answer
    }

    /// Nobody shows how groups are who does not lead. That it orders nothing is why it takes no
    /// time here: what happens is the same whether it is shown or not.
    fn judge_show(&self, group: &Group) {
        if !self.stage.may_write(self.pid) {
            let text = format!("p{} shows {group} outside of its tenure", self.pid);
            self.stage.object(Invariant::Tenure, "a write to the cluster", text);
        }
    }

    fn fate(&self) -> Fate {
        if self.stage.away().is_zero() { self.stage.fate(Side::Cluster) } else { Fate::Error }
    }

    async fn arrive(&self, write: Write, fate: Fate) -> Result<(), ClusterError> {
        self.stage
            .trace
            .line(&format!("p{} writes", self.pid), || format!("{write:?} ({})", fate.as_str()));
        if matches!(fate, Fate::Error | Fate::Throttle) {
            return Err(error(fate));
        }
        if self.stage.may_others(self.pid) {
            let text = format!("{write:?} of p{} arrives in another's tenure", self.pid);
            self.stage.object(Invariant::TwoTenures, "a write to the cluster", text);
        }
        let answer = match &write {
            Write::Perform(action) => self.cluster.perform(action).await,
            Write::Status(member, entries) => self.cluster.status(member, entries).await,
            Write::Show(binding, status) => self.cluster.binding_status(binding, status).await,
            Write::Gate(news) => self.cluster.gate(news).await,
            Write::Event(event) => self.cluster.event(event).await,
        };
        if fate == Fate::Lost { Err(error(fate)) } else { answer }
    }
}

impl Cluster for Written {
    async fn perform(&self, action: &KubeAction) -> Result<(), ClusterError> {
        self.write(Write::Perform(Box::new(action.clone()))).await
    }

    async fn status(&self, member: &Source, entries: &[StatusEntry]) -> Result<(), ClusterError> {
        self.write(Write::Status(member.clone(), entries.to_vec())).await
    }

    async fn noted(&self, binding: &ObjectKey) -> Result<Option<BTreeSet<SmolStr>>, ClusterError> {
        self.cluster.noted(binding).await
    }

    async fn binding_status(
        &self,
        binding: &ObjectKey,
        status: &BindingStatus,
    ) -> Result<(), ClusterError> {
        self.write(Write::Show(binding.clone(), status.clone())).await
    }

    async fn gate(&self, news: &GateNews) -> Result<(), ClusterError> {
        self.write(Write::Gate(news.clone())).await
    }

    async fn recall(&self) -> Result<Recalled, ClusterError> {
        let _under_way = self.stage.begin();
        self.clock.sleep(self.stage.travel(Side::Cluster)).await;
        let fate = self.fate();
        let recalled = self.cluster.recall().await;
        self.clock.sleep(self.stage.travel(Side::Cluster)).await;
        if fate == Fate::Fine { recalled } else { Err(error(fate)) }
    }

    async fn move_in(&self) -> Result<(), ClusterError> {
        self.cluster.move_in().await
    }

    async fn mark(&self) -> Result<(), ClusterError> {
        let _under_way = self.stage.begin();
        self.clock.sleep(self.stage.travel(Side::Cluster)).await;
        if self.fate() == Fate::Fine { self.cluster.mark().await } else { Err(error(Fate::Error)) }
    }

    async fn secret(&self, key: &ObjectKey) -> Result<Arc<SeenSecret>, ClusterError> {
        let _under_way = self.stage.begin();
        self.clock.sleep(self.stage.travel(Side::Cluster)).await;
        let fate = self.fate();
        let found = self.cluster.secret(key).await;
        self.clock.sleep(self.stage.travel(Side::Cluster)).await;
        if fate == Fate::Fine { found } else { Err(error(fate)) }
    }

    async fn names(&self, sought: &Sought) -> Result<BTreeSet<String>, ClusterError> {
        let _under_way = self.stage.begin();
        self.clock.sleep(self.stage.travel(Side::Cluster)).await;
        let fate = self.fate();
        let names = self.cluster.names(sought).await;
        self.clock.sleep(self.stage.travel(Side::Cluster)).await;
        if fate == Fate::Fine { names } else { Err(error(fate)) }
    }

    async fn shown_groups(&self, keeper: &str) -> Result<BTreeMap<Group, Print>, ClusterError> {
        self.cluster.shown_groups(keeper).await
    }

    async fn show_group(
        &self,
        group: &Group,
        status: &GroupStatus,
        keeper: &str,
    ) -> Result<(), ClusterError> {
        self.judge_show(group);
        self.cluster.show_group(group, status, keeper).await
    }

    async fn hide_group(&self, group: &Group) -> Result<(), ClusterError> {
        self.judge_show(group);
        self.cluster.hide_group(group).await
    }

    async fn event(&self, event: &Event) -> Result<(), ClusterError> {
        self.write(Write::Event(Box::new(event.clone()))).await
    }
}
