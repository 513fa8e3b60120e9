//! Attributes of the load balancer and of listeners: what members ask for, and what the classes of
//! those who come first decide for all.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::model::attribute::{self, Documented};
use crate::model::flat::FlatMap;
use crate::model::listener::Protocol;
use crate::model::load_balancer::Attributes;
use crate::model::problem::{Code, Problem, Severity};
use crate::model::seen::{ClassListener, ClassParams, KeyValue};
use crate::model::source::Source;
use crate::model::stack::NamedAttributes;

use super::annotations::table::{LISTENER_ATTRIBUTES, LOAD_BALANCER_ATTRIBUTES};
use super::annotations::{Lookup, Pairs};

/// What is done about an attribute that AWS does not document.
const MEANWHILE: &str = "it is tried all the same, and the others are set without it";

/// What a member asks for, and what its class does.
type OwnAndClass = (Attributes, Attributes);

/// The attributes of the load balancer.
pub fn of_load_balancer(lookup: &mut Lookup<'_, '_, '_>) -> OwnAndClass {
    let own = lookup.own_pairs(&LOAD_BALANCER_ATTRIBUTES);
    let class = lookup.class.map(|class| class.spec.load_balancer_attributes.as_slice());
    let both = (pairs(own), listed(class.unwrap_or_default()));
    let places = (LOAD_BALANCER_ATTRIBUTES.field(), LOAD_BALANCER_ATTRIBUTES.place_in_class());
    note_undocumented(lookup, places, &both, attribute::of_load_balancer);
    both
}

/// The attributes of the listeners at these ports.
pub fn of_listeners(
    ports: &BTreeMap<u16, Protocol>,
    lookup: &mut Lookup<'_, '_, '_>,
) -> BTreeMap<u16, OwnAndClass> {
    let class = lookup.class.map(|class| class.spec.listeners.as_slice()).unwrap_or_default();
    note_unusable(lookup, class);
    let named: BTreeMap<String, u16> =
        ports.iter().map(|(port, protocol)| (format!("{protocol}-{port}"), *port)).collect();
    let unheard = lookup.ingress.named(&LISTENER_ATTRIBUTES);
    let unheard: Vec<&str> = unheard.filter(|name| !named.contains_key(*name)).collect();
    for name in unheard {
        note_unheard(lookup, name, named.keys());
    }
    let each = named.iter().map(|(name, port)| {
        let protocol = ports.get(port).copied().unwrap_or(Protocol::Http);
        let own = lookup.ingress.read_one(&LISTENER_ATTRIBUTES, name).unwrap_or_default();
        let is_meant = |one: &&ClassListener| {
            one.protocol.as_deref() == Some(protocol.as_str()) && one.port == Some((*port).into())
        };
        let of_class = class.iter().find(is_meant);
        let of_class = of_class.map(|one| one.listener_attributes.as_slice()).unwrap_or_default();
        let both = (pairs(own), listed(of_class));
        let place = format!("{}{name}", LISTENER_ATTRIBUTES.field());
        let places = (place, LISTENER_ATTRIBUTES.place_in_class());
        note_undocumented(lookup, places, &both, attribute::of_listener(protocol));
        (*port, both)
    });
    each.collect()
}

/// The attributes of listeners that a class decides.
pub fn of_class(class: &ClassParams) -> BTreeMap<(u16, Protocol), Attributes> {
    let each = class.spec.listeners.iter().filter_map(|one| {
        let speaks = [Protocol::Http, Protocol::Https]
            .into_iter()
            .find(|protocol| one.protocol.as_deref() == Some(protocol.as_str()))?;
        let port = u16::try_from(one.port?).ok()?;
        Some(((port, speaks), listed(&one.listener_attributes)))
    });
    // The first of several counts.
    each.rev().collect()
}

/// Pairs as attributes.
pub(super) fn pairs(pairs: Pairs) -> Attributes {
    pairs.into_iter().map(|(key, value)| (SmolStr::from(key), SmolStr::from(value))).collect()
}

fn listed(pairs: &[KeyValue]) -> Attributes {
    pairs.iter().map(|pair| (SmolStr::new(&pair.key), SmolStr::new(&pair.value))).collect()
}

/// Notes what AWS does not document, and may refuse.
pub(super) fn note_undocumented(
    lookup: &mut Lookup<'_, '_, '_>,
    (own_place, class_place): (String, String),
    (own, class): &OwnAndClass,
    documented: Documented,
) {
    let sides =
        [(own, own_place, Code::InvalidAnnotation), (class, class_place, Code::InvalidClass)];
    for (attributes, place, code) in sides {
        for (key, value) in attributes {
            let allowed = match documented(key) {
                Some(values) if values.take(value) => continue,
                Some(values) => values.to_string(),
                None => "the attributes that AWS documents of what speaks this".to_owned(),
            };
            let found = format!("\"{key}={value}\"");
            let problem = lookup.ingress.error(code, place.clone(), found, &allowed);
            let (severity, meanwhile) = (Severity::Warning, MEANWHILE.to_owned());
            lookup.ingress.problems.push(Problem { severity, meanwhile, ..problem });
        }
    }
}

/// Notes attributes of a listener that the Ingress does not have.
fn note_unheard<'n>(
    lookup: &mut Lookup<'_, '_, '_>,
    name: &str,
    ports: impl Iterator<Item = &'n String>,
) {
    let field = format!("{}{name}", LISTENER_ATTRIBUTES.field());
    let found = "for a port and protocol that the Ingress does not listen on".to_owned();
    let ports: Vec<&str> = ports.map(String::as_str).collect();
    let allowed = match ports.as_slice() {
        [] => "nothing: the Ingress listens nowhere".to_owned(),
        ports => ports.join(", "),
    };
    let problem = lookup.ingress.error(Code::UnknownAnnotation, field, found, &allowed);
    let (severity, meanwhile) = (Severity::Note, "it changes nothing".to_owned());
    lookup.ingress.problems.push(Problem { severity, meanwhile, ..problem });
}

/// Notes entries of a class that are for no listener there can be.
fn note_unusable(lookup: &mut Lookup<'_, '_, '_>, class: &[ClassListener]) {
    let is_usable = |one: &&ClassListener| {
        let speaks = one.protocol.as_deref();
        let is_port = one.port.is_some_and(|port| u16::try_from(port).is_ok_and(|port| port > 0));
        is_port && [Protocol::Http, Protocol::Https].iter().any(|it| Some(it.as_str()) == speaks)
    };
    for one in class.iter().filter(|one| !is_usable(one)) {
        let port = one.port.map_or_else(|| "no port".to_owned(), |port| port.to_string());
        let found = format!("{} at {port}", one.protocol.as_deref().unwrap_or("no protocol"));
        let field = LISTENER_ATTRIBUTES.place_in_class();
        let allowed = "HTTP or HTTPS, at a port from 1 to 65535";
        let problem = lookup.ingress.error(Code::InvalidClass, field, found, allowed);
        let (severity, meanwhile) = (Severity::Warning, "it changes nothing".to_owned());
        lookup.ingress.problems.push(Problem { severity, meanwhile, ..problem });
    }
}

/// Attributes that a member asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'p> {
    /// The member.
    pub source: &'p Source,
    /// What it asks for itself.
    pub own: &'p Attributes,
    /// What its class does.
    pub class: &'p Attributes,
}

/// What members ask for together, with what classes decide over it. `asked` is what each of them
/// asks for, and what its class does, in the group's order.
#[must_use]
pub fn named(together: &Attributes, decided: &Attributes, asked: &[Asked<'_>]) -> NamedAttributes {
    let mut values = together.clone();
    values.extend(decided.clone());
    let by = |key: &SmolStr, value: &SmolStr| {
        let names = |asked: &&Asked<'_>| {
            let asked = if decided.contains_key(key) { asked.class } else { asked.own };
            asked.get(key) == Some(value)
        };
        asked.iter().find(names).map(|asked| asked.source.clone())
    };
    let by: FlatMap<SmolStr, Source> =
        values.iter().filter_map(|(key, value)| Some((key.clone(), by(key, value)?))).collect();
    NamedAttributes { values, by }
}
