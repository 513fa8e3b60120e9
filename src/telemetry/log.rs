//! The log: JSON lines for programs, text for people. One event is one line whatever is in it,
//! because most of what is logged was written by somebody else.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use clap::ValueEnum;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Metrics;
use crate::clock;
use crate::model::line::{is_hidden, one_line};

/// How many bytes of one value are logged: as many as an Event holds of a message.
const VALUE_LENGTH_MAX: usize = 1024;
/// The field that holds a plan. Its text is made for the log and bounded already, and people read
/// it in lines.
const PLAN_FIELD: &str = "plan";
/// How many bytes of a plan are logged: the longest that is no digest fits.
const PLAN_LENGTH_MAX: usize = 32 * 1024;
/// What each further line of a plan begins with, so that none passes for an event.
const PLAN_INDENT: &str = "    ";
/// The keys that every line of JSON has; LBC's.
const KEYS: [&str; 4] = ["level", "ts", "logger", "msg"];
/// Where the Kubernetes client logs answers that it cannot read, word by word: one may be a Secret.
const SPILLING_TARGET: &str = "kube_client::client";

/// How events look in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object a line, for programs.
    Json,
}

/// Starts logging to standard error. Without a format: text on a terminal, JSON elsewhere. The
/// level is LBC's flag; the environment variable `RUST_LOG` goes further.
pub fn start_log(level: &str, format: Option<LogFormat>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| default_filter(level));
    let is_terminal = io::stderr().is_terminal();
    let format = format.unwrap_or(if is_terminal { LogFormat::Text } else { LogFormat::Json });
    // https://no-color.org
    let is_colored = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let colors = if is_colored { Colors::On } else { Colors::Off };
    with_lines(filter, Lines { format, colors }, io::stderr).init();
}

/// Our own events from this level on; of libraries only what a person has to act on.
fn default_filter(level: &str) -> EnvFilter {
    EnvFilter::new(format!("warn,kube_client=error,albedo={level}"))
}

/// Who turns events into lines, at the level that a flag asks for and without colours.
pub fn subscriber<W>(level: &str, format: LogFormat, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    with_lines(default_filter(level), Lines { format, colors: Colors::Off }, writer)
}

fn with_lines<W>(filter: EnvFilter, lines: Lines, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // Whatever somebody asks for by RUST_LOG.
    let discreet = filter_fn(|metadata| metadata.target() != SPILLING_TARGET);
    let layer = tracing_subscriber::fmt::layer().event_format(lines).with_writer(writer);
    // A log that cannot be written to is no reason to end: the complaint would go the same way, and
    // panic where it cannot.
    let layer = layer.log_internal_errors(false);
    tracing_subscriber::registry().with(layer.with_filter(filter.and(discreet)))
}

/// Makes a panic, whoever it strikes, one line in the log and a count.
pub fn catch_panics(metrics: Arc<Metrics>) {
    std::panic::set_hook(Box::new(move |panic| {
        metrics.panicked();
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or_default();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or_default();
        tracing::error!(location, panic = text, thread, "a task panicked");
    }));
}

/// Whether levels are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colors {
    On,
    Off,
}

/// Makes a line of each event.
struct Lines {
    format: LogFormat,
    colors: Colors,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        match self.format {
            LogFormat::Text => self.text(&mut writer, event, &fields)?,
            LogFormat::Json => json(&mut writer, event, &fields)?,
        }
        writer.write_char('\n')
    }
}

impl Lines {
    fn text(&self, out: &mut dyn fmt::Write, event: &Event<'_>, fields: &Fields) -> fmt::Result {
        let metadata = event.metadata();
        let level = metadata.level();
        // Red, yellow, green, blue, magenta (ECMA-48).
        let color = match *level {
            Level::ERROR => 31,
            Level::WARN => 33,
            Level::INFO => 32,
            Level::DEBUG => 34,
            Level::TRACE => 35,
        };
        write!(out, "{:.6} ", clock::now())?;
        match self.colors {
            Colors::On => write!(out, "\u{1b}[{color}m{level:>5}\u{1b}[0m")?,
            Colors::Off => write!(out, "{level:>5}")?,
        }
        write!(out, " {}: {}", metadata.target(), one_line(&fields.message))?;
        for (name, value) in &fields.others {
            match value {
                Value::Plain(text) => write!(out, " {name}={text}")?,
                Value::Text(text) if *name == PLAN_FIELD => {
                    for line in text.lines() {
                        write!(out, "\n{PLAN_INDENT}{}", one_line(line))?;
                    }
                }
                Value::Text(text) if is_word(text) => write!(out, " {name}={text}")?,
                Value::Text(text) => write!(out, " {name}={text:?}")?,
            }
        }
        Ok(())
    }
}

/// Whether a value needs no quotes to be told from what is around it.
fn is_word(text: &str) -> bool {
    let is_apart = |c: char| c.is_whitespace() || matches!(c, '"' | '=' | '\\') || is_hidden(c);
    !text.is_empty() && !text.contains(is_apart)
}

fn json(out: &mut dyn fmt::Write, event: &Event<'_>, fields: &Fields) -> fmt::Result {
    let metadata = event.metadata();
    let [level, ts, logger, msg] = KEYS;
    write!(out, "{{\"{level}\":\"{}\"", metadata.level().as_str().to_ascii_lowercase())?;
    write!(out, ",\"{ts}\":\"{:.6}\"", clock::now())?;
    write!(out, ",\"{logger}\":")?;
    json_string(out, metadata.target())?;
    write!(out, ",\"{msg}\":")?;
    json_string(out, &fields.message)?;
    for (name, value) in &fields.others {
        out.write_char(',')?;
        if KEYS.contains(name) {
            json_string(out, &format!("field_{name}"))?;
        } else {
            json_string(out, name)?;
        }
        out.write_char(':')?;
        match value {
            Value::Plain(text) => out.write_str(text)?,
            Value::Text(text) => json_string(out, text)?,
        }
    }
    out.write_char('}')
}

/// A JSON string in which nothing is hidden: JSON itself would let most of it through.
fn json_string(out: &mut dyn fmt::Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            c if is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

/// The fields of one event, each no longer than it may be.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

/// The value of a field.
enum Value {
    /// A number or a truth value; valid JSON.
    Plain(String),
    /// Any text, as it is.
    Text(String),
}

impl Fields {
    fn add(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        let name = field.name();
        let length_max = if name == PLAN_FIELD { PLAN_LENGTH_MAX } else { VALUE_LENGTH_MAX };
        let mut bounded = Bounded { text: String::new(), length: 0, length_max };
        // Writing to a String cannot fail; what somebody's `Debug` fails at is left out.
        let _ = bounded.write_fmt(text);
        let text = bounded.finish();
        match name {
            "message" => self.message = text,
            // Where the `log` crate's records say that they come from; it is no field of theirs.
            name if name.starts_with("log.") => {}
            name => self.others.push((name, Value::Text(text))),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.others.push((field.name(), Value::Plain(value.to_string())));
        } else {
            self.add(field, format_args!("{value}"));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.push((field.name(), Value::Plain(value.to_string())));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.push((field.name(), Value::Plain(value.to_string())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.push((field.name(), Value::Plain(value.to_string())));
    }
}

/// Keeps the beginning of what is written, and counts the rest.
struct Bounded {
    text: String,
    length: usize,
    length_max: usize,
}

impl Bounded {
    fn finish(mut self) -> String {
        if self.length > self.text.len() {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "... ({} bytes)", self.length);
        }
        self.text
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Once something was left out, so is all that comes after it.
        if self.length == self.text.len() {
            let room = self.length_max.saturating_sub(self.text.len());
            self.text.push_str(&text[..text.floor_char_boundary(room)]);
        }
        self.length += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
