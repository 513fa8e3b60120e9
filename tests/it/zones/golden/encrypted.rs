//! The cases in which TXT records are encrypted.

use albedo::model::ownership::TxtCipher;

use super::*;

const KEY: &str = "01234567890123456789012345678901";
/// What external-dns wrote beside an A and an AAAA record of `default/web`.
const WRITTEN: [&str; 2] = [
    "\"zIccW+1nN4IiMX1ug1eAtOTJ17EtcTVcVB3wsHjNdhyCKlTgVVVOL6zHBBXwTnUzL2ncRHhc19hXofAabjy/9T+CVVqY\
     GlVuH5d8pG5J7hoiA2/LSPEb2sd8aKSy7JpSOtDs6T1GtzOaBFwpdZ0UXcQ91GPz\"",
    "\"eAtt4hijPnL1qD3/CQeeOk/2EgWRtGU5vutEidLdqZPhRe4bpbu/1eVkjIyFYLaP6jPTsfa2GYAAhzCGt9LSAjW/QBcz\
     8eg5wmVbnh7WULhUtRwCAki9hobGu6BPucRnM+8ZP2llRauhWqocHbmZNDwn3iz9\"",
];

/// The same with a key, which new values are written by or not.
fn keyed(wishes: &[&str], is_used: bool) -> Case {
    let mut case = dual(wishes);
    case.dns.txt_cipher = TxtCipher::new(KEY, is_used);
    case
}

fn texts(zone: &Records) -> Vec<&str> {
    let texts = zone.values().filter(|record| record.key.record_type == RecordType::Txt);
    let first = texts.map(|record| match &record.value {
        RecordValue::Values { values, .. } => values[0].as_str(),
        RecordValue::Alias { .. } => "",
    });
    first.collect()
}

fn is_plain(value: &&str) -> bool {
    value.contains("heritage")
}

/// A zone as external-dns leaves it that encrypts.
fn standing() -> Records {
    let names = ["a-web.example.com", "aaaa-web.example.com"];
    let texts = names.into_iter().zip(WRITTEN);
    let texts = texts.map(|(name, value)| values(name, RecordType::Txt, value));
    records(both(ALB).into_iter().chain(texts))
}

pub fn from_the_start() {
    let case = keyed(&[WEB], true);
    assert_eq!(sorted(&case.plan(&Records::new())), four("CREATE", HOST));
    let end = case.carried_out(&Records::new());
    assert!(!texts(&end).iter().any(is_plain), "{end:?}");
    assert_ne!(texts(&end)[0], texts(&end)[1], "a nonce is used once");
    assert_eq!(end, case.carried_out(&Records::new()), "the same plan has the same values");
    assert!(case.plan(&end).is_empty());
    assert!(keyed(&[], true).carried_out(&end).is_empty());
    // What external-dns wrote is ours, with its bytes, as long as it says the same.
    let theirs = standing();
    assert!(case.plan(&theirs).is_empty());
    assert!(keyed(&[], true).carried_out(&theirs).is_empty());
    let moved = keyed(&["default/web web.example.com two"], true).carried_out(&theirs);
    // Of the two only the AAAA record says more here: that it follows the load balancer.
    assert_eq!(texts(&moved)[0], WRITTEN[0], "what says what it should keeps its bytes");
    assert!(keyed(&["default/web web.example.com two"], true).plan(&moved).is_empty());
    // Nobody without the key takes it for his own, or for free.
    let plan = dual(&[WEB]).plan(&theirs);
    assert!(plan.is_empty() && dual(&[]).plan(&theirs).is_empty());
}

pub fn later() {
    let before = dual(&[WEB]).carried_out(&Records::new());
    let case = keyed(&[WEB], true);
    assert!(case.plan(&before).is_empty(), "no record is written for the sake of its value");
    assert!(keyed(&[], true).carried_out(&before).is_empty(), "external-dns never gets that done");
    // What is written for another reason is written as it should be, there and back.
    let after = keyed(&["default/web web.example.com two"], true).carried_out(&before);
    assert!(!texts(&after).iter().any(is_plain));
    let back = keyed(&[WEB], false);
    assert!(keyed(&["default/web web.example.com two"], false).plan(&after).is_empty());
    assert!(texts(&back.carried_out(&after)).iter().all(is_plain));
}
