//! The hermetic tests: one binary, no server.

mod names;
mod tidy;
