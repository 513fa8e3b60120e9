//! What live tests stand on: the two servers, the controller as a process, and what AWS and the
//! cluster hold.

pub mod anybody;
pub mod bridge;
pub mod cases;
pub mod clients;
pub mod control_plane;
pub mod controller;
pub mod localstack;
pub mod nodes;
pub mod objects;
pub mod rollout;
pub mod serving;
pub mod stage;
pub mod state;
