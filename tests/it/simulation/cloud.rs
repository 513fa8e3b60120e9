//! AWS as one process reaches it: calls take their time, fail, and are judged when they arrive.

use albedo::aws::{Answer, Cloud, CloudError, Kind, ReadLoadBalancer, ReadSecurityGroup};
use albedo::clock::Clock as _;
use albedo::model::action::AwsAction;
use albedo::model::certificate::CertificateFacts;
use albedo::model::id::AwsId;
use albedo::model::inventory::{LiveListener, LiveRule};
use albedo::model::known::Live;
use albedo::model::load_balancer::Attributes;
use albedo::model::marks::Tags;
use albedo::model::record::{HostedZone, Record};
use albedo::model::surroundings::{Interface, Vpc};
use albedo::model::target::LiveTarget;
use albedo::model::target_group::TargetGroup;
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
    async fn read<T>(
        &self,
        operation: &str,
        work: impl Future<Output = Result<T, CloudError>> + Send,
    ) -> Result<T, CloudError> {
        let _under_way = self.stage.begin();
        let (there, back) = (self.stage.travel(Side::Aws), self.stage.travel(Side::Aws));
        let fate = self.stage.fate(Side::Aws);
        self.clock.sleep(there).await;
        let answer = work.await;
        let who = format!("p{} reads", self.pid);
        self.stage.trace.line(&who, || format!("{operation} ({})", fate.as_str()));
        self.clock.sleep(back).await;
        if fate == Fate::Fine { answer } else { Err(error(fate, operation)) }
    }

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
        if fate == Fate::Lost { Err(error(fate, &operation)) } else { answer }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Cloud for Reached {
    async fn vpc(&self) -> Result<Vpc, CloudError> {
        self.read("vpc", self.aws.vpc()).await
    }

    async fn interfaces(&self) -> Result<Vec<Interface>, CloudError> {
        self.read("interfaces", self.aws.interfaces()).await
    }

    async fn security_groups(&self) -> Result<Vec<ReadSecurityGroup>, CloudError> {
        self.read("security groups", self.aws.security_groups()).await
    }

    async fn load_balancers(&self) -> Result<Vec<ReadLoadBalancer>, CloudError> {
        self.read("load balancers", self.aws.load_balancers()).await
    }

    async fn target_groups(&self) -> Result<Vec<Live<TargetGroup>>, CloudError> {
        self.read("target groups", self.aws.target_groups()).await
    }

    async fn tags(&self, ids: &[AwsId]) -> Result<Vec<(AwsId, Tags)>, CloudError> {
        self.read("tags", self.aws.tags(ids)).await
    }

    async fn listeners(&self, load_balancer: &AwsId) -> Result<Vec<LiveListener>, CloudError> {
        self.read("listeners", self.aws.listeners(load_balancer)).await
    }

    async fn rules(&self, listener: &AwsId) -> Result<Vec<LiveRule>, CloudError> {
        self.read("rules", self.aws.rules(listener)).await
    }

    async fn load_balancer_attributes(&self, id: &AwsId) -> Result<Attributes, CloudError> {
        self.read("attributes of a load balancer", self.aws.load_balancer_attributes(id)).await
    }

    async fn target_group_attributes(&self, id: &AwsId) -> Result<Attributes, CloudError> {
        self.read("attributes of a target group", self.aws.target_group_attributes(id)).await
    }

    async fn targets(&self, target_group: &AwsId) -> Result<Vec<LiveTarget>, CloudError> {
        self.read("targets", self.aws.targets(target_group)).await
    }

    async fn certificates(&self) -> Result<Vec<AwsId>, CloudError> {
        self.read("certificates", self.aws.certificates()).await
    }

    async fn certificate_tags(&self, id: &AwsId) -> Result<Tags, CloudError> {
        self.read("tags of a certificate", self.aws.certificate_tags(id)).await
    }

    async fn certificate(&self, id: &AwsId) -> Result<CertificateFacts, CloudError> {
        self.read("a certificate", self.aws.certificate(id)).await
    }

    async fn zones(&self) -> Result<Vec<HostedZone>, CloudError> {
        self.read("hosted zones", self.aws.zones()).await
    }

    async fn records(&self, zone: &AwsId) -> Result<Vec<Record>, CloudError> {
        self.read("records", self.aws.records(zone)).await
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
