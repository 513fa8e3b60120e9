//! The ports that an Ingress listens on.

use std::collections::BTreeMap;

use crate::model::flat::FlatMap;
use crate::model::id::{AwsId, Id};
use crate::model::listener::{ListenerWish, Protocol};
use crate::model::problem::Code;
use crate::model::snapshot::Snapshot;

use super::annotations::Lookup;
use super::annotations::table::{CERTIFICATE_ARN, LISTEN_PORTS, SSL_POLICY};
use super::discovery::{self, NotFound};
use super::groups::Member;
use super::mutual_authentication;

/// The ports that an Ingress listens on, with the certificates and the TLS policy it asks for.
/// `secrets` are the certificates of its TLS Secrets that can be used, where they count.
pub fn listens(
    snapshot: &Snapshot,
    member: &Member<'_>,
    secrets: Option<&[Id]>,
    lookup: &mut Lookup<'_, '_, '_>,
) -> FlatMap<u16, ListenerWish> {
    let arns = lookup.find(&CERTIFICATE_ARN).unwrap_or_default().into_iter().map(AwsId::new);
    let mut certificates: Vec<Id> = match secrets {
        Some(ids) => ids.to_vec(),
        None => arns.map(Id::Is).collect(),
    };
    let ssl_policy = lookup.find(&SSL_POLICY);
    let ports = match lookup.text(&LISTEN_PORTS) {
        None if certificates.is_empty() => BTreeMap::from([(80, Protocol::Http)]),
        // With a Secret, clients that come by HTTP are let in too.
        None if secrets.is_some() => BTreeMap::from([(80, Protocol::Http), (443, Protocol::Https)]),
        None => BTreeMap::from([(443, Protocol::Https)]),
        Some(_) => lookup.find(&LISTEN_PORTS).unwrap_or_default(),
    };
    let mut ports = ports;
    if certificates.is_empty() && secrets.is_some() {
        // What is wrong with the Secret has been said; HTTP goes on.
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
    let mut part = |port: u16, protocol| match protocol {
        Protocol::Http => ListenerWish::speaking(protocol),
        Protocol::Https => ListenerWish {
            protocol,
            certificates: certificates.clone(),
            ssl_policy: ssl_policy.clone(),
            mutual_authentication: asked.remove(&port),
        },
    };
    ports.into_iter().map(|(port, protocol)| (port, part(port, protocol))).collect()
}
