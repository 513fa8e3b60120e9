//! What pods and nodes answer with.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::stage::PAUSE;

/// Where an address of the VPC is reached on this machine.
pub fn reached(address: &str, port: u16) -> SocketAddr {
    let (_, rest) = address.split_once('.').expect("it is IPv4");
    let address: IpAddr = format!("127.{rest}").parse().expect("it is an address");
    SocketAddr::new(address, port)
}

/// Listens where somebody may have listened a moment ago.
pub async fn listen(at: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(at).await {
            Ok(listener) => return listener,
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                albedo::clock::sleep(PAUSE).await;
            }
            Err(error) => panic!("{at}: {error}"),
        }
    }
}

/// The media type of gRPC.
pub const GRPC: &str = "application/grpc";
/// The field, or trailer, that says how a call of gRPC has ended.
pub const GRPC_STATUS: &str = "grpc-status";
/// The one method of gRPC that processes have beside the next: its answer is a message whose first
/// field is the process's text.
pub const SAY: &str = "/albedo.Process/Say";
/// The method by which gRPC asks for health (grpc.health.v1).
pub const CHECK: &str = "/grpc.health.v1.Health/Check";
/// How calls end (gRPC's status codes).
const OK: HeaderValue = HeaderValue::from_static("0");
const UNIMPLEMENTED: HeaderValue = HeaderValue::from_static("12");

/// What is sent before a message of gRPC: that it is not compressed, and its length.
pub fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("it is short").to_be_bytes();
    [&[0], &length[..], message].concat().into()
}

/// The answer to a call of gRPC.
fn called(method: &str, says: &str) -> Response {
    let message = match method {
        // Protocol Buffers: the first field, of bytes that are so many.
        SAY => {
            let length = u8::try_from(says.len()).expect("it is short");
            [&[0x0a, length], says.as_bytes()].concat()
        }
        // The first field is a number: SERVING.
        CHECK => vec![0x08, 1],
        _ => {
            let mut answer = Response::new(Body::empty());
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
            answer.headers_mut().insert(GRPC_STATUS, UNIMPLEMENTED);
            return answer;
        }
    };
    let trailers = HeaderMap::from_iter([(GRPC_STATUS.parse().expect("it is a name"), OK)]);
    let frames = [Frame::data(framed(&message)), Frame::trailers(trailers)];
    let frames = frames.map(Ok::<_, std::convert::Infallible>);
    let mut answer = Response::new(Body::new(StreamBody::new(futures::stream::iter(frames))));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    answer
}

/// A process that answers every request with the same text, HTTP/1.1 and HTTP/2, and calls of gRPC
/// as that has it.
pub struct Process {
    ends: Arc<AtomicBool>,
    stop: oneshot::Sender<()>,
    task: JoinSet<()>,
}

impl Process {
    /// It answers once this returns.
    pub async fn start(at: SocketAddr, says: String) -> Self {
        let listener = listen(at).await;
        let ends = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = oneshot::channel();
        let is_last = Arc::clone(&ends);
        let app = Router::new().fallback(move |request: Request| async move {
            let is_call = request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == GRPC);
            if is_call {
                let method = request.uri().path().to_owned();
                // Who answers before all of a call is there cuts it short.
                let _ = request.into_body().collect().await;
                return called(&method, &says);
            }
            let mut answer = says.into_response();
            if is_last.load(Ordering::Relaxed) {
                let close = "close".parse().expect("it is a value");
                answer.headers_mut().insert(CONNECTION, close);
            }
            answer
        });
        let mut task = JoinSet::new();
        task.spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            let _ = served.await;
        });
        Self { ends, stop, task }
    }

    /// SIGTERM: for so long each answer ends its connection, then nothing new is taken and what is
    /// under way is answered.
    pub async fn terminate(self, last_answers: Duration) {
        let Self { ends, stop, mut task } = self;
        ends.store(true, Ordering::Relaxed);
        if !last_answers.is_zero() {
            albedo::clock::sleep(last_answers).await;
        }
        let _ = stop.send(());
        // What nobody closes is closed: answers take no time here.
        let _ = tokio::time::timeout(Duration::from_millis(200), task.join_next()).await;
    }
}

/// Passes connections on for as long as it is polled; one for which there is no place is closed.
pub async fn pass_on(listener: TcpListener, choose: impl Fn() -> Option<SocketAddr>) {
    let mut under_way = JoinSet::new();
    loop {
        let Ok((mut from, _)) = listener.accept().await else { continue };
        let Some(to) = choose() else { continue };
        under_way.spawn(async move {
            if let Ok(mut to) = TcpStream::connect(to).await {
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            }
        });
        while under_way.try_join_next().is_some() {}
    }
}
