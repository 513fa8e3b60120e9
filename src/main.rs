//! `albedo`: chooses a command.

use std::process::ExitCode;

use albedo::flags::Cli;
use tikv_jemalloc_ctl::{Access as _, AsName as _};
use tikv_jemallocator::Jemalloc;
use tokio::runtime::Builder;

/// glibc's allocator looks through longer lists of free chunks the more a process holds, so one
/// change would cost more in a large cluster than in a small one.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let runtime = Builder::new_multi_thread().enable_all().on_thread_start(share_memory).build();
    runtime.expect("threads can be started").block_on(run())
}

async fn run() -> ExitCode {
    match Cli::parse_with_notes(std::env::args_os()) {
        Ok((cli, notes)) => albedo::commands::run(cli, &notes).await,
        Err(error) => albedo::commands::answer(&error),
    }
}

/// Has a thread take its memory from where the first one does. By itself each would have a place of
/// its own, and what it keeps lies there between what it has used for a moment: in a large cluster
/// that is a tenth of all. Where it cannot be, it costs memory and nothing else.
fn share_memory() {
    const FIRST: u32 = 0;
    _ = b"thread.arena\0".name().write(FIRST);
}
