"""Tags of hosted zones and health checks."""

import re
from typing import Any

from ingress_aws.route53 import health_checks
from ingress_aws.route53.errors import invalid_input
from ingress_aws.route53.store import Store

# AWS General Reference, "Tagging AWS resources": user tags on one resource.
MAX_TAGS = 50
ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")


def change(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ChangeTagsForResource: adds and removes, all of it or nothing."""
    tags = _tags(store, request["ResourceType"], request["ResourceId"])
    added = _added(request.get("AddTags") or [])
    removed = request.get("RemoveTagKeys") or []
    if not added and not removed:
        raise invalid_input("one of AddTags and RemoveTagKeys is needed")
    wanted = {key: value for key, value in (tags | added).items() if key not in removed}
    if len(wanted) > MAX_TAGS:
        raise invalid_input(f"a resource can have at most {MAX_TAGS} tags")
    tags.clear()
    tags.update(wanted)
    return {}


def of_one(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"ResourceTagSet": _render(store, request["ResourceType"], request["ResourceId"])}


def of_several(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ListTagsForResources."""
    kind = request["ResourceType"]
    return {"ResourceTagSets": [_render(store, kind, given) for given in request["ResourceIds"]]}


def _tags(store: Store, kind: str, given: str) -> dict[str, str]:
    """The tags of a resource that exists; whoever changes them changes them there."""
    if kind == "hostedzone":
        return store.zone(given).tags
    health_checks.check_exists(store.account, given)
    return store.health_check_tags.setdefault(given, {})


def _added(given: list[dict[str, Any]]) -> dict[str, str]:
    added = {tag.get("Key") or "": tag.get("Value") or "" for tag in given}
    if len(added) != len(given):
        raise invalid_input("AddTags names a key twice")
    for key, value in added.items():
        if not key:
            raise invalid_input("a tag needs a key")
        if key.lower().startswith("aws:"):
            raise invalid_input("tag keys that begin with aws: are reserved")
        if not ALLOWED.fullmatch(key + value):
            raise invalid_input(
                "Tags can only contain letters, numbers, spaces, "
                "and the following special characters: _ . : / = + - @"
            )
    return added


def _render(store: Store, kind: str, given: str) -> dict[str, Any]:
    tags = _tags(store, kind, given)
    return {
        "ResourceType": kind,
        "ResourceId": given,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
