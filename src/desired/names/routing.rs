//! The routing policy that the annotations of an Ingress ask for.

use super::Asking;
use crate::model::endpoint;
use crate::model::routing::{
    BIAS_MAX, Failover, Geolocation, Geoproximity, Routing, RoutingKind, WEIGHT_MAX,
};

/// The annotations that ask for a policy, each with its kind.
const POLICIES: [(&str, RoutingKind); 11] = [
    ("aws-weight", RoutingKind::Weighted),
    ("aws-region", RoutingKind::Latency),
    ("aws-failover", RoutingKind::Failover),
    ("aws-multi-value-answer", RoutingKind::MultiValue),
    (CONTINENT, RoutingKind::Geolocation),
    (COUNTRY, RoutingKind::Geolocation),
    (SUBDIVISION, RoutingKind::Geolocation),
    (NEAR_REGION, RoutingKind::Geoproximity),
    (NEAR_GROUP, RoutingKind::Geoproximity),
    (COORDINATES, RoutingKind::Geoproximity),
    (BIAS, RoutingKind::Geoproximity),
];
const CONTINENT: &str = "aws-geolocation-continent-code";
const COUNTRY: &str = "aws-geolocation-country-code";
const SUBDIVISION: &str = "aws-geolocation-subdivision-code";
const NEAR_REGION: &str = "aws-geoproximity-region";
const NEAR_GROUP: &str = "aws-geoproximity-local-zone-group";
const COORDINATES: &str = "aws-geoproximity-coordinates";
const BIAS: &str = "aws-geoproximity-bias";

/// The continents (Route 53).
const CONTINENTS: [&str; 7] = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"];
/// The country for whom no other record is (Route 53).
const ANYWHERE: &str = "*";

impl Asking<'_> {
    /// The place of the records among others of their names. `None` where Route 53 would refuse it.
    pub(super) fn routing(&mut self, set_identifier: Option<&str>) -> Option<Routing> {
        let asked = POLICIES.iter().filter(|(name, _)| self.value(name).is_some());
        let asked: Vec<(&str, RoutingKind)> = asked.copied().collect();
        let Some((first, kind)) = asked.first().copied() else {
            if set_identifier.is_none() {
                return Some(Routing::Simple);
            }
            self.stay("set-identifier", "a routing policy beside it, such as aws-weight");
            return None;
        };
        if set_identifier.is_none() {
            self.stay(first, "a set-identifier beside it");
            return None;
        }
        if let Some((other, _)) = asked.iter().find(|(_, other)| *other != kind) {
            self.stay(other, &format!("one routing policy, and there is {first}"));
            return None;
        }
        let (routing, (field, allowed)) = self.policy(first, kind);
        if routing.is_none() {
            self.stay(field, &allowed);
        }
        routing
    }

    /// The policy of a kind; with where to look and what is allowed if it cannot be.
    fn policy(
        &self,
        first: &'static str,
        kind: RoutingKind,
    ) -> (Option<Routing>, (&'static str, String)) {
        let text = self.value(first).unwrap_or_default();
        match kind {
            RoutingKind::Weighted => {
                let weight = text.parse().ok().filter(|weight| (0..=WEIGHT_MAX).contains(weight));
                let allowed = format!("a number from 0 to {WEIGHT_MAX}");
                (weight.map(Routing::Weighted), (first, allowed))
            }
            RoutingKind::Latency => {
                let region = self.region(first);
                (region.map(Routing::Latency), (first, REGION.to_owned()))
            }
            RoutingKind::Failover => {
                let role = match text.to_uppercase().as_str() {
                    "PRIMARY" => Some(Failover::Primary),
                    "SECONDARY" => Some(Failover::Secondary),
                    _ => None,
                };
                (role.map(Routing::Failover), (first, "PRIMARY or SECONDARY".to_owned()))
            }
            RoutingKind::MultiValue => {
                let is_on = text.is_empty() || text == "true";
                (is_on.then_some(Routing::MultiValue), (first, "true".to_owned()))
            }
            RoutingKind::Geolocation => {
                let (place, complaint) = self.geolocation();
                (place.map(Routing::Geolocation), complaint)
            }
            RoutingKind::Geoproximity => {
                let (place, complaint) = self.geoproximity();
                (place.map(Routing::Geoproximity), complaint)
            }
            RoutingKind::Simple | RoutingKind::Cidr => (None, (first, String::new())),
        }
    }

    fn region(&self, name: &str) -> Option<String> {
        let own = &self.settings.place.region;
        let is_known = |region: &&str| endpoint::is_region(region) || region == own;
        self.value(name).filter(is_known).map(str::to_owned)
    }

    /// Where those who ask are: a continent, before which the others say nothing (external-dns), or
    /// a country, and a part of it.
    fn geolocation(&self) -> (Option<Geolocation>, (&'static str, String)) {
        let value = |name| self.filled(name).map(str::to_owned);
        if let Some(continent) = value(CONTINENT) {
            let is_known = CONTINENTS.contains(&continent.as_str());
            let place = Geolocation { continent: Some(continent), ..Geolocation::default() };
            return (is_known.then_some(place), (CONTINENT, CONTINENTS.join(", ")));
        }
        let is_code = |code: &String| {
            code == ANYWHERE || (code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase()))
        };
        let country = value(COUNTRY).filter(is_code);
        let subdivision = value(SUBDIVISION);
        let place =
            country.is_some().then_some(Geolocation { continent: None, country, subdivision });
        (place, (COUNTRY, "the two letters of a country, or * for all others".to_owned()))
    }

    /// Where what the records lead to is, in one of three ways.
    fn geoproximity(&self) -> (Option<Geoproximity>, (&'static str, String)) {
        let bias = self.value(BIAS).map_or(Some(0), |text| text.parse().ok());
        let Some(bias) = bias.filter(|bias: &i32| bias.abs() <= BIAS_MAX) else {
            return (None, (BIAS, format!("a number from -{BIAS_MAX} to {BIAS_MAX}")));
        };
        let coordinates = self.value(COORDINATES).map(coordinates);
        if coordinates == Some(None) {
            return (None, (COORDINATES, "a latitude and a longitude: 51.5,-0.12".to_owned()));
        }
        let region = self.region(NEAR_REGION);
        if region.is_none() && self.value(NEAR_REGION).is_some() {
            return (None, (NEAR_REGION, REGION.to_owned()));
        }
        let local_zone_group = self.filled(NEAR_GROUP).map(str::to_owned);
        let place =
            Geoproximity { region, local_zone_group, coordinates: coordinates.flatten(), bias };
        let ways =
            [place.region.is_some(), place.local_zone_group.is_some(), place.coordinates.is_some()];
        let is_one = ways.into_iter().filter(|way| *way).count() == 1;
        let allowed = "one of aws-geoproximity-region, -local-zone-group and -coordinates";
        (is_one.then_some(place), (NEAR_REGION, allowed.to_owned()))
    }
}

/// What a region should be.
const REGION: &str = "a region of AWS such as eu-west-1";

/// Latitude and longitude in degrees, as they are written.
fn coordinates(text: &str) -> Option<(String, String)> {
    let (latitude, longitude) = text.split_once(',')?;
    let (latitude, longitude) = (latitude.trim(), longitude.trim());
    let is_within =
        |text: &str, limit: f64| text.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= limit);
    (is_within(latitude, 90.0) && is_within(longitude, 180.0))
        .then(|| (latitude.to_owned(), longitude.to_owned()))
}
