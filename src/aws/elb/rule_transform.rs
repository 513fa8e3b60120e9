//! What a rule makes of a request, in AWS's shape.

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderRewriteConfig, RewriteConfig, RuleTransform as Raw, TransformTypeEnum,
    UrlRewriteConfig,
};

use crate::aws::call::Call;
use crate::aws::error::{CODE_FOREIGN, CloudError};
use crate::model::rule::{Rewrite, Transform};

/// Transforms as AWS takes them.
pub(super) fn raw(call: &Call<'_>, transforms: &[Transform]) -> Result<Vec<Raw>, CloudError> {
    let one = |transform: &Transform| match transform {
        Transform::Host(all) => Ok(Raw::builder()
            .r#type(TransformTypeEnum::HostHeaderRewrite)
            .host_header_rewrite_config(
                HostHeaderRewriteConfig::builder().set_rewrites(Some(rewrites(all))).build(),
            )
            .build()),
        Transform::Url(all) => Ok(Raw::builder()
            .r#type(TransformTypeEnum::UrlRewrite)
            .url_rewrite_config(
                UrlRewriteConfig::builder().set_rewrites(Some(rewrites(all))).build(),
            )
            .build()),
        Transform::Foreign(text) => {
            let message = format!("the transform '{text}' can be read but not asked for");
            Err(CloudError::ours(&call.operation, CODE_FOREIGN, message))
        }
    };
    transforms.iter().map(one).collect()
}

fn rewrites(all: &[Rewrite]) -> Vec<RewriteConfig> {
    let each = all.iter().map(|one| {
        RewriteConfig::builder().regex(one.regex.as_str()).replace(one.replace.as_str()).build()
    });
    each.collect()
}

/// Transforms as AWS tells them.
pub(super) fn read(raw: &[Raw]) -> Vec<Transform> {
    raw.iter().map(read_one).collect()
}

fn read_one(raw: &Raw) -> Transform {
    let read = |rewrites: &[RewriteConfig]| -> Vec<Rewrite> {
        let each = rewrites.iter().map(|one| Rewrite {
            regex: one.regex().unwrap_or_default().to_owned(),
            replace: one.replace().unwrap_or_default().to_owned(),
        });
        each.collect()
    };
    match (&raw.url_rewrite_config, &raw.host_header_rewrite_config) {
        (Some(url), None) => Transform::Url(read(url.rewrites())),
        (None, Some(host)) => Transform::Host(read(host.rewrites())),
        (Some(_), Some(_)) | (None, None) => {
            let kind = raw.r#type().map_or("a transform", TransformTypeEnum::as_str);
            Transform::Foreign(kind.to_owned())
        }
    }
}
