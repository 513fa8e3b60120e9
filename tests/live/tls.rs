//! What clients meet at listeners: the certificate that their host calls for, being asked for one
//! of their own, and a port that moves while they ask.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Stream};
use serde_json::{Value, json};

use crate::requests::shake;
use crate::support::anybody::Anybody;
use crate::support::localstack::Account;
use crate::support::objects::{IP, ingress};
use crate::support::stage::{Stage, until};

/// How long an answer may take on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How many requests are answered before a port moves.
const ANSWERS: usize = 50;

/// Where a port of the one load balancer of an account is reached, while there is such a listener.
async fn door(account: &Account, port: u16) -> Option<String> {
    let balancers = account.ask("GET", "balancers", None).await;
    let listeners = balancers[0]["listeners"].as_array()?;
    let listener = listeners.iter().find(|listener| listener["port"] == port)?;
    Some(format!("{}:{}", balancers[0]["address"].as_str()?, listener["bound"].as_u64()?))
}

/// An Ingress whose load balancer answers these hosts by itself.
fn answering(class: &str, hosts: &[&str], annotations: &[(&str, &str)]) -> Value {
    const ANSWER: &str = r#"{"type":"fixed-response","fixedResponseConfig":
        {"statusCode":"200","contentType":"text/plain","messageBody":"here"}}"#;
    let annotations: Vec<(&str, &str)> =
        IP.iter().chain(annotations).copied().chain([("actions.ok", ANSWER)]).collect();
    let rules: Vec<_> = hosts.iter().map(|host| (*host, "/", "ok")).collect();
    let mut ingress = ingress("web", class, &annotations, &rules);
    let rules = ingress["spec"]["rules"].as_array_mut().expect("it has rules");
    for rule in rules {
        let service = &mut rule["http"]["paths"][0]["backend"]["service"];
        service["port"] = json!({"name": "use-annotation"});
    }
    ingress
}

/// Something in DER as PEM has it.
fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("it is ASCII")).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

/// A certificate for a host, with its key, that ACM holds.
struct Imported {
    arn: String,
    der: Vec<u8>,
}

impl Imported {
    fn make(account: &Account, host: &str) -> Self {
        let key = KeyPair::generate().expect("there are keys");
        let params = CertificateParams::new([host.to_owned()]).expect("it is a host");
        let made = params.self_signed(&key).expect("it can be signed");
        let import = json!({
            "Certificate": pem("CERTIFICATE", made.der()),
            "PrivateKey": pem("PRIVATE KEY", &key.serialize_der()),
        });
        let imported = account.call("acm", "ImportCertificate", &import);
        let arn = imported["CertificateArn"].as_str().expect("it has one").to_owned();
        Self { arn, der: made.der().to_vec() }
    }
}

#[tokio::test]
async fn each_host_is_shown_the_certificate_that_was_found_for_it() {
    let stage = Stage::new("sni").await;
    let exact = Imported::make(&stage.account, "a.one.example.com");
    let wide = Imported::make(&stage.account, "*.two.example.com");
    let other = Imported::make(&stage.account, "c.three.example.com");
    let hosts = ["a.one.example.com", "b.two.example.com"];
    let ports = ("listen-ports", r#"[{"HTTPS":443}]"#);
    stage.apply(&[answering(&stage.class, &hosts, &[ports])]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.ask("GET", "settled", None).await;
    let door = until("HTTPS is served", async || door(&stage.account, 443).await).await;
    let shown = |host: &str| shake(&door, host, Anybody::trusted()).expect("it shakes hands");
    assert!(shown(hosts[0]) == exact.der, "{} for its own host", exact.arn);
    assert!(shown(hosts[1]) == wide.der, "{} for a host below", wide.arn);
    // For a host that nobody asks for there is the default one, and none that nobody looked for.
    let default = shown("c.three.example.com");
    assert!([&exact.der, &wide.der].contains(&&default), "not {}", other.arn);
}

/// An authority whose clients may come in.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn make(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("there are keys");
        Self(CertifiedIssuer::self_signed(params, key).expect("it can be signed"))
    }

    /// A client with a certificate of this authority.
    fn client(&self) -> Arc<ClientConfig> {
        let key = KeyPair::generate().expect("there are keys");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let made = params.signed_by(&key, &self.0).expect("it can be signed");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("it is a key");
        Anybody::showing(vec![made.der().clone()], key)
    }

    /// A trust store that holds it.
    fn trusted(&self, account: &Account) -> String {
        let bucket = format!("trust-{}", account.id);
        account.call("s3", "CreateBucket", &json!({"Bucket": bucket}));
        let bundle =
            json!({"Bucket": bucket, "Key": "ca", "Body": pem("CERTIFICATE", self.0.der())});
        account.call("s3", "PutObject", &bundle);
        let store = json!({
            "Name": "clients",
            "CaCertificatesBundleS3Bucket": bucket,
            "CaCertificatesBundleS3Key": "ca",
        });
        let made = account.call("elbv2", "CreateTrustStore", &store);
        made["TrustStores"][0]["TrustStoreArn"].as_str().expect("it has one").to_owned()
    }
}

/// What one request over TLS is answered with: its status, or what happened instead. Whoever shows
/// no good certificate learns of it when it reads.
fn asked(door: &str, host: &str, client: &Arc<ClientConfig>) -> Result<String, String> {
    let text = |error: std::io::Error| error.to_string();
    let name = ServerName::try_from(host.to_owned()).expect("it is a name");
    let mut connection =
        ClientConnection::new(Arc::clone(client), name).map_err(|error| error.to_string())?;
    let mut stream = TcpStream::connect(door).map_err(text)?;
    stream.set_read_timeout(Some(ANSWER_MAX)).map_err(text)?;
    let mut stream = Stream::new(&mut connection, &mut stream);
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(text)?;
    answered(&mut stream)
}

/// The status of an answer.
fn answered(stream: &mut impl std::io::Read) -> Result<String, String> {
    let mut head = [0; 12];
    stream.read_exact(&mut head).map_err(|error| error.to_string())?;
    let head = String::from_utf8_lossy(&head).into_owned();
    head.split(' ').nth(1).map(str::to_owned).ok_or(head)
}

#[tokio::test]
async fn who_shows_a_certificate_of_the_trust_store_is_let_in_and_nobody_else() {
    const HOST: &str = "a.one.example.com";
    let stage = Stage::new("mutual").await;
    let server = Imported::make(&stage.account, HOST);
    let (known, unknown) = (Authority::make("known"), Authority::make("unknown"));
    let store = known.trusted(&stage.account);
    let asks = |mode: &str| {
        let verify = format!(r#"[{{"port":443,"mode":"verify","trustStore":"{store}"}}]"#);
        let other = format!(r#"[{{"port":443,"mode":"{mode}"}}]"#);
        let asked = if mode == "verify" { verify } else { other };
        answering(
            &stage.class,
            &[HOST],
            &[
                ("listen-ports", r#"[{"HTTPS":443}]"#),
                ("certificate-arn", &server.arn),
                ("mutual-authentication", &asked),
            ],
        )
    };
    stage.apply(&[asks("verify")]).await;
    let _controller = stage.run(&[]);
    let settle = async || {
        stage.rest().await;
        stage.account.ask("GET", "settled", None).await;
        door(&stage.account, 443).await.expect("HTTPS is served")
    };
    let clients = [known.client(), unknown.client(), Anybody::trusted()];
    let let_in = |door: &str| {
        let each = clients.iter().map(|client| asked(door, HOST, client));
        each.map(|answer| answer.is_ok_and(|status| status == "200")).collect::<Vec<_>>()
    };
    assert_eq!(let_in(&settle().await), [true, false, false], "verify");
    stage.apply(&[asks("passthrough")]).await;
    assert_eq!(let_in(&settle().await), [true, true, true], "passthrough");
    stage.apply(&[asks("verify")]).await;
    assert_eq!(let_in(&settle().await), [true, false, false], "verify again");
    stage.apply(&[asks("off")]).await;
    assert_eq!(let_in(&settle().await), [true, true, true], "off");
}

/// What one request over HTTP is answered with.
fn asked_plainly(door: &str, host: &str) -> Result<String, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(door).map_err(text)?;
    stream.set_read_timeout(Some(ANSWER_MAX)).map_err(text)?;
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(text)?;
    answered(&mut stream)
}

#[tokio::test]
async fn a_port_that_moves_is_there_before_the_old_one_goes() {
    const HOST: &str = "a.one.example.com";
    let stage = Stage::new("moves").await;
    let at = |port: u16| {
        let ports = format!(r#"[{{"HTTP":{port}}}]"#);
        answering(&stage.class, &[HOST], &[("listen-ports", &ports)])
    };
    stage.apply(&[at(8080)]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.ask("GET", "settled", None).await;
    let old = door(&stage.account, 8080).await.expect("it listens");
    let ask = async |door: &str| {
        let door = door.to_owned();
        let asked = tokio::task::spawn_blocking(move || asked_plainly(&door, HOST));
        asked.await.expect("it does not panic")
    };
    let mut answers = 0;
    while answers < ANSWERS {
        assert_eq!(ask(&old).await.as_deref(), Ok("200"));
        answers += 1;
    }
    stage.apply(&[at(9090)]).await;
    // Once the old one takes nobody any more, the new one does: it came first.
    let gone = until("the old port takes nobody", async || match ask(&old).await {
        Ok(status) => {
            assert_eq!(status, "200", "whoever is taken is answered");
            None
        }
        Err(why) => Some(why),
    })
    .await;
    let new = door(&stage.account, 9090).await;
    let new = new.unwrap_or_else(|| panic!("no port takes anybody; the old one: {gone}"));
    assert_eq!(ask(&new).await.as_deref(), Ok("200"));
    stage.rest().await;
    let made = stage.writes().await;
    let place = |operation: &str| made.iter().rposition(|call| call.operation == operation);
    assert!(place("CreateListener") < place("DeleteListener"), "{made:#?}");
}
