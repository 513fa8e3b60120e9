//! A write on its way: what it is made with, and how its errors name it.

use super::error::{CODE_UNRESOLVED, CloudError};
use super::sdk::Sdk;
use crate::model::id::{AwsId, Id};

/// What a call is about and how errors name it: `elbv2.CreateRule`.
pub(super) struct Call<'a> {
    /// AWS.
    pub(super) sdk: &'a Sdk,
    /// The service and operation.
    pub(super) operation: String,
}

impl Call<'_> {
    /// The identifier that AWS has given, or a refusal: calling is no use before the thing is made.
    pub(super) fn given<'id>(&self, id: &'id Id) -> Result<&'id AwsId, CloudError> {
        id.given().ok_or_else(|| self.unresolved(&format!("the {id}")))
    }

    /// A refusal: the action names something that is not known yet.
    pub(super) fn unresolved(&self, what: &str) -> CloudError {
        let message = format!("{what} is not known yet; it has to be made first");
        CloudError::ours(&self.operation, CODE_UNRESOLVED, message)
    }
}
