//! Which sets of names share a certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use albedo::desired::packing::{Asked, pack};
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::request::{NAMES_MAX, RequestKey};
use jiff::Timestamp;
use smol_str::SmolStr;

fn asked(since: i64, hosts: &[String]) -> Asked {
    let names = hosts.iter().map(|host| SmolStr::new(host.as_str())).collect();
    let sets = [Arc::new(RequestKey { names, authority: None })].into();
    Asked { since: Timestamp::from_second(since).ok(), sets, may_share: true }
}

/// So many members, each of which asks for a host of its own, the first one for longest.
fn members(count: i64) -> BTreeMap<ObjectKey, Asked> {
    let one = |n: i64| (key(n), asked(n, &[format!("h{n}.example.com")]));
    (0..count).map(one).collect()
}

fn key(n: i64) -> ObjectKey {
    ObjectKey::new("shop", format!("i{n}"))
}

/// The sets that all of them ask for in the end.
fn packed(members: &BTreeMap<ObjectKey, Asked>, others: usize) -> BTreeSet<Arc<RequestKey>> {
    let packed = pack(&members.iter().collect(), others, |_| true);
    let each = members.iter().map(|(key, one)| packed.get(key).unwrap_or(&one.sets));
    each.flatten().cloned().collect()
}

fn names(sets: &BTreeSet<Arc<RequestKey>>) -> usize {
    sets.iter().map(|set| set.names.len()).sum()
}

#[test]
fn there_is_room_for_a_hundred_hosts_and_none_is_lost() {
    for (count, others) in [(1, 0), (20, 0), (21, 0), (60, 0), (100, 0), (40, 12), (5, 30)] {
        let found = packed(&members(count), others);
        assert_eq!(i64::try_from(names(&found)), Ok(count), "{count} {others}");
        assert!(found.iter().all(|set| set.names.len() <= NAMES_MAX), "{found:?}");
        assert!(others > 20 || found.len() + others <= 20, "{count} {others} {}", found.len());
    }
}

#[test]
fn whoever_comes_or_goes_changes_few_certificates() {
    let mut changed = 0;
    for count in 0..100 {
        let (before, after) = (packed(&members(count), 0), packed(&members(count + 1), 0));
        let new = after.difference(&before).count();
        // A leaf that is full is halved, and makes room by taking in those who stood alone.
        assert!(new <= 6, "{count}: {new}");
        changed += new;
    }
    assert!(changed <= 250, "{changed}");
    for gone in [0, 19, 20, 40, 59] {
        let mut left = members(60);
        let before = packed(&left, 0);
        left.remove(&key(gone));
        let new = packed(&left, 0).difference(&before).count();
        assert!(new <= 4, "{gone}: {new}");
    }
}

#[test]
fn order_of_names_decides_nothing_and_large_sets_and_lbc_s_stay_as_they_are() {
    let mut all = members(30);
    let many: Vec<String> = (0..6).map(|n| format!("m{n}.example.com")).collect();
    all.insert(key(100), asked(100, &many));
    let of_lbc = Asked { may_share: false, ..asked(101, &["lbc.example.com".to_owned()]) };
    all.insert(key(101), of_lbc);
    let found = pack(&all.iter().collect(), 0, |_| true);
    assert!(!found.is_empty() && !found.contains_key(&key(100)));
    assert!(!found.contains_key(&key(101)));
    // Authorities share nothing.
    let authority = Some(AwsId::new("arn:of:one"));
    for n in 0..5 {
        let one = all.get_mut(&key(n)).map(|one| one.sets.pop_first());
        let set =
            one.flatten().map(|set| RequestKey { authority: authority.clone(), ..(*set).clone() });
        let sets = set.into_iter().map(Arc::new).collect();
        all.entry(key(n)).and_modify(|one| one.sets = sets);
    }
    let found = packed(&all, 0);
    let mixed = found.iter().filter(|set| set.authority.is_some());
    assert_eq!(mixed.map(|set| set.names.len()).sum::<usize>(), 5);
}

#[test]
fn what_cannot_be_proved_is_packed_with_nothing_and_takes_no_place() {
    let all = members(60);
    let is_bad = |set: &RequestKey| set.names.iter().any(|name| name.contains('7'));
    let found = pack(&all.iter().collect(), 0, |set| !is_bad(set));
    let of = |key| found.get(key).unwrap_or(&all[key].sets);
    let (bad, good): (Vec<_>, Vec<_>) =
        all.keys().partition(|key| all[*key].sets.iter().any(|set| is_bad(set)));
    assert!(bad.len() > 5 && bad.iter().all(|key| !found.contains_key(*key)), "{bad:?}");
    let sets: BTreeSet<_> = good.iter().flat_map(|key| of(key)).collect();
    assert!(sets.iter().all(|set| !is_bad(set)) && sets.len() <= 20, "{sets:?}");
    // Where those alone are left that can be proved, all is the same.
    let mut left = all.clone();
    left.retain(|key, _| good.contains(&key));
    assert_eq!(pack(&left.iter().collect(), 0, |_| true), found);
}
