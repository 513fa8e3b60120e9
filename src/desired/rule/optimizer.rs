//! Rules that a listener does not need: LBC leaves them out, and so their priorities depend on it.

use smol_str::SmolStr;

use crate::model::listener::Protocol;
use crate::model::rule::{Condition, Redirect, Rule, RuleAction};

/// Whether a rule would send clients back to where they are. What is a loop for some of the values
/// of its conditions is one (LBC).
#[must_use]
pub fn loops(rule: &Rule, port: u16, protocol: Protocol) -> bool {
    let Some(redirect) = redirect_of(&rule.actions) else { return false };
    let has_path_regex = |condition: &Condition| matches!(condition, Condition::PathRegex(_));
    if rule.conditions.iter().any(has_path_regex) {
        return false;
    }
    let Redirect { host, path, port: to_port, protocol: to_protocol, query, status_code: _ } =
        redirect;
    let is_among = |values: Option<&[SmolStr]>, text: &str| {
        values.into_iter().flatten().any(|value| value == text)
    };
    let stays = |part: &Option<String>, is_same: &dyn Fn(&str) -> bool| {
        part.as_ref().is_none_or(|text| is_same(text))
    };
    stays(host, &|text| text == "#{host}" || is_among(rule.hosts(), text))
        && stays(path, &|text| text == "/#{path}" || is_among(rule.paths(), text))
        && stays(to_port, &|text| text == "#{port}" || text == port.to_string())
        && stays(to_protocol, &|text| text == "#{protocol}" || text == protocol.as_str())
        && stays(query, &|text| text == "#{query}")
}

/// Whether no request comes to a rule because of one that comes earlier and sends them elsewhere.
#[must_use]
pub fn shadows(earlier: &Rule, rule: &Rule) -> bool {
    let is_plain = |condition: &Condition| match condition {
        Condition::Host(_)
        | Condition::HostRegex(_)
        | Condition::Path(_)
        | Condition::PathRegex(_) => true,
        Condition::Header { .. }
        | Condition::HeaderRegex { .. }
        | Condition::Method(_)
        | Condition::Query(_)
        | Condition::SourceIp(_)
        | Condition::Foreign(_) => false,
    };
    redirect_of(&earlier.actions).is_some()
        && earlier.conditions.iter().all(is_plain)
        && covers(earlier.hosts(), rule.hosts())
        && (paths_of(earlier).iter().flat_map(|paths| paths.iter()).any(|path| path == "/*")
            || covers(paths_of(earlier), paths_of(rule)))
}

/// The redirect among actions, of which there is one at the most (AWS).
#[must_use]
pub fn redirect_of(actions: &[RuleAction]) -> Option<&Redirect> {
    actions.iter().find_map(|action| match action {
        RuleAction::Redirect(redirect) => Some(redirect.as_ref()),
        RuleAction::Forward { .. }
        | RuleAction::FixedResponse { .. }
        | RuleAction::AuthenticateCognito(_)
        | RuleAction::AuthenticateOidc(_)
        | RuleAction::ValidateJwt(_)
        | RuleAction::Foreign(_) => None,
    })
}

/// What a rule asks of paths, regular expressions as they are written.
fn paths_of(rule: &Rule) -> Option<&[SmolStr]> {
    let regexes = rule.conditions.iter().find_map(|condition| match condition {
        Condition::PathRegex(regexes) => Some(regexes.as_slice()),
        _ => None,
    });
    regexes.or_else(|| rule.paths())
}

/// Whether one asks for nothing, or for all that the other asks for.
fn covers(ours: Option<&[SmolStr]>, theirs: Option<&[SmolStr]>) -> bool {
    match (ours, theirs) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(ours), Some(theirs)) => theirs.iter().all(|value| ours.contains(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(conditions: Vec<Condition>, redirect: Redirect) -> Rule {
        let actions = vec![RuleAction::Redirect(Box::new(redirect))];
        Rule { conditions, actions, transforms: Vec::new() }
    }

    fn texts(values: &[&str]) -> Vec<SmolStr> {
        values.iter().copied().map(Into::into).collect()
    }

    #[test]
    fn a_redirect_that_changes_nothing_is_a_loop() {
        let some = |text: &str| Some(text.to_owned());
        let base = Redirect { status_code: "HTTP_301".to_owned(), ..Redirect::default() };
        let conditions =
            || vec![Condition::Host(texts(&["a.b"])), Condition::Path(texts(&["/x", "/x/*"]))];
        let check = |redirect: Redirect, expected: bool| {
            let rule = rule(conditions(), redirect);
            assert_eq!(loops(&rule, 443, Protocol::Https), expected, "{rule:?}");
        };
        check(base.clone(), true);
        for (same, other) in [
            (Redirect { host: some("#{host}"), ..base.clone() }, "c.d"),
            (Redirect { host: some("a.b"), ..base.clone() }, "c.d"),
        ] {
            check(same.clone(), true);
            check(Redirect { host: some(other), ..same }, false);
        }
        for path in ["/#{path}", "/x", "/x/*"] {
            check(Redirect { path: some(path), ..base.clone() }, true);
        }
        check(Redirect { path: some("/y"), ..base.clone() }, false);
        for port in ["#{port}", "443"] {
            check(Redirect { port: some(port), ..base.clone() }, true);
        }
        check(Redirect { port: some("80"), ..base.clone() }, false);
        for protocol in ["#{protocol}", "HTTPS"] {
            check(Redirect { protocol: some(protocol), ..base.clone() }, true);
        }
        check(Redirect { protocol: some("HTTP"), ..base.clone() }, false);
        check(Redirect { query: some("#{query}"), ..base.clone() }, true);
        check(Redirect { query: some("a=b"), ..base.clone() }, false);
        let regex = rule(vec![Condition::PathRegex(texts(&["x"]))], base);
        assert!(!loops(&regex, 443, Protocol::Https));
    }

    #[test]
    fn a_redirect_for_more_shadows_what_comes_later() {
        let redirect = || Redirect { status_code: "HTTP_301".to_owned(), ..Redirect::default() };
        let of = |conditions: &[Condition]| rule(conditions.to_vec(), redirect());
        let host = |values: &[&str]| Condition::Host(texts(values));
        let path = |values: &[&str]| Condition::Path(texts(values));
        let method = || Condition::Method(texts(&["GET"]));
        let check = |earlier: &[Condition], later: &[Condition], expected: bool| {
            assert_eq!(shadows(&of(earlier), &of(later)), expected, "{earlier:?} {later:?}");
        };
        check(&[path(&["/*"])], &[host(&["a.b"]), path(&["/x"])], true);
        check(&[path(&["/*"])], &[path(&["/x"]), method()], true);
        check(&[path(&["/*"]), method()], &[path(&["/x"])], false);
        check(&[host(&["a.b"])], &[host(&["c.d"])], false);
        check(&[host(&["a.b"])], &[path(&["/x"])], false);
        check(&[host(&["a.b", "c.d"])], &[host(&["c.d"]), path(&["/x"])], true);
        check(&[path(&["/x", "/y"])], &[path(&["/y"])], true);
        check(&[path(&["/x"])], &[path(&["/x", "/y"])], false);
        let regex = |values: &[&str]| Condition::PathRegex(texts(values));
        check(&[regex(&["*"])], &[regex(&["x"])], false);
        check(&[regex(&["x"])], &[regex(&["x"])], true);
    }
}
