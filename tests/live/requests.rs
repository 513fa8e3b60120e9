//! Certificates that ACM is asked for, from nothing to a handshake.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use serde_json::json;

use crate::life::{gone, nothing_is_left};
use crate::names::{named, stage};
use crate::support::localstack::Account;
use crate::support::objects::{IP, ingress};
use crate::support::stage::until;

/// Where the one load balancer of an account answers HTTPS, once it does.
async fn door(account: &Account) -> Option<String> {
    let balancers = account.ask("GET", "balancers", None).await;
    let listeners = balancers[0]["listeners"].as_array()?;
    let listener = listeners.iter().find(|listener| listener["port"] == 443)?;
    Some(format!("{}:{}", balancers[0]["address"].as_str()?, listener["bound"].as_u64()?))
}

/// The time of an account, whose clock may run faster than the machine's.
#[derive(Debug)]
struct AccountTime(UnixTime);

impl AccountTime {
    async fn now(account: &Account) -> Arc<Self> {
        let clock = account.ask("GET", "clock", None).await;
        let seconds = clock["time"].as_f64().expect("it tells the time");
        Arc::new(Self(UnixTime::since_unix_epoch(Duration::from_secs_f64(seconds))))
    }
}

impl TimeProvider for AccountTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// Shakes hands as a client that trusts what Amazon issues. Says what is wrong with the
/// certificate, if anything is.
fn shake_hands(
    door: &str,
    host: &str,
    authorities: &str,
    time: &Arc<AccountTime>,
) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    let each = CertificateDer::pem_slice_iter(authorities.as_bytes());
    roots.add_parsable_certificates(each.map(|one| one.expect("it is a certificate")));
    let cryptography = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(cryptography, Arc::clone(time) as _)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).expect("it is a name");
    let mut client = ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
    let mut stream = TcpStream::connect(door).map_err(|error| error.to_string())?;
    while client.is_handshaking() {
        client.complete_io(&mut stream).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[tokio::test]
async fn hosts_are_proved_and_served_by_what_acm_issues() {
    let (stage, zone) = stage("requests").await;
    stage.serve(&["web"]).await;
    let hosts = ["a.example.com", "b.example.com"];
    let rules = hosts.map(|host| (host, "/", "web"));
    let asks = [IP[0], IP[1], ("create-acm-cert", "true")];
    stage.apply(&[ingress("web", &stage.class, &asks, &rules)]).await;
    let _controller = stage.run(&[]);
    let door = until("HTTPS is served", async || door(&stage.account).await).await;
    let authorities = stage.account.text("GET", "ca").await;
    let time = AccountTime::now(&stage.account).await;
    for host in hosts {
        assert_eq!(shake_hands(&door, host, &authorities, &time), Ok(()), "{host}");
    }
    assert!(shake_hands(&door, "c.example.com", &authorities, &time).is_err());
    let asked = stage.written().await;
    let count = |operation: &str| asked.iter().filter(|call| *call == operation).count();
    assert_eq!(count("acm.RequestCertificate"), 1);
    let is_proof = |name: &&String| name.starts_with("CNAME _");
    assert_eq!(named(&stage.account, &zone).iter().filter(is_proof).count(), 2);

    stage.delete("Ingress", "web").await;
    gone(&stage, "web").await;
    nothing_is_left(&stage).await;
    until("the certificate is gone", async || {
        let left = stage.account.call("acm", "ListCertificates", &json!({}));
        left["CertificateSummaryList"].as_array().is_none_or(Vec::is_empty).then_some(())
    })
    .await;
    // Whatever else the account has for these names may need what proves them.
    assert_eq!(named(&stage.account, &zone).iter().filter(is_proof).count(), 2);
}
