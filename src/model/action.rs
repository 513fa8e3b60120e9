//! Everything this program can do. What is no variant here, it cannot do.
//!
//! Each service has a file, which says all that there is to know of its calls without making them:
//! what they name, how they change what stands, and what they have to be allowed.

use serde::{Deserialize, Serialize};

use super::id::{Handle, Id};
use super::secret::SecretBytes;

pub use acm::AcmAction;
pub use ec2::Ec2Action;
pub(super) use ec2::READS as EC2_READS;
pub use elb::ElbAction;
pub(super) use elb::READS as ELB_READS;
pub use kubernetes::KubeAction;
pub use operation::{Operation, Service};
pub use route53::Route53Action;
pub use shield::ShieldAction;
pub use wafv2::Wafv2Action;

mod acm;
mod ec2;
mod elb;
mod kubernetes;
mod operation;
mod route53;
mod shield;
mod sts;
mod tagging;
mod wafv2;

/// What the reads of all services have to be allowed, in IAM's words. A test holds
/// `iam/policy.json` against it.
pub const READS: &[&[&str]] = &[
    elb::READS,
    ec2::READS,
    acm::READS,
    route53::READS,
    wafv2::READS,
    shield::READS,
    sts::READS,
    tagging::READS,
];

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// One call to AWS.
    Aws(AwsAction),
    /// One write to the API server.
    Kube(KubeAction),
}

/// One mutating call to AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AwsAction {
    /// Elastic Load Balancing v2.
    Elb(ElbAction),
    /// EC2.
    Ec2(Ec2Action),
    /// ACM.
    Acm(AcmAction),
    /// Route 53.
    Route53(Route53Action),
    /// AWS WAF.
    Wafv2(Wafv2Action),
    /// AWS Shield.
    Shield(ShieldAction),
}

/// How a step changes what stands; the sign that starts its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Something is made.
    Add,
    /// Something is changed.
    Change,
    /// Something is removed.
    Remove,
}

impl Sign {
    /// The character that starts the line.
    #[must_use]
    pub fn as_char(self) -> char {
        match self {
            Self::Add => '+',
            Self::Change => '~',
            Self::Remove => '-',
        }
    }
}

impl AwsAction {
    /// Calls `visit` with the bytes of Secrets that this needs.
    pub fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut SecretBytes)) {
        match self {
            Self::Acm(action) => action.visit_secrets(visit),
            Self::Elb(action) => action.visit_secrets(visit),
            Self::Ec2(_) | Self::Route53(_) | Self::Wafv2(_) | Self::Shield(_) => {}
        }
    }

    /// What there is to say of it.
    #[must_use]
    pub fn about(&self) -> Operation {
        match self {
            Self::Elb(action) => action.about(),
            Self::Ec2(action) => action.about(),
            Self::Acm(action) => action.about(),
            Self::Route53(action) => action.about(),
            Self::Wafv2(action) => action.about(),
            Self::Shield(action) => action.about(),
        }
    }

    /// The service and the operation, as AWS names them.
    #[must_use]
    pub fn operation(&self) -> (&'static str, &'static str) {
        let Operation { service, name, .. } = self.about();
        (service.name, name)
    }

    /// What this makes.
    #[must_use]
    pub fn makes(&self) -> Option<&Handle> {
        match self {
            Self::Elb(action) => action.makes(),
            Self::Ec2(action) => action.makes(),
            Self::Acm(action) => action.makes(),
            Self::Route53(action) => action.makes(),
            Self::Wafv2(action) => action.makes(),
            Self::Shield(action) => action.makes(),
        }
    }

    /// Calls `visit` with every identifier of this action that may not have been given yet.
    pub fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::Elb(action) => action.visit_ids(visit),
            Self::Ec2(action) => action.visit_ids(visit),
            Self::Acm(action) => action.visit_ids(visit),
            Self::Route53(action) => action.visit_ids(visit),
            Self::Wafv2(action) => action.visit_ids(visit),
            Self::Shield(action) => action.visit_ids(visit),
        }
    }
}

impl Action {
    /// Whether this makes, changes or removes something.
    #[must_use]
    pub fn sign(&self) -> Sign {
        match self {
            Self::Aws(action) => action.about().sign,
            Self::Kube(action) => action.sign(),
        }
    }

    /// Whether this makes something that stays behind where whoever it is made for is gone: what
    /// has lost its owners while nobody watched is left alone.
    #[must_use]
    pub fn founds(&self) -> bool {
        let made = match self {
            Self::Aws(action) => action.makes(),
            Self::Kube(_) => None,
        };
        made.is_some_and(|handle| match handle {
            Handle::FrontendSecurityGroup(_)
            | Handle::FurtherSecurityGroup(..)
            | Handle::LoadBalancer(..)
            | Handle::TargetGroup(..)
            | Handle::FrontendNlb(_)
            | Handle::FrontendNlbTargetGroup(..) => true,
            Handle::BackendSecurityGroup
            | Handle::Listener(..)
            | Handle::FrontendNlbListener(..)
            | Handle::Certificate(_) => false,
        })
    }

    /// The service and the operation; writes to the API server are `kubernetes`'s.
    #[must_use]
    pub fn operation(&self) -> (&'static str, &'static str) {
        match self {
            Self::Aws(action) => action.operation(),
            Self::Kube(action) => ("kubernetes", action.operation()),
        }
    }

    /// Calls `visit` with every identifier of this action that may not have been given yet.
    pub fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::Aws(action) => action.visit_ids(visit),
            Self::Kube(action) => action.visit_ids(visit),
        }
    }

    /// Calls `visit` with the bytes of Secrets that this needs.
    pub fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut SecretBytes)) {
        match self {
            Self::Aws(action) => action.visit_secrets(visit),
            Self::Kube(_) => {}
        }
    }

    /// The things that have to be made before this can be done.
    #[must_use]
    pub fn needs(&self) -> Vec<Handle> {
        let mut handles = Vec::new();
        self.clone().visit_ids(&mut |id| match id {
            Id::Of(handle) => handles.push(handle.clone()),
            Id::Is(_) => {}
        });
        handles
    }
}
