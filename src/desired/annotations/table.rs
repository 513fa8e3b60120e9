//! Every annotation, once: its name, who may carry it, how its value is read, which field of
//! IngressClassParams says the same, and what it is for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::grammar::action::Asked;
use super::grammar::authentication::{self, AuthType, Provider, UserPool};
use super::grammar::condition::Added;
use super::grammar::json::Noted;
use super::grammar::{self, Parser};
use crate::model::listener::{MutualAuthentication, Protocol};
use crate::model::load_balancer::{IpAddressType, Scheme};
use crate::model::marks::{ANNOTATION_PREFIX, OWN_ANNOTATION_PREFIX};
use crate::model::problem::Kind;
use crate::model::protection::WebAcl;
use crate::model::rule::{Jwt, Precedence, Transform};
use crate::model::seen::{ClassParamsSpec, KeyValue};
use crate::model::target_group::TargetType;

/// An annotation whose value means a `T`.
#[derive(Debug)]
pub struct Annotation<T: 'static> {
    /// Its name without the prefix.
    pub name: &'static str,
    /// The objects that may carry it.
    pub carriers: Carriers,
    /// What reads its value.
    pub parser: Parser<T>,
    /// The field of IngressClassParams that goes over it, if there is one.
    pub class_field: Option<ClassField>,
}

impl<T> Annotation<T> {
    /// Its name with the prefix.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}{}", self.carriers.prefix(), self.name)
    }

    /// Where a problem with the field of IngressClassParams is that goes over it.
    #[must_use]
    pub fn place_in_class(&self) -> String {
        let path = self.class_field.map(|field| field.path).unwrap_or_default();
        format!("spec.{path} of the class's parameters")
    }

    /// Where a problem with it is.
    #[must_use]
    pub fn field(&self) -> String {
        format!("annotation {}{}", self.carriers.prefix(), self.name)
    }
}

/// The objects that may carry an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriers {
    /// Ingresses.
    Ingress,
    /// Services and Ingresses; what the Service says, its Ingress does not.
    ServiceOrIngress,
    /// IngressClasses. These are ours: LBC's IngressClassParams have no place for them. So are the
    /// next ones.
    Class,
    /// Ingresses and IngressClasses; what the class says, its Ingresses do not.
    IngressOrClass,
    /// Services, Ingresses and IngressClasses; what the Service says, its Ingress does not, and
    /// what either says, the class does not.
    Anybody,
}

impl Carriers {
    /// What the names of annotations begin with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        if self.is_of_lbc() { ANNOTATION_PREFIX } else { OWN_ANNOTATION_PREFIX }
    }

    /// Whether the annotation is LBC's; the others are ours.
    #[must_use]
    pub fn is_of_lbc(self) -> bool {
        match self {
            Self::Ingress | Self::ServiceOrIngress => true,
            Self::Class | Self::IngressOrClass | Self::Anybody => false,
        }
    }

    /// The kinds of objects, as tables have them.
    #[must_use]
    pub fn kinds(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::ServiceOrIngress => "Service, Ingress",
            Self::Class => "IngressClass",
            Self::IngressOrClass => "Ingress, IngressClass",
            Self::Anybody => "Service, Ingress, IngressClass",
        }
    }

    /// Whether an object of this kind may carry it.
    #[must_use]
    pub fn include(self, kind: Kind) -> bool {
        match kind {
            Kind::Service => matches!(self, Self::ServiceOrIngress | Self::Anybody),
            Kind::Ingress => self != Self::Class,
            Kind::IngressClass => {
                matches!(self, Self::Class | Self::IngressOrClass | Self::Anybody)
            }
            Kind::IngressClassParams | Kind::TargetGroupBinding => false,
        }
    }
}

/// A field of IngressClassParams.
#[derive(Clone, Copy, Debug)]
pub struct ClassField {
    /// Its path from `spec`.
    pub path: &'static str,
    /// What it says.
    pub value: ClassValue,
}

/// What a field of IngressClassParams says of an annotation.
#[derive(Clone, Copy, Debug)]
pub enum ClassValue {
    /// The same, in the annotation's grammar, and instead of it; `None`, or empty, where it asks
    /// for nothing.
    Text(fn(&ClassParamsSpec) -> Option<Cow<'_, str>>),
    /// Pairs, which go over the annotation's key by key.
    Pairs(fn(&ClassParamsSpec) -> &[KeyValue]),
    /// What is read where it is needed.
    Apart,
}

/// How far this version goes with an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It is built.
    Built,
    /// It is known and not built yet; only these values, which ask for nothing, are accepted.
    Only(&'static [&'static str]),
}

/// What is known of an annotation, whatever its value means.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name without the prefix; a trailing dot means that a name of the user's follows.
    pub name: &'static str,
    /// The objects that may carry it.
    pub carriers: Carriers,
    /// How far this version goes with it.
    pub support: Support,
    /// The path from `spec` of the field of IngressClassParams that goes over it, or over parts of
    /// it.
    pub class_field: Option<&'static str>,
    /// What it is for, for the README.
    pub help: &'static str,
}

/// Declares annotations that are built: what reads the value, then the field of IngressClassParams
/// that goes over it as a whole (`under`), key by key (`within`) or in a way of its own (`beside`).
/// Their documentation is what the README says of them.
macro_rules! built {
    ($(
        $(#[doc = $help:literal])+
        $constant:ident: $value:ty = $name:literal on $carriers:ident by $parser:expr
            $(, under $path:literal as $text:expr)? $(, within $part:literal as $pairs:expr)?
            $(, beside $other:literal)?;
    )*) => {
        $(
            $(#[doc = $help])+
            pub const $constant: Annotation<$value> = Annotation {
                name: $name,
                carriers: Carriers::$carriers,
                parser: $parser,
                class_field: built!(
                    @field $($path, Text, $text)? $($part, Pairs, $pairs)? $($other)?
                ),
            };
        )*
        const BUILT: &[Known] = &[$(Known {
            name: $constant.name,
            carriers: $constant.carriers,
            support: Support::Built,
            class_field: built!(@path $($path)? $($part)? $($other)?),
            help: concat!($($help),+),
        }),*];
    };
    (@field $path:literal, $form:ident, $value:expr) => {
        Some(ClassField { path: $path, value: ClassValue::$form($value) })
    };
    (@field) => { None };
    (@field $path:literal) => {
        Some(ClassField { path: $path, value: ClassValue::Apart })
    };
    (@path $path:literal) => { Some($path) };
    (@path) => { None };
}

/// Pairs of keys and values.
pub type Pairs = BTreeMap<String, String>;

/// The value as it is written; present and empty is present.
const AS_WRITTEN: Parser<String> = |text| Ok(text.to_owned());
/// Items between commas.
const LIST: Parser<Vec<String>> = |text| Ok(grammar::list(text));

fn listed(items: &[String]) -> Cow<'_, str> {
    items.join(",").into()
}

/// Prefix lists, by the older name of the field only where the newer one asks for nothing (LBC).
fn prefix_lists(spec: &ClassParamsSpec) -> &[String] {
    if spec.prefix_lists.is_empty() { &spec.prefix_lists_before } else { &spec.prefix_lists }
}

built! {
    /// The group of Ingresses that share a load balancer.
    GROUP_NAME: String = "group.name" on Ingress by AS_WRITTEN,
        under "group.name" as |spec| spec.group.as_ref().map(|group| group.name.as_str().into());
    /// The place in the group: lower ones come first, and then names decide.
    GROUP_ORDER: i32 = "group.order" on Ingress by grammar::integer::<-1000, 1000>;
    /// The load balancer's name; counts when it is made.
    LOAD_BALANCER_NAME: String = "load-balancer-name" on Ingress by grammar::load_balancer_name,
        under "loadBalancerName" as |spec| spec.load_balancer_name.as_deref().map(Cow::from);
    /// Whether clients come from the internet or from the VPC.
    SCHEME: Scheme = "scheme" on Ingress by grammar::scheme,
        under "scheme" as |spec| spec.scheme.as_deref().map(Cow::from);
    /// The kinds of addresses that clients may come by.
    IP_ADDRESS_TYPE: IpAddressType = "ip-address-type" on Ingress by grammar::ip_address_type,
        under "ipAddressType" as |spec| spec.ip_address_type.as_deref().map(Cow::from);
    /// The subnets, by id or by their tag Name.
    SUBNETS: Vec<String> = "subnets" on Ingress by LIST,
        under "subnets" as |spec| spec.subnets.as_ref().map(|subnets| listed(&subnets.ids));
    /// The security groups instead of one that is made, by id or by their tag Name.
    SECURITY_GROUPS: Vec<String> = "security-groups" on Ingress by LIST;
    /// Whether nodes and pods let the load balancer in by the backend security group beside those.
    MANAGE_RULES: bool = "manage-backend-security-group-rules" on Ingress by grammar::boolean;
    /// Who may come.
    INBOUND_CIDRS: BTreeSet<String> = "inbound-cidrs" on Ingress by grammar::cidrs,
        under "inboundCIDRs" as |spec| Some(listed(&spec.inbound_cidrs));
    /// The managed prefix lists whose addresses may come; beside inbound-cidrs, or instead of
    /// everybody.
    PREFIX_LISTS: BTreeSet<String> =
        "security-group-prefix-lists" on Ingress by grammar::prefix_lists,
        under "prefixListsIDs" as |spec| Some(listed(prefix_lists(spec)));
    /// Attributes of the load balancer.
    LOAD_BALANCER_ATTRIBUTES: Pairs = "load-balancer-attributes" on Ingress by grammar::attributes,
        within "loadBalancerAttributes" as |spec| &spec.load_balancer_attributes;
    /// Capacity that AWS keeps ready for the load balancer, as CapacityUnits=100; 0 for none.
    CAPACITY: Option<u32> = "minimum-load-balancer-capacity" on Ingress by grammar::capacity,
        beside "minimumLoadBalancerCapacity.capacityUnits";
    /// The IPAM pool that the load balancer's public IPv4 addresses come from, by id.
    IPV4_POOL: String = "ipam-ipv4-pool-id" on Ingress by AS_WRITTEN,
        beside "ipamConfiguration.ipv4IPAMPoolId";
    /// The pool of customer-owned addresses on an Outpost, by id; counts when it is made.
    CUSTOMER_OWNED_POOL: String = "customer-owned-ipv4-pool" on Ingress by grammar::not_empty;
    /// The ports to listen on, and what they speak.
    LISTEN_PORTS: BTreeMap<u16, Protocol> = "listen-ports" on Ingress by grammar::listen_ports;
    /// Attributes of the listener of this protocol and port, such as HTTPS-443.
    LISTENER_ATTRIBUTES: Pairs = "listener-attributes." on Ingress by grammar::attributes,
        beside "listeners";
    /// Certificates of ACM for HTTPS; the first one is for clients that name no host.
    CERTIFICATE_ARN: Vec<String> = "certificate-arn" on Ingress by LIST,
        under "certificateArn" as |spec| Some(listed(&spec.certificate_arn));
    /// Whether ACM is asked for a certificate for the hosts, which Route 53 proves.
    CREATE_ACM_CERT: bool = "create-acm-cert" on Ingress by grammar::boolean;
    /// The authority of AWS Private CA that issues what is asked for; else --default-pca-arn.
    ACM_PCA_ARN: String = "acm-pca-arn" on Ingress by AS_WRITTEN;
    /// The TLS policy of HTTPS listeners.
    SSL_POLICY: String = "ssl-policy" on Ingress by AS_WRITTEN,
        under "sslPolicy" as |spec| spec.ssl_policy.as_deref().map(Cow::from);
    /// Whether clients show certificates of theirs, by port, as JSON; absent leaves it as it is.
    MUTUAL_AUTHENTICATION: Noted<BTreeMap<u16, MutualAuthentication>> =
        "mutual-authentication" on Ingress by grammar::mutual_authentication;
    /// The HTTPS port that all HTTP listeners of the group redirect to.
    SSL_REDIRECT: u16 = "ssl-redirect" on Ingress by grammar::port,
        under "sslRedirectPort" as |spec| spec.ssl_redirect_port.as_deref().map(Cow::from);
    /// The WAFv2 web ACL of the load balancer, by ARN; none takes away the one that it has.
    WAFV2_ACL_ARN: Option<WebAcl> = "wafv2-acl-arn" on Ingress by grammar::web_acl_arn,
        under "wafv2AclArn" as |spec| spec.wafv2_acl_arn.as_deref().map(Cow::from);
    /// The same by name, among those of the region; goes over every ARN of the group.
    WAFV2_ACL_NAME: Option<WebAcl> = "wafv2-acl-name" on Ingress by grammar::web_acl_name,
        under "wafv2AclName" as |spec| spec.wafv2_acl_name.as_deref().map(Cow::from);
    /// A web ACL of AWS WAF Classic, which is at its end: what stands stays, nothing else is given.
    WAF_CLASSIC: String = "waf-acl-id" on Ingress by AS_WRITTEN;
    /// The older name of waf-acl-id.
    WEB_ACL_CLASSIC: String = "web-acl-id" on Ingress by AS_WRITTEN;
    /// Whether Shield Advanced protects the load balancer.
    SHIELD: bool = "shield-advanced-protection" on Ingress by grammar::boolean;
    /// Whether a network load balancer stands in front of the load balancer; names lead to it.
    ENABLE_FRONTEND_NLB: bool = "enable-frontend-nlb" on Ingress by grammar::boolean;
    /// Whether clients of the network load balancer come from the internet or from the VPC; else as
    /// --default-load-balancer-scheme has it.
    NLB_SCHEME: Scheme = "frontend-nlb-scheme" on Ingress by grammar::scheme;
    /// Its subnets, by id or by their tag Name.
    NLB_SUBNETS: Vec<String> = "frontend-nlb-subnets" on Ingress by LIST;
    /// Its security groups, by id or by their tag Name; else those of the load balancer.
    NLB_SECURITY_GROUPS: Vec<String> = "frontend-nlb-security-groups" on Ingress by LIST;
    /// Its ports, each with the one of the load balancer that connections go on to, as 80=8080;
    /// else the Ingress's own, each to itself.
    NLB_PORT_MAPPING: BTreeMap<u16, u16> =
        "frontend-nlb-listener-port-mapping" on Ingress by grammar::port_mapping;
    /// Its Elastic IP addresses, by allocation, one for each subnet; count when a subnet is added.
    NLB_EIP_ALLOCATIONS: Vec<String> =
        "frontend-nlb-eip-allocations" on Ingress by grammar::allocations;
    /// The port of its health checks of the load balancer: a number, or traffic-port.
    NLB_HEALTHCHECK_PORT: String =
        "frontend-nlb-healthcheck-port" on Ingress by grammar::healthcheck_port;
    /// What they speak: HTTP (also where nobody says) or HTTPS.
    NLB_HEALTHCHECK_PROTOCOL: Protocol =
        "frontend-nlb-healthcheck-protocol" on Ingress by grammar::protocol;
    /// Their path; else /.
    NLB_HEALTHCHECK_PATH: String =
        "frontend-nlb-healthcheck-path" on Ingress by grammar::healthcheck_path;
    /// Seconds from one of them to the next; else 15.
    NLB_HEALTHCHECK_INTERVAL: i32 =
        "frontend-nlb-healthcheck-interval-seconds" on Ingress by grammar::integer::<5, 300>;
    /// Seconds after which one has failed; else 5.
    NLB_HEALTHCHECK_TIMEOUT: i32 =
        "frontend-nlb-healthcheck-timeout-seconds" on Ingress by grammar::integer::<2, 120>;
    /// Good ones in a row that make the load balancer healthy; else 2.
    NLB_HEALTHY_THRESHOLD: i32 =
        "frontend-nlb-healthcheck-healthy-threshold-count" on Ingress by
            grammar::integer::<2, 10>;
    /// Failed ones in a row that make it unhealthy; else 2.
    NLB_UNHEALTHY_THRESHOLD: i32 =
        "frontend-nlb-healthcheck-unhealthy-threshold-count" on Ingress by
            grammar::integer::<2, 10>;
    /// The HTTP status codes of good ones; else 200.
    NLB_SUCCESS_CODES: String =
        "frontend-nlb-healthcheck-success-codes" on Ingress by grammar::success_codes;
    /// Attributes of the network load balancer.
    NLB_ATTRIBUTES: Pairs = "frontend-nlb-attributes" on Ingress by grammar::attributes;
    /// Its tags, instead of the load balancer's and those of --default-tags.
    NLB_TAGS: Pairs = "frontend-nlb-tags" on Ingress by grammar::map;
    /// What happens to requests of a backend of this name with port use-annotation, as JSON.
    ACTIONS: Noted<Asked> = "actions." on Ingress by grammar::action::action;
    /// What requests have to be like besides for the backend of this name, as JSON.
    CONDITIONS: Noted<Added> = "conditions." on Ingress by grammar::condition::conditions;
    /// What is rewritten of requests for the backend of this name, as JSON.
    TRANSFORMS: Noted<Vec<Transform>> = "transforms." on Ingress by grammar::transform::transforms;
    /// Whether implementation-specific paths are regular expressions, each behind a slash.
    USE_REGEX_PATH_MATCH: bool = "use-regex-path-match" on Ingress by grammar::boolean;
    /// Where clients log in, over HTTPS: none, cognito or oidc.
    AUTH_TYPE: AuthType = "auth-type" on ServiceOrIngress by authentication::auth_type;
    /// The user pool of Amazon Cognito, as JSON.
    AUTH_IDP_COGNITO: Noted<UserPool> =
        "auth-idp-cognito" on ServiceOrIngress by authentication::user_pool;
    /// The provider of OpenID Connect and the Secret with clientID and clientSecret, as JSON.
    AUTH_IDP_OIDC: Noted<Provider> =
        "auth-idp-oidc" on ServiceOrIngress by authentication::provider;
    /// What happens to who is not logged in: authenticate (also where nobody says), deny or allow.
    AUTH_ON_UNAUTHENTICATED: String =
        "auth-on-unauthenticated-request" on ServiceOrIngress by authentication::on_unauthenticated;
    /// What is asked for of clients; else openid.
    AUTH_SCOPE: String = "auth-scope" on ServiceOrIngress by authentication::words;
    /// The name of the cookie; else AWSELBAuthSessionCookie.
    AUTH_SESSION_COOKIE: String =
        "auth-session-cookie" on ServiceOrIngress by authentication::words;
    /// Seconds after which clients log in again; else 604800.
    AUTH_SESSION_TIMEOUT: i32 =
        "auth-session-timeout" on ServiceOrIngress by authentication::session_timeout;
    /// What the token of a request has to say, over HTTPS, as JSON.
    JWT_VALIDATION: Noted<Jwt> = "jwt-validation" on Ingress by authentication::jwt;
    /// Tags of all that is made; those of a Service go to its target group, over the Ingress's.
    TAGS: Pairs = "tags" on ServiceOrIngress by grammar::map,
        within "tags" as |spec| &spec.tags;
    /// What is registered: instance, which are nodes at the Service's nodePort, or ip, which are
    /// pods; else as --default-target-type has it.
    TARGET_TYPE: TargetType = "target-type" on ServiceOrIngress by grammar::target_type,
        under "targetType" as |spec| spec.target_type.as_deref().map(Cow::from);
    /// The labels of the nodes that are registered; else all that load balancers may reach.
    TARGET_NODE_LABELS: Pairs = "target-node-labels" on ServiceOrIngress by grammar::map;
    /// Whether other clusters register targets in the same target group: true or false; what they
    /// registered stays.
    MULTI_CLUSTER: bool = "multi-cluster-target-group" on ServiceOrIngress by grammar::boolean;
    /// What pods speak.
    BACKEND_PROTOCOL: Protocol = "backend-protocol" on ServiceOrIngress by grammar::protocol;
    /// In which version of HTTP: HTTP1 (also where nobody says), HTTP2 or GRPC.
    BACKEND_PROTOCOL_VERSION: &'static str =
        "backend-protocol-version" on ServiceOrIngress by grammar::protocol_version;
    /// The port on which pods' agents tell the load balancer what they can take, for the backend of
    /// this Service and port, such as web.80; behind it stands what AWS calls a target optimizer.
    TARGET_CONTROL_PORT: u16 = "target-control-port." on ServiceOrIngress by grammar::port;
    /// Attributes of the target group.
    TARGET_GROUP_ATTRIBUTES: Pairs = "target-group-attributes" on ServiceOrIngress by grammar::map;
    /// The port of health checks: a number, a Service port's name, or traffic-port.
    HEALTHCHECK_PORT: String = "healthcheck-port" on ServiceOrIngress by AS_WRITTEN;
    /// What health checks speak; else what pods do.
    HEALTHCHECK_PROTOCOL: Protocol =
        "healthcheck-protocol" on ServiceOrIngress by grammar::protocol;
    /// The path of health checks; else /.
    HEALTHCHECK_PATH: String = "healthcheck-path" on ServiceOrIngress by AS_WRITTEN;
    /// Seconds from one health check to the next; else 15.
    HEALTHCHECK_INTERVAL: i32 =
        "healthcheck-interval-seconds" on ServiceOrIngress by grammar::integer::<5, 300>;
    /// Seconds after which a health check has failed; else 5.
    HEALTHCHECK_TIMEOUT: i32 =
        "healthcheck-timeout-seconds" on ServiceOrIngress by grammar::integer::<2, 120>;
    /// Good health checks in a row that make a pod healthy; else 2.
    HEALTHY_THRESHOLD: i32 =
        "healthy-threshold-count" on ServiceOrIngress by grammar::integer::<2, 10>;
    /// Failed health checks in a row that make a pod unhealthy; else 2.
    UNHEALTHY_THRESHOLD: i32 =
        "unhealthy-threshold-count" on ServiceOrIngress by grammar::integer::<2, 10>;
    /// The HTTP status codes of good health checks; else 200.
    SUCCESS_CODES: String = "success-codes" on ServiceOrIngress by AS_WRITTEN;
    /// Whether TLS Secrets of the class's Ingresses are imported; else as --tls-secrets has it.
    TLS_SECRETS: bool = "tls-secrets" on Class by grammar::truth;
    /// Whether ACM is asked for certificates for the hosts of spec.tls that name no Secret.
    REQUEST_CERTIFICATES: bool = "request-certificates" on Class by grammar::truth;
    /// Whether hosts of the class's Ingresses become names, unless --dns is off; else as it has it.
    DNS: bool = "dns" on Class by grammar::truth;
    /// What goes although its owners are out of sight: the tokens that the Events say, with commas.
    ACCEPT_REMOVALS: Vec<String> = "accept-removals" on Class by LIST;
    /// Whether what goes out of service for the class's Ingresses goes only once accept-removals
    /// says the hash of just that, which Events and `albedo plan` show.
    APPROVE_REMOVALS: bool = "approve-removals" on Class by grammar::truth;
    /// In which order the rules of a group stand: members, one Ingress after the other (also where
    /// nobody says), or kubernetes, the narrowest host and path first, whoever asks for it.
    PRECEDENCE: Precedence = "precedence" on Class by grammar::precedence;
    /// The availability zones whose subnets load balancers leave, and their targets with them, for
    /// as long as two others remain; none puts back those that discovery finds. A class decides.
    ZONES_OUT: BTreeSet<String> = "zones-out" on IngressOrClass by grammar::zones_out;
    /// Whether health checks ask what the kubelet asks by the pods' readinessProbe, as far as no
    /// annotation says otherwise; what stands stays where that cannot be told.
    HEALTHCHECK_FROM_PROBE: bool =
        "healthcheck-from-readiness-probe" on Anybody by grammar::truth;
    /// Whether members of a group that want the same of a Service of their namespace have one
    /// target group together; counts on classes of Albedo's own.
    SHARED_TARGET_GROUPS: bool = "shared-target-groups" on Class by grammar::truth;
    /// Whether Ingresses are read as ingress-nginx reads them, and its annotations are translated
    /// (docs/nginx.md); rules stand as with precedence kubernetes, where nobody says.
    NGINX: bool = "nginx" on Class by grammar::truth;
    /// Whether what is asked for is only planned, which an Event tells with the plan's hash, and
    /// nothing of it is done until the annotation goes; what stands stays.
    PLAN_ONLY: bool = "plan-only" on IngressOrClass by grammar::truth;
}

/// Annotations of LBC's that are not built yet.
const NOT_YET: &[Known] = &[];

/// Every annotation: those that are built, in the README's order, and those that LBC knows besides.
pub fn all() -> impl Iterator<Item = &'static Known> + Clone {
    BUILT.iter().chain(NOT_YET)
}

/// What is known of an annotation of LBC's by its name.
#[must_use]
pub fn lookup(name: &str) -> Option<&'static Known> {
    static BY_NAME: LazyLock<BTreeMap<&str, &Known>> =
        LazyLock::new(|| of_lbc().map(|known| (known.name, known)).collect());
    let start = || name.split_inclusive('.').next().filter(|start| start.ends_with('.'));
    let found = BY_NAME.get(name).or_else(|| BY_NAME.get(start()?));
    found.copied()
}

/// What is known of an annotation of ours by its name.
#[must_use]
pub fn lookup_own(name: &str) -> Option<&'static Known> {
    own().find(|known| known.name == name)
}

fn of_lbc() -> impl Iterator<Item = &'static Known> {
    all().filter(|known| known.carriers.prefix() == ANNOTATION_PREFIX)
}

fn own() -> impl Iterator<Item = &'static Known> {
    all().filter(|known| known.carriers.prefix() == OWN_ANNOTATION_PREFIX)
}

/// The most edits after which one name may still be meant for another.
const EDITS_MAX: usize = 4;

/// The known name that takes the fewest edits to reach, if it takes few.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_of(name, of_lbc().map(|known| known.name))
}

/// The same among the names of annotations of ours.
#[must_use]
pub fn nearest_own(name: &str) -> Option<&'static str> {
    nearest_of(name, own().map(|known| known.name))
}

/// The same among other names.
#[must_use]
pub fn nearest_of<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    let mut nearest = None;
    let mut most = EDITS_MAX;
    for known in names {
        // As many edits as the lengths differ by it takes at least; most names need no closer look.
        if length.abs_diff(known.len()) <= most && edits(name, known) <= most {
            most = edits(name, known).saturating_sub(1);
            nearest = Some(known);
        }
    }
    nearest
}

/// How many letters have to be put in, taken out or exchanged to make one word of the other
/// (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let exchange = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = exchange.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{all, lookup, nearest};

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        assert_eq!(nearest("group-name"), Some("group.name"));
        assert_eq!(nearest("shceme"), Some("scheme"));
        assert_eq!(nearest("healthcheck-intervall-seconds"), Some("healthcheck-interval-seconds"));
        assert_eq!(nearest("something-else-entirely"), None);
        assert_eq!(nearest(&"x".repeat(5000)), None);
    }

    #[test]
    fn names_are_found_whole_or_by_their_start() {
        let found = |name: &str| lookup(name).map(|known| known.name);
        assert_eq!(found("scheme"), Some("scheme"));
        assert_eq!(found("group.name"), Some("group.name"));
        assert_eq!(found("actions.my.own"), Some("actions."));
        assert_eq!(found("actions."), Some("actions."));
        assert_eq!(found("actions"), None);
        assert_eq!(found("group.other"), None);
        assert_eq!(found(""), None);
        assert_eq!(
            all().count(),
            all().map(|known| known.name).collect::<std::collections::BTreeSet<_>>().len()
        );
    }
}
