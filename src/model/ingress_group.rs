//! What an IngressGroup shows: whether a group is served, for whoever asks the API server.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};

use super::seen::Condition;

/// How many members, and how many problems, are listed; of more, how many there are.
pub const LISTED_MAX: usize = 50;

/// What a condition is about, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// All of what follows: whether the group is served as it asks for.
    Ready,
    /// Whether its load balancer is set up as its members ask for.
    Programmed,
    /// Whether it has the certificates that its listeners need.
    CertificatesReady,
    /// Whether its hosts lead to its load balancer.
    DnsReady,
    /// Whether each of its target groups has a target that takes requests.
    TargetsHealthy,
    /// Whether something of it comes close to what AWS allows: here `True` is the bad one.
    QuotaPressure,
}

impl Aspect {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Ready,
        Self::Programmed,
        Self::CertificatesReady,
        Self::DnsReady,
        Self::TargetsHealthy,
        Self::QuotaPressure,
    ];

    /// The type of its condition.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Programmed => "Programmed",
            Self::CertificatesReady => "CertificatesReady",
            Self::DnsReady => "DnsReady",
            Self::TargetsHealthy => "TargetsHealthy",
            Self::QuotaPressure => "QuotaPressure",
        }
    }
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It is.
    True,
    /// It is not.
    False,
    /// Nobody can tell.
    Unknown,
}

impl Truth {
    /// As conditions spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::True, Self::False, Self::Unknown].into_iter().find(|truth| truth.as_str() == text)
    }
}

/// A load balancer, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShownLoadBalancer {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Where it is reached.
    pub hostname: String,
    /// How far AWS has come with it: `active`, `provisioning` or `failed`.
    pub state: String,
}

/// A member, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShownMember {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The generation of its `spec` that the last visit has seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// A problem, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShownProblem {
    /// The object, such as `Ingress shop/web`.
    pub object: String,
    /// The reason of the Event.
    pub reason: String,
    /// The number of the reason in `docs/errors.md`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// The message of the Event.
    pub message: String,
}

/// What the status of an IngressGroup shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupStatus {
    /// Its load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<ShownLoadBalancer>,
    /// The network load balancer in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontend_nlb: Option<ShownLoadBalancer>,
    /// How many rules stand on all of its listeners, without their default ones.
    pub rules: usize,
    /// How many of its targets take requests, as in `2/3`.
    pub targets_healthy: String,
    /// How many of the certificates that it needs it has, as in `1/1`.
    pub certificates_ready: String,
    /// How many of its hosts lead to it, as in `3/3`.
    pub names_ready: String,
    /// How many problems there are.
    pub problem_count: usize,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ShownProblem>,
    /// How many members there are.
    pub ingress_count: usize,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingresses: Vec<ShownMember>,
    /// Its conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

impl GroupStatus {
    /// The condition of an aspect.
    #[must_use]
    pub fn condition(&self, aspect: Aspect) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == aspect.as_str())
    }

    /// What is kept of what was shown.
    #[must_use]
    pub fn print(&self) -> Print {
        let mut hasher = DefaultHasher::new();
        let Self { load_balancer, frontend_nlb, rules, problem_count, ingress_count, .. } = self;
        (load_balancer, frontend_nlb, rules, problem_count, ingress_count).hash(&mut hasher);
        let Self { targets_healthy, certificates_ready, names_ready, .. } = self;
        (targets_healthy, certificates_ready, names_ready).hash(&mut hasher);
        (&self.problems, &self.ingresses).hash(&mut hasher);
        for condition in &self.conditions {
            let Condition { kind, status, reason, message, observed_generation, .. } = condition;
            (kind, status, reason, message, observed_generation).hash(&mut hasher);
        }
        let since = Aspect::ALL.map(|aspect| {
            let condition = self.condition(aspect)?;
            let since = condition.last_transition_time.parse::<Timestamp>().ok()?;
            Some((Truth::parse(&condition.status)?, since.as_second()))
        });
        Print { digest: hasher.finish(), since }
    }

    /// The same, with since when each condition is what it is: since before, where it was so.
    #[must_use]
    pub fn since(mut self, before: Option<&Print>, now: Timestamp) -> Self {
        for condition in &mut self.conditions {
            let place = Aspect::ALL.iter().position(|aspect| aspect.as_str() == condition.kind);
            let before = before.zip(place).and_then(|(before, place)| before.since[place]);
            let before = before.filter(|(truth, _)| truth.as_str() == condition.status);
            let since = before.and_then(|(_, since)| Timestamp::from_second(since).ok());
            condition.last_transition_time = written(since.unwrap_or(now));
        }
        self
    }
}

/// What is kept of a status that was shown: whether another one is news, and since when its
/// conditions are what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    digest: u64,
    since: [Option<(Truth, i64)>; Aspect::ALL.len()],
}

impl Print {
    /// Whether a status says the same, whenever it came to be so.
    #[must_use]
    pub fn says(&self, status: &GroupStatus) -> bool {
        status.print().digest == self.digest
    }
}

/// A time as conditions have it: in whole seconds.
#[must_use]
pub fn written(time: Timestamp) -> SmolStr {
    format_smolstr!("{}", time.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(truth: Truth, message: &str) -> GroupStatus {
        let condition = Condition {
            kind: Aspect::DnsReady.as_str().into(),
            status: truth.as_str().into(),
            reason: "Led".into(),
            message: message.to_owned(),
            ..Condition::default()
        };
        GroupStatus { rules: 1, conditions: vec![condition], ..GroupStatus::default() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("it is one")
    }

    #[test]
    fn since_when_a_condition_is_so_moves_only_when_it_does() {
        let first = status(Truth::False, "a").since(None, at(5));
        assert_eq!(first.conditions[0].last_transition_time, "1970-01-01T00:00:05Z");
        let print = first.print();
        assert!(print.says(&status(Truth::False, "a")));
        assert!(!print.says(&status(Truth::False, "b")));
        let second = status(Truth::False, "b").since(Some(&print), at(7));
        assert_eq!(second.conditions[0].last_transition_time, "1970-01-01T00:00:05Z");
        let third = status(Truth::True, "b").since(Some(&second.print()), at(9));
        assert_eq!(third.conditions[0].last_transition_time, "1970-01-01T00:00:09Z");
    }

    #[test]
    fn what_was_written_is_read_back_and_says_the_same() {
        let shown = status(Truth::True, "a").since(None, at(5));
        let text = serde_json::to_string(&shown).expect("it is plain data");
        let read: GroupStatus = serde_json::from_str(&text).expect("it was written so");
        assert_eq!((read.print(), &read), (shown.print(), &shown));
    }
}
