//! Certificates that ACM is asked for, from nothing to a handshake.

use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
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

/// Shakes hands as a client that trusts what Amazon issues. Says what is wrong with the
/// certificate, if anything is.
fn shake_hands(door: &str, host: &str, authorities: &str) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    let each = CertificateDer::pem_slice_iter(authorities.as_bytes());
    roots.add_parsable_certificates(each.map(|one| one.expect("it is a certificate")));
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
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
    for host in hosts {
        assert_eq!(shake_hands(&door, host, &authorities), Ok(()), "{host}");
    }
    assert!(shake_hands(&door, "c.example.com", &authorities).is_err());
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
