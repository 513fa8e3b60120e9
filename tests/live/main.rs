//! Tests against a real LocalStack and a real control plane.
