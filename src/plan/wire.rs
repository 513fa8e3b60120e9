//! A step in words: what it is about, and its call in AWS's own words. What the JSON plan lists is
//! what the request log of `albedo run` shows.
//!
//! The edge makes its calls through typed builders; a test holds both against each other. Only what
//! this program sends is here. Identifiers that AWS has yet to give read "(known after apply: …)".

use serde_json::{Value, json};

use crate::model::action::{Action, AwsAction};
use crate::model::marks::Tags;

pub use elb::NAME_LATER;
pub use route53::compared;

mod acm;
mod ec2;
mod elb;
mod kubernetes;
mod route53;
mod rule;
mod shield;
mod wafv2;

/// What a step is about, in the field's own nouns.
#[must_use]
pub fn what(action: &Action) -> String {
    match action {
        Action::Aws(AwsAction::Elb(action)) => elb::what(action),
        Action::Aws(AwsAction::Ec2(action)) => ec2::what(action),
        Action::Aws(AwsAction::Acm(action)) => acm::what(action),
        Action::Aws(AwsAction::Route53(action)) => route53::what(action),
        Action::Aws(AwsAction::Wafv2(action)) => wafv2::what(action),
        Action::Aws(AwsAction::Shield(action)) => shield::what(action),
        Action::Kube(action) => kubernetes::what(action),
    }
}

/// The parameters of a step's call, as AWS names them.
#[must_use]
pub fn parameters(action: &Action) -> Value {
    match action {
        Action::Aws(AwsAction::Elb(action)) => elb::parameters(action),
        Action::Aws(AwsAction::Ec2(action)) => ec2::parameters(action),
        Action::Aws(AwsAction::Acm(action)) => acm::parameters(action),
        Action::Aws(AwsAction::Route53(action)) => route53::parameters(action),
        Action::Aws(AwsAction::Wafv2(action)) => wafv2::parameters(action),
        Action::Aws(AwsAction::Shield(action)) => shield::parameters(action),
        Action::Kube(action) => kubernetes::parameters(action),
    }
}

fn listed(pairs: &Tags) -> Value {
    let each = pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    Value::Array(each.collect())
}

/// An object of the fields that are set.
fn set<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let set = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(set.collect())
}

fn keys<'a>(keys: impl Iterator<Item = &'a (impl AsRef<str> + 'a)>) -> String {
    keys.map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
