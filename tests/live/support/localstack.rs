//! A LocalStack for the tests of this binary: started once by `localstack/up`, gone when the binary
//! is.
//!
//! Each test takes an account of its own, which is all it takes to be alone. With
//! `AWS_ENDPOINT_URL` set, that one is used and none is started.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use albedo::model::id::AwsId;
use aws_config::SdkConfig;
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const REGION: &str = "AWS_REGION";
/// A Python with boto3.
const PYTHON: &str = "ALBEDO_LOCALSTACK_PYTHON";
const DEFAULT_REGION: &str = "us-east-1";
/// How many accounts one second's runs may take before two runs on the same server could meet.
const ACCOUNTS_A_SECOND: u64 = 1000;
/// What an access key may be so that LocalStack takes it for an account: 12 digits.
const ACCOUNTS: u64 = 900_000_000_000;
const FIRST_ACCOUNT: u64 = 100_000_000_000;

/// How slow AWS is for every account of the LocalStack that is started (`localstack/README.md`).
const PACE: &str = "ALBEDO_PACE";
/// How many times as fast as the machine's the clocks of its accounts run.
const SPEED: &str = "ALBEDO_CLOCK_SPEED";
/// What AWS answers where it does not know everywhere yet what was just made or let go, and where
/// it has had enough of calls: codes of EC2, ELB, Route 53, ACM and WAF.
const PASSING: [&str; 12] = [
    "DependencyViolation",
    "InvalidGroup.NotFound",
    "InvalidGroupId.NotFound",
    "ListenerNotFound",
    "PriorRequestNotComplete",
    "PriorityInUse",
    "RequestLimitExceeded",
    "ResourceInUse",
    "RuleNotFound",
    "Throttling",
    "ThrottlingException",
    "WAFUnavailableEntityException",
];

/// Whether accounts are as slow as AWS, which for a moment shows what was.
pub fn is_slow() -> bool {
    std::env::var_os(PACE).is_some()
}

/// Whether LocalStack refuses, at AWS's own pace, what will do a moment later.
pub fn is_passing(code: &str) -> bool {
    is_slow() && PASSING.contains(&code)
}

/// So many of the machine's seconds, as accounts count them.
pub fn of_accounts(seconds: f64) -> f64 {
    let speed = std::env::var(SPEED).ok().and_then(|speed| speed.parse::<f64>().ok());
    seconds * speed.unwrap_or(1.0)
}

/// A running LocalStack.
pub struct LocalStack {
    /// Where it listens.
    pub endpoint: String,
    /// The region that is asked for.
    pub region: String,
    python: String,
}

/// An account that nobody else uses.
#[derive(Clone)]
pub struct Account {
    /// Its number; the access key as well.
    pub id: String,
    /// The LocalStack it is on.
    pub server: &'static LocalStack,
}

/// A call that LocalStack has seen.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Call {
    /// The service, as in `elbv2`.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The request.
    pub params: Value,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The code of the error, if it was one.
    pub error: Option<String>,
}

impl Call {
    /// Whether it could change anything.
    pub fn is_write(&self) -> bool {
        !["Describe", "List", "Get"].iter().any(|verb| self.operation.starts_with(verb))
    }

    /// `service.Operation`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.service, self.operation)
    }
}

/// A fresh account of the LocalStack of this binary.
pub fn account() -> Account {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    static FIRST: OnceLock<u64> = OnceLock::new();
    let server = server();
    let first = *FIRST.get_or_init(|| {
        let seconds = albedo::clock::now().as_second().unsigned_abs();
        seconds.wrapping_mul(ACCOUNTS_A_SECOND) % ACCOUNTS
    });
    let number = (first + TAKEN.fetch_add(1, Ordering::Relaxed)) % ACCOUNTS + FIRST_ACCOUNT;
    Account { id: number.to_string(), server }
}

/// The VPC of a fresh account, which is the only one.
pub async fn only_vpc(config: &SdkConfig) -> AwsId {
    let found = albedo::aws::vpcs(&albedo::aws::Site::from(config), &[]).await.unwrap();
    let [only] = &found[..] else { panic!("{found:?}") };
    only.clone()
}

impl Account {
    /// How the program itself would reach this account.
    pub async fn config(&self) -> SdkConfig {
        let Self { id, server } = self;
        let config = albedo::aws::configure(Some(&server.region), Some(&server.endpoint)).await;
        let credentials = Credentials::new(id, "test", None, None, "test");
        let provider = SharedCredentialsProvider::new(credentials);
        config.into_builder().credentials_provider(provider).build()
    }

    /// The environment in which another process reaches this account.
    pub fn env(&self) -> [(&'static str, &str); 5] {
        [
            (ENDPOINT, &self.server.endpoint),
            (REGION, &self.server.region),
            ("AWS_ACCESS_KEY_ID", &self.id),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    /// A Python with boto3.
    pub fn python(&self) -> &str {
        &self.server.python
    }

    /// The calls so far, in their order.
    pub async fn calls(&self) -> Vec<Call> {
        serde_json::from_value(self.ask("GET", "log", None).await).unwrap()
    }

    /// How often each operation was called so far, by `service.Operation`.
    pub async fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self.calls().await {
            *counts.entry(call.name()).or_default() += 1;
        }
        counts
    }

    /// Starts the log anew.
    pub async fn forget_calls(&self) {
        self.ask("DELETE", "log", None).await;
    }

    /// What LocalStack's control endpoint `/_albedo/<path>` answers that is no JSON.
    pub async fn text(&self, method: &str, path: &str) -> String {
        http(&self.server.endpoint, method, &self.target(path), "").await
    }

    fn target(&self, path: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("/_albedo/{path}{separator}account={}", self.id)
    }

    /// Asks LocalStack's control endpoint `/_albedo/<path>` about this account; the body gets its
    /// number too.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let target = self.target(path);
        let body = body.map_or_else(String::new, |mut body| {
            body["account"] = Value::String(self.id.clone());
            body.to_string()
        });
        let answer = http(&self.server.endpoint, method, &target, &body).await;
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{method} {target}: {answer}"))
    }
}

/// One HTTP request; the server closes the connection after its answer, whose body is given.
async fn http(endpoint: &str, method: &str, target: &str, body: &str) -> String {
    let host = endpoint.strip_prefix("http://").unwrap_or(endpoint).trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    assert!(head.contains(" 200 "), "{method} {target}: {answer}");
    body.to_owned()
}

fn server() -> &'static LocalStack {
    static SERVER: OnceLock<LocalStack> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var(ENDPOINT) {
        Ok(endpoint) => {
            let region = std::env::var(REGION).unwrap_or_else(|_| DEFAULT_REGION.to_owned());
            let python = std::env::var(PYTHON).unwrap_or_else(|_| "python3".to_owned());
            LocalStack { endpoint, region, python }
        }
        Err(_) => start(),
    })
}

/// Starts a LocalStack that ends with this process.
fn start() -> LocalStack {
    let place = fresh_directory();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/up");
    let pid = std::process::id().to_string();
    let status = Command::new(script).arg(&place).args(["--with", &pid]).status();
    assert!(status.unwrap().success(), "localstack/up failed");
    let env = std::fs::read_to_string(place.join("env")).unwrap();
    let value = |name: &str| {
        let mut pairs = env.lines().filter_map(|line| line.split_once('='));
        let pair = pairs.find(|(key, _)| *key == name);
        pair.unwrap_or_else(|| panic!("no {name} in {env}")).1.to_owned()
    };
    LocalStack { endpoint: value(ENDPOINT), region: value(REGION), python: value(PYTHON) }
}

/// A directory for this process; those of processes that are gone are removed.
fn fresh_directory() -> PathBuf {
    const PREFIX: &str = "localstack-";
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(root).unwrap();
    for entry in std::fs::read_dir(root).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let of = name.strip_prefix(PREFIX);
        if of.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // Another test binary may be removing it too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let place = root.join(format!("{PREFIX}{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    place
}
