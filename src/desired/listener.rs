//! The ports that an Ingress listens on.

use std::collections::BTreeMap;

use crate::model::flat::FlatMap;
use crate::model::id::{AwsId, Id};
use crate::model::listener::Protocol;
use crate::model::part::ListenPart;
use crate::model::problem::Code;
use crate::model::seen::ClassParams;

use super::annotations::Annotations;

/// What `listen-ports` may look like.
const GRAMMAR: &str =
    "a JSON array of {\"HTTP\": port} and {\"HTTPS\": port}, ports from 1 to 65535";

/// The ports that an Ingress listens on, with the certificates and the TLS policy it names.
/// `secrets` are the certificates of its TLS Secrets that can be used, where they count.
pub fn listens(
    params: Option<&ClassParams>,
    secrets: Option<&[Id]>,
    annotations: &mut Annotations<'_>,
) -> FlatMap<u16, ListenPart> {
    let of_class = params.map(|params| &params.spec);
    let arns: Vec<AwsId> = of_class
        .map(|spec| spec.certificate_arn.clone())
        .filter(|arns| !arns.is_empty())
        .or_else(|| annotations.list("certificate-arn"))
        .unwrap_or_default()
        .into_iter()
        .map(AwsId::new)
        .collect();
    let certificates: Vec<Id> = match secrets {
        Some(ids) => ids.to_vec(),
        None => arns.into_iter().map(Id::Is).collect(),
    };
    let ssl_policy = of_class
        .and_then(|spec| spec.ssl_policy.clone())
        .filter(|policy| !policy.is_empty())
        .or_else(|| annotations.text("ssl-policy").map(str::to_owned));
    let ports = match annotations.text("listen-ports") {
        None if certificates.is_empty() => BTreeMap::from([(80, Protocol::Http)]),
        // With a Secret, clients that come by HTTP are let in too.
        None if secrets.is_some() => BTreeMap::from([(80, Protocol::Http), (443, Protocol::Https)]),
        None => BTreeMap::from([(443, Protocol::Https)]),
        Some(text) => ports(text).unwrap_or_else(|| {
            annotations.wrong("listen-ports", text, GRAMMAR);
            BTreeMap::new()
        }),
    };
    let mut ports = ports;
    if certificates.is_empty() && secrets.is_some() {
        // What is wrong with the Secret has been said; HTTP goes on.
        ports.retain(|_, protocol| *protocol == Protocol::Http);
    }
    if certificates.is_empty() && ports.values().any(|protocol| *protocol == Protocol::Https) {
        annotations.problems.push(annotations.error(
            Code::NoCertificate,
            "annotation alb.ingress.kubernetes.io/certificate-arn".to_owned(),
            "nothing, and an HTTPS port".to_owned(),
            "ARNs of ACM certificates; this version does not look for them by host",
        ));
    }
    let part = |protocol| match protocol {
        Protocol::Http => ListenPart { protocol, certificates: Vec::new(), ssl_policy: None },
        Protocol::Https => ListenPart {
            protocol,
            certificates: certificates.clone(),
            ssl_policy: ssl_policy.clone(),
        },
    };
    ports.into_iter().map(|(port, protocol)| (port, part(protocol))).collect()
}

/// Reads `listen-ports`; where one port is listed twice the later entry wins (LBC).
fn ports(text: &str) -> Option<BTreeMap<u16, Protocol>> {
    let entries: Vec<BTreeMap<Protocol, u16>> = serde_json::from_str(text).ok()?;
    if entries.is_empty() {
        return None;
    }
    let pairs = entries.iter().flatten().map(|(protocol, port)| (*port, *protocol));
    let ports: BTreeMap<u16, Protocol> = pairs.collect();
    (!ports.contains_key(&0)).then_some(ports)
}

#[cfg(test)]
mod tests {
    use super::{Protocol, ports};

    #[test]
    fn listen_ports_are_json() {
        let check = |text: &str, expected: Option<&[(u16, Protocol)]>| {
            assert_eq!(
                ports(text),
                expected.map(|ports| ports.iter().copied().collect()),
                "{text}"
            );
        };
        check(
            r#"[{"HTTP":80},{"HTTPS":443}]"#,
            Some(&[(80, Protocol::Http), (443, Protocol::Https)]),
        );
        check(
            r#"[{"HTTP":80,"HTTPS":443}]"#,
            Some(&[(80, Protocol::Http), (443, Protocol::Https)]),
        );
        check(r#"[{"HTTP":80},{"HTTPS":80}]"#, Some(&[(80, Protocol::Https)]));
        check("[{}]", Some(&[]));
        for bad in [
            "",
            "[]",
            "null",
            "80",
            r#"[{"http":80}]"#,
            r#"[{"HTTP":0}]"#,
            r#"[{"HTTP":65536}]"#,
            r#"[{"TCP":80}]"#,
            r#"[{"HTTP":"80"}]"#,
        ] {
            check(bad, None);
        }
    }
}
