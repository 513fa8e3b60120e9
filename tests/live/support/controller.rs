//! The program under test, as a process: the controller, and `albedo plan`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::localstack::Account;

/// The program, as cargo built it.
pub const ALBEDO: &str = env!("CARGO_BIN_EXE_albedo");
/// How much of a controller's log is shown when its test fails.
const LOG_LINES_SHOWN: usize = 80;

/// A controller that runs until it is stopped, or this is dropped, or this process ends.
pub struct Controller {
    child: Child,
    /// Kills the controller when its input ends, which the kernel sees to if this process is
    /// killed.
    guard: Child,
    log: PathBuf,
}

/// A command with nothing of this process's environment but what finds AWS and the cluster.
pub fn albedo(account: &Account, kubeconfig: &Path) -> Command {
    let mut command = Command::new(ALBEDO);
    command.env_clear().envs(account.env()).env("KUBECONFIG", kubeconfig);
    command.stdin(Stdio::null());
    command
}

impl Controller {
    /// Starts `albedo run` with these flags. It is not ready when this returns.
    pub fn start(account: &Account, kubeconfig: &Path, flags: &[String]) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("albedo-{}-{number}.log", std::process::id());
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let file = File::create(&log).expect("the scratch directory can be written to");
        let child = albedo(account, kubeconfig)
            .args([
                "run",
                "--health-probe-bind-addr=127.0.0.1:0",
                "--metrics-bind-addr=127.0.0.1:0",
                "--page-bind-addr=127.0.0.1:0",
                "--log-format=text",
            ])
            .args(flags)
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the program starts");
        let guard = Command::new("sh")
            .args(["-c", r#"read -r end || kill -KILL "$1""#, "guard", &child.id().to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        Self { child, guard, log }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGTERM, as Kubernetes ends a pod, and how it ended.
    pub fn terminate(&mut self) -> ExitStatus {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(sent.expect("there is a kill").success(), "the controller had ended by itself");
        self.child.wait().expect("it is our child")
    }

    /// SIGKILL, as a node that dies.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(mut input) = self.guard.stdin.take() {
            // A line tells the guard that there is nothing left to kill.
            let _ = std::io::Write::write_all(&mut input, b"end\n");
        }
        let _ = self.guard.wait();
        if std::thread::panicking() {
            let log = self.log();
            let skipped = log.lines().count().saturating_sub(LOG_LINES_SHOWN);
            let shown: Vec<&str> = log.lines().skip(skipped).collect();
            println!("the controller's log, from line {skipped}:\n{}", shown.join("\n"));
        }
        let _ = std::fs::remove_file(&self.log);
    }
}

/// What `albedo plan` said.
#[derive(Debug)]
pub struct Planned {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Planned {
    /// Runs `albedo plan` to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the program starts");
        Self {
            code: output.status.code().expect("it ends by itself"),
            out: String::from_utf8(output.stdout).expect("it prints text"),
            err: String::from_utf8(output.stderr).expect("it prints text"),
        }
    }

    /// The JSON plan.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Every step of the JSON plan, in order.
    pub fn steps(&self) -> Vec<Value> {
        let plans = self.json()["plans"].as_array().expect("there are plans").clone();
        let steps = plans.into_iter().map(|plan| plan["steps"].as_array().cloned());
        steps.flat_map(|steps| steps.expect("a plan has steps")).collect()
    }

    /// The steps that call AWS, as `service.Operation` and the parameters.
    pub fn calls(&self) -> Vec<(String, Value)> {
        let calls = self.steps().into_iter().filter_map(|mut step| {
            let service = step["service"].as_str()?.to_owned();
            let operation = step["operation"].as_str()?;
            let name = format!("{service}.{operation}");
            ["elbv2", "ec2"].contains(&service.as_str()).then(|| (name, step["parameters"].take()))
        });
        calls.collect()
    }
}
