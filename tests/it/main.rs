//! The hermetic tests: one binary, no server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contract;
mod docs;
mod mirror;
mod names;
mod support;
mod tidy;
