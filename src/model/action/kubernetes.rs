//! What this program can do in the cluster that orders something.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::Sign;
use crate::model::binding::{Binding, Completion};
use crate::model::group::Group;
use crate::model::id::{Id, ObjectKey};
use crate::model::memory::{Entry, Memory};
use crate::model::source::{Source, SourceKind};

/// One write to the API server that orders something: what comes later relies on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KubeAction {
    /// Puts a finalizer on a member, before anything is made for it.
    Claim {
        /// Which one.
        member: Source,
        /// The finalizer.
        finalizer: String,
    },
    /// Takes a finalizer off a member, after everything made for it is gone.
    Release {
        /// Which one.
        member: Source,
        /// The finalizer.
        finalizer: String,
    },
    /// Makes a TargetGroupBinding.
    Bind {
        /// What it should be.
        binding: Binding,
    },
    /// Brings a standing TargetGroupBinding into line.
    Rebind {
        /// Which one.
        name: ObjectKey,
        /// What it should be.
        binding: Binding,
    },
    /// Removes a TargetGroupBinding.
    Unbind {
        /// Which one.
        name: ObjectKey,
    },
    /// Fills in what a person left out of a TargetGroupBinding.
    CompleteBinding {
        /// Which one.
        name: ObjectKey,
        /// What is filled in.
        completion: Completion,
    },
    /// Puts our finalizer on a TargetGroupBinding, before targets are registered for it.
    ClaimBinding {
        /// Which one.
        name: ObjectKey,
    },
    /// Notes which targets of a group that other clusters share are registered from here, before
    /// they are.
    NoteTargets {
        /// The binding.
        name: ObjectKey,
        /// The targets, each an address or instance with its port; nothing where the note goes.
        targets: Option<BTreeSet<SmolStr>>,
    },
    /// Takes our finalizer off a TargetGroupBinding, after its targets are deregistered.
    ReleaseBinding {
        /// Which one.
        name: ObjectKey,
    },
    /// Remembers something of a group that neither Kubernetes nor AWS can tell.
    Remember {
        /// The group.
        group: Group,
        /// Which entry of its memory.
        entry: Entry,
        /// The entry and nothing else; nothing to remember removes what was.
        memory: Memory,
    },
}

impl KubeAction {
    /// The write, as the plan and the log name it.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Claim { member, .. } => match member.kind {
                SourceKind::Ingress => "ClaimIngress",
            },
            Self::Release { member, .. } => match member.kind {
                SourceKind::Ingress => "ReleaseIngress",
            },
            Self::Bind { .. } => "Bind",
            Self::Rebind { .. } => "Rebind",
            Self::Unbind { .. } => "Unbind",
            Self::CompleteBinding { .. } => "CompleteBinding",
            Self::ClaimBinding { .. } => "ClaimBinding",
            Self::NoteTargets { .. } => "NoteTargets",
            Self::ReleaseBinding { .. } => "ReleaseBinding",
            Self::Remember { .. } => "Remember",
        }
    }

    /// Whether this makes, changes or removes something.
    pub(super) fn sign(&self) -> Sign {
        match self {
            Self::Bind { .. } => Sign::Add,
            Self::Unbind { .. } => Sign::Remove,
            Self::Claim { .. }
            | Self::Release { .. }
            | Self::Rebind { .. }
            | Self::CompleteBinding { .. }
            | Self::ClaimBinding { .. }
            | Self::NoteTargets { .. }
            | Self::ReleaseBinding { .. }
            | Self::Remember { .. } => Sign::Change,
        }
    }

    /// Calls `visit` with every identifier that may not have been given yet.
    pub(super) fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::Bind { binding } | Self::Rebind { binding, .. } => binding.visit_ids(visit),
            Self::Claim { .. }
            | Self::Release { .. }
            | Self::Unbind { .. }
            | Self::CompleteBinding { .. }
            | Self::ClaimBinding { .. }
            | Self::NoteTargets { .. }
            | Self::ReleaseBinding { .. }
            | Self::Remember { .. } => {}
        }
    }
}
