//! `albedo`: chooses a command.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    albedo::commands::run(albedo::flags::Cli::parse()).await
}
