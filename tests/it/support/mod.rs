//! What tests are built with.

pub mod fake;
