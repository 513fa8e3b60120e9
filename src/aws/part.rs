//! The parts of AWS: what is read in one go, and believed or not as a whole.
//!
//! Each service has a file, which says all that there is to know of its parts without reading them.

use crate::model::id::AwsId;
use crate::model::marks::Tags;

pub use acm::{AcmPart, AcmReading, ListedImport, ListedRequest};
pub use ec2::{Ec2Part, Ec2Reading};
pub use elb::{ElbPart, ElbReading};
pub use route53::{Route53Part, Route53Reading};
pub use shield::{ShieldPart, ShieldReading};
pub use wafv2::{Wafv2Part, Wafv2Reading};

mod acm;
mod ec2;
mod elb;
mod route53;
mod shield;
mod wafv2;

/// What is read in one go, and believed or not as a whole. Of what the model has no word for, such
/// as network load balancers, nothing is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Of EC2.
    Ec2(Ec2Part),
    /// Of Elastic Load Balancing v2.
    Elb(ElbPart),
    /// Of ACM.
    Acm(AcmPart),
    /// Of Route 53.
    Route53(Route53Part),
    /// Of AWS WAF.
    Wafv2(Wafv2Part),
    /// Of AWS Shield.
    Shield(ShieldPart),
    /// The tags of load balancers, target groups, listeners, rules or certificates. What AWS no
    /// longer knows is left out. They are believed with what they are on.
    Tags(Vec<AwsId>),
}

/// Which reads wait for each other when there are many. A service that is slow holds up its own
/// reads only, and a pod's registration waits for no load balancer's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Targets,
    Balancing,
    /// Tags of listeners and rules.
    Tags,
    Network,
    Certificates,
    Names,
    Protection,
}

/// What there is to say of a part before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// The reads that it is read among.
    pub(super) lane: Lane,
    /// What it is among the parts of its service.
    pub(super) belonging: Belonging,
}

/// What a part is among the parts of its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Belonging {
    /// Many visits need it. The text is how the resource in the ARN of the things in it starts,
    /// where their tags are read and believed with it.
    Shared(Option<&'static str>),
    /// It hangs on one thing, and is read by that thing's own visits, which the queue holds back by
    /// themselves after a failure. That the thing is not there says that this part is not.
    Own,
    /// It hangs on one thing as well. That the thing is not there says that this part was believed
    /// wrongly, in which it is listed.
    OwnOf(Box<Part>),
    /// It is read, and believed, with another part.
    Beside,
}

impl Part {
    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        match self {
            Self::Ec2(part) => part.about(),
            Self::Elb(part) => part.about(),
            Self::Acm(part) => part.about(),
            Self::Route53(part) => part.about(),
            Self::Wafv2(part) => part.about(),
            Self::Shield(part) => part.about(),
            Self::Tags(_) => About { lane: Lane::Tags, belonging: Belonging::Beside },
        }
    }

    /// Whether many visits need it.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.about().belonging, Belonging::Shared(_))
    }
}

/// What is found on looking at a part. What hangs on one thing says on which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Of EC2.
    Ec2(Ec2Reading),
    /// Of Elastic Load Balancing v2.
    Elb(ElbReading),
    /// Of ACM.
    Acm(AcmReading),
    /// Of Route 53.
    Route53(Route53Reading),
    /// Of AWS WAF.
    Wafv2(Wafv2Reading),
    /// Of AWS Shield.
    Shield(ShieldReading),
    /// The tags of each thing.
    Tags(Vec<(AwsId, Tags)>),
}

impl Reading {
    /// The things whose tags are believed with this and are not in it.
    pub(super) fn tagged(&self) -> Vec<AwsId> {
        match self {
            Self::Elb(reading) => reading.tagged(),
            Self::Acm(reading) => reading.tagged(),
            Self::Ec2(_) | Self::Route53(_) | Self::Wafv2(_) | Self::Shield(_) | Self::Tags(_) => {
                Vec::new()
            }
        }
    }
}
