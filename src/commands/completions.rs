//! `albedo completions`: what a shell needs to complete the command line.

use clap::CommandFactory as _;

use super::{EXIT_FINE, println};
use crate::flags::{Cli, CompletionsFlags};

/// Prints the script of a shell.
pub fn run(flags: &CompletionsFlags) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut Cli::command(), "albedo", &mut script);
    println(String::from_utf8_lossy(&script).trim_end());
    EXIT_FINE
}
