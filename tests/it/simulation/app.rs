//! One Ingress as a person wishes it, and what all of its group share.

use std::collections::BTreeSet;

use albedo::model::id::ObjectKey;

use super::dice::Dice;
use super::life::SECRETS;
use super::naming::Naming;
use crate::support::world::{CERTIFICATE, CERTIFICATE_2, NODES};

pub const HOSTS: [&str; 5] =
    ["any", "a.example.com", "b.example.com", "c.example.com", "d.other.org"];
pub const PATHS: [&str; 6] =
    ["Prefix /", "Prefix /a", "Exact /a", "Exact /b", "Prefix /a/b", "Exact /c"];
pub const PORTS: [&str; 3] = ["s0:80", "s1:http", "s1:81"];
/// What an Ingress says of its target groups.
pub const OWN: [&str; 7] = [
    "",
    "healthcheck-path: /healthz, ",
    "target-group-attributes: deregistration_delay.timeout_seconds=5, ",
    "backend-protocol: HTTPS, ",
    "healthcheck-port: 9090, ",
    "target-group-attributes: slow_start.duration_seconds=30, ",
    "target-type: instance, ",
];
pub const TAGS: [&str; 4] = ["", "tags: team=a, ", "tags: 'owner=b,stage=c', ", "tags: cost=1, "];
const SCHEMES: [&str; 2] = ["internal", "internet-facing"];
const IP_TYPES: [&str; 2] = ["", "ip-address-type: dualstack, "];
const ATTRIBUTES: [&str; 3] = [
    "",
    "load-balancer-attributes: idle_timeout.timeout_seconds=30, ",
    "load-balancer-attributes: idle_timeout.timeout_seconds=90, ",
];
const CIDRS: [&str; 3] =
    ["", "inbound-cidrs: 10.0.0.0/8, ", "inbound-cidrs: '10.0.0.0/8,192.168.0.0/16', "];
const SUBNETS: [&str; 3] = ["", "subnets: 'subnet-a,subnet-b', ", "subnets: 'subnet-b,subnet-c', "];

/// What all members of a group say alike, by number.
#[derive(Clone, Debug, Default)]
pub struct Front {
    scheme: usize,
    ip_type: usize,
    attributes: usize,
    cidrs: usize,
    subnets: usize,
    has_groups: bool,
}

impl Front {
    /// Somebody changes one of them.
    pub fn change(&mut self, dice: &mut Dice) {
        match dice.below(6) {
            0 => self.scheme = 1 - self.scheme,
            1 => self.ip_type = 1 - self.ip_type,
            2 => self.attributes = dice.below(ATTRIBUTES.len()),
            3 => self.cidrs = dice.below(CIDRS.len()),
            4 => self.subnets = dice.below(SUBNETS.len()),
            _ => self.has_groups = !self.has_groups,
        }
    }

    fn sketch(&self) -> String {
        let groups =
            if self.has_groups { format!("security-groups: {NODES}, ") } else { String::new() };
        format!(
            "scheme: {}, {}{}{}{}{groups}",
            SCHEMES[self.scheme],
            IP_TYPES[self.ip_type],
            ATTRIBUTES[self.attributes],
            CIDRS[self.cidrs],
            SUBNETS[self.subnets],
        )
    }
}

/// An Ingress.
#[derive(Clone, Debug)]
pub struct App {
    pub group: Option<&'static str>,
    pub class: &'static str,
    pub order: usize,
    pub own: usize,
    pub tags: usize,
    pub listens: usize,
    /// Hosts, paths and ports, by number.
    pub rules: Vec<(usize, usize, usize)>,
    pub has_default: bool,
    /// A Secret and a host, by number.
    pub tls: Option<(usize, usize)>,
    /// Whether it has ACM asked for a certificate; on a class of ours that counts.
    pub asks: bool,
    pub is_broken: bool,
    /// What it says of its names.
    pub naming: Naming,
    pub made: i64,
}

impl App {
    pub fn group_of(&self, key: &ObjectKey) -> String {
        self.group.map_or_else(|| key.to_string(), str::to_owned)
    }

    pub fn sketch(&self, key: &ObjectKey, front: &Front) -> String {
        let group = self.group.map(|name| format!("group.name: {name}, ")).unwrap_or_default();
        let broken = if self.is_broken { "healthcheck-interval-seconds: nonsense, " } else { "" };
        let listens = {
            match self.listens {
                1 => r#"listen-ports: '[{"HTTP":80},{"HTTP":8080}]', "#.to_owned(),
                2 => format!(
                    "certificate-arn: {CERTIFICATE}, \
                     listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', "
                ),
                3 => format!("certificate-arn: {CERTIFICATE_2}, "),
                4 => format!(
                    "certificate-arn: '{CERTIFICATE},{CERTIFICATE_2}', ssl-redirect: 443, \
                     listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', "
                ),
                _ => String::new(),
            }
        };
        let asks = if self.asks { "create-acm-cert: 'true', " } else { "" };
        let default = if self.has_default { "default: s0:80, " } else { "" };
        let tls = self
            .tls
            .map(|(secret, host)| format!("tls: ['{} {}'], ", SECRETS[secret], HOSTS[host]));
        let rules: Vec<String> = self
            .rules
            .iter()
            .map(|(host, path, port)| format!("{} {} {}", HOSTS[*host], PATHS[*path], PORTS[*port]))
            .collect();
        format!(
            "ingress {key}: {{class: {}, {broken}{asks}{group}group.order: {}, {}{listens}{}{}\
             {default}{}{}rules: {rules:?}}}",
            self.class,
            self.order,
            front.sketch(),
            OWN[self.own],
            TAGS[self.tags],
            tls.unwrap_or_default(),
            self.naming.sketch(),
        )
    }

    /// Whether it sends whoever comes by HTTP to HTTPS, on all listeners of its group (LBC).
    pub fn redirects(&self) -> bool {
        self.listens == 4
    }

    /// Whether it may listen on HTTP alone.
    pub fn is_plain(&self) -> bool {
        match self.listens {
            0 => self.tls.is_none(),
            listens => listens == 1,
        }
    }

    /// The hosts that it names.
    pub fn hosts(&self) -> BTreeSet<String> {
        let of_tls = self.tls.iter().map(|(_, host)| *host);
        let all = self.rules.iter().map(|(host, _, _)| *host).chain(of_tls);
        all.map(|host| HOSTS[host].to_owned()).collect()
    }

    /// The hosts and paths that it wishes to be served, by Services that are there.
    pub fn paths(&self, is_there: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let served = self
            .rules
            .iter()
            .filter(|(_, _, port)| is_there(PORTS[*port].split_once(':').unwrap().0));
        served
            .flat_map(|(host, path, _)| {
                let (kind, path) = PATHS[*path].split_once(' ').unwrap();
                let values = match (kind, path) {
                    ("Prefix", "/") => vec!["/*".to_owned()],
                    ("Prefix", path) => vec![path.to_owned(), format!("{path}/*")],
                    _ => vec![path.to_owned()],
                };
                values.into_iter().map(|path| format!("{}{path}", HOSTS[*host]))
            })
            .collect()
    }
}
