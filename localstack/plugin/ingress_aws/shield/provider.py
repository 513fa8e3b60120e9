"""Shield as a LocalStack service."""

from typing import Any

from localstack.services.plugins import Service, aws_provider

from ingress_aws import moto_service
from ingress_aws.errors import AwsError
from ingress_aws.waf import resource

Json = dict[str, Any]

# How many colons an ARN has at least.
ARN_PARTS = 5


def _subscribed(account: str, region: str) -> bool:
    from moto.shield.models import shield_backends

    return shield_backends[account][region].subscription is not None


def _state(account: str, region: str, _request: Json) -> Json:
    """GetSubscriptionState, which moto does not have."""
    return {"SubscriptionState": "ACTIVE" if _subscribed(account, region) else "INACTIVE"}


def _create_protection(account: str, region: str, request: Json) -> None:
    if not _subscribed(account, region):
        # The code is botocore's for a missing subscription; the text is from memory.
        raise AwsError("ResourceNotFoundException", "The subscription does not exist.")
    arn = request["ResourceArn"]
    place = arn.split(":")[3] if arn.count(":") >= ARN_PARTS else region
    if not resource.is_there(account, place, arn):
        # botocore: "the resource might not exist".
        raise AwsError("InvalidResourceException", f"The resource {arn} is invalid.")


@aws_provider(api="shield", name="default")  # type: ignore[untyped-decorator]
def shield() -> Service:
    """The service, as LocalStack loads it on the first call."""
    native: dict[str, moto_service.Native] = {
        "CreateProtection": _create_protection,
        "GetSubscriptionState": _state,
    }
    return moto_service.service("shield", native, "InvalidParameterException")
