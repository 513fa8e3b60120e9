use std::io;
use std::sync::{Arc, Mutex};

use super::*;

/// What somebody wrote who would like to write the log.
const HOSTILE: &str =
    "x\n2026-01-01T00:00:00.000000Z ERROR albedo: forged\r\u{1b}[2J\u{2028}\u{202e}\"}\n{";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the log holds after something was said at this level.
fn logged_at(level: &str, format: LogFormat, say: impl FnOnce()) -> String {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = subscriber(level, format, move || writer.clone());
    tracing::subscriber::with_default(subscriber, say);
    String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
}

fn logged(format: LogFormat, say: impl FnOnce()) -> String {
    logged_at("debug", format, say)
}

fn parsed(text: &str) -> serde_json::Value {
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_event_is_one_object_with_lbcs_keys() {
    let value = parsed(&logged(LogFormat::Json, || {
        tracing::info!(subject = %"balancer g", steps = 3, ratio = 0.5, ok = true, "planned");
    }));
    assert_eq!(value["level"], "info");
    assert_eq!(value["logger"], "albedo::telemetry::log::tests");
    assert_eq!(value["msg"], "planned");
    assert_eq!(value["subject"], "balancer g");
    assert_eq!((&value["steps"], &value["ratio"]), (&3.into(), &0.5.into()));
    assert_eq!(value["ok"], true);
    assert!(value["ts"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
}

#[test]
fn a_field_cannot_take_the_place_of_what_every_line_has() {
    let text = logged(LogFormat::Json, || tracing::info!(level = "none", msg = "other", "real"));
    let value = parsed(&text);
    assert_eq!((&value["level"], &value["msg"]), (&"info".into(), &"real".into()));
    assert_eq!((&value["field_level"], &value["field_msg"]), (&"none".into(), &"other".into()));
}

/// Every way in which a value comes into an event.
fn say_hostile_things() {
    let error = io::Error::other(HOSTILE);
    tracing::info!("{HOSTILE}");
    tracing::info!(value = HOSTILE, "as text");
    tracing::info!(value = %HOSTILE, "as display");
    tracing::info!(value = ?HOSTILE, "as debug");
    tracing::info!(value = ?HOSTILE.lines().collect::<Vec<_>>(), "as a list");
    tracing::info!(error = &error as &dyn std::error::Error, "as error");
}

#[test]
fn nobody_forges_a_line_of_text() {
    let text = logged(LogFormat::Text, say_hostile_things);
    assert_eq!(text.lines().count(), 6, "{text}");
    for line in text.lines() {
        assert!(line.contains("  INFO albedo::telemetry::log::tests: "), "{line}");
        assert!(!line.contains(is_hidden), "{line:?}");
    }
}

#[test]
fn nobody_forges_a_line_of_json() {
    let text = logged(LogFormat::Json, say_hostile_things);
    assert_eq!(text.lines().count(), 6, "{text}");
    for line in text.lines() {
        assert!(!line.contains(is_hidden), "{line:?}");
        assert_eq!(parsed(line)["logger"], "albedo::telemetry::log::tests");
    }
    let values = text.lines().filter(|line| line.contains("as text"));
    assert!(values.map(parsed).all(|line| line["value"] == HOSTILE));
}

#[test]
fn a_value_of_text_is_told_from_what_is_around_it() {
    let text = logged(LogFormat::Text, || {
        tracing::info!(a = "b c=d", e = "", f = "say \"g\"", h = "i/j-k", "said");
    });
    assert!(text.ends_with(" said a=\"b c=d\" e=\"\" f=\"say \\\"g\\\"\" h=i/j-k\n"), "{text}");
}

#[test]
fn nobody_floods_the_log_with_one_value() {
    let giant = "ä\n".repeat(100_000);
    for format in [LogFormat::Text, LogFormat::Json] {
        let say = || tracing::info!(value = %giant, other = ?giant, third = giant, "{giant}");
        let text = logged(format, say);
        assert_eq!(text.lines().count(), 1);
        assert!(text.len() < 4 * 2 * VALUE_LENGTH_MAX + 200, "{} bytes", text.len());
        assert_eq!(text.matches("... (300000 bytes)").count(), 3, "{text}");
    }
}

#[test]
fn a_plan_has_lines_for_people_and_none_of_them_begins_as_an_event_does() {
    let say = || tracing::info!(plan = HOSTILE, "planned");
    let text = logged(LogFormat::Text, say);
    let further: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(further.len(), 3, "{text}");
    assert!(further.iter().all(|line| line.starts_with(PLAN_INDENT) && !line.contains(is_hidden)));
    assert_eq!(parsed(&logged(LogFormat::Json, say))["plan"], HOSTILE);
    let giant = "x\n".repeat(PLAN_LENGTH_MAX);
    assert!(logged(LogFormat::Json, || tracing::info!(plan = giant)).len() < 2 * PLAN_LENGTH_MAX);
}

#[test]
fn a_file_gets_no_colours_and_a_terminal_only_ours() {
    assert!(!logged(LogFormat::Text, say_hostile_things).contains('\u{1b}'));
    let sink = Sink::default();
    let writer = sink.clone();
    let lines = Lines { format: LogFormat::Text, colors: Colors::On };
    let subscriber = with_lines(default_filter("info"), lines, move || writer.clone());
    tracing::subscriber::with_default(subscriber, || tracing::warn!("{HOSTILE}"));
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.matches('\u{1b}').count(), 2, "{text:?}");
    assert!(text.contains("\u{1b}[33m WARN\u{1b}[0m"), "{text:?}");
}

#[test]
fn the_text_of_an_answer_that_cannot_be_read_is_never_logged() {
    let say = || {
        tracing::error!(target: "kube_client::client", "a Secret");
        tracing::warn!(target: "kube_client::client::tls", "a certificate is not checked");
        tracing::error!(target: "kube_client::client::builder", "failed with status 500");
    };
    let text = logged(LogFormat::Text, say);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("failed with status 500"));
    // Not even where somebody asks for all there is.
    let sink = Sink::default();
    let writer = sink.clone();
    let lines = Lines { format: LogFormat::Json, colors: Colors::Off };
    let subscriber = with_lines(EnvFilter::new("trace"), lines, move || writer.clone());
    tracing::subscriber::with_default(subscriber, say);
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("a Secret") && text.contains("failed with status 500"), "{text}");
}

#[test]
fn the_level_is_ours_alone() {
    let say = || {
        tracing::debug!("ours");
        tracing::info!(target: "hyper", "theirs");
    };
    assert_eq!(logged_at("info", LogFormat::Text, say), "");
    let text = logged_at("debug", LogFormat::Text, say);
    assert!(text.contains("ours") && !text.contains("theirs"), "{text}");
}
