//! Who has to hear of what: the ways that facts go between subjects.

use std::collections::BTreeSet;

use super::id::{AwsId, ObjectKey};
use super::subject::SubjectKind;

/// A fact that has just become known, or is another one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The backend security group came or went.
    Backend,
    /// The certificate of this Secret came or went.
    Certificate(ObjectKey),
    /// Other names in these zones should lead to a load balancer, or to another one.
    Names(BTreeSet<AwsId>),
    /// Listeners use other certificates.
    Listening,
    /// Names lead to other load balancers.
    Leading,
    /// A group's load balancers carry fewer security groups, or there is none any more.
    Bare,
    /// A group waits for the backend security group.
    Asked,
    /// Certificates of these Secrets stand, and no Ingress uses them.
    Strays(BTreeSet<ObjectKey>),
    /// Nobody has looked at these zones yet.
    Unseen(BTreeSet<AwsId>),
}

/// What a fact is to those who hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Their wish depends on it. These ways lead in no circle, so that all comes to rest.
    Supply,
    /// It lets something go: it opens gates of removals and nothing else.
    Release,
    /// It is a reason to look, and nothing that they build on.
    Notice,
}

/// From whom to whom a fact goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Who makes it known.
    pub from: SubjectKind,
    /// Who hears of it.
    pub to: SubjectKind,
    /// What it is to them.
    pub role: Role,
}

const BACKEND: Way =
    Way { from: SubjectKind::Fabric, to: SubjectKind::Balancer, role: Role::Supply };
const CERTIFICATE: Way =
    Way { from: SubjectKind::Certificate, to: SubjectKind::Balancer, role: Role::Supply };
const NAMES: Way = Way { from: SubjectKind::Balancer, to: SubjectKind::Zone, role: Role::Supply };
const LISTENING: Way =
    Way { from: SubjectKind::Balancer, to: SubjectKind::Certificate, role: Role::Release };
const LEADING: Way =
    Way { from: SubjectKind::Zone, to: SubjectKind::Balancer, role: Role::Release };
const BARE: Way = Way { from: SubjectKind::Balancer, to: SubjectKind::Fabric, role: Role::Release };
const ASKED: Way = Way { from: SubjectKind::Balancer, to: SubjectKind::Fabric, role: Role::Notice };
const STRAYS: Way =
    Way { from: SubjectKind::Fabric, to: SubjectKind::Certificate, role: Role::Notice };
const UNSEEN: Way = Way { from: SubjectKind::Fabric, to: SubjectKind::Zone, role: Role::Notice };

/// All ways that there are.
pub const WAYS: [Way; 9] =
    [BACKEND, CERTIFICATE, NAMES, LISTENING, LEADING, BARE, ASKED, STRAYS, UNSEEN];

impl News {
    /// The way that it goes.
    #[must_use]
    pub fn way(&self) -> Way {
        match self {
            Self::Backend => BACKEND,
            Self::Certificate(_) => CERTIFICATE,
            Self::Names(_) => NAMES,
            Self::Listening => LISTENING,
            Self::Leading => LEADING,
            Self::Bare => BARE,
            Self::Asked => ASKED,
            Self::Strays(_) => STRAYS,
            Self::Unseen(_) => UNSEEN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether one kind is supplied by another, directly or by way of others.
    fn supplies(from: SubjectKind, to: SubjectKind) -> bool {
        let next = WAYS.iter().filter(|way| way.role == Role::Supply && way.from == from);
        next.clone().any(|way| way.to == to)
            || next.clone().any(|way| way.to != from && supplies(way.to, to))
    }

    #[test]
    fn supply_leads_in_no_circle() {
        for way in WAYS.iter().filter(|way| way.role == Role::Supply) {
            assert!(!supplies(way.to, way.from), "{way:?} closes a circle");
        }
        assert!(supplies(SubjectKind::Certificate, SubjectKind::Zone), "by way of balancers");
    }
}
