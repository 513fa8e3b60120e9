//! What this program asks of AWS's tagging API: the tags of many certificates at once.

/// What the reads of this service have to be allowed.
pub(super) const READS: &[&str] = &["tag:GetResources"];
