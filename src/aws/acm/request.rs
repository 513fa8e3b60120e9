//! Certificates that ACM is asked to issue.

use std::collections::BTreeSet;

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateType, DomainValidation, RenewalStatus,
    RenewalSummary, ValidationMethod,
};

use super::certificate::{self, DESCRIBE, moment, names, since, summaries, tagged};
use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::part::ListedRequest;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::AwsId;
use crate::model::record::name_from_route53;
use crate::model::request::{CertificateRequest, Decision, RequestFacts, RequestState, Validation};

/// The certificates of the region that are not imported, without tags.
pub(super) async fn list(sdk: &Sdk) -> Result<Vec<ListedRequest>, CloudError> {
    let found = summaries(sdk, &[]).await?;
    let asked = found.iter().filter(|one| one.r#type() != Some(&CertificateType::Imported));
    let each = asked.filter_map(|one| {
        let is_open = one.status() == Some(&CertificateStatus::PendingValidation);
        let decision = if is_open { Decision::Open } else { Decision::Made };
        Some(ListedRequest { id: AwsId::new(one.certificate_arn()?), since: since(one), decision })
    });
    Ok(each.collect())
}

/// What has become of one.
pub(super) async fn describe(sdk: &Sdk, id: &AwsId) -> Result<RequestFacts, CloudError> {
    let detail = certificate::detail(sdk, id).await?;
    read(&detail).ok_or_else(|| CloudError::incomplete(DESCRIBE, "its status or its dates"))
}

fn read(raw: &CertificateDetail) -> Option<RequestFacts> {
    let state = match raw.status()? {
        CertificateStatus::PendingValidation => RequestState::Pending,
        CertificateStatus::Issued => RequestState::Issued { not_after: moment(raw.not_after()?)? },
        ended => {
            let reason = raw.failure_reason().map(|reason| format!(": {}", reason.as_str()));
            RequestState::Ended { why: format!("{}{}", ended.as_str(), reason.unwrap_or_default()) }
        }
    };
    Some(RequestFacts {
        names: names(raw).map(|name| name.to_lowercase().into()).collect(),
        authority: raw.certificate_authority_arn().map(AwsId::new),
        state,
        requested_at: moment(raw.created_at()?)?,
        validations: validations(raw).collect::<BTreeSet<Validation>>(),
        renewal: raw.renewal_summary().and_then(renewal),
    })
}

/// What keeps ACM from renewing a certificate: names that are not proved any more, or a failure.
fn renewal(raw: &RenewalSummary) -> Option<String> {
    let status = raw.renewal_status();
    if !matches!(status, RenewalStatus::PendingValidation | RenewalStatus::Failed) {
        return None;
    }
    let reason = raw.renewal_status_reason().map(|reason| format!(": {}", reason.as_str()));
    Some(format!("{}{}", status.as_str(), reason.unwrap_or_default()))
}

/// What proves the names: those of a renewal, while there is one, are the same.
fn validations(raw: &CertificateDetail) -> impl Iterator<Item = Validation> {
    let records =
        raw.domain_validation_options().iter().filter_map(DomainValidation::resource_record);
    records.map(|record| Validation {
        record: name_from_route53(record.name()),
        value: name_from_route53(record.value()),
    })
}

pub(super) async fn request(
    call: &Call<'_>,
    spec: &CertificateRequest,
) -> Result<Answer, CloudError> {
    let tags = tagged(call, &spec.tags)?;
    let names = spec.key.ordered();
    let answer = call
        .sdk
        .acm
        .request_certificate()
        .set_domain_name(names.first().map(|name| (*name).to_owned()))
        .set_subject_alternative_names(Some(names.into_iter().map(str::to_owned).collect()))
        .validation_method(ValidationMethod::Dns)
        .idempotency_token(spec.key.token())
        .set_certificate_authority_arn(spec.key.authority.as_ref().map(ToString::to_string))
        .set_tags(Some(tags))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    let id = answer.certificate_arn().map(AwsId::new);
    let id = id.ok_or_else(|| CloudError::incomplete(&call.operation, "the certificate's ARN"))?;
    Ok(Answer::Requested(id))
}
