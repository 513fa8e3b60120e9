//! The hermetic tests: one binary, no server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod classes;
mod contract;
mod docs;
mod groups;
mod laws;
mod mirror;
mod names;
mod router;
mod rules;
mod support;
mod tidy;
