//! What a person can ask for; the only place where the rooms are wired together.

mod connect;
mod core_dump;
mod explain;
mod leadership;
mod manifests;
mod plan;
mod run;
mod servers;
mod signals;
mod take_over;
mod vpc;
pub mod world;

use std::process::ExitCode;

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
    let text = error.to_string();
    let said = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let said = said.collect::<Vec<_>>().join(" ");
    eprintln(&format!("albedo: {}", said.trim_start_matches("error: ")));
    ExitCode::from(EXIT_UNKNOWN)
}

/// Prints what a command found.
#[expect(clippy::print_stdout, reason = "commands print; that is what they are for")]
fn println(text: &str) {
    println!("{text}");
}

/// Prints what went wrong.
#[expect(clippy::print_stderr, reason = "commands print; that is what they are for")]
fn eprintln(text: &str) {
    eprintln!("{text}");
}
