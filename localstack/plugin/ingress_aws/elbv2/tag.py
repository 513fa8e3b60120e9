"""Tags, the same on load balancers, listeners, rules and target groups."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from ingress_aws.elbv2 import arns, errors
from ingress_aws.elbv2.store import Store
from ingress_aws.errors import AwsError

# Tags on a resource, and resources in one DescribeTags (botocore's and AWS's documentation).
MOST_TAGS = 50
MOST_ARNS = 20
# Keys that only AWS itself may set (AWS: "Tag naming limits and requirements").
RESERVED = "aws:"


class Tagged(Protocol):
    """Anything that carries tags."""

    tags: dict[str, str]


def checked(given: list[dict[str, Any]] | None) -> dict[str, str]:
    """The tags of a create request, or the error that AWS answers with.

    Lengths and characters are checked with all other shapes.
    """
    tags = given or []
    twice = [key for key, count in Counter(tag["Key"] for tag in tags).items() if count > 1]
    if twice:
        raise errors.duplicate_tag_keys(twice)
    for tag in tags:
        if tag["Key"].lower().startswith(RESERVED):
            raise errors.validation(f"Tag keys must not start with '{RESERVED}': '{tag['Key']}'")
    if len(tags) > MOST_TAGS:
        raise _too_many()
    return {tag["Key"]: tag.get("Value") or "" for tag in tags}


def add(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """AddTags."""
    resources = [_resource(store, arn) for arn in request["ResourceArns"]]
    tags = checked(request["Tags"])
    if any(len(resource.tags | tags) > MOST_TAGS for resource in resources):
        raise _too_many()
    for resource in resources:
        resource.tags.update(tags)
    return {}


def remove(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """RemoveTags; keys that are not there are no error."""
    resources = [_resource(store, arn) for arn in request["ResourceArns"]]
    for resource in resources:
        for key in request["TagKeys"]:
            resource.tags.pop(key, None)
    return {}


def describe(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeTags."""
    wanted = request["ResourceArns"]
    if len(wanted) > MOST_ARNS:
        raise errors.validation(f"At most {MOST_ARNS} resources can be described in one call")
    return {
        "TagDescriptions": [
            {"ResourceArn": arn, "Tags": as_list(_resource(store, arn).tags)} for arn in wanted
        ]
    }


def as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as AWS gives them back."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _resource(store: Store, arn: str) -> Tagged:
    kind = arns.kind_of(store, arn)
    finders: dict[str, Callable[[Store, str], Tagged]] = {
        arns.LOAD_BALANCER: arns.load_balancer,
        arns.LISTENER: arns.listener,
        arns.RULE: arns.rule,
        arns.TARGET_GROUP: arns.target_group,
        arns.TRUST_STORE: arns.trust_store,
    }
    if kind is None:
        raise errors.validation(f"'{arn}' is not a valid ARN")
    return finders[kind](store, arn)


def _too_many() -> AwsError:
    return errors.too_many("TooManyTags", "You have reached the number of tags", MOST_TAGS)
