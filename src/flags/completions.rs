//! Flags of `albedo completions`.

use clap::Args;
use clap_complete::Shell;

/// Flags of `albedo completions`.
#[derive(Debug, Args)]
pub struct CompletionsFlags {
    /// The shell that completes.
    pub shell: Shell,
}
