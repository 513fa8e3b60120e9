//! The secrets with which load balancers log in to providers of OpenID Connect.
//!
//! AWS never tells them, so what it was last given is remembered by fingerprint. Of a client of
//! which nothing is remembered, what stands is taken to be right: so is what LBC leaves.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::Action;
use crate::model::memory::Memory;
use crate::model::plan::{Step, StepId};
use crate::model::rule::{Oidc, RuleAction};
use crate::model::secret::SecretBytes;
use crate::model::stack::BalancerStack;

use super::security_group::Surplus;

/// By their clients, the fingerprints of secrets.
type Fingerprints = BTreeMap<String, Option<String>>;

/// What AWS should have of secrets, and which of them it has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSecrets {
    /// What it should have.
    wished: BTreeMap<String, BTreeSet<String>>,
    /// The clients whose secrets it may have otherwise.
    changed: BTreeSet<String>,
}

/// What tells clients apart.
fn client(oidc: &Oidc) -> String {
    format!("{} {}", oidc.issuer, oidc.client)
}

fn clients(actions: &[RuleAction]) -> impl Iterator<Item = &Oidc> {
    actions.iter().filter_map(|action| match action {
        RuleAction::AuthenticateOidc(oidc) => Some(oidc.as_ref()),
        _ => None,
    })
}

impl ClientSecrets {
    /// The secrets that a group wishes for, held against what is remembered.
    #[must_use]
    pub fn of(stack: &BalancerStack, remembered: &Memory) -> Self {
        let mut wished: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let listeners = stack.front.iter().flat_map(|front| front.listeners.values());
        for listener in listeners {
            let of_rules = listener.rules.iter().flat_map(|(rule, _)| clients(&rule.actions));
            for oidc in of_rules.chain(clients(&listener.listener.default_actions)) {
                let secret = oidc.client_secret.as_ref().map(SecretBytes::fingerprint);
                let of_client = wished.entry(client(oidc)).or_default();
                of_client.extend(secret.map(str::to_owned));
            }
        }
        let is_changed = |(client, secrets): &(&String, &BTreeSet<String>)| {
            let known = remembered.client_secrets.get(*client);
            known.is_some_and(|known| *known != Some(joined(secrets)))
        };
        let changed = wished.iter().filter(is_changed).map(|(client, _)| client.clone());
        Self { changed: changed.collect(), wished }
    }

    /// Whether actions have to be sent again for the sake of a secret.
    #[must_use]
    pub fn has_changed(&self, actions: &[RuleAction]) -> bool {
        clients(actions).any(|oidc| self.changed.contains(&client(oidc)))
    }

    /// Leaves out the secrets that AWS has, where the same client's stand in what is changed.
    pub fn leave_out(&self, actions: &mut [RuleAction], standing: &[RuleAction]) {
        for action in actions {
            let RuleAction::AuthenticateOidc(oidc) = action else { continue };
            let stands = clients(standing).any(|live| live.is_same_client(oidc));
            if stands && !self.changed.contains(&client(oidc)) {
                oidc.client_secret = None;
            }
        }
    }

    /// What is remembered while secrets change: of these clients, that nobody knows.
    #[must_use]
    pub fn before(&self, known: &Fingerprints, surplus: Surplus) -> Fingerprints {
        let mut all = self.after(known, surplus);
        for client in &self.changed {
            all.insert(client.clone(), None);
        }
        all
    }

    /// What is remembered once they have. Of who is perhaps still a client nothing is forgotten.
    #[must_use]
    pub fn after(&self, known: &Fingerprints, surplus: Surplus) -> Fingerprints {
        let mut all = match surplus {
            Surplus::Keep => known.clone(),
            Surplus::Remove => Fingerprints::new(),
        };
        let wished = self.wished.iter();
        all.extend(wished.map(|(client, secrets)| (client.clone(), Some(joined(secrets)))));
        all
    }

    /// The steps that give AWS secrets that have changed, but for those that wait.
    #[must_use]
    pub fn givers(&self, steps: &[Step]) -> Vec<StepId> {
        if self.changed.is_empty() {
            return Vec::new();
        }
        let gives = |action: &Action| {
            let mut gives = false;
            let mut action = action.clone();
            action.visit_secrets(&mut |_| gives = true);
            gives
        };
        let now = steps.iter().filter(|step| step.gate.is_none() && gives(&step.action));
        now.map(|step| step.id).collect()
    }
}

/// The fingerprints of a client's secrets; members may have different ones.
fn joined(secrets: &BTreeSet<String>) -> String {
    secrets.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}
