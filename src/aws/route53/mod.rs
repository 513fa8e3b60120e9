//! The edge towards Route 53.

pub(super) mod record;
pub(super) mod zone;
