//! Tags that people ask for, and who wins.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::model::marks::{TRACKING_TAGS, Tags};
use crate::model::seen::ClassParams;
use crate::model::settings::Settings;

use super::annotations::Annotations;
use super::annotations::table::TAGS;

/// The tags that one Ingress, or one Service for its target group, asks for: its own, then its
/// class's over them, then the flag's over all. Tracking tags come later and win over everything.
pub fn wished(
    settings: &Settings,
    params: Option<&ClassParams>,
    own: BTreeMap<String, String>,
    annotations: &mut Annotations<'_>,
) -> Tags {
    for key in own.keys() {
        if settings.external_managed_tags.iter().any(|external| external == key) {
            annotations.wrong(&TAGS, key, "keys that --external-managed-tags does not list");
        }
    }
    let of_class = params.map(|params| &params.spec.tags).into_iter().flatten();
    let of_class = of_class.map(|pair| (SmolStr::new(&pair.key), SmolStr::new(&pair.value)));
    let own = own.into_iter().map(|(key, value)| (SmolStr::from(key), SmolStr::from(value)));
    own.chain(of_class)
        .chain(settings.default_tags.clone())
        .filter(|(key, _)| !TRACKING_TAGS.contains(&key.as_str()))
        .collect()
}

/// Tracking tags over what people ask for.
#[must_use]
pub fn with_tracking(wished: &Tags, tracking: Tags) -> Tags {
    let mut tags = wished.clone();
    tags.extend(tracking);
    tags
}
