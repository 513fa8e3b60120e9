//! What tests are built with.

pub mod actions;
pub mod arbitrary;
pub mod canon;
pub mod clock;
pub mod cluster;
pub mod conditions;
pub mod fake;
pub mod paced;
pub mod rush;
pub mod site;
pub mod sketch;
pub mod world;
