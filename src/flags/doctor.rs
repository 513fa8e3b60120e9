//! Flags of `albedo doctor`.

use clap::Args;

use super::{BuildFlags, Output, ProcessFlags};

/// Flags of `albedo doctor`.
#[derive(Debug, Args)]
pub struct DoctorFlags {
    /// How to print what is found.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// The role whose rights IAM is asked for, by its ARN: that of the controller, where whoever
    /// looks is somebody else. By default, that of whoever looks.
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<String>,
    /// What is built, and where.
    #[command(flatten)]
    pub build: BuildFlags,
    /// How the controller runs.
    #[command(flatten)]
    pub process: ProcessFlags,
}
