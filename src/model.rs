//! Nouns and nothing else: what Kubernetes shows, what is wished for, what stands in AWS, and the
//! difference.
//!
//! Everything here is a plain value. Nothing here asks, waits, or decides.

pub mod action;
pub mod attribute;
pub mod backend;
pub mod binding;
pub mod certificate;
pub mod endpoint;
pub mod fact;
pub mod few;
pub mod flat;
pub mod gate;
pub mod group;
pub mod id;
pub mod index;
pub mod inventory;
pub mod known;
pub mod line;
pub mod listener;
pub mod load_balancer;
pub mod marks;
pub mod memory;
pub mod moment;
pub mod name_filter;
pub mod names;
pub mod naming;
pub mod neighbour;
pub mod news;
pub mod outcome;
pub mod ownership;
pub mod pairs;
pub mod part;
pub mod plan;
pub mod problem;
pub mod protection;
pub mod record;
pub mod report;
pub mod request;
pub mod routing;
pub mod rule;
pub mod secret;
pub mod security;
pub mod seen;
pub mod selector;
pub mod settings;
pub mod snapshot;
pub mod source;
pub mod stack;
pub mod subject;
pub mod surroundings;
pub mod target;
pub mod target_group;
pub mod tenure;
