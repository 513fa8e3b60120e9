//! Tags of listeners and rules, read for many load balancers together: one call tells of 20 things
//! (AWS), and most load balancers have fewer.

use std::collections::BTreeMap;
use std::mem;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, Shared, WeakShared, select, try_join_all};
use tokio::sync::{oneshot, watch};
use tokio::task::yield_now;

use super::Inner;
use crate::aws::error::CloudError;
use crate::aws::part::Lane;
use crate::aws::{Cloud, read};
use crate::clock::Clock;
use crate::model::id::AwsId;
use crate::model::marks::Tags;

/// How many things one call tells of (AWS).
const IDS_MAX: usize = 20;
/// How long a call that is not full waits for others that are on their way to ask. At LBC's default
/// of 50 reads a second, ten more load balancers are read meanwhile.
const LINGER: Duration = Duration::from_millis(500);

type Found = Arc<BTreeMap<AwsId, Tags>>;
type Answer = Result<Found, CloudError>;
type Batch = Shared<BoxFuture<'static, Answer>>;

/// The call that is being filled. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Batches {
    filling: Arc<Mutex<Filling>>,
    /// How many are on their way to ask.
    coming: Arc<watch::Sender<usize>>,
}

#[derive(Default)]
struct Filling {
    /// The number of the call that is being filled.
    number: u64,
    /// What it asks for.
    ids: Vec<AwsId>,
    /// Weak: when all who wait for it go away, it is given up.
    batch: Option<WeakShared<BoxFuture<'static, Answer>>>,
    /// Lets it go out, with what it asks for.
    go: Option<oneshot::Sender<Vec<AwsId>>>,
}

/// Somebody who is on his way to ask for tags. A call that is not full waits for him for a while,
/// unless he goes away.
pub(super) struct Asker(Batches);

impl Batches {
    /// Somebody is on his way to ask.
    pub(super) fn asker(&self) -> Asker {
        self.coming.send_modify(|coming| *coming += 1);
        Asker(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Filling> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody is on his way. Whoever is about to set out has a chance to.
    async fn idle(&self) {
        let mut coming = self.coming.subscribe();
        loop {
            // The sender lives as long as this does, so waiting cannot fail.
            let _ = coming.wait_for(|coming| *coming == 0).await;
            yield_now().await;
            if *coming.borrow() == 0 {
                return;
            }
        }
    }

    /// What a call asks for that has waited long enough, unless it was let go before.
    fn take(&self, number: u64) -> Option<Vec<AwsId>> {
        let filling = &mut *self.lock();
        (filling.number == number).then(|| {
            filling.go = None;
            filling.empty()
        })
    }
}

impl Filling {
    /// Begins with an empty call. Answers with what the one before asks for.
    fn empty(&mut self) -> Vec<AwsId> {
        self.number += 1;
        self.batch = None;
        mem::take(&mut self.ids)
    }

    /// Lets the call go out.
    fn go(&mut self) {
        if let Some(go) = self.go.take() {
            // Where nobody waits for it any more, it need not go.
            let _unwanted = go.send(self.empty());
        }
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.coming.send_modify(|coming| *coming -= 1);
    }
}

impl<C: Cloud, T: Clock> Inner<C, T> {
    /// The tags of these things, read together with those that others ask for.
    pub(super) async fn tags(
        self: &Arc<Self>,
        asker: Asker,
        ids: Vec<AwsId>,
    ) -> Result<BTreeMap<AwsId, Tags>, CloudError> {
        let batches = self.enlist(&ids);
        drop(asker);
        let found = try_join_all(batches).await?;
        let tags = ids.into_iter().filter_map(|id| {
            let tags = found.iter().find_map(|found| found.get(&id))?.clone();
            Some((id, tags))
        });
        Ok(tags.collect())
    }

    /// Asks for the tags of these things: in the call that is being filled, and in further ones.
    fn enlist(self: &Arc<Self>, ids: &[AwsId]) -> Vec<Batch> {
        let filling = &mut *self.batches.lock();
        let (mut rest, mut batches) = (ids, Vec::new());
        while !rest.is_empty() {
            let known = filling.batch.as_ref().and_then(WeakShared::upgrade);
            let batch = known.unwrap_or_else(|| self.begin(filling));
            let room = IDS_MAX.saturating_sub(filling.ids.len()).min(rest.len());
            let (some, others) = rest.split_at(room);
            filling.ids.extend_from_slice(some);
            rest = others;
            if filling.ids.len() >= IDS_MAX {
                filling.go();
            }
            batches.push(batch);
        }
        batches
    }

    /// Begins to fill a call.
    fn begin(self: &Arc<Self>, filling: &mut Filling) -> Batch {
        let (go, going) = oneshot::channel();
        let batch = Arc::clone(self).call(filling.number, going).boxed().shared();
        filling.go = Some(go);
        filling.batch = batch.downgrade();
        batch
    }

    /// Waits until a call is full, or nobody else is on his way or comes in time, and makes it.
    async fn call(self: Arc<Self>, number: u64, going: oneshot::Receiver<Vec<AwsId>>) -> Answer {
        let ids = {
            let idle = pin!(self.batches.idle());
            let late = pin!(self.clock.sleep(LINGER));
            let waited = select(idle, late);
            match select(going, waited).await {
                Either::Left((ids, _)) => ids.unwrap_or_default(),
                Either::Right((_, going)) => match self.batches.take(number) {
                    Some(ids) => ids,
                    None => going.await.unwrap_or_default(),
                },
            }
        };
        let _permit = self.permit(Lane::Tags).await;
        let found = read::tags(&self.cloud, ids).await?;
        Ok(Arc::new(found.into_iter().collect()))
    }
}
