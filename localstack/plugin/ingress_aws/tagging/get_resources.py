"""GetResources: filters and pages; and which keys and values there are."""

import re
from typing import Any

from ingress_aws import pages
from ingress_aws.errors import AwsError
from ingress_aws.tagging import lateness
from ingress_aws.tagging.resources import Tags

Json = dict[str, Any]

# GetResources in botocore's documentation: 1 to 100 a page, 50 if nothing is said; 20 values.
LARGEST_PAGE, USUAL_PAGE, MOST_VALUES = 100, 50, 20
# And 100 to 500 tags a page, for whoever would rather count these.
FEWEST_TAGS, MOST_TAGS = 100, 500
# A service, and what its ARNs call a kind of its resources.
KIND = re.compile(r"[a-z0-9-]+(:[A-Za-z0-9-]+)?")


def run(account: str, region: str, request: Json) -> Json:
    """The resources with tags that pass every filter, by pages."""
    size = request.get("ResourcesPerPage") or USUAL_PAGE
    if not 1 <= size <= LARGEST_PAGE:
        raise _invalid(f"ResourcesPerPage must be between 1 and {LARGEST_PAGE}")
    kinds, filters = request.get("ResourceTypeFilters") or [], request.get("TagFilters") or []
    if not FEWEST_TAGS <= request.get("TagsPerPage", FEWEST_TAGS) <= MOST_TAGS:
        raise _invalid(f"TagsPerPage must be between {FEWEST_TAGS} and {MOST_TAGS}")
    for kind in kinds:
        if not KIND.fullmatch(kind):
            raise _invalid(f"'{kind}' is not a resource type")
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
    start, end, following = _page([arn for arn, _ in found], request.get("PaginationToken"), size)
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


def keys(account: str, region: str, request: Json) -> Json:
    """GetTagKeys."""
    found = sorted({key for _, tags in lateness.told(account, region) for key in tags})
    start, end, following = _page(found, request.get("PaginationToken"), LARGEST_PAGE)
    return {"PaginationToken": following, "TagKeys": found[start:end]}


def values(account: str, region: str, request: Json) -> Json:
    """GetTagValues."""
    key = request["Key"]
    found = sorted({tags[key] for _, tags in lateness.told(account, region) if key in tags})
    start, end, following = _page(found, request.get("PaginationToken"), LARGEST_PAGE)
    return {"PaginationToken": following, "TagValues": found[start:end]}


def _page(names: list[str], token: str | None, size: int) -> tuple[int, int, str]:
    """Where a page begins and ends, and what stands for the next one."""
    try:
        start = pages.start(names, token)
    except ValueError:
        raise _invalid("The PaginationToken is not one that this service gave out") from None
    end = start + size
    return start, end, pages.token(names, end) if end < len(names) else ""


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidParameterException", text)
