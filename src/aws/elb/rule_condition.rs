//! What a request must be like, in AWS's shape.

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig,
    PathPatternConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair,
    RuleCondition as Raw, SourceIpConditionConfig,
};
use smol_str::SmolStr;

use crate::aws::call::Call;
use crate::aws::error::{CODE_FOREIGN, CloudError};
use crate::model::rule::{Condition, QueryValue};

/// Conditions as AWS takes them.
pub(super) fn raw(call: &Call<'_>, conditions: &[Condition]) -> Result<Vec<Raw>, CloudError> {
    conditions.iter().map(|condition| raw_one(call, condition)).collect()
}

fn raw_one(call: &Call<'_>, condition: &Condition) -> Result<Raw, CloudError> {
    let raw = Raw::builder().field(condition.field());
    let host = HostHeaderConditionConfig::builder;
    let path = PathPatternConditionConfig::builder;
    let header = |name: &SmolStr| HttpHeaderConditionConfig::builder().http_header_name(&**name);
    let raw = match condition {
        Condition::Host(values) => {
            raw.host_header_config(host().set_values(Some(texts(values))).build())
        }
        Condition::HostRegex(values) => {
            raw.host_header_config(host().set_regex_values(Some(texts(values))).build())
        }
        Condition::Path(values) => {
            raw.path_pattern_config(path().set_values(Some(texts(values))).build())
        }
        Condition::PathRegex(values) => {
            raw.path_pattern_config(path().set_regex_values(Some(texts(values))).build())
        }
        Condition::Header { name, values } => {
            raw.http_header_config(header(name).set_values(Some(texts(values))).build())
        }
        Condition::HeaderRegex { name, regexes } => {
            raw.http_header_config(header(name).set_regex_values(Some(texts(regexes))).build())
        }
        Condition::Method(values) => raw.http_request_method_config(
            HttpRequestMethodConditionConfig::builder().set_values(Some(texts(values))).build(),
        ),
        Condition::Query(values) => {
            let pairs = values.iter().map(|pair| {
                QueryStringKeyValuePair::builder()
                    .set_key(pair.key.as_ref().map(ToString::to_string))
                    .value(&*pair.value)
                    .build()
            });
            let config = QueryStringConditionConfig::builder().set_values(Some(pairs.collect()));
            raw.query_string_config(config.build())
        }
        Condition::SourceIp(values) => raw.source_ip_config(
            SourceIpConditionConfig::builder().set_values(Some(texts(values))).build(),
        ),
        Condition::Foreign(text) => {
            let message = format!("the condition '{text}' can be read but not asked for");
            return Err(CloudError::ours(&call.operation, CODE_FOREIGN, message));
        }
    };
    Ok(raw.build())
}

fn texts(values: &[SmolStr]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// Conditions as AWS tells them.
pub(super) fn read(raw: &[Raw]) -> Vec<Condition> {
    raw.iter().map(read_one).collect()
}

/// A condition as AWS tells it: hosts and paths twice, in a config and beside it; older rules have
/// them only beside it.
fn read_one(raw: &Raw) -> Condition {
    let either = |inside: &[String], beside: &[String]| -> Vec<SmolStr> {
        let values = if inside.is_empty() { beside } else { inside };
        values.iter().map(SmolStr::new).collect()
    };
    let of_config = |values: &[String], regexes: &[String]| {
        (either(values, raw.values()), either(regexes, raw.regex_values()))
    };
    match raw.field().unwrap_or_default() {
        "host-header" => {
            let config = raw.host_header_config();
            let values = config.map(HostHeaderConditionConfig::values).unwrap_or_default();
            let regexes = config.map(HostHeaderConditionConfig::regex_values).unwrap_or_default();
            match of_config(values, regexes) {
                (values, regexes) if regexes.is_empty() => Condition::Host(values),
                (values, regexes) if values.is_empty() => Condition::HostRegex(regexes),
                (values, regexes) => both("host-header", &values, &regexes),
            }
        }
        "path-pattern" => {
            let config = raw.path_pattern_config();
            let values = config.map(PathPatternConditionConfig::values).unwrap_or_default();
            let regexes = config.map(PathPatternConditionConfig::regex_values).unwrap_or_default();
            match of_config(values, regexes) {
                (values, regexes) if regexes.is_empty() => Condition::Path(values),
                (values, regexes) if values.is_empty() => Condition::PathRegex(regexes),
                (values, regexes) => both("path-pattern", &values, &regexes),
            }
        }
        field => read_other(raw, field),
    }
}

fn read_other(raw: &Raw, field: &str) -> Condition {
    let texts = |values: &[String]| values.iter().map(SmolStr::new).collect::<Vec<SmolStr>>();
    if let Some(config) = raw.http_header_config() {
        let name: SmolStr = config.http_header_name().unwrap_or_default().into();
        let (values, regexes) = (texts(config.values()), texts(config.regex_values()));
        if regexes.is_empty() {
            Condition::Header { name, values }
        } else if values.is_empty() {
            Condition::HeaderRegex { name, regexes }
        } else {
            both(&format!("{field} {name}:"), &values, &regexes)
        }
    } else if let Some(config) = raw.http_request_method_config() {
        Condition::Method(texts(config.values()))
    } else if let Some(config) = raw.source_ip_config() {
        Condition::SourceIp(texts(config.values()))
    } else if let Some(config) = raw.query_string_config() {
        let pairs = config.values().iter().map(|pair| QueryValue {
            key: pair.key().map(SmolStr::new),
            value: pair.value().unwrap_or_default().into(),
        });
        Condition::Query(pairs.collect())
    } else {
        both(field, &texts(raw.values()), &texts(raw.regex_values()))
    }
}

/// A condition that is not ours to make, for people and for telling two apart.
fn both(what: &str, values: &[SmolStr], regexes: &[SmolStr]) -> Condition {
    let regexes = regexes.iter().map(|regex| format!("/{regex}/"));
    let values = values.iter().map(ToString::to_string).chain(regexes);
    let words: Vec<String> = std::iter::once(what.to_owned()).chain(values).collect();
    Condition::Foreign(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_the_config_or_from_beside_it() {
        let config = HostHeaderConditionConfig::builder().values("a.example.com").build();
        let regexes = PathPatternConditionConfig::builder().regex_values("^/a$").build();
        let raw = [
            Raw::builder()
                .field("host-header")
                .host_header_config(config)
                .values("a.example.com")
                .build(),
            Raw::builder().field("path-pattern").values("/*").build(),
            Raw::builder()
                .field("path-pattern")
                .path_pattern_config(regexes)
                .regex_values("^/a$")
                .build(),
        ];
        let expected = [
            Condition::Host(vec!["a.example.com".into()]),
            Condition::Path(vec!["/*".into()]),
            Condition::PathRegex(vec!["^/a$".into()]),
        ];
        assert_eq!(read(&raw), expected);
    }

    #[test]
    fn what_we_do_not_make_is_foreign_and_told_apart() {
        let header = HttpHeaderConditionConfig::builder()
            .http_header_name("X-T")
            .values("one")
            .regex_values("two")
            .build();
        let raw = [
            Raw::builder().field("http-header").http_header_config(header).build(),
            Raw::builder().field("moon-phase").values("full").build(),
        ];
        let expected = [
            Condition::Foreign("http-header X-T: one /two/".into()),
            Condition::Foreign("moon-phase full".into()),
        ];
        assert_eq!(read(&raw), expected);
    }
}
