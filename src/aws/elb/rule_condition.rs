//! What a request must be like, in AWS's shape.

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, PathPatternConditionConfig, RuleCondition as Raw,
};
use smol_str::SmolStr;

use crate::aws::call::Call;
use crate::aws::error::{CODE_FOREIGN, CloudError};
use crate::model::rule::Condition;

const HOST: &str = "host-header";
const PATH: &str = "path-pattern";

/// Conditions as AWS takes them.
pub(super) fn raw(call: &Call<'_>, conditions: &[Condition]) -> Result<Vec<Raw>, CloudError> {
    let one = |condition: &Condition| match condition {
        Condition::Host(values) => {
            let config =
                HostHeaderConditionConfig::builder().set_values(Some(texts(values))).build();
            Ok(Raw::builder().field(HOST).host_header_config(config).build())
        }
        Condition::Path(values) => {
            let config =
                PathPatternConditionConfig::builder().set_values(Some(texts(values))).build();
            Ok(Raw::builder().field(PATH).path_pattern_config(config).build())
        }
        Condition::Foreign(text) => {
            let message = format!("the condition '{text}' can be read but not asked for");
            Err(CloudError::ours(&call.operation, CODE_FOREIGN, message))
        }
    };
    conditions.iter().map(one).collect()
}

fn texts(values: &[SmolStr]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// Conditions as AWS tells them.
pub(super) fn read(raw: &[Raw]) -> Vec<Condition> {
    raw.iter().map(read_one).collect()
}

fn read_one(raw: &Raw) -> Condition {
    let host = raw.host_header_config();
    let path = raw.path_pattern_config();
    let values = host
        .map(HostHeaderConditionConfig::values)
        .or(path.map(PathPatternConditionConfig::values))
        .filter(|values| !values.is_empty())
        // AWS tells the values twice, in a config and beside it; older rules have them only beside
        // it.
        .unwrap_or(raw.values());
    let values = || values.iter().map(SmolStr::new).collect();
    let has_regexes = !raw.regex_values().is_empty()
        || host.is_some_and(|config| !config.regex_values().is_empty())
        || path.is_some_and(|config| !config.regex_values().is_empty());
    match raw.field().unwrap_or_default() {
        HOST if !has_regexes => Condition::Host(values()),
        PATH if !has_regexes => Condition::Path(values()),
        field => Condition::Foreign(format!("{field} {}", foreign(raw))),
    }
}

/// The values of a condition that is not ours to make, for people and for telling two apart.
fn foreign(raw: &Raw) -> String {
    let mut words = Vec::new();
    if let Some(config) = raw.host_header_config() {
        words.extend(config.values().iter().cloned());
        words.extend(regexes(config.regex_values()));
    } else if let Some(config) = raw.path_pattern_config() {
        words.extend(config.values().iter().cloned());
        words.extend(regexes(config.regex_values()));
    } else if let Some(config) = raw.http_header_config() {
        words.push(format!("{}:", config.http_header_name().unwrap_or_default()));
        words.extend(config.values().iter().cloned());
        words.extend(regexes(config.regex_values()));
    } else if let Some(config) = raw.http_request_method_config() {
        words.extend(config.values().iter().cloned());
    } else if let Some(config) = raw.source_ip_config() {
        words.extend(config.values().iter().cloned());
    } else if let Some(config) = raw.query_string_config() {
        words.extend(config.values().iter().map(|pair| {
            format!("{}={}", pair.key().unwrap_or("*"), pair.value().unwrap_or_default())
        }));
    } else {
        words.extend(raw.values().iter().cloned());
        words.extend(regexes(raw.regex_values()));
    }
    words.join(" ")
}

fn regexes(values: &[String]) -> impl Iterator<Item = String> + '_ {
    values.iter().map(|regex| format!("/{regex}/"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::HttpHeaderConditionConfig;

    use super::*;

    #[test]
    fn values_are_read_from_the_config_or_from_beside_it() {
        let config = HostHeaderConditionConfig::builder().values("a.example.com").build();
        let raw = [
            Raw::builder().field(HOST).host_header_config(config).values("a.example.com").build(),
            Raw::builder().field(PATH).values("/*").build(),
        ];
        let expected =
            [Condition::Host(vec!["a.example.com".into()]), Condition::Path(vec!["/*".into()])];
        assert_eq!(read(&raw), expected);
    }

    #[test]
    fn what_we_do_not_make_is_foreign_and_told_apart() {
        let header = HttpHeaderConditionConfig::builder()
            .http_header_name("X-T")
            .values("one")
            .values("two")
            .build();
        let regex = PathPatternConditionConfig::builder().regex_values("^/a$").build();
        let raw = [
            Raw::builder().field("http-header").http_header_config(header).build(),
            Raw::builder().field(PATH).path_pattern_config(regex).build(),
        ];
        let expected = [
            Condition::Foreign("http-header X-T: one two".into()),
            Condition::Foreign("path-pattern /^/a$/".into()),
        ];
        assert_eq!(read(&raw), expected);
    }
}
