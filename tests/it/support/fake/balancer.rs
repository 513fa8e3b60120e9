//! Load balancers.

use std::collections::BTreeSet;

use albedo::aws::{Answer, ReadLoadBalancer};
use albedo::model::id::{AwsId, Id};
use albedo::model::known::Live;
use albedo::model::load_balancer::{
    Attributes, LoadBalancer as Spec, LoadBalancerKind, LoadBalancerState,
};
use albedo::model::marks::Tags;

use super::state::{State, check_tags, given};
use super::{Refusal, refuse};

/// Load balancers in a region, unless AWS allows an account more (AWS quota).
pub(super) const LOAD_BALANCERS_MAX: usize = 50;
/// The longest name of a load balancer or target group (AWS).
pub(super) const NAME_LENGTH_MAX: usize = 32;
/// Zones that a load balancer needs at least (AWS).
const ZONES_MIN: usize = 2;
/// Capacity units that a load balancer may have kept ready (AWS quota).
const CAPACITY_UNITS_MAX: u32 = 15_000;
/// The attribute that forbids deletion.
const DELETION_PROTECTION: &str = "deletion_protection.enabled";
/// Some of the attributes that AWS always tells, with its defaults.
const ATTRIBUTES: [(&str, &str); 7] = [
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.enabled", "false"),
    (DELETION_PROTECTION, "false"),
    ("idle_timeout.timeout_seconds", "60"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
    ("routing.http2.enabled", "true"),
    ("waf.fail_open.enabled", "false"),
];

/// The same of network load balancers.
const NETWORK_ATTRIBUTES: [(&str, &str); 4] = [
    ("access_logs.s3.enabled", "false"),
    (DELETION_PROTECTION, "false"),
    ("dns_record.client_routing_policy", "any_availability_zone"),
    ("load_balancing.cross_zone.enabled", "false"),
];

/// A load balancer that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    pub spec: Spec,
    pub attributes: Attributes,
    /// The capacity units that are kept ready.
    pub capacity: Option<u32>,
    pub state: LoadBalancerState,
}

impl LoadBalancer {
    pub(super) fn read(&self, id: &AwsId) -> ReadLoadBalancer {
        let name = &self.spec.name;
        let (suffix, hosted_zone) = match self.spec.kind {
            LoadBalancerKind::Application => ("us-east-1.elb", "Z35SXDOTRQ7X7K"),
            LoadBalancerKind::Network => ("elb.us-east-1", "Z26RNL4JYFTOTI"),
        };
        ReadLoadBalancer {
            live: Live { id: id.clone(), spec: Spec { tags: Tags::new(), ..self.spec.clone() } },
            dns_name: format!("{name}-1234567890.{suffix}.amazonaws.com"),
            hosted_zone: AwsId::new(hosted_zone),
            state: self.state,
        }
    }
}

impl State {
    pub(super) fn create_load_balancer(&mut self, spec: &Spec) -> Result<Answer, Refusal> {
        let spec = self.checked(spec)?;
        let same = self.load_balancers.iter().find(|(_, found)| found.spec.name == spec.name);
        if let Some((id, found)) = same {
            let mut as_asked = spec.clone();
            as_asked.tags.clone_from(&found.spec.tags);
            if as_asked == found.spec {
                return Ok(Answer::LoadBalancer(found.read(id)));
            }
            let name = &spec.name;
            let message = format!("a load balancer '{name}' exists, but with different settings");
            return refuse("DuplicateLoadBalancerName", message);
        }
        if self.load_balancers.len() >= self.load_balancers_max {
            let message = format!("at most {}", self.load_balancers_max);
            return refuse("TooManyLoadBalancers", message);
        }
        let (kind, attributes) = match spec.kind {
            LoadBalancerKind::Application => ("app", defaults(&ATTRIBUTES)),
            LoadBalancerKind::Network => ("net", defaults(&NETWORK_ATTRIBUTES)),
        };
        let id = self.new_id(&format!("loadbalancer/{kind}/{}", spec.name));
        let state = LoadBalancerState::Provisioning;
        let made = LoadBalancer { spec, attributes, capacity: None, state };
        let read = made.read(&id);
        self.provisioning.push(id.clone());
        self.load_balancers.insert(id, made);
        Ok(Answer::LoadBalancer(read))
    }

    /// A wish as it stands once it is granted.
    fn checked(&self, spec: &Spec) -> Result<Spec, Refusal> {
        check_name(&spec.name)?;
        check_tags(&spec.tags)?;
        let mut spec = spec.clone();
        self.check_subnets(&spec.subnets, spec.kind)?;
        self.check_allocations(&spec)?;
        self.check_groups(&spec.security_groups)?;
        self.check_pool(spec.ipv4_pool.as_ref())?;
        if spec.customer_owned_pool.is_some() {
            let message = "a customer owned pool is for load balancers on an Outpost";
            return refuse("InvalidConfigurationRequest", message);
        }
        spec.subnets.sort();
        spec.allocations.clear();
        spec.security_groups.sort();
        Ok(spec)
    }

    fn check_allocations(&self, spec: &Spec) -> Result<(), Refusal> {
        let is_known = |id: &&AwsId| self.allocations.contains(*id);
        match spec.allocations.iter().find(|id| !is_known(id)) {
            Some(id) => refuse("AllocationIdNotFound", format!("'{id}' does not exist")),
            None => Ok(()),
        }
    }

    pub(super) fn modify_load_balancer_attributes(
        &mut self,
        id: &AwsId,
        attributes: &Attributes,
    ) -> Result<Answer, Refusal> {
        set_attributes(&mut self.load_balancer_mut(id)?.attributes, attributes)
    }

    pub(super) fn set_security_groups(
        &mut self,
        id: &AwsId,
        groups: &[Id],
    ) -> Result<Answer, Refusal> {
        self.check_groups(groups)?;
        let spec = &mut self.load_balancer_mut(id)?.spec;
        spec.security_groups = groups.to_vec();
        spec.security_groups.sort();
        Ok(Answer::Done)
    }

    pub(super) fn set_subnets(&mut self, id: &AwsId, subnets: &[AwsId]) -> Result<Answer, Refusal> {
        self.check_subnets(subnets, self.load_balancer(id)?.spec.kind)?;
        let spec = &mut self.load_balancer_mut(id)?.spec;
        spec.subnets = subnets.to_vec();
        spec.subnets.sort();
        Ok(Answer::Done)
    }

    pub(super) fn modify_ip_pools(
        &mut self,
        id: &AwsId,
        pool: Option<&String>,
    ) -> Result<Answer, Refusal> {
        self.check_pool(pool)?;
        self.load_balancer_mut(id)?.spec.ipv4_pool = pool.cloned();
        Ok(Answer::Done)
    }

    pub(super) fn reserve(&mut self, id: &AwsId, units: u32) -> Result<Answer, Refusal> {
        if units > CAPACITY_UNITS_MAX {
            return refuse("CapacityUnitsLimitExceeded", format!("at most {CAPACITY_UNITS_MAX}"));
        }
        self.load_balancer_mut(id)?.capacity = (units > 0).then_some(units);
        Ok(Answer::Done)
    }

    fn check_pool(&self, pool: Option<&String>) -> Result<(), Refusal> {
        match pool.filter(|pool| !self.ipv4_pools.contains(*pool)) {
            Some(pool) => refuse("ValidationError", format!("the pool '{pool}' does not exist")),
            None => Ok(()),
        }
    }

    pub(super) fn delete_load_balancer(&mut self, id: &AwsId) -> Result<Answer, Refusal> {
        let Some(found) = self.load_balancers.get(id) else {
            // Deleting what is gone succeeds (AWS).
            return Ok(Answer::Done);
        };
        if found.attributes.get(DELETION_PROTECTION).is_some_and(|value| value == "true") {
            let message =
                format!("'{id}' cannot be deleted because deletion protection is enabled");
            return refuse("OperationNotPermitted", message);
        }
        if self.is_target(id, None) {
            return refuse("ResourceInUse", format!("'{id}' is a target"));
        }
        self.load_balancers.remove(id);
        self.guards.associations.remove(id);
        let listeners: Vec<AwsId> = self.listeners_of(id).map(|(id, _)| id.clone()).collect();
        self.listeners.retain(|id, _| !listeners.contains(id));
        self.rules.retain(|_, rule| !listeners.contains(&rule.listener));
        Ok(Answer::Done)
    }

    fn check_subnets(&self, subnets: &[AwsId], kind: LoadBalancerKind) -> Result<(), Refusal> {
        let mut zones = BTreeSet::new();
        for id in subnets {
            let Some(subnet) = self.vpc.subnets.get(id) else {
                return refuse("SubnetNotFound", format!("the subnet ID '{id}' does not exist"));
            };
            if !zones.insert(&subnet.zone) {
                let message = format!("two subnets in {}", subnet.zone);
                return refuse("InvalidConfigurationRequest", message);
            }
        }
        let zones_min = if kind == LoadBalancerKind::Network { 1 } else { ZONES_MIN };
        if zones.len() < zones_min {
            return refuse(
                "ValidationError",
                "at least two subnets in two zones must be specified",
            );
        }
        Ok(())
    }

    fn check_groups(&self, groups: &[Id]) -> Result<(), Refusal> {
        for id in groups {
            let id = given(id)?;
            if !self.security_groups.contains_key(id) {
                return refuse("InvalidSecurityGroup", format!("no security group '{id}'"));
            }
        }
        Ok(())
    }

    pub(super) fn load_balancer(&self, id: &AwsId) -> Result<&LoadBalancer, Refusal> {
        let unknown = || Refusal("LoadBalancerNotFound", format!("load balancer '{id}' not found"));
        self.load_balancers.get(id).ok_or_else(unknown)
    }

    pub(super) fn load_balancer_mut(&mut self, id: &AwsId) -> Result<&mut LoadBalancer, Refusal> {
        let unknown = || Refusal("LoadBalancerNotFound", format!("load balancer '{id}' not found"));
        self.load_balancers.get_mut(id).ok_or_else(unknown)
    }
}

pub(super) fn defaults(attributes: &[(&str, &str)]) -> Attributes {
    attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn set_attributes(held: &mut Attributes, new: &Attributes) -> Result<Answer, Refusal> {
    for (key, value) in new {
        let is_word = matches!(value.as_str(), "true" | "false");
        match held.get_mut(key) {
            Some(_) if key.ends_with(".enabled") && !is_word => {
                return refuse("ValidationError", format!("'{key}' cannot be '{value}'"));
            }
            Some(held) => held.clone_from(value),
            None => {
                let message = format!("attribute key '{key}' is not recognized");
                return refuse("ValidationError", message);
            }
        }
    }
    Ok(Answer::Attributes(held.clone()))
}

pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.is_empty()
        || name.len() > NAME_LENGTH_MAX
        || !name.chars().all(is_inner)
        || name.starts_with('-')
        || name.ends_with('-')
        || name.starts_with("internal-")
    {
        return refuse("ValidationError", format!("'{name}' cannot be a name"));
    }
    Ok(())
}
