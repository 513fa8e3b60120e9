//! What a person can ask for; the only place where the rooms are wired together.

mod adopt;
mod completions;
mod connect;
mod core_dump;
mod doctor;
mod explain;
mod leadership;
mod look;
mod manifests;
mod paint;
mod plan;
mod progress;
mod run;
mod servers;
mod signals;
mod sweep;
mod table;
mod take_over;
mod vpc;
pub mod world;

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};

use crate::flags::{Cli, Command};

/// Nothing to do.
const EXIT_FINE: u8 = 0;
/// It could not be told.
const EXIT_UNKNOWN: u8 = 1;
/// There are differences or findings.
const EXIT_DIFFERENCES: u8 = 2;

/// Does what the command line asks for; `notes` are about LBC's flags that do nothing here. Errors
/// are one line on standard error.
pub async fn run(cli: Cli, notes: &[String]) -> ExitCode {
    let outcome = match cli.command {
        Command::Plan(flags) => Box::pin(plan::run(&flags, notes)).await,
        Command::Explain(flags) => Box::pin(explain::run(&flags, notes)).await,
        Command::Run(flags) => Box::pin(run::run(&flags, notes)).await,
        Command::Sweep(flags) => Box::pin(sweep::run(&flags, notes)).await,
        Command::Doctor(flags) => Box::pin(doctor::run(&flags, notes)).await,
        Command::Adopt(flags) => Box::pin(adopt::run(&flags)).await,
        Command::Completions(flags) => Ok(completions::run(&flags)),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln(&format!("albedo: {error:#}"));
            ExitCode::from(EXIT_UNKNOWN)
        }
    }
}

/// Answers a command line that asks for help, or that cannot be read: that is said in one line, and
/// is no finding.
#[must_use]
pub fn answer(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        println(error.to_string().trim_end());
        return ExitCode::from(EXIT_FINE);
    }
    eprintln(&format!("albedo: {}", said(error)));
    ExitCode::from(EXIT_UNKNOWN)
}

/// What is wrong with a command line, in one line, and what may have been meant.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let said = said.collect::<Vec<_>>().join(" ");
    let said = said.trim_start_matches("error: ");
    let kinds =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let meant = kinds.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(one) => Some(one.clone()),
        // The likeliest comes last.
        ContextValue::Strings(several) => several.last().cloned(),
        _ => None,
    });
    match meant {
        Some(meant) => format!("{said}; did you mean {meant}?"),
        None => said.to_owned(),
    }
}

/// Prints what a command found. Who stops reading has seen enough.
fn println(text: &str) {
    let Err(error) = writeln!(std::io::stdout(), "{text}") else { return };
    if error.kind() != ErrorKind::BrokenPipe {
        eprintln(&format!("albedo: standard output: {error}"));
    }
}

/// Prints what went wrong, where anybody reads that.
fn eprintln(text: &str) {
    // There is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}
