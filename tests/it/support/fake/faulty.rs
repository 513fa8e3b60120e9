//! Any AWS, with faults on command.

use std::sync::{Arc, Mutex};

use albedo::aws::{Answer, Cloud, CloudError, Kind, Part, Reading};
use albedo::model::action::AwsAction;
use albedo::model::role::Role;
use tokio::sync::watch;

/// Whether a call that fails did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It did not.
    Before,
    /// It did: the reply is lost.
    After,
}

/// Which calls count towards the nth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// All calls.
    Any,
    /// The reads.
    Reads,
    /// The writes.
    Writes,
}

/// A call that fails.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which calls count.
    pub struck: Struck,
    /// The how manieth of them fails; the first one is 1.
    pub nth: usize,
    /// Before or after its work.
    pub when: When,
    /// With which kind of error.
    pub kind: Kind,
}

/// The end of a process. Clones are the same.
#[derive(Clone, Debug)]
pub struct Death(Arc<watch::Sender<bool>>);

impl Death {
    /// It lives.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// It dies, and whoever is in the middle of something never hears of it.
    pub async fn comes<T>(&self) -> T {
        self.0.send_replace(true);
        std::future::pending().await
    }

    /// Waits for it.
    pub async fn awaited(&self) {
        // The sender lives as long as this does.
        let _ = self.0.subscribe().wait_for(|is_dead| *is_dead).await;
    }
}

/// Any AWS, with faults on command. Clones are the same.
#[derive(Clone)]
pub struct Faulty<C> {
    inner: C,
    plan: Arc<Mutex<Plan>>,
    /// What a fault brings about instead of an error.
    death: Option<Death>,
}

#[derive(Default)]
struct Plan {
    faults: Vec<Fault>,
    reads: usize,
    writes: usize,
}

impl<C> Faulty<C> {
    /// Wraps an AWS.
    pub fn new(inner: C, faults: Vec<Fault>) -> Self {
        let plan = Arc::new(Mutex::new(Plan { faults, ..Plan::default() }));
        Self { inner, plan, death: None }
    }

    /// The same, but the process dies of its first fault.
    pub fn deadly(self, death: &Death) -> Self {
        Self { death: Some(death.clone()), ..self }
    }

    /// How many calls there were so far, reads and writes.
    pub fn calls(&self) -> usize {
        let plan = self.plan.lock().unwrap();
        plan.reads + plan.writes
    }

    /// From now on this one fails, too, of the writes to come.
    pub fn fail_write(&self, nth: usize, when: When) {
        let mut plan = self.plan.lock().unwrap();
        let nth = plan.writes + nth;
        let (struck, kind) = (Struck::Writes, Kind::Transient);
        plan.faults.push(Fault { struck, nth, when, kind });
    }

    /// Counts a call and says whether it is one that fails.
    fn count(&self, call: Struck) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        match call {
            Struck::Writes => plan.writes += 1,
            Struck::Any | Struck::Reads => plan.reads += 1,
        }
        let is_hit = |fault: &&Fault| match fault.struck {
            Struck::Any => fault.nth == plan.reads + plan.writes,
            Struck::Reads => call == Struck::Reads && fault.nth == plan.reads,
            Struck::Writes => call == Struck::Writes && fault.nth == plan.writes,
        };
        plan.faults.iter().find(is_hit).cloned()
    }

    async fn through<T>(
        &self,
        call: Struck,
        work: impl Future<Output = Result<T, CloudError>> + Send,
    ) -> Result<T, CloudError> {
        match self.count(call) {
            None => work.await,
            Some(fault) => {
                if fault.when == When::After {
                    // What it answers is lost.
                    let _ = work.await;
                }
                if let Some(death) = &self.death {
                    return death.comes().await;
                }
                Err(CloudError {
                    kind: fault.kind,
                    operation: "faulty.Call".to_owned(),
                    code: format!("{:?}", fault.kind),
                    message: format!("fault {} of {:?}", fault.nth, fault.struck),
                })
            }
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<C: Cloud> Cloud for Faulty<C> {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        self.through(Struck::Reads, self.inner.read(part)).await
    }

    async fn turn(&self, action: &AwsAction) {
        self.inner.turn(action).await;
    }

    fn assume(&self, role: &Role, session: &str) -> Option<Self> {
        let inner = self.inner.assume(role, session)?;
        Some(Self { inner, plan: Arc::clone(&self.plan), death: self.death.clone() })
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        self.through(Struck::Writes, self.inner.perform(action)).await
    }
}
