//! AWS as one process reaches it: calls take their time, fail, and are judged when they arrive.

use albedo::aws::{Answer, Cloud, CloudError, Kind, Part, Reading};
use albedo::clock::Clock as _;
use albedo::model::action::AwsAction;
use albedo::model::role::Role;
use tokio::sync::oneshot;

use super::judge::{Invariant, Judge};
use super::stage::{Fate, Pid, Side, Stage};
use crate::support::clock::VirtualClock;
use crate::support::fake::Fake;

/// AWS as one process reaches it. Clones are the same.
#[derive(Clone)]
pub struct Reached {
    pub aws: Fake,
    pub stage: Stage,
    pub judge: Judge,
    pub clock: VirtualClock,
    pub pid: Pid,
}

fn error(fate: Fate, operation: &str) -> CloudError {
    let (kind, code) = match fate {
        Fate::Throttle => (Kind::Throttled, "Throttling"),
        _ => (Kind::Transient, "InternalError"),
    };
    let operation = operation.to_owned();
    CloudError { kind, operation, code: code.to_owned(), message: fate.as_str().to_owned() }
}

impl Reached {
    /// What a write does when it arrives.
    fn arrive(&self, action: &AwsAction, fate: Fate) -> Result<Answer, CloudError> {
        let (service, operation) = action.operation();
        let operation = format!("{service}.{operation}");
        let answer = match fate {
            Fate::Fine | Fate::Lost => self.aws.perform_before(action, |before, after, answer| {
                self.judge.aws_write(self.pid, action, before, (after, answer));
            }),
            Fate::Error | Fate::Throttle => Err(error(fate, &operation)),
        };
        self.stage.trace.line(&format!("p{} writes", self.pid), || {
            let parameters =
                albedo::plan::wire::parameters(&albedo::model::action::Action::Aws(action.clone()));
            let told = match &answer {
                Ok(_) => fate.as_str().to_owned(),
                Err(error) => error.to_string(),
            };
            format!("{operation} {parameters} ({told})")
        });
        if fate == Fate::Lost {
            self.judge.doubts(self.pid);
            return Err(error(fate, &operation));
        }
        answer
    }
}

#[deny(clippy::missing_trait_methods)]
impl Cloud for Reached {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        let _under_way = self.stage.begin();
        let (there, back) = (self.stage.travel(Side::Aws), self.stage.travel(Side::Aws));
        let back = back.saturating_add(self.stage.stuck(part));
        let fate = self.stage.fate(Side::Aws);
        self.clock.sleep(there).await;
        let answer = self.aws.read(part).await;
        let who = format!("p{} reads", self.pid);
        self.stage.trace.line(&who, || format!("{part:?} ({})", fate.as_str()));
        self.clock.sleep(back).await;
        if fate == Fate::Fine { answer } else { Err(error(fate, "read")) }
    }

    fn assume(&self, _role: &Role, _session: &str) -> Option<Self> {
        None
    }

    async fn turn(&self, _action: &AwsAction) {
        let turn = self.stage.turn();
        if !turn.is_zero() {
            self.clock.sleep(turn).await;
        }
    }

    /// What has been sent arrives, whatever becomes of who sent it.
    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let (service, operation) = action.operation();
        if !self.stage.may_write(self.pid) {
            let text = format!("p{} sends {service}.{operation} outside of its tenure", self.pid);
            self.stage.object(Invariant::Tenure, operation, text);
        }
        let under_way = self.stage.begin();
        let (there, back) = (self.stage.travel(Side::Aws), self.stage.travel(Side::Aws));
        let fate = self.stage.fate(Side::Aws);
        let (tell, told) = oneshot::channel();
        let (this, action) = (self.clone(), action.clone());
        drop(self.clock.spawn(async move {
            this.clock.sleep(there).await;
            let answer = this.arrive(&action, fate);
            // Perhaps nobody waits any more.
            let _ = tell.send(answer);
            drop(under_way);
        }));
        let _under_way = self.stage.begin();
        let answer = told.await.unwrap();
        self.clock.sleep(back).await;
        answer
    }
}
