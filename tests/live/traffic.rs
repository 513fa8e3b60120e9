//! Real requests, from a client in Rust through the load balancer to pods that answer.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use albedo::clock::{Clock as _, SystemClock};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::localstack::Account;
use crate::support::objects::{IP, endpoints, ingress, service};
use crate::support::stage::{Stage, until};

const HOST: &str = "a.example.com";
/// How many clients ask at once, each on one connection at a time.
const CLIENTS: usize = 4;
/// How many requests have to be answered between two changes.
const ANSWERS: usize = 200;

/// Where a pod's address is reached on this machine.
fn reached(address: &str) -> IpAddr {
    let (_, rest) = address.split_once('.').expect("it is IPv4");
    format!("127.{rest}").parse().expect("it is an address")
}

/// A pod that answers with its address for as long as the set is there.
async fn pod(pods: &mut JoinSet<()>, address: &str) {
    let says = address.to_owned();
    let app = Router::new().fallback(move || async move { says });
    let listener = TcpListener::bind((reached(address), 8080)).await.expect("the port is free");
    pods.spawn(async move {
        let _ = axum::serve(listener, app).await;
    });
}

/// Where the one load balancer of an account answers HTTP.
async fn door(account: &Account) -> SocketAddr {
    let balancers = account.ask("GET", "balancers", None).await;
    let balancer = &balancers[0];
    let address = balancer["address"].as_str().expect("it has one");
    let port = balancer["listeners"][0]["bound"].as_u64().expect("it listens");
    let port = u16::try_from(port).expect("it is a port");
    SocketAddr::new(address.parse().expect("it is an address"), port)
}

/// Where a port of the load balancer whose name ends so is bound.
async fn door_of(account: &Account, end: &str) -> Option<SocketAddr> {
    let balancers = account.ask("GET", "balancers", None).await;
    let all = balancers.as_array().expect("it is a list");
    let named = |one: &&serde_json::Value| one["name"].as_str().is_some_and(|it| it.ends_with(end));
    let balancer = all.iter().find(named)?;
    let port = u16::try_from(balancer["listeners"][0]["bound"].as_u64()?).ok()?;
    Some(SocketAddr::new(balancer["address"].as_str()?.parse().ok()?, port))
}

/// What one request is answered with, if it is.
async fn asked(door: SocketAddr) -> Option<(u16, String)> {
    let stream = TcpStream::connect(door).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = SystemClock::new().spawn(connection);
    let request = Request::get("/").header("host", HOST).body(Body::empty()).ok()?;
    let answer = sender.send_request(request).await.ok()?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    connection.abort();
    Some((status, String::from_utf8(body.to_vec()).ok()?))
}

#[tokio::test]
async fn a_request_by_way_of_the_frontend_nlb_gets_to_a_pod_and_the_nlb_goes_when_nobody_wants_it()
{
    let stage = Stage::new("frontend").await;
    let address = &stage.ground.addresses[204];
    let mut pods = JoinSet::new();
    pod(&mut pods, address).await;
    let web = service("web");
    stage.apply(&endpoints(&web, std::slice::from_ref(address))).await;
    stage.apply(std::slice::from_ref(&web)).await;
    let [target, ..] = IP;
    let with = [target, ("enable-frontend-nlb", "true")];
    stage.apply(&[ingress("web", &stage.class, &with, &[(HOST, "/", "web")])]).await;
    let _controller = stage.run(&["--replacement-grace=3s"]);
    let answer = until("the way by the NLB is there", async || {
        stage.account.ask("GET", "settled", None).await;
        let answer = asked(door_of(&stage.account, "-nlb").await?).await?;
        (answer.0 == 200).then_some(answer)
    })
    .await;
    assert_eq!(answer, (200, address.clone()));
    stage.apply(&[ingress("web", &stage.class, &IP, &[(HOST, "/", "web")])]).await;
    until("it is gone", async || door_of(&stage.account, "-nlb").await.is_none().then_some(()))
        .await;
    let answer = asked(door(&stage.account).await).await;
    assert_eq!(answer, Some((200, address.clone())));
}

/// Asks on one connection until it is told to stop. Gives what answered; anything but 200 from a
/// pod ends the test.
async fn ask(door: SocketAddr, stop: Arc<AtomicBool>, answers: Arc<std::sync::Mutex<Vec<String>>>) {
    let mut connections = JoinSet::new();
    while !stop.load(Ordering::Relaxed) {
        let stream = TcpStream::connect(door).await.expect("the load balancer listens");
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        connections.spawn(connection);
        while !stop.load(Ordering::Relaxed) && sender.ready().await.is_ok() {
            let request = Request::get("/").header("host", HOST).body(Body::empty());
            let answer = sender.send_request(request.expect("it is one")).await.expect("answered");
            assert_eq!(answer.status(), 200);
            let body = answer.into_body().collect().await.expect("it is whole").to_bytes();
            let body = String::from_utf8(body.to_vec()).expect("it is text");
            answers.lock().expect("nobody panics with it").push(body);
        }
    }
}

#[tokio::test]
async fn a_rollout_loses_no_request() {
    let stage = Stage::new("traffic").await;
    // Nobody else's test serves pods there.
    let addresses = &stage.ground.addresses[200..204];
    let mut pods = JoinSet::new();
    for address in addresses {
        pod(&mut pods, address).await;
    }
    let web = service("web");
    stage.apply(&endpoints(&web, &addresses[..2])).await;
    stage.apply(std::slice::from_ref(&web)).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[(HOST, "/", "web")])]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.ask("GET", "settled", None).await;
    let door = door(&stage.account).await;
    let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(ask(door, Arc::clone(&stop), Arc::clone(&answers)));
    }
    let more = async |count: usize| {
        let before = answers.lock().expect("nobody panics with it").len();
        until("requests are answered", async || {
            let now = answers.lock().expect("nobody panics with it").len();
            (now >= before + count).then_some(())
        })
        .await;
    };
    more(ANSWERS).await;
    // One pod after the other is replaced by a new one.
    for first in 1..=2 {
        stage.apply(&endpoints(&web, &addresses[first..first + 2])).await;
        stage.rest().await;
        more(ANSWERS).await;
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client.expect("every request was answered");
    }
    let answers = answers.lock().expect("nobody panics with it");
    let answered: BTreeSet<&str> = answers.iter().map(String::as_str).collect();
    assert_eq!(answered, addresses.iter().map(String::as_str).collect(), "all had their share");
    println!("{} requests, none lost", answers.len());
}
