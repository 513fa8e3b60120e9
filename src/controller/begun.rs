//! The tenure that has begun, and who waits for it.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::tenure::Epoch;

/// The tenure in which visits are made. Whoever waits for it is woken in the order of waiting, as
/// by no `watch`: what a simulation does is the same each time.
#[derive(Debug, Default)]
pub(super) struct Begun {
    epoch: Mutex<Option<Epoch>>,
    news: Notify,
}

impl Begun {
    /// A tenure has begun, or is over.
    pub(super) fn set(&self, epoch: Option<Epoch>) {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner) = epoch;
        self.news.notify_waiters();
    }

    fn get(&self) -> Option<Epoch> {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a tenure has begun.
    pub(super) async fn wait(&self) -> Epoch {
        loop {
            let mut news = pin!(self.news.notified());
            // From here on no wake-up is missed.
            news.as_mut().enable();
            if let Some(epoch) = self.get() {
                return epoch;
            }
            news.await;
        }
    }

    /// Waits until another tenure has begun than this one, or none.
    pub(super) async fn end(&self, epoch: Epoch) {
        loop {
            let mut news = pin!(self.news.notified());
            news.as_mut().enable();
            if self.get() != Some(epoch) {
                return;
            }
            news.await;
        }
    }
}
