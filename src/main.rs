//! `albedo`: chooses a command.

use std::process::ExitCode;

use albedo::flags::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    let (cli, ignored) = Cli::parse_with_ignored();
    albedo::commands::run(cli, &ignored).await
}
