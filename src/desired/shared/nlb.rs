//! What the members of a group share of the network load balancer in front of their load balancer.

use std::collections::BTreeMap;

use crate::desired::annotations::table::{
    ENABLE_FRONTEND_NLB, NLB_ATTRIBUTES, NLB_EIP_ALLOCATIONS, NLB_HEALTHCHECK_INTERVAL,
    NLB_HEALTHCHECK_PATH, NLB_HEALTHCHECK_PORT, NLB_HEALTHCHECK_PROTOCOL, NLB_HEALTHCHECK_TIMEOUT,
    NLB_HEALTHY_THRESHOLD, NLB_PORT_MAPPING, NLB_SCHEME, NLB_SECURITY_GROUPS, NLB_SUBNETS,
    NLB_SUCCESS_CODES, NLB_TAGS, NLB_UNHEALTHY_THRESHOLD,
};
use crate::model::flat::FlatMap;
use crate::model::frontend_nlb::FrontendNlbWish;
use crate::model::marks::Tags;
use crate::model::part::Part;
use crate::model::target_group::HealthCheckWish;

use super::{Conflicts, NOTHING, Shared, is_same_set, listed};

/// What members want of a port of the network load balancer in front of their load balancer.
#[derive(Clone, Debug)]
pub struct SharedNlbPort {
    /// The port of the load balancer that connections go on to.
    pub leads_to: u16,
    /// How it is checked whether that is well.
    pub health_check: HealthCheckWish,
}

/// The ports that a member asks for, each with the port of the load balancer that connections go on
/// to. One that leads to a port where the member does not listen counts for nothing (LBC).
#[must_use]
pub fn ports(part: &Part) -> BTreeMap<u16, u16> {
    let own = part.listens.keys().copied();
    let asked = &part.frontend_nlb.ports;
    if asked.is_empty() {
        return own.map(|port| (port, port)).collect();
    }
    let led = asked.iter().filter(|(_, port)| part.listens.contains_key(port));
    led.map(|(from, to)| (*from, *to)).collect()
}

impl Conflicts<'_> {
    /// Lets what a member wants of the network load balancer in front into what its group wants.
    pub(super) fn agree_on_nlb(&mut self, group: &mut FrontendNlbWish, wish: &FrontendNlbWish) {
        // Named one by one, so that a setting on which nobody has to agree does not compile.
        let FrontendNlbWish {
            enabled,
            scheme,
            subnets,
            security_groups,
            allocations,
            attributes,
            tags,
            ports: _,
            health_check: _,
        } = wish;
        self.one(&ENABLE_FRONTEND_NLB, &mut group.enabled, enabled.as_ref());
        self.one(&NLB_SCHEME, &mut group.scheme, scheme.as_ref());
        self.ids(&NLB_SUBNETS, &mut group.subnets, subnets.as_ref(), is_same_set);
        let groups = (&mut group.security_groups, security_groups.as_ref());
        self.ids(&NLB_SECURITY_GROUPS, groups.0, groups.1, <[_]>::eq);
        let ids = (&mut group.allocations, allocations.as_ref());
        self.ids(&NLB_EIP_ALLOCATIONS, ids.0, ids.1, is_same_set);
        let pairs = (&mut group.attributes, attributes);
        self.pairs(&NLB_ATTRIBUTES.field(), pairs, &FlatMap::new());
        match (&group.tags, tags) {
            (Some(has), Some(wish)) if has != wish => {
                let text =
                    |tags: &Tags| listed(tags.iter().map(|(key, value)| format!("{key}={value}")));
                self.note(&NLB_TAGS, &text(wish), &text(has));
            }
            (None, Some(wish)) => group.tags = Some(wish.clone()),
            (_, None) | (Some(_), Some(_)) => {}
        }
    }

    /// Lets a port of the network load balancer in front in.
    pub(super) fn admit_nlb_port(
        &mut self,
        shared: &mut Shared,
        part: &Part,
        (port, leads_to): (u16, u16),
    ) {
        let wish = &part.frontend_nlb.health_check;
        let asks = part.frontend_nlb.enabled.or(shared.frontend_nlb.enabled);
        if asks != Some(true) {
            // Nobody has to agree on what is not there.
            shared
                .nlb_ports
                .entry(port)
                .or_insert_with(|| SharedNlbPort { leads_to, health_check: wish.clone() });
            return;
        }
        let Some(has) = shared.nlb_ports.get_mut(&port) else {
            shared.nlb_ports.insert(port, SharedNlbPort { leads_to, health_check: wish.clone() });
            return;
        };
        if has.leads_to != leads_to {
            let (found, there) = (format!("{port}={leads_to}"), format!("{port}={}", has.leads_to));
            self.note(&NLB_PORT_MAPPING, &found, &there);
        }
        let HealthCheckWish {
            port,
            protocol,
            path,
            success_codes,
            interval_seconds,
            timeout_seconds,
            healthy_threshold,
            unhealthy_threshold,
        } = wish;
        let group = &mut has.health_check;
        self.one(&NLB_HEALTHCHECK_PORT, &mut group.port, port.as_ref());
        self.one(&NLB_HEALTHCHECK_PROTOCOL, &mut group.protocol, protocol.as_ref());
        self.one(&NLB_HEALTHCHECK_PATH, &mut group.path, path.as_ref());
        self.one(&NLB_SUCCESS_CODES, &mut group.success_codes, success_codes.as_ref());
        self.one(&NLB_HEALTHCHECK_INTERVAL, &mut group.interval_seconds, interval_seconds.as_ref());
        self.one(&NLB_HEALTHCHECK_TIMEOUT, &mut group.timeout_seconds, timeout_seconds.as_ref());
        let threshold = healthy_threshold.as_ref();
        self.one(&NLB_HEALTHY_THRESHOLD, &mut group.healthy_threshold, threshold);
        let threshold = unhealthy_threshold.as_ref();
        self.one(&NLB_UNHEALTHY_THRESHOLD, &mut group.unhealthy_threshold, threshold);
    }

    /// The same of the network load balancer in front.
    pub(super) fn say_no_more_of_nlb(&mut self, wishes: [&FrontendNlbWish; 3], scheme: &str) {
        let text = |get: fn(&FrontendNlbWish) -> Option<String>| wishes.map(get);
        self.said(
            &ENABLE_FRONTEND_NLB,
            text(|wish| wish.enabled.map(|it| it.to_string())),
            "false",
        );
        self.said(&NLB_SCHEME, text(|wish| wish.scheme.map(|it| it.to_string())), scheme);
        self.said(&NLB_SUBNETS, text(|wish| wish.subnets.as_ref().map(listed)), NOTHING);
        let texts = text(|wish| wish.security_groups.as_ref().map(listed));
        self.said(&NLB_SECURITY_GROUPS, texts, NOTHING);
        let texts = text(|wish| wish.allocations.as_ref().map(listed));
        self.said(&NLB_EIP_ALLOCATIONS, texts, NOTHING);
        self.said_pairs(&NLB_ATTRIBUTES.field(), wishes.map(|wish| &wish.attributes));
    }
}
