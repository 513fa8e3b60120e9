//! What stands, and the one way to change it.

use std::collections::{BTreeMap, BTreeSet};

use albedo::aws::error::CODE_UNRESOLVED;
use albedo::aws::{Answer, CloudError};
use albedo::model::account_limits::AccountLimits;
use albedo::model::action::{AcmAction, AwsAction, Ec2Action, ElbAction, Route53Action};
use albedo::model::id::{AwsId, Id};
use albedo::model::marks::Tags;
use albedo::model::rule::RuleAction;
use albedo::model::surroundings::{Interface, IssuedCertificate, Vpc};
use jiff::Timestamp;

use smol_str::SmolStr;

use super::acm::{Certificate, Issuing, Requested};
use super::balancer::{LOAD_BALANCERS_MAX, LoadBalancer};
use super::listener::{Listener, Rule};
use super::protection::Guards;
use super::route53::Zone;
use super::security::SecurityGroup;
use super::target_group::TargetGroup;
use super::{PLACE, Refusal, refuse};

/// Tags a thing may have (AWS).
const TAGS_MAX: usize = 50;

/// All that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub vpc: Vpc,
    pub interfaces: Vec<Interface>,
    /// The certificates that listeners may have.
    pub certificates: BTreeSet<AwsId>,
    /// Those of them that were imported.
    pub imported: BTreeMap<AwsId, Certificate>,
    /// When each was imported last.
    pub imported_at: BTreeMap<AwsId, Timestamp>,
    /// Those that ACM was asked for, issued or not.
    pub requested: BTreeMap<AwsId, Requested>,
    /// What the list shows of those that were not imported.
    pub issued: BTreeMap<AwsId, IssuedCertificate>,
    /// The certificates that were made just now, which the tagging API does not know yet.
    pub made_now: BTreeSet<AwsId>,
    /// The IPAM pools of IPv4 addresses.
    pub ipv4_pools: BTreeSet<String>,
    /// What the account is allowed, where that is not what everybody is.
    pub account_limits: AccountLimits,
    /// The Elastic IP addresses, by allocation.
    pub allocations: BTreeSet<AwsId>,
    /// The trust stores, by name.
    pub trust_stores: BTreeMap<String, AwsId>,
    /// The account's hosted zones.
    pub zones: BTreeMap<AwsId, Zone>,
    /// The DNS names of load balancers of other VPCs.
    pub elsewhere: BTreeSet<AwsId>,
    /// Hosted zones whose records nobody may read.
    pub unread_zones: BTreeSet<AwsId>,
    /// Whether Route 53's servers do not answer by changes yet.
    pub is_out_of_sync: bool,
    /// Names that Route 53 refuses, whatever they should be.
    pub refused_names: BTreeSet<String>,
    /// The code with which ACM refuses to be asked for certificates.
    pub requests_refused: Option<&'static str>,
    /// What ACM makes of names that are proved.
    pub issuing: Issuing,
    pub security_groups: BTreeMap<AwsId, SecurityGroup>,
    pub load_balancers: BTreeMap<AwsId, LoadBalancer>,
    /// Those that were made since time passed.
    pub(super) provisioning: Vec<AwsId>,
    /// How many of them the account may have.
    pub load_balancers_max: usize,
    /// Instances that do not run.
    pub stopped: BTreeSet<SmolStr>,
    pub listeners: BTreeMap<AwsId, Listener>,
    pub rules: BTreeMap<AwsId, Rule>,
    pub target_groups: BTreeMap<AwsId, TargetGroup>,
    /// What protects load balancers.
    pub guards: Guards,
    /// The load balancer that led to each target group last, and may do so no more.
    pub(super) users: BTreeMap<AwsId, AwsId>,
    /// How often each name was given to something new: what is made again is not the same thing.
    made: BTreeMap<String, usize>,
}

impl Default for State {
    fn default() -> Self {
        Self::new(Vpc { id: AwsId::new("vpc-none"), cidrs: Vec::new(), subnets: BTreeMap::new() })
    }
}

impl State {
    pub(super) fn new(vpc: Vpc) -> Self {
        let mut state = Self {
            vpc,
            interfaces: Vec::new(),
            certificates: BTreeSet::new(),
            imported: BTreeMap::new(),
            imported_at: BTreeMap::new(),
            requested: BTreeMap::new(),
            issued: BTreeMap::new(),
            made_now: BTreeSet::new(),
            ipv4_pools: BTreeSet::new(),
            account_limits: AccountLimits::usual(),
            allocations: BTreeSet::new(),
            trust_stores: BTreeMap::new(),
            zones: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
            unread_zones: BTreeSet::new(),
            is_out_of_sync: false,
            refused_names: BTreeSet::new(),
            requests_refused: None,
            issuing: Issuing::default(),
            security_groups: BTreeMap::new(),
            load_balancers: BTreeMap::new(),
            provisioning: Vec::new(),
            load_balancers_max: LOAD_BALANCERS_MAX,
            stopped: BTreeSet::new(),
            listeners: BTreeMap::new(),
            rules: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            guards: Guards::default(),
            users: BTreeMap::new(),
            made: BTreeMap::new(),
        };
        state.add_default_security_group();
        state
    }

    /// Does what an action says, all of it or nothing.
    pub(super) fn perform(&mut self, action: &AwsAction) -> Result<Answer, CloudError> {
        let (next, answer) = self.performed(action)?;
        *self = next;
        Ok(answer)
    }

    /// What stands once an action is done.
    pub(super) fn performed(&self, action: &AwsAction) -> Result<(Self, Answer), CloudError> {
        let mut next = self.clone();
        let answer = next.perform_in_place(action)?;
        Ok((next, answer))
    }

    /// Does what an action says; of one that is refused, half may be done. Costs the same however
    /// much stands.
    pub fn perform_in_place(&mut self, action: &AwsAction) -> Result<Answer, CloudError> {
        let (service, operation) = action.operation();
        self.change(action).map_err(|refusal| refusal.of(&format!("{service}.{operation}")))
    }

    fn change(&mut self, action: &AwsAction) -> Result<Answer, Refusal> {
        match action {
            AwsAction::Elb(action) => self.change_elb(action),
            AwsAction::Ec2(action) => self.change_ec2(action),
            AwsAction::Acm(action) => self.change_acm(action),
            AwsAction::Route53(action) => self.change_route53(action),
            AwsAction::Wafv2(action) => self.change_wafv2(action),
            AwsAction::Shield(action) => self.change_shield(action),
        }
    }

    fn change_elb(&mut self, action: &ElbAction) -> Result<Answer, Refusal> {
        match action {
            ElbAction::CreateLoadBalancer { spec, .. } => self.create_load_balancer(spec),
            ElbAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
                self.modify_load_balancer_attributes(given(load_balancer)?, attributes)
            }
            ElbAction::SetSecurityGroups { load_balancer, security_groups } => {
                self.set_security_groups(load_balancer, security_groups)
            }
            ElbAction::SetSubnets { load_balancer, subnets, .. } => {
                self.set_subnets(load_balancer, subnets)
            }
            ElbAction::SetIpAddressType { load_balancer, ip_address_type } => {
                self.load_balancer_mut(load_balancer)?.spec.ip_address_type = *ip_address_type;
                Ok(Answer::Done)
            }
            ElbAction::ModifyIpPools { load_balancer, pool } => {
                self.modify_ip_pools(load_balancer, pool.as_ref())
            }
            ElbAction::ModifyCapacityReservation { load_balancer, units } => {
                self.reserve(given(load_balancer)?, *units)
            }
            ElbAction::DeleteLoadBalancer { id } => self.delete_load_balancer(id),
            ElbAction::CreateListener { load_balancer, port, spec, .. } => {
                self.create_listener(given(load_balancer)?, *port, spec)
            }
            ElbAction::ModifyListener { id, port, spec } => self.modify_listener(id, *port, spec),
            ElbAction::ModifyListenerAttributes { listener, attributes, .. } => {
                self.modify_listener_attributes(given(listener)?, attributes)
            }
            ElbAction::DeleteListener { id } => self.delete_listener(id),
            ElbAction::AddListenerCertificate { listener, certificate } => {
                self.add_certificate(given(listener)?, given(certificate)?)
            }
            ElbAction::RemoveListenerCertificate { listener, certificate } => {
                self.remove_certificate(listener, certificate)
            }
            ElbAction::CreateRule { listener, priority, spec, tags } => {
                self.create_rule(given(listener)?, *priority, spec, tags)
            }
            ElbAction::ModifyRule { id, spec } => self.modify_rule(id, spec),
            ElbAction::SetRulePriorities { priorities } => self.set_priorities(priorities),
            ElbAction::DeleteRule { id } => self.delete_rule(id),
            ElbAction::CreateTargetGroup { spec, .. } => self.create_target_group(spec),
            ElbAction::ModifyTargetGroup { id, health_check, .. } => {
                self.modify_target_group(id, health_check)
            }
            ElbAction::ModifyTargetGroupAttributes { target_group, attributes } => {
                self.modify_target_group_attributes(given(target_group)?, attributes)
            }
            ElbAction::DeleteTargetGroup { id } => self.delete_target_group(id),
            ElbAction::RegisterTargets { target_group, targets } => {
                self.register(given(target_group)?, targets)
            }
            ElbAction::DeregisterTargets { target_group, targets } => {
                self.deregister(target_group, targets)
            }
            ElbAction::RegisterLoadBalancer { target_group, load_balancer, port } => {
                self.register_load_balancer(given(target_group)?, given(load_balancer)?, *port)
            }
            ElbAction::AddTags { id, tags } => {
                let held = self.tags_mut(id)?;
                held.extend(tags.clone());
                check_tags(held)
            }
            ElbAction::RemoveTags { id, keys } => {
                self.tags_mut(id)?.retain(|key, _| !keys.iter().any(|gone| gone == key));
                Ok(Answer::Done)
            }
        }
    }

    fn change_ec2(&mut self, action: &Ec2Action) -> Result<Answer, Refusal> {
        match action {
            Ec2Action::CreateSecurityGroup { spec, .. } => self.create_security_group(spec),
            Ec2Action::DeleteSecurityGroup { id } => self.delete_security_group(id),
            Ec2Action::AuthorizeIngress { group, rules, description } => {
                self.authorize(given(group)?, rules, description)
            }
            Ec2Action::RevokeIngress { group, rules, .. } => self.revoke(given(group)?, rules),
            Ec2Action::TagSecurityGroup { id, tags } => self.tag_security_group(id, tags),
            Ec2Action::UntagSecurityGroup { id, tags } => self.untag_security_group(id, tags),
        }
    }

    fn change_acm(&mut self, action: &AcmAction) -> Result<Answer, Refusal> {
        match action {
            AcmAction::ImportCertificate { spec, .. } => self.import_certificate(spec),
            AcmAction::ReimportCertificate { id, spec } => self.reimport_certificate(id, spec),
            AcmAction::RequestCertificate { spec, .. } => self.request_certificate(spec),
            AcmAction::TagCertificate { id, tags } => self.tag_certificate(id, tags),
            AcmAction::DeleteCertificate { id } => self.delete_certificate(id),
        }
    }

    fn change_route53(&mut self, action: &Route53Action) -> Result<Answer, Refusal> {
        match action {
            Route53Action::ChangeRecords { zone, changes } => {
                let answer = self.change_records(&zone.id, changes)?;
                self.prove();
                Ok(answer)
            }
        }
    }

    /// A new identifier: `loadbalancer/app/<name>` gets an ARN, `sg-<name>` an id.
    pub(super) fn new_id(&mut self, stem: &str) -> AwsId {
        let count = self.made.entry(stem.to_owned()).or_default();
        *count += 1;
        if stem.contains('/') {
            AwsId::new(format!("{PLACE}:{stem}/{count:016x}"))
        } else {
            AwsId::new(format!("{stem}-{count}"))
        }
    }

    /// A new ARN of a certificate.
    pub(super) fn new_certificate_id(&mut self) -> AwsId {
        let count = self.made.entry("certificate".to_owned()).or_default();
        *count += 1;
        AwsId::new(format!("arn:aws:acm:us-east-1:123456789012:certificate/{count:016x}"))
    }

    /// The tags of a load balancer, target group, listener or rule.
    pub(super) fn tags(&self, id: &AwsId) -> Option<&Tags> {
        let load_balancer = self.load_balancers.get(id).map(|found| &found.spec.tags);
        let target_group = || self.target_groups.get(id).map(|found| &found.spec.tags);
        let listener = || self.listeners.get(id).map(|found| &found.spec.tags);
        let rule = || self.rules.get(id).map(|found| &found.tags);
        load_balancer.or_else(target_group).or_else(listener).or_else(rule)
    }

    fn tags_mut(&mut self, id: &AwsId) -> Result<&mut Tags, Refusal> {
        if let Some(found) = self.load_balancers.get_mut(id) {
            Ok(&mut found.spec.tags)
        } else if let Some(found) = self.target_groups.get_mut(id) {
            Ok(&mut found.spec.tags)
        } else if let Some(found) = self.listeners.get_mut(id) {
            Ok(&mut found.spec.tags)
        } else if let Some(found) = self.rules.get_mut(id) {
            Ok(&mut found.tags)
        } else {
            refuse("RuleNotFound", format!("nothing has the ARN '{id}'"))
        }
    }

    /// The target groups that listeners or rules use.
    pub fn used(&self) -> BTreeSet<&AwsId> {
        let defaults = self.listeners.values().map(|listener| &listener.spec.default_actions);
        let rules = self.rules.values().map(|rule| &rule.rule.actions);
        defaults.chain(rules).flat_map(|actions| forwards(actions)).collect()
    }

    /// The load balancer whose listeners or rules use a target group.
    pub(super) fn user_of(&self, target_group: &AwsId) -> Option<&AwsId> {
        let user = self.users.get(target_group)?;
        let defaults = self.listeners_of(user).map(|(_, found)| &found.spec.default_actions);
        let rules = self.rules_on(user).map(|rule| &rule.rule.actions);
        let mut used = defaults.chain(rules).flat_map(|actions| forwards(actions));
        used.any(|id| id == target_group).then_some(user)
    }
}

/// The identifiers of the target groups that actions forward to.
pub(super) fn forwards(actions: &[RuleAction]) -> impl Iterator<Item = &AwsId> {
    let groups = actions.iter().flat_map(|action| match action {
        RuleAction::Forward { groups, .. } => groups.as_slice(),
        _ => &[],
    });
    groups.filter_map(|weighted| weighted.group.given())
}

pub(super) fn given(id: &Id) -> Result<&AwsId, Refusal> {
    id.given().ok_or_else(|| Refusal(CODE_UNRESOLVED, format!("the {id} is not known yet")))
}

pub(super) fn check_tags(tags: &Tags) -> Result<Answer, Refusal> {
    if tags.len() > TAGS_MAX {
        return refuse("TooManyTags", format!("{} tags, at most {TAGS_MAX}", tags.len()));
    }
    Ok(Answer::Done)
}
