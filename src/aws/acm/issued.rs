//! The certificates that listeners may have, whoever made them.

use aws_sdk_acm::types::{CertificateStatus, CertificateSummary, CertificateType};

use super::certificate::{self, moment, names, summaries};
use crate::aws::error::CloudError;
use crate::aws::sdk::Sdk;
use crate::model::certificate::key_type;
use crate::model::id::AwsId;
use crate::model::surroundings::{IssuedCertificate, IssuedDetail, Issuer};

/// The certificates of the region that are issued or imported and have not expired.
pub(super) async fn list(sdk: &Sdk) -> Result<Vec<IssuedCertificate>, CloudError> {
    let found = summaries(sdk, &[CertificateStatus::Issued]).await?;
    Ok(found.iter().filter_map(read).collect())
}

/// What the list does not say of one.
pub(super) async fn detail(sdk: &Sdk, id: &AwsId) -> Result<IssuedDetail, CloudError> {
    let detail = certificate::detail(sdk, id).await?;
    Ok(IssuedDetail {
        names: names(&detail).map(str::to_owned).collect(),
        authority: detail.certificate_authority_arn().map(AwsId::new),
    })
}

fn read(raw: &CertificateSummary) -> Option<IssuedCertificate> {
    let others = raw.subject_alternative_name_summaries().iter().map(String::as_str);
    let is_private = raw.r#type() == Some(&CertificateType::Private);
    Some(IssuedCertificate {
        id: AwsId::new(raw.certificate_arn()?),
        names: raw.domain_name().into_iter().chain(others).map(str::to_owned).collect(),
        issuer: if is_private { Issuer::Private(None) } else { Issuer::Public },
        key_type: key_type(raw.key_algorithm()?.as_str()),
        not_before: raw.not_before().and_then(moment),
        not_after: raw.not_after().and_then(moment),
        is_whole: raw.has_additional_subject_alternative_names() != Some(true),
    })
}
