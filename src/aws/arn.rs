//! What an ARN of Elastic Load Balancing or of Certificate Manager names, and what that belongs to.
//!
//! The forms are AWS's own (Service Authorization Reference, "Actions, resources, and condition
//! keys for AWS Elastic Load Balancing V2"): `loadbalancer/app/NAME/ID`,
//! `listener/app/NAME/ID/LISTENER`,
//! `listener-rule/app/NAME/ID/LISTENER/RULE` and `targetgroup/NAME/ID`.

use crate::model::id::AwsId;

/// A thing that an ARN names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A load balancer.
    LoadBalancer,
    /// A target group.
    TargetGroup,
    /// A certificate.
    Certificate,
    /// A listener.
    Listener {
        /// The load balancer it belongs to.
        load_balancer: AwsId,
    },
    /// A rule.
    Rule {
        /// The load balancer it belongs to.
        load_balancer: AwsId,
        /// The listener it belongs to.
        listener: AwsId,
    },
}

/// How the resource in the ARN of a load balancer starts.
pub(super) const LOAD_BALANCER: &str = "loadbalancer/";
/// How the resource in the ARN of a listener starts.
pub(super) const LISTENER: &str = "listener/";
/// How the resource in the ARN of a rule starts.
pub(super) const RULE: &str = "listener-rule/";
/// How the resource in the ARN of a target group starts.
pub(super) const TARGET_GROUP: &str = "targetgroup/";
/// How the resource in the ARN of a certificate starts.
pub(super) const CERTIFICATE: &str = "certificate/";

/// Whether an identifier is an ARN whose resource starts so.
pub(super) fn is(id: &AwsId, kind: &str) -> bool {
    id.as_str().rsplit_once(':').is_some_and(|(_, resource)| resource.starts_with(kind))
}

/// What an identifier names, if it is an ARN of Elastic Load Balancing.
pub(super) fn named(id: &AwsId) -> Option<Named> {
    let (place, resource) = id.as_str().rsplit_once(':')?;
    let words: Vec<&str> = resource.split('/').collect();
    let load_balancer =
        |kind, name, id| AwsId::new(format!("{place}:loadbalancer/{kind}/{name}/{id}"));
    match words.as_slice() {
        ["loadbalancer", _, _, _] => Some(Named::LoadBalancer),
        ["targetgroup", _, _] => Some(Named::TargetGroup),
        ["certificate", _] => Some(Named::Certificate),
        ["listener", kind, name, id, _] => {
            Some(Named::Listener { load_balancer: load_balancer(kind, name, id) })
        }
        ["listener-rule", kind, name, id, listener, _] => Some(Named::Rule {
            load_balancer: load_balancer(kind, name, id),
            listener: AwsId::new(format!("{place}:listener/{kind}/{name}/{id}/{listener}")),
        }),
        _ => None,
    }
}

/// The load balancer that a listener or a rule belongs to.
pub(super) fn load_balancer_of(id: &AwsId) -> Option<AwsId> {
    match named(id)? {
        Named::Listener { load_balancer } | Named::Rule { load_balancer, .. } => {
            Some(load_balancer)
        }
        Named::LoadBalancer | Named::TargetGroup | Named::Certificate => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(resource: &str) -> AwsId {
        AwsId::new(format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:{resource}"))
    }

    #[test]
    fn every_form_is_known() {
        let load_balancer = arn("loadbalancer/app/a/1");
        let listener = arn("listener/app/a/1/2");
        assert_eq!(named(&load_balancer), Some(Named::LoadBalancer));
        assert!(is(&load_balancer, LOAD_BALANCER) && !is(&load_balancer, TARGET_GROUP));
        assert_eq!(named(&arn("targetgroup/t/3")), Some(Named::TargetGroup));
        assert_eq!(
            named(&listener),
            Some(Named::Listener { load_balancer: load_balancer.clone() })
        );
        assert_eq!(
            named(&arn("listener-rule/app/a/1/2/4")),
            Some(Named::Rule { load_balancer, listener })
        );
    }

    #[test]
    fn other_identifiers_name_nothing_here() {
        assert_eq!(named(&AwsId::new("sg-1")), None);
        assert_eq!(named(&AwsId::new("arn:aws:waf:us-east-1:123456789012:webacl/1/2")), None);
    }
}
