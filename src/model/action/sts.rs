//! What this program asks of AWS STS: sessions of the roles that bindings name.

/// What the calls to this service have to be allowed.
pub(super) const READS: &[&str] = &["sts:AssumeRole"];
