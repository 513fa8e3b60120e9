//! A second API server on the same etcd, and an address that leads to one or the other: a control
//! plane that fails over, as managed ones do.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use futures::StreamExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::soon;
use crate::support::control_plane::ControlPlane;

/// Another kube-apiserver. It ends when this is dropped, or with this process.
pub struct Replica {
    shell: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Replica {
    /// Starts one more, just like the first but for the port, and waits until it answers.
    pub async fn start(plane: &ControlPlane) -> Self {
        let (mut command, _) = command_line(plane);
        let address = free_address().await;
        for argument in &mut command {
            if argument.starts_with("--secure-port=") {
                *argument = format!("--secure-port={}", address.port());
            }
        }
        let log = File::create(plane.place().join("replica.log")).expect("the place is ours");
        // The shell reads until its input is closed, which the kernel does too if this process is
        // killed. Asked to end, the server would wait a minute for its watches.
        let script = r#""$@" & server=$!; read -r end; kill -KILL $server"#;
        let shell = Command::new("sh")
            .args(["-c", script, "replica"])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("there is a shell");
        let replica = Self { shell, address };
        let client = plane.client_by_way_of(address).await;
        let ready = async {
            while client.apiserver_version().await.is_err() {
                albedo::clock::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        soon("the second API server answers", ready).await;
        replica
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Where the control plane's own API server listens.
pub fn first(plane: &ControlPlane) -> SocketAddr {
    command_line(plane).1
}

/// How the control plane's API server was started, and where it listens.
fn command_line(plane: &ControlPlane) -> (Vec<String>, SocketAddr) {
    let processes = std::fs::read_to_string(plane.place().join("processes")).expect("it runs");
    let of_server = processes.lines().find_map(|line| line.strip_prefix("kube-apiserver "));
    let pid = of_server.and_then(|line| line.split(' ').next()).expect("a line names its PID");
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("it runs");
    let command: Vec<String> = line.split_terminator('\0').map(str::to_owned).collect();
    let port = command.iter().find_map(|argument| argument.strip_prefix("--secure-port="));
    let port = port.and_then(|port| port.parse().ok()).expect("it has a port");
    (command, (Ipv4Addr::LOCALHOST, port).into())
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    listener.local_addr().expect("it is bound")
}

/// An address whose connections lead to one server or another, or nowhere.
pub struct Switch {
    listener: TcpListener,
    target: watch::Sender<Option<SocketAddr>>,
    /// Counts how often all connections that were there have gone dumb.
    dumb: watch::Sender<u32>,
    /// Whether new connections lead anywhere.
    is_open: watch::Sender<bool>,
}

impl Switch {
    /// An address that leads here.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        Self {
            listener,
            target: watch::Sender::new(Some(target)),
            dumb: watch::Sender::new(0),
            is_open: watch::Sender::new(true),
        }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("it is bound")
    }

    /// Ends every connection, and leads new ones elsewhere; `None` is nowhere.
    pub fn turn(&self, target: Option<SocketAddr>) {
        self.target.send_replace(target);
    }

    /// Carries nothing any more through the connections that are there, and does not end them.
    pub fn go_dumb(&self) {
        self.dumb.send_modify(|times| *times += 1);
    }

    /// Takes new connections, and carries nothing through them.
    pub fn lead_nowhere(&self) {
        self.is_open.send_replace(false);
    }

    /// Carries what comes, for ever.
    pub async fn serve(&self) {
        let incoming = futures::stream::unfold((), |()| async {
            let (socket, _) = self.listener.accept().await.ok()?;
            Some((socket, ()))
        });
        incoming.for_each_concurrent(None, |socket| self.carry(socket)).await;
    }

    async fn carry(&self, mut client: TcpStream) {
        let (mut target, mut dumb) = (self.target.subscribe(), self.dumb.subscribe());
        let Some(address) = *target.borrow_and_update() else { return };
        if !*self.is_open.borrow() {
            std::future::pending::<()>().await;
        }
        let Ok(mut server) = TcpStream::connect(address).await else { return };
        tokio::select! {
            _ = target.changed() => {}
            _ = dumb.changed() => drop(target.changed().await),
            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        }
    }
}
