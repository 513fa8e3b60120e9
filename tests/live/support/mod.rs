//! What live tests stand on: the two servers, the controller as a process, and what AWS and the
//! cluster hold.

pub mod bridge;
pub mod control_plane;
pub mod controller;
pub mod localstack;
pub mod objects;
pub mod stage;
pub mod state;
