//! The conditions and actions of rules and listeners, in ELB's own words.

use serde_json::{Map, Value, json};

use super::set;
use crate::model::rule::{Condition, Redirect, Rule, RuleAction};

pub(super) fn conditions(rule: &Rule) -> Value {
    let each = rule.conditions.iter().map(|condition| match condition {
        Condition::Host(values) => {
            json!({"Field": "host-header", "HostHeaderConfig": {"Values": values}})
        }
        Condition::Path(values) => {
            json!({"Field": "path-pattern", "PathPatternConfig": {"Values": values}})
        }
        Condition::Foreign(text) => json!({"Field": text}),
    });
    Value::Array(each.collect())
}

pub(super) fn actions(actions: &[RuleAction]) -> Value {
    let each = actions.iter().zip(1..).map(|(action, order)| {
        let mut call = one_action(action);
        call.insert("Order".to_owned(), json!(order));
        Value::Object(call)
    });
    Value::Array(each.collect())
}

fn one_action(action: &RuleAction) -> Map<String, Value> {
    let (kind, field, config) = match action {
        RuleAction::Forward { groups, stickiness } => {
            let groups = groups.iter().map(|weighted| {
                let arn = weighted.group.to_string();
                set([
                    ("TargetGroupArn", Some(json!(arn))),
                    ("Weight", weighted.weight.map(|w| json!(w))),
                ])
            });
            let stickiness = stickiness.as_ref().map(|stickiness| {
                set([
                    ("Enabled", stickiness.enabled.map(|enabled| json!(enabled))),
                    ("DurationSeconds", stickiness.duration_seconds.map(|s| json!(s))),
                ])
            });
            let config = set([
                ("TargetGroups", Some(Value::Array(groups.collect()))),
                ("TargetGroupStickinessConfig", stickiness),
            ]);
            ("forward", "ForwardConfig", config)
        }
        RuleAction::Redirect(redirect) => ("redirect", "RedirectConfig", redirect_config(redirect)),
        RuleAction::FixedResponse { status_code, content_type, body } => {
            let config = set([
                ("StatusCode", Some(json!(status_code))),
                ("ContentType", content_type.as_ref().map(|text| json!(text))),
                ("MessageBody", body.as_ref().map(|text| json!(text))),
            ]);
            ("fixed-response", "FixedResponseConfig", config)
        }
        RuleAction::Foreign(text) => (text.as_str(), "Foreign", Value::Null),
    };
    Map::from_iter([("Type".to_owned(), json!(kind)), (field.to_owned(), config)])
}

fn redirect_config(redirect: &Redirect) -> Value {
    let text = |part: &Option<String>| part.as_ref().map(|text| json!(text));
    set([
        ("Host", text(&redirect.host)),
        ("Path", text(&redirect.path)),
        ("Port", text(&redirect.port)),
        ("Protocol", text(&redirect.protocol)),
        ("Query", text(&redirect.query)),
        ("StatusCode", Some(json!(redirect.status_code))),
    ])
}
