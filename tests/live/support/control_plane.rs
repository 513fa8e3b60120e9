//! A real kube-apiserver with etcd, by `tests/control-plane/up`: one for all tests of this binary.
//!
//! No controller runs in it: nothing makes pods or endpoints, and a namespace that is deleted
//! stays. Tests that need Deployments share another one, in which some of kube-controller-manager's
//! run.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The repository.
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// What the controller may do in the cluster.
const RBAC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rbac.yaml");

/// What lets it read the Secrets of a namespace.
const SECRETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/examples/secrets.yaml");

/// A control plane that ends with this process.
pub struct ControlPlane {
    place: PathBuf,
    kubectl: PathBuf,
    namespaces: AtomicU32,
}

impl ControlPlane {
    /// The control plane that the tests of this binary share, with our CRDs.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async {
                let plane = Self::start("control-plane");
                plane.prepare().await;
                plane
            })
            .await
    }

    /// Another one that they share, in which Deployments have pods and Services EndpointSlices.
    pub async fn with_controllers() -> &'static Self {
        static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async {
                let plane = Self::start_with("control-plane-with-controllers", &["--controllers"]);
                plane.prepare().await;
                plane
            })
            .await
    }

    /// Starts a control plane with nothing in it. Its name is not any other's in this binary.
    pub fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    fn start_with(name: &str, options: &[&str]) -> Self {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        sweep(scratch, name);
        let pid = std::process::id().to_string();
        let place = scratch.join(format!("{name}-{pid}"));
        let mut up = Command::new(format!("{REPOSITORY}/tests/control-plane/up"));
        run(up.arg(&place).args(["--with", &pid]).args(options));
        let env = std::fs::read_to_string(place.join("env")).expect("`up` writes env");
        let kubectl = env.lines().find_map(|line| line.strip_prefix("KUBECTL="));
        let kubectl = PathBuf::from(kubectl.expect("env names kubectl"));
        Self { place, kubectl, namespaces: AtomicU32::new(0) }
    }

    /// Ends it before this process does.
    pub fn stop(self) {
        run(Command::new(format!("{REPOSITORY}/tests/control-plane/down")).arg(&self.place));
        let _ = std::fs::remove_dir_all(&self.place);
    }

    /// Where kubectl is.
    pub fn kubectl_itself(&self) -> &Path {
        &self.kubectl
    }

    /// An administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.place.join("kubeconfig")
    }

    /// The kubeconfig of the ServiceAccount that `deploy/rbac.yaml` makes for the controller.
    pub fn kubeconfig_of_controller(&self) -> PathBuf {
        self.place.join("kubeconfig-of-controller")
    }

    /// Applies what the controller needs, and makes its kubeconfig.
    pub async fn prepare(&self) {
        self.install_crds();
        self.kubectl(&["apply", "-f", RBAC]);
        let token = self.token("kube-system", "albedo").await;
        let kubeconfig = self.kubeconfig_with(&json!({"token": token}), None);
        std::fs::write(self.kubeconfig_of_controller(), kubeconfig.to_string())
            .expect("its directory can be written to");
    }

    /// Lets the controller keep its Lease and what it remembers in a namespace, as
    /// `deploy/rbac.yaml` does for its own ones, and read the namespace's Secrets.
    pub fn make_home(&self, namespace: &str) {
        let text = std::fs::read_to_string(RBAC).expect("it is there");
        for document in text.split("\n---\n") {
            let mut manifest: Value = serde_yaml_ng::from_str(document).expect("it is YAML");
            if ["Role", "RoleBinding"].contains(&manifest["kind"].as_str().unwrap_or_default()) {
                manifest["metadata"]["namespace"] = namespace.into();
                self.apply(&manifest).expect("an administrator may");
            }
        }
        let text = std::fs::read_to_string(SECRETS).expect("it is there");
        let mut binding: Value = serde_yaml_ng::from_str(&text).expect("it is YAML");
        binding["metadata"]["namespace"] = namespace.into();
        self.apply(&binding).expect("an administrator may");
    }

    /// Where its files and logs are.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// An administrator's client. It lives as long as the test's runtime, so each test makes its
    /// own.
    pub async fn client(&self) -> Client {
        client(self.config(Value::Null, None).await)
    }

    /// An administrator's client that reaches the API server by way of this address.
    pub async fn client_by_way_of(&self, address: SocketAddr) -> Client {
        client(self.config(Value::Null, Some(address)).await)
    }

    /// A client with a token of a ServiceAccount and nothing else.
    pub async fn client_of(&self, namespace: &str, service_account: &str) -> Client {
        let token = self.token(namespace, service_account).await;
        client(self.config(json!({"token": token}), None).await)
    }

    async fn token(&self, namespace: &str, service_account: &str) -> String {
        let api = Api::<ServiceAccount>::namespaced(self.client().await, namespace);
        let request = TokenRequest { spec: TokenRequestSpec::default(), ..TokenRequest::default() };
        let params = PostParams::default();
        let answer = api.create_token_request(service_account, &params, &request).await;
        let status = answer.expect("the ServiceAccount is there").status;
        status.expect("a token was issued").token
    }

    /// Makes a namespace that no other test has.
    pub async fn namespace(&self, client: &Client, stem: &str) -> String {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        let name = format!("{stem}-{number}");
        let namespace = json!({"metadata": {"name": name}});
        let namespace: Namespace = serde_json::from_value(namespace).expect("it is one");
        let api = Api::all(client.clone());
        api.create(&PostParams::default(), &namespace).await.expect("the name is free");
        name
    }

    /// Runs kubectl as an administrator, and says what it printed.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments, None).expect("kubectl succeeds")
    }

    /// Applies a manifest as a person would; an error is what kubectl said.
    pub fn apply(&self, manifest: &Value) -> Result<(), String> {
        self.try_kubectl(&["apply", "-f", "-"], Some(manifest)).map(drop)
    }

    /// Runs kubectl, which may fail: what it printed, or what it complained of.
    pub fn try_kubectl(&self, arguments: &[&str], input: Option<&Value>) -> Result<String, String> {
        let mut kubectl = Command::new(&self.kubectl);
        kubectl.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments);
        try_run(&mut kubectl, &input.map(Value::to_string).unwrap_or_default())
    }

    /// Applies `deploy/crds` and waits until they are served.
    pub fn install_crds(&self) {
        let crds = format!("{REPOSITORY}/deploy/crds");
        self.kubectl(&["apply", "-f", &crds]);
        self.kubectl(&["wait", "--for=condition=Established", "--timeout=30s", "-f", &crds]);
        // For a moment the API server answers that their storage begins; kubectl asks again.
        self.kubectl(&["get", "targetgroupbindings", "--all-namespaces"]);
    }

    /// What a client needs: the administrator's kubeconfig, or the same with another user or
    /// address.
    async fn config(&self, user: Value, address: Option<SocketAddr>) -> Config {
        let kubeconfig = self.kubeconfig_with(&user, address);
        let kubeconfig: Kubeconfig = serde_json::from_value(kubeconfig).expect("it is one");
        let config =
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        config.expect("the kubeconfig can be used")
    }

    fn kubeconfig_with(&self, user: &Value, address: Option<SocketAddr>) -> Value {
        let text = std::fs::read_to_string(self.kubeconfig()).expect("`up` writes a kubeconfig");
        let mut kubeconfig: Value = serde_json::from_str(&text).expect("it is JSON");
        if !user.is_null() {
            kubeconfig["users"][0]["user"] = user.clone();
        }
        if let Some(address) = address {
            kubeconfig["clusters"][0]["cluster"]["server"] = format!("https://{address}").into();
        }
        kubeconfig
    }
}

fn client(config: Config) -> Client {
    albedo::cluster::connect(config).expect("the configuration makes a client")
}

/// Runs a program that has to succeed.
fn run(command: &mut Command) {
    try_run(command, "").expect("the program succeeds");
}

/// Runs a program to its end: what it printed, or what it complained of.
pub fn try_run(command: &mut Command, input: &str) -> Result<String, String> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    // The input fits into the pipe, so this does not wait for the program to read it.
    let mut stdin = child.stdin.take().expect("it is a pipe");
    stdin.write_all(input.as_bytes()).expect("the program takes its input");
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(format!("{command:?}: {}", text(output.stderr)))
    }
}

/// Removes what control planes of this name left whose processes are gone. Other names may begin
/// like this one, so what follows it has to be a process's number.
fn sweep(scratch: &Path, name: &str) {
    for entry in std::fs::read_dir(scratch).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let pid = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('-'));
        let pid = pid.filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()));
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
