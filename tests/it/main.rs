//! The hermetic tests: one binary, no server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![expect(clippy::format_push_string, reason = "a test may allocate")]

mod annotations;
mod bad_member;
mod cases;
mod certificates;
mod check;
mod classes;
mod contract;
mod costs;
mod docs;
mod events;
mod faults;
mod flags;
mod fuzz;
mod golden;
mod groups;
mod https;
mod iam;
mod laws;
mod merge;
mod mirror;
mod names;
mod newcomers;
mod observed;
mod order;
mod pairing;
mod panics;
mod plan_log;
mod queue;
mod replacement;
mod router;
mod rules;
mod runtime;
mod security;
mod serve;
mod simulation;
mod subnets;
mod support;
mod switch;
mod tags;
mod tally;
mod targets;
mod tidy;
mod unexplained;
mod zones;
