//! The laws of a name with any routing policy, from every state that it can be found in.

use super::golden::said::understood;
use super::routed::{KINDS, records_of};
use super::starts::strangers;
use albedo::model::record::RecordKey;

use super::*;

/// What somebody else has written into a TXT record beside our value.
const BESIDE: &str = "\"v=spf1 -all\"";

/// How a record of a type is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    AsItShould,
    Missing,
    /// It leads elsewhere.
    Elsewhere,
}

/// How the TXT record beside it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Present,
    /// Of external-dns before 0.12: it has the name itself.
    Oldest,
    /// Of external-dns before 0.22: that of an alias was called one of a CNAME.
    Older,
    /// Another owner's.
    Foreign,
    /// Ours, with somebody's value beside it.
    Shared,
    Missing,
}

const FOUND: [Found; 3] = [Found::AsItShould, Found::Missing, Found::Elsewhere];
const TEXTS: [Text; 6] =
    [Text::Present, Text::Oldest, Text::Older, Text::Foreign, Text::Shared, Text::Missing];

/// A record that leads elsewhere, at the same place.
fn elsewhere(record: &Record) -> Record {
    let mut other = record.clone();
    match (&mut other.value, record.key.record_type) {
        (RecordValue::Alias { target, .. }, _) => *target = Id::Is(AwsId::new(ALB_2)),
        (RecordValue::Values { values, .. }, RecordType::A) => *values = vec!["192.0.2.99".into()],
        (RecordValue::Values { values, .. }, RecordType::Aaaa) => {
            *values = vec!["2001:db8::99".into()];
        }
        (RecordValue::Values { values, .. }, _) => *values = vec!["x.example.net".into()],
    }
    other
}

/// The TXT record that says so; `None` where there is none like that.
fn text(of: &Record, present: &Record, how: Text) -> Option<Record> {
    let record_type = of.key.record_type;
    let mut text = present.clone();
    match how {
        Text::Present => {}
        Text::Oldest if record_type == RecordType::A => HOST.clone_into(&mut text.key.name),
        Text::Older if record_type == RecordType::A => {
            text.key.name = txt_name(HOST, RecordType::Cname);
        }
        Text::Oldest | Text::Older | Text::Missing => return None,
        Text::Foreign => text.value = txt(&text.key.name, "other", "x/y").value,
        Text::Shared => {
            let RecordValue::Values { values, .. } = &mut text.value else { panic!("{text:?}") };
            values.push(BESIDE.to_owned());
        }
    }
    Some(text)
}

/// Every state in which what one said can be found.
fn starts(from: &Case) -> Vec<Records> {
    let whole = from.carried_out(&Records::new());
    let is_text = |record: &&Record| record.key.record_type == RecordType::Txt;
    let addresses: Vec<&Record> = whole.values().filter(|record| !is_text(record)).collect();
    let mut starts = vec![Records::new()];
    for address in addresses {
        let name = txt_name(HOST, address.key.record_type);
        let present = whole.values().find(|record| is_text(record) && record.key.name == name);
        let present = present.unwrap();
        let mut next = Vec::new();
        for (found, how) in FOUND.iter().flat_map(|found| TEXTS.map(|how| (*found, how))) {
            let text = text(address, present, how);
            if text.is_none() && how != Text::Missing {
                continue;
            }
            let record = match found {
                Found::AsItShould => Some(address.clone()),
                Found::Missing => None,
                Found::Elsewhere => Some(elsewhere(address)),
            };
            let more = records(record.into_iter().chain(text));
            next.extend(starts.iter().map(|start: &Records| {
                let mut start = start.clone();
                start.extend(more.clone());
                start
            }));
        }
        starts = next;
    }
    starts
}

fn addresses(zone: &Records) -> Vec<Record> {
    let mut of_name = records_of(zone, HOST);
    of_name.retain(|record| record.key.record_type != RecordType::Txt);
    of_name
}

/// Whether a TXT record stands where it may not stand beside what is wished for: where only a CNAME
/// record may, or with somebody's value in it and another place than its name is to have.
fn is_in_the_way(start: &Records, fresh: &Records) -> bool {
    let is_cname = |record: &Record| record.key.record_type == RecordType::Cname;
    let own = records_of(start, HOST);
    let texts = own.iter().filter(|record| record.key.record_type == RecordType::Txt).count();
    let id = |record: &Record| record.key.set_identifier.clone();
    let place = fresh.values().next().map(id);
    let mut shared = start.values().filter(|record| is_shared(record));
    addresses(fresh).iter().any(is_cname) && texts > 0
        || shared.any(|record| Some(id(record)) != place)
}

#[test]
fn from_every_state_a_name_arrives_rests_and_touches_no_stranger_in_one_batch() {
    let (mut seen, mut arrived, mut wrong) = (0, 0, Vec::new());
    for (number, said) in KINDS.iter().enumerate() {
        let starts = starts(&understood(said));
        // To the same, to the simple policy, and to the one that comes next.
        let next = KINDS[(number + 1) % KINDS.len()];
        for to in [*said, KINDS[0], next] {
            let case = understood(to);
            let fresh = case.carried_out(&Records::new());
            for start in &starts {
                let context = || format!("{said:?} to {to:?} from {:?}", shown(start));
                let end = judged(&case, start, &context);
                seen += 1;
                if strangers(start).is_empty() && !is_in_the_way(start, &fresh) {
                    arrived += 1;
                    let are_ours = addresses(&end).iter().all(|record| case.is_ours(&end, record));
                    let gone = addresses(&Case::new(&[]).carried_out(&end));
                    if addresses(&end) != addresses(&fresh) || !are_ours || !gone.is_empty() {
                        wrong.push(format!("{}: {:?}", context(), shown(&end)));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {arrived}: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    assert!(seen > 3000 && arrived > 1000, "{seen} {arrived}");
}

/// A zone in short.
fn shown(zone: &Records) -> Vec<String> {
    let one = |record: &Record| {
        let said = record.alias_target().map_or(values_of(record).join(" "), ToString::to_string);
        let RecordKey { name, record_type, set_identifier } = &record.key;
        format!("{record_type} {name} {set_identifier:?} {said}")
    };
    zone.values().map(one).collect()
}

/// The zone once all is done: in one batch, so that the name is served all the time, and without a
/// change to what is not ours.
fn judged(case: &Case, start: &Records, context: &dyn Fn() -> String) -> Records {
    assert!(case.plan(start).steps.len() <= 1, "{}", context());
    let end = case.carried_out(start);
    for (key, stranger) in strangers(start) {
        assert_eq!(end.get(&key), Some(&stranger), "{}", context());
    }
    for key in start.values().filter(|record| is_shared(record)).map(|record| &record.key) {
        let stays =
            end.get(key).is_some_and(|record| values_of(record).contains(&BESIDE.to_owned()));
        assert!(stays, "{key:?}: {}", context());
    }
    let rest = case.plan(&end);
    assert!(rest.is_empty(), "{:?}: {}", changes(&rest), context());
    assert!(addresses(start).is_empty() || !addresses(&end).is_empty(), "{}", context());
    end
}

fn values_of(record: &Record) -> Vec<String> {
    match &record.value {
        RecordValue::Values { values, .. } => values.clone(),
        RecordValue::Alias { .. } => Vec::new(),
    }
}

fn is_shared(record: &Record) -> bool {
    values_of(record).len() > 1 && record.key.record_type == RecordType::Txt
}
