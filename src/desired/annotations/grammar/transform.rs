//! What an Ingress asks to be rewritten of requests: `transforms.<Service>`.

use super::Unreadable;
use super::json::{self, Fields, Noted};
use crate::model::rule::{Rewrite, Transform};

/// The longest regular expression of a rewrite, and the longest text that takes the place of what
/// it matches (AWS).
const LENGTH_MAX: usize = 1024;

/// Reads transforms.
pub fn transforms(text: &str) -> Result<Noted<Vec<Transform>>, Unreadable> {
    json::read(text, |place, ignored| {
        let mut found: Vec<Transform> = Vec::new();
        for item in place.list()? {
            let mut fields = item.object()?;
            let transform = one(&mut fields, ignored)?;
            let is_again = |other: &Transform| {
                std::mem::discriminant(other) == std::mem::discriminant(&transform)
            };
            if found.iter().any(is_again) {
                return Err(fields.place.wrong("one transform of each type (AWS)"));
            }
            found.push(transform);
            fields.finish(ignored);
        }
        Ok(found)
    })
}

fn one(fields: &mut Fields<'_>, ignored: &mut Vec<String>) -> Result<Transform, Unreadable> {
    let kind = fields.text("type", ignored)?;
    match kind.as_deref() {
        Some("url-rewrite") => Ok(Transform::Url(rewrites(fields, "urlRewriteConfig", ignored)?)),
        Some("host-header-rewrite") => {
            Ok(Transform::Host(rewrites(fields, "hostHeaderRewriteConfig", ignored)?))
        }
        Some(_) | None => Err(fields.place.wrong("a type of url-rewrite or host-header-rewrite")),
    }
}

fn rewrites(
    fields: &mut Fields<'_>,
    name: &str,
    ignored: &mut Vec<String>,
) -> Result<Vec<Rewrite>, Unreadable> {
    let missing = || fields.place.wrong(format!("{name}, which is missing"));
    let missing = missing();
    let mut fields = fields.take(name, ignored).ok_or(missing)?.object()?;
    let list = fields.take("rewrites", ignored);
    let list = list.map(|list| list.list()).transpose()?.unwrap_or_default();
    if list.len() != 1 {
        return Err(fields.place.wrong("rewrites with one of them (AWS)"));
    }
    let mut rewrites = Vec::new();
    for item in list {
        let mut fields = item.object()?;
        let regex = fields.required("regex", ignored)?;
        let replace = fields.text("replace", ignored)?.unwrap_or_default();
        if [&regex, &replace].iter().any(|text| text.chars().count() > LENGTH_MAX) {
            let allowed = format!("regex and replace of at most {LENGTH_MAX} characters");
            return Err(fields.place.wrong(allowed));
        }
        fields.finish(ignored);
        rewrites.push(Rewrite { regex, replace });
    }
    fields.finish(ignored);
    Ok(rewrites)
}
