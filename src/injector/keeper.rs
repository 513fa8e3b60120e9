//! Keeps the certificate of this process fresh, and where the API server finds it.

use std::time::Duration;

use super::bundle::Bundle;
use super::certificate::{Certificate, Shown};
use crate::clock::Clock;

/// How often the webhook's configuration is looked at: what somebody has put back, or made only
/// now, is mended after that. A renewed certificate is shown as long after it is trusted, by when
/// every API server has heard of it.
pub const LOOK_PAUSE: Duration = Duration::from_secs(60);
/// How long after trouble it is looked at again.
const TROUBLE_PAUSE: Duration = Duration::from_secs(5);

/// A webhook of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// The host by which the API server comes.
    pub host: String,
    /// What it trusts.
    pub bundle: Bundle,
    /// Which version of the configuration this is.
    pub version: String,
}

/// The configuration of the webhook.
pub trait Registry: Send + Sync {
    /// The webhook, as it stands.
    ///
    /// # Errors
    /// It is not there, or cannot be read: why.
    fn look(&self) -> impl Future<Output = Result<Hook, String>> + Send;

    /// Has the API server trust this, unless the configuration has changed since it was looked at.
    ///
    /// # Errors
    /// It has, or cannot be written: why.
    fn trust(&self, hook: &Hook) -> impl Future<Output = Result<(), String>> + Send;
}

/// What keeps the certificate of this process.
#[derive(Debug)]
pub struct Keeper<R, T> {
    registry: R,
    clock: T,
    shown: Shown,
    /// One that is made and not shown yet.
    next: Option<Certificate>,
    trouble: Option<String>,
}

impl<R: Registry, T: Clock> Keeper<R, T> {
    /// Nothing is shown yet.
    pub fn new(registry: R, clock: T, shown: Shown) -> Self {
        Self { registry, clock, shown, next: None, trouble: None }
    }

    /// Does so for ever.
    pub async fn keep(mut self) {
        loop {
            let kept = self.step().await;
            let pause = match &kept {
                Ok(pause) => *pause,
                Err(_) => TROUBLE_PAUSE,
            };
            let trouble = kept.err();
            if trouble != self.trouble
                && let Some(trouble) = &trouble
            {
                tracing::warn!(%trouble, "new pods get no readiness gates; everything else goes on");
            }
            self.trouble = trouble;
            self.clock.sleep(pause).await;
        }
    }

    /// One look, and what follows from it: how long to wait for the next.
    async fn step(&mut self) -> Result<Duration, String> {
        let hook = self.registry.look().await?;
        let now = self.clock.now();
        let is_good = |own: &Certificate| own.host == hook.host && own.renew_at > now;
        let shown = self.shown.current().filter(is_good);
        let own = match shown.or_else(|| self.next.take().filter(is_good)) {
            Some(own) => own,
            None => Certificate::make(&hook.host, now)?,
        };
        let is_shown = self.shown.current().is_some_and(|shown| shown.der() == own.der());
        if hook.bundle.has(own.der()) {
            if !is_shown {
                tracing::info!(host = hook.host, until = %own.renew_at, "certificate of the webhook");
                self.shown.show(own);
            }
            return Ok(LOOK_PAUSE);
        }
        let bundle = hook.bundle.with(own.der(), now);
        self.next = Some(own).filter(|_| !is_shown);
        self.registry.trust(&Hook { bundle, ..hook }).await?;
        // Where nothing is shown, nobody is served before the next look.
        let is_first = self.shown.current().is_none();
        Ok(if is_first { Duration::ZERO } else { LOOK_PAUSE })
    }
}
