//! A small router: which rule takes a request. The live tests hold it against LocalStack's.

use albedo::model::rule::Rule;
use smol_str::SmolStr;

/// Whether a pattern of AWS takes a text: `*` stands for any characters, `?` for one.
pub fn takes(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            takes(&pattern[1..], text) || (!text.is_empty() && takes(pattern, &text[1..]))
        }
        (Some('?'), Some(_)) => takes(&pattern[1..], &text[1..]),
        (Some(a), Some(b)) => a == b && takes(&pattern[1..], &text[1..]),
        _ => false,
    }
}

/// The first rule that takes a request, by its place.
pub fn first(rules: &[Rule], host: &str, path: &str) -> Option<usize> {
    let fits = |patterns: Option<&[SmolStr]>, text: &str| {
        patterns.is_none_or(|patterns| patterns.iter().any(|pattern| takes(pattern, text)))
    };
    rules.iter().position(|rule| fits(rule.hosts(), host) && fits(rule.paths(), path))
}
