//! The hermetic tests: one binary, no server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod names;
mod tidy;
