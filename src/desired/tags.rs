//! Tags that people ask for, and who wins.

use smol_str::SmolStr;

use crate::model::marks::{TRACKING_TAGS, Tags};
use crate::model::problem::Code;
use crate::model::settings::Settings;

use super::annotations::Lookup;
use super::annotations::table::TAGS;

/// The tags that one Ingress, or one Service for its target group, asks for: the authors' own, then
/// the class's over them, then the flag's over all. With LBC's gate EnableDefaultTagsLowPriority
/// the flag's come later, below all. Tracking tags come later and win over everything.
pub fn wished(settings: &Settings, lookup: &mut Lookup<'_, '_, '_>) -> Tags {
    let own = lookup.own_pairs(&TAGS);
    for key in own.keys().filter(|key| settings.external_managed_tags.contains(key)) {
        let allowed = "keys that --external-managed-tags does not list";
        match lookup.service.as_deref_mut() {
            Some(service) => service.wrong(&TAGS, key, allowed),
            None => lookup.ingress.wrong(&TAGS, key, allowed),
        }
    }
    let of_class = lookup.class.into_iter().flat_map(|class| &class.spec.tags);
    for tag in of_class.filter(|tag| settings.external_managed_tags.contains(&tag.key)) {
        let allowed = "keys that --external-managed-tags does not list";
        let found = format!("\"{}\"", tag.key);
        let ingress = &mut *lookup.ingress;
        let problem = ingress.error(Code::InvalidClass, TAGS.place_in_class(), found, allowed);
        if !ingress.problems.contains(&problem) {
            ingress.problems.push(problem);
        }
    }
    let all = lookup.under_class(&TAGS, own).into_iter();
    let asked = all.map(|(key, value)| (SmolStr::from(key), SmolStr::from(value)));
    let is_below = settings.gates.default_tags_low_priority;
    let over = if is_below { Tags::new() } else { settings.default_tags.clone() };
    let all = asked.chain(over);
    all.filter(|(key, _)| !TRACKING_TAGS.contains(&key.as_str())).collect()
}

/// What people ask for, over the flag's tags where those come below all.
#[must_use]
pub fn over_default(settings: &Settings, wished: &Tags) -> Tags {
    let is_below = settings.gates.default_tags_low_priority;
    let mut tags = if is_below { settings.default_tags.clone() } else { Tags::new() };
    tags.extend(wished.clone());
    tags
}

/// Tracking tags over what people ask for.
#[must_use]
pub fn with_tracking(settings: &Settings, wished: &Tags, tracking: Tags) -> Tags {
    let mut tags = over_default(settings, wished);
    tags.extend(tracking);
    tags
}
