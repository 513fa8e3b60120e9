//! Another cluster in the same account, network and hosted zones, with a controller of its own:
//! exactly ours, in good weather. Neither may touch what is the other's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use albedo::aws::{Answer, Cloud, CloudError, Part, Reading};
use albedo::model::action::AwsAction;
use albedo::model::id::ObjectKey;
use albedo::model::role::Role;
use albedo::model::settings::Settings;

use super::app::HOSTS;
use super::dice::Dice;
use super::ending::the_settings;
use super::judge::Invariant;
use super::life::Life;
use super::process::Idleness;
use super::served::{Keeper, US};
use super::stage::Stage;
use super::strangers;
use crate::support::fake::Fake;
use crate::support::site::{Controller, Site};
use crate::support::world::NODES;

const CLUSTER: &str = "next";
/// How many Ingresses it may have.
const APPS_MAX: usize = 3;
/// How often it looks at everything.
const SWEEP: Duration = Duration::from_secs(7 * 60);

/// The other cluster.
pub struct Neighbour {
    site: Site,
    controller: Controller<Watched>,
    /// The Ingresses, each with its host.
    apps: BTreeMap<ObjectKey, &'static str>,
    stage: Stage,
}

/// AWS as the other cluster's controller reaches it.
#[derive(Clone)]
pub struct Watched {
    aws: Fake,
    stage: Stage,
    keeper: Keeper,
}

impl Neighbour {
    /// It starts, with an owner id of its own or with ours.
    pub fn start(aws: &Fake, stage: &Stage, is_own: bool) -> Self {
        let keeper = Keeper { cluster: CLUSTER, owner: if is_own { CLUSTER } else { US.owner } };
        let mut settings = Settings { cluster: CLUSTER.to_owned(), ..the_settings() };
        CLUSTER.clone_into(&mut settings.cluster_named);
        keeper.owner.clone_into(&mut settings.dns.owner);
        let site = Site::with(settings, "namespace out: {}");
        let site = Site { aws: aws.clone(), sweep_period: Some(SWEEP), ..site };
        let watched = Watched { aws: aws.clone(), stage: stage.clone(), keeper };
        let controller = site.start_on(watched);
        Self { site, controller, apps: BTreeMap::new(), stage: stage.clone() }
    }

    /// Somebody makes an Ingress there, changes one or deletes one.
    pub fn edit(&mut self, dice: &mut Dice, life: &Life) {
        let key = ObjectKey::new("out", format!("w{}", dice.below(APPS_MAX)));
        let is_there = self.site.cluster.objects.read().unwrap().ingresses.contains_key(&key);
        if self.apps.contains_key(&key) && dice.falls(300) {
            self.apps.remove(&key);
            self.stage.trace.line("the neighbour", || format!("deletes {key}"));
            return self.site.cluster.delete(&key);
        }
        if is_there && !self.apps.contains_key(&key) {
            // It is going.
            return;
        }
        let (host, naming) = (*dice.one_of(&HOSTS[1..]), life.namings.any(dice));
        let sketch = format!(
            "ingress {key}: {{security-groups: {NODES}, {}actions.fixed: '{FIXED}', \
             rules: ['{host} Prefix / fixed:use-annotation']}}",
            naming.sketch(),
        );
        self.stage.trace.line("the neighbour", || sketch.clone());
        self.site.cluster.add(&sketch);
        self.apps.insert(key, host);
    }

    /// What its controller waits for.
    pub fn idleness(&self) -> Idleness {
        if self.controller.is_busy() {
            return Idleness::Busy;
        }
        self.controller.due().map_or(Idleness::AtRest, Idleness::Until)
    }

    /// The hosts that it asks for.
    pub fn hosts(&self) -> BTreeSet<String> {
        self.apps.values().map(|host| (*host).to_owned()).collect()
    }

    /// It looks at everything.
    pub fn look_again(&self) {
        self.controller.look_again();
    }

    /// All of its Ingresses are deleted.
    pub fn leave(&mut self) {
        for key in std::mem::take(&mut self.apps).into_keys() {
            self.site.cluster.delete(&key);
        }
    }

    /// Whether nothing of it is left.
    pub fn has_left(&self) -> bool {
        self.site.cluster.objects.read().unwrap().ingresses.is_empty()
    }
}

/// Requests that reach it are answered by its load balancers.
const FIXED: &str = r#"{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "200"}}"#;

#[deny(clippy::missing_trait_methods)]
impl Cloud for Watched {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        self.aws.read(part).await
    }

    fn assume(&self, _role: &Role, _session: &str) -> Option<Self> {
        None
    }

    async fn turn(&self, _action: &AwsAction) {}

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let before = self.aws.everything();
        let answer = self.aws.meddle(action);
        let (_, operation) = action.operation();
        self.stage.trace.line("the neighbour", || format!("{operation}: {answer:?}"));
        for text in strangers::touched(self.keeper, &before, &self.aws.everything()) {
            let text = format!("by the neighbour: {text}");
            self.stage.object(Invariant::Stranger, operation, text);
        }
        answer
    }
}
