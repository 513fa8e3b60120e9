//! `albedo`: chooses a command.

use std::process::ExitCode;

use albedo::flags::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse_with_ignored(std::env::args_os()) {
        Ok((cli, ignored)) => albedo::commands::run(cli, &ignored).await,
        Err(error) => albedo::commands::answer(&error),
    }
}
