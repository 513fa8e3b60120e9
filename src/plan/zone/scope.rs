//! Which names of a zone there is to look at, where it is too large to be read as a whole.

use std::collections::BTreeSet;

use crate::model::inventory::{NameScope, ZoneScope};
use crate::model::naming::GivenName;
use crate::model::ownership::LABEL_LENGTH_MAX;
use crate::model::record::{RecordType, WishedValue, is_within};
use crate::model::settings::DnsSettings;
use crate::model::stack::ZoneStack;

/// The most characters of a name (RFC 1035).
const NAME_LENGTH_MAX: usize = 253;

/// The names that are asked for, those that were (`before`), and what they are made of. Where Route
/// 53 has refused a name, something stands that was not looked at.
#[must_use]
pub fn scope(settings: &DnsSettings, stack: &ZoneStack, before: &BTreeSet<String>) -> ZoneScope {
    let zone = &stack.zone.name;
    let mut scope = ZoneScope::default();
    if stack.keeps_names {
        for name in stack.names.keys().chain(before) {
            let names = settings.txt_names.about(zone, name);
            let texts: BTreeSet<String> =
                names.filter(|text| text != name && can_be(text)).collect();
            let is_refused = stack.suspects.contains_key(name);
            let asking = stack.names.get(name).into_iter().flatten();
            let is_alias = |value: &WishedValue| matches!(value, WishedValue::Alias { .. });
            // Not every load balancer has AAAA records, and who has their TXT record has the name.
            let quad = settings.txt_names.name(zone, name, RecordType::Aaaa);
            let is_needed = |text: &&String| is_refused || **text == quad;
            let some = is_refused || asking.clone().any(|wish| is_alias(&wish.value));
            let always = texts.iter().filter(|text| some && is_needed(text)).cloned().collect();
            scope.names.insert(name.clone(), NameScope { texts, always });
        }
    }
    // Whose these are does not matter.
    let targets = stack.names.values().flatten().filter_map(|wish| match &wish.value {
        WishedValue::Given { given, .. } => match &given.name {
            Some(GivenName::Alias { name, zone: None }) => Some(name),
            Some(GivenName::Alias { .. } | GivenName::Cname(_)) | None => None,
        },
        WishedValue::Alias { .. } | WishedValue::Cname => None,
    });
    let targets = targets.filter(|name| is_within(name, zone) && can_be(name));
    let proofs = stack.proofs.keys().map(|proof| &proof.record);
    for name in targets.chain(proofs) {
        scope.names.entry(name.clone()).or_default();
    }
    scope
}

/// Whether there may be a record of a name at all.
fn can_be(name: &str) -> bool {
    name.len() <= NAME_LENGTH_MAX && name.split('.').all(|label| label.len() <= LABEL_LENGTH_MAX)
}
