//! `albedo`: chooses a command.

use std::process::ExitCode;

use albedo::flags::Cli;
use tikv_jemallocator::Jemalloc;

/// glibc's allocator looks through longer lists of free chunks the more a process holds, so one
/// change would cost more in a large cluster than in a small one.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse_with_notes(std::env::args_os()) {
        Ok((cli, notes)) => albedo::commands::run(cli, &notes).await,
        Err(error) => albedo::commands::answer(&error),
    }
}
