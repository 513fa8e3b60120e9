//! TenantPolicy: what those who write in some namespaces may do, as whoever runs the cluster
//! decides. The custom resource is this program's own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::selector::Selector;

/// Names or ids of which any will do.
pub type Listed = BTreeSet<String>;

/// The places in a group that may be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderRange {
    /// The first one; -1000 where none is given, as in LBC.
    pub min: Option<i32>,
    /// The last one; 1000 where none is given, as in LBC.
    pub max: Option<i32>,
}

impl OrderRange {
    /// Whether a place is one of them.
    #[must_use]
    pub fn holds(&self, order: i32) -> bool {
        self.min.is_none_or(|min| min <= order) && self.max.is_none_or(|max| order <= max)
    }
}

/// The certificates of ACM that may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateRights {
    /// Those that may be named.
    pub arns: Option<Listed>,
    /// Whether those may be used that are found by host.
    pub discovery: Option<bool>,
}

/// How clients may be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AuthenticationRights {
    /// How they may show who they are: `cognito`, `oidc`, `jwt`, and `none` for not at all.
    pub types: Option<Listed>,
    /// The issuers of OIDC and JWT.
    pub issuers: Option<Listed>,
    /// The user pools of Cognito, by their ARNs.
    pub user_pools: Option<Listed>,
}

/// `spec` of a TenantPolicy. A field that is left out allows everything there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TenantPolicySpec {
    /// The namespaces it is for; one that says nothing takes all of them.
    pub namespace_selector: Selector,
    /// The groups that Ingresses may share, by their names. One of its own each may have.
    pub groups: Option<Listed>,
    /// The places in those groups.
    pub group_order: Option<OrderRange>,
    /// The domains that hosts lie in.
    pub host_suffixes: Option<Listed>,
    /// The hosted zones that names are kept in, by their ids.
    pub hosted_zones: Option<Listed>,
    /// The certificates.
    pub certificates: Option<CertificateRights>,
    /// The subnets that may be named, by their ids.
    pub subnets: Option<Listed>,
    /// The security groups that may be named, by their ids.
    pub security_groups: Option<Listed>,
    /// Who may be let in: CIDRs, and managed prefix lists by their ids.
    pub inbound_sources: Option<Listed>,
    /// How clients may be let in.
    pub authentication: Option<AuthenticationRights>,
    /// The web ACLs that may be named, by ARN or name as they are named; `none` for having none.
    #[serde(rename = "webACLs")]
    pub web_acls: Option<Listed>,
    /// The target groups that bindings which people write, and actions, may name, by their ARNs.
    pub target_groups: Option<Listed>,
}

/// A TenantPolicy, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantPolicy {
    /// Its `spec`. Of one that cannot be read, only the selector.
    pub spec: TenantPolicySpec,
    /// What in it nobody understands: it may allow that or not.
    pub flaw: Option<String>,
}

impl TenantPolicy {
    /// Reads a `spec`. One that holds what nobody understands is for the namespaces that it
    /// selects; where that cannot be told, for all of them.
    #[must_use]
    pub fn read(spec: serde_json::Value) -> Self {
        let selector = spec.get("namespaceSelector").cloned().unwrap_or_default();
        let selector = serde_json::from_value::<Selector>(selector).ok();
        let selector = selector.filter(|selector| selector.flaw().is_none());
        match (serde_json::from_value::<TenantPolicySpec>(spec), selector) {
            (Ok(spec), Some(_)) => Self { spec, flaw: None },
            (Ok(_), None) => Self::unread(Selector::default(), "namespaceSelector".to_owned()),
            (Err(error), selector) => Self::unread(selector.unwrap_or_default(), error.to_string()),
        }
    }

    fn unread(namespace_selector: Selector, flaw: String) -> Self {
        let spec = TenantPolicySpec { namespace_selector, ..TenantPolicySpec::default() };
        Self { spec, flaw: Some(flaw) }
    }

    /// Whether it is for a namespace with these labels.
    #[must_use]
    pub fn selects(&self, labels: Option<&BTreeMap<String, String>>) -> bool {
        let label = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
        self.spec.namespace_selector.takes(label)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labels(team: &str) -> BTreeMap<String, String> {
        [("team".to_owned(), team.to_owned())].into()
    }

    #[test]
    fn what_nobody_understands_is_said_and_concerns_whom_it_selects() {
        let selector = json!({"matchLabels": {"team": "a"}});
        for (spec, has_flaw, of_b) in [
            (json!({"namespaceSelector": selector, "groups": ["g"]}), false, false),
            (json!({"namespaceSelector": {}, "groups": []}), false, true),
            (json!({"namespaceSelector": selector, "grops": ["g"]}), true, false),
            (json!({"namespaceSelector": selector, "groups": "g"}), true, false),
            (json!({"namespaceSelector": selector, "groupOrder": {"low": 1}}), true, false),
            (json!({"namespaceSelector": "a", "groups": ["g"]}), true, true),
            (
                json!({"namespaceSelector": {"matchExpressions": [{"key": "k", "operator": "x"}]}}),
                true,
                true,
            ),
        ] {
            let policy = TenantPolicy::read(spec.clone());
            assert_eq!(policy.flaw.is_some(), has_flaw, "{spec}");
            assert_eq!(policy.selects(Some(&labels("b"))), of_b, "{spec}");
            assert_eq!(policy.selects(None), of_b, "{spec}");
        }
    }
}
