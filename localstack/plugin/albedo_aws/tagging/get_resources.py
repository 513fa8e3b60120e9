"""GetResources: filters and pages."""

import base64
import binascii
from typing import Any

from albedo_aws.errors import AwsError
from albedo_aws.tagging import lateness
from albedo_aws.tagging.resources import Tags

Json = dict[str, Any]

# GetResources in botocore's documentation: 1 to 100 a page, 50 if nothing is said; 20 values.
LARGEST_PAGE, USUAL_PAGE, MOST_VALUES = 100, 50, 20


def run(account: str, region: str, request: Json) -> Json:
    """The resources with tags that pass every filter, by pages."""
    size = request.get("ResourcesPerPage") or USUAL_PAGE
    if not 1 <= size <= LARGEST_PAGE:
        raise _invalid(f"ResourcesPerPage must be between 1 and {LARGEST_PAGE}")
    kinds, filters = request.get("ResourceTypeFilters") or [], request.get("TagFilters") or []
    arns = request.get("ResourceARNList")
    if arns and (kinds or filters):
        raise _invalid("ResourceARNList cannot be used together with filters")
    for one in filters:
        if not one.get("Key"):
            raise _invalid("A tag filter needs a key")
        if len(one.get("Values") or []) > MOST_VALUES:
            raise _invalid(f"A tag filter can have at most {MOST_VALUES} values")
    found = [
        (arn, tags)
        for arn, tags in lateness.told(account, region)
        if (not arns or arn in arns) and _is_of(arn, kinds) and _passes(tags, filters)
    ]
    start = _start(request.get("PaginationToken"))
    end = start + size
    following = base64.b64encode(f"from {end}".encode()).decode() if end < len(found) else ""
    return {
        "PaginationToken": following,
        "ResourceTagMappingList": [
            {
                "ResourceARN": arn,
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
            for arn, tags in found[start:end]
        ],
    }


def _is_of(arn: str, kinds: list[str]) -> bool:
    """Whether an ARN is of one of the kinds: `elasticloadbalancing:loadbalancer`, or `acm`."""
    if not kinds:
        return True
    parts = arn.split(":", 5)
    service, resource = parts[2], parts[5]
    for kind in kinds:
        wanted, _, part = kind.partition(":")
        if wanted == service and (not part or f"{resource}/".startswith(f"{part}/")):
            return True
    return False


def _passes(tags: Tags, filters: list[Json]) -> bool:
    """Each filter's key is there, with one of its values if it names any."""
    return all(
        one["Key"] in tags and (not one.get("Values") or tags[one["Key"]] in one["Values"])
        for one in filters
    )


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, number = base64.b64decode(token, validate=True).decode().split(" ")
        if word == "from":
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise _invalid("The PaginationToken is not one that this service gave out")


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidParameterException", text)
