//! A client that speaks HTTP and HTTPS with a load balancer, one connection for each request.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use serde_json::Value;
use tokio::net::TcpSocket;

use crate::support::anybody::Anybody;

/// Who sends requests, and where to.
#[derive(Clone)]
pub struct Client {
    /// The load balancer's address.
    pub address: IpAddr,
    http: u16,
    https: u16,
    source: IpAddr,
}

/// What comes back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Client {
    /// A client of a load balancer as the control plane tells of it.
    pub fn of(balancer: &Value) -> Self {
        let address = balancer["address"].as_str().expect("it has one");
        let bound = |port: u16| {
            let listeners = balancer["listeners"].as_array().expect("it listens");
            let listener = listeners.iter().find(|listener| listener["port"] == port);
            let bound = listener.and_then(|listener| listener["bound"].as_u64());
            u16::try_from(bound.expect("it listens there")).expect("it is a port")
        };
        Self {
            address: address.parse().expect("it is an address"),
            http: bound(80),
            https: bound(443),
            source: Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// The same client somewhere else.
    pub fn from(&self, source: &str) -> Self {
        Self { source: source.parse().expect("it is an address"), ..self.clone() }
    }

    /// What a GET over HTTP is answered with.
    pub async fn get(&self, host: &str, target: &str) -> Answer {
        self.send("GET", host, target, &[]).await
    }

    /// The same of any method, with these headers.
    pub async fn send(
        &self,
        method: &str,
        host: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut stream = self.connect(self.http).await;
        let request = request(method, host, target, headers);
        tokio::task::spawn_blocking(move || answer(&mut stream, &request)).await.expect("it ends")
    }

    /// What a GET over HTTPS is answered with; nobody looks at the certificate.
    pub async fn get_securely(&self, host: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        let stream = self.connect(self.https).await;
        let request = request("GET", host, target, headers);
        let name = ServerName::try_from(host.to_owned()).expect("it is a name");
        let asked = tokio::task::spawn_blocking(move || {
            let connection = ClientConnection::new(Anybody::trusted(), name).expect("it begins");
            answer(&mut StreamOwned::new(connection, stream), &request)
        });
        asked.await.expect("it ends")
    }

    async fn connect(&self, port: u16) -> std::net::TcpStream {
        let socket = TcpSocket::new_v4().expect("there is one");
        socket.bind(SocketAddr::new(self.source, 0)).expect("it is an address of this machine");
        let stream = socket.connect(SocketAddr::new(self.address, port)).await;
        let stream = stream.expect("it listens").into_std().expect("it is one");
        stream.set_nonblocking(false).expect("it can wait");
        stream
    }
}

fn request(method: &str, host: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let own = [("Host", host), ("Connection", "close")];
    let lines = own.iter().chain(headers).map(|(name, value)| format!("{name}: {value}\r\n"));
    let lines: Vec<String> = lines.collect();
    format!("{method} {target} HTTP/1.1\r\n{}\r\n", lines.concat())
}

fn answer(stream: &mut (impl Read + Write), request: &str) -> Answer {
    stream.write_all(request.as_bytes()).expect("it takes requests");
    let mut answer = Vec::new();
    // A close without a farewell is as good as one with it.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).expect("it is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("it is an answer");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).map(str::parse);
    let headers = lines.filter_map(|line| line.split_once(": "));
    Answer {
        status: status.and_then(Result::ok).expect("it has a status"),
        headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
        body: body.to_owned(),
    }
}

impl Answer {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    /// The cookies that it sets, as a client sends them back.
    pub fn cookies(&self) -> String {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        let each = set.filter_map(|(_, value)| value.split(';').next());
        each.collect::<Vec<_>>().join("; ")
    }

    /// What a pod saw.
    pub fn echo(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).expect("it is JSON")
    }

    /// The Service whose pod it was.
    pub fn pod(&self) -> String {
        self.echo()["pod"].as_str().expect("it says so").to_owned()
    }
}
