//! The difference between a wish and what stands: steps, and what they wait for.
//!
//! ```
//! use albedo::model::action::{Action, AwsAction, ElbAction};
//! use albedo::model::id::AwsId;
//! use albedo::model::plan::{Plan, Reason, WaitKey};
//!
//! let delete = |id: &str| ElbAction::DeleteTargetGroup { id: AwsId::new(id) };
//! let mut plan = Plan::default();
//! let load_balancer = ElbAction::DeleteLoadBalancer { id: AwsId::new("edge") };
//! let first = plan.push(Action::Aws(AwsAction::Elb(load_balancer)), Reason::Unwanted, vec![]);
//! plan.push(Action::Aws(AwsAction::Elb(delete("web"))), Reason::Unwanted, vec![first]);
//! // A step behind a gate is shown and not taken, and so are those that come after it.
//! plan.steps[0].gate = Some(WaitKey::Unnamed(AwsId::new("edge.elb.amazonaws.com")));
//! assert!(plan.waits_for_release());
//! ```

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::id::{AwsId, Handle, Id};
use super::problem::Problem;
use super::source::Source;

/// A step's number within its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub usize);

/// Why a step is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Nothing of the kind stands.
    Missing,
    /// What stands differs in these settings.
    Differs(Vec<String>),
    /// Nobody wants it any more.
    Unwanted,
    /// It stands at another position.
    Moved,
    /// The endpoint is ready.
    Ready,
    /// The endpoint is gone or leaving.
    Gone,
    /// Something is about to be made for the object.
    Claimed,
    /// Nothing made for the object is left.
    Released,
    /// What comes later may need it after a restart.
    Remembered,
    /// Several things are done at once, for these reasons.
    All(Vec<Reason>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Differs(fields) => write!(f, "differs in {}", fields.join(", ")),
            Self::Unwanted => f.write_str("no longer wanted"),
            Self::Moved => f.write_str("stands at another position"),
            Self::Ready => f.write_str("endpoint is ready"),
            Self::Gone => f.write_str("endpoint is gone"),
            Self::Claimed => f.write_str("before anything is made for it"),
            Self::Released => f.write_str("nothing made for it is left"),
            Self::Remembered => f.write_str("to be known after a restart"),
            Self::All(reasons) => {
                let texts: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("; "))
            }
        }
    }
}

/// What a gated step waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WaitKey {
    /// Another subject has to make this and to make its identifier known.
    Made(Handle),
    /// No listener may use this certificate any more.
    Unused(AwsId),
    /// No load balancer may carry this security group any more.
    Uncarried(AwsId),
    /// Nodes and pods have to let in this security group.
    Admitted(AwsId),
    /// No name of ours may lead to the load balancer with this DNS name any more.
    Unnamed(AwsId),
    /// The names of this member have to be withdrawn, wherever they lead.
    Withdrawn(Source),
    /// Another owner has to withdraw the names that lead to the load balancer with this DNS name.
    Renounced(AwsId),
    /// The load balancer with this DNS name has to take traffic.
    Active(AwsId),
    /// AWS has to have set up this load balancer.
    SetUp(Id),
    /// The targets of this target group have to take requests as well as those of the one that it
    /// replaces.
    Healthy(Id),
    /// Nobody is patient for ever with the targets of this target group.
    Patience(Id),
    /// This load balancer has to serve all that the one does which it replaces.
    Serving(Id),
    /// What was under way when this was last led to has to come to its end.
    Drained(AwsId),
    /// Somebody has to switch off the deletion protection of this load balancer.
    Protected(AwsId),
    /// The same of one that has been replaced.
    Outlived(AwsId),
    /// Clients have to know that this member is served by the group that it went to, or that its
    /// hosts are by somebody else.
    Followed(Source),
    /// Somebody else has to serve the hosts of this member, which is deleted.
    Succeeded(Source),
    /// Somebody may want to select the namespace of this member again.
    Unselected(Source),
    /// A person has to approve the removals with this hash.
    Approved(String),
}

impl WaitKey {
    /// Whether this is over once names of ours are withdrawn, or lead elsewhere.
    #[must_use]
    pub fn is_for_names(&self) -> bool {
        matches!(self, Self::Unnamed(_) | Self::Withdrawn(_))
    }

    /// Whether one thing waits here for another to take its place.
    #[must_use]
    pub fn is_replacement(&self) -> bool {
        match self {
            Self::Healthy(_)
            | Self::Patience(_)
            | Self::Serving(_)
            | Self::Drained(_)
            | Self::Outlived(_)
            | Self::Followed(_)
            | Self::Succeeded(_) => true,
            Self::Made(_)
            | Self::Unused(_)
            | Self::Uncarried(_)
            | Self::Admitted(_)
            | Self::Unnamed(_)
            | Self::Withdrawn(_)
            | Self::Renounced(_)
            | Self::Protected(_)
            | Self::Unselected(_)
            | Self::SetUp(_)
            | Self::Approved(_)
            | Self::Active(_) => false,
        }
    }
}

/// What ends a wait, where no other subject's news does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Need {
    /// A look at AWS, which changes without a word.
    Poll,
    /// Time.
    Elapsed(Duration),
}

/// A wait that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// What is waited for.
    pub key: WaitKey,
    /// What ends it.
    pub need: Need,
}

impl fmt::Display for WaitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(handle) => write!(f, "the {handle}"),
            Self::Unused(certificate) => write!(f, "the listeners to let go of {certificate}"),
            Self::Uncarried(group) => write!(f, "the load balancers to let go of {group}"),
            Self::Admitted(group) => write!(f, "nodes and pods to let in {group}"),
            Self::Unnamed(name) => write!(f, "the names to leave {name}"),
            Self::Withdrawn(member) => write!(f, "the names of {member} to be withdrawn"),
            Self::Renounced(name) => write!(f, "the names of another owner to leave {name}"),
            Self::Active(name) => write!(f, "{name} to be active"),
            Self::SetUp(load_balancer) => write!(f, "{load_balancer} to be set up"),
            Self::Healthy(target_group) => write!(f, "healthy targets of {target_group}"),
            Self::Patience(target_group) => write!(f, "{target_group} for no longer"),
            Self::Serving(load_balancer) => write!(f, "{load_balancer} to serve as well"),
            Self::Drained(id) => write!(f, "what is under way to {id}"),
            Self::Protected(id) | Self::Outlived(id) => {
                write!(f, "somebody to switch off the deletion protection of {id}")
            }
            Self::Followed(member) => write!(f, "clients to follow {member}"),
            Self::Approved(hash) => write!(f, "somebody to approve removals {hash}"),
            Self::Succeeded(member) => write!(f, "somebody else to serve the hosts of {member}"),
            Self::Unselected(member) => write!(f, "the namespace of {member} to be selected again"),
        }
    }
}

/// One write, why it is there, and what comes before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// The write.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The steps without whose success this one is held back.
    pub after: Vec<StepId>,
    /// What has to happen before this step may be taken; until then it is shown and not run.
    pub gate: Option<WaitKey>,
}

/// All that is left to do for one subject, to the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The steps, in an order that can be walked.
    pub steps: Vec<Step>,
    /// What cannot be done, and what a person has to mend first.
    pub refusals: Vec<Problem>,
    /// What a person should know about what the plan leaves alone.
    pub notes: Vec<String>,
    /// The waits that have begun. What they hold up is behind their gates.
    pub waits: Vec<Wait>,
}

impl Plan {
    /// Adds a step and says its number.
    pub fn push(&mut self, action: Action, reason: Reason, after: Vec<StepId>) -> StepId {
        let id = StepId(self.steps.len());
        self.steps.push(Step { id, action, reason, after, gate: None });
        id
    }

    /// Leaves out steps that nobody has to know of. What came after one of them comes after what
    /// that one came after.
    pub fn leave_out(&mut self, is_out: impl Fn(&Step) -> bool) {
        let mut places: Vec<Vec<StepId>> = Vec::with_capacity(self.steps.len());
        let mut kept: Vec<Step> = Vec::with_capacity(self.steps.len());
        for mut step in std::mem::take(&mut self.steps) {
            let mut after: Vec<StepId> =
                step.after.iter().filter_map(|id| places.get(id.0)).flatten().copied().collect();
            after.sort();
            after.dedup();
            if is_out(&step) {
                places.push(after);
                continue;
            }
            step.after = after;
            step.id = StepId(kept.len());
            places.push(vec![step.id]);
            kept.push(step);
        }
        self.steps = kept;
    }

    /// Whether a step waits for listeners or names to let go of something.
    #[must_use]
    pub fn waits_for_release(&self) -> bool {
        let mut gates = self.steps.iter().filter_map(|step| step.gate.as_ref());
        gates.any(|gate| {
            let is_certificate = matches!(gate, WaitKey::Unused(_));
            is_certificate || gate.is_for_names() || matches!(gate, WaitKey::Renounced(_))
        })
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::{AwsAction, ElbAction};

    #[test]
    fn what_is_left_out_hands_its_place_on() {
        let delete = |name: &str| {
            let id = AwsId::new(name);
            Action::Aws(AwsAction::Elb(ElbAction::DeleteTargetGroup { id }))
        };
        let mut plan = Plan::default();
        let first = plan.push(delete("first"), Reason::Unwanted, Vec::new());
        let second = plan.push(delete("second"), Reason::Remembered, vec![first]);
        plan.push(delete("third"), Reason::Unwanted, vec![second]);
        plan.leave_out(|step| step.reason == Reason::Remembered);
        let told: Vec<_> = plan.steps.iter().map(|step| (step.id, step.after.clone())).collect();
        assert_eq!(told, [(StepId(0), Vec::new()), (StepId(1), vec![StepId(0)])]);
    }
}
