//! Hosted zones and their records.

use albedo::aws::{Answer, Cloud, Kind};
use albedo::model::action::{AwsAction, Route53Action};
use albedo::model::id::{AwsId, Id};
use albedo::model::record::{HostedZone, Record, RecordChange, RecordType, RecordValue, Verb};
use albedo::model::routing::{Failover, Geolocation, Geoproximity, Routing};

use super::wishes::{done, refused};
use super::{Looks as _, Site};

fn alias(name: &str, record_type: RecordType) -> Record {
    let target = "k8s-contract-1234567890.us-east-1.elb.amazonaws.com";
    let value = RecordValue::Alias {
        target: Id::Is(AwsId::new(target)),
        hosted_zone: Some(AwsId::new("Z35SXDOTRQ7X7K")),
        evaluate_target_health: true,
    };
    Record::simple(name, record_type, value)
}

fn values(name: &str, record_type: RecordType, value: &str) -> Record {
    let values = vec![value.to_owned()];
    Record::simple(name, record_type, RecordValue::Values { ttl: 300, values })
}

fn change<C>(site: &Site<C>, changes: &[(Verb, &Record)]) -> AwsAction {
    let one =
        |(verb, record): &(Verb, &Record)| RecordChange { verb: *verb, record: (*record).clone() };
    let changes = changes.iter().map(one).collect();
    AwsAction::Route53(Route53Action::ChangeRecords { zone: site.zone.clone(), changes })
}

async fn records<C: Cloud>(site: &Site<C>) -> Vec<Record> {
    let mut found = site.cloud.records(&site.zone.id).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

pub async fn zones_are_read_as_they_are<C: Cloud>(site: Site<C>) {
    let zones = site.cloud.zones().await.unwrap();
    let zones = zones.into_iter().map(|(zone, _)| zone);
    assert_eq!(zones.collect::<Vec<_>>(), [site.zone]);
}

pub async fn records_are_read_as_they_were_written<C: Cloud>(site: Site<C>) {
    let name = format!("*.w.{}", site.zone.name);
    let txt = format!("a-*.w.{}", site.zone.name);
    let all = [
        alias(&name, RecordType::A),
        alias(&name, RecordType::Aaaa),
        values(&txt, RecordType::Txt, "\"heritage=external-dns,external-dns/owner=default\""),
        values(&format!("c.{}", site.zone.name), RecordType::Cname, "elsewhere.example.net"),
    ];
    let create = |record| (Verb::Create, record);
    done(&site, change(&site, &all.iter().map(create).collect::<Vec<_>>())).await;
    let mut expected = all.to_vec();
    expected.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(records(&site).await, expected);
    let named = async |name: &str| site.cloud.named(&site.zone.id, name).await.unwrap();
    assert_eq!(named(&all[3].key.name).await, all[3..]);
    assert_eq!(named(&name).await, all[..2], "an asterisk is one");
    assert_eq!(named(&site.zone.name).await, [], "nor is the apex all that lies below it");
    assert_eq!(named(&format!("b.{}", site.zone.name)).await, []);
    let delete = |record| (Verb::Delete, record);
    done(&site, change(&site, &expected.iter().map(delete).collect::<Vec<_>>())).await;
    assert_eq!(records(&site).await, []);
}

pub async fn records_of_one_name_have_a_place_each<C: Cloud>(site: Site<C>) {
    let at = |name: &str| format!("{name}.{}", site.zone.name);
    let routed = |record: &Record, id: &str, routing: &Routing| {
        let mut record = record.clone();
        record.key.set_identifier = Some(id.to_owned());
        record.routing = routing.clone();
        record
    };
    let place = |country: &str| Geolocation { country: Some(country.into()), ..<_>::default() };
    let (text, plain) = ("\"heritage=external-dns\"", "192.0.2.1");
    let proximity = Geoproximity { region: Some("eu-west-1".into()), bias: -5, ..<_>::default() };
    let coordinates = Some(("1.5".to_owned(), "-100.25".to_owned()));
    let distance = Geoproximity { coordinates, ..<_>::default() };
    let mut all = vec![
        routed(&alias(&at("w"), RecordType::A), "a", &Routing::Weighted(0)),
        routed(&values(&at("w"), RecordType::A, plain), "b", &Routing::Weighted(255)),
        routed(&values(&at("a-w"), RecordType::Txt, text), "a", &Routing::Weighted(0)),
        routed(&alias(&at("l"), RecordType::A), "a", &Routing::Latency("eu-west-1".into())),
        routed(&alias(&at("f"), RecordType::A), "a", &Routing::Failover(Failover::Primary)),
        routed(&alias(&at("f"), RecordType::A), "b", &Routing::Failover(Failover::Secondary)),
        routed(&alias(&at("g"), RecordType::A), "a", &Routing::Geolocation(place("*"))),
        routed(&alias(&at("g"), RecordType::A), "b", &Routing::Geolocation(place("DE"))),
        routed(&alias(&at("p"), RecordType::A), "a", &Routing::Geoproximity(proximity)),
        routed(&alias(&at("p"), RecordType::A), "b", &Routing::Geoproximity(distance)),
        routed(&values(&at("m"), RecordType::A, plain), "a", &Routing::MultiValue),
    ];
    done(&site, change(&site, &all.iter().map(|one| (Verb::Create, one)).collect::<Vec<_>>()))
        .await;
    all.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(records(&site).await, all);
    for wrong in [
        alias(&at("w"), RecordType::A),
        routed(&alias(&at("w"), RecordType::A), "c", &Routing::Latency("eu-west-1".into())),
        routed(&alias(&at("l"), RecordType::A), "b", &Routing::Latency("eu-west-1".into())),
        routed(&values(&at("w"), RecordType::Cname, "example.net"), "c", &Routing::Weighted(1)),
    ] {
        refused(&site, change(&site, &[(Verb::Create, &wrong)]), Kind::Conflict).await;
    }
    let next = routed(&alias(&at("l"), RecordType::A), "a", &Routing::Weighted(1));
    let latency = all.iter().find(|one| one.key.name == at("l")).unwrap();
    done(&site, change(&site, &[(Verb::Delete, latency), (Verb::Create, &next)])).await;
}

pub async fn a_batch_is_done_whole_or_not_at_all<C: Cloud>(site: Site<C>) {
    let web = alias(&format!("web.{}", site.zone.name), RecordType::A);
    let api = alias(&format!("api.{}", site.zone.name), RecordType::A);
    done(&site, change(&site, &[(Verb::Create, &web)])).await;
    let again = change(&site, &[(Verb::Create, &api), (Verb::Create, &web)]);
    let error = refused(&site, again, Kind::Conflict).await;
    assert_eq!(error.code, "InvalidChangeBatch");
    assert_eq!(records(&site).await, std::slice::from_ref(&web));
    done(&site, change(&site, &[(Verb::Upsert, &api), (Verb::Upsert, &web)])).await;
    assert_eq!(records(&site).await, [api, web]);
}

pub async fn a_record_is_deleted_only_as_it_stands<C: Cloud>(site: Site<C>) {
    let name = format!("t.{}", site.zone.name);
    let stands = values(&name, RecordType::Txt, "\"one\"");
    done(&site, change(&site, &[(Verb::Create, &stands)])).await;
    let other = values(&name, RecordType::Txt, "\"two\"");
    refused(&site, change(&site, &[(Verb::Delete, &other)]), Kind::Conflict).await;
    done(&site, change(&site, &[(Verb::Delete, &stands)])).await;
    refused(&site, change(&site, &[(Verb::Delete, &stands)]), Kind::Conflict).await;
}

pub async fn a_cname_record_stands_alone<C: Cloud>(site: Site<C>) {
    let name = format!("web.{}", site.zone.name);
    let (cname, a) =
        (values(&name, RecordType::Cname, "elsewhere.example.net"), alias(&name, RecordType::A));
    done(&site, change(&site, &[(Verb::Create, &cname)])).await;
    refused(&site, change(&site, &[(Verb::Create, &a)]), Kind::Conflict).await;
    done(&site, change(&site, &[(Verb::Delete, &cname), (Verb::Create, &a)])).await;
    assert_eq!(records(&site).await, [a]);
}

pub async fn a_change_is_everywhere_in_the_end<C: Cloud>(site: Site<C>) {
    let web = alias(&format!("web.{}", site.zone.name), RecordType::A);
    let answer = done(&site, change(&site, &[(Verb::Create, &web)])).await;
    let Answer::Change(id) = answer else { panic!("{answer:?}") };
    while !site.cloud.in_sync(&id).await.unwrap() {}
}

pub async fn a_zone_that_is_not_there_is_not_found<C: Cloud>(site: Site<C>) {
    let id = AwsId::new("Z0000000000000000000");
    assert_eq!(site.cloud.records(&id).await.unwrap_err().kind, Kind::NotFound);
    let web = alias(&format!("web.{}", site.zone.name), RecordType::A);
    let zone = HostedZone { id, ..site.zone.clone() };
    let changes = vec![RecordChange { verb: Verb::Create, record: web }];
    refused(
        &site,
        AwsAction::Route53(Route53Action::ChangeRecords { zone, changes }),
        Kind::NotFound,
    )
    .await;
}
