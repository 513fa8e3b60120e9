//! What guards a load balancer beyond its security groups: a web ACL of AWS WAF, and AWS Shield
//! Advanced.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{AwsId, Id};
use super::known::Known;
use super::source::Source;

/// The name of the Shield protections that are made (LBC's).
pub const SHIELD_NAME: &str = "managed by aws-load-balancer-controller";
/// The names of those that may be taken away: LBC's, and that of its forerunner.
const SHIELD_NAMES: [&str; 2] = [SHIELD_NAME, "managed by aws-alb-ingress-controller"];

/// The web ACL that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WebAcl {
    /// None at all.
    Nothing,
    /// The one of this ARN.
    Arn(AwsId),
    /// The region's of this name.
    Named(String),
}

impl fmt::Display for WebAcl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("none"),
            Self::Arn(arn) => arn.fmt(f),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// What a member of a group wants of a load balancer's protection, or what all members together do.
/// What nobody mentions stays as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProtectionWish {
    /// The web ACL that is asked for by its ARN.
    pub web_acl_arn: Option<WebAcl>,
    /// The web ACL that is asked for by its name; it goes over all ARNs (LBC).
    pub web_acl_name: Option<WebAcl>,
    /// Whether Shield Advanced protects it.
    pub shield: Option<bool>,
}

impl ProtectionWish {
    /// Whether it asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The web ACL.
    #[must_use]
    pub fn web_acl(&self) -> Option<&WebAcl> {
        self.web_acl_name.as_ref().or(self.web_acl_arn.as_ref())
    }
}

/// Something that is asked for, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked<T> {
    /// What is asked for.
    pub what: T,
    /// The first member of the group that asks.
    pub by: Source,
}

/// What should protect the load balancers of a group; what nobody asks for stays as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// The web ACL.
    pub web_acl: Option<Asked<WebAcl>>,
    /// Whether Shield Advanced protects them.
    pub shield: Option<Asked<bool>>,
}

/// The load balancers of a group, and what should protect them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectionStack {
    /// The load balancers: those that stand, or the one that is to be made.
    pub load_balancers: BTreeSet<Id>,
    /// What should protect each.
    pub protection: Protection,
    /// Whether it is known what every member of the group asks for, so that what stands may give
    /// way.
    pub is_complete: bool,
}

impl ProtectionStack {
    /// The load balancers that stand.
    #[must_use]
    pub fn standing(&self) -> BTreeSet<AwsId> {
        self.load_balancers.iter().filter_map(Id::given).cloned().collect()
    }

    /// Who asks for what a service, by its name in operations, is to do.
    #[must_use]
    pub fn asker(&self, service: &str) -> Option<&Source> {
        let Protection { web_acl, shield } = &self.protection;
        match service {
            "wafv2" => web_acl.as_ref().map(|asked| &asked.by),
            "shield" => shield.as_ref().map(|asked| &asked.by),
            _ => None,
        }
    }

    /// The web ACL that is asked for by its name.
    #[must_use]
    pub fn web_acl_name(&self) -> Option<&str> {
        match &self.protection.web_acl.as_ref()?.what {
            WebAcl::Named(name) => Some(name),
            WebAcl::Nothing | WebAcl::Arn(_) => None,
        }
    }
}

/// A Shield protection that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShieldProtection {
    /// Its id.
    pub id: AwsId,
    /// Its name.
    pub name: String,
}

impl ShieldProtection {
    /// Whether it was made for an Ingress, by this controller or by LBC.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        SHIELD_NAMES.contains(&self.name.as_str())
    }
}

/// A web ACL of the region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveWebAcl {
    /// Its ARN.
    pub id: AwsId,
    /// Its name: no two web ACLs of a region have the same (AWS).
    pub name: String,
}

/// What AWS WAF has of some load balancers. `Unread` where it could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WafInventory {
    /// The region's web ACLs by their names, where one is asked for by its name.
    pub by_name: Known<BTreeMap<String, AwsId>>,
    /// The web ACL of each load balancer.
    pub web_acls: BTreeMap<AwsId, Known<AwsId>>,
}

/// What AWS Shield has of some load balancers. `Unread` where it could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShieldInventory {
    /// Whether the account is subscribed to Shield Advanced.
    pub is_subscribed: Known<bool>,
    /// The protection of each load balancer.
    pub protections: BTreeMap<AwsId, Known<ShieldProtection>>,
}
