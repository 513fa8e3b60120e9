//! Flags of `albedo sweep`.

use clap::Args;

use super::{BuildFlags, Output, ProcessFlags};

/// Flags of `albedo sweep`.
#[derive(Debug, Args)]
pub struct SweepFlags {
    /// Delete what nobody owns, after asking.
    #[arg(long)]
    pub delete: bool,
    /// Delete without asking.
    #[arg(long, requires = "delete")]
    pub yes: bool,
    /// The cluster of this name does not exist any more, so nobody owns anything of it; it is not
    /// asked. The name is that of --cluster-name.
    #[arg(long, value_name = "NAME")]
    pub cluster_gone: Option<String>,
    /// How to print what is found.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// What is built, and where.
    #[command(flatten)]
    pub build: BuildFlags,
    /// How the controller runs; a sweep looks at where things are remembered only.
    #[command(flatten)]
    pub process: ProcessFlags,
}
