//! What only a process of its own can show of the log: panics are lines of it, and nobody has to
//! read it.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use albedo::telemetry::{Metrics, catch_panics, start_log};

/// Says that this process is the child: a log and a hook for panics are the whole process's.
const CHILD: &str = "ALBEDO_TEST_CHILD";

/// A test by itself, in a process of its own.
fn child(name: &str) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture"]).env_clear().env(CHILD, "1");
    child
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn a_panic_is_one_line_in_the_log_and_a_count() {
    if is_child() {
        println!("{}", panicked().encode().unwrap());
        return;
    }
    let output = child("panics::a_panic_is_one_line_in_the_log_and_a_count").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!((&line["level"], &line["msg"]), (&"error".into(), &"a task panicked".into()));
    assert_eq!(line["message"], serde_json::Value::Null);
    assert_eq!((&line["panic"], &line["thread"]), (&"two\nlines".into(), &"worker".into()));
    assert!(line["location"].as_str().unwrap().starts_with("tests/it/panics.rs:"), "{line}");
    assert!(out.contains("albedo_panics_total 1\n"), "{out}");
}

/// What is counted after a panic.
fn panicked() -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new());
    start_log("info", None);
    catch_panics(Arc::clone(&metrics));
    let worker = std::thread::Builder::new().name("worker".to_owned());
    let worker = worker.spawn(|| panic!("two\nlines")).unwrap();
    assert!(worker.join().is_err());
    metrics
}

#[test]
fn a_log_that_nobody_reads_any_more_ends_nothing() {
    if is_child() {
        // Until nobody reads.
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        start_log("info", None);
        tracing::info!(target: "albedo", "said to nobody");
        println!("alive");
        return;
    }
    let mut child = child("panics::a_log_that_nobody_reads_any_more_ends_nothing");
    let child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    drop(child.stderr.take());
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("alive\n"), "{out}");
}
