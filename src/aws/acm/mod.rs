//! The edge towards AWS Certificate Manager.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::answer::Answer;
use super::call::Call;
use super::error::CloudError;
use crate::model::action::AcmAction;

pub(super) mod certificate;

/// The one call that an action is.
pub(super) fn perform<'a>(
    call: &'a Call<'_>,
    action: &'a AcmAction,
) -> BoxFuture<'a, Result<Answer, CloudError>> {
    match action {
        AcmAction::ImportCertificate { spec, .. } => certificate::import(call, None, spec).boxed(),
        AcmAction::ReimportCertificate { id, spec } => {
            certificate::import(call, Some(id), spec).boxed()
        }
        AcmAction::DeleteCertificate { id } => certificate::delete(call, id).boxed(),
    }
}
