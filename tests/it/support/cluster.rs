//! A cluster in memory: keeps objects as an API server would, counts what it is asked, and fails on
//! command.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use albedo::clock::Clock as _;
use albedo::cluster::{
    Cluster, ClusterError, Intake as _, Kind, Object, Recalled, Sought, decode_all,
};
use albedo::controller::WorldIntake;
use albedo::model::action::KubeAction;
use albedo::model::gate::GateNews;
use albedo::model::group::Group;
use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;
use albedo::model::ingress_group::{GroupStatus, Print};
use albedo::model::report::{Event, StatusEntry};
use albedo::model::seen::{BindingStatus, Ingress, SeenBinding, SeenSecret};
use albedo::model::settings::Settings;
use albedo::model::snapshot::Objects;
use albedo::model::source::Source;
use serde::Deserialize as _;
use smol_str::SmolStr;

use super::clock::VirtualClock;
use super::fake::Death;
use super::sketch;

mod bindings;
mod gates;
mod groups;
mod log;
mod memories;
mod secrets;
mod sought;
mod status;

pub use groups::IngressGroup;

/// A call that fails.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The how manieth; the first one is 1.
    pub nth: usize,
    pub kind: Kind,
    /// Whether it did its work all the same.
    pub is_done: bool,
    /// Whether the process dies of it.
    pub kills: Option<Death>,
}

/// The cluster. Clones are the same cluster; it outlives the processes that write to it.
#[derive(Clone)]
pub struct FakeCluster {
    pub settings: Arc<Settings>,
    pub objects: Arc<RwLock<Objects>>,
    /// Where what happens is told, each with its number.
    feeds: Arc<Mutex<BTreeMap<usize, Ear>>>,
    /// The data of the ConfigMaps in which it remembers something for the controller.
    pub maps: Arc<Mutex<BTreeMap<String, BTreeMap<String, String>>>>,
    /// Ingresses that somebody keeps finalizers off.
    pub closed: Arc<Mutex<BTreeSet<ObjectKey>>>,
    /// What it notes to have registered in target groups that others share, by binding.
    pub notes: Arc<Mutex<BTreeMap<ObjectKey, BTreeSet<SmolStr>>>>,
    /// The IngressGroups that it has, or why nobody may write any.
    pub groups: Arc<Mutex<groups::IngressGroups>>,
    /// Secrets with all of their bytes.
    pub secrets: Arc<Mutex<BTreeMap<ObjectKey, Arc<SeenSecret>>>>,
    log: Arc<Mutex<Log>>,
}

/// Who hears what happens in the cluster.
type Ear = Arc<dyn Fn(&Seen) + Send + Sync>;

#[derive(Default)]
struct Log {
    fault: Option<Fault>,
    calls: usize,
    performed: Vec<KubeAction>,
    statuses: usize,
    shown: usize,
    gates: Vec<GateNews>,
    events: Vec<Event>,
}

impl FakeCluster {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            objects: Arc::default(),
            feeds: Arc::default(),
            maps: Arc::default(),
            closed: Arc::default(),
            notes: Arc::default(),
            groups: Arc::default(),
            secrets: Arc::default(),
            log: Arc::default(),
        }
    }

    /// Lists everything to a process, and tells it what happens from now on. Answers with the
    /// number to stop that by.
    pub fn feed(&self, intake: WorldIntake<VirtualClock>) -> usize {
        for seen in all(&self.objects.read().unwrap()).into_iter().filter(|seen| self.shows(seen)) {
            intake.take(seen);
        }
        let this = self.clone();
        self.hear(move |seen| {
            if this.shows(seen) {
                intake.take(seen.clone());
            }
        })
    }

    /// Whether a process that is started so sees an object.
    pub fn shows(&self, seen: &Seen) -> bool {
        sought::namespace(seen).is_none_or(|name| self.settings.extent.shows(name))
    }

    /// The same cluster, for processes that are started otherwise.
    pub fn with(&self, settings: Settings) -> Self {
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// Tells what happens from now on. Answers with the number to stop that by.
    pub fn hear(&self, ear: impl Fn(&Seen) + Send + Sync + 'static) -> usize {
        let mut feeds = self.feeds.lock().unwrap();
        let number = feeds.keys().next_back().map_or(0, |last| last + 1);
        feeds.insert(number, Arc::new(ear));
        number
    }

    /// A process is gone.
    pub fn unfeed(&self, number: usize) {
        self.feeds.lock().unwrap().remove(&number);
    }

    /// The next call but `n` fails, counted from now.
    pub fn fail(&self, fault: Option<Fault>) {
        let mut log = self.log();
        log.calls = 0;
        log.fault = fault;
    }

    /// Somebody applies what a sketch holds. What the API server keeps of an object is kept.
    pub fn add(&self, sketch: &str) {
        for object in sketch::objects(sketch) {
            self.put(object);
        }
    }

    /// Somebody applies an object. What the API server keeps of it is kept.
    pub fn put(&self, object: Object) {
        self.see(&self.kept(object));
    }

    /// Somebody deletes an Ingress.
    pub fn delete(&self, key: &ObjectKey) {
        let Some(old) = self.objects.read().unwrap().ingresses.get(key).cloned() else { return };
        let mut new = old.as_ref().clone();
        new.metadata.deletion_timestamp = Some(VirtualClock::new().now());
        self.put_ingress(key, new);
    }

    /// Somebody applies manifests.
    pub fn apply(&self, manifests: &str) {
        for document in serde_yaml_ng::Deserializer::from_str(manifests) {
            for object in decode_all(serde_json::Value::deserialize(document).unwrap()) {
                self.put(object.unwrap());
            }
        }
    }

    /// Somebody deletes a TargetGroupBinding.
    pub fn delete_binding(&self, key: &ObjectKey) {
        let Ok(standing) = self.binding(key) else { return };
        self.put_binding(key, SeenBinding { leaving: true, ..standing });
    }

    /// Somebody deletes a TenantPolicy.
    pub fn remove_policy(&self, name: &str) {
        self.see(&Seen::Policy(name.to_owned(), None));
    }

    /// Somebody deletes a Service.
    pub fn delete_service(&self, key: &ObjectKey) {
        self.see(&Seen::Service(key.clone(), None));
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    /// Somebody makes an object what it is now, whatever anybody keeps of it.
    pub fn see(&self, seen: &Seen) {
        self.keep_bytes(seen);
        self.objects.write().unwrap().take(seen.clone());
        let feeds: Vec<_> = self.feeds.lock().unwrap().values().cloned().collect();
        for feed in feeds {
            feed(seen);
        }
    }

    /// What somebody applies, with what the API server keeps of an object.
    fn kept(&self, object: Object) -> Seen {
        match object {
            Object::Ingress(key, new) => {
                let mut new = new.as_ref().clone();
                if let Some(old) = self.objects.read().unwrap().ingresses.get(&key) {
                    new.metadata.finalizers.clone_from(&old.metadata.finalizers);
                    new.status.clone_from(&old.status);
                }
                Seen::Ingress(key, Some(Arc::new(new)))
            }
            Object::Binding(key, new) => {
                let objects = self.objects.read().unwrap();
                let old = objects.bindings.get(&key);
                let created = old.map_or_else(|| VirtualClock::new().now(), |old| old.created);
                let status = old.map(|old| old.status.clone()).unwrap_or_default();
                let new = SeenBinding { created, status, ..(*new).clone() };
                Seen::Binding(key, Some(Arc::new(new)))
            }
            other => other.seen().unwrap(),
        }
    }

    /// Puts an Ingress in its place; one that leaves and that nobody holds is gone.
    fn put_ingress(&self, key: &ObjectKey, new: Ingress) {
        let is_held = !new.metadata.finalizers.is_empty();
        let stays = new.metadata.deletion_timestamp.is_none() || is_held;
        let new = stays.then(|| Arc::new(new));
        self.see(&Seen::Ingress(key.clone(), new));
    }

    fn put_binding(&self, key: &ObjectKey, new: SeenBinding) {
        let stays = !new.leaving || !new.finalizers.is_empty();
        let new = stays.then(|| Arc::new(new));
        self.see(&Seen::Binding(key.clone(), new));
    }

    fn ingress(&self, key: &ObjectKey) -> Result<Ingress, ClusterError> {
        let objects = self.objects.read().unwrap();
        let found = objects.ingresses.get(key).map(|found| found.as_ref().clone());
        found.ok_or_else(|| refusal(Kind::NotFound, format!("no Ingress {key}")))
    }

    fn binding(&self, key: &ObjectKey) -> Result<SeenBinding, ClusterError> {
        let objects = self.objects.read().unwrap();
        let found = objects.bindings.get(key).map(|found| found.as_ref().clone());
        found.ok_or_else(|| refusal(Kind::NotFound, format!("no TargetGroupBinding {key}")))
    }

    fn work(&self, action: &KubeAction) -> Result<(), ClusterError> {
        match action {
            KubeAction::Claim { member, .. }
                if self.closed.lock().unwrap().contains(&member.key) =>
            {
                return Err(refusal(Kind::Refused, format!("a webhook refuses {member}")));
            }
            KubeAction::Claim { member, finalizer } => {
                let mut found = self.ingress(&member.key)?;
                let finalizers = &mut found.metadata.finalizers;
                if finalizers.iter().any(|held| held == finalizer) {
                    return Ok(());
                }
                finalizers.push(finalizer.into());
                if found.metadata.deletion_timestamp.is_some() {
                    return Err(refusal(Kind::Conflict, format!("{member} is being deleted")));
                }
                self.put_ingress(&member.key, found);
            }
            KubeAction::Release { member, finalizer } => {
                let Ok(mut found) = self.ingress(&member.key) else { return Ok(()) };
                let finalizers = &mut found.metadata.finalizers;
                finalizers.retain(|held| held != finalizer);
                self.put_ingress(&member.key, found);
            }
            KubeAction::Bind { binding } => self.bind(binding)?,
            KubeAction::Rebind { name, binding } => {
                let standing = self.binding(name)?;
                let labels = binding.labels.clone();
                self.put_binding(
                    name,
                    SeenBinding { labels, spec: bindings::spec(binding), ..standing },
                );
            }
            KubeAction::Unbind { name } => {
                let Ok(standing) = self.binding(name) else { return Ok(()) };
                self.put_binding(name, SeenBinding { leaving: true, ..standing });
            }
            KubeAction::CompleteBinding { name, completion } => {
                let mut found = self.binding(name)?;
                bindings::complete(&mut found.spec, completion);
                self.put_binding(name, found);
            }
            KubeAction::NoteTargets { name, targets } => self.note(name, targets.as_ref()),
            KubeAction::ClaimBinding { name } => {
                let (mut found, own) =
                    (self.binding(name)?, self.settings.scope.binding_finalizer());
                if !found.finalizers.iter().any(|held| held == own) {
                    found.finalizers.push(own.into());
                    self.put_binding(name, found);
                }
            }
            KubeAction::ReleaseBinding { name } => {
                let Ok(mut found) = self.binding(name) else { return Ok(()) };
                found.finalizers.retain(|held| held != self.settings.scope.binding_finalizer());
                self.put_binding(name, found);
            }
            KubeAction::Remember { group, entry, memory } => {
                self.remember(group, entry, memory)?;
            }
        }
        Ok(())
    }

    /// Counts a call, and does its work unless it is the one that fails.
    async fn through(
        &self,
        work: impl FnOnce() -> Result<(), ClusterError>,
    ) -> Result<(), ClusterError> {
        let fault = {
            let mut log = self.log();
            log.calls += 1;
            let calls = log.calls;
            log.fault.clone().filter(|fault| fault.nth == calls)
        };
        match fault {
            None => work(),
            Some(fault) => {
                if fault.is_done {
                    // What it answers is lost.
                    let _ = work();
                }
                if let Some(death) = &fault.kills {
                    return death.comes().await;
                }
                Err(refusal(fault.kind, format!("fault {}", fault.nth)))
            }
        }
    }
}

fn refusal(kind: Kind, message: String) -> ClusterError {
    let reason = format!("{kind:?}");
    ClusterError { kind, operation: "write".to_owned(), reason, message }
}

impl Cluster for FakeCluster {
    async fn perform(&self, action: &KubeAction) -> Result<(), ClusterError> {
        self.through(|| {
            self.work(action)?;
            self.log().performed.push(action.clone());
            Ok(())
        })
        .await
    }

    async fn status(&self, member: &Source, entries: &[StatusEntry]) -> Result<(), ClusterError> {
        self.through(|| {
            let key = &member.key;
            let Ok(mut found) = self.ingress(key) else { return Ok(()) };
            found.status = status::of(entries);
            self.put_ingress(key, found);
            self.log().statuses += 1;
            Ok(())
        })
        .await
    }

    async fn noted(&self, binding: &ObjectKey) -> Result<Option<BTreeSet<SmolStr>>, ClusterError> {
        Ok(self.notes.lock().unwrap().get(binding).cloned())
    }

    async fn binding_status(
        &self,
        binding: &ObjectKey,
        status: &BindingStatus,
    ) -> Result<(), ClusterError> {
        self.through(|| {
            self.show(binding, status);
            Ok(())
        })
        .await
    }

    async fn gate(&self, news: &GateNews) -> Result<(), ClusterError> {
        self.through(|| {
            self.show_gate(news);
            Ok(())
        })
        .await
    }

    async fn recall(&self) -> Result<Recalled, ClusterError> {
        Ok(self.recalled())
    }

    async fn move_in(&self) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn mark(&self) -> Result<(), ClusterError> {
        self.leave_mark();
        Ok(())
    }

    async fn names(&self, sought: &Sought) -> Result<BTreeSet<String>, ClusterError> {
        Ok(self.standing(sought))
    }

    async fn secret(&self, key: &ObjectKey) -> Result<Arc<SeenSecret>, ClusterError> {
        Ok(self.bytes(key))
    }

    async fn shown_groups(&self, keeper: &str) -> Result<BTreeMap<Group, Print>, ClusterError> {
        self.shown_by(keeper)
    }

    async fn show_group(
        &self,
        group: &Group,
        status: &GroupStatus,
        keeper: &str,
    ) -> Result<(), ClusterError> {
        self.show_in(group, status, keeper)
    }

    async fn hide_group(&self, group: &Group) -> Result<(), ClusterError> {
        self.hide_of(group)
    }

    async fn event(&self, event: &Event) -> Result<(), ClusterError> {
        self.through(|| {
            self.log().events.push(event.clone());
            Ok(())
        })
        .await
    }
}

/// Everything there is, as a first list shows it.
pub fn all(objects: &Objects) -> Vec<Seen> {
    fn each<K: Clone, T>(
        shelf: &BTreeMap<K, Arc<T>>,
        seen: impl Fn(K, Option<Arc<T>>) -> Seen,
    ) -> Vec<Seen> {
        shelf.iter().map(|(key, object)| seen(key.clone(), Some(Arc::clone(object)))).collect()
    }
    let mut all = each(&objects.classes, Seen::Class);
    all.extend(each(&objects.params, Seen::Params));
    all.extend(each(&objects.policies, Seen::Policy));
    all.extend(each(&objects.namespaces, Seen::Namespace));
    all.extend(each(&objects.nodes, Seen::Node));
    all.extend(each(&objects.services, Seen::Service));
    all.extend(each(&objects.secrets, Seen::Secret));
    all.extend(each(&objects.ingresses, Seen::Ingress));
    all.extend(each(&objects.bindings, Seen::Binding));
    all.extend(each(&objects.pods, Seen::Pod));
    for (service, slices) in &objects.slices {
        let key =
            |name: &smol_str::SmolStr| ObjectKey::new(service.namespace.clone(), name.clone());
        let slices = slices.iter();
        all.extend(slices.map(|(name, slice)| Seen::Slice(key(name), Some(Arc::clone(slice)))));
    }
    all
}
