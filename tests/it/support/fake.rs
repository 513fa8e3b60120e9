//! AWS in memory: a small state machine with AWS's refusals, that counts what it is asked.
//!
//! It keeps the same contract as LocalStack does (`contract.rs`), so what holds here holds there.
//! Where AWS needs a moment, this one needs a word from the test: targets get well, drain and load
//! balancers stand when the test says so; or as soon as time passes, where it says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use albedo::aws::{
    AcmReading, Answer, Cloud, CloudError, Ec2Part, Ec2Reading, ElbPart, ElbReading, Kind, Part,
    Reading, Route53Part, ShieldPart, Turns, Wafv2Part,
};
use albedo::model::action::AwsAction;
use albedo::model::id::AwsId;
use albedo::model::inventory::{LiveListener, LiveRule};
use albedo::model::listener::Protocol;
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::marks::Tags;
use albedo::model::role::Role;
use albedo::model::surroundings::{Subnet, Vpc};
use albedo::model::target::{LiveTarget, TargetState};

pub use acm::Issuing;
pub use faulty::{Death, Fault, Faulty, Struck, When};
pub use held::Held;
pub use roles::OTHER_ACCOUNT;
pub use route53::Zone;
pub use state::State;

mod acm;
mod balancer;
mod echo;
mod elb;
mod faulty;
mod held;
mod listener;
mod protection;
mod roles;
mod route53;
mod security;
mod state;
mod target_group;

use roles::Session;

/// The account and region in the ARNs.
const PLACE: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012";

/// AWS in memory. Clones are the same AWS.
#[derive(Clone)]
pub struct Fake {
    shared: Arc<Mutex<Shared>>,
    /// Whose calls these are, where they are not the account's own.
    session: Option<Session>,
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
    /// The services that are not ours to call, by the beginnings of their operations.
    forbidden: Vec<&'static str>,
    /// The write after which whoever asked panics.
    panics_at: Option<usize>,
    turns: Option<Turns>,
    /// The roles of other accounts that trust us, each with the id that it wants to hear.
    trusted: BTreeMap<String, String>,
    sessions: BTreeSet<(String, String)>,
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
        } else if self.forbidden.iter().any(is_one) {
            (Kind::Refused, "AccessDenied")
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
        Self { shared: Arc::new(Mutex::new(shared)), session: None }
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
            [".Describe", ".Get", ".List"].iter().any(|start| operation.contains(start))
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

    /// From now on nobody may use these services, and all others do.
    pub fn forbid(&self, services: &[&'static str]) {
        self.lock().forbidden = services.to_vec();
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
        let state = &mut self.lock().state;
        for id in std::mem::take(&mut state.provisioning) {
            if let Some(found) = state.load_balancers.get_mut(&id) {
                found.state = LoadBalancerState::Active;
            }
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
    async fn call<T>(
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
/// How many things one page of `GetResources` has (AWS).
const RESOURCES_MAX: usize = 100;

impl Fake {
    async fn vpc(&self) -> Result<Vpc, CloudError> {
        for operation in ["ec2.DescribeVpcs", "ec2.DescribeRouteTables"] {
            self.call(operation, |_| Ok(())).await?;
        }
        self.call("ec2.DescribeAvailabilityZones", |_| Ok(())).await?;
        self.call("ec2.DescribeSubnets", |state| Ok(state.vpc.clone())).await
    }

    async fn tags(&self, ids: &[AwsId]) -> Result<Vec<(AwsId, Tags)>, CloudError> {
        let is_certificate = |id: &&AwsId| id.as_str().contains(":certificate/");
        let (certificates, others): (Vec<&AwsId>, Vec<&AwsId>) =
            ids.iter().partition(is_certificate);
        let mut found = Vec::new();
        for chunk in others.chunks(TAG_IDS_MAX) {
            let known = |state: &State| {
                let known =
                    chunk.iter().filter_map(|id| Some(((*id).clone(), state.tags(id)?.clone())));
                Ok(known.collect::<Vec<_>>())
            };
            found.extend(self.call("elbv2.DescribeTags", known).await?);
        }
        for id in certificates {
            let tags = |state: &State| Ok(state.certificate_tags(id).cloned());
            let tags = self.call("acm.ListTagsForCertificate", tags).await?;
            found.extend(tags.map(|tags| (id.clone(), tags)));
        }
        Ok(found)
    }

    async fn listeners(&self, load_balancer: &AwsId) -> Result<Vec<LiveListener>, CloudError> {
        let listeners = self
            .call("elbv2.DescribeListeners", |state| {
                state.load_balancer(load_balancer)?;
                let on_it = state.listeners_of(load_balancer);
                Ok(on_it.map(|(id, listener)| listener.read(id)).collect::<Vec<_>>())
            })
            .await?;
        for listener in &listeners {
            if listener.live.spec.protocol == Protocol::Https {
                self.call("elbv2.DescribeListenerCertificates", |_| Ok(())).await?;
            }
        }
        Ok(listeners)
    }
}

impl State {
    /// The rules of a listener, by priority.
    fn rules_of(&self, listener: &AwsId) -> Result<Vec<LiveRule>, Refusal> {
        self.listener(listener)?;
        let on_it = self.rules.iter().filter(|(_, rule)| rule.listener == *listener);
        let mut rules: Vec<LiveRule> = on_it.map(|(id, rule)| rule.read(id)).collect();
        rules.sort_by_key(|rule| rule.priority);
        Ok(rules)
    }

    /// The targets of a target group, as they are told.
    fn targets_of(&self, id: &AwsId, is_quick: bool) -> Result<Vec<LiveTarget>, Refusal> {
        let is_used = self.user_of(id).is_some();
        // What nobody uses any more has nothing to drain.
        let targets = self.target_group(id)?.targets.iter();
        let targets = targets.filter(|(_, held)| is_used || **held != TargetState::Draining);
        let live = targets.map(|(target, held)| LiveTarget {
            target: target.clone(),
            state: match (is_used, held) {
                (false, _) => TargetState::Unused,
                (true, TargetState::Initial) if is_quick => TargetState::Healthy,
                (true, held) => *held,
            },
            why: None,
        });
        Ok(live.collect())
    }

    /// What one call tells of a part.
    fn told(&self, part: &Part, is_quick: bool) -> Result<Reading, Refusal> {
        Ok(match part {
            Part::Ec2(Ec2Part::Interfaces) => {
                Reading::Ec2(Ec2Reading::Interfaces(self.interfaces.clone()))
            }
            Part::Ec2(Ec2Part::SecurityGroups) => {
                let groups = self.security_groups.iter();
                Reading::Ec2(Ec2Reading::SecurityGroups(
                    groups.map(|(id, group)| group.read(id)).collect(),
                ))
            }
            Part::Elb(part) => Reading::Elb(self.told_of_elb(part, is_quick)?),
            Part::Acm(part) => Reading::Acm(self.told_of_acm(part)?),
            Part::Route53(part) => Reading::Route53(self.told_of_route53(part)?),
            Part::Wafv2(part) => Reading::Wafv2(self.guards.told_of_waf(part)),
            Part::Shield(part) => Reading::Shield(self.guards.told_of_shield(part)?),
            Part::Ec2(Ec2Part::Vpc) | Part::Tags(_) => {
                unreachable!("it takes several calls")
            }
        })
    }
}

impl Cloud for Fake {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        self.may_read(part)?;
        let operation = match part {
            Part::Ec2(Ec2Part::Vpc) => return Ok(Reading::Ec2(Ec2Reading::Vpc(self.vpc().await?))),
            Part::Tags(ids) => return Ok(Reading::Tags(self.tags(ids).await?)),
            Part::Elb(ElbPart::Listeners(id)) => {
                return Ok(Reading::Elb(ElbReading::Listeners(
                    id.clone(),
                    self.listeners(id).await?,
                )));
            }
            Part::Ec2(Ec2Part::Interfaces) => "ec2.DescribeNetworkInterfaces",
            Part::Ec2(Ec2Part::SecurityGroups) => "ec2.DescribeSecurityGroups",
            Part::Elb(ElbPart::LoadBalancers) => "elbv2.DescribeLoadBalancers",
            Part::Elb(
                ElbPart::TargetGroups | ElbPart::TargetGroupNamed(_) | ElbPart::Traits(_),
            ) => "elbv2.DescribeTargetGroups",
            Part::Elb(ElbPart::Rules(_)) => "elbv2.DescribeRules",
            Part::Elb(ElbPart::LoadBalancerAttributes(_)) => "elbv2.DescribeLoadBalancerAttributes",
            Part::Elb(ElbPart::Capacity(_)) => "elbv2.DescribeCapacityReservation",
            Part::Elb(ElbPart::ListenerAttributes(_)) => "elbv2.DescribeListenerAttributes",
            Part::Elb(ElbPart::TargetGroupTags(_)) => "elbv2.DescribeTags",
            Part::Elb(ElbPart::TargetGroupAttributes(_)) => "elbv2.DescribeTargetGroupAttributes",
            Part::Elb(ElbPart::TrustStores) => "elbv2.DescribeTrustStores",
            Part::Elb(ElbPart::AccountLimits) => "elbv2.DescribeAccountLimits",
            Part::Elb(ElbPart::Targets(_)) => "elbv2.DescribeTargetHealth",
            Part::Acm(part) => acm::operation(part),
            Part::Route53(part) => route53::operation(part),
            Part::Wafv2(Wafv2Part::WebAcls) => "wafv2.ListWebACLs",
            Part::Wafv2(Wafv2Part::WebAclOf(_)) => "wafv2.GetWebACLForResource",
            Part::Shield(ShieldPart::Subscription) => "shield.GetSubscriptionState",
            Part::Shield(ShieldPart::ProtectionOf(_)) => "shield.DescribeProtection",
        };
        let is_quick = self.lock().is_quick;
        let told = self.call(operation, |state| state.told(part, is_quick)).await?;
        if let Part::Route53(Route53Part::Records(id)) = part {
            let pages = self.lock().state.pages_of(id);
            for _further in 1..pages {
                self.call(operation, |_| Ok(())).await?;
            }
        }
        if let Reading::Acm(AcmReading::Tagged(found)) = &told {
            for _further in found.chunks(RESOURCES_MAX).skip(1) {
                self.call(operation, |_| Ok(())).await?;
            }
        }
        Ok(told)
    }

    async fn turn(&self, action: &AwsAction) {
        let (service, operation) = action.operation();
        self.pace(&format!("{service}.{operation}")).await;
    }

    fn assume(&self, role: &Role, session: &str) -> Option<Self> {
        let session = Some(Session { role: role.clone(), name: session.to_owned() });
        Some(Self { session, ..self.clone() })
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        self.may_perform(action)?;
        let answer = self.perform_before(action, |_, _, _| {})?;
        let shared = self.lock();
        if shared.panics_at == Some(shared.performed.len()) {
            drop(shared);
            panic!("a bug in whoever asked");
        }
        Ok(answer)
    }
}
