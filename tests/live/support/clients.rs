//! Clients of a load balancer: so many requests a second, and what became of each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, TE};
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::localstack::Account;
use super::serving::{GRPC, GRPC_STATUS, SAY, framed};

/// How many clients ask at once, each one request at a time.
const CLIENTS: u32 = 20;

/// What became of requests.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// How many were answered well, by what the answer says.
    pub good: BTreeMap<String, usize>,
    /// How many were not, by what happened, and the first second in which that was.
    pub lost: BTreeMap<String, usize>,
}

impl Answers {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.good.values().sum::<usize>() + self.lost()
    }

    /// How many were lost.
    pub fn lost(&self) -> usize {
        self.lost.values().sum()
    }
}

/// Clients that ask until they are stopped.
pub struct Clients {
    stop: Arc<AtomicBool>,
    answers: Arc<Mutex<Answers>>,
    tasks: JoinSet<()>,
}

/// Where a load balancer answers, and for whom.
#[derive(Clone)]
pub struct Door {
    /// Its address.
    pub at: SocketAddr,
    /// The host that is asked for.
    pub host: &'static str,
    /// What is trusted, where TLS is spoken.
    pub trusts: Option<Arc<ClientConfig>>,
    /// What is asked there.
    pub asks: Asked,
}

/// What clients ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A page.
    Page,
    /// By gRPC, what a process says.
    Call,
}

impl Door {
    /// The listener at this port of an account's one load balancer.
    pub async fn of(account: &Account, host: &'static str, port: u16) -> Self {
        let balancers = account.ask("GET", "balancers", None).await;
        let listeners = balancers[0]["listeners"].as_array().expect("it has listeners");
        let listener = listeners.iter().find(|listener| listener["port"] == port);
        let bound = listener.expect("one has this port")["bound"].as_u64().expect("it listens");
        let bound = u16::try_from(bound).expect("it is a port");
        let address = balancers[0]["address"].as_str().expect("it has one");
        let at = SocketAddr::new(address.parse().expect("it is an address"), bound);
        Self { at, host, trusts: None, asks: Asked::Page }
    }

    /// The same with TLS and HTTP/2, and trust in a certificate.
    pub fn trusting(self, certificate: CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("it can be trusted");
        let cryptography = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(cryptography)
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self { trusts: Some(Arc::new(config)), ..self }
    }
}

impl Clients {
    /// Begins to ask, so often a second.
    pub fn start(door: &Door, rate: u32) -> Self {
        let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let mut tasks = JoinSet::new();
        for number in 0..CLIENTS {
            let pause = Duration::from_secs(1) * CLIENTS / rate;
            // They do not all ask at the same moment.
            let first = pause * number / CLIENTS;
            let client = Client { door: door.clone(), stop: Arc::clone(&stop), pause };
            tasks.spawn(client.ask(first, Arc::clone(&answers)));
        }
        Self { stop, answers, tasks }
    }

    /// What became of requests so far.
    pub fn so_far(&self) -> Answers {
        lock(&self.answers).clone()
    }

    /// Asks no more, and says what became of all requests.
    pub async fn stop(mut self) -> Answers {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("no client panics");
        }
        self.so_far()
    }
}

fn lock(answers: &Mutex<Answers>) -> MutexGuard<'_, Answers> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Client {
    door: Door,
    stop: Arc<AtomicBool>,
    pause: Duration,
}

impl Client {
    async fn ask(self, first: Duration, answers: Arc<Mutex<Answers>>) {
        albedo::clock::sleep(first).await;
        let mut connections = JoinSet::new();
        let mut sender = None;
        let mut next = albedo::clock::now();
        while !self.stop.load(Ordering::Relaxed) {
            let became = self.one(&mut sender, &mut connections).await;
            {
                let mut answers = lock(&answers);
                let counted = match became {
                    Ok(body) => answers.good.entry(body).or_default(),
                    Err(what) => answers.lost.entry(what).or_default(),
                };
                *counted += 1;
            }
            while connections.try_join_next().is_some() {}
            next += self.pause;
            let ahead = next.duration_since(albedo::clock::now());
            match Duration::try_from(ahead) {
                Ok(ahead) => albedo::clock::sleep(ahead).await,
                // What a busy machine has not managed is not made up for.
                Err(_) => next = albedo::clock::now(),
            }
        }
    }

    /// One request: the body of its answer, or what happened instead.
    async fn one(
        &self,
        kept: &mut Option<Sender>,
        connections: &mut JoinSet<()>,
    ) -> Result<String, String> {
        // A connection that the load balancer has closed while nobody asked loses nothing.
        let mut sender = match kept.take() {
            Some(sender) => sender,
            None => self.connect(connections).await?,
        };
        if !sender.is_ready().await {
            sender = self.connect(connections).await?;
        }
        let answer = sender.ask(&self.door).await;
        let answer = answer.map_err(|error| format!("no answer: {error}"))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| format!("cut: {error}"))?;
        *kept = Some(sender);
        let ended = body.trailers().and_then(|trailers| trailers.get(GRPC_STATUS)).cloned();
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        match (head.status, self.door.asks) {
            (StatusCode::OK, Asked::Page) => Ok(text),
            (StatusCode::OK, Asked::Call) => match ended.filter(|ended| ended == "0") {
                // What comes before the text says how long it is.
                Some(_) => Ok(text.chars().skip(framed(&[0, 0]).len()).collect()),
                None => Err(format!("a call that ended otherwise: {:?}", head.headers)),
            },
            (status, _) => Err(status.to_string()),
        }
    }

    async fn connect(&self, connections: &mut JoinSet<()>) -> Result<Sender, String> {
        let refused = |error: std::io::Error| format!("no connection: {error}");
        let stream = TcpStream::connect(self.door.at).await.map_err(refused)?;
        let Some(config) = &self.door.trusts else {
            let shaken = http1::handshake(TokioIo::new(stream)).await;
            let (sender, connection) = shaken.map_err(|error| error.to_string())?;
            connections.spawn(async move { _ = connection.await });
            return Ok(Sender::Http1(sender));
        };
        let name = ServerName::try_from(self.door.host).expect("it is a host");
        let secure = TlsConnector::from(Arc::clone(config)).connect(name, stream).await;
        let stream = TokioIo::new(secure.map_err(refused)?);
        let shaken = http2::handshake(TokioExecutor::new(), stream).await;
        let (sender, connection) = shaken.map_err(|error| error.to_string())?;
        connections.spawn(async move { _ = connection.await });
        Ok(Sender::Http2(sender))
    }
}

/// A connection: HTTP/1.1, or HTTP/2 where TLS is spoken, as browsers have it.
enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Sender {
    async fn is_ready(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    async fn ask(&mut self, door: &Door) -> hyper::Result<Response<Incoming>> {
        let host = door.host;
        match (self, door.asks) {
            (Self::Http1(sender), _) => {
                let request = Request::get("/").header(HOST, host).body(Body::empty());
                sender.send_request(request.expect("it is one")).await
            }
            (Self::Http2(sender), Asked::Page) => {
                let request = Request::get(format!("https://{host}/")).body(Body::empty());
                sender.send_request(request.expect("it is one")).await
            }
            (Self::Http2(sender), Asked::Call) => {
                let request = Request::post(format!("https://{host}{SAY}"))
                    .header(CONTENT_TYPE, GRPC)
                    .header(TE, "trailers")
                    .body(Body::from(framed(&[])));
                sender.send_request(request.expect("it is one")).await
            }
        }
    }
}
