//! From every state that a name can be found in.

use albedo::model::inventory::Records;
use albedo::model::ownership::{Ownership, TxtNames};
use albedo::model::record::{Record, RecordType, RecordValue};

use super::{ALB, ALB_2, Case, HOST, ZONE, alias, changes, records, txt, values};

/// What may stand at one place: nothing, or one of these.
fn or_nothing(records: impl IntoIterator<Item = Record>) -> Vec<Option<Record>> {
    std::iter::once(None).chain(records.into_iter().map(Some)).collect()
}

/// Every zone that the places allow.
fn product(host: &str, places: &[Vec<Option<Record>>]) -> Vec<Records> {
    let mut zones = vec![Records::new()];
    for place in places {
        let longer = zones.iter().flat_map(|zone| {
            place.iter().map(|choice| {
                let mut zone = zone.clone();
                zone.extend(choice.iter().map(|record| (record.key.clone(), record.clone())));
                zone
            })
        });
        zones = longer.collect();
    }
    // Route 53 holds no CNAME record beside others.
    let stands_alone = |zone: &Records| {
        let here = zone.keys().filter(|key| key.name == host);
        let cname = here.clone().any(|key| key.record_type == RecordType::Cname);
        !cname || here.count() == 1
    };
    zones.retain(stands_alone);
    zones
}

/// Every start: A, AAAA and CNAME right, wrong or missing, and each TXT record ours, another
/// owner's, about something else, or missing.
fn starts() -> Vec<Records> {
    starts_at(HOST, &TxtNames::default())
}

/// The same of another name, and with TXT records that are named otherwise.
pub fn starts_at(host: &str, names: &TxtNames) -> Vec<Records> {
    let aliases = |record_type| {
        let plain = if record_type == RecordType::A { "192.0.2.1" } else { "2001:db8::1" };
        or_nothing([
            alias(host, record_type, ALB),
            alias(host, record_type, ALB_2),
            values(host, record_type, plain),
        ])
    };
    let texts = |name: String| {
        let spf = values(&name, RecordType::Txt, "\"v=spf1 -all\"");
        or_nothing([txt(&name, "default", "default/web"), txt(&name, "other", "x/y"), spf])
    };
    let name = |record_type| names.name(ZONE, host, record_type);
    product(
        host,
        &[
            aliases(RecordType::A),
            aliases(RecordType::Aaaa),
            or_nothing([values(host, RecordType::Cname, "lb.example.net")]),
            texts(name(RecordType::A)),
            texts(name(RecordType::Aaaa)),
            texts(name(RecordType::Cname)),
            texts(host.to_owned()),
        ],
    )
}

fn is_ours(standing: &Records, record: &Record) -> bool {
    Case::new(&[]).is_ours(standing, record)
}

/// What nobody may touch: records that are not ours, and TXT records that are not.
pub fn strangers(standing: &Records) -> Records {
    let is_strange = |record: &Record| match (&record.value, record.key.record_type) {
        (RecordValue::Values { values, .. }, RecordType::Txt) => {
            Ownership::parse(&values[0]).is_none_or(|found| found.owner != "default")
        }
        _ => !is_ours(standing, record),
    };
    records(standing.values().filter(|record| is_strange(record)).cloned())
}

#[test]
fn from_every_start_the_plan_comes_to_rest_and_touches_no_stranger() {
    let starts = starts();
    assert!(starts.len() > 4000, "{}", starts.len());
    for case in [Case::new(&["default/web web.example.com one"]), Case::new(&[])] {
        for case in [case.clone(), case.dualstack()] {
            for start in &starts {
                let end = case.carried_out(start);
                for (key, stranger) in strangers(start) {
                    assert_eq!(end.get(&key), Some(&stranger), "{start:?}");
                }
                let rest = case.plan(&end);
                assert!(rest.is_empty(), "{:?} from {start:?}", changes(&rest));
            }
        }
    }
}

#[test]
fn from_every_start_without_strangers_the_name_leads_to_the_load_balancer() {
    let case = Case::new(&["default/web web.example.com one"]).dualstack();
    let mut seen = 0;
    for start in starts().iter().filter(|start| strangers(start).is_empty()) {
        seen += 1;
        let end = case.carried_out(start);
        for record_type in [RecordType::A, RecordType::Aaaa] {
            let wished = alias(HOST, record_type, ALB);
            assert_eq!(end.get(&wished.key), Some(&wished), "{start:?}");
            assert!(is_ours(&end, &wished), "{start:?}");
        }
        let withdrawn = Case::new(&[]).carried_out(&end);
        let left = withdrawn.keys().filter(|key| key.record_type != RecordType::Txt);
        assert_eq!(left.count(), 0, "{start:?}");
    }
    assert!(seen > 20, "{seen}");
}
