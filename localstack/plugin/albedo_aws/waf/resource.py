"""The load balancers that web ACLs are for."""

from albedo_aws.elbv2.store import STORES
from albedo_aws.errors import AwsError

SERVICE = ":elasticloadbalancing:"


def require(account: str, region: str, arn: str) -> None:
    """Refuse a load balancer that is not there; of other services' resources nothing is known."""
    if SERVICE in arn and arn not in STORES.get(account, region).load_balancers:
        raise nonexistent()


def is_there(account: str, region: str, arn: str) -> bool:
    """Whether a resource still exists, as far as can be known."""
    return SERVICE not in arn or arn in STORES.get(account, region).load_balancers


def nonexistent() -> AwsError:
    """botocore declares it; the text is AWS's for every kind of item [P]."""
    text = "AWS WAF couldn’t perform the operation because your resource doesn’t exist."
    return AwsError("WAFNonexistentItemException", text)
