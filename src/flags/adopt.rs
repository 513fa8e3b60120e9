//! Flags of `albedo adopt`.

use clap::{Args, ValueEnum};

use super::{Output, ReachFlags};

/// From what else work is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Origin {
    /// ingress-nginx.
    Nginx,
}

/// Flags of `albedo adopt`.
#[derive(Debug, Args)]
pub struct AdoptFlags {
    /// The way home: how AWS Load Balancer Controller and external-dns get their work back.
    #[arg(long)]
    pub back: bool,
    /// What becomes of manifests that were written for ingress-nginx; asks neither AWS nor a
    /// cluster.
    #[arg(long, value_enum, requires = "files", conflicts_with = "back")]
    pub from: Option<Origin>,
    /// Those manifests: files, or folders with all that lies in them; "-" is standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE", requires = "from")]
    pub files: Vec<String>,
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
