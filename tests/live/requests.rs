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
use crate::names::{named, secret, stage, with_tls};
use crate::support::anybody::Anybody;
use crate::support::localstack::Account;
use crate::support::objects::{IP, in_group, ingress};
use crate::support::stage::{Stage, until};

/// Where the one load balancer of an account answers HTTPS, once it does.
pub async fn door(account: &Account) -> Option<String> {
    let balancers = account.ask("GET", "balancers", None).await;
    let listeners = balancers[0]["listeners"].as_array()?;
    let listener = listeners.iter().find(|listener| listener["port"] == 443)?;
    Some(format!("{}:{}", balancers[0]["address"].as_str()?, listener["bound"].as_u64()?))
}

/// The time of an account, whose clock may run faster than the machine's.
#[derive(Debug)]
pub struct AccountTime(UnixTime);

impl AccountTime {
    pub async fn now(account: &Account) -> Arc<Self> {
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

/// Shakes hands as a client that trusts these authorities, such as what Amazon issues. Answers with
/// the certificate, or with what is wrong with it.
pub fn shake_hands(
    door: &str,
    host: &str,
    authorities: &str,
    time: &Arc<AccountTime>,
) -> Result<Vec<u8>, String> {
    let mut roots = RootCertStore::empty();
    let each = CertificateDer::pem_slice_iter(authorities.as_bytes());
    roots.add_parsable_certificates(each.map(|one| one.expect("it is a certificate")));
    let cryptography = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(cryptography, Arc::clone(time) as _)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    shake(door, host, Arc::new(config))
}

/// Shakes hands with whoever answers, and answers with its certificate.
pub fn shake(door: &str, host: &str, config: Arc<ClientConfig>) -> Result<Vec<u8>, String> {
    let name = ServerName::try_from(host.to_owned()).expect("it is a name");
    let mut client = ClientConnection::new(config, name).map_err(|error| error.to_string())?;
    let mut stream = TcpStream::connect(door).map_err(|error| error.to_string())?;
    while client.is_handshaking() {
        client.complete_io(&mut stream).map_err(|error| error.to_string())?;
    }
    let shown = client.peer_certificates().and_then(<[_]>::first);
    shown.map(|leaf| leaf.to_vec()).ok_or_else(|| "no certificate".to_owned())
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
        let shown = shake_hands(&door, host, &authorities, &time);
        assert!(shown.is_ok(), "{host}: {shown:?}");
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

/// How often an operation was called and not refused.
async fn count(stage: &Stage, operation: &str) -> usize {
    let written = stage.account.calls().await;
    let done = written.iter().filter(|call| call.error.is_none() && call.name() == operation);
    done.count()
}

#[tokio::test]
async fn ten_ingresses_of_two_groups_share_one_certificate() {
    let (stage, _zone) = stage("shared-certificate").await;
    stage.serve(&["web"]).await;
    for number in 0..10 {
        let group = if number % 2 == 0 { "even" } else { "odd" };
        let mut asks = in_group(group).to_vec();
        asks.push(("create-acm-cert", "true"));
        let path = format!("/{number}");
        let rules = [("a.example.com", path.as_str(), "web")];
        let one = ingress(&format!("web-{number}"), &stage.class, &asks, &rules);
        stage.apply(&[one]).await;
    }
    let _controller = stage.run(&[]);
    until("both groups serve HTTPS", async || {
        let balancers = stage.account.ask("GET", "balancers", None).await;
        let listeners = balancers.as_array()?.iter().filter_map(|one| one["listeners"].as_array());
        let of_https = listeners.flatten().filter(|listener| listener["port"] == 443);
        (of_https.count() == 2).then_some(())
    })
    .await;
    stage.rest().await;
    assert_eq!(count(&stage, "acm.RequestCertificate").await, 1);
}

/// Whoever is killed as soon as a call has been made leaves nothing undone and nothing twice.
#[tokio::test]
async fn a_controller_that_is_killed_between_two_calls_is_followed_by_one_that_goes_on() {
    let (stage, zone) = stage("killed-asking").await;
    stage.serve(&["web"]).await;
    let asks = [IP[0], IP[1], ("group.name", "edge"), ("create-acm-cert", "true")];
    let web = ingress("web", &stage.class, &asks, &[("a.example.com", "/", "web")]);
    let brings = [IP[0], IP[1], ("group.name", "edge")];
    let brought = ingress("brought", &stage.class, &brings, &[("public.example.com", "/", "web")]);
    stage.apply(&[secret("tls", "ec"), with_tls(brought, "public.example.com", "tls"), web]).await;
    for last in [
        "acm.ImportCertificate",
        "acm.RequestCertificate",
        "route53.ChangeResourceRecordSets",
        "elbv2.CreateListener",
    ] {
        let mut controller = stage.run(&[]);
        until(last, async || (count(&stage, last).await > 0).then_some(())).await;
        controller.kill();
    }
    let _controller = stage.run(&[]);
    let door = until("HTTPS is served", async || door(&stage.account).await).await;
    stage.rest().await;
    let authorities = stage.account.text("GET", "ca").await + &vouching();
    let time = AccountTime::now(&stage.account).await;
    for host in ["a.example.com", "public.example.com"] {
        let shown = shake_hands(&door, host, &authorities, &time);
        assert!(shown.is_ok(), "{host}: {shown:?}");
    }
    for operation in ["acm.ImportCertificate", "acm.RequestCertificate"] {
        assert_eq!(count(&stage, operation).await, 1, "{operation}");
    }
    let proofs = named(&stage.account, &zone);
    assert_eq!(proofs.iter().filter(|name| name.starts_with("CNAME _")).count(), 1);
}

/// Who vouches for the certificate of the fixture `ec`.
fn vouching() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/tls/inter.pem");
    std::fs::read_to_string(file).expect("it is there")
}

#[tokio::test]
async fn a_secret_is_renewed_under_load_and_no_handshake_fails() {
    let (stage, _zone) = stage("renewed-under-load").await;
    stage.serve(&["web"]).await;
    let rules = [("public.example.com", "/", "web")];
    let web = ingress("web", &stage.class, &IP, &rules);
    stage.apply(&[secret("tls", "ec"), with_tls(web, "public.example.com", "tls")]).await;
    let _controller = stage.run(&[]);
    let door = until("HTTPS is served", async || door(&stage.account).await).await;
    stage.rest().await;
    let anybody = Anybody::trusted();
    let shake = move || shake(&door, "public.example.com", Arc::clone(&anybody));
    let before = shake().expect("it is served");
    stage.account.forget_calls().await;
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let load = shake.clone();
    let clients = std::thread::spawn(move || {
        let (mut count, mut failed) = (0_usize, Vec::new());
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            count += 1;
            failed.extend(load().err());
        }
        (count, failed)
    });
    stage.apply(&[secret("tls", "renewed")]).await;
    until("the renewed one is served", async || {
        shake().is_ok_and(|shown| shown != before).then_some(())
    })
    .await;
    stage.rest().await;
    drop(stop);
    let (count, failed) = clients.join().expect("it does not panic");
    assert!(count > 1 && failed.is_empty(), "{count}: {failed:?}");
    assert_eq!(stage.written().await, ["acm.ImportCertificate"]);
}
