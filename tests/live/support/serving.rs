//! What pods and nodes answer with.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONNECTION;
use axum::response::IntoResponse as _;
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

/// A process that answers every request with the same text, HTTP/1.1 and HTTP/2.
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
        let app = Router::new().fallback(move || async move {
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
