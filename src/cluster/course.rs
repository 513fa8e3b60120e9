//! What a watch asks for next: a list, what happens after it, and now and then a proof that nothing
//! was missed. Pure.

use std::time::Duration;

use crate::model::moment::Moment;

/// For how long a watch is asked for while a proof is looked for. The API server sends a bookmark
/// two seconds before it ends one.
const PROOF_SECONDS: u32 = 3;
/// How many such watches may end without the proof before everything is listed anew. An API server
/// hears from etcd each 5 s where nothing happens.
const PROOF_TRIES: u32 = 4;
/// How many answers in a row may be refusals or worse before everything is listed anew: what was
/// known may be of a cluster that has been set back.
const REFUSALS_MAX: u32 = 3;

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// A part of the list of everything.
    Page(Option<String>),
    /// Which version the cluster is at.
    Version,
    /// What happens after a version, for so many seconds.
    Watch(String, u32),
}

/// Where a watch stands.
#[derive(Debug)]
pub(super) struct Course {
    /// For how long a watch is asked for.
    watch_seconds: u32,
    stage: Stage,
    /// What is known is at least as new as the cluster was at this moment.
    current: Option<Moment>,
    /// What is known should be at least as new as the cluster was at this moment.
    wanted: Moment,
    refusals: u32,
}

#[derive(Debug)]
enum Stage {
    Listing(Listing),
    Watching { version: String, goal: Option<Goal> },
}

/// A list under way.
#[derive(Debug, Default)]
struct Listing {
    /// When it was begun; the API server answers as of then or later.
    began: Option<Moment>,
    next: Option<String>,
}

/// A version that the cluster had: whoever has come so far has missed nothing before `began`.
#[derive(Debug)]
struct Goal {
    began: Moment,
    version: u64,
    tries: u32,
}

impl Course {
    /// Nothing is known.
    pub(super) fn new(watch_seconds: u32) -> Self {
        let stage = Stage::Listing(Listing::default());
        Self { watch_seconds, stage, current: None, wanted: Moment::default(), refusals: 0 }
    }

    /// What to ask for.
    pub(super) fn next(&self) -> Ask {
        match &self.stage {
            Stage::Listing(listing) => Ask::Page(listing.next.clone()),
            Stage::Watching { version, goal: Some(_) } => {
                Ask::Watch(version.clone(), PROOF_SECONDS)
            }
            Stage::Watching { .. } if self.is_behind() => Ask::Version,
            Stage::Watching { version, goal: None } => {
                Ask::Watch(version.clone(), self.watch_seconds)
            }
        }
    }

    /// Takes note that what is known has to be at least as new as the cluster was at a moment. Says
    /// whether that is not so yet.
    pub(super) fn want(&mut self, since: Moment) -> bool {
        self.wanted = since.max(self.wanted);
        self.is_behind()
    }

    fn is_behind(&self) -> bool {
        self.current.is_none_or(|current| current < self.wanted)
    }

    /// A part of a list that was asked for at `asked` has come, of a list of this version. Says how
    /// new what is known is now, where the list is complete.
    pub(super) fn listed(
        &mut self,
        asked: Moment,
        version: &str,
        next: Option<String>,
    ) -> Option<Moment> {
        self.refusals = 0;
        let Stage::Listing(listing) = &mut self.stage else { return None };
        let began = *listing.began.get_or_insert(asked);
        if next.is_some() {
            listing.next = next;
            return None;
        }
        self.stage = Stage::Watching { version: version.to_owned(), goal: None };
        self.reach(began)
    }

    /// The cluster was at this version when it was asked at `asked`, or later. Says how new what is
    /// known is, where it is as new as that.
    pub(super) fn answered(&mut self, asked: Moment, answer: &str) -> Option<Moment> {
        self.refusals = 0;
        let Stage::Watching { version, goal } = &mut self.stage else { return None };
        if *version == answer {
            return self.reach(asked);
        }
        // Versions are numbers, and later ones are higher (Kubernetes, since 1.35 by contract);
        // where they are not, only a list is a proof.
        let Ok(number) = answer.parse() else {
            self.expired();
            return None;
        };
        *goal = Some(Goal { began: asked, version: number, tries: 0 });
        let version = version.clone();
        self.passed(version)
    }

    /// All that happened up to this version has been heard. Says how new what is known is now,
    /// where that is a proof.
    pub(super) fn passed(&mut self, to: String) -> Option<Moment> {
        self.refusals = 0;
        let Stage::Watching { version, goal } = &mut self.stage else { return None };
        *version = to;
        let reached = goal
            .take_if(|goal| version.parse::<u64>().is_ok_and(|version| version >= goal.version))?;
        self.reach(reached.began)
    }

    /// A watch has come to its end as it should.
    pub(super) fn ended(&mut self) {
        let Stage::Watching { goal: Some(goal), .. } = &mut self.stage else { return };
        goal.tries += 1;
        if goal.tries >= PROOF_TRIES {
            self.expired();
        }
    }

    /// The API server no longer knows where we stood.
    pub(super) fn expired(&mut self) {
        self.refusals = 0;
        self.stage = Stage::Listing(Listing::default());
    }

    /// The API server has answered, and the answer is of no use.
    pub(super) fn refused(&mut self) {
        self.refusals += 1;
        if self.refusals >= REFUSALS_MAX {
            self.expired();
        }
    }

    /// Whether a list begins: nothing of it has come yet.
    pub(super) fn is_beginning(&self) -> bool {
        matches!(&self.stage, Stage::Listing(Listing { began: None, .. }))
    }

    fn reach(&mut self, moment: Moment) -> Option<Moment> {
        self.current = self.current.max(Some(moment));
        self.current
    }
}

/// How long a watch that failed once waits, and at most; doubled in between (client-go's
/// reflector).
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(800);
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The failures of a watch since it last lived.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    count: u32,
    told: Option<String>,
}

impl Trouble {
    /// Notes a sign of life. Says whether there had been trouble.
    pub(super) fn is_over(&mut self) -> bool {
        std::mem::take(self).count > 0
    }

    /// Notes a failure. Says whether it differs from the one before.
    pub(super) fn is_news(&mut self, message: &str) -> bool {
        self.count += 1;
        let is_news = self.told.as_deref() != Some(message);
        self.told = Some(message.to_owned());
        is_news
    }

    /// How long to wait before the next attempt.
    pub(super) fn pause(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.count.saturating_sub(1));
        PAUSE_MIN.saturating_mul(doubled).min(PAUSE_MAX)
    }
}

#[cfg(test)]
mod tests;
