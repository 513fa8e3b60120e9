//! Imported certificates.

use std::collections::BTreeSet;

use aws_sdk_acm::config::Config;
use aws_sdk_acm::config::retry::RetryConfig;
use aws_sdk_acm::primitives::{Blob, DateTime};
use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, CertificateType, Filters,
    KeyAlgorithm, KeyUsageName, Tag,
};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::aws::ReadCertificate;
use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::{CloudError, Kind};
use crate::aws::part::ListedImport;
use crate::aws::sdk::{Sdk, refused};
use crate::model::certificate::{
    Certificate, CertificateFacts, ListedCertificate, key_type, serial,
};
use crate::model::id::AwsId;
use crate::model::marks::{Tags, spelled};

/// The call that says all of a certificate.
pub(super) const DESCRIBE: &str = "acm.DescribeCertificate";
/// The most certificates on one page (AWS).
const PAGE_SIZE: i32 = 1000;
/// Of how many certificates the tags are read at once. AWS tells of one with each call, and allows
/// ten calls a second.
const CALLS_AT_ONCE: usize = 4;

/// The imported certificates of the region, without tags.
pub(in crate::aws) async fn list(sdk: &Sdk) -> Result<Vec<ListedImport>, CloudError> {
    let found = summaries(sdk, &[]).await?;
    let imported =
        found.iter().filter(|summary| summary.r#type() == Some(&CertificateType::Imported));
    let each = imported.filter_map(|summary| {
        let id = AwsId::new(summary.certificate_arn()?);
        let imported_at = summary.imported_at().and_then(moment);
        Some(ListedImport { id, since: since(summary), imported_at, listed: listed(summary) })
    });
    Ok(each.collect())
}

/// What a list tells of a certificate; nothing where that has more names than a list shows (AWS:
/// the first hundred).
fn listed(raw: &CertificateSummary) -> Option<ListedCertificate> {
    if raw.has_additional_subject_alternative_names() == Some(true) {
        return None;
    }
    let others = raw.subject_alternative_name_summaries().iter().map(String::as_str);
    Some(ListedCertificate {
        names: raw.domain_name().into_iter().chain(others).map(str::to_lowercase).collect(),
        not_before: moment(raw.not_before()?)?,
        not_after: moment(raw.not_after()?)?,
        key_type: key_type(raw.key_algorithm()?.as_str()),
    })
}

/// Since when a certificate stands: when it was imported first, or asked for.
pub(super) fn since(raw: &CertificateSummary) -> Option<Timestamp> {
    raw.created_at().or(raw.imported_at()).and_then(moment)
}

/// Since when the region's certificates stand: when they were imported first, or asked for.
pub(in crate::aws) async fn ages(sdk: &Sdk) -> Result<Vec<(AwsId, Timestamp)>, CloudError> {
    let found = summaries(sdk, &[]).await?;
    let ages =
        found.iter().filter_map(|raw| Some((AwsId::new(raw.certificate_arn()?), since(raw)?)));
    Ok(ages.collect())
}

/// The certificates of the region in these states, in all of them where none is named.
pub(super) async fn summaries(
    sdk: &Sdk,
    states: &[CertificateStatus],
) -> Result<Vec<CertificateSummary>, CloudError> {
    // Unless asked for all kinds of keys, AWS shows certificates with RSA keys up to 2048 bits
    // only.
    let known = [
        KeyAlgorithm::Rsa1024,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Rsa3072,
        KeyAlgorithm::Rsa4096,
        KeyAlgorithm::EcPrime256v1,
        KeyAlgorithm::EcSecp384r1,
        KeyAlgorithm::EcSecp521r1,
    ];
    let filters = &Filters::builder().set_key_types(Some(known.to_vec())).build();
    let states = &(!states.is_empty()).then(|| states.to_vec());
    sdk.pages("acm.ListCertificates", |token| async move {
        let page = sdk
            .acm
            .list_certificates()
            .includes(filters.clone())
            .set_certificate_statuses(states.clone())
            .max_items(PAGE_SIZE)
            .set_next_token(token);
        page.send().await.map(|answer| (answer.certificate_summary_list, answer.next_token))
    })
    .await
}

/// The tags of certificates; what AWS no longer knows is left out.
pub(in crate::aws) async fn tags(
    sdk: &Sdk,
    ids: &[AwsId],
) -> Result<Vec<(AwsId, Tags)>, CloudError> {
    let calls: Vec<_> = ids.iter().map(|id| tags_of(sdk, id)).collect();
    let found: Vec<_> = stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The tags of a certificate; `None` where it went while we looked.
async fn tags_of(sdk: &Sdk, id: &AwsId) -> Result<Option<(AwsId, Tags)>, CloudError> {
    const OPERATION: &str = "acm.ListTagsForCertificate";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk
        .acm
        .list_tags_for_certificate()
        .certificate_arn(id.as_str())
        .send()
        .await
        .map_err(refused(OPERATION));
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let pairs = answer.tags().iter().map(|tag| (tag.key(), tag.value().unwrap_or_default()));
    Ok(Some((id.clone(), spelled(pairs))))
}

/// What makes a certificate this one.
pub(in crate::aws) async fn describe(
    sdk: &Sdk,
    id: &AwsId,
) -> Result<CertificateFacts, CloudError> {
    let detail = detail(sdk, id).await?;
    read(&detail).ok_or_else(|| CloudError::incomplete(DESCRIBE, "its dates"))
}

/// All that ACM says of a certificate.
pub(super) async fn detail(sdk: &Sdk, id: &AwsId) -> Result<CertificateDetail, CloudError> {
    sdk.turns.wait(DESCRIBE).await;
    let answer = sdk
        .acm
        .describe_certificate()
        .certificate_arn(id.as_str())
        .send()
        .await
        .map_err(refused(DESCRIBE))?;
    answer.certificate.ok_or_else(|| CloudError::incomplete(DESCRIBE, "the certificate"))
}

/// The names that a certificate is for, as ACM spells them.
pub(super) fn names(raw: &CertificateDetail) -> impl Iterator<Item = &str> {
    let others = raw.subject_alternative_names().iter().map(String::as_str);
    raw.domain_name().into_iter().chain(others)
}

fn read(raw: &CertificateDetail) -> Option<CertificateFacts> {
    let names: BTreeSet<String> = names(raw).map(str::to_lowercase).collect();
    Some(CertificateFacts {
        names,
        not_before: moment(raw.not_before()?)?,
        not_after: moment(raw.not_after()?)?,
        key_type: key_type(raw.key_algorithm()?.as_str()),
        serial: serial(raw.serial()?),
        usages: usages(raw),
    })
}

/// What the key is for. Where a certificate does not say, AWS says so in words that name no usage.
fn usages(raw: &CertificateDetail) -> BTreeSet<String> {
    let basic = raw.key_usages().iter().filter_map(|usage| match usage.name()? {
        KeyUsageName::Any | KeyUsageName::Custom => None,
        name => Some(name.as_str()),
    });
    let extended = raw.extended_key_usages().iter().filter_map(|usage| usage.oid());
    basic.chain(extended).map(str::to_owned).collect()
}

pub(super) fn moment(raw: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(raw.secs()).ok()
}

/// Tags as a call takes them.
pub(super) fn tagged(call: &Call<'_>, tags: &Tags) -> Result<Vec<Tag>, CloudError> {
    let tag = |(key, value): (&SmolStr, &SmolStr)| {
        Tag::builder().key(key.as_str()).value(value.as_str()).build()
    };
    let tags: Result<Vec<Tag>, _> = tags.iter().map(tag).collect();
    // A tag without a key is none that the model can hold.
    tags.map_err(|_| CloudError::incomplete(&call.operation, "a tag's key"))
}

pub(in crate::aws) async fn import(
    call: &Call<'_>,
    current: Option<&AwsId>,
    spec: &Certificate,
) -> Result<Answer, CloudError> {
    let tags = tagged(call, &spec.tags)?;
    let key = spec.key.given();
    let key = key.ok_or_else(|| CloudError::incomplete(&call.operation, "the private key"))?;
    let chain = (!spec.chain.is_empty()).then(|| Blob::new(spec.chain.as_bytes()));
    let answer = call
        .sdk
        .acm
        .import_certificate()
        .set_certificate_arn(current.map(|id| id.as_str().to_owned()))
        .certificate(Blob::new(spec.body.as_bytes()))
        .private_key(Blob::new(key.open()))
        .set_certificate_chain(chain)
        .set_tags(current.is_none().then_some(tags))
        .customize()
        // AWS makes another certificate of an import that comes twice. After a lost reply the
        // belief is in doubt, and what was made is found by its tags.
        .config_override(Config::builder().retry_config(RetryConfig::disabled()))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    let id = answer.certificate_arn().map(AwsId::new);
    let id = id.ok_or_else(|| CloudError::incomplete(&call.operation, "the certificate's ARN"))?;
    let facts = spec.facts.clone();
    Ok(Answer::Certificate(ReadCertificate { id, facts }))
}

pub(in crate::aws) async fn tag(
    call: &Call<'_>,
    id: &AwsId,
    tags: &Tags,
) -> Result<Answer, CloudError> {
    let tags = tagged(call, tags)?;
    call.sdk
        .acm
        .add_tags_to_certificate()
        .certificate_arn(id.as_str())
        .set_tags(Some(tags))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn delete(call: &Call<'_>, id: &AwsId) -> Result<Answer, CloudError> {
    call.sdk
        .acm
        .delete_certificate()
        .certificate_arn(id.as_str())
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}
