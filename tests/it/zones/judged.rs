//! What the plan of a zone must never do is found in a plan that does it.

use albedo::model::plan::Reason;
use albedo::model::record::RecordChange;

use super::*;

const WEB: &str = "default/web web.example.com one";
const TXT_A: &str = "a-web.example.com";

/// What is wrong with a batch of changes, on what stands.
fn judged(case: &Case, standing: &Records, changes: &[(Verb, Record)]) -> Vec<String> {
    let changes = changes.iter().cloned().map(|(verb, record)| RecordChange { verb, record });
    let changes = changes.collect();
    let batch = Route53Action::ChangeRecords { zone: case.stack.zone.clone(), changes };
    let mut plan = Plan::default();
    plan.push(Action::Aws(AwsAction::Route53(batch)), Reason::Missing, Vec::new());
    let breaches = check::zone(&plan, &case.settings(), &case.stack, &case.inventory(standing));
    breaches.into_iter().map(|breach| breach.why).collect()
}

#[test]
fn what_is_not_ours_is_neither_changed_nor_removed() {
    let case = Case::new(&[WEB]);
    let ours = alias(HOST, RecordType::A, ALB);
    for owner in [None, Some("somebody"), Some("")] {
        let claim = owner.map(|owner| txt(TXT_A, owner, "default/web"));
        let standing = records([alias(HOST, RecordType::A, ALB_2)].into_iter().chain(claim));
        for (verb, record) in [(Verb::Upsert, ours.clone()), (Verb::Delete, ours.clone())] {
            let found = judged(&case, &standing, &[(verb, record)]);
            assert_eq!(found, ["the A record web.example.com is not ours"], "{owner:?} {verb:?}");
        }
    }
    let foreign = records([txt(TXT_A, "somebody", "default/web")]);
    let claim = txt(TXT_A, "default", "default/web");
    let found = judged(&case, &foreign, &[(Verb::Create, ours.clone()), (Verb::Upsert, claim)]);
    assert_eq!(found, ["the TXT record a-web.example.com is not ours"]);
}

#[test]
fn what_people_wrote_beside_our_text_stays() {
    let case = Case::new(&[]);
    let claim = Ownership::of("default", &member("default/web")).to_string();
    let values = vec![claim, "\"v=spf1 -all\"".to_owned()];
    let shared = RecordValue::Values { ttl: TTL, values };
    let shared = Record::simple(HOST, RecordType::Txt, shared);
    let ours = alias(HOST, RecordType::A, ALB);
    let standing = records([ours.clone(), shared.clone()]);
    let goes = [(Verb::Delete, ours), (Verb::Delete, shared)];
    assert_eq!(judged(&case, &standing, &goes), ["the TXT record web.example.com is not ours"]);
    assert_eq!(judged(&case, &standing, &goes[..1]), [""; 0]);
}

#[test]
fn a_name_that_is_asked_for_keeps_a_record() {
    let (a, aaaa) = (alias(HOST, RecordType::A, ALB), alias(HOST, RecordType::Aaaa, ALB));
    let claims = [RecordType::A, RecordType::Aaaa]
        .map(|about| txt(&txt_name(HOST, about), "default", "default/web"));
    let standing = records([a.clone(), aaaa.clone()].into_iter().chain(claims.clone()));
    let goes = |record: &Record| (Verb::Delete, record.clone());
    let all = [goes(&a), goes(&aaaa), goes(&claims[0]), goes(&claims[1])];
    let case = Case::new(&[WEB]);
    assert_eq!(
        judged(&case, &standing, &all),
        ["web.example.com is asked for and would lead nowhere"]
    );
    assert_eq!(judged(&case, &standing, &[goes(&aaaa), goes(&claims[1])]), [""; 0]);
    let (from, to) = (alias(HOST, RecordType::A, ALB_2), a);
    let standing = records([from.clone(), claims[0].clone()]);
    assert_eq!(judged(&case, &standing, &[goes(&from), (Verb::Create, to)]), [""; 0]);
    let nobody = Case::new(&[]);
    assert_eq!(judged(&nobody, &standing, &[goes(&from), goes(&claims[0])]), [""; 0]);
}

#[test]
fn no_record_is_left_that_nobody_owns() {
    let case = Case::new(&[WEB]);
    let (ours, claim) = (alias(HOST, RecordType::A, ALB), txt(TXT_A, "default", "default/web"));
    let found = judged(&case, &records([]), &[(Verb::Create, ours.clone())]);
    assert_eq!(found, ["the A record web.example.com would have no owner"]);
    let both = [(Verb::Create, ours.clone()), (Verb::Create, claim.clone())];
    assert_eq!(judged(&case, &records([]), &both), [""; 0]);
    let found = judged(&case, &records([ours, claim.clone()]), &[(Verb::Delete, claim)]);
    assert_eq!(found, ["the A record web.example.com would have no owner"]);
}
