//! Names between many of other people's: whatever is amiss with one of them is noticed.

use albedo::model::inventory::Records;
use albedo::model::record::{Record, RecordType};

use super::{ALB, ALB_2, Case, alias, changes, records, txt, txt_name, values};

/// The names of ours. Before each lie so many of other people's as its number says.
const NAMES: usize = 20;

fn host(number: usize) -> String {
    format!("h{number:02}.example.com")
}

/// The records of a name of ours.
fn ours(number: usize) -> [Record; 2] {
    let text = txt(&txt_name(&host(number), RecordType::A), "default", "default/web");
    [alias(&host(number), RecordType::A, ALB), text]
}

/// Those of other people before a name of ours.
fn others(number: usize) -> impl Iterator<Item = Record> {
    (0..number).flat_map(move |other| {
        let name = format!("h{:02}x{other:02}.example.com", number - 1);
        let text = txt(&txt_name(&name, RecordType::A), "somebody", "other/web");
        [values(&name, RecordType::A, "192.0.2.1"), text]
    })
}

fn zone() -> Records {
    records((0..NAMES).flat_map(|number| others(number).chain(ours(number))))
}

/// All names are asked for but one.
fn case(without: Option<usize>) -> Case {
    let asked = (0..NAMES).filter(|number| Some(*number) != without);
    let wishes: Vec<String> =
        asked.map(|number| format!("default/web {} one", host(number))).collect();
    Case::new(&wishes.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_is_missing_of_a_name_is_made_and_what_leads_elsewhere_led_back() {
    let (zone, case) = (zone(), case(None));
    assert!(case.plan(&zone).is_empty());
    let planned = |number, change: &dyn Fn(&mut Records)| {
        let mut zone = zone.clone();
        change(&mut zone);
        let changes = changes(&case.plan(&zone));
        let is_about = |change: &String| change.ends_with(&host(number));
        assert!(changes.iter().all(is_about), "{changes:?}");
        changes.into_iter().next()
    };
    for number in 0..NAMES {
        let [record, _] = ours(number);
        let made = planned(number, &|zone| drop(zone.remove(&record.key)));
        assert_eq!(made, Some(format!("CREATE A {}", host(number))));
        let elsewhere = alias(&host(number), RecordType::A, ALB_2);
        let led = planned(number, &|zone| {
            zone.insert(record.key.clone(), elsewhere.clone());
        });
        assert_eq!(led, Some(format!("CHANGE A {}", host(number))));
    }
}

#[test]
fn a_name_that_nobody_asks_for_any_more_goes() {
    let zone = zone();
    for number in 0..NAMES {
        let plan = case(Some(number)).plan(&zone);
        let goes: Vec<String> = ours(number)
            .map(|record| format!("DELETE {} {}", record.key.record_type, record.key.name))
            .into();
        assert_eq!(changes(&plan), goes);
    }
}
