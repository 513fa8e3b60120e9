//! The edge towards AWS Certificate Manager.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::answer::Answer;
use super::call::Call;
use super::error::CloudError;
use super::part::{AcmPart, AcmReading};
use super::sdk::Sdk;
use super::tagging;
use crate::model::action::AcmAction;

pub(super) mod certificate;
mod issued;
mod request;

/// Looks at a part. A future has room for the largest of those it may wait for, and the SDK's take
/// more than a stack should have to give.
pub(super) async fn read(sdk: &Sdk, part: &AcmPart) -> Result<AcmReading, CloudError> {
    Ok(match part {
        AcmPart::Certificates => AcmReading::Certificates(certificate::list(sdk).boxed().await?),
        AcmPart::Certificate(id) => {
            AcmReading::Certificate(id.clone(), certificate::describe(sdk, id).boxed().await?)
        }
        AcmPart::Issued => AcmReading::Issued(issued::list(sdk).boxed().await?),
        AcmPart::IssuedDetail(id) => {
            AcmReading::IssuedDetail(id.clone(), issued::detail(sdk, id).boxed().await?)
        }
        AcmPart::Requested => AcmReading::Requested(request::list(sdk).boxed().await?),
        AcmPart::Request(id) => {
            AcmReading::Request(id.clone(), request::describe(sdk, id).boxed().await?)
        }
        AcmPart::Tagged(key) => AcmReading::Tagged(tagging::certificates(sdk, key).boxed().await?),
    })
}

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
        AcmAction::RequestCertificate { spec, .. } => request::request(call, spec).boxed(),
        AcmAction::TagCertificate { id, tags } => certificate::tag(call, id, tags).boxed(),
        AcmAction::DeleteCertificate { id } => certificate::delete(call, id).boxed(),
    }
}
