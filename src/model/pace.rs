//! How often certificates are imported and asked for. ACM counts every import, the first one of a
//! certificate and those that renew it, and every request, and takes so many of each a year from an
//! account and region; whoever uses them up keeps everybody from having certificates.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use smol_str::SmolStr;

use super::id::ObjectKey;
use super::moment::Moment;
use super::request::RequestKey;

/// How many imports, and how many requests, ACM takes in a year from an account and region (its
/// default quotas).
const YEARLY: u32 = 5_000;
/// How many of them are kept for what is in use and about to expire: a fifth.
const RESERVE: u32 = YEARLY / 5;
/// How many imports may come at once in a cluster: as many certificates as ACM keeps for an account
/// and region (its default quota).
const AT_ONCE: u32 = 2_500;
/// The pause between further ones, so that no year sees more than the quota without its reserve.
const PAUSE: Duration =
    match Duration::from_secs(365 * 24 * 60 * 60).checked_div(YEARLY - RESERVE - AT_ONCE) {
        Some(pause) => pause,
        None => Duration::MAX,
    };
/// The same of one namespace: a team that brings a certificate for each of a hundred hosts waits
/// for nothing, and then has four a day.
const AT_ONCE_OF_NAMESPACE: u32 = 100;
const PAUSE_OF_NAMESPACE: Duration = Duration::from_secs(6 * 60 * 60);
/// The same of one Secret: a mistake can be mended at once.
const AT_ONCE_OF_SECRET: u32 = 2;
const PAUSE_OF_SECRET: Duration = Duration::from_secs(10 * 60);
/// For how long names that share a certificate have to stay the same before ACM is asked for it:
/// who comes with many others changes them with each of these.
const SETTLED_AFTER: Duration = Duration::from_secs(10);
/// How often at most ACM is asked for one set of names, whoever asks and takes it back again.
const PAUSE_OF_SET: Duration = Duration::from_secs(60 * 60);

/// How much an import matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// What it replaces is in use and about to expire.
    Expiring,
    /// Anything else.
    Any,
}

/// Whose imports or requests were too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Those of one Secret, or of one set of names.
    Own,
    /// The namespace's.
    Namespace,
    /// The cluster's.
    Cluster,
}

/// The imports of a cluster: those that this process made, and what stands of earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    of_secrets: BTreeMap<ObjectKey, Meter>,
    of_namespaces: BTreeMap<SmolStr, Meter>,
    of_all: Meter,
}

impl Imports {
    /// Whether a Secret may be imported now.
    ///
    /// # Errors
    /// It has to wait, for so long and for the sake of that.
    pub fn may(
        &self,
        secret: &ObjectKey,
        urgency: Urgency,
        now: Moment,
    ) -> Result<(), (Duration, Limited)> {
        let of_secret = self.of_secrets.get(secret).copied().unwrap_or_default();
        let of_namespace = self.of_namespaces.get(&secret.namespace).copied().unwrap_or_default();
        let limits = [
            (of_secret.wait((AT_ONCE_OF_SECRET, PAUSE_OF_SECRET), now), Limited::Own),
            (
                of_namespace.wait((AT_ONCE_OF_NAMESPACE, PAUSE_OF_NAMESPACE), now),
                Limited::Namespace,
            ),
            (self.of_all.wait((AT_ONCE, PAUSE), now), Limited::Cluster),
        ];
        let counts = |limited: Limited| limited == Limited::Own || urgency == Urgency::Any;
        let waits =
            limits.into_iter().filter(|(wait, limited)| !wait.is_zero() && counts(*limited));
        waits.max_by_key(|(wait, _)| *wait).map_or(Ok(()), Err)
    }

    /// Takes note of an import of a Secret.
    pub fn made(&mut self, secret: &ObjectKey, now: Moment) {
        self.of_secrets.retain(|_, meter| meter.is_running(now));
        self.of_namespaces.retain(|_, meter| meter.is_running(now));
        self.of_secrets.entry(secret.clone()).or_default().pass(PAUSE_OF_SECRET, now);
        let of_namespace = self.of_namespaces.entry(secret.namespace.clone()).or_default();
        of_namespace.pass(PAUSE_OF_NAMESPACE, now);
        self.of_all.pass(PAUSE, now);
    }

    /// Takes note of imports that stand, whoever made them, each with how long ago it was made.
    pub fn recall(&mut self, mut past: Vec<(ObjectKey, Duration)>, now: Moment) {
        past.sort_by_key(|(_, ago)| Reverse(*ago));
        let namespaces = past.iter().map(|(secret, ago)| (secret.namespace.clone(), *ago));
        recall(&mut self.of_namespaces, namespaces, PAUSE_OF_NAMESPACE, now);
        self.of_all.at_least(past.iter().map(|(_, ago)| *ago), PAUSE, now);
        recall(&mut self.of_secrets, past, PAUSE_OF_SECRET, now);
    }
}

/// The requests of a cluster: those that this process made, and what stands of earlier ones. What
/// stands is found before it is asked for again.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    of_sets: BTreeMap<RequestKey, Meter>,
    /// Since when names are asked for together.
    together: BTreeMap<RequestKey, Moment>,
    of_namespaces: BTreeMap<SmolStr, Meter>,
    of_all: Meter,
}

impl Requests {
    /// How long names that share a certificate have to stay the same until ACM is asked for it.
    pub fn settling(&mut self, key: &RequestKey, now: Moment) -> Duration {
        self.together.retain(|_, since| now.since(*since) < SETTLED_AFTER * 2);
        let since = *self.together.entry(key.clone()).or_insert(now);
        SETTLED_AFTER.saturating_sub(now.since(since))
    }

    /// Whether ACM may be asked now for a certificate for the sake of a namespace.
    ///
    /// # Errors
    /// That has to wait, for so long and for the sake of that.
    pub fn may(
        &self,
        key: &RequestKey,
        namespace: &str,
        now: Moment,
    ) -> Result<(), (Duration, Limited)> {
        let of_set = self.of_sets.get(key).copied().unwrap_or_default();
        let of_namespace = self.of_namespaces.get(namespace).copied().unwrap_or_default();
        let namespaces = (AT_ONCE_OF_NAMESPACE, PAUSE_OF_NAMESPACE);
        let limits = [
            (of_set.wait((1, PAUSE_OF_SET), now), Limited::Own),
            (of_namespace.wait(namespaces, now), Limited::Namespace),
            (self.of_all.wait((AT_ONCE, PAUSE), now), Limited::Cluster),
        ];
        let waits = limits.into_iter().filter(|(wait, _)| !wait.is_zero());
        waits.max_by_key(|(wait, _)| *wait).map_or(Ok(()), Err)
    }

    /// Takes note of a request for the sake of a namespace.
    pub fn made(&mut self, key: &RequestKey, namespace: &str, now: Moment) {
        self.of_sets.retain(|_, meter| meter.is_running(now));
        self.of_namespaces.retain(|_, meter| meter.is_running(now));
        self.of_sets.entry(key.clone()).or_default().pass(PAUSE_OF_SET, now);
        let of_namespace = self.of_namespaces.entry(namespace.into()).or_default();
        of_namespace.pass(PAUSE_OF_NAMESPACE, now);
        self.of_all.pass(PAUSE, now);
    }

    /// Takes note of what stands that ACM was asked for, whoever asked, each with for the sake of
    /// which namespace and how long ago.
    pub fn recall(&mut self, mut past: Vec<(SmolStr, Duration)>, now: Moment) {
        past.sort_by_key(|(_, ago)| Reverse(*ago));
        self.of_all.at_least(past.iter().map(|(_, ago)| *ago), PAUSE, now);
        recall(&mut self.of_namespaces, past, PAUSE_OF_NAMESPACE, now);
    }
}

/// Takes note of what was made, each with how long ago, what was longest ago first.
fn recall<K: Ord + Clone>(
    meters: &mut BTreeMap<K, Meter>,
    past: impl IntoIterator<Item = (K, Duration)>,
    pause: Duration,
    now: Moment,
) {
    let mut each: BTreeMap<K, Vec<Duration>> = BTreeMap::new();
    for (key, ago) in past {
        each.entry(key).or_default().push(ago);
    }
    for (key, past) in each {
        let mut meter = meters.get(&key).copied().unwrap_or_default();
        meter.at_least(past, pause, now);
        if meter.is_running(now) {
            meters.insert(key, meter);
        }
    }
}

/// What one pause after the other has been used up until when.
#[derive(Clone, Copy, Debug, Default)]
struct Meter(Moment);

impl Meter {
    fn is_running(self, now: Moment) -> bool {
        self.0 > now
    }

    /// How long the next one waits, where so many may come at once.
    fn wait(self, (at_once, pause): (u32, Duration), now: Moment) -> Duration {
        let ahead = self.0.since(now);
        ahead.saturating_sub(pause.saturating_mul(at_once.saturating_sub(1)))
    }

    fn pass(&mut self, pause: Duration, now: Moment) {
        self.0 = self.0.max(now).plus(pause);
    }

    /// Is used up for as long at least as these have made it, each so long ago, what was longest
    /// ago first: what was counted is not counted again.
    fn at_least(&mut self, past: impl IntoIterator<Item = Duration>, pause: Duration, now: Moment) {
        let (mut ahead, mut last) = (Duration::ZERO, Duration::ZERO);
        for ago in past {
            ahead = ahead.saturating_sub(last.saturating_sub(ago)).saturating_add(pause);
            last = ago;
        }
        self.0 = self.0.max(now.plus(ahead.saturating_sub(last)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    fn secret(number: u32) -> ObjectKey {
        ObjectKey::new("shop", format!("tls-{number}"))
    }

    fn take(
        imports: &mut Imports,
        secret: &ObjectKey,
        urgency: Urgency,
        now: Moment,
    ) -> Result<(), (Duration, Limited)> {
        imports.may(secret, urgency, now).inspect(|()| imports.made(secret, now))
    }

    #[test]
    fn two_of_a_secret_come_at_once_and_then_one_each_ten_minutes() {
        let mut imports = Imports::default();
        let taken = (0..3600).filter(|second| {
            take(&mut imports, &secret(1), Urgency::Expiring, at(*second)).is_ok()
        });
        assert_eq!(taken.collect::<Vec<_>>(), [0, 1, 600, 1200, 1800, 2400, 3000]);
        // Another one is not concerned, and a day later all is forgotten.
        assert_eq!(take(&mut imports, &secret(2), Urgency::Any, at(3600)), Ok(()));
        for second in [90_000, 90_001] {
            assert_eq!(take(&mut imports, &secret(1), Urgency::Any, at(second)), Ok(()));
        }
    }

    #[test]
    fn a_namespace_has_a_budget_and_what_expires_does_not_wait_for_it() {
        let mut imports = Imports::default();
        for number in 0..AT_ONCE_OF_NAMESPACE {
            assert_eq!(take(&mut imports, &secret(number), Urgency::Any, at(5)), Ok(()));
        }
        let wait = take(&mut imports, &secret(500), Urgency::Any, at(5));
        assert_eq!(wait, Err((PAUSE_OF_NAMESPACE, Limited::Namespace)));
        assert_eq!(take(&mut imports, &secret(500), Urgency::Expiring, at(5)), Ok(()));
        let other = ObjectKey::new("other", "tls");
        assert_eq!(take(&mut imports, &other, Urgency::Any, at(5)), Ok(()));
    }

    #[test]
    fn what_stands_of_earlier_imports_counts_once() {
        let past = (0..AT_ONCE_OF_NAMESPACE).map(|n| (secret(n), Duration::from_secs(60)));
        let past: Vec<_> = past.collect();
        let mut imports = Imports::default();
        for _ in 0..2 {
            imports.recall(past.clone(), at(5));
            let wait = imports.may(&secret(500), Urgency::Any, at(5));
            let left = PAUSE_OF_NAMESPACE.saturating_sub(Duration::from_secs(60));
            assert_eq!(wait, Err((left, Limited::Namespace)));
        }
        // One of a Secret leaves room for another one, and the second is the last for a while.
        assert_eq!(take(&mut imports, &secret(1), Urgency::Expiring, at(5)), Ok(()));
        let wait = imports.may(&secret(1), Urgency::Expiring, at(5));
        assert_eq!(wait, Err((Duration::from_secs(540), Limited::Own)));
        // What was long ago holds nobody up.
        let mut imports = Imports::default();
        let day = Duration::from_secs(24 * 60 * 60);
        imports.recall((0..90).map(|n| (secret(n), day * (1 + n / 4))).collect(), at(5));
        assert_eq!(imports.may(&secret(500), Urgency::Any, at(5)), Ok(()));
    }

    #[test]
    fn a_set_of_names_is_asked_for_once_an_hour_and_a_namespace_has_a_budget() {
        let key = |name: String| RequestKey { names: [name.into()].into(), authority: None };
        let mut requests = Requests::default();
        let one = key("a.example.com".to_owned());
        requests.made(&one, "shop", at(0));
        let wait = |seconds| Err((Duration::from_secs(seconds), Limited::Own));
        assert_eq!(requests.may(&one, "shop", at(600)), wait(3000));
        assert_eq!(requests.may(&one, "other", at(3599)), wait(1));
        assert_eq!(requests.may(&one, "shop", at(3600)), Ok(()));
        for number in 1..AT_ONCE_OF_NAMESPACE {
            let key = key(format!("h{number}.example.com"));
            assert_eq!(requests.may(&key, "shop", at(0)), Ok(()), "{number}");
            requests.made(&key, "shop", at(0));
        }
        let next = key("z.example.com".to_owned());
        let wait = Err((PAUSE_OF_NAMESPACE, Limited::Namespace));
        assert_eq!(requests.may(&next, "shop", at(0)), wait);
        assert_eq!(requests.may(&next, "other", at(0)), Ok(()));
    }

    #[test]
    fn names_that_share_a_certificate_have_to_stay_the_same_for_a_while() {
        let key = RequestKey { names: ["a.example.com".into()].into(), authority: None };
        let mut requests = Requests::default();
        let wait = |requests: &mut Requests, second| requests.settling(&key, at(second)).as_secs();
        let waits = [0, 4, 10, 19, 20].map(|second| wait(&mut requests, second));
        assert_eq!(waits, [10, 6, 0, 0, 10], "what was so a while ago is seen anew");
    }

    #[test]
    fn a_year_leaves_a_reserve_whatever_namespaces_do() {
        let mut imports = Imports::default();
        let mut count = 0;
        let year = 365 * 24 * 60 * 60;
        for hour in 0..(year / 3600) {
            for number in 0..40 {
                let secret = ObjectKey::new(format!("team-{hour}-{number}"), "tls");
                count +=
                    u32::from(take(&mut imports, &secret, Urgency::Any, at(hour * 3600)).is_ok());
            }
        }
        assert!(count <= YEARLY - RESERVE, "{count}");
        let last = ObjectKey::new("shop", "tls");
        let wait = take(&mut imports, &last, Urgency::Any, at(year - 3600));
        assert!(matches!(wait, Err((_, Limited::Cluster))), "{wait:?}");
        assert_eq!(take(&mut imports, &last, Urgency::Expiring, at(year - 3600)), Ok(()));
    }
}
