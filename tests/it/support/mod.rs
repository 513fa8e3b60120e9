//! What tests are built with.

pub mod actions;
pub mod arbitrary;
pub mod canon;
pub mod clock;
pub mod cluster;
pub mod fake;
pub mod router;
pub mod site;
pub mod sketch;
pub mod world;
