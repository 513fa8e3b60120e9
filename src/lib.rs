//! Albedo reflects Kubernetes Ingresses into AWS.
pub mod aws;
pub mod model;
