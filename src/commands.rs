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

use clap::error::{ContextKind, ContextValue, ErrorKind as Wrong};

use crate::desired::annotations::nearest_of;
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
/// is no finding. One that asks for nothing has what can be asked for as its answer.
#[must_use]
pub fn answer(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        println(error.to_string().trim_end());
        return ExitCode::from(EXIT_FINE);
    }
    if error.kind() == Wrong::DisplayHelpOnMissingArgumentOrSubcommand {
        eprintln(error.to_string().trim_end());
    } else {
        eprintln(&format!("albedo: {}", said(error)));
    }
    ExitCode::from(EXIT_UNKNOWN)
}

/// What is wrong with a command line, in one line, and what may have been meant.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let said = said.collect::<Vec<_>>().join(" ");
    let said = said.trim_start_matches("error: ");
    let is_explained = !matches!(
        error.kind(),
        Wrong::UnknownArgument | Wrong::InvalidSubcommand | Wrong::MissingRequiredArgument
    );
    match meant(error) {
        Some(meant) => format!("{said}; did you mean {meant}?"),
        None if is_explained => said.to_owned(),
        None => format!("{said}; {} says what there is", help_for(error)),
    }
}

/// What may have been meant: what is like what was written, or holds it.
fn meant(error: &clap::Error) -> Option<String> {
    let kinds = [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ];
    kinds.into_iter().find_map(|(written, suggested)| {
        let Some(ContextValue::String(written)) = error.get(written) else { return None };
        let suggested = match error.get(suggested)? {
            ContextValue::String(one) => one,
            // The likeliest comes last.
            ContextValue::Strings(several) => several.last()?,
            _ => return None,
        };
        let word = written.trim_start_matches('-');
        let is_near = nearest_of(written, std::iter::once(suggested.as_str())).is_some();
        (is_near || suggested.contains(word)).then(|| suggested.clone())
    })
}

/// The command that explains the one that was asked for.
fn help_for(error: &clap::Error) -> String {
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    let words = usage.split_whitespace().skip_while(|word| *word != "albedo").skip(1);
    let command = words.take(1).filter(|word| word.chars().all(|c| c.is_ascii_lowercase()));
    let words = std::iter::once("albedo").chain(command).chain(["--help"]);
    words.collect::<Vec<_>>().join(" ")
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
