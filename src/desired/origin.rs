//! What a target group is built from.

use crate::model::binding::PortRef;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::seen::{ClassParams, Ingress, Service};
use crate::model::settings::Settings;
use crate::model::snapshot::Objects;

/// What requests a target group takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Those that somebody serves.
    Requests,
    /// The one by which an authority has a host proved: pods answer it, within seconds, whatever
    /// the Ingress and its class say of targets.
    Challenge,
}

/// Whether members of a group that want the same of a Service have one target group together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Each has its own (LBC).
    Own,
    /// Those of a namespace whose classes say so.
    Shared,
}

/// What a target group is built from.
#[derive(Clone, Copy, Debug)]
pub struct Backend<'a> {
    /// What for.
    pub purpose: Purpose,
    /// Whether others may have the same one.
    pub sharing: Sharing,
    /// How the process was started.
    pub settings: &'a Settings,
    /// The cluster's objects.
    pub objects: &'a Objects,
    /// The Ingress group.
    pub group: &'a Group,
    /// The Ingress's key.
    pub ingress_key: &'a ObjectKey,
    /// The Ingress.
    pub ingress: &'a Ingress,
    /// The parameters of the Ingress's class.
    pub params: Option<&'a ClassParams>,
    /// The Service's key.
    pub service_key: &'a ObjectKey,
    /// The Service.
    pub service: &'a Service,
    /// The port as the backend writes it.
    pub port: &'a PortRef,
}
