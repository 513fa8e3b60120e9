//! How far the watches have come, and how sure it is that what they showed still stands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use tokio::sync::watch;

use super::wire::{
    EndpointSlice, IngressClassParams, Namespace, Node, Pod, TargetGroupBinding, TenantPolicy,
};
use crate::model::moment::Moment;

/// How long a watch may be silent before it is opened anew. One that lives shows so each minute:
/// that is how often the API server sends bookmarks.
pub const SILENCE_MAX: Duration = Duration::from_secs(90);

/// Every kind that is watched.
const KINDS: [&str; 10] = [
    Ingress::KIND,
    IngressClass::KIND,
    IngressClassParams::KIND,
    Service::KIND,
    EndpointSlice::KIND,
    Pod::KIND,
    Node::KIND,
    Namespace::KIND,
    TargetGroupBinding::KIND,
    TenantPolicy::KIND,
];

/// How far the watches have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    kinds: BTreeMap<&'static str, Standing>,
}

/// How far the watch of one kind has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Standing {
    /// What is known of the kind is at least as new as the cluster was at this moment.
    current: Option<Moment>,
    /// When the API server last said anything.
    alive: Option<Moment>,
    failures: u64,
}

impl Progress {
    /// Nothing has come yet.
    fn new() -> Self {
        Self { kinds: KINDS.into_iter().map(|kind| (kind, Standing::default())).collect() }
    }

    /// Whether a complete list of every kind has come. Until then, what is not known may exist all
    /// the same.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.awaited().next().is_none()
    }

    /// The kinds of which no complete list has come yet.
    pub fn awaited(&self) -> impl Iterator<Item = &'static str> {
        self.those(|standing| standing.current.is_none())
    }

    /// Whether all that is known is at least as new as the cluster was at a moment.
    #[must_use]
    pub fn is_fresh(&self, since: Moment) -> bool {
        self.stale(since).next().is_none()
    }

    /// The kinds of which what is known may be older than a moment.
    pub fn stale(&self, since: Moment) -> impl Iterator<Item = &'static str> {
        self.those(move |standing| standing.current.is_none_or(|current| current < since))
    }

    /// The kinds about which the API server has said nothing for longer than that.
    pub fn silent(&self, now: Moment, longest: Duration) -> impl Iterator<Item = &'static str> {
        self.those(move |standing| now.since(standing.alive.unwrap_or_default()) > longest)
    }

    /// How often the watch of each kind has failed since the start.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.kinds.iter().map(|(kind, standing)| (*kind, standing.failures))
    }

    fn those(&self, is_one: impl Fn(&Standing) -> bool) -> impl Iterator<Item = &'static str> {
        self.kinds.iter().filter(move |(_, standing)| is_one(standing)).map(|(kind, _)| *kind)
    }
}

/// What the watches tell everybody about themselves, and what is asked of them. Clones are the
/// same.
#[derive(Clone, Debug)]
pub struct Sight {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    progress: watch::Sender<Progress>,
    /// What is known has to be at least as new as this.
    wanted: watch::Sender<Moment>,
}

impl Sight {
    /// Of watches that have not begun.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two of them are not the same")]
    pub fn new() -> Self {
        let progress = watch::Sender::new(Progress::new());
        Self { inner: Arc::new(Inner { progress, wanted: watch::Sender::default() }) }
    }

    /// How far the watches have come. A sign of life by itself is there to be read, and wakes
    /// nobody.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.inner.progress.subscribe()
    }

    /// Asks every watch to make sure that what is known is at least as new as the cluster was at a
    /// moment.
    pub fn prove(&self, since: Moment) {
        self.inner.wanted.send_if_modified(|wanted| {
            let is_later = since > *wanted;
            *wanted = since.max(*wanted);
            is_later
        });
    }

    /// Waits until all that is known is at least as new as the cluster was at a moment.
    pub async fn fresh(&self, since: Moment) {
        self.prove(since);
        let mut progress = self.progress();
        // The sender is as old as this.
        let _ = progress.wait_for(|progress| progress.is_fresh(since)).await;
    }

    /// Takes note that everything has been listed by somebody who began at a moment. That is for
    /// worlds that nobody watches.
    pub fn all_listed(&self, began: Moment) {
        for kind in KINDS {
            self.note_current(kind, began);
        }
    }

    /// What is asked of the watches.
    pub(super) fn wanted(&self) -> watch::Receiver<Moment> {
        self.inner.wanted.subscribe()
    }

    /// What is known of a kind is at least as new as the cluster was at a moment.
    pub(super) fn note_current(&self, kind: &'static str, moment: Moment) {
        self.note(kind, |standing| {
            let is_news = standing.current.is_none_or(|current| current < moment);
            standing.current = standing.current.max(Some(moment));
            is_news
        });
    }

    /// The API server has said something about a kind.
    pub(super) fn note_alive(&self, kind: &'static str, moment: Moment) {
        self.note(kind, |standing| {
            standing.alive = Some(moment);
            false
        });
    }

    /// The watch of a kind has failed.
    pub(super) fn note_failure(&self, kind: &'static str) {
        self.note(kind, |standing| {
            standing.failures += 1;
            true
        });
    }

    fn note(&self, kind: &'static str, change: impl FnOnce(&mut Standing) -> bool) {
        self.inner
            .progress
            .send_if_modified(|progress| change(progress.kinds.entry(kind).or_default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn complete_is_when_every_kind_was_listed_and_fresh_is_newer() {
        let sight = Sight::new();
        let progress = sight.progress();
        for kind in KINDS.into_iter().skip(1) {
            sight.note_current(kind, at(5));
        }
        assert_eq!(progress.borrow().awaited().collect::<Vec<_>>(), [KINDS[0]]);
        assert!(!progress.borrow().is_complete());
        sight.note_current(KINDS[0], at(3));
        assert!(progress.borrow().is_complete());
        assert!(progress.borrow().is_fresh(at(3)));
        assert_eq!(progress.borrow().stale(at(4)).collect::<Vec<_>>(), [KINDS[0]]);
        sight.note_current(KINDS[0], at(1));
        assert!(progress.borrow().is_fresh(at(3)), "what was proved stays so");
    }

    #[test]
    fn a_sign_of_life_wakes_nobody_and_ends_the_silence() {
        let sight = Sight::new();
        let mut progress = sight.progress();
        sight.all_listed(at(1));
        progress.mark_unchanged();
        assert_eq!(progress.borrow().silent(at(100), SILENCE_MAX).count(), KINDS.len());
        for kind in KINDS {
            sight.note_alive(kind, at(20));
        }
        assert!(!progress.has_changed().expect("it is there"));
        assert_eq!(progress.borrow().silent(at(100), SILENCE_MAX).count(), 0);
        sight.note_failure(KINDS[0]);
        assert!(progress.has_changed().expect("it is there"));
        assert_eq!(progress.borrow().failures().find(|(_, count)| *count > 0), Some((KINDS[0], 1)));
    }
}
