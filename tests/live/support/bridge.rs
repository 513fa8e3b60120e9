//! AWS calls by name, as recordings have them, through boto3: one process for all tests of this
//! binary.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::localstack::{Account, is_passing};
use super::stage::{Deadline, PAUSE};

/// A process that makes calls. It ends when its input does, so with this one.
struct Bridge {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

static BRIDGE: Mutex<Option<Bridge>> = Mutex::new(None);

impl Account {
    /// Makes a call that has to succeed; one that AWS refuses for a moment only is made again, as
    /// other clients do.
    pub fn call(&self, service: &str, operation: &str, params: &Value) -> Value {
        let deadline = Deadline::new();
        loop {
            match self.try_call(service, operation, params) {
                Ok(answer) => return answer,
                Err(error) if is_for_a_moment(&error) && !deadline.is_over() => {
                    std::thread::sleep(PAUSE);
                }
                Err(error) => panic!("{service}.{operation} {params}: {error}"),
            }
        }
    }

    /// Makes a call: the answer, or what AWS complained of.
    pub fn try_call(
        &self,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> Result<Value, String> {
        let mut bridge = BRIDGE.lock().unwrap_or_else(PoisonError::into_inner);
        let bridge = bridge.get_or_insert_with(|| start(self));
        let line = json!({
            "account": self.id, "service": service, "operation": operation, "params": params,
        });
        writeln!(bridge.input, "{line}").expect("the bridge reads");
        let mut answer = String::new();
        bridge.output.read_line(&mut answer).expect("the bridge answers");
        let mut answer: Value = serde_json::from_str(&answer).expect("the bridge writes JSON");
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ok"].take()),
        }
    }
}

/// Whether AWS says so: boto3 has the code in brackets, before what it is about.
fn is_for_a_moment(error: &str) -> bool {
    let code = error.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    code.is_some_and(|(code, _)| is_passing(code))
}

#[expect(clippy::zombie_processes, reason = "it ends when this process does")]
fn start(account: &Account) -> Bridge {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/support/bridge.py");
    let mut child = Command::new(account.python())
        .args(["-B", script])
        .envs(account.env())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("LocalStack's Python runs");
    let input = child.stdin.take().expect("it is a pipe");
    let output = BufReader::new(child.stdout.take().expect("it is a pipe"));
    Bridge { input, output }
}
