//! What is wrong with an object: one sentence for the person who wrote it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::ObjectKey;
use super::source::{Source, SourceKind};

/// The object that a problem is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace (empty for a cluster-wide kind) and name.
    pub key: ObjectKey,
}

/// The kinds of objects that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `networking.k8s.io/v1`.
    Ingress,
    /// `networking.k8s.io/v1`, cluster-wide.
    IngressClass,
    /// `elbv2.k8s.aws/v1beta1`, cluster-wide.
    IngressClassParams,
    /// `v1`.
    Service,
    /// `elbv2.k8s.aws/v1beta1`.
    TargetGroupBinding,
}

impl ObjectRef {
    /// A member of a group, or who asks for a name.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        let kind = match source.kind {
            SourceKind::Ingress => Kind::Ingress,
        };
        Self { kind, key: source.key.clone() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.namespace.is_empty() {
            write!(f, "{:?} {}", self.kind, self.key.name)
        } else {
            write!(f, "{:?} {}", self.kind, self.key)
        }
    }
}

/// The kinds of problems. The names are stable: people and alerts may rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Code {
    /// The IngressClass or its parameters cannot be used.
    InvalidClass,
    /// What whoever runs the controller or the cluster does not allow.
    NotAllowed,
    /// The Ingress group's name or order cannot be used.
    InvalidGroup,
    /// An annotation's value cannot be read, or is out of bounds.
    InvalidAnnotation,
    /// An annotation, or a value, that LBC knows and this version does not build.
    Unsupported,
    /// An annotation that nobody knows; it changes nothing.
    UnknownAnnotation,
    /// A rule of the Ingress cannot be expressed.
    InvalidRule,
    /// A backend does not exist or lacks what is needed of it.
    InvalidBackend,
    /// Two members of a group want different things of what they share.
    Conflict,
    /// No subnets could be chosen.
    NoSubnets,
    /// Security groups that do not exist, or none that may be opened.
    NoSecurityGroup,
    /// Endpoints whose addresses no network interface holds.
    NoInterface,
    /// HTTPS without a certificate.
    NoCertificate,
    /// A certificate that ends before long, or has ended.
    CertificateEnds,
    /// A trust store that does not exist.
    NoTrustStore,
    /// A target group that an action calls by its name and that does not exist.
    NoTargetGroup,
    /// Endpoints whose addresses no pod has.
    NoPod,
    /// Pods that stop answering while load balancers still send them requests.
    HastyPods,
    /// Pods whose readinessProbe load balancers cannot ask, where it was asked that they do.
    UnfitProbe,
    /// Pods that do not get ready because their readiness gates cannot be opened.
    ShutGates,
    /// Nobody may look which targets of a group that clusters share are registered from here.
    UnreadNote,
    /// Targets that AWS does not take.
    RefusedTargets,
    /// Nodes that cannot be targets, or none that can.
    NoNode,
    /// What a binding says that means nothing.
    InvalidBinding,
    /// A target group that the binding may not have.
    ForeignTargetGroup,
    /// The targets of a new target group fail their checks, so it does not replace the old one.
    UnhealthyTargets,
    /// A TLS Secret that cannot be used.
    InvalidSecret,
    /// A TLS Secret that is imported later, because imports come too fast.
    ImportHeld,
    /// A host that lies in no hosted zone, or in none that could be chosen.
    NoHostedZone,
    /// A host that cannot become a name.
    InvalidName,
    /// A record that is in the way and not ours.
    ForeignRecord,
    /// A load balancer that cannot be given the web ACL or the protection that is asked for.
    Unprotected,
    /// What clients have to log in for over HTTPS is served to anybody over HTTP.
    OpenOverHttp,
    /// What clients have to log in for is reached past the load balancer as well.
    ReachedPast,
    /// A rule that no request comes to: others take all it asks for, or it is on no listener.
    UnreachableRule,
    /// A redirect that leads clients back to it.
    RedirectLoop,
    /// A name whose records somebody else changes back again and again.
    ContestedName,
    /// A record that Route 53 does not take.
    RefusedRecord,
    /// Something of a load balancer comes close to what AWS allows, or beyond it.
    NearLimit,
    /// What a load balancer has no room for: AWS allows no more of it.
    OverLimit,
    /// A load balancer that nobody wants and that is protected against deletion.
    DeletionProtected,
    /// A load balancer that nobody wants and that names of another owner lead to.
    NamedByAnother,
    /// What stands in the cluster's name and has no owner any more.
    Orphaned,
    /// Much that nobody wants any more, and of whose owners nobody has said that they are gone.
    RemovalsHeld,
    /// Removals that wait until a person approves them, as their class has it.
    RemovalsUnapproved,
    /// An Ingress of which only the plan is asked for.
    PlanOnly,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What a problem means for its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// The object contributes nothing new until it is mended.
    Error,
    /// The object is used but for this; a person has to mend it.
    Warning,
    /// The object is used as it is; a person should know.
    Note,
}

/// What is wrong with an object, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Problem {
    /// Which kind of problem.
    pub code: Code,
    /// What it means for its object.
    pub severity: Severity,
    /// The guilty object.
    pub object: ObjectRef,
    /// Where in it: an annotation, or a path of fields.
    pub field: String,
    /// What was found there.
    pub found: String,
    /// What is allowed there.
    pub allowed: String,
    /// What happens as long as it stays so.
    pub meanwhile: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, found, allowed, meanwhile, .. } = self;
        write!(f, "{field}: {found}; allowed: {allowed}; meanwhile: {meanwhile}")
    }
}
