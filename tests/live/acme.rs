//! cert-manager itself, an authority that speaks ACME, and the solver's pods, from a ClusterIssuer
//! to HTTPS through the data plane, and a renewal that somebody asks for. `make test-acme` runs it:
//! it builds cert-manager and pebble first, which takes minutes and much of the network.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::names::stage;
use crate::requests::{door, shake};
use crate::support::anybody::Anybody;
use crate::support::control_plane::try_run;
use crate::support::objects::{IP, ingress};
use crate::support::stage::{PAUSE, Stage, until};

const HOST: &str = "a.example.com";
/// How many lines of what each program says are told where the test fails.
const TOLD: usize = 40;
/// The label of what cert-manager makes for a challenge.
const LABEL: &str = "acme.cert-manager.io/http01-solver";

/// A program that ends with the test, and the file of what it says: how that ends is told where the
/// test fails.
struct Running(Child, PathBuf);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(&self.1).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            let last = &lines[lines.len().saturating_sub(TOLD)..];
            println!("{}:\n{}", self.1.display(), last.join("\n"));
        }
    }
}

fn start(command: &mut Command, log: &Path) -> Running {
    let file = std::fs::File::create(log).expect("the scratch directory can be written to");
    let error = file.try_clone().expect("a file can be shared");
    let command = command.stdin(Stdio::null()).stdout(file).stderr(error);
    Running(command.spawn().expect("the program starts"), log.to_owned())
}

/// The directory of what `tests/acme/build` makes.
fn built() -> PathBuf {
    let build = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/acme/build");
    let said = try_run(&mut Command::new(build), "").expect("it can be built");
    PathBuf::from(said.trim())
}

fn free_port() -> u16 {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    taken.local_addr().expect("it is bound").port()
}

/// The address at which the one load balancer answers HTTP.
async fn front(stage: &Stage) -> Option<SocketAddr> {
    let balancers = stage.account.ask("GET", "balancers", None).await;
    let listeners = balancers[0]["listeners"].as_array()?;
    let listener = listeners.iter().find(|listener| listener["port"] == 80)?;
    let port = u16::try_from(listener["bound"].as_u64()?).ok()?;
    Some(SocketAddr::new(balancers[0]["address"].as_str()?.parse().ok()?, port))
}

/// What a load balancer answers to a request for a path of the host: the status and the body.
async fn ask(front: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(front).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some((status, body.to_owned()))
}

/// A proxy that takes every request for a host's port 80 to the load balancer: cert-manager looks
/// by itself whether a token is answered before it asks anybody to.
async fn proxy(tasks: &mut JoinSet<()>, front: SocketAddr) -> u16 {
    let app = Router::new().fallback(async move |request: Request| {
        match ask(front, request.uri().path()).await {
            Some((status, body)) => (StatusCode::from_u16(status).expect("it is a status"), body),
            None => (StatusCode::BAD_GATEWAY, String::new()),
        }
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    tasks.spawn(async move {
        let _ = axum::serve(listener, app).await;
    });
    port
}

/// Stands in for nodes: each pod of a solver gets an address and is run by its arguments, and the
/// Service that leads to it an EndpointSlice.
struct Node {
    certmanager: PathBuf,
    running: BTreeMap<String, (Running, String)>,
    taken: usize,
}

impl Node {
    async fn look(&mut self, stage: &Stage, log: &Path) {
        let labelled = |all: Vec<Value>| -> Vec<Value> {
            all.into_iter().filter(|one| !one["metadata"]["labels"][LABEL].is_null()).collect()
        };
        let pods = labelled(stage.list("Pod").await);
        let name = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
        let names: Vec<String> = pods.iter().filter_map(name).collect();
        self.running.retain(|pod, _| names.contains(pod));
        for pod in &pods {
            let Some(name) = name(pod).filter(|name| !self.running.contains_key(name)) else {
                continue;
            };
            let address = stage.ground.addresses[200 + self.taken].clone();
            self.taken += 1;
            let arguments = pod["spec"]["containers"][0]["args"].as_array().expect("it has some");
            let arguments = arguments.iter().filter_map(Value::as_str);
            let mut command = Command::new(&self.certmanager);
            let solver = start(command.arg("solver").args(arguments), log);
            self.running.insert(name.clone(), (solver, address.clone()));
            run_at(stage, &name, &address).await;
        }
        for service in labelled(stage.list("Service").await) {
            let wanted = &service["metadata"]["labels"];
            let serving = pods.iter().filter(|pod| pod["metadata"]["labels"] == *wanted);
            let at =
                serving.filter_map(|pod| Some((name(pod)?, &self.running.get(&name(pod)?)?.1)));
            let at: Vec<(String, &String)> = at.collect();
            if let Some(service) = name(&service) {
                stage.apply(&[slice(&service, &at)]).await;
            }
        }
    }
}

/// A pod is ready at an address.
async fn run_at(stage: &Stage, pod: &str, address: &str) {
    let api = objects(stage, "v1", "Pod", Some(&stage.namespace));
    let status = json!({"status": {
        "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
        "conditions": [
            {"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"},
        ],
    }});
    let patch = Patch::Merge(&status);
    // Perhaps it is gone by now.
    let _ = api.patch_status(pod, &PatchParams::default(), &patch).await;
}

fn slice(service: &str, at: &[(String, &String)]) -> Value {
    let endpoint = |(pod, address): &(String, &String)| {
        json!({
            "addresses": [address], "targetRef": {"kind": "Pod", "name": pod},
            "conditions": {"ready": true, "serving": true, "terminating": false},
        })
    };
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": service, "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4", "ports": [{"name": "http", "port": 8089, "protocol": "TCP"}],
        "endpoints": at.iter().map(endpoint).collect::<Vec<_>>(),
    })
}

fn objects(
    stage: &Stage,
    version: &str,
    kind: &str,
    namespace: Option<&str>,
) -> Api<DynamicObject> {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    match namespace {
        Some(namespace) => Api::namespaced_with(stage.client.clone(), namespace, &resource),
        None => Api::all_with(stage.client.clone(), &resource),
    }
}

/// The authority, with the name server that it asks, and where it lists what it can do.
async fn authority(built: &Path, front: SocketAddr, scratch: &Path) -> (Vec<Running>, String) {
    let [dns, directory, management, names] = [(); 4].map(|()| free_port());
    let local = built.join("localhost");
    let config = json!({"pebble": {
        "listenAddress": format!("127.0.0.1:{directory}"),
        "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": local.join("cert.pem"), "privateKey": local.join("key.pem"),
        "httpPort": front.port(), "tlsPort": 1,
        "ocspResponderURL": "", "externalAccountBindingRequired": false,
    }});
    let file = scratch.join("pebble.json");
    std::fs::write(&file, config.to_string()).expect("the scratch directory can be written to");
    let mut server = Command::new(built.join("pebble-challtestsrv"));
    server.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-defaultIPv6", ""]);
    let (asked, address) = (format!("127.0.0.1:{dns}"), front.ip().to_string());
    server.args(["-dnsserver", &asked, "-defaultIPv4", &address]);
    server.args(["-management", &format!("127.0.0.1:{names}")]);
    let server = start(&mut server, &scratch.join("names.log"));
    let mut pebble = Command::new(built.join("pebble"));
    pebble.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0");
    pebble.env("PEBBLE_AUTHZREUSE", "0").arg("-config").arg(&file);
    pebble.args(["-dnsserver", &asked, "-strict=false"]);
    let pebble = start(&mut pebble, &scratch.join("pebble.log"));
    // An order fails for good if its host cannot be looked up, and is made again an hour later.
    for port in [dns, directory] {
        let listens = async || TcpStream::connect(("127.0.0.1", port)).await.ok();
        until("the authority and its name server listen", listens).await;
    }
    (vec![server, pebble], format!("https://127.0.0.1:{directory}/dir"))
}

/// The first certificate of a Secret.
async fn leaf(stage: &Stage) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let secret = stage.get("Secret", "web-tls").await?;
    let text = secret["data"]["tls.crt"].as_str().filter(|text| !text.is_empty())?;
    let pem = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    Some(CertificateDer::pem_slice_iter(&pem).next()?.ok()?.to_vec())
}

/// Waits for a certificate on HTTPS, while solvers run as they are asked for.
async fn served(stage: &Stage, node: &mut Node, scratch: &Path, before: Option<&[u8]>) -> Vec<u8> {
    let anybody = Anybody::trusted();
    let log = scratch.join("solver.log");
    until("what was issued is served", async || {
        node.look(stage, &log).await;
        let issued = leaf(stage).await.filter(|leaf| Some(leaf.as_slice()) != before)?;
        let shown = shake(&door(&stage.account).await?, HOST, anybody.clone()).ok()?;
        (shown == issued).then_some(issued)
    })
    .await
}

#[tokio::test]
#[ignore = "make test-acme builds what it needs and runs it"]
async fn a_cluster_issuer_s_certificate_is_served_and_renewed() {
    let built = built();
    let (stage, _zone) = stage("acme").await;
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&stage.namespace);
    std::fs::create_dir_all(&scratch).expect("the scratch directory can be written to");
    let crds = built.join("crds");
    let crds = crds.to_str().expect("it is text");
    stage.plane.kubectl(&["apply", "--server-side", "-f", crds]);
    stage.plane.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]);
    let home =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cert-manager"}});
    stage.plane.apply(&home).expect("an administrator may");

    stage.serve(&["web"]).await;
    let redirects = [IP[0], IP[1], ("ssl-redirect", "443")];
    let mut web = ingress("web", &stage.class, &redirects, &[(HOST, "/", "web")]);
    web["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] = "pebble".into();
    web["spec"]["tls"] = json!([{"hosts": [HOST], "secretName": "web-tls"}]);
    stage.apply(&[web]).await;
    let _controller = stage.run(&[]);
    let front = until("HTTP is served", async || front(&stage).await).await;

    let (_authority, directory) = authority(&built, front, &scratch).await;
    let mut tasks = JoinSet::new();
    let proxy = proxy(&mut tasks, front).await;
    let certmanager = built.join("certmanager");
    let mut command = Command::new(&certmanager);
    command.arg("controller").arg(stage.plane.kubeconfig());
    command.env("HTTP_PROXY", format!("http://127.0.0.1:{proxy}"));
    let _certmanager = start(&mut command, &scratch.join("certmanager.log"));
    let solvers = json!([{"http01": {"ingress": {}}}]);
    let issuer = json!({
        "apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer",
        "metadata": {"name": "pebble"},
        "spec": {"acme": {
            "server": directory, "skipTLSVerify": true, "email": "somebody@example.com",
            "privateKeySecretRef": {"name": "pebble"}, "solvers": solvers,
        }},
    });
    stage.plane.apply(&issuer).expect("an administrator may");

    let mut node = Node { certmanager, running: BTreeMap::new(), taken: 0 };
    let first = served(&stage, &mut node, &scratch, None).await;
    until("the challenge is gone", async || {
        node.look(&stage, &scratch.join("solver.log")).await;
        let left = stage.list("Ingress").await.len() + node.running.len();
        (left == 1).then_some(())
    })
    .await;
    stage.rest().await;
    stage.account.forget_calls().await;

    // As `cmctl renew` asks for it.
    let certificates = objects(&stage, "cert-manager.io/v1", "Certificate", Some(&stage.namespace));
    let made = certificates.list(&ListParams::default()).await.expect("they can be listed");
    let name = made.items[0].metadata.name.clone().expect("it has a name");
    let mut conditions = made.items[0].data["status"]["conditions"].clone();
    conditions.as_array_mut().expect("it has some").push(json!({
        "type": "Issuing", "status": "True", "reason": "ManuallyTriggered",
        "message": "somebody asks", "lastTransitionTime": jiff::Timestamp::UNIX_EPOCH.to_string(),
    }));
    let status = json!({"status": {"conditions": conditions}});
    certificates
        .patch_status(&name, &PatchParams::default(), &Patch::Merge(&status))
        .await
        .expect("an administrator may");
    let second = served(&stage, &mut node, &scratch, Some(&first)).await;
    assert_ne!(first, second);
    let written = stage.written().await;
    let imports = written.iter().filter(|call| *call == "acm.ImportCertificate").count();
    assert_eq!(imports, 1, "{written:?}");
    albedo::clock::sleep(PAUSE).await;
    let _ = std::fs::remove_dir_all(&scratch);
}
