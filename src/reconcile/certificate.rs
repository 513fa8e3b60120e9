//! Visits to certificates, and what others have to know of them.

use std::collections::BTreeSet;

use super::{Reconciler, Visited, lock};
use crate::aws::{Cloud, CloudError};
use crate::build;
use crate::build::classes::is_own_class;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, ObjectKey};
use crate::model::inventory::BalancerInventory;
use crate::model::memory::Memory;
use crate::model::news::News;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::{Plan, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::snapshot::Objects;
use crate::model::subject::Subject;
use crate::plan;
use crate::report;

impl<C: Cloud, K: Cluster, T: Clock> Reconciler<C, K, T> {
    pub(super) async fn certificate(
        &self,
        subject: &Subject,
        secret: &ObjectKey,
    ) -> Result<Visited, CloudError> {
        let groups: BTreeSet<Group> = lock(&self.index).groups().cloned().collect();
        lock(&self.shared).facts.keep_groups(&groups);
        let snapshot = self.snapshot(subject, Memory::default()).await?;
        let stack = build::certificate::build(&snapshot, secret, &groups);
        let cluster = &self.settings.cluster;
        let inventory = self.mirror.certificate(cluster, secret).await?;
        let plan = plan::certificate::plan(&stack, &inventory);
        let outcomes = self.apply(subject, &plan).await;
        let current = self.mirror.certificate(cluster, secret).await?;
        let standing = plan::certificate::current(&stack, &current).map(|live| live.id.clone());
        let is_news = self.learn_certificate(secret, standing);
        self.wait(subject, &plan);
        self.tell_of_certificate(&snapshot.objects, secret, &outcomes).await;
        let wakes =
            if is_news { self.woken(&News::Certificate(secret.clone())) } else { Vec::new() };
        Ok(Visited { rest: report::rest(&outcomes), wakes })
    }

    /// Tells those who use a Secret what ACM refuses about it.
    async fn tell_of_certificate(
        &self,
        objects: &Objects,
        secret: &ObjectKey,
        outcomes: &[Outcome],
    ) {
        let refused = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Failed(Trouble::Refused, text) => Some(text),
            Outcome::Failed(..) | Outcome::Done(_) | Outcome::Held => None,
        });
        let refused: Vec<&String> = refused.collect();
        let events = {
            let users: Vec<ObjectKey> = lock(&self.index).users(secret).cloned().collect();
            let problems = users.iter().flat_map(|user| {
                refused.iter().map(|text| Problem {
                    code: Code::InvalidSecret,
                    severity: Severity::Warning,
                    object: ObjectRef::ingress(user),
                    field: "spec.tls".to_owned(),
                    found: format!("Secret {secret}, which ACM refuses: {text}"),
                    allowed: "what ACM says".to_owned(),
                    meanwhile: "HTTP goes on, and so does what was imported before; it is tried \
                                again"
                        .to_owned(),
                })
            });
            let problems: Vec<Problem> = problems.collect();
            let mut shared = lock(&self.shared);
            let told = shared.told_of_certificates.entry(secret.clone()).or_default();
            let events = told.problems(objects, &problems);
            if problems.is_empty() {
                shared.told_of_certificates.remove(secret);
            }
            events
        };
        for event in events {
            self.send(&event).await;
        }
    }

    fn learn_certificate(&self, secret: &ObjectKey, standing: Option<AwsId>) -> bool {
        let handle = Handle::Certificate(secret.clone());
        let facts = &mut lock(&self.shared).facts;
        match standing {
            Some(id) => facts.learn(handle, id),
            None => facts.forget(&handle),
        }
    }

    /// Finds out which certificates of a group's Secrets stand: a group that is visited before them
    /// must not take what its listeners use for absent.
    pub(super) async fn learn_certificates(&self, group: &Group) -> Result<(), CloudError> {
        let secrets: BTreeSet<ObjectKey> = {
            let index = lock(&self.index);
            index.members(group).flat_map(|member| index.secrets_of(member)).cloned().collect()
        };
        for secret in secrets {
            let handle = Handle::Certificate(secret.clone());
            if lock(&self.shared).facts.resolve(handle).given().is_none() {
                let found = self.mirror.certificate(&self.settings.cluster, &secret).await?;
                let standing = found.certificates.iter().next().map(|live| live.id.clone());
                self.learn_certificate(&secret, standing);
            }
        }
        Ok(())
    }

    /// Makes known which certificates a group's listeners use. Answers with those who waited for
    /// that.
    pub(super) fn tell_listening(
        &self,
        group: &Group,
        current: &BalancerInventory,
    ) -> Vec<Subject> {
        let all = current.load_balancers.iter();
        if all.clone().any(|live| !live.listeners.is_read()) {
            return Vec::new();
        }
        let specs = all.flat_map(|live| live.listeners.iter()).map(|listener| &listener.live.spec);
        let ids = specs.flat_map(|spec| spec.default_certificate.iter().chain(&spec.certificates));
        let used: BTreeSet<AwsId> = ids.filter_map(Id::given).cloned().collect();
        let is_news = lock(&self.shared).facts.listens(group, used);
        if is_news { self.woken(&News::Listening) } else { Vec::new() }
    }

    /// Takes note of whether a subject waits for listeners or names to let go of something.
    pub(super) fn wait(&self, subject: &Subject, plan: &Plan) {
        let mut gates = plan.steps.iter().filter_map(|step| step.gate.as_ref());
        let is_waiting = gates.any(|gate| matches!(gate, WaitKey::Unused(_) | WaitKey::Unnamed(_)));
        let waiting = &mut lock(&self.shared).waiting;
        if is_waiting {
            waiting.insert(subject.clone());
        } else {
            waiting.remove(subject);
        }
    }

    /// The certificates that stand and that no Ingress uses: those that went while nobody watched,
    /// and those that an end of this process left behind. Where Secrets are not imported at all,
    /// AWS is not asked.
    pub(super) async fn stray_certificates(&self) -> Result<Vec<Subject>, CloudError> {
        let is_on = self.settings.tls_secrets || {
            let objects = self.objects.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            objects.classes.values().any(|class| is_own_class(class))
        };
        if !is_on {
            return Ok(Vec::new());
        }
        let mut strays = self.mirror.imported_secrets(&self.settings.cluster).await?;
        for secret in lock(&self.index).secrets() {
            strays.remove(secret);
        }
        let strays = self.woken(&News::Strays(strays));
        let waiting = &lock(&self.shared).waiting;
        // Those that wait already are woken when what they wait for happens.
        Ok(strays.into_iter().filter(|subject| !waiting.contains(subject)).collect())
    }
}
