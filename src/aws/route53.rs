//! The edge towards Route 53.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::answer::Answer;
use super::call::Call;
use super::error::CloudError;
use super::part::{Route53Part, Route53Reading};
use super::sdk::Sdk;
use crate::model::action::Route53Action;

pub(super) mod record;
mod routing;
pub(super) mod zone;

/// Looks at a part. A future has room for the largest of those it may wait for, and the SDK's take
/// more than a stack should have to give.
pub(super) async fn read(sdk: &Sdk, part: &Route53Part) -> Result<Route53Reading, CloudError> {
    Ok(match part {
        Route53Part::Zones => Route53Reading::Zones(zone::list(sdk).boxed().await?),
        Route53Part::Named(id, name) => {
            let found = record::named(sdk, id, name).boxed().await?;
            Route53Reading::Named(id.clone(), name.clone(), found)
        }
        Route53Part::Change(id) => {
            Route53Reading::Change(id.clone(), record::is_in_sync(sdk, id).boxed().await?)
        }
        Route53Part::Records(id) => {
            Route53Reading::Records(id.clone(), record::list(sdk, id).boxed().await?)
        }
    })
}

/// The one call that an action is.
pub(super) fn perform<'a>(
    call: &'a Call<'_>,
    action: &'a Route53Action,
) -> BoxFuture<'a, Result<Answer, CloudError>> {
    match action {
        Route53Action::ChangeRecords { zone, changes } => {
            record::change(call, zone, changes).boxed()
        }
    }
}
