//! Episodes: something happens to a cluster at rest and is over again, and then all is as it was.

use std::time::Duration;

use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::index::Seen;
use albedo::model::settings::Settings;
use albedo::model::snapshot::Extent;

use super::attack;
use super::canonical;
use super::ending::{self, the_settings};
use super::judge::Invariant;
use super::life::NAMESPACES;
use super::naming;
use super::run::Run;
use super::served;
use super::stage::{Climate, Weather};
use crate::support::cluster::FakeCluster;
use crate::support::fake::State;
use crate::support::site::Site;

/// What an operator gets wrong.
pub const MISTAKES: [&str; 5] =
    ["one namespace", "another owner", "an empty cluster", "bindings gone", "classes gone"];
/// For how long a mistake lasts.
const MISTAKEN: Duration = Duration::from_mins(20);
/// How often a Secret of a tenant's may be imported in an episode, which takes less than an hour:
/// twice at once, and then every ten minutes.
const IMPORTS_MAX: usize = 8;

impl Run {
    /// All comes to rest, and what another hand has changed is found. Says what stands then.
    async fn at_rest(&mut self) -> Option<State> {
        self.neighbour_looks();
        if !self.rest().await {
            return None;
        }
        if self.has_drifted {
            ending::seen(self).await;
        }
        Some(self.site.aws.everything())
    }

    /// Says in what two states differ that should be the same, but for names that the neighbour may
    /// have got meanwhile.
    fn hold(&self, invariant: Invariant, after: &str, (here, there): (&State, &State)) {
        for line in canonical::differences(here, there, &self.hosts_of_neighbour()) {
            self.stage.object(invariant, after, line);
        }
    }

    /// Tenants come, attack and go.
    pub async fn attack(&mut self) {
        let Some(before) = self.at_rest().await else { return };
        if self.is_somebody_going() {
            // Whoever asks for the hosts of who is deleted keeps it for a while: it may be renamed.
            return;
        }
        let imports = self.imports();
        self.make("attackers", attack::arrive()).await;
        self.judge.attacked(true);
        for _ in 0..=self.dice.below(3) {
            let kind = *self.dice.one_of(&attack::KINDS);
            let mut dice = self.dice.split();
            let changes = {
                let objects = self.site.cluster.objects.read().unwrap();
                attack::attack(kind, &mut dice, &objects, &self.site.aws.everything())
            };
            if !changes.is_empty() {
                self.stage.trace.count(format!("attack {kind}"));
            }
            self.make(format!("attack {kind}"), changes).await;
        }
        self.stir().await;
        let Some(during) = self.at_rest().await else { return };
        let (here, there) = (served::without(&during), served::without(&before));
        self.hold(Invariant::Attack, "an attack", (&here, &there));
        let imported = self.imports() - imports;
        if imported > IMPORTS_MAX {
            let text = format!("a Secret was imported {imported} times");
            self.stage.object(Invariant::Attack, "an attack", text);
        }
        let changes = attack::leave(&self.site.cluster.objects.read().unwrap());
        self.make("attackers", changes).await;
        let Some(after) = self.at_rest().await else { return };
        self.judge.attacked(false);
        self.hold(Invariant::Attack, "the attackers have gone", (&after, &before));
    }

    /// Whether an Ingress is deleted and waits for something.
    fn is_somebody_going(&self) -> bool {
        let objects = self.site.cluster.objects.read().unwrap();
        let mut all = objects.ingresses.values();
        all.any(|ingress| ingress.metadata.deletion_timestamp.is_some())
    }

    fn imports(&self) -> usize {
        let counts = self.stage.trace.counts();
        let of = |operation: &str| counts.get(operation).copied().unwrap_or_default();
        of("ImportCertificate!") + of("ReimportCertificate!")
    }

    /// Weather, and something that happens to a process.
    async fn stir(&mut self) {
        match self.dice.below(4) {
            0 => self.kill(),
            1 => self.flap(),
            2 => {
                let aws = Climate { error: 100, lost: 100, slow: 200, ..Climate::default() };
                self.change_weather(Weather { aws, ..Weather::default() });
            }
            _ => {}
        }
        self.elect();
        let pause = self.dice.time(Duration::from_secs(60));
        self.sleep(pause).await;
    }

    /// An operator gets something wrong, and mends it.
    pub async fn err(&mut self) {
        let Some(before) = self.at_rest().await else { return };
        let mistake = *self.dice.one_of(&MISTAKES);
        if mistake == "one namespace" && !ending::is_flawless(self) {
            // Of whom nobody sees, nobody can tell whom they keep out.
            return;
        }
        self.stage.trace.count(format!("mistake {mistake}"));
        self.stage.trace.line("an operator", || mistake.to_owned());
        self.site.aws.forget_calls();
        let objects = self.site.cluster.objects.read().unwrap().clone();
        match mistake {
            "one namespace" => {
                let extent = Extent::of_namespace(Some(*self.dice.one_of(&NAMESPACES)));
                self.restart_with(Settings { extent, ..the_settings() });
            }
            "another owner" => {
                let mut settings = the_settings();
                "somebody-else".clone_into(&mut settings.dns.owner);
                self.restart_with(settings);
            }
            "an empty cluster" => {
                let cluster = FakeCluster::new(the_settings());
                self.restart_on(&Site { cluster, ..self.site.clone() });
            }
            "bindings gone" => {
                for key in objects.bindings.keys() {
                    self.site.cluster.see(&Seen::Binding(key.clone(), None));
                }
            }
            _ => {
                for name in objects.classes.keys() {
                    self.site.cluster.see(&Seen::Class(name.clone(), None));
                }
            }
        }
        // Who holds something back looks again and again: there is no rest.
        for _ in 0..4 {
            self.sleep(MISTAKEN / 4).await;
        }
        self.mistaken(mistake);
        for (name, class) in objects.classes {
            self.site.cluster.see(&Seen::Class(name, Some(class)));
        }
        if !matches!(mistake, "bindings gone" | "classes gone") {
            self.kill_all();
            self.start();
        }
        let Some(after) = self.at_rest().await else { return };
        self.mistaken(mistake);
        self.hold(Invariant::Mistake, mistake, (&after, &before));
    }

    /// What was written because of a mistake.
    fn mistaken(&self, mistake: &str) {
        for action in self.site.aws.performed() {
            // Bindings that are made again are looked at like new ones.
            let registers = matches!(&action, AwsAction::Elb(ElbAction::RegisterTargets { .. }));
            if !(registers && mistake == "bindings gone") {
                let text = format!("an operator's mistake, and so: {action:?}");
                self.stage.object(Invariant::Mistake, action.operation().1, text);
            }
        }
    }

    fn restart_with(&mut self, settings: Settings) {
        let cluster = self.site.cluster.with(settings);
        self.restart_on(&Site { cluster, ..self.site.clone() });
    }

    fn restart_on(&mut self, site: &Site) {
        self.kill_all();
        self.start_on(site);
    }

    /// A policy takes rights away, and gives them back.
    pub async fn forbid(&mut self) {
        let Some(before) = self.at_rest().await else { return };
        let was_flawless = ending::is_flawless(self);
        let namespace = *self.dice.one_of(&NAMESPACES);
        let field = *self.dice.one_of(&["hostSuffixes: []", "groups: []"]);
        self.stage.trace.count("policy");
        self.life.forbid(Some(namespace));
        self.judge.asks(self.life.asking());
        let policy = format!(
            "policy p: {{namespaceSelector: {{matchLabels: {{team: {namespace}}}}}, {field}}}"
        );
        self.site.cluster.add(&policy);
        self.stir().await;
        if !self.rest().await {
            return;
        }
        let is_shared = field.starts_with("groups");
        for text in served::forbidden(&self.site.aws.everything(), namespace, is_shared) {
            self.stage.object(Invariant::Attack, "a policy", text);
        }
        self.life.forbid(None);
        self.judge.asks(self.life.asking());
        self.site.cluster.remove_policy("p");
        let Some(after) = self.at_rest().await else { return };
        // Who has something that it does not ask for by now cannot get it back.
        if was_flawless && ending::is_flawless(self) {
            let mut contested = naming::contested(&self.life, &before);
            // What was free for a while may be the neighbour's by now.
            contested.extend(self.hosts_of_neighbour());
            for line in canonical::differences(&before, &after, &contested) {
                self.stage.object(Invariant::Attack, "the policy is gone", line);
            }
        }
    }
}
