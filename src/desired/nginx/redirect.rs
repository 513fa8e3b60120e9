//! Redirects of ingress-nginx as load balancers have them.

use crate::model::rule::{Redirect, RuleAction};

/// The longest host, path or query of a redirect (AWS).
const LENGTH_MAX: usize = 128;
/// What is allowed as a place that clients are sent to.
const ALLOWED: &str = "http://, https:// or $scheme:// with a host, a path and a query of up to \
                       128 characters each; of variables $host and, at the end, $request_uri";

/// A redirect to a URL, with the status code that comes closest.
///
/// # Errors
/// What is allowed instead.
pub fn to(url: &str, code: u32) -> Result<RuleAction, String> {
    let wrong = || ALLOWED.to_owned();
    let (protocol, rest) = [("https", "HTTPS"), ("http", "HTTP"), ("$scheme", "#{protocol}")]
        .into_iter()
        .find_map(|(scheme, protocol)| {
            let rest = url.strip_prefix(scheme)?.strip_prefix("://")?;
            Some((protocol, rest))
        })
        .ok_or_else(wrong)?;
    let variable = ["$http_host", "$host"].iter().find_map(|name| rest.strip_prefix(name));
    let (host, rest) = match variable {
        Some(rest) => ("#{host}", rest),
        None => rest.split_at(rest.find(['/', '?', '$', ':']).unwrap_or(rest.len())),
    };
    if variable.is_none() && (host.is_empty() || !is_plain(host)) {
        return Err(wrong());
    }
    let (port, rest) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (port, rest) = rest.split_at(rest.find(['/', '?', '$']).unwrap_or(rest.len()));
            (Some(port), rest)
        }
        None => (None, rest),
    };
    if !(rest.is_empty() || rest.starts_with(['/', '?', '$'])) {
        return Err(wrong());
    }
    let port = match (port, protocol) {
        (Some(port), _) => {
            let number = port.parse::<u16>().ok().filter(|number| *number > 0);
            number.ok_or_else(wrong)?.to_string()
        }
        (None, "HTTPS") => "443".to_owned(),
        (None, "HTTP") => "80".to_owned(),
        (None, _) => "#{port}".to_owned(),
    };
    let (path, query) = place(rest).ok_or_else(wrong)?;
    if [host, &path, &query].iter().any(|text| text.chars().count() > LENGTH_MAX) {
        return Err(wrong());
    }
    Ok(RuleAction::Redirect(Box::new(Redirect {
        host: Some(host.to_owned()),
        path: Some(path),
        port: Some(port),
        protocol: Some(protocol.to_owned()),
        query: Some(query),
        status_code: status_code(code),
    })))
}

/// Only the first is for good; load balancers have no others (AWS).
#[must_use]
pub fn status_code(code: u32) -> String {
    let code = if [301, 308].contains(&code) { "HTTP_301" } else { "HTTP_302" };
    code.to_owned()
}

/// The path and the query of a URL, with what stands for those of the request.
fn place(rest: &str) -> Option<(String, String)> {
    if let Some(before) = rest.strip_suffix("$request_uri") {
        let before = before.strip_suffix('/').unwrap_or(before);
        let is_path = is_plain(before) && !before.contains('?');
        return is_path.then(|| (format!("{before}/#{{path}}"), "#{query}".to_owned()));
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = if path.is_empty() { "/" } else { path };
    (is_plain(path) && is_plain(query)).then(|| (path.to_owned(), query.to_owned()))
}

/// Whether a text holds nothing that stands for something else.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() && !"$#{}\\\"".contains(c))
}

/// A redirect from the root to a path of the application.
///
/// # Errors
/// What is allowed instead.
pub fn to_root(path: &str) -> Result<RuleAction, String> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_good = path.starts_with('/') && path != "/" && is_plain(path) && is_plain(query);
    if !is_good || path.len().max(query.len()) > LENGTH_MAX {
        return Err("a path from the root and below it, of up to 128 characters".to_owned());
    }
    Ok(RuleAction::Redirect(Box::new(Redirect {
        path: Some(path.to_owned()),
        query: Some(query.to_owned()),
        status_code: status_code(302),
        ..Redirect::default()
    })))
}

/// A redirect to the same place of another host.
#[must_use]
pub fn to_host(host: &str) -> RuleAction {
    RuleAction::Redirect(Box::new(Redirect {
        host: Some(host.to_owned()),
        status_code: status_code(301),
        ..Redirect::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (url, expected) in [
            ("https://b.example.com", ["b.example.com", "/", "443", "HTTPS", ""]),
            ("http://b.example.com:8080/x?y=z", ["b.example.com", "/x", "8080", "HTTP", "y=z"]),
            (
                "https://b.example.com$request_uri",
                ["b.example.com", "/#{path}", "443", "HTTPS", "#{query}"],
            ),
            (
                "https://b.example.com/x/$request_uri",
                ["b.example.com", "/x/#{path}", "443", "HTTPS", "#{query}"],
            ),
            (
                "$scheme://$host/new$request_uri",
                ["#{host}", "/new/#{path}", "#{port}", "#{protocol}", "#{query}"],
            ),
            ("https://$http_host:8443/x", ["#{host}", "/x", "8443", "HTTPS", ""]),
        ] {
            let Ok(RuleAction::Redirect(found)) = to(url, 308) else { panic!("{url}") };
            let parts = [found.host, found.path, found.port, found.protocol, found.query];
            assert_eq!(parts.map(Option::unwrap), expected, "{url}");
            assert_eq!(found.status_code, "HTTP_301");
        }
        for bad in [
            "/x",
            "ftp://a",
            "https://",
            "https://$server_name/",
            "https://$hostname/",
            "https://a.b/$uri",
            "https://a.b/#x",
            "https://a.b:0/",
            "https://a.b/x y",
            "https://a.b/$request_uri/x",
        ] {
            assert!(to(bad, 301).is_err(), "{bad}");
        }
    }
}
