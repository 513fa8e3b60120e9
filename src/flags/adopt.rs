//! Flags of `albedo adopt`.

use clap::Args;

use super::{Output, ReachFlags};

/// Flags of `albedo adopt`.
#[derive(Debug, Args)]
pub struct AdoptFlags {
    /// The way home: how AWS Load Balancer Controller and external-dns get their work back.
    #[arg(long)]
    pub back: bool,
    /// How to print what is found.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// Where AWS and the cluster are.
    #[command(flatten)]
    pub reach: ReachFlags,
    /// More flags, as albedo run takes them: they go over those that the Deployments have.
    #[arg(last = true, value_name = "FLAGS")]
    pub flags: Vec<String>,
}
