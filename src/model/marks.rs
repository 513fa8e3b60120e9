//! The marks by which our things are known again: tags, finalizers, labels, descriptions. FROZEN:
//! LBC's own.

use smol_str::SmolStr;

use super::flat::FlatMap;

/// Tags of a thing in AWS.
pub type Tags = FlatMap<SmolStr, SmolStr>;
/// Labels of an object of Kubernetes.
pub type Labels = FlatMap<SmolStr, SmolStr>;

/// Tag: the cluster a thing belongs to.
pub const TAG_CLUSTER: &str = "elbv2.k8s.aws/cluster";
/// Tag: the role of a thing that belongs to the whole cluster.
pub const TAG_CLUSTER_RESOURCE: &str = "elbv2.k8s.aws/resource";
/// Tag: the Ingress group a thing belongs to.
pub const TAG_STACK: &str = "ingress.k8s.aws/stack";
/// Tag: the role of a thing within its Ingress group.
pub const TAG_RESOURCE: &str = "ingress.k8s.aws/resource";
/// Tag: the TLS Secret that a certificate was imported from, as `<namespace>/<name>`. Ours, and
/// frozen.
pub const TAG_SECRET: &str = "alb.ingress.k8s.aws/secret";
/// Tag: the chain that a certificate was imported with, as
/// [`Certificate::chain_mark`](super::certificate::Certificate::chain_mark) spells it. Ours, and
/// frozen.
pub const TAG_CHAIN: &str = "alb.ingress.k8s.aws/chain";
/// Tag: the request that a certificate was made by, as
/// [`RequestKey::token`](super::request::RequestKey::token) spells it. Ours, and frozen.
pub const TAG_REQUEST: &str = "alb.ingress.k8s.aws/request";
/// How the role of a certificate starts that LBC has asked for: by who issues it.
pub const RESOURCES_REQUESTED: [&str; 2] = ["amazon_issued/", "private/"];
/// Tag of a target group: the namespaces whose TargetGroupBindings may have it, separated by
/// commas. Set by whoever made the target group; ours, and frozen.
pub const TAG_ALLOWED_NAMESPACES: &str = "elbv2.k8s.aws/allowed-namespaces";
/// The role of a group's load balancer.
pub const RESOURCE_LOAD_BALANCER: &str = "LoadBalancer";
/// What the network load balancer in front of a group's load balancer is to its group.
pub const RESOURCE_FRONTEND_NLB: &str = "FrontendNlb";
/// What its listeners are to the group; the port follows.
pub const RESOURCE_FRONTEND_NLB_LISTENER: &str = "FrontendNlb-ls-TCP-";
/// What its target groups are to the group; the port of the listener follows.
pub const RESOURCE_FRONTEND_NLB_TARGET_GROUP: &str = "FrontendNlb-tg-TCP-";
/// The role of a group's frontend security group.
pub const RESOURCE_FRONTEND_SECURITY_GROUP: &str = "ManagedLBSecurityGroup";
/// The role of another one of that group; its number, from 2 on, follows. Ours, and frozen.
pub const RESOURCE_FURTHER_SECURITY_GROUP: &str = "ManagedLBSecurityGroup-";
/// The role of the cluster's backend security group.
pub const RESOURCE_BACKEND_SECURITY_GROUP: &str = "backend-sg";

/// Tags that a user may set neither by annotation nor by flag (LBC's tracking keys).
pub const TRACKING_TAGS: [&str; 13] = [
    TAG_CLUSTER,
    TAG_CLUSTER_RESOURCE,
    TAG_STACK,
    TAG_RESOURCE,
    TAG_SECRET,
    TAG_CHAIN,
    TAG_REQUEST,
    "service.k8s.aws/stack",
    "service.k8s.aws/resource",
    "gateway.k8s.aws.alb/stack",
    "gateway.k8s.aws.alb/resource",
    "gateway.k8s.aws.nlb/stack",
    "gateway.k8s.aws.nlb/resource",
];

/// Description of the cluster's backend security group.
pub const DESCRIPTION_BACKEND: &str = "[k8s] Shared Backend SecurityGroup for LoadBalancer";
/// Description of a group's frontend security group.
pub const DESCRIPTION_FRONTEND: &str = "[k8s] Managed SecurityGroup for LoadBalancer";
/// Description of the rules that we keep on node and pod security groups; rules without it are not
/// ours.
pub const DESCRIPTION_SHARED_RULE: &str = "elbv2.k8s.aws/targetGroupBinding=shared";
/// The same where LBC keeps rules of its own beside ours. Ours, and frozen.
pub const DESCRIPTION_OWN_RULE: &str = "elbv2.k8s.aws/targetGroupBinding=albedo";

/// Finalizer of an Ingress by itself.
pub const FINALIZER_IMPLICIT: &str = "ingress.k8s.aws/resources";
/// Start of the finalizer of a member of an explicit group; the group's name follows.
pub const FINALIZER_EXPLICIT_PREFIX: &str = "group.ingress.k8s.aws/";
/// Finalizer of an Ingress by itself where LBC serves others: an Ingress of another controller that
/// carries its own finalizer it takes for one that leaves, and takes the load balancer away. Ours,
/// and frozen.
pub const FINALIZER_OWN_IMPLICIT: &str = "alb.ingress.k8s.aws/resources";
/// Start of the finalizer of a member of an explicit group there.
pub const FINALIZER_OWN_EXPLICIT_PREFIX: &str = "group.alb.ingress.k8s.aws/";
/// Finalizer of a TargetGroupBinding there. Ours, and frozen.
pub const FINALIZER_OWN_BINDING: &str = "alb.ingress.k8s.aws/targets";
/// Annotation of a TargetGroupBinding: who may reach its targets, where LBC serves others. What
/// `spec.networking` holds LBC lets in itself. Ours, and frozen.
pub const ANNOTATION_NETWORKING: &str = "alb.ingress.k8s.aws/networking";
/// Finalizer of a TargetGroupBinding.
pub const FINALIZER_BINDING: &str = "elbv2.k8s.aws/resources";

/// Label of a TargetGroupBinding: the explicit group it was made for.
pub const LABEL_STACK: &str = "ingress.k8s.aws/stack";
/// Label of a TargetGroupBinding: the namespace of the Ingress it was made for.
pub const LABEL_STACK_NAMESPACE: &str = "ingress.k8s.aws/stack-namespace";
/// Label of a TargetGroupBinding: the name of the Ingress it was made for.
pub const LABEL_STACK_NAME: &str = "ingress.k8s.aws/stack-name";

/// Start of every annotation of an Ingress that concerns its load balancer.
pub const ANNOTATION_PREFIX: &str = "alb.ingress.kubernetes.io/";

/// The tags of a thing, as AWS spells them. The keys by which we know our things again take no
/// memory of their own.
#[must_use]
pub fn spelled<'t>(pairs: impl IntoIterator<Item = (&'t str, &'t str)>) -> Tags {
    let key = |key: &str| match TRACKING_TAGS.iter().find(|known| **known == key) {
        Some(known) => SmolStr::new_static(known),
        None => SmolStr::new(key),
    };
    pairs.into_iter().map(|(name, value)| (key(name), value)).collect()
}
/// Start of every annotation that says what LBC's annotations and classes cannot.
pub const OWN_ANNOTATION_PREFIX: &str = "alb.ingress.k8s.aws/";
/// The annotation of an IngressClass that lets go what is held because its owners are out of sight.
pub const ANNOTATION_ACCEPT_REMOVALS: &str = "alb.ingress.k8s.aws/accept-removals";
/// The annotation of an Ingress or an IngressClass that has only the plan of its changes told.
pub const ANNOTATION_PLAN_ONLY: &str = "alb.ingress.k8s.aws/plan-only";

/// The tags by which the cluster's backend security group is found again.
#[must_use]
pub fn backend_tags(cluster: &str) -> Tags {
    pairs([(TAG_CLUSTER, cluster), (TAG_CLUSTER_RESOURCE, RESOURCE_BACKEND_SECURITY_GROUP)])
}

/// The role of a rule: LBC writes its position into the tag.
#[must_use]
pub fn rule_resource(port: u16, priority: u32) -> String {
    format!("{port}:{priority}")
}

/// Tags of these names and values.
pub(super) fn pairs<const N: usize>(pairs: [(&'static str, &str); N]) -> Tags {
    pairs.into_iter().map(|(key, value)| (SmolStr::new_static(key), value)).collect()
}

/// What the name of the ConfigMap starts with that says which targets of a shared target group are
/// registered from a cluster; its TargetGroupBinding's name follows (LBC).
pub const NOTE_PREFIX: &str = "aws-lbc-targets-";
