//! What AWS allows an account of load balancing: its quotas, as far as it tells them.

use std::collections::BTreeMap;

use smol_str::SmolStr;

/// Something that AWS allows so many of, of one load balancer or of one target group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Rules, default ones not counted.
    Rules,
    /// Certificates, default ones not counted.
    Certificates,
    /// Target groups.
    TargetGroups,
    /// Listeners.
    Listeners,
    /// Targets of one target group.
    TargetsOfGroup,
    /// Targets of all target groups of one load balancer.
    Targets,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Rules,
        Self::Certificates,
        Self::TargetGroups,
        Self::Listeners,
        Self::TargetsOfGroup,
        Self::Targets,
    ];

    /// As AWS calls it (DescribeAccountLimits).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules-per-application-load-balancer",
            Self::Certificates => "certificates-per-application-load-balancer",
            Self::TargetGroups => "target-groups-per-application-load-balancer",
            Self::Listeners => "listeners-per-application-load-balancer",
            Self::TargetsOfGroup => "targets-per-target-group",
            Self::Targets => "targets-per-application-load-balancer",
        }
    }

    /// How many, unless AWS allows an account more (AWS quotas).
    #[must_use]
    pub fn default(self) -> usize {
        match self {
            Self::Rules | Self::TargetGroups => 100,
            Self::Certificates => 25,
            Self::Listeners => 50,
            Self::TargetsOfGroup | Self::Targets => 1000,
        }
    }
}

/// What an account is allowed, by AWS's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountLimits(pub BTreeMap<SmolStr, usize>);

impl AccountLimits {
    /// What AWS allows everybody.
    #[must_use]
    pub fn usual() -> Self {
        Self(Limit::ALL.map(|limit| (limit.name().into(), limit.default())).into())
    }

    /// How many: as AWS says, or as it allows everybody where it says nothing.
    #[must_use]
    pub fn of(&self, limit: Limit) -> usize {
        self.told(limit).unwrap_or_else(|| limit.default())
    }

    /// How many, where AWS has said so: nobody is refused anything for what it may have raised.
    #[must_use]
    pub fn told(&self, limit: Limit) -> Option<usize> {
        self.0.get(limit.name()).copied()
    }
}
