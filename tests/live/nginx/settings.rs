//! What ingress-nginx settles for a whole upstream: for how long a client stays and is waited for,
//! who of several pods is next, and what pods speak.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use jiff::fmt::rfc2822;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{CERTIFICATE, KEY, Written, ask, doors_of, ingress};
use crate::support::objects::{class, endpoints, service};
use crate::support::serving::{listen, reached};
use crate::support::stage::{Stage, until};

/// What is written.
const WRITTEN: [Written; 3] = [
    (
        &[("affinity", "cookie"), ("session-cookie-max-age", "600")],
        ["age.example.com", "Prefix", "/", "web"],
    ),
    (&[("load-balance", "ewma")], ["busy.example.com", "Prefix", "/", "web"]),
    (&[("backend-protocol", "HTTPS")], ["sealed.example.com", "Prefix", "/", "tls"]),
];
/// What is alone on its load balancer: the longest time of a group counts.
const IMPATIENT: Written =
    (&[("proxy-read-timeout", "1")], ["impatient.example.com", "Prefix", "/", "web"]);

/// Pods of a Service, and what is known of them.
#[derive(Clone)]
struct Pods {
    /// How many requests wait.
    waiting: Arc<AtomicUsize>,
    /// Whether they are answered.
    released: watch::Receiver<bool>,
}

impl Pods {
    /// One that answers with its name, at `/held` only once those that wait there are released.
    fn serve(&self, pods: &mut JoinSet<()>, name: &'static str, listener: TcpListener) {
        let Self { waiting, released } = self.clone();
        let held = async move || {
            waiting.fetch_add(1, Ordering::Relaxed);
            let mut released = released.clone();
            let _ = released.wait_for(|is_released| *is_released).await;
            name.into_response()
        };
        let app = Router::new().route("/held", get(held)).fallback(async move || name);
        pods.spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
    }
}

/// One that speaks TLS, and nothing else.
fn serve_by_tls(pods: &mut JoinSet<()>, listener: TcpListener) {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("it is PEM");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("it is PEM");
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).expect("the key is its");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    pods.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not speak TLS is no client.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsealed";
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
}

/// Who has answered.
fn who(answer: &str) -> &str {
    answer.rsplit("\r\n").next().unwrap_or_default()
}

#[tokio::test]
async fn settings_of_upstreams_do_what_they_do_for_ingress_nginx() {
    let stage = Stage::new("nginx-settings").await;
    let mut own = class(&stage.class);
    own["metadata"]["annotations"] = serde_json::json!({"alb.ingress.k8s.aws/nginx": "true"});
    stage.apply(&[own]).await;
    let imported = serde_json::json!({"Certificate": CERTIFICATE, "PrivateKey": KEY});
    let imported = stage.account.call("acm", "ImportCertificate", &imported);
    let certificate = imported["CertificateArn"].as_str().expect("it has one");
    // Nobody else's test serves pods there.
    let addresses = &stage.ground.addresses[226..229];
    let (release, released) = watch::channel(false);
    let pods = Pods { waiting: Arc::default(), released };
    let mut tasks = JoinSet::new();
    for (name, address) in ["one", "two"].into_iter().zip(addresses) {
        pods.serve(&mut tasks, name, listen(reached(address, 8080)).await);
    }
    serve_by_tls(&mut tasks, listen(reached(&addresses[2], 8080)).await);
    for (name, addresses) in [("web", &addresses[..2]), ("tls", &addresses[2..])] {
        let service = service(name);
        stage.apply(&endpoints(&service, addresses)).await;
        stage.apply(&[service]).await;
    }
    for (place, written) in WRITTEN.iter().enumerate() {
        stage.apply(&[ingress(&stage, certificate, place, written)]).await;
    }
    let mut alone = ingress(&stage, certificate, WRITTEN.len(), &IMPATIENT);
    alone["metadata"]["annotations"]["alb.ingress.kubernetes.io/group.name"] = "alone".into();
    stage.apply(&[alone]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.ask("GET", "settled", None).await;
    let mut doors = doors_of(&stage).await;
    if ask(doors[0], "age.example.com", "/", "").await.0 != 200 {
        doors.swap(0, 1);
    }
    let [door, impatient] = doors[..] else { panic!("{doors:?}") };

    // For how long a client stays.
    let (_, answer) = ask(door, "age.example.com", "/", "").await;
    let cookie = answer.lines().find(|line| line.contains("AWSALB=")).expect("there is a cookie");
    let until_when = cookie.split("; ").find_map(|part| part.strip_prefix("Expires="));
    let until_when = rfc2822::parse(until_when.expect("it ends")).expect("it is a date");
    let stays = until_when.timestamp().duration_since(albedo::clock::now()).as_secs();
    assert!((500..=600).contains(&stays), "{stays} s: {cookie}");

    // What pods speak.
    let (status, answer) = ask(door, "sealed.example.com", "/", "").await;
    assert_eq!((status, who(&answer)), (200, "sealed"));

    // Whoever has least to do is next.
    let mut busy = JoinSet::new();
    busy.spawn(async move { ask(door, "busy.example.com", "/held", "").await });
    until("a pod is busy", async || (pods.waiting.load(Ordering::Relaxed) == 1).then_some(()))
        .await;
    let mut next = BTreeSet::new();
    for _ in 0..6 {
        next.insert(who(&ask(door, "busy.example.com", "/", "").await.1).to_owned());
    }
    release.send_replace(true);
    let answered = busy.join_next().await.expect("one asks");
    let (status, answer) = answered.expect("it does not panic");
    assert_eq!((status, next.len()), (200, 1), "{next:?}");
    assert!(!next.contains(who(&answer)), "{next:?} and {answer}");

    // For how long a pod is waited for.
    release.send_replace(false);
    let asked = ask(impatient, "impatient.example.com", "/held", "");
    let asked = tokio::time::timeout(Duration::from_secs(30), asked).await;
    assert_eq!(asked.expect("somebody loses patience").0, 504);
}
