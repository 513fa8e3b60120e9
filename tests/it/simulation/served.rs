//! What clients get: which hosts and paths are served, by healthy targets, and where names lead.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::backend::BackendKey;
use albedo::model::flat::FlatMap;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::marks::{
    DESCRIPTION_SHARED_RULE, RESOURCE_BACKEND_SECURITY_GROUP, TAG_CLUSTER, TAG_CLUSTER_RESOURCE,
    TAG_RESOURCE, TAG_STACK, Tags,
};
use albedo::model::ownership::{Ownership, TxtNames};
use albedo::model::record::{Record, RecordKey, RecordType, RecordValue};
use albedo::model::rule::{Condition, Rule, RuleAction};
use albedo::model::snapshot::Objects;
use albedo::model::target::{Target, TargetState};

use super::attack;
use crate::support::fake::{State, Zone};

/// Us: the cluster, and whose its records are (`support::world::settings`).
pub const US: Keeper = Keeper { cluster: "demo", owner: "default" };

/// What stands for the path of requests that no rule is for.
pub const BY_DEFAULT: &str = "by default";

/// Whoever keeps what a cluster has in AWS.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    /// The name of the cluster.
    pub cluster: &'static str,
    /// The owner of its records.
    pub owner: &'static str,
}

impl Keeper {
    /// Whether a thing with these tags is the keeper's.
    pub fn has(self, tags: &Tags) -> bool {
        tags.get(TAG_CLUSTER).is_some_and(|cluster| cluster == self.cluster)
    }

    /// Whether a record is the keeper's: by the TXT record beside it, and by the load balancer that
    /// it leads to, since several clusters may have one owner id. A TXT record is whose the record
    /// is that it speaks of.
    pub fn keeps(self, state: &State, zone: &Zone, record: &Record) -> bool {
        if record.key.record_type != RecordType::Txt {
            return self.owned(state, zone, record).is_some();
        }
        let speaks_of = |other: &&Record| {
            other.key.set_identifier == record.key.set_identifier
                && txt_names(zone, &other.key).contains(&record.key.name)
        };
        let mut about = zone.records.values().filter(speaks_of);
        said(record).is_some_and(|found| found.owner == self.owner)
            && !about.any(|record| self.leads_away(state, record))
    }

    /// What is said of whose a record is that is the keeper's and no TXT record.
    fn owned(self, state: &State, zone: &Zone, record: &Record) -> Option<Ownership> {
        let found = ownership(zone, record).filter(|found| found.owner == self.owner)?;
        (!self.leads_away(state, record)).then_some(found)
    }

    /// Whether a record leads to a load balancer that is not the keeper's.
    fn leads_away(self, state: &State, record: &Record) -> bool {
        let target = record.alias_target().map(AwsId::as_str).unwrap_or_default();
        let mut all = state.load_balancers.values();
        all.any(|found| leads_to(target, &found.spec.name) && !self.has(&found.spec.tags))
    }
}

/// Whether a thing with these tags is ours.
pub fn is_ours(tags: &Tags) -> bool {
    US.has(tags)
}

/// The names of the TXT records that may say whose a record is.
fn txt_names(zone: &Zone, key: &RecordKey) -> Vec<String> {
    TxtNames::default().all(&zone.zone.name, &key.name, key.record_type).collect()
}

/// What the TXT record beside a record says of whose it is.
fn ownership(zone: &Zone, record: &Record) -> Option<Ownership> {
    txt_names(zone, &record.key).into_iter().find_map(|name| {
        let key = RecordKey { name, record_type: RecordType::Txt, ..record.key.clone() };
        said(zone.records.get(&key)?)
    })
}

/// What a TXT record says.
fn said(txt: &Record) -> Option<Ownership> {
    let RecordValue::Values { values, .. } = &txt.value else { return None };
    Ownership::parse(values.first()?)
}

/// The target groups that requests are sent to.
fn groups(actions: &[RuleAction]) -> impl Iterator<Item = &AwsId> {
    let all = actions.iter().flat_map(RuleAction::target_groups);
    all.filter(|weighted| weighted.weight != Some(0)).filter_map(|weighted| weighted.group.given())
}

/// What clients get: hosts and paths that are served, and names that lead somewhere.
pub fn all(state: &State) -> BTreeSet<String> {
    let records = our_records(state).into_iter();
    records.map(|(_, key)| name(&key.name)).chain(paths(state)).collect()
}

/// A name, told apart from hosts with paths.
pub fn name(host: &str) -> String {
    format!("the name {host}")
}

/// Whether this is a name of a host that no rule of ours which forwards anything is for.
pub fn is_useless_name(state: &State, what: &str) -> bool {
    let Some(host) = what.strip_prefix("the name ") else { return false };
    let start = format!("{host}/");
    !paths(state).iter().any(|path| path.starts_with(&start))
}

/// The hosts and paths that some load balancer of ours forwards to target groups, whichever.
fn paths(state: &State) -> BTreeSet<String> {
    let ours = state.rules.values().filter(|rule| {
        let listener = state.listeners.get(&rule.listener);
        let balancer = listener.and_then(|found| state.load_balancers.get(&found.load_balancer));
        balancer.is_some_and(|found| is_ours(&found.spec.tags))
    });
    let serving = ours.filter(|rule| groups(&rule.rule.actions).next().is_some());
    serving.flat_map(|rule| of_rule(&rule.rule)).collect()
}

/// The hosts with paths that a rule is for.
pub fn of_rule(rule: &Rule) -> Vec<String> {
    let (mut hosts, mut paths) = (vec!["any".into()], vec!["/*".into()]);
    for condition in &rule.conditions {
        match condition {
            Condition::Host(values) => hosts.clone_from(values),
            Condition::Path(values) => paths.clone_from(values),
            _ => {}
        }
    }
    hosts.iter().flat_map(|host| paths.iter().map(move |path| format!("{host}{path}"))).collect()
}

/// A target group and a target in it.
pub type Member = (String, Target);

/// The target groups of ours that requests are sent to, each with its healthy targets.
fn healthy(state: &State) -> BTreeMap<String, BTreeSet<Member>> {
    let rules = state.rules.values().map(|rule| &rule.rule.actions);
    let defaults = state.listeners.values().map(|found| &found.spec.default_actions);
    let used: BTreeSet<&AwsId> =
        rules.chain(defaults).flat_map(|actions| groups(actions)).collect();
    used.into_iter().map(|id| (id.to_string(), members(state, id))).collect()
}

fn members(state: &State, id: &AwsId) -> BTreeSet<Member> {
    let group = state.target_groups.get(id).into_iter();
    let targets = group.flat_map(|group| &group.targets);
    let healthy = targets.filter(|(_, state)| **state == TargetState::Healthy);
    healthy.map(|(target, _)| (id.to_string(), target.clone())).collect()
}

/// Whether a rule is for such requests.
pub fn is_for(rule: &Rule, path: &str) -> bool {
    of_rule(rule).iter().any(|own| covers(own, path))
}

/// Whether requests for a host with a path are among those for another one.
pub fn covers(own: &str, asked: &str) -> bool {
    // A rule that names no host is for every one.
    let (own, asked) = match own.strip_prefix("any/") {
        Some(_) => (&own["any".len()..], asked.find('/').map_or(asked, |start| &asked[start..])),
        None => (own, asked),
    };
    asked == own || own.strip_suffix('*').is_some_and(|start| asked.starts_with(start))
}

/// What answers requests: the actions, and the rule that has them if one has.
type Answering<'s> = (Option<&'s Rule>, &'s [RuleAction]);

/// Listeners with a host and a path that some rule names, each with what answers such requests.
fn answering(state: &State) -> BTreeMap<String, Answering<'_>> {
    let mut answering = BTreeMap::new();
    for (id, listener) in &state.listeners {
        let mut rules: Vec<_> = state.rules.values().filter(|rule| rule.listener == *id).collect();
        rules.sort_by_key(|rule| rule.priority);
        let rules: Vec<_> = rules.iter().map(|rule| (&rule.rule, of_rule(&rule.rule))).collect();
        for path in rules.iter().flat_map(|(_, paths)| paths) {
            // Of rules for the same requests the first one counts.
            let is_first = |(_, own): &&(_, Vec<String>)| own.iter().any(|own| covers(own, path));
            let Some((rule, _)) = rules.iter().find(is_first) else { continue };
            answering.insert(format!("{id} {path}"), (Some(*rule), rule.actions.as_slice()));
        }
        // Where nobody asks for a default, requests that no rule is for are not found.
        let actions = listener.spec.default_actions.as_slice();
        if groups(actions).next().is_some() {
            answering.insert(format!("{id} {BY_DEFAULT}"), (None, actions));
        }
    }
    answering
}

/// Listeners with a host and a path, each with the healthy targets that such requests reach.
fn reached(
    state: &State,
    answering: &BTreeMap<String, Answering<'_>>,
) -> BTreeMap<String, BTreeSet<Member>> {
    let reach = |actions| groups(actions).flat_map(|id| members(state, id)).collect();
    answering.iter().map(|(what, (_, actions))| (what.clone(), reach(actions))).collect()
}

/// Listeners with a host and a path whose requests reach healthy targets.
pub fn reaching(state: &State) -> BTreeSet<String> {
    let reached = reached(state, &answering(state)).into_iter();
    reached.filter(|(_, targets)| !targets.is_empty()).map(|(what, _)| what).collect()
}

/// Listeners with a host and a path, each with the target groups that are to get its requests and
/// get none yet: by a rule for the path itself, or by the one that answers it.
pub fn attached(state: &State) -> BTreeSet<(String, AwsId)> {
    let rules = state.rules.values().flat_map(|rule| {
        let paths = of_rule(&rule.rule).into_iter();
        paths.map(|path| (format!("{} {path}", rule.listener), rule.rule.actions.as_slice()))
    });
    let answering = answering(state).into_iter().map(|(what, (_, actions))| (what, actions));
    let each = rules.chain(answering).flat_map(|(what, actions)| {
        let all = actions.iter().flat_map(RuleAction::target_groups);
        let waiting = all.filter(|weighted| weighted.weight == Some(0));
        waiting.filter_map(move |weighted| Some((what.clone(), weighted.group.given()?.clone())))
    });
    each.collect()
}

/// What had healthy targets, still is there and has none.
fn lost(
    old: BTreeMap<String, BTreeSet<Member>>,
    new: &BTreeMap<String, BTreeSet<Member>>,
) -> Vec<(String, BTreeSet<Member>)> {
    let lost = old.into_iter().filter(|(what, targets)| {
        !targets.is_empty() && new.get(what).is_some_and(BTreeSet::is_empty)
    });
    lost.collect()
}

/// Target groups that lost their last healthy target.
pub fn without_health(before: &State, after: &State) -> Vec<(String, BTreeSet<Member>)> {
    lost(healthy(before), &healthy(after))
}

/// Hosts and paths that no longer reach any healthy target. What several rules answer, each some of
/// it, is nobody's to hand over to a rule that comes in front of them.
pub fn out_of_reach(before: &State, after: &State) -> Vec<(String, BTreeSet<Member>)> {
    let (old, new) = (answering(before), answering(after));
    let is_handed_over = |what: &String| {
        let (Some(rule), Some(new)) = (old[what].0, new[what].0) else { return true };
        let (listener, _) = what.split_once(' ').unwrap();
        let mut standing = old.iter().filter_map(|(what, (rule, _))| {
            let (of, path) = what.split_once(' ').unwrap();
            rule.filter(|_| of == listener && is_for(new, path))
        });
        of_rule(new).iter().all(|path| is_for(rule, path)) && standing.all(|other| other == rule)
    };
    let mut lost = lost(reached(before, &old), &reached(after, &new));
    lost.retain(|(what, _)| is_handed_over(what));
    lost
}

/// Whether a binding that stays ties a target to a target group, and its Service, which has been as
/// it is for some time, shows it as ready.
pub fn is_ready(
    objects: &Objects,
    (group, target): &Member,
    is_old: impl Fn(&ObjectKey) -> bool,
) -> bool {
    let bound = objects.bindings.iter().filter(|(_, binding)| {
        !binding.leaving
            && binding.spec.target_group_arn.as_ref().is_some_and(|arn| arn.as_str() == group)
    });
    let mut services = bound.map(|(key, binding)| {
        ObjectKey::new(key.namespace.clone(), binding.spec.service_ref.name.clone())
    });
    if target.id.starts_with("i-") {
        return services
            .any(|service| is_old(&service) && is_node_port(objects, &service, target.port))
            && is_node(objects, &target.id, is_old);
    }
    services.any(|service| {
        let slices = objects.slices.get(&service).into_iter().flat_map(FlatMap::values);
        let mut serving =
            slices.filter(|slice| slice.ports.iter().any(|port| port.port == target.port));
        is_old(&service)
            && objects.services.contains_key(&service)
            && serving.any(|slice| {
                // Without a pod nobody can tell whose an address is (LBC).
                let mut with_pods = slice.endpoints.iter().filter(|found| found.pod.is_some());
                with_pods.any(|endpoint| {
                    endpoint.address == target.id && endpoint.ready && !endpoint.terminating
                })
            })
    })
}

/// Whether nodes listen on a port for a Service.
fn is_node_port(objects: &Objects, service: &ObjectKey, port: u16) -> bool {
    let service = objects.services.get(service);
    service.is_some_and(|found| found.ports.iter().any(|found| found.node_port == Some(port)))
}

/// Whether a node, which has been as it is for some time, is this instance and takes requests.
fn is_node(objects: &Objects, id: &str, is_old: impl Fn(&ObjectKey) -> bool) -> bool {
    objects.nodes.iter().any(|(name, node)| {
        node.instance.as_deref() == Some(id)
            && node.ready == "True"
            && !node.excluded
            && is_old(&ObjectKey::new("", name.clone()))
    })
}

/// The addresses of pods that are registered with us.
pub fn our_targets(state: &State) -> Vec<String> {
    let ours = state.target_groups.values().filter(|group| is_ours(&group.spec.tags));
    let all = ours.flat_map(|group| group.targets.keys()).map(|target| target.id.to_string());
    all.filter(|id| !id.starts_with("i-")).collect()
}

/// The namespace that a target group was made for.
fn namespace_of<'s>(state: &'s State, id: &AwsId) -> Option<&'s str> {
    BackendKey::namespace_in(state.target_groups.get(id)?.spec.tags.get(TAG_RESOURCE)?)
}

/// The namespaces that a rule leads to.
fn led_to<'s>(state: &'s State, rule: &'s Rule) -> impl Iterator<Item = &'s str> {
    let groups = rule.actions.iter().flat_map(RuleAction::target_groups);
    groups.filter_map(move |weighted| namespace_of(state, weighted.group.given()?))
}

/// What of a namespace stands that a policy does not allow it: rules for hosts, or those on load
/// balancers that it shares.
pub fn forbidden(state: &State, namespace: &str, is_shared: bool) -> Vec<String> {
    let of_host = |rule: &Rule| rule.conditions.iter().any(|one| matches!(one, Condition::Host(_)));
    let on_shared = |listener: &AwsId| {
        let listener = state.listeners.get(listener);
        let balancer = listener.and_then(|found| state.load_balancers.get(&found.load_balancer));
        let stack = balancer.and_then(|found| found.spec.tags.get(TAG_STACK));
        stack.is_some_and(|stack| !stack.contains('/'))
    };
    let standing = state.rules.values().filter(|found| {
        let is_theirs = led_to(state, &found.rule).any(|of| of == namespace);
        is_theirs && if is_shared { on_shared(&found.listener) } else { of_host(&found.rule) }
    });
    standing.map(|found| format!("{} stands though it is not allowed", found.rule)).collect()
}

/// Whether a rule answers by itself that a Service does not exist, which is said of attackers' only
/// if they have been seen before their Service, and takes no requests of anybody else's.
fn is_nobodys(state: &State, id: &AwsId) -> bool {
    let Some(found) = state.rules.get(id) else { return false };
    let hosts: Vec<_> = found.rule.hosts().into_iter().flatten().collect();
    let are_theirs = !hosts.is_empty() && hosts.iter().all(|host| host.starts_with("evil"));
    are_theirs && found.rule.actions.iter().all(|action| action.target_groups().is_empty())
}

/// What stands without what is the attackers', and without what all share that have targets: what
/// nodes let in, and whom.
pub fn without(state: &State) -> State {
    let is_theirs = |tags: &Tags| {
        tags.iter().any(|(_, value)| value.starts_with(&format!("{}/", attack::NAMESPACE)))
    };
    let mut rest = state.clone();
    rest.load_balancers.retain(|_, found| !is_theirs(&found.spec.tags));
    let balancers = &rest.load_balancers;
    rest.listeners.retain(|_, found| balancers.contains_key(&found.load_balancer));
    let listeners = &rest.listeners;
    rest.rules.retain(|id, found| {
        listeners.contains_key(&found.listener)
            && !led_to(state, &found.rule).any(|of| of == attack::NAMESPACE)
            && !is_nobodys(state, id)
    });
    rest.target_groups.retain(|_, found| !is_theirs(&found.spec.tags));
    rest.security_groups.retain(|_, found| {
        let resource = found.spec.tags.get(TAG_CLUSTER_RESOURCE);
        let is_backend = resource.is_some_and(|name| name == RESOURCE_BACKEND_SECURITY_GROUP);
        !is_theirs(&found.spec.tags) && !is_backend
    });
    for group in rest.security_groups.values_mut() {
        group.rules.retain(|_, text| text != DESCRIPTION_SHARED_RULE);
    }
    rest.imported.retain(|_, found| !is_theirs(&found.tags));
    let theirs = owned(state).into_iter().filter(|(_, _, owner)| {
        owner.source().is_some_and(|source| source.namespace() == attack::NAMESPACE)
    });
    for (id, key, _) in theirs {
        rest.zones.get_mut(&id).into_iter().for_each(|zone| forget(zone, &key));
    }
    // Numbers of rules, which are in a tag as well (LBC), depend on what others have.
    let mut order: Vec<(AwsId, u32, AwsId)> = Vec::new();
    order.extend(rest.rules.iter().map(|(id, it)| (it.listener.clone(), it.priority, id.clone())));
    order.sort();
    for (place, (_, _, id)) in (1..).zip(order) {
        if let Some(rule) = rest.rules.get_mut(&id) {
            rule.priority = place;
            rule.tags.remove(TAG_RESOURCE);
        }
    }
    rest
}

/// Where our names lead to, by DNS names.
fn leading(state: &State) -> Vec<(String, String)> {
    let ours = our_records(state).into_iter();
    let all = ours.filter_map(|(id, key)| {
        let target = state.zones[&id].records[&key].alias_target()?.to_string();
        Some((key.name, target))
    });
    all.collect()
}

/// The records of ours that lead somewhere, each with its zone.
pub fn our_records(state: &State) -> Vec<(AwsId, RecordKey)> {
    owned(state).into_iter().map(|(id, key, _)| (id, key)).collect()
}

/// The names of ours, each with its set identifier and with the Ingress that it is for.
pub fn holders(state: &State) -> BTreeMap<(String, Option<String>), ObjectKey> {
    let ours = owned(state).into_iter();
    let each = ours
        .filter_map(|(_, key, owner)| Some(((key.name, key.set_identifier), owner.source()?.key)));
    each.collect()
}

/// The names of ours that lead to nothing of this cluster, each with its zone and the Ingress that
/// it is for.
pub fn elsewhere(state: &State) -> Vec<(AwsId, RecordKey, ObjectKey)> {
    let all = owned(state).into_iter().filter_map(|(id, key, owner)| {
        let is_given = state.zones[&id].records[&key].alias_target().is_none();
        is_given.then_some((id, key, owner.source()?.key))
    });
    all.collect()
}

/// The TXT records of ours that speak of nothing that stands, at names that we have all the same.
pub fn idle_texts(state: &State) -> Vec<(AwsId, RecordKey)> {
    let names: BTreeSet<String> = our_records(state).into_iter().map(|(_, key)| key.name).collect();
    let all = state.zones.iter().flat_map(|(id, zone)| {
        let ours = zone.records.values().filter(move |record| US.keeps(state, zone, record));
        let texts = ours.map(|record| &record.key).filter(|key| key.record_type == RecordType::Txt);
        let names = &names;
        let idle = texts.filter(move |text| {
            let speaks_of = |other: &&RecordKey| {
                other.set_identifier == text.set_identifier
                    && LEADING.contains(&other.record_type)
                    && txt_names(zone, other).contains(&text.name)
            };
            let of_name = names.iter().any(|name| text.name.ends_with(name.as_str()));
            of_name && !zone.records.keys().any(|other| speaks_of(&other))
        });
        idle.map(|key| (id.clone(), key.clone()))
    });
    all.collect()
}

/// Takes a record away, and the TXT records that say whose it is.
pub fn forget(zone: &mut Zone, key: &RecordKey) {
    let txts = txt_names(zone, key);
    zone.records.retain(|held, _| {
        let is_beside = held.record_type == RecordType::Txt
            && held.set_identifier == key.set_identifier
            && txts.contains(&held.name);
        held != key && !is_beside
    });
}

/// The types of the records that lead somewhere.
const LEADING: [RecordType; 3] = [RecordType::A, RecordType::Aaaa, RecordType::Cname];

/// The records of ours that lead somewhere, each with its zone, and whose they are.
fn owned(state: &State) -> Vec<(AwsId, RecordKey, Ownership)> {
    let all = state.zones.iter().flat_map(|(id, zone)| {
        let leading =
            zone.records.values().filter(|record| LEADING.contains(&record.key.record_type));
        leading.filter_map(move |record| {
            Some((id.clone(), record.key.clone(), US.owned(state, zone, record)?))
        })
    });
    all.collect()
}

/// What comes after the name of a load balancer in its DNS name.
const DNS_NAME_END: &str = "-1234567890.us-east-1.elb.amazonaws.com";

/// Whether an alias leads to a load balancer of this name.
fn leads_to(target: &str, name: &str) -> bool {
    before(target, DNS_NAME_END).and_then(|start| before(start, name)).is_some()
}

/// What comes before an end, however that is spelled.
fn before<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let (start, found) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    found.eq_ignore_ascii_case(end).then_some(start)
}

/// The names that lead to a load balancer, in words.
pub fn names_of(state: &State, id: &AwsId) -> Vec<String> {
    let Some(found) = state.load_balancers.get(id) else { return Vec::new() };
    let to_it = leading(state).into_iter().filter(|(_, to)| leads_to(to, &found.spec.name));
    to_it.map(|(name, _)| format!("{name} leads to {}", found.spec.name)).collect()
}

/// The names of ours that lead to no load balancer.
pub fn lost_names(state: &State) -> BTreeSet<String> {
    let is_lost =
        |to: &String| !state.load_balancers.values().any(|found| leads_to(to, &found.spec.name));
    let lost = leading(state).into_iter().filter(|(_, to)| is_lost(to));
    lost.map(|(name, to)| format!("{name} leads to {to}, which does not stand")).collect()
}
