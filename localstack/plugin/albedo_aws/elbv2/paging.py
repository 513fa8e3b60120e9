"""PageSize and Marker, the same for every Describe operation."""

import base64
from typing import Any

from albedo_aws.elbv2 import errors

# The largest page, and the one given when none is asked for (botocore: PageSize 1-400; that the
# range holds is checked with all other shapes).
LARGEST = 400


def answer(name: str, items: list[Any], request: dict[str, Any]) -> dict[str, Any]:
    """An answer holding one page of `items` under `name`, with a marker if there are more."""
    start = _start(request.get("Marker"))
    end = start + request.get("PageSize", LARGEST)
    page: dict[str, Any] = {name: items[start:end]}
    if end < len(items):
        page["NextMarker"] = base64.urlsafe_b64encode(f"from {end}".encode()).decode()
    return page


def _start(marker: str | None) -> int:
    """Markers are opaque to clients; one that we did not give is an error, not a page."""
    if not marker:
        return 0
    try:
        word, number = base64.urlsafe_b64decode(marker.encode()).decode().split(" ")
        if word == "from":
            return int(number)
    except ValueError:
        pass
    raise errors.validation(f"'{marker}' is not a valid marker")
