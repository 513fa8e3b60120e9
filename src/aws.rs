//! The edge towards AWS: one way to read a part of it, and one to write.
//!
//! Only `elb`, `ec2`, `acm`, `route53`, `wafv2`, `shield`, `tagging`, `iam` and `sdk` name
//! `aws_sdk_*`; everything else speaks in the model's nouns.
//!
//! Reading order: this trait; `sdk`, the clients of AWS, as fast as `limits` says; `service`, which
//! implements the trait on them; `mirror`, which remembers what was read and written. Of that,
//! `part`, `shelf`, `belief`, `effect`, `view` and `flights` are pure; `read` and `mirror::batch`
//! make the calls.

use std::collections::BTreeSet;
use std::future::Future;

use crate::model::action::AwsAction;
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::known::Live;
use crate::model::load_balancer::{LoadBalancer, LoadBalancerState};
use crate::model::role::Role;
use crate::model::security::{IngressRule, SecurityGroup};

pub use answer::Answer;
pub use endpoints::{NoEndpoint, Site};
pub use error::{CloudError, Kind};
pub use limits::{Limits, Turns};
pub use mirror::{BelievedGroup, Mirror};
pub use part::{
    AcmPart, AcmReading, Ec2Part, Ec2Reading, ElbPart, ElbReading, ListedImport, ListedRequest,
    Part, Reading, Route53Part, Route53Reading, ShieldPart, ShieldReading, Wafv2Part, Wafv2Reading,
};
pub use sdk::{READ_MAX, Sdk, WRITE_MAX, configure};
pub use tally::{Attempt, CODE_NO_ANSWER, CODE_UNKNOWN, CallObserver, Tally};
pub use view::{BalancerScope, Reach, TagLook};
pub use vpcs::{instance_vpc, vpcs, vpcs_of};

mod acm;
mod answer;
mod arn;
mod belief;
mod call;
mod ec2;
mod effect;
mod elb;
mod endpoints;
pub mod error;
mod flights;
mod groups;
pub mod iam;
mod limits;
mod mirror;
mod part;
mod read;
mod route53;
mod sdk;
mod service;
mod shelf;
mod shield;
mod tagging;
mod tally;
mod view;
mod vpcs;
mod wafv2;

/// A load balancer as read, without what hangs on it and without its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadLoadBalancer {
    /// The load balancer; `tags` is empty.
    pub live: Live<LoadBalancer>,
    /// Its DNS name, as AWS spells it.
    pub dns_name: String,
    /// The hosted zone that its DNS name lies in.
    pub hosted_zone: AwsId,
    /// How far AWS has come with it.
    pub state: LoadBalancerState,
}

/// A security group as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSecurityGroup {
    /// The security group with all of its ingress rules.
    pub live: Live<SecurityGroup>,
    /// Those of its rules that carry the description of our rules on node and pod security groups.
    pub shared: BTreeSet<IngressRule>,
}

/// A certificate as read or imported, without its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadCertificate {
    /// Its ARN.
    pub id: AwsId,
    /// What makes it this one.
    pub facts: CertificateFacts,
}

/// AWS, as far as this program reads and writes it. Nothing here remembers anything; the mirror
/// does.
pub trait Cloud: Send + Sync + 'static {
    /// Looks at a part: one or more API calls, however many pages the answer has. Each of them
    /// waits until it may go out.
    ///
    /// Answers with the reading of the same name.
    fn read(&self, part: &Part) -> impl Future<Output = Result<Reading, CloudError>> + Send;
    /// Waits until a write may go out, as far as the limits to our own calls are concerned. This is
    /// apart from the write, because whoever may write only for a time has to look at that in
    /// between. Nothing limits writes where nobody says so.
    fn turn(&self, action: &AwsAction) -> impl Future<Output = ()> + Send {
        let _ = action;
        std::future::ready(())
    }
    /// The same AWS by the rights of a role, in sessions of this name; nothing where nobody here
    /// can have those.
    fn assume(&self, role: &Role, session: &str) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = (role, session);
        None
    }
    /// The one write: exactly one API call. Every identifier in the action has been given.
    ///
    /// Answers with what AWS tells of the thing that was made or changed.
    fn perform(
        &self,
        action: &AwsAction,
    ) -> impl Future<Output = Result<Answer, CloudError>> + Send;
}
