//! A small cluster in a small VPC, to build and plan from without a clock or a call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use albedo::aws::Mirror;
use albedo::cluster::{Recalled, decode_all, insert};
use albedo::commands::world::{Plans, plan_all};
use albedo::desired::{self, balancer::Built};
use albedo::model::fact::{FactStore, Facts};
use albedo::model::flat::FlatMap;
use albedo::model::group::Group;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::load_balancer::Scheme;
use albedo::model::marks::Tags;
use albedo::model::memory::Memory;
use albedo::model::problem::Problem;
use albedo::model::record::HostedZones;
use albedo::model::security::SecurityGroup;
use albedo::model::settings::{
    ANNOTATION_PREFIXES, BackendSecurityGroup, DnsPolicy, DnsScope, DnsSettings, FeatureGates,
    Podless, ProtectionSettings, Refusals, Removals, Scope, Settings,
};
use albedo::model::snapshot::{Extent, Objects, Snapshot};
use albedo::model::source::Source;
use albedo::model::subject::Place;
use albedo::model::surroundings::{Interface, Issued, NamedGroup, Subnet, Surroundings, Vpc};
use albedo::model::target_group::TargetType;
use jiff::Timestamp;
use serde::Deserialize;

use super::super::contract::suite::Stopped;
pub use super::clock::wait;
use super::fake::Fake;
use super::sketch;

/// The security group of the nodes, as the fake names it.
pub const NODES: &str = "sg-nodes-1";
/// A certificate that listeners may have.
pub const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/one";
/// Another one.
pub const CERTIFICATE_2: &str = "arn:aws:acm:us-east-1:123456789012:certificate/two";

/// What a snapshot is made of.
#[derive(Clone)]
pub struct World {
    pub settings: Settings,
    pub objects: Objects,
    pub surroundings: Surroundings,
    pub zones: Option<Arc<HostedZones>>,
    pub issued: Option<Issued>,
    pub facts: Facts,
    pub memory: Memory,
    pub extent: Extent,
}

/// `shop/web` is the implicit group of that Ingress, `edge` an explicit one.
pub fn group(name: &str) -> Group {
    match name.split_once('/') {
        Some(_) => Group::Implicit(key(name)),
        None => Group::Explicit(name.into()),
    }
}

/// `shop/web`.
pub fn key(name: &str) -> ObjectKey {
    let (namespace, name) = name.split_once('/').unwrap();
    ObjectKey::new(namespace, name)
}

/// The Ingress `<namespace>/<name>` as a member of its group.
pub fn member(name: &str) -> Source {
    Source::ingress(key(name))
}

pub fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub fn settings() -> Settings {
    Settings {
        scope: Scope::All,
        cluster: "demo".to_owned(),
        cluster_named: "demo".to_owned(),
        extent: Extent::Cluster,
        place: Place { role: None, region: "us-east-1".to_owned() }.into(),
        vpc: AwsId::new("vpc-fake"),
        ingress_class: "alb".to_owned(),
        default_scheme: Scheme::Internal,
        default_target_type: TargetType::Ip,
        default_ssl_policy: "ELBSecurityPolicy-2016-08".to_owned(),
        default_tags: Tags::new(),
        external_managed_tags: Vec::new(),
        certificate_authorities: Vec::new(),
        default_certificate_authority: None,
        backend: BackendSecurityGroup::Managed,
        manages_backend_rules: false,
        refuses: Refusals::default(),
        restricted_rules: true,
        podless: Podless::LeftOut,
        tolerate_missing_service: true,
        tolerate_missing_action: true,
        tls_secrets: false,
        protection: ProtectionSettings { waf_classic: true, wafv2: true, shield: true },
        dns: DnsSettings {
            scope: DnsScope::OwnClasses,
            owner: "default".to_owned(),
            keeps_default: false,
            taken_from: Vec::new(),
            filter: Box::default(),
            forced_targets: Vec::new(),
            owner_before: None,
            policy: DnsPolicy::Sync,
            annotation_prefixes: ANNOTATION_PREFIXES.map(str::to_owned).to_vec(),
            evaluate_target_health: true,
            txt_names: albedo::model::ownership::TxtNames::default(),
            txt_cipher: None,
            template: None,
            template_use: albedo::model::settings::TemplateUse::default(),
            ttl: None,
            alias_use: albedo::model::settings::AliasUse::default(),
            batch: albedo::model::record::BatchLimits::default(),
        },
        endpoint_group_tags: Tags::new(),
        gates: FeatureGates::default(),
        max_targets: None,
        removals: Removals::Braked,
        replacement_grace: Duration::from_secs(5),
        replacement_grace_elsewhere: Duration::from_secs(5),
    }
}

/// A subnet that is tagged for load balancers of both schemes.
pub fn subnet(zone: &str) -> Subnet {
    Subnet {
        zone: zone.to_owned(),
        locale: "availability-zone".to_owned(),
        free_addresses: 100,
        has_ipv6: true,
        is_public: true,
        tags: tags(&[("kubernetes.io/role/elb", "1"), ("kubernetes.io/role/internal-elb", "")]),
    }
}

fn vpc() -> Vpc {
    let subnets = [("subnet-a", "us-east-1a"), ("subnet-b", "us-east-1b")];
    Vpc {
        id: AwsId::new("vpc-fake"),
        cidrs: vec!["172.31.0.0/16".to_owned()],
        subnets: subnets.map(|(id, zone)| (AwsId::new(id), subnet(zone))).into(),
    }
}

/// The interface of node `i-1`, which holds every pod address there is.
pub fn interface() -> Interface {
    Interface {
        id: AwsId::new("eni-n1"),
        addresses: BTreeSet::new(),
        prefixes: vec!["172.31.0.0/16".to_owned(), "10.0.0.0/8".to_owned()],
        security_groups: vec![AwsId::new(NODES)],
        instance: Some(AwsId::new("i-1")),
    }
}

/// How many instances there are that nodes may be: `i-1` and so on.
const INSTANCES: usize = 3;

/// The interfaces of all of them.
fn interfaces() -> Vec<Interface> {
    let others = (2..=INSTANCES).map(|number| Interface {
        id: AwsId::new(format!("eni-n{number}")),
        addresses: BTreeSet::from([format!("192.168.0.{number}")]),
        prefixes: Vec::new(),
        instance: Some(AwsId::new(format!("i-{number}"))),
        ..interface()
    });
    std::iter::once(interface()).chain(others).collect()
}

fn node_tags() -> Tags {
    tags(&[("kubernetes.io/cluster/demo", "owned")])
}

pub fn surroundings() -> Surroundings {
    let nodes = NamedGroup { tags: node_tags(), ..NamedGroup::default() };
    Surroundings {
        vpc: Arc::new(vpc()),
        security_groups: Arc::new([(AwsId::new(NODES), nodes)].into_iter().collect()),
        interfaces: Arc::new(interfaces().into_iter().collect()),
    }
}

/// What is known where there are no hosted zones.
pub fn without_zones() -> Facts {
    let mut facts = FactStore::default();
    facts.zones([]);
    facts.all()
}

/// AWS with the same surroundings.
pub fn fake() -> Fake {
    let aws = Fake::new();
    aws.be_quick();
    aws.change(|state| {
        state.vpc = vpc();
        state.interfaces = interfaces();
        state.certificates = [CERTIFICATE, CERTIFICATE_2].map(AwsId::new).into();
        let spec = SecurityGroup {
            name: "nodes".to_owned(),
            description: "nodes".to_owned(),
            vpc: state.vpc.id.clone(),
            ingress: BTreeSet::new(),
            tags: node_tags(),
        };
        assert_eq!(state.add_security_group(spec).as_str(), NODES);
    });
    aws
}

impl World {
    /// The class `alb`, and what the sketch holds.
    pub fn new(sketch: &str) -> Self {
        let mut world = Self {
            settings: settings(),
            objects: Objects::default(),
            surroundings: surroundings(),
            zones: None,
            issued: None,
            facts: without_zones(),
            memory: Memory::default(),
            extent: Extent::Cluster,
        };
        world.add("class alb:");
        world.add(sketch);
        world
    }

    /// Adds objects, or puts them in place of those of the same name.
    pub fn add(&mut self, sketch: &str) -> &mut Self {
        sketch::objects(sketch).into_iter().for_each(|object| insert(&mut self.objects, object));
        self
    }

    /// Puts a pod behind each endpoint that names one: manifests of a test leave them out.
    pub fn house(&mut self) -> &mut Self {
        let slices = self.objects.slices.values().flat_map(FlatMap::values);
        for endpoint in slices.flat_map(|slice| &slice.endpoints) {
            let Some(key) = &endpoint.pod else { continue };
            let pod = Arc::make_mut(self.objects.pods.entry(key.clone()).or_default());
            pod.containers_ready |= endpoint.ready;
            pod.addresses.insert(endpoint.address.clone());
        }
        self
    }

    /// Adds manifests as `kubectl` would print them.
    pub fn add_manifests(&mut self, text: &str) -> &mut Self {
        for document in serde_yaml_ng::Deserializer::from_str(text) {
            for object in decode_all(serde_json::Value::deserialize(document).unwrap()) {
                insert(&mut self.objects, object.unwrap());
            }
        }
        self
    }

    pub fn snapshot(&self) -> Snapshot {
        let (settings, surroundings) = (self.settings.clone(), self.surroundings.clone());
        let (settings, surroundings) = (Arc::new(settings), Arc::new(surroundings));
        Snapshot {
            extent: self.extent.clone(),
            issued: self.issued.clone(),
            zones: self.zones.clone(),
            facts: self.facts.clone(),
            memory: self.memory.clone(),
            ..Snapshot::of(Timestamp::UNIX_EPOCH, settings, self.objects.clone(), surroundings)
        }
    }

    /// Builds one group.
    pub fn build(&self, name: &str) -> Built {
        desired::balancer::build(&self.snapshot(), &group(name))
    }

    /// The problems of a group.
    pub fn problems(&self, name: &str) -> Vec<Problem> {
        self.build(name).problems
    }

    /// Plans everything against an AWS.
    pub fn plan(&self, aws: &Fake) -> Plans {
        let mirror = Mirror::new(aws.clone(), Stopped);
        let recalled = Recalled { is_marked: true, ..Recalled::default() };
        wait(plan_all(&mirror, &mut self.snapshot(), &recalled)).unwrap()
    }
}
