"""PageSize and Marker, the same for every Describe operation."""

from typing import Any

from ingress_aws import pages
from ingress_aws.elbv2 import errors

# The largest page, and the one given when none is asked for (botocore: PageSize 1-400; that the
# range holds is checked with all other shapes).
LARGEST = 400
# What an item of a list is known by: the first of these that it has.
KEYS = (
    "RuleArn", "ListenerArn", "LoadBalancerArn", "TargetGroupArn", "TrustStoreArn",
    "CertificateArn", "ResourceArn", "RevocationId", "Name",
)  # fmt: skip


def answer(name: str, items: list[Any], request: dict[str, Any]) -> dict[str, Any]:
    """An answer holding one page of `items` under `name`, with a marker if there are more."""
    keys, marker = [_key(item) for item in items], request.get("Marker")
    try:
        start = pages.start(keys, marker)
    except ValueError:
        raise errors.validation(f"'{marker}' is not a valid marker") from None
    end = start + request.get("PageSize", LARGEST)
    page: dict[str, Any] = {name: items[start:end]}
    if end < len(items):
        page["NextMarker"] = pages.token(keys, end)
    return page


def _key(item: Any) -> str:
    found = next((item[key] for key in KEYS if key in item), None)
    return str(item if found is None else found)
