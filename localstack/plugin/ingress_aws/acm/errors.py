"""The errors of ACM that more than one module raises; all of them are HTTP 400."""

from ingress_aws.errors import AwsError


def invalid(reason: str) -> AwsError:
    """Input that ACM looked at and did not like."""
    return AwsError("ValidationException", reason)


def invalid_parameter(reason: str) -> AwsError:
    """Input that is right in itself but not together, or not on offer."""
    return AwsError("InvalidParameterException", reason)


def invalid_validation(reason: str) -> AwsError:
    """DomainValidationOptions that cannot be; botocore says so of domains that are none above."""
    return AwsError("InvalidDomainValidationOptionsException", reason)


def invalid_arn(arn: str) -> AwsError:
    """Something that is no certificate ARN at all."""
    return AwsError("InvalidArnException", f"Invalid ARN: {arn}")


def not_found(arn: str) -> AwsError:
    """An ARN that leads nowhere, at least not in this account and region."""
    return AwsError("ResourceNotFoundException", f"Could not find certificate {arn}")


def in_progress() -> AwsError:
    """A certificate that is still only a request."""
    return AwsError("RequestInProgressException", "The certificate has not been issued yet.")


def limit_exceeded(reason: str) -> AwsError:
    """A quota that is used up."""
    return AwsError("LimitExceededException", reason)
