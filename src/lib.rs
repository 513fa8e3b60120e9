//! Albedo reflects Kubernetes Ingresses into AWS.
pub mod aws;
pub mod build;
pub mod model;
pub mod plan;
