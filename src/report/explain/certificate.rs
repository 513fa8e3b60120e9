//! Which certificate a client is shown.

use crate::model::id::{AwsId, Id};
use crate::model::listener::Listener;
use crate::model::surroundings::IssuedCertificate;

use super::{Account, Station, Url, Verdict};

/// What is to be said of a listener's certificates for a host.
pub(super) fn station(account: &Account<'_>, listener: &Listener, url: &Url) -> Station {
    let host = &url.host;
    let station = |verdict, found: String| Station::new("certificate", verdict, found);
    let all = listener.certificates.iter().chain(&listener.default_certificate);
    let all: Vec<&AwsId> = all.filter_map(Id::given).collect();
    let matching: Vec<&IssuedCertificate> =
        account.certificates.matching(host).filter(|one| all.contains(&&one.id)).collect();
    let is_valid = |one: &&&IssuedCertificate| {
        one.not_after.is_none_or(|end| account.now < end)
            && one.not_before.is_none_or(|start| start <= account.now)
    };
    if let Some(one) = matching.iter().find(is_valid) {
        return station(Verdict::Good, format!("{} for {}", one.id, names(one)));
    }
    if let Some(one) = matching.first() {
        let until = one.not_after.map(|end| format!(" until {end}")).unwrap_or_default();
        return station(Verdict::Bad, format!("{}, which held{until} only", one.id))
            .with_mend("renew it");
    }
    let default = listener.default_certificate.as_ref().and_then(Id::given);
    let shown = default.map_or("none", AwsId::as_str);
    if all.iter().any(|id| account.certificates.get(id).is_none()) {
        let found = format!("{shown}, unless one that ACM does not list here is for {host}");
        return station(Verdict::Unknown, found)
            .with_mend("allow acm:ListCertificates, or look at the certificates in the console");
    }
    station(Verdict::Bad, format!("none is for {host}; clients are shown the default one, {shown}"))
        .with_mend("give the Ingress a certificate for it: certificate-arn, or spec.tls")
}

fn names(one: &IssuedCertificate) -> String {
    one.names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
