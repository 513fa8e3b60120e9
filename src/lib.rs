//! Albedo reflects Kubernetes Ingresses into AWS.

pub mod apply;
pub mod aws;
pub mod build;
pub mod clock;
pub mod cluster;
pub mod commands;
pub mod flags;
pub mod model;
pub mod plan;
pub mod queue;
pub mod reconcile;
pub mod report;
pub mod serve;
pub mod telemetry;
