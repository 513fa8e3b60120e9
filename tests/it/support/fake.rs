//! AWS in memory: a small state machine with AWS's refusals, that counts what it is asked.
//!
//! It keeps the same contract as LocalStack does (`contract.rs`), so what holds here holds there.
//! Where AWS needs a moment, this one needs a word from the test: targets get well, drain and load
//! balancers stand when the test says so; or as soon as time passes, where it says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use albedo::aws::{Answer, Cloud, CloudError, Kind, ReadLoadBalancer, ReadSecurityGroup, Turns};
use albedo::model::action::AwsAction;
use albedo::model::certificate::CertificateFacts;
use albedo::model::id::AwsId;
use albedo::model::inventory::{LiveListener, LiveRule};
use albedo::model::known::Live;
use albedo::model::listener::Protocol;
use albedo::model::load_balancer::{Attributes, LoadBalancerState};
use albedo::model::marks::Tags;
use albedo::model::record::{HostedZone, Record};
use albedo::model::surroundings::{Interface, Subnet, Vpc};
use albedo::model::target::{LiveTarget, TargetState};
use albedo::model::target_group::TargetGroup;

pub use faulty::{Death, Fault, Faulty, Struck, When};
pub use held::Held;
pub use state::State;

mod acm;
mod balancer;
mod echo;
mod faulty;
mod held;
mod listener;
mod route53;
mod security;
mod state;
mod target_group;

/// The account and region in the ARNs.
const PLACE: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012";

/// AWS in memory. Clones are the same AWS.
#[derive(Clone)]
pub struct Fake {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    state: State,
    calls: BTreeMap<String, usize>,
    performed: Vec<AwsAction>,
    /// Whether used targets are well at once, whatever is held of them.
    is_quick: bool,
    /// The services that answer nothing but errors, by the beginnings of their operations.
    outage: Vec<&'static str>,
    /// The services that ask for fewer calls, whenever they are called.
    throttled: Vec<&'static str>,
    /// The write after which whoever asked panics.
    panics_at: Option<usize>,
    turns: Option<Turns>,
}

impl Shared {
    /// Counts a call. An error where the service is out.
    fn count(&mut self, operation: &str) -> Result<(), CloudError> {
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        let is_one = |service: &&str| operation.starts_with(*service);
        let (kind, code) = if self.outage.iter().any(is_one) {
            (Kind::Transient, "InternalFailure")
        } else if self.throttled.iter().any(is_one) {
            (Kind::Throttled, "Throttling")
        } else {
            return Ok(());
        };
        let operation = operation.to_owned();
        let (code, message) = (code.to_owned(), "out".to_owned());
        Err(CloudError { kind, operation, code, message })
    }
}

impl Fake {
    /// An account with nothing but a VPC of six subnets, in as many zones, and its default security
    /// group.
    pub fn new() -> Self {
        let subnets = ('a'..='f').map(|letter| {
            let subnet = Subnet {
                zone: format!("us-east-1{letter}"),
                locale: "availability-zone".to_owned(),
                free_addresses: 4091,
                has_ipv6: false,
                is_public: true,
                tags: Tags::new(),
            };
            (AwsId::new(format!("subnet-{letter}")), subnet)
        });
        let vpc = Vpc {
            id: AwsId::new("vpc-fake"),
            cidrs: vec!["172.31.0.0/16".to_owned()],
            subnets: subnets.collect(),
        };
        let shared = Shared { state: State::new(vpc), ..Shared::default() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// From now on calls go out no faster than in turn.
    pub fn pace_by(&self, turns: Turns) {
        self.lock().turns = Some(turns);
    }

    /// From now on reads whose operations start so are not answered, as in `ec2.` or
    /// `route53.ListHostedZones`.
    pub fn take_down(&self, start: &'static str) {
        self.lock().outage.push(start);
    }

    /// Every read is answered again.
    pub fn mend(&self) {
        self.lock().outage.clear();
    }

    /// How often each operation was called, by `service.Operation`.
    pub fn calls(&self) -> BTreeMap<String, usize> {
        self.lock().calls.clone()
    }

    /// How many calls were reads.
    pub fn reads(&self) -> usize {
        let shared = self.lock();
        let reads = shared.calls.iter().filter(|(operation, _)| {
            operation.contains(".Describe") || operation.contains(".List")
        });
        reads.map(|(_, count)| count).sum()
    }

    /// The writes that were done, in their order.
    pub fn performed(&self) -> Vec<AwsAction> {
        self.lock().performed.clone()
    }

    /// Starts counting anew.
    pub fn forget_calls(&self) {
        let mut shared = self.lock();
        shared.calls.clear();
        shared.performed.clear();
    }

    /// From now on these services answer nothing but errors, and all others do: `acm`, or
    /// `ec2.DescribeNetworkInterfaces`.
    pub fn outage(&self, services: &[&'static str]) {
        self.lock().outage = services.to_vec();
    }

    /// From now on these services ask for fewer calls, whenever they are called.
    pub fn throttle(&self, services: &[&'static str]) {
        self.lock().throttled = services.to_vec();
    }

    /// Whoever asks for the nth write from now on finds a bug in itself.
    pub fn panic_at(&self, nth: usize) {
        let mut shared = self.lock();
        shared.panics_at = Some(shared.performed.len() + nth);
    }

    /// All that stands, to be compared. Identifiers depend on names and on nothing else, unless
    /// something was made, removed and made again.
    pub fn everything(&self) -> State {
        self.lock().state.clone()
    }

    /// A write, at once, and a look at what was before it and is after it.
    pub fn perform_before(
        &self,
        action: &AwsAction,
        look: impl FnOnce(&State, &State, &Result<Answer, CloudError>),
    ) -> Result<Answer, CloudError> {
        let mut shared = self.lock();
        let (service, operation) = action.operation();
        shared.count(&format!("{service}.{operation}"))?;
        match shared.state.performed(action) {
            Ok((next, answer)) => {
                let before = std::mem::replace(&mut shared.state, next);
                shared.performed.push(action.clone());
                let answer = Ok(answer);
                look(&before, &shared.state, &answer);
                answer
            }
            Err(error) => {
                let answer = Err(error);
                look(&shared.state, &shared.state, &answer);
                answer
            }
        }
    }

    /// Somebody else writes: it is done, and neither counted nor remembered.
    pub fn meddle(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        self.lock().state.perform(action)
    }

    /// Changes what is there beyond load balancing, or anything else.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.lock().state)
    }

    /// Every registered target that does not drain is now in this state (where its group is used).
    pub fn set_health(&self, state: TargetState) {
        let mut shared = self.lock();
        for group in shared.state.target_groups.values_mut() {
            for target in group.targets.values_mut().filter(|old| **old != TargetState::Draining) {
                *target = state;
            }
        }
    }

    /// From now on targets that are used are well, and load balancers stand once time passes.
    pub fn be_quick(&self) {
        self.lock().is_quick = true;
    }

    /// From now on things take as long as the test says.
    pub fn take_time(&self) {
        self.lock().is_quick = false;
    }

    /// Time passes.
    pub fn pass_time(&self) {
        if self.lock().is_quick {
            self.finish_provisioning();
        }
    }

    /// Every load balancer takes traffic now.
    pub fn finish_provisioning(&self) {
        for found in self.lock().state.load_balancers.values_mut() {
            found.state = LoadBalancerState::Active;
        }
    }

    /// Every draining target is gone now.
    pub fn finish_draining(&self) {
        let mut shared = self.lock();
        for group in shared.state.target_groups.values_mut() {
            group.targets.retain(|_, state| *state != TargetState::Draining);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    /// Waits until an operation may be called.
    async fn pace(&self, operation: &str) {
        let turns = self.lock().turns.clone();
        if let Some(turns) = turns {
            turns.wait(operation).await;
        }
    }

    /// Counts a call, and answers it from the state.
    async fn read<T>(
        &self,
        operation: &str,
        look: impl FnOnce(&State) -> Result<T, Refusal>,
    ) -> Result<T, CloudError> {
        self.pace(operation).await;
        let mut shared = self.lock();
        shared.count(operation)?;
        look(&shared.state).map_err(|refusal| refusal.of(operation))
    }
}

/// AWS says no: a code and a text.
#[derive(Debug)]
pub(crate) struct Refusal(&'static str, String);

impl Refusal {
    fn of(self, operation: &str) -> CloudError {
        let Self(code, message) = self;
        // AWS answers refusals with the HTTP status 400.
        let kind = Kind::of(code, Some(400));
        CloudError { kind, operation: operation.to_owned(), code: code.to_owned(), message }
    }
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(code, message.into()))
}

/// How many things one `DescribeTags` may ask for (AWS).
const TAG_IDS_MAX: usize = 20;

impl Cloud for Fake {
    async fn vpc(&self) -> Result<Vpc, CloudError> {
        for operation in ["ec2.DescribeVpcs", "ec2.DescribeRouteTables"] {
            self.read(operation, |_| Ok(())).await?;
        }
        self.read("ec2.DescribeAvailabilityZones", |_| Ok(())).await?;
        self.read("ec2.DescribeSubnets", |state| Ok(state.vpc.clone())).await
    }

    async fn interfaces(&self) -> Result<Vec<Interface>, CloudError> {
        self.read("ec2.DescribeNetworkInterfaces", |state| Ok(state.interfaces.clone())).await
    }

    async fn security_groups(&self) -> Result<Vec<ReadSecurityGroup>, CloudError> {
        self.read("ec2.DescribeSecurityGroups", |state| {
            Ok(state.security_groups.iter().map(|(id, group)| group.read(id)).collect())
        })
        .await
    }

    async fn load_balancers(&self) -> Result<Vec<ReadLoadBalancer>, CloudError> {
        self.read("elbv2.DescribeLoadBalancers", |state| {
            Ok(state.load_balancers.iter().map(|(id, found)| found.read(id)).collect())
        })
        .await
    }

    async fn target_groups(&self) -> Result<Vec<Live<TargetGroup>>, CloudError> {
        self.read("elbv2.DescribeTargetGroups", |state| {
            Ok(state.target_groups.iter().map(|(id, found)| found.read(id)).collect())
        })
        .await
    }

    async fn tags(&self, ids: &[AwsId]) -> Result<Vec<(AwsId, Tags)>, CloudError> {
        let mut found = Vec::new();
        for chunk in ids.chunks(TAG_IDS_MAX) {
            found.extend(
                self.read("elbv2.DescribeTags", |state| {
                    let known =
                        chunk.iter().filter_map(|id| Some((id.clone(), state.tags(id)?.clone())));
                    Ok(known.collect::<Vec<_>>())
                })
                .await?,
            );
        }
        Ok(found)
    }

    async fn listeners(&self, load_balancer: &AwsId) -> Result<Vec<LiveListener>, CloudError> {
        let listeners = self
            .read("elbv2.DescribeListeners", |state| {
                state.load_balancer(load_balancer)?;
                let on_it = state.listeners_of(load_balancer);
                Ok(on_it.map(|(id, listener)| listener.read(id)).collect::<Vec<_>>())
            })
            .await?;
        for listener in &listeners {
            if listener.live.spec.protocol == Protocol::Https {
                self.read("elbv2.DescribeListenerCertificates", |_| Ok(())).await?;
            }
        }
        Ok(listeners)
    }

    async fn rules(&self, listener: &AwsId) -> Result<Vec<LiveRule>, CloudError> {
        self.read("elbv2.DescribeRules", |state| {
            state.listener(listener)?;
            let on_it = state.rules.iter().filter(|(_, rule)| rule.listener == *listener);
            let mut rules: Vec<LiveRule> = on_it.map(|(id, rule)| rule.read(id)).collect();
            rules.sort_by_key(|rule| rule.priority);
            Ok(rules)
        })
        .await
    }

    async fn load_balancer_attributes(&self, id: &AwsId) -> Result<Attributes, CloudError> {
        self.read("elbv2.DescribeLoadBalancerAttributes", |state| {
            Ok(state.load_balancer(id)?.attributes.clone())
        })
        .await
    }

    async fn target_group_attributes(&self, id: &AwsId) -> Result<Attributes, CloudError> {
        self.read("elbv2.DescribeTargetGroupAttributes", |state| {
            Ok(state.target_group(id)?.attributes.clone())
        })
        .await
    }

    async fn targets(&self, id: &AwsId) -> Result<Vec<LiveTarget>, CloudError> {
        let is_quick = self.lock().is_quick;
        self.read("elbv2.DescribeTargetHealth", |state| {
            let is_used = state.user_of(id).is_some();
            // What nobody uses any more has nothing to drain.
            let targets = state.target_group(id)?.targets.iter();
            let targets = targets.filter(|(_, held)| is_used || **held != TargetState::Draining);
            let live = targets.map(|(target, held)| LiveTarget {
                target: target.clone(),
                state: match (is_used, held) {
                    (false, _) => TargetState::Unused,
                    (true, TargetState::Initial) if is_quick => TargetState::Healthy,
                    (true, held) => *held,
                },
            });
            Ok(live.collect())
        })
        .await
    }

    async fn certificates(&self) -> Result<Vec<AwsId>, CloudError> {
        self.read("acm.ListCertificates", |state| Ok(state.imported.keys().cloned().collect()))
            .await
    }

    async fn certificate_tags(&self, id: &AwsId) -> Result<Tags, CloudError> {
        self.read("acm.ListTagsForCertificate", |state| Ok(state.imported(id)?.tags.clone())).await
    }

    async fn certificate(&self, id: &AwsId) -> Result<CertificateFacts, CloudError> {
        self.read("acm.DescribeCertificate", |state| Ok(state.imported(id)?.facts.clone())).await
    }

    async fn zones(&self) -> Result<Vec<HostedZone>, CloudError> {
        self.read("route53.ListHostedZones", |state| {
            Ok(state.zones.values().map(|zone| zone.zone.clone()).collect())
        })
        .await
    }

    async fn records(&self, zone: &AwsId) -> Result<Vec<Record>, CloudError> {
        self.read("route53.ListResourceRecordSets", |state| {
            Ok(state.zone(zone)?.records.values().cloned().collect())
        })
        .await
    }

    async fn turn(&self, action: &AwsAction) {
        let (service, operation) = action.operation();
        self.pace(&format!("{service}.{operation}")).await;
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let answer = self.perform_before(action, |_, _, _| {})?;
        let shared = self.lock();
        if shared.panics_at == Some(shared.performed.len()) {
            drop(shared);
            panic!("a bug in whoever asked");
        }
        Ok(answer)
    }
}
