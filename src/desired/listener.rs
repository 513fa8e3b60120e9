//! The ports that an Ingress listens on.

use std::collections::BTreeMap;

use crate::model::flat::FlatMap;
use crate::model::id::{AwsId, Id};
use crate::model::listener::{ListenerWish, Protocol};
use crate::model::problem::Code;
use crate::model::snapshot::Snapshot;

use super::annotations::Lookup;
use super::annotations::table::{CERTIFICATE_ARN, LISTEN_PORTS, SSL_POLICY};
use super::attributes;
use super::discovery::{self, NotFound};
use super::groups::Member;
use super::mutual_authentication;

/// The certificates of an Ingress that are made for it: imported from its TLS Secrets, or issued
/// because it asks.
#[derive(Clone, Copy, Debug)]
pub struct Brought<'a> {
    /// Those that listeners may have by now.
    pub certificates: &'a [Id],
    /// Whether it listens for HTTP, too, where it names no ports.
    pub lets_http_in: bool,
}

/// The ports that an Ingress listens on, with the certificates and the TLS policy it asks for.
/// `brought` are the certificates that are made for it, where they count.
pub fn listens(
    snapshot: &Snapshot,
    member: &Member<'_>,
    brought: Option<Brought<'_>>,
    lookup: &mut Lookup<'_, '_, '_>,
) -> FlatMap<u16, ListenerWish> {
    let arns = lookup.find(&CERTIFICATE_ARN).unwrap_or_default().into_iter().map(AwsId::new);
    let mut certificates: Vec<Id> = match brought {
        Some(brought) => brought.certificates.to_vec(),
        None => arns.map(Id::Is).collect(),
    };
    let ssl_policy = lookup.find(&SSL_POLICY);
    let ports = match lookup.text(&LISTEN_PORTS) {
        None => match brought {
            None if certificates.is_empty() => BTreeMap::from([(80, Protocol::Http)]),
            Some(Brought { lets_http_in: true, .. }) => {
                BTreeMap::from([(80, Protocol::Http), (443, Protocol::Https)])
            }
            None | Some(_) => BTreeMap::from([(443, Protocol::Https)]),
        },
        Some(_) => lookup.find(&LISTEN_PORTS).unwrap_or_default(),
    };
    let mut ports = ports;
    if certificates.is_empty() && brought.is_some() {
        // What is wrong with them, or how far they are, has been said; HTTP goes on.
        ports.retain(|_, protocol| *protocol == Protocol::Http);
    }
    if certificates.is_empty() && ports.values().any(|protocol| *protocol == Protocol::Https) {
        match discovery::certificates(snapshot, member) {
            Ok(found) => certificates = found,
            Err(NotFound { found, allowed }) => {
                let field = CERTIFICATE_ARN.field();
                let problem = lookup.ingress.error(Code::NoCertificate, field, found, allowed);
                lookup.ingress.problems.push(problem);
            }
        }
    }
    let mut asked = mutual_authentication::by_port(snapshot, lookup.ingress);
    let mut attributes = attributes::of_listeners(&ports, lookup);
    let mut part = |port: u16, protocol| {
        let (attributes, class_attributes) = attributes.remove(&port).unwrap_or_default();
        let plain =
            ListenerWish { attributes, class_attributes, ..ListenerWish::speaking(protocol) };
        match protocol {
            Protocol::Http | Protocol::Tcp => plain,
            Protocol::Https => ListenerWish {
                certificates: certificates.clone(),
                ssl_policy: ssl_policy.clone(),
                mutual_authentication: asked.remove(&port),
                ..plain
            },
        }
    };
    ports.into_iter().map(|(port, protocol)| (port, part(port, protocol))).collect()
}
