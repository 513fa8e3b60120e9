//! Records of one name beside each other: by weight, by place and the other policies.

use albedo::model::fact::Leading;
use albedo::model::problem::ObjectRef;
use albedo::model::record::RecordKey;
use albedo::model::routing::RoutingKind;

use super::golden::said::{said, understood};
use super::*;

pub type Said = &'static [(&'static str, &'static str)];

/// What an Ingress may say of its names, one of each kind.
pub const KINDS: [Said; 13] = [
    &[],
    &[("target", "192.0.2.1,2001:db8::1")],
    &[("target", "192.0.2.2")],
    &[("target", "lb.example.net")],
    &[("target", "d111.cloudfront.net")],
    &[("set-identifier", "a"), ("aws-weight", "1")],
    &[("set-identifier", "b"), ("aws-weight", "0"), ("target", "192.0.2.1")],
    &[("set-identifier", "a"), ("aws-weight", "2"), ("target", "lb.example.net")],
    &[("set-identifier", "a"), ("aws-region", "eu-west-1"), ("aws-health-check-id", "abc")],
    &[("set-identifier", "a"), ("aws-failover", "PRIMARY")],
    &[("set-identifier", "a"), ("aws-geolocation-country-code", "*")],
    &[("set-identifier", "a"), ("aws-geoproximity-coordinates", "1.5,-100"), BIAS],
    &[("set-identifier", "a"), ("aws-multi-value-answer", ""), ("target", "192.0.2.1")],
];
const BIAS: (&str, &str) = ("aws-geoproximity-bias", "-5");

pub fn records_of(zone: &Records, name: &str) -> Vec<Record> {
    zone.values().filter(|record| record.key.name == name).cloned().collect()
}

/// Another's record, weighted, with the TXT record beside it.
fn anothers() -> [Record; 2] {
    let record = alias(HOST, RecordType::A, ALB_2);
    let claim = txt("a-web.example.com", "other", "x/y");
    [record, claim].map(|mut record| {
        record.key.set_identifier = Some("other".to_owned());
        record.routing = Routing::Weighted(9);
        record
    })
}

#[test]
fn from_each_thing_that_is_said_to_each_other_it_takes_one_batch() {
    for from in KINDS {
        let stands = understood(from).carried_out(&Records::new());
        assert!(!records_of(&stands, HOST).is_empty(), "{from:?}");
        let rest = understood(from).plan(&stands);
        assert!(rest.is_empty() && rest.refusals.is_empty(), "{from:?}: {rest:?}");
        assert!(Case::new(&[]).carried_out(&stands).is_empty(), "{from:?} goes");
        for to in KINDS {
            let case = understood(to);
            assert!(case.plan(&stands).steps.len() <= 1, "{from:?} to {to:?}");
            let end = case.carried_out(&stands);
            let fresh = case.carried_out(&Records::new());
            assert_eq!(end, fresh, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn what_others_have_beside_ours_stays() {
    let theirs = records(anothers());
    for to in KINDS {
        let case = understood(to);
        let end = case.carried_out(&theirs);
        assert!(theirs.iter().all(|(key, record)| end.get(key) == Some(record)), "{to:?}");
        let plan = case.plan(&end);
        assert!(plan.is_empty(), "{to:?}: {plan:?}");
        let wish = &case.stack.names[HOST][0];
        let is_cname = to.contains(&("target", "lb.example.net"));
        if wish.routing.kind() == RoutingKind::Weighted && !is_cname {
            assert!(end.len() > theirs.len() && plan.refusals.is_empty(), "{to:?}: {plan:?}");
        } else {
            let [told] = &plan.refusals[..] else { panic!("{to:?}: {plan:?}") };
            assert!(told.found.contains("set identifier \"other\""), "{told}");
            assert_eq!(end, theirs, "{to:?}");
        }
        assert_eq!(Case::new(&[]).carried_out(&end), theirs, "{to:?}");
    }
}

#[test]
fn what_says_whose_a_record_was_that_is_gone_goes_beside_what_others_have() {
    let theirs = records(anothers());
    let mut lost = understood(KINDS[5]).carried_out(&theirs);
    let before = lost.len();
    let is_ours = |key: &RecordKey| key.set_identifier.as_deref() == Some("a");
    lost.retain(|key, _| !is_ours(key) || key.record_type == RecordType::Txt);
    assert!(lost.len() < before && lost.keys().any(is_ours), "{lost:?}");
    assert_eq!(Case::new(&[]).carried_out(&lost), theirs);
    let end = understood(KINDS[6]).carried_out(&lost);
    assert!(!end.keys().any(is_ours), "{end:?}");
}

#[test]
fn a_name_is_served_while_its_policy_waits_for_somebody() {
    // Nobody can tell yet whether somebody else asks for what stands.
    let stands = understood(KINDS[0]).carried_out(&Records::new());
    let mut early = understood(KINDS[5]);
    early.stack.is_complete = false;
    assert!(early.plan(&stands).is_empty());
    // A policy that takes nothing away goes on with what there is.
    for policy in [DnsPolicy::UpsertOnly, DnsPolicy::CreateOnly] {
        for (from, to) in [(0, 5), (5, 0), (0, 3), (3, 0), (5, 8)] {
            let stands = understood(KINDS[from]).carried_out(&Records::new());
            let mut case = understood(KINDS[to]);
            case.dns.policy = policy;
            let end = case.carried_out(&stands);
            let kept = records_of(&end, HOST).len();
            assert!(kept >= records_of(&stands, HOST).len(), "{policy:?} {from} {to}: {end:?}");
        }
    }
}

/// The wishes of two Ingresses, who say this.
pub fn both(one: Said, other: Said) -> Case {
    let mut case = understood(one);
    let second = understood(other);
    let mut wish = second.stack.names[HOST][0].clone();
    wish.source = member("default/api");
    case.stack.names.get_mut(HOST).unwrap().push(wish);
    case.stack.known.insert(member("default/api"));
    case.stack.standing.insert(member("default/api"));
    case
}

#[test]
fn what_a_target_leads_to_is_its_ingress_s_own() {
    let elsewhere = "net-1.elb.eu-central-1.amazonaws.com";
    let case = understood(&[("target", elsewhere)]);
    let stands = case.carried_out(&Records::new());
    assert!(case.plan(&stands).refusals.is_empty());
    let settings = case.settings();
    let inventory = case.inventory(&stands);
    let names = &case.stack.names;
    let leading =
        albedo::plan::zone::leading(&settings, &zone(), names, &BTreeSet::new(), &inventory);
    let elsewhere = BTreeSet::from([member("default/web")]);
    let expected = Leading { elsewhere, ..Leading::default() };
    assert_eq!(leading, expected, "no load balancer waits for it");
    // Before a record follows, it leads where it led.
    let plain = understood(&[]).carried_out(&Records::new());
    let inventory = case.inventory(&plain);
    let leading =
        albedo::plan::zone::leading(&settings, &zone(), names, &BTreeSet::new(), &inventory);
    assert_eq!(leading.ours, [AwsId::new(ALB)].into(), "a load balancer waits for it");
    let next = understood(&[("target", "192.0.2.1")]);
    assert_eq!(next.carried_out(&stands), next.carried_out(&Records::new()));
}

#[test]
fn a_target_that_is_none_is_told() {
    for target in ["1.2.3", "1.2.3.4.5", "nowhere", "a.example.net,b.example.net", "x..y"] {
        let (case, problems) = said(&dns(), &[("target", target)]);
        assert!(case.is_none() && problems.len() == 1, "{target}: {problems:?}");
    }
}

#[test]
fn records_of_types_that_are_not_managed_are_left_alone() {
    let case = understood(KINDS[0]);
    let both = case.carried_out(&Records::new());
    let mut without = case.clone();
    without.dns.filter.record_types.remove(&RecordType::Aaaa);
    let types = |zone: &Records| records_of(zone, HOST).len();
    assert_eq!((types(&without.carried_out(&Records::new())), types(&both)), (1, 2));
    let nobody = Case { dns: without.dns.clone(), ..Case::new(&[]) };
    let left = nobody.carried_out(&both);
    assert_eq!(left.len(), 2, "AAAA and its TXT record stay: {left:?}");
}

#[test]
fn targets_that_are_forced_lead_all_names() {
    let forced = DnsSettings { forced_targets: vec!["192.0.2.9".to_owned()], ..dns() };
    for annotations in [&[][..], &[("target", "lb.example.net")]] {
        let case = said(&forced, annotations).0.unwrap();
        let zone = case.carried_out(&Records::new());
        let [record] = &records_of(&zone, HOST)[..] else { panic!("{zone:?}") };
        assert!(
            matches!(&record.value, RecordValue::Values { values, .. } if *values == ["192.0.2.9"])
        );
    }
}

#[test]
fn a_plan_shows_what_stands_of_each_record_and_what_becomes_of_it() {
    let shown = |case: &Case, standing: &Records| {
        albedo::plan::wire::compared(&case.plan(standing), standing)
    };
    let weighted = understood(&[("set-identifier", "a"), ("aws-weight", "1"), KINDS[1][0]]);
    let text = "\"heritage=external-dns,external-dns/owner=default,\
                external-dns/resource=ingress/default/web\" for 300 s, Weight 1";
    let expected = [
        format!("A {HOST} (a): nothing -> 192.0.2.1 for 300 s, Weight 1"),
        format!("TXT a-{HOST} (a): nothing -> {text}"),
        format!("AAAA {HOST} (a): nothing -> 2001:db8::1 for 300 s, Weight 1"),
        format!("TXT aaaa-{HOST} (a): nothing -> {text}"),
    ];
    assert_eq!(shown(&weighted, &Records::new()), expected);
    let web = Case::new(&["default/web web.example.com one"]);
    let stands = records([
        alias(HOST, RecordType::A, ALB_2),
        txt("a-web.example.com", "default", "default/web"),
    ]);
    let changed = shown(&web, &stands);
    assert_eq!(changed[0], format!("A {HOST}: alias {ALB_2} -> alias {ALB}"));
    let gone = shown(&Case::new(&[]), &web.carried_out(&stands));
    assert_eq!(gone[0], format!("A {HOST}: alias {ALB} -> nothing"));
}

/// Of what leads nowhere in this cluster nobody can tell whether it is another's with our owner id.
#[test]
fn who_waits_for_what_nobody_takes_away_is_told() {
    let mut gone = understood(KINDS[3]);
    gone.stack.names.get_mut(HOST).unwrap()[0].source = member("default/gone");
    let stands = gone.carried_out(&Records::new());
    assert_eq!(records_of(&stands, HOST)[0].key.record_type, RecordType::Cname);
    let mut case = understood(KINDS[12]);
    let plan = case.plan(&stands);
    let [told] = &plan.refusals[..] else { panic!("{plan:?}") };
    assert!(plan.is_empty() && told.found.contains("for an object that does not stand"), "{told}");
    // Who may be about to take it away is waited for.
    case.stack.known.insert(member("default/gone"));
    let fresh = case.carried_out(&Records::new());
    assert_eq!(case.carried_out(&stands), fresh);
}

#[test]
fn addresses_that_somebody_gave_go_where_the_load_balancer_has_none_of_their_kind() {
    let stands = understood(KINDS[1]).carried_out(&Records::new());
    assert_eq!(records_of(&stands, HOST).len(), 2, "{stands:?}");
    let mut plain = understood(KINDS[0]);
    plain.load_balancers.values_mut().for_each(|address| address.has_ipv6 = false);
    assert_eq!(plain.carried_out(&stands), plain.carried_out(&Records::new()));
}

/// Who asks first for a policy that cannot stand beside what is not ours keeps nobody else out.
#[test]
fn a_name_goes_to_the_first_who_can_have_it() {
    let theirs = records(anothers());
    let case = both(KINDS[0], KINDS[6]);
    let end = case.carried_out(&theirs);
    let ours = |key: &RecordKey| key.set_identifier.as_deref() == Some("b");
    assert!(end.keys().any(ours), "{end:?}");
    let plan = case.plan(&end);
    let [told] = &plan.refusals[..] else { panic!("{plan:?}") };
    assert!(plan.is_empty() && told.object == ObjectRef::of(&member("default/web")), "{told}");
    // Where both can, it is the first one's.
    let free = case.carried_out(&Records::new());
    assert!(!free.is_empty() && !free.keys().any(ours), "{free:?}");
}

/// Whoever asks for the name now can have no record beside what is not ours; that is no reason to
/// lead the name to a load balancer whose Ingress is gone.
#[test]
fn a_name_leaves_who_does_not_ask_any_more_though_who_asks_has_to_wait_for_somebody_else() {
    let theirs = records(anothers());
    let mut gone = understood(KINDS[5]);
    gone.stack.names.get_mut(HOST).unwrap()[0].source = member("default/gone");
    let stands = gone.carried_out(&theirs);
    assert!(stands.len() > theirs.len());
    let mut case = understood(KINDS[0]);
    case.stack.known.insert(member("default/gone"));
    assert_eq!(case.carried_out(&stands), theirs);
    // Whoever asks for both goes on having what there is.
    let mut both = case.stack.names[HOST][0].clone();
    both.source = member("default/gone");
    both.routing = Routing::Simple;
    case.stack.names.get_mut(HOST).unwrap().push(both);
    assert_eq!(case.carried_out(&stands), stands);
}

/// The policy that somebody asks for cannot be had, for somebody else's sake; his load balancer is
/// another one by now all the same, whatever set identifier he asks for.
#[test]
fn a_name_follows_its_ingress_though_its_policy_has_to_wait() {
    let theirs = records(anothers());
    let mut beside = theirs.clone();
    beside.extend(understood(KINDS[5]).carried_out(&theirs));
    let ids = ["a", "new"].into_iter();
    for (is_foreign, id) in ids.flat_map(|id| [(true, id), (false, id)]) {
        let (stands, mut case) = if is_foreign {
            (beside.clone(), understood(KINDS[8]))
        } else {
            let shared = both(KINDS[5], KINDS[6]).carried_out(&Records::new());
            (shared, both(KINDS[8], KINDS[6]))
        };
        let moved = Id::Is(AwsId::new("two"));
        let wish = &mut case.stack.names.get_mut(HOST).unwrap()[0];
        wish.load_balancer.clone_from(&moved);
        wish.set_identifier = Some(id.to_owned());
        let end = case.carried_out(&stands);
        let ours = |found: &&Record| {
            found.key.record_type == RecordType::A
                && found.key.set_identifier.as_deref() == Some("a")
        };
        let found = records_of(&end, HOST);
        let found = found.iter().find(ours).unwrap();
        assert_eq!(found.alias_target().unwrap().as_str(), ALB_2, "{is_foreign} {id}");
        assert_eq!(found.routing.kind(), RoutingKind::Weighted);
        assert!(case.plan(&end).is_empty());
    }
}

/// The set identifier that he had is asked for by somebody whose policy the name does not have.
#[test]
fn the_part_of_a_name_that_somebody_had_who_is_gone_goes_whoever_else_asks_for_it() {
    let shared = both(KINDS[5], KINDS[6]).carried_out(&Records::new());
    let mut case = both(KINDS[8], KINDS[6]);
    let third = member("default/third");
    case.stack.names.get_mut(HOST).unwrap()[0].source = third.clone();
    case.stack.known.insert(third.clone());
    case.stack.standing.insert(third);
    for known in [&mut case.stack.known, &mut case.stack.standing] {
        known.remove(&member("default/web"));
    }
    let end = case.carried_out(&shared);
    let found = records_of(&end, HOST);
    let sets: Vec<_> = found.iter().map(|found| found.key.set_identifier.as_deref()).collect();
    assert_eq!(sets, [Some("b")], "{end:?}");
    let plan = case.plan(&end);
    assert!(plan.is_empty() && plan.refusals.len() == 1, "{plan:?}");
}

/// What stands beside it, and what it should lead to instead, cannot both be.
#[test]
fn a_name_that_cannot_lead_elsewhere_leads_to_where_its_ingress_is_served() {
    let theirs = records(anothers());
    let mut beside = theirs.clone();
    beside.extend(understood(KINDS[5]).carried_out(&theirs));
    let served = Id::Is(AwsId::new("two"));
    let elsewhere = understood(KINDS[3]).stack.names[HOST][0].value.clone();
    let cname = WishedValue::Cname;
    for (id, value) in [None, Some("a"), Some("new")]
        .into_iter()
        .flat_map(|id| [(id, elsewhere.clone()), (id, cname.clone())])
    {
        let mut case = understood(KINDS[0]);
        let wish = &mut case.stack.names.get_mut(HOST).unwrap()[0];
        (wish.value, wish.load_balancer) = (value, served.clone());
        wish.set_identifier = id.map(str::to_owned);
        let end = case.carried_out(&beside);
        let ours = |found: &&Record| found.key.set_identifier.as_deref() == Some("a");
        let found = records_of(&end, HOST);
        let leads: BTreeSet<_> = found.iter().filter(ours).map(Record::alias_target).collect();
        assert_eq!(leads, [Some(&AwsId::new(ALB_2))].into(), "{id:?}: {end:?}");
        assert!(case.plan(&end).is_empty());
    }
}

/// The group that he comes from asks for his names still, as they were when it knew him last.
#[test]
fn a_name_stays_where_it_leads_while_nothing_counts_of_whom_has_it_where_he_went() {
    let stands = understood(KINDS[5]).carried_out(&Records::new());
    for said in [KINDS[5], KINDS[0], KINDS[8]] {
        let mut case = understood(said);
        let wish = &mut case.stack.names.get_mut(HOST).unwrap()[0];
        wish.load_balancer = Id::Is(AwsId::new("two"));
        assert!(!case.plan(&stands).is_empty(), "{said:?}");
        case.stack.silent.insert(member("default/web"));
        assert!(case.plan(&stands).is_empty(), "{said:?}");
    }
}

/// Whoever has another part of it may ask for a policy that keeps this one out.
#[test]
fn nobody_joins_a_name_before_those_were_heard_who_have_it() {
    let stands = understood(KINDS[5]).carried_out(&Records::new());
    let mut case = both(KINDS[5], KINDS[6]);
    let all = case.stack.names[HOST].clone();
    case.stack.names.get_mut(HOST).unwrap().retain(|wish| wish.source == member("default/api"));
    case.stack.known.remove(&member("default/web"));
    case.stack.is_complete = false;
    assert!(case.plan(&stands).is_empty());
    case.stack.names.insert(HOST.to_owned(), all);
    case.stack.known.insert(member("default/web"));
    assert_eq!(records_of(&case.carried_out(&stands), HOST).len(), 3);
}

#[test]
fn what_says_whose_a_record_of_another_type_was_goes() {
    let case = understood(KINDS[3]);
    let end = case.carried_out(&Records::new());
    let with = |owner: &str| {
        let mut standing = end.clone();
        let left = txt("a-web.example.com", owner, "default/web");
        standing.insert(left.key.clone(), left);
        standing
    };
    assert_eq!(records_of(&end, HOST)[0].key.record_type, RecordType::Cname);
    assert_eq!(case.carried_out(&with("default")), end);
    assert_eq!(case.carried_out(&with("other")), with("other"));
}
