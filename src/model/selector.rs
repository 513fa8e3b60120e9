//! Which objects somebody means, by their labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A label selector of the Kubernetes API: what it takes meets all that it says. One that says
/// nothing takes everything.
///
/// ```
/// use albedo::model::selector::Selector;
///
/// let labels = |key: &str| (key == "pool").then_some("web");
/// let selector: Selector = serde_json::from_str(r#"{"matchLabels": {"pool": "web"}}"#).unwrap();
/// assert!(selector.takes(labels));
/// let other = r#"{"matchExpressions": [{"key": "pool", "operator": "DoesNotExist"}]}"#;
/// assert!(!serde_json::from_str::<Selector>(other).unwrap().takes(labels));
/// assert!(Selector::default().takes(labels));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    /// Labels with the values that they must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<SmolStr, SmolStr>,
    /// What must hold besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

/// What must hold of one label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Requirement {
    /// The label.
    pub key: SmolStr,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`; the API server takes anything here.
    pub operator: SmolStr,
    /// The values for `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<SmolStr>,
}

impl Selector {
    /// Whether it takes an object with these labels. What means nothing takes nothing.
    pub fn takes<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.match_labels.iter().all(|(key, want)| label(key) == Some(want))
            && self.match_expressions.iter().all(|one| one.holds(label(&one.key)))
    }

    /// What in it means nothing.
    #[must_use]
    pub fn flaw(&self) -> Option<&Requirement> {
        self.match_expressions.iter().find(|one| match one.operator.as_str() {
            "In" | "NotIn" => one.values.is_empty(),
            "Exists" | "DoesNotExist" => !one.values.is_empty(),
            _ => true,
        })
    }
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let is_among = || value.is_some_and(|value| self.values.iter().any(|want| want == value));
        match self.operator.as_str() {
            "In" => is_among(),
            "NotIn" => !is_among(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(operator: &str, values: &[&str]) -> Selector {
        let requirement = Requirement {
            key: "pool".into(),
            operator: operator.into(),
            values: values.iter().map(|&value| value.into()).collect(),
        };
        Selector { match_expressions: vec![requirement], ..Selector::default() }
    }

    #[test]
    fn requirements_hold_as_the_api_has_it() {
        for (operator, values, of_web, of_none) in [
            ("In", &["web", "db"][..], true, false),
            ("In", &["db"], false, false),
            ("NotIn", &["web"], false, true),
            ("NotIn", &["db"], true, true),
            ("Exists", &[], true, false),
            ("DoesNotExist", &[], false, true),
        ] {
            let selector = selector(operator, values);
            assert_eq!(selector.flaw(), None, "{operator} {values:?}");
            let web = |key: &str| (key == "pool").then_some("web");
            assert_eq!(selector.takes(web), of_web, "{operator} {values:?}");
            assert_eq!(selector.takes(|_| None), of_none, "{operator} {values:?}");
        }
    }

    #[test]
    fn what_means_nothing_is_found_and_takes_nothing() {
        for (operator, values) in [("in", &["web"][..]), ("In", &[]), ("Exists", &["web"])] {
            assert!(selector(operator, values).flaw().is_some(), "{operator}");
        }
        assert!(!selector("Gt", &["1"]).takes(|_| Some("2")));
    }
}
