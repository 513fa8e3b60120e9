//! Tests against a real LocalStack and a real control plane.

mod cluster;
mod contract;
mod sdk;
mod support;
