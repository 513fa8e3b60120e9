"""PageSize and Marker, the same for every Describe operation."""

import base64
import json
from typing import Any

from albedo_aws.elbv2 import errors

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
    start = _start(items, request.get("Marker"))
    end = start + request.get("PageSize", LARGEST)
    page: dict[str, Any] = {name: items[start:end]}
    if end < len(items):
        around = [_key(items[end]), _key(items[end - 1])]
        page["NextMarker"] = base64.urlsafe_b64encode(json.dumps(around).encode()).decode()
    return page


def _key(item: Any) -> str:
    found = next((item[key] for key in KEYS if key in item), None)
    return str(item if found is None else found)


def _start(items: list[Any], marker: str | None) -> int:
    """Where a page begins: at an item and not at a number, so that none is missed.

    Whoever deletes what a page has shown, and asks for the next one, gets what comes next. If that
    and what was before it are gone, the list begins anew.
    """
    if not marker:
        return 0
    following, before = _read(marker)
    keys = [_key(item) for item in items]
    if following in keys:
        return keys.index(following)
    return keys.index(before) + 1 if before in keys else 0


def _read(marker: str) -> tuple[str, str]:
    """Markers are opaque to clients; one that we did not give is an error, not a page."""
    try:
        following, before = json.loads(base64.urlsafe_b64decode(marker.encode()))
    except (ValueError, TypeError):
        raise errors.validation(f"'{marker}' is not a valid marker") from None
    return str(following), str(before)
