//! A listener: one port of a load balancer.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::id::{AwsId, Id};
use super::load_balancer::Attributes;
use super::marks::Tags;
use super::rule::{RuleAction, actions_satisfy};

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// Whatever comes: what the network load balancer in front of another one passes on.
    Tcp,
}

impl Protocol {
    /// As AWS spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tcp => "TCP",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether clients show by a certificate of theirs who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MutualAuthentication {
    /// They do not.
    Off,
    /// Targets are told what they show, and judge it themselves.
    Passthrough,
    /// They have to show one that a trust store vouches for.
    Verify {
        /// The trust store, by its ARN; in an annotation also by its name.
        trust_store: AwsId,
        /// Whether one that has expired will do.
        ignores_expiry: bool,
        /// Whether clients are told whose certificates are trusted.
        advertises: bool,
    },
}

impl MutualAuthentication {
    /// As AWS spells its mode.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Passthrough => "passthrough",
            Self::Verify { .. } => "verify",
        }
    }
}

impl fmt::Display for MutualAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mode())?;
        match self {
            Self::Off | Self::Passthrough => Ok(()),
            Self::Verify { trust_store, ignores_expiry, advertises } => {
                let expired = if *ignores_expiry { ", also when expired" } else { "" };
                let told = if *advertises { ", which clients are told" } else { "" };
                write!(f, " by {trust_store}{expired}{told}")
            }
        }
    }
}

/// What a member of a group wants of one listener, or what all members that listen there do; what
/// nobody mentions is unset. As parts are remembered, fields keep their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerWish {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its certificates, in the members' order; the first may become the default one.
    #[serde(deserialize_with = "certificates")]
    pub certificates: Vec<Id>,
    /// The TLS policy.
    pub ssl_policy: Option<String>,
    /// Whether clients show certificates of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutual_authentication: Option<MutualAuthentication>,
    /// Its attributes.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// The attributes that its class decides: those of the first member that listens there hold for
    /// all (LBC).
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub class_attributes: Attributes,
}

/// Certificates as they are written; once only those were that AWS had given, without more ado.
fn certificates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Id>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Id(Id),
        Given(AwsId),
    }
    let written = Vec::<Written>::deserialize(deserializer)?.into_iter();
    let ids = written.map(|written| match written {
        Written::Id(id) => id,
        Written::Given(id) => Id::Is(id),
    });
    Ok(ids.collect())
}

impl ListenerWish {
    /// A listener of which nothing else is wanted.
    #[must_use]
    pub fn speaking(protocol: Protocol) -> Self {
        Self {
            protocol,
            certificates: Vec::new(),
            ssl_policy: None,
            mutual_authentication: None,
            attributes: Attributes::new(),
            class_attributes: Attributes::new(),
        }
    }
}

/// A listener, wished for or standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// What it speaks.
    pub protocol: Protocol,
    /// What happens to a request that no rule takes.
    pub default_actions: Vec<RuleAction>,
    /// The certificate for a client that names no host, or one of no other certificate. HTTPS only.
    pub default_certificate: Option<Id>,
    /// The certificates chosen by host name (SNI). LBC lists the default one here as well.
    pub certificates: BTreeSet<Id>,
    /// The TLS policy. HTTPS only.
    pub ssl_policy: Option<String>,
    /// Whether clients show certificates of theirs. HTTPS only; a wish that says nothing leaves it
    /// as it is (LBC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutual_authentication: Option<MutualAuthentication>,
    /// Its tags, tracking tags included.
    pub tags: Tags,
}

impl Listener {
    /// The settings in which a standing listener falls short of this wish; those that travel in one
    /// ModifyListener call. Certificates beyond the default one and tags have calls of their own.
    #[must_use]
    pub fn differences(&self, live: &Self) -> Vec<&'static str> {
        let mut fields = Vec::new();
        if live.protocol != self.protocol {
            fields.push("protocol");
        }
        if !actions_satisfy(&live.default_actions, &self.default_actions) {
            fields.push("default actions");
        }
        if live.default_certificate != self.default_certificate {
            fields.push("default certificate");
        }
        if self.ssl_policy.is_some() && live.ssl_policy != self.ssl_policy {
            fields.push("SSL policy");
        }
        let off = Some(MutualAuthentication::Off);
        let standing = live.mutual_authentication.as_ref().or(off.as_ref());
        if self.mutual_authentication.is_some() && self.mutual_authentication.as_ref() != standing {
            fields.push("mutual authentication");
        }
        fields
    }
}
