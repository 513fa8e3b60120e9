//! Target groups and targets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use albedo::aws::{Answer, ElbReading};
use albedo::model::id::AwsId;
use albedo::model::known::Live;
use albedo::model::load_balancer::Attributes;
use albedo::model::marks::Tags;
use albedo::model::target::{Target, TargetState};
use albedo::model::target_group::{HealthCheck, TargetGroup as Spec, TargetType, Traits};

use super::balancer::{check_name, defaults, set_attributes};
use super::state::{State, check_tags};
use super::{Refusal, refuse};

/// Targets of a target group (AWS quota).
const TARGETS_MAX: usize = 1000;
/// Some of the attributes that AWS always tells, with its defaults.
const ATTRIBUTES: [(&str, &str); 6] = [
    ("deregistration_delay.timeout_seconds", "300"),
    ("load_balancing.algorithm.type", "round_robin"),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.enabled", "false"),
    ("stickiness.lb_cookie.duration_seconds", "86400"),
    ("stickiness.type", "lb_cookie"),
];

/// A target group that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    pub spec: Spec,
    pub attributes: Attributes,
    pub targets: BTreeMap<Target, TargetState>,
}

impl TargetGroup {
    pub(super) fn read(&self, id: &AwsId) -> Live<Spec> {
        Live { id: id.clone(), spec: Spec { tags: Tags::new(), ..self.spec.clone() } }
    }
}

impl State {
    pub(super) fn create_target_group(&mut self, spec: &Spec) -> Result<Answer, Refusal> {
        let name = spec.name.clone().unwrap_or_default();
        check_name(&name)?;
        check_tags(&spec.tags)?;
        check_health_check(&spec.health_check)?;
        if spec.vpc != self.vpc.id {
            return refuse("ValidationError", format!("the VPC '{}' does not exist", spec.vpc));
        }
        let same = self.target_groups.iter().find(|(_, found)| found.spec.name == spec.name);
        if let Some((id, found)) = same {
            let as_asked = Spec { tags: found.spec.tags.clone(), ..spec.clone() };
            if as_asked == found.spec {
                return Ok(Answer::TargetGroup(found.read(id)));
            }
            let message = format!("a target group '{name}' exists, but with different settings");
            return refuse("DuplicateTargetGroupName", message);
        }
        let id = self.new_id(&format!("targetgroup/{name}"));
        let made = TargetGroup {
            spec: spec.clone(),
            attributes: defaults(&ATTRIBUTES),
            targets: BTreeMap::new(),
        };
        let read = made.read(&id);
        self.target_groups.insert(id, made);
        Ok(Answer::TargetGroup(read))
    }

    pub(super) fn modify_target_group(
        &mut self,
        id: &AwsId,
        health_check: &HealthCheck,
    ) -> Result<Answer, Refusal> {
        check_health_check(health_check)?;
        let found = self.target_group_mut(id)?;
        found.spec.health_check = health_check.clone();
        Ok(Answer::TargetGroup(found.read(id)))
    }

    pub(super) fn modify_target_group_attributes(
        &mut self,
        id: &AwsId,
        attributes: &Attributes,
    ) -> Result<Answer, Refusal> {
        set_attributes(&mut self.target_group_mut(id)?.attributes, attributes)
    }

    pub(super) fn delete_target_group(&mut self, id: &AwsId) -> Result<Answer, Refusal> {
        if self.user_of(id).is_some() {
            let message =
                format!("target group '{id}' is currently in use by a listener or a rule");
            return refuse("ResourceInUse", message);
        }
        // Deleting what is gone succeeds (AWS).
        self.target_groups.remove(id);
        self.users.remove(id);
        Ok(Answer::Done)
    }

    pub(super) fn register(&mut self, id: &AwsId, targets: &[Target]) -> Result<Answer, Refusal> {
        let cidrs = self.vpc.cidrs.clone();
        if let Some(stopped) = targets.iter().find(|target| self.stopped.contains(&target.id)) {
            let message = format!("'{}' is not in a running state", stopped.id);
            return refuse("InvalidTarget", message);
        }
        let found = self.target_group_mut(id)?;
        // Nothing is registered for the others where one is refused (AWS).
        for target in targets.iter().filter(|_| found.spec.target_type == TargetType::Ip) {
            check_address(target, &cidrs)?;
        }
        for target in targets {
            let state = found.targets.entry(target.clone()).or_insert(TargetState::Initial);
            if *state == TargetState::Draining {
                *state = TargetState::Initial;
            }
        }
        if found.targets.len() > TARGETS_MAX {
            return refuse("TooManyTargets", format!("at most {TARGETS_MAX}"));
        }
        Ok(Answer::Done)
    }

    /// A load balancer becomes the one target of a network load balancer's target group.
    pub(super) fn register_load_balancer(
        &mut self,
        id: &AwsId,
        load_balancer: &AwsId,
        port: u16,
    ) -> Result<Answer, Refusal> {
        self.load_balancer(load_balancer)?;
        if !self.listeners_of(load_balancer).any(|(_, listener)| listener.port == port) {
            let message = format!("'{load_balancer}' has no listener on port {port}");
            return refuse("InvalidTarget", message);
        }
        let found = self.target_group_mut(id)?;
        if found.spec.target_type != TargetType::Alb {
            return refuse("InvalidTarget", format!("'{load_balancer}' is no IP address"));
        }
        let target = Target::load_balancer(load_balancer, port);
        let there = found.targets.iter().filter(|(_, state)| **state != TargetState::Draining);
        if there.into_iter().any(|(known, _)| *known != target) {
            return refuse("TooManyTargets", "at most one load balancer");
        }
        found.targets.insert(target, TargetState::Initial);
        Ok(Answer::Done)
    }

    /// Whether a load balancer, or its listener at a port, is the target of another one.
    pub(super) fn is_target(&self, load_balancer: &AwsId, port: Option<u16>) -> bool {
        let is_it = |target: &Target| {
            target.id == load_balancer.as_str() && port.is_none_or(|port| port == target.port)
        };
        let groups = self.target_groups.values();
        let mut groups = groups.filter(|group| group.spec.target_type == TargetType::Alb);
        groups.any(|group| {
            let mut there = group.targets.iter();
            there.any(|(target, state)| is_it(target) && *state != TargetState::Draining)
        })
    }

    pub(super) fn deregister(&mut self, id: &AwsId, targets: &[Target]) -> Result<Answer, Refusal> {
        let is_used = self.user_of(id).is_some();
        let found = self.target_group_mut(id)?;
        // A target that is not there is no error, and one that nobody uses has nothing to drain
        // (AWS).
        found.targets.retain(|target, _| is_used || !targets.contains(target));
        for (_, state) in found.targets.iter_mut().filter(|(target, _)| targets.contains(target)) {
            *state = TargetState::Draining;
        }
        Ok(Answer::Done)
    }

    /// The target group of a name.
    pub(super) fn named(&self, name: &str) -> Result<ElbReading, Refusal> {
        let named = |group: &TargetGroup| group.spec.name.as_deref() == Some(name);
        let found = self.target_groups.iter().find(|(_, group)| named(group));
        let unknown = || Refusal("TargetGroupNotFound", format!("target group '{name}' not found"));
        let (id, _) = found.ok_or_else(unknown)?;
        Ok(ElbReading::TargetGroupNamed(name.to_owned(), id.clone()))
    }

    /// All of them.
    pub(super) fn all_target_groups(&self) -> ElbReading {
        let found = self.target_groups.iter();
        ElbReading::TargetGroups(found.map(|(id, found)| found.read(id)).collect())
    }

    /// What of a target group never changes.
    pub(super) fn traits(&self, id: &AwsId) -> Result<ElbReading, Refusal> {
        let spec = &self.target_group(id)?.spec;
        let traits = Traits {
            target_type: spec.target_type.as_str().into(),
            protocol: spec.protocol.as_str().into(),
            ipv6: spec.ipv6,
            vpc: spec.vpc.as_str().into(),
        };
        Ok(ElbReading::Traits(id.clone(), traits))
    }

    pub(super) fn target_group(&self, id: &AwsId) -> Result<&TargetGroup, Refusal> {
        let unknown = || Refusal("TargetGroupNotFound", format!("target group '{id}' not found"));
        self.target_groups.get(id).ok_or_else(unknown)
    }

    fn target_group_mut(&mut self, id: &AwsId) -> Result<&mut TargetGroup, Refusal> {
        let unknown = || Refusal("TargetGroupNotFound", format!("target group '{id}' not found"));
        self.target_groups.get_mut(id).ok_or_else(unknown)
    }
}

fn check_address(target: &Target, cidrs: &[String]) -> Result<(), Refusal> {
    let Ok(address) = target.id.parse::<IpAddr>() else {
        return refuse("ValidationError", format!("'{}' is not an IP address", target.id));
    };
    if address.is_loopback() {
        return refuse("InvalidTarget", format!("'{address}' cannot be a target"));
    }
    let is_inside = cidrs.iter().any(|cidr| contains(cidr, address));
    if is_inside || target.availability_zone.is_some() {
        return Ok(());
    }
    let message =
        format!("'{address}' is not within the VPC, you must specify an Availability Zone");
    refuse("ValidationError", message)
}

/// Whether an address is in a CIDR.
fn contains(cidr: &str, address: IpAddr) -> bool {
    let Some((base, length)) = cidr.split_once('/') else { return false };
    let (Ok(base), Ok(length)) = (base.parse::<IpAddr>(), length.parse::<u32>()) else {
        return false;
    };
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let shift = 32_u32.saturating_sub(length);
            u32::from(base).checked_shr(shift) == u32::from(address).checked_shr(shift)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            let shift = 128_u32.saturating_sub(length);
            u128::from(base).checked_shr(shift) == u128::from(address).checked_shr(shift)
        }
        _ => false,
    }
}

fn check_health_check(check: &HealthCheck) -> Result<(), Refusal> {
    // The bounds are AWS's.
    let is_within = (5..=300).contains(&check.interval_seconds)
        && (2..=120).contains(&check.timeout_seconds)
        && (2..=10).contains(&check.healthy_threshold)
        && (2..=10).contains(&check.unhealthy_threshold)
        && check.path.starts_with('/');
    if is_within { Ok(()) } else { refuse("ValidationError", "the health check is out of bounds") }
}
