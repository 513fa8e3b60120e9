//! What the members of a group share, and who may join it: the earlier member in the group's order
//! wins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use smol_str::SmolStr;

use crate::model::flat::FlatMap;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::listener::Protocol;
use crate::model::load_balancer::{Attributes, IpAddressType, Scheme};
use crate::model::marks::Tags;
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::RuleAction;

use super::annotations::MEANWHILE;

/// What members want of one listener.
#[derive(Clone, Debug)]
pub struct SharedPort {
    /// What it speaks.
    pub protocol: Protocol,
    /// The certificates, in the members' order; the first is the default one.
    pub certificates: Vec<Id>,
    /// The TLS policy, if a member names one.
    pub ssl_policy: Option<String>,
    /// Who may reach it, if a member says so.
    pub inbound_cidrs: Option<BTreeSet<String>>,
    /// What happens to requests that no rule takes, if a member says so.
    pub default_actions: Option<Vec<RuleAction>>,
    /// The tags that members listening here ask for.
    pub tags: Tags,
}

/// What the members of a group agree on so far.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// The scheme, if a member names one.
    pub scheme: Option<Scheme>,
    /// The kinds of addresses, if a member names them.
    pub ip_address_type: Option<IpAddressType>,
    /// The load balancer's name, if a member names one.
    pub load_balancer_name: Option<String>,
    /// The subnets, if a member names any.
    pub subnets: Option<Vec<AwsId>>,
    /// The security groups, if a member names any.
    pub security_groups: Option<Vec<AwsId>>,
    /// The port that HTTP listeners redirect to, if a member names one.
    pub ssl_redirect: Option<u16>,
    /// The load balancer's attributes.
    pub attributes: Attributes,
    /// The tags of what all members share.
    pub tags: Tags,
    /// The listeners.
    pub ports: BTreeMap<u16, SharedPort>,
}

impl Shared {
    /// Lets a part in, unless it wants something else than the members before it.
    ///
    /// # Errors
    /// What it wants differently; nothing of it has been let in then.
    pub fn admit(&mut self, part: &Part) -> Result<(), Vec<Problem>> {
        let mut next = self.clone();
        let mut conflicts = Conflicts { ingress: &part.ingress, problems: Vec::new() };
        conflicts.agree("scheme", &mut next.scheme, part.scheme.as_ref());
        conflicts.agree(
            "ip-address-type",
            &mut next.ip_address_type,
            part.ip_address_type.as_ref(),
        );
        conflicts.agree(
            "load-balancer-name",
            &mut next.load_balancer_name,
            part.load_balancer_name.as_ref(),
        );
        conflicts.agree("ssl-redirect", &mut next.ssl_redirect, part.ssl_redirect.as_ref());
        conflicts.agree_subnets(&mut next.subnets, part.subnets.as_ref());
        conflicts.agree_ids(&mut next.security_groups, part.security_groups.as_ref());
        conflicts.merge("load-balancer-attributes", &mut next.attributes, &part.attributes);
        conflicts.merge("tags", &mut next.tags, &part.tags);
        for port in part.listens.keys() {
            conflicts.admit_port(&mut next, part, *port);
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
    ingress: &'a ObjectKey,
    problems: Vec<Problem>,
}

impl Conflicts<'_> {
    fn note(&mut self, name: &str, found: &str, group_has: &str) {
        self.note_field(format!("annotation alb.ingress.kubernetes.io/{name}"), found, group_has);
    }

    fn note_field(&mut self, field: String, found: &str, group_has: &str) {
        self.problems.push(Problem {
            code: Code::Conflict,
            severity: Severity::Error,
            object: ObjectRef::ingress(self.ingress),
            field,
            found: found.to_owned(),
            allowed: format!("what the group already has: {group_has}"),
            meanwhile: MEANWHILE.to_owned(),
        });
    }

    fn agree<T: Clone + PartialEq + Display>(
        &mut self,
        name: &str,
        group: &mut Option<T>,
        wish: Option<&T>,
    ) {
        match (&group, wish) {
            (Some(has), Some(wish)) if has != wish => {
                self.note(name, &wish.to_string(), &has.to_string());
            }
            (None, Some(wish)) => *group = Some(wish.clone()),
            (_, None) | (Some(_), Some(_)) => {}
        }
    }

    /// Subnets agree as sets; the first member's order counts.
    fn agree_subnets(&mut self, group: &mut Option<Vec<AwsId>>, wish: Option<&Vec<AwsId>>) {
        let set = |ids: &[AwsId]| ids.iter().cloned().collect::<BTreeSet<_>>();
        match (&group, wish) {
            (Some(has), Some(wish)) if set(has) != set(wish) => {
                self.note("subnets", &listed(wish), &listed(has));
            }
            (None, Some(wish)) => *group = Some(wish.clone()),
            (_, None) | (Some(_), Some(_)) => {}
        }
    }

    fn agree_ids(&mut self, group: &mut Option<Vec<AwsId>>, wish: Option<&Vec<AwsId>>) {
        match (&group, wish) {
            (Some(has), Some(wish)) if has != wish => {
                self.note("security-groups", &listed(wish), &listed(has));
            }
            (None, Some(wish)) => *group = Some(wish.clone()),
            (_, None) | (Some(_), Some(_)) => {}
        }
    }

    fn merge(
        &mut self,
        name: &str,
        group: &mut FlatMap<SmolStr, SmolStr>,
        wish: &FlatMap<SmolStr, SmolStr>,
    ) {
        for (key, value) in wish {
            match group.get(key) {
                Some(has) if has != value => {
                    self.note(name, &format!("{key}={value}"), &format!("{key}={has}"));
                }
                Some(_) => {}
                None => _ = group.insert(key.clone(), value.clone()),
            }
        }
    }

    fn admit_port(&mut self, shared: &mut Shared, part: &Part, port: u16) {
        let Some(wish) = part.listens.get(&port) else { return };
        let entry = shared.ports.entry(port).or_insert_with(|| SharedPort {
            protocol: wish.protocol,
            certificates: Vec::new(),
            ssl_policy: None,
            inbound_cidrs: None,
            default_actions: None,
            tags: Tags::new(),
        });
        if entry.protocol != wish.protocol {
            let found = format!("{} on port {port}", wish.protocol);
            self.note("listen-ports", &found, &format!("{} there", entry.protocol));
        }
        self.agree("ssl-policy", &mut entry.ssl_policy, wish.ssl_policy.as_ref());
        match (&entry.inbound_cidrs, &part.inbound_cidrs) {
            (Some(has), Some(wish)) if has != wish => {
                self.note("inbound-cidrs", &listed(wish), &listed(has));
            }
            (None, Some(wish)) => entry.inbound_cidrs = Some(wish.clone()),
            (_, None) | (Some(_), Some(_)) => {}
        }
        if part.default_actions.is_some() {
            if entry.default_actions.is_some() {
                let field = "spec.defaultBackend".to_owned();
                self.note_field(field, "a default backend", "one, and it can have no second");
            }
            entry.default_actions.clone_from(&part.default_actions);
        }
        for certificate in &wish.certificates {
            if !entry.certificates.contains(certificate) {
                entry.certificates.push(certificate.clone());
            }
        }
        // Differences were reported where the load balancer's own tags were merged.
        entry.tags.extend(part.tags.clone());
    }
}

fn listed<'a, T: Display + 'a>(items: impl IntoIterator<Item = &'a T>) -> String {
    items.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
