//! Flags that decide how changes of names go to Route 53.

use std::time::Duration;

use clap::Args;

use super::spelling::{amount, duration};
use crate::model::record::{BATCH_CHARACTERS_MAX, BATCH_VALUES_MAX, BatchLimits};

/// How no duration is written.
const NONE: [&str; 2] = ["0", "0s"];

/// Flags that decide how changes of names go to Route 53.
#[derive(Debug, Args)]
pub struct DnsBatchFlags {
    /// The most changes of one batch. Those of one name go together all the same, so that it is
    /// served all the time, and no batch is larger than Route 53 takes.
    #[arg(long, default_value_t = 1000, value_name = "COUNT", value_parser = size)]
    pub aws_batch_change_size: u32,
    /// The most characters of all values of one batch, likewise; those that are made or replaced
    /// count twice (Route 53).
    #[arg(long, default_value_t = 32_000, value_name = "BYTES", value_parser = size)]
    pub aws_batch_change_size_bytes: u32,
    /// The most values of one batch, likewise.
    #[arg(long, default_value_t = 1000, value_name = "COUNT", value_parser = size)]
    pub aws_batch_change_size_values: u32,
    /// How much time lies between two batches. Default: none; a name waits for no other, and Route
    /// 53 itself says when batches are too many.
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = interval)]
    pub aws_batch_change_interval: Duration,
}

impl DnsBatchFlags {
    /// What one batch holds at most: never more than Route 53 takes.
    pub(super) fn limits(&self) -> BatchLimits {
        let at_most = |size: u32, most: usize| usize::try_from(size).unwrap_or(most).min(most);
        BatchLimits {
            changes: at_most(self.aws_batch_change_size, BATCH_VALUES_MAX),
            values: at_most(self.aws_batch_change_size_values, BATCH_VALUES_MAX),
            characters: at_most(self.aws_batch_change_size_bytes, BATCH_CHARACTERS_MAX),
        }
    }
}

/// How large a batch may be: nothing at all is no batch.
fn size(text: &str) -> Result<u32, String> {
    let size = amount(text)?;
    if size > 0 { Ok(size) } else { Err("expected 1 or more".to_owned()) }
}

/// A duration, or none.
fn interval(text: &str) -> Result<Duration, String> {
    if NONE.contains(&text) { Ok(Duration::ZERO) } else { duration(text) }
}
