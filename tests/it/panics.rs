//! A panic in a process that logs: one line, whatever it says, and a count.

use std::process::Command;
use std::sync::Arc;

use albedo::telemetry::{Metrics, catch_panics, start_log};

/// Says that this process is the one that panics: the hook is the whole process's.
const CHILD: &str = "ALBEDO_TEST_PANICS";

#[test]
fn a_panic_is_one_line_in_the_log_and_a_count() {
    if std::env::var_os(CHILD).is_some() {
        println!("{}", panicked().encode().unwrap());
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "panics::a_panic_is_one_line_in_the_log_and_a_count", "--nocapture"]);
    // Not even asked for are there colours, for that is no terminal.
    let output = child.env_clear().env(CHILD, "1").output().unwrap();
    let (out, log) = (String::from_utf8_lossy(&output.stdout), output.stderr);
    let log = String::from_utf8(log).unwrap();
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
