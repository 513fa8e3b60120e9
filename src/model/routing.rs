//! How Route 53 divides the requests for a name among the records of one type that it has.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The place of a record among others of its name and type. All but the simple one have a set
/// identifier, and those of one name and type are of one kind (Route 53).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Routing {
    /// There is one record, which takes all requests.
    #[default]
    Simple,
    /// Its share of the requests, from 0 to [`WEIGHT_MAX`], of the sum of all shares.
    Weighted(i64),
    /// It takes those for whom this region is the nearest in time.
    Latency(String),
    /// It takes all while it is healthy, or those that the other one does not take.
    Failover(Failover),
    /// It takes those from a place.
    Geolocation(Geolocation),
    /// It takes those for whom it is the nearest in space.
    Geoproximity(Geoproximity),
    /// It is one of up to eight answers that are given together.
    MultiValue,
    /// It takes those from a block of addresses.
    Cidr {
        /// The collection of blocks.
        collection: String,
        /// The name of the block in it.
        location: String,
    },
}

/// The greatest weight of a record (Route 53).
pub const WEIGHT_MAX: i64 = 255;
/// The greatest bias of a record, to either side (Route 53).
pub const BIAS_MAX: i32 = 99;

/// Which of two records it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Failover {
    /// The one that answers while it is healthy.
    Primary,
    /// The other.
    Secondary,
}

impl Failover {
    /// As Route 53 spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Secondary => "SECONDARY",
        }
    }
}

/// Where those who ask are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geolocation {
    /// A continent, by its two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continent: Option<String>,
    /// A country, by its two letters; `*` is wherever no other record is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// A part of the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdivision: Option<String>,
}

/// Where what the record leads to is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geoproximity {
    /// A region of AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A Local Zone group of AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_zone_group: Option<String>,
    /// Latitude and longitude in degrees, as they are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<(String, String)>,
    /// How much larger or smaller the area is that it takes requests from, from -[`BIAS_MAX`] to
    /// [`BIAS_MAX`].
    #[serde(default)]
    pub bias: i32,
}

/// The kind of a routing policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoutingKind {
    /// One record for all requests.
    Simple,
    /// By weight.
    Weighted,
    /// By time.
    Latency,
    /// By health.
    Failover,
    /// By place.
    Geolocation,
    /// By distance.
    Geoproximity,
    /// Several answers at once.
    MultiValue,
    /// By address.
    Cidr,
}

impl fmt::Display for RoutingKind {
    /// As Route 53's console calls it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simple => "simple",
            Self::Weighted => "weighted",
            Self::Latency => "latency",
            Self::Failover => "failover",
            Self::Geolocation => "geolocation",
            Self::Geoproximity => "geoproximity",
            Self::MultiValue => "multivalue answer",
            Self::Cidr => "IP-based",
        })
    }
}

impl Routing {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> RoutingKind {
        match self {
            Self::Simple => RoutingKind::Simple,
            Self::Weighted(_) => RoutingKind::Weighted,
            Self::Latency(_) => RoutingKind::Latency,
            Self::Failover(_) => RoutingKind::Failover,
            Self::Geolocation(_) => RoutingKind::Geolocation,
            Self::Geoproximity(_) => RoutingKind::Geoproximity,
            Self::MultiValue => RoutingKind::MultiValue,
            Self::Cidr { .. } => RoutingKind::Cidr,
        }
    }

    /// Whether there is one record, which takes all requests.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        *self == Self::Simple
    }

    /// Whether two records with this may not stand beside each other: Route 53 could not tell which
    /// one takes a request.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        if self.kind() != other.kind() {
            return true;
        }
        match self {
            Self::Simple => true,
            Self::Weighted(_) | Self::MultiValue | Self::Geoproximity(_) => false,
            Self::Latency(_) | Self::Failover(_) | Self::Geolocation(_) | Self::Cidr { .. } => {
                self == other
            }
        }
    }
}
