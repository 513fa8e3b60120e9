//! What AWS says when it says no, in one table.

use std::fmt;

/// What a refusal means for what to do next; this alone chooses the back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Too many calls: later, and never counted as a failure. The call did nothing.
    Throttled,
    /// AWS's own trouble, or the network's: again. The call may have done its work.
    Transient,
    /// Something still refers to it: again, once that is gone.
    InUse,
    /// It is not there.
    NotFound,
    /// Something of the same name, port or priority is there: what we know of AWS is old.
    Conflict,
    /// The request itself is refused: a person has to change something.
    Refused,
}

/// An answer of AWS that is an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CloudError {
    /// What it means.
    pub kind: Kind,
    /// The service and operation, as in `elbv2.CreateRule`.
    pub operation: String,
    /// AWS's code; empty where no answer came.
    pub code: String,
    /// AWS's message, or what went wrong on the way.
    pub message: String,
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)?;
        if !self.code.is_empty() {
            write!(f, ": {}", self.code)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Our own code: an action names a thing that AWS has not made yet.
pub const CODE_UNRESOLVED: &str = "AlbedoUnresolved";
/// Our own code: an action asks for something that this program only reads.
pub const CODE_FOREIGN: &str = "AlbedoForeign";
/// Our own code: what is read changes faster than it can be read.
pub const CODE_UNSETTLED: &str = "AlbedoUnsettled";
/// Our own code: AWS's answer lacks what it promises.
pub const CODE_INCOMPLETE: &str = "AlbedoIncomplete";

/// The codes that say no more than that there were too many calls (each service has
/// their own, and older endpoints other ones).
const THROTTLED: [&str; 10] = [
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The codes that go away by themselves: AWS's own trouble, and credentials that are being renewed.
const TRANSIENT: [&str; 13] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "HealthUnavailable",
    "InternalError",
    "InternalErrorException",
    "InternalFailure",
    "RequestExpired",
    "RequestInProgressException",
    "RequestTimeout",
    "ServiceUnavailable",
    "Unavailable",
    "WAFInternalErrorException",
    "WAFUnavailableEntityException",
];

/// The codes that say that something still refers to the thing.
const IN_USE: [&str; 4] =
    ["DependencyViolation", "InvalidGroup.InUse", "ResourceInUse", "ResourceInUseException"];

/// The codes that say that two things cannot have the same name, port, priority or owner.
const CONFLICT: [&str; 8] = [
    "InvalidChangeBatch",
    "InvalidGroup.Duplicate",
    "InvalidPermission.Duplicate",
    "OptimisticLockException",
    "PriorityInUse",
    "ResourceAlreadyExists",
    "ResourceAlreadyExistsException",
    "TargetGroupAssociationLimit",
];

/// Start of the codes `DuplicateListener`, `DuplicateLoadBalancerName` and
/// `DuplicateTargetGroupName`.
const CONFLICT_PREFIX: &str = "Duplicate";
/// One that starts so and is a mistake in the request.
const DUPLICATE_TAG_KEYS: &str = "DuplicateTagKeys";
/// The end of the codes for what is not there: `RuleNotFound`, `InvalidGroup.NotFound`, ...
const NOT_FOUND_SUFFIX: &str = "NotFound";
/// Codes that say the same and end otherwise: ACM's and Shield's, Route 53's, and AWS WAF's.
const NOT_FOUND: [&str; 3] =
    ["NoSuchHostedZone", "ResourceNotFoundException", "WAFNonexistentItemException"];
/// Those that end so and are a mistake in the request: a TLS policy is a setting, a trust store
/// somebody else's, and neither is what the request is about.
const POLICY_NOT_FOUND: &str = "SSLPolicyNotFound";
const TRUST_STORE_NOT_FOUND: &str = "TrustStoreNotFound";

/// The codes by which RegisterTargets refuses all targets for the sake of one.
const OF_ONE: [&str; 3] = ["InvalidTarget", "TooManyTargets", "ValidationError"];

/// From this HTTP status on, the trouble is AWS's.
const STATUS_SERVER_ERROR: u16 = 500;
/// The HTTP status that means "too many calls" whatever the code.
const STATUS_TOO_MANY_REQUESTS: u16 = 429;

impl Kind {
    /// What an answer means, by AWS's code and, where the code is unknown, by the HTTP status.
    #[must_use]
    pub fn of(code: &str, status: Option<u16>) -> Self {
        match code {
            code if THROTTLED.contains(&code) => Self::Throttled,
            code if TRANSIENT.contains(&code) => Self::Transient,
            code if IN_USE.contains(&code) => Self::InUse,
            code if CONFLICT.contains(&code) => Self::Conflict,
            DUPLICATE_TAG_KEYS | POLICY_NOT_FOUND | TRUST_STORE_NOT_FOUND => Self::Refused,
            code if code.starts_with(CONFLICT_PREFIX) => Self::Conflict,
            code if code.ends_with(NOT_FOUND_SUFFIX) || NOT_FOUND.contains(&code) => Self::NotFound,
            _ => match status {
                Some(STATUS_TOO_MANY_REQUESTS) => Self::Throttled,
                Some(status) if status >= STATUS_SERVER_ERROR => Self::Transient,
                Some(_) => Self::Refused,
                None => Self::Transient,
            },
        }
    }
}

impl CloudError {
    /// A refusal of our own, before anything was asked of AWS.
    #[must_use]
    pub fn ours(operation: &str, code: &str, message: String) -> Self {
        Self {
            kind: Kind::Refused,
            operation: operation.to_owned(),
            code: code.to_owned(),
            message,
        }
    }

    /// Whether the call certainly changed nothing and tells nothing about what stands in AWS.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.kind == Kind::Throttled
            || [CODE_UNRESOLVED, CODE_FOREIGN].contains(&self.code.as_str())
    }

    /// Whether one of several things that the request names may be what is refused.
    #[must_use]
    pub fn may_be_of_one(&self) -> bool {
        OF_ONE.contains(&self.code.as_str())
    }

    /// AWS's answer lacks what it promises, so what happened is unknown.
    #[must_use]
    pub fn incomplete(operation: &str, what: &str) -> Self {
        Self {
            kind: Kind::Transient,
            operation: operation.to_owned(),
            code: CODE_INCOMPLETE.to_owned(),
            message: format!("AWS's answer lacks {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_kind_that_chooses_what_to_do_next() {
        let cases = [
            (Kind::Throttled, 400, "Throttling"),
            (Kind::Throttled, 400, "ThrottlingException"),
            (Kind::Throttled, 503, "RequestLimitExceeded"),
            (Kind::Throttled, 429, "TooManyRequestsException"),
            (Kind::Throttled, 429, "WhateverElse"),
            (Kind::Transient, 500, "InternalFailure"),
            (Kind::Transient, 503, "ServiceUnavailable"),
            (Kind::Transient, 502, ""),
            (Kind::Transient, 403, "ExpiredToken"),
            (Kind::InUse, 400, "ResourceInUse"),
            (Kind::InUse, 400, "DependencyViolation"),
            (Kind::NotFound, 400, "LoadBalancerNotFound"),
            (Kind::NotFound, 400, "RuleNotFound"),
            (Kind::NotFound, 400, "InvalidGroup.NotFound"),
            (Kind::NotFound, 400, "InvalidPermission.NotFound"),
            (Kind::NotFound, 400, "InvalidVpcID.NotFound"),
            (Kind::Conflict, 400, "DuplicateListener"),
            (Kind::Conflict, 400, "DuplicateLoadBalancerName"),
            (Kind::Conflict, 400, "DuplicateTargetGroupName"),
            (Kind::Conflict, 400, "PriorityInUse"),
            (Kind::Conflict, 400, "InvalidGroup.Duplicate"),
            (Kind::Conflict, 400, "InvalidPermission.Duplicate"),
            (Kind::Conflict, 400, "TargetGroupAssociationLimit"),
            (Kind::Refused, 400, "DuplicateTagKeys"),
            (Kind::Refused, 400, "SSLPolicyNotFound"),
            (Kind::Refused, 400, "TrustStoreNotFound"),
            (Kind::Refused, 400, "ValidationError"),
            (Kind::Refused, 400, "TooManyRules"),
            (Kind::Refused, 403, "UnauthorizedOperation"),
            (Kind::Refused, 403, "AccessDenied"),
            (Kind::Refused, 400, "OperationNotPermitted"),
        ];
        for (kind, status, code) in cases {
            assert_eq!(Kind::of(code, Some(status)), kind, "{code} with status {status}");
        }
    }

    #[test]
    fn no_answer_is_transient() {
        assert_eq!(Kind::of("", None), Kind::Transient);
    }

    #[test]
    fn an_error_is_one_line_that_names_operation_code_and_message() {
        let error = CloudError {
            kind: Kind::Conflict,
            operation: "elbv2.CreateRule".to_owned(),
            code: "PriorityInUse".to_owned(),
            message: "Priority '5' is currently in use".to_owned(),
        };
        let text = "elbv2.CreateRule: PriorityInUse: Priority '5' is currently in use";
        assert_eq!(error.to_string(), text);
        let silent = CloudError { code: String::new(), message: "no answer".to_owned(), ..error };
        assert_eq!(silent.to_string(), "elbv2.CreateRule: no answer");
    }
}
