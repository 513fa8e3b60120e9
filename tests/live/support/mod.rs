//! The servers, and what tests are built with.

pub mod control_plane;
pub mod localstack;
