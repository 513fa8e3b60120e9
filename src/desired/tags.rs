//! Tags that people ask for, and who wins.

use smol_str::SmolStr;

use crate::model::marks::{TRACKING_TAGS, Tags};
use crate::model::settings::Settings;

use super::annotations::Lookup;
use super::annotations::table::TAGS;

/// The tags that one Ingress, or one Service for its target group, asks for: the authors' own, then
/// the class's over them, then the flag's over all. Tracking tags come later and win over
/// everything.
pub fn wished(settings: &Settings, lookup: &mut Lookup<'_, '_, '_>) -> Tags {
    let own = lookup.own_pairs(&TAGS);
    for key in own.keys().filter(|key| settings.external_managed_tags.contains(key)) {
        let allowed = "keys that --external-managed-tags does not list";
        match lookup.service.as_deref_mut() {
            Some(service) => service.wrong(&TAGS, key, allowed),
            None => lookup.ingress.wrong(&TAGS, key, allowed),
        }
    }
    let all = lookup.under_class(&TAGS, own).into_iter();
    all.map(|(key, value)| (SmolStr::from(key), SmolStr::from(value)))
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
