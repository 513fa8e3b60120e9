//! Security groups.

use std::collections::{BTreeMap, BTreeSet};

use albedo::aws::{Answer, ReadSecurityGroup};
use albedo::model::id::{AwsId, Id};
use albedo::model::known::Live;
use albedo::model::marks::{DESCRIPTION_SHARED_RULE, Tags};
use albedo::model::security::{IngressRule, Peer, SecurityGroup as Spec};

use super::state::{State, given};
use super::{Refusal, refuse};

/// Inbound rules of a security group, for IPv4 and for IPv6 each (AWS quota).
const RULES_MAX: usize = 60;

/// A security group that stands; its rules are in `rules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    pub spec: Spec,
    /// What it lets in, and the descriptions.
    pub rules: BTreeMap<IngressRule, String>,
}

impl SecurityGroup {
    pub(super) fn read(&self, id: &AwsId) -> ReadSecurityGroup {
        let ingress: BTreeSet<IngressRule> = self.rules.keys().cloned().collect();
        let shared = self.rules.iter().filter(|(_, text)| *text == DESCRIPTION_SHARED_RULE);
        ReadSecurityGroup {
            live: Live { id: id.clone(), spec: Spec { ingress, ..self.spec.clone() } },
            shared: shared.map(|(rule, _)| rule.clone()).collect(),
        }
    }
}

impl State {
    /// The security group that every VPC has.
    pub(super) fn add_default_security_group(&mut self) {
        let spec = Spec {
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            vpc: self.vpc.id.clone(),
            ingress: BTreeSet::new(),
            tags: Tags::new(),
        };
        self.add_security_group(spec);
    }

    /// A security group that somebody made.
    pub fn add_security_group(&mut self, spec: Spec) -> AwsId {
        let id = self.new_id(&format!("sg-{}", spec.name));
        self.security_groups.insert(id.clone(), SecurityGroup { spec, rules: BTreeMap::new() });
        id
    }

    pub(super) fn create_security_group(&mut self, spec: &Spec) -> Result<Answer, Refusal> {
        if spec.vpc != self.vpc.id {
            return refuse("InvalidVpcID.NotFound", format!("no VPC '{}'", spec.vpc));
        }
        if self.security_groups.values().any(|group| group.spec.name == spec.name) {
            let message = format!("the security group '{}' already exists", spec.name);
            return refuse("InvalidGroup.Duplicate", message);
        }
        let spec = Spec { ingress: BTreeSet::new(), ..spec.clone() };
        Ok(Answer::SecurityGroup(self.add_security_group(spec)))
    }

    pub(super) fn delete_security_group(&mut self, id: &AwsId) -> Result<Answer, Refusal> {
        self.security_group(id)?;
        let source = Peer::Group(Id::Is(id.clone()));
        let by_rule = self.security_groups.iter().any(|(other, group)| {
            other != id && group.rules.keys().any(|rule| rule.source == source)
        });
        let by_load_balancer = self
            .load_balancers
            .values()
            .any(|found| found.spec.security_groups.contains(&Id::Is(id.clone())));
        let by_interface = self.interfaces.iter().any(|found| found.security_groups.contains(id));
        if by_rule || by_load_balancer || by_interface {
            return refuse("DependencyViolation", format!("resource {id} has a dependent object"));
        }
        self.security_groups.remove(id);
        Ok(Answer::Done)
    }

    pub(super) fn authorize(
        &mut self,
        id: &AwsId,
        rules: &BTreeSet<IngressRule>,
        description: &str,
    ) -> Result<Answer, Refusal> {
        for rule in rules {
            if let Peer::Group(source) = &rule.source {
                self.security_group(given(source)?)?;
            }
        }
        let group = self.security_group_mut(id)?;
        if let Some(rule) = rules.iter().find(|rule| group.rules.contains_key(*rule)) {
            let message = format!("the specified rule \"{rule}\" already exists");
            return refuse("InvalidPermission.Duplicate", message);
        }
        let mut all = group.rules.clone();
        all.extend(rules.iter().map(|rule| (rule.clone(), description.to_owned())));
        let but =
            |is_other: fn(&Peer) -> bool| all.keys().filter(|rule| !is_other(&rule.source)).count();
        let of_v4 = but(|source| matches!(source, Peer::Cidr6(_)));
        let of_v6 = but(|source| matches!(source, Peer::Cidr(_)));
        if of_v4.max(of_v6) > RULES_MAX {
            let message = format!("at most {RULES_MAX} rules");
            return refuse("RulesPerSecurityGroupLimitExceeded", message);
        }
        group.rules = all;
        Ok(Answer::Done)
    }

    pub(super) fn revoke(
        &mut self,
        id: &AwsId,
        rules: &BTreeSet<IngressRule>,
    ) -> Result<Answer, Refusal> {
        let group = self.security_group_mut(id)?;
        for rule in rules {
            if group.rules.remove(rule).is_none() {
                return refuse("InvalidPermission.NotFound", format!("no rule \"{rule}\""));
            }
        }
        Ok(Answer::Done)
    }

    pub(super) fn tag_security_group(
        &mut self,
        id: &AwsId,
        tags: &Tags,
    ) -> Result<Answer, Refusal> {
        self.security_group_mut(id)?.spec.tags.extend(tags.clone());
        Ok(Answer::Done)
    }

    pub(super) fn untag_security_group(
        &mut self,
        id: &AwsId,
        tags: &Tags,
    ) -> Result<Answer, Refusal> {
        // A tag that is given with another value than it has is left alone (AWS).
        let held = &mut self.security_group_mut(id)?.spec.tags;
        held.retain(|key, value| tags.get(key) != Some(value));
        Ok(Answer::Done)
    }

    pub(super) fn security_group(&self, id: &AwsId) -> Result<&SecurityGroup, Refusal> {
        let unknown = || Refusal("InvalidGroup.NotFound", format!("no security group '{id}'"));
        self.security_groups.get(id).ok_or_else(unknown)
    }

    fn security_group_mut(&mut self, id: &AwsId) -> Result<&mut SecurityGroup, Refusal> {
        let unknown = || Refusal("InvalidGroup.NotFound", format!("no security group '{id}'"));
        self.security_groups.get_mut(id).ok_or_else(unknown)
    }
}
