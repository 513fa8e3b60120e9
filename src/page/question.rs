//! What is asked for, as addresses spell it.

use form_urlencoded::{Serializer, parse};

use crate::report::topology::{Asked, Only};

/// How long what is searched for may be, in characters: longer than any name of Kubernetes or DNS
/// (253, RFC 1123).
const SEARCH_LENGTH_MAX: usize = 300;

/// As what an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Json,
}

impl Form {
    /// As whoever asks would rather have it, where he does not say so.
    pub(super) fn preferred(takes_json: bool) -> Self {
        if takes_json { Self::Json } else { Self::Html }
    }
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) asked: Asked,
    pub(super) form: Form,
    /// The group.
    pub(super) name: String,
    /// The host.
    pub(super) host: Option<String>,
}

impl Question {
    /// Reads the query of an address. What nobody knows says nothing.
    pub(super) fn read(query: &str, takes_json: bool) -> Result<Self, String> {
        let mut question = Self {
            asked: Asked { page: 1, ..Asked::default() },
            form: Form::preferred(takes_json),
            name: String::new(),
            host: None,
        };
        for (name, value) in parse(query.as_bytes()) {
            match name.as_ref() {
                "q" => {
                    let text = value.trim();
                    if text.chars().count() > SEARCH_LENGTH_MAX {
                        return Err(format!(
                            "q: {} characters; allowed: {SEARCH_LENGTH_MAX}",
                            text.chars().count()
                        ));
                    }
                    text.clone_into(&mut question.asked.q);
                }
                "only" => {
                    let known = Only::ALL.iter().map(|(only, _)| *only);
                    question.asked.only =
                        known.clone().find(|only| only.as_str() == value).ok_or_else(|| {
                            let allowed: Vec<_> = known.map(Only::as_str).collect();
                            format!("only: {value:?}; allowed: {}", allowed.join(", "))
                        })?;
                }
                "page" => {
                    let page = value.parse().ok().filter(|page| *page > 0);
                    question.asked.page = page
                        .ok_or_else(|| format!("page: {value:?}; allowed: a number from 1 on"))?;
                }
                "format" => {
                    question.form = match value.as_ref() {
                        "html" => Form::Html,
                        "json" => Form::Json,
                        _ => return Err(format!("format: {value:?}; allowed: html, json")),
                    };
                }
                "name" => value.as_ref().clone_into(&mut question.name),
                "host" => question.host = Some(value.to_lowercase()),
                _ => {}
            }
        }
        Ok(question)
    }
}

/// An address on these pages: all of them lie beside each other.
pub(super) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().filter(|(name, value)| !value.is_empty() || *name == "host");
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_asks_for_what_it_spells() {
        let pairs = [("q", "a&b=c d/é"), ("only", "problems"), ("page", "2"), ("name", "")];
        let address = address("./", &pairs);
        let (path, query) = address.split_once('?').unwrap();
        assert_eq!(path, "./");
        let question = Question::read(query, false).unwrap();
        let asked = Asked { q: "a&b=c d/é".to_owned(), only: Only::Problems, page: 2 };
        assert_eq!(question.asked, asked);
        assert_eq!(question.form, Form::Html);
        assert_eq!(Question::read("format=json", false).unwrap().form, Form::Json);
        assert_eq!(Question::read("format=html&x=y", true).unwrap().form, Form::Html);
    }

    #[test]
    fn what_means_nothing_is_refused_with_what_does() {
        for (query, part) in [
            ("only=some", "allowed: all, problems, unhealthy, pending"),
            ("page=0", "allowed: a number from 1 on"),
            ("page=x", "allowed: a number from 1 on"),
            ("format=xml", "allowed: html, json"),
            (&format!("q={}", "x".repeat(301)), "allowed: 300"),
        ] {
            let wrong = Question::read(query, false).unwrap_err();
            assert!(wrong.contains(part), "{query}: {wrong}");
        }
    }
}
