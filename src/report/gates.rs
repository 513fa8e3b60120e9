//! What pods' statuses should show of their readiness gates.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::model::gate::{GateCondition, GateNews, GateState, Opener, Waiting};
use crate::model::target::{LiveTarget, TargetState, Why};

/// What a gate's condition says whose binding is gone (LBC's).
const MESSAGE_GONE: &str = "Target Group Binding is deleted";

/// How the targets of a group are, to be asked by address and port.
#[derive(Debug)]
pub struct Health<'a>(BTreeMap<(&'a str, u16), &'a LiveTarget>);

impl<'a> Health<'a> {
    /// Of what is registered. What drains is registered no more.
    #[must_use]
    pub fn of(live: &'a [LiveTarget]) -> Self {
        let standing = live.iter().filter(|live| live.state != TargetState::Draining);
        Self(standing.map(|live| ((live.target.id.as_str(), live.target.port), live)).collect())
    }

    /// The targets that open a gate; nothing where one of them is not registered, or none does.
    fn behind(&self, opener: &Opener) -> Option<Vec<&'a LiveTarget>> {
        match opener {
            Opener::Own(at) | Opener::Heir(at) => {
                at.iter().map(|(id, port)| self.0.get(&(id.as_str(), *port)).copied()).collect()
            }
            Opener::Nobody => None,
        }
    }

    /// Whether what opens a gate has only just been registered, as far as is known.
    #[must_use]
    pub fn is_new(&self, waiting: &Waiting) -> bool {
        let new = Why::just_registered();
        let targets = self.behind(&waiting.opener).unwrap_or_default();
        !targets.is_empty() && targets.iter().all(|live| live.why.as_ref() == Some(&new))
    }

    /// Whether a gate waits for the health of targets that are registered.
    #[must_use]
    pub fn holds_up(&self, waiting: &Waiting) -> bool {
        let targets = self.behind(&waiting.opener).unwrap_or_default();
        targets.iter().any(|live| live.state != TargetState::Healthy)
    }

    /// What should be shown of a gate; nothing where its pod is no target.
    fn condition(&self, opener: &Opener) -> Option<GateCondition> {
        if *opener == Opener::Nobody {
            let (reason, message) = (SmolStr::default(), SmolStr::new_static(MESSAGE_GONE));
            return Some(GateCondition { state: GateState::Open, reason, message });
        }
        let mut targets = self.behind(opener)?.into_iter();
        let ill = targets.find(|live| live.state != TargetState::Healthy);
        let state = if ill.is_some() { GateState::Closed } else { GateState::Open };
        let Why { code, description } =
            ill.and_then(|live| live.why.as_deref().cloned()).unwrap_or_default();
        Some(GateCondition { state, reason: code, message: description })
    }
}

/// What pods should be told of their gates and do not show yet. Whoever has inherited a gate only
/// opens it: of several heirs, each serves the pod.
#[must_use]
pub fn gates<'g>(
    gates: impl IntoIterator<Item = &'g Waiting>,
    health: &Health<'_>,
) -> Vec<GateNews> {
    let news = gates.into_iter().filter_map(|waiting| {
        let condition = health.condition(&waiting.opener)?;
        let is_heir = matches!(waiting.opener, Opener::Heir(_));
        let is_said = waiting.gate.shown.as_ref() == Some(&condition);
        let is_news = !is_said && (condition.state == GateState::Open || !is_heir);
        is_news.then(|| GateNews {
            pod: waiting.pod.clone(),
            uid: waiting.uid.clone(),
            binding: waiting.gate.binding.clone(),
            condition,
            before: waiting.gate.shown.as_ref().map(|shown| shown.state),
        })
    });
    news.collect()
}
