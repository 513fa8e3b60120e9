//! Paths as ingress-nginx reads them, and what it makes of them before pods get them.

use regex::bytes::RegexBuilder;

use crate::desired::annotations::condition::{Patterns, REGEX_LENGTH_MAX};
use crate::desired::rule::{PathSyntax, PathType, path_values};
use crate::model::rule::{Rewrite, Transform};
use crate::model::seen::HostPath;

/// The longest regular expression of a rewrite, and the longest text that takes the place of what
/// it matches (AWS).
const REWRITE_LENGTH_MAX: usize = 1024;
/// Bytes that a compiled regular expression may take.
const REGEX_SIZE_MAX: usize = 1 << 20;
/// What makes a regular expression of a text. A full stop alone does not: hosts of files have them.
const SIGNS: &str = r"\+*?()[]{}|^$";

/// What is found where something cannot be had, and what is allowed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

fn fault(found: impl Into<String>, allowed: impl Into<String>) -> Fault {
    Fault { found: found.into(), allowed: allowed.into() }
}

/// Whether a path is to be read as a regular expression where those are asked for.
fn is_regex(text: &str) -> bool {
    text.contains(|c| SIGNS.contains(c))
}

/// The values of a path's condition. Implementation-specific paths are starts of paths, as with
/// ingress-nginx, unless they hold the load balancer's wildcards.
///
/// # Errors
/// What cannot be had.
pub fn values(path: &HostPath, reads_regexes: bool) -> Result<Patterns, Fault> {
    let text = text_of(path);
    let whole = || format!("\"{text}\" of type {}", path.path_type);
    if reads_regexes && is_regex(text) {
        let regex = format!("^{}", text.trim_start_matches('^'));
        if regex.chars().count() > REGEX_LENGTH_MAX {
            let most = REGEX_LENGTH_MAX - 1;
            return Err(fault(whole(), format!("a regular expression of up to {most} characters")));
        }
        check(&regex).map_err(|allowed| fault(whole(), allowed))?;
        return Ok(Patterns { regexes: vec![regex.into()], ..Patterns::default() });
    }
    let kind = PathType::of(path).map_err(|allowed| fault(whole(), allowed))?;
    let is_start = kind == PathType::ImplementationSpecific || reads_regexes;
    if !is_start || text.contains(['*', '?']) {
        return path_values(path, PathSyntax::Patterns).map_err(|allowed| fault(whole(), allowed));
    }
    let path = HostPath { path: Some(format!("{text}*").into()), ..path.clone() };
    let path = HostPath { path_type: "ImplementationSpecific".into(), ..path };
    path_values(&path, PathSyntax::Patterns).map_err(|allowed| fault(whole(), allowed))
}

/// A path as ingress-nginx has it: where there is none, it is the root.
pub fn text_of(path: &HostPath) -> &str {
    path.path.as_deref().filter(|text| !text.is_empty()).unwrap_or("/")
}

/// Whether a regular expression is one that load balancers take (AWS: nothing that looks around or
/// back, and no classes of Unicode).
///
/// # Errors
/// What is allowed.
pub fn check(regex: &str) -> Result<(), String> {
    let mut builder = RegexBuilder::new(regex);
    let built = builder.unicode(false).size_limit(REGEX_SIZE_MAX).build();
    built.map(drop).map_err(|_| {
        "a regular expression without looking around or back, atomic groups and \\p".to_owned()
    })
}

/// What becomes of the URL of requests for a path: all of the path is replaced, the query stays.
///
/// # Errors
/// What cannot be had of the target, or of the path with it.
pub fn rewrite(path: &HostPath, target: &str) -> Result<Transform, Fault> {
    let text = text_of(path);
    let read = if is_regex(text) {
        over_url(text).map_err(|allowed| fault(format!("for the path {text}"), allowed))?
    } else {
        Read { regex: regex::escape(text), groups: 0, is_to_the_end: false }
    };
    let replace = replacement(target, read.groups)?;
    let end = match (read.is_to_the_end, target.find('?')) {
        // What comes after the path is put back.
        (true, None) => {
            let (regex, groups) = (format!("^{}((?:\\?.*)?)$", read.regex), read.groups + 1);
            return transform(regex, format!("{replace}${groups}"), target);
        }
        (true, Some(at)) if at + 1 == target.len() => "(?:\\?.*)?$",
        (true, Some(_)) => "(?:\\?|$)",
        (false, None) => "[^?]*",
        (false, Some(at)) if at + 1 == target.len() => ".*$",
        (false, Some(_)) => "[^?]*\\??",
    };
    let replace = match target.find('?') {
        None => replace,
        // A lone question mark takes the query away (nginx).
        Some(at) if at + 1 == target.len() => replace.trim_end_matches('?').to_owned(),
        // The query of the request follows that of the target (nginx).
        Some(_) => format!("{replace}&"),
    };
    transform(format!("^{}{end}", read.regex), replace, target)
}

fn transform(regex: String, replace: String, target: &str) -> Result<Transform, Fault> {
    let is_long = [&regex, &replace].iter().any(|text| text.chars().count() > REWRITE_LENGTH_MAX);
    if is_long {
        let allowed = format!("a path and a target that make at most {REWRITE_LENGTH_MAX} letters");
        return Err(fault(format!("\"{target}\""), allowed));
    }
    check(&regex).map_err(|allowed| fault(format!("{regex} for the path"), allowed))?;
    Ok(Transform::Url(vec![Rewrite { regex, replace }]))
}

/// The host that pods see instead of the one that clients ask for.
///
/// # Errors
/// What cannot be had.
pub fn host(text: &str) -> Result<Transform, Fault> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if text.is_empty() || !text.chars().all(is_name) {
        return Err(fault(format!("\"{text}\""), "a host, without variables"));
    }
    Ok(Transform::Host(vec![Rewrite { regex: "^.*$".to_owned(), replace: text.to_owned() }]))
}

/// What takes the place of a path, groups by their numbers.
fn replacement(target: &str, groups: usize) -> Result<String, Fault> {
    let wrong = |allowed: String| fault(format!("\"{target}\""), allowed);
    if !target.starts_with(['/', '$']) {
        return Err(wrong("a path from the root".to_owned()));
    }
    let mut made = String::new();
    let mut rest = target;
    while let Some((before, after)) = rest.split_once('$') {
        made.push_str(before);
        let inner = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let first = || after.split_at(after.chars().next().map_or(0, char::len_utf8));
        let (name, after) = inner.unwrap_or_else(first);
        let number = name.parse::<usize>().ok().filter(|number| (1..=9).contains(number));
        let Some(number) = number.filter(|_| !after.starts_with(|c: char| c.is_ascii_digit()))
        else {
            return Err(wrong("of variables only $1 to $9".to_owned()));
        };
        // A group that there is not is empty (nginx).
        if number <= groups {
            made.extend(["$", name]);
        }
        rest = after;
    }
    made.push_str(rest);
    Ok(made)
}

/// A regular expression for paths, as one for URLs: nothing in it goes beyond the path.
struct Read {
    regex: String,
    groups: usize,
    /// Whether it ends where the path does.
    is_to_the_end: bool,
}

fn over_url(text: &str) -> Result<Read, String> {
    let text = text.trim_start_matches('^');
    let mut read = Read { regex: String::new(), groups: 0, is_to_the_end: false };
    // Where groups begin, and whether an alternative was left out of them as they end.
    let mut open: Vec<usize> = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let escaped = rest.next().ok_or("a backslash in front of something")?;
                match escaped {
                    'S' | 'D' | 'W' => {
                        read.regex.extend(['[', '^', '\\', escaped.to_ascii_lowercase()]);
                        read.regex.push_str("?]");
                    }
                    _ => read.regex.extend(['\\', escaped]),
                }
            }
            '.' => read.regex.push_str("[^?]"),
            '[' => class(&mut rest, &mut read.regex)?,
            '(' => {
                open.push(read.regex.len());
                read.regex.push('(');
                match rest.peek() {
                    Some('?') => named(&mut rest, &mut read.regex)?,
                    Some(_) | None => read.groups += 1,
                }
            }
            ')' => {
                open.pop().ok_or("a ( for each )")?;
                read.regex.push(')');
            }
            '$' if rest.peek().is_none() && open.is_empty() => read.is_to_the_end = true,
            '$' => {
                // What is there or not, where else the path ends: `(/|$)` is `(/?)`.
                let start = *open.last().ok_or(END)?;
                let group = read.regex.get(start..).unwrap_or_default();
                let inner = group.strip_prefix('(').and_then(|group| group.strip_suffix('|'));
                let is_last = rest.peek() == Some(&')');
                let inner = inner.filter(|inner| is_last && !inner.contains(['|', '(']));
                let inner = inner.ok_or(END)?.to_owned();
                read.regex.truncate(start);
                let (before, after) = if inner.len() == 1 { ("(", "?") } else { ("((?:", ")?") };
                read.regex.extend([before, inner.as_str(), after]);
            }
            c => read.regex.push(c),
        }
    }
    Ok(read)
}

const END: &str = "$ only at the end of the path, or as in (/|$)";

/// What follows the bracket that begins a class.
fn class(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    regex: &mut String,
) -> Result<(), String> {
    regex.push('[');
    if rest.next_if_eq(&'^').is_some() {
        regex.push_str("^?");
    }
    let mut is_first = true;
    while let Some(c) = rest.next() {
        regex.push(c);
        match c {
            '\\' => match rest.next() {
                Some('S' | 'D' | 'W') | None => {
                    return Err("no \\S, \\D or \\W in brackets".to_owned());
                }
                Some(escaped) => regex.push(escaped),
            },
            ']' if !is_first => return Ok(()),
            _ => {}
        }
        is_first = false;
    }
    Err("a ] for each [".to_owned())
}

/// What follows the parenthesis of a group that has no number.
fn named(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    regex: &mut String,
) -> Result<(), String> {
    rest.next();
    match rest.next() {
        Some(':') => {
            regex.push_str("?:");
            Ok(())
        }
        Some(_) | None => Err("groups without names, flags and looking around".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str, kind: &str) -> HostPath {
        HostPath { path: Some(text.into()), path_type: kind.into(), ..HostPath::default() }
    }

    /// What a URL becomes.
    fn rewritten(text: &str, target: &str, url: &str) -> String {
        let Ok(Transform::Url(rewrites)) = rewrite(&path(text, "Prefix"), target) else {
            panic!("{text} to {target}");
        };
        let regex = regex::Regex::new(&rewrites[0].regex).unwrap();
        // A number that letters follow would be part of a name here.
        let replace = regex::Regex::new(r"\$([0-9])").unwrap();
        let replace = replace.replace_all(&rewrites[0].replace, "$${$1}").into_owned();
        regex.replace(url, replace.as_str()).into_owned()
    }

    #[test]
    fn all_of_a_path_is_replaced_and_its_query_stays() {
        for (text, target, url, expected) in [
            ("/a", "/", "/a/b?x=1", "/?x=1"),
            ("/a.b", "/c", "/a.b", "/c"),
            ("/a(/|$)(.*)", "/$2", "/a/b/c?x=/y", "/b/c?x=/y"),
            ("/a(/|$)(.*)", "/$2", "/a?x=1", "/?x=1"),
            ("/a/(.*)", "/b/$1", "/a/", "/b/"),
            ("/a", "/b/$1", "/a/c?x=1", "/b/?x=1"),
            ("/(.*)", "/$1", "/a?b", "/a?b"),
            ("/a/([^/]+)/x$", "/$1", "/a/b/x?c=d", "/b?c=d"),
            ("/a/([^/]+)/x$", "/$1", "/a/b/x", "/b"),
            ("/a/?(.*)", "/$1", "/a?b=/c", "/?b=/c"),
            ("/a/(\\S+)", "/${1}", "/a/b?c", "/b?c"),
            ("/a/(.*)", "/i?p=$1", "/a/b?c=d", "/i?p=b&c=d"),
            ("/a/(.*)", "/b/$1?", "/a/c?d=e", "/b/c"),
            ("/v[12]/(\\d+)-(\\w+)", "/$2/$1", "/v1/7-x/y", "/x/7"),
        ] {
            assert_eq!(rewritten(text, target, url), expected, "{text} to {target}: {url}");
        }
    }

    #[test]
    fn what_a_load_balancer_cannot_rewrite_is_refused() {
        for (text, target) in [
            ("/a/(.*)", "$request_uri"),
            ("/a/(.*)", "/$10"),
            ("/a/(.*)", "https://b.example.com/$1"),
            ("/a/(?!b)(.*)", "/$1"),
            ("/a/(?<b>.*)", "/$1"),
            ("/a($|/)(.*)", "/$2"),
            ("/a/(.*", "/$1"),
            ("/a/[b", "/"),
        ] {
            assert!(rewrite(&path(text, "Prefix"), target).is_err(), "{text} to {target}");
        }
    }

    #[test]
    fn paths_are_starts_unless_their_type_says_more() {
        for (text, kind, is_regex, expected) in [
            ("/", "ImplementationSpecific", false, &["/*"][..]),
            ("/a", "ImplementationSpecific", false, &["/a*"]),
            ("/a", "Prefix", false, &["/a", "/a/*"]),
            ("/a", "Exact", false, &["/a"]),
            ("/a/*", "ImplementationSpecific", false, &["/a/*"]),
            ("/a", "Exact", true, &["/a*"]),
            ("", "Prefix", true, &["/*"]),
        ] {
            let found = values(&path(text, kind), is_regex).unwrap();
            assert_eq!(found.values, expected, "{text} {kind}");
        }
        let found = values(&path("/a/(b|c)$", "Prefix"), true).unwrap();
        assert_eq!(found.regexes, ["^/a/(b|c)$"]);
        for bad in ["/a(?=b)", "/(a)\\1", "/(", "/\\p{L}+", &format!("/({})", "a".repeat(128))] {
            assert!(values(&path(bad, "Prefix"), true).is_err(), "{bad}");
        }
    }
}
