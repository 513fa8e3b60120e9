//! Who has to read what anew: the topics of facts, and the ways that they go between subjects.

use super::group::Group;
use super::id::{AwsId, CertificateKey};
use super::source::Source;
use super::subject::SubjectKind;

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The backend security group.
    Backend,
    /// This certificate.
    Certificate(CertificateKey),
    /// What should protect the load balancers of this group.
    Protection(Group),
    /// Where this name should lead.
    Name(String),
    /// What proves to ACM that a name is the account's: the record of this name.
    Proof(String),
    /// Whether everybody's names are known.
    AllNames,
    /// Which certificates listeners use.
    Listening,
    /// Which load balancers names lead to.
    Leading,
    /// Which load balancers carry the backend security group, and who waits for it.
    Carried,
    /// The bindings that are about to be made are made.
    Settled,
    /// This hosted zone is there, and nobody has looked at it.
    Zone(AwsId),
    /// Which hosted zones there are.
    Zones,
    /// Which certificates may be found by host.
    Issued,
    /// This certificate stands, and nobody uses it; or its time has come, or is over.
    Stray(CertificateKey),
    /// This member is served by the group that it went to.
    Arrived(Source),
    /// The names of this member lead to the group that it went to.
    Followed(Source),
}

/// What a fact is to those who read it.
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
    /// Who reads it.
    pub to: SubjectKind,
    /// What it is to them.
    pub role: Role,
}

const fn way(from: SubjectKind, to: SubjectKind, role: Role) -> Way {
    Way { from, to, role }
}

const BACKEND: Way = way(SubjectKind::Fabric, SubjectKind::Balancer, Role::Supply);
const CERTIFICATE: Way = way(SubjectKind::Certificate, SubjectKind::Balancer, Role::Supply);
const NAMES: Way = way(SubjectKind::Balancer, SubjectKind::Zone, Role::Supply);
const PROOF: Way = way(SubjectKind::Certificate, SubjectKind::Zone, Role::Supply);
const PROTECTION: Way = way(SubjectKind::Balancer, SubjectKind::Protection, Role::Supply);
const LISTENING: Way = way(SubjectKind::Balancer, SubjectKind::Certificate, Role::Release);
const LEADING: Way = way(SubjectKind::Zone, SubjectKind::Balancer, Role::Release);
const CARRIED: Way = way(SubjectKind::Balancer, SubjectKind::Fabric, Role::Release);
const SETTLED: Way = way(SubjectKind::Balancer, SubjectKind::Fabric, Role::Notice);
const ZONE: Way = way(SubjectKind::Census, SubjectKind::Zone, Role::Notice);
const ZONES: Way = way(SubjectKind::Census, SubjectKind::Balancer, Role::Supply);
const ISSUED: Way = way(SubjectKind::Census, SubjectKind::Balancer, Role::Notice);
const STRAY: Way = way(SubjectKind::Census, SubjectKind::Certificate, Role::Notice);
const ARRIVED: Way = way(SubjectKind::Balancer, SubjectKind::Balancer, Role::Release);
const FOLLOWED: Way = way(SubjectKind::Zone, SubjectKind::Balancer, Role::Release);

/// All ways that there are.
pub const WAYS: [Way; 15] = [
    BACKEND,
    CERTIFICATE,
    NAMES,
    PROOF,
    PROTECTION,
    LISTENING,
    LEADING,
    CARRIED,
    SETTLED,
    ZONE,
    ZONES,
    ISSUED,
    STRAY,
    ARRIVED,
    FOLLOWED,
];

impl Topic {
    /// The way that it goes: who reads it follows from that.
    #[must_use]
    pub fn way(&self) -> Way {
        match self {
            Self::Backend => BACKEND,
            Self::Certificate(_) => CERTIFICATE,
            Self::Name(_) | Self::AllNames => NAMES,
            Self::Proof(_) => PROOF,
            Self::Protection(_) => PROTECTION,
            Self::Listening => LISTENING,
            Self::Leading => LEADING,
            Self::Carried => CARRIED,
            Self::Settled => SETTLED,
            Self::Zone(_) => ZONE,
            Self::Zones => ZONES,
            Self::Issued => ISSUED,
            Self::Stray(_) => STRAY,
            Self::Arrived(_) => ARRIVED,
            Self::Followed(_) => FOLLOWED,
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
