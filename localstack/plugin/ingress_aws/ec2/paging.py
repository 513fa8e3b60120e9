"""MaxResults and NextToken, the same for every Describe operation."""

from typing import Any

from ingress_aws import pages
from ingress_aws.ec2.errors import invalid

# What an item of a list is known by: the first of these that it has.
KEYS = (
    "SecurityGroupRuleId", "ReservationId", "NetworkInterfaceId", "SubnetId", "RouteTableId",
    "InternetGatewayId", "GroupId", "IpamPoolId", "PoolId", "VpcId",
)  # fmt: skip


def answer(name: str, items: list[Any], request: dict[str, Any]) -> dict[str, Any]:
    """An answer holding one page of `items`, with a token if there are more; no limit, no page."""
    keys, token = [_key(item) for item in items], request.get("NextToken")
    try:
        start = pages.start(keys, token)
    except ValueError:
        raise invalid(f"Invalid value '{token}' for NextToken") from None
    end = start + (request.get("MaxResults") or len(items))
    page: dict[str, Any] = {name: items[start:end]}
    if end < len(items):
        page["NextToken"] = pages.token(keys, end)
    return page


def _key(item: Any) -> str:
    found = next((item[key] for key in KEYS if item.get(key)), None)
    return str(item if found is None else found)
