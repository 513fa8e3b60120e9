//! Routing policies of records.

use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::builders::ResourceRecordSetBuilder;
use aws_sdk_route53::types::{
    CidrRoutingConfig, Coordinates, GeoLocation, GeoProximityLocation, ResourceRecordSet as Raw,
    ResourceRecordSetFailover, ResourceRecordSetRegion,
};

use crate::model::routing::{Failover, Geolocation, Geoproximity, Routing};

/// The routing policy of a record set, which has one at most.
pub(super) fn read(raw: &Raw) -> Routing {
    if let Some(weight) = raw.weight() {
        Routing::Weighted(weight)
    } else if let Some(region) = raw.region() {
        Routing::Latency(region.as_str().to_owned())
    } else if let Some(role) = raw.failover() {
        Routing::Failover(match role {
            ResourceRecordSetFailover::Secondary => Failover::Secondary,
            _ => Failover::Primary,
        })
    } else if let Some(place) = raw.geo_location() {
        Routing::Geolocation(Geolocation {
            continent: place.continent_code().map(str::to_owned),
            country: place.country_code().map(str::to_owned),
            subdivision: place.subdivision_code().map(str::to_owned),
        })
    } else if let Some(place) = raw.geo_proximity_location() {
        let coordinates = place.coordinates();
        let coordinates = coordinates.map(|at| (at.latitude.clone(), at.longitude.clone()));
        Routing::Geoproximity(Geoproximity {
            region: place.aws_region().map(str::to_owned),
            local_zone_group: place.local_zone_group().map(str::to_owned),
            coordinates,
            bias: place.bias().unwrap_or_default(),
        })
    } else if let Some(cidr) = raw.cidr_routing_config() {
        let (collection, location) = (cidr.collection_id.clone(), cidr.location_name.clone());
        Routing::Cidr { collection, location }
    } else if raw.multi_value_answer() == Some(true) {
        Routing::MultiValue
    } else {
        Routing::Simple
    }
}

/// A record set that is given a routing policy.
pub(super) fn written(
    set: ResourceRecordSetBuilder,
    routing: &Routing,
) -> Result<ResourceRecordSetBuilder, BuildError> {
    Ok(match routing {
        Routing::Simple => set,
        Routing::Weighted(weight) => set.weight(*weight),
        Routing::Latency(region) => set.region(ResourceRecordSetRegion::from(region.as_str())),
        Routing::Failover(role) => set.failover(ResourceRecordSetFailover::from(role.as_str())),
        Routing::Geolocation(place) => {
            let Geolocation { continent, country, subdivision } = place.clone();
            let place = GeoLocation::builder()
                .set_continent_code(continent)
                .set_country_code(country)
                .set_subdivision_code(subdivision);
            set.geo_location(place.build())
        }
        Routing::Geoproximity(place) => {
            let Geoproximity { region, local_zone_group, coordinates, bias } = place.clone();
            let place = GeoProximityLocation::builder()
                .set_aws_region(region)
                .set_local_zone_group(local_zone_group)
                .bias(bias);
            let place = match coordinates {
                Some((latitude, longitude)) => {
                    let at = Coordinates::builder().latitude(latitude).longitude(longitude);
                    place.coordinates(at.build()?)
                }
                None => place,
            };
            set.geo_proximity_location(place.build())
        }
        Routing::MultiValue => set.multi_value_answer(true),
        Routing::Cidr { collection, location } => {
            let block = CidrRoutingConfig::builder()
                .collection_id(collection)
                .location_name(location)
                .build()?;
            set.cidr_routing_config(block)
        }
    })
}
