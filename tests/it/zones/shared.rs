//! A name of several Ingresses, which have it by one routing policy.

use albedo::model::routing::RoutingKind;

use super::golden::said::understood;
use super::routed::{KINDS, Said, both, records_of};
use super::*;

/// What one of two Ingresses says, who asks for another set identifier by the policy that he has.
const RENAMED: Said = &[("set-identifier", "c"), ("aws-weight", "0"), ("target", "192.0.2.1")];

#[test]
fn two_ingresses_share_a_name_by_one_policy() {
    let (one, other) = (KINDS[5], KINDS[6]);
    let case = both(one, other);
    let plan = case.plan(&Records::new());
    assert!(plan.steps.len() == 1 && plan.refusals.is_empty(), "{plan:?}");
    let shared = case.carried_out(&Records::new());
    assert_eq!(records_of(&shared, HOST).len(), 3);
    // One of them leaves, and the other one has it alone.
    let mut alone = understood(one);
    alone.stack.known.insert(member("default/api"));
    let end = alone.carried_out(&shared);
    assert_eq!(end, understood(one).carried_out(&Records::new()));
    // One asks for another policy: who goes on as before keeps the name, and nothing moves.
    let apart = both(KINDS[8], other);
    let plan = apart.plan(&shared);
    let [told] = &plan.refusals[..] else { panic!("{plan:?}") };
    assert!(plan.is_empty() && told.object.key == key("default/web"), "{plan:?}");
    assert!(told.found.contains("latency") && told.allowed.contains("weighted"), "{told}");
    // So it is where who goes on asks for another set identifier.
    let apart = both(KINDS[8], RENAMED);
    let end = apart.carried_out(&shared);
    let ids = end.keys().filter_map(|key| key.set_identifier.as_deref());
    assert_eq!(ids.collect::<BTreeSet<_>>(), ["a", "c"].into());
    let plan = apart.plan(&end);
    let [told] = &plan.refusals[..] else { panic!("{plan:?}") };
    assert!(plan.is_empty() && told.object.key == key("default/web"), "{plan:?}");
}

#[test]
fn one_place_is_one_ingress_s() {
    const THERE: Said = &[("set-identifier", "b"), ("aws-failover", "PRIMARY")];
    let case = both(KINDS[9], THERE);
    let end = case.carried_out(&Records::new());
    assert_eq!(records_of(&end, HOST).len(), 2, "{end:?}");
    let plan = case.plan(&end);
    let [told] = &plan.refusals[..] else { panic!("{plan:?}") };
    assert!(plan.is_empty() && told.found.contains("this place"), "{told}");
}

/// Neither asks for the policy that it has any more, but each for another one.
#[test]
fn a_name_keeps_its_policy_until_those_who_have_it_ask_for_the_same() {
    let parts = |zone: &Records| -> Vec<_> {
        let texts = zone.values().filter(|record| record.key.record_type == RecordType::Txt);
        let each = texts.map(|text| {
            let RecordValue::Values { values, .. } = &text.value else { panic!("{text:?}") };
            let owner = Ownership::parse(&values[0]).unwrap().resource;
            (owner, text.key.set_identifier.clone().unwrap(), text.routing.kind())
        });
        each.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let shared = both(KINDS[5], KINDS[6]).carried_out(&Records::new());
    let (web, api) = ("ingress/default/web".to_owned(), "ingress/default/api".to_owned());
    let by = |kind, ids: [&str; 2]| {
        [(api.clone(), ids[0].to_owned(), kind), (web.clone(), ids[1].to_owned(), kind)]
    };
    assert_eq!(parts(&shared), by(RoutingKind::Weighted, ["b", "a"]));
    let primary: Said = &[("set-identifier", "b"), ("aws-failover", "PRIMARY")];
    let case = both(primary, KINDS[8]);
    assert_eq!(case.plan(&shared).refusals.len(), 2);
    let end = case.carried_out(&shared);
    assert_eq!(parts(&end), by(RoutingKind::Weighted, ["b", "a"]));
    // Nor does he lose it to somebody who asks for it by the policy that the name has.
    let mut case = case;
    let mut third = both(KINDS[5], KINDS[6]).stack.names[HOST][0].clone();
    third.source = member("default/third");
    case.stack.known.insert(third.source.clone());
    case.stack.standing.insert(third.source.clone());
    case.stack.names.get_mut(HOST).unwrap().push(third);
    assert_eq!(case.plan(&shared).refusals.len(), 3);
    let end = case.carried_out(&shared);
    assert_eq!(parts(&end), by(RoutingKind::Weighted, ["b", "a"]));
    let secondary: Said = &[("set-identifier", "a"), ("aws-failover", "SECONDARY")];
    let end = both(primary, secondary).carried_out(&end);
    assert_eq!(parts(&end), by(RoutingKind::Failover, ["a", "b"]));
}
