"""The load balancers that web ACLs are for."""

from ingress_aws.elbv2 import provisioning
from ingress_aws.elbv2.store import STORES
from ingress_aws.errors import AwsError

SERVICE = ":elasticloadbalancing:"


def require(account: str, region: str, arn: str) -> None:
    """Refuse a load balancer that is not there; of other services' resources nothing is known."""
    if SERVICE in arn and ":loadbalancer/net/" in arn:
        # botocore's AssociateWebACL lists what a web ACL is for; these are not among it.
        raise invalid("RESOURCE_ARN", arn)
    if SERVICE in arn and arn not in STORES.get(account, region).load_balancers:
        raise nonexistent()


def require_ready(account: str, region: str, arn: str) -> None:
    """Refuse a load balancer that is being made: WAF does not find it yet.

    AWS's code has been seen often (hashicorp/terraform-provider-aws #17527, #29080).
    """
    store = STORES.get(account, region)
    found = store.load_balancers.get(arn)
    if found is not None and provisioning.lasts(store, found):
        text = "AWS WAF couldn’t retrieve the resource that you requested. Retry your request."
        raise AwsError("WAFUnavailableEntityException", text)


def is_there(account: str, region: str, arn: str) -> bool:
    """Whether a resource still exists, as far as can be known."""
    return SERVICE not in arn or arn in STORES.get(account, region).load_balancers


def invalid(parameter: str, value: str) -> AwsError:
    """[B] code, [M] text"""
    text = f"Error reason: The ARN isn't valid, field: {parameter}, parameter: {value}"
    return AwsError("WAFInvalidParameterException", text)


def associated() -> AwsError:
    """[B]; the text is botocore's of this code."""
    text = (
        "AWS WAF couldn’t perform the operation because your resource is being used by another "
        "resource or it’s associated with another resource."
    )
    return AwsError("WAFAssociatedItemException", text)


def nonexistent() -> AwsError:
    """botocore declares it; the text is AWS's for every kind of item [P]."""
    text = "AWS WAF couldn’t perform the operation because your resource doesn’t exist."
    return AwsError("WAFNonexistentItemException", text)
