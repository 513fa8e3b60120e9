"""What is looked at in every request of EC2, before an operation sees it."""

import re
from functools import cache
from typing import Any

from botocore.model import OperationModel

from ingress_aws import shapes
from ingress_aws.ec2.errors import invalid
from ingress_aws.errors import AwsError

Json = dict[str, Any]

# "Tag restrictions" in the user guide.
LONGEST_KEY, LONGEST_VALUE, MOST_TAGS = 128, 256, 50
RESERVED = "aws:"

# What an operation makes can be tagged while it is made; RunInstances makes more than instances.
TAGGABLE = {
    "AuthorizeSecurityGroupEgress": ("security-group-rule",),
    "AuthorizeSecurityGroupIngress": ("security-group-rule",),
    "CreateCoipPool": ("coip-pool",),
    "CreateIpamPool": ("ipam-pool",),
    "CreateNetworkInterface": ("network-interface",),
    "CreateSecurityGroup": ("security-group",),
    "RunInstances": (
        "elastic-gpu", "instance", "network-interface", "spot-instances-request", "volume",
    ),
}  # fmt: skip


def check(operation: OperationModel, request: Json) -> None:
    """Raise EC2's error for a request that AWS's model, its tags or its filters rule out."""
    if breaches := shapes.violations(operation.input_shape, request):
        # EC2 has a code of its own for what is not given ("Error codes for the Amazon EC2 API").
        absent = any(breach.endswith(shapes.ABSENT) for breach in breaches)
        code = "MissingParameter" if absent else "InvalidParameterValue"
        raise AwsError(code, shapes.detected(breaches))
    _check_tags(operation.name, request.get("TagSpecifications") or [])
    known = _filters(operation)
    for given in request.get("Filters") or []:
        name = given.get("Name") or ""
        # Every list of things with tags can be filtered by them, documented or not [M].
        if known and name not in known and not (name == "tag-key" or name.startswith("tag:")):
            raise invalid(f"The filter '{name}' is invalid")


def _check_tags(operation: str, specifications: list[Json]) -> None:
    for one in specifications:
        kind = one.get("ResourceType")
        if kind not in TAGGABLE.get(operation, (kind,)):
            raise invalid(f"'{kind}' is not a valid taggable resource type for this operation.")
    tags = [tag for one in specifications for tag in one.get("Tags") or []]
    keys = [tag.get("Key") or "" for tag in tags]
    for tag, key in zip(tags, keys, strict=True):
        if not 1 <= len(key) <= LONGEST_KEY or key.lower().startswith(RESERVED):
            raise invalid(f"Tag key '{key}' is not valid: 1 to {LONGEST_KEY} characters, not aws:")
        if len(tag.get("Value") or "") > LONGEST_VALUE:
            raise invalid(f"The value of tag '{key}' has more than {LONGEST_VALUE} characters")
    if len(set(keys)) < len(keys):
        raise invalid("Duplicate tag key specified.")
    if len(keys) > MOST_TAGS:
        raise AwsError("TagLimitExceeded", f"The maximum number of tags is {MOST_TAGS}")


@cache
def _filters(operation: OperationModel) -> frozenset[str]:
    """The filters that AWS documents for an operation; botocore's model has its documentation."""
    members = operation.input_shape.members if operation.input_shape is not None else {}
    if "Filters" not in members:
        return frozenset()
    return frozenset(re.findall(r"<code>([A-Za-z0-9.-]+)</code>", members["Filters"].documentation))
