//! Whose a name is: its TXT records come, change and go with what they speak of.

use super::*;

const WEB: &str = "default/web web.example.com one";
const TXT_A: &str = "a-web.example.com";

fn held(target: &str, ingress: &str) -> Records {
    records([alias(HOST, RecordType::A, target), txt(TXT_A, "default", ingress)])
}

/// The Ingress that a TXT record names.
fn named(standing: &Records, txt: &str) -> Option<Source> {
    let record = standing.values().find(|record| record.key.name == txt)?;
    let RecordValue::Values { values, .. } = &record.value else { return None };
    Ownership::parse(&values[0])?.source()
}

#[test]
fn a_name_that_passes_to_another_ingress_says_so() {
    for from in [ALB, ALB_2] {
        let case = Case::new(&[WEB]);
        let end = case.carried_out(&held(from, "default/api"));
        assert_eq!(named(&end, TXT_A), Some(member("default/web")), "from {from}");
        assert_eq!(end.values().find_map(Record::alias_target), Some(&AwsId::new(ALB)));
        assert!(case.plan(&end).is_empty());
    }
}

#[test]
fn a_name_that_passes_from_an_object_of_another_kind_says_so() {
    for from in [ALB, ALB_2] {
        let (owner, resource) = ("default".to_owned(), "httproute/default/web".to_owned());
        let before = Ownership { owner, resource, is_dualstack: false };
        let before = values(TXT_A, RecordType::Txt, &before.to_string());
        let standing = records([alias(HOST, RecordType::A, from), before]);
        let end = Case::new(&[WEB]).carried_out(&standing);
        assert_eq!(named(&end, TXT_A), Some(member("default/web")), "from {from}");
        assert!(Case::new(&[]).carried_out(&end).is_empty(), "so it goes with its Ingress");
    }
}

#[test]
fn one_of_several_of_a_load_balancer_keeps_a_name_and_loses_it_to_no_other_load_balancer() {
    let shared = "default/web,default/api web.example.com one";
    let held = held(ALB, "default/api");
    assert!(Case::new(&[shared]).plan(&held).is_empty(), "who has it asks for it");
    let case = Case::new(&["default/old web.example.com two", shared]);
    let plan = case.plan(&held);
    assert!(plan.is_empty(), "{:?}", changes(&plan));
    assert_eq!(plan.refusals[0].object.key, key("default/old"));
}

#[test]
fn who_creates_only_rewrites_no_owner() {
    let mut case = Case::new(&[WEB]);
    case.dns.policy = DnsPolicy::CreateOnly;
    assert!(case.plan(&held(ALB, "default/api")).is_empty());
    assert!(case.plan(&held(ALB_2, "default/web")).is_empty());
}

#[test]
fn a_record_that_changes_is_never_left_without_an_owner() {
    let case = Case::new(&[WEB]);
    let believed = held(ALB_2, "default/web");
    let plan = case.plan(&believed);
    assert_eq!(changes(&plan), ["CHANGE A web.example.com", "UPSERT TXT a-web.example.com"]);
    let Action::Aws(action) = &plan.steps[0].action else { panic!("{plan:?}") };
    // Somebody has taken some away since they were read.
    let written = |left: &Records| {
        let aws = Fake::new();
        aws.change(|state| {
            state.add_zone("ZPUB", ZONE, false);
            state.zones.get_mut(&zone().id).unwrap().records.clone_from(left);
        });
        let answer = aws.meddle(action);
        answer.map(|_| aws.change(|state| state.zones[&zone().id].records.clone()))
    };
    let mut bare = believed.clone();
    bare.retain(|key, _| key.record_type == RecordType::A);
    let end = written(&bare).unwrap();
    assert_eq!(named(&end, TXT_A), Some(member("default/web")));
    assert!(Case::new(&[]).carried_out(&end).is_empty(), "so it goes once nobody asks for it");
    // Whose the name is by now, nobody knows.
    let refused = written(&Records::new()).unwrap_err();
    assert!(refused.to_string().contains("does not stand like this"), "{refused}");
}

#[test]
fn an_older_txt_record_is_followed_by_one_of_the_present_form_where_that_can_be() {
    let older = "cname-web.example.com";
    let standing =
        records([alias(HOST, RecordType::A, ALB_2), txt(older, "default", "default/web")]);
    let case = Case::new(&[WEB]);
    let end = case.carried_out(&standing);
    assert_eq!(named(&end, TXT_A), Some(member("default/web")));
    assert!(Case::new(&[]).carried_out(&end).is_empty());
    let mut taken = standing;
    let other = values(TXT_A, RecordType::Txt, "\"hello\"");
    taken.insert(other.key.clone(), other.clone());
    let end = case.carried_out(&taken);
    assert_eq!(end.get(&other.key), Some(&other));
    assert_eq!(named(&end, older), Some(member("default/web")));
}

#[test]
fn values_of_others_beside_ours_stay() {
    let mut standing = held(ALB, "default/api");
    let shared = standing.values_mut().find(|record| record.key.name == TXT_A).unwrap();
    if let RecordValue::Values { values, .. } = &mut shared.value {
        values.push("\"v=spf1 -all\"".to_owned());
    }
    let end = Case::new(&[WEB]).carried_out(&standing);
    let end = end.values().find(|record| record.key.name == TXT_A).unwrap();
    let RecordValue::Values { values, .. } = &end.value else { panic!("{end:?}") };
    assert_eq!(values.len(), 2);
    assert!(values[0].contains("default/web") && values[1].contains("spf1"), "{values:?}");
}

#[test]
fn an_aaaa_record_goes_once_its_load_balancer_is_no_longer_dualstack() {
    let dual = Case::new(&[WEB]).dualstack();
    let standing = dual.carried_out(&Records::new());
    assert_eq!(standing.len(), 4);
    let case = Case::new(&[WEB]);
    assert_eq!(
        changes(&case.plan(&standing)),
        ["DELETE AAAA web.example.com", "DELETE TXT aaaa-web.example.com"]
    );
    let end = case.carried_out(&standing);
    assert!(case.plan(&end).is_empty());
    assert_eq!(dual.carried_out(&end), standing, "and comes back");
    // Somebody has taken it away: the TXT record that is left goes as well.
    let mut left = standing.clone();
    left.retain(|key, _| key.record_type != RecordType::Aaaa);
    assert_eq!(case.carried_out(&left), end);
    for policy in [DnsPolicy::UpsertOnly, DnsPolicy::CreateOnly] {
        let mut case = case.clone();
        case.dns.policy = policy;
        assert!(case.plan(&standing).is_empty() && case.plan(&left).is_empty(), "{policy:?}");
    }
}

#[test]
fn an_aaaa_record_of_external_dns_stays_whatever_the_load_balancer_is() {
    let standing = records([
        alias(HOST, RecordType::A, ALB),
        alias(HOST, RecordType::Aaaa, ALB),
        txt(TXT_A, "default", "default/web"),
        txt("aaaa-web.example.com", "default", "default/web"),
    ]);
    for case in [Case::new(&[WEB]), Case::new(&[WEB]).dualstack()] {
        assert!(case.plan(&standing).is_empty());
    }
}

#[test]
fn a_txt_record_whose_record_is_gone_goes_with_the_wish() {
    let left = |ingress| records([txt(TXT_A, "default", ingress)]);
    let goes = |case: &Case, standing: &Records| case.carried_out(standing).is_empty();
    let case = Case::new(&[]);
    assert!(goes(&case, &left("default/web")), "its Ingress wants no name any more");
    assert!(goes(&case, &left("default/gone")), "its Ingress is gone");
    let legacy = records([txt("cname-web.example.com", "default", "default/web")]);
    assert!(goes(&case, &legacy));
    assert!(!goes(&case, &records([txt(TXT_A, "other", "default/web")])), "another owner's");
    let bare = records([txt(HOST, "default", "default/web")]);
    assert!(!goes(&case, &bare), "it may speak of a record of a type that nobody looks at");
    let mut silent = case.clone();
    silent.stack.standing.insert(member("default/bad"));
    assert!(!goes(&silent, &left("default/bad")), "its Ingress does not say what it wants");
    let mut early = case.clone();
    early.stack.is_complete = false;
    assert!(!goes(&early, &left("default/web")), "somebody else may want it");
    let mut kept = case.clone();
    kept.dns.policy = DnsPolicy::UpsertOnly;
    assert!(!goes(&kept, &left("default/web")), "--policy keeps it");
    // Another host is called like the TXT record, and external-dns before 0.12 gave both one name.
    let own = records([
        alias(TXT_A, RecordType::A, "elsewhere.example.net"),
        txt(TXT_A, "default", "default/web"),
    ]);
    assert_eq!(case.carried_out(&own), own);
    let mut weighted = alias(HOST, RecordType::A, ALB);
    weighted.key.set_identifier = Some("blue".to_owned());
    weighted.routing = Routing::Weighted(1);
    let routed = records([weighted, txt(TXT_A, "default", "default/web")]);
    assert_eq!(case.carried_out(&routed), routed);
}

#[test]
fn an_apex_is_owned_inside_its_zone() {
    let case = Case::new(&["default/web example.com one"]);
    let end = case.carried_out(&Records::new());
    let names: Vec<&str> = end.keys().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["a-_apex.example.com", "example.com"]);
    assert!(case.plan(&end).is_empty());
    assert!(Case::new(&[]).carried_out(&end).is_empty());
}
