//! What AWS allows an account of load balancing: its quotas, as far as it tells them.

use std::collections::BTreeMap;

use smol_str::SmolStr;

/// Something that AWS allows so many of, of one load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Rules, default ones not counted.
    Rules,
    /// Certificates, default ones not counted.
    Certificates,
    /// Target groups.
    TargetGroups,
}

impl Limit {
    /// As AWS calls it (DescribeAccountLimits).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules-per-application-load-balancer",
            Self::Certificates => "certificates-per-application-load-balancer",
            Self::TargetGroups => "target-groups-per-application-load-balancer",
        }
    }

    /// How many, unless AWS allows an account more (AWS quotas).
    #[must_use]
    pub fn default(self) -> usize {
        match self {
            Self::Rules | Self::TargetGroups => 100,
            Self::Certificates => 25,
        }
    }
}

/// What an account is allowed, by AWS's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountLimits(pub BTreeMap<SmolStr, usize>);

impl AccountLimits {
    /// How many: as AWS says, or as it allows everybody where it says nothing.
    #[must_use]
    pub fn of(&self, limit: Limit) -> usize {
        self.0.get(limit.name()).copied().unwrap_or_else(|| limit.default())
    }
}
