//! Tests against a real LocalStack and a real control plane.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and says why"
)]

mod acme;
mod applied;
mod bad_input;
mod beside;
mod challenges;
mod chart;
mod cluster;
mod contract;
mod deploy;
mod docs;
mod doctor;
mod explain;
mod extent;
mod faults;
mod ingress_groups;
mod injector;
mod leader;
mod life;
mod names;
mod nginx;
mod nodes;
mod observed;
mod order;
mod outage;
mod page;
mod plan;
mod policy;
mod protection;
mod readiness;
mod replacement;
mod requests;
mod rollouts;
mod router;
mod rules;
mod sdk;
mod support;
mod sweep;
mod take_over;
mod tls;
mod traffic;
mod zone_starts;
