//! Which rule takes a request, and which others nearly do.

use crate::model::inventory::LiveListener;
use crate::model::rule::{Condition, Fit, Request, Rule};

use super::{Station, Taken, Verdict};

/// How many rules are told of that nearly take a request.
const NEAREST_MAX: usize = 3;

/// What is to be said of a listener's rules.
pub(super) fn station(listener: &LiveListener, taken: &Taken<'_>, request: &Request) -> Station {
    let fits: Vec<Fit<'_>> = taken.rules.iter().map(|rule| rule.fit(request)).collect();
    let priority = |place: usize| listener.rules.get(place).map_or(0, |live| live.priority);
    let end = taken.place.unwrap_or(fits.len());
    let unclear = fits.iter().take(end).position(|fit| matches!(fit, Fit::Unclear(_)));
    let found = match taken.place {
        Some(place) => {
            let rule = taken.rules.get(place).map_or_else(String::new, |rule| asked(rule));
            format!("{} takes it, for {rule}", priority(place))
        }
        None => "none of them takes it: the default action does".to_owned(),
    };
    let (verdict, found) = match unclear {
        Some(place) => {
            (Verdict::Unknown, format!("{found}; whether {} does cannot be told", priority(place)))
        }
        None => (Verdict::Good, found),
    };
    let mut near: Vec<(usize, usize, String)> = Vec::new();
    for (place, fit) in fits.iter().enumerate().filter(|(place, _)| Some(*place) != taken.place) {
        let (count, why) = match fit {
            Fit::Takes => (0, "it comes later".to_owned()),
            Fit::Unclear(_) => (0, "it asks for what cannot be judged here".to_owned()),
            Fit::Misses(missed) => {
                let why: Vec<String> = missed.iter().map(|one| reason(one, request)).collect();
                (missed.len(), why.join(", "))
            }
        };
        let rule = taken.rules.get(place).map_or_else(String::new, |rule| asked(rule));
        near.push((count, place, format!("not {}, for {rule}: {why}", priority(place))));
    }
    near.sort();
    let near = near.into_iter().map(|(_, _, text)| text).take(NEAREST_MAX).collect();
    Station { beside: near, ..Station::new("rule", verdict, found) }
}

/// What a rule asks of requests.
fn asked(rule: &Rule) -> String {
    rule.conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Why a request does not meet a condition.
fn reason(condition: &Condition, request: &Request) -> String {
    let Request { method, path, query, source, .. } = request;
    match condition {
        Condition::Host(_) | Condition::HostRegex(_) => {
            format!("the host is {}", request.hostname())
        }
        Condition::Path(_) | Condition::PathRegex(_) => format!("the path is {path}"),
        Condition::Method(_) => format!("the method is {method}"),
        Condition::Query(_) if query.is_empty() => "there is no query".to_owned(),
        Condition::Query(_) => format!("the query is {query}"),
        Condition::SourceIp(_) => format!("it comes from {source}"),
        Condition::Header { name, .. } | Condition::HeaderRegex { name, .. } => {
            let values: Vec<&str> = request.values(name).collect();
            match values.as_slice() {
                [] => format!("there is no header {name}"),
                values => format!("the header {name} is {}", values.join(", ")),
            }
        }
        Condition::Foreign(text) => text.clone(),
    }
}
