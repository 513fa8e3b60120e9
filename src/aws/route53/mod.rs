//! The edge towards Route 53.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::answer::Answer;
use super::call::Call;
use super::error::CloudError;
use crate::model::action::Route53Action;

pub(super) mod record;
pub(super) mod zone;

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
