//! Listeners and rules.

use std::collections::{BTreeMap, BTreeSet};

use albedo::aws::Answer;
use albedo::model::id::{AwsId, Id};
use albedo::model::inventory::{LiveListener, LiveRule};
use albedo::model::known::{Known, Live};
use albedo::model::listener::{Listener as Spec, MutualAuthentication, Protocol};
use albedo::model::load_balancer::Attributes;
use albedo::model::marks::Tags;
use albedo::model::rule::{Condition, Rule as RuleSpec, RuleAction};

use super::balancer::{self, set_attributes};
use super::state::{State, check_tags, forwards, given};
use super::{PLACE, Refusal, echo, refuse};

/// Listeners of a load balancer (AWS quota).
const LISTENERS_MAX: usize = 50;
/// Rules of a load balancer, default ones not counted (AWS quota).
const RULES_MAX: usize = 100;
/// Certificates of a load balancer, default ones not counted (AWS quota).
const CERTIFICATES_MAX: usize = 25;
/// Values in the conditions of a rule (AWS quota).
const VALUES_MAX: usize = 5;
/// Target groups of an action (AWS quota).
const TARGET_GROUPS_MAX: usize = 5;
/// The largest priority (AWS).
const PRIORITY_MAX: u32 = 50_000;
/// The TLS policy where nobody names one (AWS, for what is made through its API).
const SSL_POLICY: &str = "ELBSecurityPolicy-2016-08";

/// Some of the attributes that AWS always tells of a listener, with its defaults.
const ATTRIBUTES: [(&str, &str); 4] = [
    ("routing.http.response.content_security_policy.header_value", ""),
    ("routing.http.response.server.enabled", "true"),
    ("routing.http.response.strict_transport_security.header_value", ""),
    ("routing.http.response.x_frame_options.header_value", ""),
];
/// Those of HTTPS listeners besides.
const TLS_ATTRIBUTES: [(&str, &str); 1] =
    [("routing.http.request.x_amzn_tls_version.header_name", "")];

/// Those of TCP listeners.
const TCP_ATTRIBUTES: [(&str, &str); 1] = [("tcp.idle_timeout.seconds", "350")];

/// The attributes of a new listener.
fn defaults(protocol: Protocol) -> Attributes {
    if protocol == Protocol::Tcp {
        return balancer::defaults(&TCP_ATTRIBUTES);
    }
    let mut all = balancer::defaults(&ATTRIBUTES);
    if protocol == Protocol::Https {
        all.extend(balancer::defaults(&TLS_ATTRIBUTES));
    }
    all
}

/// A listener that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub load_balancer: AwsId,
    pub port: u16,
    pub spec: Spec,
    pub attributes: Attributes,
}

/// A rule that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub listener: AwsId,
    pub priority: u32,
    pub rule: RuleSpec,
    pub tags: Tags,
}

impl Listener {
    pub(super) fn read(&self, id: &AwsId) -> LiveListener {
        let spec = Spec { tags: Tags::new(), ..self.spec.clone() };
        LiveListener {
            port: self.port,
            live: Live { id: id.clone(), spec },
            attributes: Known::Unread,
            rules: Vec::new(),
        }
    }

    /// What AWS answers to a write: without the certificates beyond the default one.
    fn answer(&self, id: &AwsId) -> Answer {
        let mut read = self.read(id);
        read.live.spec.certificates.clear();
        Answer::Listener(read)
    }
}

impl Rule {
    pub(super) fn read(&self, id: &AwsId) -> LiveRule {
        LiveRule {
            id: id.clone(),
            priority: self.priority,
            rule: self.rule.clone(),
            tags: Tags::new(),
        }
    }
}

impl State {
    pub(super) fn listeners_of(
        &self,
        load_balancer: &AwsId,
    ) -> impl Iterator<Item = (&AwsId, &Listener)> {
        let stem = stem(load_balancer, "loadbalancer", "listener");
        let mut on_it: Vec<_> = under(&self.listeners, &stem).collect();
        on_it.sort_by_key(|(_, listener)| listener.port);
        on_it.into_iter()
    }

    /// The rules of all listeners of a load balancer.
    pub(super) fn rules_on(&self, load_balancer: &AwsId) -> impl Iterator<Item = &Rule> {
        under(&self.rules, &stem(load_balancer, "loadbalancer", "listener-rule"))
            .map(|(_, rule)| rule)
    }

    pub(super) fn create_listener(
        &mut self,
        load_balancer: &AwsId,
        port: u16,
        spec: &Spec,
    ) -> Result<Answer, Refusal> {
        self.load_balancer(load_balancer)?;
        check_tags(&spec.tags)?;
        check_secrets(&spec.default_actions, &[])?;
        let spec = self.checked_listener(load_balancer, spec)?;
        let same = self.listeners_of(load_balancer).find(|(_, listener)| listener.port == port);
        if let Some((id, listener)) = same {
            let mut as_asked = spec.clone();
            as_asked.tags.clone_from(&listener.spec.tags);
            as_asked.certificates.clone_from(&listener.spec.certificates);
            if as_asked == listener.spec {
                return Ok(listener.answer(id));
            }
            let message = format!("a listener already exists on port {port}");
            return refuse("DuplicateListener", message);
        }
        if self.listeners_of(load_balancer).count() >= LISTENERS_MAX {
            return refuse("TooManyListeners", format!("at most {LISTENERS_MAX}"));
        }
        let stem = stem(load_balancer, "loadbalancer", "listener");
        let id = self.new_id(&stem);
        let attributes = defaults(spec.protocol);
        let made = Listener { load_balancer: load_balancer.clone(), port, spec, attributes };
        let answer = made.answer(&id);
        self.listeners.insert(id, made);
        Ok(answer)
    }

    pub(super) fn modify_listener(
        &mut self,
        id: &AwsId,
        port: u16,
        spec: &Spec,
    ) -> Result<Answer, Refusal> {
        let listener = self.listener(id)?;
        check_secrets(&spec.default_actions, &listener.spec.default_actions)?;
        let load_balancer = listener.load_balancer.clone();
        let asked = spec.mutual_authentication.clone();
        let mut spec = self.checked_listener(&load_balancer, spec)?;
        if self.listeners_of(&load_balancer).any(|(other, found)| other != id && found.port == port)
        {
            let message = format!("a listener already exists on port {port}");
            return refuse("DuplicateListener", message);
        }
        let Some(listener) = self.listeners.get_mut(id) else { return unknown_listener(id) };
        spec.tags.clone_from(&listener.spec.tags);
        // What still applies stays.
        let mut attributes = defaults(spec.protocol);
        for (key, value) in attributes.clone().keys().zip(attributes.values_mut()) {
            if let Some(held) = listener.attributes.get(key) {
                value.clone_from(held);
            }
        }
        listener.attributes = attributes;
        if spec.protocol == Protocol::Https {
            if asked.is_none() && listener.spec.protocol == Protocol::Https {
                spec.mutual_authentication.clone_from(&listener.spec.mutual_authentication);
            }
            spec.certificates.clone_from(&listener.spec.certificates);
        }
        listener.spec = spec;
        listener.port = port;
        Ok(listener.answer(id))
    }

    pub(super) fn modify_listener_attributes(
        &mut self,
        id: &AwsId,
        attributes: &Attributes,
    ) -> Result<Answer, Refusal> {
        let Some(listener) = self.listeners.get_mut(id) else { return unknown_listener(id) };
        set_attributes(&mut listener.attributes, attributes)
    }

    /// A wish as it stands once it is granted: with AWS's defaults, and without further
    /// certificates.
    fn checked_listener(&mut self, load_balancer: &AwsId, spec: &Spec) -> Result<Spec, Refusal> {
        self.check_actions(load_balancer, &spec.default_actions)?;
        let mut spec = spec.clone();
        spec.default_actions = echo::actions(&spec.default_actions);
        spec.certificates = BTreeSet::new();
        match (spec.protocol, &spec.default_certificate, &spec.ssl_policy) {
            (Protocol::Https, None, _) => {
                refuse("ValidationError", "a certificate must be specified for HTTPS listeners")
            }
            (Protocol::Http, _, Some(_)) => {
                refuse("ValidationError", "an SSL policy cannot be specified for HTTP listeners")
            }
            (Protocol::Http, Some(_), None) => {
                refuse("ValidationError", "certificates cannot be specified for HTTP listeners")
            }
            (Protocol::Https, Some(certificate), _) => {
                self.check_certificate(given(certificate)?)?;
                spec.ssl_policy.get_or_insert_with(|| SSL_POLICY.to_owned());
                let asked = spec.mutual_authentication.get_or_insert(MutualAuthentication::Off);
                if let MutualAuthentication::Verify { trust_store, .. } = asked
                    && !self.trust_stores.values().any(|known| known == trust_store)
                {
                    return refuse("TrustStoreNotFound", format!("'{trust_store}' not found"));
                }
                Ok(spec)
            }
            (Protocol::Http | Protocol::Tcp, None, None) => Ok(spec),
            (Protocol::Tcp, _, _) => {
                refuse("ValidationError", "certificates cannot be specified for TCP listeners")
            }
        }
    }

    pub(super) fn delete_listener(&mut self, id: &AwsId) -> Result<Answer, Refusal> {
        let listener = self.listener(id)?;
        if self.is_target(&listener.load_balancer, Some(listener.port)) {
            return refuse("ResourceInUse", format!("'{id}' is a target"));
        }
        self.listeners.remove(id);
        self.rules.retain(|_, rule| rule.listener != *id);
        Ok(Answer::Done)
    }

    pub(super) fn add_certificate(
        &mut self,
        id: &AwsId,
        certificate: &AwsId,
    ) -> Result<Answer, Refusal> {
        let load_balancer = self.listener(id)?.load_balancer.clone();
        self.check_certificate(certificate)?;
        let Some(listener) = self.listeners.get_mut(id) else { return unknown_listener(id) };
        listener.spec.certificates.insert(Id::Is(certificate.clone()));
        let all = self.listeners_of(&load_balancer).map(|(_, found)| found.spec.certificates.len());
        if all.sum::<usize>() > CERTIFICATES_MAX {
            return refuse("TooManyCertificates", format!("at most {CERTIFICATES_MAX}"));
        }
        Ok(Answer::Done)
    }

    pub(super) fn remove_certificate(
        &mut self,
        id: &AwsId,
        certificate: &AwsId,
    ) -> Result<Answer, Refusal> {
        let Some(listener) = self.listeners.get_mut(id) else { return unknown_listener(id) };
        let certificate = Id::Is(certificate.clone());
        let was_there = listener.spec.certificates.remove(&certificate);
        if !was_there && listener.spec.default_certificate == Some(certificate) {
            return refuse("OperationNotPermitted", "default certificate cannot be removed");
        }
        Ok(Answer::Done)
    }

    pub(super) fn create_rule(
        &mut self,
        listener: &AwsId,
        priority: u32,
        spec: &RuleSpec,
        tags: &Tags,
    ) -> Result<Answer, Refusal> {
        let load_balancer = self.listener(listener)?.load_balancer.clone();
        check_tags(tags)?;
        check_secrets(&spec.actions, &[])?;
        let rule = self.checked_rule(&load_balancer, spec)?;
        check_priority(priority)?;
        let is_taken = |rule: &Rule| rule.listener == *listener && rule.priority == priority;
        if self.rules_on(&load_balancer).any(is_taken) {
            return refuse("PriorityInUse", format!("priority '{priority}' is currently in use"));
        }
        if self.rules_on(&load_balancer).count() >= RULES_MAX {
            return refuse("TooManyRules", format!("at most {RULES_MAX}"));
        }
        let id = self.new_id(&stem(listener, "listener", "listener-rule"));
        let made = Rule { listener: listener.clone(), priority, rule, tags: tags.clone() };
        let read = made.read(&id);
        self.rules.insert(id, made);
        Ok(Answer::Rules(vec![read]))
    }

    pub(super) fn modify_rule(&mut self, id: &AwsId, spec: &RuleSpec) -> Result<Answer, Refusal> {
        check_secrets(&spec.actions, &self.rule(id)?.rule.actions)?;
        let listener = self.listener(&self.rule(id)?.listener)?;
        let checked = self.checked_rule(&listener.load_balancer.clone(), spec)?;
        let Some(rule) = self.rules.get_mut(id) else { return unknown_rule(id) };
        rule.rule = checked;
        Ok(Answer::Rules(vec![rule.read(id)]))
    }

    fn checked_rule(
        &mut self,
        load_balancer: &AwsId,
        spec: &RuleSpec,
    ) -> Result<RuleSpec, Refusal> {
        let values = spec.conditions.iter().map(Condition::count);
        if spec.conditions.is_empty() {
            return refuse("ValidationError", "a condition must be specified");
        }
        if values.sum::<usize>() > VALUES_MAX {
            let message = format!("a rule can only have '{VALUES_MAX}' condition values");
            return refuse("ValidationError", message);
        }
        self.check_actions(load_balancer, &spec.actions)?;
        Ok(RuleSpec { actions: echo::actions(&spec.actions), ..spec.clone() })
    }

    pub(super) fn set_priorities(
        &mut self,
        priorities: &[(AwsId, u32)],
    ) -> Result<Answer, Refusal> {
        for (id, priority) in priorities {
            check_priority(*priority)?;
            match self.rules.get_mut(id) {
                Some(rule) => rule.priority = *priority,
                None => return unknown_rule(id),
            }
        }
        // Only the order that comes out counts (AWS).
        let mut taken = BTreeSet::new();
        let stands =
            |id: &AwsId| Some(&self.listeners.get(&self.rules.get(id)?.listener)?.load_balancer);
        let load_balancers: BTreeSet<&AwsId> =
            priorities.iter().filter_map(|(id, _)| stands(id)).collect();
        for rule in load_balancers.into_iter().flat_map(|id| self.rules_on(id)) {
            if !taken.insert((&rule.listener, rule.priority)) {
                let message = format!("priority '{}' is currently in use", rule.priority);
                return refuse("PriorityInUse", message);
            }
        }
        let moved = priorities.iter().filter_map(|(id, _)| Some(self.rules.get(id)?.read(id)));
        Ok(Answer::Rules(moved.collect()))
    }

    pub(super) fn delete_rule(&mut self, id: &AwsId) -> Result<Answer, Refusal> {
        self.rule(id)?;
        self.rules.remove(id);
        Ok(Answer::Done)
    }

    /// Checks what is asked for. What is led to from now on is known to be.
    fn check_actions(
        &mut self,
        load_balancer: &AwsId,
        actions: &[RuleAction],
    ) -> Result<(), Refusal> {
        if actions.is_empty() {
            return refuse("ValidationError", "an action must be specified");
        }
        if actions.iter().any(|action| matches!(action, RuleAction::Foreign(_))) {
            return refuse(albedo::aws::error::CODE_FOREIGN, "what is foreign cannot be asked for");
        }
        if forwards(actions).count() > TARGET_GROUPS_MAX {
            return refuse("TooManyTargetGroups", format!("at most {TARGET_GROUPS_MAX}"));
        }
        for target_group in forwards(actions) {
            self.target_group(target_group)?;
            if self.user_of(target_group).is_some_and(|user| user != load_balancer) {
                let message = format!("'{target_group}' has another load balancer");
                return refuse("TargetGroupAssociationLimit", message);
            }
            self.users.insert(target_group.clone(), load_balancer.clone());
        }
        Ok(())
    }

    fn check_certificate(&self, certificate: &AwsId) -> Result<(), Refusal> {
        if self.certificates.contains(certificate) {
            Ok(())
        } else {
            refuse("CertificateNotFound", format!("certificate '{certificate}' not found"))
        }
    }

    pub(super) fn listener(&self, id: &AwsId) -> Result<&Listener, Refusal> {
        self.listeners.get(id).map_or_else(|| unknown_listener(id), Ok)
    }

    fn rule(&self, id: &AwsId) -> Result<&Rule, Refusal> {
        self.rules.get(id).map_or_else(|| unknown_rule(id), Ok)
    }
}

/// A client's secret is given, or there is one to go on using.
fn check_secrets(actions: &[RuleAction], standing: &[RuleAction]) -> Result<(), Refusal> {
    let logs_in = |action: &RuleAction| matches!(action, RuleAction::AuthenticateOidc(_));
    let lacks_one = |action: &RuleAction| match action {
        RuleAction::AuthenticateOidc(oidc) => match &oidc.client_secret {
            Some(secret) => secret.given().is_none(),
            None => !standing.iter().any(logs_in),
        },
        _ => false,
    };
    if actions.iter().any(lacks_one) {
        return refuse("InvalidLoadBalancerAction", "you must specify a client secret");
    }
    Ok(())
}

fn unknown_listener<T>(id: &AwsId) -> Result<T, Refusal> {
    refuse("ListenerNotFound", format!("listener '{id}' not found"))
}

fn unknown_rule<T>(id: &AwsId) -> Result<T, Refusal> {
    refuse("RuleNotFound", format!("rule '{id}' not found"))
}

fn check_priority(priority: u32) -> Result<(), Refusal> {
    if (1..=PRIORITY_MAX).contains(&priority) {
        Ok(())
    } else {
        refuse(
            "ValidationError",
            format!("priority '{priority}' is not within 1 to {PRIORITY_MAX}"),
        )
    }
}

/// The part of an ARN after the account, under another kind: what hangs on a thing has its ARN and
/// more.
fn stem(id: &AwsId, from: &str, to: &str) -> String {
    let (_, resource) = id.as_str().rsplit_once(':').unwrap_or_default();
    resource.replacen(from, to, 1)
}

/// What hangs on the thing that a stem is of, found by its ARN: at the same cost however much
/// stands.
fn under<'a, T>(
    things: &'a BTreeMap<AwsId, T>,
    stem: &str,
) -> impl Iterator<Item = (&'a AwsId, &'a T)> + use<'a, T> {
    let start = format!("{PLACE}:{stem}/");
    let from = AwsId::new(start.as_str());
    things.range(from..).take_while(move |(id, _)| id.as_str().starts_with(&start))
}
