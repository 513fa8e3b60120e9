"""The errors of Route 53 that more than one module raises."""

from collections.abc import Sequence

from ingress_aws.errors import AwsError


def invalid_input(reason: str) -> AwsError:
    """A request that is wrong in itself, whatever the zone holds."""
    return AwsError("InvalidInput", f"Invalid request: {reason}")


def invalid_change_batch(messages: Sequence[str]) -> AwsError:
    """A batch that is refused as a whole, with every reason at once.

    The documented body is a list of Message elements; what AWS has sent for years is the common
    error body with that list as one text in brackets, and clients match on that text.
    """
    return AwsError("InvalidChangeBatch", f"[{', '.join(messages)}]")


def no_such_zone(zone_id: str) -> AwsError:
    """A zone id that this account does not have."""
    # 404: botocore's service model.
    return AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}", 404)


def no_such_delegation_set() -> AwsError:
    """Reusable delegation sets are LocalStack's own; native zones never have one."""
    return AwsError("NoSuchDelegationSet", "The specified delegation set does not exist.")
