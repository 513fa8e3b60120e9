//! A TargetGroupBinding that somebody writes, held against what its namespace may do.

use crate::model::id::ObjectKey;
use crate::model::problem::Kind;
use crate::model::seen::SeenBinding;
use crate::model::snapshot::Objects;

use super::{Breach, Rights, Verdict, object, part};

/// Judges a binding that was not made for an Ingress.
#[must_use]
pub fn judge(objects: &Objects, key: &ObjectKey, seen: &SeenBinding) -> Verdict {
    let rights = Rights::of(objects, &key.namespace);
    if rights.is_everything() {
        return Verdict::Allowed;
    }
    let breaches = [target_group(&rights, seen), source(&rights, key, seen)];
    let object = object(Kind::TargetGroupBinding, key);
    rights.verdict(&object, breaches.into_iter().flatten().collect())
}

fn target_group(rights: &Rights<'_>, seen: &SeenBinding) -> Option<Breach> {
    let arn = seen.spec.target_group_arn.as_ref()?.as_str();
    let allowed = rights.listed(|spec| spec.target_groups.as_ref())?;
    (!allowed.has(arn))
        .then(|| Breach::new("spec.targetGroupARN", format!("\"{arn}\""), allowed.to_string()))
}

/// Who is let in to nodes and pods.
fn source(rights: &Rights<'_>, key: &ObjectKey, seen: &SeenBinding) -> Option<Breach> {
    let allowed = rights.listed(|spec| spec.inbound_sources.as_ref())?;
    let openings = seen.as_binding(key).openings;
    let mut cidrs = openings.iter().filter_map(|opening| opening.cidr.as_deref());
    let cidr = cidrs.find(|cidr| !part::lets_in(&allowed, cidr))?;
    let allowed = format!("what lies in {allowed}");
    Some(Breach::new("spec.networking", format!("\"{cidr}\""), allowed))
}
