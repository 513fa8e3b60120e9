//! How a web ACL is asked for.

use super::Unreadable;
use crate::model::id::AwsId;
use crate::model::protection::WebAcl;

/// How it is said that there should be no web ACL (LBC).
const NO_WEB_ACL: &str = "none";
/// The longest name of a web ACL (AWS).
const WEB_ACL_NAME_LENGTH_MAX: usize = 128;

/// The web ACL of an ARN, or none; an empty text asks for nothing.
pub fn web_acl_arn(text: &str) -> Result<Option<WebAcl>, Unreadable> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        [""] => Ok(None),
        [NO_WEB_ACL] => Ok(Some(WebAcl::Nothing)),
        ["arn", partition, "wafv2", region, account, resource]
            if !partition.is_empty()
                && !region.is_empty()
                && !account.is_empty()
                && is_web_acl(resource) =>
        {
            Ok(Some(WebAcl::Arn(AwsId::new(text))))
        }
        _ => Err("none, or the ARN of a WAFv2 web ACL of the region, such as \
                  arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID"
            .into()),
    }
}

/// Whether the resource of an ARN is a web ACL of a region. Those for CloudFront are global, and no
/// load balancer can have one (AWS).
fn is_web_acl(resource: &str) -> bool {
    let words: Vec<&str> = resource.split('/').collect();
    matches!(words.as_slice(), ["regional", "webacl", name, id]
        if is_web_acl_name(name) && !id.is_empty())
}

/// The web ACL of a name, or none; an empty text asks for nothing.
pub fn web_acl_name(text: &str) -> Result<Option<WebAcl>, Unreadable> {
    match text {
        "" => Ok(None),
        NO_WEB_ACL => Ok(Some(WebAcl::Nothing)),
        name if is_web_acl_name(name) => Ok(Some(WebAcl::Named(name.to_owned()))),
        _ => Err("none, or the name of a WAFv2 web ACL: 1 to 128 letters, digits, hyphens and \
                  underscores"
            .into()),
    }
}

fn is_web_acl_name(name: &str) -> bool {
    (1..=WEB_ACL_NAME_LENGTH_MAX).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
