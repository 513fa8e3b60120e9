//! The difference between what is wished for and what stands: pure, and to the end state.

mod arrival;
pub mod balancer;
pub mod brakes;
pub mod certificate;
pub mod check;
mod client_secret;
pub mod deletion;
mod draft;
mod exchange;
pub mod fabric;
mod kept;
mod listener;
mod load_balancer;
pub mod protection;
mod replacement;
pub mod request;
mod rule;
mod security_group;
mod settle;
pub mod show;
mod switch;
mod tags;
mod takers;
mod target_group;
pub mod targets;
pub mod wire;
pub mod zone;
