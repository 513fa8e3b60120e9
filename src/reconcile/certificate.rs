//! The story of a visit to a certificate; and which ones stand, for those that use them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::pace::Held;
use super::{Visit, gravest};
use crate::aws::{Cloud, CloudError, Reach};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::desired::secret::validity;
use crate::model::fact::Topic;
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, Handle, ObjectKey};
use crate::model::outcome::{Outcome, Trouble};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::snapshot::Objects;
use crate::plan;
use crate::report::Rest;
use crate::world::BalancerState;

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    pub(super) async fn certificate(&self, key: &CertificateKey) -> Result<Rest, CloudError> {
        match key {
            CertificateKey::Secret(secret) => self.imported(secret, key).await,
            CertificateKey::Request(request) => self.request(request).await,
        }
    }

    /// Imports a certificate from a TLS Secret.
    async fn imported(&self, secret: &ObjectKey, key: &CertificateKey) -> Result<Rest, CloudError> {
        let (snapshot, _) = self.snapshot(Reach::Nothing).await?;
        let mut stack = desired::certificate::build(&snapshot, secret);
        let cluster = &self.settings().cluster;
        let wish = stack.facts().cloned();
        let inventory = self.mirror().certificate(cluster, key, wish.as_ref()).await?;
        let (plan, held) = self.paced(secret, &mut stack, &inventory);
        let breaches = plan::check::certificate(&plan, &stack);
        let outcomes = self.apply_judged(&plan, &breaches).await;
        self.count_imports(secret, &plan, &outcomes);
        let current = self.mirror().certificate(cluster, key, wish.as_ref()).await?;
        let standing = plan::certificate::current(&stack, &current).map(|live| live.id.clone());
        {
            let mut world = self.world().lock();
            world.facts.learn(Handle::Certificate(key.clone()), standing);
            for live in current.certificates.iter() {
                world.ends.imported(&live.id, live.facts.not_after);
            }
            let validity = snapshot.objects.secrets.get(secret).and_then(|seen| validity(seen));
            if world.ends.visited(secret, validity, snapshot.now) {
                // Whoever names the Secret judges it anew.
                world.facts.touch(Topic::Certificate(key.clone()));
            }
            world.wait(self.subject, plan.waits_for_release() || snapshot.may_be_wanted);
        }
        self.tell_of_certificate(&snapshot.objects, (secret, key), (&outcomes, held));
        let later = held.map(|held| Rest::Later(held.pause));
        Ok(gravest([self.rest(&plan, &outcomes)].into_iter().chain(later)))
    }

    /// Tells those who use a Secret what ACM refuses about it.
    fn tell_of_certificate(
        &self,
        objects: &Objects,
        (secret, key): (&ObjectKey, &CertificateKey),
        (outcomes, held): (&[Outcome], Option<Held>),
    ) {
        let refused = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Failed(Trouble::Refused, text) => Some(text),
            Outcome::Failed(..) | Outcome::Done(_) | Outcome::Held => None,
        });
        let refused: Vec<&String> = refused.collect();
        let events = {
            let mut world = self.world().lock();
            let users = world.index.listening(key);
            let late = users.clone().filter_map(|user| Some(held?.problem(user, secret)));
            let problems = users.flat_map(|user| {
                refused.iter().map(|text| Problem {
                    code: Code::InvalidSecret,
                    severity: Severity::Warning,
                    object: ObjectRef::of(user),
                    field: "spec.tls".to_owned(),
                    found: format!("Secret {secret}, which ACM refuses: {text}"),
                    allowed: "what ACM says".to_owned(),
                    meanwhile: "HTTP goes on, and so does what was imported before; it is tried \
                                again"
                        .to_owned(),
                })
            });
            let problems: Vec<Problem> = problems.chain(late).collect();
            let state = world.certificates.entry(key.clone()).or_default();
            let events = state.told.problems(objects, &problems);
            if problems.is_empty() {
                world.certificates.remove(key);
            }
            events
        };
        self.tell(events);
    }

    /// The certificate that stands and that listeners may have.
    async fn standing(&self, key: &CertificateKey) -> Result<Option<AwsId>, CloudError> {
        let (mirror, cluster) = (self.mirror(), &self.settings().cluster);
        match key {
            CertificateKey::Secret(_) => Ok(mirror.imports(cluster, key).await?.into_iter().next()),
            CertificateKey::Request(request) => {
                let found = mirror.request(cluster, request, Duration::MAX).await?;
                let current = plan::request::current(&found).filter(|live| live.is_issued());
                Ok(current.map(|live| live.id.clone()))
            }
        }
    }

    /// Finds out which certificates stand that a group has had made, or goes on using: a group that
    /// is visited before them must not take what its listeners use for absent. Where ACM cannot be
    /// read, that is unknown, and holds up nothing that does not need it.
    pub(super) async fn learn_certificates(&self, group: &Group) -> Rest {
        let unread: BTreeSet<CertificateKey> = {
            let world = self.world().lock();
            let members = world.index.members(group);
            let asked = members.flat_map(|member| world.index.certificates_of(member));
            let state = world.balancers.get(group).into_iter();
            let held = state.flat_map(BalancerState::held_certificates).cloned();
            let keys = asked.chain(held);
            let is_unread =
                |key: &CertificateKey| world.facts.is_unread(&Handle::Certificate(key.clone()));
            keys.filter(is_unread).collect()
        };
        for key in unread {
            match self.standing(&key).await {
                Ok(standing) => {
                    let handle = Handle::Certificate(key);
                    self.world().lock().facts.learn(handle, standing);
                }
                Err(error) => {
                    tracing::warn!(%group, %error, "certificates cannot be read; HTTPS stays as it is");
                    return super::again(&error);
                }
            }
        }
        Rest::Done
    }
}
