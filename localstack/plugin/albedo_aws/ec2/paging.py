"""MaxResults and NextToken, the same for every Describe operation."""

import base64
import binascii
from typing import Any

from albedo_aws.ec2.errors import invalid


def answer(name: str, items: list[Any], request: dict[str, Any]) -> dict[str, Any]:
    """An answer holding one page of `items`, with a token if there are more; no limit, no page."""
    start = _start(request.get("NextToken"))
    end = start + (request.get("MaxResults") or len(items))
    page: dict[str, Any] = {name: items[start:end]}
    if end < len(items):
        page["NextToken"] = base64.b64encode(f"from {end}".encode()).decode()
    return page


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, number = base64.b64decode(token, validate=True).decode().split(" ")
        if word == "from":
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise invalid(f"Invalid value '{token}' for NextToken")
