"""PageSize and Marker, the same for every Describe operation."""

from collections.abc import Callable
from typing import Any

from ingress_aws import pages
from ingress_aws.elbv2 import errors

# The largest page, and the one given when none is asked for (botocore: PageSize 1-400; that the
# range holds is checked with all other shapes).
LARGEST = 400
# What an item of a list is known by that is told as it is kept: the first of these that it has.
KEYS = ("CertificateArn", "ResourceArn", "Name")


def answer(
    name: str,
    items: list[Any],
    request: dict[str, Any],
    view: Callable[[Any], Any] = lambda item: item,
) -> dict[str, Any]:
    """An answer with one page of `items` under `name`, and a marker if there are more.

    Only what is on the page is viewed: a page of ten thousand target groups would take as long as
    all of them.
    """
    keys, marker = [_key(item) for item in items], request.get("Marker")
    try:
        start = pages.start(keys, marker)
    except ValueError:
        raise errors.validation(f"'{marker}' is not a valid marker") from None
    end = start + request.get("PageSize", LARGEST)
    page: dict[str, Any] = {name: [view(item) for item in items[start:end]]}
    if end < len(items):
        page["NextMarker"] = pages.token(keys, end)
    return page


def _key(item: Any) -> str:
    if isinstance(item, dict):
        return str(next(item[key] for key in KEYS if key in item))
    return str(getattr(item, "arn", item))
