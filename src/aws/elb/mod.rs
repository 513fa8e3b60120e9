//! Elastic Load Balancing v2: a file for each noun, with its reads, its writes and its shape in
//! AWS.
//!
//! What the model cannot express (network load balancers, lambda target groups) is left out of the
//! reads: it is none of ours. What it cannot express of a thing that may be ours is kept as
//! `Foreign`, so that it is seen to differ.

pub(super) mod listener;
pub(super) mod load_balancer;
pub(super) mod rule;
mod rule_action;
mod rule_condition;
pub(super) mod tag;
pub(super) mod target;
pub(super) mod target_group;

/// The largest page of every paged operation of this service (AWS).
const PAGE_SIZE: i32 = 400;
