//! From what is known to what is wished for: pure, and never at a loss.
//!
//! A bad object gives problems and no error: its neighbours are built all the same.

pub mod admission;
pub mod annotations;
mod attributes;
pub mod backend;
pub mod balancer;
pub mod binder;
mod brought;
pub mod certificate;
pub mod classes;
pub mod completion;
mod decided;
pub mod destinations;
pub mod discovery;
pub mod doubt;
pub mod fabric;
pub mod gates;
pub mod groups;
mod limits;
mod links;
mod lint;
pub mod listener;
pub mod load_balancer;
pub mod member;
pub mod merge;
pub mod moves;
pub mod mutual_authentication;
pub mod names;
pub mod nodes;
pub mod owners;
mod placed;
mod pod_links;
pub mod protection;
pub mod request;
mod rule;
pub mod secret;
pub mod shared;
pub mod standing;
pub mod subnets;
pub mod tags;
mod taking;
pub mod target_group;
pub mod targets;
pub mod tls;
pub mod visits;
pub mod zone;
