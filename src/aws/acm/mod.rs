//! The edge towards AWS Certificate Manager.

pub(super) mod certificate;
