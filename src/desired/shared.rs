//! What the members of a group share, and who may join it: who is let in first wins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::flat::FlatMap;
use crate::model::frontend_nlb::FrontendNlbWish;
use crate::model::id::{AwsId, Id};
use crate::model::listener::{ListenerWish, MutualAuthentication, Protocol};
use crate::model::load_balancer::{Attributes, IpAddressType, LoadBalancerWish};
use crate::model::marks::Tags;
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::protection::ProtectionWish;
use crate::model::rule::RuleAction;
use crate::model::settings::Settings;
use crate::model::source::Source;

use super::annotations::MEANWHILE;
use super::annotations::table::{
    Annotation, CAPACITY, CUSTOMER_OWNED_POOL, INBOUND_CIDRS, IP_ADDRESS_TYPE, IPV4_POOL,
    LISTEN_PORTS, LISTENER_ATTRIBUTES, LOAD_BALANCER_ATTRIBUTES, LOAD_BALANCER_NAME, MANAGE_RULES,
    MUTUAL_AUTHENTICATION, PREFIX_LISTS, SCHEME, SECURITY_GROUPS, SHIELD, SSL_POLICY, SSL_REDIRECT,
    SUBNETS, TAGS, WAFV2_ACL_ARN, WAFV2_ACL_NAME, ZONES_OUT,
};
use super::decided::Decided;
use super::group_class::ClassWish;
use super::rule::plain;

mod nlb;

pub use nlb::SharedNlbPort;

/// What holds of a setting that nobody has named.
const NOTHING: &str = "nothing";

/// What members want of one listener.
#[derive(Clone, Debug)]
pub struct SharedPort {
    /// The listener.
    pub listener: ListenerWish,
    /// Who may reach it, if a member says so.
    pub inbound_cidrs: Option<BTreeSet<String>>,
    /// The managed prefix lists whose addresses may reach it, if a member says so.
    pub inbound_prefix_lists: Option<BTreeSet<String>>,
    /// What happens to requests that no rule takes, if a member says so.
    pub default_actions: Option<Vec<RuleAction>>,
    /// The tags that members listening here ask for.
    pub tags: Tags,
}

/// What the members of a group agree on so far.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// What classes decide, whatever members ask for.
    pub decided: Decided,
    /// What the class that the group belongs to decides of listeners.
    pub class: Arc<ClassWish>,
    /// The load balancer.
    pub load_balancer: LoadBalancerWish,
    /// The listeners.
    pub ports: BTreeMap<u16, SharedPort>,
    /// The network load balancer in front of it.
    pub frontend_nlb: FrontendNlbWish,
    /// Its ports, should there be one.
    pub nlb_ports: BTreeMap<u16, SharedNlbPort>,
}

/// What a member may say of what its group shares.
#[derive(Clone, Copy, Debug)]
pub enum Say<'a> {
    /// Whatever the members before it have not said otherwise.
    Free,
    /// Of that only what it has said before, or what holds anyway.
    AsBefore(&'a Settings, Option<&'a Part>),
}

impl Shared {
    /// What is decided before any part is let in.
    #[must_use]
    pub fn by(decided: Decided, class: ClassWish) -> Self {
        let load_balancer = class.load_balancer.clone();
        Self {
            decided,
            class: Arc::new(class),
            load_balancer,
            ports: BTreeMap::new(),
            frontend_nlb: FrontendNlbWish::default(),
            nlb_ports: BTreeMap::new(),
        }
    }

    /// The certificates that the class decides for a listener that speaks this.
    #[must_use]
    pub fn certificates(&self, protocol: Protocol) -> &[Id] {
        if protocol == Protocol::Https { &self.class.certificates } else { &[] }
    }

    /// Lets a part in, unless it wants something else than the members before it.
    ///
    /// # Errors
    /// What it wants differently; nothing of it has been let in then.
    pub fn admit(&mut self, part: &Part, say: Say<'_>) -> Result<(), Vec<Problem>> {
        let mut next = self.clone();
        let mut conflicts = Conflicts { source: &part.source, problems: Vec::new() };
        conflicts.agree(&mut next.load_balancer, &part.load_balancer, &self.decided);
        conflicts.agree_on_nlb(&mut next.frontend_nlb, &part.frontend_nlb);
        for port in part.listens.keys() {
            conflicts.admit_port(&mut next, part, *port);
        }
        for (port, leads_to) in nlb::ports(part) {
            conflicts.admit_nlb_port(&mut next, part, (port, leads_to));
        }
        if let Say::AsBefore(settings, before) = say {
            conflicts.say_no_more(self, &next, (settings, before));
        }
        if conflicts.problems.is_empty() {
            *self = next;
            Ok(())
        } else {
            Err(conflicts.problems)
        }
    }
}

/// What a part wants differently from the members before it. It names no other member: what they
/// want is not this one's to read, beyond what the load balancer that they share already shows.
struct Conflicts<'a> {
    source: &'a Source,
    problems: Vec<Problem>,
}

impl Conflicts<'_> {
    fn note<A>(&mut self, annotation: &Annotation<A>, found: &str, group_has: &str) {
        self.note_field(annotation.field(), found, group_has);
    }

    fn note_field(&mut self, field: String, found: &str, group_has: &str) {
        self.problems.push(Problem {
            code: Code::Conflict,
            severity: Severity::Error,
            object: ObjectRef::of(self.source),
            field,
            found: found.to_owned(),
            allowed: format!("what the group already has: {group_has}"),
            meanwhile: MEANWHILE.to_owned(),
        });
    }

    /// Lets what a member wants of the load balancer into what its group wants.
    fn agree(&mut self, group: &mut LoadBalancerWish, wish: &LoadBalancerWish, decided: &Decided) {
        // Named one by one, so that a setting on which nobody has to agree does not compile.
        let LoadBalancerWish {
            scheme,
            ip_address_type,
            name,
            subnets,
            zones_out,
            class_zones_out: _,
            security_groups,
            manages_rules,
            attributes,
            class_attributes: _,
            capacity,
            class_capacity: _,
            ipv4_pool,
            class_ipv4_pool: _,
            customer_owned_pool,
            tags,
            ssl_redirect,
            protection: ProtectionWish { web_acl_arn, web_acl_name, shield },
        } = wish;
        self.one(&SCHEME, &mut group.scheme, scheme.as_ref());
        self.one(&IP_ADDRESS_TYPE, &mut group.ip_address_type, ip_address_type.as_ref());
        self.one(&LOAD_BALANCER_NAME, &mut group.name, name.as_ref());
        self.one(&SSL_REDIRECT, &mut group.ssl_redirect, ssl_redirect.as_ref());
        self.one(&MANAGE_RULES, &mut group.manages_rules, manages_rules.as_ref());
        let pool = customer_owned_pool.as_ref();
        self.one(&CUSTOMER_OWNED_POOL, &mut group.customer_owned_pool, pool);
        if decided.capacity.is_none() {
            self.one(&CAPACITY, &mut group.capacity, capacity.as_ref());
        }
        if decided.ipv4_pool.is_none() {
            self.one(&IPV4_POOL, &mut group.ipv4_pool, ipv4_pool.as_ref());
        }
        let protection = &mut group.protection;
        self.one(&WAFV2_ACL_ARN, &mut protection.web_acl_arn, web_acl_arn.as_ref());
        self.one(&WAFV2_ACL_NAME, &mut protection.web_acl_name, web_acl_name.as_ref());
        self.one(&SHIELD, &mut protection.shield, shield.as_ref());
        self.ids(&SUBNETS, &mut group.subnets, subnets.as_ref(), is_same_set);
        self.ids(&SECURITY_GROUPS, &mut group.security_groups, security_groups.as_ref(), <[_]>::eq);
        if group.class_zones_out.is_none() {
            self.agree_on_set(&ZONES_OUT, (&mut group.zones_out, zones_out));
        }
        let pairs = (&mut group.attributes, attributes);
        self.pairs(&LOAD_BALANCER_ATTRIBUTES.field(), pairs, &decided.attributes);
        self.pairs(&TAGS.field(), (&mut group.tags, tags), &FlatMap::new());
    }

    /// One value for all.
    fn one<A, T: Clone + PartialEq + Display>(
        &mut self,
        annotation: &Annotation<A>,
        group: &mut Option<T>,
        wish: Option<&T>,
    ) {
        match (&group, wish) {
            (Some(has), Some(wish)) if has != wish => {
                self.note(annotation, &wish.to_string(), &has.to_string());
            }
            (None, Some(wish)) => *group = Some(wish.clone()),
            (_, None) | (Some(_), Some(_)) => {}
        }
    }

    /// The same things for all.
    fn ids<A>(
        &mut self,
        annotation: &Annotation<A>,
        group: &mut Option<Vec<AwsId>>,
        wish: Option<&Vec<AwsId>>,
        is_same: impl Fn(&[AwsId], &[AwsId]) -> bool,
    ) {
        match (&group, wish) {
            (Some(has), Some(wish)) if !is_same(has, wish) => {
                self.note(annotation, &listed(wish), &listed(has));
            }
            (None, Some(wish)) => *group = Some(wish.clone()),
            (_, None) | (Some(_), Some(_)) => {}
        }
    }

    /// One value for each key, unless it is decided anyway.
    fn pairs(
        &mut self,
        field: &str,
        (group, wish): (&mut FlatMap<SmolStr, SmolStr>, &FlatMap<SmolStr, SmolStr>),
        decided: &FlatMap<SmolStr, SmolStr>,
    ) {
        for (key, value) in wish.iter().filter(|(key, _)| !decided.contains_key(*key)) {
            match group.get(key) {
                Some(has) if has != value => {
                    let (found, has) = (format!("{key}={value}"), format!("{key}={has}"));
                    self.note_field(field.to_owned(), &found, &has);
                }
                Some(_) => {}
                None => _ = group.insert(key.clone(), value.clone()),
            }
        }
    }

    /// Lets what a member wants of a listener into what its group wants.
    fn agree_on_listener(
        &mut self,
        port: u16,
        group: &mut ListenerWish,
        wish: &ListenerWish,
        decided: &Attributes,
    ) {
        // Named one by one, so that a setting on which nobody has to agree does not compile.
        let ListenerWish {
            protocol,
            certificates,
            ssl_policy,
            mutual_authentication,
            attributes,
            class_attributes: _,
        } = wish;
        if group.protocol != *protocol {
            let found = format!("{protocol} on port {port}");
            self.note(&LISTEN_PORTS, &found, &format!("{} there", group.protocol));
        }
        self.one(&SSL_POLICY, &mut group.ssl_policy, ssl_policy.as_ref());
        self.one(
            &MUTUAL_AUTHENTICATION,
            &mut group.mutual_authentication,
            mutual_authentication.as_ref(),
        );
        let field = format!("{}{protocol}-{port}", LISTENER_ATTRIBUTES.field());
        self.pairs(&field, (&mut group.attributes, attributes), decided);
        for certificate in certificates {
            if !group.certificates.contains(certificate) {
                group.certificates.push(certificate.clone());
            }
        }
    }

    /// Notes what nobody has said before and would hold for all from now on. Tags change nothing of
    /// what anybody serves.
    fn say_no_more(
        &mut self,
        before: &Shared,
        next: &Shared,
        (settings, own): (&Settings, Option<&Part>),
    ) {
        let nothing = LoadBalancerWish::default();
        let own_wish = own.map_or(&nothing, |part| &part.load_balancer);
        let wishes = [&before.load_balancer, &next.load_balancer, own_wish];
        let text = |get: fn(&LoadBalancerWish) -> Option<String>| wishes.map(get);
        let scheme = settings.default_scheme.to_string();
        self.said(&SCHEME, text(|wish| wish.scheme.map(|it| it.to_string())), &scheme);
        let ip_address_type = IpAddressType::Ipv4.as_str();
        let texts = text(|wish| wish.ip_address_type.map(|it| it.to_string()));
        self.said(&IP_ADDRESS_TYPE, texts, ip_address_type);
        self.said(&LOAD_BALANCER_NAME, text(|wish| wish.name.clone()), NOTHING);
        self.said(&SUBNETS, text(|wish| wish.subnets.as_ref().map(listed)), NOTHING);
        self.said(&ZONES_OUT, text(|wish| wish.zones_out.as_ref().map(named)), NOTHING);
        let texts = text(|wish| wish.security_groups.as_ref().map(listed));
        self.said(&SECURITY_GROUPS, texts, NOTHING);
        let manages = settings.manages_backend_rules.to_string();
        let texts = text(|wish| wish.manages_rules.map(|it| it.to_string()));
        self.said(&MANAGE_RULES, texts, &manages);
        let texts = text(|wish| wish.ssl_redirect.map(|it| it.to_string()));
        self.said(&SSL_REDIRECT, texts, NOTHING);
        let texts = text(|wish| wish.customer_owned_pool.clone());
        self.said(&CUSTOMER_OWNED_POOL, texts, NOTHING);
        self.said(&CAPACITY, text(|wish| wish.capacity.map(|it| it.to_string())), NOTHING);
        self.said(&IPV4_POOL, text(|wish| wish.ipv4_pool.clone()), NOTHING);
        let texts = text(|wish| wish.protection.web_acl().map(ToString::to_string));
        self.said(&WAFV2_ACL_ARN, texts, NOTHING);
        let texts = text(|wish| wish.protection.shield.map(|it| it.to_string()));
        self.said(&SHIELD, texts, NOTHING);
        let attributes = wishes.map(|wish| &wish.attributes);
        self.said_pairs(&LOAD_BALANCER_ATTRIBUTES.field(), attributes);
        let nothing = FrontendNlbWish::default();
        let own_nlb = own.map_or(&nothing, |part| &*part.frontend_nlb);
        let wishes = [&before.frontend_nlb, &next.frontend_nlb, own_nlb];
        self.say_no_more_of_nlb(wishes, &scheme);
        for (port, had) in &before.ports {
            let Some(new) = next.ports.get(port) else { continue };
            let own = own.filter(|part| part.listens.contains_key(port));
            let cidrs = own.and_then(|part| part.inbound_cidrs.as_ref());
            let nothing = Attributes::new();
            let before = own.and_then(|part| part.listens.get(port));
            let before = before.map_or(&nothing, |wish| &wish.attributes);
            let protocol = new.listener.protocol;
            let field = format!("{}{protocol}-{port}", LISTENER_ATTRIBUTES.field());
            let attributes = [&had.listener.attributes, &new.listener.attributes, before];
            self.said_pairs(&field, attributes);
            let texts = [had.inbound_cidrs.as_ref(), new.inbound_cidrs.as_ref(), cidrs];
            self.said(&INBOUND_CIDRS, texts.map(|cidrs| cidrs.map(listed)), NOTHING);
            let lists = own.and_then(|part| part.inbound_prefix_lists.as_ref());
            let texts =
                [had.inbound_prefix_lists.as_ref(), new.inbound_prefix_lists.as_ref(), lists];
            self.said(&PREFIX_LISTS, texts.map(|lists| lists.map(listed)), NOTHING);
            let asks = |wish: &ListenerWish| {
                wish.mutual_authentication.as_ref().map(MutualAuthentication::to_string)
            };
            let texts = [
                asks(&had.listener),
                asks(&new.listener),
                own.and_then(|part| asks(part.listens.get(port)?)),
            ];
            self.said(&MUTUAL_AUTHENTICATION, texts, MutualAuthentication::Off.mode());
            let policy = own.and_then(|part| part.listens.get(port)?.ssl_policy.clone());
            let of = |shared: &SharedPort| shared.listener.ssl_policy.clone();
            self.said(&SSL_POLICY, [of(had), of(new), policy], &settings.default_ssl_policy);
        }
    }

    /// The same of pairs, key by key.
    fn said_pairs(&mut self, field: &str, [before, next, own]: [&Attributes; 3]) {
        for (key, value) in next {
            if !before.contains_key(key) && !own.contains_key(key) {
                self.note_field(field.to_owned(), &format!("{key}={value}"), NOTHING);
            }
        }
    }

    /// Notes something that neither others nor this member itself have said before, unless it holds
    /// already.
    fn said<A>(
        &mut self,
        annotation: &Annotation<A>,
        [before, next, own]: [Option<String>; 3],
        in_force: &str,
    ) {
        if let (None, Some(next), None) = (before, next, own)
            && next != in_force
        {
            self.note(annotation, &next, in_force);
        }
    }

    /// The same set for all, as far as a member names one.
    fn agree_on_set<A>(
        &mut self,
        annotation: &Annotation<A>,
        (group, wish): (&mut Option<BTreeSet<String>>, &Option<BTreeSet<String>>),
    ) {
        match (group.as_ref(), wish) {
            (Some(has), Some(wish)) if has != wish => {
                self.note(annotation, &named(wish), &named(has));
            }
            (None, Some(wish)) => *group = Some(wish.clone()),
            (_, None) | (Some(_), Some(_)) => {}
        }
    }

    fn admit_port(&mut self, shared: &mut Shared, part: &Part, port: u16) {
        let Some(wish) = part.listens.get(&port) else { return };
        let class = &shared.class;
        let entry = shared.ports.entry(port).or_insert_with(|| SharedPort {
            listener: ListenerWish {
                ssl_policy: class.ssl_policy.clone().filter(|_| wish.protocol == Protocol::Https),
                ..ListenerWish::speaking(wish.protocol)
            },
            inbound_cidrs: class.inbound_cidrs.clone(),
            inbound_prefix_lists: class.inbound_prefix_lists.clone(),
            default_actions: None,
            tags: class.load_balancer.tags.clone(),
        });
        let decided = shared.decided.of_listener(port);
        self.agree_on_listener(port, &mut entry.listener, wish, decided);
        let cidrs = (&mut entry.inbound_cidrs, &part.inbound_cidrs);
        self.agree_on_set(&INBOUND_CIDRS, cidrs);
        let lists = (&mut entry.inbound_prefix_lists, &part.inbound_prefix_lists);
        self.agree_on_set(&PREFIX_LISTS, lists);
        if part.default_actions.is_some() {
            if entry.default_actions.is_some() {
                let field = "spec.defaultBackend".to_owned();
                self.note_field(field, "a default backend", "one, and it can have no second");
            }
            let actions = part.default_actions.as_ref();
            entry.default_actions = actions.map(|actions| match wish.protocol {
                Protocol::Http => plain::actions(part, actions),
                Protocol::Https | Protocol::Tcp => actions.clone(),
            });
        }
        // Differences were reported where the load balancer's own tags were merged.
        entry.tags.extend(part.load_balancer.tags.clone());
    }
}

/// Whether two lists have the same ids; the first member's order counts.
fn is_same_set(one: &[AwsId], other: &[AwsId]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

/// A set as people read it.
fn named(set: &BTreeSet<String>) -> String {
    if set.is_empty() { NOTHING.to_owned() } else { listed(set) }
}

fn listed<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
