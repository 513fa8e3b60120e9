//! The watches of one process: what happens in the cluster comes late, in its order by kind; who
//! has been left behind lists again, and lists break off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::cluster::{Intake as _, Sight};
use albedo::controller::WorldIntake;
use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;
use albedo::model::moment::Moment;
use albedo::model::seen::SeenSecret;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::judge::Judge;
use super::stage::{Pid, Stage, UnderWay};
use crate::support::clock::VirtualClock;
use crate::support::cluster::{FakeCluster, all};

/// The kinds that are watched; Secrets are looked at by name.
const KINDS: [Kind; 10] = [
    Kind::Ingress,
    Kind::Class,
    Kind::Params,
    Kind::Service,
    Kind::Slice,
    Kind::Pod,
    Kind::Node,
    Kind::Namespace,
    Kind::Binding,
    Kind::Policy,
];
/// How many objects of a list come at once.
const PAGE: usize = 3;
/// How long a watch waits after a failure.
const PAUSE: Duration = Duration::from_millis(800);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ingress,
    Class,
    Params,
    Policy,
    Service,
    Slice,
    Pod,
    Node,
    Namespace,
    Binding,
    Secret,
}

fn kind(seen: &Seen) -> Kind {
    match seen {
        Seen::Ingress(..) => Kind::Ingress,
        Seen::Class(..) => Kind::Class,
        Seen::Params(..) => Kind::Params,
        Seen::Policy(..) => Kind::Policy,
        Seen::Service(..) => Kind::Service,
        Seen::Slice(..) => Kind::Slice,
        Seen::Pod(..) => Kind::Pod,
        Seen::Node(..) => Kind::Node,
        Seen::Namespace(..) => Kind::Namespace,
        Seen::Binding(..) => Kind::Binding,
        Seen::Secret(..) => Kind::Secret,
    }
}

/// The same object, and gone.
fn gone(seen: &Seen) -> Seen {
    match seen {
        Seen::Ingress(key, _) => Seen::Ingress(key.clone(), None),
        Seen::Class(key, _) => Seen::Class(key.clone(), None),
        Seen::Params(key, _) => Seen::Params(key.clone(), None),
        Seen::Policy(key, _) => Seen::Policy(key.clone(), None),
        Seen::Service(key, _) => Seen::Service(key.clone(), None),
        Seen::Slice(key, _) => Seen::Slice(key.clone(), None),
        Seen::Pod(key, _) => Seen::Pod(key.clone(), None),
        Seen::Node(key, _) => Seen::Node(key.clone(), None),
        Seen::Namespace(key, _) => Seen::Namespace(key.clone(), None),
        Seen::Binding(key, _) => Seen::Binding(key.clone(), None),
        Seen::Secret(key, _) => Seen::Secret(key.clone(), None),
    }
}

/// What a watch hears.
enum Notice {
    /// An object is as it is now.
    Seen(Seen, UnderWay),
    /// What is known should be at least as new as this.
    Prove(Moment),
}

/// The watches of one process.
pub struct Watches {
    cluster: FakeCluster,
    feed: usize,
    tasks: Vec<JoinHandle<()>>,
    wards: BTreeMap<Kind, UnboundedSender<Notice>>,
}

impl Drop for Watches {
    fn drop(&mut self) {
        self.cluster.unfeed(self.feed);
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Watches {
    pub fn start(watching: &Watching) -> Self {
        let cluster = watching.cluster.clone();
        let (mut wards, mut tasks) = (BTreeMap::new(), Vec::new());
        for kind in KINDS {
            let (sender, notices) = unbounded_channel();
            wards.insert(kind, sender);
            let task = watching.clone().follow(kind, notices);
            tasks.push(watching.clock.spawn(task));
        }
        let (secrets, notices) = unbounded_channel();
        wards.insert(Kind::Secret, secrets);
        tasks.push(watching.clock.spawn(watching.clone().look_at_secrets(notices)));
        let (ears, stage) = (wards.clone(), watching.stage.clone());
        let shown = cluster.clone();
        let feed = cluster.hear(move |seen| {
            if shown.shows(seen) {
                // A watch that has ended hears nothing.
                let _ = ears[&kind(seen)].send(Notice::Seen(seen.clone(), stage.begin()));
            }
        });
        Self { cluster, feed, tasks, wards }
    }

    /// Asks every watch for a sign of life.
    pub fn prove(&self, since: Moment) {
        for kind in KINDS {
            let _ = self.wards[&kind].send(Notice::Prove(since));
        }
    }
}

/// What watches are made with. Clones are the same.
#[derive(Clone)]
pub struct Watching {
    pub cluster: FakeCluster,
    pub stage: Stage,
    pub clock: VirtualClock,
    pub intake: WorldIntake<VirtualClock>,
    pub board: Board,
    pub pid: Pid,
}

/// How new what is known is, by kind. Clones are the same.
#[derive(Clone)]
pub struct Board {
    current: Arc<Mutex<BTreeMap<Kind, Moment>>>,
    sight: Sight,
    judge: Judge,
    pid: Pid,
}

impl Board {
    pub fn new(sight: Sight, judge: Judge, pid: Pid) -> Self {
        Self { current: Arc::default(), sight, judge, pid }
    }

    fn note(&self, kind: Kind, moment: Moment) {
        let mut current = self.current.lock().unwrap();
        let known = current.entry(kind).or_insert(moment);
        *known = moment.max(*known);
        if current.len() == KINDS.len() {
            let all = *current.values().min().unwrap();
            self.judge.sees(self.pid, all);
            self.sight.all_listed(all);
        }
    }
}

impl Watching {
    fn known(&self, of: Kind) -> Vec<Seen> {
        let mut known = self.intake.with_objects(all);
        known.retain(|seen| kind(seen) == of);
        known
    }

    async fn follow(self, of: Kind, mut notices: UnboundedReceiver<Notice>) {
        loop {
            if !self.list(of, &mut notices).await {
                self.clock.sleep(PAUSE).await;
                continue;
            }
            self.watch(of, &mut notices).await;
        }
    }

    /// Lists everything. Says whether it came to an end.
    async fn list(&self, of: Kind, notices: &mut UnboundedReceiver<Notice>) -> bool {
        let _under_way = self.stage.begin();
        let mut current = self.clock.moment();
        self.clock.sleep(self.stage.lateness()).await;
        if !self.away().is_zero() {
            self.clock.sleep(self.away()).await;
            return false;
        }
        // What has happened until now is in the list.
        while let Ok(notice) = notices.try_recv() {
            if let Notice::Prove(moment) = notice {
                current = current.max(moment);
            }
        }
        let mut missing = self.known(of);
        let mut listed = all(&self.cluster.objects.read().unwrap());
        listed.retain(|seen| kind(seen) == of && self.cluster.shows(seen));
        for page in listed.chunks(PAGE) {
            for seen in page {
                missing.retain(|known| gone(known) != gone(seen));
                self.intake.take(seen.clone());
            }
            if self.stage.breaks() {
                self.stage.trace.line(&self.who(), || format!("the list of {of:?} breaks off"));
                return false;
            }
            self.clock.sleep(self.stage.lateness()).await;
        }
        for known in &missing {
            self.intake.take(gone(known));
        }
        self.stage.trace.line(&self.who(), || format!("the list of {of:?} is complete"));
        self.board.note(of, current);
        true
    }

    /// Hears what happens, until it is too far behind.
    async fn watch(&self, of: Kind, notices: &mut UnboundedReceiver<Notice>) {
        // The sender lives as long as this task.
        while let Some(notice) = notices.recv().await {
            let late = self.stage.lateness();
            self.clock.sleep(late.max(self.away())).await;
            match notice {
                Notice::Prove(moment) => self.board.note(of, moment),
                Notice::Seen(seen, _under_way) => {
                    if self.stage.expires() {
                        self.stage.trace.line(&self.who(), || format!("{of:?} is lost to view"));
                        return;
                    }
                    self.stage.trace.line(&self.who(), || shown(&seen));
                    self.intake.take(seen);
                }
            }
        }
    }

    /// Looks at the Secrets that are wanted, by name.
    async fn look_at_secrets(self, mut notices: UnboundedReceiver<Notice>) {
        let mut wanted = self.intake.secrets();
        let mut before: BTreeSet<ObjectKey> = BTreeSet::new();
        loop {
            let under_way = self.stage.begin();
            let now = wanted.borrow_and_update().clone();
            for key in before.difference(&now) {
                self.intake.take(Seen::Secret(key.clone(), None));
            }
            let new: Vec<ObjectKey> = now.difference(&before).cloned().collect();
            before = now;
            for key in new {
                self.look_at(&key).await;
            }
            drop(under_way);
            tokio::select! {
                biased;
                changed = wanted.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                notice = notices.recv() => match notice {
                    Some(Notice::Seen(Seen::Secret(key, _), _under_way))
                        if before.contains(&key) =>
                    {
                        self.look_at(&key).await;
                    }
                    Some(_) => {}
                    None => return,
                },
            }
        }
    }

    async fn look_at(&self, key: &ObjectKey) {
        self.clock.sleep(self.stage.lateness().max(self.away())).await;
        let found = self.cluster.objects.read().unwrap().secrets.get(key).cloned();
        let found = found.unwrap_or_else(|| Arc::new(SeenSecret::Missing));
        self.stage.trace.line(&self.who(), || format!("looks at Secret {key}"));
        if self.intake.secrets().borrow().contains(key) {
            self.intake.take(Seen::Secret(key.clone(), Some(found)));
        }
    }

    /// For how long nothing will be heard.
    fn away(&self) -> Duration {
        self.stage.cut_for(self.pid)
    }

    fn who(&self) -> String {
        format!("p{} sees", self.pid)
    }
}

/// An object in short.
pub fn shown(seen: &Seen) -> String {
    let text = match seen {
        Seen::Ingress(key, Some(ingress)) => format!(
            "Ingress {key} {:?} {:?}",
            ingress.metadata.finalizers, ingress.metadata.deletion_timestamp
        ),
        other => format!("{other:?}"),
    };
    if text.len() <= 300 {
        text
    } else {
        format!("{}…", text.chars().take(300).collect::<String>())
    }
}
