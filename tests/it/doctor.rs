//! Doctor: each fault is named by its own check and by no other.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::model::evidence::{
    AwsEvidence, ClusterEvidence, Evidence, ExternalDns, LeaseSeen, Need, Right, Unanswered,
    Unsettled, Where,
};
use albedo::model::flat::FlatMap;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::load_balancer::Scheme;
use albedo::model::neighbour::Neighbour;
use albedo::model::outcome::Trouble;
use albedo::model::record::{HostedZone, HostedZones};
use albedo::model::scope::Scope;
use albedo::model::seen::SeenSecret;
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::surroundings::{Interface, NamedGroup, Subnet, Surroundings};
use albedo::model::target_group::TargetType;
use albedo::report::doctor::{checks, diagnose};
use jiff::{SignedDuration, Timestamp};

use super::support::world::{NODES, World, interface, key, tags};

mod rights;

/// A cluster in which all is well.
const FINE: &str = "
node n1: {ready: true, id: i-1}
node n2: {ready: true, id: i-2}
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/web: {target-type: ip, tls: [tls web.example.com],
  rules: [web.example.com Prefix / s:80]}
";
const LEASE: &str = "aws-load-balancer-controller-leader";

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn zones(names: &[(&str, &str)]) -> Arc<HostedZones> {
    let zone = |(id, name): &(&str, &str)| HostedZone {
        id: AwsId::new(*id),
        name: (*name).to_owned(),
        is_private: false,
    };
    let zones = names.iter().map(zone).map(|zone| (zone.id.clone(), zone));
    Arc::new(zones.collect())
}

/// All there is to see where nothing is wrong.
fn fine() -> Evidence {
    let world = World::new(FINE);
    let mut settings = world.settings.clone();
    settings.dns.scope = DnsScope::All;
    "demo".clone_into(&mut settings.dns.owner);
    let mut objects = world.objects.clone();
    let secret = SeenSecret::Is {
        kind: "kubernetes.io/tls".to_owned(),
        entries: FlatMap::default(),
        closed: FlatMap::default(),
    };
    objects.secrets.insert(key("shop/tls"), Arc::new(secret));
    let custom = ["TargetGroupBinding", "IngressClassParams"].map(str::to_owned);
    Evidence {
        now: now(),
        settings: Ok(settings),
        aws: AwsEvidence {
            unanswered: Vec::new(),
            surroundings: Some(Arc::new(world.surroundings.clone())),
            zones: Some(zones(&[("Z1", "example.com")])),
            load_balancers: Some(3),
            certificates: Some(10),
            rules: [(AwsId::new(NODES), 4)].into(),
            denials: BTreeSet::new(),
        },
        cluster: Ok(ClusterEvidence {
            version: (1, 33),
            custom: custom.into(),
            denied: BTreeSet::new(),
            unlisted: Vec::new(),
            objects,
            neighbour: Neighbour::default(),
            external_dns: Vec::new(),
            lease: Some(LeaseSeen {
                key: ObjectKey::new("kube-system", LEASE),
                holder: "albedo-5d9c_1-1764165000123456789".to_owned(),
                until: Some(now() + SignedDuration::from_secs(10)),
            }),
            renewed: Some(now() - SignedDuration::from_secs(3)),
            unreadable: Vec::new(),
            newer: BTreeSet::new(),
        }),
    }
}

fn cluster(evidence: &mut Evidence) -> &mut ClusterEvidence {
    evidence.cluster.as_mut().unwrap()
}

fn settings(evidence: &mut Evidence) -> &mut Settings {
    evidence.settings.as_mut().unwrap()
}

fn here(evidence: &mut Evidence) -> &mut Surroundings {
    Arc::make_mut(evidence.aws.surroundings.as_mut().unwrap())
}

fn subnets(evidence: &mut Evidence, change: impl Fn(&mut Subnet)) {
    let vpc = Arc::make_mut(&mut here(evidence).vpc);
    vpc.subnets.values_mut().for_each(change);
}

/// Puts objects in place of those of the same name.
fn add(evidence: &mut Evidence, sketch: &str) {
    let mut world = World::new("");
    world.objects = cluster(evidence).objects.clone();
    world.add(sketch);
    cluster(evidence).objects = world.objects;
}

fn node_groups(evidence: &mut Evidence, of_node: &[&str], all: &[(&str, &[(&str, &str)])]) {
    let here = here(evidence);
    let named = |found| NamedGroup { tags: tags(found), ..NamedGroup::default() };
    let groups = all.iter().map(|(id, found)| (AwsId::new(*id), named(found)));
    here.security_groups = Arc::new(groups.collect());
    let security_groups: Vec<AwsId> = of_node.iter().copied().map(AwsId::new).collect();
    let of = |number: usize| Interface {
        id: AwsId::new(format!("eni-{number}")),
        instance: Some(AwsId::new(format!("i-{number}"))),
        security_groups: security_groups.clone(),
        ..interface()
    };
    here.interfaces = Arc::new([of(1), of(2)].into_iter().collect());
}

fn refused(operation: &str, code: &str, message: &str) -> Unanswered {
    let trouble = match (code, message) {
        ("", _) => Trouble::Transient,
        ("Throttling", _) => Trouble::Throttled,
        _ => Trouble::Refused,
    };
    Unanswered {
        operation: operation.to_owned(),
        trouble,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// AWS answers nothing of a service.
fn unanswered(evidence: &mut Evidence, operation: &str, code: &str, message: &str) {
    evidence.aws.unanswered.push(refused(operation, code, message));
}

/// AWS answers nothing at all, so there is nothing to go by either.
fn silent(evidence: &mut Evidence, code: &str, message: &str) {
    evidence.settings = Err(Unsettled::Unanswered);
    evidence.aws = AwsEvidence::default();
    unanswered(evidence, "ec2.DescribeVpcs", code, message);
}

fn denied(evidence: &mut Evidence, need: Need, resource: &'static str) {
    let right = Right { need, group: "", resource, verb: "create", place: Where::Everywhere };
    cluster(evidence).denied.insert(right);
}

fn unsettled(evidence: &mut Evidence, why: Unsettled) {
    evidence.settings = Err(why);
    evidence.aws = AwsEvidence::default();
}

fn external_dns(evidence: &mut Evidence, arguments: &[&str]) {
    cluster(evidence).external_dns.push(ExternalDns {
        key: ObjectKey::new("dns", "external-dns"),
        arguments: arguments.iter().map(|one| (*one).to_owned()).collect(),
        replicas: 1,
    });
}

/// A way to break something, and the check that names it.
type Break = (&'static str, fn(&mut Evidence));

const OF_AWS: &[Break] = &[
    ("NoClusterName", |all| unsettled(all, Unsettled::NoClusterName)),
    ("NoRegion", |all| unsettled(all, Unsettled::NoRegion)),
    ("NoVpc", |all| unsettled(all, Unsettled::NoVpc("no VPC; give --aws-vpc-id".to_owned()))),
    ("BadFlags", |all| unsettled(all, Unsettled::Flags("--default-tags sets a".to_owned()))),
    ("NoCredentials", |all| silent(all, "", "no providers in chain provided credentials")),
    ("InvalidCredentials", |all| silent(all, "InvalidClientTokenId", "the token is not valid")),
    ("ExpiredCredentials", |all| silent(all, "ExpiredToken", "the token has expired")),
    ("ClockBesideAws", |all| {
        silent(all, "SignatureDoesNotMatch", "Signature expired: 20260301T110000Z is now earlier");
    }),
    ("ClockBesideAws", |all| silent(all, "RequestExpired", "Request has expired.")),
    ("AwsUnreachable", |all| silent(all, "", "connection refused")),
    ("AwsThrottles", |all| unanswered(all, "elbv2.DescribeRules", "Throttling", "slow down")),
    ("ForbiddenEc2", |all| {
        all.aws.surroundings = None;
        unanswered(all, "ec2.DescribeSubnets", "UnauthorizedOperation", "no");
    }),
    ("ForbiddenElb", |all| {
        unanswered(all, "elbv2.DescribeLoadBalancers", "AccessDenied", "no");
    }),
    ("ForbiddenAcm", |all| unanswered(all, "acm.ListCertificates", "AccessDeniedException", "no")),
    ("ForbiddenRoute53", |all| {
        all.aws.zones = None;
        unanswered(all, "route53.ListHostedZones", "AccessDenied", "no");
    }),
    ("ForbiddenWaf", |all| unanswered(all, "wafv2.ListWebACLs", "AccessDeniedException", "no")),
    ("ForbiddenShield", |all| {
        unanswered(all, "shield.GetSubscriptionState", "AccessDeniedException", "no");
    }),
    ("VpcMissing", |all| {
        all.aws.surroundings = None;
        unanswered(all, "ec2.DescribeVpcs", "InvalidVpcID.NotFound", "The vpc ID does not exist");
    }),
    ("LoadBalancersNearQuota", |all| all.aws.load_balancers = Some(48)),
    ("CertificatesNearQuota", |all| all.aws.certificates = Some(2400)),
    ("RulesNearQuota", |all| all.aws.rules = [(AwsId::new(NODES), 59)].into()),
    ("NoSubnets", |all| Arc::make_mut(&mut here(all).vpc).subnets.clear()),
    ("OneZone", |all| subnets(all, |subnet| "us-east-1a".clone_into(&mut subnet.zone))),
    ("NoPublicSubnets", |all| {
        settings(all).default_scheme = Scheme::InternetFacing;
        subnets(all, |subnet| {
            subnet.tags = tags(&[("kubernetes.io/role/internal-elb", "1")]);
            subnet.is_public = false;
        });
    }),
    ("NoPrivateSubnets", |all| {
        subnets(all, |subnet| subnet.tags = tags(&[("kubernetes.io/role/elb", "1")]));
    }),
    ("FullSubnets", |all| {
        let vpc = Arc::make_mut(&mut here(all).vpc);
        let spare = vpc.subnets.values().next().unwrap().clone();
        vpc.subnets.insert(AwsId::new("subnet-z"), Subnet { free_addresses: 3, ..spare });
    }),
    ("OtherClusterName", |all| {
        node_groups(all, &["sg-1"], &[("sg-1", &[("kubernetes.io/cluster/other", "owned")])]);
    }),
    ("NodeGroupsUntagged", |all| {
        node_groups(all, &["sg-1", "sg-2"], &[("sg-1", &[]), ("sg-2", &[])]);
    }),
    ("NodesElsewhere", |all| here(all).interfaces = Arc::default()),
    ("NodesWithoutInstance", |all| {
        settings(all).default_target_type = TargetType::Instance;
        add(all, "ingress shop/api: {rules: [api.example.com Prefix / s:80]}");
        add(all, "node n1: {ready: true, id: fargate}\nnode n2: {ready: true, id: fargate}");
    }),
    ("NodesExcluded", |all| {
        settings(all).default_target_type = TargetType::Instance;
        add(all, "ingress shop/api: {rules: [api.example.com Prefix / s:80]}");
        let nodes = cluster(all).objects.nodes.values_mut();
        nodes.for_each(|node| Arc::make_mut(node).excluded = true);
    }),
    ("NodesNotReady", |all| {
        let nodes = cluster(all).objects.nodes.values_mut();
        nodes.for_each(|node| Arc::make_mut(node).ready = "Unknown".into());
    }),
    ("PodsOutsideVpc", |all| add(all, "endpoints shop/s: {at: [192.168.7.7]}")),
];

const OF_CLUSTER: &[Break] = &[
    ("ClusterUnreachable", |all| all.cluster = Err("connection refused".to_owned())),
    ("OldKubernetes", |all| cluster(all).version = (1, 20)),
    ("NoTargetGroupBindings", |all| _ = cluster(all).custom.remove("TargetGroupBinding")),
    ("NoIngressClassParams", |all| _ = cluster(all).custom.remove("IngressClassParams")),
    ("MayNotWatch", |all| denied(all, Need::Watch, "pods")),
    ("MayNotClaimIngresses", |all| denied(all, Need::Ingresses, "ingresses")),
    ("MayNotBind", |all| denied(all, Need::Bindings, "targetgroupbindings")),
    ("MayNotOpenGates", |all| denied(all, Need::Gates, "pods/status")),
    ("MayNotTell", |all| denied(all, Need::Events, "events")),
    ("MayNotLead", |all| denied(all, Need::Lease, "leases")),
    ("MayNotRemember", |all| denied(all, Need::Memory, "configmaps")),
    ("ClockBesideCluster", |all| {
        cluster(all).renewed = Some(now() + SignedDuration::from_secs(90));
    }),
    ("NotListed", |all| cluster(all).unlisted = vec!["pods".to_owned()]),
    ("LbcRunning", |all| {
        let neighbour = &mut cluster(all).neighbour;
        neighbour.deployments.insert(ObjectKey::new("kube-system", "lbc"));
        neighbour.webhooks.insert("aws-load-balancer-webhook".to_owned());
    }),
    ("DeadWebhooks", |all| {
        cluster(all).neighbour.webhooks.insert("aws-load-balancer-webhook".to_owned());
    }),
    ("LeaseHeld", |all| {
        cluster(all).neighbour.leases.insert(ObjectKey::new("other", LEASE));
    }),
    ("NobodyLeads", |all| cluster(all).lease = None),
    ("NobodyLeads", |all| {
        cluster(all).lease.as_mut().unwrap().until = Some(now() - SignedDuration::from_mins(3));
    }),
    ("BindingsElsewhere", |all| {
        cluster(all).neighbour.vpcs = [(AwsId::new("vpc-other"), 9)].into();
    }),
    ("MemoryUnreadable", |all| cluster(all).unreadable = vec!["forbidden".to_owned()]),
    ("MemoryNewer", |all| _ = cluster(all).newer.insert("albedo-memory-1".to_owned())),
];

const OF_OBJECTS: &[Break] = &[
    ("NoClass", |all| {
        add(all, "class nginx: {controller: k8s.io/ingress-nginx}");
        add(all, "ingress shop/web: {class: nginx, rules: [web.example.com Prefix / s:80]}");
        cluster(all).objects.classes.remove("alb");
    }),
    ("SeveralDefaultClasses", |all| {
        let is_default = "{ingressclass.kubernetes.io/is-default-class: 'true'}";
        add(all, &format!("class one: {is_default}\nclass two: {is_default}"));
    }),
    ("ClassParamsMissing", |all| {
        add(all, "class own: {params: nowhere}");
        cluster(all).objects.params.clear();
    }),
    ("ClassParamsOfOtherKind", |all| {
        let class = cluster(all).objects.classes.get_mut("alb").unwrap();
        let parameters = k8s_openapi::api::networking::v1::IngressClassParametersReference {
            api_group: Some("example.com".to_owned()),
            kind: "Config".to_owned(),
            name: "x".to_owned(),
            ..Default::default()
        };
        Arc::make_mut(class).spec.as_mut().unwrap().parameters = Some(parameters);
    }),
    ("ClassMissing", |all| {
        add(all, "ingress shop/odd: {class: gone, rules: [odd.example.com Prefix / s:80]}");
    }),
    ("NobodysIngress", |all| {
        add(
            all,
            "ingress shop/odd: {class: null, target-type: ip,
               rules: [odd.example.com Prefix / s:80]}",
        );
    }),
    ("NamespaceNotSelected", |all| {
        add(all, "params p: {namespaceSelector: {matchLabels: {team: web}}}\nnamespace shop:");
        add(all, "class p: {params: p}");
        add(
            all,
            "ingress shop/odd: {class: p, target-type: ip, rules: [odd.example.com Prefix / s:80]}",
        );
    }),
    ("StuckDeletion", |all| {
        add(
            all,
            "ingress shop/old: {target-type: ip, deletionTimestamp: '2026-03-01T08:00:00Z',
               finalizers: [ingress.k8s.aws/resources], rules: [old.example.com Prefix / s:80]}",
        );
    }),
    ("SecretMissing", |all| {
        cluster(all).objects.secrets.insert(key("shop/tls"), Arc::new(SeenSecret::Missing));
    }),
    ("SecretForbidden", |all| {
        let shut = SeenSecret::Unreadable("secrets \"tls\" is forbidden".to_owned());
        cluster(all).objects.secrets.insert(key("shop/tls"), Arc::new(shut));
    }),
    ("ServiceMissing", |all| {
        add(all, "ingress shop/odd: {target-type: ip, rules: [odd.example.com Prefix / gone:80]}");
    }),
    ("NoHostedZone", |all| all.aws.zones = Some(zones(&[]))),
    ("HostsOutsideZones", |all| {
        add(all, "ingress shop/odd: {target-type: ip, rules: [odd.example.org Prefix / s:80]}");
    }),
    ("SeveralZones", |all| {
        all.aws.zones = Some(zones(&[("Z1", "example.com"), ("Z2", "example.com")]));
    }),
    ("ExternalDnsSameOwner", |all| {
        external_dns(all, &["--source=ingress", "--txt-owner-id=demo"]);
    }),
    ("ExternalDnsBeside", |all| {
        external_dns(all, &["--source", "ingress", "--txt-owner-id", "someone"]);
    }),
];

fn breaks() -> impl Iterator<Item = &'static Break> {
    OF_AWS.iter().chain(rights::OF_RIGHTS).chain(OF_CLUSTER).chain(OF_OBJECTS)
}

fn codes(evidence: &Evidence) -> Vec<&'static str> {
    diagnose(evidence).into_iter().map(|finding| finding.code).collect()
}

#[test]
fn where_all_is_well_nothing_is_found() {
    assert_eq!(diagnose(&fine()), []);
}

#[test]
fn each_fault_is_named_and_no_other() {
    let wrong: Vec<_> = breaks()
        .filter_map(|(code, break_it)| {
            let mut evidence = fine();
            break_it(&mut evidence);
            let found = codes(&evidence);
            (found != [*code]).then(|| format!("{code}: {:#?}", diagnose(&evidence)))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_is_broken_once_and_has_a_name_of_its_own() {
    let broken: BTreeSet<&str> = breaks().map(|(code, _)| *code).collect();
    let all: Vec<&str> = checks().map(|check| check.code).collect();
    let named: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(named.len(), all.len());
    assert_eq!(named, broken);
}

#[test]
fn the_page_of_doctor_lists_every_check_with_what_mends_it() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.md");
    let text = std::fs::read_to_string(page).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = checks()
        .map(|check| {
            let verdict = format!("{:?}", check.verdict).to_lowercase();
            format!("| `{}` | {verdict} | {} |", check.code, check.mend)
        })
        .collect();
    assert!(rows == expected, "docs/doctor.md should hold:\n{}", expected.join("\n"));
}

#[test]
fn beside_lbc_its_lease_and_webhooks_are_its_own() {
    let mut evidence = fine();
    settings(&mut evidence).scope = Scope::Own;
    let neighbour = &mut cluster(&mut evidence).neighbour;
    neighbour.deployments.insert(ObjectKey::new("kube-system", "lbc"));
    add(&mut evidence, "class own: {controller: alb.ingress.k8s.aws/albedo}");
    assert_eq!(codes(&evidence), [""; 0]);
}
