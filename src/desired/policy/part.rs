//! What an Ingress comes to, held against what its namespace may do. What its class decides is not
//! its own to answer for.

use std::collections::BTreeSet;

use crate::desired::annotations::table::{
    ACTIONS, AUTH_TYPE, CERTIFICATE_ARN, GROUP_ORDER, INBOUND_CIDRS, NLB_SECURITY_GROUPS,
    NLB_SUBNETS, SECURITY_GROUPS, SUBNETS, WAFV2_ACL_ARN, WAFV2_ACL_NAME,
};
use crate::desired::groups::Member;
use crate::desired::rule::plain;
use crate::desired::tls;
use crate::desired::zone::{Choice, choose};
use crate::model::group::Group;
use crate::model::id::{AwsId, Id};
use crate::model::listener::Protocol;
use crate::model::load_balancer::IpAddressType;
use crate::model::part::Part;
use crate::model::problem::Kind;
use crate::model::rule::{Condition, RuleAction};
use crate::model::seen::{AuthenticationRights, ClassParamsSpec};
use crate::model::snapshot::Snapshot;
use crate::model::surroundings::Cidr;

use super::{Breach, Known, Rights, Verdict, object, texts, unlisted};

/// Everybody, over IPv4 and over IPv6.
const EVERYBODY: &str = "0.0.0.0/0";
const EVERYBODY_V6: &str = "::/0";
/// What is found of a rule without a host.
const ANY_HOST: &str = "a rule that takes requests for any host";

/// Where the certificates of a part came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The Ingress names them.
    Named,
    /// They were found by host.
    Found,
    /// Nobody has taken note of that.
    Unknown,
}

/// A part of a member that is judged.
struct Judged<'a> {
    snapshot: &'a Snapshot,
    rights: &'a Rights<'a>,
    group: &'a Group,
    class: Option<&'a ClassParamsSpec>,
    part: &'a Part,
    origin: Origin,
}

/// Judges what a member comes to as it is now.
#[must_use]
pub fn judge(snapshot: &Snapshot, group: &Group, member: &Member<'_>, part: &Part) -> Verdict {
    let origin = if tls::names_arns(member.ingress) { Origin::Named } else { Origin::Found };
    judge_as(snapshot, group, member, (part, origin))
}

/// Judges what stands for a member, which may have come from what it was before. `now` is what it
/// comes to, where that is known.
#[must_use]
pub fn judge_standing(
    snapshot: &Snapshot,
    group: &Group,
    member: &Member<'_>,
    (held, now): (&Part, Option<&Part>),
) -> Verdict {
    if now == Some(held) {
        return judge(snapshot, group, member, held);
    }
    judge_as(snapshot, group, member, (held, Origin::Unknown))
}

/// Judges what stands for a member that nobody remembers, and that comes to nothing as it is now:
/// only that it stands in a group is known of it, and for which hosts it asks.
#[must_use]
pub fn judge_forgotten(snapshot: &Snapshot, group: &Group, member: &Member<'_>) -> Verdict {
    let rights = Rights::of(&snapshot.objects, member.key.namespace.as_str());
    let class = member.params.map(|params| &params.spec);
    let breaches = [check_group(&rights, group, class), check_hosts(&rights, group, member)];
    let breaches = breaches.into_iter().flatten().collect();
    rights.verdict(&object(Kind::Ingress, member.key), breaches)
}

/// Whether a namespace may be in a group that its members choose.
fn check_group(
    rights: &Rights<'_>,
    group: &Group,
    class: Option<&ClassParamsSpec>,
) -> Option<Breach> {
    let Group::Explicit(name) = group else { return None };
    let is_of_class = class.is_some_and(|class| class.group.is_some());
    if is_of_class { None } else { rights.check_group(name) }
}

/// Whether a namespace may have the hosts that a member asks for: of what stands for it, some may
/// be for each of them.
fn check_hosts(rights: &Rights<'_>, group: &Group, member: &Member<'_>) -> Option<Breach> {
    let suffixes = rights.listed(|spec| spec.host_suffixes.as_ref())?;
    let rules = member.ingress.spec.as_ref().and_then(|spec| spec.rules.as_ref())?;
    let is_shared = matches!(group, Group::Explicit(_));
    let is_allowed =
        |host: &str| if host.is_empty() { !is_shared } else { suffixes.hold_host(host) };
    let mut hosts = rules.iter().map(|rule| rule.host.as_deref().unwrap_or_default());
    let strange = hosts.find(|host| !is_allowed(host))?;
    let found = if strange.is_empty() { ANY_HOST.to_owned() } else { quoted(strange) };
    Some(Breach::new("spec.rules", found, format!("hosts that lie in {suffixes}")))
}

/// Leaves the names of a part as they are while nobody knows in which zones they lie, and only some
/// are allowed.
pub fn withhold_names(snapshot: &Snapshot, part: &mut Part) {
    let rights = Rights::of(&snapshot.objects, part.source.namespace());
    if snapshot.zones.is_none() && rights.listed(|spec| spec.hosted_zones.as_ref()).is_some() {
        part.names = None;
    }
}

fn judge_as(
    snapshot: &Snapshot,
    group: &Group,
    member: &Member<'_>,
    (part, origin): (&Part, Origin),
) -> Verdict {
    let rights = Rights::of(&snapshot.objects, part.source.namespace());
    if rights.is_everything() {
        return Verdict::Allowed;
    }
    let class = member.params.map(|params| &params.spec);
    let judged = Judged { snapshot, rights: &rights, group, class, part, origin };
    rights.verdict(&object(Kind::Ingress, member.key), judged.breaches())
}

impl Judged<'_> {
    fn breaches(&self) -> Vec<Breach> {
        let one = [
            check_group(self.rights, self.group, self.class),
            self.order(),
            self.hosts(),
            self.zones(),
            self.certificates(),
            self.subnets(),
            self.security_groups(),
            self.nlb_subnets(),
            self.nlb_security_groups(),
            self.sources(),
            self.web_acl(),
            self.target_groups(),
        ];
        one.into_iter().flatten().chain(self.authentication()).collect()
    }

    fn decides(&self, of_class: impl Fn(&ClassParamsSpec) -> bool) -> bool {
        self.class.is_some_and(of_class)
    }

    fn is_shared(&self) -> bool {
        matches!(self.group, Group::Explicit(_))
    }

    fn order(&self) -> Option<Breach> {
        let places = self.rights.places().filter(|_| self.is_shared())?;
        let order = self.part.order;
        let is_one = places.iter().any(|range| range.holds(order));
        (!is_one).then(|| {
            Breach::new(GROUP_ORDER.field(), format!("\"{order}\""), texts::places(&places))
        })
    }

    /// Hosts of rules and names. Who shares a load balancer leaves no rule without host: it takes
    /// requests for any.
    fn hosts(&self) -> Option<Breach> {
        let suffixes = self.rights.listed(|spec| spec.host_suffixes.as_ref())?;
        let breach = |field: &str, found: String| {
            Breach::new(field, found, format!("hosts that lie in {suffixes}"))
        };
        for rule in &self.part.rules {
            match hosts(&suffixes, &rule.conditions) {
                Hosts::Outside(host) => return Some(breach("spec.rules", quoted(host))),
                Hosts::Any if self.is_shared() => {
                    return Some(breach("spec.rules", ANY_HOST.to_owned()));
                }
                Hosts::Within | Hosts::Any => {}
            }
        }
        let names = self.part.names.as_ref();
        let mut names = names.into_iter().flat_map(|names| &names.hosts);
        if let Some(host) = names.find(|host| !suffixes.hold_host(host)) {
            return Some(breach("hosts", quoted(host)));
        }
        let has_default = self.part.default_actions.is_some() && self.is_shared();
        let found = || "a backend for requests to any host".to_owned();
        has_default.then(|| breach("spec.defaultBackend", found()))
    }

    /// The hosted zones that names are kept in, as far as anybody knows which there are.
    fn zones(&self) -> Option<Breach> {
        let allowed = self.rights.listed(|spec| spec.hosted_zones.as_ref())?;
        let names = self.part.names.as_ref()?;
        let zones = self.snapshot.zones.as_ref()?;
        let dns = &self.snapshot.settings.dns;
        names.hosts.iter().find_map(|host| {
            let Choice::In(ids) = choose(dns, zones, host, names.naming.zone.as_ref()) else {
                return None;
            };
            let id = unlisted(&allowed, &ids)?;
            let found = format!("\"{host}\", whose name is kept in the hosted zone {id}");
            Some(Breach::new("hosts", found, format!("names in the hosted zones {allowed}")))
        })
    }

    fn certificates(&self) -> Option<Breach> {
        if self.decides(|class| !class.certificate_arn.is_empty()) {
            return None;
        }
        let listens = self.part.listens.values();
        let mut given = listens.flat_map(|listen| &listen.certificates).filter_map(Id::given);
        given.clone().next()?;
        let discovers = self.rights.discovers();
        let arns = self.rights.listed(|spec| spec.certificates.as_ref()?.arns.as_ref());
        let allowed = || match &arns {
            Some(arns) => format!("certificates by ARN: {arns}"),
            None => "certificates by ARN".to_owned(),
        };
        match self.origin {
            Origin::Found => (!discovers).then(|| {
                let found = "HTTPS, and certificates that are found by host".to_owned();
                Breach::new(CERTIFICATE_ARN.field(), found, format!("{}, or Secrets", allowed()))
            }),
            Origin::Unknown if discovers => None,
            Origin::Named | Origin::Unknown => {
                let id = given.find(|id| arns.as_ref().is_some_and(|arns| !arns.has(id.as_str())));
                id.map(|id| Breach::new(CERTIFICATE_ARN.field(), quoted(id.as_str()), allowed()))
            }
        }
    }

    fn subnets(&self) -> Option<Breach> {
        let named = self.part.load_balancer.subnets.as_ref()?;
        let allowed = self.rights.listed(|spec| spec.subnets.as_ref())?;
        let id = unlisted(&allowed, named).filter(|_| !self.decides(has_subnets))?;
        Some(Breach::new(SUBNETS.field(), quoted(id.as_str()), format!("{allowed}, or none")))
    }

    fn security_groups(&self) -> Option<Breach> {
        let named = self.part.load_balancer.security_groups.as_ref()?;
        let allowed = self.rights.listed(|spec| spec.security_groups.as_ref())?;
        let id = unlisted(&allowed, named)?;
        let allowed = format!("{allowed}, or none");
        Some(Breach::new(SECURITY_GROUPS.field(), quoted(id.as_str()), allowed))
    }

    fn nlb_subnets(&self) -> Option<Breach> {
        let named = self.part.frontend_nlb.subnets.as_ref()?;
        let allowed = self.rights.listed(|spec| spec.subnets.as_ref())?;
        let id = unlisted(&allowed, named)?;
        Some(Breach::new(NLB_SUBNETS.field(), quoted(id.as_str()), format!("{allowed}, or none")))
    }

    fn nlb_security_groups(&self) -> Option<Breach> {
        let named = self.part.frontend_nlb.security_groups.as_ref()?;
        let allowed = self.rights.listed(|spec| spec.security_groups.as_ref())?;
        let id = unlisted(&allowed, named)?;
        let allowed = format!("{allowed}, or none");
        Some(Breach::new(NLB_SECURITY_GROUPS.field(), quoted(id.as_str()), allowed))
    }

    /// Who is let in. Whoever brings security groups leaves that to them.
    fn sources(&self) -> Option<Breach> {
        let allowed = self.rights.listed(|spec| spec.inbound_sources.as_ref())?;
        let Part { load_balancer, inbound_cidrs, inbound_prefix_lists, .. } = self.part;
        let of_class = |class: &ClassParamsSpec| {
            let lists = class.prefix_lists.iter().chain(&class.prefix_lists_before);
            class.inbound_cidrs.iter().chain(lists).next().is_some()
        };
        if load_balancer.security_groups.is_some() || self.decides(of_class) {
            return None;
        }
        let breach = |found: String| {
            Breach::new(INBOUND_CIDRS.field(), found, format!("what lies in {allowed}"))
        };
        if inbound_cidrs.is_none() && inbound_prefix_lists.is_none() {
            let has_ipv6 = load_balancer.ip_address_type.is_some_and(IpAddressType::has_ipv6);
            let everybody = [Some(EVERYBODY), has_ipv6.then_some(EVERYBODY_V6)];
            let mut everybody = everybody.into_iter().flatten();
            let is_closed = everybody.any(|cidr| !lets_in(&allowed, cidr));
            return is_closed.then(|| breach("nothing, which lets everybody in".to_owned()));
        }
        let named = inbound_cidrs.iter().flatten().chain(inbound_prefix_lists.iter().flatten());
        let mut named = named;
        named.find(|source| !lets_in(&allowed, source)).map(|source| breach(quoted(source)))
    }

    fn authentication(&self) -> Vec<Breach> {
        let field = AUTH_TYPE.field();
        let used = self.logins();
        let of = |rights: fn(&AuthenticationRights) -> Option<&super::Listed>| {
            self.rights.listed(move |spec| spec.authentication.as_ref().and_then(rights))
        };
        let lists = [
            ("", of(|rights| rights.types.as_ref()), used.types),
            ("the issuer ", of(|rights| rights.issuers.as_ref()), used.issuers),
            ("the user pool ", of(|rights| rights.user_pools.as_ref()), used.user_pools),
        ];
        let each = lists.into_iter().filter_map(|(what, allowed, used)| {
            let allowed = allowed?;
            let strange = used.into_iter().find(|value| !allowed.has(value))?;
            let found = format!("{what}{}", quoted(strange));
            Some(Breach::new(field.clone(), found, format!("{what}{allowed}")))
        });
        each.collect()
    }

    /// How clients are let in to what is served.
    fn logins(&self) -> Logins<'_> {
        let mut logins = Logins::default();
        let Part { rules, default_actions, listens, load_balancer, .. } = self.part;
        let of_rules = rules.iter().map(|rule| rule.actions.as_slice());
        for actions in of_rules.chain(default_actions.as_deref()) {
            logins.note(actions);
        }
        let is_plain = listens.values().any(|listen| listen.protocol == Protocol::Http);
        if is_plain && plain::is_open(self.part) && load_balancer.ssl_redirect.is_none() {
            logins.types.insert("none");
        }
        logins
    }

    fn web_acl(&self) -> Option<Breach> {
        let allowed = self.rights.listed(|spec| spec.web_acls.as_ref())?;
        let wish = &self.part.load_balancer.protection;
        let by_name = wish.web_acl_name.as_ref();
        let by_name = by_name.filter(|_| !self.decides(|class| class.wafv2_acl_name.is_some()));
        let by_arn = wish.web_acl_arn.as_ref();
        let by_arn = by_arn.filter(|_| !self.decides(|class| class.wafv2_acl_arn.is_some()));
        let named = [(WAFV2_ACL_NAME.field(), by_name), (WAFV2_ACL_ARN.field(), by_arn)];
        named.into_iter().find_map(|(field, web_acl)| {
            let found = web_acl?.to_string();
            (!allowed.has(&found)).then(|| Breach::new(field, quoted(&found), allowed.to_string()))
        })
    }

    /// Target groups that others made and that actions lead to.
    fn target_groups(&self) -> Option<Breach> {
        let allowed = self.rights.listed(|spec| spec.target_groups.as_ref())?;
        let of_rules = self.part.rules.iter().flat_map(|rule| &rule.actions);
        let all = of_rules.chain(self.part.default_actions.iter().flatten());
        let named = all.flat_map(RuleAction::target_groups);
        let named: BTreeSet<&AwsId> = named.filter_map(|target| target.group.given()).collect();
        let id = unlisted(&allowed, named)?;
        Some(Breach::new(ACTIONS.field(), quoted(id.as_str()), format!("target groups {allowed}")))
    }
}

/// How clients are let in.
#[derive(Default)]
struct Logins<'a> {
    types: BTreeSet<&'a str>,
    issuers: BTreeSet<&'a str>,
    user_pools: BTreeSet<&'a str>,
}

impl<'a> Logins<'a> {
    fn note(&mut self, actions: &'a [RuleAction]) {
        let serves = actions.iter().any(|action| !action.target_groups().is_empty());
        if serves && !actions.iter().any(RuleAction::authenticates) {
            self.types.insert("none");
        }
        for action in actions {
            match action {
                RuleAction::AuthenticateCognito(cognito) => {
                    self.types.insert("cognito");
                    self.user_pools.insert(&cognito.user_pool);
                }
                RuleAction::AuthenticateOidc(oidc) => {
                    self.types.insert("oidc");
                    self.issuers.insert(&oidc.issuer);
                }
                RuleAction::ValidateJwt(jwt) => {
                    self.types.insert("jwt");
                    self.issuers.insert(&jwt.issuer);
                }
                RuleAction::Forward { .. }
                | RuleAction::Redirect(_)
                | RuleAction::FixedResponse { .. }
                | RuleAction::Foreign(_) => {}
            }
        }
    }
}

fn has_subnets(class: &ClassParamsSpec) -> bool {
    class.subnets.as_ref().is_some_and(|subnets| !subnets.is_empty())
}

/// The hosts that a rule takes requests for.
enum Hosts<'c> {
    /// All lie in domains that are allowed.
    Within,
    /// This one does not, or nobody can tell.
    Outside(&'c str),
    /// Any host.
    Any,
}

fn hosts<'c>(suffixes: &Known, conditions: &'c [Condition]) -> Hosts<'c> {
    let mut found = Hosts::Any;
    for condition in conditions {
        match condition {
            Condition::Host(hosts) => {
                match hosts.iter().find(|host| !suffixes.hold_host(host)) {
                    // All conditions have to be met.
                    None => return Hosts::Within,
                    Some(host) => found = Hosts::Outside(host),
                }
            }
            Condition::HostRegex(regexes) => {
                if let (Hosts::Any, Some(regex)) = (&found, regexes.first()) {
                    found = Hosts::Outside(regex);
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether a CIDR, or a prefix list, lies in what is allowed.
pub(super) fn lets_in(allowed: &Known, source: &str) -> bool {
    let Some(cidr) = Cidr::parse(source) else { return allowed.has(source) };
    let mut listed = allowed.0.iter().filter_map(|listed| Cidr::parse(listed));
    listed.any(|listed| listed.contains(cidr))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
