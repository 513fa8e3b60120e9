//! What an Ingress asks of requests besides their host and path: `conditions.<Service>`.

use smol_str::SmolStr;

use super::Unreadable;
use super::json::{self, Fields, Noted, Place};
use crate::model::rule::{Condition, QueryValue};
use crate::model::surroundings::Cidr;

/// The longest value of a condition (AWS).
pub const VALUE_LENGTH_MAX: usize = 128;
/// The longest regular expression of a condition (AWS).
pub const REGEX_LENGTH_MAX: usize = 128;

/// The longest name of a header or a method (AWS).
const NAME_LENGTH_MAX: usize = 40;

/// What an annotation adds to the conditions of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// More hosts.
    pub hosts: Patterns,
    /// More paths.
    pub paths: Patterns,
    /// Conditions of other kinds.
    pub others: Vec<Condition>,
    /// Fields that are none: LBC leaves them out.
    pub unknown: Vec<String>,
}

/// Patterns, of which a condition has either kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Those with wildcards.
    pub values: Vec<SmolStr>,
    /// Regular expressions.
    pub regexes: Vec<SmolStr>,
}

impl Patterns {
    fn extend(&mut self, other: Self) {
        self.values.extend(other.values);
        self.regexes.extend(other.regexes);
    }
}

/// Reads conditions.
pub fn conditions(text: &str) -> Result<Noted<Added>, Unreadable> {
    json::read(text, |place, ignored| {
        let mut added = Added::default();
        for item in place.list()? {
            let mut fields = item.object()?;
            one(&mut fields, &mut added, ignored)?;
            fields.finish(ignored);
        }
        Ok(added)
    })
}

fn one(
    fields: &mut Fields<'_>,
    added: &mut Added,
    ignored: &mut Vec<String>,
) -> Result<(), Unreadable> {
    let field = fields.text("field", ignored)?.unwrap_or_default();
    match field.as_str() {
        "host-header" => {
            added.hosts.extend(patterns(fields, "hostHeaderConfig", ignored)?.1);
        }
        "path-pattern" => {
            added.paths.extend(patterns(fields, "pathPatternConfig", ignored)?.1);
        }
        "http-header" => {
            let (name, patterns) = patterns(fields, "httpHeaderConfig", ignored)?;
            let Patterns { values, regexes } = patterns;
            let condition = if regexes.is_empty() {
                Condition::Header { name, values }
            } else {
                Condition::HeaderRegex { name, regexes }
            };
            added.others.push(condition);
        }
        "http-request-method" => {
            let is_method = |text: &str| {
                text.len() <= NAME_LENGTH_MAX
                    && text.chars().all(|c| c.is_ascii_uppercase() || c == '-' || c == '_')
            };
            let allowed = "methods in capital letters, up to 40 each";
            let values = values(fields, "httpRequestMethodConfig", ignored, (&is_method, allowed))?;
            added.others.push(Condition::Method(values));
        }
        "source-ip" => {
            let allowed = "CIDRs such as 10.0.0.0/8 or 2001:db8::/32";
            let is_cidr = |text: &str| Cidr::parse(text).is_some();
            let values = values(fields, "sourceIPConfig", ignored, (&is_cidr, allowed))?;
            added.others.push(Condition::SourceIp(values));
        }
        "query-string" => added.others.push(Condition::Query(query(fields, ignored)?)),
        unknown => added.unknown.push(unknown.to_owned()),
    }
    Ok(())
}

/// The patterns of a configuration: values or regular expressions; and the header that they are
/// for, where they are.
fn patterns(
    fields: &mut Fields<'_>,
    name: &str,
    ignored: &mut Vec<String>,
) -> Result<(SmolStr, Patterns), Unreadable> {
    let mut fields = fields.section(name, ignored)?;
    let mut header = SmolStr::default();
    if name == "httpHeaderConfig" {
        header = fields.required("httpHeaderName", ignored)?.into();
        let is_name = header.len() <= NAME_LENGTH_MAX && header.chars().all(is_token);
        if !is_name || header.eq_ignore_ascii_case("host") {
            return Err(fields.place.wrong("the name of a header other than Host, up to 40 long"));
        }
    }
    let found = Patterns {
        values: texts(&mut fields, "values", ignored, VALUE_LENGTH_MAX)?,
        regexes: texts(&mut fields, "regexValues", ignored, REGEX_LENGTH_MAX)?,
    };
    if found.values.is_empty() == found.regexes.is_empty() {
        return Err(fields.place.wrong("either values or regexValues"));
    }
    fields.finish(ignored);
    Ok((header, found))
}

/// Whether a header's name may hold a character (RFC 9110: a token).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// Texts of 1 to so many characters.
fn texts(
    fields: &mut Fields<'_>,
    name: &str,
    ignored: &mut Vec<String>,
    max: usize,
) -> Result<Vec<SmolStr>, Unreadable> {
    let Some(place) = fields.take(name, ignored) else { return Ok(Vec::new()) };
    let each = place.list()?.into_iter().map(|item| short(&item, max));
    each.collect()
}

fn short(place: &Place<'_>, max: usize) -> Result<SmolStr, Unreadable> {
    let text = place.text()?;
    let is_good = (1..=max).contains(&text.chars().count());
    if is_good { Ok(text.into()) } else { Err(place.wrong(format!("1 to {max} characters"))) }
}

/// The values of a configuration that has nothing else, each of which has to be good.
fn values(
    fields: &mut Fields<'_>,
    name: &str,
    ignored: &mut Vec<String>,
    (is_good, allowed): (&dyn Fn(&str) -> bool, &str),
) -> Result<Vec<SmolStr>, Unreadable> {
    let mut fields = fields.section(name, ignored)?;
    let values = texts(&mut fields, "values", ignored, VALUE_LENGTH_MAX)?;
    if values.is_empty() || !values.iter().all(|value| is_good(value)) {
        return Err(fields.place.wrong(format!("values: {allowed}")));
    }
    fields.finish(ignored);
    Ok(values)
}

fn query(
    fields: &mut Fields<'_>,
    ignored: &mut Vec<String>,
) -> Result<Vec<QueryValue>, Unreadable> {
    let mut fields = fields.section("queryStringConfig", ignored)?;
    let pairs = fields.take("values", ignored);
    let pairs = pairs.map(|pairs| pairs.list()).transpose()?.unwrap_or_default();
    if pairs.is_empty() {
        return Err(fields.place.wrong("values: objects with a key, if need be, and a value"));
    }
    let mut values = Vec::new();
    for pair in pairs {
        let mut fields = pair.object()?;
        let key = fields.take("key", ignored);
        let key = key.filter(|key| key.text() != Ok(""));
        let key = key.map(|key| short(&key, VALUE_LENGTH_MAX)).transpose()?;
        let Some(value) = fields.take("value", ignored) else {
            return Err(fields.place.wrong("a value, which is missing"));
        };
        values.push(QueryValue { key, value: short(&value, VALUE_LENGTH_MAX)? });
        fields.finish(ignored);
    }
    fields.finish(ignored);
    Ok(values)
}
