//! What a running controller says of itself: the log, and every metric in one table.

mod end;
mod log;
mod metrics;
mod plans;
mod visit;

pub use log::{LogFormat, catch_panics, start_log, subscriber};
pub use metrics::{EventResult, Metrics, TenureChange};
pub use plans::PlanLog;
pub use visit::Visit;
