//! Follows all objects of one kind, for ever: lists them, watches them, notices when the watch is
//! dead, and lists them again where nothing less will do.

use std::time::Duration;

use futures::future::pending;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::sync::watch;

use super::course::{Ask, Course, PAUSE_MIN, Trouble};
use super::error::{ClusterError, Kind};
use super::feed::{Event, Feed, Read};
use super::progress::SILENCE_MAX;
use super::wire::Shown;
use crate::clock::Clock;
use crate::model::moment::Moment;

/// How long one answer of a list, and the beginning of a watch, may take: a page is a few
/// megabytes.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long the answer may take that says which version the cluster is at: one object. A new leader
/// waits for it, and should not do so on a connection that is dead.
const VERSION_MAX: Duration = Duration::from_secs(8);
/// How often a kind is asked for that the API server does not know and nobody has to have.
const ABSENCE_PAUSE: Duration = Duration::from_secs(30);

/// What a follower hears.
#[derive(Debug)]
pub(super) enum Notice<T> {
    /// A list begins. A list that breaks off proves nothing; the next one begins anew.
    Begin,
    /// There is an object, and it is this.
    Put(T),
    /// There is an object, and it cannot be read.
    Misfit(ObjectMeta),
    /// There is no such object any more.
    Gone(ObjectMeta),
    /// The list is complete: what it has not shown is not there.
    Complete,
    /// All that was shown is at least as new as the cluster was at this moment.
    Current(Moment),
    /// The API server has said something.
    Alive(Moment),
    /// A request has failed; it is repeated.
    Failed(ClusterError),
}

/// Who hears it.
pub(super) trait Audience<T> {
    /// Hears it. Never waits for anything slow.
    fn hear(&mut self, notice: Notice<T>);
}

/// What follows the objects of one kind.
pub(super) struct Follower<T, A, C> {
    pub(super) feed: Feed<T>,
    pub(super) audience: A,
    pub(super) clock: C,
    /// What is known should be at least as new as the cluster was at this moment.
    pub(super) wanted: watch::Receiver<Moment>,
    /// What to say where the API server does not know the kind.
    pub(super) unknown: Option<String>,
    /// The same of a kind that nobody has to have: then there is none.
    pub(super) absence: Option<String>,
    pub(super) kind: &'static str,
    /// For how long each watch is asked for.
    pub(super) watch_seconds: u32,
}

impl<T: Shown, A: Audience<T>, C: Clock> Follower<T, A, C> {
    /// Follows, for ever.
    pub(super) async fn run(mut self) {
        let (mut course, mut trouble) = (Course::new(self.watch_seconds), Trouble::default());
        loop {
            course.want(*self.wanted.borrow_and_update());
            let asked = self.clock.moment();
            let done = match course.next() {
                Ask::Page(token) => self.list(&mut course, &mut trouble, token.as_deref()).await,
                Ask::Version => self.ask(&mut course, &mut trouble).await,
                Ask::Watch(version, seconds) => {
                    self.watch(&mut course, &mut trouble, (&version, seconds)).await
                }
            };
            match (done, self.absence.clone()) {
                (Ok(()), _) => {}
                (Err(error), Some(absence)) if error.kind == Kind::NotFound => {
                    self.miss(&mut course, &mut trouble, (&absence, asked)).await;
                }
                (Err(error), _) => self.fail(&mut course, &mut trouble, error).await,
            }
        }
    }

    /// Reads a part of the list of everything.
    async fn list(
        &mut self,
        course: &mut Course,
        trouble: &mut Trouble,
        token: Option<&str>,
    ) -> Result<(), ClusterError> {
        let asked = self.clock.moment();
        if course.is_beginning() {
            self.audience.hear(Notice::Begin);
        }
        let page = self.in_time(ANSWER_MAX, self.feed.page(token)).await?;
        self.live(trouble);
        for item in page.items {
            self.show(item);
        }
        if let Some(current) = course.listed(asked, &page.version, page.next) {
            self.audience.hear(Notice::Complete);
            self.audience.hear(Notice::Current(current));
        }
        Ok(())
    }

    /// Asks which version the cluster is at: who has come so far has missed nothing until now.
    async fn ask(
        &mut self,
        course: &mut Course,
        trouble: &mut Trouble,
    ) -> Result<(), ClusterError> {
        let asked = self.clock.moment();
        let version = self.in_time(VERSION_MAX, self.feed.version()).await?;
        self.live(trouble);
        self.prove(course.answered(asked, &version));
        Ok(())
    }

    /// Watches until the watch ends, or something else is to be asked first.
    async fn watch(
        &mut self,
        course: &mut Course,
        trouble: &mut Trouble,
        (version, seconds): (&str, u32),
    ) -> Result<(), ClusterError> {
        let opened = self.clock.moment();
        let mut lines = self.in_time(ANSWER_MAX, self.feed.watch(version, seconds)).await?;
        loop {
            let event = tokio::select! {
                event = lines.next() => event,
                () = self.clock.sleep(SILENCE_MAX) => return Err(self.feed.silent(SILENCE_MAX)),
                wanted = next(&mut self.wanted) => {
                    if course.want(wanted) {
                        return Ok(());
                    }
                    continue;
                }
            };
            let Some(event) = event? else { break };
            let passed = match event {
                Event::Put(item) => self.show(item),
                Event::Gone(meta) => {
                    let version = meta.resource_version.clone();
                    self.audience.hear(Notice::Gone(meta));
                    version
                }
                Event::Bookmark(version) => Some(version),
                Event::Refused(status) => return Err(self.feed.refused(&status)),
            };
            self.live(trouble);
            if let Some(version) = passed {
                self.prove(course.passed(version));
            }
        }
        self.live(trouble);
        course.ended();
        // A server that ends each watch at once is not asked without a pause.
        if self.clock.moment().since(opened) < PAUSE_MIN {
            self.clock.sleep(PAUSE_MIN).await;
        }
        Ok(())
    }

    /// Waits for an answer, for a while.
    async fn in_time<R>(
        &self,
        limit: Duration,
        answer: impl Future<Output = Result<R, ClusterError>>,
    ) -> Result<R, ClusterError> {
        tokio::select! {
            answer = answer => answer,
            () = self.clock.sleep(limit) => Err(self.feed.silent(limit)),
        }
    }

    /// Shows an object. Says which version it has.
    fn show(&mut self, item: Read<T>) -> Option<String> {
        match item {
            Ok(object) => {
                let version = object.meta().resource_version.clone();
                self.audience.hear(Notice::Put(object));
                version
            }
            Err(misfit) => {
                let namespace = misfit.meta.namespace.as_deref().unwrap_or_default();
                let name = misfit.meta.name.as_deref().unwrap_or_default();
                let (kind, message) = (self.kind, misfit.message);
                tracing::warn!(
                    kind,
                    namespace,
                    name,
                    "it cannot be read, so it stays as it was known: {message}"
                );
                let version = misfit.meta.resource_version.clone();
                self.audience.hear(Notice::Misfit(misfit.meta));
                version
            }
        }
    }

    fn prove(&mut self, current: Option<Moment>) {
        if let Some(current) = current {
            self.audience.hear(Notice::Current(current));
        }
    }

    /// Takes note of a sign of life.
    fn live(&mut self, trouble: &mut Trouble) {
        if trouble.is_over() {
            tracing::info!(kind = self.kind, "watching again");
        }
        let now = self.clock.moment();
        self.audience.hear(Notice::Alive(now));
    }

    /// Takes note that the API server does not know the kind, and waits until it may. What is known
    /// of it stays: objects go one by one, and are seen going.
    async fn miss(
        &mut self,
        course: &mut Course,
        trouble: &mut Trouble,
        (absence, asked): (&str, Moment),
    ) {
        course.expired();
        if trouble.is_news(absence) {
            tracing::info!(kind = self.kind, "{absence}");
        }
        self.audience.hear(Notice::Current(asked));
        self.audience.hear(Notice::Alive(self.clock.moment()));
        tokio::select! {
            () = self.clock.sleep(ABSENCE_PAUSE) => {}
            _later = next(&mut self.wanted) => {}
        }
    }

    /// Tells a failure, once, and then again only when it is another one or after the watch had
    /// come back to life; and waits.
    async fn fail(&mut self, course: &mut Course, trouble: &mut Trouble, error: ClusterError) {
        if error.is_expired() {
            course.expired();
        } else if error.is_answer() && error.kind != Kind::Throttled {
            course.refused();
        }
        let message = match &self.unknown {
            Some(unknown) if error.kind == Kind::NotFound => unknown.clone(),
            _ => error.to_string(),
        };
        let kind = self.kind;
        if trouble.is_news(&message) {
            tracing::warn!(kind, "{message}; trying again");
        } else {
            tracing::debug!(kind, "{message}; trying again");
        }
        // Who has been left behind should list at once: it may have been away until now.
        let pause = if error.is_expired() { PAUSE_MIN } else { trouble.pause() };
        self.audience.hear(Notice::Failed(error));
        self.clock.sleep(pause).await;
    }
}

/// The next moment that is asked for; never, where nobody asks.
async fn next(wanted: &mut watch::Receiver<Moment>) -> Moment {
    match wanted.changed().await {
        Ok(()) => *wanted.borrow_and_update(),
        Err(_gone) => pending().await,
    }
}

#[cfg(test)]
mod tests;
